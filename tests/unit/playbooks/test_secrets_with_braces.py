"""A secret can contain characters of a Jinja template. With !unsafe it stays unchanged. Without !unsafe no error message shows it."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.unit.ansible_core import COLLECTIONS_PATH, COMMANDS, REPOSITORY

HOST = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
HOSTS = {"all": {"children": {"platform": {"hosts": {"one": HOST}}}}}
SETTINGS = """\
platform_environment: production
platform_image: shop
platform_image_tag: "1"
platform_kube_context: nowhere
platform_config: {DJANGO_ALLOWED_HOSTS: shop.example.com}
"""
EXACT = "marker {{ a }} {%b {#c#} /+\" ' \\ \u00f6\nend"


def run(folder: Path, ansible: str, playbook: str, secrets: str) -> str:
    variables = folder / "inventory" / "group_vars" / "all"
    variables.mkdir(parents=True)
    (folder / "inventory" / "hosts.yml").write_text(json.dumps(HOSTS))
    (variables / "main.yml").write_text(SETTINGS)
    (variables / "secrets.yml").write_text(secrets)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "K8S_AUTH_")) and key != "KUBECONFIG"}
    done = subprocess.run(
        [*COMMANDS[ansible], "-i", str(folder / "inventory"), "-vvv", playbook],
        cwd=REPOSITORY,
        env={
            **environment,
            "HOME": str(folder),
            "ANSIBLE_NOCOLOR": "1",
            "COLUMNS": "400",
            "ANSIBLE_COLLECTIONS_PATH": COLLECTIONS_PATH,
        },
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout + done.stderr


@pytest.mark.parametrize("ansible", COMMANDS)
def test_an_unresolvable_secret_is_reported_without_its_value(tmp_path: Path, ansible: str) -> None:
    secrets = {
        "platform_secrets": {
            "DJANGO_SECRET_KEY": "marker1" + "k" * 50,
            "POSTGRES_PASSWORD": "marker2{%marker3",
            "REDIS_PASSWORD": "marker4{{marker5}}",
            "SENTRY_KEY": "marker6{#marker7#}",
        },
        "platform_redis_previous_password": "marker8{%marker9",
    }
    printed = run(tmp_path, ansible, "site.yml", json.dumps(secrets, indent=2))
    cause = printed.rpartition("End the run with its cause")[2]
    assert len(re.findall(r"^ +- platform_\S+ cannot be resolved", cause, re.MULTILINE)) == 4, printed
    output = " ".join(printed.split())
    assert "4 problems, nothing was changed" in output, output
    assert "marker" not in output, output
    for name in ("POSTGRES_PASSWORD", "REDIS_PASSWORD", "SENTRY_KEY"):
        assert f"platform_secrets.{name} cannot be resolved" in output, output
    assert "platform_redis_previous_password cannot be resolved" in output
    assert "!unsafe" in output
    assert "DJANGO_SECRET_KEY" not in output


@pytest.mark.parametrize("ansible", COMMANDS)
def test_an_unsafe_secret_is_passed_on_unchanged(tmp_path: Path, ansible: str) -> None:
    play = [
        {
            "hosts": "platform",
            "gather_facts": False,
            "tasks": [
                {"ansible.builtin.import_role": {"name": "jewelry_shop.platform.manifests", "tasks_from": "settings"}},
                {
                    "ansible.builtin.copy": {"dest": str(tmp_path / "secrets.json"), "content": "{{ __configuration_secrets | to_json }}"},
                    "no_log": True,
                },
                {
                    "ansible.builtin.copy": {"dest": str(tmp_path / "hidden.json"), "content": "{{ platform_hidden_values | to_json }}"},
                    "no_log": True,
                },
                {"jewelry_shop.platform.settings_check": {"environments": ["platform_secrets"]}, "register": "checked"},
                {"ansible.builtin.assert": {"that": "checked.problems == []"}},
            ],
        }
    ]
    (tmp_path / "play.yml").write_text(json.dumps(play))
    names = ("DJANGO_SECRET_KEY", "POSTGRES_PASSWORD", "REDIS_PASSWORD")
    secrets = "platform_secrets:\n" + "".join(f"  {name}: !unsafe {json.dumps(EXACT)}\n" for name in names)
    output = run(tmp_path, ansible, str(tmp_path / "play.yml"), secrets)
    assert "failed=0" in output, output
    [data] = [each["data"] for each in json.loads((tmp_path / "secrets.json").read_text())]
    assert [base64.b64decode(data[name]).decode() for name in names] == [EXACT] * 3
    assert json.loads((tmp_path / "hidden.json").read_text()) == [EXACT]
    assert "marker" not in output


@pytest.mark.parametrize("ansible", COMMANDS)
def test_a_rule_reads_an_unsafe_secret_unchanged_and_does_not_show_it(tmp_path: Path, ansible: str) -> None:
    secrets = "\n  ".join(
        (
            "platform_secrets:",
            # 50 characters with the template, and fewer if it were resolved.
            f"DJANGO_SECRET_KEY: !unsafe 'marker1{'k' * 32}{{{{ 10000 }}}}'",
            "POSTGRES_PASSWORD: !unsafe 'marker2{%marker3'",
            "REDIS_PASSWORD: !unsafe 'marker4{{ marker5 }}'",
            "CELERY_BROKER_URL: !unsafe 'redis://:{{ marker6 }}@redis.example.com/0'",
        )
    )
    output = " ".join(run(tmp_path, ansible, "site.yml", secrets).split())
    assert "platform_secrets.CELERY_BROKER_URL connects without TLS." in output, output
    assert "platform_postgresql_host is not set: put the host of the database into " in output
    assert "platform_config.SITE_URL is not set" in output
    assert "DJANGO_SECRET_KEY" not in output
    assert "PASSWORD" not in output
    assert "marker" not in output
