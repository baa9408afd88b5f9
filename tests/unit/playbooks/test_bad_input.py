"""The messages of the playbooks for invalid settings. No cluster is needed.

A run takes seconds, so that one run serves many cases: each is a host of its inventory.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
INVENTORY = REPOSITORY / "inventories" / "kind"
SECRET = "hunter2-and-more"
OWN_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "stringData": {"a": SECRET}}
LISTS = [{"kind": "List", "apiVersion": "v1", "items": [{"kind": "Job"}]}, {"kind": "List", "items": []}, {}]
GENERATED = {"apiVersion": "v1", "kind": "Job", "metadata": {"generateName": "a-"}}
# The end of a sentence with the file of the settings.
PLACE = "(set it in {values})."
WRONG_TYPES = {"django_replicas": "many", "platform_release_history": "few"}
NOT_GENERATED = {"platform_secrets_provider": "inventory", "nginx_tls_provider": "none"}
NO_CLUSTER = "No cluster is set. Set platform_kube_context in {values}"

# By run and host: the host's settings, and what its failure says. The name of a run is a playbook, and what sets the run apart.
CASES: dict[str, dict[str, tuple[dict[str, Any], list[str]]]] = {
    "site.yml": {
        "two": (
            {**WRONG_TYPES, "platform_kube_context": "elsewhere"},
            ["3 problems, nothing was changed:", "The cluster cannot be read (platform_kube_context 'elsewhere', "],
        ),
    },
    "site.yml with secrets": {
        # Types, structure, templates and entries, of whichever role.
        "settings": (
            {
                "django_replicas": "many",
                "nginx_service_type": "Balancer",
                "platform_labels": {"team": "{{ nobody_set_this }}"},
                # Permissions depend on it.
                "monitoring_rules": "{{ nobody_set_this }}",
                "platform_secrets": {"DJANGO_SECRET_KEY": [SECRET], "POSTGRES_PASSWORD": SECRET},
                "django_env": {"HOSTS": ["a", "b"]},
                "django_hpa_enabled": "false",
                "nginx_hpa_enabled": "{{ 'false' }}",
                "celery_worker_replicas": "{{ '2' }}",
                "preflight_take_over": "true",
                "platform_image_tag": 1.1,
                "pre_deploy_commands": [{"nam": "migrate", "command": ["true"]}],
                "django_gunicorn_workers": "{{ 'lots' | jewelry_shop.platform.cpu_cores }}",
                "celery_beat_resources": {"limits": {"cpu": "half"}},
                "celery_worker_groups": [
                    {
                        "name": "reports",
                        "queue": ["reports"],
                        "concurrency": "many",
                        "pool": "fibers",
                        "hpa_enabled": "no",
                    },
                    {"name": "mail", "queues": "mail", "env": {"HOSTS": ["a"]}, "resources": {"limits": {"cpu": "half"}}},
                    {"queues": ["celery"]},
                ],
                "nginx_locations": [{"path": "/login/", "rates": "10r/m"}, {"path": "/a/", "burst": "many"}],
                "storage_media_size": "50 GB",
                "platform_config": {"1ST": SECRET, "MAIL_HOST": {"secret": "mail"}},
                "platform_secret_files": {"gcs/key.json": SECRET},
            },
            [
                "problems, nothing was changed:",
                f"django_replicas is of type str and we were unable to convert to int: \"'many'\" cannot be converted to an int {PLACE}",
                f"value of nginx_service_type must be one of: LoadBalancer, NodePort, ClusterIP, got: Balancer {PLACE}",
                f"platform_labels: 'nobody_set_this' is undefined {PLACE}",
                f"monitoring_rules: 'nobody_set_this' is undefined {PLACE}",
                "platform_secrets.DJANGO_SECRET_KEY is a list; an environment variable must be a string, number or boolean (set it in "
                "{secrets}).",
                f"django_env.HOSTS is a list; an environment variable must be a string, number or boolean {PLACE}",
                'django_hpa_enabled must be a boolean but is the string "false"; remove the quotes, on the command line use '
                f"-e '{{\"django_hpa_enabled\": false}}' {PLACE}",
                f'nginx_hpa_enabled must be a boolean, but its template returns the string "false"; end the template with | bool {PLACE}',
                f"platform_image_tag must be a string but is a decimal number; quote it {PLACE}",
                "missing required arguments: name found in pre_deploy_commands",
                "'lots' is not a CPU quantity; write cores or millicores, such as 2 or 500m",
                "nginx_locations.rates is unknown; supported parameters include: ",
                "argument 'burst' is of type str found in 'nginx_locations'",
                f"celery_worker_groups has a group without a name; set name to the name of its Deployment, as a string {PLACE}",
                f"celery_worker_groups[reports] has the key queue, which is not a setting of a group; did you mean queues? {PLACE}",
                "celery_worker_groups[reports].concurrency is of type str and we were unable to convert to int",
                "value of celery_worker_groups[reports].pool must be one of: prefork, threads, gevent, eventlet, solo, got: fibers",
                'celery_worker_groups[reports].hpa_enabled must be a boolean but is the string "no"; remove the quotes',
                f"celery_worker_groups[mail].queues must be a list but is a string; write it in brackets {PLACE}",
                "celery_worker_groups[mail].env.HOSTS is a list; an environment variable must be a string, number or boolean",
                "celery_worker_groups[mail].resources.limits.cpu 'half' is not a Kubernetes quantity",
                "celery_beat_resources.limits.cpu 'half' is not a Kubernetes quantity; write a number",
                "storage_media_size '50 GB' is not a Kubernetes quantity; write a number",
                "platform_config.1ST is not a valid name of an environment variable; write at most 253 ",
                "platform_config.MAIL_HOST is a mapping, but not a reference; write {secret: NAME, key: KEY}, ",
                "platform_secret_files.gcs/key.json is not a valid file name in a Secret; write at most 253 ",
            ],
        ),
        "secrets": (
            {"platform_secrets": [SECRET], "platform_secret_files": {"large.bin": "{{ 'AAAA' * 349526 }}"}},
            [
                "platform_secrets is of type list and we were unable to convert to dict",
                "platform_secret_files has 1048578 bytes together (large.bin has 1048578), but a ConfigMap or Secret holds at most 1048576",
            ],
        ),
        "references": (
            {
                "platform_env_from": [{"secret": "a", "config_map": "b"}],
                "platform_secrets": {"REDIS_PASSWORD": {"secret": "a", "key": "b"}},
            },
            [
                # One is about the cluster.
                "3 problems, nothing was changed:",
                "platform_env_from: the entry with the number 1 needs either secret or config_map, with the name of an object: ",
                "platform_secrets.REDIS_PASSWORD cannot be a reference, because the service in the cluster gets its password from this ",
            ],
        ),
        # What the settings say together.
        "rules": (
            {
                "platform_kubeconfig": "/no/such/file",
                "platform_image_tag": "v1+build",
                "platform_release_history": 0,
                "validate_customer_path": "/nginx_health",
                "platform_postgresql_provider": "external",
                "extra_objects_manifests": [OWN_SECRET, *LISTS],
                "nginx_tls_provider": "existing",
                "nginx_locations": [{"path": "/login/", "rate": "10"}],
                "nginx_temp_volume": {"emptyDir": {"sizeLimit": "1Mi"}},
                "network_policies_flows": [{"from": ["django"], "to": ["mial"], "ports": [587]}],
                "platform_required_keys": [{"name": "MAIL_HOST", "min_length": 4}],
                "django_hpa_enabled": True,
                "django_hpa_min_replicas": 20,
                "django_disruption_budget": {"maxUnavailable": 0},
                "celery_worker_keda_triggers": [{"type": "cron", "metadata": {"desiredReplicas": 1}}],
            },
            [
                "platform_kubeconfig /no/such/file does not exist: set it in",
                "platform_image_tag 'v1+build' is not a valid image tag; write at most 128 ",
                "platform_release_history is 0: set it to 1 or more in",
                "validate_customer_path '/nginx_health' is not a path that nginx passes to Django",
                "platform_postgresql_host is not set: put the host of the database into ",
                "The connection to the external PostgreSQL can be unencrypted, because platform_postgresql_tls_mode is ",
                "network_policies_postgresql is empty, so the pods of the shop could reach any address on that port. Set it in ",
                "extra_objects_manifests[3] has no apiVersion.",
                "extra_objects_templates contains Secret /mine. Its content would be shown. Use platform_secrets",
                "nginx_tls_secret is not set, but nginx_tls_provider is existing: put the name",
                "the location /login/ has the rate '10'; write a number with r/s or r/m, such as 10r/m.",
                "nginx_temp_volume.emptyDir.sizeLimit 1Mi is smaller than the largest request body ",
                "django_hpa_min_replicas is 20, which is more than django_hpa_max_replicas (5): correct it in ",
                "django_disruption_budget allows no eviction with the minimum number of replicas, so a node could not be drained: ",
                "celery_worker_keda_triggers[0] needs a type, and metadata whose values are all strings: quote the numbers in ",
                "MAIL_HOST is not set, but the application requires it: set it in platform_config ({values}) or platform_secrets (",
                "the flow from django to mial names mial, which is not an endpoint; the endpoints are ",
            ],
        ),
    },
    "playbooks/validate.yml": {
        "two": (WRONG_TYPES, ["2 problems, nothing was changed:", "django_replicas is of type str and we were unable to convert to int"]),
        "no_cluster": ({"platform_kube_context": ""}, [NO_CLUSTER]),
    },
    "playbooks/render.yml": {
        "two": (
            {"render_directory": "two", "django_replicas": "many", "django_env": {"A": None}},
            ["2 problems, nothing was changed:", "django_env.A is null; set a value, or "],
        ),
        "objects": (
            {
                "render_directory": "objects",
                "extra_objects_manifests": [*LISTS, GENERATED],
                "extra_objects_templates": ["/no/such/file.yaml.j2", str(Path(__file__).parent / "broken.yaml.j2")],
            },
            [
                "extra_objects_templates: /no/such/file.yaml.j2 does not exist on the control node",
                "broken.yaml.j2 cannot be rendered: ",
                "extra_objects_manifests[2] has no apiVersion",
                "extra_objects_manifests[3], a Job, has metadata.generateName, so each run would create another object",
            ],
        ),
        "directory": ({}, ["missing required arguments: render_directory"]),
    },
    "playbooks/images.yml": {
        "two": (
            {"images_script": "/no/such/directory/mirror.sh"},
            [
                "2 problems, nothing was changed:",
                "images_script needs a registry to copy the images to: set platform_image_mirror, such as",
                "The directory /no/such/directory of images_script does not exist: create it, or set",
            ],
        ),
        "mirror": (
            {"platform_image_mirror": "https://registry.example.com/"},
            [
                "platform_image_mirror 'https://registry.example.com/' is not a registry; write host, host:port or host:port/path without https://"
            ],
        ),
        "same_name": (
            {
                "images_read_cluster": False,
                "platform_image_mirror": "registry.example.com",
                "django_pod": {
                    "containers": [{"name": "log", "image": "quay.io/team/log:1"}, {"name": "logs", "image": "ghcr.io/team/log:1"}]
                },
            },
            [
                "platform_image_mirror gives ghcr.io/team/log:1 and quay.io/team/log:1 the same name registry.example.com/team/log:1, but "
                "they may be different images: use only one of them.",
            ],
        ),
        "no_cluster": ({"platform_kube_context": ""}, [NO_CLUSTER]),
    },
    "playbooks/export.yml": {
        "two": (
            {"export_directory": "two", "export_secrets": "external_secret", "export_flux": True, **NOT_GENERATED},
            [
                "2 problems, nothing was changed:",
                "export_secret_store_name is not set, but export_secrets is external_secret: set it to the name of the store, ",
                "export_flux_path is not set, but export_flux is true: set it to the path of export_directory in the repository, such as",
            ],
        ),
        "secret": (
            {
                "export_directory": "secret",
                "export_read_cluster": False,
                "extra_objects_manifests": [
                    {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "own", "namespace": "shop"}, "data": {"a": SECRET}}
                ],
                "platform_secrets": {"DJANGO_SECRET_KEY": SECRET * 4, "POSTGRES_PASSWORD": SECRET, "REDIS_PASSWORD": "b" * 20},
                **NOT_GENERATED,
            },
            ["ConfigMap shop/own would contain the value of a secret. Move it to platform_secrets, or use a value that stands"],
        ),
        "generated": (
            {"export_directory": "generated"},
            ["platform_secrets_provider is generated, but ", "nginx_tls_provider is generated, but the certificate does not exist"],
        ),
        "directory": ({}, ["missing required arguments: export_directory"]),
        "no_cluster": ({"export_directory": "no_cluster", "platform_kube_context": "", **NOT_GENERATED}, [NO_CLUSTER]),
    },
    "playbooks/backup.yml": {
        "two": (
            {"backup_keep": 0, "backup_deadline": 0},
            ["2 problems, nothing was changed:", "backup_keep is 0: set it to the number of backups that stay, 1 or more."],
        ),
        "no_cluster": ({"platform_kube_context": ""}, [NO_CLUSTER]),
    },
    "playbooks/restore.yml": {
        "two": (
            {"restore_backup": "yesterday", "restore_what": "media"},
            ["2 problems, nothing was changed:", "restore_backup 'yesterday' is not the ID of a backup", "restore_what names media: "],
        ),
        "no_cluster": ({"platform_kube_context": ""}, [NO_CLUSTER]),
    },
    "playbooks/restart.yml": {
        "two": ({"platform_kube_context": "", "platform_kubeconfig": "/no/such/file"}, ["2 problems, nothing was changed:", NO_CLUSTER]),
    },
    "playbooks/scale.yml": {"no_cluster": ({"platform_kube_context": "", "scale_replicas": {"django": 5}}, [NO_CLUSTER])},
    "playbooks/grant_deployer.yml": {
        "no_cluster": ({"platform_kube_context": ""}, [NO_CLUSTER]),
        "settings": (
            {"deployer_namespace": "{{ platform_namespace }}", "deployer_scale": "no", "platform_secrets": {"POSTGRES_PASSWORD": SECRET}},
            [
                "deployer_namespace is the same as platform_namespace. A credential that can write Secrets in its own namespace",
                'deployer_scale must be a boolean but is the string "no"; remove the quotes',
            ],
        ),
    },
    "playbooks/remove.yml": {"no_cluster": ({"platform_kube_context": "", "remove_confirmed": True}, [NO_CLUSTER])},
}
TWO = [name for name, hosts in CASES.items() if "two" in hosts]


@dataclasses.dataclass
class Outcome:
    """How a run ended.

    Args:
        output: all of it.
        failures: the last failure of each host, as it is shown.
        settings: the folder of its settings.
    """

    output: str
    failures: dict[str, str]
    settings: Path

    def sentence(self, host: str) -> str:
        """The failure of a host, without line breaks."""
        return " ".join(self.failures[host].replace("''", "'").split())


def run(name: str, home: Path) -> Outcome:
    """Run a playbook once for all its hosts."""
    inventory = home / "inventory"
    shutil.copytree(INVENTORY, inventory)
    hosts = {host: values for host, (values, _said) in CASES[name].items()}
    (inventory / "hosts.yml").write_text(json.dumps({"platform": {"hosts": hosts}}))
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_")) and key != "KUBECONFIG"}
    playbook, _, secrets = name.partition(" with ")
    done = subprocess.run(
        # A secret stays hidden, however much is shown.
        [sys.executable, "-m", "ansible.cli.playbook", *(["-vvv"] if secrets else []), f"--inventory={inventory}", "-c", "local", playbook],
        cwd=REPOSITORY,
        env={**environment, "HOME": str(home), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    output = done.stdout + done.stderr
    assert done.returncode == 2, output
    assert "Traceback" not in output
    failures = re.findall(r"^fatal: \[(\w+)\]: FAILED! => *\n((?: .*\n|\n)*)", done.stdout, re.MULTILINE)
    return Outcome(output, dict(failures), inventory / "group_vars" / "all")


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Outcome]:
    """The outcome of a run, which is made once."""
    return functools.cache(lambda name: run(name, tmp_path_factory.mktemp("home")))


@pytest.mark.parametrize(("name", "host"), [(name, host) for name, hosts in CASES.items() for host in hosts])
def test_all_problems_are_reported_at_once(outcome: Callable[[str], Outcome], name: str, host: str) -> None:
    found = outcome(name)
    files = {"values": found.settings / "main.yml", "secrets": found.settings / "secrets.yml"}
    _values, said = CASES[name][host]
    for sentence in said:
        wanted = sentence
        for key, path in files.items():
            wanted = wanted.replace(f"{{{key}}}", str(path))
        assert wanted in found.sentence(host), found.output


@pytest.mark.parametrize("name", TWO)
def test_each_problem_is_one_line_at_the_end_of_the_run(outcome: Callable[[str], Outcome], name: str) -> None:
    found = outcome(name)
    _before, head, after = found.failures["two"].partition(" problems, nothing was changed:\n")
    assert head, found.output
    lines = [line.strip() for line in after.splitlines() if line.strip()]
    # Of site.yml one is about the cluster, which is read beside.
    assert [line[:2] for line in lines] == ["- "] * (3 if name == "site.yml" else 2), found.output
    last = found.output.rpartition("\nTASK ")[2]
    assert all(found.output.count(line) == last.count(line) == 1 for line in lines), found.output


def test_valid_settings_and_secrets_are_not_reported(outcome: Callable[[str], Outcome]) -> None:
    found = outcome("site.yml with secrets")
    assert "celery_worker_replicas" not in found.sentence("settings")
    assert "preflight_take_over" not in found.sentence("settings")
    assert SECRET not in found.output
