"""A notebook's code as top-level statements: what each binds, changes and needs. Read as a tree, never run."""

import ast
import re
import symtable
import warnings
from dataclasses import dataclass, field

from toolkit.grading.notebook import Cell

_CHECKS = {"check", "quiz", "predict", "hint", "solution", "tally"}
_MAGIC = re.compile(r"^(\s*)(%{1,2}[^\W\d].*|!(?!=).*|\?.*|[\w.*\[\]-]+\?{1,2}\s*)$")  # `% x` and `!= x` are Python
_ASSIGNED = re.compile(r"^(\s*[\w., \[\]]+=\s*)[%!].*$")
_TIMERS = ("%%time", "%%timeit", "%%capture", "%%prun")


@dataclass(frozen=True)
class Statement:
    """One top-level statement: its cell, its text, and the global names it binds, changes in place, and needs."""

    cell: Cell
    node: ast.stmt
    text: str
    binds: frozenset[str] = field(default_factory=frozenset)
    changes: frozenset[str] = field(default_factory=frozenset)
    needs: frozenset[str] = field(default_factory=frozenset)

    @property
    def is_import(self) -> bool:
        """Whether it only imports."""
        return isinstance(self.node, ast.Import | ast.ImportFrom)

    @property
    def is_later(self) -> bool:
        """Whether what it needs is looked up when it is called, not when it runs."""
        return isinstance(self.node, ast.FunctionDef | ast.AsyncFunctionDef) or self.is_lambda

    @property
    def is_lambda(self) -> bool:
        """Whether it gives a name to a lambda."""
        return isinstance(self.node, ast.Assign) and isinstance(self.node.value, ast.Lambda)

    def defines(self, name: str) -> bool:
        """Whether `name` is a function after it: by def, or by lambda."""
        holds_def = any(isinstance(n, ast.FunctionDef) and n.name == name for n in ast.walk(self.node))
        return name in self.binds and (self.is_lambda or holds_def) and not isinstance(self.node, ast.ClassDef)

    def is_stub(self, name: str) -> bool:
        """Whether it is the definition of `name` as the lesson gives it: nothing but a docstring and a refusal."""
        return isinstance(self.node, ast.FunctionDef) and self.node.name == name and all(map(_is_empty, self.node.body))


def statements(cell: Cell) -> list[Statement]:
    r"""Return the top-level statements of a cell.

    Args:
        cell: the cell; lines that only Jupyter understands (`%matplotlib inline`, `!ls`, `fit?`) are passed over, and
            what one of them would hand to a name (`files = !ls`) is None.

    Returns:
        The statements, in order.

    Raises:
        SyntaxError: if it is no Python; its `lineno` counts from the top of the cell.

    Example:
        >>> [one.binds for one in statements(Cell("import torch\nx[0] = y = torch.ones(3)", (), 1))]
        [frozenset({'torch'}), frozenset({'y'})]
    """
    text, tree = _parse(cell.source)
    lines = text.split("\n")
    found = []
    for node in tree.body:
        first = min([node.lineno, *(d.lineno for d in getattr(node, "decorator_list", []))])
        own = "\n".join(lines[first - 1 : node.end_lineno])
        binds, changes = set(), set()
        try:
            _collect(node, binds, changes)
            needs = _needs(node)
        except RecursionError:
            raise SyntaxError("it is nested too deeply") from None
        if _is_check(node):
            binds, changes = set(), set()
        found.append(Statement(cell, node, own, frozenset(binds), frozenset(changes), frozenset(needs)))
    return found


def _parse(source: str) -> tuple[str, ast.Module]:
    """Return Python text with as many lines as the cell, and its tree."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        text = source.replace("\r\n", "\n").replace("\r", "\n").replace("\f", " ")
        try:
            try:
                return text, ast.parse(text)
            except SyntaxError:
                text = _without_magic(text)
                return text, ast.parse(text)
        except (ValueError, RecursionError, MemoryError) as error:
            raise SyntaxError(f"it cannot be read as Python ({type(error).__name__})") from None


def _without_magic(text: str) -> str:
    first = text.lstrip().split("\n")[0]
    if first.startswith("%%") and not first.startswith(_TIMERS):
        return ""
    return "\n".join(_MAGIC.sub(r"\1pass", _ASSIGNED.sub(r"\1None", line)) for line in text.split("\n"))


def _collect(node: ast.AST, binds: set[str], changes: set[str]) -> None:
    """Add the global names that a statement binds, and those whose contents it changes."""
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        binds.add(node.name)
        return
    if isinstance(node, ast.Lambda | ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp):
        return
    if isinstance(node, ast.Import | ast.ImportFrom):
        binds |= {alias.asname or alias.name.split(".")[0] for alias in node.names}
    elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        binds.add(node.id)
    elif isinstance(node, ast.Subscript | ast.Attribute) and isinstance(node.ctx, ast.Store):
        base = node
        while isinstance(base, ast.Subscript | ast.Attribute):
            base = base.value
        changes |= {base.id} if isinstance(base, ast.Name) else set()
    for child in ast.iter_child_nodes(node):
        _collect(child, binds, changes)


def _needs(node: ast.stmt) -> set[str]:
    """Return the global names that a statement reads, in whatever depth."""
    module = ast.unparse(ast.fix_missing_locations(ast.Module([node], [])))
    try:
        tables, needs = [symtable.symtable(module, "cell", "exec")], set()
    except SyntaxError:  # such as a return outside a function: this statement cannot run, others of the cell can
        return set()
    while tables:
        table = tables.pop()
        tables += table.get_children()
        is_top = table.get_type() == "module"
        needs |= {s.get_name() for s in table.get_symbols() if s.is_referenced() and (is_top or s.is_global())}
    if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        needs.add(node.target.id)
    return needs


def _is_check(node: ast.stmt) -> bool:
    """Whether it is such as `f = check("1.2", f)`: that binds a name, and defines nothing."""
    value = getattr(node, "value", None)
    return isinstance(value, ast.Call) and getattr(value.func, "id", getattr(value.func, "attr", "")) in _CHECKS


def _is_empty(node: ast.stmt) -> bool:
    if isinstance(node, ast.Raise):
        error = node.exc.func if isinstance(node.exc, ast.Call) and not node.exc.args else node.exc
        return isinstance(error, ast.Name) and error.id == "NotImplementedError"
    is_constant = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    return isinstance(node, ast.Pass) or (is_constant and isinstance(node.value.value, str | type(...)))
