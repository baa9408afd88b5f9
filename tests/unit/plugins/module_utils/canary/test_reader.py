# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What is read of the pods of a release while some of them end, restart, or do not serve their metrics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.compare import Counts, Names
from ansible_collections.jewelry_shop.platform.plugins.module_utils.canary.run import Endpoint, Reader
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import ForbiddenError, NotFoundError, PlatformError
from cluster_objects import Manifest, StandInCluster, pod
from conftest import Serve
from http_server import reply

METRICS = 'requests_total{status="200",view="cart"} 7\n'
SERVED = Counts({"cart": 7.0})
REFUSED = "failed to connect to localhost:8000 inside namespace: connection refused"
GONE = NotFoundError('port-forward to pod shop/web-2: pods "web-2" not found', status=404)


def restarted(name: str) -> Manifest:
    """A pod whose container has ended and starts again."""
    found = pod(name, ready=False)
    found["status"]["containerStatuses"][0]["restartCount"] = 1
    return found


def evicted(name: str) -> Manifest:
    found = pod(name, ready=False)
    found["status"]["phase"] = "Failed"
    return found


Read = Callable[..., tuple[dict[str, Counts], list[float], StandInCluster]]


@pytest.fixture
def read(serve: Serve) -> Read:
    """Reads pods whose list changes with each read of it. The metrics of web-2 cannot be read."""

    def start(*lists: list[Manifest], **attributes: Any) -> tuple[dict[str, Counts], list[float], StandInCluster]:
        left = list(lists)
        server = serve({"/metrics": reply(METRICS)})
        cluster = Cluster({}, lambda: left.pop(0) if len(left) > 1 else left[0], {"web-1": server.port})
        for name, value in attributes.items():
            setattr(cluster, name, value)
        waits: list[float] = []
        reader = Reader(cluster, "shop", Endpoint(8000, "/metrics", {}), Names("requests_total", "l"), waits.append)
        return reader("component=django"), waits, cluster

    return start


class Cluster(StandInCluster):
    """A cluster in which a port-forward to web-2 is rejected, or its port is closed."""

    rejection: PlatformError | None = None

    def port_forward(self, namespace: str, pod: str, port: int) -> Any:
        if pod == "web-2" and self.rejection:
            raise self.rejection
        self.said = {"web-2": REFUSED}
        return super().port_forward(namespace, pod, port)


@pytest.mark.parametrize("rejection", [pytest.param(GONE, id="pod does not exist"), pytest.param(None, id="port is closed")])
@pytest.mark.parametrize(
    "later",
    [
        pytest.param([pod("web-1")], id="deleted"),
        pytest.param([pod("web-1"), pod("web-2", deletionTimestamp="2026-11-30T10:00:00Z")], id="ends"),
        pytest.param([pod("web-1"), evicted("web-2")], id="evicted"),
    ],
)
def test_a_pod_that_left_after_the_list_is_left_out(read: Read, later: list[Manifest], rejection: PlatformError | None) -> None:
    found, waits, _cluster = read([pod("web-1"), pod("web-2")], later, rejection=rejection)
    assert (found, len(waits)) == ({"uid-web-1": SERVED}, 1)


def test_a_pod_whose_container_ended_after_the_list_counts_with_its_restart(read: Read) -> None:
    found, _waits, _cluster = read([pod("web-1"), pod("web-2")], [pod("web-1"), restarted("web-2")])
    assert found == {"uid-web-1": SERVED, "uid-web-2": Counts(restarts=1, is_read=False)}


def test_a_pod_that_stays_and_has_no_metrics_is_an_error_with_its_cause(read: Read) -> None:
    with pytest.raises(PlatformError) as raised:
        read([pod("web-1"), pod("web-2")])
    assert str(raised.value) == (
        "the metrics of pod shop/web-2 (/metrics, port 8000) cannot be read: connection to port 8000 in the pod refused"
    )


def test_a_missing_permission_is_not_retried(read: Read) -> None:
    rejection = ForbiddenError("port-forward to pod shop/web-2: forbidden", certain=True, status=403)
    lists: list[list[Manifest]] = [[pod("web-2")], []]
    with pytest.raises(PlatformError, match="cannot be read: port-forward to pod shop/web-2: forbidden"):
        read(*lists, rejection=rejection)
