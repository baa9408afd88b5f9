# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Differences between objects as paths of fields: pure functions (private to the collection)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.plan.ownership import is_named_by_content

Manifest = Mapping[str, Any]
Path = tuple[str, ...]

ADDED, REMOVED, CHANGED = "added", "removed", "changed"
# Length of the hyphen and the hash at the end of a name.
_HASH_LENGTH = 11
# Fields by which Kubernetes identifies the items of lists.
_KEYS = (("name",), ("mountPath",), ("containerPort", "protocol"), ("port", "protocol"), ("ip",), ("type",), ("key",), ("uid",))
_PLAIN = re.compile(r"[A-Za-z_][A-Za-z0-9_-]*")


@dataclass(frozen=True)
class Difference:
    """A field with two values.

    Args:
        path: the field. An item of a list has its key, such as C([name=django]).
        before: the first value; None if the field does not exist.
        after: the second value; None if the field does not exist.
    """

    path: Path
    before: Any
    after: Any

    @property
    def shown(self) -> str:
        """The path in readable form, such as C(spec.template.spec.containers[name=django].image)."""
        return shown(self.path)


def shown(path: Path) -> str:
    """A path in readable form.

    Args:
        path: the keys of the field.
    """
    parts = (part if part.startswith("[") else f".{part}" if _PLAIN.fullmatch(part) else f"[{part}]" for part in path)
    return "".join(parts).removeprefix(".")


def keyed(items: Sequence[Any]) -> dict[str, Any]:
    """The items of a list by a key that does not depend on their order, or by their number.

    Args:
        items: the list.
    """
    for fields in _KEYS:
        if all(isinstance(item, Mapping) and fields[0] in item for item in items):
            keys = [f"[{','.join(f'{field}={item[field]}' for field in fields if field in item)}]" for item in items]
            if len(set(keys)) == len(keys):
                return dict(zip(keys, items, strict=True))
    return {f"[{number}]": item for number, item in enumerate(items)}


def field_differences(before: Any, after: Any, path: Path = ()) -> Iterator[Difference]:
    """Yield the fields in which two values differ. A mapping or list that only one of them has is one field.

    Args:
        before: the first value.
        after: the second value.
        path: the path of the values.
    """
    if isinstance(before, list) and isinstance(after, list) and before != after:
        before, after = keyed(before), keyed(after)
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for key in dict.fromkeys([*before, *after]):
            yield from field_differences(before.get(key), after.get(key), (*path, str(key)))
    elif before != after:
        yield Difference(path, before, after)


def as_text(value: Any) -> str:
    """A value for a line of text; empty if the field does not exist.

    Args:
        value: any value of JSON.
    """
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value, sort_keys=True)


def _base_name(manifest: Manifest) -> str:
    name: str = manifest["metadata"]["name"]
    return f"{name[:-_HASH_LENGTH]}-*" if is_named_by_content(manifest) else name


def _title(manifest: Manifest, name: str) -> str:
    namespace = manifest["metadata"].get("namespace")
    return f"{manifest['kind']} {f'{namespace}/' if namespace else ''}{name}"


def _by_title(manifests: Iterable[Manifest]) -> dict[str, Manifest]:
    """Objects by kind, namespace and name. A hash at the end of a name is omitted if the rest is unique."""
    found: dict[str, list[Manifest]] = {}
    for manifest in manifests:
        found.setdefault(_title(manifest, _base_name(manifest)), []).append(manifest)
    return {
        (title if len(same) == 1 else _title(manifest, manifest["metadata"]["name"])): manifest
        for title, same in found.items()
        for manifest in same
    }


def release_differences(before: Iterable[Manifest], after: Iterable[Manifest]) -> list[dict[str, str]]:
    """The differences between the objects of two releases, field by field.

    A ConfigMap or Secret with a hash in its name is the same object in both, with another content.

    Args:
        before: manifests of the first release.
        after: manifests of the second release.

    Returns:
        For each difference C(object), C(path), C(change), C(before) and C(after). An object that only one release has has no path.
    """
    old, new = _by_title(before), _by_title(after)
    lines = []
    for title in sorted({*old, *new}):
        if title not in old or title not in new:
            lines.append({"object": title, "path": "", "change": ADDED if title in new else REMOVED, "before": "", "after": ""})
            continue
        for each in sorted(field_differences(old[title], new[title]), key=lambda each: each.shown):
            change = ADDED if each.before is None else REMOVED if each.after is None else CHANGED
            lines.append(
                {"object": title, "path": each.shown, "change": change, "before": as_text(each.before), "after": as_text(each.after)}
            )
    return lines
