"""Data sets: complete and disjoint splits, label noise, and files that are absent, whole or damaged."""

import os
import pickle
from pathlib import Path

import pytest
import torch

from toolkit import data
from toolkit.data import Dataset

ROOTS = [os.environ.get("DATA_ROOT"), Path(__file__).parents[2] / "shared" / "data"]
REAL = next((Path(root) for root in ROOTS if root and (Path(root) / "MNIST" / "raw").is_dir()), None)


@pytest.fixture(scope="module")
def digits():
    return data.load("digits")


def rows(*parts):
    return sorted(tuple(row) for part in parts for row in part.flatten(1).tolist())


def test_digits_splits_are_disjoint_and_complete(digits):
    from sklearn.datasets import load_digits

    bundle = load_digits()
    assert [len(digits.split(s)[0]) for s in ("train", "val", "test")] == [1000, 297, 500]
    assert rows(digits.train_x, digits.val_x, digits.test_x) == rows(torch.tensor(bundle.images).float() / 16)
    labels = torch.cat([digits.train_y, digits.val_y, digits.test_y])
    assert labels.bincount().tolist() == torch.tensor(bundle.target).bincount().tolist()


def test_digits_labels_stay_with_their_images(digits):
    from sklearn.datasets import load_digits

    bundle = load_digits()
    truth = {tuple(image.ravel() / 16): label for image, label in zip(bundle.images, bundle.target, strict=True)}
    for split in ("train", "val", "test"):
        x, y = digits.split(split)
        assert [truth[tuple(row)] for row in x.flatten(1).tolist()] == y.tolist()


def test_digits_are_shuffled_before_they_are_split(digits):
    from sklearn.datasets import load_digits

    first = rows(torch.tensor(load_digits().images[:1000]).float() / 16)
    assert 500 < len(set(first) & set(rows(digits.train_x))) < 620  # about 1000 * 1000 / 1797 by chance


def test_digits_are_what_the_docstring_says(digits):
    assert digits.train_x.dtype == torch.float32 and digits.train_y.dtype == torch.int64
    assert digits.train_x.min() == 0 and digits.train_x.max() == 1
    assert (digits.classes, digits.name) == (10, "digits")
    assert torch.equal(digits.train_x, data.load("digits").train_x)


# Your own tensors


def numbered(n, classes=3):
    """Examples that carry their own number, so that a split can be read off."""
    return torch.arange(n).float().unsqueeze(1), torch.arange(n) % classes


@pytest.mark.parametrize(("validation", "kept"), [(0.0, 20), (0.25, 15), (0.5, 10)])
def test_from_tensors_loses_and_repeats_nothing(validation, kept):
    x, y = numbered(20)
    own = Dataset.from_tensors(x, y, *numbered(5), validation=validation)
    assert len(own.train_x) == kept
    assert sorted(torch.cat([own.train_x, own.val_x]).flatten().tolist()) == x.flatten().tolist()
    for part_x, part_y in (own.split("train"), own.split("test")):
        assert torch.equal(part_x.flatten().long() % 3, part_y)
    assert own.classes == 3 and torch.equal(own.test_x, numbered(5)[0])


def test_without_validation_the_order_stays():
    x, y = numbered(6)
    assert torch.equal(Dataset.from_tensors(x, y, x, y).train_x, x)


def test_classes_count_those_of_the_test_split_too():
    x, y = numbered(6)
    assert Dataset.from_tensors(x, y, x, y + 4).classes == 7


def test_your_tensors_are_not_changed_and_not_shared():
    x, y = numbered(6)
    own = Dataset.from_tensors(x, y, x, y)
    own.train_x.zero_()
    assert torch.equal(x, numbered(6)[0])


def test_your_test_tensors_are_not_shared_either():
    x, y = numbered(6)
    own = Dataset.from_tensors(x, y, x, y)
    own.test_x.zero_(), own.test_y.zero_()
    assert torch.equal(x, numbered(6)[0]) and torch.equal(y, numbered(6)[1])


def test_something_is_left_to_train_on():
    x, y = numbered(2, classes=2)
    with pytest.raises(ValueError, match=r"^validation must leave something to train on, got 0\.9 of 2 examples\.$"):
        Dataset.from_tensors(x, y, x, y, validation=0.9)
    assert len(Dataset.from_tensors(x, y, x, y, validation=0.5).train_x) == 1


def test_to_moves_every_tensor(digits):
    moved = digits.to(torch.device("meta"))
    assert {moved.split(s)[i].device.type for s in ("train", "val", "test") for i in (0, 1)} == {"meta"}
    assert digits.train_x.device.type != "meta"


def test_subset_is_drawn_once_and_leaves_the_rest(digits):
    small = digits.subset(100)
    assert set(rows(small.train_x)) <= set(rows(digits.train_x)) and len(small.train_y) == 100
    assert torch.equal(small.train_x, digits.subset(100).train_x)
    assert not torch.equal(small.train_x, digits.subset(100, seed=1).train_x)
    assert torch.equal(small.train_x, digits.subset(200).train_x[:100])
    assert small.test_x is digits.test_x and small.val_y is digits.val_y


# Label noise


def test_label_noise_is_repeatable_and_touches_training_labels_only(digits):
    noisy, again = digits.with_label_noise(0.4, seed=3), digits.with_label_noise(0.4, seed=3)
    assert torch.equal(noisy.train_y, again.train_y)
    assert not torch.equal(noisy.train_y, digits.with_label_noise(0.4, seed=4).train_y)
    for name in ("train_x", "val_x", "val_y", "test_x", "test_y"):
        assert getattr(noisy, name) is getattr(digits, name)
    assert torch.equal(digits.train_y, data.load("digits").train_y)
    assert noisy.name == "digits, 40% label noise"


def test_more_noise_relabels_the_same_examples_and_more(digits):
    changed, before = torch.zeros(1000, dtype=bool), None
    for rate in (0.0, 0.1, 0.5, 1.0):
        noisy = digits.with_label_noise(rate, seed=1).train_y
        now = noisy != digits.train_y
        assert (now | ~changed).all() and now.sum() <= round(rate * 1000)
        assert before is None or torch.equal(noisy[changed], before[changed])
        changed, before = now, noisy
    assert changed.float().mean().item() == pytest.approx(0.9, abs=0.03)


def test_no_noise_changes_nothing_and_the_random_state_stays(digits):
    state = torch.get_rng_state()
    assert torch.equal(digits.with_label_noise(0.0).train_y, digits.train_y)
    digits.subset(10)
    assert torch.equal(state, torch.get_rng_state())


# Files


def write_mnist(root, name="MNIST", train=24, test=6):
    """Write a tiny data set in the IDX format of MNIST."""
    raw = root / name / "raw"
    raw.mkdir(parents=True)
    for part, n in (("train", train), ("t10k", test)):
        pixels = bytes(i % 256 for i in range(n * 784))
        header = (0x803).to_bytes(4, "big") + b"".join(v.to_bytes(4, "big") for v in (n, 28, 28))
        (raw / f"{part}-images-idx3-ubyte").write_bytes(header + pixels)
        labels = (0x801).to_bytes(4, "big") + n.to_bytes(4, "big") + bytes(i % 10 for i in range(n))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(labels)
    return raw


@pytest.mark.parametrize(("name", "folder"), [("mnist", "MNIST"), ("fashion-mnist", "FashionMNIST")])
def test_idx_files_are_read_as_images_in_zero_one(tmp_path, name, folder):
    write_mnist(tmp_path, folder)
    found = data.load(name, root=tmp_path)
    assert found.train_x.shape == (22, 1, 28, 28) and len(found.val_x) == 2 and found.test_x.shape == (6, 1, 28, 28)
    assert found.test_x.flatten()[:256].mul(255).round().tolist() == list(range(256))
    assert found.test_y.tolist() == [0, 1, 2, 3, 4, 5] and found.name == name


def test_data_root_says_where_the_files_are(tmp_path, monkeypatch):
    write_mnist(tmp_path)
    monkeypatch.setenv("DATA_ROOT", str(tmp_path))
    assert len(data.load("mnist").test_x) == 6
    monkeypatch.delenv("DATA_ROOT")
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match="^mnist was not found whole under 'data'; "):
        data.load("mnist")


@pytest.mark.parametrize("name", ["mnist", "fashion-mnist", "cifar10"])
def test_absent_files_say_what_to_do(tmp_path, name):
    with pytest.raises(FileNotFoundError) as error:
        data.load(name, root=tmp_path)
    assert str(error.value) == (
        f"{name} was not found whole under {str(tmp_path)!r}; call load({name!r}, download=True) once with network "
        "access, or set DATA_ROOT to the folder that holds it."
    )


def test_one_absent_file_is_enough(tmp_path):
    (write_mnist(tmp_path) / "t10k-labels-idx1-ubyte").unlink()
    with pytest.raises(FileNotFoundError, match="^mnist was not found whole under "):
        data.load("mnist", root=tmp_path)


def damage(raw, how):
    path = raw / ("train-labels-idx1-ubyte" if how == "too few labels" else "train-images-idx3-ubyte")
    if how == "cut off":
        path.write_bytes(path.read_bytes()[:-100])
    elif how == "other bytes":
        path.write_bytes(b"<html>404</html>")
    elif how == "empty":
        path.write_bytes(b"")
    else:
        path.write_bytes((0x801).to_bytes(4, "big") + (3).to_bytes(4, "big") + bytes(3))


@pytest.mark.parametrize("how", ["cut off", "other bytes", "empty", "too few labels"])
def test_damaged_files_are_named_as_such(tmp_path, how):
    damage(write_mnist(tmp_path), how)
    with pytest.raises(ValueError) as error:
        data.load("mnist", root=tmp_path)
    assert str(error.value).startswith(f"The files of mnist under {str(tmp_path)!r} are damaged (")
    assert str(error.value).endswith("; delete them and call load('mnist', download=True).")


class Trap:
    """Leaves a file behind when it is unpickled."""

    def __init__(self, path):
        self.path = path

    def __reduce__(self):
        return Path.touch, (self.path,)


def test_cifar_files_with_other_check_sums_are_not_opened(tmp_path):
    folder, sprung = tmp_path / "cifar-10-batches-py", tmp_path / "sprung"
    folder.mkdir()
    for name in [f"data_batch_{i}" for i in range(1, 6)] + ["test_batch", "batches.meta"]:
        (folder / name).write_bytes(pickle.dumps(Trap(sprung)))
    with pytest.raises(FileNotFoundError, match="^cifar10 was not found whole under .*download=True"):
        data.load("cifar10", root=tmp_path)
    assert not sprung.exists()


def test_a_failed_download_is_not_called_damage(tmp_path, monkeypatch):
    from toolkit.vision import torchvision

    def offline(self):
        raise RuntimeError("Error downloading train-images-idx3-ubyte.gz")

    monkeypatch.setattr(torchvision().datasets.MNIST, "download", offline)
    with pytest.raises(OSError) as error:
        data.load("mnist", root=tmp_path, download=True)
    assert str(error.value) == (
        f"mnist could not be fetched into {str(tmp_path)!r} (RuntimeError: Error downloading "
        "train-images-idx3-ubyte.gz); if files of it lie there, delete them and try again."
    )


@pytest.mark.skipif(REAL is None, reason="the MNIST files are neither under DATA_ROOT nor in ../shared/data")
def test_the_real_mnist():
    mnist = data.load("mnist", root=REAL)
    assert mnist.train_x.shape == (55_000, 1, 28, 28) and len(mnist.val_y) == 5_000 and len(mnist.test_y) == 10_000
    counts = torch.cat([mnist.train_y, mnist.val_y]).bincount().tolist()
    assert counts == [5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949]
    assert mnist.test_y[:10].tolist() == [7, 2, 1, 0, 4, 1, 4, 9, 5, 9]
    assert mnist.test_x.mean().item() == pytest.approx(0.1325, abs=1e-4)
