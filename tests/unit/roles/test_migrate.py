"""What the Job `migrate` prints and how it ends, with the real Django and with errors as those of psycopg."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

FILE = Path(__file__).parents[3] / "roles" / "pre_deploy" / "files" / "migrate.py"
MANAGE = """
import os, sys
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "conf")
from django.core.management import execute_from_command_line
if __name__ == "__main__":
    execute_from_command_line(sys.argv)
"""
SETTINGS = """
SECRET_KEY = "only-for-tests"
INSTALLED_APPS = ["django.contrib.contenttypes", "django.contrib.auth", "stock"]
DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": "db.sqlite3"}}
"""
MIGRATION = """
from django.db import migrations
class LockNotAvailable(Exception):
    {attribute} = "{code}"
def run(_apps, _schema):
    {action}
class Migration(migrations.Migration):
    dependencies = [("auth", "0012_alter_user_first_name_max_length")]
    operations = [migrations.RunPython(run)]
"""


@pytest.fixture
def script(load: Any) -> ModuleType:
    found: ModuleType = load("pre_deploy/files/migrate.py")
    return found


def migrate(folder: Path, *options: str, action: str = "pass", attribute: str = "sqlstate", code: str = "55P03") -> Any:
    """Run the script on a Django project with one migration of its own, after those of django.contrib.auth."""
    package = folder / "stock" / "migrations"
    package.mkdir(parents=True, exist_ok=True)
    for path, text in {
        "manage.py": MANAGE,
        "conf.py": SETTINGS,
        "stock/__init__.py": "",
        "stock/migrations/__init__.py": "",
        "stock/migrations/0001_initial.py": MIGRATION.format(action=action, attribute=attribute, code=code),
    }.items():
        (folder / path).write_text(text)
    command = [sys.executable, "-c", FILE.read_text(), "5", "manage.py", "migrate", "--noinput", *options]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True)


def test_the_plan_comes_before_the_migrations_within_a_limit(script: Any, tmp_path: Path) -> None:
    done = migrate(tmp_path)
    assert done.returncode == 0, done.stderr
    plan, _separator, applied = done.stdout.partition("Operations to perform:")
    assert plan.startswith("Planned operations:\ncontenttypes.0001_initial\n")
    assert len(plan.splitlines()) == script.LONGEST_PLAN + 1
    assert plan.splitlines()[-1].startswith("... and ")
    assert "Applying stock.0001_initial... OK" in applied
    again = migrate(tmp_path)
    assert again.stdout.startswith("Planned operations:\n  No planned migration operations.\n")
    assert "No migrations to apply." in again.stdout


@pytest.mark.parametrize("attribute", ["sqlstate", "pgcode"])
def test_a_migration_that_waits_too_long_ends_with_one_sentence(tmp_path: Path, attribute: str) -> None:
    done = migrate(tmp_path, action="raise ValueError('wrapped') from LockNotAvailable()", attribute=attribute)
    assert done.returncode == 1
    assert "Traceback" not in done.stdout + done.stderr
    # The line is its own, although Django has printed only the beginning of a line.
    assert done.stdout.splitlines()[-2:] == [
        "  Applying stock.0001_initial...",
        (
            "migrate: error: a migration waited for a lock for more than 5 s. The lock is held by a session that is not known. Wait until "
            "these sessions end, end them with SELECT pg_terminate_backend(PID), or raise pre_deploy_migrate_lock_timeout. Then run the "
            "playbook again."
        ),
    ]


def test_other_errors_stay_as_they_are(tmp_path: Path) -> None:
    done = migrate(tmp_path, action="raise LockNotAvailable('it is full')", code="53100")
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("LockNotAvailable: it is full")
    unknown = migrate(tmp_path, "--database=none")
    assert unknown.returncode != 0
    assert "pre_deploy_migrate_lock_timeout" not in unknown.stdout + unknown.stderr


def test_an_unknown_app_is_the_error_of_django(tmp_path: Path) -> None:
    done = migrate(tmp_path, "no-such-app")
    assert (done.returncode, done.stderr) == (1, "CommandError: No installed app with label 'no-such-app'.\n")


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("LOCK TABLE shop_order", "LOCK TABLE shop_order"),
        ("SELECT *\n  FROM shop_order2 WHERE id = 42", "SELECT * FROM shop_order2 WHERE id = ?"),
        ("ALTER ROLE shop PASSWORD 'hunter2'", "ALTER ROLE shop PASSWORD ?"),
        ("SELECT 'it''s hunter2', 1.5e3", "SELECT ?, ?"),
        (r"SELECT E'it\'s hunter2'", "SELECT ?"),
        ("SELECT $body$it's hunter2$body$, $1", "SELECT ?, $?"),
        ("/* hunter2 */ SELECT 1 -- hunter2", "? SELECT ? ?"),
        ("SELECT 'hunter2 without an end", "SELECT ?"),
        ("SELECT \"it's\" FROM t WHERE a = 'hunter2'", 'SELECT "it\'s" FROM t WHERE a = ?'),
        ("SELECT " + "a, " * 100, "SELECT " + ("a, " * 100)[:113] + "..."),
        ("", ""),
    ],
)
def test_a_statement_is_shown_without_data(script: Any, query: str, shown: str) -> None:
    assert script.statement(query) == shown


def test_the_sentence_names_the_sessions_that_hold_the_lock(script: Any) -> None:
    limit = script.Limit(30, pooled=False)
    first = script.session(7, "shop", "psql", "idle in transaction", 95, "LOCK TABLE shop_order")
    # PostgreSQL hides the session of another user.
    second = script.session(8, "report", "", None, None, "<insufficient privilege>")
    limit.holders = [first, second, first, first, first]
    sentence = limit.sentence()
    assert "PID 7 (user shop, application psql, idle in transaction, for 95 s): LOCK TABLE shop_order; PID 8 (user report): <" in sentence
    assert "; and 2 more. Wait until" in sentence


class Connection:
    """A connection of Django to PostgreSQL, which records what it executes."""

    def __init__(self, vendor: str = "postgresql", *, atomic: bool = True) -> None:
        self.vendor = vendor
        self.in_atomic_block = atomic
        self.execute_wrappers: list[Any] = []
        self.executed: list[Any] = []
        self.connection = SimpleNamespace(cursor=lambda: self, info=SimpleNamespace(transaction_status=0))

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_error: object) -> None:
        pass

    def execute(self, sql: str, params: list[Any]) -> None:
        self.executed.append(params)

    def fetchone(self) -> tuple[str, int]:
        return ("5s", 4711)

    def copy(self) -> Connection:
        return Connection()


def test_a_session_is_limited_when_it_is_opened(script: Any) -> None:
    limit, connection = script.Limit(5, pooled=False), Connection()
    limit.connected(connection)
    limit.end()
    assert connection.executed == [["5s", False]]
    assert connection.execute_wrappers == []


@pytest.mark.parametrize(("atomic", "status", "limited"), [(True, 0, [["5s", True]]), (True, 2, []), (False, 0, [])])
def test_a_pooled_session_is_limited_in_each_transaction(script: Any, atomic: bool, status: int, limited: list[Any]) -> None:
    """PgBouncer gives the session to others after the transaction."""
    limit, connection = script.Limit(5, pooled=True), Connection(atomic=atomic)
    limit.connected(connection)
    assert connection.executed == []
    [wrapper] = connection.execute_wrappers
    connection.connection.info.transaction_status = status
    assert wrapper(lambda *arguments: arguments, "SELECT 1", None, False, {"connection": connection})[0] == "SELECT 1"
    limit.end()
    assert connection.executed == limited


def test_other_databases_have_no_limit(script: Any) -> None:
    connection = Connection("mysql")
    script.Limit(5, pooled=True).connected(connection)
    assert (connection.executed, connection.execute_wrappers) == ([], [])
