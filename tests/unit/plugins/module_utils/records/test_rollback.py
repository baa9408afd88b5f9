# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What a rollback restores, and when it is rejected."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.records.rollback import (
    is_running,
    missing_sentence,
    needed,
    refusal,
    restored_stages,
    target,
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
        ([SEVEN, SIX], SEVEN, DROPS, f"the running release cannot be undone: {DROPS}"),
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


@pytest.mark.parametrize(
    ("live", "runs"),
    [
        ([django("shop:7")], True),
        ([django("shop:7", replicas=9)], True),
        ([django("shop:8")], False),
        ([django("shop:7", "django-config-5555555555")], False),
        ([], False),
    ],
    ids=["equal", "scaled", "another image", "another configuration", "missing"],
)
def test_a_release_runs_if_images_and_configuration_are_its_own(live: list[dict[str, Any]], runs: bool) -> None:
    assert is_running(SEVEN, live) is runs


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
