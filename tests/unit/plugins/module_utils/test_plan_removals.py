# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

from __future__ import annotations

import json
from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils._manifests import object_identities
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_api import RefusedError
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_removals import no_longer_listed, no_longer_wanted
from ansible_collections.jewelry_shop.platform.plugins.module_utils._plan_run import plan
from cluster_objects import NothingToTakeOver


def manifest(kind: str, name: str, namespace: str = "shop", version: str = "v1") -> dict[str, Any]:
    return {"apiVersion": version, "kind": kind, "metadata": {"name": name, **({"namespace": namespace} if namespace else {})}}


MANAGER = "jewelry_shop.platform"


def applied(manifest: dict[str, Any], manager: str = MANAGER) -> dict[str, Any]:
    """An object as it is in the cluster after a manager applied it."""
    entry = {"manager": manager, "operation": "Apply", "fieldsV1": {"f:spec": {}}}
    return {**manifest, "metadata": {**manifest["metadata"], "managedFields": [entry]}}


def record(*manifests: dict[str, Any]) -> dict[str, Any]:
    return {**manifest("ConfigMap", "extra-objects"), "data": {"objects": json.dumps(object_identities(manifests))}}


RECORD = manifest("ConfigMap", "extra-objects")
SERVICE = manifest("Service", "mail")
CLASS = manifest("PriorityClass", "shop", namespace="", version="scheduling.k8s.io/v1")


@pytest.mark.parametrize(
    ("recorded", "wanted", "removed"),
    [
        pytest.param(None, [], [], id="there never were any"),
        pytest.param(record(SERVICE, RECORD), [SERVICE, RECORD], [], id="nothing changed"),
        pytest.param(record(SERVICE, CLASS, RECORD), [SERVICE, RECORD], [CLASS], id="one without a namespace is taken off"),
        pytest.param(record(SERVICE, RECORD), [], [SERVICE, RECORD], id="the record goes with the last"),
        pytest.param(record(CLASS, SERVICE, RECORD), [], [SERVICE, CLASS, RECORD], id="what was applied last goes first"),
        pytest.param(record(SERVICE, RECORD), [manifest("Service", "mail", "other"), RECORD], [SERVICE], id="moved to another namespace"),
        pytest.param(record(RECORD), [SERVICE, RECORD], [], id="one is new"),
    ],
)
def test_what_was_recorded_and_is_no_longer_listed_goes(
    recorded: dict[str, Any] | None, wanted: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    assert list(no_longer_listed(recorded, wanted)) == removed


@pytest.mark.parametrize(
    ("ours", "wanted", "removed"),
    [
        pytest.param([SERVICE], [SERVICE], [], id="asked for"),
        pytest.param([SERVICE], [], [SERVICE], id="not asked for any more"),
        pytest.param([SERVICE], [manifest("Service", "mail", "other")], [SERVICE], id="another namespace"),
        pytest.param([SERVICE], [manifest("Ingress", "mail")], [SERVICE], id="another kind"),
        pytest.param([], [SERVICE], [], id="not made yet"),
    ],
)
def test_what_the_collection_made_and_nobody_asks_for_goes(
    ours: list[dict[str, Any]], wanted: list[dict[str, Any]], removed: list[dict[str, Any]]
) -> None:
    assert list(no_longer_wanted(map(applied, ours), wanted, MANAGER)) == [applied(each) for each in removed]


def test_a_copy_that_somebody_made_by_hand_with_the_same_labels_stays() -> None:
    assert list(no_longer_wanted([SERVICE, applied(SERVICE, "kubectl")], [], MANAGER)) == []


class Recorded(NothingToTakeOver):
    """A cluster in which an earlier run recorded a Service, which is as it should be."""

    def read(self, wanted: dict[str, Any]) -> dict[str, Any] | None:
        return record(SERVICE, RECORD) if wanted["kind"] == "ConfigMap" else SERVICE

    def dry_run(self, wanted: dict[str, Any], _field_manager: str) -> tuple[dict[str, Any], list[str]]:
        return wanted, []

    def admit(self, _pod: dict[str, Any], _owner: dict[str, Any]) -> str:
        return ""

    def dry_run_delete(self, live: dict[str, Any], policy: str) -> None:
        """It may be deleted."""


class Kept(Recorded):
    def dry_run_delete(self, live: dict[str, Any], policy: str) -> None:
        raise RefusedError(f"Service shop/{live['metadata']['name']}: services is forbidden: cannot delete")


def test_what_may_not_be_removed_is_told_before_anything_is_written() -> None:
    stages: list[tuple[str, list[dict[str, Any]]]] = [("extra_objects", [])]
    entries, _warnings = plan(Kept(), stages, MANAGER, records={"extra_objects": RECORD})
    assert {entry.action for entry in entries} == {"refused"}
    assert all("services is forbidden: cannot delete" in entry.refusal for entry in entries)


@pytest.mark.parametrize(("elsewhere", "actions"), [([], ["remove", "remove"]), ([SERVICE], ["none", "remove"])])
def test_what_another_stage_lists_now_stays(elsewhere: list[dict[str, Any]], actions: list[str]) -> None:
    stages: list[tuple[str, list[dict[str, Any]]]] = [("extra_objects", []), ("ingress", elsewhere)]
    entries, _warnings = plan(Recorded(), stages, MANAGER, records={"extra_objects": RECORD})
    assert [entry.action for entry in entries] == actions
