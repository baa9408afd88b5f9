# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The PersistentVolumeClaims of the shared volumes: pure functions (private to the collection)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from ansible.module_utils.parsing.convert_bool import boolean

Claims = Mapping[str, Mapping[str, Any]]


def enabled_claims(claims: Claims, defaults: Claims, common: Mapping[str, Any]) -> list[dict[str, Any]]:
    """List the claims that a run applies.

    Args:
        claims: The setting C(storage_claims): fields of claims that differ, and further claims.
        defaults: The fields of each claim of the collection by its name.
        common: The fields that all claims have.

    Returns:
        An entry for each enabled claim, with C(name), C(claim_name), C(size), C(class) and C(access_mode).

    Example:
        {{ storage_claims | jewelry_shop.platform.enabled_claims({'media': {'size': '1Gi'}}, {'access_mode': 'ReadWriteMany'}) }}
    """
    names = [*defaults, *(name for name in claims if name not in defaults)]
    # A rule reports a claim that is not a mapping. Other settings are resolved before that.
    given = {name: claim for name, claim in claims.items() if isinstance(claim, Mapping)}
    complete = {name: {**common, **defaults.get(name, {}), **given.get(name, {})} for name in names}
    return [
        {"name": name, "claim_name": f"{name}-pvc", **{key: value for key, value in claim.items() if key != "enabled"}}
        for name, claim in complete.items()
        if boolean(claim.get("enabled", True), strict=False)
    ]


def claim_volumes(claims: Iterable[Mapping[str, Any]], paths: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    """Describe the volumes of claims, as containers of the application mount them.

    Args:
        claims: Claims, as P(jewelry_shop.platform.enabled_claims#filter) returns them.
        paths: Path of a volume in the containers by the name of its claim. A volume without a path is mounted where a setting gives one.

    Returns:
        The volumes by name.

    Example:
        {{ storage_enabled_claims | jewelry_shop.platform.claim_volumes({'media': '/app/media'}) }}
    """
    return {
        claim["name"]: {
            "name": claim["name"],
            **({"path": paths[claim["name"]]} if claim["name"] in paths else {}),
            "source": {"persistentVolumeClaim": {"claimName": claim["claim_name"]}},
        }
        for claim in claims
    }
