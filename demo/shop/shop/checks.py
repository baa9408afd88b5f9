"""Checks behind the health endpoints, each bounded in time."""

import logging
import tempfile
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from functools import cache
from pathlib import Path

import redis
from django.conf import settings
from django.contrib.staticfiles.storage import staticfiles_storage
from django.db import connections
from django.db.migrations.executor import MigrationExecutor

from shop.models import TaskRun

logger = logging.getLogger(__name__)
TIMEOUT_SECONDS = 2.0

Check = Callable[[], str]


def database() -> str:
    """Ask the database for a trivial answer."""
    # Not the thread's own connection: it may be broken, and is not ours to close.
    connection = connections.create_connection("default")
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
    return "ok"


def _client(url: str) -> redis.Redis:
    return redis.Redis.from_url(
        url,
        socket_connect_timeout=TIMEOUT_SECONDS / 2,
        socket_timeout=TIMEOUT_SECONDS / 2,
    )


def redis_server() -> str:
    """Ping Redis."""
    with _client(settings.REDIS_URL) as client:
        client.ping()
    return "ok"


def migrations() -> str:
    """Count the migrations that are not applied."""
    connection = connections.create_connection("default")
    try:
        executor = MigrationExecutor(connection)
        pending = len(executor.migration_plan(executor.loader.graph.leaf_nodes()))
    finally:
        connection.close()
    return f"{pending} pending" if pending else "ok"


def media() -> str:
    """Write a temporary file where uploads go."""
    with tempfile.TemporaryFile(dir=settings.MEDIA_ROOT) as file:
        file.write(b"x")
    return "ok"


def static_files() -> str:
    """Look for the manifest of hashed static files."""
    manifest = Path(settings.STATIC_ROOT, staticfiles_storage.manifest_name)
    return "ok" if manifest.is_file() else "no manifest, run collectstatic"


def queue_lengths() -> dict[str, int]:
    """Return the number of waiting tasks by queue."""
    with _client(settings.CELERY_BROKER_URL) as client:
        return {queue: client.llen(queue) for queue in settings.QUEUE_NAMES}


def last_periodic_run() -> str | None:
    """Return when a periodic task last ended, in ISO 8601."""
    try:
        return TaskRun.last_periodic_run()
    finally:
        connections.close_all()


READINESS: Mapping[str, Check] = {"database": database, "redis": redis_server}
DETAILED: Mapping[str, Check] = {
    **READINESS,
    "migrations": migrations,
    "media": media,
    "static_files": static_files,
}
FACTS: Mapping[str, Callable[[], object]] = {
    "queues": queue_lengths,
    "last_periodic_run": last_periodic_run,
}


@cache
def _pool() -> ThreadPoolExecutor:
    """Return this process's threads for checks, made after gunicorn's fork."""
    return ThreadPoolExecutor(max_workers=8, thread_name_prefix="health")


def run(checks: Mapping[str, Callable[[], object]]) -> dict[str, object]:
    """Run checks at once; one that fails or is late gives a short reason instead.

    The reason may be seen by the public; the whole error goes to the log.
    Threads that hang stay in the pool: later checks then are late too, and the
    number of threads stays bounded.
    """
    futures = {name: _pool().submit(check) for name, check in checks.items()}
    wait(futures.values(), timeout=TIMEOUT_SECONDS)
    results: dict[str, object] = {}
    for name, future in futures.items():
        if not future.done():
            future.cancel()
            results[name] = f"no answer within {TIMEOUT_SECONDS:g} s"
        elif error := future.exception():
            logger.warning("Health check %s failed: %s", name, error)
            results[name] = f"failed ({type(error).__name__})"
        else:
            results[name] = future.result()
    return results
