"""What is added to a description of a workload."""

from __future__ import annotations

import re
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.complete import complete_workload
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.pods import application_pod

APPLICATION: dict[str, Any] = {
    "repository": "registry/shop",
    "image": "registry/shop:1",
    "version": "1",
    "config_map": "config-0",
    "secret": "secret-0",
    "references": {
        "env": [],
        "env_from": [],
        "waiting_env": [],
        "waiting_env_from": [],
        "uses": [{"kind": "Secret", "name": "secret-0", "keys": []}],
    },
    "revisions": {"Secret/secret-0": {"A": "7"}, "Secret/mail": {"key": "1", "other": "2"}},
    "files": [{"name": "ca", "path": "/ca", "source": {"configMap": {"name": "ca-0"}}}],
    "volumes": {"media": {"name": "media", "path": "/media", "source": {"persistentVolumeClaim": {"claimName": "media-pvc"}}}},
    "dependencies": {
        "db": {"title": "database", "host": "$(POSTGRES_HOST)", "port": "$(POSTGRES_PORT)", "address_is_secret": False},
        "redis": {"title": "Redis", "host": "$(REDIS_HOST)", "port": "$(REDIS_PORT)"},
    },
    "dependency_timeout": 120,
    "disabled_volumes": ["static"],
    "further_volumes": [],
    "wait_resources": {"limits": {"cpu": "1"}},
    "wait_script": "wait",
}
DEFAULTS: dict[str, Any] = {
    "namespace": "shop",
    "labels": {"environment": "test"},
    "annotations": {"team": "shop"},
    "spec": {"securityContext": {"runAsUser": 1000}},
    "container": {"imagePullPolicy": "Always"},
}
# A reference, entries of `env` and of `envFrom`.
MAIL = {"secret": "mail", "key": "key"}
TOKEN = {"name": "TOKEN", "valueFrom": {"secretKeyRef": {"name": "mail", "key": "token"}}}
HOST = {"name": "POSTGRES_HOST", "valueFrom": {"configMapKeyRef": {"name": "places", "key": "db"}}}
FLAGS = {"configMapRef": {"name": "flags"}}
KEYS = {"secretRef": {"name": "keys"}}
OF_THE_APPLICATION: dict[str, Any] = {"name": "web", "container": {"command": ["web"]}}
WITH_ITS_OWN_IMAGE: dict[str, Any] = {
    "name": "proxy",
    "pod": {"containers": [{"name": "a", "image": "proxy:2"}, {"name": "b", "image": "b:3"}]},
}


def complete(description: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return complete_workload(description, settings, APPLICATION, DEFAULTS)


def first_container(workload: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = workload["pod"]["containers"][0]
    return found


@pytest.mark.parametrize(
    ("settings", "image", "version"),
    [({}, "registry/shop:1", "1"), ({"image_tag": ""}, "registry/shop:1", "1"), ({"image_tag": "2"}, "registry/shop:2", "2")],
)
def test_all_containers_have_the_image_of_the_application_or_the_tag_of_the_tier(
    settings: dict[str, Any], image: str, version: str
) -> None:
    workload = complete({**OF_THE_APPLICATION, "waits_for": ["db"]}, **settings)
    assert {each["image"] for each in (*workload["pod"]["initContainers"], *workload["pod"]["containers"])} == {image}
    assert workload["version"] == version


def test_the_container_is_named_as_the_workload_and_has_the_environment_of_the_application() -> None:
    container = first_container(complete(OF_THE_APPLICATION))
    assert (container["name"], container["command"]) == ("web", ["web"])
    assert container["envFrom"] == [{"configMapRef": {"name": "config-0"}}, {"secretRef": {"name": "secret-0"}}]


def test_a_value_of_an_existing_object_is_an_entry_with_its_own_source() -> None:
    references = {**APPLICATION["references"], "env": [TOKEN, {"name": "B", "value": "1"}], "env_from": [FLAGS]}
    workload = complete_workload(OF_THE_APPLICATION, {"env": {"B": MAIL}}, {**APPLICATION, "references": references}, DEFAULTS)
    container = first_container(workload)
    assert container["env"] == [TOKEN, {"name": "B", "valueFrom": {"secretKeyRef": {"name": "mail", "key": "key"}}}]
    # The settings of the platform take precedence over whole objects.
    assert container["envFrom"] == [FLAGS, {"configMapRef": {"name": "config-0"}}, {"secretRef": {"name": "secret-0"}}]


@pytest.mark.parametrize(
    ("env", "same"),
    [
        pytest.param({"A": {"secret": "mail", "key": "other"}}, False, id="another key"),
        pytest.param({"A": MAIL, "B": {"field": "metadata.name"}}, True, id="a field of the pod"),
        pytest.param({"A": MAIL, "B": {"config_map": "unknown", "key": "a"}}, True, id="an object that the preflight did not read"),
    ],
)
def test_the_pods_have_the_revisions_of_the_keys_that_they_use(env: dict[str, Any], same: bool) -> None:
    annotation = complete(OF_THE_APPLICATION, env={"A": MAIL})["template"]["metadata"]["annotations"]["jewelry-shop/references"]
    assert re.fullmatch("Secret/mail [0-9a-f]{10}, Secret/secret-0 [0-9a-f]{10}", annotation)
    assert (complete(OF_THE_APPLICATION, env=env)["pod_annotations"]["jewelry-shop/references"] == annotation) is same


def test_pods_without_existing_objects_have_no_annotation() -> None:
    references = {**APPLICATION["references"], "uses": []}
    assert complete_workload(OF_THE_APPLICATION, {}, {**APPLICATION, "references": references}, DEFAULTS)["pod_annotations"] == {}


def test_an_init_container_gets_the_references_without_the_secrets() -> None:
    all_of_it = {"env": [TOKEN, HOST], "env_from": [KEYS, FLAGS], "waiting_env": [HOST], "waiting_env_from": [FLAGS]}
    references = {**APPLICATION["references"], **all_of_it}
    application = {**APPLICATION, "references": references}
    config_map, secret = {"configMapRef": {"name": "config-0"}}, {"secretRef": {"name": "secret-0"}}
    [waiting] = application_pod(application, {"name": "web"}, waits_for=["db"])["initContainers"]
    assert (waiting["env"], waiting["envFrom"]) == ([HOST], [FLAGS, config_map])
    application["dependencies"] = {"db": {**APPLICATION["dependencies"]["db"], "address_is_secret": True}}
    [waiting] = application_pod(application, {"name": "web"}, waits_for=["db"])["initContainers"]
    assert (waiting["env"], waiting["envFrom"]) == ([TOKEN, HOST], [KEYS, FLAGS, config_map, secret])


def test_the_environment_of_the_settings_wins_and_native_entries_stay() -> None:
    description = {"name": "web", "env": {"A": 1, "B": True}, "container": {"env": [{"name": "POD", "valueFrom": {}}]}}
    assert first_container(complete(description, env={"B": "$x"}))["env"] == [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$$x"},
        {"name": "POD", "valueFrom": {}},
    ]


def test_a_container_mounts_the_files_of_the_application_and_its_volumes() -> None:
    own = {"name": "cache", "path": "/cache", "source": {"emptyDir": {}}}
    files = {"name": "module", "path": "/module", "config_map": "web-module", "files": {"a.py": "1"}}
    workload = complete({**OF_THE_APPLICATION, "volumes": [own, {"name": "media"}, files]})
    [config_map] = workload["config_maps"]
    name = config_map["metadata"]["name"]
    assert name.startswith("web-module-")
    assert config_map["data"] == {"a.py": "1"}
    assert first_container(workload)["volumeMounts"] == [
        {"name": "ca", "mountPath": "/ca", "readOnly": True},
        {"name": "cache", "mountPath": "/cache"},
        {"name": "media", "mountPath": "/media"},
        {"name": "module", "mountPath": "/module", "readOnly": True},
    ]
    assert workload["pod"]["volumes"] == [
        {"name": "cache", "emptyDir": {}},
        {"name": "media", "persistentVolumeClaim": {"claimName": "media-pvc"}},
        {"name": "module", "configMap": {"name": name}},
        {"name": "ca", "configMap": {"name": "ca-0"}},
    ]


def mounts_of(workload: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = first_container(workload)["volumeMounts"]
    return [each for each in found if each["name"] != "ca"]


SECRET = {"name": "key", "path": "/key", "source": {"secret": {"secretName": "client"}}}


def test_a_claim_that_is_not_enabled_is_not_mounted() -> None:
    workload = complete({**OF_THE_APPLICATION, "volumes": [{"name": "static"}, {"name": "media"}]})
    assert mounts_of(workload) == [{"name": "media", "mountPath": "/media"}]
    assert [each["name"] for each in workload["pod"]["volumes"]] == ["media", "ca"]
    # A volume of this name with a source of its own stays.
    own = {"name": "static", "path": "/s", "source": {"emptyDir": {}}}
    assert mounts_of(complete({**OF_THE_APPLICATION, "volumes": [own]})) == [{"name": "static", "mountPath": "/s"}]


def test_volumes_of_settings_are_mounted_and_those_of_the_tier_take_precedence() -> None:
    application = {**APPLICATION, "further_volumes": [SECRET, {"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {}}}]}
    own = [{"name": "memory", "path": "/dev/shm", "source": {"emptyDir": {"medium": "Memory"}}}, {"name": "media"}]
    workload = complete_workload(OF_THE_APPLICATION, {"volumes": own}, application, DEFAULTS)
    assert mounts_of(workload) == [
        {"name": "key", "mountPath": "/key", "readOnly": True},
        {"name": "memory", "mountPath": "/dev/shm"},
        {"name": "media", "mountPath": "/media"},
    ]
    assert workload["pod"]["volumes"] == [
        {"name": "ca", "configMap": {"name": "ca-0"}},
        # Octal 0440: libpq rejects a key that others may read.
        {"name": "key", "secret": {"secretName": "client", "defaultMode": 288}},
        {"name": "memory", "emptyDir": {"medium": "Memory"}},
        {"name": "media", "persistentVolumeClaim": {"claimName": "media-pvc"}},
    ]


def test_a_pod_with_other_images_mounts_volumes_in_its_first_container() -> None:
    files = {"configMap": {"name": "files"}}
    volumes = [{"name": "a", "path": f"/{name}", "source": files, "sub_path": name, "read_only": False} for name in ("x", "y")]
    workload = complete(WITH_ITS_OWN_IMAGE, volumes=volumes)
    first, second = workload["pod"]["containers"]
    assert first["volumeMounts"] == [{"name": "a", "mountPath": f"/{name}", "subPath": name} for name in ("x", "y")]
    assert "volumeMounts" not in second
    assert workload["pod"]["volumes"] == [{"name": "a", **files}]
    with pytest.raises(ValueError, match="the volume media has no source"):
        complete(WITH_ITS_OWN_IMAGE, volumes=[{"name": "media"}])


def test_a_mode_that_is_given_stays() -> None:
    source = {"secret": {"secretName": "client", "defaultMode": 256}}
    assert complete(OF_THE_APPLICATION, volumes=[{**SECRET, "source": source}])["pod"]["volumes"][1] == {"name": "key", **source}


def test_a_shared_volume_without_a_path_needs_one() -> None:
    application = {**APPLICATION, "volumes": {"exports": {"name": "exports", "source": {"emptyDir": {}}}}}
    with pytest.raises(ValueError, match="the volume exports needs path"):
        complete_workload(OF_THE_APPLICATION, {"volumes": [{"name": "exports"}]}, application, DEFAULTS)


def test_other_files_are_a_config_map_of_another_name() -> None:
    names = {
        complete({**OF_THE_APPLICATION, "volumes": [{"name": "m", "path": "/m", "config_map": "m", "files": {"a": content}}]})[
            "config_maps"
        ][0]["metadata"]["name"]
        for content in ("1", "2")
    }
    assert len(names) == 2


def test_init_containers_wait_in_the_given_order_without_secrets() -> None:
    [redis, database] = complete({**OF_THE_APPLICATION, "waits_for": ["redis", "db"]})["pod"]["initContainers"]
    assert (redis["name"], database["name"]) == ("wait-for-redis", "wait-for-db")
    assert database["command"] == ["python", "-c", "wait", "database", "$(POSTGRES_HOST)", "$(POSTGRES_PORT)", "120"]
    assert database["envFrom"] == [{"configMapRef": {"name": "config-0"}}]
    assert database["volumeMounts"] == []
    assert database["resources"] == {"limits": {"cpu": "1"}}


def test_an_address_that_only_the_secret_has_is_read_from_it() -> None:
    application = {**APPLICATION, "dependencies": {"db": {**APPLICATION["dependencies"]["db"], "address_is_secret": True}}}
    [waiting] = application_pod(application, {"name": "web"}, waits_for=["db"])["initContainers"]
    assert waiting["envFrom"][1] == {"secretRef": {"name": "secret-0"}}


@pytest.mark.parametrize(
    ("description", "replicas", "expected"),
    [
        (OF_THE_APPLICATION, None, 1),
        (OF_THE_APPLICATION, "3", 3),
        ({**OF_THE_APPLICATION, "replicas": 2}, None, 2),
        # A variable that the role does not have changes nothing.
        ({**OF_THE_APPLICATION, "replicas": 1}, "2", 1),
    ],
)
def test_replicas(description: dict[str, Any], replicas: str | None, expected: int) -> None:
    assert complete(description, **({} if replicas is None else {"replicas": replicas}))["replicas"] == expected


def test_a_deployment_rolls_without_a_gap_unless_it_says_otherwise() -> None:
    assert complete(OF_THE_APPLICATION)["strategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1, "maxUnavailable": 0}}
    assert complete(OF_THE_APPLICATION)["disruption_budget"] == {"maxUnavailable": 1}
    assert complete({**OF_THE_APPLICATION, "strategy": {"type": "Recreate"}})["strategy"] == {"type": "Recreate"}
    assert complete(OF_THE_APPLICATION, strategy={"type": "Recreate"})["strategy"] == {"type": "Recreate"}
    # No setting changes a strategy that the description gives: two schedulers would send each task twice.
    assert complete({**OF_THE_APPLICATION, "strategy": {"type": "Recreate"}}, strategy={"type": "RollingUpdate"})["strategy"] == {
        "type": "Recreate"
    }
    assert not {"strategy", "disruption_budget"} & complete({**WITH_ITS_OWN_IMAGE, "kind": "StatefulSet"}).keys()


def test_the_autoscaler_is_that_of_the_settings() -> None:
    numbers = {"hpa_enabled": True, "hpa_external": False, "hpa_min_replicas": 2, "hpa_max_replicas": 8, "hpa_cpu_percent": 70}
    found = complete(OF_THE_APPLICATION, **numbers)["autoscaling"]
    assert found.pop("horizontal_pod_autoscaler")
    assert found == {
        "enabled": True,
        "external": False,
        "min_replicas": 2,
        "max_replicas": 8,
        "cpu_percent": 70,
    }
    assert "autoscaling" not in complete(OF_THE_APPLICATION)


def test_resources_and_grace_of_the_settings_reach_the_pod() -> None:
    for description in (OF_THE_APPLICATION, WITH_ITS_OWN_IMAGE):
        workload = complete(description, resources={"limits": {"cpu": 1}}, termination_grace_period_seconds="90")
        assert first_container(workload)["resources"] == {"limits": {"cpu": 1}}
        assert workload["pod"]["terminationGracePeriodSeconds"] == 90
    assert "resources" not in complete(WITH_ITS_OWN_IMAGE, resources={})["pod"]["containers"][1]


def test_a_workload_with_its_own_image_gets_nothing_of_the_application() -> None:
    workload = complete(WITH_ITS_OWN_IMAGE)
    assert workload["pod"] == WITH_ITS_OWN_IMAGE["pod"]
    assert workload["version"] == "2"
    assert not {"pod_annotations", "config_maps"} & workload.keys()


def test_fields_of_the_pod_are_merged_in() -> None:
    workload = complete({**OF_THE_APPLICATION, "pod": {"nodeSelector": {"disk": "fast"}}})
    assert workload["pod"]["nodeSelector"] == {"disk": "fast"}
    assert workload["pod"]["containers"]


def test_the_template_has_labels_annotations_and_the_defaults_of_all_pods() -> None:
    template = complete({**OF_THE_APPLICATION, "metrics": {"port_name": "http", "port": 80, "path": "/m"}})["template"]
    labels = template["metadata"]["labels"]
    assert labels.pop("jewelry-shop/pod-template")
    assert labels == {
        "environment": "test",
        "app": "jewelry-shop",
        "component": "web",
        "app.kubernetes.io/component": "web",
        "app.kubernetes.io/version": "1",
    }
    assert template["metadata"]["annotations"] == {
        "team": "shop",
        "kubectl.kubernetes.io/default-container": "web",
        "prometheus.io/scrape": "true",
        "prometheus.io/port": "80",
        "prometheus.io/path": "/m",
        "jewelry-shop/references": "Secret/secret-0 49647be4dd",
    }
    spec = template["spec"]
    assert (spec["serviceAccountName"], spec["securityContext"]) == ("web", {"runAsUser": 1000})
    assert spec["containers"][0]["imagePullPolicy"] == "Always"


def test_the_metadata_of_all_objects_has_nothing_empty() -> None:
    workload = complete(OF_THE_APPLICATION)
    assert workload["metadata"] == {
        "name": "web",
        "namespace": "shop",
        "labels": {
            "environment": "test",
            "app": "jewelry-shop",
            "component": "web",
            "app.kubernetes.io/component": "web",
            "app.kubernetes.io/version": "1",
        },
        "annotations": {"team": "shop"},
    }
    bare = complete_workload(OF_THE_APPLICATION, {}, APPLICATION, {**DEFAULTS, "annotations": {}})
    assert "annotations" not in bare["metadata"]


def test_fields_of_a_workload_win_over_the_defaults() -> None:
    pod = {"securityContext": {"runAsUser": 70}, "containers": [{"name": "a", "image": "a:1", "imagePullPolicy": "Never"}]}
    spec = complete({"name": "a", "pod": pod})["template"]["spec"]
    assert spec["securityContext"] == {"runAsUser": 70}
    assert spec["containers"][0]["imagePullPolicy"] == "Never"


def terms(workload: dict[str, Any]) -> list[dict[str, str]]:
    affinity = workload["template"]["spec"]["affinity"]["podAntiAffinity"]
    return [each["podAffinityTerm"]["labelSelector"]["matchLabels"] for each in affinity["preferredDuringSchedulingIgnoredDuringExecution"]]


def test_pods_of_one_template_are_apart_among_themselves() -> None:
    one, other = complete(OF_THE_APPLICATION), complete(OF_THE_APPLICATION, image_tag="2")
    assert [set(each) for each in terms(one)] == [{"app", "component"}, {"app", "component", "jewelry-shop/pod-template"}]
    assert terms(one)[0] == terms(other)[0] == one["selector"]
    assert terms(one)[1] != terms(other)[1]
    assert terms(one)[1].items() <= one["template"]["metadata"]["labels"].items()
    assert len(terms(complete({**WITH_ITS_OWN_IMAGE, "kind": "StatefulSet"}))) == 1


def test_pods_are_spread_over_zones() -> None:
    [constraint] = complete(OF_THE_APPLICATION)["template"]["spec"]["topologySpreadConstraints"]
    assert constraint == {
        "maxSkew": 1,
        "topologyKey": "topology.kubernetes.io/zone",
        "whenUnsatisfiable": "ScheduleAnyway",
        "labelSelector": {"matchLabels": {"app": "jewelry-shop", "component": "web"}},
    }


HPA = {"hpa_enabled": True, "hpa_external": False, "hpa_min_replicas": 2, "hpa_max_replicas": 8, "hpa_cpu_percent": 70}


@pytest.mark.parametrize(
    ("description", "settings", "words"),
    [
        ({"replica_choices": [0, 1]}, {"replicas": 2}, "the number of replicas of web must be one of: 0, 1"),
        (
            {},
            {"hpa_enabled": True, "hpa_min_replicas": 2},
            "the settings of the autoscaler lack hpa_external, hpa_max_replicas, hpa_cpu_percent",
        ),
        ({"volumes": [{"name": "medai"}]}, {}, "the volume medai has no source and is none of media; did you mean media?"),
        ({"volumes": [{"name": "a", "source": {"emptyDir": {}}}]}, {}, "the volume a needs path"),
        ({"volumes": [{"name": "a", "files": {"b": "c"}}]}, {}, "the volume a needs path and config_map"),
        ({}, {"env": {"A": None}}, "A is null"),
    ],
)
def test_what_is_not_possible_is_named(description: dict[str, Any], settings: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        complete({**OF_THE_APPLICATION, **description}, **settings)


def test_a_workload_of_a_fixed_number_of_replicas_has_no_autoscaler() -> None:
    assert "autoscaling" not in complete({**OF_THE_APPLICATION, "replicas": 1}, **HPA)
    assert "autoscaling" in complete(OF_THE_APPLICATION, **HPA)


def test_fields_beside_those_of_the_application_stay() -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own-1"}, "data": {}}
    workload = complete(
        {
            "name": "web",
            "version": "7",
            "config_maps": [config_map],
            "waits_for": ["db"],
            "container": {"volumeMounts": [{"name": "own", "mountPath": "/own"}]},
            "volumes": [{"name": "media", "path": "/uploads"}],
            "pod": {"volumes": [{"name": "own", "emptyDir": {}}], "initContainers": [{"name": "first"}], "hostname": "web"},
        }
    )
    assert (workload["version"], workload["config_maps"], workload["pod"]["hostname"]) == ("7", [config_map], "web")
    assert [each["name"] for each in workload["pod"]["initContainers"]] == ["wait-for-db", "first"]
    assert [each["name"] for each in workload["pod"]["volumes"]] == ["media", "ca", "own"]
    assert [each["mountPath"] for each in first_container(workload)["volumeMounts"]] == ["/ca", "/uploads", "/own"]


HTTP: dict[str, Any] = {"httpGet": {"port": "http", "path": "/live"}, "periodSeconds": 10}


@pytest.mark.parametrize(
    ("probes", "setting", "made"),
    [
        pytest.param({}, {}, {}, id="none"),
        pytest.param(
            {"common": HTTP, "startup": {"periodSeconds": 2}, "liveness": {}},
            {},
            {"startupProbe": {**HTTP, "periodSeconds": 2}, "livenessProbe": HTTP},
            id="each has the common fields",
        ),
        pytest.param(
            {"common": HTTP, "readiness": {"httpGet": {"path": "/ready"}}},
            {},
            {"readinessProbe": {"httpGet": {"port": "http", "path": "/ready"}, "periodSeconds": 10}},
            id="another path",
        ),
        pytest.param(
            {"common": HTTP, "liveness": {"failureThreshold": 6}},
            {"liveness": {"failureThreshold": 9}, "common": {"timeoutSeconds": 7}},
            {"livenessProbe": {**HTTP, "failureThreshold": 9, "timeoutSeconds": 7}},
            id="a setting takes precedence",
        ),
        pytest.param(
            {"common": HTTP, "liveness": {}},
            {"liveness": {"exec": {"command": ["true"]}}},
            {"livenessProbe": {"exec": {"command": ["true"]}, "periodSeconds": 10}},
            id="another handler replaces the one of the description",
        ),
        pytest.param(
            {"common": HTTP, "liveness": {}},
            {"startup": {"tcpSocket": {"port": "http"}}},
            {"livenessProbe": HTTP, "startupProbe": {"tcpSocket": {"port": "http"}, "periodSeconds": 10}},
            id="a setting adds a probe",
        ),
    ],
)
@pytest.mark.parametrize("description", [OF_THE_APPLICATION, WITH_ITS_OWN_IMAGE])
def test_the_first_container_has_the_probes(
    description: dict[str, Any], probes: dict[str, Any], setting: dict[str, Any], made: dict[str, Any]
) -> None:
    containers = complete({**description, "probes": probes}, probes=setting)["pod"]["containers"]
    assert {key: value for key, value in containers[0].items() if key.endswith("Probe")} == made
    assert not [key for container in containers[1:] for key in container if key.endswith("Probe")]


def test_settings_change_the_pod_its_metadata_and_its_service_account() -> None:
    settings = {
        "pod": {"nodeSelector": {"pool": "a"}, "metadata": {"labels": {"component": "no", "a": "b"}, "annotations": {"team": "own"}}},
        "service_account_annotations": {"role": "own"},
    }
    defaults = {**DEFAULTS, "fragment": {"priorityClassName": "shop"}, "account_annotations": {"role": "all", "project": "all"}}
    workload = complete_workload(OF_THE_APPLICATION, settings, APPLICATION, defaults)
    spec, metadata = workload["template"]["spec"], workload["template"]["metadata"]
    assert (spec["nodeSelector"], spec["priorityClassName"]) == ({"pool": "a"}, "shop")
    assert (metadata["labels"]["component"], metadata["labels"]["a"]) == ("web", "b")
    assert metadata["annotations"]["team"] == "own"
    assert workload["account_metadata"]["annotations"] == {"team": "shop", "role": "own", "project": "all"}
    assert workload["metadata"]["annotations"] == {"team": "shop"}


@pytest.mark.parametrize("anti", [None, {}, {"preferredDuringSchedulingIgnoredDuringExecution": []}])
def test_a_pod_without_the_usual_affinity_keeps_the_term_of_its_template(anti: Any) -> None:
    affinity = complete(OF_THE_APPLICATION, pod={"affinity": {"podAntiAffinity": anti}})["template"]["spec"]["affinity"]
    assert "jewelry-shop/pod-template" in str(affinity)


@pytest.mark.parametrize(
    ("description", "settings", "budget"),
    [
        ({}, {}, {"maxUnavailable": 1}),
        ({}, {"disruption_budget": {}}, {"maxUnavailable": 1}),
        ({}, {"disruption_budget": {"minAvailable": 2}}, {"minAvailable": 2}),
        ({"disruption_budget": {"minAvailable": 1}}, {"disruption_budget": {"minAvailable": 2}}, {"minAvailable": 1}),
    ],
)
def test_the_disruption_budget_is_that_of_the_description_or_of_the_settings(
    description: dict[str, Any], settings: dict[str, Any], budget: dict[str, Any]
) -> None:
    assert complete({**OF_THE_APPLICATION, **description}, **settings)["disruption_budget"] == budget


def test_further_ports_of_the_service_follow_those_of_the_description() -> None:
    http, former = {"name": "http", "port": 8000}, {"name": "http-80", "port": 80}
    service = {"name": "web-service", "spec": {"type": "ClusterIP", "ports": [http]}}
    described = complete({**OF_THE_APPLICATION, "service": service}, service_ports=[former])
    assert described["service"] == {"name": "web-service", "spec": {"type": "ClusterIP", "ports": [http, former]}}
    with pytest.raises(ValueError, match="web has no Service for the setting service_ports"):
        complete(OF_THE_APPLICATION, service_ports=[former])
