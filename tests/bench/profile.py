"""Where the time of a scan goes, and how much of it no program of this kind can save."""

import copy
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import vector_to_parameters
from torch.optim.swa_utils import update_bn

import toolkit
from toolkit.landscape.measure import METRICS, REPORTED

from .timing import cpu_ms


@dataclass(frozen=True)
class Profile:
    """Milliseconds that a scan spends.

    Attributes:
        products: on the bare matrix products, the floor of any exact scan.
        forward: on all forward passes, those that estimate BatchNorm statistics included.
        measures: on loss, accuracy and calibration.
        whole: altogether.
        bare_plain: what the plain way takes with each split as one batch and no DataLoader.
    """

    products: float
    forward: float
    measures: float
    whole: float
    bare_plain: float

    def describe(self, plain: float) -> str:
        """Say where the time goes, and the best ratio to `plain` that the matrix products leave room for."""
        parts = {
            "matrix products": self.products,
            "bias, ReLU, BatchNorm": self.forward - self.products,
            "measures": self.measures,
            "the rest": self.whole - self.forward - self.measures,
        }
        shares = ", ".join(f"{name} {ms:.0f} ms ({ms / self.whole:.0%})" for name, ms in parts.items())
        return (
            f"{shares}.\n  The matrix products alone are {self.products / plain:.2f} of the plain time.\n"
            f"  Plain without a DataLoader, each split as one batch: {self.bare_plain:.0f} ms."
        )


@torch.no_grad()
def scan_profile(module: nn.Sequential, points: int, repetitions: int) -> Profile:
    """Time each kind of work in a scan of `points` positions by itself."""
    dataset, space, own = toolkit.data.load("digits"), toolkit.WeightSpace(module), copy.deepcopy(module)
    line = toolkit.Line(space.init(0), space.init(1))
    networks = line.at(torch.linspace(0, 1, points))
    splits = {name: dataset.split(name) for name in ("train", "test")}
    stats = space.refresh(networks[0], dataset.train_x)
    logits = {name: space.logits(networks[0], x, stats) for name, (x, _) in splits.items()}
    inputs = [x for x, _ in splits.values()] + ([dataset.train_x] if stats else [])

    def forward() -> None:
        for theta in networks:
            fresh = space.refresh(theta, dataset.train_x)
            for x, _ in splits.values():
                space.logits(theta, x, fresh)

    def measures() -> None:
        for _ in range(points):
            for split, metric in (name.split("_") for name in REPORTED):
                METRICS[metric](logits[split], splits[split][1]).item()

    ways = [
        lambda: _products(space, networks, inputs),
        forward,
        measures,
        lambda: toolkit.scan(space, line, dataset, points),
        lambda: _bare_plain(own, networks, list(splits.values()), refresh=bool(stats)),
    ]
    cpu_ms(ways, 1)  # warm-up
    return Profile(*cpu_ms(ways, repetitions))


def _products(space: toolkit.WeightSpace, networks: Tensor, inputs: list[Tensor]) -> None:
    """Multiply what the linear layers multiply, and nothing else."""
    for theta in networks:
        weights = [w for name, w in space.unflatten(theta).items() if name.startswith("fc") and w.dim() == 2]
        for x in inputs:
            h = x.flatten(1)
            for w in weights:
                h = h @ w.T


def _bare_plain(module: nn.Module, networks: Tensor, splits: list[tuple[Tensor, Tensor]], refresh: bool) -> list[float]:
    """Loss and accuracy of each split at each network, in one batch."""
    found = []
    for theta in networks:
        vector_to_parameters(theta, module.parameters())
        if refresh:
            update_bn([splits[0][0]], module)
        module.eval()
        for x, y in splits:
            logits = module(x)
            found += [cross_entropy(logits, y).item(), (logits.argmax(1) == y).float().mean().item()]
    return found
