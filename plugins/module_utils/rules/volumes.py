# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the claims, and for the volumes that settings add to pods."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.names import naming_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.quantities import quantity_problems
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, workload_settings

_OWN_CLAIMS = ("media", "static", "backups")
_CLAIM_FIELDS = ("size", "class", "access_mode", "enabled")
_ACCESS_MODES = ("ReadWriteMany", "ReadWriteOnce")
_MODE = re.compile(r"0[0-7]{3}")
# Libpq rejects a private key of root with one of these permissions.
_OF_OTHERS = 0o037


def volume_settings(v: Values) -> dict[str, list[dict[str, Any]]]:
    """The volumes of each setting that has any, by the name of the setting.

    Args:
        v: the variables.
    """
    settings = {name: v.get(name) for name in ("platform_volumes", "job_volumes")} | workload_settings(v, "volumes")
    return {name: volumes for name, volumes in settings.items() if volumes}


def _claims(v: Values) -> dict[str, Mapping[str, Any]]:
    return {name: claim if isinstance(claim, Mapping) else {} for name, claim in v["storage_claims"].items()}


def _problems_of_claims(v: Values) -> str:
    problems = naming_problems([{"name": "storage_claims", "rule": "dns_label", "value": [*v["storage_claims"]]}])
    for name, claim in v["storage_claims"].items():
        where = f"storage_claims.{name}"
        if not isinstance(claim, Mapping):
            problems.append(f"{where} must be a mapping")
            continue
        problems += [
            f"{where}.{key} is not a field of a claim; the fields are {', '.join(_CLAIM_FIELDS)}"
            for key in claim
            if key not in _CLAIM_FIELDS
        ]
        # Before ansible-core 2.19, a template of a boolean may result in a string.
        if str(claim.get("enabled", True)) not in ("True", "False"):
            problems.append(f"{where}.enabled must be a boolean")
        if "size" in claim:
            problems += quantity_problems(f"{where}.size", claim["size"])
        elif name not in _OWN_CLAIMS:
            problems.append(f"{where}.size is not set")
    return "; ".join(problems)


def _access_modes(v: Values) -> dict[str, str]:
    given = {"storage_access_mode": v["storage_access_mode"]}
    given |= {f"storage_claims.{name}.access_mode": claim["access_mode"] for name, claim in _claims(v).items() if "access_mode" in claim}
    wrong = [f"{name} '{mode}'" for name, mode in given.items() if mode not in _ACCESS_MODES]
    return {"settings": ", ".join(wrong), "modes": " or ".join(_ACCESS_MODES)} if wrong else {}


def _problem(volume: Mapping[str, Any], known: Mapping[str, Mapping[str, Any]]) -> str:
    name, source = volume["name"], volume.get("source")
    if source is not None and len(source) != 1:
        return "needs one volume source"
    if source is None and name not in known:
        return f"has no source and is none of {', '.join(known) or 'the shared volumes'}"
    path = volume.get("path") or known.get(name, {}).get("path", "")
    return "" if path.startswith("/") else "needs an absolute path"


def _problems_of_volumes(v: Values) -> str:
    problems = []
    # Pods with other images cannot mount the volumes of the application by name.
    others = {f"{role}_volumes" for role in ("nginx", *v["data_services_roles"])}
    for setting, volumes in volume_settings(v).items():
        known = {} if setting in others else v["platform_application_volumes"]
        sources: dict[str, Any] = {}
        paths: set[str] = set()
        for volume in volumes:
            name, path = volume["name"], volume.get("path", "")
            problem = _problem(volume, known)
            if sources.setdefault(name, volume.get("source")) != volume.get("source"):
                problem = problem or "has two sources"
            if path and path in paths:
                problem = problem or f"has the path {path} of another volume"
            paths.add(path)
            problems += [f"{setting}[{name}] {problem}"] if problem else []
    return "; ".join(problems)


def _key_others_may_read(v: Values) -> str:
    key = str(v["platform_config_values"].get("PGSSLKEY", ""))
    directory, mode = v["platform_secret_files_directory"].rstrip("/"), str(v["platform_secret_files_mode"])
    if not key.startswith(f"{directory}/") or not _MODE.fullmatch(mode):
        return ""
    return key if int(mode, 8) & _OF_OTHERS else ""


RULES = (
    Rule(_problems_of_claims, "{} (set it in {preflight_values_file})."),
    Rule(
        _access_modes,
        "{0[settings]} does not let several pods mount the claim: set it to {0[modes]} in {preflight_values_file}. With ReadWriteOnce, all "
        "pods that mount the claim must run on one node.",
    ),
    Rule(_problems_of_volumes, "{} (set it in {preflight_values_file})."),
    Rule(
        lambda v: not _MODE.fullmatch(str(v["platform_secret_files_mode"])),
        "platform_secret_files_mode '{platform_secret_files_mode}' is not a file mode: write four octal digits that begin with 0 in "
        'quotes, such as "0440", in {preflight_values_file}.',
    ),
    Rule(
        _key_others_may_read,
        "The client key of PostgreSQL {} (platform_config.PGSSLKEY) gets the mode {platform_secret_files_mode}, and libpq rejects a key "
        'that others may read: set platform_secret_files_mode to "0440" in {preflight_values_file}.',
    ),
)
