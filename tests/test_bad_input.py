"""Bad input gets one exact sentence that names argument, value and what was expected, and changes nothing."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

import toolkit as tk
from toolkit import Bezier, Dataset, Line, PolyChain, Simplex, WeightSpace, data, match, metrics, models
from toolkit.merge import swa
from toolkit.robust import PGD
from toolkit.subspaces import Point
from toolkit.symmetry import trace


@pytest.fixture(scope="module")
def s():
    """Sound arguments: each case below spoils one of them."""
    space = WeightSpace(models.mlp(64, 4, 10))
    digits = data.load("digits").subset(20)
    a, b = space.init(0), space.init(1)
    norm = WeightSpace(models.mlp(64, 4, 10, batchnorm=True))
    x, y = torch.rand(6, 3), torch.tensor([0, 1, 2, 0, 1, 2])
    wider, mixed = models.mlp(64, 5, 10), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).double())
    points = {
        "a": a,
        "b": b,
        "both": torch.stack([a, b]),
        "nan": a * float("nan"),
        "line": Line(a, b),
        "pair": torch.stack([norm.init(0), norm.init(1)]),
        "symmetry": trace(space, digits.train_x[:2]),
        "stats": lambda mean: {"bn1.running_mean": mean, "bn1.running_var": torch.ones(4)},
    }
    return SimpleNamespace(space=space, norm=norm, wider=wider, mixed=mixed, digits=digits, x=x, y=y, **points)


def fit(**settings):
    return lambda s: tk.fit(s.space, s.a, s.digits, **({"epochs": 1} | settings))


def attack(**settings):
    def call(s):
        given = {"theta": s.a, "x": s.digits.train_x[:4], "y": s.digits.train_y[:4]}
        given |= {"generator": torch.Generator()} | settings
        return PGD()(s.space, **{name: value(s) if callable(value) else value for name, value in given.items()})

    return call


def matched(matcher, **settings):
    """A matcher on sound arguments but for some; a function among them makes the argument of what there is."""

    def call(s):
        given = {"symmetry": s.symmetry, "a": s.a, "b": s.b, "dataset": s.digits} | settings
        return matcher(**{name: value(s) if callable(value) else value for name, value in given.items()})

    return call


def layered(coords):
    return lambda s: Line(s.a, s.b, layers=s.space.layers()).at_layers(coords)


def averaged(**settings):
    def call(s):
        given = {"theta": s.a, "dataset": s.digits, "epochs": 4} | settings
        values = {
            name: value(s) if name in ("theta", "dataset") and callable(value) else value
            for name, value in given.items()
        }
        return swa(s.space, **values)

    return call


LEARNED = (match.straight_through, match.by_sinkhorn, match.pam)
METRICS = "'loss', 'accuracy', 'error', 'ece'".split(", ")
MEASURES = ", ".join(f"'{split}_{m[1:]}" for split in ("train", "val", "test") for m in METRICS)
UNFIT = "x must be what the network takes, got shape {} of torch.float32, and it says: "
UNTRAINABLE = (
    "what must be a point theta or a subspace such as Line(a, b), got {}; "
    "space.flatten(module) turns a module into a point."
)
LOGITS_AND_Y = "logits must be [..., examples, classes] and y [examples], at least one; got "

CASES = [
    # space
    (lambda s: WeightSpace("mlp"), TypeError, "module must be a torch.nn.Module, got str."),
    (
        lambda s: WeightSpace(nn.ReLU()),
        ValueError,
        "module must have parameters of one floating-point type, got none.",
    ),
    (
        lambda s: WeightSpace(s.mixed),
        ValueError,
        "module must have parameters of one floating-point type, got torch.float32, torch.float64.",
    ),
    (lambda s: s.space.init(-1), ValueError, "seed must be a whole number of at least 0, got -1."),
    (lambda s: s.space.init(1.5), ValueError, "seed must be a whole number of at least 0, got 1.5."),
    (lambda s: s.space.init(True), ValueError, "seed must be a whole number of at least 0, got True."),
    (
        lambda s: WeightSpace(nn.ParameterList([torch.zeros(3)])).init(0),
        ValueError,
        "init(seed) does not know how to draw '0': its layer has no reset_parameters(); "
        "give WeightSpace(module, init=...) a function that builds a fresh network.",
    ),
    (
        lambda s: s.space.unflatten(torch.zeros(5)),
        ValueError,
        "theta must have shape [310] or [N, 310], got [5].",
    ),
    (lambda s: s.space.logits(s.a.numpy(), s.digits.test_x), TypeError, "theta must be a tensor, got ndarray."),
    (
        lambda s: s.space.logits(s.a.view(1, 1, -1), s.digits.test_x),
        ValueError,
        "theta must have shape [310] or [N, 310], got [1, 1, 310].",
    ),
    (
        lambda s: s.space.refresh(torch.zeros(0, 310), s.digits.test_x),
        ValueError,
        "theta must have shape [310] or [N, 310], got [0, 310].",
    ),
    (
        lambda s: s.space.logits(s.a, s.digits.test_x[:0]),
        ValueError,
        "x must hold at least one example, got shape [0, 1, 8, 8].",
    ),
    (
        lambda s: s.space.logits(s.a, torch.zeros(5, 63)),
        ValueError,
        UNFIT.format([5, 63]) + "mat1 and mat2 shapes cannot be multiplied (5x63 and 64x4)",
    ),
    (
        lambda s: s.norm.refresh(s.norm.init(0), torch.zeros(1, 64)),
        ValueError,
        UNFIT.format([1, 64])
        + "Expected more than 1 value per channel when training, got input size torch.Size([1, 4])",
    ),
    (
        lambda s: s.norm.logits(s.norm.init(0), s.digits.test_x),
        ValueError,
        "This network has BatchNorm layers whose statistics belong to theta: pass stats=space.refresh(theta, train_x).",
    ),
    (
        lambda s: s.space.flatten({"fc1.weight": torch.zeros(4, 64)}),
        ValueError,
        "weights must name this space's 4 tensors; 'fc1.bias' is missing or unknown.",
    ),
    (
        lambda s: s.space.flatten({**s.space.unflatten(s.a), "fc3.bias": torch.zeros(1)}),
        ValueError,
        "weights must name this space's 4 tensors; 'fc3.bias' is missing or unknown.",
    ),
    (
        lambda s: s.space.flatten(s.wider),
        ValueError,
        "weights['fc1.weight'] must have shape [4, 64], got [5, 64].",
    ),
    (lambda s: s.space.logits(s.a, s.digits.test_x.numpy()), TypeError, "x must be a tensor, got ndarray."),
    (lambda s: s.space.refresh(s.a, s.digits.test_x.numpy()), TypeError, "x must be a tensor, got ndarray."),
    (
        lambda s: s.space.gradient(s.a, torch.zeros(6, 63), s.y),
        ValueError,
        UNFIT.format([6, 63]) + "mat1 and mat2 shapes cannot be multiplied (6x63 and 64x4)",
    ),
    (
        lambda s: s.space.gradient(s.both, torch.zeros(2, 6, 63), torch.stack([s.y, s.y])),
        ValueError,
        UNFIT.format([6, 63]) + "mat1 and mat2 shapes cannot be multiplied (6x63 and 64x4)",
    ),
    (
        lambda s: s.space.gradient(s.a, s.digits.train_x[:3], torch.tensor([3, 10, 0])),
        ValueError,
        "y must hold classes from 0 to 9, got 10.",
    ),
    (
        lambda s: s.space.gradient(s.a, s.digits.train_x[:3], torch.tensor([3, -1, 0])),
        ValueError,
        "y must hold classes from 0 to 9, got -1.",
    ),
    (
        lambda s: s.space.gradient(s.both, s.digits.train_x[:6].view(2, 3, 64), torch.tensor([[0] * 3, [0, 11, 0]])),
        ValueError,
        "y must hold classes from 0 to 9, got 11.",
    ),
    (
        lambda s: s.norm.logits(s.pair[0], s.digits.test_x, {"bn1.running_mean": torch.zeros(4)}),
        ValueError,
        "stats must hold 'bn1.running_var' and the others that space.refresh returns, got ['bn1.running_mean'].",
    ),
    (
        lambda s: s.norm.logits(s.pair[0], s.digits.test_x, s.stats(torch.zeros(3))),
        ValueError,
        "stats['bn1.running_mean'] must have shape [4], got [3].",
    ),
    (
        lambda s: s.norm.logits(s.pair[0], s.digits.test_x, s.stats(np.zeros(4))),
        TypeError,
        "stats['bn1.running_mean'] must be a tensor, got ndarray.",
    ),
    (
        lambda s: s.norm.logits(s.pair, s.digits.test_x, s.stats(np.zeros(4))),
        TypeError,
        "stats['bn1.running_mean'] must be a tensor, got ndarray.",
    ),
    (
        lambda s: s.norm.logits(s.pair, s.digits.test_x, s.norm.refresh(s.pair[[0, 1, 1]], s.digits.train_x)),
        ValueError,
        "stats must have one row for each of 2 networks, got 3 in 'bn1.running_mean'.",
    ),
    (
        lambda s: s.norm.logits(s.pair[0], s.digits.test_x, s.norm.refresh(s.pair, s.digits.train_x)),
        ValueError,
        "stats['bn1.running_mean'] must have shape [4], got [2, 4].",
    ),
    (
        lambda s: s.norm.module(s.pair[0], s.stats(torch.zeros(3))),
        ValueError,
        "stats['bn1.running_mean'] must have shape [4], got [3].",
    ),
    (lambda s: s.space.module(s.both), ValueError, "theta must have shape [310], got [2, 310]."),
    # models
    (
        lambda s: models.mlp(64),
        ValueError,
        "widths must name at least an input and an output size, got (64,).",
    ),
    (lambda s: models.mlp(64, 0, 10), ValueError, "each width must be a whole number of at least 1, got 0."),
    (lambda s: models.cnn(width=2.5), ValueError, "width must be a whole number of at least 1, got 2.5."),
    (lambda s: models.resnet(blocks=()), ValueError, "blocks must name at least one stage, got ()."),
    (
        lambda s: models.resnet(blocks=(1, 0)),
        ValueError,
        "each of blocks must be a whole number of at least 1, got 0.",
    ),
    # data
    (
        lambda s: data.load("imagenet"),
        ValueError,
        "name must be one of 'digits', 'mnist', 'fashion-mnist', 'cifar10', got 'imagenet'.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x.numpy(), s.y, s.x, s.y),
        TypeError,
        "train_x must be a tensor, got ndarray.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x.to(torch.uint8), s.y),
        TypeError,
        "test_x must hold floating-point numbers, got torch.uint8.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x * float("nan"), s.y, s.x, s.y),
        ValueError,
        "train_x must be finite, got 18 NaN or infinite values.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y.float(), s.x, s.y),
        TypeError,
        "train_y must be a vector of whole class numbers, got torch.float32 of shape (6,).",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x, nn.functional.one_hot(s.y)),
        TypeError,
        "test_y must be a vector of whole class numbers, got torch.int64 of shape (6, 3).",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y[:5], s.x, s.y),
        ValueError,
        "train_x and train_y must hold as many examples, at least one; got 6 and 5.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y - 1, s.x, s.y),
        ValueError,
        "train_y must hold classes from 0 up, got -1.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x[:, :2], s.y),
        ValueError,
        "test_x must have the shape of train_x behind the first dimension, (3,), got (2,).",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x, s.y, validation=1.5),
        ValueError,
        "validation must be a number in [0, 1], got 1.5.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x, s.y, validation=1),
        ValueError,
        "validation must leave something to train on, got 1 of 6 examples.",
    ),
    (
        lambda s: s.digits.split("valid"),
        ValueError,
        "split must be one of 'train', 'val', 'test', got 'valid'.",
    ),
    (
        lambda s: Dataset.from_tensors(s.x, s.y, s.x, s.y, name="mine").split("val"),
        ValueError,
        "The split 'val' of mine is empty; make it with from_tensors(..., validation=0.1).",
    ),
    (lambda s: s.digits.subset(21), ValueError, "train must be at most 20, the examples there are, got 21."),
    (lambda s: s.digits.subset(0), ValueError, "train must be a whole number of at least 1, got 0."),
    (lambda s: s.digits.with_label_noise(1.2), ValueError, "rate must be a number in [0, 1], got 1.2."),
    (lambda s: s.digits.with_label_noise("40%"), ValueError, "rate must be a number in [0, 1], got '40%'."),
    (
        lambda s: s.digits.with_label_noise(0.4, seed="a"),
        ValueError,
        "seed must be a whole number of at least 0, got 'a'.",
    ),
    (lambda s: s.digits.subset(5, seed=1.5), ValueError, "seed must be a whole number of at least 0, got 1.5."),
    # metrics
    (
        lambda s: metrics.accuracy(torch.zeros(4, 3), s.y),
        ValueError,
        LOGITS_AND_Y + "(4, 3) and (6,).",
    ),
    (lambda s: metrics.nll(torch.zeros(3), s.y), ValueError, LOGITS_AND_Y + "(3,) and (6,)."),
    (lambda s: metrics.nll(torch.zeros(0, 3), s.y[:0]), ValueError, LOGITS_AND_Y + "(0, 3) and (0,)."),
    (lambda s: metrics.accuracy(np.zeros((6, 3)), s.y), TypeError, "logits must be a tensor, got ndarray."),
    (lambda s: metrics.ece(torch.zeros(6, 3), [0] * 6), TypeError, "y must be a tensor, got list."),
    (
        lambda s: metrics.ece(torch.zeros(6, 3), s.y, bins=0),
        ValueError,
        "bins must be a whole number of at least 1, got 0.",
    ),
    (
        lambda s: metrics.disagreement(torch.zeros(6, 3), torch.zeros(5, 3)),
        ValueError,
        "a and b must share examples and classes, got (6, 3) and (5, 3).",
    ),
    (
        lambda s: metrics.ensemble(torch.zeros(6, 3)),
        ValueError,
        "logits must be [networks, examples, classes], got shape [6, 3].",
    ),
    (
        lambda s: metrics.ensemble(torch.zeros(2, 6, 3), average="mean"),
        ValueError,
        "average must be one of 'probability', 'logit', got 'mean'.",
    ),
    (
        lambda s: metrics.nll(torch.zeros(6, 3), s.y.float()),
        ValueError,
        "y must hold whole numbers from 0 to 2, got torch.float32 from 0.0 to 2.0.",
    ),
    (
        lambda s: metrics.nll(torch.zeros(6, 2), s.y),
        ValueError,
        "y must hold whole numbers from 0 to 1, got torch.int64 from 0 to 2.",
    ),
    (
        lambda s: metrics.nll(torch.zeros(6, 3), s.y - 1),
        ValueError,
        "y must hold whole numbers from 0 to 2, got torch.int64 from -1 to 1.",
    ),
    (lambda s: metrics.ensemble([s.x, s.x]), ValueError, "logits must be [networks, examples, classes], got list."),
    (lambda s: metrics.disagreement(s.x, [0]), TypeError, "b must be a tensor, got list."),
    # subspaces
    (lambda s: Line([0.0], s.b), TypeError, "points[0] must be a tensor, got list."),
    (lambda s: Line(s.a, s.nan), ValueError, "points[1] must be finite, got 310 NaN or infinite values."),
    (
        lambda s: Line(s.a, s.b[:5]),
        ValueError,
        "points must be vectors [D] of one size, got shapes [[310], [5]].",
    ),
    (lambda s: Bezier(s.a), ValueError, "points must be at least two networks, got 1."),
    (
        lambda s: PolyChain([s.a[None], s.b[None]]),
        ValueError,
        "points must be vectors [D] of one size, got shapes [[1, 310], [1, 310]].",
    ),
    (
        lambda s: Simplex([s.a, s.b], fixed=[2]),
        ValueError,
        "fixed must hold different indices from 0 to 1, got [2].",
    ),
    (
        lambda s: Simplex([s.a, s.b]).at([0.5, 0.75]),
        ValueError,
        "coords must be 2 weights that sum to 1 (or rows of them), got [0.5, 0.75].",
    ),
    (
        lambda s: Simplex([s.a, s.b]).at([0.5, 0.25, 0.25]),
        ValueError,
        "coords must be 2 weights that sum to 1 (or rows of them), got [0.5, 0.25, 0.25].",
    ),
    (lambda s: Point(s.y), TypeError, "theta must hold floating-point numbers, got torch.int64."),
    (lambda s: Bezier(s.a, s.b, s.a, fixed=0), ValueError, "fixed must hold different indices from 0 to 2, got 0."),
    (
        lambda s: Bezier(s.a, s.b, s.a, fixed=(0, 0)),
        ValueError,
        "fixed must hold different indices from 0 to 2, got (0, 0).",
    ),
    (
        lambda s: Line(s.a, s.b.double()),
        TypeError,
        "points must be numbers of one type, got torch.float32, torch.float64.",
    ),
    (lambda s: PolyChain(3), TypeError, "points must be a tensor [n, D] or a list of vectors [D], got int."),
    # learned subspaces
    (lambda s: Line(s.a, s.b, beta=-1), ValueError, "beta must be a number of at least 0, got -1."),
    (lambda s: Line(s.a, s.b, beta=float("nan")), ValueError, "beta must be a number of at least 0, got nan."),
    (lambda s: Line(s.a, s.b, beta=float("inf")), ValueError, "beta must be a number of at least 0, got inf."),
    (lambda s: Simplex([s.a, s.b], beta="1"), ValueError, "beta must be a number of at least 0, got '1'."),
    (lambda s: Simplex([s.a, s.b], beta=True), ValueError, "beta must be a number of at least 0, got True."),
    (lambda s: Simplex([s.a], beta=1), ValueError, "points must be at least two networks, got 1."),
    (lambda s: Simplex([]), ValueError, "points must be at least two networks, got 0."),
    (
        lambda s: Simplex([s.a, s.b, s.b[1:]]),
        ValueError,
        "points must be vectors [D] of one size, got shapes [[310], [310], [309]].",
    ),
    (
        lambda s: Line(s.a, s.nan, beta=1),
        ValueError,
        "points[1] must be finite, got 310 NaN or infinite values.",
    ),
    (
        lambda s: Line(s.a, s.b, where=s.norm.matrices()),
        ValueError,
        "where must be a tensor of torch.bool, shape [310], got torch.bool of shape [318].",
    ),
    (
        lambda s: Bezier(s.a, s.b, s.a, where=s.a),
        ValueError,
        "where must be a tensor of torch.bool, shape [310], got torch.float32 of shape [310].",
    ),
    (
        lambda s: PolyChain([s.a, s.b], where=[True] * 310),
        ValueError,
        "where must be a tensor of torch.bool, shape [310], got list.",
    ),
    (
        lambda s: Line(s.a, s.b, layers=s.norm.layers()),
        ValueError,
        "layers must be a tensor of torch.int64, shape [310], got torch.int64 of shape [318].",
    ),
    (
        lambda s: Simplex([s.a, s.b], layers=s.space.layers().float()),
        ValueError,
        "layers must be a tensor of torch.int64, shape [310], got torch.float32 of shape [310].",
    ),
    (
        lambda s: Simplex([s.a, s.b], layers=2),
        ValueError,
        "layers must be a tensor of torch.int64, shape [310], got int.",
    ),
    (
        lambda s: Line(s.a, s.b, layers=s.space.layers() - 1),
        ValueError,
        "layers must be numbers from 0, got -1.",
    ),
    (
        lambda s: Simplex([s.a, 0 * s.a, s.b], beta=1),
        ValueError,
        "points must have directions for beta to push apart, got only zeros in points [1].",
    ),
    (
        lambda s: Line(s.a, s.b, beta=1, where=torch.zeros(310, dtype=torch.bool)),
        ValueError,
        "points must have directions for beta to push apart, got only zeros in points [0, 1].",
    ),
    (
        lambda s: s.line.at_layers([0.5, 0.5]),
        ValueError,
        "at_layers needs a subspace with layers, such as Line(a, b, layers=space.layers()).",
    ),
    (layered([0.5]), ValueError, "coords must hold a position for each of 2 layers, got 1."),
    (layered([0.1, 0.2, 0.3]), ValueError, "coords must hold a position for each of 2 layers, got 3."),
    (
        layered(0.5),
        ValueError,
        "coords must hold a position for each of 2 layers, got coefficients of shape [2].",
    ),
    (
        layered([[0.1, 0.2]] * 2),
        ValueError,
        "coords must hold a position for each of 2 layers, got coefficients of shape [2, 2, 2].",
    ),
    (
        lambda s: Simplex([s.a, s.b], layers=s.space.layers()).at_layers([0.25, 0.75]),
        ValueError,
        "coords must hold a position for each of 2 layers, got coefficients of shape [2].",
    ),
    (
        lambda s: Simplex([s.a, s.b], layers=s.space.layers()).at_layers([[0.25, 0.75], [0.5, 0.25]]),
        ValueError,
        "coords must be 2 weights that sum to 1 (or rows of them), got [[0.25, 0.75], [0.5, 0.25]].",
    ),
    # averaging and ensembles
    (averaged(epochs=0), ValueError, "epochs must be a whole number of at least 1, got 0."),
    (averaged(epochs=2.0), ValueError, "epochs must be a whole number of at least 1, got 2.0."),
    (averaged(start=1.5), ValueError, "start must be a number in [0, 1], got 1.5."),
    (averaged(start=-0.5), ValueError, "start must be a number in [0, 1], got -0.5."),
    (averaged(start=float("nan")), ValueError, "start must be a number in [0, 1], got nan."),
    (averaged(start=1), ValueError, "start must leave at least 1 of the 4 epochs to average, got 1."),
    (
        averaged(start=0.5, cyclic=True),
        ValueError,
        "start must leave at least 3 of the 4 epochs to average, got 0.5.",
    ),
    (averaged(rate=-0.1), ValueError, "rate must be a number in [0, 1], got -0.1."),
    (averaged(rate=2), ValueError, "rate must be a number in [0, 1], got 2."),
    (averaged(lr=-1), ValueError, "lr must be a number of at least 0, got -1."),
    (
        averaged(schedule="cosine"),
        TypeError,
        "schedule must be left out: stochastic weight averaging has its own.",
    ),
    (
        averaged(on_epoch=print),
        TypeError,
        "on_epoch must be left out: stochastic weight averaging has its own.",
    ),
    (averaged(theta=lambda s: s.both), ValueError, "theta must have shape [310], got [2, 310]."),
    (averaged(theta=lambda s: s.nan), ValueError, "theta must be finite, got 310 NaN or infinite values."),
    (averaged(theta=lambda s: s.line), TypeError, "theta must be a tensor, got Line."),
    (averaged(dataset=lambda s: "digits"), TypeError, "dataset must be a toolkit.Dataset, got str."),
    (
        lambda s: tk.ensemble(s.space, s.a, s.digits),
        ValueError,
        "thetas must be networks [N, 310], got shape [310].",
    ),
    (
        lambda s: tk.ensemble(s.space, s.pair, s.digits),
        ValueError,
        "theta must have shape [310] or [N, 310], got [2, 318].",
    ),
    (
        lambda s: tk.ensemble(s.space, s.both[:0], s.digits),
        ValueError,
        "theta must have shape [310] or [N, 310], got [0, 310].",
    ),
    (lambda s: tk.ensemble(s.space, [s.a, s.b], s.digits), TypeError, "theta must be a tensor, got list."),
    (lambda s: tk.ensemble(s.space, s.line, s.digits), TypeError, "theta must be a tensor, got Line."),
    (lambda s: tk.ensemble(s.space, s.both, "digits"), TypeError, "dataset must be a toolkit.Dataset, got str."),
    (
        lambda s: tk.ensemble(s.space, s.both, s.digits, split="valid"),
        ValueError,
        "split must be one of 'train', 'val', 'test', got 'valid'.",
    ),
    (
        lambda s: tk.ensemble(s.space, s.both, s.digits, average="mean"),
        ValueError,
        "average must be one of 'probability', 'logit', got 'mean'.",
    ),
    (
        lambda s: tk.ensemble(s.norm, s.pair, s.digits, refresh=False),
        ValueError,
        "This network has BatchNorm layers whose statistics belong to theta: pass stats=space.refresh(theta, train_x).",
    ),
    (
        lambda s: tk.ensemble(
            s.norm, s.pair, s.digits, refresh=False, stats=s.norm.refresh(s.pair[:1], s.digits.train_x)
        ),
        ValueError,
        "stats must have one row for each of 2 networks, got 1 in 'bn1.running_mean'.",
    ),
    # training
    (fit(epochs=0), ValueError, "epochs must be a whole number of at least 1, got 0."),
    (fit(epochs=2.0), ValueError, "epochs must be a whole number of at least 1, got 2.0."),
    (fit(batch_size=0), ValueError, "batch_size must be a whole number of at least 1, got 0."),
    (fit(lr=-0.1), ValueError, "lr must be a number of at least 0, got -0.1."),
    (fit(lr="0.1"), ValueError, "lr must be a number of at least 0, got '0.1'."),
    (fit(lr=float("nan")), ValueError, "lr must be a number of at least 0, got nan."),
    (fit(momentum=1.5), ValueError, "momentum must be a number in [0, 1], got 1.5."),
    (fit(weight_decay=-1), ValueError, "weight_decay must be a number of at least 0, got -1."),
    (
        fit(schedule="straight"),
        ValueError,
        "schedule must be one of 'constant', 'cosine', 'linear', 'step', got 'straight'.",
    ),
    (fit(seed=-1), ValueError, "seed must be a whole number of at least 0, got -1."),
    (fit(seed=[0, 1]), ValueError, "seed must be a whole number of at least 0, got [0, 1]."),
    (
        fit(fork=[(1, 0), (1, 1)]),
        ValueError,
        "fork must give a step and a seed for each of 0 networks, got 2.",
    ),
    (
        lambda s: tk.fit(s.space, s.a[:5], s.digits),
        ValueError,
        "theta must have shape [310] or [N, 310], got [5].",
    ),
    (
        lambda s: tk.fit(s.space, s.nan, s.digits),
        ValueError,
        "theta must be finite, got 310 NaN or infinite values.",
    ),
    (
        lambda s: tk.fit_many(s.space, s.digits, seeds=[]),
        ValueError,
        "seeds must name at least one seed, got [].",
    ),
    (lambda s: tk.fit(s.space, [s.a, s.b], s.digits), TypeError, UNTRAINABLE.format("list")),
    (lambda s: tk.fit(s.space, s.wider, s.digits), TypeError, UNTRAINABLE.format("Sequential")),
    (lambda s: tk.fit(s.space, s.a, (s.x, s.y)), TypeError, "dataset must be a toolkit.Dataset, got tuple."),
    (fit(seed=None), ValueError, "seed must be a whole number of at least 0, got None."),
    (fit(seed=0.5), ValueError, "seed must be a whole number of at least 0, got 0.5."),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, seed=None),
        ValueError,
        "seed must be a whole number of at least 0, got None.",
    ),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, seed=[0, 1.5]),
        ValueError,
        "seed must be a whole number of at least 0, got 1.5.",
    ),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, seed=[0]),
        ValueError,
        "seed must be one number, or one for each of 2 networks, got 1.",
    ),
    (fit(fork=[(-1, 0)]), ValueError, "fork's step must be a whole number of at least 0, got -1."),
    (fit(fork=[(1.5, 0)]), ValueError, "fork's step must be a whole number of at least 0, got 1.5."),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, epochs=1, batch_size=500, fork=[(1, 0), (2, 0)]),
        ValueError,
        "fork's step must be one of this training's, from 0 to 1, got 2.",
    ),
    (fit(fork=[3]), ValueError, "fork must hold pairs (step, seed), got 3."),
    (fit(fork=3), ValueError, "fork must hold pairs (step, seed), got 3."),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, fork=[(1, 0)]),
        ValueError,
        "fork must give a step and a seed for each of 2 networks, got 1.",
    ),
    (lambda s: tk.fit_many(s.space, s.digits, seeds=3), ValueError, "seeds must name at least one seed, got 3."),
    # landscape
    (
        lambda s: tk.evaluate(s.space, s.a, s.digits, ["test_f1"]),
        ValueError,
        f"each of what must be one of {MEASURES}, got 'test_f1'.",
    ),
    (
        lambda s: tk.scan(s.space, s.a, s.digits),
        TypeError,
        "path must be a Line, Bezier or PolyChain, got Tensor.",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=1),
        ValueError,
        "points must be a whole number of at least 2, got 1.",
    ),
    (
        lambda s: tk.barrier([1.0]),
        ValueError,
        "values must be at least two finite numbers along a path, got [1.].",
    ),
    (
        lambda s: tk.barrier([1.0, float("nan"), 2.0]),
        ValueError,
        "values must be at least two finite numbers along a path, got [ 1. nan  2.].",
    ),
    (
        lambda s: tk.barrier([1.0, 2.0, 1.0], t=[0, 1]),
        ValueError,
        "t must be 3 rising positions, one per value, got [0. 1.].",
    ),
    (
        lambda s: tk.barrier([1.0, 2.0, 1.0], t=[0, 1, 0.5]),
        ValueError,
        "t must be 3 rising positions, one per value, got [0.  1.  0.5].",
    ),
    (
        lambda s: tk.barrier([1.0, 2.0], against="max"),
        ValueError,
        "against must be one of 'chord', 'mean', got 'max'.",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b], s.digits),
        ValueError,
        "points must be three networks, got 2.",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b, (s.a + s.b) / 2], s.digits),
        ValueError,
        "points must not lie on one line: there are many planes through these three networks.",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.a, s.b], s.digits),
        ValueError,
        "points must not lie on one line: there are many planes through these three networks.",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b, -s.a], s.digits, size=1),
        ValueError,
        "size must be a whole number of at least 2, got 1.",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b, -s.a], s.digits, margin=-1),
        ValueError,
        "margin must be a number of at least 0, got -1.",
    ),
    (
        lambda s: tk.instability(s.space, s.digits, [], [0]),
        ValueError,
        "steps must be a list of at least one whole number, got [].",
    ),
    (
        lambda s: tk.instability(s.space, s.digits, [-1], [0]),
        ValueError,
        "each of steps must be a whole number of at least 0, got -1.",
    ),
    (lambda s: tk.evaluate(s.space, s.a.numpy(), s.digits), TypeError, "theta must be a tensor, got ndarray."),
    (
        lambda s: tk.evaluate(s.space, s.both[None], s.digits),
        ValueError,
        "theta must have shape [310] or [N, 310], got [1, 2, 310].",
    ),
    (lambda s: tk.evaluate(s.space, s.a, "digits"), TypeError, "dataset must be a toolkit.Dataset, got str."),
    (
        lambda s: tk.evaluate(
            s.norm, s.pair, s.digits, refresh=False, stats=s.norm.refresh(s.pair[:1], s.digits.train_x)
        ),
        ValueError,
        "stats must have one row for each of 2 networks, got 1 in 'bn1.running_mean'.",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=np.int64(1)),
        ValueError,
        "points must be a whole number of at least 2, got np.int64(1).",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=[0.5]),
        ValueError,
        "points must be at least two finite positions, got [0.5].",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=[0, float("nan")]),
        ValueError,
        "points must be at least two finite positions, got [0, nan].",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=[[0, 1]]),
        ValueError,
        "points must be at least two finite positions, got [[0, 1]].",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b, s.a[:5]], s.digits),
        ValueError,
        "points must be networks [310], got shapes [[310], [310], [5]].",
    ),
    (
        lambda s: tk.plane(s.space, [s.a, s.b, -s.a], s.digits, names="AB"),
        ValueError,
        "names must be three or none, got 2.",
    ),
    (
        lambda s: tk.instability(s.space, s.digits, 3, [0]),
        ValueError,
        "steps must be a list of at least one whole number, got 3.",
    ),
    (
        lambda s: tk.instability(s.space, s.digits, [0], []),
        ValueError,
        "seeds must be a list of at least one whole number, got [].",
    ),
    # training: L2, several networks a step, attacks
    (fit(l2=-1), ValueError, "l2 must be a number of at least 0, got -1."),
    (fit(l2=float("nan")), ValueError, "l2 must be a number of at least 0, got nan."),
    (fit(samples=0), ValueError, "samples must be a whole number of at least 1, got 0."),
    (fit(samples=2.0), ValueError, "samples must be a whole number of at least 1, got 2.0."),
    (fit(samples=2), ValueError, "samples above 1 need a subspace to draw from, got samples=2."),
    (
        lambda s: tk.fit(s.space, s.both, s.digits, samples=2),
        ValueError,
        "samples above 1 need a subspace to draw from, got samples=2.",
    ),
    (
        lambda s: tk.fit(s.space, s.line, s.digits, samples=3),
        ValueError,
        "samples above 1 need to divide the batch of 20, got samples=3.",
    ),
    (fit(attack="pgd"), TypeError, "attack must be a function such as PGD(eps=0.1), got 'pgd'."),
    (
        fit(attack=PGD),
        TypeError,
        "attack must be a function such as PGD(eps=0.1), got <class 'toolkit.robust.PGD'>.",
    ),
    (
        lambda s: tk.evaluate(s.space, s.a, s.digits, attack=0.1),
        TypeError,
        "attack must be a function such as PGD(eps=0.1), got 0.1.",
    ),
    (
        lambda s: tk.scan(s.space, s.line, s.digits, points=2, attack=PGD),
        TypeError,
        "attack must be a function such as PGD(eps=0.1), got <class 'toolkit.robust.PGD'>.",
    ),
    # lengths
    (lambda s: s.line.length(0), ValueError, "pieces must be a whole number of at least 1, got 0."),
    (lambda s: s.line.length(1.5), ValueError, "pieces must be a whole number of at least 1, got 1.5."),
    # attacks
    (lambda s: PGD(eps=-0.1), ValueError, "eps must be a number in [0, 1], got -0.1."),
    (lambda s: PGD(eps=8), ValueError, "eps must be a number in [0, 1], got 8."),
    (lambda s: PGD(eps=float("nan")), ValueError, "eps must be a number in [0, 1], got nan."),
    (lambda s: PGD(eps="8/255"), ValueError, "eps must be a number in [0, 1], got '8/255'."),
    (lambda s: PGD(steps=0), ValueError, "steps must be a whole number of at least 1, got 0."),
    (lambda s: PGD(steps=2.5), ValueError, "steps must be a whole number of at least 1, got 2.5."),
    (lambda s: PGD(step=-0.1), ValueError, "step must be a number in [0, 1], got -0.1."),
    (lambda s: PGD(step=2), ValueError, "step must be a number in [0, 1], got 2."),
    (
        attack(x=torch.full((4, 1, 8, 8), 1.5)),
        ValueError,
        "x must lie in [0, 1] for an attack, got values from 1.5 to 1.5.",
    ),
    (
        attack(x=torch.full((4, 1, 8, 8), -0.25)),
        ValueError,
        "x must lie in [0, 1] for an attack, got values from -0.25 to -0.25.",
    ),
    (
        attack(x=torch.full((4, 1, 8, 8), float("nan"))),
        ValueError,
        "x must be finite, got 256 NaN or infinite values.",
    ),
    (attack(x=np.zeros((4, 64))), TypeError, "x must be a tensor, got ndarray."),
    (attack(x=torch.zeros(4, 64, dtype=torch.long)), TypeError, "x must hold floating-point numbers, got torch.int64."),
    (attack(theta=np.zeros(310)), TypeError, "theta must be a tensor, got ndarray."),
    (attack(theta=torch.zeros(5)), ValueError, "theta must have shape [310] or [N, 310], got [5]."),
    (
        attack(theta=lambda s: s.both),
        ValueError,
        "x and y must hold a batch for each of 2 networks, got 4 and 4.",
    ),
    (attack(y=torch.tensor([0, 1, 2, 10])), ValueError, "y must hold classes from 0 to 9, got 10."),
    (
        lambda s: tk.fit(s.norm, s.pair[0], s.digits, batch_size=1, attack=PGD()),
        ValueError,
        "x must be what the network takes, got shape [1, 1, 8, 8] of torch.float32, and it says: "
        "Expected more than 1 value per channel when training, got input size torch.Size([1, 4])",
    ),
    (
        lambda s: s.space.input_gradient(s.both, s.digits.train_x[:4], s.digits.train_y[:4]),
        ValueError,
        "theta must have shape [310], got [2, 310].",
    ),
    (
        lambda s: s.space.input_gradient(s.a, s.digits.train_x[:4], torch.tensor([0, 1, 2, 10])),
        ValueError,
        "y must hold classes from 0 to 9, got 10.",
    ),
    (
        lambda s: s.space.input_gradient(s.a, torch.zeros(4, 63), s.digits.train_y[:4]),
        ValueError,
        UNFIT.format([4, 63]) + "mat1 and mat2 shapes cannot be multiplied (4x63 and 64x4)",
    ),
    (
        lambda s: s.norm.input_gradient(s.pair[0], s.digits.train_x[:4], s.digits.train_y[:4], stats={}),
        ValueError,
        "This network has BatchNorm layers whose statistics belong to theta: pass stats=space.refresh(theta, train_x).",
    ),
    # matching by the loss
    *(
        (matched(matcher, **settings), kind, sentence)
        for matcher in LEARNED
        for settings, kind, sentence in [
            ({"lr": -1}, ValueError, "lr must be a number of at least 0, got -1."),
            ({"batch_size": 0}, ValueError, "batch_size must be a whole number of at least 1, got 0."),
            ({"seed": -1}, ValueError, "seed must be a whole number of at least 0, got -1."),
            ({"seed": "a"}, ValueError, "seed must be a whole number of at least 0, got 'a'."),
            ({"dataset": "digits"}, TypeError, "dataset must be a toolkit.Dataset, got str."),
            ({"b": lambda s: s.pair[0]}, ValueError, "b must be a network [310], got shape [318]."),
            ({"a": lambda s: s.both}, ValueError, "a must be a network [310], got shape [2, 310]."),
            ({"a": lambda s: s.nan}, ValueError, "a must be finite, got 310 NaN or infinite values."),
            ({"b": lambda s: s.nan}, ValueError, "b must be finite, got 310 NaN or infinite values."),
            ({"a": lambda s: s.a.numpy()}, TypeError, "a must be a tensor, got ndarray."),
        ]
    ),
    *(
        (matched(matcher, steps=steps), ValueError, f"steps must be a whole number of at least 1, got {steps}.")
        for matcher in LEARNED[:2]
        for steps in (0, 1.5)
    ),
    (
        matched(match.by_sinkhorn, temperature=0),
        ValueError,
        "temperature must be a number of at least 1e-06, got 0.",
    ),
    (matched(match.pam, rounds=0), ValueError, "rounds must be a whole number of at least 1, got 0."),
    (matched(match.pam, epochs=0), ValueError, "epochs must be a whole number of at least 1, got 0."),
    (matched(match.pam, nu=0), ValueError, "nu must be a number of at least 1e-09, got 0."),
    (matched(match.pam, candidates=-1), ValueError, "candidates must be a whole number of at least 0, got -1."),
    (
        matched(match.pam, epochs=1, rounds=2, curve={"lr": -1}),
        ValueError,
        "lr must be a number of at least 0, got -1.",
    ),
]


def fingerprint(s):
    """Everything that came in, and torch's random state, as it is now."""
    tensors = [s.a, s.b, s.line.points, s.x, s.y, torch.get_rng_state(), *s.digits.split("train")]
    of_norm = s.norm.logits(s.pair, s.digits.test_x, s.norm.refresh(s.pair, s.digits.train_x))
    return [*(t.clone() for t in tensors), s.space.logits(s.a, s.digits.test_x), of_norm]


@pytest.mark.parametrize(
    ("call", "kind", "sentence"), CASES, ids=[f"{i} {case[2][:60]}" for i, case in enumerate(CASES)]
)
def test_one_sentence_and_nothing_changed(s, call, kind, sentence):
    before = fingerprint(s)
    with pytest.raises(kind) as error:
        call(s)
    assert type(error.value) is kind
    assert str(error.value) == sentence
    assert all(torch.equal(old, new) for old, new in zip(before, fingerprint(s), strict=True))


# Numbers that are whole or real, though numpy or torch made them.
NUMBERS = [
    fit(seed=np.int64(0)),
    fit(lr=np.float32(0.1)),
    fit(epochs=np.int64(1)),
    lambda s: tk.fit_many(s.space, s.digits, seeds=np.arange(2), epochs=1),
    lambda s: tk.scan(s.space, s.line, s.digits, points=np.int64(2)).barrier(),
]


@pytest.mark.parametrize("call", NUMBERS, ids=["seed", "lr", "epochs", "seeds", "points"])
def test_numbers_of_numpy_are_numbers(s, call):
    call(s)
