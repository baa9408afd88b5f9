# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""playbooks/remove.yml against a server that responds as an API server does: its output, and when it deletes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from api_server import discovery
from conftest import Serve
from http_server import Handler, Server, reply
from lease_server import KeptLease

REPOSITORY = Path(__file__).parents[4]
NAMESPACE = "/api/v1/namespaces/jewelry-shop"
REVIEWS = "/apis/authorization.k8s.io/v1/selfsubject"
CONTENT = "aHVudGVyMi1hbmQtbW9yZQ=="
NOT_FOUND = {"kind": "Status", "status": "Failure", "code": 404, "message": "not found"}
DEFINITION = {"api_version": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition", "namespace": "", "name": "backups.example.com"}
PRIORITY = {"api_version": "scheduling.k8s.io/v1", "kind": "PriorityClass", "namespace": "", "name": "shop-first"}
LABELS = {"jewelry-shop/namespace": "jewelry-shop", "jewelry-shop/environment": "kind"}
NAMESPACE_LABELS = {"app": "jewelry-shop", "environment": "kind"}
OBJECT_LABELS = {**NAMESPACE_LABELS, "app.kubernetes.io/managed-by": "ansible"}
BY_HAND = {"manager": "kubectl-create", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {"f:note": {}}}}}
RESOURCES = {
    "metrics.k8s.io/v1beta1": {"pods": "PodMetrics"},
    "v1": {
        "namespaces": "Namespace",
        "configmaps": "ConfigMap",
        "persistentvolumeclaims": "PersistentVolumeClaim",
        "secrets": "Secret",
        "services": "Service",
        "serviceaccounts": "ServiceAccount",
    },
    "apps/v1": {"deployments": "Deployment", "statefulsets": "StatefulSet"},
    "batch/v1": {"jobs": "Job"},
    "scheduling.k8s.io/v1": {"priorityclasses": "PriorityClass"},
    "apiextensions.k8s.io/v1": {"customresourcedefinitions": "CustomResourceDefinition"},
    "authorization.k8s.io/v1": {
        "selfsubjectrulesreviews": "SelfSubjectRulesReview",
        "selfsubjectaccessreviews": "SelfSubjectAccessReview",
    },
}
OF_THE_CLUSTER = ("Namespace", "PriorityClass", "CustomResourceDefinition", *RESOURCES["authorization.k8s.io/v1"].values())
EVERYTHING = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]


def applied(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """The metadata of an object that a run applied."""
    fields: dict[str, Any] = {"f:metadata": {"f:labels": {f"f:{key}": {} for key in labels}}, "f:data": {"f:objects": {}}}
    entry = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": fields}
    return {"name": name, "uid": f"uid-{name}", "labels": labels, "managedFields": [entry]}


def inside(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """The same in the namespace."""
    return {**applied(name, labels), "namespace": "jewelry-shop"}


SECRET = {"metadata": inside("django-secrets", OBJECT_LABELS), "data": {"A": CONTENT}}
CLAIM = {"metadata": inside("media-pvc", OBJECT_LABELS), "status": {"capacity": {"storage": "50Gi"}}}
DEPLOYMENT = {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": inside("django", OBJECT_LABELS)}
NOTES = {"metadata": {"name": "notes", "namespace": "jewelry-shop", "uid": "uid-notes", "managedFields": [BY_HAND]}}
UNAVAILABLE = {"kind": "Status", "status": "Failure", "code": 503, "message": "the server is currently unable to handle the request"}
FORBIDDEN = {"kind": "Status", "status": "Failure", "code": 403, "reason": "Forbidden", "message": "serviceaccounts is forbidden"}


@pytest.fixture
def server(serve: Serve) -> Server:
    gone: set[str] = set()
    served: Server

    def kept(content: dict[str, Any]) -> Any:
        """An object that is there until it is deleted."""

        def route(handler: Handler) -> None:
            path = handler.path.partition("?")[0]
            is_gone = path in gone
            if handler.command == "DELETE" and not is_dry(served.requests[-1]):
                gone.add(path)
            reply(NOT_FOUND, 404)(handler) if is_gone else reply(content)(handler)

        return route

    def place(path: str, kind: str, *items: dict[str, Any]) -> dict[str, Any]:
        """The list of a kind in the namespace, and each of its objects."""
        whole = {f"{path}/{each['metadata']['name']}": kept({"apiVersion": "v1", "kind": kind, **each}) for each in items}

        def listing(handler: Handler) -> None:
            left = [each for each in items if f"{path}/{each['metadata']['name']}" not in gone]
            reply({"kind": f"{kind}List", "apiVersion": "v1", "items": left})(handler)

        return {path: listing, **whole}

    record = {"metadata": inside("extra-objects", {**OBJECT_LABELS, **LABELS}), "data": {"objects": json.dumps([DEFINITION, PRIORITY])}}
    served = serve(
        {
            **discovery(RESOURCES, OF_THE_CLUSTER),
            # An extension API server that does not respond.
            "/apis/metrics.k8s.io/v1beta1": reply(UNAVAILABLE, 503),
            "/api/v1/namespaces/kube-system": reply({"kind": "Namespace", "metadata": {"name": "kube-system", "uid": "cluster-1"}}),
            NAMESPACE: kept({"kind": "Namespace", "apiVersion": "v1", "metadata": applied("jewelry-shop", NAMESPACE_LABELS)}),
            **KeptLease("jewelry-shop").routes,
            **place(f"{NAMESPACE}/persistentvolumeclaims", "PersistentVolumeClaim", CLAIM),
            **place(f"{NAMESPACE}/services", "Service"),
            **place(f"{NAMESPACE}/serviceaccounts", "ServiceAccount"),
            **place(f"{NAMESPACE}/configmaps", "ConfigMap", record, NOTES),
            **place(f"{NAMESPACE}/secrets", "Secret", SECRET),
            f"{REVIEWS}rulesreviews": reply({"status": {"resourceRules": EVERYTHING}}),
            f"{REVIEWS}accessreviews": reply({"status": {"allowed": False}}),
            **place("/apis/apps/v1/namespaces/jewelry-shop/deployments", "Deployment", DEPLOYMENT),
            **place("/apis/apps/v1/namespaces/jewelry-shop/statefulsets", "StatefulSet"),
            **place("/apis/batch/v1/namespaces/jewelry-shop/jobs", "Job"),
            "/apis/scheduling.k8s.io/v1/priorityclasses/shop-first": kept(
                {"kind": "PriorityClass", "metadata": applied("shop-first", LABELS)}
            ),
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/backups.example.com": kept(
                {"kind": "CustomResourceDefinition", "metadata": applied("backups.example.com", LABELS)}
            ),
            "/api/v1/namespaces/other-tenant": kept(
                {"kind": "Namespace", "metadata": {"name": "other-tenant", "uid": "t-1", "managedFields": [BY_HAND]}}
            ),
        }
    )
    return served


def is_dry(request: Any) -> bool:
    """As an API server takes it: a deletion with a body has its options there."""
    return (json.loads(request.body).get("dryRun") == ["All"]) if request.body else "dryRun" in request.path


def deletions(server: Server) -> list[str]:
    return [request.path.partition("?")[0] for request in server.requests if request.method == "DELETE" and not is_dry(request)]


def remove(server: Server, folder: Path, *options: str, **values: Any) -> tuple[int, str]:
    """The exit code and the output of a run of the playbook."""
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "ansible.cli.playbook",
            "playbooks/remove.yml",
            f"--extra-vars={json.dumps({'platform_kube_context': '', 'platform_api_host': server.url, **values})}",
            *options,
        ],
        cwd=REPOSITORY,
        env={
            **os.environ,
            "K8S_AUTH_HOST": server.url,
            "K8S_AUTH_API_KEY": "token",
            "HOME": str(folder),
            "TMPDIR": str(folder),
            "ANSIBLE_NOCOLOR": "1",
        },
        capture_output=True,
        text=True,
    )
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_remove_confirmed_is_false_by_default() -> None:
    assert yaml.safe_load((REPOSITORY / "roles" / "remove" / "defaults" / "main.yml").read_text())["remove_confirmed"] is False


BY_KUBECTL = "it was created by the field manager kubectl-create, not by this collection"


@pytest.mark.parametrize(
    ("options", "code"),
    [
        pytest.param(["--check"], 0, id="check mode needs no confirmation"),
        # As -e gives it: a string.
        pytest.param(["--extra-vars=remove_confirmed=false"], 2, id="not confirmed"),
    ],
)
def test_the_removal_is_shown_and_nothing_is_deleted_without_a_confirmation(
    server: Server, tmp_path: Path, options: list[str], code: int
) -> None:
    returned, output = remove(server, tmp_path, *options)
    assert returned == code, output
    for line in (
        "Goes: Deployment django PriorityClass shop-first ConfigMap extra-objects Secret django-secrets",
        "Stays: CustomResourceDefinition backups.example.com: its objects in all namespaces can belong to others. "
        "To delete it, use kubectl "
        f"ConfigMap notes: {BY_KUBECTL} PersistentVolumeClaim media-pvc with 50Gi: volume that remove_volumes does not name "
        "Namespace jewelry-shop: remove_namespace is false Objects that cannot be listed: metrics.k8s.io/v1beta1",
    ):
        assert line in output
    assert ("run it again with -e remove_confirmed=true" in output) is (code == 2), output
    assert deletions(server) == []


PLANTED = {"api_version": "v1", "kind": "Namespace", "namespace": "", "name": "other-tenant"}


def test_only_objects_that_this_platform_applied_are_removed(server: Server, tmp_path: Path) -> None:
    """The record lists the Namespace of another tenant, which is not removed."""
    data = {"objects": json.dumps([PRIORITY, PLANTED])}
    server.routes[f"{NAMESPACE}/configmaps/extra-objects"] = reply(  # type: ignore[index]
        {"kind": "ConfigMap", "metadata": inside("extra-objects", {**OBJECT_LABELS, **LABELS}), "data": data}
    )
    returned, output = remove(server, tmp_path, remove_confirmed=True)
    assert returned == 0, output
    removed = ["django", "shop-first", "extra-objects", "django-secrets", "jewelry-shop-run"]
    assert [path.rpartition("/")[2] for path in deletions(server)] == removed
    assert "Namespace other-tenant stays" in output
    assert BY_KUBECTL in output


@pytest.mark.parametrize(
    ("namespace", "sentence"),
    [
        ("jewelry-shop", "Namespace jewelry-shop: its label environment is staging, not kind."),
        ("default", "Namespace default: it is a namespace of the cluster itself."),
    ],
)
def test_a_namespace_of_another_owner_is_not_removed(server: Server, tmp_path: Path, namespace: str, sentence: str) -> None:
    routes: dict[str, Any] = server.routes  # type: ignore[assignment]
    routes[NAMESPACE] = reply({"kind": "Namespace", "metadata": applied("jewelry-shop", {**NAMESPACE_LABELS, "environment": "staging"})})
    routes |= {path.replace("jewelry-shop", namespace): route for path, route in routes.items() if path != NAMESPACE}
    returned, output = remove(server, tmp_path, remove_confirmed=True, remove_namespace=True, platform_namespace=namespace)
    assert (returned, deletions(server)) == (2, []), output
    assert sentence in output


def test_the_namespace_is_not_removed_with_objects_of_others_and_volumes_in_it(server: Server, tmp_path: Path) -> None:
    returned, output = remove(server, tmp_path, "--extra-vars=remove_namespace=true", remove_confirmed=True)
    assert (returned, deletions(server)) == (2, []), output
    assert (
        f"remove_namespace is true, but namespace jewelry-shop also has: ConfigMap notes ({BY_KUBECTL}); PersistentVolumeClaim media-pvc "
        "with 50Gi (volume that remove_volumes does not name); objects that cannot be listed (metrics.k8s.io/v1beta1). Name the volumes"
    ) in output


def test_the_namespace_and_the_named_volumes_are_removed_last(server: Server, tmp_path: Path) -> None:
    server.routes["/apis/metrics.k8s.io/v1beta1"] = reply({"kind": "APIResourceList", "resources": []})  # type: ignore[index]
    server.routes[f"{NAMESPACE}/configmaps"] = reply({"kind": "ConfigMapList", "items": []})  # type: ignore[index]
    returned, output = remove(
        server, tmp_path, "--extra-vars=remove_namespace=true remove_volumes=all", "-vvv", "--diff", remove_confirmed=True
    )
    assert returned == 0, output
    assert deletions(server)[-2:] == [f"{NAMESPACE}/persistentvolumeclaims/media-pvc", NAMESPACE]
    assert CONTENT not in output


def test_a_rejected_deletion_is_reported_before_the_first_one(server: Server, tmp_path: Path) -> None:
    """A credential for one namespace cannot delete claims."""
    path = f"{NAMESPACE}/persistentvolumeclaims/media-pvc"
    server.routes[path] = reply({**FORBIDDEN, "message": "cannot delete the claim"}, 403)  # type: ignore[index]
    returned, output = remove(server, tmp_path, remove_confirmed=True, remove_volumes=["media-pvc"])
    assert (returned, deletions(server)) == (2, []), output
    assert "The cluster would reject the removal: PersistentVolumeClaim jewelry-shop/media-pvc: " in output
    assert "cannot delete the claim" in output


def test_kinds_that_the_credential_cannot_list_are_named(server: Server, tmp_path: Path) -> None:
    server.routes[f"{NAMESPACE}/serviceaccounts"] = reply(FORBIDDEN, 403)  # type: ignore[index]
    returned, output = remove(server, tmp_path, "--check")
    assert returned == 0, output
    assert "Objects that cannot be listed: metrics.k8s.io/v1beta1, serviceaccounts" in output
