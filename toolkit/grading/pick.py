"""Take one exercise out of a notebook: the learner's function, and whatever it names; nothing else of the notebook.

Which cell: the last one tagged `exercise-X.Y` that defines the function and is no stub; else the last cell of the
notebook that does; else the function given to `check("X.Y", …)` under another name. What comes with it: from
the whole notebook, the imports, functions, classes and assigned values that it names, and what these name in turn,
each as it stood last before that cell (or, where it stands only further down, as it stands there first). Lines that
only do something, such as prints, plots, tries and checks, do not run. Other exercises of the lesson are given by their
references, as after a check, so that one mistake is counted once.
"""

import ast
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from toolkit.grading.notebook import Cell
from toolkit.grading.statements import Statement, statements


@dataclass(frozen=True)
class Pick:
    """What was found of one exercise.

    Attributes:
        name: what the learner's function is called.
        source: the text to run; None where there is nothing to judge.
        problem: why there is nothing to judge; None for a stub that was left as it is.
    """

    name: str
    source: str | None = None
    problem: str | None = None


class Code:
    """The code of one notebook, read once for all its exercises.

    Args:
        cells: its code cells.
    """

    def __init__(self, cells: Sequence[Cell]) -> None:
        """Read the code cells as statements; cells that are no Python are kept apart."""
        self.cells = list(cells)
        self.statements: list[Statement] = []
        self.broken: dict[int, SyntaxError] = {}  # by number of the cell
        for cell in cells:
            try:
                self.statements += statements(cell)
            except SyntaxError as error:
                self.broken[cell.number] = error

    def calls(self, *functions: str) -> list[ast.Call]:
        """Return all calls of functions with these names, in order."""
        found = []
        for statement in self.statements:
            for node in ast.walk(statement.node):
                if isinstance(node, ast.Call) and _called(node) in functions:
                    found.append(node)
        return found

    def pick(self, id: str, name: str, given: Collection[str] = ()) -> Pick:
        r"""Take one exercise out of the notebook.

        Args:
            id: the exercise, such as "1.2".
            name: the function it asks for.
            given: names that need no definition, because they are given.

        Returns:
            The source to run, or why there is none.

        Example:
            >>> cell = Cell("print('hello')\ndef walk(a, b, t):\n    return a", ("exercise-0.1",), 1)
            >>> print(Code([cell]).pick("0.1", "walk").source)
            def walk(a, b, t):
                return a
        """
        tagged = {cell.number for cell in self.cells if f"exercise-{id}" in cell.tags}
        mine = [i for i, s in enumerate(self.statements) if s.cell.number in tagged and _binds(s, name)]
        others = [i for i, s in enumerate(self.statements) if s.cell.number not in tagged and s.defines(name)]
        for places in (mine, others):
            ready = [i for i in places if not self.statements[i].is_stub(name)]
            if ready:
                return Pick(name, self._slice(ready[-1], given))
        broken = [number for number in self.broken if number in tagged or self._mentions(number, name)]
        if broken:
            return Pick(name, problem=self._syntax(broken[-1]))
        return self._under_another_name(id, name, given) or self._nothing(name, tagged, bool(mine or others))

    def _slice(self, place: int, given: Collection[str]) -> str:
        """Return the text of a statement with all it needs, imports first."""
        end = place + 1
        while end < len(self.statements) and self.statements[end].cell is self.statements[place].cell:
            end += 1  # a helper may stand below in the same cell
        local = {name for s in self.statements[place:end] if s.cell is self.statements[place].cell for name in s.binds}
        local |= {name for s in self.statements[:place] if s.cell is self.statements[place].cell for name in s.binds}
        skip = set(given) - local
        wanted, taken = [place], set()
        while wanted:
            index = wanted.pop()
            if index in taken:
                continue
            taken.add(index)
            statement = self.statements[index]
            before = end if statement.is_later else index
            for name in statement.needs - skip:
                wanted += self._bindings(name, before, index)
        stars = {i for i, s in enumerate(self.statements) if "*" in s.binds}
        chosen = [self.statements[i] for i in sorted(taken | stars)]
        chosen.sort(key=lambda s: (not s.text.startswith("from __future__"), not s.is_import))
        lines = dict.fromkeys((s.cell.number, s.node.lineno, s.text) for s in chosen)  # a line with two, once
        return "\n".join(text for _, _, text in lines)

    def _bindings(self, name: str, before: int, asking: int) -> list[int]:
        """Return the statement that binds a name, and those that change its contents afterwards."""
        places = [i for i, s in enumerate(self.statements) if name in s.binds and i != asking]
        if not places:
            return []
        earlier = [i for i in places if i < before]
        bound = earlier[-1] if earlier else places[0]
        return [bound, *(i for i in range(bound, before) if name in self.statements[i].changes)]

    def _under_another_name(self, id: str, name: str, given: Collection[str]) -> Pick | None:
        """Return the function given to check under another name, or as a lambda."""
        for call in reversed(self.calls("check")):
            first, second = (*call.args, None, None)[:2]
            if not isinstance(first, ast.Constant) or first.value != id:
                continue
            if isinstance(second, ast.Name) and second.id != name:
                places = [i for i, s in enumerate(self.statements) if s.defines(second.id)]
                if places and not self.statements[places[-1]].is_stub(second.id):
                    return Pick(second.id, self._slice(places[-1], given))
            elif isinstance(second, ast.Lambda):
                place = next(i for i, s in enumerate(self.statements) if call in ast.walk(s.node))
                whole = self.statements[place]
                one = statements(whole.cell._replace(source=f"{name} = {ast.unparse(second)}"))[0]
                self.statements[place] = replace(one, cell=whole.cell)
                try:
                    return Pick(name, self._slice(place, given))
                finally:
                    self.statements[place] = whole
        return None

    def _nothing(self, name: str, tagged: Collection[int], stub: bool) -> Pick:
        if stub:
            return Pick(name)
        if not tagged:
            return Pick(name, problem=f"no cell of the notebook defines {name}.")
        defined = [s.node.name for s in self.statements if s.cell.number in tagged and hasattr(s.node, "name")]
        instead = f"; it defines {', '.join(defined)}" if defined else ""
        return Pick(name, problem=f"the exercise's cell does not define {name}{instead}.")

    def _mentions(self, number: int, name: str) -> bool:
        return any(cell.number == number and f"def {name}(" in cell.source for cell in self.cells)

    def _syntax(self, number: int) -> str:
        error = self.broken[number]
        line = f", in its line {error.lineno}" if error.lineno else ""
        return f"the cell is no Python{line}: {error.msg}."


def _binds(statement: Statement, name: str) -> bool:
    return name in statement.binds and not statement.is_import


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", getattr(call.func, "attr", ""))
