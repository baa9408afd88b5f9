# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Names, labels and annotations that Kubernetes accepts: pure functions (private to the collection).

The rules are those of https://kubernetes.io/docs/concepts/overview/working-with-objects/names/ and .../labels/.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import (
    image_problem,
    mirror_problem,
    repository_problem,
    tag_problem,
)

_LABEL_LENGTH = 63
_SUBDOMAIN_LENGTH = 253
# Length of the hyphen and the hash that are appended to a name.
_HASH_LENGTH = 11
# Without the suffix -service.
_SERVICE_NAME_LENGTH = 55
_ANNOTATIONS_BYTES = 262144
_DNS_LABEL = re.compile(r"[a-z0-9](?:[a-z0-9-]*[a-z0-9])?")
_LABEL = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]*[A-Za-z0-9])?")
_ADDRESS = re.compile(r"[0-9]+(?:\.[0-9]+){3}")
# Label keys in the selectors of Services, Jobs and network policies.
_RESERVED = frozenset({"app"})
_DNS_RULE = "lower-case letters, digits and -, and begin and end with a letter or digit"
_SERVICE_RULE = "lower-case letters, digits and -, begin with a letter, and end with a letter or digit"
_LABEL_RULE = f"at most {_LABEL_LENGTH} letters, digits, -, _ and ., and begin and end with a letter or digit"


def version_label(version: Any) -> dict[str, str]:
    """Create the label of a version.

    Returns the label C(app.kubernetes.io/version). Shortens the version to a valid label value. The result is empty if no valid value is
    left.

    Args:
        version: Version, such as the tag of an image.

    Returns:
        The label, or an empty mapping.

    Example:
        {{ {'app': 'shop'} | combine('v1.0' | jewelry_shop.platform.version_label) }}
    """
    # Tags may begin with an underscore, be twice as long, and end with any permitted character.
    value = str(version).lstrip("-_.")[:_LABEL_LENGTH].rstrip("-_.")
    return {"app.kubernetes.io/version": value} if _LABEL.fullmatch(value) else {}


def naming_problems(settings: Iterable[Mapping[str, Any]]) -> list[str]:
    """Find the settings that Kubernetes would reject as names, labels, annotations or images.

    Args:
        settings: for each its C(name), its C(value) and its C(rule), one of V(dns_label), V(subdomain), V(host), V(label), V(labels),
            V(annotations), V(image), V(mirror), V(repository), V(tag), V(hashed_names), V(job_names) and V(service_name). An empty string
            or list is valid unless the rule forbids it.

    Returns:
        A sentence for each problem, without a full stop.
    """
    return [problem for setting in settings for problem in _RULES[setting["rule"]](setting["name"], setting["value"])]


def _subdomain_problem(text: str, length: int = _SUBDOMAIN_LENGTH) -> str:
    if len(text) <= length and all(_DNS_LABEL.fullmatch(part) for part in text.split(".")):
        return ""
    return f"is not a valid Kubernetes name; write at most {length} characters, of which each part between dots has {_DNS_RULE}"


def _dns_label_problem(text: str, length: int = _LABEL_LENGTH) -> str:
    if len(text) <= length and _DNS_LABEL.fullmatch(text):
        return ""
    return f"is not a valid Kubernetes name; write at most {length} {_DNS_RULE}"


def _service_name_problem(text: str) -> str:
    # The name of a Service begins with a letter. Kubernetes 1.24 requires it of all Services.
    if text[:1].isdigit() or _dns_label_problem(text, _SERVICE_NAME_LENGTH):
        return f"is not a valid name of a Service; write at most {_SERVICE_NAME_LENGTH} {_SERVICE_RULE}"
    return ""


def _host_problem(text: str) -> str:
    if _ADDRESS.fullmatch(text):
        return "is an IP address, but an Ingress accepts only host names"
    return _subdomain_problem(text.removeprefix("*."))


def _label_problem(text: str) -> str:
    if not text or (len(text) <= _LABEL_LENGTH and _LABEL.fullmatch(text)):
        return ""
    return f"is not a valid label value; write {_LABEL_RULE}"


def _key_problem(key: Any) -> str:
    prefix, slash, name = str(key).rpartition("/")
    if (slash and _subdomain_problem(prefix)) or len(name) > _LABEL_LENGTH or not _LABEL.fullmatch(name):
        return f"is not a valid key of a label or annotation; write {_LABEL_RULE}, after an optional DNS name and /"
    return ""


def _scalar(problem: Callable[[str], str], *, may_be_empty: bool = True) -> Callable[[str, Any], list[str]]:
    def judge(name: str, value: Any) -> list[str]:
        values = value if isinstance(value, (list, tuple)) else [value]
        found = {str(each): problem(str(each)) for each in values if str(each) or not may_be_empty}
        return [f"{name} '{text}' {said}" for text, said in found.items() if said]

    return judge


def _entries(name: str, value: Mapping[Any, Any], value_problem: Callable[[str], str]) -> list[str]:
    problems = []
    for key, entry in value.items():
        where = f"{name}.{key}"
        if _key_problem(key):
            problems.append(f"{where} {_key_problem(key)}")
        if not isinstance(entry, str):
            problems.append(f"{where} must be a string; quote its value")
        elif value_problem(entry):
            problems.append(f"{where} '{entry}' {value_problem(entry)}")
    return problems


def _labels(name: str, value: Mapping[Any, Any]) -> list[str]:
    reserved = [f"{name}.{key} is a label in selectors of this platform; use another key" for key in value if key in _RESERVED]
    return [*reserved, *_entries(name, value, _label_problem)]


def _annotations(name: str, value: Mapping[Any, Any]) -> list[str]:
    size = sum(len(str(text).encode()) for entry in value.items() for text in entry)
    large = [f"{name} has {size} bytes; annotations of an object have at most {_ANNOTATIONS_BYTES}"] if size > _ANNOTATIONS_BYTES else []
    return [*large, *_entries(name, value, lambda _text: "")]


def _hashed_names(name: str, value: Iterable[str]) -> list[str]:
    found = {each: _subdomain_problem(str(each), _SUBDOMAIN_LENGTH - _HASH_LENGTH) for each in value}
    return [f"{name}.{each} {said}" for each, said in found.items() if said]


def _job_names(name: str, value: Iterable[str]) -> list[str]:
    counted = Counter(value)
    found = {each: _dns_label_problem(each, _LABEL_LENGTH - _HASH_LENGTH) for each in counted}
    twice = [
        f"{name} has {number} commands with the name '{each}'; give each command a different name"
        for each, number in counted.items()
        if number > 1
    ]
    return [*(f"{name}: the name '{each}' {said}" for each, said in found.items() if said), *twice]


_RULES: dict[str, Callable[[str, Any], list[str]]] = {
    "dns_label": _scalar(_dns_label_problem, may_be_empty=False),
    "subdomain": _scalar(_subdomain_problem),
    "host": _scalar(_host_problem),
    "label": _scalar(_label_problem),
    "labels": _labels,
    "annotations": _annotations,
    "image": _scalar(image_problem, may_be_empty=False),
    "mirror": _scalar(mirror_problem),
    "repository": _scalar(repository_problem),
    "tag": _scalar(tag_problem),
    "hashed_names": _hashed_names,
    "job_names": _job_names,
    "service_name": _scalar(_service_name_problem, may_be_empty=False),
}
