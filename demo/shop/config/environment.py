"""Read the process environment; refuse to start, in one sentence, on bad input."""

import os
from typing import NoReturn
from urllib.parse import urlsplit

MANDATORY = (
    "DJANGO_SECRET_KEY",
    "DJANGO_ALLOWED_HOSTS",
    "SITE_URL",
    "POSTGRES_DB",
    "POSTGRES_USER",
    "POSTGRES_PASSWORD",
    "POSTGRES_HOST",
    "REDIS_HOST",
    "CELERY_BROKER_URL",
)


def refuse(reason: str) -> NoReturn:
    """End the process with exit code 1 and ``reason`` on standard error."""
    raise SystemExit(f"jewelry-shop does not start: {reason}.")


def text(name: str, default: str = "") -> str:
    """Return a variable's value; an empty one counts as unset."""
    return os.environ.get(name) or default


def flag(name: str, default: bool = False) -> bool:
    """Return whether a variable is exactly the text ``True``."""
    return text(name, str(default)) == "True"


def integer(name: str, default: int) -> int:
    """Return a whole number that is not negative."""
    value = text(name, str(default))
    if not value.isdecimal():
        refuse(f"the environment variable {name} is no whole number: {value!r}")
    return int(value)


def seconds(name: str) -> float:
    """Return a duration in seconds, 0 when unset."""
    value = text(name, "0")
    try:
        duration = float(value)
    except ValueError:
        refuse(f"the environment variable {name} is no number of seconds: {value!r}")
    if not 0 <= duration < float("inf"):
        refuse(f"the environment variable {name} is out of range: {value!r}")
    return duration


def words(name: str) -> list[str]:
    """Return the comma-separated items of a variable, without blanks."""
    return [item.strip() for item in text(name).split(",") if item.strip()]


def origin(name: str) -> str:
    """Return scheme, host and port of a variable that holds a URL."""
    value = text(name)
    try:
        parts = urlsplit(value)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname)
    except ValueError:
        valid = False
    if not valid:
        refuse(f"the environment variable {name} is no http or https URL: {value!r}")
    return f"{parts.scheme}://{parts.netloc}"


def require_mandatory() -> None:
    """Refuse to start when a mandatory variable is missing, naming all of them."""
    names: tuple[str, ...] = MANDATORY
    if flag("USE_PGBOUNCER"):
        names += ("PGBOUNCER_HOST",)
    missing = [name for name in names if not text(name)]
    if missing:
        noun = "variable" if len(missing) == 1 else "variables"
        refuse(f"missing mandatory environment {noun} {', '.join(missing)}")
