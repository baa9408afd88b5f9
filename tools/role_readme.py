"""Write the options in every role's README from its argument specification, or check that they are up to date.

This program writes only the part between two markers. It creates a missing README. A README with the markers of flows also gets the
table of the role's own flows.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import sys
from typing import Any

import yaml

ROLES = pathlib.Path(__file__).resolve().parents[1] / "roles"
BEGIN = "<!-- options:begin (make readmes) -->"
END = "<!-- options:end -->"
PART = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
FLOWS_BEGIN = "<!-- flows:begin (make readmes) -->"
FLOWS_END = "<!-- flows:end -->"
FLOWS_PART = re.compile(f"{re.escape(FLOWS_BEGIN)}.*{re.escape(FLOWS_END)}", re.DOTALL)


def markdown(text: str | list[str]) -> str:
    """Convert the markup of Ansible's documentation to Markdown, on one line."""
    joined = " ".join([text] if isinstance(text, str) else text)
    return re.sub(r"\b[CEOV]\(([^)]*)\)", r"`\1`", joined).replace("|", "\\|")


def default(option: dict[str, Any]) -> str:
    """Format an option's default value."""
    if "default" not in option:
        return "**required**" if option.get("required") else ""
    value = option["default"]
    shown = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return f"`{' '.join(shown.split())}`".replace("|", "\\|")


def table(options: dict[str, Any]) -> list[str]:
    """Format options as a table, followed by one table for each option with suboptions."""
    lines = ["| Name | Type | Default | Meaning |", "|---|---|---|---|"]
    nested: list[str] = []
    for name, option in options.items():
        kind = f"{option['type']} of {option['elements']}" if "elements" in option else option["type"]
        choices = ", ".join(f"`{choice}`" for choice in option.get("choices", ()))
        meaning = markdown(option["description"]) + (f" One of {choices}." if choices else "")
        lines.append(f"| `{name}` | {kind} | {default(option)} | {meaning} |")
        if "options" in option:
            nested += ["", f"Keys of `{name}`:", "", *table(option["options"])]
    return lines + nested


def flows(role: pathlib.Path) -> list[str]:
    """Format a role's own flows as a table. A port from a setting is shown as the name of the setting."""
    [listed] = [value for name, value in yaml.safe_load((role / "vars" / "main.yml").read_text()).items() if name.endswith("_own_flows")]
    lines = ["| From | To | Ports | What for |", "|---|---|---|---|"]
    for flow in listed:
        given = flow["ports"] if isinstance(flow["ports"], list) else [flow["ports"]]
        ports = ", ".join(_setting(port) if isinstance(port, str) else str(port) for port in given)
        lines.append(f"| {', '.join(flow['from'])} | {', '.join(flow['to'])} | {ports} {flow.get('protocol', 'TCP')} | {flow['reason']} |")
    return lines


def _setting(template: str) -> str:
    name = template.strip("{} ").partition(" |")[0].rpartition(".")[2]
    return f"`{name}`"


def render(role: pathlib.Path) -> str:
    """Return a role's README: the manual text, with the options from the specification.

    Raises:
        ValueError: the README has no markers.
    """
    spec = yaml.safe_load((role / "meta" / "argument_specs.yml").read_text())["argument_specs"]["main"]
    options = table(spec["options"]) if spec.get("options") else ["This role has no variables of its own."]
    part = "\n".join([BEGIN, *options, END])
    readme = role / "README.md"
    if not readme.exists():
        purpose = "\n\n".join(markdown(paragraph) for paragraph in spec["description"])
        return f"# {spec['short_description']}\n\nRole `jewelry_shop.platform.{role.name}`. {purpose}\n\n## Variables\n\n{part}\n"
    text, found = PART.subn(lambda _: part, readme.read_text())
    if found != 1:
        raise ValueError(f"{readme.relative_to(ROLES.parent)} needs the lines {BEGIN} and {END} once, in this order.")
    if FLOWS_BEGIN in text:
        flows_part = "\n".join([FLOWS_BEGIN, *flows(role), FLOWS_END])
        text = FLOWS_PART.sub(lambda _: flows_part, text)
    return text


def main() -> int:
    """Write or check the READMEs. The exit code is 1 if one is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, name the READMEs that differ")
    check = parser.parse_args().check
    differ = []
    for role in sorted(path.parents[1] for path in ROLES.glob("*/meta/argument_specs.yml")):
        readme = role / "README.md"
        try:
            text = render(role)
        except ValueError as error:
            sys.exit(str(error))
        if readme.exists() and readme.read_text() == text:
            continue
        differ.append(str(readme.relative_to(ROLES.parent)))
        if not check:
            readme.write_text(text)
    if differ:
        print(f"{'Not as the argument specification has it (run make readmes)' if check else 'Written'}: {', '.join(differ)}")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
