# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Rules of the playbooks other than site.yml, such as scale, rollback, backup, export and remove."""

from __future__ import annotations

import pathlib
import re
from collections.abc import Iterable, Mapping
from typing import Any

from ansible_collections.jewelry_shop.platform.plugins.module_utils.backup.listing import ID, LATEST, named_backup
from ansible_collections.jewelry_shop.platform.plugins.module_utils.manifests.images import mirror_problem
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.cluster import kubeconfigs
from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.rule import Rule, Values, findings, integer
from ansible_collections.jewelry_shop.platform.plugins.module_utils.settings.problems import nearest


def _autoscaled(v: Values, by_keda: bool) -> str:
    found = v["scale_autoscalers"]["resources"]
    targets = dict.fromkeys(each["spec"]["scaleTargetRef"]["name"] for each in found if _is_of_keda(each) is by_keda)
    return ", ".join(name for name in targets if name in v["scale_replicas"])


def _is_of_keda(autoscaler: Mapping[str, Any]) -> bool:
    return any(owner["kind"] == "ScaledObject" for owner in (autoscaler.get("metadata") or {}).get("ownerReferences") or ())


def _kubeconfig_is_of_this_run(v: Values) -> bool:
    return bool(v["deployer_kubeconfig"]) and kubeconfigs(v["deployer_kubeconfig"])[0] in kubeconfigs(v["platform_kubeconfig"])


def _hosts_with_the_same_file(v: Values, name: str) -> str:
    paths = v[name]
    own = paths.get(v["inventory_hostname"])
    return " and ".join(f"the host {host}" for host, path in paths.items() if own and path == own and host != v["inventory_hostname"])


RENDER = (
    Rule(
        lambda v: _hosts_with_the_same_file(v, "__render_directories"),
        "render_directory {render_directory} is also the directory of {}, so the files of one host would overwrite those of the "
        "other. Use the name of the host in it, such as -e 'render_directory=/tmp/{{{{ inventory_hostname }}}}', or run with --limit.",
    ),
)


def _unknown_placeholders(v: Values) -> str:
    found = re.findall(r"\{[^}]*\}?", v["export_secret_remote_key"])
    return ", ".join(each for each in found if each not in _PLACEHOLDERS)


_PLACEHOLDERS = ("{name}", "{namespace}", "{host}")
EXPORT = (
    Rule(
        lambda v: v["export_secrets"] == "external_secret" and not v["export_secret_store_name"],
        "export_secret_store_name is not set, but export_secrets is external_secret: set it to the name of the store, such as vault.",
    ),
    Rule(
        lambda v: v["export_secrets"] == "external_secret" and _unknown_placeholders(v),
        "export_secret_remote_key contains {}, but the placeholders are {{name}}, {{namespace}} and {{host}}.",
    ),
    Rule(
        lambda v: v["export_secrets"] == "external_secret" and not v["export_secret_remote_key"],
        "export_secret_remote_key is empty: set it to the key of the entries in the store, such as {{namespace}}/{{name}}.",
    ),
    Rule(
        lambda v: v["export_flux"] and not v["export_flux_path"],
        "export_flux_path is not set, but export_flux is true: set it to the path of export_directory in the repository, such as clusters.",
    ),
    Rule(
        lambda v: (path := pathlib.Path(v["export_directory"]).expanduser()).exists() and not path.is_dir(),
        "export_directory {export_directory} is a file: set it to the path of a directory.",
    ),
    Rule(
        lambda v: v["platform_secrets_provider"] == "generated" and v["platform_generation_is_due"],
        "platform_secrets_provider is generated, but {platform_generated_secrets_directory} does not contain all secrets, so the names of "
        "the Secrets are not known: run site.yml once, or choose another platform_secrets_provider.",
    ),
    Rule(
        lambda v: v["nginx_tls_provider"] == "generated" and v["nginx_tls_is_to_be_made"],
        "nginx_tls_provider is generated, but the certificate does not exist or has to be renewed, so the name of its Secret is not known: "
        "run site.yml first, or set nginx_tls_provider to existing.",
    ),
)


def _script(v: Values) -> pathlib.Path:
    return pathlib.Path(v["images_script"]).expanduser().resolve()


SCALE = (
    Rule(
        lambda v: not v["scale_replicas"],
        'scale_replicas is empty. Set it to names of tiers and numbers of replicas, such as -e \'{{"scale_replicas": {{"django": 5}}}}\'.',
    ),
    Rule(
        lambda v: _autoscaled(v, by_keda=True),
        "KEDA sets the replicas of {}: change <tier>_keda_min_replicas and <tier>_keda_max_replicas instead. Nothing was changed.",
    ),
    Rule(
        lambda v: _autoscaled(v, by_keda=False),
        "An autoscaler sets the replicas of {}: change <tier>_hpa_min_replicas and <tier>_hpa_max_replicas instead. Nothing was changed.",
    ),
)
HISTORY = (
    Rule(
        lambda v: bool(v["history_from_release"]) != bool(v["history_to_release"]),
        "history_from_release and history_to_release belong together: set both to compare two releases, or none of them to list the "
        "releases.",
    ),
)
IMAGES = (
    Rule(
        lambda v: v["platform_image_mirror"] and mirror_problem(v["platform_image_mirror"]),
        "platform_image_mirror '{platform_image_mirror}' {}.",
    ),
    Rule(
        lambda v: v["images_script"] and not v["platform_image_mirror"],
        "images_script needs a registry to copy the images to: set platform_image_mirror, such as registry.example.com:5000/mirror.",
    ),
    Rule(
        lambda v: v["images_script"] and not _script(v).parent.is_dir() and _script(v).parent,
        "The directory {} of images_script does not exist: create it, or set images_script to a path in another directory.",
    ),
    Rule(
        lambda v: v["images_script"] and _script(v).is_dir(),
        "images_script '{images_script}' is a directory: set it to the path of a file.",
    ),
    Rule(
        lambda v: _hosts_with_the_same_file(v, "__images_scripts"),
        "images_script {images_script} is also the file of {}, so the script of one host would overwrite that of the other. Use the name "
        "of the host in it, such as -e 'images_script=mirror-{{{{ inventory_hostname }}}}.sh', or run with --limit.",
    ),
)
_NO_CLAIM_FOR_BACKUPS = Rule(
    lambda v: "backups" not in v["platform_application_volumes"],
    "The claim backups is not enabled, so there is no volume for backups: remove storage_claims.backups.enabled, and run site.yml.",
)
_DEADLINE = Rule(
    lambda v: integer(v["backup_deadline"]) < 1,
    "backup_deadline is {backup_deadline}: set it to the number of seconds that a Job may take, such as 3600.",
)
BACKUP = (
    _NO_CLAIM_FOR_BACKUPS,
    Rule(
        lambda v: integer(v["backup_keep"]) < 1,
        "backup_keep is {backup_keep}: set it to the number of backups that stay, 1 or more.",
    ),
    _DEADLINE,
)


def _unknown_parts(v: Values) -> str:
    return ", ".join(str(each) for each in v["__restore_what"] if each not in ("database", "uploads"))


RESTORE = (
    _NO_CLAIM_FOR_BACKUPS,
    _DEADLINE,
    Rule(
        lambda v: v["restore_backup"] and not (v["restore_backup"] == LATEST or ID.fullmatch(str(v["restore_backup"]))),
        "restore_backup '{restore_backup}' is not the ID of a backup: set it to an ID such as 20261201T031500Z, or to latest.",
    ),
    Rule(lambda v: not v["__restore_what"], "restore_what is empty: set it to database, uploads, or both."),
    Rule(_unknown_parts, "restore_what names {}: it can contain database and uploads."),
    Rule(
        lambda v: "uploads" in v["__restore_what"] and "media" not in v["platform_application_volumes"],
        "The claim media is not enabled, so uploads are not restored: set restore_what to database.",
    ),
)


def _undeployed(v: Values) -> str:
    """The settings of files in the pods that the running release does not have."""
    newest = v["backup_history"]["newest"]
    titles = {"ca_config_map": "platform_postgresql_ca or platform_redis_ca", "secret_files": "platform_secret_files"}
    wanted = {"ca_config_map": v["platform_ca_files"], "secret_files": v["platform_secret_files"]}
    return " and ".join(title for name, title in titles.items() if newest and wanted[name] and not newest["names"].get(name))


# What a backup and a restore need from the running release.
RUNNING = (
    Rule(
        lambda v: not v["backup_history"]["newest"],
        "No release is recorded in namespace {platform_namespace}, so its database and its Secret are not known: run site.yml first.",
    ),
    Rule(_undeployed, "{} is set, but the running release does not have it: run site.yml first."),
)
RESTORED = (
    Rule(
        lambda v: not named_backup(v["restore_found"], str(v["restore_backup"])),
        "There is no complete backup {restore_backup}: the table above lists the backups.",
    ),
)
# The findings of the plan that do not depend on settings of the release.
ROLLBACK = (
    Rule(lambda v: "; ".join(dict.fromkeys(v["preflight_plan"]["refusals"])), "The cluster would reject: {}."),
    Rule(lambda v: "; ".join(v["preflight_plan"]["untrusted"]), "Other field managers wrote into objects of this platform: {}."),
    Rule(lambda v: "; ".join(v["preflight_plan"]["foreign"]), "These objects are not managed by this collection: {}."),
    Rule(
        lambda v: v["rollback_failed"] and not v["preflight_plan"]["differing"],
        "The cluster already has the objects of the last successful release, so there is nothing to roll back.",
    ),
)
DEPLOYER = (
    Rule(
        lambda v: v["deployer_namespace"] == v["platform_namespace"],
        "deployer_namespace is the same as platform_namespace. A credential that can write Secrets in its own namespace can create a token "
        "that never expires. Set deployer_namespace to another name.",
    ),
    Rule(
        _kubeconfig_is_of_this_run,
        "deployer_kubeconfig is the kubeconfig of this run, but this run needs the kubeconfig of an administrator. Pass it with -e "
        "platform_kubeconfig=PATH.",
    ),
    Rule(
        lambda v: _hosts_with_the_same_file(v, "__deployer_kubeconfigs"),
        "deployer_kubeconfig {deployer_kubeconfig} is also the file of {}, so the credential of one host would overwrite that of "
        "the other. Use the name of the host in it, or run with --limit.",
    ),
)


def remove_findings(values: Values) -> list[str]:
    """Why the platform is not removed.

    Args:
        values: the variables by name.
    """
    plan = values["remove_plan"]
    untrusted = [f"Not removed, because it does not belong to this platform: {each}." for each in plan["untrusted"]]
    rejected = [f"The cluster would reject the removal: {each}." for each in plan["refusals"]]
    return [*untrusted, *rejected, *values["remove_check"]["problems"]]


def scale_findings(values: Values) -> list[str]:
    """Why the replicas of C(scale_replicas) are not set.

    Args:
        values: the variables by name.
    """
    choices = {tier["name"]: tier.get("replica_choices") or [] for tier in values["tiers_overview"]}
    replicas = values["scale_replicas"]
    impossible = [_impossible(name, number, choices[name]) for name, number in replicas.items() if name in choices]
    return [*_unknown_tiers("scale_replicas", replicas, choices), *filter(None, impossible), *findings(SCALE, values)]


def _impossible(name: str, number: Any, choices: list[Any]) -> str:
    if not str(number).isdecimal():
        return f"scale_replicas: value of {name} must be an integer of 0 or more, got: {number}."
    if choices and int(number) not in [int(each) for each in choices]:
        return f"scale_replicas: value of {name} must be one of: {', '.join(str(each) for each in choices)}, got: {number}."
    return ""


def restart_findings(values: Values) -> list[str]:
    """The names in C(restart_tiers) that are not tiers.

    Args:
        values: the variables by name.
    """
    return _unknown_tiers("restart_tiers", values["restart_tiers"], [tier["name"] for tier in values["tiers_overview"]])


def _unknown_tiers(variable: str, names: Iterable[str], known: Iterable[str]) -> list[str]:
    tiers = list(known)
    return [f"{variable} names {name}, but the tiers are {', '.join(tiers)}{nearest(name, tiers)}" for name in names if name not in tiers]
