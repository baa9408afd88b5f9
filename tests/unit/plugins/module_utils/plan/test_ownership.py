# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The owner of each field, from managedFields as API servers return them."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import (
    claim_sources,
    foreign_fields,
    foreign_fields_sentence,
    is_content_applied,
    is_named_by_content,
    managers,
    sign_of_others,
)

OURS = "jewelry_shop.platform"

# What a server-side apply of a Deployment leaves: items of lists with a dot, mappings without.
APPLIED = """
manager: jewelry_shop.platform
operation: Apply
apiVersion: apps/v1
fieldsType: FieldsV1
fieldsV1:
  f:metadata:
    f:labels: {f:app: {}}
  f:spec:
    f:replicas: {}
    f:selector: {}
    f:template:
      f:metadata:
        f:annotations: {f:kubectl.kubernetes.io/default-container: {}}
        f:labels: {f:app: {}}
      f:spec:
        f:affinity:
          f:podAntiAffinity: {f:preferredDuringSchedulingIgnoredDuringExecution: {}}
        f:automountServiceAccountToken: {}
        f:containers:
          'k:{"name":"django"}':
            .: {}
            f:envFrom: {}
            f:image: {}
            f:name: {}
            f:ports:
              'k:{"containerPort":8000,"protocol":"TCP"}': {.: {}, f:containerPort: {}, f:name: {}}
            f:resources:
              f:limits: {f:memory: {}}
            f:securityContext: {f:allowPrivilegeEscalation: {}}
        f:securityContext: {f:runAsNonRoot: {}}
        f:volumes:
          'k:{"name":"tmp"}': {.: {}, f:emptyDir: {}, f:name: {}}
"""
# What the Deployment controller and `kubectl scale` write.
CONTROLLER = """
manager: kube-controller-manager
operation: Update
apiVersion: apps/v1
subresource: status
fieldsV1:
  f:metadata:
    f:annotations: {.: {}, f:deployment.kubernetes.io/revision: {}}
  f:status:
    f:conditions:
      'k:{"type":"Available"}': {.: {}, f:status: {}, f:type: {}}
    f:readyReplicas: {}
"""
SCALED = "{manager: kubectl, operation: Update, subresource: scale, fieldsV1: {f:spec: {f:replicas: {}}}}"
REPLICAS = "{manager: jewelry_shop.platform.replicas, operation: Apply, fieldsV1: {f:spec: {f:replicas: {}}}}"
# `kubectl patch` with a strategic merge: a container, as the API server completed it, and a field of the pod.
SIDECAR = """
manager: kubectl-patch
operation: Update
apiVersion: apps/v1
fieldsV1:
  f:spec:
    f:template:
      f:spec:
        f:containers:
          'k:{"name":"miner"}':
            .: {}
            f:image: {}
            f:imagePullPolicy: {}
            f:name: {}
            f:resources: {}
            f:terminationMessagePath: {}
            f:terminationMessagePolicy: {}
        f:shareProcessNamespace: {}
"""
SET_ENV = """
manager: kubectl-set
operation: Update
fieldsV1:
  f:spec:
    f:template:
      f:spec:
        f:containers:
          'k:{"name":"django"}':
            f:env:
              .: {}
              'k:{"name":"PYTHONSTARTUP"}': {.: {}, f:name: {}, f:value: {}}
"""
RESTARTED = """
manager: kubectl-rollout
operation: Update
fieldsV1:
  f:spec:
    f:template:
      f:metadata:
        f:annotations: {.: {}, f:kubectl.kubernetes.io/restartedAt: {}}
"""
# Another who applies the same values, and takes part in what is ours.
SHARED = """
manager: argocd-controller
operation: Apply
fieldsV1:
  f:spec:
    f:template:
      f:metadata: {f:labels: {f:app: {}}}
      f:spec:
        f:containers:
          'k:{"name":"django"}': {.: {}, f:image: {}, f:name: {}}
        f:securityContext: {}
"""
INJECTOR = """
manager: reloader
operation: Update
fieldsV1:
  f:spec:
    f:template:
      f:metadata:
        f:annotations: {f:reloader.stakater.com/last-reloaded-from: {}}
"""
IN_OUR_NAME = """
manager: jewelry_shop.platform
operation: Update
fieldsV1: {f:spec: {f:template: {f:spec: {f:hostNetwork: {}}}}}
"""
SEVEN = ", ".join(f"f:field{number}: {{}}" for number in range(7))
MANY = f"{{manager: kubectl-edit, operation: Update, fieldsV1: {{f:spec: {{f:template: {{f:spec: {{{SEVEN}}}}}}}}}}}"
EMPTY_MAP = "{manager: kubectl-edit, operation: Update, fieldsV1: {f:spec: {f:template: {f:spec: {f:nodeSelector: {.: {}}}}}}}"
POD = "spec.template.spec"


def item(kind: str, *entries: str, name: str = "django") -> dict[str, Any]:
    return {"kind": kind, "metadata": {"name": name, "namespace": "shop", "managedFields": [yaml.safe_load(entry) for entry in entries]}}


@pytest.mark.parametrize(
    ("entries", "allowed", "found"),
    [
        pytest.param([APPLIED], [], {}, id="only this collection"),
        pytest.param([APPLIED, CONTROLLER, SCALED, REPLICAS], [], {}, id="status and replicas"),
        pytest.param([APPLIED, RESTARTED], [], {}, id="a restart"),
        pytest.param([RESTARTED], [], {}, id="a restart of a workload of another field manager"),
        pytest.param([APPLIED, SHARED], [], {}, id="the same fields as ours"),
        pytest.param(
            [APPLIED, SIDECAR],
            [],
            {"kubectl-patch": [f"{POD}.containers[name=miner]", f"{POD}.shareProcessNamespace"]},
            id="a container and a field of the pod",
        ),
        pytest.param(
            [APPLIED, SET_ENV],
            [],
            {"kubectl-set": [f"{POD}.containers[name=django].env[name=PYTHONSTARTUP]"]},
            id="a variable in our container",
        ),
        pytest.param(
            [APPLIED, SHARED, SIDECAR],
            ["kubectl-set"],
            {"kubectl-patch": [f"{POD}.containers[name=miner]", f"{POD}.shareProcessNamespace"]},
            id="another one is allowed",
        ),
        pytest.param([APPLIED, SIDECAR], ["kubectl-patch"], {}, id="it is allowed"),
        pytest.param(
            [APPLIED, INJECTOR],
            [],
            {"reloader": ["spec.template.metadata.annotations[reloader.stakater.com/last-reloaded-from]"]},
            id="an annotation",
        ),
        pytest.param([APPLIED, INJECTOR], ["reloader"], {}, id="an annotation of an allowed one"),
        pytest.param([APPLIED, IN_OUR_NAME], [], {OURS: [f"{POD}.hostNetwork"]}, id="an update in our name"),
        pytest.param([APPLIED, EMPTY_MAP], [], {"kubectl-edit": [f"{POD}.nodeSelector"]}, id="an empty mapping"),
        pytest.param(
            [SHARED],
            [],
            {
                "argocd-controller": [
                    "spec.template.metadata.labels.app",
                    f"{POD}.containers[name=django]",
                    f"{POD}.securityContext",
                ]
            },
            id="all of it",
        ),
        pytest.param(
            ["{manager: kube-controller-manager, operation: Update, fieldsV1: {f:spec: {f:template: {f:spec: {f:hostPID: {}}}}}}"],
            [],
            {"kube-controller-manager": [f"{POD}.hostPID"]},
            id="no controller writes a pod template",
        ),
        pytest.param(["{manager: before-first-apply, operation: Update}"], [], {}, id="an entry without fields"),
        pytest.param([], [], {}, id="no entry"),
    ],
)
@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet"])
def test_fields_of_a_pod_template_that_only_others_own_are_found(
    kind: str, entries: list[str], allowed: list[str], found: dict[str, list[str]]
) -> None:
    assert foreign_fields(item(kind, *entries), OURS, allowed) == found


def test_a_port_is_identified_by_all_its_keys() -> None:
    added = """
    manager: kubectl-edit
    operation: Update
    fieldsV1:
      f:spec:
        f:template:
          f:spec:
            f:containers:
              'k:{"name":"django"}':
                f:ports:
                  'k:{"containerPort":22,"protocol":"TCP"}': {.: {}, f:containerPort: {}, f:protocol: {}}
    """
    fields = foreign_fields(item("Deployment", APPLIED, added), OURS)
    assert fields == {"kubectl-edit": [f"{POD}.containers[name=django].ports[containerPort=22,protocol=TCP]"]}


@pytest.mark.parametrize(
    ("entries", "sentence"),
    [
        ([APPLIED], ""),
        (
            [APPLIED, SIDECAR, SET_ENV],
            f"{POD}.containers[name=miner] and {POD}.shareProcessNamespace are set by the field manager kubectl-patch; "
            f"{POD}.containers[name=django].env[name=PYTHONSTARTUP] is set by the field manager kubectl-set",
        ),
        (
            [APPLIED, MANY],
            f"{', '.join(f'{POD}.field{number}' for number in range(5))} and 2 more are set by the field manager kubectl-edit",
        ),
    ],
)
def test_a_sentence_contains_fields_and_managers(entries: list[str], sentence: str) -> None:
    assert foreign_fields_sentence(item("Deployment", *entries), OURS) == sentence


CONTENT = "{manager: jewelry_shop.platform, operation: Apply, fieldsV1: {f:data: {f:A: {}}, f:immutable: {}}}"
LABELS = "{manager: jewelry_shop.platform, operation: Apply, fieldsV1: {f:metadata: {f:labels: {f:app: {}}}}}"
BY_HAND = "{manager: kubectl-create, operation: Update, fieldsV1: {f:data: {.: {}, f:A: {}, f:LD_PRELOAD: {}}, f:type: {}}}"
LABELLED = "{manager: kubectl-label, operation: Update, fieldsV1: {f:metadata: {f:labels: {f:team: {}}}}}"


@pytest.mark.parametrize(
    ("entries", "applied", "found"),
    [
        pytest.param([CONTENT], True, {}, id="ours"),
        pytest.param([CONTENT, LABELLED], True, {}, id="ours, with a label of another field manager"),
        pytest.param([BY_HAND], False, {"kubectl-create": ["data.A", "data.LD_PRELOAD"]}, id="made by hand"),
        pytest.param([LABELS, BY_HAND], False, {"kubectl-create": ["data.A", "data.LD_PRELOAD"]}, id="labels are not its content"),
        pytest.param([CONTENT, BY_HAND], True, {"kubectl-create": ["data.LD_PRELOAD"]}, id="applied over what was made by hand"),
        pytest.param([], False, {}, id="no entry"),
    ],
)
@pytest.mark.parametrize("kind", ["ConfigMap", "Secret"])
def test_keys_that_only_others_own_are_found(kind: str, entries: list[str], applied: bool, found: dict[str, list[str]]) -> None:
    """Whoever may write pod templates may not write Secrets by that."""
    settings = item(kind, *entries)
    assert (is_content_applied(settings, OURS), foreign_fields(settings, OURS, ["kubectl-create"])) == (applied, found)


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Secret", "django-secrets-2bb88t4bm7", True),
        ("ConfigMap", "django-config-2222222222", True),
        ("ConfigMap", "django-config", False),
        ("ConfigMap", "django-config-2bb88t4bm7-old", False),
        ("Service", "django-2bb88t4bm7", False),
    ],
)
def test_names_with_a_hash_of_the_content(kind: str, name: str, expected: bool) -> None:
    assert is_named_by_content(item(kind, name=name)) is expected


@pytest.mark.parametrize(
    ("entries", "path", "expected"),
    [
        ([BY_HAND, LABELLED, CONTROLLER], (), "the field managers kubectl-create and kubectl-label"),
        ([BY_HAND, LABELLED], ("f:data", "f:A"), "the field manager kubectl-create"),
        ([BY_HAND], ("f:data", "f:B"), "an unknown field manager"),
        ([], (), "an unknown field manager"),
    ],
)
def test_the_sentence_lists_the_field_managers(entries: list[str], path: tuple[str, ...], expected: str) -> None:
    assert managers(item("Secret", *entries), *path) == expected


CLAIMED = """
manager: jewelry_shop.platform
operation: Apply
fieldsV1:
  f:metadata: {f:labels: {f:app: {}}}
  f:spec: {f:accessModes: {}, f:resources: {f:requests: {f:storage: {}}}, f:storageClassName: {}}
"""
BOUND = """
manager: {manager}
operation: Update
fieldsV1:
  f:metadata:
    f:annotations: {{f:pv.kubernetes.io/bind-completed: {{}}, f:pv.kubernetes.io/bound-by-controller: {{}}}}
  f:spec: {{f:volumeName: {{}}}}
"""
BOUND_STATUS = """
manager: {manager}
operation: Update
subresource: status
fieldsV1:
  f:status: {{f:accessModes: {{}}, f:capacity: {{.: {{}}, f:storage: {{}}}}, f:phase: {{}}}}
"""
PLANTED = "{manager: kubectl-patch, operation: Update, fieldsV1: {f:spec: {f:volumeName: {}}}}"
ADOPTED = "{manager: jewelry_shop.platform.volume, operation: Update, fieldsV1: {f:spec: {f:volumeName: {}}}}"
CREATED = """
manager: kubectl-create
operation: Update
fieldsV1:
  f:spec: {f:accessModes: {}, f:dataSource: {}, f:resources: {f:requests: {.: {}, f:storage: {}}}, f:volumeMode: {}, f:volumeName: {}}
"""


@pytest.mark.parametrize(
    ("entries", "sources", "sign"),
    [
        pytest.param([CLAIMED], {}, "", id="ours, not bound"),
        *(
            pytest.param([CLAIMED, BOUND.format(manager=manager), BOUND_STATUS.format(manager=manager)], {}, "", id=f"bound by {manager}")
            for manager in ("kube-controller-manager", "k3s")
        ),
        pytest.param(
            [CLAIMED, PLANTED],
            {"kubectl-patch": {"f:volumeName": {}}},
            "spec.volumeName is set by the field manager kubectl-patch",
            id="a volume that another client chose, not bound",
        ),
        pytest.param(
            [CLAIMED, PLANTED, BOUND_STATUS.format(manager="kube-controller-manager")],
            {"kubectl-patch": {"f:volumeName": {}}},
            "spec.volumeName is set by the field manager kubectl-patch",
            id="a volume that another client chose, bound",
        ),
        pytest.param([CLAIMED, ADOPTED, BOUND_STATUS.format(manager="kube-controller-manager")], {}, "", id="adopted"),
        pytest.param(
            [CREATED],
            {"kubectl-create": {"f:dataSource": {}, "f:volumeName": {}}},
            "it was created by the field manager kubectl-create, not by this collection",
            id="made by hand",
        ),
        pytest.param(
            [CLAIMED, CREATED],
            {"kubectl-create": {"f:dataSource": {}, "f:volumeName": {}}},
            "spec.dataSource and spec.volumeName are set by the field manager kubectl-create",
            id="made by hand and applied later",
        ),
        pytest.param([], {}, "it was created by an unknown field manager, not by this collection", id="no entry"),
    ],
)
def test_claims_whose_data_another_client_determined_are_found(entries: list[str], sources: dict[str, Any], sign: str) -> None:
    claim = item("PersistentVolumeClaim", *entries, name="media-pvc")
    assert (claim_sources(claim, OURS), sign_of_others(claim, OURS)) == (sources, sign)
