"""The plain ways: what one writes in PyTorch without this project."""

from collections.abc import Iterable
from math import cos, pi

import numpy as np
import torch
from scipy.optimize import linear_sum_assignment
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, TensorDataset

from toolkit.data import Dataset
from toolkit.symmetry import Permutations, Symmetry


def scan(
    module: nn.Module, a: Tensor, b: Tensor, dataset: Dataset, points: int, refresh: bool, batch_size: int
) -> np.ndarray:
    """Train loss, train accuracy, test loss, test accuracy [points, 4] along the line from a to b."""
    splits = [TensorDataset(*dataset.split(name)) for name in ("train", "test")]
    train, test = (DataLoader(split, batch_size=batch_size) for split in splits)
    rows = []
    for t in torch.linspace(0, 1, points):
        vector_to_parameters((1 - t) * a + t * b, module.parameters())
        if refresh:
            update_bn(train, module)
        rows.append([*evaluate(module, train), *evaluate(module, test)])
    return np.array(rows)


@torch.no_grad()
def evaluate(module: nn.Module, loader: DataLoader) -> tuple[float, float]:
    """Mean loss and accuracy."""
    module.eval()
    loss, right = 0.0, 0
    for x, y in loader:
        logits = module(x)
        loss += cross_entropy(logits, y, reduction="sum").item()
        right += (logits.argmax(1) == y).sum().item()
    n = len(loader.dataset)
    return loss / n, right / n


def train(
    module: nn.Module,
    start: Tensor,
    dataset: Dataset,
    order: torch.Generator,
    epochs: int,
    batch_size: int = 64,
    lr: float = 0.1,
    momentum: float = 0.9,
    weight_decay: float = 1e-4,
) -> Tensor:
    """Train from `start` with SGD and a cosine schedule, and return the weights [D]."""
    vector_to_parameters(start.clone(), module.parameters())
    module.train()
    optimizer = torch.optim.SGD(module.parameters(), lr, momentum, weight_decay=weight_decay, fused=True)
    steps = len(dataset.train_x) // batch_size
    for epoch in range(epochs):
        losses = []
        for step, batch in enumerate(_batches(len(dataset.train_x), batch_size, order)):
            for group in optimizer.param_groups:
                group["lr"] = lr * (1 + cos(pi * (epoch * steps + step) / (steps * epochs))) / 2
            optimizer.zero_grad()
            loss = cross_entropy(module(dataset.train_x[batch]), dataset.train_y[batch])
            loss.backward()
            optimizer.step()
            losses.append(loss.detach())
        if not torch.isfinite(torch.stack(losses)).all():
            raise FloatingPointError(f"The loss is not finite in epoch {epoch}.")
    return parameters_to_vector(module.parameters()).detach()


def _batches(n: int, batch_size: int, order: torch.Generator) -> Tensor:
    """The examples of each step of an epoch [steps, batch_size]; what is left over sits the epoch out."""
    steps = n // batch_size
    return torch.randperm(n, generator=order)[: steps * batch_size].view(steps, batch_size)


def losses(module: nn.Module, points: Iterable[Tensor], dataset: Dataset, batch_size: int) -> np.ndarray:
    """Test loss at each point, copied into the module, with BatchNorm statistics of its own."""
    train, test = (DataLoader(TensorDataset(*dataset.split(s)), batch_size=batch_size) for s in ("train", "test"))
    found = []
    for theta in points:
        vector_to_parameters(theta, module.parameters())
        update_bn(train, module)
        found.append(evaluate(module, test)[0])
    return np.array(found)


def hutchinson(module: nn.Module, x: Tensor, y: Tensor, probes: Tensor) -> Tensor:
    """The mean of v * (H v) over probes v [M, D], one double backward pass after another through the same graph."""
    parameters = list(module.parameters())
    gradient = torch.autograd.grad(cross_entropy(module(x), y), parameters, create_graph=True)
    g, total = parameters_to_vector(gradient), torch.zeros(probes.shape[1])
    for v in probes:
        product = torch.autograd.grad(g, parameters, v, retain_graph=True)
        total += v * parameters_to_vector(product)
    return total / len(probes)


@torch.no_grad()
def match_activations(networks: list[nn.Sequential], x: Tensor, batch_size: int = 128) -> np.ndarray:
    """The best permutation of each hidden layer, one after another, layer by layer.

    For each, both networks run from the input again, all their activations are stored and z-scored, and one product
    gives the correlations (Tatro et al. 2020). The units are those that the next layer reads.
    """
    perms = []
    readers = [i for i, layer in enumerate(networks[0]) if isinstance(layer, nn.Conv2d | nn.Linear)]
    for reader in readers[1:]:
        scored = []
        for network in networks:
            units = torch.cat([network[:reader](part) for part in x.split(batch_size)]).movedim(1, 0).flatten(1)
            units = units - units.mean(1, keepdim=True)
            scored.append(units / (units.std(1, correction=0, keepdim=True) + 1e-5))
        correlation = scored[0] @ scored[1].T / scored[0].shape[1]
        perms.append(linear_sum_assignment(correlation.numpy(), maximize=True)[1])
    return np.concatenate(perms)


def match_weights(symmetry: Symmetry, a: Tensor, b: Tensor, seed: int, sweeps: int = 100) -> Permutations:
    """Coordinate descent in which each step starts from the weights (Ainsworth et al. 2023), for a perceptron.

    A visited group takes every tensor that it lies in, with all other permutations applied to B, adds up the scores,
    and compares the totals of the old and the new permutation, each as a matrix of zeros and ones.
    """
    a, b = symmetry.space.unflatten(a), symmetry.space.unflatten(b)
    perms, names = symmetry.identity(), list(symmetry.groups)
    places: dict[str, list[tuple[str, int]]] = {group: [] for group in names}
    groups: dict[str, dict[int, str]] = {}
    for name in a:
        groups[name] = {axis: segments[0].group for axis, segments in symmetry.axes.get(name, {}).items()}
        for axis, group in groups[name].items():
            places[group].append((name, axis))
    generator = torch.Generator().manual_seed(seed)
    for _ in range(sweeps):
        progress = False
        for group in (names[i] for i in torch.randperm(len(names), generator=generator)):
            n = symmetry.groups[group]
            score = torch.zeros(n, n)
            for name, axis in places[group]:
                moved = b[name]
                for other, its_group in groups[name].items():
                    if other != axis:
                        moved = torch.index_select(moved, other, perms[its_group])
                unfolded = [weight.movedim(axis, 0).reshape(n, -1) for weight in (a[name], moved)]
                score += unfolded[0] @ unfolded[1].T
            best = torch.as_tensor(linear_sum_assignment(score.numpy(), maximize=True)[1])
            totals = [(score * torch.eye(n)[perm]).sum() for perm in (perms[group], best)]
            progress = progress or bool(totals[1] > totals[0] + 1e-12)
            perms[group] = best
        if not progress:
            break
    return perms


def late_phase(
    h: Tensor, s: Tensor, lr_shared: float, lr_late: float, members: int, gamma: float, cycles: int, seed: int
) -> tuple[Tensor, Tensor]:
    """One run on a noisy quadratic: errors of the average [cycles, d], and of the members at the end [K, d]."""
    dice = torch.Generator().manual_seed(seed)
    theta, phi, path = torch.zeros_like(h), [torch.zeros_like(h) for _ in range(members)], []
    for _ in range(cycles):
        total = torch.zeros_like(h)
        for k in range(members):
            g = h * (theta + phi[k]) + s * torch.randn(len(h), generator=dice)
            phi[k] = phi[k] - lr_late * g
            total += g
        theta = theta - gamma * lr_shared * total
        path.append(theta + torch.stack(phi).mean(0))
    return torch.stack(path), theta + torch.stack(phi)
