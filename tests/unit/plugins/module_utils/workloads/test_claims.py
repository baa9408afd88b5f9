"""The claims of the shared volumes and their volumes."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.claims import claim_volumes, enabled_claims

DEFAULTS: dict[str, Any] = {
    "media": {"size": "50Gi"},
    "static": {"size": "10Gi"},
}
COMMON = {"class": "nfs", "access_mode": "ReadWriteMany"}
MEDIA = {"name": "media", "claim_name": "media-pvc", "size": "50Gi", "class": "nfs", "access_mode": "ReadWriteMany"}
STATIC = {**MEDIA, "name": "static", "claim_name": "static-pvc", "size": "10Gi"}


@pytest.mark.parametrize(
    ("claims", "expected"),
    [
        ({}, [MEDIA, STATIC]),
        ({"static": {"enabled": False}}, [MEDIA]),
        # Before ansible-core 2.19, a template of a boolean may result in a string.
        ({"static": {"enabled": "False"}, "media": {"enabled": "true"}}, [MEDIA]),
        (
            {"media": {"class": "fast", "access_mode": "ReadWriteOnce"}},
            [{**MEDIA, "class": "fast", "access_mode": "ReadWriteOnce"}, STATIC],
        ),
        ({"exports": {"size": "1Gi"}}, [MEDIA, STATIC, {**MEDIA, "name": "exports", "claim_name": "exports-pvc", "size": "1Gi"}]),
        ({"other": {"size": "1Gi"}}, [MEDIA, STATIC, {**MEDIA, "name": "other", "claim_name": "other-pvc", "size": "1Gi"}]),
        ({"media": None, "static": True}, [MEDIA, STATIC]),
        ({"media": {"enabled": False}, "static": {"enabled": False}}, []),
    ],
)
def test_enabled_claims(claims: dict[str, Any], expected: list[dict[str, Any]]) -> None:
    assert enabled_claims(claims, DEFAULTS, COMMON) == expected


def test_a_volume_of_a_further_claim_has_no_path() -> None:
    assert claim_volumes([MEDIA, STATIC], {"media": "/app/media"}) == {
        "media": {"name": "media", "path": "/app/media", "source": {"persistentVolumeClaim": {"claimName": "media-pvc"}}},
        "static": {"name": "static", "source": {"persistentVolumeClaim": {"claimName": "static-pvc"}}},
    }
