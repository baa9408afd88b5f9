"""What the preflight reports about the settings that change pods, with the real variables of all roles."""

from __future__ import annotations

from typing import Any

import pytest

BASE: dict[str, Any] = {
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com", "SITE_URL": "https://shop.example.com"},
    "platform_postgresql_provider": "in_cluster",
    "platform_redis_provider": "in_cluster",
}
MEMORY = {"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory"}}}


@pytest.mark.parametrize(
    ("values", "beginnings"),
    [
        ({}, []),
        (
            {
                "platform_pod": {"nodeSelector": {"pool": "shop"}},
                "redis_pod": {"tolerations": []},
                "platform_volumes": [MEMORY, {"name": "exports", "path": "/exports"}],
                "postgresql_volumes": [MEMORY],
                "storage_claims": {"static": {"enabled": False}, "exports": {"size": "1Gi"}},
                "platform_secret_files_mode": "0440",
            },
            [],
        ),
        (
            {"job_pod": {"hostNetwork": True}, "redis_pod": {"metadata": {"labels": {"component": "a"}}}},
            [
                "redis_pod.metadata.labels.component is set by",
                "The Pod Security level restricted of the namespace does not allow job_pod.hostN",
            ],
        ),
        ({"nginx_pod": {"terminationGracePeriodSeconds": 1}}, ["nginx_pod.terminationGracePeriodSeconds would override"]),
        (
            {"platform_volumes": [{"name": "static"}], "storage_claims": {"static": {"enabled": False}}},
            ["platform_volumes[static] has no source and is none of media, backups, logs, tmp"],
        ),
        ({"storage_claims": {"static": True}}, ["storage_claims.static must be a mapping"]),
        (
            {"platform_config": {**BASE["platform_config"], "PGSSLKEY": "/etc/platform/secrets/client.key"}},
            ["The client key of PostgreSQL /etc/platform/secrets/client.key"],
        ),
    ],
)
def test_findings(resolve: Any, complete: dict[str, Any], values: dict[str, Any], beginnings: list[str]) -> None:
    found = resolve("__preflight_input_findings", **{**complete, **BASE, **values})
    assert [each[: len(beginning)] for each, beginning in zip(found, beginnings, strict=True)] == beginnings


def test_a_claim_replaces_the_temporary_volume_of_its_name(resolve: Any) -> None:
    volumes = resolve("platform_application_volumes", storage_claims={"logs": {"size": "1Gi"}})
    assert volumes["logs"] == {"name": "logs", "path": "/app/logs", "source": {"persistentVolumeClaim": {"claimName": "logs-pvc"}}}
    assert volumes["tmp"]["source"] == {"emptyDir": {}}
