"""The commands that Redis in the cluster allows the application. Uses a real server with the configuration of the role."""

from __future__ import annotations

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


@pytest.fixture
def client(resolve: Any, tmp_path: Path) -> Iterator[redis.Redis]:
    """A client with the application's password."""
    try:
        debian_programs.ensure()
    except LocalClusterError as error:
        pytest.skip(str(error))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = resolve("__redis_command").replace("port 6379", f"port {port}").replace("dir /data", f"dir {tmp_path}")
    server = Path(debian_programs.program("redis-server"))
    environment = {**debian_programs.environment("redis-server"), "REDIS_PASSWORD": PASSWORD}
    environment["PATH"] = f"{server.parent}:{os.environ['PATH']}"
    with subprocess.Popen(["sh", "-c", command], env=environment, stdout=subprocess.DEVNULL) as process:
        connected = redis.Redis(port=port, password=PASSWORD)
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
