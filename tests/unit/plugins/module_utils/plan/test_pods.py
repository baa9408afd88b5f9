# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.pods import comes_before_old_ones_go, is_certain, new_pod

Workload = dict[str, Any]
Change = Callable[[Workload], object]

# As a dry run answers: with the API server's defaults.
DEPLOYMENT: Workload = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "django", "namespace": "shop", "labels": {"team": "web"}},
    "spec": {
        "replicas": 3,
        "strategy": {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}},
        "template": {
            "metadata": {"creationTimestamp": None, "labels": {"app": "jewelry-shop"}, "annotations": {"prometheus.io/scrape": "true"}},
            "spec": {"containers": [{"name": "django", "image": "shop:1"}], "volumes": [{"name": "tmp", "emptyDir": {}}]},
        },
    },
}
STATEFUL_SET: Workload = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "postgres", "namespace": "shop"},
    "spec": {
        "replicas": 1,
        "updateStrategy": {"type": "RollingUpdate", "rollingUpdate": {"partition": 0}},
        "template": {"metadata": {"labels": {"app": "postgres"}}, "spec": {"containers": [{"name": "postgres", "image": "postgres:17"}]}},
        "volumeClaimTemplates": [{"metadata": {"name": "data"}, "spec": {}}],
    },
}


def changed(original: Workload, *changes: Change) -> Workload:
    result = copy.deepcopy(original)
    for change in changes:
        change(result)
    return result


def image(workload: Workload) -> None:
    workload["spec"]["template"]["spec"]["containers"][0]["image"] = "other:2"


def replicas(count: int) -> Change:
    return lambda workload: workload["spec"].update(replicas=count)


def strategy(value: dict[str, Any]) -> Change:
    return lambda workload: workload["spec"].update(strategy=value)


def unavailable(value: int | str) -> Change:
    return strategy({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": value}})


def test_the_dry_run_pod_equals_the_pod_of_the_controller() -> None:
    assert new_pod(None, DEPLOYMENT) == {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "generateName": "django-",
            "namespace": "shop",
            "labels": {"app": "jewelry-shop"},
            "annotations": {"prometheus.io/scrape": "true"},
        },
        "spec": DEPLOYMENT["spec"]["template"]["spec"],
    }


def test_a_pod_of_a_stateful_set_has_the_volumes_of_its_claims() -> None:
    pod = new_pod(None, STATEFUL_SET)
    assert pod is not None
    assert pod["spec"]["volumes"] == [{"name": "data", "persistentVolumeClaim": {"claimName": "data-postgres-0"}}]


@pytest.mark.parametrize(
    ("live", "applied", "brings"),
    [
        pytest.param(None, DEPLOYMENT, True, id="a new Deployment"),
        pytest.param(None, changed(DEPLOYMENT, replicas(0)), False, id="a new Deployment without replicas"),
        pytest.param(DEPLOYMENT, DEPLOYMENT, False, id="nothing changes"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image), True, id="another image"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image, replicas(0)), False, id="another image, and none of it"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, replicas(4)), True, id="one replica more"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, replicas(2)), False, id="one replica less"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, lambda o: o["metadata"].update(labels={})), False, id="labels of the Deployment"),
        pytest.param(None, {**DEPLOYMENT, "kind": "Service", "spec": {}}, False, id="a Service"),
        pytest.param({**DEPLOYMENT, "status": {"replicas": 3}}, DEPLOYMENT, False, id="all pods are there"),
        pytest.param({**DEPLOYMENT, "status": {"replicas": 2}}, DEPLOYMENT, True, id="a pod is lacking"),
        pytest.param({**DEPLOYMENT, "status": {"observedGeneration": 1}}, DEPLOYMENT, True, id="all pods are lacking"),
        pytest.param(
            {**DEPLOYMENT, "status": {"replicas": 3, "conditions": [{"type": "ReplicaFailure", "status": "True"}]}},
            DEPLOYMENT,
            True,
            id="the new ones are lacking",
        ),
    ],
)
def test_only_a_change_that_creates_pods_has_a_dry_run_pod(live: Workload | None, applied: Workload, brings: bool) -> None:
    assert (new_pod(live, applied) is not None) == brings


@pytest.mark.parametrize(
    ("live", "applied", "before"),
    [
        pytest.param(None, DEPLOYMENT, True, id="no old pods"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image), True, id="all old pods must stay"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image, unavailable(1)), False, id="one old pod can end first"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image, unavailable("25%")), True, id="a quarter of three is none"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image, unavailable("34%")), False, id="a third of three may go"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, image, strategy({"type": "Recreate"})), False, id="all go first"),
        pytest.param(DEPLOYMENT, changed(DEPLOYMENT, replicas(4), unavailable(1)), True, id="one more"),
        pytest.param(STATEFUL_SET, changed(STATEFUL_SET, image), False, id="the one of that name goes first"),
        pytest.param({**STATEFUL_SET, "status": {"observedGeneration": 1}}, STATEFUL_SET, True, id="it is lacking"),
    ],
)
def test_a_full_quota_rejects_a_pod_only_if_old_pods_stay(live: Workload | None, applied: Workload, before: bool) -> None:
    assert comes_before_old_ones_go(live, applied) == before


QUOTA = 'Deployment shop/django: pods "django-x" is forbidden: exceeded quota: q, requested: pods=1, used: pods=10, limited: pods=10'
# As OpenShift says it.
SECURITY_CONTEXT = (
    'pods "django-" is forbidden: unable to validate against any security context constraint: [provider "anyuid": Forbidden: not usable by '
    "user or serviceaccount, spec.containers[0].securityContext.runAsUser: Invalid value: 1000: must be in the ranges: [1000680000, "
    "1000689999]]"
)


@pytest.mark.parametrize(
    ("refusal", "before_old_ones_go", "certain"),
    [
        (QUOTA, True, True),
        (QUOTA, False, False),
        ('pods "d-x" is forbidden: failed quota: q: must specify limits.cpu for: django', False, True),
        ('pods "d-x" is forbidden: minimum memory usage per Container is 200Mi, but request is 64Mi', False, True),
        ('pods "d-x" is forbidden: violates PodSecurity "restricted:latest": runAsNonRoot != true', False, True),
        ('admission webhook "policy.example.com" denied the request: no owner label', False, True),
        (SECURITY_CONTEXT, False, True),
        ("", True, False),
        ('pods is forbidden: User "deployer" cannot create resource "pods" in API group "" in the namespace "shop"', True, False),
        ('pods "d-" is forbidden: error looking up service account shop/django: serviceaccount "django" not found', True, False),
        ('admission webhook "inject.example.com" does not support dry run', True, False),
        ("Internal error occurred: failed calling webhook: connect: connection refused", True, False),
        ('Pod "d-x" is invalid: spec.containers[0].volumeMounts[0].name: Not found: "data"', True, False),
        ('namespaces "shop" not found', True, False),
    ],
)
def test_only_a_rejection_that_the_controller_would_get_is_permanent(refusal: str, before_old_ones_go: bool, certain: bool) -> None:
    assert is_certain(refusal, before_old_ones_go) == certain
