"""How the settings in the format of Kubernetes reach the pods of tiers, data services and Jobs."""

from __future__ import annotations

from typing import Any

JOBS = {"migrate", "collectstatic", "check-services"}
IDENTITY = "iam.gke.io/gcp-service-account"


def templates(manifests: Any) -> dict[str, Any]:
    """The pod templates by component."""
    owners = manifests.of_kind("Deployment", "StatefulSet", "Job")
    return {owner["metadata"]["labels"]["component"]: owner["spec"]["template"] for owner in owners}


def test_all_pods_have_the_fields_of_the_platform(adapted: Any) -> None:
    found = templates(adapted)
    assert found.keys() == {"django", "celery-worker", "celery-beat", "nginx", "postgresql", "redis", *JOBS}
    for component, template in found.items():
        spec = template["spec"]
        assert spec["hostAliases"] == [{"ip": "192.0.2.1", "hostnames": ["mail.example.com"]}], component
        assert spec["dnsConfig"] == {"options": [{"name": "ndots", "value": "2"}]}, component
        assert template["metadata"]["labels"]["azure.workload.identity/use"] == "true", component
        assert [each["image"] for each in spec["initContainers"] if each["name"] == "proxy"] == ["proxy:1"], component


def test_the_fields_of_a_tier_a_data_service_and_of_jobs_take_precedence(adapted: Any) -> None:
    found = templates(adapted)
    pools = {component: template["spec"]["nodeSelector"]["pool"] for component, template in found.items()}
    assert pools == {**dict.fromkeys(found, "shop"), "nginx": "edge", "redis": "data"}
    classes = {component: template["spec"]["priorityClassName"] for component, template in found.items()}
    assert classes == {**dict.fromkeys(found, "shop"), **dict.fromkeys(JOBS, "batch")}
    teams = {component: template["metadata"]["annotations"]["team"] for component, template in found.items()}
    assert teams == {**dict.fromkeys(found, "shop"), **dict.fromkeys(JOBS, "batch")}
    assert [component for component, template in found.items() if not template["spec"]["tolerations"]] == ["redis"]
    assert found["django"]["spec"]["topologySpreadConstraints"] == []
    assert found["postgresql"]["spec"]["affinity"].keys() == {"nodeAffinity", "podAntiAffinity"}


def test_containers_are_merged_by_name_and_further_ones_have_the_defaults_of_all(adapted: Any) -> None:
    django, log = templates(adapted)["django"]["spec"]["containers"]
    assert django["lifecycle"] == {"preStop": {"exec": {"command": ["sleep", "20"]}}}
    assert django["image"] == "registry.example.com/shop/jewelry-shop:v1.0.0"
    assert log["securityContext"]["capabilities"] == {"drop": ["ALL"]}
    assert log["resources"]["limits"] == {"cpu": "100m", "memory": "64Mi", "ephemeral-storage": "10Gi"}
    nginx = templates(adapted)["nginx"]["spec"]["containers"]
    assert [each.get("env") for each in nginx] == [None, [{"name": "TZ", "value": "UTC"}]]


def test_labels_of_selectors_stay(adapted: Any) -> None:
    for owner in adapted.of_kind("Deployment", "StatefulSet"):
        assert owner["spec"]["selector"]["matchLabels"].items() <= owner["spec"]["template"]["metadata"]["labels"].items()


def test_a_root_file_system_is_writable_where_the_setting_says(adapted: Any) -> None:
    writable = {
        component
        for component, template in templates(adapted).items()
        for each in template["spec"]["containers"]
        if not each["securityContext"]["readOnlyRootFilesystem"] and each["name"] != "log"
    }
    assert writable == {"django", *JOBS}


def test_the_strategy_and_the_resources_of_waiting_containers_are_those_of_the_settings(adapted: Any) -> None:
    strategies = {each["metadata"]["name"]: each["spec"]["strategy"]["type"] for each in adapted.of_kind("Deployment")}
    assert strategies == {"django": "Recreate", "celery-beat": "Recreate", "celery-worker": "RollingUpdate", "nginx": "RollingUpdate"}
    for template in templates(adapted).values():
        for each in template["spec"].get("initContainers", ()):
            if each["name"].startswith("wait-for-"):
                assert each["resources"]["requests"] == {"cpu": "50m", "memory": "64Mi", "ephemeral-storage": "64Mi"}


def test_service_accounts_carry_the_identities_and_jobs_have_their_own(adapted: Any) -> None:
    identities = {each["metadata"]["name"]: each["metadata"]["annotations"][IDENTITY] for each in adapted.of_kind("ServiceAccount")}
    own = {"jobs": "batch@project.iam.gserviceaccount.com", "celery-worker": "worker@project.iam.gserviceaccount.com"}
    names = ("django", "celery-worker", "celery-beat", "nginx", "postgresql", "redis", "jobs")
    assert identities == {**dict.fromkeys(names, "shop@project.iam.gserviceaccount.com"), **own}
    accounts = {component: template["spec"]["serviceAccountName"] for component, template in templates(adapted).items()}
    assert accounts == {**{name: name for name in names[:-1]}, **dict.fromkeys(JOBS, "jobs"), "celery-beat": "existing"}


def test_the_service_account_of_jobs_is_applied_before_the_first_job(production: Any) -> None:
    order = [(each["kind"], each["metadata"]["name"]) for each in production]
    assert order.index(("ServiceAccount", "jobs")) < min(
        index for index, (kind, _name) in enumerate(order) if kind in ("Job", "StatefulSet", "Deployment")
    )
