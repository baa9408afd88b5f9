"""One list of values to hide, for all modules, checks and the report."""

from __future__ import annotations

import base64
import json
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
import yaml

ROLES = pathlib.Path(__file__).parents[3] / "roles"
FILE = b"-----BEGIN KEY-----\nQUJDREVG\n"
SETTINGS: dict[str, Any] = {
    "platform_secrets": {"POSTGRES_PASSWORD": "of-the-database", "NUMBER": 12345},
    "platform_secret_files": {"key.pem": base64.b64encode(FILE).decode()},
    "platform_redis_previous_password": "the-one-before",
}


def test_every_secret_setting_is_hidden(resolve: Callable[..., Any]) -> None:
    hidden = resolve("platform_hidden_values", **SETTINGS)
    assert set(hidden) == {"of-the-database", "12345", base64.b64encode(FILE).decode(), FILE.decode(), "the-one-before"}


@pytest.mark.parametrize("wrong", [None, "a text", ["a", "list"], {"A": {"B": "nested"}}])
def test_settings_of_a_wrong_type_are_hidden_too(resolve: Callable[..., Any], wrong: Any) -> None:
    """A report is also made where the settings are wrong."""
    hidden = resolve("platform_hidden_values", **{**SETTINGS, "platform_secrets": wrong, "platform_secret_files": wrong})
    assert "the-one-before" in hidden
    assert wrong is None or any(text in hidden for text in ("a text", "list", "nested"))


def test_a_number_is_hidden_too(resolve: Callable[..., Any]) -> None:
    """YAML makes a number of a password of digits."""
    hidden = resolve("platform_hidden_values", **{**SETTINGS, "platform_secrets": {"PIN": 73916482, "EMPTY": None}})
    assert "73916482" in hidden
    assert "None" not in hidden


def tasks() -> list[tuple[str, dict[str, Any]]]:
    return [
        (path.relative_to(ROLES).as_posix(), task)
        for path in sorted(ROLES.glob("*/tasks/*.yml"))
        for task in yaml.safe_load(path.read_text()) or []
        if any(f"jewelry_shop.platform.{module}" in task for module in ("rollout", "release_check", "health_check"))
    ]


def test_every_task_that_reads_logs_events_or_responses_hides_the_secrets() -> None:
    assert len(tasks()) >= 5
    for path, task in tasks():
        [options] = [value for key, value in task.items() if key.startswith("jewelry_shop.platform.")]
        assert options.get("mask") == "{{ platform_hidden_values }}", f"{path}: {task['name']}"
        assert options.get("mask_secrets") == "{{ platform_masked_secrets }}", f"{path}: {task['name']}"


def test_the_checks_hide_secrets_in_the_output_of_a_round_trip(resolve: Callable[..., Any]) -> None:
    printed = {"celery": "OperationalError: redis://:the-one%2dbefore@redis\x1b[2J of-the-database"}
    checks = resolve(
        "__validate_checks",
        **SETTINGS,
        validate_release={"checks": []},
        validate_health={"endpoints": []},
        validate_addresses={"skipped": True},
        validate_queues={"endpoints": []},
        validate_round_trip={"stdout": f"platform-round-trip: {json.dumps(printed)}"},
        validate_round_trip_queues=["celery"],
        validate_customer_urls=[],
        preflight_plan={},
    )
    assert [check["message"] for check in checks if check["subject"] == "celery"] == [
        "OperationalError: redis://:******@redis\ufffd[2J ******"
    ]
