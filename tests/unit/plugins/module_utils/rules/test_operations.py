# Copyright: (c) 2026, Jewelry Shop Platform Team
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)

"""What the playbooks that act on an existing platform reject."""

from __future__ import annotations

from typing import Any

import pytest

from ansible_collections.jewelry_shop.platform.plugins.module_utils.rules.findings import FINDINGS

AUTOSCALERS = {"resources": [{"spec": {"scaleTargetRef": {"name": name}}} for name in ("nginx", "django", "celery-worker")]}
OF_KEDA = {"metadata": {"ownerReferences": [{"kind": "ScaledObject"}]}, "spec": {"scaleTargetRef": {"name": "web"}}}
TIERS: list[dict[str, Any]] = [{"name": "django"}, {"name": "nginx"}, {"name": "web"}, {"name": "celery-beat", "replica_choices": [0, 1]}]
SCALED = {"scale_autoscalers": AUTOSCALERS, "tiers_overview": TIERS}
NO_NUMBER = "scale_replicas: value of web must be an integer of 0 or more, got: "
DEPLOYER = {
    "platform_namespace": "shop",
    "deployer_namespace": "shop-deployer",
    "platform_kubeconfig": "",
    "deployer_kubeconfig": "",
    "inventory_hostname": "staging",
    "__deployer_kubeconfigs": {"staging": "", "production": ""},
}
IMAGES = {"inventory_hostname": "staging", "__images_scripts": {"staging": ""}}
RENDER = {"inventory_hostname": "staging", "render_directory": "/a"}
EXPORT = {
    "export_secrets": "none",
    "export_secret_store_name": "",
    "export_secret_remote_key": "{namespace}/{name}",
    "export_flux": False,
    "export_flux_path": "",
    "export_directory": "/nonexistent/clusters",
    "platform_secrets_provider": "inventory",
    "platform_generation_is_due": True,
    "platform_generated_secrets_directory": "/secrets",
    "nginx_tls_provider": "none",
    "nginx_tls_is_to_be_made": True,
}
EXTERNAL = {**EXPORT, "export_secrets": "external_secret", "export_secret_store_name": "vault"}
SAME_KUBECONFIG = (
    "deployer_kubeconfig is the kubeconfig of this run, but this run needs the kubeconfig of an administrator. Pass it with -e "
    "platform_kubeconfig=PATH."
)
REMOVED: dict[str, Any] = {"remove_check": {"problems": []}}
BOTH = (
    "history_from_release and history_to_release belong together: set both to compare two releases, or none of them to list the releases."
)
PLANNED: dict[str, Any] = {
    "cluster": {"host": "h", "uid": "u", "version": "1.34.4"},
    "differing": ["tiers"],
    **dict.fromkeys(("forbidden", "refusals", "untrusted", "foreign"), ()),
}
ROLLBACK = {
    "platform_api_host": "",
    "platform_cluster_uid": "",
    "platform_namespace": "shop",
    "preflight_minimum_version": "1.24",
    "preflight_plan": PLANNED,
    "rollback_failed": False,
}
MOUNTED: dict[str, Any] = {"platform_application_volumes": {"media": {}, "backups": {}}}
BACKUP = {"backup_keep": 7, "backup_deadline": 3600, **MOUNTED}
NO_CLAIM = "The claim backups is not enabled, so there is no volume for backups: remove storage_claims.backups.enabled, and run site.yml."
RESTORE = {**BACKUP, "restore_backup": "latest", "__restore_what": ["database", "uploads"]}
NEWEST = {"names": {"secret": "django-secrets-1"}}
RUNNING = {"platform_namespace": "shop", "platform_ca_files": {}, "platform_secret_files": {}}
NO_ID = "is not the ID of a backup: set it to an ID such as 20261201T031500Z, or to latest."
NOTHING = "The cluster already has the objects of the last successful release, so there is nothing to roll back."


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        ("backup", BACKUP, []),
        ("backup", {**BACKUP, "backup_keep": "1"}, []),
        ("backup", {**BACKUP, "backup_keep": 0}, ["backup_keep is 0: set it to the number of backups that stay, 1 or more."]),
        (
            "backup",
            {**BACKUP, "backup_deadline": 0},
            ["backup_deadline is 0: set it to the number of seconds that a Job may take, such as 3600."],
        ),
        ("backup", {**BACKUP, "platform_application_volumes": {"media": {}}}, [NO_CLAIM]),
        ("restore", RESTORE, []),
        ("restore", {**RESTORE, "restore_backup": ""}, []),
        ("restore", {**RESTORE, "restore_backup": "20261201T031500Z"}, []),
        ("restore", {**RESTORE, "restore_backup": "../20261201T031500Z"}, [f"restore_backup '../20261201T031500Z' {NO_ID}"]),
        ("restore", {**RESTORE, "__restore_what": []}, ["restore_what is empty: set it to database, uploads, or both."]),
        (
            "restore",
            {**RESTORE, "__restore_what": ["database", "media"]},
            ["restore_what names media: it can contain database and uploads."],
        ),
        (
            "restore",
            {**RESTORE, "platform_application_volumes": {"backups": {}}},
            ["The claim media is not enabled, so uploads are not restored: set restore_what to database."],
        ),
        ("restore", {**RESTORE, "platform_application_volumes": {"backups": {}}, "__restore_what": ["database"]}, []),
        ("running", {**RUNNING, "backup_history": {"newest": NEWEST}}, []),
        (
            "running",
            {**RUNNING, "backup_history": {"newest": {}}},
            ["No release is recorded in namespace shop, so its database and its Secret are not known: run site.yml first."],
        ),
        (
            "running",
            {**RUNNING, "backup_history": {"newest": NEWEST}, "platform_ca_files": {"postgresql.crt": "x"}},
            ["platform_postgresql_ca or platform_redis_ca is set, but the running release does not have it: run site.yml first."],
        ),
        ("restored", {"restore_found": [{"id": "20261201T031500Z"}], "restore_backup": "latest"}, []),
        (
            "restored",
            {"restore_found": [{"id": "20261201T031500Z"}], "restore_backup": "20200101T000000Z"},
            ["There is no complete backup 20200101T000000Z: the table above lists the backups."],
        ),
        ("permitted", {"platform_namespace": "shop", "preflight_plan": PLANNED}, []),
        (
            "permitted",
            {"platform_namespace": "shop", "preflight_plan": {**PLANNED, "forbidden": ["patch deployments/scale.apps"]}},
            [
                "The credential lacks permissions in namespace shop that the run needs: patch deployments/scale.apps. Let an administrator "
                "run playbooks/grant_deployer.yml with this inventory."
            ],
        ),
        ("scale", {"scale_replicas": {"celery-beat": 1}, **SCALED}, []),
        (
            "scale",
            {"scale_replicas": {}, **SCALED},
            [
                "scale_replicas is empty. Set it to names of tiers and numbers of replicas, such as "
                '-e \'{"scale_replicas": {"django": 5}}\'.'
            ],
        ),
        (
            "scale",
            {"scale_replicas": {"django": 5, "celery-beat": 1, "nginx": 2}, **SCALED},
            [
                "An autoscaler sets the replicas of nginx, django: change <tier>_hpa_min_replicas and <tier>_hpa_max_replicas instead. "
                "Nothing was changed."
            ],
        ),
        (
            "scale",
            {"scale_replicas": {"web": 2}, "tiers_overview": TIERS, "scale_autoscalers": {"resources": [OF_KEDA]}},
            ["KEDA sets the replicas of web: change <tier>_keda_min_replicas and <tier>_keda_max_replicas instead. Nothing was changed."],
        ),
        ("scale", {"scale_replicas": {"web": 0, "celery-beat": "0"}, **SCALED}, []),
        (
            "scale",
            {"scale_replicas": {"wep": 1}, **SCALED},
            ["scale_replicas names wep, but the tiers are django, nginx, web, celery-beat; did you mean web?"],
        ),
        ("scale", {"scale_replicas": {"celery-beat": 2}, **SCALED}, ["scale_replicas: value of celery-beat must be one of: 0, 1, got: 2."]),
        ("scale", {"scale_replicas": {"web": -1}, **SCALED}, [f"{NO_NUMBER}-1."]),
        ("scale", {"scale_replicas": {"web": "many"}, **SCALED}, [f"{NO_NUMBER}many."]),
        ("restart", {"restart_tiers": [], "tiers_overview": TIERS}, []),
        ("restart", {"restart_tiers": ["web", "nginx"], "tiers_overview": TIERS}, []),
        (
            "restart",
            {"restart_tiers": ["web", "zzz"], "tiers_overview": TIERS},
            ["restart_tiers names zzz, but the tiers are django, nginx, web, celery-beat."],
        ),
        ("history", {"history_from_release": "", "history_to_release": ""}, []),
        ("history", {"history_from_release": "6", "history_to_release": "7"}, []),
        ("history", {"history_from_release": "6", "history_to_release": ""}, [BOTH]),
        ("images", {**IMAGES, "images_script": "", "platform_image_mirror": ""}, []),
        ("images", {**IMAGES, "images_script": "", "platform_image_mirror": "registry.example.com"}, []),
        ("images", {**IMAGES, "images_script": "mirror.sh", "platform_image_mirror": "registry:5000/copies"}, []),
        (
            "images",
            {**IMAGES, "images_script": "mirror.sh", "platform_image_mirror": ""},
            ["images_script needs a registry to copy the images to: set platform_image_mirror, such as registry.example.com:5000/mirror."],
        ),
        (
            "images",
            {**IMAGES, "images_script": "/nonexistent/mirror.sh", "platform_image_mirror": "registry.example.com"},
            ["The directory /nonexistent of images_script does not exist: create it, or set images_script to a path in another directory."],
        ),
        (
            "images",
            {**IMAGES, "images_script": "/", "platform_image_mirror": "registry.example.com"},
            ["images_script '/' is a directory: set it to the path of a file."],
        ),
        (
            "images",
            {
                **IMAGES,
                "images_script": "mirror.sh",
                "platform_image_mirror": "registry.example.com",
                "__images_scripts": {"staging": "mirror.sh", "production": "mirror.sh"},
            },
            [
                "images_script mirror.sh is also the file of the host production, so the script of one host would overwrite that of the "
                "other. Use the name of the host in it, such as -e 'images_script=mirror-{{ inventory_hostname }}.sh', or run with --limit."
            ],
        ),
        (
            "images",
            {**IMAGES, "images_script": "", "platform_image_mirror": "https://registry.example.com"},
            [
                "platform_image_mirror 'https://registry.example.com' is not a registry; write host, host:port or host:port/path without "
                "https:// and without a slash at the end, such as registry.example.com:5000/mirror."
            ],
        ),
        ("rollback", ROLLBACK, []),
        ("rollback", {**ROLLBACK, "preflight_plan": {**PLANNED, "differing": []}}, []),
        ("rollback", {**ROLLBACK, "rollback_failed": True, "preflight_plan": {**PLANNED, "differing": []}}, [NOTHING]),
        (
            "rollback",
            {**ROLLBACK, "preflight_plan": {**PLANNED, "refusals": ["a", "a"], "untrusted": ["b"], "foreign": ["c"]}},
            [
                "The cluster would reject: a.",
                "Other field managers wrote into objects of this platform: b.",
                "These objects are not managed by this collection: c.",
            ],
        ),
        ("remove", {**REMOVED, "remove_plan": {"untrusted": [], "refusals": []}}, []),
        (
            "remove",
            {"remove_check": {"problems": ["e"]}, "remove_plan": {"untrusted": ["a", "b"], "refusals": ["c", "d"]}},
            [
                "Not removed, because it does not belong to this platform: a.",
                "Not removed, because it does not belong to this platform: b.",
                "The cluster would reject the removal: c.",
                "The cluster would reject the removal: d.",
                "e",
            ],
        ),
        ("deployer", DEPLOYER, []),
        ("deployer", {**DEPLOYER, "deployer_kubeconfig": "/c", "platform_kubeconfig": "/a:/b"}, []),
        ("deployer", {**DEPLOYER, "deployer_kubeconfig": "~/b", "platform_kubeconfig": "/a:~/b"}, [SAME_KUBECONFIG]),
        ("deployer", {**DEPLOYER, "__deployer_kubeconfigs": {"staging": "/a", "production": "/b"}}, []),
        (
            "deployer",
            {**DEPLOYER, "deployer_kubeconfig": "/a", "__deployer_kubeconfigs": {"staging": "/a", "production": "/a"}},
            [
                "deployer_kubeconfig /a is also the file of the host production, so the credential of one host would overwrite that of the "
                "other. Use the name of the host in it, or run with --limit."
            ],
        ),
        ("export", EXPORT, []),
        ("export", EXTERNAL, []),
        ("export", {**EXTERNAL, "export_secret_remote_key": "kv/{host}"}, []),
        ("export", {**EXPORT, "export_flux": True, "export_flux_path": "clusters"}, []),
        ("export", {**EXPORT, "platform_secrets_provider": "generated", "platform_generation_is_due": False}, []),
        ("export", {**EXPORT, "nginx_tls_provider": "generated", "nginx_tls_is_to_be_made": False}, []),
        (
            "export",
            {**EXPORT, "export_secrets": "external_secret", "export_flux": True, "export_directory": "/etc/passwd"},
            [
                "export_secret_store_name is not set, but export_secrets is external_secret: set it to the name of the store, such as "
                "vault.",
                "export_flux_path is not set, but export_flux is true: set it to the path of export_directory in the repository, such as "
                "clusters.",
                "export_directory /etc/passwd is a file: set it to the path of a directory.",
            ],
        ),
        (
            "export",
            {**EXTERNAL, "export_secret_remote_key": "{namspace}/{name}/{"},
            ["export_secret_remote_key contains {namspace}, {, but the placeholders are {name}, {namespace} and {host}."],
        ),
        (
            "export",
            {**EXTERNAL, "export_secret_remote_key": ""},
            ["export_secret_remote_key is empty: set it to the key of the entries in the store, such as {namespace}/{name}."],
        ),
        (
            "export",
            {**EXPORT, "platform_secrets_provider": "generated", "nginx_tls_provider": "generated"},
            [
                "platform_secrets_provider is generated, but /secrets does not contain all secrets, so the names of the Secrets are not "
                "known: run site.yml once, or choose another platform_secrets_provider.",
                "nginx_tls_provider is generated, but the certificate does not exist or has to be renewed, so the name of its Secret is "
                "not known: run site.yml first, or set nginx_tls_provider to existing.",
            ],
        ),
        ("render", {**RENDER, "__render_directories": {"staging": "/a", "production": "/b"}}, []),
        ("render", {**RENDER, "__render_directories": {"staging": "/a"}}, []),
        (
            "render",
            {**RENDER, "__render_directories": {"staging": "/a", "production": "/a", "test": "/a"}},
            [
                "render_directory /a is also the directory of the host production and the host test, so the files of one host would "
                "overwrite those of the other. Use the name of the host in it, such as -e "
                "'render_directory=/tmp/{{ inventory_hostname }}', or run with --limit."
            ],
        ),
        (
            "deployer",
            {**DEPLOYER, "deployer_namespace": "shop"},
            [
                "deployer_namespace is the same as platform_namespace. A credential that can write Secrets in its own namespace can create "
                "a token that never expires. Set deployer_namespace to another name."
            ],
        ),
    ],
)
def test_problems_are_reported(name: str, values: dict[str, Any], expected: list[str]) -> None:
    assert FINDINGS[name](values) == expected
