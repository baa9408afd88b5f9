"""The credential of playbooks/grant_deployer.yml: forbidden requests, and a run with only its token, as in AWX."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
ROLE = "jewelry-shop-deployer"


@dataclass
class Done:
    """How a run ended."""

    returncode: int
    output: str


Run = Callable[..., Done]


@pytest.fixture(scope="module")
def run(deployer_kubeconfig: str, tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs a playbook with a bearer token and without a kubeconfig."""
    folder = tmp_path_factory.mktemp("credential")
    content = yaml.safe_load(pathlib.Path(deployer_kubeconfig).read_text())
    [known], [user] = content["clusters"], content["users"]
    (folder / "ca.crt").write_bytes(base64.b64decode(known["cluster"]["certificate-authority-data"]))
    credential = {
        "K8S_AUTH_HOST": known["cluster"]["server"],
        "K8S_AUTH_API_KEY": user["user"]["token"],
        "K8S_AUTH_SSL_CA_CERT": str(folder / "ca.crt"),
        "K8S_AUTH_VERIFY_SSL": "true",
    }
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_")) and key != "KUBECONFIG"}

    def play(playbook: str, *arguments: str, **values: Any) -> Done:
        values = {"platform_kube_context": "", "platform_kubeconfig": "", "platform_api_host": credential["K8S_AUTH_HOST"], **values}
        done = subprocess.run(
            ["ansible-playbook", playbook, f"--extra-vars=@{ROOT}/molecule/cluster.yml", f"--extra-vars={json.dumps(values)}", *arguments],
            cwd=ROOT,
            env={**environment, **credential, "MOLECULE_PROJECT_DIRECTORY": str(ROOT), "ANSIBLE_NOCOLOR": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert credential["K8S_AUTH_API_KEY"] not in output
        return Done(done.returncode, output)

    return play


@pytest.fixture(scope="module")
def deployer(cluster: Any, deployer_kubeconfig: str) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs kubectl with the credential."""
    return lambda *arguments, **options: cluster.kubectl(f"--kubeconfig={deployer_kubeconfig}", *arguments, check=False, **options)


def test_only_the_owner_can_read_the_kubeconfig(deployer_kubeconfig: str) -> None:
    assert pathlib.Path(deployer_kubeconfig).stat().st_mode & 0o777 == 0o600


POD = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "drill"},
    "spec": {"containers": [{"name": "drill", "image": "drill", "securityContext": {"privileged": True}}]},
}
BINDING = {
    "apiVersion": "rbac.authorization.k8s.io/v1",
    "kind": "RoleBinding",
    "metadata": {"name": "drill", "namespace": "jewelry-shop"},
    "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "cluster-admin"},
    "subjects": [{"kind": "ServiceAccount", "name": ROLE, "namespace": ROLE}],
}
# The API server authorizes a dry run like the real request. Each message of the API server names the rejected request.
DRY = "--dry-run=server"
PRIVILEGED = "pod-security.kubernetes.io/enforce=privileged"


@pytest.mark.parametrize(
    ("arguments", "manifest", "rejected"),
    [
        (["get", "secrets", "--namespace=kube-system"], None, 'cannot list resource "secrets"'),
        (["get", "secrets", f"--namespace={ROLE}"], None, 'cannot list resource "secrets"'),
        (["get", "secrets", "--all-namespaces"], None, "at the cluster scope"),
        (["create", "--namespace=default", DRY, "--filename=-"], POD, 'cannot create resource "pods"'),
        (["create", f"--namespace={ROLE}", DRY, "--filename=-"], POD, 'cannot create resource "pods"'),
        (["label", "namespace", "jewelry-shop", "--overwrite", DRY, PRIVILEGED], None, 'cannot patch resource "namespaces"'),
        (["label", "namespace", "kube-system", "--overwrite", DRY, PRIVILEGED], None, 'cannot patch resource "namespaces"'),
        (["delete", "namespace", "jewelry-shop", DRY], None, 'cannot delete resource "namespaces"'),
        (["delete", "pvc", "media-pvc", DRY], None, 'cannot delete resource "persistentvolumeclaims"'),
        (["create", "token", ROLE, f"--namespace={ROLE}"], None, 'cannot create resource "serviceaccounts/token"'),
        (["create", DRY, "--filename=-"], BINDING, 'cannot create resource "rolebindings"'),
        (["get", "nodes"], None, 'cannot list resource "nodes"'),
    ],
    ids=lambda value: " ".join(value[:3]) if isinstance(value, list) else "",
)
def test_the_credential_gives_no_access_outside_the_namespace(deployer: Any, arguments: list[str], manifest: Any, rejected: str) -> None:
    done = deployer(*arguments, **({"input": json.dumps(manifest)} if manifest else {}))
    assert done.returncode != 0, done.stdout
    assert "forbidden" in done.stderr.lower(), done.stderr
    assert rejected in done.stderr, done.stderr


def test_the_credential_runs_no_privileged_pod_in_its_own_namespace(deployer: Any) -> None:
    done = deployer("create", "--namespace=jewelry-shop", DRY, "--filename=-", input=json.dumps(POD))
    assert 'violates PodSecurity "restricted' in done.stderr, done.stdout + done.stderr


def test_the_credential_reads_the_secrets_of_its_namespace(deployer: Any) -> None:
    """Without this test, the tests above would also pass with an invalid token."""
    assert "secret/django-secrets-" in deployer("get", "secrets", "--output=name").stdout


@pytest.fixture
def lesser(cluster: Any, deployer: Any, grant: Any) -> Iterator[None]:
    """The Role without two of its permissions, until the administrator grants them again."""
    role = json.loads(cluster.kubectl("get", "role", ROLE, "--output=json").stdout)
    kept = [
        rule
        for rule in role["rules"]
        if rule["resources"] != ["endpointslices"] and (rule["resources"], rule["verbs"]) != (["pods"], ["create"])
    ]
    assert len(kept) == len(role["rules"]) - 2
    cluster.kubectl("replace", "--filename=-", input=json.dumps({**role, "rules": kept}))
    deadline = time.monotonic() + 30
    while deployer("auth", "can-i", "list", "endpointslices.discovery.k8s.io").stdout.strip() == "yes":
        assert time.monotonic() < deadline, "the API server still allows it"
        time.sleep(0.5)
    yield
    again = grant()
    assert (again.returncode, again.changed) == (0, 1), again.output
    assert "the token is kept" in " ".join(again.output.split()), again.output
    assert json.loads(cluster.kubectl("get", "role", ROLE, "--output=json").stdout)["rules"] == role["rules"]


def test_missing_permissions_are_reported_before_any_write(run: Run, cluster: Any, lesser: None) -> None:
    """A required permission, an optional permission, and a label of the Namespace."""
    before = cluster.resource_versions()
    done = run("site.yml", platform_image_tag="1.0.0-next", platform_labels={"team": "shop"})
    said = " ".join(done.output.split())
    assert done.returncode != 0, done.output
    assert (
        "The credential lacks permissions in namespace jewelry-shop that the run needs: list endpointslices.discovery.k8s.io. Let an "
        "administrator run playbooks/grant_deployer.yml with this inventory."
    ) in said, done.output
    assert "the preflight does not find what a quota, Pod Security or a webhook rejects (create pods)" in said, done.output
    assert (
        "Namespace jewelry-shop: it lacks the labels team=shop, and this credential has no permission to change a Namespace: let an "
        "administrator run playbooks/grant_deployer.yml with this inventory"
    ) in said, done.output
    assert "changed=0" in done.output, done.output
    assert cluster.written_since(before) == []


def test_a_run_with_the_credential_changes_nothing_and_shows_few_tasks(run: Run, measured: Any) -> None:
    done = run("site.yml")
    assert done.returncode == 0, done.output
    assert "changed=0" in done.output, done.output
    assert "checks passed" in done.output, done.output
    assert "The credential lacks" not in done.output, done.output
    tasks = done.output.count("\nTASK [")
    measured(f"{tasks} tasks are shown")
    assert tasks <= 25, done.output


@pytest.mark.drill
def test_the_credential_can_deploy_scale_restart_and_validate(run: Run) -> None:
    for name, values in (
        ("site.yml", {"platform_image_tag": "1.0.0-next", "nginx_replicas": 1}),
        ("playbooks/scale.yml", {"scale_replicas": {"celery-worker": 3}}),
        ("playbooks/restart.yml", {"restart_tiers": ["celery-beat"]}),
        ("playbooks/validate.yml", {"validate_round_trip_queues": ["celery"], "platform_image_tag": "1.0.0-next"}),
        ("site.yml", {}),
    ):
        done = run(name, **values)
        assert done.returncode == 0, done.output
