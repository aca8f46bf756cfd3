"""Lesson 04, exercise 4.1: draw the coefficients of a mixture, uniformly."""

import torch

from toolkit.exercises.compare import kind, show
from toolkit.exercises.parts import Case, Exercise, Flaw, Wrong


def draw(m, generator):
    """Return m coefficients [m], at least 0 and with sum 1, drawn uniformly with the generator given."""
    e = torch.empty(m).exponential_(generator=generator)
    return e / e.sum()


_NEGATIVE = "a coefficient is below 0. Such a network lies outside the line or triangle."
_REST = (
    f"{_NEGATIVE} (To draw all but one and give the last what is missing to 1 does that: the others may already be "
    "more than 1 together.)"
)
_SUM = (
    "the coefficients do not sum to 1. The mixture of equal networks would then not be that network: all its weights "
    "would be stretched."
)
_UNIT_LENGTH = "the squares of your coefficients sum to 1. The coefficients themselves should."
_CORNER = (
    "you draw one of the m networks, never a mixture. The networks between them would never be trained, and they are "
    "what this is about."
)
_CENTRE = "all coefficients are the same: that is the centroid, in every batch. The rest would never be trained."
_IGNORES = (
    "two generators with the same seed gave two different draws, so your random numbers come from elsewhere. A run "
    "that cannot be repeated cannot be compared: hand the generator on to the function that draws (torch.distributions "
    "takes none: draw from the generator yourself)."
)
_OWN_SEED = (
    "two generators with different seeds gave the same draw. You set a seed of your own, so every batch would get "
    "the same network."
)
_GLOBAL = (
    "your draw is right for its seed, but it also moves or seeds torch's global generator, and with it every other "
    "random number in the notebook. Draw from the generator given, and from nothing else."
)
_STICK = (
    "you break off one share after the other, and nothing is left for the late ones: the first gets one half on "
    "average, whatever m is. No point should be preferred."
)
_ORDERED = "your coefficients favour some places, as if they were sorted. On average, each should get 1 / m."
_UNIFORM = (
    "uniform numbers divided by their sum do sum to 1, but they are not uniform on the triangle: they crowd in the "
    "middle, and its corners hardly ever come up. Which random numbers, divided by their sum, spread evenly?"
)
_NORMALS = (
    "a softmax of normal numbers sums to 1, but is not uniform: how close to the corners it comes depends on the "
    "scale of the normals, and no scale makes it even."
)
_SOFTMAX = "a softmax of numbers between 0 and 1 stays close to the centroid. The corners are never drawn."
_ABSOLUTE = "sizes of normal numbers, divided by their sum, are too even: they crowd in the middle of the triangle."
_TOO_EVEN = "your coefficients are too much alike: they crowd around the centroid, and corners hardly ever come up."
_TOO_UNEVEN = "your coefficients are too unlike: too often one network has nearly all of the mixture."


class _Draws:
    """Judges a draw by itself and beside the one of the case before."""

    last, state = None, None

    def first(self, got, m, generator):
        """Judge the draw alone, and remember it."""
        self.last, self.state = got, torch.get_rng_state()
        return _flaw(got, m)

    def same_seed(self, got, m, generator):
        """Judge a draw whose generator has the seed of the last one's."""
        last, state = self.last, self.state
        problem = self.first(got, m, generator)
        if problem or not torch.allclose(last, got):
            return problem or Flaw(f"first {show(last)}, then {show(got)}", _IGNORES)
        if not torch.equal(state, self.state):
            return Flaw("torch.get_rng_state() was another one afterwards", _GLOBAL)
        return None

    def other_seed(self, got, m, generator):
        """Judge a draw whose generator has another seed than the last one's."""
        last, state = self.last, self.state
        problem = self.first(got, m, generator)
        if problem or torch.allclose(last, got):
            return problem or Flaw(f"{show(got)} with both seeds", _OWN_SEED)
        if not torch.equal(state, self.state):
            return Flaw("torch.get_rng_state() was another one afterwards", _GLOBAL)
        return None


def _flaw(got, m):
    """Return what is wrong with one draw, whatever the others are."""
    if not isinstance(got, torch.Tensor) or got.shape != (m,):
        return Flaw(f"expected a tensor of shape [{m}], got {kind(got)}")
    if got.is_complex() or got.dtype == torch.bool or got.isnan().any():
        return Flaw(f"expected {m} numbers that sum to 1, got {show(got)}")
    alpha, total = got.double(), got.double().sum()
    if alpha.min() < 0:
        sums_to_1 = abs(total - 1) <= 1e-3
        return Flaw(f"the smallest coefficient is {alpha.min():.3g}", _REST if sums_to_1 else _NEGATIVE)
    if abs(total - 1) > 1e-3:
        return Flaw(f"with m = {m}, the sum is {total:.3g}", _UNIT_LENGTH if abs(alpha.norm() - 1) < 1e-3 else _SUM)
    if alpha.max() > 1 - 1e-5:
        return Flaw(f"with m = {m}, the largest coefficient is {alpha.max():.3g}", _CORNER)
    if alpha.max() - alpha.min() < 1e-6:
        return Flaw(f"with m = {m}, each is {alpha.max():.3g}", _CENTRE)
    return None


def _flaw_of_many(got, m, generator):
    """Return what is wrong with so many coefficients that one draw shows how they are distributed."""
    problem = _flaw(got, m)
    if problem:
        return problem
    quarters = got.double().reshape(4, -1).sum(1)
    if (quarters - 0.25).abs().max() > 0.02:
        seen = f"with m = {m}, the first quarter of them sums to {quarters[0]:.3g}, the last to {quarters[3]:.3g}"
        return Flaw(seen, _STICK if quarters[0] > 0.99 else _ORDERED)
    squares = float((m + 1) * (got.double() ** 2).sum())
    if abs(squares - 2) < 0.1:
        return None
    seen = f"with m = {m}, the squares of the coefficients sum to {squares:.3g} / (m + 1), and 2 / (m + 1) is expected"
    return Flaw(seen, _kind_of_numbers(squares, got.double().log().std()))


def _kind_of_numbers(squares, spread_of_logarithms):
    """Name what was drawn and divided, where uniform draws have squares 2."""
    if squares > 2:
        return _NORMALS if abs(spread_of_logarithms - 1) < 0.05 else _TOO_UNEVEN
    known = ((4 / 3, 0.05, _UNIFORM), (torch.pi / 2, 0.05, _ABSOLUTE), (1.082, 0.03, _SOFTMAX))
    return next((message for value, margin, message in known if abs(squares - value) < margin), _TOO_EVEN)


def _divided(numbers):
    return numbers / numbers.sum()


def _rest(m, generator):
    first = torch.rand(m - 1, generator=generator)
    return torch.cat([first, 1 - first.sum(0, keepdim=True)])


def _stick(m, generator):
    shares = torch.rand(m, generator=generator)
    shares[-1] = 1
    left = torch.cat([torch.ones(1), (1 - shares[:-1]).cumprod(0)])
    return shares * left


def _global_too(m, generator):
    torch.rand(())
    return draw(m, generator)


def _of_seed(seed):
    return torch.Generator().manual_seed(seed)


_DRAWS = _Draws()

DRAW = Exercise(
    id="4.1",
    title="Draw",
    difficulty=2,
    minutes=10,
    objective=1,
    reference=draw,
    cases=(
        Case((3, _of_seed(0)), accept=_DRAWS.first),
        Case((3, _of_seed(0)), accept=_DRAWS.same_seed),
        Case((3, _of_seed(1)), accept=_DRAWS.other_seed),
        Case((2, _of_seed(2)), accept=_DRAWS.first),
        Case((20_000, _of_seed(3)), accept=_flaw_of_many),
    ),
    wrong=(
        Wrong("uniform, divided", lambda m, generator: _divided(torch.rand(m, generator=generator)), _UNIFORM),
        Wrong("softmax of normals", lambda m, generator: torch.randn(m, generator=generator).softmax(0), _NORMALS),
        Wrong("softmax of uniforms", lambda m, generator: torch.rand(m, generator=generator).softmax(0), _SOFTMAX),
        Wrong("sizes of normals", lambda m, generator: _divided(torch.randn(m, generator=generator).abs()), _ABSOLUTE),
        Wrong("one-hot", lambda m, generator: torch.eye(m)[torch.randint(m, (), generator=generator)], _CORNER),
        Wrong("not divided", lambda m, generator: torch.empty(m).exponential_(generator=generator), _SUM),
        Wrong(
            "divided by the length",
            lambda m, generator: torch.nn.functional.normalize(torch.rand(m, generator=generator), dim=0),
            _UNIT_LENGTH,
        ),
        Wrong("the centroid", lambda m, generator: torch.full((m,), 1 / m), _CENTRE),
        Wrong("generator ignored", lambda m, generator: _divided(torch.empty(m).exponential_()), _IGNORES),
        Wrong("a seed of its own", lambda m, generator: draw(m, _of_seed(0)), _OWN_SEED),
        Wrong("global generator moved", _global_too, _GLOBAL),
        Wrong("the last gets the rest", _rest, _REST),
        Wrong("logarithms without minus", lambda m, generator: torch.rand(m, generator=generator).log(), _NEGATIVE),
        Wrong("a stick broken", _stick, _STICK),
        Wrong("sorted", lambda m, generator: draw(m, generator).sort().values, _ORDERED),
        Wrong("too even", lambda m, generator: (draw(m, generator) + 1 / m) / 2, _TOO_EVEN),
        Wrong("squares", lambda m, generator: _divided(torch.randn(m, generator=generator) ** 2), _TOO_UNEVEN),
    ),
    hints=(
        "Any m numbers that are not negative sum to 1 once you divide them by their sum. Uniform ones do not make the "
        "result uniform. Think of waiting times: m + 1 buses come at random times; which shares of the whole are the "
        "gaps between them?",
        "Those shares are uniform on the simplex, and gaps between random times follow the exponential distribution. "
        "So take m exponential numbers, divided by their sum.",
        "torch.empty(m).exponential_(generator=generator) gives m such numbers (so does -log of m uniform ones).",
    ),
    skeleton=(
        "def draw(m, generator):\n    e = torch.empty(m).exponential_(generator=...)  # m waiting times\n    return ..."
    ),
    praise="Every mixture is as likely as any other, and the same seed draws the same networks again.",
)
