"""The output of the check of the services, with fakes and with servers that respond like PostgreSQL and Redis."""

from __future__ import annotations

import json
import os
import re
import socket
import socketserver
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "roles" / "pre_deploy" / "files" / "check_services.py"
PASSWORD = "hunter2/and more"
REFUSED = "no server listens there, or a network policy rejects the connection: "
CLOSED = "the server closes the connection (it may accept only TLS): "
NO_NAMES = "if no name can be resolved, check network_policies_dns"


@pytest.fixture(scope="module")
def script(load: Callable[[str], ModuleType]) -> ModuleType:
    return load("pre_deploy/files/check_services.py")


@pytest.mark.parametrize(
    ("answer", "kind", "passes"),
    [
        ('FATAL:  password authentication failed for user "shop"', "login failed: ", False),
        ("WRONGPASS invalid username-password pair or user is disabled.", "login failed: ", False),
        ("NOAUTH Authentication required.", "login failed: ", False),
        ("Authentication required.", "login failed: ", False),
        ('FATAL:  no pg_hba.conf entry for host "10.0.0.9", user "shop", database "shop", no encryption', "login failed: ", False),
        ('FATAL:  role "shop" does not exist', "login failed: ", False),
        ('FATAL:  database "shop" does not exist', "the database does not exist: ", False),
        ("server does not support SSL, but SSL was required", "TLS fails: ", False),
        ("[SSL: CERTIFICATE_VERIFY_FAILED] certificate verify failed: unable to get local issuer certificate", "TLS fails: ", False),
        ('root certificate file "/etc/platform/ca/postgresql.crt" does not exist', "TLS fails: ", False),
        ("failed to resolve host 'db.invalid': [Errno -2] Name or service not known", "the host cannot be resolved: ", True),
        ("Error -3 connecting to redis:6379. Temporary failure in name resolution.", f"the host cannot be resolved; {NO_NAMES}: ", True),
        # The message of Alpine.
        ('could not translate host name "db" to address: Try again', f"the host cannot be resolved; {NO_NAMES}: ", True),
        ("Error -2 connecting to redis:6379. Name does not resolve.", "the host cannot be resolved: ", True),
        ("Error 111 connecting to redis:6379. Connection refused.", REFUSED, True),
        ("Error while reading from redis:6379 : (104, 'Connection reset by peer')", CLOSED, True),
        ("Connection closed by server.", CLOSED, True),
        ("connection timeout expired", "no answer: ", True),
        ("Timeout connecting to server", "no answer: ", True),
        ("Error 111 connecting to ssl.example.com:6379. Connection refused.", REFUSED, True),
        ("FATAL:  the database system is starting up", "", True),
    ],
)
def test_the_meaning_of_each_error(script: Any, answer: str, kind: str, passes: bool) -> None:
    assert script.reason(OSError(answer), []) == (f"{kind}{' '.join(answer.split())}", passes)


def test_a_reason_is_one_line_of_limited_length(script: Any) -> None:
    said, _passes = script.reason(OSError("first\n\tsecond\n" + "x" * 1000), [])
    assert said.startswith("first second xxx")
    assert len(said) == script.LONGEST


def test_no_password_is_shown(script: Any) -> None:
    said, _passes = script.reason(ValueError(f"cannot reach redis://:hunter2%2Fand%20more@redis ({PASSWORD})"), ["hunter2", PASSWORD])
    assert said == "cannot reach redis://:******@redis (******)"
    for form in ("a%2fb+c", "a/b%20c", "a%2Fb+c"):
        assert script.reason(ValueError(f"redis://:{form}@redis"), ["a/b c"])[0] == "redis://:******@redis"
    # A password of three letters is not hidden, because it also occurs in words.
    assert script.reason(ValueError("a port"), ["por"])[0] == "a port"


def failing(*errors: Exception | None) -> tuple[Callable[[], None], list[None]]:
    """A service that raises these errors in order, where None is a success; and the list of attempts."""
    attempts: list[None] = []

    def ask() -> None:
        attempts.append(None)
        error = errors[min(len(attempts), len(errors)) - 1]
        if error:
            raise error

    return ask, attempts


def test_all_services_are_checked_and_each_reports_its_own_problem(script: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(script, "PAUSE", 0.01)
    late, attempts = failing(OSError("Connection refused"), OSError("Connection refused"), None)
    wrong, wrong_attempts = failing(OSError("WRONGPASS"))
    away, away_attempts = failing(OSError("Connection refused"))
    services = [script.Service("late", late), script.Service("wrong", wrong), script.Service("away", away)]
    assert script.check(services, 0.5) == {
        "late": "",
        "wrong": "login failed: WRONGPASS",
        "away": f"{REFUSED}Connection refused",
    }
    assert len(attempts) == 3
    assert len(wrong_attempts) == 1, "a wrong password is not retried"
    assert len(away_attempts) > 3


def test_a_library_that_ignores_the_deadline_does_not_delay_the_check(script: Any) -> None:
    released = threading.Event()
    try:
        services = [script.Service("slow", released.wait), script.Service("good", lambda: None)]
        assert script.check(services, 0.2) == {"slow": "no answer within 0.2 s", "good": ""}
    finally:
        released.set()


@contextmanager
def listening(serve: Callable[[socket.socket], None]) -> Iterator[int]:
    """A server on a port of its own, each connection in a thread."""

    class Handler(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            serve(self.request)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server.server_address[1]
        server.shutdown()


def refusing_postgresql(connection: socket.socket) -> None:
    """Supports no TLS and rejects every password."""
    while request := connection.recv(4096):
        if len(request) == 8:
            connection.sendall(b"N")
            continue
        fields = b'SFATAL\0C28P01\0Mpassword authentication failed for user "seller"\0\0'
        connection.sendall(b"E" + (4 + len(fields)).to_bytes(4, "big") + fields)
        return


def redis_server(*, known: bool) -> Callable[[socket.socket], None]:
    """As much of Redis as a login, a ping and a key that is not there need."""

    def serve(connection: socket.socket) -> None:
        nothing = b"$-1\r\n"
        while request := connection.recv(65536):
            if not request.startswith(b"*"):
                connection.sendall(b"-ERR Protocol error: invalid request\r\n")
                return
            for command in re.findall(rb"\*\d+\r\n\$\d+\r\n(\w+)\r\n", request):
                if command in (b"AUTH", b"HELLO") and not known:
                    connection.sendall(b"-WRONGPASS invalid username-password pair or user is disabled.\r\n")
                elif command == b"HELLO":
                    nothing = b"_\r\n"
                    connection.sendall(b"%1\r\n$5\r\nproto\r\n:3\r\n")
                elif command == b"GET":
                    connection.sendall(nothing)
                else:
                    connection.sendall(b"+PONG\r\n" if command == b"PING" else b"+OK\r\n")

    return serve


def silent(connection: socket.socket) -> None:
    """Takes all and says nothing, for as long as the client stays."""
    while connection.recv(65536):
        pass


def closing(connection: socket.socket) -> None:
    """What a Redis that speaks only TLS does with plain text."""
    connection.recv(1)


SETTINGS = """
import json, os
SECRET_KEY = "k"
ENGINE = os.environ.get("ENGINE", "postgresql")
DATABASES = {"default": {"ENGINE": f"django.db.backends.{ENGINE}", "NAME": os.environ.get("NAME", "shop"), "USER": "seller",
    "PASSWORD": os.environ["PASSWORD"], "HOST": os.environ.get("HOST", ""), "PORT": os.environ.get("PORT", "")}}
CACHES = json.loads(os.environ.get("CACHES", "{}"))
"""
APPLICATION = """
import os
from celery import Celery
app = Celery("shop", broker=os.environ["BROKER"], backend=os.environ.get("BACKEND"))
"""


@pytest.fixture
def run(tmp_path: Path) -> Callable[..., tuple[int, list[str]]]:
    """Runs the check as its Job does, in an application of a few lines; returns the exit code and all lines."""
    (tmp_path / "settings.py").write_text(SETTINGS)
    (tmp_path / "shop.py").write_text(APPLICATION)

    def run_check(seconds: float = 20, application: str = "shop", **environment: str) -> tuple[int, list[str]]:
        done = subprocess.run(
            [sys.executable, "-c", FILE.read_text(), application, str(seconds)],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "settings", "PASSWORD": PASSWORD, **environment},
            capture_output=True,
            text=True,
            check=False,
        )
        output = done.stdout + done.stderr
        assert "Traceback" not in output
        assert PASSWORD not in output
        return done.returncode, output.splitlines()

    return run_check


SQLITE = {"ENGINE": "sqlite3", "NAME": ":memory:"}
QUOTED = "hunter2%2Fand%20more"


def test_services_that_answer(run: Any) -> None:
    with listening(redis_server(known=True)) as port:
        url = f"redis://:{QUOTED}@127.0.0.1:{port}"
        code, lines = run(**SQLITE, BROKER=f"{url}/0", BACKEND=f"{url}/1")
    assert (code, lines) == (
        0,
        ["database answers", f"broker at 127.0.0.1:{port} answers", f"result backend at 127.0.0.1:{port} answers"],
    )


def test_wrong_passwords(run: Any) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(listening(refusing_postgresql))
        redis = stack.enter_context(listening(redis_server(known=False)))
        url = f"redis://:{QUOTED}@127.0.0.1:{redis}"
        code, lines = run(HOST="127.0.0.1", PORT=str(database), BROKER=f"{url}/0", BACKEND=f"{url}/1")
    assert code == 1
    assert len(lines) == 3, lines
    assert lines[0].startswith(f"database at 127.0.0.1:{database}: login failed: ")
    assert lines[0].endswith('FATAL: password authentication failed for user "seller"')
    said = "login failed: invalid username-password pair or user is disabled."
    assert lines[1:] == [f"broker at 127.0.0.1:{redis}: {said}", f"result backend at 127.0.0.1:{redis}: {said}"]


def test_an_unknown_host_and_a_closed_port(run: Any) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
        code, [database, broker] = run(seconds=3, HOST="no-such-host.invalid", BROKER=f"redis://127.0.0.1:{port}/0")
    assert code == 1
    assert database.startswith("database at no-such-host.invalid: the host cannot be resolved")
    assert broker.startswith(f"broker at 127.0.0.1:{port}: {REFUSED}")


def test_a_server_without_tls(run: Any) -> None:
    with ExitStack() as stack:
        database = stack.enter_context(listening(refusing_postgresql))
        redis = stack.enter_context(listening(redis_server(known=True)))
        code, lines = run(
            seconds=5,
            HOST="127.0.0.1",
            PORT=str(database),
            PGSSLMODE="require",
            BROKER=f"rediss://127.0.0.1:{redis}/0?ssl_cert_reqs=required",
        )
    assert code == 1
    assert lines[0].startswith(f"database at 127.0.0.1:{database}: TLS fails: ")
    assert lines[1].startswith(f"broker at 127.0.0.1:{redis}: TLS fails: ")


def test_a_silent_server_does_not_delay_the_check(run: Any) -> None:
    with listening(silent) as port:
        code, lines = run(seconds=2, **SQLITE, BROKER=f"redis://127.0.0.1:{port}/0")
    assert (code, lines) == (1, ["database answers", f"broker at 127.0.0.1:{port}: no answer within 2 s"])


def caches(**locations: Any) -> dict[str, str]:
    """The environment of an application with these Django caches."""
    redis = {"BACKEND": "django.core.cache.backends.redis.RedisCache"}
    local = {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
    settings = {alias: {**(redis if "://" in str(value) else local), "LOCATION": value} for alias, value in locations.items()}
    return {**SQLITE, "BROKER": "memory://", "CACHES": json.dumps(settings)}


def test_only_caches_with_a_url_are_checked(run: Any) -> None:
    with listening(redis_server(known=True)) as port:
        url = f"redis://:{QUOTED}@127.0.0.1:{port}"
        code, lines = run(seconds=3, **caches(default=f"{url}/1", sessions=[f"{url}/2", "redis://127.0.0.1:1/2"], here="memory"))
    assert code == 1
    assert lines[:2] == ["database answers", "broker answers"]
    assert lines[2] == f"cache at 127.0.0.1:{port} answers"
    # The other entries of a list are replicas.
    assert lines[3].startswith(f"cache sessions at 127.0.0.1:{port}: {REFUSED}")
    assert len(lines) == 4, lines


def test_a_cache_with_a_wrong_password(run: Any) -> None:
    with listening(redis_server(known=False)) as port:
        code, lines = run(**caches(default=f"redis://:{QUOTED}@127.0.0.1:{port}/1"))
    assert (code, lines[-1]) == (1, f"cache at 127.0.0.1:{port}: login failed: invalid username-password pair or user is disabled.")


def test_a_cache_with_its_password_outside_the_url(run: Any) -> None:
    """As it becomes in an f-string: read as a port, which the error shows."""
    code, lines = run(seconds=3, **caches(default="redis://:hunter2/and-more@127.0.0.1:6379/1"))
    assert code == 1
    assert lines[-1].startswith("cache: Port could not be cast to integer value as '******'")


def test_a_cache_without_tls_on_a_redis_with_tls(run: Any) -> None:
    """As of an image that knows nothing of REDIS_SSL."""
    with listening(closing) as port:
        code, lines = run(seconds=3, **caches(default=f"redis://:{QUOTED}@127.0.0.1:{port}/1"))
    assert code == 1
    assert lines[-1].startswith(f"cache at 127.0.0.1:{port}: {CLOSED}"), lines


@pytest.mark.parametrize(
    ("values", "line"),
    [
        ({"DJANGO_SETTINGS_MODULE": "nowhere"}, "the application does not start: ModuleNotFoundError: No module named 'nowhere'"),
        ({"application": "elsewhere"}, "the application does not start: ModuleNotFoundError: No module named 'elsewhere'"),
        (
            {"BACKEND": "rediss://127.0.0.1/1"},
            "the application does not start: ValueError: A rediss:// URL must have parameter ssl_cert_reqs",
        ),
    ],
)
def test_an_application_that_does_not_start(run: Any, values: dict[str, str], line: str) -> None:
    code, lines = run(**{**SQLITE, "BROKER": "memory://", **values})
    assert code == 1
    assert lines[-1].startswith(line), lines
