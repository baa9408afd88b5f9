# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Which permissions a credential lacks: pure functions (private to the collection).

The forms are those of C(authorization.k8s.io/v1): SelfSubjectRulesReview and SelfSubjectAccessReview.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Permission:
    """To do something with the objects of a resource in a namespace.

    Args:
        verb: as in a Role.
        group: API group of the resource; empty for the first one.
        resource: its plural, perhaps with a subresource, such as C(pods/log).
    """

    verb: str
    group: str
    resource: str

    def __str__(self) -> str:
        """As people write it, such as C(list endpointslices.discovery.k8s.io)."""
        return f"{self.verb} {self.resource}{f'.{self.group}' if self.group else ''}"

    def attributes(self, namespace: str) -> dict[str, str]:
        """The C(resourceAttributes) of a SelfSubjectAccessReview."""
        resource, _slash, subresource = self.resource.partition("/")
        return {"namespace": namespace, "verb": self.verb, "group": self.group, "resource": resource, "subresource": subresource}


def permissions(wanted: Iterable[Mapping[str, Any]]) -> list[Permission]:
    """One for each verb.

    Args:
        wanted: mappings with C(group), C(resource) and C(verbs).
    """
    return [Permission(verb, each["group"], each["resource"]) for each in wanted for verb in each["verbs"]]


def not_granted(wanted: Iterable[Permission], rules: Sequence[Mapping[str, Any]]) -> list[Permission]:
    """Find those that no rule grants for all objects of a resource.

    Args:
        wanted: what is needed.
        rules: C(status.resourceRules) of a SelfSubjectRulesReview, which may lack some: some authorizers cannot list theirs.
    """
    return [each for each in wanted if not any(_grants(rule, each) for rule in rules)]


def _grants(rule: Mapping[str, Any], wanted: Permission) -> bool:
    _resource, slash, subresource = wanted.resource.partition("/")
    resources = {"*", wanted.resource, *([f"*/{subresource}"] if slash else [])}
    return (
        not rule.get("resourceNames")
        and not {"*", wanted.verb}.isdisjoint(rule.get("verbs") or ())
        and not {"*", wanted.group}.isdisjoint(rule.get("apiGroups") or ())
        and not resources.isdisjoint(rule.get("resources") or ())
    )
