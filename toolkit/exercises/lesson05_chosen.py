"""Lesson 05, exercise 5.5: find out why some members take a step too many, and repair it."""

from toolkit.exercises.compare import SHOWN, kind
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def chosen(optimizers, member=None):
    """Return the list of the optimisers that step: that of one member, or all where no member is named."""
    if member is None:
        return optimizers
    return [optimizers[member]]


def _flaw(got, optimizers, member):
    """Return what is wrong with a choice, and which mistake it is known from."""
    where = f"with member = {member} of {len(optimizers)} optimisers"
    if not isinstance(got, list | tuple):
        known = isinstance(got, str) and got in optimizers
        return Flaw(f"{where}, expected a list, got {got if known else kind(got)}", _BARE if known else None)
    expected, got = chosen(optimizers, member), list(got)
    if got == expected:
        return None
    known = (wrong.message for wrong in CHOSEN.wrong if _gives(wrong.function, optimizers, member, got))
    return Flaw(f"{where}, expected {_listed(expected)}, got {_listed(got)}", next(known, None))


def _gives(function, optimizers, member, got):
    """Say whether a wrong answer gives this, and is right in all the cases before."""
    inputs = [case.inputs() for case in CHOSEN.cases]
    before = inputs[: inputs.index((optimizers, member))]
    return function(optimizers, member) == got and all(function(*case) == chosen(*case) for case in before)


def _listed(items):
    shown = [item if isinstance(item, str) else kind(item) for item in items[:SHOWN]]
    return f"[{', '.join([*shown, *['…'] * (len(items) > SHOWN)])}]"


def _if_none(everyone):
    """Return a wrong answer that is right for a member, and not where none is named."""
    return lambda optimizers, member=None: everyone(optimizers) if member is None else [optimizers[member]]


def _if_named(one):
    """Return a wrong answer that is right where no member is named, and not for a member."""
    return lambda optimizers, member=None: optimizers if member is None else one(optimizers, member)


_BARE = "you return one optimiser itself. The loop goes through a list: put it into brackets."

_FOUR, _TWO = ["A", "B", "C", "D"], ["E", "F"]

CHOSEN = Exercise(
    id="5.5",
    title="A step too many",
    difficulty=2,
    minutes=10,
    objective=3,
    reference=chosen,
    cases=tuple(
        Case((names, member), accept=_flaw)
        for names, member in [(_FOUR, 2), (_FOUR, 0), (_FOUR, None), (_FOUR, 3), (_FOUR, 1), (_TWO, 0), (_TWO, None)]
    ),
    wrong=(
        Wrong(
            "if member",
            lambda optimizers, member=None: [optimizers[member]] if member else optimizers,
            "in the turn of member 0 you still let everyone step, as the code with the fault does. Which numbers does "
            "`if` take for False? Ask for None by its name.",
        ),
        Wrong(
            "always everyone",
            lambda optimizers, member=None: optimizers,
            "you let everyone step in the turn of every member. Then each of K members takes K steps a round.",
        ),
        Wrong(
            "everyone else",
            _if_named(lambda optimizers, member: [o for i, o in enumerate(optimizers) if i != member]),
            "you return everyone but the member whose turn it is.",
        ),
        Wrong(
            "counted from 1",
            _if_named(lambda optimizers, member: [optimizers[member - 1]]),
            "you return the optimiser of the member before: counting begins at 0.",
        ),
        Wrong(
            "those before",
            _if_named(lambda optimizers, member: optimizers[:member]),
            "you return the optimisers before the member's own. One has its turn: optimizers[member].",
        ),
        Wrong(
            "those before, and its own",
            _if_named(lambda optimizers, member: optimizers[: member + 1]),
            "you let every member step again that had its turn before. One has its turn: optimizers[member].",
        ),
        Wrong(
            "from the member on",
            _if_named(lambda optimizers, member: optimizers[member:]),
            "you return all optimisers from the member's own on. One has its turn: optimizers[member].",
        ),
        Wrong(
            "the number of the member",
            _if_named(lambda optimizers, member: [member]),
            "you return the number of the member. The loop calls step() on what you return: its optimiser.",
        ),
        Wrong("not in a list", _if_named(lambda optimizers, member: optimizers[member]), _BARE),
        Wrong(
            "nobody for member 0",
            _if_named(lambda optimizers, member: [optimizers[member]] if member else []),
            "nobody steps in the turn of member 0. It is a member like the others.",
        ),
        Wrong(
            "nobody where none is named",
            _if_none(lambda optimizers: []),
            "with member=None nobody steps. No member named means all of them.",
        ),
        Wrong(
            "member 0 where none is named",
            _if_none(lambda optimizers: optimizers[:1]),
            "with member=None you let member 0 step alone. `member or 0`, or 0 for a default, makes None the same as "
            "member 0; they have to stay apart.",
        ),
        Wrong(
            "all but the first where none is named",
            _if_none(lambda optimizers: optimizers[1:]),
            "with member=None you leave out member 0. No member named means all of them.",
        ),
    ),
    hints=(
        "Read the counts first: who has the right number of steps? In whose turn, then, do all the others take one too "
        "many?",
        "Member 0 alone has as many steps as rounds. So go through its turn by hand: what does `if member:` do when "
        "member is 0?",
        "0 counts as False, and so does None: `if` cannot tell them apart, `is None` can.",
    ),
    skeleton=(
        "def chosen(optimizers, member=None):\n    if ...:\n        return optimizers\n    return [optimizers[member]]"
    ),
    praise="0 is a member, None is nobody: the turn of member 0 is its own again.",
    errors={
        r"'(<|>|<=|>=)' not supported": "member may be None, which is no larger and no smaller than a number. Ask for "
        "None first.",
        r"unsupported operand type\(s\) for [+-]: 'NoneType'": "member may be None. Ask for None first.",
        r"not NoneType": "With member=None no member is named, so there is no index: then all optimisers step.",
        r"has no attribute '(step|zero_grad)'": "Only return the optimisers: the loop calls step() on them.",
    },
)
