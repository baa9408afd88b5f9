# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Pods of the application, pod templates and labels: pure functions (private to the collection).

The application is the variable C(platform_application): its image, the names of its ConfigMap and Secret, its volumes, and the services
that its pods can wait for.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import version_label
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.objects import hash_named, with_defaults, without_empty
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import canonical_quantities
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.fragments import merged
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.groups import group_labels

Application = Mapping[str, Any]
Manifest = dict[str, Any]
_KEY_MODE = 0o440
# A label that only the pods of one template have.
_TEMPLATE_LABEL = "jewelry-shop/pod-template"


def pod_spec(pod: Mapping[str, Any], defaults: Mapping[str, Any]) -> Manifest:
    """Add the defaults of all pods of the platform to the spec of a pod.

    Adds security contexts, pull secrets and limits on ephemeral storage where the spec does not set them. Quantities get canonical
    notation.

    Args:
        pod: Spec of a pod.
        defaults: The variable C(platform_pod_defaults).

    Returns:
        The spec.

    Example:
        {{ {'containers': [{'name': 'a', 'image': 'b'}]} | jewelry_shop.platform.pod_spec(platform_pod_defaults) }}
    """
    containers = {
        key: [with_defaults(container, defaults["container"]) for container in pod.get(key) or ()]
        for key in ("initContainers", "containers")
    }
    spec: Manifest = canonical_quantities({**with_defaults(pod, defaults["spec"]), **containers})
    return spec


def selector(workload: Mapping[str, Any]) -> dict[str, str]:
    """The labels that select the pods. Selectors are immutable, so they never get a further label."""
    return {"app": "jewelry-shop", "component": workload.get("component", workload["name"])}


def labels(workload: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, str]:
    """The labels of all objects of a workload."""
    own = {**group_labels(workload), **selector(workload)}
    return {**defaults["labels"], **own, "app.kubernetes.io/component": own["component"], **version_label(workload["version"])}


def metadata(workload: Mapping[str, Any], defaults: Mapping[str, Any]) -> Manifest:
    """The metadata of all objects of a workload.

    It has no empty mapping, which the API server would report as a change as soon as a controller adds to it.
    """
    return without_empty(
        {
            "name": workload["name"],
            "namespace": defaults["namespace"],
            "labels": labels(workload, defaults),
            "annotations": defaults["annotations"],
        }
    )


def account_metadata(workload: Mapping[str, Any], settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> Manifest:
    """The metadata of the ServiceAccount of a workload."""
    annotations = {**defaults.get("account_annotations", {}), **(settings.get("service_account_annotations") or {})}
    return metadata(workload, {**defaults, "annotations": {**defaults["annotations"], **annotations}})


def scrape_annotations(workload: Mapping[str, Any]) -> dict[str, str]:
    """The annotations by which Prometheus finds the metrics of pods or of a Service."""
    metrics = workload.get("metrics")
    if not metrics:
        return {}
    return {"prometheus.io/scrape": "true", "prometheus.io/port": str(metrics["port"]), "prometheus.io/path": metrics["path"]}


def pod_template(workload: Mapping[str, Any], defaults: Mapping[str, Any], further: Mapping[str, Mapping[str, str]]) -> Manifest:
    """Create the pod template of a Deployment or StatefulSet.

    Args:
        workload: the complete description.
        defaults: the variable C(platform_pod_defaults).
        further: C(labels) and C(annotations) of the settings. Labels of the collection take precedence.
    """
    own, pod = selector(workload), workload["pod"]
    spread = {
        "serviceAccountName": workload["name"],
        "affinity": {"podAntiAffinity": {"preferredDuringSchedulingIgnoredDuringExecution": [_apart(own)]}},
        # Over zones, where nodes have any.
        "topologySpreadConstraints": [
            {
                "maxSkew": 1,
                "topologyKey": "topology.kubernetes.io/zone",
                "whenUnsatisfiable": "ScheduleAnyway",
                "labelSelector": {"matchLabels": own},
            }
        ],
    }
    template = {
        "metadata": {
            "labels": {**further["labels"], **labels(workload, defaults)},
            "annotations": {
                **defaults["annotations"],
                "kubectl.kubernetes.io/default-container": pod["containers"][0]["name"],
                **scrape_annotations(workload),
                **further["annotations"],
                **workload.get("pod_annotations", {}),
            },
        },
        "spec": pod_spec(pod, {**defaults, "spec": {**defaults["spec"], **spread}}),
    }
    return template if workload.get("kind", "Deployment") == "StatefulSet" else _apart_among_themselves(template, own)


def _apart(own: Mapping[str, str]) -> Manifest:
    term = {"topologyKey": "kubernetes.io/hostname", "labelSelector": {"matchLabels": dict(own)}}
    return {"weight": 100, "podAffinityTerm": term}


def _apart_among_themselves(template: Manifest, own: Mapping[str, str]) -> Manifest:
    """Add a term for the pods of one template.

    The other term counts the pods that a rollout replaces, too: without this one all new pods may end on one node. A spread constraint over
    nodes does nothing where nodes have no zone and there is one over zones as well.
    """
    content = hashlib.sha256(json.dumps(template, sort_keys=True).encode()).hexdigest()[:10]
    same = {_TEMPLATE_LABEL: content}
    metadata, spec = template["metadata"], template["spec"]
    affinity = spec.get("affinity") or {}
    present = affinity.get("podAntiAffinity") or {}
    terms = [*(present.get("preferredDuringSchedulingIgnoredDuringExecution") or ()), _apart({**own, **same})]
    anti = {**present, "preferredDuringSchedulingIgnoredDuringExecution": terms}
    return {
        "metadata": {**metadata, "labels": {**metadata["labels"], **same}},
        "spec": {**spec, "affinity": {**affinity, "podAntiAffinity": anti}},
    }


def application_pod(
    application: Application,
    container: Mapping[str, Any],
    *,
    image: str = "",
    waits_for: Iterable[str] = (),
    volumes: Iterable[Mapping[str, Any]] = (),
) -> Manifest:
    """Describe a pod with one container of the application image.

    Returns C(initContainers), C(containers) and C(volumes) of a pod. Adds the environment and the files that all such containers have.

    Args:
        application: The variable C(platform_application).
        container: Fields of the container that only it has.
        image: An image in place of the one of the application.
        waits_for: Names of services for which the pod waits in init containers.
        volumes: Volumes that the container mounts. A volume without C(source) is one of the application.

    Returns:
        The fields of the spec of the pod.

    Example:
        {{ platform_application | jewelry_shop.platform.application_pod({'name': 'shell', 'command': ['sh']}) }}
    """
    image = image or application["image"]
    shared = list(application["files"])
    # A claim that is not enabled has no mounts.
    mounted = [
        mounted_volume(volume, application["volumes"]) for volume in volumes if not _is_disabled(volume, application["disabled_volumes"])
    ]
    env = environment_of(application, container)
    own = {
        "image": image,
        # If two sources have the same key, the last one takes precedence.
        "envFrom": [
            *application["references"]["env_from"],
            {"configMapRef": {"name": application["config_map"]}},
            {"secretRef": {"name": application["secret"]}},
        ],
        **container,
        **({"env": env} if env else {}),
        "volumeMounts": [*(_mount(volume) for volume in [*shared, *mounted]), *container.get("volumeMounts", ())],
    }
    pod = {
        "initContainers": [_waiting(application, name, image) for name in waits_for],
        "containers": [own],
        "volumes": [_volume(volume) for volume in [*mounted, *shared]],
    }
    return with_volumes(pod, application["further_volumes"], application["volumes"])


def with_volumes(pod: Mapping[str, Any], volumes: Iterable[Mapping[str, Any]], shared: Mapping[str, Mapping[str, Any]]) -> Manifest:
    """Mount volumes of a setting in the first container of a pod.

    A mount replaces the mount with the same path, and a volume the volume with the same name. The files of a Secret get the mode 0440: the
    group of the volumes (C(fsGroup)) may read them, and programs such as libpq reject a private key that others may read.

    Args:
        pod: Spec of a pod.
        volumes: Volumes of a setting such as C(platform_volumes). A volume without C(source) is a shared one.
        shared: Volumes of the application by name.

    Returns:
        The spec.

    Example:
        {{ {'containers': [{'name': 'a'}]} | jewelry_shop.platform.with_volumes(job_volumes, platform_application.volumes) }}
    """
    mounted = [mounted_volume(volume, shared) for volume in volumes]
    if not mounted:
        return dict(pod)
    first = {"name": pod["containers"][0]["name"], "volumeMounts": [_mount(volume) for volume in mounted]}
    # Several mounts may name one volume.
    sources = {volume["name"]: _volume(_with_mode(volume)) for volume in mounted}
    return merged(pod, {"containers": [first], "volumes": [*sources.values()]})


def environment_of(application: Application, container: Mapping[str, Any]) -> list[Manifest]:
    """The C(env) of a container with the application's image. The entries of the container take precedence.

    Args:
        application: the variable C(platform_application).
        container: fields of the container that only it has.
    """
    own = list(container.get("env") or ())
    names = {entry["name"] for entry in own}
    return [*(entry for entry in application["references"]["env"] if entry["name"] not in names), *own]


def config_maps(volumes: Iterable[Mapping[str, Any]]) -> list[Manifest]:
    """The ConfigMaps with the files of volumes; a hash of the content is part of each name."""
    return [_config_map(volume) for volume in volumes if "files" in volume]


def _config_map(volume: Mapping[str, Any]) -> Manifest:
    return hash_named({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": volume["config_map"]}, "data": volume["files"]})


def mounted_volume(volume: Mapping[str, Any], shared: Mapping[str, Mapping[str, Any]]) -> Mapping[str, Any]:
    """Complete a volume that is one of the application's, and check the others."""
    name = volume["name"]
    if "source" not in volume and "files" not in volume:
        if name not in shared:
            raise ValueError(f"the volume {name} has no source and is none of {', '.join(shared)}{nearest(name, shared).rstrip('.')}")
        volume = {**shared[name], **volume}
    missing = [key for key in ("path", *(("config_map",) if "files" in volume else ())) if key not in volume]
    if missing:
        raise ValueError(f"the volume {name} needs {' and '.join(missing)}")
    return volume


def _volume(volume: Mapping[str, Any]) -> Manifest:
    source = {"configMap": {"name": _config_map(volume)["metadata"]["name"]}} if "files" in volume else volume["source"]
    return {"name": volume["name"], **source}


def _mount(volume: Mapping[str, Any]) -> Manifest:
    read_only = volume.get("read_only", "files" in volume or bool({"configMap", "secret"} & volume["source"].keys()))
    sub_path = {"subPath": volume["sub_path"]} if "sub_path" in volume else {}
    return {"name": volume["name"], "mountPath": volume["path"], **sub_path, **({"readOnly": True} if read_only else {})}


def _with_mode(volume: Mapping[str, Any]) -> Mapping[str, Any]:
    source = volume["source"]
    return {**volume, "source": {**source, "secret": {"defaultMode": _KEY_MODE, **source["secret"]}}} if "secret" in source else volume


def _is_disabled(volume: Mapping[str, Any], disabled: Iterable[str]) -> bool:
    return "source" not in volume and "files" not in volume and volume["name"] in disabled


def _waiting(application: Application, name: str, image: str) -> Manifest:
    """An init container that waits until a service accepts connections. It gets the addresses of the services, and no secrets."""
    dependency, found = application["dependencies"][name], application["references"]
    is_secret = dependency.get("address_is_secret")
    env = found["env" if is_secret else "waiting_env"]
    return {
        "name": f"wait-for-{name}",
        "image": image,
        "command": [
            *("python", "-c", application["wait_script"], dependency["title"], dependency["host"], dependency["port"]),
            str(application["dependency_timeout"]),
        ],
        **({"env": env} if env else {}),
        "envFrom": [
            *found["env_from" if is_secret else "waiting_env_from"],
            {"configMapRef": {"name": application["config_map"]}},
            *([{"secretRef": {"name": application["secret"]}}] if is_secret else []),
        ],
        "volumeMounts": [],
        "resources": application["wait_resources"],
    }
