"""Options of ansible-playbook: stages by tags, and two environments in one run, as two namespaces of the cluster."""

from __future__ import annotations

import json
import pathlib
import re
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import yaml

ROOT = pathlib.Path(__file__).parents[3]
OTHER = "jewelry-shop-other"
BY_TAGS = "--tags=namespace,configuration"


def squeezed(text: str) -> str:
    return " ".join(text.split())


@pytest.mark.parametrize("option", ["--start-at-task=Tiers", "--step", "--skip-tags=always", "--tags=teirs"])
def test_an_option_that_skips_the_checks_changes_nothing(cluster: Any, playbook: Any, option: str) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", option)
    assert run.returncode != 0
    assert squeezed(run.output).count("Nothing was changed.") == 1, run.output
    assert "TASK [" not in run.output
    assert cluster.written_since(before) == []


@pytest.mark.parametrize(
    "option",
    [
        "--tags=tiers",
        pytest.param("--skip-tags=pre_deploy,configuration", marks=pytest.mark.drill),
        pytest.param("--tags=post_deploy", marks=pytest.mark.drill),
    ],
)
def test_a_new_release_needs_its_stages(cluster: Any, playbook: Any, kind_config: dict[str, Any], option: str) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", option, platform_config={**kind_config, "DRILL": "options"})
    assert run.returncode != 0
    said = squeezed(run.output)
    assert "need stages that this run leaves out and that are not complete: " in said, run.output
    assert "configuration (ConfigMap django-config-" in said, run.output
    assert "pre_deploy (Job check-services-" in said, run.output
    assert cluster.written_since(before) == []


@pytest.mark.parametrize(
    "tags", ["tiers", *(pytest.param(tag, marks=pytest.mark.drill) for tag in ("monitoring", "validate", "post_deploy", "always"))]
)
def test_a_stage_alone_works_when_what_it_needs_is_complete(cluster: Any, playbook: Any, tags: str) -> None:
    before = cluster.resource_versions()
    run = playbook("site.yml", f"--tags={tags}")
    assert (run.returncode, run.changed) == (0, 0), run.output
    assert cluster.written_since(before) == []


@pytest.fixture
def two(tmp_path: pathlib.Path, cluster: Any, administrator: dict[str, Any]) -> Iterator[Callable[..., dict[str, Any]]]:
    """Writes an inventory with the environment of the scenario and another namespace, and returns the values of its run."""
    inventory = tmp_path / "inventory"
    shutil.copytree(ROOT / "inventories" / "kind", inventory)
    common = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}

    def write(**of_first: Any) -> dict[str, Any]:
        hosts = {
            "first": {**common, **of_first},
            "second": {
                **common,
                "platform_namespace": OTHER,
                "platform_generated_secrets_directory": str(tmp_path / "secrets" / "second"),
                "nginx_service_type": "ClusterIP",
            },
        }
        (inventory / "hosts.yml").write_text(yaml.safe_dump({"platform": {"hosts": hosts}}))
        return {**administrator, "platform_report_dir": str(tmp_path / "reports")}

    yield write
    cluster.kubectl("delete", "namespace", OTHER, "--ignore-not-found", timeout=300)


def recap(output: str, host: str) -> dict[str, int]:
    """The numbers of a host in the recap."""
    [line] = re.findall(rf"^{host} +: (.*)$", output, re.MULTILINE)
    return {key: int(number) for key, number in re.findall(r"(\w+)=(\d+)", line)}


def objects(cluster: Any) -> set[str]:
    names = cluster.kubectl("get", "configmaps,secrets", f"--namespace={OTHER}", "--output=name", check=False).stdout.split()
    return {name for name in names if "kube-root-ca" not in name}


@pytest.mark.drill
def test_a_failing_environment_does_not_stop_the_other(cluster: Any, playbook: Any, two: Any, tmp_path: pathlib.Path) -> None:
    before = cluster.resource_versions()
    values = two(django_replicas="many")
    run = playbook("site.yml", BY_TAGS, f"--inventory={tmp_path}/inventory", "--limit=first,second", **values)
    assert run.returncode == 2, run.output
    assert "django_replicas is of type str" in squeezed(run.output)
    assert recap(run.output, "first")["failed"] == 1
    assert recap(run.output, "second")["failed"] == 0, run.output
    assert any(name.startswith("configmap/django-config-") for name in objects(cluster))
    assert cluster.written_since(before) == []
    # Each Lease is in its namespace, and both are released.
    lease = json.loads(cluster.kubectl("get", "lease", "jewelry-shop-run", f"--namespace={OTHER}", "--output=json").stdout)
    assert not lease["spec"].get("holderIdentity")
    # The report and the secrets of each host have their own place.
    assert sorted(path.name for path in (tmp_path / "reports").glob("*.json")) == ["first_kind-jewelry-shop-test_jewelry-shop.json"]
    assert (tmp_path / "secrets" / "second" / "django_secret_key").is_file()


@pytest.mark.drill
def test_one_environment_at_a_time_ends_at_the_first_that_fails(cluster: Any, playbook: Any, two: Any, tmp_path: pathlib.Path) -> None:
    values = two(django_replicas="many")
    options = (f"--inventory={tmp_path}/inventory", "--limit=first,second")
    run = playbook("site.yml", BY_TAGS, *options, platform_serial=1, **values)
    assert run.returncode == 2, run.output
    assert not re.search(r"^second +:", run.output, re.MULTILINE), run.output
    assert cluster.kubectl("get", "namespace", OTHER, check=False).returncode != 0


@pytest.mark.drill
def test_two_environments_have_secrets_and_leases_of_their_own(cluster: Any, playbook: Any, two: Any, tmp_path: pathlib.Path) -> None:
    before = cluster.resource_versions()
    values = two()
    options = (f"--inventory={tmp_path}/inventory", "--limit=first,second")
    run = playbook("site.yml", BY_TAGS, *options, **values)
    assert run.returncode == 0, run.output
    # The environment of the scenario is up to date.
    assert recap(run.output, "first")["changed"] == 0, run.output
    assert recap(run.output, "second")["changed"] > 0
    assert cluster.written_since(before) == []
    again = playbook("site.yml", BY_TAGS, *options, **values)
    assert (recap(again.output, "first")["changed"], recap(again.output, "second")["changed"]) == (0, 0), again.output
    # The tiers of the new environment need what its run left out.
    tiers = playbook("site.yml", "--tags=tiers", *options, **values)
    assert (recap(tiers.output, "first")["failed"], recap(tiers.output, "second")["failed"]) == (0, 1), tiers.output
    assert "data_services (" in squeezed(tiers.output), tiers.output
