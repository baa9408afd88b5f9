# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Several runs at one Lease, which rejects a write that does not follow the last one."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta, timezone
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import (
    ConflictError,
    ForbiddenError,
    NoNamespaceError,
    NotFoundError,
    PlatformError,
)
from ansible_collections.jewelry_shop.platform.plugins.module_utils.lease.run import LostError, Request, acquire, release, renew

START = datetime(2026, 11, 30, 20, 0, 0, tzinfo=timezone.utc)
ANNA = Request("anna_1", "anna, host a, playbook site.yml", 60, {"app": "jewelry-shop"})
EVA = Request("eva_1", "eva, AWX job 5, playbook playbooks/scale.yml", 60)


class Server:
    """Keeps one Lease, and its clock."""

    place = {"namespace": "shop", "name": "run"}  # noqa: RUF012

    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.now = START
        self.has_namespace = True
        self.before_write: Callable[[], object] = lambda: None
        self._version = 0

    def read(self) -> tuple[dict[str, Any] | None, datetime]:
        return copy.deepcopy(self.lease), self.now

    def create(self, labels: Mapping[str, str]) -> tuple[dict[str, Any], datetime]:
        if not self.has_namespace:
            raise NoNamespaceError("no namespace")
        self._interrupt()
        if self.lease:
            raise ConflictError("it exists")
        self._keep({"metadata": {**self.place, "labels": dict(labels)}, "spec": {}})
        assert self.lease
        return copy.deepcopy(self.lease), self.now

    def update(self, lease: dict[str, Any]) -> None:
        self._interrupt()
        self._require(lease)
        self._keep(lease)

    def delete(self, lease: dict[str, Any]) -> None:
        self._interrupt()
        self._require(lease)
        self.lease = None

    def holder(self) -> str:
        return str(self.lease["spec"].get("holderIdentity")) if self.lease else ""

    def version(self) -> str:
        return str(self.lease["metadata"]["resourceVersion"]) if self.lease else ""

    def wait(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)

    def _interrupt(self) -> None:
        interrupt, self.before_write = self.before_write, lambda: None
        interrupt()

    def _require(self, lease: dict[str, Any]) -> None:
        if self.lease is None:
            raise NotFoundError("it is gone")
        if lease["metadata"]["resourceVersion"] != self.version():
            raise ConflictError("it has changed")

    def _keep(self, lease: dict[str, Any]) -> None:
        self._version += 1
        self.lease = {**lease, "metadata": {**lease["metadata"], "resourceVersion": str(self._version)}}


@pytest.fixture
def server() -> Server:
    return Server()


def with_version(request: Request, version: str) -> Request:
    return Request(request.identity, request.description, request.duration, request.labels, version)


def test_the_first_run_creates_the_lease_and_a_second_run_is_told_who_holds_it(server: Server) -> None:
    assert acquire(server, ANNA)
    assert (server.holder(), server.lease and server.lease["metadata"]["labels"]) == ("anna_1", {"app": "jewelry-shop"})
    server.wait(20)
    with pytest.raises(PlatformError) as raised:
        acquire(server, EVA)
    assert str(raised.value) == (
        "Another run holds Lease shop/run: anna, host a, playbook site.yml, since 2026-11-30 20:00:00 UTC. Without a renewal, the Lease "
        "expires in 40 s. Nothing was changed"
    )
    assert server.holder() == "anna_1"


def test_a_released_lease_is_free_at_once(server: Server) -> None:
    acquire(server, ANNA)
    assert release(server, "anna_1")
    assert acquire(server, EVA)
    assert server.holder() == "eva_1"


def test_a_lease_of_a_killed_run_expires(server: Server) -> None:
    acquire(server, ANNA)
    server.wait(61)
    assert acquire(server, EVA)
    assert server.holder() == "eva_1"


def test_a_renewed_lease_does_not_expire(server: Server) -> None:
    acquire(server, ANNA)
    for _each in range(5):
        server.wait(50)
        renew(server, "anna_1")
    with pytest.raises(PlatformError, match="Another run holds"):
        acquire(server, EVA)


def test_a_run_that_holds_the_lease_can_acquire_it_again_after_an_outage(server: Server) -> None:
    acquire(server, ANNA)
    server.wait(100)
    assert acquire(server, with_version(ANNA, "")), "nobody else acquired it, so nothing has changed"
    assert server.holder() == "anna_1"


@pytest.mark.parametrize("exists", [False, True])
def test_of_two_runs_with_the_same_plan_only_one_acquires_the_lease(server: Server, exists: bool) -> None:
    if exists:
        acquire(server, EVA)
        release(server, "eva_1")
    version = server.version()
    server.before_write = lambda: acquire(server, with_version(EVA, version))
    with pytest.raises(PlatformError, match="Another run holds Lease shop/run: eva, AWX job 5"):
        acquire(server, with_version(ANNA, version))
    assert server.holder() == "eva_1"


def test_a_plan_is_out_of_date_if_another_run_came_and_went(server: Server) -> None:
    version = server.version()
    acquire(server, EVA)
    release(server, "eva_1")
    with pytest.raises(PlatformError, match="after this run had made its plan, which may be out of date"):
        acquire(server, with_version(ANNA, version))
    assert acquire(server, with_version(ANNA, server.version()))


def test_without_a_namespace_there_is_no_lease(server: Server) -> None:
    server.has_namespace = False
    assert acquire(server, with_version(ANNA, "")) is False


def test_a_missing_permission_is_reported_with_what_to_do(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    def reject() -> None:
        raise ForbiddenError('Lease shop/run: leases "run" is forbidden: User "deployer" cannot get resource "leases"')

    monkeypatch.setattr(server, "read", reject)
    with pytest.raises(PlatformError, match="Let an administrator run playbooks/grant_deployer"):
        acquire(server, ANNA)


@pytest.mark.parametrize(
    ("interfere", "reason"),
    [
        pytest.param(
            lambda server: acquire(server, EVA),
            "Another run holds it: eva, AWX job 5, playbook playbooks/scale.yml, since 2026-11-30 20:01:01 UTC",
            id="acquired",
        ),
        pytest.param(lambda server: (acquire(server, EVA), release(server, "eva_1")), "Another run held it in the meantime", id="released"),
        pytest.param(lambda server: setattr(server, "lease", None), "It was deleted", id="deleted"),
    ],
)
def test_a_run_that_lost_the_lease_does_not_get_it_back(server: Server, interfere: Callable[[Server], object], reason: str) -> None:
    acquire(server, ANNA)
    server.wait(61)
    interfere(server)
    with pytest.raises(LostError) as raised:
        renew(server, "anna_1")
    assert str(raised.value).startswith(f"This run lost Lease shop/run. {reason}")
    assert "This run ends before its next change" in str(raised.value)
    assert not release(server, "anna_1")


def test_a_renewal_at_the_same_time_does_not_prevent_the_release(server: Server) -> None:
    acquire(server, ANNA)
    server.before_write = lambda: renew(server, "anna_1")
    assert release(server, "anna_1")
    assert server.holder() == ""


def test_a_renewal_never_holds_a_released_lease_again(server: Server) -> None:
    acquire(server, ANNA)
    server.before_write = lambda: release(server, "anna_1")
    with pytest.raises(LostError):
        renew(server, "anna_1")
    assert server.holder() == ""


def test_a_removal_deletes_only_the_own_lease(server: Server) -> None:
    acquire(server, ANNA)
    assert not release(server, "eva_1", delete=True)
    assert release(server, "anna_1", delete=True)
    assert server.lease is None
    assert not release(server, "anna_1", delete=True)
