# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""What operators report about an ExternalSecret or a Certificate: pure functions (private to the collection).

Neither operator separates permanent from temporary errors. A failure counts if it is newer than the last change of the object by this
collection, or is confirmed during the wait, and stays for some seconds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, conditions, event_time, instant
from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.lines import quoted_line

NEVER = instant(None)
READY, WAITING, FAILED = "ready", "waiting", "failed"
EXTERNAL_SECRET, CERTIFICATE = "ExternalSecret", "Certificate"
_LONGEST_MESSAGE = 600
_CERTIFICATE_NAME = "cert-manager.io/certificate-name"


@dataclass(frozen=True)
class Report:
    """What an operator reports.

    Args:
        state: READY, WAITING or FAILED.
        words: the words of the operator, without a full stop; empty if it has not reported anything.
        at: time of the newest evidence of a failure.
    """

    state: str
    words: str = ""
    at: datetime = NEVER


def external_secret_report(item: Manifest, events: Sequence[Manifest]) -> Report:
    """What External Secrets Operator reports about an ExternalSecret.

    The condition has no generation. A success contains the generation in C(status.syncedResourceVersion).

    Args:
        item: the ExternalSecret.
        events: its Warning events. They have the cause, which the condition only summarizes.
    """
    ready = conditions(item).get("Ready") or {}
    synced = str((item.get("status") or {}).get("syncedResourceVersion") or "").partition("-")[0]
    if ready.get("status") == "True":
        is_current = synced == str(item["metadata"].get("generation"))
        return Report(READY) if is_current else Report(WAITING, "the operator has not read the last change")
    newest = max(events, key=event_time, default=None)
    if ready.get("status") != "False":
        return Report(WAITING)
    said = [_words(ready), *([quoted_line(str(newest.get("message", "")), _LONGEST_MESSAGE)] if newest else [])]
    at = max([instant(ready.get("lastTransitionTime")), *([event_time(newest)] if newest else [])])
    return Report(FAILED, ": ".join(each for each in said if each), at)


def certificate_report(item: Manifest, requests: Sequence[Manifest]) -> Report:
    """What cert-manager reports about a Certificate.

    Args:
        item: the Certificate.
        requests: the CertificateRequests of the namespace. A request waits for a missing issuer forever, which the Certificate does not
            show.
    """
    generation, found = item["metadata"].get("generation"), conditions(item)
    ready, issuing = found.get("Ready") or {}, found.get("Issuing") or {}
    if ready.get("status") == "True" and ready.get("observedGeneration") == generation:
        return Report(READY)
    if issuing.get("status") == "False" and issuing.get("observedGeneration", generation) == generation:
        return Report(FAILED, _words(issuing), instant(issuing.get("lastTransitionTime")))
    request = max((each for each in requests if _is_of(each, item)), key=_created, default=None)
    said = (conditions(request).get("Ready") or {}) if request else {}
    words = _words(said) or _words(issuing) or _words(ready)
    if "not found" in str(said.get("message", "")):
        return Report(FAILED, words, instant(said.get("lastTransitionTime")))
    return Report(WAITING, words)


def _is_of(request: Manifest, item: Manifest) -> bool:
    return bool((request["metadata"].get("annotations") or {}).get(_CERTIFICATE_NAME) == item["metadata"]["name"])


def _created(request: Manifest) -> datetime:
    return instant(request["metadata"].get("creationTimestamp"))


def _words(condition: Manifest) -> str:
    """The reason and the message of a condition."""
    said = [str(condition.get("reason") or ""), quoted_line(str(condition.get("message") or ""), _LONGEST_MESSAGE)]
    return ": ".join(each for each in said if each).rstrip(".")


def changed_at(item: Manifest, field_manager: str) -> datetime:
    """When this collection last changed an object.

    Args:
        item: the object.
        field_manager: the field manager of the collection.
    """
    entries = item["metadata"].get("managedFields") or ()
    return max((instant(each.get("time")) for each in entries if each.get("manager") == field_manager), default=instant(None))
