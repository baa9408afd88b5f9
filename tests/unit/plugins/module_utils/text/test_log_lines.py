# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Lines as the programs of the platform write them."""

from __future__ import annotations

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.text.log_lines import is_error_line

ERRORS = {
    "celery worker": [
        "[2026-11-29 10:00:00,123: ERROR/ForkPoolWorker-1] Task shop.tasks.bill[0f9e] raised unexpected: ValueError('no price')",
        "[2026-11-29 10:00:00,123: ERROR/MainProcess] consumer: Cannot connect to redis://redis-service:6379/0: Connection refused.",
        "[2026-11-29 10:00:00,123: CRITICAL/MainProcess] Unrecoverable error: OperationalError('MISCONF Redis is configured to save')",
        "[2026-11-29 10:00:00,123: ERROR/Beat] Removing corrupted schedule file 'celerybeat-schedule': error(22, 'Invalid argument')",
        "\x1b[1;31m[2026-11-29 10:00:00,123: ERROR/MainProcess] Process 'ForkPoolWorker-2' pid:9 exited with 'signal 9 (SIGKILL)'\x1b[0m",
    ],
    "django": [
        "ERROR 2026-11-29 10:00:00,123 log 7 140241 Internal Server Error: /checkout/",
        "ERROR Internal Server Error: /checkout/",
        "[29/Nov/2026 10:00:00] ERROR [django.request:241] Internal Server Error: /checkout/",
        "2026-11-29 10:00:00,123 ERROR django.request Internal Server Error: /checkout/",
        "2026-11-29T10:00:00.123Z ERROR shop.views no price",
        "2026-11-29 10:00:00,123 - shop.views - CRITICAL - no price",
        "2026-11-29 10:00:00,123 [ERROR] shop.views: no price",
        "[2026-11-29 10:00:00] ERROR shop.tasks: no such product",
        "Traceback (most recent call last):",
        "  + Exception Group Traceback (most recent call last):",
        "[2026-11-29 10:00:00,123: WARNING/ForkPoolWorker-1] Traceback (most recent call last):",
    ],
    "python": [
        "ERROR:shop.views:no price",
        "CRITICAL:root:no price",
        "2026-11-29 10:00:00.123 | ERROR    | shop.views:buy:12 - no price",
        "2026-11-29 10:00:00 [error    ] no price                       product=7",
        "\x1b[2m2026-11-29 10:00:00\x1b[0m [\x1b[31m\x1b[1merror    \x1b[0m] no price",
        "FATAL: x",
        "[ERROR] no price",
    ],
    "gunicorn": [
        "[2026-11-29 10:00:00 +0000] [7] [ERROR] Worker (pid:8) was sent SIGKILL! Perhaps out of memory?",
        "[2026-11-29 10:00:00 +0000] [1] [CRITICAL] WORKER TIMEOUT (pid:8)",
        "[2026-11-29 10:00:00 +0000] [8] [ERROR] Error handling request /checkout/",
    ],
    "nginx": [
        "2026/11/29 10:00:00 [error] 29#29: *1 connect() failed (111: Connection refused) while connecting to upstream, "
        'client: 10.244.1.1, server: _, request: "GET / HTTP/1.1", upstream: "http://10.96.0.7:8000/", host: "shop.example.com"',
        '2026/11/29 10:00:00 [crit] 29#29: *1 open() "/var/cache/nginx/1" failed (13: Permission denied) while reading upstream',
        "2026/11/29 10:00:00 [alert] 1#1: worker process 29 exited on signal 9",
        '2026/11/29 10:00:00 [emerg] 1#1: host not found in upstream "django-service" in /etc/nginx/nginx.conf:40',
        'nginx: [emerg] open() "/etc/nginx/tls.crt" failed (2: No such file or directory)',
    ],
    "postgresql": [
        '2026-11-29 10:00:00.123 UTC [123] ERROR:  relation "shop_product" does not exist at character 15',
        '2026-11-29 10:00:00.123 UTC [123] shop@shop ERROR:  duplicate key value violates unique constraint "shop_pkey"',
        '2026-11-29 10:00:00.123 UTC [123] FATAL:  password authentication failed for user "shop"',
        '2026-11-29 10:00:00.123 UTC [1] PANIC:  could not write to file "pg_wal/xlogtemp.29": No space left on device',
        "psql: FATAL:  no such database",
    ],
    "redis": [
        "1:M 29 Nov 2026 10:00:00.000 # Failed opening the temp RDB file temp-29.rdb (in server root dir /data) for saving: Read-only",
        "1:M 29 Nov 2026 10:00:00.000 # Can't save in background: fork: Out of memory",
        "1:M 29 Nov 2026 10:00:00.000 # Background saving error",
        "1:M 29 Nov 2026 10:00:00.000 # === REDIS BUG REPORT START: Cut & paste starting from here ===",
        "1:M 29 Nov 2026 10:00:00.000 # Fatal error loading the DB, check server logs. Exiting.",
    ],
    "json": [
        '{"level": "error", "msg": "no price"}',
        '{"asctime": "2026-11-29 10:00:00,123", "levelname": "ERROR", "message": "no price"}',
        '{"severity": "CRITICAL", "message": "no price"}',
        '{"severity":"Emergency","message":"no price"}',
        '{"@timestamp": "2026-11-29T10:00:00Z", "log.level": "error", "message": "no price"}',
        '{"log": {"level": "error"}, "message": "no price"}',
        '{"level": "default", "log": {"level": "error"}, "message": "the runtime has a level of its own"}',
        '{"text": "no price", "record": {"level": {"name": "ERROR", "no": 40}}}',
        '{"level": 50, "time": 1795946400000, "msg": "no price"}',
        '{"message": "' + "x" * 5000 + '", "level": "ERROR"}',
    ],
    "logfmt": [
        'time=2026-11-29T10:00:00.000Z level=ERROR source=exporter.go:12 msg="Could not reach nginx"',
        'ts=2026-11-29T10:00:00.000Z caller=main.go:12 level=error msg="no price"',
        'msg="level=info is the default" level=fatal',
    ],
}
FINE = {
    "celery worker": [
        "[2026-11-29 10:00:00,123: INFO/MainProcess] Task shop.tasks.ERROR[0f9e] received",
        "[2026-11-29 10:00:00,123: INFO/ForkPoolWorker-1] Task shop.tasks.bill[0f9e] succeeded in 0.1s: ERROR none",
        "[2026-11-29 10:00:00,123: WARNING/MainProcess] consumer: Connection to broker lost. Trying to re-establish the connection...",
        " -------------- celery@worker v5.3.6 (emerald-rush)",
    ],
    "django": [
        "2026-11-29 10:00:00,123 INFO shop.views ERROR is a word of this message",
        "2026-11-29 10:00:00,123 WARNING django.request Not Found: /error/",
        "[29/Nov/2026 10:00:00] INFO [shop.views:12] [error] in brackets",
        '[29/Nov/2026 10:00:00] "GET /ERROR HTTP/1.1" 500 145',
        "INFO:shop.views:ERROR",
        "2026-11-29 10:00:00.123 | INFO     | shop.views:buy:12 - ERROR",
        "Look into the ERROR log",
        "  ValueError: no price",
    ],
    "gunicorn": [
        "[2026-11-29 10:00:00 +0000] [1] [INFO] Handling signal: term",
        "[2026-11-29 10:00:00 +0000] [7] [WARNING] Invalid request from ip=10.244.1.1: [ERROR]",
        '10.244.1.1 - - [29/Nov/2026:10:00:00 +0000] "GET /error/ HTTP/1.1" 200 5120 "-" "curl/8.5.0"',
    ],
    "nginx": [
        '10.244.1.1 - - [29/Nov/2026:10:00:00 +0000] "GET /error/ HTTP/1.1" 200 5120 "-" "curl/8.5.0"',
        '10.244.1.1 - - [29/Nov/2026:10:00:00 +0000] "GET /?level=ERROR&q=[error] HTTP/1.1" 500 5120 "-" "ERROR [error]"',
        '10.244.1.1 - ERROR [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5120 "-" "curl/8.5.0"',
        "2026/11/29 10:00:00 [warn] 29#29: *1 an upstream response is buffered to a temporary file [error]",
        "2026/11/29 10:00:00 [notice] 1#1: signal 3 (SIGQUIT) received, shutting down",
        '2026/11/29 10:00:00 [error] 29#29: *1 open() "/app/staticfiles/wp.php" failed (2: No such file or directory), client: 10.244.1.1',
        '2026/11/29 10:00:00 [error] 29#29: *1 access forbidden by rule, client: 10.244.1.1, request: "GET /metrics HTTP/1.1"',
        '2026/11/29 10:00:00 [error] 29#29: *1 client intended to send too large body: 99999999 bytes, client: 10.244.1.1',
    ],
    "postgresql": [
        "2026-11-29 10:00:00.123 UTC [1] LOG:  database system is ready to accept connections",
        "2026-11-29 10:00:00.123 UTC [123] STATEMENT:  SELECT 'ERROR: '",
        "2026-11-29 10:00:00.123 UTC [123] LOG:  statement: SELECT ERROR FROM shop_product",
        "2026-11-29 10:00:00.123 UTC [123] WARNING:  there is no transaction in progress",
        "2026-11-29 10:00:00.123 UTC [123] FATAL:  the database system is starting up",
        "2026-11-29 10:00:00.123 UTC [123] FATAL:  terminating connection due to administrator command",
    ],
    "redis": [
        "1:C 29 Nov 2026 10:00:00.000 # WARNING Memory overcommit must be enabled! Without it, a save or replication may have failed.",
        "1:M 29 Nov 2026 10:00:00.000 # Redis is now ready to exit, bye bye...",
        "1:M 29 Nov 2026 10:00:00.000 * Ready to accept connections tcp",
        "1:M 29 Nov 2026 10:00:00.000 * Background saving error",
    ],
    "json": [
        '{"level": "info", "msg": "ERROR"}',
        '{"levelname": "WARNING", "message": "level: error"}',
        '{"level": 40, "msg": "pino warns"}',
        '{"level": true, "msg": "no level"}',
        '{"status": 500, "path": "/error/", "level": null}',
        '{"level": "error", "msg": "cut',
    ],
    "logfmt": [
        'time=2026-11-29T10:00:00.000Z level=INFO msg="level=error is not set"',
        "--log-level=ERROR-ONLY",
        "level=ERROR-ONLY",
    ],
    "words": [
        "0 errors",
        "no error",
        "GET /errors/ERROR.html 200",
        "ERRORS: none",
        "--log-level=ERROR",
        "",
    ],
}  # fmt: skip


@pytest.mark.parametrize(("program", "line"), [(program, line) for program, lines in ERRORS.items() for line in lines])
def test_an_error_is_recognised_by_its_level(program: str, line: str) -> None:
    assert is_error_line(line), program


@pytest.mark.parametrize(("program", "line"), [(program, line) for program, lines in FINE.items() for line in lines])
def test_the_word_error_in_a_message_or_request_is_not_an_error(program: str, line: str) -> None:
    assert not is_error_line(line), program


@pytest.mark.parametrize("again", ["[", " ", "( ", "a=b ", '"', "9-", "ERROR", " ERRO", "\x1b[1", "can't", "directory index of "])
def test_a_very_long_line_is_classified_like_a_short_line(again: str) -> None:
    """A pattern whose time is more than linear would not come to an end."""
    rest = again * (500_000 // len(again))
    assert is_error_line(f"2026/11/29 10:00:00 [error] 29#29: {rest}")
    assert is_error_line(f'level=error msg="{rest}')
    for beginning in ("", "[", "2026-11-29 [", 'a="', "{", '{"level": ', "\x1b["):
        assert not is_error_line(f"{beginning}{rest}"), beginning
    assert not is_error_line(f"2026-11-29 10:00:00,123 INFO shop {rest}")
