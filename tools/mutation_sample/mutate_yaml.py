"""Changes of YAML files with variables and tasks, and of Jinja templates, applied to the text so that the rest stays unchanged."""

from __future__ import annotations

import re
from collections.abc import Iterator

import yaml

from tools.mutation_sample.change import Change, TextFile

# Patterns in expressions, and their replacements.
EXPRESSIONS: tuple[tuple[str, str, str], ...] = (
    ("comparison", r"==", "!="),
    ("comparison", r"!=", "=="),
    ("comparison", r"(?<=\s)>(?=\s)", ">="),
    ("comparison", r"(?<=\s)<(?=\s)", "<="),
    ("comparison", r"(?<=\s)in(?=\s)(?!\s+\w+\s*%})", "not in"),
    ("and or", r"(?<=\s)and(?=\s)", "or"),
    ("and or", r"(?<=\s)or(?=\s)", "and"),
    ("not", r"\bnot\s+(?!in\b)", ""),
    ("neighbour", r"\bselectattr\b", "rejectattr"),
    ("neighbour", r"\brejectattr\b", "selectattr"),
    ("neighbour", r"\bmin\b(?= by)", "max"),
    ("neighbour", r"\bmax\b(?= by)", "min"),
    ("branch dropped", r"\s+if\s+(?=[^{}]+\belse\b)", " if true or "),
    ("branch dropped", r"\s+if\s+(?=[^{}]+\belse\b)", " if false and "),
    (
        "filter dropped",
        r"\s*\|\s*(?:default|unique|lower|replace|regex_replace|join|difference|flatten|sort)\b(?:\([^()]*\))?",
        "",
    ),
    ("constant", r"(?<![\w.'\"/:\[-])\d+(?![\w.'\"/%])", "+1"),
    ("constant", r"(?<=\[)\d+(?=[mhd]\])", "+1"),
    ("constant", r"\btrue\b", "false"),
    ("constant", r"\bfalse\b", "true"),
    ("text", r"'[^'{}\n]+'", "x"),
)
_EXPRESSION = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\[\[.*?\]\]", re.DOTALL)
_JINJA_COMMENT = re.compile(r"\{#.*?#\}", re.DOTALL)
_NUMBER = re.compile(r"\d+")


def changes(path: str, text: str) -> list[Change]:
    """All supported changes of a file."""
    file = TextFile(path, text)
    found = list(_of_template(file) if path.endswith(".j2") else _of_yaml(file))
    return [change for change in found if change.old != change.new]


def _in_expression(file: TextFile, start: int, end: int) -> Iterator[Change]:
    piece = file.text[start:end]
    for kind, pattern, new in EXPRESSIONS:
        for match in re.finditer(pattern, piece):
            made = new
            if new == "+1":
                made = str(int(match[0]) + 1)
            elif kind == "text":
                made = f"{match[0][:-1]}x'"
            yield file.change(kind, start + match.start(), start + match.end(), made)


def _of_template(file: TextFile) -> Iterator[Change]:
    comments = [match.span() for match in _JINJA_COMMENT.finditer(file.text)]
    expressions = [match.span() for match in _EXPRESSION.finditer(file.text) if not _within(match.start(), comments)]
    for start, end in expressions:
        yield from _in_expression(file, start, end)
        condition = re.match(r"\{%-?\s*(?:el)?if\s+(.*?)\s*-?%\}", file.text[start:end], re.DOTALL)
        if condition:
            for new in ("true", "false"):
                yield file.change("branch dropped", start + condition.start(1), start + condition.end(1), new)
    offset = 0
    for line in file.text.splitlines(keepends=True):
        start, end = offset, offset + len(line)
        offset = end
        bare = line.strip()
        if (
            not bare
            or bare.startswith(("{%", "#"))
            or bare == "---"
            or _within(start, comments)
            or _within(start, expressions)
            or "{#" in line
        ):
            continue
        if line.count("{{") == line.count("}}") and line.count("[[") == line.count("]]") and not bare.endswith((":", ">-", "|", "{", "}")):
            yield file.change("line removed", start, end, "")
        for match in re.finditer(r"(?<![\w.'\"/$%])\d+(?=[smhd;\s\]]|$)", line):
            if not _within(start + match.start(), expressions):
                yield file.change("constant", start + match.start(), start + match.end(), str(int(match[0]) + 1))
        for match in re.finditer(r"==|(?<=\s)[<>](?=\s)|\bmax\b|\bmin\b|(?<=\s)(?:and|or)(?=\s)", line):
            if not _within(start + match.start(), expressions) and "description:" not in line and "summary:" not in line:
                new = {"==": "!=", "<": "<=", ">": ">=", "max": "min", "min": "max", "and": "or", "or": "and"}[match[0]]
                yield file.change("comparison", start + match.start(), start + match.end(), new)
        for match in re.finditer(r"\b(?:true|false|on|off)\b", line):
            if not _within(start + match.start(), expressions):
                new = {"true": "false", "false": "true", "on": "off", "off": "on"}[match[0]]
                yield file.change("constant", start + match.start(), start + match.end(), new)


def _within(offset: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= offset < end for start, end in spans)


def _of_yaml(file: TextFile) -> Iterator[Change]:
    for document in yaml.compose_all(file.text):
        if document is not None:
            yield from _of_node(file, document)


def _of_node(file: TextFile, node: yaml.Node) -> Iterator[Change]:
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            if key.value in ("name", "fail_msg", "success_msg", "reason") and isinstance(value, yaml.ScalarNode) and "tasks/" in file.path:
                continue
            if not node.flow_style:
                yield from _block_removed(file, "key removed", key.start_mark, value)
            yield from _of_node(file, value)
    elif isinstance(node, yaml.SequenceNode):
        for each in node.value:
            if node.flow_style:
                start, end = each.start_mark.index, each.end_mark.index
                after = re.match(r"\s*,\s*", file.text[end:])
                before = re.search(r",\s*$", file.text[:start])
                end += after.end() if after else 0
                start = before.start() if before and not after else start
                yield file.change("item removed", start, end, "")
            else:
                yield from _block_removed(file, "item removed", each.start_mark, each)
            yield from _of_node(file, each)
    elif isinstance(node, yaml.ScalarNode):
        yield from _of_scalar(file, node)


def _block_removed(file: TextFile, kind: str, first: yaml.Mark, last: yaml.Node) -> Iterator[Change]:
    """Complete lines, from the line of a key or of a list item's dash to the last line of the value."""
    start = file.text.rfind("\n", 0, first.index) + 1
    before = file.text[start : first.index]
    if before.strip() not in ("", "-") or (kind == "key removed" and before.strip()):
        return
    end = last.end_mark.index
    if file.text[end - 1 : end] != "\n":
        end = file.text.find("\n", end) + 1 or len(file.text)
    while file.text[start:end].rstrip().rpartition("\n")[2].lstrip().startswith("#"):  # a comment of the next entry
        end = start + len(file.text[start:end].rstrip().rpartition("\n")[0]) + 1
    yield file.change(kind, start, end, "")


def _of_scalar(file: TextFile, node: yaml.ScalarNode) -> Iterator[Change]:
    start, end = node.start_mark.index, node.end_mark.index
    value = str(node.value)
    if "{{" in value or "{%" in value:
        for match in _EXPRESSION.finditer(file.text[start:end]):
            yield from _in_expression(file, start + match.start(), start + match.end())
    elif node.style in ("|", ">"):
        for match in _NUMBER.finditer(file.text[start:end]):
            yield file.change("constant", start + match.start(), start + match.end(), str(int(match[0]) + 1))
    elif node.tag == "tag:yaml.org,2002:bool":
        yield file.change("constant", start, end, "false" if value == "true" else "true")
    elif node.tag == "tag:yaml.org,2002:int" and value.isdigit():
        yield file.change("constant", start, end, str(int(value) + 1))
    elif number := re.fullmatch(r"(\d+)([a-zA-Z]+)", value):
        old = file.text[start:end]
        yield file.change("constant", start, end, old.replace(number[1], str(int(number[1]) + 1)))
    elif node.tag == "tag:yaml.org,2002:str":
        old = file.text[start:end]
        new = f"{old[:-1]}x{old[-1]}" if node.style in ("'", '"') else f"{old}x"
        yield file.change("text", start, end, new)
        if "tasks/" in file.path:  # tasks have many values that are bare expressions
            yield from (each for each in _in_expression(file, start, end) if each.kind not in ("text", "constant"))
