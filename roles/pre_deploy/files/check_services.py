"""Log in to the databases, broker, result backend and caches as the application does; arguments: CELERY_APPLICATION SECONDS.

Prints one line for each service: that it answers, or the problem. The exit code is 1 if a service has a problem.
"""

from __future__ import annotations

import functools
import os
import re
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NamedTuple
from urllib.parse import quote, quote_plus, unquote, urlsplit

PAUSE = 1.0
LONGEST = 400
SHORTEST_HIDDEN = 4
# The meaning of an error, and whether a retry can help: DNS names and servers may become available after this pod starts.
KINDS = (
    (r"password|WRONGPASS|NOAUTH|[Aa]uthentication (failed|required)|ACCESS_REFUSED|no pg_hba\.conf entry", "login failed", False),
    (r"role .* does not exist", "login failed", False),
    (r"database .* does not exist", "the database does not exist", False),
    (r"\bSSL\b|\bTLS\b|certificate", "TLS fails", False),
    # No DNS server answered. This does not mean that the name does not exist.
    (r"Temporary failure in name|Try again", "the host cannot be resolved; if no name can be resolved, check network_policies_dns", True),
    (r"Name or service not known|No address associated|resol(ve|ution)|not translate", "the host cannot be resolved", True),
    (r"refused", "no server listens there, or a network policy rejects the connection", True),
    (r"reset by peer|closed by server", "the server closes the connection (it may accept only TLS)", True),
    (r"[Tt]ime(d |-)?out|timeout", "no answer", True),
)


class Service(NamedTuple):
    """A service to check.

    Args:
        name: the name in the output, with host and port if known.
        ask: connects and logs in; raises the error.
        secrets: values that the output must not contain.
    """

    name: str
    ask: Callable[[], object]
    secrets: Iterable[str] = ()


def reason(error: BaseException, secrets: Iterable[str]) -> tuple[str, bool]:
    """The meaning and the message of an error in one line, and whether a retry can help."""
    answer = " ".join(str(error).split()) or type(error).__name__
    # The longest form first, because one form can contain another.
    for form in sorted({form for secret in secrets for form in forms(secret)}, key=len, reverse=True):
        # A shorter string also occurs in words that are not secret.
        if len(form) >= SHORTEST_HIDDEN:
            answer = answer.replace(form, "******")
    answer = answer[:LONGEST]
    for pattern, kind, passes in KINDS:
        if re.search(pattern, answer):
            return f"{kind}: {answer}", passes
    return answer, True


def forms(secret: str) -> Iterator[str]:
    """A secret, unchanged and URL-encoded."""
    yield secret
    for form in (quote(secret, safe=""), quote(secret), quote_plus(secret)):
        yield from (form, re.sub("%..", lambda found: found[0].lower(), form))


def ask_until(service: Service, deadline: float, said: dict[str, str]) -> None:
    """Retry until the deadline. Stores the last problem, or an empty string if the service responds."""
    while True:
        try:
            service.ask()
        except Exception as error:  # noqa: BLE001 - of libraries that this file does not know
            said[service.name], passes = reason(error, service.secrets)
        else:
            said[service.name] = ""
            return
        if not passes or time.monotonic() + PAUSE > deadline:
            return
        time.sleep(PAUSE)


def check(services: Iterable[Service], seconds: float) -> dict[str, str]:
    """Check all services in parallel. Returns the problem of each service by name, empty if it answers."""
    asked = list(services)
    deadline = time.monotonic() + seconds
    said: dict[str, str] = {}
    # A client library may exceed the deadline. Its daemon thread ends with the process.
    threads = [threading.Thread(target=ask_until, args=(service, deadline, said), daemon=True) for service in asked]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))
    return {service.name: said.get(service.name, f"no answer within {seconds:g} s") for service in asked}


def place(host: object, port: object) -> str:
    """Host and port for the output; empty without a host."""
    return f" at {host}" + (f":{port}" if port else "") if host else ""


def database_services() -> Iterator[Service]:
    """The databases in the settings of the application, through Django's own connections."""
    from django.db import connections

    def log_in(alias: str) -> None:
        # A pool (PgBouncer) logs in to the database with the first statement only.
        try:
            with connections[alias].cursor() as cursor:
                cursor.execute("SELECT 1")
        finally:
            connections[alias].close()

    for alias in connections:
        known = connections[alias].settings_dict
        name = "database" if alias == "default" else f"database {alias}"
        yield Service(
            name + place(known.get("HOST"), known.get("PORT")), functools.partial(log_in, alias), [str(known.get("PASSWORD") or "")]
        )


def broker_services(application: Any) -> Iterator[Service]:
    """The broker, and the result backend if it is Redis, through Celery's own connections."""

    def open_broker() -> None:
        with application.connection_for_write() as connection:
            connection.connect()

    broker = application.connection_for_write()
    yield Service("broker" + place(broker.hostname, broker.port), open_broker, [str(broker.password or "")])

    if str(application.conf.result_backend or "").startswith(("redis://", "rediss://")):
        known = application.backend.connparams
        name = "result backend" + place(known.get("host"), known.get("port"))
        yield Service(name, application.backend.client.ping, [str(known.get("password") or "")])


def cache_services() -> Iterator[Service]:
    """The caches in the settings of the application that have a URL, through Django's own connections."""
    from django.conf import settings
    from django.core.cache import caches

    def look_up(alias: str) -> None:
        caches[alias].get("check-services")

    for alias, known in settings.CACHES.items():
        location = known.get("LOCATION") or ""
        # Django writes to the first of several servers.
        url = str(location if isinstance(location, str) else next(iter(location), ""))
        if "://" in url:
            options = known.get("OPTIONS") or {}
            secrets = [str(value) for key, value in options.items() if key.lower() == "password"]
            name = "cache" if alias == "default" else f"cache {alias}"
            yield Service(name + url_place(url), functools.partial(look_up, alias), [*secrets, *url_secrets(url)])


def url_place(url: str) -> str:
    """Host and port of a URL for the output; empty if the URL is invalid."""
    try:
        parts = urlsplit(url)
        return place(parts.hostname, parts.port)
    except ValueError:
        return ""


def url_secrets(url: str) -> list[str]:
    """The password of a URL, also decoded and in parts, because a library reports a part of an unquoted password as a port."""
    found = re.search(r"://[^:@/]*:(.*)@", url)
    return [found[1], unquote(found[1]), *re.split(r"[/?#]", found[1])] if found else []


def services(celery_application: str) -> list[Service]:
    """All services of the application in this image.

    Raises:
        SystemExit: the application cannot be loaded; contains the error.
    """
    try:
        import django
        from celery.app.utils import find_app

        django.setup()
        return [*database_services(), *broker_services(find_app(celery_application)), *cache_services()]
    except Exception as error:  # noqa: BLE001 - of code that this file does not know
        sys.exit(f"the application does not start: {type(error).__name__}: {' '.join(str(error).split())[:LONGEST]}")


def main(celery_application: str, seconds: float) -> int:
    """Check the services and print the results."""
    said = check(services(celery_application), seconds)
    for name, problem in said.items():
        print(f"{name}: {problem}" if problem else f"{name} answers", flush=True)
    return 1 if any(said.values()) else 0


if __name__ == "__main__":
    status = main(sys.argv[1], float(sys.argv[2]))
    # A thread that still waits in a library must not keep the process running.
    os._exit(status)
