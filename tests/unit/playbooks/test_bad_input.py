"""What a person reads who gives the playbooks something wrong; no cluster is there, and none is needed."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

REPOSITORY = Path(__file__).parents[3]
VALUES = REPOSITORY / "inventories" / "kind" / "group_vars" / "all" / "main.yml"
SECRET = "hunter2-and-more"
OWN_SECRET = {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "stringData": {"a": SECRET}}


def run(playbook: str, home: Path, verbosity: str = "-vvv", **values: Any) -> tuple[str, str]:
    """Run a playbook, and return its last failure without line breaks, and all output."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_")) and key != "KUBECONFIG"}
    done = subprocess.run(
        [sys.executable, "-m", "ansible.cli.playbook", *([verbosity] if verbosity else []), playbook, f"--extra-vars={json.dumps(values)}"],
        cwd=REPOSITORY,
        env={**environment, "HOME": str(home), "ANSIBLE_NOCOLOR": "1", "COLUMNS": "100"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    failure = done.stdout.rpartition("FAILED! =>")[2].partition("PLAY RECAP")[0]
    return " ".join(re.sub(r"\s*\n\s*", " ", failure).replace("''", "'").split()), done.stdout + done.stderr


@pytest.mark.parametrize(
    ("playbook", "values"),
    [
        ("site.yml", {"django_replicas": "many", "platform_release_history": "few"}),
        ("playbooks/validate.yml", {"django_replicas": "many", "platform_release_history": "few"}),
        ("playbooks/render.yml", {"render_directory": "rendered", "django_replicas": "many", "platform_release_history": "few"}),
        ("playbooks/restart.yml", {"platform_kube_context": "", "platform_kubeconfig": "/no/such/file"}),
    ],
)
def test_each_problem_has_a_line_once_at_the_end_of_the_run(tmp_path: Path, playbook: str, values: dict[str, Any]) -> None:
    _failure, output = run(playbook, tmp_path, verbosity="", **values)
    _before, head, after = output.partition(" problems, nothing was changed:\n")
    assert head, output
    lines = [line.strip() for line in after.partition("PLAY RECAP")[0].splitlines() if line.strip()]
    # Of site.yml one is about the cluster, which is read beside.
    assert [line[:2] for line in lines] == ["- "] * (3 if playbook == "site.yml" else 2), output
    assert all(output.count(line) == 1 for line in lines), output


def test_all_that_is_wrong_with_the_settings_is_told_at_once(tmp_path: Path) -> None:
    """Types, structure, templates and entries, of whichever role: before anything is asked or written."""
    failure, output = run(
        "site.yml",
        tmp_path,
        django_replicas="many",
        nginx_service_type="Balancer",
        platform_labels={"team": "{{ nobody_set_this }}"},
        platform_secrets={"DJANGO_SECRET_KEY": [SECRET], "POSTGRES_PASSWORD": SECRET},
        django_env={"HOSTS": ["a", "b"]},
        django_hpa_enabled="false",
        nginx_hpa_enabled="{{ 'false' }}",
        celery_worker_replicas="{{ '2' }}",
        preflight_take_over="true",
        platform_image_tag=1.1,
        pre_deploy_commands=[{"nam": "migrate", "command": ["true"]}],
        django_gunicorn_workers="{{ 'lots' | jewelry_shop.platform.cpu_cores }}",
        celery_beat_resources={"limits": {"cpu": "half"}},
        storage_media_size="50 GB",
        platform_config={"1ST": SECRET},
        platform_secret_files={"gcs/key.json": SECRET},
    )
    place = f"(set it in {VALUES})."
    for sentence in (
        f"django_replicas is of type str and we were unable to convert to int: \"'many'\" cannot be converted to an int {place}",
        f"value of nginx_service_type must be one of: LoadBalancer, NodePort, ClusterIP, got: Balancer {place}",
        f"platform_labels: 'nobody_set_this' is undefined {place}",
        f"platform_secrets.DJANGO_SECRET_KEY is a list; an environment value is one text, number or boolean "
        f"(set it in {VALUES.with_name('secrets.yml')}).",
        f"django_env.HOSTS is a list; an environment value is one text, number or boolean {place}",
        'django_hpa_enabled is the text "false" where a boolean belongs; write it without quotes, on the command line as '
        f"-e '{{\"django_hpa_enabled\": false}}' {place}",
        f'nginx_hpa_enabled is a template that gives the text "false" where a boolean belongs; end it with | bool {place}',
        f"platform_image_tag is no text as it is written, but a number with a point; put it into quotes {place}",
        "missing required arguments: name found in pre_deploy_commands",
        "'lots' is no CPU quantity; write cores or millicores, such as 2 or 500m",
        "celery_beat_resources.limits.cpu 'half' is no quantity of Kubernetes; write a number",
        "storage_media_size '50 GB' is no quantity of Kubernetes; write a number",
        "platform_config.1ST is no name of an environment variable; write at most 253 ",
        "platform_secret_files.gcs/key.json is no name of a file in a Secret; write at most 253 ",
    ):
        assert sentence in failure, failure
    assert "nothing was changed" in failure
    assert "celery_worker_replicas" not in failure
    assert "preflight_take_over" not in failure
    assert SECRET not in output


@pytest.mark.parametrize(
    ("playbook", "values", "sentence"),
    [
        ("site.yml", {"platform_secrets": [SECRET]}, "platform_secrets is of type list and we were unable to convert to dict"),
        ("site.yml", {"platform_kubeconfig": "/no/such/file"}, "platform_kubeconfig /no/such/file does not exist: set it in"),
        ("site.yml", {"platform_image_tag": "v1+build"}, "platform_image_tag 'v1+build' is no tag of an image; write at most 128 "),
        (
            "site.yml",
            {"platform_secret_files": {"large.bin": "{{ 'AAAA' * 349526 }}"}},
            "platform_secret_files has 1048578 bytes together (large.bin has 1048578), but a ConfigMap or Secret holds at most 1048576",
        ),
        ("site.yml", {"platform_release_history": 0}, "platform_release_history is 0: set it in"),
        ("site.yml", {"validate_customer_path": "/nginx_health"}, "validate_customer_path '/nginx_health' is no path that Django serves"),
        ("site.yml", {"platform_kube_context": "elsewhere"}, "The cluster cannot be read (platform_kube_context 'elsewhere', "),
        (
            "site.yml",
            {"platform_postgresql_provider": "external"},
            "platform_postgresql_host is not set: put the host of the database into ",
        ),
        (
            "site.yml",
            {
                "extra_objects_manifests": [
                    {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": "mine"}, "stringData": {"a": SECRET}}
                ]
            },
            "Secret /mine, comes with its content, which would be shown: use platform_secrets",
        ),
        (
            "site.yml",
            {
                "extra_objects_manifests": [
                    {"kind": "List", "apiVersion": "v1", "items": [{"kind": "Job"}]},
                    {"kind": "List", "items": []},
                    {},
                ]
            },
            "extra_objects_manifests[2] has no apiVersion.",
        ),
        (
            "playbooks/render.yml",
            {
                "render_directory": "rendered",
                "extra_objects_manifests": [{"apiVersion": "v1", "kind": "Job", "metadata": {"generateName": "a-"}}],
            },
            "extra_objects_manifests[0], a Job, has metadata.generateName, by which each run would create another object",
        ),
        ("site.yml", {"nginx_tls_provider": "existing"}, "nginx_tls_secret is not set, but nginx_tls_provider is existing: put the name"),
        (
            "site.yml",
            {"network_policies_flows": [{"from": ["django"], "to": ["mial"], "ports": [587]}]},
            "the flow from django to mial names mial, which is no endpoint; there are ",
        ),
        ("playbooks/validate.yml", {"django_replicas": "many"}, "django_replicas is of type str and we were unable to convert to int"),
        (
            "playbooks/render.yml",
            {"render_directory": "rendered", "django_env": {"A": None}},
            "django_env.A is null; give it a value, or ",
        ),
        ("playbooks/render.yml", {}, "missing required arguments: render_directory"),
    ],
)
def test_one_sentence_names_what_is_wrong(tmp_path: Path, playbook: str, values: dict[str, Any], sentence: str) -> None:
    failure, output = run(playbook, tmp_path, **values)
    assert sentence in failure, output
    assert SECRET not in output


@pytest.mark.parametrize(
    ("playbook", "values"),
    [
        ("playbooks/validate.yml", {}),
        ("playbooks/scale.yml", {"scale_replicas": {"django": 5}}),
        ("playbooks/restart.yml", {}),
        ("playbooks/remove.yml", {"remove_confirmed": True}),
    ],
)
def test_no_playbook_takes_the_current_context_for_granted(tmp_path: Path, playbook: str, values: dict[str, Any]) -> None:
    failure, output = run(playbook, tmp_path, platform_kube_context="", **values)
    assert f"No cluster is named: set platform_kube_context in {VALUES}" in failure, output
