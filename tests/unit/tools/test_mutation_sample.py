"""Which changes are found in code. A seed always draws the same sample."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tools.mutation_sample import mutate_python, mutate_yaml
from tools.mutation_sample.__main__ import importers, sample
from tools.mutation_sample.change import Change

PYTHON = '''"""Documentation."""

LIMIT: int = 3


def judge(value: int, names: list[str]) -> bool:
    """Judge a välue."""
    if value > LIMIT and not names:
        return True
    print("ä", sorted(names, reverse=False))
    return any(name == "a" for name in names if name)
'''

YAML = """---
# A comment with 5 words.
size: 10
on: true
name: "{{ other | default('') if size > 3 else 'x' }}"
list: [a, b]
block:
  - one: 1
    two: 2
"""

TEMPLATE = """{# 1 comment #}
server {
    listen 8080;
{% if ipv6 and size > 3 %}
    listen [::]:8080;
{% endif %}
}
"""


@pytest.mark.parametrize(
    ("find", "path", "text", "old", "new"),
    [
        (mutate_python.changes, "a.py", PYTHON, "value > LIMIT", "value >= LIMIT"),
        (mutate_python.changes, "a.py", PYTHON, "LIMIT and not names", "LIMIT or not names"),
        (mutate_python.changes, "a.py", PYTHON, "not names", "(names)"),
        (mutate_python.changes, "a.py", PYTHON, "int = 3", "int = 4"),
        (mutate_python.changes, "a.py", PYTHON, 'print("ä", sorted(names, reverse=False))', "pass"),
        (mutate_python.changes, "a.py", PYTHON, 'print("ä", sorted(names, reverse=False))', 'print(sorted(names, reverse=False), "ä")'),
        (mutate_python.changes, "a.py", PYTHON, ", reverse=False", ""),
        (mutate_python.changes, "a.py", PYTHON, "return True", "return False"),
        (mutate_python.changes, "a.py", PYTHON, "return True", "return None"),
        (mutate_python.changes, "a.py", PYTHON, "any(", "all("),
        (mutate_python.changes, "a.py", PYTHON, "names if name)", "names if True)"),
        (mutate_python.changes, "a.py", PYTHON, "if value > LIMIT and not names:", "if False:"),
        (mutate_yaml.changes, "a.yml", YAML, "size: 10\n", "size: 11\n"),
        (mutate_yaml.changes, "a.yml", YAML, "size: 10\n", ""),
        (mutate_yaml.changes, "a.yml", YAML, "on: true", "on: false"),
        (mutate_yaml.changes, "a.yml", YAML, "size > 3", "size >= 3"),
        (mutate_yaml.changes, "a.yml", YAML, "[a, b]", "[b]"),
        (mutate_yaml.changes, "a.yml", YAML, "[a, b]", "[a]"),
        (mutate_yaml.changes, "a.yml", YAML, "    two: 2\n", ""),
        (mutate_yaml.changes, "a.yml", YAML, "  - one: 1\n    two: 2\n", ""),
        (mutate_yaml.changes, "a.conf.j2", TEMPLATE, "    listen 8080;\n", ""),
        (mutate_yaml.changes, "a.conf.j2", TEMPLATE, "listen 8080;", "listen 8081;"),
        (mutate_yaml.changes, "a.conf.j2", TEMPLATE, "if ipv6 and size > 3 ", "if true "),
        (mutate_yaml.changes, "a.conf.j2", TEMPLATE, "ipv6 and size", "ipv6 or size"),
    ],
)
def test_a_change_is_found(find: Callable[[str, str], list[Change]], path: str, text: str, old: str, new: str) -> None:
    assert old in text
    assert text.replace(old, new, 1) in {change.apply(text) for change in find(path, text)}


@pytest.mark.parametrize(
    ("find", "path", "text"),
    [(mutate_python.changes, "a.py", PYTHON), (mutate_yaml.changes, "a.yml", YAML), (mutate_yaml.changes, "a.j2", TEMPLATE)],
)
def test_comments_and_documentation_are_not_changed(find: Callable[[str, str], list[Change]], path: str, text: str) -> None:
    changed = [change.apply(text) for change in find(path, text)]
    assert changed
    assert text not in changed
    for words in ('"""Documentation."""', '"""Judge a välue."""', "# A comment with 5 words.", "{# 1 comment #}"):
        assert words not in text or all(words in each for each in changed)


def test_one_seed_draws_one_sample_and_changes_a_line_once() -> None:
    path = "tools/collection_tree.py"
    found = [Change(path, kind, line, 0, 0, "", "") for kind in ("a", "b") for line in range(1, 40)]
    drawn = sample(found, 20, 1)
    assert drawn == sample(found, 20, 1) != sample(found, 20, 2)
    assert len({change.line for change in drawn}) == 20


def test_the_tests_of_a_file_are_those_that_import_it() -> None:
    near, _further = importers("plugins/module_utils/cluster/deadline.py")
    assert near[0] == "tests/unit/plugins/module_utils/cluster/test_deadline.py"
    assert "tests/unit/plugins/module_utils/health/test_request.py" in near
    assert "tests/unit/plugins/module_utils/prune/test_rules.py" not in near
