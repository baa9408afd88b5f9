"""A PostgreSQL server for tests, with a database that a user without special rights owns."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from pathlib import Path

# PostgreSQL does not start as root.
UNPRIVILEGED = 65534
PASSWORD = "p'w $1"


def programs() -> Path:
    """The folder with the programs of the newest PostgreSQL of this machine."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parents[1].name))
    own = shutil.which("initdb")
    assert found or own, "PostgreSQL is needed: install the package postgresql, and do not start its service"
    return (found[-1] if found else Path(own or "")).resolve().parent


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


class PostgresqlServer:
    """A server that requires a password."""

    def __init__(self) -> None:
        self.bin = programs()
        # The folders of pytest are closed to other users.
        self._directory = Path(tempfile.mkdtemp(prefix="postgresql-"))
        self.data = self._directory / "data"
        self.port = free_port()
        self._as_user = {"user": UNPRIVILEGED, "group": UNPRIVILEGED, "extra_groups": []} if os.geteuid() == 0 else {}
        if self._as_user:
            os.chown(self._directory, UNPRIVILEGED, UNPRIVILEGED)

    def _run(self, program: str, *options: str) -> None:
        # The server inherits an open pipe, and reading it would not end.
        log = self.data.with_suffix(".log")
        with log.open("a") as file:
            done = subprocess.run(
                [str(self.bin / program), *options],
                stdout=file,
                stderr=file,
                check=False,
                cwd="/",
                **self._as_user,  # type: ignore[call-overload]
            )
        assert done.returncode == 0, log.read_text()

    def start(self) -> None:
        password = self.data.with_suffix(".password")
        password.write_text("of-the-superuser")
        password.chmod(0o644)
        users = ("--username=postgres", f"--pwfile={password}", "--auth=scram-sha-256")
        self._run("initdb", f"--pgdata={self.data}", *users, "--no-sync", "--encoding=UTF8", "--locale=C")
        options = f"-c port={self.port} -c listen_addresses=127.0.0.1 -c unix_socket_directories= -c fsync=off"
        self._run("pg_ctl", "start", "--wait", f"--pgdata={self.data}", f"--options={options}", f"--log={self.data.with_suffix('.server')}")
        self.sql(f"CREATE ROLE shop LOGIN PASSWORD '{PASSWORD.replace(chr(39), chr(39) * 2)}'", superuser=True, database="postgres")
        self.sql("CREATE DATABASE shop OWNER shop", superuser=True, database="postgres")

    def stop(self) -> None:
        self._run("pg_ctl", "stop", "--mode=immediate", f"--pgdata={self.data}")
        shutil.rmtree(self._directory)

    def sql(self, statement: str, *, superuser: bool = False, database: str = "shop") -> str:
        """What statements return, without headers."""
        user, password = ("postgres", "of-the-superuser") if superuser else ("shop", PASSWORD)
        done = subprocess.run(
            [str(self.bin / "psql"), "--no-psqlrc", "--tuples-only", "--no-align", "--set=ON_ERROR_STOP=1", "--command", statement],
            env={
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGUSER": user,
                "PGPASSWORD": password,
                "PGDATABASE": database,
                "LC_ALL": "C",
            },
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout.strip()

    @property
    def environment(self) -> dict[str, str]:
        """The environment of a container of the application, with the programs of the server."""
        own = {"POSTGRES_HOST": "127.0.0.1", "POSTGRES_PORT": str(self.port), "POSTGRES_USER": "shop", "POSTGRES_DB": "shop"}
        return {"PATH": f"{self.bin}:/usr/bin:/bin", "POSTGRES_PASSWORD": PASSWORD, **own}
