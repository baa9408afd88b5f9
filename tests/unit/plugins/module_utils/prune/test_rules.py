# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Which objects are removed and which stay, for objects as a cluster returns them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import hash_named
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import (
    Rules,
    disposable,
    mentioned,
    old_jobs,
    releases_of,
    staying,
    too_many_revisions,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.record import kept_releases

Manifest = dict[str, Any]

NOW = datetime.fromisoformat("2026-11-26T12:00:00+00:00")
NAME = "django-config-6kh7kbg95m"
RULES = Rules(
    namespace="shop",
    labels={"app": "jewelry-shop", "app.kubernetes.io/managed-by": "ansible"},
    field_manager="jewelry_shop.platform",
    release_label="jewelry-shop/release",
    release="current",
    history=2,
    keep=(),
    minimum_age=3600,
)
# As PartialObjectMetadata, which is all that is read of a Secret.
CONFIGURATION = """
kind: ConfigMap
metadata:
  name: django-config-6kh7kbg95m
  namespace: shop
  uid: u-1
  resourceVersion: "4711"
  creationTimestamp: "2026-11-25T12:00:00Z"
  labels: {app: jewelry-shop, app.kubernetes.io/managed-by: ansible}
  managedFields:
    - manager: jewelry_shop.platform
      operation: Apply
      apiVersion: v1
      time: "2026-11-25T12:00:00Z"
      fieldsType: FieldsV1
      fieldsV1:
        f:data: {f:SITE_URL: {}}
        f:immutable: {}
        f:metadata: {f:labels: {f:app: {}}}
"""


def load(text: str) -> Any:
    return yaml.safe_load(text)


def configuration(**metadata: Any) -> Manifest:
    item: Manifest = load(CONFIGURATION)
    item["metadata"].update(metadata)
    return item


def managed(**entry: Any) -> list[Manifest]:
    """The managedFields of an object, by default of this collection."""
    [ours] = configuration()["metadata"]["managedFields"]
    return [{**ours, **entry}]


@pytest.mark.parametrize(
    ("item", "may_go"),
    [
        pytest.param(configuration(), True, id="of an old release"),
        pytest.param({**configuration(), "kind": "Secret"}, True, id="a Secret"),
        pytest.param(configuration(creationTimestamp="2026-11-26T11:00:00Z"), True, id="just old enough"),
        pytest.param(configuration(creationTimestamp="2026-11-26T11:00:01Z"), False, id="young"),
        pytest.param(configuration(name="django-config-used"), False, id="of the current run"),
        pytest.param(configuration(name="django-config"), False, id="without a hash"),
        pytest.param(configuration(name="django-config-6kh7kbg95"), False, id="nine characters"),
        pytest.param(configuration(name="django-config-6kh7kbg95a"), False, id="a letter that no hash has"),
        pytest.param(configuration(name="6kh7kbg95m"), False, id="nothing but a hash"),
        pytest.param(configuration(name="django-config-6kh7kbg95m-copy"), False, id="a hash in the middle"),
        pytest.param(configuration(managedFields=managed(manager="kubectl-create", operation="Update")), False, id="made by hand"),
        pytest.param(configuration(managedFields=managed(manager="kubectl")), False, id="applied by another field manager"),
        pytest.param(configuration(managedFields=managed(operation="Update")), False, id="not applied"),
        pytest.param(configuration(managedFields=managed(fieldsV1={"f:data": {}})), False, id="not immutable"),
        pytest.param(configuration(managedFields=None), False, id="restored without its fields' managers"),
        pytest.param(configuration(ownerReferences=[{"kind": "App", "uid": "u-9"}]), False, id="of another object"),
        pytest.param(configuration(deletionTimestamp="2026-11-26T11:59:00Z"), False, id="on its way out"),
    ],
)
def test_objects_that_can_be_removed_without_references(item: Manifest, may_go: bool) -> None:
    rules = replace(RULES, keep=["django-config-used"])
    assert (disposable([item], rules, NOW) == [item]) == may_go


def test_objects_of_this_run_stay_at_any_age() -> None:
    assert disposable([configuration()], replace(RULES, keep=[NAME], minimum_age=0), NOW) == []


@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_names_of_configuration_objects_end_with_the_expected_hash(kind: str) -> None:
    """With all of the ten characters being right, since a hash has any of sixteen."""
    for number in range(50):
        named = hash_named({"kind": kind, "metadata": {"name": "x"}, "data": {"A": str(number)}})
        item = configuration(name=named["metadata"]["name"])
        assert disposable([item], RULES, NOW) == [item]


# Each way to refer to a ConfigMap or Secret, in the place of a pod's specification where it stands.
REFERENCES = {
    "envFrom, a ConfigMap": "containers: [{name: a, envFrom: [{configMapRef: {name: NAME}}]}]",
    "envFrom, a Secret": "containers: [{name: a, envFrom: [{secretRef: {name: NAME}}]}]",
    "valueFrom, a ConfigMap": "containers: [{name: a, env: [{name: A, valueFrom: {configMapKeyRef: {name: NAME, key: A}}}]}]",
    "valueFrom, a Secret": "containers: [{name: a, env: [{name: A, valueFrom: {secretKeyRef: {name: NAME, key: A}}}]}]",
    "an init container": "initContainers: [{name: a, envFrom: [{secretRef: {name: NAME}}]}]",
    "an ephemeral container": "ephemeralContainers: [{name: a, envFrom: [{configMapRef: {name: NAME}}]}]",
    "a volume, ConfigMap": "volumes: [{name: v, configMap: {name: NAME, defaultMode: 420}}]",
    "a volume, Secret": "volumes: [{name: v, secret: {secretName: NAME, defaultMode: 420}}]",
    "a projected ConfigMap": "volumes: [{name: v, projected: {sources: [{serviceAccountToken: {path: t}}, {configMap: {name: NAME}}]}}]",
    "a projected Secret": "volumes: [{name: v, projected: {sources: [{secret: {name: NAME}}]}}]",
    "a volume's driver": "volumes: [{name: v, csi: {driver: d, nodePublishSecretRef: {name: NAME}}}]",
    "a pull secret": "imagePullSecrets: [{name: other}, {name: NAME}]",
}
# Each kind that holds a pod's specification.
HOLDERS = {
    "Pod": "spec: POD",
    "Deployment": "spec: {replicas: 3, template: {spec: POD}}",
    "ReplicaSet": "spec: {replicas: 3, template: {spec: POD}}",
    "StatefulSet": "spec: {template: {spec: POD}}",
    "DaemonSet": "spec: {template: {spec: POD}}",
    "Job": "spec: {template: {spec: POD}}",
    "CronJob": "spec: {jobTemplate: {spec: {template: {spec: POD}}}}",
    "ControllerRevision": "data: {spec: {template: {$patch: replace, spec: POD}}}",
}
# What refers to one otherwise, and what a release leaves behind that still does.
OTHERS = {
    "a ServiceAccount's pull secret": "{kind: ServiceAccount, imagePullSecrets: [{name: NAME}]}",
    "a ServiceAccount's secret": "{kind: ServiceAccount, secrets: [{name: NAME}]}",
    "an Ingress's certificate": "{kind: Ingress, spec: {tls: [{hosts: [a.example.com], secretName: NAME}]}}",
    "an old ReplicaSet": """
        {kind: ReplicaSet, spec: {replicas: 0, template: {spec: {containers: [{envFrom: [{configMapRef: {name: NAME}}]}]}}},
         status: {replicas: 0}}""",
    "a pod that has ended": "{kind: Pod, spec: {containers: [{envFrom: [{configMapRef: {name: NAME}}]}]}, status: {phase: Failed}}",
    "a suspended CronJob": """
        {kind: CronJob, spec: {suspend: true, jobTemplate: {spec: {template: {spec: {volumes: [{secret: {secretName: NAME}}]}}}}}}""",
}


@pytest.mark.parametrize("holder", HOLDERS)
@pytest.mark.parametrize("reference", REFERENCES)
def test_references_are_found_in_each_kind(holder: str, reference: str) -> None:
    text = HOLDERS[holder].replace("POD", f"{{{REFERENCES[reference]}}}").replace("NAME", NAME)
    assert NAME in mentioned([{"kind": holder, **load(f"{{{text}}}")}])


@pytest.mark.parametrize("other", OTHERS)
def test_other_references_are_found(other: str) -> None:
    assert NAME in mentioned([load(OTHERS[other].replace("NAME", NAME))])


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("{kind: Pod, spec: {volumes: [{configMap: {name: NAMEs}}]}}", id="a longer name"),
        pytest.param("{kind: Pod, metadata: {annotations: {was: NAME}}, spec: {}}", id="an annotation"),
        pytest.param("{kind: Pod, spec: {}, status: {message: NAME}}", id="a status"),
        pytest.param("{kind: Deployment, spec: {template: {spec: {volumes: []}}}}", id="nothing"),
    ],
)
def test_values_that_are_not_references(text: str) -> None:
    assert NAME not in mentioned([load(text.replace("NAME", NAME))])


def job(name: str, hours: float, release: str | None = None, condition: str = "Complete", **metadata: Any) -> Manifest:
    """A Job that is some hours old."""
    return {
        "kind": "Job",
        "metadata": {
            "name": name,
            "uid": f"u-{name}",
            "creationTimestamp": (NOW - timedelta(hours=hours)).isoformat(),
            "labels": {"app": "jewelry-shop", **({"jewelry-shop/release": release} if release else {})},
            "managedFields": managed(apiVersion="batch/v1", fieldsV1={"f:spec": {}}),
            **metadata,
        },
        "status": {"conditions": [{"type": condition, "status": "True"}]} if condition else {"active": 1},
    }


HISTORY = [
    job("migrate-current", 90, "current"),
    job("migrate-a", 10, "a"),
    job("migrate-b", 20, "b"),
    job("migrate-c", 30, "c"),
    job("collectstatic-c", 29, "c"),
    job("migrate-d", 40, "d"),
]


def names(items: Sequence[Mapping[str, Any]]) -> list[str]:
    return [item["metadata"]["name"] for item in items]


@pytest.mark.parametrize(
    ("jobs", "gone"),
    [
        pytest.param(HISTORY, ["migrate-c", "collectstatic-c", "migrate-d"], id="all but the current and the two newest others"),
        pytest.param(HISTORY[:3], [], id="no more than these"),
        pytest.param([*HISTORY, job("compress-d", 5, "d")], ["migrate-b", "migrate-c", "collectstatic-c"], id="as new as its newest Job"),
        pytest.param([*HISTORY[:3], job("x", 99, "x", "")], [], id="an active one"),
        pytest.param([*HISTORY[:3], job("x", 99, "x", "Suspended")], [], id="a suspended one"),
        pytest.param([*HISTORY[:3], job("x", 99, "x", "Failed")], ["x"], id="a failed one"),
        pytest.param([*HISTORY[:3], job("x", 99)], [], id="one of no release"),
        pytest.param([*HISTORY[:3], job("x", 99, "x", managedFields=managed(manager="kubectl"))], [], id="of another field manager"),
        pytest.param([*HISTORY[:3], job("x", 99, "x", ownerReferences=[{"kind": "CronJob", "uid": "u-9"}])], [], id="a CronJob's"),
    ],
)
def test_jobs_of_old_releases_are_removed(jobs: list[Manifest], gone: list[str]) -> None:
    kept = kept_releases([], RULES.release, RULES.history, releases_of(jobs, RULES.release_label))
    assert names(old_jobs(jobs, RULES, kept, NOW)) == gone


def test_recent_jobs_stay() -> None:
    assert names(old_jobs([job("x", 1.01, "x"), job("y", 0.99, "y")], RULES, (), NOW)) == ["x"]


def test_only_the_ended_pods_of_a_removed_job_are_removed() -> None:
    def pod(name: str, phase: str, owner: str) -> Manifest:
        owners = [{"kind": "Job", "uid": owner, "controller": True}]
        return {"kind": "Pod", "metadata": {"name": name, "uid": name, "ownerReferences": owners}, "status": {"phase": phase}}

    items = [
        job("migrate-a", 10, "a"),
        job("migrate-b", 10, "b"),
        pod("ended", "Succeeded", "u-migrate-b"),
        pod("ended badly", "Failed", "u-migrate-b"),
        pod("still running", "Running", "u-migrate-b"),
        pod("of another Job", "Succeeded", "u-migrate-a"),
        {"kind": "Pod", "metadata": {"name": "of nobody", "uid": "p"}, "status": {"phase": "Failed"}},
    ]
    assert names(staying(items, {"u-migrate-b"})) == ["migrate-a", "still running", "of another Job", "of nobody"]


@pytest.mark.parametrize(
    ("replica_sets", "manager", "surplus"),
    [(3, "jewelry_shop.platform", False), (4, "jewelry_shop.platform", True), (4, "helm", False)],
    ids=["the current one and two others", "one more", "not ours, whose rollout may be stuck"],
)
def test_surplus_replica_sets_are_recognized(replica_sets: int, manager: str, surplus: bool) -> None:
    deployment = {"metadata": {"uid": "d", "managedFields": managed(manager=manager)}, "spec": {"revisionHistoryLimit": 2}}
    owned = [{"metadata": {"ownerReferences": [{"uid": "d", "controller": True}]}} for _number in range(replica_sets)]
    other = {"metadata": {"ownerReferences": [{"uid": "e", "controller": True}]}}
    assert too_many_revisions([deployment], [*owned, other, other], "jewelry_shop.platform") == surplus
