# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Why the API server rejected an object whose content must not be shown: pure functions (private to the collection).

A message of the API server, or of a webhook, may repeat the object. Only parts with a fixed form are taken from the response.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any

# A path that begins with a field of a Secret.
_FIELD = re.compile(r"(?:apiVersion|kind|metadata|data|stringData|immutable|type)(?:[.\[][A-Za-z0-9_.\[\]/-]{0,200})?")
_MOST_FIELDS = 10
# Reasons of the Kubernetes API, https://github.com/kubernetes/apimachinery/blob/master/pkg/apis/meta/v1/types.go
_REASONS = frozenset(
    {
        "AlreadyExists", "BadRequest", "Conflict", "Expired", "Forbidden", "Gone", "InternalError", "Invalid", "MethodNotAllowed",
        "NotAcceptable", "NotFound", "RequestEntityTooLarge", "ServerTimeout", "ServiceUnavailable", "StoreReadError", "Timeout",
        "TooManyRequests", "Unauthorized", "UnsupportedMediaType",
    }
)  # fmt: skip


def rejection(status: int, body: str | bytes | None) -> str:
    """Status, reason and fields of a rejection, as the end of a sentence.

    Args:
        status: HTTP status of the response.
        body: body of the response, which may contain anything.
    """
    answer = _document(body)
    reason = answer.get("reason")
    known = reason if isinstance(reason, str) and reason in _REASONS else _phrase(status)
    fields = list(dict.fromkeys(_fields(answer)))[:_MOST_FIELDS]
    words = f"the API server rejected it with status {status}{f', {known}' if known else ''}"
    return f"{words}, in {', '.join(fields)}" if fields else words


def _document(body: str | bytes | None) -> Mapping[str, Any]:
    try:
        answer = json.loads(body or "")
    except (TypeError, ValueError, RecursionError):
        return {}
    return answer if isinstance(answer, Mapping) else {}


def _phrase(status: int) -> str:
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return ""


def _fields(answer: Mapping[str, Any]) -> Iterator[str]:
    details = answer.get("details")
    causes = details.get("causes") if isinstance(details, Mapping) else None
    for cause in causes if isinstance(causes, list) else []:
        field = cause.get("field") if isinstance(cause, Mapping) else None
        if isinstance(field, str) and _FIELD.fullmatch(field):
            yield field
