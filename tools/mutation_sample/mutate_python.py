"""Changes of Python code, found in the syntax tree and applied to the text."""

from __future__ import annotations

import ast
import itertools
import re
from dataclasses import dataclass

from tools.mutation_sample.change import Change, TextFile

OPPOSITES: dict[type[ast.cmpop], tuple[str, str]] = {
    ast.Lt: ("<", "<="),
    ast.LtE: ("<=", "<"),
    ast.Gt: (">", ">="),
    ast.GtE: (">=", ">"),
    ast.Eq: ("==", "!="),
    ast.NotEq: ("!=", "=="),
    ast.In: ("in", "not in"),
    ast.NotIn: ("not in", "in"),
    ast.Is: ("is", "is not"),
    ast.IsNot: ("is not", "is"),
}
ARITHMETIC: dict[type[ast.operator], tuple[str, str]] = {
    ast.Add: ("+", "-"),
    ast.Sub: ("-", "+"),
    ast.Mult: ("*", "/"),
    ast.Div: ("/", "*"),
}
NEIGHBOURS = {"min": "max", "max": "min", "any": "all", "all": "any", "startswith": "endswith", "endswith": "startswith"}
# Strings for ansible-doc, which `make sanity` checks, and names that only type checkers use.
DOCUMENTATION = {"DOCUMENTATION", "EXAMPLES", "RETURN"}
TYPING_CALLS = {"TypeVar", "cast", "NewType"}


def changes(path: str, text: str) -> list[Change]:
    """All supported changes of a file."""
    file = TextFile(path, text)
    finder = _Finder(file)
    finder.visit(ast.parse(text))
    return finder.found


@dataclass
class _Finder(ast.NodeVisitor):
    file: TextFile

    def __post_init__(self) -> None:
        self.found: list[Change] = []

    # --- places

    def _start(self, node: ast.expr | ast.stmt) -> int:
        return self.file.offset(node.lineno, node.col_offset)

    def _end(self, node: ast.expr | ast.stmt) -> int:
        return self.file.offset(node.end_lineno or 0, node.end_col_offset or 0)

    def _text(self, node: ast.expr | ast.stmt) -> str:
        return self.file.text[self._start(node) : self._end(node)]

    def _replace(self, kind: str, node: ast.expr | ast.stmt, new: str) -> None:
        self.found.append(self.file.change(kind, self._start(node), self._end(node), new))

    def _between(self, kind: str, left: ast.expr, right: ast.expr, old: str, new: str) -> None:
        start, end = self._end(left), self._start(right)
        pattern = rf"\b{re.escape(old)}\b".replace(r"\ ", r"\s+") if old.isidentifier() or " " in old else re.escape(old)
        match = re.search(pattern, self.file.text[start:end])
        if match:
            self.found.append(self.file.change(kind, start + match.start(), start + match.end(), new))

    # --- nodes without logic

    def visit_Assign(self, node: ast.Assign) -> None:
        if not any(isinstance(target, ast.Name) and target.id in DOCUMENTATION for target in node.targets):
            self.generic_visit(node)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value:
            self.visit(node.value)

    def visit_arg(self, node: ast.arg) -> None:
        """Skip annotations, which mypy checks."""

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        for value in node.values:
            if isinstance(value, ast.FormattedValue):
                self.visit(value.value)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        for child in (*node.args.defaults, *node.args.kw_defaults, *node.body):
            if child is not None:
                self.visit(child)

    visit_FunctionDef = _visit_function  # noqa: N815 - names of ast.NodeVisitor, here and below
    visit_AsyncFunctionDef = _visit_function  # noqa: N815

    # --- expressions

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, operator, right in zip((node.left, *node.comparators), node.ops, node.comparators, strict=False):
            self._between("comparison", left, right, *OPPOSITES[type(operator)])
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        old, new = ("and", "or") if isinstance(node.op, ast.And) else ("or", "and")
        for left, right in itertools.pairwise(node.values):
            self._between("and or", left, right, old, new)
        self._replace("operand dropped", node, f"({self._text(node.values[0])})")
        self._replace("operand dropped", node, f"({self._text(node.values[-1])})")
        self.generic_visit(node)

    def visit_UnaryOp(self, node: ast.UnaryOp) -> None:
        if isinstance(node.op, ast.Not):
            self._replace("not", node, f"({self._text(node.operand)})")
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        if type(node.op) in ARITHMETIC:
            self._between("arithmetic", node.left, node.right, *ARITHMETIC[type(node.op)])
        self.generic_visit(node)

    def visit_IfExp(self, node: ast.IfExp) -> None:
        self._replace("branch dropped", node, f"({self._text(node.body)})")
        self._replace("branch dropped", node, f"({self._text(node.orelse)})")
        self.generic_visit(node)

    def visit_Constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, bool):
            self._replace("constant", node, str(not value))
        elif isinstance(value, int):
            self._replace("constant", node, str(value + 1))
        elif isinstance(value, float):
            self._replace("constant", node, str(value * 2 or 1.0))
        elif isinstance(value, str):
            self._replace("text", node, repr(f"{value}x") if value else '"x"')

    def visit_Call(self, node: ast.Call) -> None:
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if name in TYPING_CALLS:
            return
        if name in NEIGHBOURS:
            self._between_name(node, name)
        plain = [argument for argument in node.args if not isinstance(argument, ast.Starred)]
        for first, second in itertools.pairwise(plain):
            middle = self.file.text[self._end(first) : self._start(second)]
            new = f"{self._text(second)}{middle}{self._text(first)}"
            self.found.append(self.file.change("arguments swapped", self._start(first), self._end(second), new))
        for keyword in node.keywords:
            if keyword.arg:
                start = self.file.offset(keyword.lineno, keyword.col_offset)
                end = self._end(keyword.value)
                after = re.match(r"\s*,\s*", self.file.text[end:])
                if after:
                    end += after.end()
                elif before := re.search(r",\s*$", self.file.text[:start]):
                    start = before.start()
                self.found.append(self.file.change("argument dropped", start, end, ""))
        self.generic_visit(node)

    def _between_name(self, node: ast.Call, name: str) -> None:
        end = self._end(node.func)
        self.found.append(self.file.change("neighbour", end - len(name), end, NEIGHBOURS[name]))

    def visit_comprehension(self, node: ast.comprehension) -> None:
        for condition in node.ifs:
            self._replace("condition dropped", condition, "True")
        self.generic_visit(node)

    # --- statements

    def visit_If(self, node: ast.If) -> None:
        self._replace("branch dropped", node.test, "False")
        self._replace("branch dropped", node.test, "True")
        self.generic_visit(node)

    def visit_While(self, node: ast.While) -> None:
        if not isinstance(node.test, ast.Constant):  # an endless loop without its condition proves nothing
            self._replace("branch dropped", node.test, "False")
        self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if isinstance(node.value, ast.Constant):  # a docstring
            return
        if isinstance(node.value, (ast.Yield, ast.YieldFrom)):
            self._replace("statement removed", node, "yield from ()")
        else:
            self._replace("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._replace("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._replace("statement removed", node, "pass")
        self.generic_visit(node)

    def visit_Continue(self, node: ast.Continue) -> None:
        self._replace("statement removed", node, "pass")

    def visit_Break(self, node: ast.Break) -> None:
        self._replace("statement removed", node, "pass")

    def visit_Return(self, node: ast.Return) -> None:
        if node.value and not (isinstance(node.value, ast.Constant) and node.value.value is None):
            self._replace("returned value", node, "return None")
        self.generic_visit(node)

    def visit_ExceptHandler(self, node: ast.ExceptHandler) -> None:
        if isinstance(node.type, ast.Tuple):
            for each in node.type.elts:
                others = ", ".join(self._text(other) for other in node.type.elts if other is not each)
                self._replace("exception dropped", node.type, f"({others},)")
        elif node.type is not None:
            self._replace("exception dropped", node.type, "()")
        for child in node.body:
            self.visit(child)
