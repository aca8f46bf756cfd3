"""The values that each row of some weights must keep: put back at every synchronisation, asked for before a score."""

import warnings
from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.reconnect.rows import arranged


class Values:
    """The values of the rows of some weights, as they are now.

    Attributes:
        names: of the tensors, for error messages.
        sorted_rows: for each tensor its values [rows, n] in ascending order.
    """

    def __init__(self, weights: Sequence[Tensor], names: Sequence[str]):
        """Remember the values of `weights`, tensors [rows, n] with a name each."""
        self.names = list(names)
        for name, w in zip(self.names, weights, strict=True):
            _expect.tensor(name, w)
        self.sorted_rows = [w.detach().sort(dim=-1).values for w in weights]
        self._start: list[Tensor] | None = [w.detach().clone() for w in weights]

    @torch.no_grad()
    def arrange(self, weights: Sequence[Tensor], steps: int) -> list[Tensor]:
        """Return the values in the order of the weights, after `steps` free steps; the weights stay as they are.

        The first time, values that all stand where they stood are worth a warning: with few different values nothing
        may move for ever.

        Raises:
            ValueError: if a weight is NaN or infinite, or the rows are not those of the start.
        """
        self._check(weights)
        arranged_rows = [arranged(w, values) for w, values in zip(weights, self.sorted_rows, strict=True)]
        if self._start is not None and steps:
            if all(map(torch.equal, arranged_rows, self._start)):
                self._warn(weights, steps)
            self._start = None
        return arranged_rows

    @torch.no_grad()
    def verify(self, weights: Sequence[Tensor]) -> None:
        """Complain unless every row holds exactly the values it began with.

        Raises:
            ValueError: if one does not; the sentence names the first.
        """
        self._check(weights)
        for name, w, values in zip(self.names, weights, self.sorted_rows, strict=True):
            other = (w.sort(dim=-1).values != values).any(-1).nonzero()
            if len(other):
                raise ValueError(
                    f"{name} must be a permutation of the start to be scored, and row {other[0].item()} holds other "
                    "values: these are free weights between two synchronisations."
                )

    def _check(self, weights: Sequence[Tensor]) -> None:
        for name, w, values in zip(self.names, weights, self.sorted_rows, strict=True):
            if w.shape != values.shape:
                raise ValueError(f"{name} must have the rows of the start, {list(values.shape)}, got {list(w.shape)}.")
            _expect.tensor(name, w)

    def _warn(self, weights: Sequence[Tensor], steps: int) -> None:
        """Say by the gap-crossing law how many steps it takes at least: k times the step must exceed v / 2."""
        best: tuple[float, float, float] | None = None  # of the layer that came nearest: moved / gap, moved, gap
        for w, start, values in zip(weights, self._start, self.sorted_rows, strict=True):
            gaps, moved = values.diff(dim=-1), (w - start).abs().max().item()
            if (gaps > 0).any() and moved:
                gap = gaps[gaps > 0].min().item()
                best = max(best or (0, 0, 0), (moved / gap, moved, gap))
        if best is None:
            return
        near, moved, gap = best
        least = max(steps + 1, int(steps / 2 / near) + 1)
        seen, take = f"none moved further than {moved:.3g}", f"period of at least {least}, better twice that,"
        if near > 0.5:  # far enough, but not towards each other
            seen, take = "neighbours moved together", "longer period"
        warnings.warn(
            f"period={steps} moved nothing: two weights {gap:.3g} apart change places once they have moved by more "
            f"than {gap / 2:.3g} towards each other, and in {steps} steps {seen}; take a {take} or a larger learning "
            "rate.",
            stacklevel=5,
        )
