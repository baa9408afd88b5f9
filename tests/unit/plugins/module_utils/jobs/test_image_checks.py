# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which new images are tested before a pod is replaced, and in which pod."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.jobs.image_checks import image_checks

REDIS: dict[str, Any] = {
    "name": "redis",
    "kind": "StatefulSet",
    "check_command": ["sh", "-c", "redis-server --version"],
    "pod": {
        "securityContext": {"runAsUser": 999},
        "containers": [
            {
                "name": "redis",
                "image": "redis:8",
                "command": ["sh", "-c", "exec redis-server"],
                "env": [{"name": "REDIS_PASSWORD", "value": "x"}],
                "ports": [{"containerPort": 6379}],
                "startupProbe": {},
                "livenessProbe": {},
                "readinessProbe": {},
                "resources": {"limits": {"memory": "512Mi"}},
                "volumeMounts": [{"name": "data", "mountPath": "/data"}, {"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    },
    "volume_claim_templates": [{"metadata": {"name": "data"}, "spec": {}}],
}


@pytest.mark.parametrize(
    ("planned", "checked"),
    [
        pytest.param([{"kind": "StatefulSet", "name": "redis", "action": "change"}], True, id="its pod is to be replaced"),
        pytest.param([{"kind": "StatefulSet", "name": "redis", "action": "none"}], False, id="it stays as it is"),
        pytest.param([{"kind": "StatefulSet", "name": "redis", "action": "create"}], False, id="it has no pod yet"),
        pytest.param([{"kind": "StatefulSet", "name": "postgresql", "action": "change"}], False, id="another one changes"),
        pytest.param([{"kind": "Service", "name": "redis", "action": "change"}], False, id="only an object of its name changes"),
        pytest.param(None, True, id="there is no plan"),
    ],
)
def test_an_image_is_checked_before_its_pod_is_replaced(planned: list[dict[str, Any]] | None, checked: bool) -> None:
    assert [each["name"] for each in image_checks([REDIS], planned)] == (["check-redis"] if checked else [])


def test_a_workload_without_a_check_command_is_not_checked() -> None:
    assert image_checks([{key: value for key, value in REDIS.items() if key != "check_command"}]) == []


def test_the_check_has_the_pod_of_the_workload_without_its_data() -> None:
    [check] = image_checks([REDIS])
    [container] = check["pod"]["containers"]
    server = REDIS["pod"]["containers"][0]
    assert (container["name"], container["command"]) == ("check-redis", REDIS["check_command"])
    assert {key: container[key] for key in ("image", "env", "resources", "volumeMounts")} == {
        key: server[key] for key in ("image", "env", "resources", "volumeMounts")
    }
    assert not {"ports", "startupProbe", "livenessProbe", "readinessProbe"} & set(container)
    assert check["pod"]["securityContext"] == {"runAsUser": 999}
    assert check["pod"]["volumes"] == [{"name": "tmp", "emptyDir": {}}, {"name": "data", "emptyDir": {}}]


def test_a_new_image_has_a_new_check_job() -> None:
    [first] = image_checks([REDIS])
    pod = {**REDIS["pod"], "containers": [{**REDIS["pod"]["containers"][0], "image": "redis:9"}]}
    [second] = image_checks([{**REDIS, "pod": pod}])
    assert first["job_name"] == f"check-redis-{first['revision']}" == image_checks([REDIS])[0]["job_name"]
    assert second["job_name"] != first["job_name"]
