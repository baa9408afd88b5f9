"""Write the files of every role that follow from its argument specification, or check that they are up to date.

- README.md: the tables between the markers of options, and between the markers of flows if it has them. A missing README is created.
- defaults/main.yml: the default values.
- meta/main.yml: what Galaxy shows of a role. Its dependencies are written by hand.
- meta/argument_specs.yml of a tier: the options below the comment line, from tools/tier_options.yml. Below that line, only a default that
  differs, and further paragraphs of a description, are written by hand.
"""

from __future__ import annotations

import argparse
import json
import pathlib
import re
import sys
import textwrap
from typing import Any

import yaml

ROOT = pathlib.Path(__file__).resolve().parents[1]
TIER_OPTIONS = ROOT / "tools" / "tier_options.yml"
SHARED = "      # From tools/tier_options.yml (make readmes). Only other defaults and more paragraphs are written by hand.\n"
GENERATED = "---\n# Generated from meta/argument_specs.yml by tools/role_files.py (make readmes){}.\n"
DEFAULTS = GENERATED.format("")
# A longer string stands below its name and is folded. With a name of at most 46 characters, a shorter string fits into WIDTH beside it.
LONGEST_STRING = 70
# A folded line ends after the word that crosses this column. With the indentation of a specification it stays below 160 characters.
WIDTH = 120
BEGIN = "<!-- options:begin (make readmes) -->"
END = "<!-- options:end -->"
PART = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)
FLOWS_BEGIN = "<!-- flows:begin (make readmes) -->"
FLOWS_END = "<!-- flows:end -->"
FLOWS_PART = re.compile(f"{re.escape(FLOWS_BEGIN)}.*{re.escape(FLOWS_END)}", re.DOTALL)


class Dumper(yaml.SafeDumper):
    """Writes YAML in the style of the files that are written by hand."""

    def ignore_aliases(self, _data: Any) -> bool:
        """Return true, so that a repeated value is written in full."""
        return True

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:  # noqa: ARG002 - a name of PyYAML
        """Indent the entries of a list."""
        super().increase_indent(flow, False)

    def choose_scalar_style(self) -> str:
        """Prefer double quotes where nothing needs an escape."""
        style: str = super().choose_scalar_style()
        escapes = isinstance(self.event, yaml.ScalarEvent) and {'"', "\\"} & {*self.event.value}
        return '"' if style == "'" and not escapes else style

    def represent_text(self, value: str) -> yaml.ScalarNode:
        """Keep the lines of a string, and fold a long line."""
        style = "|" if "\n" in value else ">" if len(value) > LONGEST_STRING else None
        return self.represent_scalar("tag:yaml.org,2002:str", value, style)


Dumper.add_representer(str, Dumper.represent_text)


def dump(value: dict[str, Any]) -> str:
    """Format a mapping as YAML."""
    text: str = yaml.dump(value, Dumper=Dumper, sort_keys=False, width=WIDTH, allow_unicode=True)
    return text


class OneLine(dict[str, Any]):
    """A mapping that is written in one line."""


Dumper.add_representer(OneLine, lambda dumper, value: dumper.represent_mapping("tag:yaml.org,2002:map", value, flow_style=True))


def in_one_line(value: Any) -> Any:
    """Mark the mappings of a default to be written in one line."""
    return OneLine({key: in_one_line(each) for key, each in value.items()}) if isinstance(value, dict) else value


def options_of(specification: str) -> dict[str, Any]:
    """Read the options of a role from the text of its specification."""
    options: dict[str, Any] | None = yaml.safe_load(specification)["argument_specs"]["main"].get("options")
    return options or {}


def with_shared_options(role: str, specification: str, shared: dict[str, Any]) -> str:
    """Write the shared options into the specification of a tier. The specification of another role stays as it is.

    Raises:
        ValueError: an option is on the wrong side of the comment line.
    """
    own_part, line, _shared_part = specification.partition(SHARED)
    if not line:
        return specification
    known = {name.replace("<tier>", role): option for name, option in shared.items()}
    own = options_of(own_part)
    given = {name: option or {} for name, option in options_of(specification).items() if name not in own}
    if wrong := sorted(own.keys() & known.keys() | given.keys() - known.keys()):
        raise ValueError(f"These options are on the wrong side of the comment line about {TIER_OPTIONS.name}: {', '.join(wrong)}.")
    options = {}
    for name in (name for name in known if name in given):
        described = given[name].get("description")
        further = described[1:] if isinstance(described, list) else []
        description = known[name]["description"].replace("<tier>", role)
        written = {**known[name], "description": [description, *further] if further else description}
        default = given[name].get("default", written.pop("default", None))
        own = {key: value for key, value in given[name].items() if key not in {*written, "default"}}
        options[name] = {**written, **own, "default": in_one_line(default)}
    return own_part + line + (textwrap.indent(dump(options), " " * 6) if options else "")


def defaults(options: dict[str, Any]) -> str:
    """Return a role's defaults/main.yml.

    Raises:
        ValueError: an option has no default.
    """
    optional = {name: option for name, option in options.items() if not option.get("required")}
    if missing := [name for name, option in optional.items() if "default" not in option]:
        raise ValueError(f"These options need a default, or `required: true`: {', '.join(missing)}.")
    return DEFAULTS + dump({name: option["default"] for name, option in optional.items()})


def metadata(short_description: str, dependencies: list[Any]) -> str:
    """Return a role's meta/main.yml, with the author, the license and the oldest Ansible of the collection."""
    galaxy, runtime = (yaml.safe_load((ROOT / path).read_text()) for path in ("galaxy.yml", "meta/runtime.yml"))
    oldest = re.match(r">=(\d+\.\d+)", runtime["requires_ansible"])
    shown = {
        "author": galaxy["authors"][0],
        "description": short_description,
        "license": galaxy["license"][0],
        "min_ansible_version": oldest[1] if oldest else "",
    }
    return GENERATED.format(", except dependencies") + dump({"galaxy_info": shown, "dependencies": dependencies})


def markdown(text: str | list[str]) -> str:
    """Convert the markup of Ansible's documentation to Markdown, on one line."""
    joined = " ".join([text] if isinstance(text, str) else text)
    return re.sub(r"\b[CEOV]\(([^)]*)\)", r"`\1`", joined).replace("|", "\\|")


def default(option: dict[str, Any]) -> str:
    """Format an option's default value for a table."""
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


def flows() -> list[str]:
    """Format the platform's own flows as a table, with the ports of the default settings."""
    # Imports Ansible's controller, in whose process modules report no warnings. Tests of modules import this file too.
    from tools.role_variables import resolver

    lines = ["| From | To | Ports | What for |", "|---|---|---|---|"]
    for flow in resolver()("__network_policies_own_flows", {}):
        ports = ", ".join(str(port) for port in flow["ports"])
        lines.append(f"| {', '.join(flow['from'])} | {', '.join(flow['to'])} | {ports} {flow.get('protocol', 'TCP')} | {flow['reason']} |")
    return lines


def readme(role: pathlib.Path, specification: str) -> str:
    """Return a role's README: the text written by hand, with the options from the specification.

    Raises:
        ValueError: the README has no markers.
    """
    spec = yaml.safe_load(specification)["argument_specs"]["main"]
    options = table(spec["options"]) if spec.get("options") else ["This role has no variables of its own."]
    part = "\n".join([BEGIN, *options, END])
    path = role / "README.md"
    if not path.exists():
        purpose = "\n\n".join(markdown(paragraph) for paragraph in spec["description"])
        return f"# {spec['short_description']}\n\nRole `jewelry_shop.platform.{role.name}`. {purpose}\n\n## Variables\n\n{part}\n"
    text, found = PART.subn(lambda _: part, path.read_text())
    if found != 1:
        raise ValueError(f"README.md needs the lines {BEGIN} and {END} once, in this order.")
    if FLOWS_BEGIN in text:
        flows_part = "\n".join([FLOWS_BEGIN, *flows(), FLOWS_END])
        text = FLOWS_PART.sub(lambda _: flows_part, text)
    return text


def files(role: pathlib.Path) -> dict[pathlib.Path, str]:
    """Return the content of each file of a role that this program writes."""
    path = role / "meta" / "argument_specs.yml"
    specification = with_shared_options(role.name, path.read_text(), yaml.safe_load(TIER_OPTIONS.read_text()))
    main = role / "meta" / "main.yml"
    dependencies = yaml.safe_load(main.read_text())["dependencies"] if main.exists() else []
    return {
        path: specification,
        main: metadata(yaml.safe_load(specification)["argument_specs"]["main"]["short_description"], dependencies),
        role / "defaults" / "main.yml": defaults(options_of(specification)),
        role / "README.md": readme(role, specification),
    }


def main() -> int:
    """Write or check the files. The exit code is 1 if one is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, name the files that differ")
    check = parser.parse_args().check
    differ = []
    roles = (path.parents[1] for path in ROOT.glob("roles/*/meta/argument_specs.yml"))
    # The README of network_policies resolves the defaults of all roles.
    for role in sorted(roles, key=lambda role: (role.name == "network_policies", role)):
        try:
            contents = files(role)
        except ValueError as error:
            sys.exit(f"{role.relative_to(ROOT)}: {error}")
        for path, text in contents.items():
            if path.exists() and path.read_text() == text:
                continue
            differ.append(str(path.relative_to(ROOT)))
            if not check:
                path.parent.mkdir(exist_ok=True)
                path.write_text(text)
    if differ:
        print(f"{'Not as the argument specification has it (run make readmes)' if check else 'Written'}: {', '.join(differ)}")
    return 1 if check and differ else 0


if __name__ == "__main__":
    sys.exit(main())
