"""Resolves variables of roles as Ansible does, without a run of a playbook: one JSON request a line, one JSON answer a line.

A process of its own, since Ansible finds filters of collections only where nothing imported a collection before.
"""

from __future__ import annotations

import json
import pathlib
import sys
from typing import Any

from ansible.errors import AnsibleError
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import init_plugin_loader
from ansible.template import Templar

ROOT = pathlib.Path(__file__).parents[3]


def resolved(value: Any) -> Any:
    """A value with all that it holds, which is what makes Ansible resolve templates within."""
    if isinstance(value, dict):
        return {key: resolved(each) for key, each in value.items()}
    return [resolved(each) for each in value] if isinstance(value, list) else value


def main() -> None:
    """Answer until the requests end."""
    init_plugin_loader([str(ROOT / ".ansible" / "collections")])
    loader = DataLoader()
    variables = {"inventory_hostname": "production"} | {
        name: value
        for place in ("defaults/main.yml", "vars/main.yml", "vars/main/*.yml")
        for path in sorted(ROOT.glob(f"roles/*/{place}"))
        for name, value in loader.load_from_file(str(path), trusted_as_template=True).items()
    }
    for line in sys.stdin:
        name, values = json.loads(line)
        try:
            value = resolved(Templar(loader, variables={**variables, **values}).template(variables[name]))
        except AnsibleError as error:
            answer = {"error": str(error)}
        else:
            answer = {"value": value}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
