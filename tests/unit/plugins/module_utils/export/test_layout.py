# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The steps of an export, and how Argo CD and Flux keep their order."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.hooks import Flux, for_argocd, for_flux, kustomizations
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.layout import Step, file_names, steps

FLUX = Flux("clusters/production", "flux-system", "GitRepository", "shop", "jewelry-shop", 600, 1830)


def made(kind: str, name: str, **others: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, **others}


def job(command: str, *claims: str) -> dict[str, Any]:
    volumes = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in claims]
    found = made("Job", f"{command}-abc", spec={"template": {"spec": {"volumes": volumes}}})
    return {**found, "metadata": {**found["metadata"], "labels": {"component": command}}}


# Templates result in a string.
TIERS = """
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: django}
spec: {template: {spec: {volumes: [{name: exports, persistentVolumeClaim: {claimName: exports}}]}}}
"""
STAGES: list[tuple[str, Any]] = [
    ("namespace", made("Namespace", "shop")),
    ("configuration", [made("ConfigMap", "config-abc", immutable=True), made("ConfigMap", "own")]),
    ("secrets", []),
    ("storage", [made("PersistentVolumeClaim", "media"), made("PersistentVolumeClaim", "exports"), made("PersistentVolumeClaim", "idle")]),
    ("pre_deploy", [job("check"), job("migrate", "media")]),
    ("tiers", TIERS),
    ("post_deploy", [job("report")]),
]


def annotations_of(order: list[Step], kind: str, name: str) -> dict[str, str]:
    [found] = [each for step in order for each in step.manifests if (each["kind"], each["metadata"]["name"]) == (kind, name)]
    kept: dict[str, str] = {key.partition("/")[2]: value for key, value in found["metadata"].get("annotations", {}).items()}
    return kept


def test_each_stage_with_objects_and_each_job_is_a_step_in_order() -> None:
    order = steps(STAGES)
    assert [(step.name, step.folder, len(step.manifests)) for step in order] == [
        ("namespace", "01-namespace", 1),
        ("configuration", "02-configuration", 2),
        ("storage", "04-storage", 3),
        ("pre-deploy-check", "05-pre-deploy-1-check", 1),
        ("pre-deploy-migrate", "05-pre-deploy-2-migrate", 1),
        ("tiers", "06-tiers", 1),
        ("post-deploy-report", "07-post-deploy-1-report", 1),
    ]
    waves = [step.wave for step in order]
    assert waves == sorted(set(waves))


def test_a_secret_with_content_is_rejected_without_its_content() -> None:
    with pytest.raises(PlatformError, match="contains data or stringData") as raised:
        steps([("extra_objects", [made("Secret", "mine", stringData={"a": "hunter2"})])])
    assert "hunter2" not in str(raised.value)


@pytest.mark.parametrize(
    ("manifests", "names"),
    [
        ([made("ConfigMap", "a")], ["configmap-a.yaml"]),
        ([made("Role", "system:shop/a")], ["role-system-shop-a.yaml"]),
        # The same name in two namespaces.
        ([made("ConfigMap", "a"), made("ConfigMap", "a")], ["configmap-a.yaml", "configmap-a-2.yaml"]),
    ],
)
def test_files_are_named_by_kind_and_name(manifests: list[dict[str, Any]], names: list[str]) -> None:
    assert list(file_names(manifests)) == names


@pytest.mark.parametrize(
    ("kind", "name", "expected"),
    [
        ("Namespace", "shop", {"sync-wave": "100", "sync-options": "Prune=false,Delete=false"}),
        ("ConfigMap", "config-abc", {"sync-wave": "200", "sync-options": "PruneLast=true"}),
        ("ConfigMap", "own", {"sync-wave": "200"}),
        # A claim has the wave of its first user. Argo CD would wait for an unbound claim before the next wave.
        ("PersistentVolumeClaim", "media", {"sync-wave": "502", "sync-options": "Prune=false,Delete=false"}),
        ("PersistentVolumeClaim", "exports", {"sync-wave": "600", "sync-options": "Prune=false,Delete=false"}),
        ("PersistentVolumeClaim", "idle", {"sync-wave": "400", "sync-options": "Prune=false,Delete=false"}),
        ("Job", "migrate-abc", {"sync-wave": "502", "hook": "Sync", "hook-delete-policy": "BeforeHookCreation,HookSucceeded"}),
        ("Deployment", "django", {"sync-wave": "600"}),
        ("Job", "report-abc", {"sync-wave": "701", "hook": "PostSync", "hook-delete-policy": "BeforeHookCreation,HookSucceeded"}),
    ],
)
def test_argo_cd_keeps_the_order_and_the_data(kind: str, name: str, expected: dict[str, str]) -> None:
    assert annotations_of(for_argocd(steps(STAGES)), kind, name) == expected


def test_annotations_of_the_inventory_stay() -> None:
    own = {**made("ConfigMap", "a"), "metadata": {"name": "a", "annotations": {"contact": "shop@example.com"}}}
    [step] = for_argocd(steps([("configuration", [own])]))
    assert step.manifests[0]["metadata"]["annotations"] == {"contact": "shop@example.com", "argocd.argoproj.io/sync-wave": "100"}


@pytest.mark.parametrize(
    ("kind", "name", "kept"),
    [
        ("Namespace", "shop", True),
        ("PersistentVolumeClaim", "media", True),
        ("ConfigMap", "config-abc", True),
        ("ConfigMap", "own", False),
        ("Deployment", "django", False),
        ("Job", "migrate-abc", False),
    ],
)
def test_flux_does_not_prune_data_and_what_old_pods_need(kind: str, name: str, kept: bool) -> None:
    assert annotations_of(for_flux(steps(STAGES)), kind, name) == ({"prune": "disabled"} if kept else {})


def test_each_kustomization_of_flux_depends_on_the_one_before() -> None:
    found = kustomizations(steps(STAGES), FLUX)
    names = [each["metadata"]["name"] for each in found]
    assert [each["spec"].get("dependsOn", []) for each in found] == [[], *([{"name": name}] for name in names[:-1])]
    assert names[3:5] == ["jewelry-shop-pre-deploy-check", "jewelry-shop-pre-deploy-migrate"]
    assert [each["spec"]["wait"] for each in found] == [True, True, False, True, True, True, True]
    assert [each["spec"].get("force", False) for each in found] == [False, False, False, True, True, False, True]
    assert {each["spec"]["timeout"] for each in found if "force" in each["spec"]} == {"1830s"}
    assert all(each["spec"]["prune"] and each["spec"]["sourceRef"] == {"kind": "GitRepository", "name": "shop"} for each in found)


def test_a_step_that_is_left_out_renames_no_kustomization() -> None:
    # Flux deletes the objects of a Kustomization whose name is gone.
    without = kustomizations(steps([STAGES[0], *STAGES[3:4], ("pre_deploy", [job("migrate", "media")]), *STAGES[5:]]), FLUX)
    assert {each["metadata"]["name"] for each in without} < {each["metadata"]["name"] for each in kustomizations(steps(STAGES), FLUX)}


@pytest.mark.parametrize("path", ["clusters/production", "./clusters/production/", "/clusters//production"])
def test_the_path_of_flux_is_relative_to_the_repository(path: str) -> None:
    found = kustomizations(steps(STAGES[:1]), dataclasses.replace(FLUX, path=path))
    assert found[0]["spec"]["path"] == "./clusters/production/01-namespace"
