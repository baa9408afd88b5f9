# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The files of an export: templates in place of Secrets, and Jobs as they were applied."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.jobs import applied_jobs
from ansible_collections.jewelry_shop.platform.plugins.module_utils.export.run import export_files
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import Masker

MANAGER = "jewelry_shop.platform"
SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "immutable": True,
    "metadata": {"name": "django-secrets-abc", "namespace": "shop", "labels": {"app": "jewelry-shop"}},
}
CONTENT = {"name": "django-secrets-abc", "title": "django-secrets", "type": "Opaque", "keys": ["A_KEY", "B_KEY"]}
PARAMS: dict[str, Any] = {
    "host": "staging",
    "namespace": "shop",
    "stages": [{"name": "secrets", "manifests": [SECRET]}],
    "contents": [CONTENT],
    "secrets": "none",
    "secret_store_name": "vault",
    "secret_store_kind": "ClusterSecretStore",
    "secret_remote_key": "{namespace}/{name}",
    "jobs": [],
    "argocd": False,
    "flux": False,
    "flux_path": "clusters/staging",
    "flux_namespace": "flux-system",
    "flux_source_kind": "GitRepository",
    "flux_source_name": "flux-system",
    "timeout": 600,
    "command_timeout": 1830,
    "field_manager": MANAGER,
}


def made(directory: Path, hidden: tuple[str, ...] = (), **values: Any) -> tuple[dict[str, str], list[str]]:
    return export_files(directory, {**PARAMS, **values}, Masker(hidden))


def test_secrets_are_left_out_and_the_readme_lists_their_keys(tmp_path: Path) -> None:
    files, warnings = made(tmp_path)
    assert sorted(files) == ["README.md", "kustomization.yaml"]
    assert "| `django-secrets-abc` | `Opaque` | `A_KEY`, `B_KEY` |" in files["README.md"]
    assert warnings == []


@pytest.mark.parametrize(
    ("remote_key", "expected"), [("{namespace}/{name}", "shop/django-secrets"), ("kv/{host}", "kv/staging"), ("{name}", "django-secrets")]
)
def test_an_external_secret_creates_the_secret_that_the_pods_use(tmp_path: Path, remote_key: str, expected: str) -> None:
    files, _warnings = made(tmp_path, secrets="external_secret", secret_remote_key=remote_key)
    found = yaml.safe_load(files["01-secrets/externalsecret-django-secrets-abc.yaml"])
    assert (found["apiVersion"], found["kind"]) == ("external-secrets.io/v1", "ExternalSecret")
    spec = found["spec"]
    assert spec["secretStoreRef"] == {"kind": "ClusterSecretStore", "name": "vault"}
    assert (spec["target"]["name"], spec["target"]["immutable"], spec["refreshPolicy"]) == ("django-secrets-abc", True, "CreatedOnce")
    assert spec["target"]["template"] == {"type": "Opaque", "metadata": {"labels": {"app": "jewelry-shop"}}}
    keys = [(each["secretKey"], each["remoteRef"]["key"], each["remoteRef"]["property"]) for each in spec["data"]]
    assert keys == [(key, expected, key) for key in ("A_KEY", "B_KEY")]
    assert f"| `{expected}` | `A_KEY`, `B_KEY` | `django-secrets-abc` |" in files["README.md"]


def test_a_sealed_secret_keeps_the_values_that_kubeseal_encrypted(tmp_path: Path) -> None:
    path = "01-secrets/sealedsecret-django-secrets-abc.yaml"
    files, warnings = made(tmp_path, secrets="sealed_secret")
    found = yaml.safe_load(files[path])
    assert found["spec"]["encryptedData"] == dict.fromkeys(("A_KEY", "B_KEY"), "REPLACE_THIS_VALUE_WITH_KUBESEAL")
    assert found["spec"]["template"]["metadata"]["name"] == "django-secrets-abc"
    assert warnings == [
        "These SealedSecrets have no encrypted values yet: django-secrets-abc. See README.md of the export.",
    ]
    assert f"kubeseal --cert sealed-secrets.pem --format yaml --merge-into {path}" in files["README.md"]
    (tmp_path / "01-secrets").mkdir()
    found["spec"]["encryptedData"] = {"A_KEY": "AgA", "B_KEY": "AgB", "C_KEY": "no longer in the Secret"}
    (tmp_path / path).write_text(yaml.dump(found))
    again, warnings = made(tmp_path, secrets="sealed_secret")
    assert yaml.safe_load(again[path])["spec"]["encryptedData"] == {"A_KEY": "AgA", "B_KEY": "AgB"}
    assert warnings == []


@pytest.mark.parametrize("place", ["value", "key", "nested"])
def test_an_object_with_the_value_of_a_secret_is_rejected_without_it(tmp_path: Path, place: str) -> None:
    data = {"value": {"a": "x=hunter2"}, "key": {"hunter2": "a"}, "nested": {"a": [{"b": "hunter2"}]}}[place]
    manifest = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a", "namespace": "shop"}, "data": data}
    with pytest.raises(PlatformError, match="ConfigMap shop/a would contain the value of a secret") as raised:
        made(tmp_path, hidden=("hunter2",), stages=[{"name": "extra_objects", "manifests": [manifest]}])
    assert "hunter2" not in str(raised.value)


# A Job as the API server returns it, with defaults, and what was applied.
APPLIED_SPEC = {
    "backoffLimit": 0,
    "template": {
        "metadata": {"labels": {"app": "jewelry-shop"}},
        "spec": {
            "containers": [{"name": "migrate", "command": ["a", "--used=1"], "env": [{"name": "A", "value": "1"}], "image": "shop:1"}],
            "securityContext": {"runAsUser": 1000},
            "volumes": [{"name": "tmp", "emptyDir": {}}],
        },
    },
}
LIVE: dict[str, Any] = {
    "metadata": {
        "name": "migrate-abc",
        "namespace": "shop",
        "uid": "1",
        "labels": {"component": "migrate", "of-others": "1"},
        "finalizers": ["a", "b"],
        "managedFields": [
            {
                "manager": MANAGER,
                "operation": "Apply",
                "fieldsV1": {
                    "f:metadata": {"f:labels": {"f:component": {}}, "f:finalizers": {'v:"a"': {}}},
                    "f:spec": {
                        "f:backoffLimit": {},
                        "f:template": {
                            "f:metadata": {"f:labels": {"f:app": {}}},
                            "f:spec": {
                                "f:containers": {
                                    'k:{"name":"migrate"}': {
                                        ".": {},
                                        "f:name": {},
                                        "f:command": {},
                                        "f:image": {},
                                        "f:env": {'k:{"name":"A"}': {".": {}, "f:name": {}, "f:value": {}}},
                                    }
                                },
                                "f:securityContext": {"f:runAsUser": {}},
                                "f:volumes": {'k:{"name":"tmp"}': {".": {}, "f:name": {}, "f:emptyDir": {}}},
                            },
                        },
                    },
                },
            },
            {"manager": "kube-controller-manager", "operation": "Update", "fieldsV1": {"f:status": {"f:succeeded": {}}}},
        ],
    },
    "spec": {
        "backoffLimit": 0,
        "completions": 1,
        "selector": {"matchLabels": {"controller-uid": "1"}},
        "template": {
            "metadata": {"labels": {"app": "jewelry-shop", "controller-uid": "1"}},
            "spec": {
                "restartPolicy": "Never",
                "containers": [
                    {
                        "name": "migrate",
                        "command": ["a", "--used=1"],
                        "env": [{"name": "A", "value": "1"}],
                        "image": "shop:1",
                        "terminationMessagePath": "/dev/termination-log",
                    },
                    {"name": "sidecar", "image": "of-others:1"},
                ],
                "securityContext": {"runAsUser": 1000},
                "volumes": [{"name": "tmp", "emptyDir": {}}],
            },
        },
    },
    "status": {"succeeded": 1},
}
RENDERED = {
    "apiVersion": "batch/v1",
    "kind": "Job",
    "metadata": {"name": "migrate-abc", "namespace": "shop", "labels": {"component": "migrate"}},
    "spec": {"template": {"spec": {"containers": [{"name": "migrate", "command": ["a"]}]}}},
}


def test_a_job_of_the_cluster_is_exported_as_it_was_applied() -> None:
    assert applied_jobs([RENDERED], [LIVE], MANAGER) == [
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": "migrate-abc", "namespace": "shop", "labels": {"component": "migrate"}, "finalizers": ["a"]},
            "spec": APPLIED_SPEC,
        }
    ]


@pytest.mark.parametrize(
    "live",
    [
        [],
        [{**LIVE, "metadata": {**LIVE["metadata"], "name": "migrate-other"}}],
        # A Job that others created under the same name.
        [{**LIVE, "metadata": {**LIVE["metadata"], "managedFields": [{**LIVE["metadata"]["managedFields"][0], "manager": "kubectl"}]}}],
    ],
)
def test_other_jobs_are_exported_as_they_are_rendered(live: list[dict[str, Any]]) -> None:
    assert applied_jobs([RENDERED], live, MANAGER) == [RENDERED]


@pytest.mark.parametrize(("values", "used"), [({}, True), ({"argocd": True}, False), ({"flux": True}, False)])
def test_argo_cd_and_flux_do_not_depend_on_jobs_of_the_cluster(tmp_path: Path, values: dict[str, Any], used: bool) -> None:
    files, _warnings = made(tmp_path, stages=[{"name": "pre_deploy", "manifests": [RENDERED]}], contents=[], jobs=[LIVE], **values)
    assert ("--used=1" in files["01-pre-deploy-1-migrate/job-migrate-abc.yaml"]) is used
    assert ("flux/kustomization.yaml" in files) is values.get("flux", False)
