# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Cases of the rules for settings that change pods: values that pass, values that do not, and the message."""

from __future__ import annotations

from typing import Any

from rule_values import SETTINGS

FORM = "{} must be a list of mappings, each with a name: write it as in the spec of a pod in values.yml."
NESTED = (
    "{} is not a field of the spec of a pod: write the fields of the spec directly into the setting in values.yml, and labels and "
    "annotations into its key metadata."
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


NFS_SOURCE = {"path": "/old", "source": {"nfs": {"server": "a", "path": "/"}}}
KEY = {**SETTINGS["platform_config_values"], "PGSSLKEY": "/etc/secrets/client.key"}


def volume(name: str, path: str, **source: Any) -> dict[str, Any]:
    return {"name": name, "path": path, "source": {"emptyDir": {}, **source}}


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
    ({}, {"job_pod": {"metadata": {"name": "a"}}}, NESTED.format("job_pod.metadata.name")),
    *(
        ({}, {"job_pod": wrong}, f"job_pod.{path} must be a mapping: write it as in the spec of a pod in values.yml.")
        for wrong, path in (
            ({"metadata": "a"}, "metadata"),
            ({"metadata": {"labels": None}}, "metadata.labels"),
            ({"affinity": None}, "affinity"),
            ({"nodeSelector": ["a"]}, "nodeSelector"),
        )
    ),
    (
        {"nginx_pod": metadata("labels", team="shop")},
        {"nginx_pod": metadata("labels", component="web")},
        OWN.format("nginx_pod.metadata.labels.component"),
    ),
    (
        {"job_pod": metadata("annotations", component="web")},
        {"job_pod": {"metadata": {"annotations": {"jewelry-shop/references": "1"}}}},
        OWN.format("job_pod.metadata.annotations.jewelry-shop/references"),
    ),
    (
        {},
        {"platform_pod": metadata("labels", app="web")},
        "platform_pod.metadata.labels.app is a label in selectors of this platform; use another key (set it in values.yml).",
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
    (
        {"django_volumes": [{"name": "old", **NFS_SOURCE}], "namespace_pod_security": "baseline"},
        {"django_volumes": [{"name": "old", **NFS_SOURCE}]},
        FORBIDDEN.format("restricted", "django_volumes[old].nfs", "namespace_pod_security", "baseline"),
    ),
    *(
        ({"storage_claims": right}, {"storage_claims": wrong}, f"{message} (set it in values.yml).")
        for right, wrong, message in (
            ({"exports": {"size": "1Gi"}}, {"exports": {}}, "storage_claims.exports.size is not set"),
            (
                {"media": {"enabled": False}},
                {"media": {"enable": False}},
                "storage_claims.media.enable is not a field of a claim; the fields are size, class, access_mode, enabled",
            ),
            ({"media": {"class": "fast"}}, {"media": True}, "storage_claims.media must be a mapping"),
            ({"media": {"enabled": "False"}}, {"media": {"enabled": "no"}}, "storage_claims.media.enabled must be a boolean"),
            (
                {"media": {"size": "1Gi"}},
                {"media": {"size": "1 GB"}},
                "storage_claims.media.size '1 GB' is not a Kubernetes quantity; write a number with or without a suffix, such as 500m, 2, "
                "512Mi or 10Gi",
            ),
        )
    ),
    (
        {"storage_access_mode": "ReadWriteOnce", "storage_claims": {"media": {"access_mode": "ReadWriteMany"}}},
        {"storage_access_mode": "ReadWriteOncePod", "storage_claims": {"media": {"access_mode": "ReadOnlyMany"}}},
        "storage_access_mode 'ReadWriteOncePod', storage_claims.media.access_mode 'ReadOnlyMany' does not let several pods mount the "
        "claim: set it to ReadWriteMany or ReadWriteOnce in values.yml. With ReadWriteOnce, all pods that mount the claim must run on one "
        "node.",
    ),
    *(
        ({"platform_volumes": right}, {name: wrong}, f"{name}{message} (set it in values.yml).")
        for right, name, wrong, message in (
            (
                [volume("a", "/a")],
                "django_volumes",
                [volume("a", "/a", secret={})],
                "[a] needs one volume source",
            ),
            ([{"name": "media"}], "platform_volumes", [{"name": "medium"}], "[medium] has no source and is none of media, exports"),
            ([volume("a", "/a")], "nginx_volumes", [{"name": "media"}], "[media] has no source and is none of the shared volumes"),
            ([{"name": "exports", "path": "/e"}], "job_volumes", [{"name": "exports"}], "[exports] needs an absolute path"),
            ([volume("a", "/a")], "postgresql_volumes", [volume("a", "a")], "[a] needs an absolute path"),
            (
                [volume("a", "/a"), volume("a", "/b")],
                "platform_volumes",
                [volume("a", "/a"), {"name": "a", "path": "/b", "source": {"secret": {}}}],
                "[a] has two sources",
            ),
            (
                [volume("a", "/a"), volume("b", "/b")],
                "platform_volumes",
                [volume("a", "/a"), volume("b", "/a")],
                "[b] has the path /a of another volume",
            ),
        )
    ),
    *(
        (
            {"platform_secret_files_mode": "0440"},
            {"platform_secret_files_mode": mode},
            f"platform_secret_files_mode '{mode}' is not a file mode: write four octal digits that begin with 0 in quotes, such as "
            '"0440", in values.yml.',
        )
        for mode in ("440", "288", "0448")
    ),
    (
        {"platform_config_values": KEY, "platform_secret_files_mode": "0640"},
        {"platform_config_values": KEY},
        "The client key of PostgreSQL /etc/secrets/client.key (platform_config.PGSSLKEY) gets the mode 0644, and libpq rejects a key that "
        'others may read: set platform_secret_files_mode to "0440" in values.yml.',
    ),
]
