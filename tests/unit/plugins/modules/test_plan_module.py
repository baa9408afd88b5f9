# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Runs the module against a server that responds as an API server does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import datetime, timezone
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest
from ansible.module_utils.testing import patch_module_args

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.rules import acquired
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan import api as plan_api
from ansible_collections.jewelry_shop.platform.plugins.modules import plan
from conftest import Serve
from http_server import Handler, InTurn, Server, raw
from lease_server import KeptLease

Run = Callable[..., dict[str, Any]]
REPOSITORY = Path(__file__).parents[4]
PLACE = "/api/v1/namespaces/shop"
CONFIG_MAP = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "settings", "namespace": "shop"}, "data": {"A": "1"}}
SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "passwords", "namespace": "shop", "labels": {"app": "shop"}}}
GROUPS = ("storage.k8s.io", "networking.k8s.io", "batch", "apps", "authorization.k8s.io")
WITHOUT_NAMESPACE = ("Namespace", "Node", "StorageClass", "IngressClass", "SelfSubjectRulesReview", "SelfSubjectAccessReview")


def answer(content: Any, status: int = 200, **headers: str) -> Callable[[Handler], None]:
    def route(handler: Handler) -> None:
        body = json.dumps(content).encode()
        handler.send_response(status)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return route


def refusal(status: int, message: str, kind: str = "") -> Callable[[Handler], None]:
    return answer({"kind": "Status", "code": status, "message": message, "details": {"kind": kind}}, status)


def by_method(**routes: Callable[[Handler], None]) -> Callable[[Handler], None]:
    return lambda handler: routes[handler.command](handler)


def group(name: str, version_name: str = "v1") -> dict[str, Any]:
    version = {"groupVersion": f"{name}/{version_name}", "version": version_name}
    return {"name": name, "versions": [version], "preferredVersion": version}


def resource_list(version: str, **kinds: str) -> Callable[[Handler], None]:
    resources = [
        {
            "name": name,
            "singularName": kind.lower(),
            "kind": kind,
            "namespaced": kind not in WITHOUT_NAMESPACE,
            "verbs": ["get", "list", "patch"],
        }
        for name, kind in kinds.items()
    ]
    return answer({"kind": "APIResourceList", "groupVersion": version, "resources": resources})


@pytest.fixture
def server(serve: Serve) -> Server:
    routes = {
        "/version": answer({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
        "/api": answer({"kind": "APIVersions", "versions": ["v1"]}),
        "/api/v1": resource_list(
            "v1",
            configmaps="ConfigMap",
            secrets="Secret",
            namespaces="Namespace",
            nodes="Node",
            persistentvolumeclaims="PersistentVolumeClaim",
            pods="Pod",
        ),
        "/apis": answer({"kind": "APIGroupList", "groups": [group(name) for name in GROUPS]}),
        "/apis/apps/v1": resource_list("apps/v1", deployments="Deployment"),
        "/apis/authorization.k8s.io/v1": resource_list(
            "authorization.k8s.io/v1", selfsubjectrulesreviews="SelfSubjectRulesReview", selfsubjectaccessreviews="SelfSubjectAccessReview"
        ),
        "/apis/storage.k8s.io/v1": resource_list("storage.k8s.io/v1", storageclasses="StorageClass"),
        "/apis/batch/v1": resource_list("batch/v1", jobs="Job"),
        "/apis/networking.k8s.io/v1": resource_list("networking.k8s.io/v1", ingressclasses="IngressClass"),
        "/apis/networking.k8s.io/v1/ingressclasses": answer(
            {"items": [{"metadata": {"name": "traefik"}, "spec": {"controller": "traefik.io/ingress-controller"}}]}
        ),
        "/apis/storage.k8s.io/v1/storageclasses": answer({"items": [{"metadata": {"name": "standard"}, "provisioner": "example.com/nfs"}]}),
        "/apis/batch/v1/namespaces/shop/jobs": answer(
            {
                "items": [
                    {"metadata": {"name": name, "creationTimestamp": "2026-11-26T12:00:00Z"}, "status": status}
                    for name, status in (
                        ("migrate-1", {"conditions": [{"type": "Complete", "status": "True"}]}),
                        ("collectstatic-1", {"conditions": [{"type": "Failed", "status": "True"}]}),
                        ("compress-1", {"active": 1, "ready": 1}),
                    )
                ]
            }
        ),
        "/api/v1/namespaces/kube-system": answer({"metadata": {"name": "kube-system", "uid": "cluster-1"}}),
        f"{PLACE}/configmaps/settings": by_method(GET=answer(CONFIG_MAP), PATCH=answer(CONFIG_MAP)),
        f"{PLACE}/secrets/passwords": answer({"kind": "PartialObjectMetadata", "metadata": SECRET["metadata"]}),
    }
    return serve(routes)


@pytest.fixture
def run(server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Runs the module against the server as Ansible does and returns what it prints, plus its exit code."""
    # Where kubernetes.core keeps what it discovered.
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)

    def start(*manifests: dict[str, Any], **arguments: Any) -> dict[str, Any]:
        given = {"host": server.url, "api_key": "the-token", "stages": [{"name": "stage", "manifests": list(manifests)}], **arguments}
        with patch_module_args(given), pytest.raises(SystemExit) as ended:
            plan.main()
        result: dict[str, Any] = json.loads(capsys.readouterr().out)
        return {**result, "code": ended.value.code}

    return start


def actions(result: dict[str, Any]) -> list[str]:
    return [entry["action"] for entry in result["objects"]]


def test_equal_objects_have_no_difference(run: Run, server: Server) -> None:
    result = run(CONFIG_MAP)
    assert (actions(result), result["differing"], result["refusals"]) == (["none"], [], [])
    [patch] = [request for request in server.requests if request.method == "PATCH"]
    assert set(patch.path.partition("?")[2].lower().split("&")) == {"dryrun=all", "fieldmanager=jewelry_shop.platform", "force=true"}


@pytest.mark.parametrize(
    ("check_mode", "diff_mode", "shown"), [(False, False, None), (True, False, None), (False, True, None), (True, True, "A: '2'\n")]
)
def test_changed_is_reported_only_in_check_mode(run: Run, server: Server, check_mode: bool, diff_mode: bool, shown: str | None) -> None:
    wanted = {**CONFIG_MAP, "data": {"A": "2"}}
    server.routes[f"{PLACE}/configmaps/settings"] = by_method(GET=answer(CONFIG_MAP), PATCH=answer(wanted))  # type: ignore[index]
    result = run(wanted, _ansible_check_mode=check_mode, _ansible_diff=diff_mode)
    assert (actions(result), result["changed"]) == (["change"], check_mode)
    assert (result["diff"][0]["after"].split("data:\n  ")[1] if "diff" in result else None) == shown


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (403, 'configmaps "settings" is forbidden: User "deployer" cannot patch resource "configmaps"'),
        (403, 'configmaps "settings" is forbidden: exceeded quota: objects'),
        (422, 'ConfigMap "settings" is invalid: data: Forbidden: field is immutable when `immutable` is set'),
        (400, 'admission webhook "policy.example.com" denied the request: no owner'),
    ],
)
def test_a_rejection_contains_the_message_of_the_cluster(run: Run, server: Server, status: int, message: str) -> None:
    server.routes[f"{PLACE}/configmaps/settings"] = by_method(GET=answer(CONFIG_MAP), PATCH=refusal(status, message))  # type: ignore[index]
    result = run(CONFIG_MAP, SECRET)
    assert (result["code"], actions(result)) == (0, ["refused", "none"])
    assert result["refusals"] == [f"ConfigMap shop/settings: {message}"]


def test_an_unknown_kind_is_a_rejection(run: Run) -> None:
    result = run({"apiVersion": "v1", "kind": "Gadget", "metadata": {"name": "g"}})
    assert result["refusals"] == ["Gadget g: the API server does not serve this kind and apiVersion"]


OWNED = {"stage": "stage", "api_version": "v1", "kind": "ConfigMap", "namespace": "shop"}


def test_owned_objects_that_no_stage_lists_are_planned_for_removal(run: Run, server: Server) -> None:
    ours = [{"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:data": {}}}]
    names = ("settings", "earlier", "protected", "just-gone")
    listed = [{"metadata": {"name": name, "namespace": "shop", "uid": name, "managedFields": ours}} for name in names]
    server.routes |= {  # type: ignore[operator]
        f"{PLACE}/configmaps": answer({"kind": "ConfigMapList", "items": listed}),
        f"{PLACE}/configmaps/earlier": by_method(DELETE=answer({"kind": "Status", "status": "Success"})),
        f"{PLACE}/configmaps/protected": by_method(DELETE=refusal(403, "cannot delete")),
        f"{PLACE}/configmaps/just-gone": by_method(DELETE=refusal(404, "not found")),
    }
    result = run(CONFIG_MAP, owned=[OWNED])
    assert [(each["name"], each["action"]) for each in result["objects"]] == [
        ("settings", "none"),
        ("earlier", "remove"),
        ("protected", "refused"),
    ]
    assert result["refusals"] == ["ConfigMap shop/protected: cannot delete"]
    deletions = [json.loads(request.body) for request in server.requests if request.method == "DELETE"]
    assert [each["dryRun"] for each in deletions] == [["All"]] * 3
    assert result["differing"] == ["stage"]
    asked = next(request.path for request in server.requests if request.path.startswith(f"{PLACE}/configmaps?"))
    assert "labelSelector=app%3Djewelry-shop%2Capp.kubernetes.io/managed-by%3Dansible" in asked


@pytest.mark.parametrize(
    ("owned", "status"),
    [
        pytest.param({**OWNED, "api_version": "monitoring.coreos.com/v1", "kind": "PrometheusRule"}, 200, id="a kind that is not known"),
        pytest.param(OWNED, 403, id="not to be listed"),
        pytest.param(OWNED, 404, id="a kind that has just gone"),
    ],
)
def test_kinds_that_cannot_be_listed_are_not_removed(run: Run, server: Server, owned: dict[str, str], status: int) -> None:
    server.routes[f"{PLACE}/configmaps"] = refusal(status, "no configmaps")  # type: ignore[index]
    assert actions(run(CONFIG_MAP, owned=[owned])) == ["none"]


IDENTITY = {"jewelry-shop/namespace": "shop"}
RECORDED = [
    {"api_version": "v1", "kind": kind, "namespace": "", "name": name}
    for kind, name in (("Namespace", "other-tenant"), ("Secret", "passwords"))
]
WRITTEN = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:data": {"f:objects": {}}}}
MADE = {"manager": "kubectl-create", "operation": "Update", "fieldsV1": {"f:metadata": {"f:annotations": {"f:note": {}}}}}


@pytest.mark.parametrize("manager", ["jewelry_shop.platform", "kubectl-edit"])
def test_objects_of_a_forged_record_are_neither_removed_nor_shown(run: Run, server: Server, manager: str) -> None:
    """Otherwise the next run deletes the Namespace of another tenant, and check mode shows its annotations."""
    record = {
        "kind": "ConfigMap",
        "metadata": {"name": "record", "namespace": "shop", "managedFields": [{**WRITTEN, "manager": manager}]},
        "data": {"objects": json.dumps(RECORDED)},
    }
    tenant = {"metadata": {"name": "other-tenant", "uid": "t", "annotations": {"note": "not for you"}, "managedFields": [MADE]}}
    server.routes |= {  # type: ignore[operator]
        f"{PLACE}/configmaps/record": answer(record),
        "/api/v1/namespaces/other-tenant": answer(tenant),
    }
    records = [{"stage": "stage", "namespace": "shop", "name": "record"}]
    result = run(records=records, identity=IDENTITY, _ansible_check_mode=True, _ansible_diff=True)
    assert (result["objects"], result["changed"], result["diff"], result["code"]) == ([], False, [], 0)
    assert "not for you" not in json.dumps(result)
    expected = (
        ["Namespace other-tenant stays", "Secret passwords stays"]
        if manager == WRITTEN["manager"]
        else ["ConfigMap shop/record: its list was written by"]
    )
    assert all(words in json.dumps(result["warnings"]) for words in expected), result["warnings"]
    assert {request.method for request in server.requests} <= {"GET", "HEAD"}


@pytest.mark.parametrize(
    ("labels", "actions_", "untrusted"),
    [
        ({"app": "shop"}, ["remove"], []),
        ({"app": "other"}, ["refused"], ["Namespace shop: its label app is shop, not other"]),
    ],
)
def test_a_requested_removal_is_tried_in_a_dry_run(
    run: Run, server: Server, labels: dict[str, str], actions_: list[str], untrusted: list[str]
) -> None:
    entry = {"manager": "jewelry_shop.platform", "operation": "Apply", "fieldsV1": {"f:metadata": {"f:labels": {"f:app": {}}}}}
    shop = {"metadata": {"name": "shop", "uid": "n-1", "labels": {"app": "shop"}, "managedFields": [entry]}}
    server.routes["/api/v1/namespaces/shop"] = by_method(GET=answer(shop), DELETE=answer({"kind": "Status"}))  # type: ignore[index]
    removal = {"stage": "namespace", "api_version": "v1", "kind": "Namespace", "name": "shop", "labels": labels}
    result = run(removals=[removal])
    assert (actions(result), result["untrusted"]) == (actions_, untrusted)
    assert [json.loads(request.body)["dryRun"] for request in server.requests if request.method == "DELETE"] == [["All"]] * (not untrusted)


def test_a_missing_namespace_is_not_a_rejection(run: Run, server: Server) -> None:
    missing = refusal(404, 'namespaces "shop" not found', "namespaces")
    server.routes[f"{PLACE}/configmaps/settings"] = missing  # type: ignore[index]
    server.routes[f"{PLACE}/secrets/passwords"] = missing  # type: ignore[index]
    result = run(CONFIG_MAP, SECRET)
    assert (actions(result), result["refusals"]) == (["create", "create"], [])


DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "web", "namespace": "shop"},
    "spec": {"replicas": 1, "template": {"spec": {"containers": [{"name": "web", "image": "web:1"}]}}},
}
LIMIT_RANGE = 'pods "web-x" is forbidden: minimum memory usage per Container is 200Mi, but request is 64Mi'


@pytest.mark.parametrize(
    ("outcome", "action", "refusals"),
    [
        pytest.param(answer({}), "create", [], id="let in"),
        pytest.param(refusal(403, LIMIT_RANGE), "refused", [f"Deployment shop/web: {LIMIT_RANGE}"], id="rejected"),
        pytest.param(refusal(403, 'User "deployer" cannot create resource "pods"'), "create", [], id="no permission to create pods"),
    ],
)
def test_a_workload_whose_pods_would_be_rejected_is_a_rejection(
    run: Run, server: Server, outcome: Callable[[Handler], None], action: str, refusals: list[str]
) -> None:
    """The API server accepts the Deployment, but an admission check can reject its pods."""
    missing = refusal(404, 'deployments.apps "web" not found')
    server.routes["/apis/apps/v1/namespaces/shop/deployments/web"] = by_method(GET=missing, PATCH=answer(DEPLOYMENT))  # type: ignore[index]
    server.routes[f"{PLACE}/pods"] = outcome  # type: ignore[index]
    result = run(DEPLOYMENT)
    assert (actions(result), result["refusals"]) == ([action], refusals)
    [post] = [request for request in server.requests if request.method == "POST"]
    assert post.path.partition("?")[2] == "dryRun=All"


def test_the_plan_returns_the_secrets_of_live_workloads(run: Run, server: Server) -> None:
    """So a caller sees that a password changes, and needs no Secret for it."""

    def with_password(secret: str) -> dict[str, Any]:
        environment = [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": secret, "key": "PASSWORD"}}}]
        pod = {"containers": [{"name": "web", "image": "web:1", "env": environment}]}
        return {**DEPLOYMENT, "spec": {"replicas": 1, "template": {"spec": pod}}}

    routes = by_method(GET=answer(with_password("passwords-1")), PATCH=answer(with_password("passwords-2")))
    server.routes["/apis/apps/v1/namespaces/shop/deployments/web"] = routes  # type: ignore[index]
    server.routes[f"{PLACE}/pods"] = answer({"kind": "Pod"}, 201)  # type: ignore[index]
    [entry] = run(with_password("passwords-2"))["objects"]
    assert (entry["action"], entry["secrets"]) == ("change", ["passwords-1"])
    assert not [request for request in server.requests if "secrets" in request.path]


SEED = {
    **DEPLOYMENT,
    "metadata": {**DEPLOYMENT["metadata"], "uid": "d-1"},
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web", "managed-by": "kustomize"}},
        "template": {
            "metadata": {"labels": {"app": "web", "managed-by": "kustomize"}},
            "spec": {"containers": [{"name": "web", "image": "web:1", "envFrom": [{"secretRef": {"name": "web-secrets"}}]}]},
        },
    },
}
WANTED = {
    **DEPLOYMENT,
    "spec": {
        "replicas": 1,
        "selector": {"matchLabels": {"app": "web"}},
        "template": {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "web", "image": "web:1"}]}},
    },
}


def test_a_workload_of_an_existing_installation_is_reported_and_not_changed(run: Run, server: Server) -> None:
    """The plan reports the workload before the first write."""
    server.routes["/apis/apps/v1/namespaces/shop/deployments/web"] = by_method(GET=answer(SEED))  # type: ignore[index]
    result = run(WANTED)
    sign = "its selector contains managed-by=kustomize (commonLabels of kustomize) and is immutable"
    assert (actions(result), result["foreign"], result["refusals"]) == (["refused"], [f"Deployment shop/web: {sign}"], [])
    assert (result["taking_over"], result["left_behind"]) == (False, [])


def test_an_adoption_is_planned_without_a_write(run: Run, server: Server) -> None:
    place = "/apis/apps/v1/namespaces/shop/deployments/web"
    server.routes[place] = by_method(GET=answer(SEED), DELETE=answer({"kind": "Status"}))  # type: ignore[index]
    server.routes[f"{place}-anew"] = by_method(PATCH=answer(WANTED))  # type: ignore[index]
    server.routes[f"{PLACE}/pods"] = answer({})  # type: ignore[index]
    result = run(WANTED, take_over=True)
    assert (actions(result), result["foreign"], result["refusals"]) == (["take_over"], [], [])
    assert (result["taking_over"], result["left_behind"]) == (True, ["Secret shop/web-secrets"])
    writes = [request for request in server.requests if request.method not in ("GET", "HEAD")]
    assert [request.method for request in writes] == ["DELETE", "PATCH", "POST"]
    # The API server takes the options of a deletion from its body, and then not from the query.
    assert json.loads(writes[0].body)["dryRun"] == ["All"]
    assert all("dryrun=all" in request.path.lower() for request in writes[1:])


def test_fields_of_other_field_managers_are_reported_and_not_applied(run: Run, server: Server) -> None:
    entries = [
        {
            "manager": "jewelry_shop.platform",
            "operation": "Apply",
            "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:containers": {}}}}},
        },
        {"manager": "kubectl-edit", "operation": "Update", "fieldsV1": {"f:spec": {"f:template": {"f:spec": {"f:hostPID": {}}}}}},
    ]
    live = {**DEPLOYMENT, "metadata": {**DEPLOYMENT["metadata"], "uid": "d-1", "managedFields": entries}}
    server.routes |= {  # type: ignore[operator]
        "/apis/apps/v1/namespaces/shop/deployments/web": by_method(GET=answer(live), PATCH=answer(live)),
        f"{PLACE}/pods": answer({}),
    }
    result = run(DEPLOYMENT)
    assert (actions(result), result["refusals"]) == (["refused"], [])
    [sentence] = result["untrusted"]
    assert sentence.startswith("Deployment shop/web: spec.template.spec.hostPID is set by the field manager kubectl-edit")
    assert run(DEPLOYMENT, allowed_field_managers=["kubectl-edit"])["untrusted"] == []


def test_the_content_of_secrets_is_never_read(run: Run, server: Server) -> None:
    assert actions(run(SECRET)) == ["none"]
    asked = [request for request in server.requests if "secrets" in request.path]
    assert [request.method for request in asked] == ["GET"]
    assert asked[0].headers["Accept"].startswith("application/json;as=PartialObjectMetadata")


def test_warnings_of_the_api_server_are_reported_with_their_object(run: Run, server: Server) -> None:
    warned = answer(CONFIG_MAP, Warning='299 - "would violate PodSecurity"')
    server.routes[f"{PLACE}/configmaps/settings"] = by_method(GET=answer(CONFIG_MAP), PATCH=warned)  # type: ignore[index]
    assert '"ConfigMap shop/settings: would violate PodSecurity"' in json.dumps(run(CONFIG_MAP)["warnings"])


JOBS = {"namespace": "shop", "job_selector": "app=shop"}


def test_the_cluster_is_read_in_the_same_call(run: Run, server: Server) -> None:
    result = run(CONFIG_MAP, cluster=JOBS)
    assert result["cluster"] == {
        "host": server.url,
        "version": "1.34.4",
        "uid": "cluster-1",
        "storage_classes": {"standard": "example.com/nfs"},
        "ingress_classes": {"traefik": "traefik.io/ingress-controller"},
    }
    assert [(job["name"], job["state"]) for job in result["jobs"]] == [
        ("migrate-1", "complete"),
        ("collectstatic-1", "failed"),
        ("compress-1", "running"),
    ]


def test_the_cluster_is_searched_for_what_acts_on_the_pods(run: Run, server: Server) -> None:
    scaled = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "maxReplicas": 3}
    others = {
        "/apis/autoscaling/v2/namespaces/shop/horizontalpodautoscalers": ("web-hpa", scaled),
        "/apis/policy/v1/namespaces/shop/poddisruptionbudgets": ("all", {"selector": {}, "maxUnavailable": 0}),
        f"{PLACE}/limitranges": ("limits", {"limits": [{"type": "Pod"}, {"type": "Container", "min": {"memory": "64Mi"}}]}),
    }
    versions = {"autoscaling": "v2", "policy": "v1"}
    server.routes |= {  # type: ignore[operator]
        "/apis": answer({"kind": "APIGroupList", "groups": [group(name) for name in GROUPS] + [group(*each) for each in versions.items()]}),
        "/api/v1": resource_list("v1", pods="Pod", limitranges="LimitRange", namespaces="Namespace"),
        "/apis/autoscaling/v2": resource_list("autoscaling/v2", horizontalpodautoscalers="HorizontalPodAutoscaler"),
        "/apis/policy/v1": resource_list("policy/v1", poddisruptionbudgets="PodDisruptionBudget"),
        "/apis/apps/v1/namespaces/shop/deployments/web": by_method(GET=answer(DEPLOYMENT), PATCH=answer(DEPLOYMENT)),
        **{
            path: answer({"items": [{"metadata": {"name": name, "namespace": "shop"}, "spec": spec}]})
            for path, (name, spec) in others.items()
        },
    }
    result = run(DEPLOYMENT, cluster=JOBS)
    assert [(each["name"], each["target"]) for each in result["other_autoscalers"]] == [("web-hpa", "Deployment web")]
    assert result["other_budgets"] == [], "the collection has no budget for these pods"
    assert result["limit_ranges"] == [{"name": "limits", "limits": [{"type": "Container", "min": {"memory": "64Mi"}}]}]

    # The run replaces it.
    planned = {"apiVersion": "v1", "kind": "LimitRange", "metadata": {"name": "limits", "namespace": "shop"}, "spec": {"limits": []}}
    server.routes |= {f"{PLACE}/limitranges/limits": by_method(GET=answer(planned), PATCH=answer(planned))}  # type: ignore[operator]
    assert run(DEPLOYMENT, planned, cluster=JOBS)["limit_ranges"] == []

    server.routes |= {path: refusal(403, "forbidden") for path in others}  # type: ignore[operator]
    result = run(DEPLOYMENT, cluster=JOBS)
    assert (result["code"], result["other_autoscalers"], result["other_budgets"], result["limit_ranges"]) == (0, [], [], [])


@pytest.mark.parametrize(
    ("mode", "nodes", "warned"),
    [
        ("ReadWriteOnce", ["a", "b"], True),
        ("ReadWriteOnce", ["a"], False),
        # The user may not list them.
        ("ReadWriteOnce", [], False),
        ("ReadWriteMany", ["a", "b"], False),
    ],
)
def test_several_nodes_are_reported_if_a_claim_needs_one(run: Run, server: Server, mode: str, nodes: list[str], warned: bool) -> None:
    # Warnings of other cases stay in the process.
    name = f"{mode.lower()}-{len(nodes)}"
    claim = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": {"name": name, "namespace": "shop"}}
    claim["spec"] = {"accessModes": [mode]}
    volumes = [{"name": "media", "persistentVolumeClaim": {"claimName": name}}]
    template = {**DEPLOYMENT["spec"]["template"], "spec": {**DEPLOYMENT["spec"]["template"]["spec"], "volumes": volumes}}
    deployment = {**DEPLOYMENT, "spec": {**DEPLOYMENT["spec"], "template": template}}
    listed = answer({"items": [{"metadata": {"name": node}} for node in nodes]}) if nodes else refusal(403, "is forbidden")
    server.routes |= {  # type: ignore[operator]
        f"{PLACE}/persistentvolumeclaims/{name}": by_method(GET=answer(claim), PATCH=answer(claim)),
        "/apis/apps/v1/namespaces/shop/deployments/web": by_method(GET=answer(deployment), PATCH=answer(deployment)),
        "/api/v1/nodes": listed,
    }
    result = run(claim, deployment, cluster=JOBS)
    assert result["code"] == 0, result
    assert (f"({name}) must run on one node, and those of web can run on 2 nodes" in json.dumps(result.get("warnings", []))) is warned
    assert ("/api/v1/nodes" in [request.path.partition("?")[0] for request in server.requests]) is (mode == "ReadWriteOnce")


def test_a_long_list_is_read_in_pages_up_to_a_limit(run: Run, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plan_api, "PAGE", 2)
    monkeypatch.setattr(plan_api, "MOST_ITEMS", 5)

    def page(*numbers: int, more: str = "") -> Callable[[Handler], None]:
        jobs = [{"metadata": {"name": f"job-{number}", "creationTimestamp": "2026-11-26T12:00:00Z"}} for number in numbers]
        return answer({"items": jobs, "metadata": {"continue": more}})

    path = "/apis/batch/v1/namespaces/shop/jobs"
    server.routes[path] = InTurn([page(1, 2, more="a"), page(3, 4, more="b"), page(5)])  # type: ignore[index]
    assert [job["name"] for job in run(cluster=JOBS)["jobs"]] == [f"job-{number}" for number in range(1, 6)]
    asked = [parse_qs(request.path.partition("?")[2]) for request in server.requests if request.path.startswith(f"{path}?")]
    assert [(each["limit"], each.get("continue")) for each in asked] == [(["2"], None), (["2"], ["a"]), (["2"], ["b"])]

    server.routes[path] = page(1, 2, more="again")  # type: ignore[index]
    result = run(cluster=JOBS)
    assert (result["code"], result["msg"]) == (1, "Jobs of namespace shop: there are more than 5: delete those that nothing needs")


PODS = {"resource": "pods", "verbs": ["list"]}
LOGS = {"resource": "pods/log", "verbs": ["get"]}


def test_missing_permissions_of_the_credential_are_reported(run: Run, server: Server) -> None:
    """One request lists what it may; what is not listed is asked for by itself, since not every authorizer can list."""
    rules = [{"verbs": ["list"], "apiGroups": [""], "resources": ["pods"]}]
    server.routes |= {  # type: ignore[operator]
        "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews": answer({"status": {"resourceRules": rules, "incomplete": True}}),
        "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews": answer({"status": {"allowed": False}}),
    }
    assert run(CONFIG_MAP, cluster={**JOBS, "permissions": [PODS, LOGS]})["forbidden"] == ["get pods/log"]
    server.routes["/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"] = answer({"status": {"allowed": True}})  # type: ignore[index]
    assert run(CONFIG_MAP, cluster={**JOBS, "permissions": [PODS, LOGS]})["forbidden"] == []
    assert run(CONFIG_MAP, cluster=JOBS)["forbidden"] == []


REVIEWS = "/apis/authorization.k8s.io/v1/selfsubject"


def test_a_missing_optional_permission_is_a_warning(run: Run, server: Server) -> None:
    server.routes |= {  # type: ignore[operator]
        f"{REVIEWS}rulesreviews": answer({"status": {"resourceRules": []}}),
        f"{REVIEWS}accessreviews": answer({"status": {"allowed": False}}),
    }
    create = {"resource": "pods", "verbs": ["create"], "without": "quotas are not seen"}
    result = run(CONFIG_MAP, cluster={**JOBS, "permissions": [PODS, create]})
    assert result["forbidden"] == ["list pods"]
    assert "and so quotas are not seen (create pods)." in json.dumps(result["warnings"])


def test_cluster_scoped_resources_are_checked_without_a_namespace(run: Run, server: Server) -> None:
    everything = [{"verbs": ["*"], "apiGroups": ["*"], "resources": ["*"]}]
    server.routes |= {  # type: ignore[operator]
        f"{REVIEWS}rulesreviews": answer({"status": {"resourceRules": everything}}),
        f"{REVIEWS}accessreviews": answer({"status": {"allowed": False}}),
    }
    system = {"resource": "namespaces", "verbs": ["get"], "name": "kube-system", "cluster_wide": True}
    assert run(CONFIG_MAP, cluster={**JOBS, "permissions": [PODS, system]})["forbidden"] == ["get namespaces kube-system"]
    [asked] = [json.loads(request.body)["spec"] for request in server.requests if request.path.startswith(f"{REVIEWS}accessreviews")]
    assert (asked["resourceAttributes"]["namespace"], asked["resourceAttributes"]["name"]) == ("", "kube-system")


def test_a_missing_permission_is_reported_once(run: Run, server: Server) -> None:
    message = 'configmaps "settings" is forbidden: User "d" cannot patch resource "configmaps" in API group "" in the namespace "shop"'
    server.routes |= {  # type: ignore[operator]
        f"{PLACE}/configmaps/settings": by_method(GET=answer(CONFIG_MAP), PATCH=refusal(403, message)),
        f"{REVIEWS}rulesreviews": answer({"status": {"resourceRules": []}}),
        f"{REVIEWS}accessreviews": answer({"status": {"allowed": False}}),
    }
    permission = {"resource": "configmaps", "verbs": ["patch"]}
    result = run(CONFIG_MAP, cluster={**JOBS, "permissions": [permission]})
    assert (result["forbidden"], result["refusals"], actions(result)) == (["patch configmaps"], [], ["refused"])
    assert run(CONFIG_MAP, cluster=JOBS)["refusals"] == [f"ConfigMap shop/settings: {message}"]


def test_missing_permissions_are_reported_if_jobs_and_record_cannot_be_read(run: Run, server: Server) -> None:
    server.routes |= {  # type: ignore[operator]
        "/apis/batch/v1/namespaces/shop/jobs": refusal(403, "jobs.batch is forbidden"),
        f"{PLACE}/configmaps/record": refusal(403, "configmaps is forbidden"),
        f"{REVIEWS}rulesreviews": answer({"status": {"resourceRules": []}}),
        f"{REVIEWS}accessreviews": answer({"status": {"allowed": False}}),
    }
    record = {"stage": "extra", "namespace": "shop", "name": "record"}
    jobs = {"group": "batch", "resource": "jobs", "verbs": ["list"]}
    result = run(CONFIG_MAP, cluster={**JOBS, "permissions": [PODS, jobs]}, records=[record])
    assert (result["code"], result["forbidden"], result["jobs"]) == (0, ["list pods", "list jobs.batch"], [])


NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": {"environment": "production"}}}


@pytest.mark.parametrize(("labels", "action"), [({"environment": "production", "other": "x"}, "none"), ({}, "refused")])
def test_a_namespace_that_cannot_be_changed_is_compared(run: Run, server: Server, labels: dict[str, str], action: str) -> None:
    message = 'namespaces "shop" is forbidden: User "d" cannot patch resource "namespaces" in API group "" in the namespace "shop"'
    server.routes[PLACE] = by_method(  # type: ignore[index]
        GET=answer({**NAMESPACE, "metadata": {"name": "shop", "labels": labels}}), PATCH=refusal(403, message)
    )
    result = run(NAMESPACE)
    assert actions(result) == [action]
    assert result["differing"] == ([] if action == "none" else ["stage"])
    assert all("it lacks the labels environment=production, and this" in each for each in result["refusals"])


def test_a_credential_for_one_namespace_plans_without_cluster_scoped_objects(run: Run, server: Server) -> None:
    for path in ("/api/v1/namespaces/kube-system", "/apis/storage.k8s.io/v1/storageclasses", "/apis/networking.k8s.io/v1/ingressclasses"):
        server.routes[path] = refusal(403, "is forbidden")  # type: ignore[index]
    result = run(CONFIG_MAP, cluster=JOBS)
    assert {name: result["cluster"][name] for name in ("uid", "storage_classes", "ingress_classes")} == {
        "uid": "",
        "storage_classes": None,
        "ingress_classes": None,
    }
    assert actions(result) == ["none"]
    # With a guard that cannot be judged, nothing is compared.
    assert run(CONFIG_MAP, cluster={**JOBS, "uid": "cluster-1"})["objects"] == []


@pytest.mark.parametrize("guard", [{"uid": "cluster-2"}, {"api_host": "https://203.0.113.5:6443"}])
def test_nothing_is_compared_with_the_wrong_cluster(run: Run, server: Server, guard: dict[str, str]) -> None:
    result = run(CONFIG_MAP, cluster={**JOBS, **guard})
    assert (result["code"], result["objects"], result["cluster"]["uid"]) == (0, [], "cluster-1")
    assert "PATCH" not in [request.method for request in server.requests]


@pytest.mark.parametrize(
    "passing",
    [refusal(503, "the API server is shutting down"), refusal(429, "too many requests"), raw()],
    ids=["unavailable", "too busy", "cut off"],
)
def test_a_request_to_an_unavailable_api_server_is_retried(
    run: Run, server: Server, passing: Callable[[Handler], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "FIRST_RETRY", 0.01)
    good = answer(CONFIG_MAP)
    settings = by_method(GET=InTurn([passing, passing, good]), PATCH=InTurn([passing, good]))
    jobs = InTurn([passing, server.routes["/apis/batch/v1/namespaces/shop/jobs"]])
    server.routes |= {f"{PLACE}/configmaps/settings": settings, "/apis/batch/v1/namespaces/shop/jobs": jobs}  # type: ignore[operator]
    result = run(CONFIG_MAP, cluster=JOBS)
    assert (result["code"], actions(result), len(result["jobs"])) == (0, ["none"], 3), result["msg"]


def test_an_address_without_a_server_is_reported_immediately(run: Run) -> None:
    began = time.monotonic()
    result = run(CONFIG_MAP, host="http://127.0.0.1:1", cluster=JOBS)
    assert (result["code"], time.monotonic() - began < 60) == (1, True)
    assert result["msg"].startswith("the cluster's version: the API server cannot be reached: ")


def test_a_cluster_that_does_not_answer_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "OUTAGE", 0.0)
    result = run(CONFIG_MAP, host="http://127.0.0.1:1")
    assert result["code"] == 1
    assert result["msg"].startswith("ConfigMap shop/settings: the API server cannot be reached: ")


def test_an_invalid_manifest_is_reported_before_any_request(run: Run, server: Server) -> None:
    result = run({"kind": "ConfigMap"})
    assert (result["code"], result["msg"]) == (1, "manifest 1 of stage stage has no apiVersion")
    assert server.requests == []


@pytest.mark.parametrize("interpreter", [sys.executable, "python3"], ids=["in the worker", "in a process of its own"])
def test_the_module_returns_the_same_result_in_and_outside_the_worker_process(server: Server, tmp_path: Path, interpreter: str) -> None:
    task = {"host": server.url, "api_key": "the-token", "stages": [{"name": "stage", "manifests": [CONFIG_MAP, SECRET]}]}
    variables = {"ansible_connection": "local", "ansible_python_interpreter": interpreter}
    command = [sys.executable, "-m", "ansible.cli.adhoc", "cluster", "-vvv", "-i", "cluster,", "-e", json.dumps(variables)]
    done = subprocess.run(
        [*command, "-m", "jewelry_shop.platform.plan", "-a", json.dumps(task)],
        env={
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(REPOSITORY / ".ansible" / "collections"),
            "ANSIBLE_CALLBACK_RESULT_FORMAT": "json",
            "ANSIBLE_INJECT_INVOCATION": "true",
            "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
            "TMPDIR": str(tmp_path),
        },
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    _before, _, result = done.stdout.partition("cluster | SUCCESS => ")
    assert result, done.stdout + done.stderr
    shown = json.loads(result)
    assert (shown["msg"], shown["differing"]) == ("2 objects: 2 unchanged", [])
    assert shown["invocation"]["module_args"]["api_key"] == "VALUE_SPECIFIED_IN_NO_LOG_PARAMETER"
    assert "the-token" not in done.stdout + done.stderr
    # Only a process of its own is started by a command.
    assert ("EXEC /bin/sh" in done.stdout) == (interpreter != sys.executable)


def test_an_object_without_its_required_namespace_is_reported_with_the_other_rejections(run: Run) -> None:
    result = run({**CONFIG_MAP, "metadata": {"name": "settings"}}, CONFIG_MAP)
    assert (actions(result), result["code"]) == (["refused", "none"], 0)
    assert result["refusals"] == ["ConfigMap settings: it has no metadata.namespace, which its kind needs: add it"]


@pytest.mark.parametrize("check_mode", [False, True])
def test_nothing_is_planned_while_another_run_holds_the_lease_except_in_check_mode(run: Run, server: Server, check_mode: bool) -> None:
    kept = KeptLease("shop")
    place = {"metadata": {"namespace": "shop", "name": "jewelry-shop-run", "resourceVersion": "1"}}
    kept.keep(acquired(place, "eva_1", "eva, host b", {}, 3600, datetime.now(timezone.utc)))
    server.routes.update(kept.routes)  # type: ignore[attr-defined]
    result = run(CONFIG_MAP, cluster={**JOBS, "lease": "jewelry-shop-run"}, _ansible_check_mode=check_mode)
    assert result["lease"]["resource_version"] == "1"
    assert result["lease"]["held"].startswith("Another run holds Lease shop/jewelry-shop-run: eva, host b, since ")
    assert ("objects" in result, "eva, host b" in json.dumps(result.get("warnings", []))) == (check_mode, check_mode)
    assert kept.holders == ["eva_1"]


def test_a_lease_is_not_read_in_a_cluster_that_is_not_the_expected_one(run: Run, server: Server) -> None:
    result = run(CONFIG_MAP, cluster={**JOBS, "lease": "jewelry-shop-run", "uid": "another"})
    assert "lease" not in result
    assert not [request for request in server.requests if "/leases" in request.path]


def test_a_lease_that_the_credential_may_not_read_does_not_end_the_plan(run: Run, server: Server) -> None:
    """The check of the permissions reports it."""
    path = "/apis/coordination.k8s.io/v1/namespaces/shop/leases/jewelry-shop-run"
    server.routes[path] = refusal(403, "leases is forbidden")  # type: ignore[index]
    result = run(CONFIG_MAP, cluster={**JOBS, "lease": "jewelry-shop-run"})
    assert (result["lease"], actions(result)) == ({"resource_version": "", "held": ""}, ["none"])
