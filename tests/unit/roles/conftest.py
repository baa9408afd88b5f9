"""Fixtures of the roles' tests."""

from __future__ import annotations

import contextlib
import importlib.util
import json
import pathlib
import subprocess
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import pytest

from local_cluster.errors import LocalClusterError
from tests.unit.roles import nginx_server
from tests.unit.roles.nginx_server import Dns, MakeNginx, Nginx, patiently
from tests.unit.roles.redis_server import RedisServer
from tools import debian_programs

# The required settings of the application and the cluster, so that the preflight has no other findings.
COMPLETE: dict[str, Any] = {
    "platform_image": "shop",
    "platform_image_tag": "1",
    "platform_kube_context": "here",
    "platform_secrets": {"DJANGO_SECRET_KEY": "k" * 50, "POSTGRES_PASSWORD": "p" * 20, "REDIS_PASSWORD": "r" * 20},
    "preflight_values_file": "values.yml",
    "manifests_settings": {"problems": []},
}
ROOT = pathlib.Path(__file__).parents[3]
ROLES = ROOT / "roles"
RESOLVER = "tests.unit.roles.resolver"


@pytest.fixture(scope="session")
def complete() -> dict[str, Any]:
    """Settings of which the preflight has nothing to say."""
    return COMPLETE


@pytest.fixture(scope="session")
def load() -> Callable[[str], ModuleType]:
    """Imports a Python file of a role by its path under roles/. Each call imports it again."""

    def load_file(path: str) -> ModuleType:
        file = ROLES / path
        specification = importlib.util.spec_from_file_location(file.stem, file)
        assert specification is not None
        assert specification.loader is not None
        module = importlib.util.module_from_spec(specification)
        specification.loader.exec_module(module)
        return module

    return load_file


@pytest.fixture(scope="session")
def resolve() -> Iterator[Callable[..., Any]]:
    """Resolves a variable of a role; further values are an inventory's."""
    command = [sys.executable, "-m", RESOLVER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        requests, answers = process.stdin, process.stdout
        assert requests is not None
        assert answers is not None

        def ask(name: str, **values: Any) -> Any:
            print(json.dumps([name, values]), file=requests, flush=True)
            answer = answers.readline()
            assert answer, f"{name} cannot be resolved; see the captured standard error"
            found = json.loads(answer)
            assert "value" in found, f"{name}: {found['error']}"
            return found["value"]

        yield ask
        requests.close()


# Facts of other tasks that workloads need, and what the settings have to give.
WORKLOAD_VALUES: dict[str, Any] = {
    "platform_config_map_name": "django-config-0",
    "platform_secret_name": "django-secrets-0",
    "platform_postgresql_secret_name": "postgresql-secrets-0",
    "platform_redis_secret_name": "redis-secrets-0",
    "platform_redis_previous_secret_name": "",
    "nginx_config_map": {"metadata": {"name": "nginx-config-0"}},
    "nginx_tls_secret_name": "",
    "platform_image": "shop",
    "platform_image_tag": "v1",
}


@pytest.fixture(scope="session")
def workload(resolve: Callable[..., Any]) -> Callable[..., dict[str, Any]]:
    """Reads the complete workload of a role; further values are an inventory's."""

    def ask(role: str, **values: Any) -> dict[str, Any]:
        found: list[dict[str, Any]] = resolve("tiers_workloads", tiers_roles=[role], **{**WORKLOAD_VALUES, **values})
        return found[0]

    return ask


@pytest.fixture
def server(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RedisServer]:
    """A Redis server with a password."""
    # A client waits up to 14 s between its attempts to reach a server that was stopped.
    monkeypatch.setattr("redis.retry.sleep", lambda _seconds: None)
    try:
        debian_programs.ensure()
    except LocalClusterError as error:
        pytest.fail(str(error), pytrace=False)
    redis = RedisServer(tmp_path)
    redis.start()
    yield redis
    redis.stop()


NGINX_SETTINGS: dict[str, Any] = {
    "inventory_hostname": "test",
    "platform_postgresql_host": "db.example.com",
    "platform_redis_host": "redis.example.com",
    "platform_config": {"DJANGO_ALLOWED_HOSTS": "shop.example.com"},
}


@pytest.fixture(scope="session")
def nginx_program() -> None:
    try:
        debian_programs.ensure("nginx")
    except LocalClusterError as error:
        pytest.fail(str(error), pytrace=False)


@pytest.fixture
def dns() -> Iterator[Dns]:
    server = Dns()
    server.addresses = ["127.0.0.1"]
    yield server
    server.socket.close()


@pytest.fixture
def django_port() -> int:
    return nginx_server.free_port()


@pytest.fixture
def make_nginx(nginx_program: None, resolve: Any, tmp_path: pathlib.Path, dns: Dns, django_port: int) -> MakeNginx:
    """Write the configuration for some settings."""

    def write(**values: Any) -> Nginx:
        files = resolve("__nginx_config_map", **{**NGINX_SETTINGS, **values})["data"]
        return Nginx(tmp_path, files, dns, django_port)

    return write


@pytest.fixture
def start_nginx(make_nginx: MakeNginx, django_port: int) -> Iterator[MakeNginx]:
    """Start nginx for some settings, with a server in Django's place."""
    with contextlib.ExitStack() as stack:

        def run(**values: Any) -> Nginx:
            stack.enter_context(nginx_server.django("127.0.0.1", django_port))
            nginx = stack.enter_context(make_nginx(**values).running())
            patiently(nginx.knows_the_address, "the first resolution")
            return nginx

        yield run
