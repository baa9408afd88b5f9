"""Fixtures of all scenarios: the cluster through kubectl and testinfra, the shop through nginx, the playbooks."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import pathlib
import re
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import requests
import testinfra
import yaml

from tools import load

ROOT = pathlib.Path(__file__).parents[1]
# The files with the extra variables of a scenario, as its molecule.yml lists them.
VALUES = {
    "site": ("cluster.yml", "deployer.yml"),
    "failures": ("cluster.yml", "deployer.yml"),
    "release": ("cluster.yml", "deployer.yml"),
    "keda": ("cluster.yml", "keda.yml"),
    "operators": ("cluster.yml", "operators.yml"),
    "single_node": ("cluster.yml", "single_node.yml"),
    "production": ("../tests/inventories/production_like/group_vars/all/main.yml", "cluster.yml", "production.yml"),
}.get(os.environ.get("MOLECULE_SCENARIO_NAME", ""), ("cluster.yml",))
SETTINGS: dict[str, Any] = {}
for _name in VALUES:
    SETTINGS.update(yaml.safe_load((ROOT / "molecule" / _name).read_text()))
INVENTORY: dict[str, Any] = yaml.safe_load((ROOT / "inventories" / "kind" / "group_vars" / "all" / "main.yml").read_text())
# The administrator's, and that of playbooks/grant_deployer.yml.
KUBECONFIG = str(ROOT / ".cache" / f"{SETTINGS['kind_cluster_name']}.kubeconfig")
DEPLOYER_KUBECONFIG = str(ROOT / ".cache" / "jewelry-shop-test-deployer.kubeconfig")
NAMESPACE = "jewelry-shop"
TIERS = ("django", "nginx", "celery-worker", "celery-beat")
ENVIRONMENT = {**os.environ, "KUBECONFIG": KUBECONFIG, "MOLECULE_PROJECT_DIRECTORY": str(ROOT), "ANSIBLE_NOCOLOR": "1"}
# A test runs the playbooks like a user in a checkout, without the configuration of molecule.
ENVIRONMENT["ANSIBLE_CONFIG"] = str(ROOT / "ansible.cfg")
# Molecule turns colors on, and this takes precedence over ANSIBLE_NOCOLOR.
ENVIRONMENT["ANSIBLE_FORCE_COLOR"] = "0"

Object = dict[str, Any]


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "drill: slow test, which `make drills` runs before a release")


class Cluster:
    """The cluster, through kubectl and testinfra."""

    def kubectl(self, *arguments: str, check: bool = True, timeout: float = 120, **options: Any) -> subprocess.CompletedProcess[str]:
        """Run kubectl in the platform's namespace, with options of subprocess.run. A failed assertion shows its output."""
        result = subprocess.run(
            ["kubectl", f"--namespace={NAMESPACE}", *arguments],
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
            check=False,
            timeout=timeout,
            **options,
        )
        assert not check or result.returncode == 0, f"kubectl {' '.join(arguments)}: {result.stdout}{result.stderr}"
        return result

    def get(self, kind: str, *arguments: str) -> list[Object]:
        """Read objects of a kind."""
        items: list[Object] = json.loads(self.kubectl("get", kind, "--output=json", *arguments).stdout)["items"]
        return items

    def pods(self, component: str) -> list[Object]:
        """Read the pods of a tier that are not terminating."""
        pods = self.get("pods", f"--selector=app=jewelry-shop,component={component}")
        return [pod for pod in pods if "deletionTimestamp" not in pod["metadata"]]

    def host(self, pod: str, container: str) -> Any:
        """Open a testinfra host on a container."""
        return testinfra.get_host(f"kubectl://{pod}?container={container}&namespace={NAMESPACE}&kubeconfig={KUBECONFIG}")

    def generations(self) -> dict[str, int]:
        """Read the generation of every Deployment, which each change of its specification increases."""
        return {o["metadata"]["name"]: o["metadata"]["generation"] for o in self.get("deployments")}

    def resource_versions(self) -> dict[str, str]:
        """Read what moves with each write of what a deploy writes: the generation, where status moves the resourceVersion too."""
        kinds = (
            "configmaps,secrets,services,serviceaccounts,persistentvolumeclaims,"
            "poddisruptionbudgets.policy,jobs.batch,deployments.apps,statefulsets.apps"
        )
        return {
            f"{o['kind']}/{o['metadata']['name']}": str(o["metadata"].get("generation", o["metadata"]["resourceVersion"]))
            for o in self.get(kinds)
        }

    def written_since(self, before: dict[str, str]) -> list[str]:
        """Name what was created, changed or removed since; the cluster itself removes a Job an hour after its end."""
        now = self.resource_versions()
        gone = [name for name in before if name not in now and not name.startswith("Job/")]
        return sorted([name for name in now if now[name] != before.get(name)] + gone)


class ReplicaWatch:
    """Records the numbers of replicas in the specification of a Deployment, while its block runs."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self._cluster = cluster
        self._name = name
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._look)
        self.seen: set[int] = set()

    def _look(self) -> None:
        while not self._over.wait(0.2):
            said = self._cluster.kubectl("get", "deployment", self._name, "--output=jsonpath={.spec.replicas}", check=False).stdout
            if said:
                self.seen.add(int(said))

    def __enter__(self) -> ReplicaWatch:
        self._thread.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self._over.set()
        self._thread.join()


@pytest.fixture(scope="session")
def cluster() -> Cluster:
    return Cluster()


@pytest.fixture(scope="session")
def watch_replicas(cluster: Cluster) -> Callable[[str], ReplicaWatch]:
    """Watches the replicas of a Deployment, in a with statement."""
    return lambda name: ReplicaWatch(cluster, name)


@pytest.fixture(scope="session")
def watch_environment() -> dict[str, str]:
    """The environment of a kubectl that runs beside a test."""
    return ENVIRONMENT


@pytest.fixture(scope="session")
def kind_config() -> dict[str, Any]:
    """The configuration of the kind inventory as it is written there, templates included, which a run resolves."""
    config: dict[str, Any] = INVENTORY["platform_config"]
    return config


class Unsafe(str):
    """A value that Ansible does not treat as a template."""

    __slots__ = ()


class VariablesDumper(yaml.SafeDumper):
    """Writes files of variables, which the command line would show."""

    def ignore_aliases(self, _data: Any) -> bool:
        return True


VariablesDumper.add_representer(Unsafe, lambda dumper, value: dumper.represent_scalar("!unsafe", str(value), style='"'))


@pytest.fixture(scope="session")
def unsafe() -> type[Unsafe]:
    """What `!unsafe` before a value is in a file."""
    return Unsafe


class Run:
    """One run of ansible-playbook."""

    def __init__(self, result: subprocess.CompletedProcess[str]) -> None:
        self.returncode = result.returncode
        self.output = result.stdout + result.stderr

    @property
    def changed(self) -> int:
        found = re.search(r"changed=(\d+)", self.output)
        assert found, self.output
        return int(found[1])


@pytest.fixture(scope="session")
def administrator() -> Object:
    """The extra variable that runs a playbook as an administrator, if the scenario has another credential."""
    return {"platform_kubeconfig": KUBECONFIG}


@pytest.fixture(scope="session")
def deployer_kubeconfig() -> str:
    """The path of the kubeconfig that playbooks/grant_deployer.yml keeps."""
    return DEPLOYER_KUBECONFIG


@pytest.fixture(scope="session")
def grant(playbook: Callable[..., Run], administrator: Object) -> Callable[[], Run]:
    """Grant the credential of the runs, as converge.yml does."""
    values = {"deployer_kubeconfig": DEPLOYER_KUBECONFIG, "validate_round_trip_queues": ["celery"]}
    return lambda: playbook("playbooks/grant_deployer.yml", **administrator, **values)


@contextlib.contextmanager
def playbook_command(*command: str, name: str, arguments: tuple[str, ...] = (), values: Object) -> Iterator[list[str]]:
    """The command of a playbook with the credential of the scenario. The block keeps the file of the values, which are extra variables."""
    with tempfile.NamedTemporaryFile("w", prefix="variables-", suffix=".yml") as file:
        yaml.dump(values, file, Dumper=VariablesDumper, allow_unicode=True)
        file.flush()
        options = [f"--extra-vars=@{path}" for path in (*(ROOT / "molecule" / settings for settings in VALUES), file.name)]
        yield [*command, f"--inventory={ROOT}/inventories/kind", *options, *arguments, name]


def playbook_runner(*command: str, **environment: str) -> Callable[..., Run]:
    """Runs a playbook against the cluster as a user does."""

    def run(name: str, *arguments: str, **values: Any) -> Run:
        with playbook_command(*command, name=name, arguments=arguments, values=values) as words:
            done = subprocess.run(
                words, cwd=ROOT, env={**ENVIRONMENT, **environment}, capture_output=True, text=True, check=False, timeout=1200
            )
            return Run(done)

    return run


@pytest.fixture(scope="session")
def playbook() -> Callable[..., Run]:
    """Run a playbook with the newest ansible-core."""
    return playbook_runner("ansible-playbook")


class RunningPlaybook:
    """A run of a playbook that a test disturbs. Its lines of output arrive as they are written."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self._over = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._ended = False
        self.output = ""
        self._reader.start()

    def _read(self) -> None:
        assert self._process.stdout
        for line in self._process.stdout:
            with self._over:
                self.output += line
                self._over.notify_all()
        with self._over:
            self._ended = True
            self._over.notify_all()

    def wait_for(self, words: str, timeout: float = 300) -> bool:
        """Wait until the output contains these words. False if the run ended without them."""
        with self._over:
            assert self._over.wait_for(lambda: words in self.output or self._ended, timeout), self.output
            return words in self.output

    def signal(self, number: int) -> None:
        """Send a signal to the run and its workers, as a terminal does, or an administrator who kills a session."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self._process.pid, number)

    def end(self, timeout: float = 600) -> int:
        """Wait for the end, and return the exit code."""
        code = self._process.wait(timeout)
        self._reader.join(30)
        return code


@pytest.fixture
def running_playbook() -> Iterator[Callable[..., RunningPlaybook]]:
    """Starts a playbook beside the test. What still runs at the end of the test is killed."""
    with contextlib.ExitStack() as stack:

        def start(name: str, *arguments: str, **values: Any) -> RunningPlaybook:
            words = stack.enter_context(playbook_command("ansible-playbook", name=name, arguments=arguments, values=values))
            process = subprocess.Popen(
                words, cwd=ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
            )
            running = RunningPlaybook(process)
            stack.callback(running.end, 30)
            stack.callback(running.signal, signal.SIGKILL)
            return running

        yield start


@pytest.fixture(scope="session")
def playbook_with_roles() -> Callable[[pathlib.Path], Callable[..., Run]]:
    """Run a playbook that finds the roles of a folder too."""
    return lambda folder: playbook_runner("ansible-playbook", ANSIBLE_ROLES_PATH=str(folder))


@pytest.fixture(scope="session")
def oldest_playbook() -> Callable[..., Run]:
    """Run a playbook with the oldest ansible-core that the collection allows, and the collections of the newest."""
    subprocess.run(["make", "--no-print-directory", ".cache/oldest/requirements.txt"], cwd=ROOT, check=True)
    site_packages = next(pathlib.Path(sys.prefix).glob("lib/python*/site-packages"))
    collections = f"{ROOT / '.ansible' / 'collections'}:{site_packages}"
    return playbook_runner(str(ROOT / ".cache" / "oldest" / "bin" / "ansible-playbook"), ANSIBLE_COLLECTIONS_PATH=collections)


@pytest.fixture(scope="session")
def task() -> Callable[..., Object]:
    """Run one module of the collection against the cluster, and return its result, with its warnings as `warned`."""

    def run(module: str, **arguments: Any) -> Object:
        access = {"kubeconfig": KUBECONFIG, "context": f"kind-{SETTINGS['kind_cluster_name']}"}
        done = subprocess.run(
            [
                "ansible",
                f"--inventory={ROOT}/inventories/kind",
                "kind",
                f"--module-name=jewelry_shop.platform.{module}",
                f"--args={json.dumps({**access, **arguments})}",
            ],
            cwd=ROOT,
            env={**ENVIRONMENT, "ANSIBLE_CALLBACK_RESULT_FORMAT": "json"},
            capture_output=True,
            text=True,
            check=False,
            timeout=600,
        )
        _before, separator, result = done.stdout.partition("=> ")
        assert separator, done.stdout + done.stderr
        # Ansible takes a module's warnings out of its result and prints them.
        found: Object = {**json.loads(result), "warned": done.stderr}
        return found

    return run


@pytest.fixture
def measured(capsys: pytest.CaptureFixture[str]) -> Callable[[str], None]:
    """Show a figure in the output, also if the test passes."""

    def show(sentence: str) -> None:
        with capsys.disabled():
            print(f" [{sentence}] ", end="", flush=True)

    return show


class Shop:
    """The shop as a browser sees it, through nginx."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.session.get(self.address + path, timeout=30, allow_redirects=False, **options)

    def post(self, path: str, data: dict[str, Any], **options: Any) -> requests.Response:
        """Send a form with the CSRF token of the page before."""
        token = {"csrfmiddlewaretoken": self.session.cookies["csrftoken"]}
        return self.session.post(
            self.address + path, data={**data, **token}, timeout=60, allow_redirects=False, headers={"Referer": self.address}, **options
        )


@pytest.fixture(scope="module")
def customers(request: pytest.FixtureRequest) -> Iterator[load.Load]:
    """Customers who send requests through nginx at the module's PACE, while its tests run."""
    with load.Load(SETTINGS["kind_http_port"], "localhost", pace=request.module.PACE) as running:
        yield running


@pytest.fixture
def shop() -> Shop:
    return Shop(f"http://127.0.0.1:{SETTINGS['kind_http_port']}")


@pytest.fixture(scope="module")
def shop_of_module() -> Shop:
    """The shop for the fixtures of a module."""
    return Shop(f"http://127.0.0.1:{SETTINGS['kind_http_port']}")


CLIENT_IMAGE = f"127.0.0.1:{SETTINGS['kind_registry_port']}/jewelry-shop:1.0.0"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}


def client_manifest(namespace: str, name: str, labels: dict[str, str]) -> dict[str, Any]:
    """A pod that Python runs in, and that takes connections on port 8000."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": namespace, "labels": labels},
        "spec": {
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "seccompProfile": {"type": "RuntimeDefault"}},
            "containers": [
                {
                    "name": "client",
                    "image": CLIENT_IMAGE,
                    "command": ["python", "-m", "http.server", "8000", "--directory=/proc/self/fdinfo"],
                    "readinessProbe": {"tcpSocket": {"port": 8000}, "periodSeconds": 1},
                    "resources": {"requests": {"cpu": "10m", "memory": "64Mi"}, "limits": {"cpu": "1", "memory": "512Mi"}},
                    "securityContext": {
                        "allowPrivilegeEscalation": False,
                        "readOnlyRootFilesystem": True,
                        "capabilities": {"drop": ["ALL"]},
                    },
                }
            ],
        },
    }


class Client:
    """A pod that Python runs in."""

    def __init__(self, cluster: Any, namespace: str, name: str) -> None:
        self._cluster = cluster
        self.namespace = namespace
        self.name = name
        [found] = cluster.get("pods", f"--namespace={namespace}", f"--field-selector=metadata.name={name}")
        self.ip: str = found["status"]["podIP"]
        self.node: str = found["spec"]["nodeName"]

    def run(self, script: str, *arguments: str, timeout: float = 120) -> str:
        """Run a program, with arguments in its sys.argv, and return what it prints; a failed program fails the test."""
        command = ["exec", "--stdin", self.name, f"--namespace={self.namespace}", "--", "python", "-", *arguments]
        printed: str = self._cluster.kubectl(*command, input=script, timeout=timeout).stdout
        return printed


@pytest.fixture(scope="session")
def client_pod(cluster: Any) -> Iterator[Callable[[str, dict[str, str]], Client]]:
    """Create a pod with these labels once, and its namespace if it is missing. Both are deleted when the tests end.

    A Service picks such a pod like any other: with the labels of a tier that is behind one, it takes part of the requests.
    """
    made: dict[tuple[str, str], Client] = {}
    pods: list[tuple[str, str]] = []
    namespaces: list[str] = []

    def make(namespace: str, labels: dict[str, str]) -> Client:
        name = f"client-{hashlib.sha256(json.dumps(labels, sort_keys=True).encode()).hexdigest()[:8]}"
        if (namespace, name) not in made:
            if cluster.kubectl("get", "namespace", namespace, check=False).returncode != 0:
                own = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace, "labels": RESTRICTED}}
                cluster.kubectl("apply", "--filename=-", input=json.dumps(own))
                namespaces.append(namespace)
            pods.append((namespace, name))
            cluster.kubectl("apply", f"--namespace={namespace}", "--filename=-", input=json.dumps(client_manifest(namespace, name, labels)))
            cluster.kubectl("wait", f"--namespace={namespace}", "--for=condition=Ready", f"pod/{name}", "--timeout=110s")
            made[namespace, name] = Client(cluster, namespace, name)
        return made[namespace, name]

    yield make
    for namespace, name in pods:
        if namespace not in namespaces:
            cluster.kubectl("delete", "pod", name, f"--namespace={namespace}", "--ignore-not-found")
    for namespace in namespaces:
        cluster.kubectl("delete", "namespace", namespace, timeout=300)
