"""Settings that become names, labels, annotations and images: each that Kubernetes would refuse is a finding that names it."""

from __future__ import annotations

from typing import Any

import pytest

LABELS = {"no label": "x"}
WRONG: dict[str, dict[str, Any]] = {
    "platform_namespace": {"platform_namespace": "My.Shop"},
    "platform_environment": {"platform_environment": "no label"},
    "platform_labels": {"platform_labels": LABELS},
    "namespace_labels": {"namespace_labels": LABELS},
    "monitoring_labels": {"monitoring_labels": LABELS},
    "job_labels": {"job_labels": LABELS},
    "job_annotations": {"job_annotations": LABELS},
    "platform_annotations": {"platform_annotations": LABELS},
    "configuration_annotations": {"configuration_annotations": LABELS},
    "nginx_service_annotations": {"nginx_service_annotations": LABELS},
    "ingress_annotations": {"ingress_annotations": LABELS},
    "platform_existing_secret": {"platform_existing_secret": "No_Name"},
    "platform_image_pull_secrets": {"platform_image_pull_secrets": [{"name": "No_Name"}]},
    "nginx_tls_secret": {"nginx_tls_secret": "No_Name"},
    "ingress_tls_secret": {"ingress_tls_secret": "No_Name"},
    "ingress_class": {"ingress_class": "No_Name"},
    "ingress_hosts": {"ingress_enabled": True, "ingress_hosts": ["https://shop.example.com"]},
    "network_policies_endpoints": {"network_policies_endpoints": {"No_Name": {"peers": []}}},
    "pre_deploy_commands and post_deploy_commands": {"post_deploy_commands": [{"name": "No_Name", "command": ["true"]}]},
    "platform_image with platform_image_registry": {"platform_image_registry": "Registry.example.com", "platform_image": "The Shop"},
    "platform_image_tag": {"platform_image_tag": "a+b"},
    "django_image_tag": {"django_image_tag": "a+b"},
    "celery_worker_image_tag": {"celery_worker_image_tag": "a+b"},
    "celery_beat_image_tag": {"celery_beat_image_tag": "a+b"},
    "nginx_image": {"nginx_image": "The Nginx"},
    "nginx_exporter_image": {"nginx_exporter_image": "The Exporter"},
    "postgresql_image": {"postgresql_image": "The Database"},
    "redis_image": {"redis_image": "The Redis"},
}


@pytest.mark.parametrize("name", WRONG)
def test_a_name_that_kubernetes_would_refuse_is_one_finding(resolve: Any, complete: dict[str, Any], name: str) -> None:
    problems = resolve("__preflight_naming_problems", **{**complete, **WRONG[name]})
    assert len(problems) == 1, problems
    assert any(setting in str(problems[0]) for setting in WRONG[name]), problems


def test_every_such_setting_is_in_the_table(resolve: Any, complete: dict[str, Any]) -> None:
    assert {each["name"] for each in resolve("__preflight_named_settings", **complete)} == set(WRONG)


def test_good_names_are_no_finding(resolve: Any, complete: dict[str, Any]) -> None:
    assert resolve("__preflight_naming_problems", **complete) == []
