"""The plain ways: what one writes in PyTorch without this project."""

from math import cos, pi

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torch.nn.utils import parameters_to_vector, vector_to_parameters
from torch.optim.swa_utils import update_bn
from torch.utils.data import DataLoader, TensorDataset

from toolkit.data import Dataset


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
