"""The gold price that a periodic task refreshes and pages show, kept in the cache."""

import logging
import random

import redis
from django.core.cache import cache

logger = logging.getLogger(__name__)
_KEY = "gold-price"


def refresh() -> None:
    """Store a new made-up price in dollars per ounce for five minutes."""
    made_up = random.uniform(2900, 3100)  # noqa: S311 - no secret
    cache.set(_KEY, f"{made_up:.2f}", timeout=300)


def price() -> str | None:
    """Return the price, or None while it is not known; pages work without it."""
    try:
        return cache.get(_KEY)
    except redis.RedisError as error:
        logger.warning("The cache does not answer: %s", error)
        return None
