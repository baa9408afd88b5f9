"""The rendered objects of each inventory equal the committed snapshots, so that a review shows how a change affects the objects.

The object `(used by tasks)` has values that no object shows, such as the endpoints that validate.yml requests.

`snapshots/production.yaml` has all objects of production. The other files have what is different from it, by object and place.
After a change that is meant: `make snapshots`, then read the diff.
"""

from __future__ import annotations

import base64
import difflib
import json
import os
import pathlib
import re
from typing import Any

import pytest
import yaml

from tests.unit.manifests.variants import VARIANTS

ROOT = pathlib.Path(__file__).parents[3]
SNAPSHOTS = pathlib.Path(__file__).with_name("snapshots")
WRITE = "WRITE_SNAPSHOTS"
# Which fixtures are rendered into files of differences.
OTHERS = ("kind", "staging", "production_like", *VARIANTS)

# A hash of content, in the letters of Python or of Kubernetes: it would change with all that it is a hash of.
HASH = re.compile(r"\b(?:[0-9a-f]{10}|[2456789bcdfghkmt]{10})\b")
FILES = {path.read_text().rstrip("\n"): str(path.relative_to(ROOT)) for path in sorted(ROOT.glob("roles/*/files/*.py"))}
ABSENT = "(absent)"
# So many objects share a change if it is one of all of a kind.
MANY = 4

Objects = dict[str, Any]


class Dumper(yaml.SafeDumper):
    """Texts of several lines as such, and no references."""

    def ignore_aliases(self, data: Any) -> bool:
        return True


Dumper.add_representer(
    str, lambda dumper, text: dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
)


def dumped(content: Any) -> str:
    return "---\n" + yaml.dump(content, Dumper=Dumper, sort_keys=True, width=150, allow_unicode=True)


def normal(value: Any) -> Any:
    """A value without what changes with something else: hashes, the home of the user, and the content of the roles' files."""
    if isinstance(value, dict):
        return {normal(key): normal(each) for key, each in value.items()}
    if isinstance(value, list):
        return [normal(each) for each in value]
    if isinstance(value, str):
        return f"({FILES[value.rstrip()]})" if value.rstrip() in FILES else HASH.sub("HASH", value.replace(str(pathlib.Path.home()), "~"))
    return value


def objects(manifests: Any) -> Objects:
    """Objects by kind and name, as they are compared."""
    found: Objects = {}
    for each in [*manifests.objects, *manifests.secrets]:
        made = normal(json.loads(json.dumps(each)))
        name = f"{made['kind']} {made['metadata']['name']}"
        # The present and the previous password of Redis are Secrets of one name but for the hash.
        found[name if name not in found else f"{name}, second"] = made
    found["(used by tasks)"] = normal(manifests.tasks)
    return found


def leaves(value: Any, place: str = "") -> dict[str, Any]:
    """What a value holds, by place; entries of a list by their name, where they have one."""
    if isinstance(value, dict) and value:
        return {key: leaf for name, each in value.items() for key, leaf in leaves(each, f"{place}.{name}" if place else name).items()}
    if isinstance(value, list) and value and all(isinstance(each, dict) and isinstance(each.get("name"), str) for each in value):
        named = {each["name"]: each for each in value}
        if len(named) == len(value):
            order = {f"{place}[]": ", ".join(named)}
            return order | {key: leaf for name, each in named.items() for key, leaf in leaves(each, f"{place}[{name}]").items()}
    return {place: value}


def difference(before: Any, after: Any) -> Any:
    """The new value; of a text of several lines only the lines that came and went."""
    if isinstance(before, str) and isinstance(after, str) and "\n" in before and "\n" in after and before != after:
        return [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "+-"]
    return after


def differences(base: Objects, other: Objects) -> Objects:
    """Objects that only one side has, and the leaves in which the others differ; what many share is shown once, with their number."""
    found: Objects = {}
    shared: dict[str, list[str]] = {}
    for name in sorted({*base, *other}):
        if name not in other or name not in base:
            found[name] = other.get(name, ABSENT)
            continue
        before, after = leaves(base[name]), leaves(other[name])
        for place in sorted({*before, *after}):
            old, new = before.get(place, ABSENT), after.get(place, ABSENT)
            if old != new:
                found.setdefault(name, {})[place] = difference(old, new)
                shared.setdefault(json.dumps([place, old, new]), []).append(name)
    for change, names in shared.items():
        if len(names) >= MANY:
            place, _old, new = json.loads(change)
            found.setdefault(f"({len(names)} objects) {place}", []).append(new)
            for name in names:
                del found[name][place]
    return {name: content for name, content in found.items() if content != {}}


def compare(name: str, content: Any) -> None:
    path = SNAPSHOTS / f"{name}.yaml"
    text = dumped(content)
    if os.environ.get(WRITE):
        path.write_text(text)
    kept = path.read_text() if path.exists() else ""
    shown = "\n".join(
        difflib.unified_diff(kept.splitlines(), text.splitlines(), str(path.relative_to(ROOT)), "as rendered", lineterm="", n=2)
    )
    assert kept == text, (
        f"The objects are not those of the snapshot. If that is meant, run `make snapshots` and commit the change.\n{shown}"
    )


@pytest.fixture(scope="session")
def base(production: Any) -> Objects:
    return objects(production)


def test_the_objects_of_production_are_as_in_the_snapshot(base: Objects) -> None:
    compare("production", base)


@pytest.mark.parametrize("name", OTHERS)
def test_the_differences_from_production_are_as_in_the_snapshot(
    request: pytest.FixtureRequest, base: Objects, rendered: Any, name: str
) -> None:
    manifests = request.getfixturevalue(name) if name in VARIANTS else rendered(name)
    compare(name, differences(base, objects(manifests)))


def test_a_snapshot_contains_no_secret_and_no_path_of_one_machine() -> None:
    text = "".join(path.read_text() for path in SNAPSHOTS.glob("*.yaml"))
    assert str(pathlib.Path.home()) not in text
    assert str(ROOT) not in text
    for secret in ("k" * 50, base64.b64encode(b"k" * 50).decode()):
        assert secret not in text
