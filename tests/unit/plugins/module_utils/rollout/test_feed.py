# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster import client
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, ExpiredError, Listing
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rollout.feed import Broken, Changed, Feed, Listed, Message, Reflector
from api_server import NAMESPACE, ApiServer
from conftest import Serve
from http_server import ENDLESS_BODY, SILENT, SLOW_BODY, flood

NOW = datetime(2026, 11, 25, 17, 0, tzinfo=timezone.utc)
PODS = ("Pod", NAMESPACE)


def pod(name: str, version: int = 1) -> dict[str, Any]:
    return {"kind": "Pod", "metadata": {"name": name, "uid": f"uid-{name}", "resourceVersion": str(version)}}


class ScriptedApi:
    """Answers lists and watches as written; an exception among the changes of a watch is raised at that point."""

    def __init__(self, lists: list[Any], watches: list[list[Any]]) -> None:
        self.lists, self.watches = lists, watches
        self.versions: list[str] = []

    def list_objects(self, _kind: str, _namespace: str) -> Listing:
        answer = self.lists.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return Listing(answer, "10", NOW)

    def watch_objects(self, _kind: str, _namespace: str, resource_version: str) -> Iterator[tuple[str, dict[str, Any]]]:
        self.versions.append(resource_version)
        for change in self.watches.pop(0):
            if isinstance(change, Exception):
                raise change
            yield change


def rounds(api: ScriptedApi, count: int, optional: bool = False) -> list[Message]:
    reflector = Reflector(api, PODS, optional)
    return [message for _ in range(count) for message in reflector.round()]


def test_the_feed_lists_once_and_then_watches_from_the_last_version() -> None:
    api = ScriptedApi([[pod("a")]], [[("ADDED", pod("b", 11)), ("BOOKMARK", pod("", 15))], [("DELETED", pod("b", 16))]])
    assert rounds(api, 2) == [Listed(PODS, [pod("a")], NOW), Changed(PODS, pod("b", 11), False), Changed(PODS, pod("b", 16), True)]
    assert api.versions == ["10", "15"]


def test_an_expired_version_is_listed_again_without_a_warning() -> None:
    api = ScriptedApi([[], [pod("a")]], [[ExpiredError()], []])
    assert rounds(api, 2) == [Listed(PODS, [], NOW), Listed(PODS, [pod("a")], NOW)]


def test_a_broken_watch_is_reported_and_listed_again() -> None:
    error = PlatformError("watch: connection reset")
    api = ScriptedApi([[], [pod("a")]], [[error], []])
    assert rounds(api, 2) == [Listed(PODS, [], NOW), Broken(PODS, error), Listed(PODS, [pod("a")], NOW)]


def test_a_failed_list_is_reported_and_retried() -> None:
    error = PlatformError("no answer")
    api = ScriptedApi([error, []], [[]])
    assert rounds(api, 2) == [Broken(PODS, error), Listed(PODS, [], NOW)]


def test_an_unreadable_optional_kind_counts_as_empty() -> None:
    api = ScriptedApi([PlatformError("forbidden", certain=True)], [])
    assert rounds(api, 1, optional=True) == [Listed(PODS, [], None)]


def test_an_optional_kind_that_cannot_be_watched_keeps_its_first_list() -> None:
    api = ScriptedApi([[pod("a")]], [[PlatformError("forbidden", certain=True)]])
    assert rounds(api, 1, optional=True) == [Listed(PODS, [pod("a")], NOW)]


def test_an_optional_kind_is_retried_after_a_temporary_error() -> None:
    error = PlatformError("no answer")
    api = ScriptedApi([error, []], [[]])
    assert rounds(api, 2, optional=True) == [Broken(PODS, error), Listed(PODS, [], NOW)]


# --- over HTTP ---------------------------------------------------------------------------------------------------------------


@pytest.fixture
def server(serve: Serve) -> ApiServer:
    return ApiServer(serve)


@pytest.fixture
def api(server: ApiServer) -> Cluster:
    return Cluster({"host": server.url, "api_key": "token", "kubeconfig": None})


@pytest.fixture
def follow(api: Cluster) -> Iterator[Callable[[], Feed]]:
    """Starts a feed of pods whose threads end with the test."""
    with ExitStack() as stack:
        yield lambda: stack.enter_context(closing(Feed(api, [PODS])))


def next_message(feed: Feed) -> Message:
    """The next message; a test that gets none fails instead of hanging."""
    messages = feed.poll(10)
    assert len(messages) == 1, messages
    return messages[0]


def test_a_list_has_kinds_and_the_servers_clock(server: ApiServer, api: Cluster) -> None:
    server.put(pod("a"))
    listing = api.list_objects("Pod", NAMESPACE)
    assert [(item["kind"], item["metadata"]["name"]) for item in listing.items] == [("Pod", "a")]
    assert listing.resource_version == "1"
    assert abs(datetime.now(timezone.utc) - listing.server_time) < timedelta(minutes=1)


def test_changes_arrive_while_the_watch_is_open(server: ApiServer, follow: Callable[[], Feed]) -> None:
    server.put(pod("a"))
    feed = follow()
    listed = next_message(feed)
    assert isinstance(listed, Listed)
    assert [item["metadata"]["name"] for item in listed.items] == ["a"]
    server.put(pod("b"))
    added = next_message(feed)
    assert isinstance(added, Changed)
    assert (added.item["kind"], added.item["metadata"]["name"], added.deleted) == ("Pod", "b", False)
    server.delete("Pod", "uid-b")
    deleted = next_message(feed)
    assert isinstance(deleted, Changed)
    assert (deleted.item["metadata"]["name"], deleted.deleted) == ("b", True)


def test_a_watch_without_changes_returns_nothing(server: ApiServer, follow: Callable[[], Feed]) -> None:
    feed = follow()
    next_message(feed)
    assert feed.poll(0.2) == []


def test_a_version_that_the_server_no_longer_has_is_expired(server: ApiServer, api: Cluster) -> None:
    server.watches_refused["Pod"] = 410
    with pytest.raises(ExpiredError):
        list(api.watch_objects("Pod", NAMESPACE, "1"))


def test_a_rejected_list_contains_the_message_of_the_cluster(server: ApiServer, api: Cluster) -> None:
    server.refused["Pod"] = 403
    with pytest.raises(PlatformError, match="Pods of namespace test: Pod is refused with 403") as refused:
        api.list_objects("Pod", NAMESPACE)
    assert refused.value.certain


def test_an_interrupted_watch_is_reported_and_loses_no_change(server: ApiServer, follow: Callable[[], Feed]) -> None:
    feed = follow()
    next_message(feed)
    server.put(pod("a"))
    next_message(feed)
    server.break_watches()
    server.put(pod("b"))
    assert isinstance(next_message(feed), Broken)
    listed = next_message(feed)
    assert isinstance(listed, Listed)
    assert [item["metadata"]["name"] for item in listed.items] == ["a", "b"]


def test_a_rejected_watch_is_reported_and_listed_again(server: ApiServer, follow: Callable[[], Feed]) -> None:
    server.watches_refused["Pod"] = 500
    feed = follow()
    assert [type(next_message(feed)) for _ in range(3)] == [Listed, Broken, Listed]


def test_a_missing_log_is_an_error(server: ApiServer, api: Cluster) -> None:
    server.log("a", "main", "one\n")
    with pytest.raises(PlatformError, match="previous terminated container not found"):
        api.log(NAMESPACE, "a", "main", True, 2)


LONG = "x" * 5_000
ACCESS = '10.244.1.1 - - [29/Nov/2026:10:00:00 +0000] "GET / HTTP/1.1" 200 5120 "-" "curl/8.5.0"'


@pytest.mark.parametrize(
    ("text", "lines", "expected"),
    [
        pytest.param("one\ntwo\nthree\n", 2, ["two", "three"], id="short lines"),
        pytest.param("one\ntwo", 2, ["one", "two"], id="no newline at the end"),
        pytest.param("", 2, [], id="nothing written"),
        pytest.param(f"{LONG}\n" * 20 + "no such table\n", 20, [*[LONG] * 19, "no such table"], id="long lines before the cause"),
        pytest.param(
            f"{ACCESS}\n" * 1200 + "ERROR no stock\n", 1000, [*[ACCESS] * 999, "ERROR no stock"], id="many lines before the error"
        ),
        pytest.param("a" * 300_000 + "\nlast", 20, ["a" * 300_000, "last"], id="one long line before the last"),
        pytest.param("café\n", 1, ["café"], id="more than ASCII"),
    ],
)
def test_the_newest_lines_of_a_log_are_read(server: ApiServer, api: Cluster, text: str, lines: int, expected: list[str]) -> None:
    server.log("a", "main", text)
    assert api.log(NAMESPACE, "a", "main", False, lines) == expected


def test_the_newest_complete_lines_of_a_large_log_are_kept(server: ApiServer, api: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOG_BYTES", 100)
    server.log("a", "main", "".join(f"line {number}\n" for number in range(1000)))
    assert api.log(NAMESPACE, "a", "main", False, 1000) == [f"line {number}" for number in range(989, 1000)]
    server.log("a", "main", "x" * 200 + " the cause")
    assert api.log(NAMESPACE, "a", "main", False, 1) == ["the cause"]


def test_a_log_with_very_long_lines_is_read_with_fewer_lines(server: ApiServer, api: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOG_BYTES_READ", 200_000)
    server.log("a", "main", f"{LONG}\n" * 1000 + "the cause\n")
    found = api.log(NAMESPACE, "a", "main", False, 1000)
    assert (found[-1], set(found[:-1])) == ("the cause", {LONG})


def test_an_endless_log_is_read_up_to_a_limit(server: ApiServer, api: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(client, "LOG_BYTES_READ", 200_000)
    server.log_route("a", flood(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", b"8\r\nflooded\n\r\n"))
    found = api.log(NAMESPACE, "a", "main", False, 1)
    assert set(found) == {"flooded"}


@pytest.mark.parametrize("route", [SILENT, SLOW_BODY, ENDLESS_BODY], ids=["silent", "slow", "endless"])
def test_a_log_that_does_not_arrive_is_an_error(server: ApiServer, api: Cluster, monkeypatch: pytest.MonkeyPatch, route: Any) -> None:
    monkeypatch.setattr(client, "READ_TIMEOUT", 0.5)
    server.log_route("a", route)
    with pytest.raises(PlatformError, match="log of pod test/a"):
        api.log(NAMESPACE, "a", "main", False, 2)
