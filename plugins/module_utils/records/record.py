# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Records of releases, each in one immutable ConfigMap: pure functions (private to the collection)."""

from __future__ import annotations

import base64
import binascii
import gzip
import json
import re
import zlib
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.changes import read_manifests
from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import is_content_applied
from ansible_collections.jewelry_shop.platform.plugins.module_utils.prune.rules import mentioned

Manifest = Mapping[str, Any]
Record = dict[str, Any]

RECORD_LABEL = "jewelry-shop/record"
RELEASE_LABEL = "jewelry-shop/release"
SELECTOR = f"{RECORD_LABEL}=release"
# The API server rejects a ConfigMap with more than 1 MiB of data.
# https://kubernetes.io/docs/concepts/configuration/configmap/
MOST_BYTES = 1 << 20
_NAME = re.compile(r"release-([0-9]{4,})")
_FORMAT = 1
_FILE = "record.json.gz"
# Fields that may differ between two records of the same deployment. A run with the objects of a rollback deploys what already runs.
_CIRCUMSTANCES = (
    "format", "number", "deployed_at", "deployed_by", "inventory", "collection", "images", "checks", "verdict", "rollback_of",
    "rollback_to", "irreversible",
)  # fmt: skip
# Fields that a list of records shows.
_SUMMARY = (
    "number", "release", "image", "images", "deployed_at", "deployed_by", "inventory", "collection", "verdict", "rollback_of",
    "rollback_to", "irreversible",
)  # fmt: skip


def without_secret_data(value: Any) -> Any:
    """Manifests without the data of Secrets.

    Args:
        value: a manifest, a list of manifests, or any part of one.
    """
    if isinstance(value, Mapping):
        hidden = ("data", "stringData") if value.get("kind") == "Secret" and value.get("apiVersion") == "v1" else ()
        return {key: without_secret_data(each) for key, each in value.items() if key not in hidden}
    if isinstance(value, list):
        return [without_secret_data(each) for each in value]
    return value


def recorded_manifests(stage: str, source: Any) -> list[dict[str, Any]]:
    """The manifests of a stage without the data of Secrets.

    Args:
        stage: name of the stage, for messages.
        source: YAML documents as a string, a manifest, or a list of manifests.

    Raises:
        PlatformError: the string is not YAML, or an entry is not a manifest.
    """
    # Imported here, as Ansible's import sanity test requires.
    import yaml

    try:
        documents = list(yaml.safe_load_all(source)) if isinstance(source, str) else source
    except yaml.YAMLError:
        documents = source
    return read_manifests(stage, without_secret_data(documents))


def manifests_of(record: Record) -> list[dict[str, Any]]:
    """All objects of a record, in the order of the stages.

    Args:
        record: the record.
    """
    return [manifest for stage in record["stages"].values() for manifest in stage]


def names_of(manifests: Iterable[Manifest], kind: str) -> list[str]:
    """Names of the objects of a kind, in order.

    Args:
        manifests: manifests of any kind.
        kind: the kind.
    """
    return [manifest["metadata"]["name"] for manifest in manifests if manifest["kind"] == kind]


def number_of(name: str) -> int:
    """The running number in the name of a record; 0 for another name.

    Args:
        name: name of a ConfigMap.
    """
    found = _NAME.fullmatch(name)
    return int(found[1]) if found else 0


def as_config_map(record: Record, namespace: str, labels: Mapping[str, str]) -> dict[str, Any]:
    """The ConfigMap of a record.

    Args:
        record: the record, with its number.
        namespace: namespace of the ConfigMap.
        labels: further labels.

    Raises:
        PlatformError: the record is larger than a ConfigMap may be.
    """
    # mtime 0: the same record always has the same bytes.
    packed = base64.b64encode(gzip.compress(json.dumps({"format": _FORMAT, **record}, sort_keys=True).encode(), mtime=0)).decode()
    # The API server counts the decoded bytes. The encoded form is a third larger, which leaves room for the metadata.
    if len(packed) >= MOST_BYTES:
        raise PlatformError(
            f"the record of release {record['release']} has {len(packed)} bytes, but a ConfigMap holds fewer than {MOST_BYTES}; "
            "remove large objects from extra_objects_manifests and deploy them separately",
            certain=True,
        )
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": f"release-{record['number']:04d}",
            "namespace": namespace,
            "labels": {**labels, RECORD_LABEL: "release", RELEASE_LABEL: record["release"]},
            "annotations": {
                "jewelry-shop/image": record["image"],
                "jewelry-shop/deployed-at": record["deployed_at"],
                "jewelry-shop/deployed-by": record["deployed_by"]["user"],
            },
        },
        "immutable": True,
        "binaryData": {_FILE: packed},
    }


def read_record(config_map: Manifest) -> Record:
    """The record in a ConfigMap.

    Args:
        config_map: the ConfigMap.

    Raises:
        PlatformError: the ConfigMap contains no record that this version can read.
    """
    name = config_map["metadata"]["name"]
    try:
        record: Record = json.loads(gzip.decompress(base64.b64decode(config_map["binaryData"][_FILE])))
        readable = record["format"] == _FORMAT and record["number"] == number_of(name)
    except (KeyError, TypeError, ValueError, OSError, EOFError, zlib.error, binascii.Error):
        readable = False
    if not readable:
        raise PlatformError(
            f"ConfigMap {config_map['metadata'].get('namespace', '')}/{name} contains no record that this version of the collection reads: "
            "delete it with kubectl delete configmap, or use the version that wrote it",
            certain=True,
        )
    return record


def records_in(config_maps: Iterable[Manifest], field_manager: str) -> tuple[list[Record], list[str]]:
    """The records in ConfigMaps, newest first, and a warning for each ConfigMap that is ignored.

    A ConfigMap whose content another client wrote is ignored, see decision 35.

    Args:
        config_maps: the ConfigMaps with the label of records.
        field_manager: the field manager that wrote the records.
    """
    records, ignored = [], []
    for config_map in config_maps:
        metadata = config_map["metadata"]
        try:
            if not is_content_applied(config_map, field_manager) or not number_of(metadata["name"]):
                raise PlatformError(f"ConfigMap {metadata.get('namespace', '')}/{metadata['name']} was not written by this collection")
            records.append(read_record(config_map))
        except PlatformError as error:
            ignored.append(f"{error}. The history ignores it")
    return sorted(records, key=lambda record: record["number"], reverse=True), ignored


def origin(record: Record) -> int:
    """The number of the record whose objects a record has.

    Args:
        record: a record of a deployment or of a rollback.
    """
    return int(record["rollback_to"] or record["number"])


def kept_records(records: Sequence[Record], history: int) -> list[Record]:
    """The records that stay: the current deployment and the newest earlier ones, each with its first and its newest record.

    A rollback repeats a deployment and takes no place of its own. Otherwise failed deployments that went back would push out all others.

    Args:
        records: all records, newest first.
        history: number of deployments besides the current one.
    """
    newest: dict[int, int] = {}
    for record in records:
        newest.setdefault(origin(record), record["number"])
    kept = {number for pair in list(newest.items())[: history + 1] for number in pair}
    return [record for record in records if record["number"] in kept]


def is_same_deployment(one: Record, other: Record) -> bool:
    """Whether two records describe the same objects of the same release, whoever deployed them and when.

    Args:
        one: a record.
        other: another record.
    """
    return _deployed(one) == _deployed(other)


def _deployed(record: Record) -> Record:
    return {key: value for key, value in record.items() if key not in _CIRCUMSTANCES}


def summary(record: Record) -> Record:
    """A record without its objects.

    Args:
        record: the record.
    """
    manifests = manifests_of(record)
    return {
        **{key: record[key] for key in _SUMMARY},
        "config_maps": names_of(manifests, "ConfigMap"),
        "secrets": names_of(manifests, "Secret"),
    }


def find_record(records: Sequence[Record], wanted: str) -> Record:
    """The record with a number or a release ID.

    Args:
        records: all records, newest first.
        wanted: a running number such as C(7), C(0007) or C(release-0007), or the ID of a release. The newest record of a release counts.

    Raises:
        PlatformError: there is no such record; names the existing ones.
    """
    # An ID of a release may consist of digits. It is longer than a number.
    number = number_of(wanted) or (int(wanted) if re.fullmatch(r"[0-9]{1,9}", wanted) else 0)
    for record in records:
        if record["release"] == wanted or record["number"] == number:
            return record
    known = ", ".join(f"{record['number']} ({record['release']})" for record in records) or "none"
    raise PlatformError(f"there is no record of release {wanted}; records: {known}", certain=True)


def references_of(record: Record) -> set[str]:
    """Names of the ConfigMaps and Secrets that a release needs.

    Args:
        record: the record.
    """
    manifests = [*manifests_of(record), *record["jobs"]]
    return {*names_of(manifests, "ConfigMap"), *names_of(manifests, "Secret"), *mentioned(manifests)}


def kept_releases(recorded: Sequence[str], current: str, history: int, others: Iterable[str] = ()) -> set[str]:
    """The releases whose Jobs stay: the current one and the newest earlier ones.

    Args:
        recorded: releases of the kept records, newest first.
        current: the release that the current run deploys.
        history: number of releases besides the current one.
        others: releases without a record, newest first. They fill the places that the records leave free: a cluster whose releases were
            deployed before there were records has only these.
    """
    earlier = [release for release in dict.fromkeys([*recorded, *others]) if release != current]
    return {current, *earlier[:history]}
