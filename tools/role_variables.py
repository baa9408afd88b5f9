"""Resolves variables of the roles as Ansible does, without running a playbook.

Needs a process that has not imported a collection, because Ansible finds the filters of collections only then.
"""

from __future__ import annotations

import pathlib
from collections.abc import Callable, Mapping
from typing import Any

from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).resolve().parents[1]


def resolver() -> Callable[[str, Mapping[str, Any]], Any]:
    """Read the defaults and variables of all roles.

    Returns:
        A function that takes the name of a variable and the values of an inventory, and returns the value of the variable.
    """
    init_plugin_loader([str(ROOT / ".ansible" / "collections")])
    loader = DataLoader()
    variables: dict[str, Any] = {"inventory_hostname": "production", "ansible_play_hosts_all": [], "hostvars": {}} | {
        name: value
        for place in ("defaults/main.yml", "vars/main.yml", "vars/main/*.yml")
        for path in sorted(ROOT.glob(f"roles/*/{place}"))
        for name, value in loader.load_from_file(str(path), trusted_as_template=True).items()
    }

    def resolve(name: str, values: Mapping[str, Any]) -> Any:
        return _resolved(Templar(loader, variables={**variables, **values}).template(variables[name]))

    return resolve


def _resolved(value: Any) -> Any:
    """A copy of a value with all nested values, which makes Ansible resolve the templates in it."""
    if isinstance(value, dict):
        return {key: _resolved(each) for key, each in value.items()}
    return [_resolved(each) for each in value] if isinstance(value, list) else value
