# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the status of an ExternalSecret or a Certificate means."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.operators.rules import (
    FAILED,
    READY,
    WAITING,
    Report,
    certificate_report,
    changed_at,
    external_secret_report,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.types import instant

T1, T2, T3 = (f"2026-12-01T10:00:0{second}Z" for second in (1, 2, 3))
ERROR = {"status": "False", "reason": "SecretSyncedError", "message": "could not get secret data from provider", "lastTransitionTime": T1}
SYNCED = {"status": "True", "reason": "SecretSynced", "message": "secret synced", "lastTransitionTime": T1}
FAILED_WORDS = "SecretSyncedError: could not get secret data from provider"


def item(conditions: dict[str, dict[str, Any]], **status: Any) -> dict[str, Any]:
    """An object of generation 2."""
    found = [{"type": name, **condition} for name, condition in conditions.items()]
    return {"metadata": {"name": "shop", "uid": "u", "generation": 2}, "status": {"conditions": found, **status}}


def event(message: str, at: str) -> dict[str, Any]:
    return {"message": message, "lastTimestamp": at, "metadata": {}}


@pytest.mark.parametrize(
    ("external_secret", "events", "expected"),
    [
        pytest.param({"metadata": {"generation": 1}}, [], Report(WAITING), id="new"),
        pytest.param(item({"Ready": SYNCED}, syncedResourceVersion="2-abc"), [], Report(READY), id="synced"),
        pytest.param(
            item({"Ready": SYNCED}, syncedResourceVersion="1-abc"),
            [],
            Report(WAITING, "the operator has not read the last change"),
            id="synced before the last change",
        ),
        pytest.param(item({"Ready": ERROR}), [], Report(FAILED, FAILED_WORDS, instant(T1)), id="a failure"),
        pytest.param(
            item({"Ready": ERROR}),
            [event("old", T2), event('SecretStore "vault"\n not found', T3), event("older", T1)],
            Report(FAILED, f'{FAILED_WORDS}: SecretStore "vault" not found', instant(T3)),
            id="a failure whose cause is in the newest event",
        ),
    ],
)
def test_the_report_of_an_external_secret(external_secret: dict[str, Any], events: list[dict[str, Any]], expected: Report) -> None:
    assert external_secret_report(external_secret, events) == expected


def request(message: str, certificate: str = "shop", created: str = T1) -> dict[str, Any]:
    ready = {"type": "Ready", "status": "False", "reason": "Pending", "message": message, "lastTransitionTime": T2}
    metadata = {"annotations": {"cert-manager.io/certificate-name": certificate}, "creationTimestamp": created}
    return {"metadata": metadata, "status": {"conditions": [ready]}}


ISSUED = {"status": "True", "reason": "Ready", "message": "Certificate is up to date", "observedGeneration": 2}
MISSING = {"status": "False", "reason": "DoesNotExist", "message": "Issuing certificate as Secret does not exist", "observedGeneration": 2}
ISSUING = {"status": "True", "reason": "DoesNotExist", "message": "Issuing certificate", "observedGeneration": 2}
DENIED = {"status": "False", "reason": "Failed", "message": "The certificate request has failed to complete.", "lastTransitionTime": T2}
NO_ISSUER = 'Referenced "ClusterIssuer" not found: clusterissuer.cert-manager.io "ca" not found'
ORDERED = "Waiting on certificate issuance from order shop/a: pending"


@pytest.mark.parametrize(
    ("certificate", "requests", "expected"),
    [
        pytest.param({"metadata": {"name": "shop", "generation": 1}}, [], Report(WAITING), id="new"),
        pytest.param(item({"Ready": ISSUED}), [], Report(READY), id="issued"),
        pytest.param(
            item({"Ready": {**ISSUED, "observedGeneration": 1}}), [], Report(WAITING, "Ready: Certificate is up to date"), id="of before"
        ),
        pytest.param(
            item({"Ready": MISSING, "Issuing": DENIED}),
            [],
            Report(FAILED, "Failed: The certificate request has failed to complete", instant(T2)),
            id="a failed request",
        ),
        pytest.param(
            item({"Ready": MISSING, "Issuing": {**DENIED, "observedGeneration": 1}}),
            [],
            Report(WAITING, "Failed: The certificate request has failed to complete"),
            id="a failed request before the last change",
        ),
        pytest.param(
            item({"Ready": MISSING, "Issuing": ISSUING}),
            [request("old", created=T1), request(NO_ISSUER, created=T2), request("another", "other", created=T3)],
            Report(FAILED, f"Pending: {NO_ISSUER}", instant(T2)),
            id="a missing issuer",
        ),
        pytest.param(
            item({"Ready": MISSING, "Issuing": ISSUING}), [request(ORDERED)], Report(WAITING, f"Pending: {ORDERED}"), id="an order of ACME"
        ),
    ],
)
def test_the_report_of_a_certificate(certificate: dict[str, Any], requests: list[dict[str, Any]], expected: Report) -> None:
    assert certificate_report(certificate, requests) == expected


def test_the_last_change_is_that_of_the_own_field_manager() -> None:
    fields = [{"manager": "us", "time": T1}, {"manager": "us", "time": T2}, {"manager": "operator", "time": T3}]
    assert changed_at({"metadata": {"managedFields": fields}}, "us") == instant(T2)
    assert changed_at({"metadata": {}}, "us") == instant(None)
