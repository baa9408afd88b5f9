# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the cluster: that it is named, can be read, and is the one that the inventory means."""

from __future__ import annotations

import os
import re
from typing import Any

from ansible.module_utils.compat.version import LooseVersion

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, integer

# A shorter Lease would expire during one request that the API server answers late.
SHORTEST_LEASE = 15
# Kubernetes before 1.35 only requires `get`.
CREATE_PORT_FORWARD, CREATE_PORT_FORWARD_SINCE = "create pods/portforward", "1.35"


def kubeconfigs(text: str) -> list[str]:
    """The paths in a list of kubeconfigs.

    Args:
        text: the paths, separated by colons.
    """
    # Path.expanduser would raise an error if a user does not exist.
    return [os.path.expanduser(path) for path in text.split(":")]  # noqa: PTH111


def _is_older(v: Values, version: Any) -> bool:
    return bool(LooseVersion(v["preflight_plan"]["cluster"]["version"]) < LooseVersion(str(version)))


def _why_it_cannot_be_read(v: Values) -> str:
    plan = v["preflight_plan"]
    return "" if "cluster" in plan else re.sub("[.]+$", "", plan["msg"]) + "."


def _forbidden(v: Values) -> list[str]:
    needless = CREATE_PORT_FORWARD if _is_older(v, CREATE_PORT_FORWARD_SINCE) else ""
    return [each for each in v["preflight_plan"]["forbidden"] if each != needless]


def _has_no_permission(v: Values) -> bool:
    required = sum(len(each["verbs"]) for each in v["__preflight_permissions"] if not each.get("without"))
    return len(v["preflight_plan"]["forbidden"]) == required


# Every playbook that writes without a preflight checks these first.
NAMED = (
    Rule(
        lambda v: not (v["platform_kube_context"] or v["platform_api_host"] or os.environ.get("K8S_AUTH_HOST")),
        "No cluster is set. Set platform_kube_context in {preflight_values_file}, or set platform_api_host and pass a credential in the "
        "environment (K8S_AUTH_HOST, K8S_AUTH_API_KEY). The current context of a kubeconfig is never used.",
    ),
    Rule(
        lambda v: v["platform_kubeconfig"] and not any(map(os.path.isfile, kubeconfigs(v["platform_kubeconfig"]))),
        "platform_kubeconfig {platform_kubeconfig} does not exist: set it in {preflight_values_file} to the path of a kubeconfig, or leave "
        "it empty for the usual one.",
    ),
)
LOCK = (
    Rule(
        lambda v: integer(v["platform_lock_wait"]) < 0,
        "platform_lock_wait is {platform_lock_wait}: set it to the number of seconds to wait for another run, or to 0.",
    ),
    Rule(
        lambda v: integer(v["platform_lock_duration"]) < SHORTEST_LEASE,
        "platform_lock_duration is {platform_lock_duration}: set it to 15 seconds or more.",
    ),
)
READ = (
    Rule(
        _why_it_cannot_be_read,
        "The cluster cannot be read (platform_kube_context '{platform_kube_context}', platform_kubeconfig '{platform_kubeconfig}'): {}",
    ),
)
# While another run changes the platform, its objects say nothing about the settings.
HELD = (
    Rule(
        lambda v: "" if "objects" in v["preflight_plan"] else v["preflight_plan"].get("lease", {}).get("held"),
        "{} Wait until that run ends, or set platform_lock_wait to a number of seconds.",
    ),
)
MEANT = (
    Rule(
        lambda v: v["platform_api_host"] not in ("", v["preflight_plan"]["cluster"]["host"]),
        "The credential connects to {preflight_plan[cluster][host]}, but platform_api_host is {platform_api_host}. Use a credential of "
        "that cluster, or correct platform_api_host in {preflight_values_file}.",
    ),
    Rule(
        lambda v: (
            v["platform_cluster_uid"] not in ("", v["preflight_plan"]["cluster"]["uid"])
            and (v["preflight_plan"]["cluster"]["uid"] or "not to be read with this credential")
        ),
        "The UID of the namespace kube-system is {}, but platform_cluster_uid is {platform_cluster_uid}. Use a credential of that cluster, "
        "or correct platform_cluster_uid in {preflight_values_file}.",
    ),
)
_LACKED = (
    "The credential lacks permissions in namespace {platform_namespace} that the run needs: {}. Let an administrator run "
    "playbooks/grant_deployer.yml with this inventory."
)
# For playbooks that require only some of the permissions.
PERMITTED = Rule(lambda v: ", ".join(_forbidden(v)), _LACKED)
FIT = (
    Rule(lambda v: ", ".join(_forbidden(v)) if _forbidden(v) and not _has_no_permission(v) else "", _LACKED),
    Rule(
        lambda v: _forbidden(v) and _has_no_permission(v),
        "The credential has no permission in namespace {platform_namespace}, or the namespace does not exist. Let an administrator run "
        "playbooks/grant_deployer.yml with this inventory.",
    ),
    Rule(
        lambda v: _is_older(v, v["preflight_minimum_version"]),
        "The cluster runs Kubernetes {preflight_plan[cluster][version]}; this collection needs {preflight_minimum_version} or newer.",
    ),
)
