# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Environment variables whose values are in existing Secrets, ConfigMaps or fields of the pod: pure functions (private to the collection).

A reference is a mapping in place of a value. It becomes an entry of C(env) with C(valueFrom).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

Reference = Mapping[str, Any]
Use = dict[str, Any]

# The key of a reference, the kind of the object, and the fields of a container that refer to it.
KINDS = {"secret": ("Secret", "secretKeyRef", "secretRef"), "config_map": ("ConfigMap", "configMapKeyRef", "configMapRef")}
FORMS = "{secret: NAME, key: KEY}, {config_map: NAME, key: KEY} or {field: metadata.name}"
ANNOTATION = "jewelry-shop/references"
_OBJECT = re.compile(r"(?=.{1,253}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?(\.[a-z0-9]([a-z0-9-]*[a-z0-9])?)*")
_KEY = re.compile(r"[A-Za-z0-9._-]{1,253}")
# https://kubernetes.io/docs/concepts/workloads/pods/downward-api/#available-fields
_FIELD = re.compile(
    r"metadata\.(name|namespace|uid|(labels|annotations)\['[^'\]]+'\])|spec\.(nodeName|serviceAccountName)|status\.(hostIPs?|podIPs?)"
)
_REVISION_LENGTH = 10


def reference_problem(value: Mapping[str, Any]) -> str:
    """What is wrong with a mapping in place of a value, without its content, which may be a secret.

    Args:
        value: the mapping.
    """
    return "" if is_reference(value) else f"is a mapping, but not a reference; write {FORMS}"


def is_reference(value: Any) -> bool:
    """Whether a value is a reference that Kubernetes accepts.

    Args:
        value: the value of an environment variable.
    """
    if not isinstance(value, Mapping) or not all(isinstance(each, str) for each in value.values()):
        return False
    keys = set(value)
    if keys == {"field"}:
        return bool(_FIELD.fullmatch(value["field"]))
    return any(keys == {kind, "key"} and is_object_name(value[kind]) and bool(_KEY.fullmatch(value["key"])) for kind in KINDS)


def is_object_name(name: str) -> bool:
    """Whether a Secret or ConfigMap can have a name.

    Args:
        name: the name.
    """
    return bool(_OBJECT.fullmatch(name))


def references(values: Mapping[str, Any]) -> dict[str, Reference]:
    """The variables that are references.

    Args:
        values: environment variables by name.
    """
    return {str(name): value for name, value in values.items() if isinstance(value, Mapping)}


def plain_environment(values: Mapping[str, Any]) -> dict[str, Any]:
    """Remove the environment variables that are references.

    Args:
        values: Environment variables by name.

    Returns:
        The variables with a value.

    Example:
        {{ platform_secrets | jewelry_shop.platform.plain_environment }}
    """
    return {name: value for name, value in values.items() if not isinstance(value, Mapping)}


def reference_entry(name: str, reference: Reference) -> dict[str, Any]:
    """The entry of C(env) for a reference.

    Args:
        name: name of the environment variable.
        reference: the reference.
    """
    if "field" in reference:
        return {"name": name, "valueFrom": {"fieldRef": {"fieldPath": reference["field"]}}}
    kind = _kind(reference)
    return {"name": name, "valueFrom": {KINDS[kind][1]: {"name": reference[kind], "key": reference["key"]}}}


def source_entry(source: Reference) -> dict[str, Any]:
    """The entry of C(envFrom) for a whole object.

    Args:
        source: C(secret) or C(config_map), and C(prefix).
    """
    kind = _kind(source)
    prefix = {"prefix": source["prefix"]} if source.get("prefix") else {}
    return {**prefix, KINDS[kind][2]: {"name": source[kind]}}


def _kind(reference: Reference) -> str:
    """The key that names the object. An option of an argument specification that is not given is null."""
    return next(kind for kind in KINDS if reference.get(kind))


def uses(found: Iterable[Reference], sources: Iterable[Reference] = ()) -> list[Use]:
    """The objects that an environment uses.

    Args:
        found: references.
        sources: whole objects.

    Returns:
        An entry for each object, with C(kind), C(name) and the C(keys) that are used. No keys means all keys.
    """
    keys: dict[tuple[str, str], set[str]] = {}
    for reference in found:
        if "field" not in reference:
            kind = _kind(reference)
            keys.setdefault((KINDS[kind][0], reference[kind]), set()).add(reference["key"])
    # Of a whole object each key is used.
    keys |= {(KINDS[kind][0], source[kind]): set() for source in sources for kind in [_kind(source)]}
    return [{"kind": kind, "name": name, "keys": sorted(keys[kind, name])} for kind, name in sorted(keys)]


def environment_revision(used: Iterable[Use], revisions: Mapping[str, Mapping[str, str]]) -> str:
    """The revision of the existing objects that a pod uses, as the value of an annotation.

    Args:
        used: the objects, as C(uses) returns them. An object can occur more than once.
        revisions: the revision of each key by C(KIND/NAME), as the module M(jewelry_shop.platform.existing_check) returns them. An object
            without revisions is left out.
    """
    parts: dict[str, dict[str, str]] = {}
    for each in used:
        name = f"{each['kind']}/{each['name']}"
        known = revisions.get(name) or {}
        parts.setdefault(name, {}).update({key: known[key] for key in each["keys"] or known if key in known})
    return ", ".join(f"{name} {short_hash(keys)}" for name, keys in sorted(parts.items()) if keys)


def reference_annotations(used: Iterable[Use], revisions: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    """The annotation of a pod with the revision of the existing objects that it uses; none without a revision.

    Args:
        used: as for C(environment_revision).
        revisions: as for C(environment_revision).
    """
    revision = environment_revision(used, revisions)
    return {ANNOTATION: revision} if revision else {}


def short_hash(values: Mapping[str, str] | Sequence[Any]) -> str:
    """A short hash of values.

    Args:
        values: a mapping, whose order does not matter, or a sequence.
    """
    text = repr(sorted(values.items()) if isinstance(values, Mapping) else list(values))
    return hashlib.sha256(text.encode()).hexdigest()[:_REVISION_LENGTH]


def environment_objects(
    config: Mapping[str, Any],
    secrets: Mapping[str, Any],
    tiers: Mapping[str, Mapping[str, Any]],
    sources: Iterable[Mapping[str, Any]],
    requirements: Iterable[Mapping[str, Any]],
) -> list[dict[str, Any]]:
    """List the existing objects that the environment uses, for a check.

    Args:
        config: The setting C(platform_config).
        secrets: The setting C(platform_secrets).
        tiers: The settings with environment variables of one tier, by name of the setting.
        sources: The setting C(platform_env_from).
        requirements: What the value of an environment variable must fulfil, with C(name) and optionally C(min_length) and C(url_safe).

    Returns:
        Value for the option O(jewelry_shop.platform.existing_check#module:objects).

    Example:
        {{ platform_config | jewelry_shop.platform.environment_objects(platform_secrets, {}, platform_env_from, []) }}
    """
    environments = {"platform_config": config, "platform_secrets": secrets, **tiers}
    found: dict[tuple[str, str], dict[str, Any]] = {}
    required = list(requirements)

    def entry(reference: Reference, setting: str) -> dict[str, Any]:
        kind = _kind(reference)
        names = (KINDS[kind][0], str(reference[kind]))
        each = found.setdefault(names, {"kind": names[0], "name": names[1], "keys": {}, "settings": []})
        if setting not in each["settings"]:
            each["settings"].append(setting)
        return each

    for setting, values in environments.items():
        for name, reference in references(values).items():
            if "field" not in reference:
                keys, own = entry(reference, f"{setting}.{name}")["keys"], [each for each in required if each["name"] == name]
                known = keys.setdefault(reference["key"], {"min_length": 0, "url_safe": False})
                known["min_length"] = max([known["min_length"], *(int(each.get("min_length") or 1) for each in own)])
                known["url_safe"] = known["url_safe"] or any(each.get("url_safe") for each in own)
    for source in sources:
        entry(source, "platform_env_from")
    return [
        {
            **each,
            "keys": [{"name": name, **rest} for name, rest in each["keys"].items()],
            "settings": ", ".join(each["settings"]),
        }
        for each in found.values()
    ]


def masked_secrets(
    config: Mapping[str, Any],
    secrets: Mapping[str, Any],
    tiers: Mapping[str, Mapping[str, Any]],
    sources: Iterable[Mapping[str, Any]],
) -> list[str]:
    """List the existing Secrets whose values must be masked.

    Args:
        config: The setting C(platform_config).
        secrets: The setting C(platform_secrets).
        tiers: The settings with environment variables of one tier, by name of the setting.
        sources: The setting C(platform_env_from).

    Returns:
        V(NAME) of each Secret of which all keys are used, and V(NAME/KEY) of each single value.

    Example:
        {{ platform_config | jewelry_shop.platform.masked_secrets(platform_secrets, {}, platform_env_from) }}
    """
    found = [reference for values in (config, secrets, *tiers.values()) for reference in references(values).values()]
    used = [each for each in uses(found, sources) if each["kind"] == "Secret"]
    return [f"{each['name']}/{key}" if key else each["name"] for each in used for key in each["keys"] or [""]]
