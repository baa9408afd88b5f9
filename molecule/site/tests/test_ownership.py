"""Fields and objects of other field managers are reported and not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

TENANT = "other-tenant"
NOTE = "not for the shop"
RECORDED = [
    {"api_version": "v1", "kind": "Namespace", "namespace": "", "name": TENANT},
    {"api_version": "v1", "kind": "Secret", "namespace": TENANT, "name": "passwords"},
    {"api_version": "v1", "kind": "ConfigMap", "namespace": TENANT, "name": "settings"},
]
RECORD = {"stage": "extra_objects", "namespace": "jewelry-shop", "name": "extra-objects"}


def manifest(kind: str, name: str, **more: Any) -> str:
    return json.dumps({"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "annotations": {"note": NOTE}}, **more})


PLANTED = manifest("ConfigMap", "extra-objects", data={"objects": json.dumps(RECORDED)})


def squeezed(text: str) -> str:
    """Without white space, since Ansible wraps its warnings."""
    return "".join(text.split())


@pytest.fixture
def tenant(cluster: Any) -> Iterator[None]:
    """Another tenant of the cluster, and a record in the shop's namespace that lists what the tenant has."""
    cluster.kubectl("create", "--filename=-", input=manifest("Namespace", TENANT))
    for each in (manifest("Secret", "passwords", stringData={"a": "b"}), manifest("ConfigMap", "settings", data={"a": "b"})):
        cluster.kubectl("create", f"--namespace={TENANT}", "--filename=-", input=each)
    cluster.kubectl("create", "--filename=-", input=PLANTED)
    yield
    cluster.kubectl("delete", "configmap", "extra-objects", "--ignore-not-found")
    cluster.kubectl("delete", "namespace", TENANT, "--ignore-not-found", timeout=300)


def test_a_forged_record_removes_nothing_of_another_tenant(
    cluster: Any, playbook: Any, administrator: dict[str, Any], task: Any, tenant: None
) -> None:
    """A run of an administrator could delete the object of the other tenant. The credential of the deployer cannot even read it."""
    plan = task("plan", stages=[], records=[RECORD])
    assert plan["objects"] == [], plan
    assert squeezed("its list was written by the field manager kubectl-create") in squeezed(plan["warned"]), plan

    # With the field manager of this collection, which any client can set, the record is trusted, but the listed objects are not.
    cluster.kubectl("apply", "--server-side", "--force-conflicts", "--field-manager=jewelry_shop.platform", "--filename=-", input=PLANTED)
    run = playbook("site.yml", "--diff", "--tags=extra_objects", **administrator)
    assert run.returncode == 0, run.output
    assert run.changed == 0, run.output
    for name in (f"Namespace {TENANT}", f"Secret {TENANT}/passwords", f"ConfigMap {TENANT}/settings"):
        assert squeezed(f"{name} stays") in squeezed(run.output), run.output
    assert NOTE not in run.output
    names = (f"namespace/{TENANT}", "secret/passwords", "configmap/settings")
    there = json.loads(cluster.kubectl("get", *names, f"--namespace={TENANT}", "--output=json").stdout)["items"]
    assert [each["metadata"].get("deletionTimestamp") for each in there] == [None, None, None]


@pytest.fixture
def planted(cluster: Any) -> Iterator[str]:
    """A container in the Deployment of Celery beat, which is paused so that no pod rolls, and a Job of the release; the Job's name."""
    # Also after a rollback to an older release, whose migration is not run again.
    jobs = cluster.get("jobs", "--selector=jewelry-shop/release,component=collectstatic")
    newest = max(jobs, key=lambda each: str(each["metadata"]["creationTimestamp"]))["metadata"]
    name = f"planted-{newest['labels']['jewelry-shop/release']}"
    labels = {key: newest["labels"][key] for key in ("app", "jewelry-shop/release")}
    pod = {"restartPolicy": "Never", "containers": [{"name": "nothing", "image": "127.0.0.1/nothing"}]}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": name, "labels": labels}}
    cluster.kubectl("create", "--filename=-", input=json.dumps({**job, "spec": {"suspend": True, "template": {"spec": pod}}}))
    cluster.kubectl("rollout", "pause", "deployment/celery-beat")
    miner = {"shareProcessNamespace": True, "containers": [{"name": "miner", "image": "127.0.0.1/miner"}]}
    cluster.kubectl("patch", "deployment", "celery-beat", "--patch", json.dumps({"spec": {"template": {"spec": miner}}}))
    yield name
    [beat] = [each for each in cluster.get("deployments") if each["metadata"]["name"] == "celery-beat"]
    index = [each["name"] for each in beat["spec"]["template"]["spec"]["containers"]].index("miner")
    paths = [f"/spec/template/spec/{path}" for path in ("shareProcessNamespace", f"containers/{index}")]
    back = [{"op": "remove", "path": path} for path in paths]
    cluster.kubectl("patch", "deployment", "celery-beat", "--type=json", "--patch", json.dumps(back))
    cluster.kubectl("rollout", "resume", "deployment/celery-beat")
    cluster.kubectl("delete", "job", name)


def test_a_forged_container_and_a_forged_job_are_reported(cluster: Any, playbook: Any, planted: str) -> None:
    before = cluster.resource_versions()
    template = "spec.template.spec"
    fields = f"{template}.containers[name=miner] and {template}.shareProcessNamespace are set by the field manager kubectl-patch"
    run = playbook("site.yml", pre_deploy_commands=[{"name": "planted", "command": ["true"]}])
    assert run.returncode != 0
    assert squeezed(f"Deployment jewelry-shop/celery-beat: {fields}") in squeezed(run.output), run.output
    assert squeezed(f"{planted} (the field manager kubectl-create)") in squeezed(run.output), run.output
    assert cluster.written_since(before) == []

    checked = playbook("playbooks/validate.yml")
    assert checked.returncode != 0
    assert squeezed(fields) in squeezed(checked.output), checked.output
