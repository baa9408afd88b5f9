# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Existing Secrets and ConfigMaps: checks and masks them without returning their content (private to the collection)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError, RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import values_to_mask

TIMEOUT = 30.0
_REVISION_LENGTH = 10
# https://www.rfc-editor.org/rfc/rfc3986#section-2.3
_URL_SAFE = re.compile("[A-Za-z0-9._~-]*")


def secrets_to_mask(params: Mapping[str, Any]) -> list[str]:
    """The values of the Secrets in a module's option C(mask_secrets).

    Args:
        params: the module's parameters.

    Raises:
        PlatformError: a Secret cannot be read.
    """
    names: list[str] = params["mask_secrets"]
    return secret_values(Cluster(auth(params)), params["namespace"], names) if names else []


def key_problems(subject: str, data: Mapping[str, str], keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys that are missing, too short or not fit for a URL.

    Args:
        subject: the object, for messages.
        data: the decoded data of the object.
        keys: the required keys: C(name), C(min_length) in characters, and C(url_safe).

    Returns:
        A sentence for each problem, without a full stop and without values.
    """
    problems = []
    for key in keys:
        name, least = key["name"], key["min_length"]
        if name not in data:
            problems.append(f"{subject} has no key {name}")
        elif (length := len(data[name])) < least:
            problems.append(f"key {name} of {subject} has {length} characters, but needs at least {least}")
        elif key.get("url_safe") and not _URL_SAFE.fullmatch(data[name]):
            problems.append(f"key {name} of {subject} has characters other than letters, digits and -._~, which a URL cannot contain")
    return problems


def check_object(cluster: Cluster, namespace: str, required: Mapping[str, Any]) -> tuple[list[str], dict[str, str]]:
    """Check an existing Secret or ConfigMap.

    Args:
        cluster: the cluster.
        namespace: namespace of the object.
        required: C(kind), C(name), the required C(keys), the C(settings) that name the object, and whether it is C(optional).

    Returns:
        The problems, and the revision of each key.

    Raises:
        PlatformError: the API server did not respond.
    """
    subject = f"{required['kind']} {namespace}/{required['name']}"
    try:
        found = read_object(cluster, required["kind"], namespace, required["name"])
    except PlatformError as error:
        if not isinstance(error, RefusedError):
            raise
        return [f"{str(error).rstrip('.')} ({required['settings']})"], {}
    data = decoded_data(found) if found else {}
    missing = [] if required.get("optional") else [f"{subject} does not exist"]
    problems = key_problems(subject, data, required["keys"]) if found else missing
    return [f"{problem} ({required['settings']})" for problem in problems], key_revisions(found) if found else {}


def decoded_data(found: Mapping[str, Any]) -> dict[str, str]:
    """The values that an environment variable can have from an object, by key.

    Args:
        found: a Secret or ConfigMap.
    """
    data = found.get("data") or {}
    if found.get("kind") == "ConfigMap":
        return dict(data)
    return {key: base64.b64decode(value).decode(errors="replace") for key, value in data.items()}


def key_revisions(found: Mapping[str, Any]) -> dict[str, str]:
    """A revision of each key, which changes with its value.

    Each is a hash with the UID of the object as its key. Only a user who can read the object knows the UID and could test a guess.

    Args:
        found: a Secret or ConfigMap.
    """
    uid = found["metadata"]["uid"].encode()
    return {
        key: hmac.new(uid, f"{key}={value}".encode(), hashlib.sha256).hexdigest()[:_REVISION_LENGTH]
        for key, value in sorted((found.get("data") or {}).items())
    }


def read_object(cluster: Cluster, kind: str, namespace: str, name: str) -> dict[str, Any] | None:
    """A Secret or ConfigMap with its data; None if it does not exist.

    Raises:
        PlatformError: the object cannot be read; contains the error message of the cluster.
    """
    try:
        return {**cluster.get(kind, namespace, name, TIMEOUT), "kind": kind}
    except PlatformError as error:
        if error.status == 404:
            return None
        raise


def secret_values(cluster: Cluster, namespace: str, names: Iterable[str]) -> list[str]:
    """The values of Secrets, for the mask.

    Args:
        cluster: the cluster.
        namespace: namespace of the Secrets.
        names: C(NAME) of a Secret, or C(NAME/KEY) of one value. A missing Secret or key is skipped.

    Raises:
        PlatformError: a Secret cannot be read.
    """
    keys: dict[str, set[str]] = {}
    for entry in names:
        name, _separator, key = entry.partition("/")
        keys.setdefault(name, set()).add(key)
    found = [(wanted, patiently(partial(read_object, cluster, "Secret", namespace, name))) for name, wanted in keys.items()]
    return [value for wanted, secret in found for key, value in decoded_data(secret or {}).items() if {"", key} & wanted]


def manifest_values(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The values in manifests of Secrets, for the mask, encoded and decoded.

    Args:
        manifests: values of any form, because the values of an invalid manifest must be masked too.
    """
    return [value for manifest in manifests for value in values_to_mask(manifest.get("stringData"), manifest.get("data"))]
