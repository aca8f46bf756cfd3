"""Data sets as tensors: images in [0, 1], one fixed split, everything on the device at once."""

import os
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from torch import Tensor

from toolkit import _expect
from toolkit.device import device
from toolkit.vision import torchvision

NAMES = {"digits": None, "mnist": "MNIST", "fashion-mnist": "FashionMNIST", "cifar10": "CIFAR10"}
SPLITS = ("train", "val", "test")


@dataclass(frozen=True)
class Dataset:
    """Images and labels of a train, a validation and a test split, whole, as tensors on one device.

    Every method here trains on `train_*`, chooses on `val_*` and reports on `test_*`.

    Attributes:
        train_x, val_x, test_x: images [n, channels, height, width] (or vectors [n, d]), float32.
        train_y, val_y, test_y: classes [n], int64, from 0 to `classes` - 1.
        classes: number of classes.
        name: what the figures call it.

    Example:
        >>> data = load("digits")
        >>> data.train_x.shape, data.val_x.shape, data.test_x.shape
        (torch.Size([1000, 1, 8, 8]), torch.Size([297, 1, 8, 8]), torch.Size([500, 1, 8, 8]))
    """

    train_x: Tensor
    train_y: Tensor
    val_x: Tensor
    val_y: Tensor
    test_x: Tensor
    test_y: Tensor
    classes: int
    name: str = "your data"

    @classmethod
    def from_tensors(
        cls,
        train_x: Tensor,
        train_y: Tensor,
        test_x: Tensor,
        test_y: Tensor,
        validation: float = 0.0,
        name: str = "your data",
    ) -> "Dataset":
        """Wrap your own tensors.

        Args:
            train_x: inputs [n, ...] of floating-point numbers.
            train_y: classes [n] of whole numbers from 0.
            test_x: inputs [m, ...] of the same shape behind the first dimension.
            test_y: classes [m].
            validation: fraction of the training examples set apart for validation, in [0, 1).
            name: what the figures call it.

        Returns:
            A data set on `toolkit.device()`.

        Raises:
            TypeError: if an argument is no tensor of the right kind.
            ValueError: if shapes disagree, a split is empty, or a value is NaN or out of range.

        Example:
            >>> x, y = torch.rand(20, 3), torch.arange(20) % 2
            >>> Dataset.from_tensors(x, y, x, y, validation=0.25).val_y.shape
            torch.Size([5])
        """
        for split, x, y in [("train", train_x, train_y), ("test", test_x, test_y)]:
            _check_pair(split, x, y)
        if train_x.shape[1:] != test_x.shape[1:]:
            raise ValueError(
                f"test_x must have the shape of train_x behind the first dimension, {tuple(train_x.shape[1:])}, "
                f"got {tuple(test_x.shape[1:])}."
            )
        keep = len(train_x) - round(_expect.number("validation", validation, 0, 1) * len(train_x))
        if not keep:
            raise ValueError(
                f"validation must leave something to train on, got {validation} of {len(train_x)} examples."
            )
        order = _fixed_order(len(train_x)) if validation else torch.arange(len(train_x))
        train, val = order[:keep].to(train_x.device), order[keep:].to(train_x.device)
        classes = 1 + int(max(train_y.max(), test_y.max()))
        x, y = train_x.float(), train_y.long()
        return cls(x[train], y[train], x[val], y[val], test_x.float().clone(), test_y.long().clone(), classes, name).to(
            device()
        )

    def split(self, name: str) -> tuple[Tensor, Tensor]:
        """Return inputs and classes of the split `"train"`, `"val"` or `"test"`.

        Raises:
            ValueError: if there is no such split, or it is empty.
        """
        _expect.choice("split", name, SPLITS)
        x, y = getattr(self, f"{name}_x"), getattr(self, f"{name}_y")
        if not len(x):
            raise ValueError(
                f"The split {name!r} of {self.name} is empty; make it with from_tensors(..., validation=0.1)."
            )
        return x, y

    def to(self, where: torch.device) -> "Dataset":
        """Return the same data on another device."""
        moved = {f"{s}_{v}": getattr(self, f"{s}_{v}").to(where) for s in SPLITS for v in "xy"}
        return replace(self, **moved)

    def subset(self, train: int, seed: int = 0) -> "Dataset":
        """Return the data set with `train` training examples chosen at random; the other splits stay.

        Raises:
            ValueError: if there are fewer than `train` examples.
        """
        _expect.count("train", train)
        if train > len(self.train_x):
            raise ValueError(f"train must be at most {len(self.train_x)}, the examples there are, got {train}.")
        chosen = _fixed_order(len(self.train_x), seed)[:train].to(self.train_x.device)
        return replace(self, train_x=self.train_x[chosen], train_y=self.train_y[chosen])

    def with_label_noise(self, rate: float, seed: int = 0) -> "Dataset":
        """Give a fraction `rate` of the training examples a class drawn at random.

        The draw may hit the true class, so about rate (1 - 1/classes) of the labels end up wrong. Which
        examples and which classes depends on `seed` alone: every method meets the same noise, and a higher rate
        relabels the same examples and more. Validation and test labels stay clean.

        Args:
            rate: fraction of the training labels drawn anew, in [0, 1].
            seed: of the draw.

        Returns:
            A new data set; this one is unchanged.

        Raises:
            ValueError: if `rate` is outside [0, 1].

        Example:
            >>> clean = load("digits")
            >>> noisy = clean.with_label_noise(0.4, seed=0)
            >>> round((noisy.train_y != clean.train_y).float().mean().item(), 2)
            0.37

        Source: label noise of Zhang et al. 2017 as used by Wortsman et al. 2021.
        """
        _expect.number("rate", rate, 0, 1)
        n = len(self.train_y)
        generator = torch.Generator().manual_seed(_expect.count("seed", seed, least=0))
        order = torch.randperm(n, generator=generator)[: round(rate * n)]
        drawn = torch.randint(self.classes, (n,), generator=generator)
        noisy = self.train_y.clone()
        noisy[order.to(noisy.device)] = drawn[order].to(noisy.device)
        return replace(self, train_y=noisy, name=f"{self.name}, {rate:.0%} label noise")


def load(name: str = "digits", root: str | Path | None = None, download: bool = False) -> Dataset:
    """Load a data set by name.

    Args:
        name: `"digits"` (1,797 images of 8x8 that come with scikit-learn, no download), `"mnist"`,
            `"fashion-mnist"` or `"cifar10"`, the last three through torchvision.
        root: folder in which torchvision keeps its data; by default the environment variable `DATA_ROOT`, else
            `data` in the current folder.
        download: let torchvision fetch the files when they are missing.

    Returns:
        A data set on `toolkit.device()`, split once and for all: digits 1000 / 297 / 500; the others keep their
        own test set and give one twelfth of their training set to validation.

    Raises:
        ValueError: if the name is unknown or a file is damaged.
        FileNotFoundError: if the files are not under `root`, not all of them, or not with the published check sums.
        OSError: if a download fails.

    Example:
        >>> load("digits").name
        'digits'
    """
    _expect.choice("name", name, NAMES)
    if name == "digits":
        return _digits()
    root = Path(root or os.environ.get("DATA_ROOT", "data"))
    loader = getattr(torchvision().datasets, NAMES[name])
    try:
        # Torchvision compares the check sums of CIFAR's files with the published ones before it opens them.
        train, test = (loader(root, train=part, download=download) for part in (True, False))
        (train_x, train_y), (test_x, test_y) = _as_tensors(train), _as_tensors(test)
    except Exception as error:
        if download:
            raise OSError(
                f"{name} could not be fetched into {str(root)!r} ({type(error).__name__}: {error}); "
                "if files of it lie there, delete them and try again."
            ) from error
        if "not found" in str(error):
            raise FileNotFoundError(
                f"{name} was not found whole under {str(root)!r}; call load({name!r}, download=True) once with network "
                "access, or set DATA_ROOT to the folder that holds it."
            ) from error
        raise ValueError(
            f"The files of {name} under {str(root)!r} are damaged ({type(error).__name__}: {error}); "
            f"delete them and call load({name!r}, download=True)."
        ) from error
    return Dataset.from_tensors(train_x, train_y, test_x, test_y, validation=1 / 12, name=name)


def _as_tensors(source) -> tuple[Tensor, Tensor]:
    """Turn a torchvision data set into images [n, channels, height, width] in [0, 1] and classes [n]."""
    images, labels = torch.as_tensor(source.data), torch.as_tensor(source.targets)
    if len(images) != len(labels):
        raise ValueError(f"{len(images)} images but {len(labels)} labels")
    images = images.unsqueeze(1) if images.dim() == 3 else images.permute(0, 3, 1, 2)
    return images.float() / 255, labels.long()


def _digits() -> Dataset:
    from sklearn.datasets import load_digits

    bundle = load_digits()
    images = torch.tensor(bundle.images, dtype=torch.float32).unsqueeze(1) / 16
    labels = torch.tensor(bundle.target)
    train, val, test = _fixed_order(len(images)).split([1000, 297, 500])
    parts = [part for index in (train, val, test) for part in (images[index], labels[index])]
    return Dataset(*parts, classes=10, name="digits").to(device())


def _fixed_order(n: int, seed: int = 0) -> Tensor:
    return torch.randperm(n, generator=torch.Generator().manual_seed(_expect.count("seed", seed, least=0)))


def _check_pair(split: str, x: Tensor, y: Tensor) -> None:
    _expect.tensor(f"{split}_x", x)
    _expect.tensor(f"{split}_y", y, floating=False)
    if y.is_floating_point() or y.dim() != 1:
        raise TypeError(f"{split}_y must be a vector of whole class numbers, got {y.dtype} of shape {tuple(y.shape)}.")
    if len(x) != len(y) or not len(x):
        raise ValueError(
            f"{split}_x and {split}_y must hold as many examples, at least one; got {len(x)} and {len(y)}."
        )
    if int(y.min()) < 0:
        raise ValueError(f"{split}_y must hold classes from 0 up, got {int(y.min())}.")
