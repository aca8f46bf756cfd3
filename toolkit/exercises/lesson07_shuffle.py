"""Lesson 07, exercise 7.4: the control that keeps every count and loses the places."""

import torch

from toolkit.exercises.lesson03_lists import Tensors
from toolkit.exercises.lesson07_masks import alive, masks_problem
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def shuffled(masks, generator):
    """Return masks with as many weights alive in every layer, at places drawn anew with the generator."""
    orders = [torch.randperm(mask.numel(), generator=generator) for mask in masks]
    return [mask.flatten()[order].view_as(mask) for mask, order in zip(masks, orders, strict=True)]


_ACROSS = (
    "the total is right, but weights have moved from layer to layer. Then a barrier could come from layers that are "
    "thinner than before: a control changes one thing only."
)
_COUNT = (
    "other numbers are alive now: that is a random mask of about the same density. Exactly as many in every layer, or "
    "the control differs from the mask in two things."
)
_INVERTED = "your masks are inverted: what was dead is alive."
_SAME = "nothing has moved: these are the masks that came in."
_WITHIN = (
    "each neuron reads as many weights as before, so you shuffle within the rows. That keeps more than the counts of "
    "the layers: here places are drawn from the whole of each."
)
_ROWS = (
    "whole rows have changed places, so each neuron has the mask of another. That keeps more than the counts of the "
    "layers: single places are to be drawn."
)
_COLUMNS = (
    "whole columns have changed places, so as many inputs are read by nobody as before. That keeps more than the "
    "counts of the layers: single places are to be drawn."
)
_WITHIN_COLUMNS = (
    "each input is read by as many neurons as before, so you shuffle within the columns. That keeps more than the "
    "counts of the layers: here places are drawn from the whole of each."
)
_CROSSED = (
    "whole rows and whole columns have changed places, so the counts of both are the old ones in another order. That "
    "keeps the pattern of the mask, and more than the counts of the layers: single places are to be drawn."
)
_ROLLED = (
    "all places have moved on together, by the same number, and those that stood side by side still do. Only the step "
    "is drawn: every single place is to be."
)
_TWINS = (
    "two layers with equal masks come out equal: you use one order for both, or start a generator anew for each. Every "
    "layer draws its own."
)
_ORDERED = "the places are not drawn: those alive stand in one block. Any place should be as likely as any other."
_IGNORES = (
    "two generators with the same seed gave two different draws, so your random numbers come from elsewhere. A control "
    "that cannot be repeated proves little: hand the generator on to the function that draws."
)
_OWN_SEED = (
    "two generators with different seeds gave the same draw. You set a seed of your own, so there would be one control "
    "only, however often you asked."
)
_GLOBAL = (
    "your draw is right for its seed, but it also moves or seeds torch's global generator, and with it every other "
    "random number in the notebook. Draw from the generator given, and from nothing else."
)


class _Draws:
    """Judges a draw by itself and beside the one of the case before."""

    last, state = None, None

    def first(self, got, masks, generator):
        """Judge the draw alone, and remember it."""
        self.last, self.state = got, torch.get_rng_state()
        return _flaw(got, masks)

    def same_seed(self, got, masks, generator):
        """Judge a draw whose generator has the seed of the last one's."""
        return self._beside(got, masks, False, Flaw("the two draws differ", _IGNORES))

    def other_seed(self, got, masks, generator):
        """Judge a draw whose generator has another seed than the last one's."""
        return self._beside(got, masks, True, Flaw("the two draws are equal", _OWN_SEED))

    def _beside(self, got, masks, wrong, flaw):
        """Return what is wrong with the draw by itself, or the flaw given if its being equal to the last is `wrong`."""
        last, state = self.last, self.state
        problem = self.first(got, masks, None)
        if problem or _equal(last, got) == wrong:
            return problem or flaw
        if not torch.equal(state, self.state):
            return Flaw("torch.get_rng_state() was another one afterwards", _GLOBAL)
        return None


def _equal(one, other):
    return all(map(torch.equal, one, other))


def _flaw(got, masks):
    """Return what is wrong with one draw, whatever the others are."""
    problem = masks_problem(got, masks)
    if problem:
        return Flaw(problem)
    if _equal(got, masks):
        return Flaw("the masks that came back are those that were given", _SAME)
    if _equal(got, [~mask for mask in masks]):
        return Flaw(f"alive in the layers were {alive(masks)}, and {alive(got)} came back", _INVERTED)
    if alive(got) != alive(masks):
        seen = f"alive in the layers were {alive(masks)}, and {alive(got)} came back"
        return Flaw(seen, _ACROSS if sum(alive(got)) == sum(alive(masks)) else _COUNT)
    return _flaw_of_places(got, masks)


def _flaw_of_places(got, masks):
    """Return what is wrong with masks whose counts are right."""
    for number, (new, old) in enumerate(zip(got, masks, strict=True)):
        if torch.equal(new, old):
            return Flaw(f"the mask of layer {number} is the one that was given", _SAME)
        for axis, message in ((0, _ROWS), (1, _COLUMNS)):
            if sorted(new.transpose(0, axis).tolist()) == sorted(old.transpose(0, axis).tolist()):
                return Flaw(f"layer {number} has the same {('rows', 'columns')[axis]}, in another order", message)
        if torch.equal(new.sum(1), old.sum(1)):
            return Flaw(f"alive in each row of layer {number} are as many as before", _WITHIN)
        if torch.equal(new.sum(0), old.sum(0)):
            return Flaw(f"alive in each column of layer {number} are as many as before", _WITHIN_COLUMNS)
        if all(torch.equal(new.sum(axis).sort().values, old.sum(axis).sort().values) for axis in (0, 1)):
            return Flaw(f"layer {number} has the same counts of rows and of columns, in another order", _CROSSED)
        if _bytes(new) in 2 * _bytes(old):
            return Flaw(f"layer {number}, read row by row, begins elsewhere and is otherwise the same", _ROLLED)
        steps = int((new.flatten()[1:] != new.flatten()[:-1]).sum())
        if steps <= 2:
            return Flaw(f"in layer {number} those alive stand side by side", _ORDERED)
    if torch.equal(got[0], got[1]):
        return Flaw("layers 0 and 1 had equal masks and have equal masks again", _TWINS)
    return None


def _bytes(mask):
    """Return the places of a mask, row by row; a rolled one is part of twice the old one."""
    return mask.flatten().numpy().tobytes()


def _across(masks, generator):
    whole = torch.cat([mask.flatten() for mask in masks])
    parts = whole[torch.randperm(len(whole), generator=generator)].split([mask.numel() for mask in masks])
    return [part.view_as(mask) for part, mask in zip(parts, masks, strict=True)]


def _each(change):
    """Return a wrong answer that changes every mask by itself."""
    return lambda masks, generator: [change(mask, generator) for mask in masks]


def _within(mask, generator, axis=1):
    return mask.gather(axis, torch.rand(mask.shape, generator=generator).argsort(axis))


def _crossed(mask, generator):
    rows, columns = (torch.randperm(size, generator=generator) for size in mask.shape)
    return mask[rows][:, columns]


def _rolled(mask, generator):
    step = int(torch.randint(1, mask.numel(), (), generator=generator))
    return mask.flatten().roll(step).view_as(mask)


def _drawn(mask, generator):
    return torch.rand(mask.shape, generator=generator) < mask.float().mean()


def _one_order(masks, generator):
    seed = torch.randint(2**31, (), generator=generator).item()
    return [shuffled([mask], _of_seed(seed))[0] for mask in masks]


def _global_too(masks, generator):
    torch.rand(())
    return shuffled(masks, generator)


def _of_seed(seed):
    return torch.Generator().manual_seed(seed)


def _structured(generator, *shape):
    """Return a mask whose rows and columns differ in density, as those of found tickets do."""
    rows, columns = (torch.rand(size, generator=generator) for size in shape)
    return torch.rand(shape, generator=generator) < rows[:, None] * columns


# So large, and so uneven, that fewer than one right answer in 10^12 is refused by chance: a draw has the old counts of
# the columns in any order with a chance below 10^-13 (hypergeometric), and all else that `_flaw_of_places` asks for is
# rarer still.
_generator = _of_seed(0)
_TWIN = _structured(_generator, 24, 32)
_MASKS = Tensors([_TWIN, _TWIN.clone(), _structured(_generator, 16, 40)])
_DRAWS = _Draws()

SHUFFLED = Exercise(
    id="7.4",
    title="The control",
    difficulty=2,
    minutes=10,
    objective=3,
    reference=shuffled,
    cases=(
        Case((_MASKS, _of_seed(0)), accept=_DRAWS.first),
        Case((_MASKS, _of_seed(0)), accept=_DRAWS.same_seed),
        Case((_MASKS, _of_seed(1)), accept=_DRAWS.other_seed),
    ),
    wrong=(
        Wrong("across the layers", _across, _ACROSS),
        Wrong("drawn with the same probability", _each(_drawn), _COUNT),
        Wrong("inverted", lambda masks, generator: [~mask for mask in masks], _INVERTED),
        Wrong("the same masks", lambda masks, generator: list(masks), _SAME),
        Wrong("within each row", _each(_within), _WITHIN),
        Wrong("within each column", _each(lambda mask, generator: _within(mask, generator, 0)), _WITHIN_COLUMNS),
        Wrong("rows and columns", _each(_crossed), _CROSSED),
        Wrong("rolled", _each(_rolled), _ROLLED),
        Wrong(
            "whole rows",
            _each(lambda mask, generator: mask[torch.randperm(len(mask), generator=generator)]),
            _ROWS,
        ),
        Wrong(
            "whole columns",
            _each(lambda mask, generator: mask[:, torch.randperm(mask.shape[1], generator=generator)]),
            _COLUMNS,
        ),
        Wrong("one order for all layers", _one_order, _TWINS),
        Wrong(
            "sorted",
            _each(lambda mask, generator: mask.flatten().sort(descending=True).values.view_as(mask)),
            _ORDERED,
        ),
        Wrong(
            "generator ignored",
            lambda masks, generator: shuffled(masks, torch.default_generator),
            _IGNORES,
        ),
        Wrong("a seed of its own", lambda masks, generator: shuffled(masks, _of_seed(0)), _OWN_SEED),
        Wrong("global generator moved", _global_too, _GLOBAL),
    ),
    hints=(
        "A control differs from the thing itself in one point. What may differ here, and what has to stay: the total, "
        "the count of a layer, the count of a neuron?",
        "The count of each layer stays, and nothing else. So go layer by layer: put the mask into one row, deal its "
        "values out in a random order, give it its shape back.",
        "torch.randperm(mask.numel(), generator=generator) is such an order; mask.flatten()[order] deals. One order a "
        "layer, drawn one after the other from the same generator.",
    ),
    skeleton=(
        "def shuffled(masks, generator):\n"
        "    orders = [torch.randperm(..., generator=generator) for mask in masks]\n"
        "    pairs = zip(masks, orders, strict=True)\n"
        "    return [mask.flatten()[...].view_as(mask) for mask, order in pairs]"
    ),
    praise="Size, sparsity and the density of every layer are those of the ticket. Only which ones is left to chance.",
    errors={
        r"'list' object has no attribute|'Tensors' object has no attribute": "masks is a list, one tensor a layer: go "
        "through them.",
    },
)
