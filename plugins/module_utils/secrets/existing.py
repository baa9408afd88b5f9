# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Secrets that somebody else made: judged, and masked, without their content going anywhere (private to the collection)."""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.client import Cluster, patiently
from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.errors import PlatformError
from ansible_collections.jewelry_shop.platform.plugins.module_utils.modules.options import auth
from ansible_collections.jewelry_shop.platform.plugins.module_utils.secrets.masking import values_to_mask

TIMEOUT = 30.0


def secrets_to_mask(params: Mapping[str, Any]) -> list[str]:
    """The values of the Secrets that a module's option C(mask_secrets) names.

    Args:
        params: the module's parameters.

    Raises:
        PlatformError: one cannot be read.
    """
    names: list[str] = params["mask_secrets"]
    return secret_values(Cluster(auth(params)), params["namespace"], names) if names else []


def key_problems(subject: str, data: Mapping[str, str], keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys that are missing or too short.

    Args:
        subject: the Secret, for people.
        data: its content, in base64.
        keys: C(name), and C(min_length) in characters.

    Returns:
        A sentence for each, without a full stop and without any content.
    """
    problems = []
    for key in keys:
        name, least = key["name"], key["min_length"]
        if name not in data:
            problems.append(f"{subject} has no key {name}")
        elif (length := len(base64.b64decode(data[name]).decode(errors="replace"))) < least:
            problems.append(f"key {name} of {subject} has {length} characters, it needs at least {least}")
    return problems


def read_secret(cluster: Cluster, namespace: str, name: str) -> dict[str, Any] | None:
    """A Secret with its content; None if there is none.

    Raises:
        PlatformError: it cannot be read; says why in the cluster's words.
    """
    try:
        return cluster.get("Secret", namespace, name, TIMEOUT)
    except PlatformError as error:
        if error.status == 404:
            return None
        raise


def secret_values(cluster: Cluster, namespace: str, names: Iterable[str]) -> list[str]:
    """The values of Secrets, to be masked.

    Args:
        cluster: where they are.
        namespace: their namespace.
        names: theirs; one that is not there has nothing to hide.

    Raises:
        PlatformError: one cannot be read.
    """
    found = [patiently(partial(read_secret, cluster, namespace, name)) for name in names]
    return [base64.b64decode(value).decode(errors="replace") for secret in found for value in ((secret or {}).get("data") or {}).values()]


def manifest_values(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The values in manifests of Secrets, to be masked, as they are written and decoded.

    Args:
        manifests: of any form: what is wrong with one must not keep its values from being hidden.
    """
    return [value for manifest in manifests for value in values_to_mask(manifest.get("stringData"), manifest.get("data"))]
