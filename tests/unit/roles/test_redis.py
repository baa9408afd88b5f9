"""The commands that Redis in the cluster allows the application. Uses a real server with the configuration of the role."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import redis
from kombu import Connection

from local_cluster.errors import LocalClusterError
from tools import debian_programs

PASSWORD = "p{%\"'$(id) /w"


@contextlib.contextmanager
def started(resolve: Any, folder: Path, password: str | None, **values: Any) -> Iterator[redis.Redis]:
    """A server with the configuration of the role, and a client of it."""
    try:
        debian_programs.ensure()
    except LocalClusterError as error:
        pytest.skip(str(error))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = resolve("__redis_command", **values).replace("port 6379", f"port {port}").replace("dir /data", f"dir {folder}")
    server = Path(debian_programs.program("redis-server"))
    environment = {**debian_programs.environment("redis-server"), **({"REDIS_PASSWORD": password} if password else {})}
    environment["PATH"] = f"{server.parent}:{os.environ['PATH']}"
    with subprocess.Popen(["sh", "-c", command], env=environment, stdout=subprocess.DEVNULL) as process:
        connected = redis.Redis(port=port, password=password)
        deadline = time.monotonic() + 20
        while True:
            try:
                connected.ping()
                break
            except redis.ConnectionError:
                assert time.monotonic() < deadline, "redis-server does not answer"
                time.sleep(0.05)
        yield connected
        connected.close()
        process.terminate()


@pytest.fixture
def client(resolve: Any, tmp_path: Path) -> Iterator[redis.Redis]:
    """A client with the application's password."""
    with started(resolve, tmp_path, PASSWORD) as connected:
        yield connected


def test_without_authentication_a_client_needs_no_password_and_has_no_further_permissions(resolve: Any, tmp_path: Path) -> None:
    with started(resolve, tmp_path, None, platform_redis_authentication=False) as client:
        client.set("cart", "1")
        with pytest.raises(redis.exceptions.NoPermissionError):
            client.execute_command("CONFIG", "GET", "*")  # type: ignore[no-untyped-call]


def test_without_authentication_no_container_reads_a_password(resolve: Any) -> None:
    workload = resolve("redis_workload", platform_redis_authentication=False, platform_redis_secret_name="redis-secrets-0")
    assert "PASSWORD" not in str(
        [workload["pod"]["containers"][0]["env"], workload["probes"], workload["check_command"][2].splitlines()[-15:]]
    )


def test_commands_of_applications_are_allowed(client: redis.Redis) -> None:
    client.set("cart", "1", ex=60)
    client.publish("news", "x")
    assert client.eval("return redis.call('get', KEYS[1])", 1, "cart") == b"1"
    assert client.keys("*") == [b"cart"]
    assert client.info()["tcp_port"] == client.connection_pool.connection_kwargs["port"]
    client.flushdb()
    server = client.connection_pool.connection_kwargs
    with Connection(transport="redis", password=PASSWORD, hostname="127.0.0.1", port=server["port"]).SimpleQueue("orders") as queue:
        queue.put({"order": 1})
        message = queue.get(timeout=10)
        message.ack()
        assert message.payload == {"order": 1}


@pytest.mark.parametrize(
    "command",
    [
        ("CONFIG", "SET", "dir", "/tmp"),
        ("CONFIG", "GET", "*"),
        ("MODULE", "LIST"),
        ("REPLICAOF", "127.0.0.1", "1"),
        ("ACL", "SETUSER", "default", "nopass"),
        ("SHUTDOWN",),
        ("MONITOR",),
        ("MIGRATE", "127.0.0.1", "1", "cart", "0", "10"),
    ],
    ids=lambda command: command[0],
)
def test_commands_of_administrators_are_rejected(client: redis.Redis, command: tuple[str, ...]) -> None:
    with pytest.raises(redis.exceptions.NoPermissionError):
        client.execute_command(*command)  # type: ignore[no-untyped-call]
