"""The Jobs that test a new image or configuration run where the workload runs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import yaml

from tests.unit.roles.conftest import WORKLOAD_VALUES

VALUES: dict[str, Any] = {
    **WORKLOAD_VALUES,
    "platform_release": "1",
    "platform_pod": {"priorityClassName": "shop", "nodeSelector": {"pool": "shop"}},
    "job_pod": {"priorityClassName": "batch", "metadata": {"annotations": {"team": "batch"}}},
    "nginx_pod": {"nodeSelector": {"pool": "edge"}, "containers": [{"name": "log", "image": "log:1"}]},
    "nginx_volumes": [{"name": "own", "path": "/etc/nginx/own", "source": {"configMap": {"name": "own"}}}],
    "nginx_check_resources": {"limits": {"memory": "64Mi"}},
    "nginx_read_only_root_filesystem": False,
    "redis_pod": {
        "nodeSelector": {"pool": "data"},
        "affinity": {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": []}}},
    },
}


@pytest.fixture(scope="module")
def template_of(resolve: Callable[..., Any]) -> Callable[[str], dict[str, Any]]:
    """The pod template of the Job that a variable describes."""

    def ask(name: str) -> dict[str, Any]:
        described = resolve(name, **VALUES, manifests_workloads={"data_services": _redis(resolve), "tiers": []})
        [job] = described if isinstance(described, list) else [described]
        [rendered] = [each for each in yaml.safe_load_all(resolve("job_manifests", job_commands=[job], **VALUES)) if each]
        found: dict[str, Any] = rendered["spec"]["template"]
        return found

    return ask


def _redis(resolve: Callable[..., Any]) -> Any:
    return resolve("data_services_workloads", data_services_roles=["redis"], **VALUES)


def test_check_nginx_has_the_settings_of_nginx_without_its_further_containers(template_of: Callable[[str], dict[str, Any]]) -> None:
    spec = template_of("__nginx_check")["spec"]
    assert (spec["nodeSelector"], spec["priorityClassName"]) == ({"pool": "edge"}, "shop")
    [container] = spec["containers"]
    assert container["resources"]["limits"]["memory"] == "64Mi"
    assert container["securityContext"]["readOnlyRootFilesystem"] is False
    # Its configuration may include them.
    assert {"name": "own", "mountPath": "/etc/nginx/own", "readOnly": True} in container["volumeMounts"]
    assert {"name": "own", "configMap": {"name": "own"}} in spec["volumes"]


def test_the_check_of_an_image_has_the_settings_of_its_data_service(template_of: Callable[[str], dict[str, Any]]) -> None:
    spec = template_of("__data_services_checks")["spec"]
    assert (spec["nodeSelector"], spec["priorityClassName"]) == ({"pool": "data"}, "shop")
    assert spec["affinity"].keys() == {"nodeAffinity", "podAffinity"}


@pytest.mark.parametrize("name", ["__nginx_check", "__data_services_checks"])
def test_each_has_the_service_account_and_the_annotations_of_jobs(template_of: Callable[[str], dict[str, Any]], name: str) -> None:
    template = template_of(name)
    assert template["spec"]["serviceAccountName"] == "jobs"
    assert template["metadata"]["annotations"] == {"team": "batch"}
