"""Write docs/deployer.yaml from the role deployer and its list of permissions, or check that the file is up to date.

The file shows what playbooks/grant_deployer.yml creates with the default settings, with the reason for each rule. Rules that only other
settings need are commented out.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import sys
import textwrap
from collections.abc import Iterator, Mapping
from typing import Any

import yaml

# The program is run by its path.
ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from tools.role_files import Dumper  # noqa: E402
from tools.role_variables import resolver  # noqa: E402

TARGET = ROOT / "docs" / "deployer.yaml"
HEAD = """\
# What playbooks/grant_deployer.yml makes with the default settings: a ServiceAccount that may deploy into the namespace jewelry-shop.
# Made by tools/deployer_yaml.py (make readmes) from the list of permissions in plugins/module_utils/cluster/permissions.py.
#
# Prefer the playbook: it grants what the settings of your inventory need, and keeps a kubeconfig with a token that expires. Without it, an
# administrator changes names and labels to those of the inventory, takes the comment signs from the rules that its settings need, and runs
#   kubectl apply -f docs/deployer.yaml
#   kubectl create token jewelry-shop-deployer -n jewelry-shop-deployer --duration=24h
"""
WIDTH = 140


def rules_text(rules: Any, settings: Mapping[str, Any], cluster_wide: bool) -> Iterator[str]:
    """Format the rules of a Role, each with its reason."""
    for rule in rules:
        if rule.cluster_wide is not cluster_wide:
            continue
        words = [rule.reason]
        if rule.when:
            *others, last = [f"`{each}`" for each in rule.when]
            words.append(f"Only with {f'{", ".join(others)} or ' if others else ''}{last}.")
        if rule.without:
            words.append(f"Optional. Without it: {rule.without}.")
        sign = "  " if rule.is_needed(settings) else "  # "
        yield "".join(f"  # {line}\n" for line in textwrap.wrap(" ".join(words), WIDTH - 8))
        names = {"resourceNames": [*rule.names]} if rule.names else {}
        manifest = {"apiGroups": [rule.group], "resources": [*rule.resources], **names, "verbs": [*rule.verbs]}
        lines = [f"{key}: {yaml.dump(value, default_flow_style=True, width=WIDTH).strip()}" for key, value in manifest.items()]
        yield "".join(f"{sign}{'- ' if number == 0 else '  '}{line}\n" for number, line in enumerate(lines))


def render() -> str:
    """Return the content of the file."""
    resolve = resolver()
    # Convert Ansible's tagged strings to plain values.
    objects = json.loads(json.dumps([resolve("namespace_manifests", {}), *resolve("deployer_manifests", {})]))
    settings = resolve("__deployer_settings", {})
    # Imported after the resolver, which otherwise finds no filters.
    from ansible_collections.jewelry_shop.platform.plugins.module_utils.cluster.permissions import RULES

    texts = []
    for item in objects:
        bare = {key: value for key, value in item.items() if key != "rules"}
        text = yaml.dump(bare, Dumper=Dumper, sort_keys=False, width=WIDTH)
        if "rules" in item:
            text += "rules:\n" + "".join(rules_text(RULES, settings, item["kind"] == "ClusterRole"))
        texts.append(text)
    # A single document, because ansible-test does not accept several.
    entries = [f"  - {textwrap.indent(text, ' ' * 4).removeprefix(' ' * 4)}" for text in texts]
    return f"---\n{HEAD}apiVersion: v1\nkind: List\nitems:\n{''.join(entries)}"


def main() -> int:
    """Write or check the file. The exit code is 1 if it is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail where the file differs")
    check = parser.parse_args().check
    text = render()
    if TARGET.exists() and TARGET.read_text() == text:
        return 0
    if not check:
        TARGET.write_text(text)
    print(f"{'Not as the list of permissions has it (run make readmes)' if check else 'Written'}: {TARGET.relative_to(ROOT)}")
    return 1 if check else 0


if __name__ == "__main__":
    sys.exit(main())
