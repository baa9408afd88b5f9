# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cases of the rules for settings that change pods: values that pass, values that do not, and the message."""

from __future__ import annotations

from typing import Any

FORM = "{} must be a list of mappings, each with a name: write it as in the spec of a pod in values.yml."
NESTED = (
    "{} is no field of the spec of a pod: write the fields of the spec directly into the setting in values.yml, and labels and annotations "
    "into its key metadata."
)
OWN = "{} is set by this collection, whose selectors use it: choose another name in values.yml."
GRACE = "{} would override the grace period that fits the time to stop: set {} in values.yml instead."
ENDLESS = (
    "{} would run beside the container of a Job, which would then not end: in values.yml, add the container to the pods of a tier "
    "(<tier>_pod), or to initContainers with restartPolicy Always, which needs Kubernetes 1.29."
)
FORBIDDEN = "The Pod Security level {} of the namespace does not allow {}: remove this from values.yml, or set {} there to {}."
SIDECAR = {"name": "log", "image": "log:1"}
ENFORCE = "pod-security.kubernetes.io/enforce"
HOST_PATH = {"volumes": [{"name": "logs", "hostPath": {"path": "/var/log"}}]}
NFS = {"volumes": [{"name": "old", "nfs": {"server": "a", "path": "/"}}]}


def metadata(kind: str, **values: Any) -> dict[str, Any]:
    return {"metadata": {kind: values}}


def container(**fields: Any) -> dict[str, Any]:
    return {"containers": [{"name": "django", **fields}]}


Case = tuple[dict[str, Any], dict[str, Any], str]
CASES: list[Case] = [
    ({"django_pod": container()}, {"django_pod": {"containers": {"name": "django"}}}, FORM.format("django_pod.containers")),
    (
        {"postgresql_pod": {"volumes": [{"name": "a", "emptyDir": {}}]}},
        {"postgresql_pod": {"volumes": [{"emptyDir": {}}]}},
        FORM.format("postgresql_pod.volumes"),
    ),
    ({"platform_pod": {"nodeSelector": {"a": "b"}}}, {"platform_pod": {"spec": {}}}, NESTED.format("platform_pod.spec")),
    (
        {"nginx_pod": metadata("labels", team="shop")},
        {"nginx_pod": metadata("labels", component="web")},
        OWN.format("nginx_pod.metadata.labels.component"),
    ),
    (
        {"job_pod": metadata("annotations", component="web")},
        {"job_pod": {"metadata": {"annotations": {"jewelry-shop/secret-revision": "1"}}}},
        OWN.format("job_pod.metadata.annotations.jewelry-shop/secret-revision"),
    ),
    (
        {},
        {"platform_pod": metadata("labels", app="web")},
        "platform_pod.metadata.labels.app is a label that Services and network policies select by; take another key (set it in "
        "values.yml).",
    ),
    (
        {"django_service_account_annotations": {"role": "1"}},
        {"django_service_account_annotations": {"role": 1}},
        "django_service_account_annotations.role must be a string; quote its value (set it in values.yml).",
    ),
    (
        {"job_pod": {"terminationGracePeriodSeconds": 1}, "postgresql_pod": {"terminationGracePeriodSeconds": 1}},
        {"django_pod": {"terminationGracePeriodSeconds": 1}},
        GRACE.format("django_pod.terminationGracePeriodSeconds", "django_termination_grace_period_seconds"),
    ),
    (
        {},
        {"platform_pod": {"terminationGracePeriodSeconds": 1}},
        GRACE.format("platform_pod.terminationGracePeriodSeconds", "<tier>_termination_grace_period_seconds"),
    ),
    (
        {"platform_pod": container(), "django_pod": {"containers": [SIDECAR]}, "job_pod": {"initContainers": [SIDECAR]}},
        {"platform_pod": {"containers": [SIDECAR]}},
        ENDLESS.format("platform_pod.containers[log]"),
    ),
    ({}, {"job_pod": {"containers": [SIDECAR]}}, ENDLESS.format("job_pod.containers[log]")),
    *(
        (
            {"django_pod": fragment, "namespace_pod_security": needed},
            {"django_pod": fragment, "namespace_pod_security": level},
            FORBIDDEN.format(level, f"django_pod.{path}", "namespace_pod_security", needed),
        )
        for level, needed, fragment, path in (
            ("restricted", "baseline", NFS, "volumes[old].nfs"),
            ("baseline", "privileged", HOST_PATH, "volumes[logs].hostPath"),
            ("restricted", "privileged", {"hostNetwork": True}, "hostNetwork"),
        )
    ),
    (
        {"platform_pod": {"hostPID": True}, "namespace_labels": {ENFORCE: "privileged"}},
        {"platform_pod": {"hostPID": True}, "namespace_pod_security": "privileged", "namespace_labels": {ENFORCE: "baseline"}},
        FORBIDDEN.format("baseline", "platform_pod.hostPID", f"{ENFORCE} in namespace_labels", "privileged"),
    ),
]
