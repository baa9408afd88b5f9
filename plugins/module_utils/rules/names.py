# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Settings that become a name, a label, an annotation or an image in the cluster, with the Kubernetes rule for each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import naming_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Values, workload_settings

# The rules are those of naming_problems.
RULES = {
    "platform_namespace": "dns_label",
    "platform_environment": "label",
    "platform_labels": "labels",
    "namespace_labels": "labels",
    "monitoring_labels": "labels",
    "job_labels": "labels",
    "job_annotations": "annotations",
    "platform_annotations": "annotations",
    "configuration_annotations": "annotations",
    "nginx_service_annotations": "annotations",
    "ingress_annotations": "annotations",
    "platform_existing_secret": "subdomain",
    "platform_external_secret_name": "subdomain",
    "platform_image_pull_secrets": "subdomain",
    "nginx_tls_secret": "subdomain",
    "ingress_tls_secret": "subdomain",
    "ingress_class": "subdomain",
    "ingress_hosts": "host",
    "network_policies_endpoints": "hashed_names",
    "pre_deploy_commands and post_deploy_commands": "job_names",
    "platform_image with platform_image_registry": "repository",
    "platform_image_mirror": "mirror",
    "platform_image_tag": "tag",
    "nginx_image": "image",
    "nginx_exporter_image": "image",
    "postgresql_image": "image",
    "redis_image": "image",
}


def _names_of_commands(v: Values) -> list[str]:
    own = ["check-services"] if v["pre_deploy_check_services"] else []
    return own + [each["name"] for each in (*v["pre_deploy_commands"], *v["post_deploy_commands"])]


# For all other settings, the value is that of the variable.
_VALUES: dict[str, Callable[[Values], Any]] = {
    "platform_image_pull_secrets": lambda v: [each.get("name", "") for each in v["platform_image_pull_secrets"]],
    "ingress_hosts": lambda v: v["ingress_hosts"] if v["ingress_enabled"] else [],
    "network_policies_endpoints": lambda v: [name for name, peers in v["network_policies_endpoints"].items() if isinstance(peers, Mapping)],
    "pre_deploy_commands and post_deploy_commands": _names_of_commands,
    "platform_image with platform_image_registry": lambda v: v["platform_app_repository"] if v["platform_image"] else "",
}


def naming_findings(values: Values) -> list[str]:
    """The settings that Kubernetes would reject as a name.

    Args:
        values: the variables by name.
    """
    settings = [
        {"name": name, "rule": rule, "value": _VALUES[name](values) if name in _VALUES else values[name]} for name, rule in RULES.items()
    ]
    settings += [{"name": name, "rule": "tag", "value": tag} for name, tag in workload_settings(values, "image_tag").items()]
    return [f"{problem} (set it in {values['preflight_values_file']})." for problem in naming_problems(settings)]
