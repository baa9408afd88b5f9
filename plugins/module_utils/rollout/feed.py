# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Reads changes in the cluster for the wait, with one thread for each kind and namespace (private to the collection)."""

from __future__ import annotations

import queue
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol, TypeAlias

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import FIRST_RETRY, LAST_RETRY, ExpiredError, Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError

# Seconds between the end of one watch and the start of the next.
BETWEEN_WATCHES = 0.1

Source = tuple[str, str]  # kind, namespace


class Api(Protocol):
    """The functions of the cluster that are used here."""

    def list_objects(self, kind: str, namespace: str) -> Listing:
        """List a kind, or raise PlatformError."""

    def watch_objects(self, kind: str, namespace: str, resource_version: str) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield changes, or raise PlatformError or ExpiredError."""


@dataclass(frozen=True)
class Listed:
    """All objects of a source. Replaces earlier objects."""

    source: Source
    items: list[dict[str, Any]]
    server_time: datetime | None


@dataclass(frozen=True)
class Changed:
    """One object was added, modified or deleted."""

    source: Source
    item: dict[str, Any]
    deleted: bool


@dataclass(frozen=True)
class Broken:
    """A source cannot be read at the moment. Its thread retries."""

    source: Source
    error: PlatformError


# In quotes, because the oldest Python that ansible-test uses does not support the operator here.
Message: TypeAlias = "Listed | Changed | Broken"


class Feed:
    """Starts the threads and returns their messages.

    The threads are daemon threads, so they do not keep the process alive.

    Args:
        api: the cluster.
        sources: the kinds and namespaces to watch.
        optional: kinds that count as empty if the user may not read them.
    """

    def __init__(self, api: Api, sources: Iterable[Source], optional: Iterable[str] = ()) -> None:
        self._api = api
        self._optional = frozenset(optional)
        self._queue: queue.SimpleQueue[Message] = queue.SimpleQueue()
        self._closed = threading.Event()
        for source in sources:
            threading.Thread(target=self._follow, args=(source,), daemon=True).start()

    def poll(self, timeout: float) -> list[Message]:
        """Wait for messages.

        Args:
            timeout: seconds to wait for the first one.

        Returns:
            All messages that have arrived, in order; empty after the timeout.
        """
        messages: list[Message] = []
        try:
            messages.append(self._queue.get(timeout=max(0.0, timeout)))
            while True:
                messages.append(self._queue.get_nowait())
        except queue.Empty:
            return messages

    def _follow(self, source: Source) -> None:
        reflector = Reflector(self._api, source, source[0] in self._optional)
        delay = FIRST_RETRY
        while not reflector.finished and not self._closed.is_set():
            for message in reflector.round():
                self._queue.put(message)
                if isinstance(message, Broken):
                    self._closed.wait(delay)
                    delay = min(LAST_RETRY, delay * 2)
                else:
                    delay = FIRST_RETRY
            self._closed.wait(BETWEEN_WATCHES)

    def close(self) -> None:
        """Let each thread end at the end of its watch."""
        self._closed.set()


class Reflector:
    """Lists and watches one source.

    Args:
        api: the cluster.
        source: kind and namespace.
        optional: whether the source counts as empty if the user may not read it.
    """

    def __init__(self, api: Api, source: Source, optional: bool = False) -> None:
        self._api = api
        self._source = source
        self._optional = optional
        self._version: str | None = None
        self.finished = False

    def round(self) -> Iterator[Message]:
        """List if necessary, then watch until the watch ends. After an error the next round lists again."""
        try:
            if self._version is None:
                listing = self._api.list_objects(*self._source)
                self._version = listing.resource_version
                yield Listed(self._source, listing.items, listing.server_time)
            for kind, item in self._api.watch_objects(*self._source, self._version):
                self._version = item["metadata"]["resourceVersion"]
                if kind != "BOOKMARK":
                    yield Changed(self._source, item, kind == "DELETED")
        except ExpiredError:
            self._version = None
        except PlatformError as error:
            if self._optional and error.certain:
                self.finished = True
                # Keep the objects of a source that the user may list but not watch.
                if self._version is None:
                    yield Listed(self._source, [], None)
            else:
                self._version = None
                yield Broken(self._source, error)
