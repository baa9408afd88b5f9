# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The cause of a failed command in one line, from recorded output with shortened paths."""

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.last_words import LONGEST, last_words

NOISE = "".join(f"Loading plugin {number}: prices, reports, backups\n" for number in range(20))
FRAMES = """Traceback (most recent call last):
  File "/app/manage.py", line 22, in <module>
    main()
    ~~~~^^
  File "/usr/lib/python3/django/conf/__init__.py", line 203, in __init__
    raise ImproperlyConfigured("The SECRET_KEY setting must not be empty.")
"""
CASES = {
    "nothing": ("", ""),
    "a shell that exits": ("starting\nno database yet\n", "no database yet"),
    "Django, with noise before it": (
        f"{NOISE}{FRAMES}django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.\n",
        "django.core.exceptions.ImproperlyConfigured: The SECRET_KEY setting must not be empty.",
    ),
    "a traceback whose beginning was cut off": (
        '    connection.ensure_connection()\n  File "/app/a.py", line 3, in f\n    raise KeyError("POSTGRES_HOST")\n'
        "KeyError: 'POSTGRES_HOST'\n",
        "KeyError: 'POSTGRES_HOST'",
    ),
    "psycopg, several lines": (
        'Traceback (most recent call last):\n  File "/usr/lib/python3/psycopg/connection.py", line 117, in connect\n'
        "    raise last_ex.with_traceback(None)\n"
        'psycopg.OperationalError: connection failed: connection to server at "10.96.0.7", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n\n"
        "The above exception was the direct cause of the following exception:\n\n"
        'Traceback (most recent call last):\n  File "/app/manage.py", line 22, in <module>\n    main()\n'
        'django.db.utils.OperationalError: connection failed: connection to server at "10.96.0.7", port 5432 failed: Connection refused\n'
        "\tIs the server running on that host and accepting TCP/IP connections?\n",
        'django.db.utils.OperationalError: connection failed: connection to server at "10.96.0.7", port 5432 failed: Connection refused '
        "Is the server running on that host and accepting TCP/IP connections?",
    ),
    "PostgreSQL, with the statement": (
        'Traceback (most recent call last):\n  File "/usr/lib/python3/django/db/backends/utils.py", line 105, in _execute\n'
        "    return self.cursor.execute(sql, params)\n"
        '           ~~~~~~~~~~~~~~~~~~~^^^^^^^^^^^^^\ndjango.db.utils.ProgrammingError: column "weight" already exists\n'
        'LINE 1: ALTER TABLE "shop_order" ADD COLUMN "weight" integer\n        ^\n',
        'django.db.utils.ProgrammingError: column "weight" already exists LINE 1: ALTER TABLE "shop_order" ADD COLUMN "weight" integer ^',
    ),
    "an exception while another is handled": (
        'Traceback (most recent call last):\n  File "a.py", line 2, in <module>\n    1/0\nZeroDivisionError: division by zero\n\n'
        "During handling of the above exception, another exception occurred:\n\n"
        'Traceback (most recent call last):\n  File "a.py", line 4, in <module>\n    raise RuntimeError("no price")\n'
        "RuntimeError: no price\n",
        "RuntimeError: no price",
    ),
    "argparse": (
        "usage: manage.py migrate [-h] [--noinput] [--database {default}] [app_label] [migration_name]\n"
        "manage.py migrate: error: unrecognized arguments: --no-such-option\n",
        "manage.py migrate: error: unrecognized arguments: --no-such-option",
    ),
    "manage.py": (
        f"{NOISE}CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_a, 0002_b in shop).\n"
        "To fix them run 'python manage.py makemigrations --merge'\n",
        "CommandError: Conflicting migrations detected; multiple leaf nodes in the migration graph: (0002_a, 0002_b in shop). "
        "To fix them run 'python manage.py makemigrations --merge'",
    ),
    "an unknown command": (
        "Unknown command: 'migrat'. Did you mean migrate?\nType 'manage.py help' for usage.\n",
        "Unknown command: 'migrat'. Did you mean migrate? Type 'manage.py help' for usage.",
    ),
    "Celery": (
        'Traceback (most recent call last):\n  File "<string>", line 8, in <module>\n'
        '  File "/usr/lib/python3/celery/backends/asynchronous.py", line 200, in _wait_for_pending\n'
        "    raise TimeoutError('The operation timed out.')\ncelery.exceptions.TimeoutError: The operation timed out.\n",
        "celery.exceptions.TimeoutError: The operation timed out.",
    ),
    "a migration that prints its progress": (
        "Operations to perform:\n  Apply all migrations: admin, auth, shop\nRunning migrations:\n"
        f"  Applying shop.0007_weight...{FRAMES}django.db.utils.DataError: integer out of range\n",
        "django.db.utils.DataError: integer out of range",
    ),
    "a migration that fails without an exception": (
        "Running migrations:\n  Applying shop.0001_initial... OK\nmigrate: DEMO_FAIL_MIGRATE asks for exit code 3\n",
        "migrate: DEMO_FAIL_MIGRATE asks for exit code 3",
    ),
    "JSON": (
        '{"level": "info", "message": "starting"}\n{"level": "error", "message": "no such table:\\n shop_order"}\n'
        '{"level": "info", "message": "bye"}\n',
        "no such table: shop_order",
    ),
    "JSON with a traceback": (
        '{"levelname": "ERROR", "message": "Internal", "exc_info": "Traceback (most recent call last):\\n  File \\"a.py\\", line 1'
        '\\nValueError: no weight"}\n{"levelname": "INFO", "message": "bye"}\n',
        "ValueError: no weight",
    ),
    "JSON without an error": ('{"severity": "INFO", "msg": "one"}\n{"severity": "INFO", "msg": "two"}\n', "two"),
    "JSON that is no record": ("{}\n", "{}"),
    "gunicorn goes on after the exception": (
        "[2026-11-29 17:00:00 +0000] [7] [ERROR] Exception in worker process\n"
        f"{FRAMES}ModuleNotFoundError: No module named 'config'\n"
        "[2026-11-29 17:00:00 +0000] [7] [INFO] Worker exiting (pid: 7)\n[2026-11-29 17:00:00 +0000] [1] [INFO] Shutting down: Master\n",
        "ModuleNotFoundError: No module named 'config'",
    ),
    "an error after an exception that was handled": (
        f"{FRAMES}KeyError: 'cache'\n[2026-11-29 17:00:00 +0000] going on without\nSystemCheckError: System check identified some issues:\n"
        "ERRORS:\n?: (shop.E001) no currency\n",
        "SystemCheckError: System check identified some issues: ERRORS: ?: (shop.E001) no currency",
    ),
    "colors": ("\x1b[31;1mCommandError: no\x1b[0m\n", "CommandError: no"),
    "psql": (
        'psql: error: connection to server at "db" failed: FATAL:  role "a" does not exist\n',
        'psql: error: connection to server at "db" failed: FATAL: role "a" does not exist',
    ),
    "an exception without words": (f"{FRAMES}KeyboardInterrupt\n", "KeyboardInterrupt"),
    "a runtime": (
        'failed to create containerd task: failed to create shim task: exec: "postgre": executable file not found in $PATH: unknown',
        'failed to create containerd task: failed to create shim task: exec: "postgre": executable file not found in $PATH: unknown',
    ),
}


@pytest.mark.parametrize(("printed", "expected"), CASES.values(), ids=CASES.keys())
def test_the_cause_is_one_line(printed: str, expected: str) -> None:
    assert last_words(printed) == expected


def test_the_length_of_a_cause_is_limited() -> None:
    words = last_words("ValueError: " + "x" * 1000)
    assert words == f"ValueError: {'x' * (LONGEST - 12)}..."


def test_only_the_end_of_a_long_output_is_read() -> None:
    assert last_words("ValueError: early\n" + "  x\n" * 300) == "x"
    assert last_words("ValueError: early\n" + "x" * 70_000).startswith("xxx")
