# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Settings for names, labels, annotations and images. Each value that Kubernetes would reject is a finding with the setting."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.names import RULES, naming_findings

# The last is a role of another collection.
TIERS = ["django", "celery_worker", "celery_beat", "nginx", "acme.shop.flower"]
TAGS = ("django_image_tag", "celery_worker_image_tag", "celery_beat_image_tag", "flower_image_tag")
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
    "platform_external_secret_name": {"platform_external_secret_name": "No_Name"},
    "platform_image_pull_secrets": {"platform_image_pull_secrets": [{"name": "No_Name"}]},
    "nginx_tls_secret": {"nginx_tls_secret": "No_Name"},
    "ingress_tls_secret": {"ingress_tls_secret": "No_Name"},
    "ingress_class": {"ingress_class": "No_Name"},
    "ingress_hosts": {"ingress_enabled": True, "ingress_hosts": ["https://shop.example.com"]},
    "network_policies_endpoints": {"network_policies_endpoints": {"No_Name": {"peers": []}}},
    "pre_deploy_commands and post_deploy_commands": {"post_deploy_commands": [{"name": "No_Name", "command": ["true"]}]},
    "platform_image with platform_image_registry": {
        "platform_image_registry": "Registry.example.com",
        "platform_image": "The Shop",
        "platform_app_repository": "Registry.example.com/The Shop",
    },
    "platform_image_mirror": {"platform_image_mirror": "https://registry.example.com"},
    "platform_image_tag": {"platform_image_tag": "a+b"},
    "django_image_tag": {"django_image_tag": "a+b"},
    "celery_worker_image_tag": {"celery_worker_image_tag": "a+b"},
    "celery_beat_image_tag": {"celery_beat_image_tag": "a+b"},
    "flower_image_tag": {"flower_image_tag": "a+b"},
    "nginx_image": {"nginx_image": "The Nginx"},
    "nginx_exporter_image": {"nginx_exporter_image": "The Exporter"},
    "postgresql_image": {"postgresql_image": "The Database"},
    "redis_image": {"redis_image": "The Redis"},
}


RIGHT: dict[str, Any] = {
    **{name: {} if rule in {"labels", "annotations"} else "a" for name, rule in RULES.items()},
    **dict.fromkeys(TAGS, "1"),
    "data_services_roles": [],
    "tiers_roles": TIERS,
    "ingress_enabled": False,
    "ingress_hosts": ["https://shop.example.com"],
    "network_policies_endpoints": {"payments": {"peers": []}, "No_Name": []},
    "platform_image": "",
    "platform_image_mirror": "registry.example.com:5000/mirror",
    "platform_app_repository": "The Shop",
    "platform_image_pull_secrets": [{"name": "registry"}, {}],
    "post_deploy_commands": [{"name": "report"}],
    "pre_deploy_check_services": True,
    "pre_deploy_commands": [{"name": "migrate"}],
    "preflight_values_file": "values.yml",
}


@pytest.mark.parametrize("name", WRONG)
def test_an_invalid_kubernetes_name_is_one_finding(name: str) -> None:
    [finding] = naming_findings({**RIGHT, **WRONG[name]})
    assert finding.startswith(name)
    assert any(setting in finding for setting in WRONG[name]), finding
    assert finding.endswith(" (set it in values.yml).")


@pytest.mark.parametrize(
    ("commands", "is_twice"),
    [
        ({"post_deploy_commands": [{"name": "migrate"}]}, True),
        ({"pre_deploy_commands": [{"name": "check-services"}]}, True),
        ({"pre_deploy_commands": [{"name": "check-services"}], "pre_deploy_check_services": False}, False),
    ],
)
def test_all_commands_have_different_names(commands: dict[str, Any], is_twice: bool) -> None:
    assert bool(naming_findings({**RIGHT, **commands})) is is_twice


def test_a_group_can_have_an_invalid_tag() -> None:
    groups = [{"name": "celery-worker", "image_tag": ""}, {"name": "mail", "image_tag": "a+b"}]
    [finding] = naming_findings({**RIGHT, "celery_worker_groups": groups})
    assert finding.startswith("celery_worker_groups[mail].image_tag 'a+b'")


def test_every_setting_with_a_kubernetes_name_is_in_the_table() -> None:
    assert {*RULES, *TAGS} == set(WRONG)


def test_valid_names_have_no_findings() -> None:
    assert naming_findings(RIGHT) == []
