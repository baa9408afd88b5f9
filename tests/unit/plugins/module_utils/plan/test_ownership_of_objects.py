# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""Fields of other field managers in objects that this collection applies."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import differing_stages, diffs
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.run import plan
from cluster_objects import NothingToTakeOver

OURS = "jewelry_shop.platform"
Object = dict[str, Any]


def entry(manager: str, operation: str = "Update", **fields: Any) -> Object:
    return {"manager": manager, "operation": operation, "fieldsV1": {f"f:{key}": value for key, value in fields.items()}}


def made(manifest: Object, *entries: Object, **more: Any) -> Object:
    """The object as it is in the cluster."""
    return {**manifest, **more, "metadata": {**manifest["metadata"], "uid": "u-1", "resourceVersion": "1", "managedFields": list(entries)}}


def manifest(kind: str, name: str, **more: Any) -> Object:
    return {"apiVersion": "v1", "kind": kind, "metadata": {"name": name, "namespace": "shop"}, **more}


POD = {"containers": [{"name": "django", "image": "shop:1"}]}
DEPLOYMENT = manifest("Deployment", "django", spec={"replicas": 1, "template": {"spec": POD}})
DEPLOYED = entry(OURS, "Apply", spec={"f:template": {"f:spec": {"f:containers": {'k:{"name":"django"}': {".": {}, "f:image": {}}}}}})
MINER = entry("kubectl-patch", spec={"f:template": {"f:spec": {"f:containers": {'k:{"name":"miner"}': {".": {}, "f:image": {}}}}}})
IMAGE = entry("kubectl-set", spec={"f:template": {"f:spec": {"f:containers": {'k:{"name":"django"}': {"f:image": {}}}}}})
MINED = (
    "Deployment shop/django: spec.template.spec.containers[name=miner] is set by the field manager kubectl-patch. Server-side apply keeps "
    "it: remove it with kubectl edit, or add the field manager to platform_allowed_field_managers"
)


class Cluster(NothingToTakeOver):
    """One object as it is, and as a dry run gives it."""

    def __init__(self, live: Object | None, after: Object | None = None) -> None:
        self.live, self.after = live, after
        self.patches: list[Object] = []

    def read(self, _manifest: Object) -> Object | None:
        return self.live

    def dry_run(self, manifest: Object, _field_manager: str) -> tuple[Object, list[str]]:
        assert manifest["kind"] != "Secret"
        return self.after or self.live or manifest, []

    def dry_run_patch(self, patch: Object, _field_manager: str) -> tuple[Object, list[str]]:
        self.patches.append(patch)
        return self.live or {}, []

    def admit(self, _pod: Object, _owner: Object) -> str:
        return ""


def planned(cluster: Cluster, wanted: Object, **options: Any) -> Any:
    [found], _warnings = plan(cluster, [("stage", [wanted])], OURS, **options)
    return found


@pytest.mark.parametrize(
    ("live", "after", "allowed", "action", "untrusted"),
    [
        pytest.param([DEPLOYED], [DEPLOYED], (), "none", "", id="only this collection"),
        pytest.param([DEPLOYED, MINER], [DEPLOYED, MINER], (), "refused", MINED, id="a container of another field manager"),
        pytest.param([DEPLOYED, MINER], [DEPLOYED, MINER], ("kubectl-patch",), "none", "", id="of an allowed field manager"),
        pytest.param([IMAGE], [DEPLOYED], (), "none", "", id="a field that applying takes back"),
    ],
)
def test_fields_that_stay_with_other_field_managers_are_reported(
    live: list[Object], after: list[Object], allowed: tuple[str, ...], action: str, untrusted: str
) -> None:
    cluster = Cluster(made(DEPLOYMENT, *live), made(DEPLOYMENT, *after))
    found = planned(cluster, DEPLOYMENT, allowed_field_managers=allowed)
    assert (found.action, found.untrusted) == (action, untrusted)


CONFIG_MAP = manifest("ConfigMap", "django-config-2bb88t4bm7", data={"A": "1"}, immutable=True)
SECRET = manifest("Secret", "django-secrets-2bb88t4bm7", immutable=True)
CONTENT = entry(OURS, "Apply", data={"f:A": {}}, immutable={})
BY_HAND = entry("kubectl-create", data={".": {}, "f:A": {}, "f:LD_PRELOAD": {}})
SAME_BY_HAND = entry("kubectl-create", data={".": {}, "f:A": {}})
LATER = entry("kubectl-annotate", metadata={"f:annotations": {"f:note": {}}})


def delete(kind: str, name: str) -> str:
    return f"delete it with kubectl delete {kind} {name} -n shop, then run again to create it"


@pytest.mark.parametrize("wanted", [CONFIG_MAP, SECRET], ids=["ConfigMap", "Secret"])
@pytest.mark.parametrize(
    ("entries", "reason"),
    [
        pytest.param([CONTENT], "", id="applied"),
        pytest.param([CONTENT, LATER], "", id="applied, with an annotation of another field manager"),
        pytest.param([SAME_BY_HAND], "it was created by the field manager kubectl-create, not by this collection", id="made again by hand"),
        pytest.param([CONTENT, BY_HAND], "data.LD_PRELOAD is set by the field manager kubectl-create", id="with a key of somebody"),
    ],
)
def test_hashed_names_must_have_content_that_this_collection_applied(wanted: Object, entries: list[Object], reason: str) -> None:
    live = made(wanted, *entries)
    found = planned(Cluster(live), wanted, allowed_field_managers=["kubectl-create"])
    kind, name = wanted["kind"], wanted["metadata"]["name"]
    assert found.untrusted == (f"{kind} shop/{name}: {reason}: {delete(kind.lower(), name)}" if reason else "")
    assert found.action == ("refused" if reason else "none")
    assert diffs([found]) == []


def test_an_additional_config_map_can_exist_before_the_first_run() -> None:
    wanted = manifest("ConfigMap", "settings", data={"A": "1"})
    found = planned(Cluster(made(wanted, BY_HAND), made(wanted, CONTENT, BY_HAND)), wanted)
    assert (found.action, found.untrusted) == ("none", "")


def test_a_missing_secret_is_created() -> None:
    assert planned(Cluster(None), SECRET).action == "create"


CLAIM = manifest("PersistentVolumeClaim", "media-pvc", spec={"storageClassName": "nfs"})
CLAIMED = entry(OURS, "Apply", spec={"f:storageClassName": {}})
PLANTED = entry("kubectl-patch", spec={"f:volumeName": {}})


@pytest.mark.parametrize(
    ("entries", "sign"),
    [
        pytest.param([CLAIMED], "", id="applied"),
        pytest.param(
            [entry("kubectl-create")], "it was created by the field manager kubectl-create, not by this collection", id="made by hand"
        ),
        pytest.param([CLAIMED, PLANTED], "spec.volumeName is set by the field manager kubectl-patch", id="with a volume of somebody"),
    ],
)
def test_a_claim_of_others_is_adopted_on_request(entries: list[Object], sign: str) -> None:
    cluster = Cluster(made(CLAIM, *entries))
    found = planned(cluster, CLAIM)
    assert (found.action, found.foreign, cluster.patches) == ("refused" if sign else "none", sign, [])
    assert diffs([found]) == []
    adopted = planned(cluster, CLAIM, take_over=True)
    assert (adopted.action, adopted.foreign) == ("take_over" if sign else "none", "")
    assert differing_stages([adopted]) == (["stage"] if sign else [])
