"""How the settings in the format of Kubernetes reach the pods of tiers, data services and Jobs."""

from __future__ import annotations

from typing import Any

# Static files are in the image, so collectstatic does not run.
JOBS = {"migrate", "check-services"}
IDENTITY = "iam.gke.io/gcp-service-account"


OF_THE_APPLICATION = {"django", "celery-worker", "celery-beat", *JOBS}


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


def mounts(template: Any) -> dict[str, Any]:
    """Volume of each mount of the first container, by path."""
    spec = template["spec"]
    volumes = {volume["name"]: {key: value for key, value in volume.items() if key != "name"} for volume in spec["volumes"]}
    assert len(volumes) == len(spec["volumes"])
    found = {mount["mountPath"]: volumes.get(mount["name"]) for mount in spec["containers"][0]["volumeMounts"]}
    assert len(found) == len(spec["containers"][0]["volumeMounts"])
    return found


def memory(size: str) -> Any:
    return {"emptyDir": {"medium": "Memory", "sizeLimit": size}}


def test_claims_are_those_of_the_settings(adapted: Any) -> None:
    claims = {
        each["metadata"]["name"]: (
            each["spec"]["storageClassName"],
            *each["spec"]["accessModes"],
            each["spec"]["resources"]["requests"]["storage"],
        )
        for each in adapted.of_kind("PersistentVolumeClaim")
    }
    assert claims == {"backups-pvc": ("fast", "ReadWriteOnce", "5Gi"), "exports-pvc": ("standard", "ReadWriteOnce", "1Gi")}


def test_no_pod_mounts_a_claim_that_is_not_enabled(adapted: Any) -> None:
    used = {
        volume["persistentVolumeClaim"]["claimName"]
        for spec in adapted.pod_specs().values()
        for volume in spec["volumes"]
        if "persistentVolumeClaim" in volume
    }
    assert used == {"backups-pvc", "exports-pvc"}


def test_all_containers_of_the_application_have_the_volumes_of_the_platform(adapted: Any) -> None:
    found = templates(adapted)
    for component in OF_THE_APPLICATION:
        mounted = mounts(found[component])
        assert mounted["/etc/client"] == {"secret": {"secretName": "client-certificate", "defaultMode": 0o440}}, component
        assert mounted["/dev/shm"] == memory("1Gi" if component == "celery-worker" else "256Mi"), component
        assert mounted["/etc/platform/secrets"]["secret"]["defaultMode"] == 0o440, component
        assert ("/exports" in mounted) is (component in JOBS), component
    for component in found.keys() - OF_THE_APPLICATION:
        assert "/etc/client" not in mounts(found[component]), component


def test_pods_with_other_images_have_volumes_of_their_own(adapted: Any) -> None:
    found = templates(adapted)
    assert mounts(found["nginx"])["/etc/nginx/own.conf"] == {"configMap": {"name": "own"}}
    assert mounts(found["postgresql"])["/dev/shm"] == memory("1Gi")


def locations(manifests: Any) -> dict[str, str]:
    """Content of each location of nginx for the files, by path."""
    [config] = [each["data"]["default.conf"] for each in manifests.of_kind("ConfigMap") if "default.conf" in each["data"]]
    parts = [part.partition("\n    }")[0] for part in config.split("    location ")]
    return {path: part for part in parts for path in ("/static/", "/media/") if part.startswith(f"{path} {{")}


def test_nginx_passes_requests_on_for_files_that_it_does_not_have(adapted: Any, production: Any) -> None:
    own = locations(production)
    assert "alias /app/staticfiles/;" in own["/static/"]
    assert "proxy_pass" not in own["/static/"]
    assert "alias /app/media/;" in own["/media/"]
    # Django gets them like all other paths, with the limit and the access log.
    assert locations(adapted) == {}
