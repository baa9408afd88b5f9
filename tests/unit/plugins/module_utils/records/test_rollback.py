# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a rollback restores, and when it is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.rollback import (
    described,
    missing_sentence,
    needed,
    reason,
    refusal,
    restored_stages,
    runs_other_code,
    shows_another_release,
    target,
    unfinished,
    with_first_replicas,
)

CONFIG, SECRET = "django-config-6kh7kbg95m", "django-secrets-2222222222"


def django(image: str = "shop:1", config: str = CONFIG, **spec: Any) -> dict[str, Any]:
    env = [{"configMapRef": {"name": config}}, {"secretRef": {"name": SECRET}}, {"secretRef": {"name": "vault"}}]
    more = [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "absent", "key": "a", "optional": True}}}]
    volumes = [{"name": "ca", "configMap": {"name": "ca"}}, {"name": "tls", "secret": {"secretName": "tls"}}]
    pod = {"containers": [{"name": "django", "image": image, "envFrom": env, "env": more}], "volumes": volumes}
    return {"kind": "Deployment", "metadata": {"name": "django"}, "spec": {**spec, "template": {"spec": pod}}}


def record(number: int, image: str, **content: Any) -> dict[str, Any]:
    stages = {
        "configuration": [{"kind": "ConfigMap", "metadata": {"name": CONFIG}, "data": {"A": image}}],
        "secrets": [{"kind": "Secret", "metadata": {"name": name}} for name in (SECRET, "postgresql-secrets-4444444444")],
        "tiers": [django(image)],
    }
    empty = {"rollback_to": 0, "rollback_of": "", "irreversible": "", "jobs": []}
    return {"number": number, "release": image.replace(":", ""), **empty, "stages": stages, **content}


FIVE, SIX, SEVEN = record(5, "shop:5"), record(6, "shop:6"), record(7, "shop:7")
BACK_TO_SIX = record(8, "shop:6", rollback_to=6, rollback_of="0007")


@pytest.mark.parametrize(
    ("records", "wanted", "newest_runs", "number"),
    [
        ([SEVEN, SIX, FIVE], "", True, 6),
        ([SEVEN, SIX, FIVE], "", False, 7),
        ([SEVEN, SIX, FIVE], "5", True, 5),
        ([SEVEN, SIX, FIVE], "shop6", False, 6),
        ([BACK_TO_SIX, SEVEN, SIX, FIVE], "", True, 5),
        ([BACK_TO_SIX, SEVEN, SIX, FIVE], "7", True, 7),
        ([SEVEN, record(6, "shop:7", release="shop7", stages=SEVEN["stages"]), FIVE], "", True, 5),
    ],
    ids=["the one before", "after a failed release", "by number", "by ID", "after a rollback", "forward again", "the same twice"],
)
def test_the_restored_release(records: list[dict[str, Any]], wanted: str, newest_runs: bool, number: int) -> None:
    assert target(records, wanted, newest_runs)["number"] == number


@pytest.mark.parametrize(
    ("records", "message"),
    [
        ([], "there is no record of a release, so there is nothing to roll back to: deploy one with site.yml"),
        (
            [FIVE],
            r"there is no record of a release before number 5 \(shop5\), so there is nothing to roll back to: deploy another release ",
        ),
    ],
)
def test_a_rollback_without_an_earlier_release_is_one_sentence(records: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(PlatformError, match=message):
        target(records, "", newest_runs=True)


DROPS = "drops the column price"


@pytest.mark.parametrize(
    ("records", "restored", "unrecorded", "cause"),
    [
        ([SEVEN, SIX, FIVE], FIVE, "", ""),
        ([SEVEN, {**SIX, "irreversible": DROPS}, FIVE], FIVE, "", f"release shop6 (number 6) cannot be undone: {DROPS}"),
        ([SEVEN, {**SIX, "irreversible": DROPS}, FIVE], {**SIX, "irreversible": DROPS}, "", ""),
        ([{**BACK_TO_SIX, "irreversible": DROPS}, SEVEN, {**SIX, "irreversible": DROPS}], SEVEN, "", ""),
        ([SEVEN, SIX], SEVEN, DROPS, f"the last deployment cannot be undone: {DROPS}"),
    ],
    ids=["reversible", "a newer release", "the release itself", "a copy in a rollback", "a failed release"],
)
def test_a_rollback_over_irreversible_migrations_is_rejected(
    records: list[dict[str, Any]], restored: dict[str, Any], unrecorded: str, cause: str
) -> None:
    sentence = refusal(records, restored, unrecorded)
    assert (cause in sentence) if cause else sentence == ""


def test_the_objects_that_must_exist() -> None:
    """The ConfigMap of the release is applied from the record. PostgreSQL keeps its Secret. An optional reference is not needed."""
    assert needed(SEVEN) == [("ConfigMap", "ca"), ("Secret", SECRET), ("Secret", "tls"), ("Secret", "vault")]


def test_missing_objects_are_named_in_one_sentence() -> None:
    assert missing_sentence(SEVEN, [], "shop") == ""
    assert missing_sentence(SEVEN, [("Secret", SECRET), ("ConfigMap", "ca")], "shop") == (
        "the rollback to release shop7 (number 7) is rejected, because the release needs Secret shop/django-secrets-2222222222, ConfigMap "
        "shop/ca, which no longer exists. Create it again, or deploy the release with site.yml from the inventory of that time"
    )


OURS = "jewelry_shop.platform"
SCALED_BY = "HorizontalPodAutoscaler shop/django"
ENVIRONMENT = "spec.template.spec.containers[name=django].env"
MEMORY = "spec.template.spec.containers[name=django].resources.limits.memory"


def different(path: str, manager: str = OURS, drift: str = "different", **values: str) -> dict[str, str]:
    return {"object": "Deployment shop/django", "drift": drift, "path": path, "manager": manager, "reason": "", **values}


@pytest.mark.parametrize(
    ("line", "found"),
    [
        (different(MEMORY), f"Deployment shop/django: {MEMORY}"),
        (different(ENVIRONMENT, ""), f"Deployment shop/django: {ENVIRONMENT}"),
        (different(MEMORY, "kubectl-set"), f"Deployment shop/django: {MEMORY}"),
        (different("spec.replicas"), "Deployment shop/django: spec.replicas"),
        (different("spec.replicas", "OpenAPI-Generator"), None),
        (different("spec.replicas", "kube-controller-manager"), None),
        (different("", ""), None),
        (different("", "", "missing"), "Deployment shop/django: missing"),
        (different("", "", "unexpected"), "Deployment shop/django: unexpected"),
        (different("", "", "rejected", reason="a webhook denied it"), None),
        (different("spec.minReplicas", "kubectl-edit", object=SCALED_BY), None),
        (different("spec.minReplicas", object=SCALED_BY), f"{SCALED_BY}: spec.minReplicas"),
        (different("metadata.annotations.a", "kubectl-edit", object="Ingress shop/nginx"), None),
        (different("spec.strategy.type", "kubectl-edit"), None),
    ],
    ids=[
        "limits", "removed variables", "pods changed by hand", "replicas of a run", "scale.yml", "an autoscaler",
        "only the owner of the replicas", "missing", "only in the failed release", "rejected",
        "autoscaler changed by hand", "autoscaler of a run", "Ingress changed by hand", "strategy changed by hand",
    ],
)  # fmt: skip
def test_what_differs_from_the_newest_record(line: dict[str, str], found: str | None) -> None:
    assert (described(line) if shows_another_release(line, OURS) else None) == found


@pytest.mark.parametrize(
    ("line", "other"),
    [
        (different("spec.template.spec.containers[name=django].image"), True),
        (different("spec.template.spec.initContainers[name=static].image"), True),
        (different(ENVIRONMENT), True),
        (different("spec.template.spec.containers[name=django].envFrom[[0]].configMapRef.name"), True),
        (different("spec.template.spec.volumes[name=ca].configMap.name"), True),
        (different("", "", "missing"), True),
        (different("", "", "unexpected"), False),
        (different(MEMORY), False),
        (different("spec.replicas"), False),
        (different("", "", "missing", object="ConfigMap shop/nginx-config"), False),
    ],
    ids=[
        "image", "image of an init container", "environment", "name of the configuration", "volume", "missing", "a further tier", "limits",
        "replicas", "missing object of another kind",
    ],
)  # fmt: skip
def test_other_migrations_may_have_run_if_images_or_configuration_differ(line: dict[str, str], other: bool) -> None:
    assert runs_other_code(line) is other


def left(kind: str, name: str, minute: int, release: str = "", manager: str = OURS) -> dict[str, Any]:
    """An object that a run created at a minute after 10:00."""
    fields: dict[str, Any] = {"f:data": {}, "f:spec": {"f:template": {}}}
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": fields}
    created = f"2026-11-30T10:{minute:02}:00Z"
    metadata = {"name": name, "namespace": "shop", "creationTimestamp": created, "managedFields": [entry]}
    return {"kind": kind, "metadata": {**metadata, "labels": {"jewelry-shop/release": release} if release else {}}}


RECORDED = left("ConfigMap", "release-0007", 30)


@pytest.mark.parametrize(
    ("objects", "found"),
    [
        ([left("ConfigMap", "django-config-5555555555", 31)], ["ConfigMap shop/django-config-5555555555"]),
        ([left("Job", "migrate-shop8", 31, "shop8")], ["Job shop/migrate-shop8"]),
        ([left("ConfigMap", "django-config-5555555555", 29), left("Job", "migrate-shop8", 30, "shop8")], []),
        ([left("ConfigMap", CONFIG, 31), left("Job", "migrate-shop7", 31, "shop7")], []),
        ([left("ConfigMap", "mine", 31), left("Job", "mine", 31)], []),
        ([left("ConfigMap", "django-config-5555555555", 31, manager="kubectl"), left("Job", "migrate-shop8", 31, "shop8", "kubectl")], []),
    ],
    ids=["configuration", "migration", "before the record", "of the release", "without hash and release", "not managed by this collection"],
)  # fmt: skip
def test_what_a_deployment_left_that_ended_before_the_tiers(objects: list[dict[str, Any]], found: list[str]) -> None:
    assert unfinished(SEVEN, [RECORDED, *objects], OURS) == found


SEVENTH = "release shop7 (number 7)"
HINT = "To restore another release, set rollback_to_release."


@pytest.mark.parametrize(
    ("restored", "wanted", "failed", "differing", "begun", "sentences"),
    [
        (SIX, "", False, [], [], "What runs is release shop7 (number 7). Restoring release shop6 (number 6), the last release before it."),
        (SIX, "6", False, [], [], "What runs is release shop7 (number 7). Restoring release shop6 (number 6), as requested."),
        (
            SEVEN, "", False, ["Deployment shop/django: a", *"bcde"], ["Job shop/migrate-shop8"],
            f"What runs differs from the newest record, {SEVENTH}: Deployment shop/django: a; b; c; 2 more. Restoring {SEVENTH}. {HINT}",
        ),
        (
            SEVEN, "", False, [], ["Job shop/migrate-shop8"],
            "What runs is release shop7 (number 7). A later deployment ended before it changed the tiers, and left Job shop/migrate-shop8. "
            f"Restoring {SEVENTH}. {HINT}",
        ),
        (SEVEN, "", True, [], [], f"The deployment failed after it changed the tiers. Restoring {SEVENTH}, the newest record."),
    ],
    ids=["the one before", "by number", "another one runs", "ended before the tiers", "in the same run"],
)  # fmt: skip
def test_a_rollback_says_what_runs_what_it_restores_and_why(
    restored: dict[str, Any], wanted: str, failed: bool, differing: list[str], begun: list[str], sentences: str
) -> None:
    assert reason(SEVEN, restored, wanted, failed, differing, begun) == sentences


def test_data_services_and_additional_objects_stay_as_in_the_newest_record() -> None:
    postgresql = [{"kind": "StatefulSet", "metadata": {"name": "postgresql"}}]
    newest = {**SEVEN, "stages": {**SEVEN["stages"], "data_services": postgresql, "ingress": [{"kind": "Ingress"}]}}
    stages = restored_stages(FIVE, newest)
    assert stages["data_services"] == postgresql
    assert stages["tiers"] == FIVE["stages"]["tiers"]
    assert (stages["ingress"], stages["network_policies"], stages["monitoring"]) == ([], [], [])


AUTOSCALER = {
    "kind": "HorizontalPodAutoscaler",
    "metadata": {"name": "django"},
    "spec": {"scaleTargetRef": {"name": "django"}, "minReplicas": 3},
}


@pytest.mark.parametrize(
    ("deployment", "existing", "replicas"),
    [(django(), [], 3), (django(), ["django"], None), (django(replicas=2), [], 2)],
    ids=["created", "exists", "has replicas"],
)
def test_a_created_tier_starts_with_the_minimum_of_its_autoscaler(
    deployment: dict[str, Any], existing: list[str], replicas: int | None
) -> None:
    found, autoscaler = with_first_replicas([deployment, AUTOSCALER], existing)
    assert found["spec"].get("replicas") == replicas
    assert autoscaler == AUTOSCALER
