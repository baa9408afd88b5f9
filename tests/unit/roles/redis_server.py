"""A real Redis for the tests of the scripts that run beside the application."""

from __future__ import annotations

import socket
import subprocess
import time
from pathlib import Path

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from tools import debian_programs


class RedisServer:
    """A Redis that can be taken away and brought back with what it held."""

    def __init__(self, folder: Path) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.folder = folder
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"redis://:hunter2@127.0.0.1:{self.port}/0"

    def start(self) -> None:
        options = ["--port", str(self.port), "--bind", "127.0.0.1", "--requirepass", "hunter2", "--dir", str(self.folder)]
        self.process = subprocess.Popen(
            [debian_programs.program("redis-server"), *options, "--appendonly", "yes", "--save", ""],
            env=debian_programs.environment("redis-server"),
            stdout=subprocess.DEVNULL,
        )
        deadline = time.monotonic() + 20
        # It listens before it has loaded its data.
        with redis.Redis.from_url(self.url, retry=Retry(NoBackoff(), 0)) as client:
            while True:
                try:
                    client.ping()
                    return
                except redis.RedisError:
                    assert time.monotonic() < deadline, "redis-server does not answer"
                    time.sleep(0.05)

    def stop(self) -> None:
        if self.process is not None:
            self.process.terminate()
            self.process.wait(timeout=20)
            self.process = None
