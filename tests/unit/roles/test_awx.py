"""configure_awx.yml against an AWX in memory: objects, second run, changes, check mode, and messages."""

from __future__ import annotations

import copy
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from tests.unit.roles.awx_server import BEARER_TOKEN, GALAXY, Awx, playbooks, serving
from tools import awx_collection

ROOT = Path(__file__).parents[3]
TOKEN = "token-of-awx"
SECRET = "token-of-the-chat"
CHAT = {"url": "https://chat.example.com", "http_method": "POST", "headers": {}, "username": "", "disable_ssl_verification": False}
SETTINGS: dict[str, Any] = {
    "awx_project_url": "https://git.example.com/shop/platform.git",
    "awx_execution_environment_image": "registry.example.com/shop/ee:1.0.0",
    "awx_notifications": [
        {"name": "chat", "type": "webhook", "events": ["error", "approvals"], "configuration": {**CHAT, "password": SECRET}},
        {"name": "page", "type": "webhook", "events": ["error"], "configuration": {**CHAT, "password": ""}},
    ],
}
# Each object takes about a second. test_awx_data.py has the templates of all actions.
SETTINGS["awx_actions"] = [
    {"name": "deploy", "description": "Deploy.", "playbook": "site.yml", "survey": "release"},
    {"name": "rollback", "description": "Roll back.", "playbook": "playbooks/rollback.yml", "survey": "rollback"},
    {"name": "remove", "description": "Remove.", "playbook": "playbooks/remove.yml", "survey": "remove"},
]
SETTINGS["awx_schedules"] = [
    {
        "name": "monthly rollback",
        "template": "rollback",
        "environments": ["staging"],
        "rrule": "DTSTART;TZID=UTC:20260101T030000 RRULE:FREQ=MONTHLY;INTERVAL=1",
    }
]
STAGING: dict[str, Any] = {
    "awx_environments": [{"name": "staging", "inventory": "inventories/staging", "credentials": ["jewelry-shop staging cluster"]}],
    "awx_workflow_environments": [],
    "awx_schedules": [],
    "awx_notifications": [],
}


class Run(NamedTuple):
    returncode: int
    output: str

    @property
    def words(self) -> str:
        return " ".join(self.output.split())

    def count(self, name: str) -> int:
        """A number of the recap."""
        return int(self.output.rpartition(f"{name}=")[2].split()[0])


Configure = Callable[..., Run]


def configure(url: str, settings: dict[str, Any], folder: Path, *options: str, **environment: str) -> Run:
    variables = folder / "variables.json"
    variables.write_text(json.dumps(settings))
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("ANSIBLE_", "CONTROLLER_", "TOWER_"))}
    connection = {"CONTROLLER_HOST": url, "CONTROLLER_OAUTH_TOKEN": TOKEN, "HOME": str(folder), "ANSIBLE_NOCOLOR": "1"}
    done = subprocess.run(
        [
            *(sys.executable, "-m", "ansible.cli.playbook", str(ROOT / "playbooks" / "configure_awx.yml")),
            *(f"--inventory={ROOT / 'inventories' / 'awx'}", f"--extra-vars=@{variables}", *options),
        ],
        cwd=ROOT,
        env={**kept, **connection, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    return Run(done.returncode, done.stdout + done.stderr)


def new_awx() -> Awx:
    """An AWX in which an administrator created the credentials of the clusters."""
    awx = Awx(TOKEN, playbooks())
    for environment in ("staging", "production"):
        awx.add_credential(f"jewelry-shop {environment} cluster")
    return awx


@pytest.fixture(scope="module", autouse=True)
def collection() -> None:
    awx_collection.main()


@pytest.fixture(scope="module")
def configured(tmp_path_factory: pytest.TempPathFactory) -> tuple[Awx, Run]:
    """An AWX after the first run, and the run."""
    awx = new_awx()
    with serving(awx) as url:
        run = configure(url, SETTINGS, tmp_path_factory.mktemp("first"), "-v")
    assert run.returncode == 0, run.output
    return awx, run


@pytest.fixture
def again(configured: tuple[Awx, Run], tmp_path: Path) -> Iterator[tuple[Awx, Configure]]:
    """A copy of the configured AWX, and a further run for staging alone, which takes fewer seconds."""
    awx = copy.deepcopy(configured[0])
    awx.requests.clear()
    with serving(awx) as url:
        yield (
            awx,
            lambda settings, *options, **variables: configure(url, {**SETTINGS, **STAGING, **settings}, tmp_path, *options, **variables),
        )


def test_the_first_run_creates_all_objects(configured: tuple[Awx, Run]) -> None:
    awx, run = configured
    both = [f"jewelry-shop {each}" for each in ("production", "staging")]
    assert awx.names("organizations") == ["jewelry-shop"]
    assert awx.names("execution_environments") == ["jewelry-shop"]
    assert awx.names("projects") == ["jewelry-shop"]
    assert awx.names("inventories") == both
    assert awx.names("inventory_sources") == both
    assert awx.names("job_templates") == [f"{each} {action}" for each in both for action in ("deploy", "remove", "rollback")]
    assert awx.names("schedules") == ["jewelry-shop staging monthly rollback"]
    assert awx.names("credential_types") == [GALAXY["name"], "Jewelry-shop secrets", BEARER_TOKEN["name"]]
    assert awx.relation("organizations", "jewelry-shop", "galaxy_credentials") == ["Ansible Galaxy"]
    assert awx.names("workflow_job_templates") == ["jewelry-shop release"]
    assert SECRET not in run.output
    assert TOKEN not in run.output


def test_a_second_run_changes_nothing(configured: tuple[Awx, Run], tmp_path: Path) -> None:
    awx = copy.deepcopy(configured[0])
    awx.requests.clear()
    with serving(awx) as url:
        run = configure(url, SETTINGS, tmp_path)
    assert run.returncode == 0, run.output
    assert run.count("changed") == 0, run.output
    assert awx.writes == []


def test_templates_refer_to_the_objects_of_their_environment(configured: tuple[Awx, Run]) -> None:
    awx = configured[0]
    template = awx.named("job_templates", "jewelry-shop production deploy")
    assert template["playbook"] == "site.yml"
    assert template["inventory"] == awx.named("inventories", "jewelry-shop production")["id"]
    assert template["execution_environment"] == awx.named("execution_environments", "jewelry-shop")["id"]
    assert awx.relation("job_templates", template["name"], "credentials") == ["jewelry-shop production cluster"]
    assert sorted(awx.relation("job_templates", template["name"], "notification_templates_error")) == ["chat", "page"]
    source = awx.named("inventory_sources", "jewelry-shop production")
    assert (source["source"], source["source_path"]) == ("scm", "inventories/production")


def test_the_workflow_rolls_back_after_a_failure_and_asks_before_production(configured: tuple[Awx, Run]) -> None:
    awx = configured[0]
    nodes = awx.names("workflow_job_template_nodes")
    assert nodes == ["production-approval", "production-deploy", "production-rollback", "staging-deploy", "staging-rollback"]
    following = {
        (node, kind): found
        for node in nodes
        for kind in ("success_nodes", "failure_nodes")
        if (found := awx.relation("workflow_job_template_nodes", node, kind))
    }
    assert following == {
        ("staging-deploy", "success_nodes"): ["production-approval"],
        ("staging-deploy", "failure_nodes"): ["staging-rollback"],
        ("production-approval", "success_nodes"): ["production-deploy"],
        ("production-deploy", "failure_nodes"): ["production-rollback"],
    }
    assert awx.names("workflow_approval_templates") == ["Deploy to production"]
    assert awx.relation("workflow_job_templates", "jewelry-shop release", "notification_templates_approvals") == ["chat"]


def test_awx_gets_the_injectors_of_a_credential_type_as_templates(configured: tuple[Awx, Run]) -> None:
    injected = configured[0].named("credential_types", "Jewelry-shop secrets")["injectors"]["extra_vars"]["platform_secrets"]
    assert injected["POSTGRES_PASSWORD"] == "{{ postgres_password }}"


def test_a_changed_survey_changes_only_this_survey(again: tuple[Awx, Configure]) -> None:
    awx, run_again = again
    run = run_again({"awx_volumes": ["media-pvc"], "awx_notifications": SETTINGS["awx_notifications"]})
    assert run.returncode == 0, run.output
    assert run.count("changed") == 1, run.output
    template = awx.named("job_templates", "jewelry-shop staging remove")
    assert [each.path for each in awx.writes] == [f"/api/v2/job_templates/{template['id']}/survey_spec/"]
    [_confirmed, volumes, _namespace] = awx.surveys[template["id"]]["spec"]
    assert volumes["choices"] == ["media-pvc"]


def test_check_mode_shows_changes_and_writes_nothing(again: tuple[Awx, Configure]) -> None:
    awx, run_again = again
    run = run_again({"awx_ask_image_tag": False, "awx_project_branch": "v2"}, "--check", "--diff")
    assert run.returncode == 0, run.output
    # The project, and the templates of the deployment and the rest without notifications.
    assert run.count("changed") == 2, run.output
    assert awx.writes == []


def test_check_mode_of_an_empty_awx_names_what_is_missing(tmp_path: Path) -> None:
    awx = new_awx()
    with serving(awx) as url:
        run = configure(url, SETTINGS, tmp_path, "--check")
    assert run.returncode == 0, run.output
    assert awx.writes == []
    assert "AWX does not have the organization. A run creates what is missing." in run.words


def test_secrets_are_written_once_and_again_only_on_demand(again: tuple[Awx, Configure]) -> None:
    awx, run_again = again
    inputs = {"host": "https://kubernetes.example.com", "bearer_token": SECRET, "verify_ssl": True}
    chat = {"name": "chat", "type": "webhook", "events": ["error"], "configuration": {**CHAT, "password": "another-token"}}
    # Without a survey, a template of the deployment has none.
    settings = {
        "awx_credentials": [{"name": "new cluster", "type": BEARER_TOKEN["name"], "inputs": inputs}],
        "awx_notifications": [chat],
        "awx_ask_image_tag": False,
    }
    first = run_again({**settings, "awx_update_secrets": True}, "-vvv")
    second = run_again(settings)
    assert (first.returncode, second.returncode) == (0, 0), first.output + second.output
    assert second.count("changed") == 0, second.output
    assert SECRET not in first.output
    assert "another-token" not in first.output
    assert awx.named("credentials", "new cluster")["inputs"] == inputs
    assert awx.named("notification_templates", "chat")["notification_configuration"]["password"] == "another-token"
    deploy = awx.named("job_templates", "jewelry-shop staging deploy")
    assert deploy["survey_enabled"] is False
    assert deploy["id"] not in awx.surveys


@pytest.mark.parametrize(
    ("settings", "environment", "sentence"),
    [
        (
            {},
            {"CONTROLLER_OAUTH_TOKEN": "wrong-token"},
            "Apply the organization: Invalid authentication credentials for /api/v2/organizations/ (HTTP 401). Set awx_token, or "
            "CONTROLLER_OAUTH_TOKEN in the environment, to a valid token.",
        ),
        ({}, {"CONTROLLER_HOST": "http://127.0.0.1:1"}, "Set awx_host, or CONTROLLER_HOST in the environment, to the URL of AWX."),
        (
            {"awx_environments": [{"name": "staging", "inventory": "inventories/staging", "credentials": ["nobody"]}]},
            {},
            "Apply the job templates jewelry-shop staging deploy: Request to /api/v2/credentials/?name=nobody returned 0 items, "
            "expected 1. "
            "Create this object in AWX, or correct its name in the variables of the role awx.",
        ),
        ({"awx_project_url": ""}, {}, "awx_project_url is not set: set it to the URL of the Git repository"),
        (
            {"awx_environments": [{"name": "a", "credentials": ["b"]}]},
            {},
            "missing required arguments: inventory found in awx_environments",
        ),
    ],
)
def test_a_failure_is_one_sentence_that_names_what_to_do(
    again: tuple[Awx, Configure], settings: dict[str, Any], environment: dict[str, str], sentence: str
) -> None:
    _awx, run_again = again
    run = run_again(settings, **environment)
    assert run.returncode == 2, run.output
    assert sentence in run.words
    assert "Traceback" not in run.output
    assert "wrong-token" not in run.output


def test_a_missing_collection_is_one_sentence(tmp_path: Path) -> None:
    collections = tmp_path / "collections"
    (collections / "ansible_collections" / "jewelry_shop").mkdir(parents=True)
    (collections / "ansible_collections" / "jewelry_shop" / "platform").symlink_to(ROOT)
    run = configure("http://127.0.0.1:1", SETTINGS, tmp_path, ANSIBLE_COLLECTIONS_PATH=str(collections))
    assert run.returncode == 2, run.output
    assert "The collection awx.awx is not installed. Install it with ansible-galaxy collection install awx.awx." in run.words
    assert "Traceback" not in run.output
