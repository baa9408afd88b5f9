"""Resolves variables of the roles as Ansible does, without a run of a playbook.

Needs a process that imported no collection before, since Ansible finds filters of collections only there.
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
        A function that takes a variable's name and the values of an inventory, and returns its value.
    """
    init_plugin_loader([str(ROOT / ".ansible" / "collections")])
    loader = DataLoader()
    # Variables of a role name files of another one by the path of the role that runs, whichever that is.
    variables = {"inventory_hostname": "production", "role_path": str(ROOT / "roles" / "render")} | {
        name: value
        for place in ("defaults/main.yml", "vars/main.yml", "vars/main/*.yml")
        for path in sorted(ROOT.glob(f"roles/*/{place}"))
        for name, value in loader.load_from_file(str(path), trusted_as_template=True).items()
    }

    def resolve(name: str, values: Mapping[str, Any]) -> Any:
        return _resolved(Templar(loader, variables={**variables, **values}).template(variables[name]))

    return resolve


def _resolved(value: Any) -> Any:
    """A value with all that it holds, which is what makes Ansible resolve templates within."""
    if isinstance(value, dict):
        return {key: _resolved(each) for key, each in value.items()}
    return [_resolved(each) for each in value] if isinstance(value, list) else value
