# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Waits until operators have created the Secrets of ExternalSecrets and Certificates (private to the collection)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Listing, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.operators.rules import (
    CERTIFICATE,
    EXTERNAL_SECRET,
    FAILED,
    READY,
    Report,
    certificate_report,
    changed_at,
    external_secret_report,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import Manifest, instant

INTERVAL = 1.0
READ_SECONDS = 10.0
# A failure from before the run counts after this time, also if the operator has not tried again.
OLD_FAILURE_SECONDS = 60.0
# The setting that names what the operator needs, for the message.
_SETTINGS = {EXTERNAL_SECRET: "platform_external_secret_store and platform_external_secret_data", CERTIFICATE: "nginx_cert_manager_issuer"}
_OPERATORS = {EXTERNAL_SECRET: "External Secrets Operator", CERTIFICATE: "cert-manager"}


class Api(Protocol):
    """The functions of the cluster that the wait uses."""

    def get_with_time(self, kind: str, namespace: str, name: str, timeout: float) -> tuple[dict[str, Any], datetime]:
        """One object, and the time of the API server."""

    def list_objects(
        self, kind: str, namespace: str, selector: str = "", metadata_only: bool = False, timeout: float | None = None
    ) -> Listing:
        """The objects of a kind."""


@dataclass(frozen=True)
class Limits:
    """How long to wait.

    Args:
        seconds: seconds for all objects together.
        grace: seconds for which a failure must stay.
        field_manager: the field manager that applies the objects.
    """

    seconds: float
    grace: float
    field_manager: str


@dataclass(frozen=True)
class Clock:
    """The monotonic clock and the pause between two reads, which tests replace."""

    now: Callable[[], float]
    sleep: Callable[[float], None]


class _Watched:
    """One object, and since when it fails."""

    def __init__(self, kind: str, name: str) -> None:
        self.kind, self.name = kind, name
        self.report = Report("waiting")
        self.since: datetime | None = None
        self._failing_since: float | None = None

    def read(self, api: Api, namespace: str, limits: Limits) -> None:
        item, server_time = patiently(partial(api.get_with_time, self.kind, namespace, self.name, READ_SECONDS))
        if self.since is None:
            # A change just before the wait belongs to this run.
            changed = changed_at(item, limits.field_manager)
            self.since = changed if server_time - changed < timedelta(seconds=OLD_FAILURE_SECONDS) else server_time
        self.report = _report(api, namespace, self.kind, item)

    def failed(self, now: float, elapsed: float, grace: float) -> bool:
        """Whether the failure is of this run, and has stayed long enough.

        Args:
            now: time on the monotonic clock.
            elapsed: seconds since the wait began.
            grace: seconds for which a failure must stay.
        """
        counts = self.report.state == FAILED and (self.report.at >= (self.since or instant(None)) or elapsed >= OLD_FAILURE_SECONDS)
        if not counts:
            self._failing_since = None
            return False
        self._failing_since = now if self._failing_since is None else self._failing_since
        return now - self._failing_since >= grace


def _report(api: Api, namespace: str, kind: str, item: Manifest) -> Report:
    if kind == EXTERNAL_SECRET:
        return external_secret_report(item, _warnings(api, namespace, item))
    requests = patiently(partial(api.list_objects, "CertificateRequest", namespace, timeout=READ_SECONDS)).items
    return certificate_report(item, requests)


def _warnings(api: Api, namespace: str, item: Manifest) -> list[Manifest]:
    events = patiently(partial(api.list_objects, "Event", namespace, timeout=READ_SECONDS)).items
    uid = item["metadata"]["uid"]
    return [each for each in events if each["involvedObject"].get("uid") == uid and each.get("type") == "Warning"]


def wait(api: Api, namespace: str, objects: Mapping[str, Sequence[str]], limits: Limits, clock: Clock) -> None:
    """Wait until every object is ready.

    Args:
        api: the cluster.
        namespace: namespace of the objects.
        objects: names of the objects by kind.
        limits: how long to wait.
        clock: the clock.

    Raises:
        PlatformError: an operator cannot create a Secret, or does not in time; names the object and contains the words of the operator.
    """
    began = clock.now()
    waiting = [_Watched(kind, name) for kind, names in objects.items() for name in names]
    while waiting:
        for each in waiting:
            each.read(api, namespace, limits)
            if each.failed(clock.now(), clock.now() - began, limits.grace):
                raise PlatformError(_sentence(namespace, each), certain=True)
        waiting = [each for each in waiting if each.report.state != READY]
        if waiting and clock.now() - began >= limits.seconds:
            late = waiting[0]
            raise PlatformError(f"{_sentence(namespace, late)}. The run waited {limits.seconds:g} s (operators_timeout)", certain=True)
        if waiting:
            clock.sleep(INTERVAL)


def _sentence(namespace: str, watched: _Watched) -> str:
    words = watched.report.words or f"no report from {_OPERATORS[watched.kind]}. Check that it runs"
    return f"{watched.kind} {namespace}/{watched.name} is not ready: {words} ({_SETTINGS[watched.kind]})"
