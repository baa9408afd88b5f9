# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Existing Secrets: checks and masks them without returning their content (private to the collection)."""

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
    """The values of the Secrets in a module's option C(mask_secrets).

    Args:
        params: the module's parameters.

    Raises:
        PlatformError: a Secret cannot be read.
    """
    names: list[str] = params["mask_secrets"]
    return secret_values(Cluster(auth(params)), params["namespace"], names) if names else []


def key_problems(subject: str, data: Mapping[str, str], keys: Sequence[Mapping[str, Any]]) -> list[str]:
    """Keys that are missing or too short.

    Args:
        subject: the Secret, for messages.
        data: the data of the Secret, in base64.
        keys: the required keys: C(name), and C(min_length) in characters.

    Returns:
        A sentence for each problem, without a full stop and without values.
    """
    problems = []
    for key in keys:
        name, least = key["name"], key["min_length"]
        if name not in data:
            problems.append(f"{subject} has no key {name}")
        elif (length := len(base64.b64decode(data[name]).decode(errors="replace"))) < least:
            problems.append(f"key {name} of {subject} has {length} characters, but needs at least {least}")
    return problems


def read_secret(cluster: Cluster, namespace: str, name: str) -> dict[str, Any] | None:
    """A Secret with its data; None if it does not exist.

    Raises:
        PlatformError: the Secret cannot be read; contains the error message of the cluster.
    """
    try:
        return cluster.get("Secret", namespace, name, TIMEOUT)
    except PlatformError as error:
        if error.status == 404:
            return None
        raise


def secret_values(cluster: Cluster, namespace: str, names: Iterable[str]) -> list[str]:
    """The values of Secrets, for the mask.

    Args:
        cluster: the cluster.
        namespace: namespace of the Secrets.
        names: names of the Secrets. A missing Secret is skipped.

    Raises:
        PlatformError: a Secret cannot be read.
    """
    found = [patiently(partial(read_secret, cluster, namespace, name)) for name in names]
    return [base64.b64decode(value).decode(errors="replace") for secret in found for value in ((secret or {}).get("data") or {}).values()]


def manifest_values(manifests: Iterable[Mapping[str, Any]]) -> list[str]:
    """The values in manifests of Secrets, for the mask, encoded and decoded.

    Args:
        manifests: values of any form, because the values of an invalid manifest must be masked too.
    """
    return [value for manifest in manifests for value in values_to_mask(manifest.get("stringData"), manifest.get("data"))]
