"""Show the plan of `manage.py migrate`, then run it with a limit on the time that it waits for a lock.

Arguments: SECONDS MANAGE_PY migrate [OPTIONS]. The limit applies to PostgreSQL. 0 is no limit. If a migration exceeds it, the output ends
with a line that names the sessions that hold the lock.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import sys
import threading
from collections.abc import Iterator
from typing import Any

LONGEST_PLAN = 30
LONGEST_STATEMENT = 120
MOST_SESSIONS = 3
# Seconds between two looks at what a migration waits for.
PAUSE = 0.5
LOCK_NOT_AVAILABLE = "55P03"
# In psycopg 2 and 3: no transaction has begun.
IDLE = 0
# Names in quotes stay. Strings, numbers and comments may contain data of customers.
DATA = re.compile(
    r"""("[^"]*")|[eE]'(?:\\.|''|[^'\\])*(?:'|\Z)|'(?:''|[^'])*(?:'|\Z)|\$(\w*)\$.*?(?:\$\2\$|\Z)|/\*.*?(?:\*/|\Z)|--[^\n]*|\b\d[\w.]*""",
    re.DOTALL,
)
SESSIONS = """
SELECT pid, usename, application_name, state,
    extract(epoch FROM clock_timestamp() - coalesce(xact_start, query_start, backend_start))::int, query
FROM pg_stat_activity WHERE pid = ANY(pg_blocking_pids(%s)) ORDER BY 5 DESC
"""


class Limit:
    """The limit on lock waits, and what holds the locks.

    Args:
        seconds: the limit.
        pooled: whether the application connects to PgBouncer, which gives a session to others after each transaction.
    """

    def __init__(self, seconds: int, *, pooled: bool) -> None:
        self.seconds = seconds
        self.pooled = pooled
        self.holders: list[str] = []
        self._pid = 0
        self._over = threading.Event()
        self._watcher: threading.Thread | None = None

    def connected(self, connection: Any, **_arguments: Any) -> None:
        """Limit a new connection of Django."""
        if connection.vendor != "postgresql" or threading.current_thread() is self._watcher:
            return
        if self.pooled:
            connection.execute_wrappers.append(self._in_transaction)
        else:
            self._set(connection, local=False)

    def _in_transaction(self, execute: Any, sql: Any, params: Any, many: bool, context: Any) -> Any:
        """Limit each transaction by itself. A limit of the session would stay when PgBouncer gives it to others."""
        connection = context["connection"]
        if connection.in_atomic_block and connection.connection.info.transaction_status == IDLE:
            self._set(connection, local=True)
        return execute(sql, params, many, context)

    def _set(self, connection: Any, *, local: bool) -> None:
        # Without the wrappers of Django, which would call this function again.
        with connection.connection.cursor() as cursor:
            cursor.execute("SELECT set_config('lock_timeout', %s, %s), pg_backend_pid()", [f"{self.seconds}s", local])
            self._pid = cursor.fetchone()[1]
        if self._watcher is None:
            self._watcher = threading.Thread(target=self._watch, args=(connection,), daemon=True)
            self._watcher.start()

    def _watch(self, migrating: Any) -> None:
        """Look at what holds the locks while the migration waits. Afterwards it is no longer known."""
        # A connection of Django belongs to its thread.
        connection = migrating.copy()
        # A watcher without a connection, or without permission, hides no other error.
        with contextlib.suppress(Exception):
            while not self._over.wait(PAUSE):
                with connection.cursor() as cursor:
                    cursor.execute(SESSIONS, [self._pid])
                    found = [session(*row) for row in cursor.fetchall()]
                self.holders = found or self.holders
        with contextlib.suppress(Exception):
            connection.close()

    def end(self) -> None:
        """Stop to look."""
        self._over.set()

    def sentence(self) -> str:
        """Why the migration failed, and what to do."""
        held = "; ".join(self.holders[:MOST_SESSIONS]) or "a session that is not known"
        more = f"; and {len(self.holders) - MOST_SESSIONS} more" if len(self.holders) > MOST_SESSIONS else ""
        return (
            f"migrate: error: a migration waited for a lock for more than {self.seconds} s. The lock is held by {held}{more}. "
            "Wait until these sessions end, end them with SELECT pg_terminate_backend(PID), or raise pre_deploy_migrate_lock_timeout. Then "
            "run the playbook again."
        )


def session(pid: int, user: str, application: str, state: str | None, seconds: int | None, query: str | None) -> str:
    """A session of PostgreSQL in a few words, without data. State and time of other users' sessions may be hidden."""
    named = f"application {application}" if application else ""
    words = [f"user {user}", named, state or "", f"for {seconds} s" if seconds is not None else ""]
    return f"PID {pid} ({', '.join(word for word in words if word)}): {statement(query or '')}"


def statement(query: str) -> str:
    """The beginning of a statement. Strings, numbers and comments are replaced by a question mark."""
    text = " ".join(DATA.sub(lambda found: found[1] or "?", query).split())
    return text if len(text) <= LONGEST_STATEMENT else f"{text[:LONGEST_STATEMENT]}..."


def is_lock_timeout(error: BaseException | None) -> bool:
    """Whether an error, or an error that caused it, is that of the limit."""
    while error is not None:
        # The names of psycopg 3 and 2.
        if LOCK_NOT_AVAILABLE in (getattr(error, "sqlstate", None), getattr(error, "pgcode", None)):
            return True
        error = error.__cause__ or error.__context__
    return False


@contextlib.contextmanager
def limited(seconds: int) -> Iterator[Limit]:
    """Limit all connections that Django opens."""
    limit = Limit(seconds, pooled=os.environ.get("USE_PGBOUNCER") == "True")
    if seconds:
        from django.db.backends.signals import connection_created

        connection_created.connect(limit.connected, weak=False)
    try:
        yield limit
    finally:
        limit.end()


def manage(arguments: list[str]) -> int:
    """Run manage.py in this process. Returns its exit code."""
    sys.argv = arguments
    try:
        runpy.run_path(arguments[0], run_name="__main__")
    except SystemExit as end:
        if isinstance(end.code, str):
            print(end.code, file=sys.stderr)
            return 1
        return end.code or 0
    return 0


def show_plan(arguments: list[str]) -> int:
    """Print the plan within a limit. Returns the exit code of manage.py."""
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        status = manage([*arguments, "--plan"])
    lines = printed.getvalue().splitlines()
    for line in lines[:LONGEST_PLAN]:
        print(line)
    if len(lines) > LONGEST_PLAN:
        print(f"... and {len(lines) - LONGEST_PLAN} more lines")
    sys.stdout.flush()
    return status


def main(seconds: int, arguments: list[str]) -> int:
    """Show the plan and migrate."""
    # As `python manage.py` does.
    sys.path[0:0] = [os.path.dirname(os.path.abspath(arguments[0]))]
    with limited(seconds) as limit:
        try:
            return show_plan(arguments) or manage(arguments)
        except Exception as error:
            if not is_lock_timeout(error):
                raise
            # In a line of its own, on the stream of the unfinished line `Applying ...`.
            print(f"\n{limit.sentence()}", flush=True)
            return 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
