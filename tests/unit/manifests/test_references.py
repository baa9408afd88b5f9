"""Production with values in existing Secrets and ConfigMaps, and with settings of pods."""

from __future__ import annotations

from typing import Any

ANNOTATION = "jewelry-shop/references"
OF_THE_APPLICATION = {"ConfigMap/flags", "ConfigMap/places", "Secret/database", "Secret/mail", "Secret/queues"}
VARIABLES = {"POSTGRES_HOST", "POD_NAME", "POSTGRES_PASSWORD", "REDIS_PASSWORD", "CELERY_BROKER_URL", "CELERY_RESULT_BACKEND"}
APPLICATION = ("django", "celery-worker", "celery-beat", "check-services", "migrate", "collectstatic")


def templates(manifests: Any) -> dict[str, dict[str, Any]]:
    """The pod templates by component."""
    owners = manifests.of_kind("Deployment", "StatefulSet", "Job")
    return {owner["metadata"]["labels"]["component"]: owner["spec"]["template"] for owner in owners}


def test_pods_of_tiers_and_jobs_have_the_revisions_of_existing_objects(references: Any) -> None:
    found = {name: template["metadata"].get("annotations", {}).get(ANNOTATION, "") for name, template in templates(references).items()}
    used = {name: {each.split()[0] for each in text.split(", ")} for name, text in found.items() if text}
    assert used == {**dict.fromkeys(APPLICATION, OF_THE_APPLICATION), "celery-worker": {*OF_THE_APPLICATION, "Secret/payment"}}


def test_containers_of_tiers_and_jobs_have_the_references(references: Any) -> None:
    found = templates(references)
    for name in APPLICATION:
        container = found[name]["spec"]["containers"][0]
        assert {each["name"] for each in container["env"]} >= VARIABLES, name
        sources = [each.get("secretRef") or each["configMapRef"] for each in container["envFrom"]]
        assert [each["name"] for each in sources][:2] == ["mail", "flags"], name
        assert len(sources) == 4, name


def test_settings_of_pods_are_merged_with_the_references(references: Any) -> None:
    found = templates(references)
    env = {each["name"]: each for each in found["django"]["spec"]["containers"][0]["env"]}
    assert env["POD_NAME"] == {"name": "POD_NAME", "value": "django"}
    assert found["django"]["metadata"]["annotations"]["team"] == "shop"
    migrate = found["migrate"]
    assert (migrate["metadata"]["annotations"]["team"], migrate["spec"]["priorityClassName"]) == ("batch", "batch")
    assert "/scratch" in {each["mountPath"] for each in migrate["spec"]["containers"][0]["volumeMounts"]}
