# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the storage classes and the ingress class that the settings name."""

from __future__ import annotations

from collections.abc import Iterable

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values


def _listed(names: Iterable[str] | None) -> str:
    return ", ".join(sorted(names or ())) or "none"


def _used_storage_classes(v: Values) -> dict[str, str]:
    """Storage classes by the setting that names them.

    Only claims that the run creates are checked, because a bound claim no longer needs its class.
    """
    created = {(each["kind"], each["name"]) for each in v["preflight_plan"]["objects"] if each["action"] == "create"}
    claims = [] if v["storage_static_volumes"] else v["storage_enabled_claims"]
    own = [claim["name"] for claim in claims if ("PersistentVolumeClaim", claim["claim_name"]) in created]
    uses = dict(_setting_and_class(name, v) for name in own)
    uses |= {f"{name}_storage_class": v[f"{name}_storage_class"] for name in ("postgresql", "redis") if ("StatefulSet", name) in created}
    # The empty class selects volumes of an administrator.
    return {setting: name for setting, name in uses.items() if name}


def _setting_and_class(claim: str, v: Values) -> tuple[str, str]:
    given = v["storage_claims"].get(claim) or {}
    return (f"storage_claims.{claim}.class", given["class"]) if "class" in given else ("storage_class", v["storage_class"])


def _unknown_storage_classes(v: Values) -> dict[str, str]:
    known = v["preflight_plan"]["cluster"]["storage_classes"]
    if known is None:
        return {}
    # A class that derives from another setting is reported under that setting.
    settings = {"platform_storage_class": v["platform_storage_class"], **_used_storage_classes(v)}
    setting_of = {class_name: setting for setting, class_name in reversed(settings.items())}
    unknown = dict.fromkeys(each for each in _used_storage_classes(v).values() if each not in known)
    settings_in_words = ", ".join(f"{setting_of[each]} '{each}'" for each in unknown)
    return {"unknown": settings_in_words, "known": _listed(known)} if unknown else {}


def _known_if_ingress_class_is_not(v: Values) -> str:
    if not v["ingress_enabled"] or not v["ingress_class"]:
        return ""
    known = v["preflight_plan"]["cluster"]["ingress_classes"]
    return "" if known is None or v["ingress_class"] in known else _listed(known)


def _controller_besides_traefik(v: Values) -> str:
    if not v["ingress_enabled"] or not (v["ingress_traefik_entrypoints"] or v["ingress_traefik_http_entrypoints"]):
        return ""
    controller: str = (v["preflight_plan"]["cluster"]["ingress_classes"] or {}).get(v["ingress_class"], "")
    return "" if controller.startswith("traefik.io/") else controller


RULES = (
    Rule(
        _unknown_storage_classes,
        "{0[unknown]} does not exist in the cluster (existing classes: {0[known]}). Set it in {preflight_values_file}.",
    ),
    Rule(
        _known_if_ingress_class_is_not,
        "ingress_class '{ingress_class}' does not exist in the cluster, so no controller would serve the Ingress (existing classes: {}). "
        "Set it in {preflight_values_file}.",
    ),
    Rule(
        _controller_besides_traefik,
        "ingress_class '{ingress_class}' is served by {}, which is not Traefik. In {preflight_values_file}, set "
        "ingress_traefik_entrypoints and ingress_traefik_http_entrypoints to [], and set ingress_controller_namespace to the namespace of "
        "the controller.",
    ),
)
