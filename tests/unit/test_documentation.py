"""README stays a quick start that lists every guide. Links, variables, roles and alerts that the documents name exist."""

from __future__ import annotations

import ast
import fnmatch
import pathlib
import re

import pytest
import yaml

from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.complete import SETTINGS
from ansible_collections.jewelry_shop.platform.plugins.module_utils.workloads.schema import KEYS
from tests.unit.documents import (
    CODE,
    DOCUMENTS,
    GUIDES,
    HEADING,
    MARKDOWN,
    OPTIONS,
    SPECIFICATIONS,
    anchors,
    links,
    load_variables,
    name_of,
    prose,
)
from tools.collection_tree import ROOT

README = ROOT / "README.md"
DECISIONS = sorted(ROOT.glob("docs/decisions/*.md"))
# A fact of a run, whose name begins like that of a variable.
NO_VARIABLES = {"platform_reports"}
# For people who change the collection, so it names variables of the roles' own, too.
ARCHITECTURE = ROOT / "docs" / "architecture.md"
LONGEST_WAY = 12
TROUBLESHOOT = ROOT / "docs" / "troubleshoot.md"
LEAST_MESSAGES = 15
OWN_VARIABLES = {name for path in ROOT.glob("roles/*/vars/**/*.yml") for name in load_variables(path)}
LOCAL_LINKS = [(document, target) for document in MARKDOWN for target in links(document) if "://" not in target]


def words(document: pathlib.Path) -> set[str]:
    """Return the code in a document's text, up to the first character that ends a name."""
    return {re.split(r"[.:= ]", code)[0] for code in CODE.findall(prose(document))}


def test_readme_has_at_most_150_lines() -> None:
    assert len(README.read_text().splitlines()) <= 150


def test_readme_lists_every_guide() -> None:
    listed = {target for target in links(README) if target.startswith("docs/")}
    assert {name_of(guide) for guide in GUIDES} | {"docs/deployer.yaml", "docs/decisions"} <= listed


@pytest.mark.parametrize(("document", "target"), LOCAL_LINKS, ids=[f"{name_of(document)}-{target}" for document, target in LOCAL_LINKS])
def test_links_point_to_existing_files_and_headings(document: pathlib.Path, target: str) -> None:
    path, _separator, anchor = target.partition("#")
    linked = (document.parent / path).resolve() if path else document
    assert linked.exists()
    assert linked.is_relative_to(ROOT)
    assert not anchor or anchor in anchors(linked)


def test_links_of_all_kinds_of_documents_are_found() -> None:
    assert len(LOCAL_LINKS) > 150
    folders = {name_of(document.parent) for document, _target in LOCAL_LINKS}
    assert {".", "docs", "docs/decisions", "roles/deployer"} <= folders
    assert any("#" in target for _document, target in LOCAL_LINKS)


def test_anchors_are_formed_as_on_github(tmp_path: pathlib.Path) -> None:
    document = tmp_path / "example.md"
    document.write_text("# 1. Write the `site.yml`\n```bash\n# no heading\n```\n## A [link](there.md), and more\n## Twice\n## Twice\n")
    assert anchors(document) == ["1-write-the-siteyml", "a-link-and-more", "twice", "twice-1"]


@pytest.mark.parametrize("document", DOCUMENTS, ids=name_of)
def test_a_document_has_one_title_and_no_heading_twice(document: pathlib.Path) -> None:
    assert len(re.findall(r"^# ", prose(document), re.MULTILINE)) == 1
    headings = HEADING.findall(prose(document))
    assert sorted(set(headings)) == sorted(headings)


def variables(document: pathlib.Path) -> set[str]:
    like_a_variable = re.compile(rf"({'|'.join(SPECIFICATIONS)})_\w*\*?")
    return {word for word in words(document) if like_a_variable.fullmatch(word)} - SPECIFICATIONS.keys() - NO_VARIABLES


@pytest.mark.parametrize("document", [*DOCUMENTS, ROOT / "SECURITY.md"], ids=name_of)
def test_variables_that_a_document_names_exist(document: pathlib.Path) -> None:
    known = {*OPTIONS, *OWN_VARIABLES} if document == ARCHITECTURE else OPTIONS
    # `django_hpa_*` stands for all variables with this prefix.
    assert [name for name in variables(document) if name not in known and not fnmatch.filter(OPTIONS, name)] == []


def test_variables_are_found() -> None:
    named = {name for document in DOCUMENTS for name in variables(document)}
    assert {"nginx_rate_limit", "platform_image_digest", "preflight_take_over", "redis_allowed_commands", "validate_customer_*"} <= named
    assert len(named) > 90


def test_a_number_after_a_variable_is_its_default() -> None:
    # `platform_release_history` releases (5)
    shown = {(name, int(number)) for document in DOCUMENTS for name, number in re.findall(r"`(\w+)`(?: \w+)? \((\d+)\)", prose(document))}
    assert {("platform_release_history", 5), ("celery_worker_termination_grace_period_seconds", 300)} <= shown
    assert shown == {(name, OPTIONS[name]["default"]) for name, _number in shown}


def test_variables_of_every_tier_exist() -> None:
    suffixes = {word.removeprefix("<tier>") for document in DOCUMENTS for word in words(document) if word.startswith("<tier>")}
    # Celery beat always has one replica, and its strategy is Recreate.
    of_scaled = {"_replicas", "_disruption_budget", "_hpa_enabled", "_hpa_external", "_strategy"}
    of_all = {"_pod", "_probes", "_read_only_root_filesystem", "_resources", "_termination_grace_period_seconds", "_volumes"}
    assert suffixes == of_scaled | of_all
    scaled = {"django", "nginx", "celery_worker"}
    assert {tier + suffix for tier in scaled for suffix in suffixes} | {f"celery_beat{suffix}" for suffix in of_all} <= OPTIONS.keys()


def test_roles_modules_and_playbooks_are_listed() -> None:
    listed = ROOT / "docs" / "roles.md"
    assert {pathlib.Path(target).parent.name for target in links(listed) if target.startswith("../roles/")} == SPECIFICATIONS.keys()
    rows = set(re.findall(r"^\| `([^`]+)` \|", listed.read_text(), re.MULTILINE))
    modules = {path.stem for path in ROOT.glob("plugins/modules/*.py")} - {"__init__"}
    playbooks = {name_of(path) for path in ROOT.glob("playbooks/*.yml")}
    assert rows == modules | playbooks


def test_the_table_of_alerts_has_every_alert_with_its_severity() -> None:
    rules = (ROOT / "roles" / "monitoring" / "templates" / "prometheus_rule.yaml.j2").read_text()
    alerts = re.findall(r"- alert: (\w+)\n.*?severity: (\w+)", rules, re.DOTALL)
    assert re.findall(r"^\| `(\w+)` \| (\w+) \|", (ROOT / "docs" / "monitoring.md").read_text(), re.MULTILINE) == alerts


def test_the_interface_of_the_image_has_the_defaults_of_the_variables() -> None:
    rows = re.findall(r"^\| [^|]+ \| `([^|]+)` \| (`[^|]+`) \|$", (ROOT / "docs" / "image.md").read_text(), re.MULTILINE)
    shown = {name: value.split("`")[0] for value, names in rows for name in CODE.findall(names) if name in OPTIONS}
    assert shown == {name: str(OPTIONS[name]["default"]) for name in shown}
    assert shown.keys() >= {"platform_uid", "platform_gid", "django_wsgi_application", "celery_app", "django_bind_address"}


def strings_of_the_collection() -> str:
    """The strings of the Python code and the YAML files, without line breaks. A part of an f-string is a string of its own."""
    code = [ast.parse(path.read_text()) for folder in ("plugins", "roles") for path in sorted((ROOT / folder).rglob("*.py"))]
    strings = [node.value for tree in code for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)]
    files = [path.read_text() for folder in ("playbooks", "roles") for path in sorted((ROOT / folder).rglob("*.yml"))]
    return "\n".join(" ".join(text.split()) for text in strings + files)


def test_the_messages_of_the_troubleshooting_guide_are_those_of_the_collection() -> None:
    messages = re.findall(r"^\| `([^`]+)` \|", TROUBLESHOOT.read_text().partition("## Messages")[2], re.MULTILINE)
    parts = {part.strip() for message in messages for part in message.split("...")}
    known = strings_of_the_collection()
    assert len(messages) >= LEAST_MESSAGES
    assert [part for part in sorted(parts) if part not in known] == []


def test_a_superseded_decision_names_a_later_one() -> None:
    lines = {path: line for path in DECISIONS for line in path.read_text().splitlines()[1:3] if line.startswith("Superseded")}
    assert len(lines) >= 8
    for path, line in lines.items():
        later = re.findall(r"\]\((\d{4}-[\w-]+\.md)\)", line)
        assert later
        assert all(target > path.name for target in later)


def test_every_file_that_the_architecture_names_exists() -> None:
    named = {code for code in CODE.findall(ARCHITECTURE.read_text()) if re.fullmatch(r"(roles|plugins)/[\w/.]+\.(yml|py|j2)", code)}
    assert len(named) >= LONGEST_WAY
    assert [path for path in named if not (ROOT / path).is_file()] == []


def test_the_path_of_the_image_has_few_steps() -> None:
    assert len(re.findall(r"^\d+\. ", ARCHITECTURE.read_text(), re.MULTILINE)) <= LONGEST_WAY


def test_the_readme_of_workloads_explains_each_key_and_common_setting() -> None:
    readme = (ROOT / "roles" / "workload" / "README.md").read_text()
    # The names of an autoscaler's settings stand in one row, as `<role>_hpa_enabled`, `_external` and so on.
    others = {f"<role>_{setting}" for setting in SETTINGS if not setting.startswith(("hpa_", "keda_"))}
    settings = others | {"<role>_hpa_enabled", "<role>_keda_enabled"}
    assert [name for name in (*KEYS, *settings) if f"`{name}`" not in readme] == []


def test_the_options_that_tiers_share_are_the_common_settings() -> None:
    shared = yaml.safe_load((ROOT / "tools" / "tier_options.yml").read_text())
    # The groups and the canary are no settings of one workload: each makes further ones.
    assert {name for name in shared if not name.startswith("<tier>_canary")} == {f"<tier>_{setting}" for setting in (*SETTINGS, "groups")}
