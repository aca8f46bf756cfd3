"""LaPerm around any torch optimiser, for a training loop of your own."""

from collections.abc import Callable

import torch

from toolkit import _expect
from toolkit.reconnect.rows import rows
from toolkit.reconnect.values import Values

Period = int | Callable[[int], int]


class LaPerm(torch.optim.Optimizer):
    """Let an optimiser move the weights freely, and every `period` steps put each row's own values back in that order.

    In the end it is learned where each value stands, not what it is. What the optimiser remembers (Adam's moments)
    stays as it is across synchronisations.

    Attributes:
        optimizer: the one inside.
        synced: whether the weights are a permutation of the start at this moment.

    Example:
        >>> from torch.nn.functional import mse_loss
        >>> net = torch.nn.Linear(4, 2)
        >>> start = net.weight.detach().sort(dim=1).values
        >>> opt = LaPerm(torch.optim.Adam(net.parameters(), 0.1), period=20)
        >>> for _ in range(50):
        ...     opt.zero_grad()
        ...     mse_loss(net(torch.rand(8, 4)), torch.ones(8, 2)).backward()
        ...     opt.step()
        >>> opt.synced
        False
        >>> opt.sync()  # always the last thing: 50 is no multiple of 20
        >>> torch.equal(net.weight.detach().sort(dim=1).values, start)
        True

    Source: Qiu and Suda 2020, algorithm 1.
    """

    def __init__(self, optimizer: torch.optim.Optimizer, period: Period = 20, vectors: bool = False):
        """Remember the values that the optimiser's parameters have now.

        Args:
            optimizer: any, with its parameters.
            period: k, the number of free steps between two synchronisations, or a function from the number of steps
                taken to it.
            vectors: whether biases and the parameters of norms are permuted too, each vector as one row; otherwise
                the optimiser trains them freely.

        Raises:
            TypeError: if `optimizer` is no optimiser.
            ValueError: if `period` is below 1, or the optimiser holds nothing to permute.
        """
        if not isinstance(optimizer, torch.optim.Optimizer) or isinstance(optimizer, LaPerm):
            raise TypeError(f"optimizer must be another torch.optim.Optimizer, got {type(optimizer).__name__}.")
        self.optimizer, self.period = optimizer, check_period(period)
        everything = [p for group in optimizer.param_groups for p in group["params"]]
        self._weights = [p for p in everything if p.dim() > 1 or vectors]
        if not self._weights:
            raise ValueError("optimizer must hold weights to permute, got only vectors; vectors=True permutes those.")
        self._values = Values(self._rows(), [f"weights {i}" for i in range(len(self._weights))])
        super().__init__(optimizer.param_groups, optimizer.defaults)
        self.param_groups, self.state = optimizer.param_groups, optimizer.state  # one set for both: schedules see it
        self._taken = self._since = 0

    @property
    def synced(self) -> bool:
        """Whether no free step has been taken since the last synchronisation."""
        return self._since == 0

    def step(self, closure: Callable | None = None):
        """Take a free step, and synchronise if it was the last of a period; return what the optimiser returns."""
        loss = self.optimizer.step(closure)
        self._taken, self._since = self._taken + 1, self._since + 1
        if self._since >= period_at(self.period, self._taken):
            self.sync()
        return loss

    @torch.no_grad()
    def sync(self) -> None:
        """Put every row's own values back, in the order of its weights. Call it once more before you score.

        Raises:
            ValueError: if a weight is NaN or infinite; nothing is changed then.
        """
        arranged = self._values.arrange(self._rows(), self._since)
        for parameter, values in zip(self._weights, arranged, strict=True):
            parameter.copy_(values.view_as(parameter))
        self._since = 0

    def verify(self) -> None:
        """Complain unless the weights are a permutation of the start: what you score must be.

        Raises:
            ValueError: if they are not; the sentence names the row.
        """
        self._values.verify(self._rows())

    def state_dict(self) -> dict:
        """Everything that is needed to go on: the optimiser's state, the values, and the steps taken."""
        values = [rows.clone() for rows in self._values.sorted_rows]
        own = {"values": values, "taken": self._taken, "since": self._since}
        return {"optimizer": self.optimizer.state_dict(), **own}

    def load_state_dict(self, state: dict) -> None:
        """Go on from what `state_dict` returned.

        Raises:
            ValueError: if it is of another optimiser or of other weights.
        """
        if not {"optimizer", "values", "taken", "since"} <= set(state):
            raise ValueError(f"state must be what LaPerm.state_dict() returns, got one with {', '.join(state)}.")
        shapes = [list(values.shape) for values in state["values"]]
        if shapes != [list(values.shape) for values in self._values.sorted_rows]:
            raise ValueError(f"state must hold values of these weights, got rows of shapes {shapes}.")
        self.optimizer.load_state_dict(state["optimizer"])
        self.param_groups, self.state = self.optimizer.param_groups, self.optimizer.state
        for kept, values in zip(self._values.sorted_rows, state["values"], strict=True):
            kept.copy_(values)
        self._taken, self._since = state["taken"], state["since"]

    def add_param_group(self, param_group: dict) -> None:
        """Refuse further weights: the values of all have to be known from the start."""
        if hasattr(self, "_since"):
            raise ValueError("param_group must be given to the optimiser before LaPerm is put around it.")
        super().add_param_group(param_group)

    def __getstate__(self) -> dict:
        """Copy everything, not only what optimisers have in common."""
        return self.__dict__.copy()

    def __setstate__(self, state: dict) -> None:
        """Take everything back."""
        self.__dict__.update(state)

    def _rows(self) -> list[torch.Tensor]:
        return [rows(parameter.detach()) for parameter in self._weights]


def check_period(period: Period) -> Period:
    """Return `period` if it is a whole number of at least 1, or a function."""
    return period if callable(period) else _expect.count("period", period)


def period_at(period: Period, taken: int) -> int:
    """The number of free steps between synchronisations that is in force after `taken` steps."""
    return _expect.count("period", period(taken)) if callable(period) else period
