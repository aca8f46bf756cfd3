"""The members of a late phase: released late, trained in two loops, averaged at the end."""

from collections.abc import Sequence

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.latephase.parts import part_of
from toolkit.space import WeightSpace
from toolkit.trainable import Trainable


class LatePhase(Trainable):
    """K networks that share most weights and, from some step on, have a few of their own.

    Until the release the members are one network. After it every step belongs to one member: it draws a fresh batch and
    moves at once; the shared weights wait for all K members and then take one step along
    gamma sum_k g_k. One round is K batches, for members and shared weights together.

    What the optimiser remembers belongs to every member by itself, and at the release to all of them alike (the paper's
    code begins afresh there). Weight decay pulls all numbers towards 0, rank-1 factors and mixing numbers as well.

    The members' BatchNorm statistics follow from their weights, as everywhere here: `space.refresh(late.members, x)`.

    Attributes:
        released: whether the members have come apart.
        count: K, the number of members.
        start, noise, gamma: as given.

    Example:
        >>> from toolkit import data, evaluate, fit, models
        >>> digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 10))
        >>> late = LatePhase(space, space.init(0), "last_layer", members=3, noise=0.5)
        >>> late
        LatePhase(3 members of 330 own numbers, 2080 shared)
        >>> late = fit(space, late, digits, epochs=5)
        >>> late.members.shape, late.average.shape
        (torch.Size([3, 2410]), torch.Size([2410]))
    """

    def __init__(
        self,
        space: WeightSpace,
        theta: Tensor,
        which: str | Sequence[str] = ("batchnorm", "last_layer"),
        *,
        members: int = 5,
        start: float = 0.6,
        noise: float = 0.0,
        gamma: float = 1.0,
    ):
        """Split a network into shared and late weights.

        Args:
            space: the weight space.
            theta: the starting point [D].
            which: the late weights, see `part_of`.
            members: K.
            start: T0, the fraction of training after which the members are released, in [0, 1).
            noise: sigma0. At the release every member is moved by Gaussian noise whose standard deviation in each
                tensor is sigma0 times the root mean square of that tensor.
            gamma: factor on the sum of the K gradients of the shared weights: 1 is the sum, 1 / K the mean.

        Raises:
            ValueError: if a number is out of range, theta does not fit the space, or the network has no such weights.
        """
        space.check(_expect.tensor("theta", theta), one=True)
        self.count = _expect.count("members", members)
        self.start = _expect.number("start", start, 0, 1)
        self.noise = _expect.number("noise", noise, 0)
        self.gamma = _expect.number("gamma", gamma, 0)
        if self.start == 1:
            raise ValueError("start must be below 1 for the members to be released at all, got 1.")
        self.part = part_of(space, which)
        self._shared, phi = self.part.split(theta.detach())
        self._own = [phi.clone() for _ in range(self.count)]
        self._sum = torch.zeros_like(self._shared)
        self.released = False
        self._step = self._release = 0

    def __repr__(self) -> str:
        """Name the members, the numbers each has to itself, and those they share."""
        return f"LatePhase({self.count} members of {len(self._own[0])} own numbers, {len(self._shared)} shared)"

    @property
    def own(self) -> Tensor:
        """The members' own numbers phi [K, P], detached."""
        return torch.stack([phi.detach() for phi in self._own])

    @property
    def members(self) -> Tensor:
        """The weights [K, D] of the members, detached."""
        return torch.stack([self.part.weights(self._shared.detach(), phi.detach()) for phi in self._own])

    @property
    def average(self) -> Tensor:
        """The one network [D] made of the shared weights and the mean phi, detached.

        It is the mean of `members` too, except for rank-1 weights: the mean of u_k v_k^T is not the product of the
        means, but that plus the covariance of u and v.
        """
        return self.part.weights(self._shared.detach(), self.own.mean(0))

    # What `train.fit` asks of anything it trains.

    def leaves(self) -> list[Tensor]:
        """The shared weights, if there are any, then each member's own: an optimiser keeps a state for every one."""
        return [leaf for leaf in (self._shared, *self._own) if leaf.numel()]

    def begin(self, steps: int) -> None:
        """Note the step of the release; members that are released already stay so."""
        release = 0 if self.released else round(self.start * steps)
        if steps - release < self.count:
            raise ValueError(
                f"start={self.start:g} releases the members at step {release} of {steps}, too late for "
                f"{self.count} members to take a step each."
            )
        self._step, self._release = 0, release

    @torch.no_grad()
    def sample(self, generator: torch.Generator, part: int = 0, parts: int = 1) -> Tensor:
        """Return the weights [D] of the member whose turn it is, after the release if this is its step."""
        if self._step == self._release and not self.released:
            self._let_go(generator)
        return self.part.weights(self._shared, self._own[self._turn])

    def give(self, g: Tensor) -> None:
        """Hand the gradient g [D] on: to the member at once, to the shared weights when the round is full.

        Before the release all members take the same step, and so does what the optimiser remembers of them.
        """
        to_shared, to_phi = self.part.share(self._shared.detach(), self._own[self._turn].detach(), g)
        if not self.released:
            self._shared.grad = to_shared
            for phi in self._own:
                phi.grad = to_phi.clone()
            return
        self._own[self._turn].grad = to_phi
        self._sum = to_shared if self._turn == 0 else self._sum.add_(to_shared)
        if self._turn == self.count - 1:
            self._shared.grad = self.gamma * self._sum

    def after_step(self) -> None:
        """Take the gradients back: a leaf without one is left alone by the next step."""
        for leaf in (self._shared, *self._own):
            leaf.grad = None
        self._step += 1

    @property
    def _turn(self) -> int:
        return (self._step - self._release) % self.count if self.released else 0

    def _let_go(self, generator: torch.Generator) -> None:
        self.released = True
        if not self.noise:
            return
        for phi in self._own:
            for tensor in phi.split(self.part.sizes):
                drawn = torch.randn(len(tensor), generator=generator, dtype=phi.dtype).to(phi.device)
                tensor.add_(drawn, alpha=self.noise * tensor.square().mean().sqrt().item())
