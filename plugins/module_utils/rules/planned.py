# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules for the objects of the plan: what the cluster rejects, and what others wrote."""

from __future__ import annotations

import re

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.limits import rejected_containers
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values

# Kinds that a setting needs and a cluster may not serve. A rule reports each with the name of the setting.
SETTING_OF_KIND = {
    "ServiceMonitor": "monitoring_service_monitors",
    "PrometheusRule": "monitoring_rules",
    "ScaledObject": "platform_uses_keda",
    "TriggerAuthentication": "platform_uses_keda",
    "ExternalSecret": "platform_uses_external_secret",
    "Certificate": "nginx_uses_cert_manager",
}
SETTINGS_OF_CLAIMS = (
    " Set storage_class, storage_access_mode, storage_media_size, storage_static_size and storage_backups_size, or the fields of the claim "
    "in storage_claims, to the values of the claim."
)
CHECK_THE_VOLUMES = " First check that each of these claims is bound to the correct volume."


def _unknown(v: Values, kind: str) -> list[str]:
    if not v[SETTING_OF_KIND[kind]]:
        return []
    return [each for each in v["preflight_plan"]["refusals"] if re.match(f"{kind} .*: the API server does not serve this kind", each)]


def _rejected(v: Values) -> dict[str, str]:
    known_causes = [each for kind in SETTING_OF_KIND for each in _unknown(v, kind)]
    if rejected_containers(v):
        # The rule for it names the containers, which the API server does not.
        known_causes += [each for each in v["preflight_plan"]["refusals"] if " per Container is " in each]
    rejected = [each for each in dict.fromkeys(v["preflight_plan"]["refusals"]) if each not in known_causes]
    return {"objects": "; ".join(rejected), "hint": SETTINGS_OF_CLAIMS if _is_about_a_claim(rejected) else ""} if rejected else {}


def _is_about_a_claim(sentences: list[str]) -> bool:
    return any(each.startswith("PersistentVolumeClaim") for each in sentences)


def _written_by_others(v: Values) -> str:
    setting = "platform_allowed_field_managers"
    place = f" in {v['preflight_values_file']}"
    return "; ".join(each + place if each.endswith(setting) else each for each in v["preflight_plan"].get("untrusted", ()))


def _names_of_jobs(v: Values) -> list[str]:
    # Without valid settings the names are unknown.
    if not v.get("platform_release"):
        return []
    commands = [f"{each['name']}-{v['platform_release']}" for each in (*v["__pre_deploy_commands"], *v["post_deploy_commands"])]
    return [*commands, v["__nginx_check_job_name"], *(each["job_name"] for each in v["__data_services_checks"])]


def _jobs_of_others(v: Values) -> dict[str, str]:
    others = [each for each in v["preflight_plan"].get("jobs", ()) if each.get("made_by")]
    jobs = [each for each in others if each["name"] in _names_of_jobs(v)]
    creators = ", ".join(f"{each['name']} ({each['made_by']})" for each in jobs)
    return {"creators": creators, "names": " ".join(each["name"] for each in jobs)} if jobs else {}


def _another_install(v: Values) -> dict[str, str]:
    objects = v["preflight_plan"]["foreign"]
    return {"objects": "; ".join(objects), "hint": CHECK_THE_VOLUMES if _is_about_a_claim(objects) else ""} if objects else {}


RULES = (
    Rule(
        _rejected,
        "The cluster would reject: {0[objects]}.{0[hint]}",
    ),
    Rule(
        lambda v: _unknown(v, "ServiceMonitor"),
        "The API server does not serve the kind ServiceMonitor (monitoring.coreos.com/v1). Install the Prometheus operator first, or set "
        "monitoring_service_monitors to false in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _unknown(v, "PrometheusRule"),
        "The API server does not serve the kind PrometheusRule (monitoring.coreos.com/v1). Install the Prometheus operator first, or set "
        "monitoring_rules to false in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _unknown(v, "ScaledObject"),
        "The API server does not serve the kind ScaledObject (keda.sh/v1alpha1). Install KEDA first, or set <tier>_keda_enabled to false "
        "in {preflight_values_file}.",
    ),
    Rule(
        lambda v: _unknown(v, "ExternalSecret"),
        "The API server does not serve the kind ExternalSecret (external-secrets.io/v1). Install External Secrets Operator 0.16 or newer "
        "first, or use another platform_secrets_provider in {preflight_secrets_file}.",
    ),
    Rule(
        lambda v: _unknown(v, "Certificate"),
        "The API server does not serve the kind Certificate (cert-manager.io/v1). Install cert-manager first, or use another "
        "nginx_tls_provider in {preflight_values_file}.",
    ),
    Rule(
        _written_by_others,
        "Other field managers wrote into objects of this platform: {}.",
    ),
    Rule(
        _jobs_of_others,
        "Other field managers created Jobs with names that this run uses: {0[creators]}. Whether the commands of this release ran is not "
        "known. Delete them with kubectl delete job {0[names]} -n {platform_namespace}, and run again.",
    ),
    Rule(
        _another_install,
        "These objects are not managed by this collection: {0[objects]}. To adopt them, run again with -e preflight_take_over=true. "
        "Volumes are kept. The old pods serve until the new pods serve.{0[hint]}",
    ),
)
