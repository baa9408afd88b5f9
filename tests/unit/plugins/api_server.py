# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""The part of an API server that rollout needs: lists, watches and logs over real HTTP."""

from __future__ import annotations

import json
import threading
from collections.abc import Collection, Mapping
from typing import Any
from urllib.parse import parse_qs

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import PATHS
from conftest import Serve
from http_server import Handler, Route, reply

NAMESPACE = "test"


class ApiServer:
    """Holds objects; a test changes them while a module watches.

    Args:
        serve: starts a server.
    """

    def __init__(self, serve: Serve) -> None:
        self._changed = threading.Condition()
        self._objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in PATHS}
        self._changes: dict[str, list[dict[str, Any]]] = {kind: [] for kind in PATHS}
        self.refused: dict[str, int] = {}
        self.watches_refused: dict[str, int] = {}
        self.watches_broken = 0
        self.logs: dict[tuple[str, str, bool], str] = {}
        self.asked: list[str] = []
        routes: dict[str, Any] = {path.format(namespace=NAMESPACE): self._route(kind) for kind, path in PATHS.items()}
        routes[f"/api/v1/namespaces/{NAMESPACE}"] = lambda handler: _json(handler, {"metadata": {"name": NAMESPACE}})
        routes["/version"] = lambda handler: _json(handler, {"major": "1", "minor": "34", "gitVersion": "v1.34.4"})
        routes["/apis"] = lambda handler: _json(handler, {"kind": "APIGroupList", "groups": []})
        self._server = serve(routes)
        self.url = self._server.url

    def put(self, *items: dict[str, Any]) -> None:
        """Create or modify objects."""
        with self._changed:
            for item in items:
                kind, uid = item["kind"], item["metadata"]["uid"]
                change = "MODIFIED" if uid in self._objects[kind] else "ADDED"
                self._changes[kind].append({"type": change, "object": item})
                # As in a list of an API server, where only the list has a kind.
                bare = {key: value for key, value in item.items() if key != "kind"}
                bare["metadata"] = {**item["metadata"], "resourceVersion": str(len(self._changes[kind]))}
                self._changes[kind][-1]["object"] = bare
                self._objects[kind][uid] = bare
            self._changed.notify_all()

    def delete(self, kind: str, uid: str) -> None:
        """Delete an object."""
        with self._changed:
            item = self._objects[kind].pop(uid)
            version = str(len(self._changes[kind]) + 1)
            self._changes[kind].append(
                {"type": "DELETED", "object": {**item, "metadata": {**item["metadata"], "resourceVersion": version}}}
            )
            self._changed.notify_all()

    def log(self, pod: str, container: str, text: str, previous: bool = False) -> None:
        """Give a container a log."""
        self.logs[pod, container, previous] = text
        self.log_route(pod, self._log(pod))

    def log_route(self, pod: str, route: Any) -> None:
        """Answer requests for a pod's log with a route of http_server."""
        self._server.routes[f"{PATHS['Pod'].format(namespace=NAMESPACE)}/{pod}/log"] = route  # type: ignore[index]

    def break_watches(self) -> None:
        """Cut all open watches."""
        with self._changed:
            self.watches_broken += 1
            self._changed.notify_all()

    def _route(self, kind: str) -> Any:
        def route(handler: Handler) -> None:
            query = parse_qs(handler.path.partition("?")[2])
            watching = "watch" in query
            self.asked.append(f"{'watch' if watching else 'list'} {kind}")
            status = self.watches_refused.get(kind) if watching else self.refused.get(kind)
            if status:
                message = f"{kind} is refused with {status}"
                _json(handler, {"kind": "Status", "status": "Failure", "code": status, "message": message}, status)
            elif watching:
                self._watch(handler, kind, int(query["resourceVersion"][0]))
            else:
                with self._changed:
                    items, version = list(self._objects[kind].values()), len(self._changes[kind])
                _json(handler, {"kind": f"{kind}List", "metadata": {"resourceVersion": str(version)}, "items": items})

        return route

    def _watch(self, handler: Handler, kind: str, version: int) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/json")
        handler.send_header("Transfer-Encoding", "chunked")
        handler.end_headers()
        broken = self.watches_broken
        while not handler.server.stopping.is_set():
            with self._changed:
                if len(self._changes[kind]) == version and self.watches_broken == broken:
                    self._changed.wait(0.1)
                changes, version = self._changes[kind][version:], len(self._changes[kind])
                if self.watches_broken > broken:
                    handler.close_connection = True
                    return
            # Two lines in one chunk, and a line over two chunks, as a real server's frames fall.
            text = "".join(json.dumps(change) + "\n" for change in changes).encode()
            for part in (text[: len(text) // 2], text[len(text) // 2 :]):
                if part:
                    handler.wfile.write(b"%x\r\n%s\r\n" % (len(part), part))

    def _log(self, pod: str) -> Any:
        def route(handler: Handler) -> None:
            query = parse_qs(handler.path.partition("?")[2])
            text = self.logs.get((pod, query["container"][0], query["previous"][0] == "true"))
            if text is None:
                _json(handler, {"kind": "Status", "code": 400, "message": "previous terminated container not found"}, 400)
                return
            body = "".join(text.splitlines(keepends=True)[-int(query["tailLines"][0]) :]).encode()
            # The kubelet counts limitBytes from the first of the lines that it returns.
            _answer(handler, 200, "text/plain", body[: int(query["limitBytes"][0])] if "limitBytes" in query else body)

        return route


def _json(handler: Handler, content: Any, status: int = 200) -> None:
    _answer(handler, status, "application/json", json.dumps(content).encode())


def _answer(handler: Handler, status: int, content_type: str, body: bytes) -> None:
    handler.send_response(status)
    handler.send_header("Content-Type", content_type)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def discovery(kinds: Mapping[str, Mapping[str, str]], of_the_cluster: Collection[str]) -> dict[str, Route]:
    """Routes by which a client finds the kinds of an API server of version 1.34.

    Args:
        kinds: by version of an API group, such as C(apps/v1), each kind by the name of its resource. The first version of a group is the
            preferred one.
        of_the_cluster: kinds whose objects are in no namespace.
    """

    def resources(version: str) -> Route:
        verbs = ["get", "list", "patch", "delete"]
        entries = [
            {"name": name, "singularName": "", "kind": kind, "namespaced": kind not in of_the_cluster, "verbs": verbs}
            for name, kind in kinds[version].items()
        ]
        return reply({"kind": "APIResourceList", "groupVersion": version, "resources": entries})

    versions: dict[str, list[dict[str, str]]] = {}
    for group, slash, version in (each.partition("/") for each in kinds):
        if slash:
            versions.setdefault(group, []).append({"groupVersion": f"{group}/{version}", "version": version})
    groups = [{"name": name, "versions": entries, "preferredVersion": entries[0]} for name, entries in versions.items()]
    return {
        "/version": reply({"major": "1", "minor": "34", "gitVersion": "v1.34.4"}),
        "/api": reply({"kind": "APIVersions", "versions": ["v1"]}),
        "/apis": reply({"kind": "APIGroupList", "groups": groups}),
        **{f"/{'apis' if '/' in version else 'api'}/{version}": resources(version) for version in kinds},
    }
