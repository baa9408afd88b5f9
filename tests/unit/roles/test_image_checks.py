"""The output of the image checks of PostgreSQL and Redis, with fakes of the programs in the images."""

from __future__ import annotations

import os
import pathlib
import subprocess
from typing import Any

import pytest

SERVER = "#!/bin/sh\n"
LATE = 'PROGRAM="$(dirname "$0")"; [ -e "$PROGRAM/asked" ] && echo 160009 && exit; touch "$PROGRAM/asked"; exit 2'
VALUES = {"postgresql_image": "registry.example.com/postgres:17"}


def run(script: str, programs: pathlib.Path, **contents: str) -> tuple[int, str]:
    for name, content in contents.items():
        path = programs / name.replace("_", "-")
        path.write_text(SERVER + content)
        path.chmod(0o755)
    environment = {
        "PATH": f"{programs}:{os.environ['PATH']}",
        **dict.fromkeys(("POSTGRES_PASSWORD", "POSTGRES_USER", "POSTGRES_DB", "REDIS_PASSWORD"), "x"),
    }
    done = subprocess.run(["sh", "-c", script], env=environment, capture_output=True, text=True, check=False, timeout=60)
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("postgres", "psql", "code", "words"),
    [
        pytest.param(
            "echo 'postgres (PostgreSQL) 17.6 (Debian 17.6-1)'", "echo 170002", 0, "the image starts", id="the same major version"
        ),
        pytest.param(
            "echo 'postgres (PostgreSQL) 17.6'",
            "echo 160009",
            1,
            "the data are of PostgreSQL 16 and the image registry.example.com/postgres:17 is PostgreSQL 17, which cannot read them: "
            "set postgresql_image to PostgreSQL 16,",
            id="a newer major version",
        ),
        pytest.param("echo 'postgres (PostgreSQL) 18beta1'", "echo 170002", 1, "is PostgreSQL 18", id="a beta of a newer one"),
        pytest.param("echo 'postgres (PostgreSQL) 16.1'", "echo 170002", 1, "the data are of PostgreSQL 17", id="an older one"),
        pytest.param("echo 'postgres (PostgreSQL) 17.6'", LATE, 1, "the data are of PostgreSQL 16", id="the server answers after a moment"),
        pytest.param("echo 'postgres (PostgreSQL) 17.6'", "exit 2", 0, "its version is not compared", id="the server does not answer"),
        pytest.param("echo 'Exec format error' >&2; exit 126", "echo 170002", 1, "Exec format error", id="an image that does not start"),
    ],
)
def test_a_postgresql_image_that_cannot_read_the_data_is_found(
    resolve: Any, tmp_path: pathlib.Path, postgres: str, psql: str, code: int, words: str
) -> None:
    found, said = run(resolve("__postgresql_check", **VALUES), tmp_path, postgres=postgres, psql=psql, sleep="exit 0")
    assert (found, words in said) == (code, True), said


@pytest.mark.parametrize(
    ("redis_server", "redis_cli", "code", "words"),
    [
        pytest.param(
            '[ "$1" = --version ] && echo "Redis server v=8.0" || exec sleep 5', "echo PONG", 0, "the image starts: Redis", id="it answers"
        ),
        pytest.param("cat; echo Bad directive >&2; exit 1", "exit 1", 1, "Bad directive", id="it does not take the configuration"),
    ],
)
def test_a_redis_image_that_does_not_serve_is_found(
    resolve: Any, tmp_path: pathlib.Path, redis_server: str, redis_cli: str, code: int, words: str
) -> None:
    found, said = run(resolve("__redis_check"), tmp_path, redis_server=redis_server, redis_cli=redis_cli)
    assert (found, words in said) == (code, True), said
    # The whole configuration reaches the server, and its own words are the last ones.
    assert code == 0 or ("appendonly yes" in said and said.splitlines()[-1] == words)


def test_both_data_services_have_an_image_check(workload: Any) -> None:
    assert [workload(name)["check_command"][:2] for name in ("postgresql", "redis")] == [["sh", "-c"], ["sh", "-c"]]
