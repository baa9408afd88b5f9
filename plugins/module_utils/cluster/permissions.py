# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The permissions of a run, and which of them a user lacks: data and pure functions (private to the collection).

C(RULES) is the only list of permissions. The preflight's check, the role C(deployer) and C(docs/deployer.yaml) derive from it.
The forms are those of C(authorization.k8s.io/v1): SelfSubjectRulesReview and SelfSubjectAccessReview.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import LEASE_NAME


@dataclass(frozen=True)
class Setting:
    """A setting that determines whether a permission is needed.

    Args:
        name: name of the setting.
        value: the value that needs the permission; empty for any value that is neither empty nor false.
    """

    name: str
    value: str = ""

    def __str__(self) -> str:
        """The setting as in an inventory."""
        return f"{self.name}: {self.value}" if self.value else self.name

    def holds(self, settings: Mapping[str, Any]) -> bool:
        """Whether the settings need the permission.

        Args:
            settings: values by name.
        """
        found = settings.get(self.name)
        return found == self.value if self.value else bool(found)


@dataclass(frozen=True)
class Rule:
    """One rule of a Role, and the reason for it.

    Args:
        resources: plural names, optionally with a subresource, such as C(pods/log).
        verbs: as in a Role.
        reason: what a run uses the rule for.
        group: API group of the resources; empty for the core group.
        names: names of the objects, if the rule is not for all objects.
        cluster_wide: whether the resource is cluster-scoped, so that the rule belongs to a ClusterRole.
        when: settings of which any one requires the rule; empty for a rule that each run needs.
        without: what a run does without the permission. Empty for a required permission: without it the preflight fails.
        asked: whether the preflight checks it. False if only another playbook needs it, or if a later check reports it itself.
        playbooks: names of the playbooks, besides those that deploy, that need it. They check it before their first write.
    """

    resources: tuple[str, ...]
    verbs: tuple[str, ...]
    reason: str
    group: str = ""
    names: tuple[str, ...] = ()
    cluster_wide: bool = False
    when: tuple[Setting, ...] = ()
    without: str = ""
    asked: bool = True
    playbooks: tuple[str, ...] = ()

    def is_needed(self, settings: Mapping[str, Any]) -> bool:
        """Whether the settings need the rule.

        Args:
            settings: values by name.
        """
        return not self.when or any(each.holds(settings) for each in self.when)

    def as_manifest(self) -> dict[str, Any]:
        """The rule in the form of a Role."""
        rule = {"apiGroups": [self.group], "resources": [*self.resources], "verbs": [*self.verbs]}
        return {**rule, "resourceNames": [*self.names]} if self.names else rule


_SECRETS_ARE_WRITTEN = (
    Setting("platform_secrets_provider", "inventory"),
    Setting("platform_secrets_provider", "generated"),
    Setting("platform_secret_files"),
    Setting("nginx_tls_provider", "generated"),
)
_IN_CLUSTER = (Setting("platform_postgresql_provider", "in_cluster"), Setting("platform_redis_provider", "in_cluster"))
_BACKUPS = ("backup", "restore")
_EARLIER_SETTINGS_STAY = "objects of earlier settings and releases are not removed"

RULES: tuple[Rule, ...] = (
    # The API server treats GET /api/v1/namespaces/NAME as a request in that namespace, so a Role can allow it.
    Rule(("namespaces",), ("get",), "Compare the platform's own Namespace with the settings."),
    Rule(
        ("configmaps", "services", "serviceaccounts"),
        ("get", "list", "create", "patch"),
        "Apply them, and check which Services have endpoints and which ServiceAccounts refer to a Secret.",
        playbooks=_BACKUPS,
    ),
    Rule(
        ("configmaps", "services", "serviceaccounts"),
        ("delete",),
        "Remove what no release needs any more, and what `extra_objects_manifests` no longer lists.",
        without=_EARLIER_SETTINGS_STAY,
    ),
    Rule(("secrets",), ("get",), "Compare them, and hide their values in logs and reports.", playbooks=_BACKUPS),
    Rule(("secrets",), ("create", "patch"), "Apply the Secrets.", when=_SECRETS_ARE_WRITTEN),
    Rule(("secrets",), ("list", "delete"), "Remove what no release needs any more.", without=_EARLIER_SETTINGS_STAY),
    Rule(
        ("persistentvolumeclaims",),
        ("get", "list", "watch", "create", "patch"),
        "Apply the claims and wait until they are bound. No run deletes a claim.",
    ),
    Rule(
        ("deployments",),
        ("get", "list", "watch", "create", "patch"),
        "Apply the tiers and wait for them.",
        group="apps",
        playbooks=("restore",),
    ),
    Rule(
        ("deployments", "statefulsets"),
        ("delete",),
        "Adopt an existing installation with `preflight_take_over`, remove workloads that the settings no longer define, and remove all "
        "workloads with playbooks/remove.yml.",
        group="apps",
        without="preflight_take_over, the removal of workloads and playbooks/remove.yml fail",
    ),
    Rule(
        ("statefulsets",),
        ("get", "list", "watch"),
        "Wait for PostgreSQL and Redis, and find what refers to a ConfigMap or Secret.",
        group="apps",
    ),
    Rule(("statefulsets",), ("create", "patch"), "Apply PostgreSQL and Redis.", group="apps", when=_IN_CLUSTER),
    Rule(
        ("pods",),
        ("delete",),
        "Delete a broken pod of PostgreSQL or Redis. A StatefulSet does not replace it otherwise.",
        when=_IN_CLUSTER,
    ),
    Rule(
        ("jobs",),
        ("get", "list", "watch", "create", "patch", "delete"),
        "Run migrations and other commands, stop and replace those that failed.",
        group="batch",
        playbooks=_BACKUPS,
    ),
    # `create` cannot be limited to a name, because the API server does not know the name when it authorizes the request.
    Rule(
        ("leases",),
        ("create",),
        "Create the Lease that allows one run at a time.",
        group="coordination.k8s.io",
        playbooks=_BACKUPS,
    ),
    Rule(
        ("leases",),
        ("get", "update", "delete"),
        "Acquire, renew and release that Lease, and delete it with playbooks/remove.yml.",
        group="coordination.k8s.io",
        names=(LEASE_NAME,),
        playbooks=_BACKUPS,
    ),
    Rule(("horizontalpodautoscalers",), ("get", "list", "create", "patch"), "Apply the autoscalers and check them.", group="autoscaling"),
    Rule(
        ("horizontalpodautoscalers",),
        ("delete",),
        "Remove the autoscalers that the settings no longer have.",
        group="autoscaling",
        without=_EARLIER_SETTINGS_STAY,
    ),
    Rule(
        ("scaledobjects", "triggerauthentications"),
        ("get", "list", "create", "patch", "delete"),
        "Apply and remove the ScaledObjects of KEDA and the references to the password of Redis.",
        group="keda.sh",
        when=(Setting("celery_worker_keda_enabled"),),
        playbooks=("restore",),
    ),
    Rule(
        ("externalsecrets",),
        ("get", "list", "create", "patch", "delete"),
        "Apply the ExternalSecret, wait until its Secret exists, and remove it when the settings no longer have it.",
        group="external-secrets.io",
        when=(Setting("platform_secrets_provider", "external"),),
    ),
    Rule(
        ("certificates",),
        ("get", "list", "create", "patch", "delete"),
        "Apply the Certificate of nginx, wait until it is issued, and remove it when the settings no longer have it.",
        group="cert-manager.io",
        when=(Setting("nginx_tls_provider", "cert_manager"),),
    ),
    Rule(
        ("certificaterequests",),
        ("list",),
        "Report why cert-manager does not issue the Certificate.",
        group="cert-manager.io",
        when=(Setting("nginx_tls_provider", "cert_manager"),),
    ),
    Rule(("poddisruptionbudgets",), ("get", "list", "create", "patch"), "Apply the disruption budgets.", group="policy"),
    Rule(
        ("poddisruptionbudgets",),
        ("delete",),
        "Remove the budgets that the settings no longer have.",
        group="policy",
        without=_EARLIER_SETTINGS_STAY,
    ),
    Rule(("networkpolicies",), ("get", "list", "create", "patch"), "Apply the network policies.", group="networking.k8s.io"),
    Rule(
        ("networkpolicies",),
        ("delete",),
        "Remove the policies that the settings no longer have.",
        group="networking.k8s.io",
        without=_EARLIER_SETTINGS_STAY,
    ),
    Rule(
        ("ingresses",),
        ("get", "list", "delete"),
        "Find the Secrets that an Ingress refers to, and remove the Ingress that the settings no longer have.",
        group="networking.k8s.io",
        without=_EARLIER_SETTINGS_STAY,
    ),
    Rule(("ingresses",), ("create", "patch"), "Apply the Ingress.", group="networking.k8s.io", when=(Setting("ingress_enabled"),)),
    Rule(
        ("servicemonitors",),
        ("get", "list", "create", "patch", "delete"),
        "Apply and remove the ServiceMonitors of the Prometheus operator.",
        group="monitoring.coreos.com",
        when=(Setting("monitoring_service_monitors"),),
    ),
    Rule(
        ("prometheusrules",),
        ("get", "list", "create", "patch", "delete"),
        "Apply and remove the alerts of the Prometheus operator.",
        group="monitoring.coreos.com",
        when=(Setting("monitoring_rules"),),
    ),
    Rule(("pods",), ("get", "list", "watch"), "Wait for the pods, and find the cause of a failure.", playbooks=_BACKUPS),
    Rule(
        ("pods",),
        ("create",),
        "Try a pod in a dry run, before the first write.",
        without="the preflight does not find what a quota, Pod Security or a webhook rejects",
    ),
    Rule(
        ("limitranges",),
        ("list",),
        "Name the containers that a LimitRange rejects, before the first write.",
        without="the API server rejects such containers without their names",
        asked=False,
    ),
    Rule(
        ("pods/log",),
        ("get",),
        "Show the last lines of a container that failed, search the logs for errors, and read the list of the backups.",
        playbooks=_BACKUPS,
    ),
    Rule(("events",), ("list", "watch"), "Read the events, to report the cause of a failure.", playbooks=_BACKUPS),
    Rule(
        ("replicasets",),
        ("list", "watch"),
        "Distinguish the pods of the new revision from older pods.",
        group="apps",
        playbooks=("restore",),
    ),
    Rule(("daemonsets", "controllerrevisions"), ("list",), "Find what refers to a ConfigMap or Secret, which then stays.", group="apps"),
    Rule(("cronjobs",), ("list",), "Find what refers to a ConfigMap or Secret, which then stays.", group="batch"),
    Rule(("endpointslices",), ("list",), "Check that each Service has endpoints.", group="discovery.k8s.io"),
    Rule(("pods/portforward",), ("get", "create"), "Request the health of each replica. `create` counts from Kubernetes 1.35 on."),
    Rule(
        ("pods/exec",),
        ("get", "create"),
        "Send a task through each queue, from a pod of Django.",
        when=(Setting("validate_round_trip_queues"),),
    ),
    Rule(
        ("deployments/scale",),
        ("get", "patch"),
        "Set replicas with playbooks/scale.yml and playbooks/restore.yml. It allows no more than `patch` of deployments.",
        group="apps",
        when=(Setting("deployer_scale"),),
        without="playbooks/scale.yml and playbooks/restore.yml fail",
        asked=False,
        playbooks=("restore",),
    ),
    Rule(
        ("pods",),
        ("list",),
        "Check that no container is near its memory limit.",
        group="metrics.k8s.io",
        without="memory usage is not checked, which the report shows",
        asked=False,
    ),
    Rule(
        ("namespaces",),
        ("get",),
        "Compare the uid of this namespace with `platform_cluster_uid`, which identifies the cluster.",
        names=("kube-system",),
        cluster_wide=True,
        without="platform_cluster_uid cannot be compared",
    ),
    Rule(
        ("storageclasses",),
        ("list", "watch"),
        "Find a storage class that does not exist, and how its claims are bound.",
        group="storage.k8s.io",
        cluster_wide=True,
        without="a storage class that does not exist is found only when its claim is not bound",
    ),
    Rule(
        ("ingressclasses",),
        ("list",),
        "Find an Ingress class that does not exist.",
        group="networking.k8s.io",
        cluster_wide=True,
        when=(Setting("ingress_enabled"),),
        without="an Ingress class that does not exist is not found",
    ),
)


@dataclass(frozen=True)
class Permission:
    """Permission for one verb on the objects of a resource.

    Args:
        verb: as in a Role.
        group: API group of the resource; empty for the core group.
        resource: plural name, optionally with a subresource, such as C(pods/log).
        name: name of one object; empty for all objects.
        cluster_wide: whether the resource is cluster-scoped.
        without: what a run does without the permission; empty for a required permission.
    """

    verb: str
    group: str
    resource: str
    name: str = ""
    cluster_wide: bool = False
    without: str = ""

    def __str__(self) -> str:
        """The permission in readable form, such as C(list endpointslices.discovery.k8s.io)."""
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}{f' {self.name}' if self.name else ''}"

    def attributes(self, namespace: str) -> dict[str, str]:
        """The C(resourceAttributes) of a SelfSubjectAccessReview.

        Args:
            namespace: namespace of the permission, unless it is cluster-wide.
        """
        resource, _slash, subresource = self.resource.partition("/")
        place = {"namespace": "" if self.cluster_wide else namespace, **({"name": self.name} if self.name else {})}
        return {**place, "verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource}


def needed_permissions(settings: Mapping[str, Any], playbook: str = "") -> list[dict[str, Any]]:
    """List the permissions that a run needs.

    The preflight checks them. P(jewelry_shop.platform.role_rules#filter) uses the same data.

    Args:
        settings: Settings that determine which permissions are needed, as a mapping of names to values.
        playbook: V(backup) or V(restore) for the permissions of that playbook, all of which it requires. Empty for those of a deployment.

    Returns:
        Value for the option O(jewelry_shop.platform.plan#module:cluster.permissions).

    Example:
        {{ {'ingress_enabled': true} | jewelry_shop.platform.needed_permissions }}
    """
    return [
        {
            "group": rule.group,
            "resource": resource,
            "verbs": [*rule.verbs],
            "name": name,
            "cluster_wide": rule.cluster_wide,
            "without": "" if playbook else rule.without,
        }
        for rule in RULES
        if (playbook in rule.playbooks if playbook else rule.asked) and rule.is_needed(settings)
        for resource in rule.resources
        for name in rule.names or ("",)
    ]


def role_rules(settings: Mapping[str, Any], cluster_wide: bool = False) -> list[dict[str, Any]]:
    """Create the rules of the Role that a run needs.

    Args:
        settings: Settings that determine which permissions are needed, as a mapping of names to values.
        cluster_wide: Whether to return the rules of the ClusterRole, for cluster-scoped resources, instead.

    Returns:
        Value for the field C(rules) of a Role or ClusterRole.

    Example:
        {{ {'ingress_enabled': true} | jewelry_shop.platform.role_rules }}
    """
    return [rule.as_manifest() for rule in RULES if rule.cluster_wide is cluster_wide and rule.is_needed(settings)]


def permissions(wanted: Iterable[Mapping[str, Any]]) -> list[Permission]:
    """Convert mappings to permissions, one for each verb.

    Args:
        wanted: mappings as C(needed_permissions) returns them. Only C(group), C(resource) and C(verbs) are required.
    """
    return [
        Permission(
            verb,
            each["group"],
            each["resource"],
            each.get("name") or "",
            bool(each.get("cluster_wide")),
            each.get("without") or "",
        )
        for each in wanted
        for verb in each["verbs"]
    ]


def not_granted(wanted: Iterable[Permission], rules: Sequence[Mapping[str, Any]]) -> list[Permission]:
    """Find the permissions that no rule grants.

    Args:
        wanted: the needed permissions.
        rules: C(status.resourceRules) of a SelfSubjectRulesReview. The list may be incomplete, because some authorizers cannot list their
            rules. It is for one namespace and proves nothing about cluster-scoped resources: a Role may name them but does not grant them.
    """
    return [each for each in wanted if each.cluster_wide or not any(_grants(rule, each) for rule in rules)]


def _grants(rule: Mapping[str, Any], wanted: Permission) -> bool:
    _resource, slash, subresource = wanted.resource.partition("/")
    resources = {"*", wanted.resource, *([f"*/{subresource}"] if slash else [])}
    names = rule.get("resourceNames")
    return (
        (not names or (wanted.name != "" and wanted.name in names))
        and not {"*", wanted.verb}.isdisjoint(rule.get("verbs") or ())
        and not {"*", wanted.group}.isdisjoint(rule.get("apiGroups") or ())
        and not resources.isdisjoint(rule.get("resources") or ())
    )


# The wording of the API server, which is the same for all authorizers.
_FORBIDDEN = re.compile(r'cannot (?P<verb>\w+) resource "(?P<resource>[^"]+)" in API group "(?P<group>[^"]*)"')


def lacking(rejection: str) -> str:
    """The permission that is missing according to a rejection, as C(str) of a Permission; empty for another rejection.

    Args:
        rejection: the message of the API server.
    """
    found = _FORBIDDEN.search(rejection)
    return str(Permission(found["verb"], found["group"], found["resource"])) if found else ""


def warning(lacked: Iterable[Permission], namespace: str) -> str:
    """A sentence about the optional permissions that are missing; empty if none is missing.

    Args:
        lacked: the missing permissions.
        namespace: namespace of the permissions.
    """
    by_loss: dict[str, list[str]] = {}
    for each in lacked:
        by_loss.setdefault(each.without, []).append(str(each))
    losses = "; ".join(f"{loss} ({', '.join(names)})" for loss, names in by_loss.items())
    return f"The credential lacks permissions in namespace {namespace} or the cluster, and so {losses}." if losses else ""
