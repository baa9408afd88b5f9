"""Write the documentation of the filters from the docstrings of their functions, or check that it is up to date.

A docstring has a first line, optionally a description, and the sections Args, Returns, Raises and Example. The first
parameter is the input of the filter. Types and defaults follow from the signature. A parameter with a time is only for tests.
"""

from __future__ import annotations

import argparse
import collections.abc
import datetime
import inspect
import pathlib
import sys
import types
import typing
from collections.abc import Callable, Iterator
from typing import Any

import docstring_parser
import yaml

from tools.role_files import Dumper, dump

ROOT = pathlib.Path(__file__).resolve().parents[1]
FILTERS = ROOT / "plugins" / "filter"
HEAD = "---\n# Generated from the docstring of {name} in {file} by tools/filter_docs.py (make readmes).\n"
SCALARS = {str: "str", int: "int", float: "float", bool: "bool", Any: "raw"}


def described_type(hint: Any) -> dict[str, Any]:
    """Convert a type hint to C(type) and C(elements) of an option."""
    if isinstance(hint, types.UnionType):
        hint = typing.get_args(hint)[0]
    if hint in SCALARS:
        return {"type": SCALARS[hint]}
    origin = typing.get_origin(hint)
    if origin in {list, collections.abc.Iterable, collections.abc.Sequence}:
        (element,) = typing.get_args(hint)
        return {"type": "list", "elements": described_type(element)["type"]}
    return {"type": "dict"}


def documentation(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the content of the YAML file of a filter.

    Raises:
        ValueError: the docstring lacks a section.
    """
    function = inspect.unwrap(function)
    name = function.__name__
    text = docstring_parser.parse(inspect.getdoc(function) or "", style=docstring_parser.DocstringStyle.GOOGLE)
    if not (text.short_description and text.params and text.returns and text.examples):
        raise ValueError(f"The docstring of {name} needs a first line and the sections Args, Returns and Example.")
    parameters, hints = inspect.signature(function).parameters, typing.get_type_hints(function)
    options, positional = {}, []
    for number, described in enumerate(text.params):
        parameter = parameters[described.arg_name]
        if hints[parameter.name] == datetime.datetime | None:
            continue
        option = {"description": one_line(described.description), **described_type(hints[parameter.name])}
        if parameter.default is parameter.empty:
            option["required"] = True
        elif parameter.default is not None:
            option["default"] = list(parameter.default) if isinstance(parameter.default, tuple) else parameter.default
        options[parameter.name if number else "_input"] = option
        if number and parameter.kind is parameter.POSITIONAL_OR_KEYWORD:
            positional.append(parameter.name)
    sentences = [text.long_description or text.short_description, *(f"Fails if {each.description}" for each in text.raises)]
    return {
        "DOCUMENTATION": {
            "name": name,
            "author": "Jewelry Shop Platform Team (@jewelry-shop)",
            "version_added": "1.0.0",
            "short_description": text.short_description.removesuffix("."),
            "description": [one_line(sentence) for sentence in sentences],
            **({"positional": ", ".join(positional)} if positional else {}),
            "options": options,
        },
        "EXAMPLES": example(one_line(text.examples[0].description)),
        "RETURN": {"_value": {"description": one_line(text.returns.description), **described_type(hints["return"])}},
    }


def example(expression: str) -> str:
    """Return a task that shows the value of an expression."""
    task = {"name": "Show the result", "ansible.builtin.debug": {"msg": expression}}
    text: str = yaml.dump([task], Dumper=ShortDumper, sort_keys=False, width=1000)
    return text


class ShortDumper(Dumper):
    """Writes every string in one line."""

    def represent_text(self, value: str) -> yaml.ScalarNode:
        """Choose the style by the content alone."""
        return yaml.SafeDumper.represent_str(self, value)


ShortDumper.add_representer(str, ShortDumper.represent_text)


def one_line(text: str | None) -> str:
    """Join the lines of a paragraph."""
    return " ".join((text or "").split())


def files() -> Iterator[tuple[pathlib.Path, str]]:
    """Yield the path and the content of each file."""
    # Imported here, because Ansible's controller changes how a module of the same process reports its warnings.
    from tools.role_variables import resolver

    resolver()
    # Imported after the resolver, which makes the collection importable.
    from ansible_collections.jewelry_shop.platform.plugins.filter import awx, manifests, report

    for functions in (module.FilterModule().filters() for module in (awx, manifests, report)):
        for name, function in functions.items():
            source = pathlib.Path(inspect.getsourcefile(inspect.unwrap(function)) or "").resolve().relative_to(ROOT)
            content = dump(documentation(function))
            yield FILTERS / f"{name}.yml", HEAD.format(name=name, file=source.as_posix()) + content


def main() -> int:
    """Write or check the files. The exit code is 1 if a file is not up to date."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="change nothing, and fail where a file differs")
    check = parser.parse_args().check
    wanted = dict(files())
    stale = [path for path in FILTERS.glob("*.yml") if path not in wanted]
    different = [path for path, content in wanted.items() if not path.exists() or path.read_text() != content]
    if not check:
        for path in stale:
            path.unlink()
        for path in different:
            path.write_text(wanted[path])
    for path in sorted([*stale, *different]):
        print(f"{'Not as the docstring has it (run make readmes)' if check else 'Written'}: {path.relative_to(ROOT)}")
    return 1 if check and (stale or different) else 0


if __name__ == "__main__":
    sys.exit(main())
