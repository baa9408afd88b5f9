# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the LimitRanges of the namespace, which reject the pods of a workload but not the workload."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.limit_ranges import container_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import with_defaults
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import NAME, named_groups
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pod_security import CONTAINERS

_WAITS = "wait-"
# Containers get them unless their own resources have others.
_EPHEMERAL_STORAGE = "platform_ephemeral_storage_request and platform_ephemeral_storage_limit"
_JOBS = {"job_resources": "the Jobs", "nginx_check_resources": "the Job check-nginx"}


def rejected_containers(v: Values) -> str:
    """A sentence for each setting whose containers a LimitRange rejects.

    Args:
        v: the variables.
    """
    found: dict[tuple[str, str, str], list[str]] = {}
    for limit_range in v["preflight_plan"].get("limit_ranges", ()):
        for setting, container, resources in _containers(v):
            for limits in limit_range["limits"]:
                for problem in container_problems(limits, resources):
                    found.setdefault((limit_range["name"], setting, problem), []).append(container)
    return " ".join(
        f"LimitRange {v['platform_namespace']}/{name} rejects {', '.join(dict.fromkeys(containers))}, because {problem}: change "
        f"{_EPHEMERAL_STORAGE if 'ephemeral-storage' in problem else setting} in {v['preflight_values_file']}."
        for (name, setting, problem), containers in found.items()
    )


def _containers(v: Values) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """The setting, the name for messages and the resources of each container."""
    # Without valid settings nothing is rendered.
    for stage in v.get("manifests_workloads", {}).values():
        for workload in stage:
            spec = workload["template"]["spec"]
            for key in CONTAINERS:
                for container in spec.get(key) or ():
                    is_first = key == "containers" and container is spec[key][0]
                    setting = _setting(v, workload, container["name"], is_first)
                    yield setting, f"container {container['name']} of {workload['name']}", container.get("resources") or {}
    if "manifests_workloads" in v:
        added = {"resources": v["platform_pod_defaults"]["container"].get("resources") or {}}
        has_nginx = any(workload["name"] == "nginx" for workload in v["manifests_workloads"].get("tiers", ()))
        for setting, owner in _JOBS.items():
            if has_nginx or setting != "nginx_check_resources":
                yield setting, owner, with_defaults({"resources": v[setting]}, added)["resources"]


def _setting(v: Values, workload: Mapping[str, Any], container: str, is_first: bool) -> str:
    if container.startswith(_WAITS):
        return "platform_wait_resources"
    role = str(workload.get("group_of") or workload["name"]).replace("-", "_")
    if is_first and any(group[NAME] == workload["name"] and "resources" in group for group in named_groups(v.get(f"{role}_groups"))):
        return f"{role}_groups[{workload['name']}].resources"
    candidates = [f"{role}_resources" if is_first else f"{container.replace('-', '_')}_resources", f"{role}_pod"]
    return next((each for each in candidates if each in v), "the resources of the container")


RULES = (Rule(rejected_containers, "{}"),)
