"""Lesson 05, go further: rank-1 late-phase weights on a small character-level LSTM, the paper's language model."""

from math import log
from pydoc_data.topics import topics  # the manual that comes with Python

import torch
from torch import Tensor, nn
from torch.optim import Adam

from toolkit.data import Dataset
from toolkit.device import device
from toolkit.latephase import LatePhase
from toolkit.space import WeightSpace
from toolkit.train import fit

SETTINGS = {"epochs": 20, "batch_size": 16, "lr": 5e-3}
LENGTH, TRAIN, TEST = 64, 96_000, 32_000


class Characters(nn.Module):
    """A character-level LSTM: from characters [B, T] to logits [B, symbols, T] of the ones that follow."""

    def __init__(self, symbols: int, width: int = 96):
        """Make one layer of `width` units between an embedding and a classifier."""
        super().__init__()
        self.embedding = nn.Embedding(symbols, 32)
        self.lstm = nn.LSTM(32, width, batch_first=True)
        self.fc = nn.Linear(width, symbols)

    def forward(self, x: Tensor) -> Tensor:
        """Read from left to right."""
        return self.fc(self.lstm(self.embedding(x))[0]).transpose(1, 2)


def manual() -> tuple[Dataset, int]:
    """Return Python's manual, cut into pieces of 64 characters and what follows each, and the size of its alphabet."""
    letters = "".join(topics[name] for name in sorted(topics)).lower()[: TRAIN + TEST]
    alphabet = sorted(set(letters))
    codes = torch.tensor([alphabet.index(letter) for letter in letters])
    pieces = codes.unfold(0, LENGTH + 1, LENGTH)
    x, y, cut = pieces[:, :-1], pieces[:, 1:], TRAIN // LENGTH
    dataset = Dataset(x[:cut], y[:cut], x[:0], y[:0], x[cut:], y[cut:], len(alphabet), "Python's manual")
    return dataset.to(device()), len(alphabet)


def text(seeds: int = 5) -> dict:
    """Bits per character on unseen text: one network, rank-1 members and their averages."""
    dataset, symbols = manual()
    space, found = WeightSpace(Characters(symbols)), {}
    for seed in range(seeds):
        start = space.init(seed)
        points = {"one network": _trained(space, start, dataset, seed)}
        for count, sigma in [(1, 0), (5, 0), (5, 0.2), (10, 0)]:
            late = LatePhase(space, start, "rank1", members=count, start=0.6, noise=sigma)
            late, name = _trained(space, late, dataset, seed), f"K {count}, noise {sigma:g}"
            points[f"{name}, average of u and v"] = late.average
            points[f"{name}, average of the matrices"] = late.members.mean(0)
            points[f"{name}, first member"] = late.members[0]
        for name, theta in points.items():
            loss = nn.functional.cross_entropy(space.logits(theta, dataset.test_x), dataset.test_y).item()
            found.setdefault(name, []).append(loss / log(2))
    config = {"network": "LSTM of 96 units", "late weights": "rank1", "train": TRAIN, "test": TEST, "seeds": seeds}
    return {"config": config | {"optimizer": "Adam", "start": 0.6, **SETTINGS}, "bits per character": found}


def _trained(space: WeightSpace, what, dataset: Dataset, seed: int):
    return fit(space, what, dataset, seed=seed, schedule="linear", optimizer=Adam, **SETTINGS)
