"""The widgets' Python side: what is sent, what is refused, what is shown where no widget can run."""

import base64
import re
import subprocess
import sys
from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from toolkit import Bezier, Line, PolyChain, WeightSpace, models, plane
from toolkit.data import Dataset, load
from toolkit.landscape import Plane, scan
from toolkit.widgets import CurveSlider, PathData, Widget, measure, measuring, path_map
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.measuring import first_filters
from toolkit.widgets.path_data import worst_first

POINTS, IMAGES = 5, 6
T = np.linspace(0, 1, POINTS)


def path_data(**changes) -> PathData:
    """A made-up path: a bump in the loss, a dip in the accuracy, six images, four filters."""
    t = np.linspace(0, 1, POINTS)
    bump = 4 * t * (1 - t)
    generator = np.random.default_rng(0)
    labels = np.arange(IMAGES)
    predictions = np.tile(labels, (POINTS, 1))
    predictions[2, 3] = 9
    predictions[1:4, 5] = 0
    fields = {
        "t": t,
        "train_loss": 0.1 + bump,
        "test_loss": 0.2 + 0.2 * t + bump,
        "train_accuracy": 1 - 0.3 * bump,
        "test_accuracy": 0.9 - 0.4 * bump,
        "test_ece": 0.02 + 0.1 * bump,
        "images": generator.random((IMAGES, 1, 8, 8)),
        "labels": labels,
        "predictions": predictions,
        "filters": generator.normal(size=(POINTS, 4, 8, 8)),
        "total": 500,
    }
    return PathData(**{**fields, **changes})


def slider(**changes) -> CurveSlider:
    return CurveSlider(variants={"path": path_data(**changes)})


def flat_plane(**changes) -> Plane:
    """The first two axes of R^3 as a plane, through (0, 0), (4, 0) and (2, 3); the loss is least in the lower left."""
    x, y = np.linspace(-1, 5, 13), np.linspace(-1, 4, 11)
    fields = {
        "origin": torch.zeros(3),
        "u": torch.tensor([1.0, 0, 0]),
        "v": torch.tensor([0, 1.0, 0]),
        "corners": np.array([[0.0, 0], [4, 0], [2, 3]]),
        "names": ("A", "B", "C"),
        "x": x,
        "y": y,
        "values": 0.2 + x**2 + 3 * (y[:, None] + 1) ** 2,
        "metric": "test_loss",
    }
    return Plane(**{**fields, **changes})


READ_IT = "Dark is low test loss; the bar is a distance in weight space. Drag on the map to move along the path."
LINE = Line(torch.zeros(3), torch.tensor([4.0, 0, 0]))
BEND = Bezier(torch.zeros(3), torch.tensor([2.0, 3, 1]), torch.tensor([4.0, 0, 0]))


# ---------------------------------------------------------------- what is measured


def test_barrier_is_the_largest_rise_above_the_chord():
    # test loss 0.2 + 0.2 t + bump: the chord is 0.2 + 0.2 t, so the barrier is the bump's height, 1 at t = 0.5
    assert path_data().barrier("loss") == (0.5, 1.0)
    assert path_data().barrier("accuracy") == (0.5, 0.4)
    assert path_data().barrier("ece") == (0.5, 0.1)


def test_no_barrier_below_the_chord_and_none_outside_the_ends():
    t = np.linspace(0, 1, POINTS)
    assert path_data(test_loss=1 - t * (1 - t)).barrier("loss")[1] == 0
    wide = PathData([-1, 0, 0.5, 1, 2], [9, 1, 2, 1, 9], [9, 1, 2, 1, 9], [0, 1, 1, 1, 0], [0, 1, 1, 1, 0], total=10)
    assert wide.barrier("loss") == (0.5, 1.0)
    assert wide.barrier("accuracy")[1] == 0


@pytest.fixture(scope="module")
def measured():
    space = WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(64, 16), nn.ReLU(), nn.Linear(16, 10)))
    path = Line(space.init(0), space.init(1))
    return space, path, load("digits")


def test_measure_agrees_with_the_networks_themselves(measured):
    space, path, data = measured
    record = measure(space, path, data, points=5, images=7)
    for i, t in enumerate([0, 0.25, 0.5, 0.75, 1]):
        logits = space.logits(path.at(t), data.test_x)
        assert record.t[i] == t
        assert (record.predictions[i] == logits.argmax(-1)[:7].numpy()).all()
        assert record.test_accuracy[i] == pytest.approx((logits.argmax(-1) == data.test_y).float().mean().item())
        assert record.test_loss[i] == pytest.approx(nn.functional.cross_entropy(logits, data.test_y).item(), rel=1e-4)
    assert record.total == 500
    curves = scan(space, path, data, points=5)
    for metric in ["loss", "accuracy", "ece"]:
        assert record.barrier(metric)[1] == pytest.approx(curves.barrier(f"test_{metric}"))
    assert np.allclose(record.images, data.test_x[:7].numpy())


def test_the_lesson_call_makes_a_slider_of_at_most_150_kilobytes(measured):
    made = CurveSlider(*measured, points=51, images=24)
    sent = sum(len(value) for value in made.state().values() if isinstance(value, bytes))
    assert repr(made) == "CurveSlider(51 points, t from 0 to 1, value=0.5)"
    assert sent <= 150_000


def test_filters_are_rows_of_the_first_weight_along_the_path(measured):
    space, path, _ = measured
    filters = first_filters(space, path, np.linspace(0, 1, 9), (1, 8, 8))
    assert filters.shape == (9, 12, 8, 8)
    middle = space.unflatten(path.at(0.5))["1.weight"].view(16, 8, 8).numpy()
    assert all((np.abs(middle - row).max(axis=(1, 2)) < 1e-6).any() for row in filters[4])


def test_filters_are_kernels_of_a_convolution_and_nothing_where_rows_are_no_images():
    t = np.linspace(0, 1, 9)
    conv = WeightSpace(nn.Sequential(nn.Conv2d(3, 5, 3), nn.Flatten(), nn.Linear(5 * 36, 2)))
    line = Line(conv.init(0), conv.init(1))
    kernels = conv.unflatten(line.at(0.0))["0.weight"]
    assert np.allclose(first_filters(conv, line, t, (3, 8, 8))[0], kernels.mean(dim=1).numpy())
    flat = WeightSpace(nn.Linear(7, 2))
    assert first_filters(flat, Line(flat.init(0), flat.init(1)), t, (7,)) is None


def test_every_kind_of_path_can_be_measured_also_beyond_its_ends(measured):
    space, line, data = measured
    a, b = line.points
    for path in [line, Bezier(a, 0.5 * (a + b), b), PolyChain([a, space.init(2), b])]:
        record = measure(space, path, data, points=[-0.5, 0, 0.5, 1, 1.5], images=2)
        assert record.t.tolist() == [-0.5, 0, 0.5, 1, 1.5]
        expected = space.logits(path.at(1.5).detach(), data.test_x[:2]).argmax(-1)
        assert (record.predictions[4] == expected.numpy()).all()
        weight = space.unflatten(path.at(1.5).detach())["1.weight"].view(16, 8, 8).numpy()
        assert all((np.abs(weight - row).max(axis=(1, 2)) < 1e-6).any() for row in record.filters[-1])


def test_batchnorm_statistics_are_refreshed_or_given(measured):
    space, data = WeightSpace(models.cnn()), measured[2].subset(100)
    path = Line(space.init(0), space.init(1))
    own = space.refresh(path.at(0.0), data.train_x)
    stale = measure(space, path, data, points=3, images=8, refresh=False, stats=own)
    fresh = measure(space, path, data, points=3, images=8)
    for record, stats in [(stale, own), (fresh, space.refresh(path.at(1.0), data.train_x))]:
        expected = space.logits(path.at(1.0), data.test_x[:8], stats).argmax(-1)
        assert (record.predictions[2] == expected.numpy()).all()
    assert fresh.test_loss[0] == stale.test_loss[0] and fresh.test_loss[2] != stale.test_loss[2]
    assert CurveSlider(variants={"refreshed": fresh, "stale": stale}, label="Statistics").variant == "refreshed"


def test_statistics_are_estimated_once_a_point(measured, monkeypatch):
    space, data = WeightSpace(models.cnn()), measured[2].subset(50)
    seen, estimate = [], space._engine.refresh
    monkeypatch.setattr(space._engine, "refresh", lambda theta, x: seen.append(theta) or estimate(theta, x))
    record = measure(space, Line(space.init(0), space.init(1)), data, points=4, images=8)
    assert len(seen) == 4
    curves = scan(space, record.path, data, points=4)
    assert (record.test_loss == curves.test_loss).all() and (record.train_ece == curves.train_ece).all()


def test_a_record_keeps_its_path_when_the_path_is_trained_on(measured):
    space, line, data = measured
    path = Line(*line.points)
    record = measure(space, path, data, points=2, images=0)
    path.leaves()[0].mul_(2)
    assert torch.equal(record.path.at(0.5), line.at(0.5))


@pytest.mark.parametrize("statistics", ["refreshed", "shared", "own"])
@pytest.mark.parametrize("limit", [1, 2.5], ids=["one at a time", "two at a time"])
def test_measuring_in_pieces_changes_nothing(measured, monkeypatch, limit, statistics):
    space, data = WeightSpace(models.cnn()), measured[2].subset(100)
    path = Bezier(space.init(0), space.init(1), space.init(2))
    settings = {}
    if statistics != "refreshed":
        given = path.at(0.0 if statistics == "shared" else T).detach()
        settings = {"refresh": False, "stats": space.refresh(given, data.train_x)}
    whole = measure(space, path, data, points=5, images=8, **settings)
    monkeypatch.setattr(measuring, "_NUMBERS_AT_ONCE", int(limit * space.size))
    rows, evaluate = [], measuring.evaluate
    monkeypatch.setattr(measuring, "evaluate", lambda *a, **more: rows.append(len(a[1])) or evaluate(*a, **more))
    pieces = measure(space, path, data, points=5, images=8, **settings)
    assert rows == ([1] * 5 if limit == 1 else [2, 2, 1])
    for name, value in vars(whole).items():
        if name not in ("path", "predictions", "total"):
            np.testing.assert_allclose(getattr(pieces, name), value, rtol=1e-5, atol=1e-7, err_msg=name)
    assert (pieces.predictions == whole.predictions).all() and pieces.total == whole.total


def test_the_shadow_of_a_path_is_cast_in_pieces_too(monkeypatch):
    cut, record = flat_plane(), path_data(path=BEND)
    whole = path_map.PathMap(cut, {"path": record})
    monkeypatch.setattr(measuring, "_NUMBERS_AT_ONCE", 6)
    pieces = path_map.PathMap(cut, {"path": record})
    assert [start for start, _ in measuring.in_pieces(BEND, record.t)] == [0, 2, 4]
    assert pieces.tracks["path"] == pytest.approx(whole.tracks["path"], abs=1e-6)
    assert pieces.away["path"] == pytest.approx(whole.away["path"])


def test_statistics_for_another_number_of_points_are_refused(measured):
    space, data = WeightSpace(models.cnn()), measured[2].subset(50)
    path = Line(space.init(0), space.init(1))
    rows = space.refresh(path.points, data.train_x)
    with pytest.raises(ValueError, match="^stats must have one row for each of 5 networks, got 2 in "):
        measure(space, path, data, points=5, refresh=False, stats=rows)


class Two(nn.Module):
    """A network of two weights: class 1 has the logit w2 tanh(w1 x), class 0 has 0."""

    def __init__(self):
        super().__init__()
        self.w1, self.w2 = nn.Parameter(torch.ones(1)), nn.Parameter(torch.ones(1))

    def forward(self, x):
        logit = self.w2 * torch.tanh(self.w1 * x[:, 0])
        return torch.stack([torch.zeros_like(logit), logit], dim=1)


def test_a_network_of_two_weights_has_curves_and_a_map_and_nothing_else():
    x = torch.linspace(-2, 2, 200)[:, None]
    data, space = Dataset.from_tensors(x, (x[:, 0] > 0).long(), x, (x[:, 0] > 0).long()), WeightSpace(Two())
    a, c = torch.tensor([1.5, 3.0]), torch.tensor([2.5, -2.0])
    cut = plane(space, [a, -a, c], data, metric="train_loss", size=7)
    made = CurveSlider(space, Line(a, -a), data, points=5, map=cut)
    assert made._spec["images"] is None and made._spec["filters"] is None
    assert made.data.test_loss[2] == pytest.approx(np.log(2), rel=1e-5)  # both weights 0: every number is a coin toss
    length = 2 * a.norm().item()
    track = np.frombuffer(made._tracks, np.float32).reshape(5, 2)
    assert track == pytest.approx(np.stack([np.linspace(0, length, 5), np.zeros(5)], axis=1), abs=1e-5)
    assert made._spec["map"]["captions"] == [READ_IT.replace("test", "train")]
    assert made.picture().startswith(b"\x89PNG")


def test_importing_the_toolkit_loads_no_widget_and_no_figure():
    heavy = {"anywidget", "ipywidgets", "matplotlib", "IPython"}
    code = f"import sys, toolkit, toolkit.widgets; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


# ---------------------------------------------------------------- what is sent


def test_bytes_decode_to_what_went_in():
    data = path_data()
    made = CurveSlider(variants={"path": data})
    order = [5, 3, 0, 1, 2, 4]  # image 5 is misread at three points, image 3 at one
    assert worst_first([data]).tolist() == order
    assert (np.frombuffer(made._t) == data.t).all()
    curves = np.frombuffer(made._curves, np.float32).reshape(len(made._spec["series"]), POINTS)
    for name, row in zip(made._spec["series"], curves, strict=True):
        assert np.allclose(row, getattr(data, name), atol=1e-6)
    images = np.frombuffer(made._images, np.uint8).reshape(IMAGES, 1, 8, 8)
    assert np.allclose(images / 255, data.images[order], atol=0.5 / 255 + 1e-9)
    predictions = np.frombuffer(made._predictions, np.uint8).reshape(POINTS, IMAGES)
    assert (predictions == data.predictions[:, order]).all()
    assert made._spec["images"]["labels"] == order
    filters = np.frombuffer(made._filters, np.int8).reshape(data.filters.shape) / 127
    limit = np.quantile(np.abs(data.filters), 0.99)
    assert np.allclose(filters, np.clip(data.filters / limit, -1, 1), atol=0.5 / 127 + 1e-9)


def test_parts_that_were_not_given_are_left_out():
    made = slider(images=None, labels=None, predictions=None, filters=None, test_ece=None)
    assert made._spec["images"] is None and made._spec["filters"] is None
    assert made._images == made._predictions == made._filters == b""
    assert made._spec["metrics"] == ["loss", "accuracy"]
    assert made.picture().startswith(b"\x89PNG")


def test_variants_follow_one_another():
    line, curve = path_data(), path_data(test_loss=np.full(POINTS, 0.3))
    made = CurveSlider(variants={"line": line, "curve": curve}, label="Path")
    curves = np.frombuffer(made._curves, np.float32).reshape(2, -1, POINTS)
    at = made._spec["series"].index("test_loss")
    assert np.allclose(curves[0, at], line.test_loss) and np.allclose(curves[1, at], 0.3)
    assert [v["name"] for v in made._spec["variants"]] == ["line", "curve"]
    assert made.variant == "line" and made.data is line
    made.variant = "curve"
    assert made.data is curve
    assert made._spec["variants"][0]["barriers"]["loss"] == {
        "value": 1.0,
        "t": 0.5,
        "chord": pytest.approx(0.3),
    }


WORDS = [("line", "unaligned"), ("line", "aligned"), ("curve", "unaligned"), ("curve", "aligned")]
LABEL = ("path", "neurons")


def four(**more) -> CurveSlider:
    """Two switches; the loss of each variant rises less than that of the one before, the last one's not at all."""
    records = [path_data(test_loss=0.2 + (3 - i) * 4 * T * (1 - T)) for i in range(4)]
    return CurveSlider(variants=dict(zip(WORDS, records, strict=True)), label=LABEL, **more)


def test_tuples_of_words_give_one_switch_for_each_word():
    made = four()
    assert made._spec["switches"] == [
        {"label": "path", "words": ["line", "curve"]},
        {"label": "neurons", "words": ["unaligned", "aligned"]},
    ]
    assert [v["words"] for v in made._spec["variants"]] == [list(words) for words in WORDS]
    assert made.variant == "line · unaligned" == made._spec["variants"][0]["name"]
    seen = []
    made.observe(lambda change: seen.append(change["new"]), "variant")
    made.variant = ("curve", "aligned")
    assert made.variant == "curve · aligned" and made.data.barrier()[1] == 0
    made.set_state({"variant": "curve · unaligned"})  # what arrives from the browser
    assert seen == ["curve · aligned", "curve · unaligned"] and made.data.barrier()[1] == pytest.approx(1)
    for bad, said in [(("curve", "mirrored"), "'curve · mirrored'"), ("aligned", "'aligned'")]:
        with pytest.raises(ValueError) as caught:
            made.variant = bad
        names = "'line · unaligned', 'line · aligned', 'curve · unaligned', 'curve · aligned'"
        assert str(caught.value) == f"variant must be one of {names}, got {said}."
    assert made.variant == "curve · unaligned"


def test_the_order_in_which_variants_are_given_does_not_mix_them_up():
    record = [path_data(test_loss=np.full(POINTS, i)) for i in range(4)]
    made = CurveSlider(variants={WORDS[i]: record[i] for i in (3, 0, 2, 1)}, label=LABEL)
    assert made._spec["switches"][0]["words"] == ["curve", "line"]
    for variant in made._spec["variants"]:
        made.variant = tuple(variant["words"])
        assert made.data.test_loss[0] == WORDS.index(tuple(variant["words"])) and made.variant == variant["name"]


def test_a_plain_name_may_contain_the_dot_that_joins_words():
    made = CurveSlider(variants={"a · b": path_data(), "c": path_data()}, label="Show")
    assert made._spec["switches"] == [{"label": "Show", "words": ["a · b", "c"]}]
    assert made.alt.startswith(
        "Loss and accuracy along a path from network A (t = 0) to network B (t = 1), Show: a · b."
    )


def test_filters_that_variants_share_are_sent_once():
    fresh, other = path_data(), path_data(filters=np.ones((POINTS, 4, 8, 8)))
    made = CurveSlider(
        variants={"fresh": fresh, "other": other, "stale": replace(fresh, test_loss=fresh.test_loss + 1)}
    )
    assert made._spec["filters"]["which"] == [0, 1, 0]
    both = np.array([fresh.filters, other.filters])
    scaled = np.clip(both / np.quantile(np.abs(both), 0.99), -1, 1)
    assert np.allclose(np.frombuffer(made._filters, np.int8) / 127, scaled.ravel(), atol=0.5 / 127 + 1e-9)


def test_a_map_travels_as_a_small_picture_and_the_tracks_of_all_variants():
    variants = {"line": path_data(path=LINE), "curve": path_data(path=BEND)}
    made = CurveSlider(variants=variants, map=flat_plane())
    line, curve = np.frombuffer(made._tracks, np.float32).reshape(2, POINTS, 2)
    assert line == pytest.approx(np.array([[0, 0], [1, 0], [2, 0], [3, 0], [4, 0]]), abs=1e-6)
    assert curve == pytest.approx(BEND.at(variants["curve"].t)[:, :2].numpy(), abs=1e-6)
    assert made._spec["map"] == {
        "alt": "map of the test loss, dark where it is low, with the path from A to B",
        "title": "Map of the test loss",
        "captions": [
            READ_IT,
            f"{READ_IT} The path leaves this plane, by up to 0.5: you see its shadow.",
        ],
        "frame": (-1, 5, -1, 4),
        "third": {"name": "C", "at": [2, 3]},
        "range": ["0.2", "10+"],  # 50 times the least; all that is higher has one colour
    }
    ground = Image.open(BytesIO(made._ground)).convert("L")
    assert len(made._ground) <= PICTURE_LIMIT and ground.width / ground.height == pytest.approx(6 / 5, abs=0.01)
    lower_left, lower_middle, upper_left = (ground.getpixel((x, y)) for x, y in [(110, 520), (300, 520), (110, 10)])
    assert lower_left < lower_middle < upper_left


def test_a_plain_slider_sends_no_map():
    made = slider()
    assert made._spec["map"] is None and made._ground == made._tracks == b""


def test_the_third_network_has_a_mark_only_where_it_can_be_told_from_the_ends():
    def third(path=LINE, **changes):
        return CurveSlider(variants={"path": path_data(path=path)}, map=flat_plane(**changes))._spec["map"]["third"]

    assert third(names=("A", "B", "bend")) == {"name": "bend", "at": [2, 3]}
    assert third(names=()) is None
    assert third(path=Line(torch.zeros(3), torch.tensor([2.0, 3, 0]))) is None
    assert third(y=np.linspace(-1, 2, 11)) is None


def test_a_path_beyond_the_picture_is_announced():
    wide = {name: np.full(3, 0.5) for name in ["train_loss", "test_loss", "train_accuracy", "test_accuracy"]}
    record = PathData(t=[-1, 0.5, 2], **wide, total=9, path=LINE)
    made = CurveSlider(variants={"path": record}, map=flat_plane())
    assert made._spec["map"]["captions"][0].endswith(
        "Where it leaves the picture, the diamond waits at the edge, hollow."
    )


def test_the_key_of_a_map_ends_at_the_highest_loss_where_that_is_near():
    values = 0.2 + np.linspace(0, 4, 143).reshape(11, 13)
    made = CurveSlider(variants={"path": path_data(path=LINE)}, map=flat_plane(values=values))
    assert made._spec["map"]["range"] == ["0.2", "4.2"]


@pytest.mark.parametrize(
    ("metric", "words", "range"),
    [("train_ece", "train calibration error", ["0 %", "50 %"]), ("test_error", "test error", ["0 %", "50 %"])],
)
def test_a_map_of_another_measure_names_it(metric, words, range):
    cut = flat_plane(metric=metric, values=np.linspace(0, 0.5, 143).reshape(11, 13))
    described = CurveSlider(variants={"path": path_data(path=LINE)}, map=cut)._spec["map"]
    assert described["title"] == f"Map of the {words}" and described["range"] == range


def test_value_can_be_set_read_and_observed():
    made, seen = slider(), []
    made.observe(lambda change: seen.append(change["new"]), "value")
    made.value = 0.25
    made.set_state({"value": 0.75})  # what arrives from the browser
    assert seen == [0.25, 0.75] and made.value == 0.75


# ---------------------------------------------------------------- where no widget can run


def test_repr_is_the_same_for_equal_sliders():
    assert repr(slider()) == repr(slider()) == "CurveSlider(5 points, t from 0 to 1, value=0.5)"
    assert repr(Widget()) == "Widget()"


def test_bundle_has_a_small_picture_with_its_words():
    data, metadata = slider()._repr_mimebundle_()
    picture = base64.b64decode(data["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT == 40_000
    assert "application/vnd.jupyter.widget-view+json" in data
    assert data["text/plain"] == "CurveSlider(5 points, t from 0 to 1, value=0.5)"
    assert metadata["image/png"] == {
        "alt": "Loss and accuracy along a path from network A (t = 0) to network B (t = 1). "
        "The test loss is 0.20 at A and 0.40 at B, with a barrier of 1.00 at t = 0.50. "
        "At t = 0.50 the test loss is 1.30 and 250 of 500 test examples are wrong."
    }


def test_the_words_follow_the_state():
    made = slider(test_loss=np.full(POINTS, 0.3))
    assert "with no barrier" in made.alt
    made.metric, made.value = "accuracy", 0
    assert "is 90.0 % at A and 90.0 % at B, with a barrier of 40.0 points at t = 0.50. At t = 0.00 the test" in made.alt


def test_the_words_and_the_picture_name_the_variant_where_there_are_several():
    made = four()
    made.variant = ("curve", "unaligned")
    where = "Loss and accuracy along a path from network A (t = 0) to network B (t = 1)"
    assert made.alt.startswith(f"{where}, path: curve, neurons: unaligned. The test loss")
    assert made.figure().get_suptitle() == "path: curve, neurons: unaligned"
    assert slider().alt.startswith(f"{where}. The") and slider().figure().get_suptitle() == ""
    same = {words: path_data() for words in WORDS[:2]}
    half = CurveSlider(variants=same, label=LABEL)  # nothing to choose for the path
    assert half.figure().get_suptitle() == "neurons: unaligned"


def test_the_picture_draws_the_other_variants_faintly_and_all_at_one_scale():
    made = four()
    for variant in made._spec["variants"]:
        made.variant = variant["name"]
        upper, lower = made.figure().axes[:2]
        faint = [line.get_ydata() for line in upper.lines if line.get_color() == "#b0b0b0"]
        others = [data.test_loss for name, data in made._data.items() if name != made.variant]
        assert np.array_equal(faint, others)
        assert upper.get_ylim() == pytest.approx((0, 3.35), abs=0.01)
        assert "the others" in [text.get_text() for text in upper.get_legend().texts]
        assert not [line for line in lower.lines if line.get_color() == "#b0b0b0"]
    alone = slider().figure().axes[0].get_legend()
    assert [text.get_text() for text in alone.texts] == ["train", "test"]


def test_more_than_seven_other_variants_would_be_a_thicket():
    for count, drawn in [(8, 7), (9, 0)]:
        upper = CurveSlider(variants={str(i): path_data() for i in range(count)}).figure().axes[0]
        assert len([line for line in upper.lines if line.get_color() == "#b0b0b0"]) == drawn
        assert ("the others" in [text.get_text() for text in upper.get_legend().texts]) == (drawn > 0)


def test_the_words_and_the_picture_have_the_map():
    made = CurveSlider(variants={"path": path_data(path=LINE)}, map=flat_plane(), start=0.75)
    assert made.alt.endswith(
        "A map of the test loss on a plane through weight space, dark where it is low, shows A, B and C and the path; "
        "on it B lies 4 from A, and the point at t lies 3 from A."
    )
    drawn = next(axes for axes in made.figure().axes if axes.get_title(loc="left") == "Map of the test loss")
    marks = {line.get_marker(): tuple(line.get_xydata()[0]) for line in drawn.lines if line.get_marker() in "os^D"}
    assert marks == {"o": (0, 0), "s": (4, 0), "^": (2, 3), "D": (3, 0)}
    assert slider().picture() != made.picture() and len(made.picture()) <= PICTURE_LIMIT


@pytest.mark.parametrize("names", ["a", "ab"], ids=["one variant", "two variants"])
def test_the_picture_keeps_the_filters_heading_clear_of_the_digits(names):
    labels = np.arange(24) % 10
    misread = np.tile((labels + 1) % 10, (POINTS, 1))  # two lines under every digit
    data = path_data(images=np.zeros((24, 1, 8, 8)), labels=labels, predictions=misread)
    figure = CurveSlider(variants=dict.fromkeys(names, data)).figure()
    figure.draw_without_rendering()
    if names == "ab":
        upper = figure.axes[0]._left_title.get_window_extent().y1
        assert figure._suptitle.get_window_extent().y0 - upper >= 5
    heading = next(axes for axes in figure.axes if axes.get_title(loc="left") == "First-layer filters")
    top = heading._left_title.get_window_extent().y1
    lowest = min(a.xaxis.label.get_window_extent().y0 for a in figure.axes if "not" in a.get_xlabel())
    assert lowest - top >= 10  # pixels, at 100 an inch


@pytest.mark.parametrize("bump", [4 * T * (1 - T), -4 * T * (1 - T)], ids=["mountain", "valley"])
def test_the_picture_keeps_the_legend_clear_of_the_ends(bump):
    figure = slider(train_loss=2 + bump, test_loss=2.2 + bump).figure()
    figure.draw_without_rendering()
    upper = figure.axes[0]
    legend = upper.get_legend().get_window_extent()
    ends = upper.transData.transform([(0, 2.2), (1, 2.2)])
    assert not any(legend.padded(5).contains(*end) for end in ends)


def test_picture_leaves_no_pyplot_figure_open():
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    slider().picture()
    assert plt.get_fignums() == before


def test_a_crowded_picture_still_keeps_its_limit():
    crowded = path_data(images=np.random.default_rng(1).random((IMAGES, 3, 32, 32)))
    made = CurveSlider(variants={"path": crowded})
    made.figure = lambda: _noise()
    assert len(made.picture()) <= PICTURE_LIMIT


def _noise():
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3, 2))
    figure.figimage(np.random.default_rng(0).random((200, 300, 3)))
    return figure


def test_exported_page_needs_no_network_and_no_script_can_end_early(tmp_path):
    made = CurveSlider(variants={"</script><b>": path_data()})
    page = made.export_html(tmp_path / "slider.html").read_text(encoding="utf-8")
    addresses = set(re.findall(r"https?://[^\s\"'<>\\)]+", page))
    assert addresses <= {"http://www.w3.org/2000/svg"}  # the name of SVG, never fetched
    assert "</script><b>" not in page
    assert len(re.findall("<script>", page)) == len(re.findall("</script>", page)) == 2
    assert "<title>CurveSlider" in page and "<noscript>" in page and f'alt="{made.alt}"' in page


def test_export_names_a_missing_folder(tmp_path):
    with pytest.raises(FileNotFoundError, match="path must lie in an existing folder, got '.*none.*slider.html'"):
        slider().export_html(tmp_path / "none" / "slider.html")


# ---------------------------------------------------------------- what is refused

BAD_DATA = [
    ({"t": T[::-1]}, "t must hold at least 2 increasing positions, got [1, 0.75, 0.5, 0.25, ...]."),
    ({"t": T / 2}, "t must run from 0 or less to 1 or more, got 0 to 0.5."),
    ({"t": [[0, 1]]}, "t must have shape [T], got [1, 2]."),
    ({"test_loss": T[:3]}, "test_loss must have shape [5], got [3]."),
    ({"train_loss": None}, "train_loss must have shape [5], got [0]."),
    ({"train_loss": "abc"}, "train_loss must be an array of numbers, got str."),
    ({"test_loss": [0, 1, np.nan, 1, 0]}, "test_loss must be finite, got 1 NaN or infinite values."),
    ({"test_accuracy": 100 * T}, "test_accuracy must lie in [0, 1], got values from 0 to 100."),
    ({"images": np.ones((6, 8, 8))}, "images must have shape [n, channels, height, width], got [6, 8, 8]."),
    ({"images": np.full((6, 1, 8, 8), 255)}, "images must lie in [0, 1], got values from 255 to 255."),
    ({"images": np.ones((6, 2, 8, 8))}, "images must have 1 or 3 channels, got 2."),
    ({"labels": np.arange(4)}, "labels must have shape [6], got [4]."),
    (
        {"labels": None},
        "images need labels and predictions, got none; leave all three out or give all three.",
    ),
    ({"predictions": np.ones((6, 5))}, "predictions must have shape [5, 6], got [6, 5]."),
    ({"predictions": np.full((5, 6), 300)}, "predictions must lie in [0, 255], got values from 300 to 300."),
    ({"filters": np.ones((1, 4, 8, 8))}, "filters must be given at 2 or more points, got 1."),
    ({"filters": np.ones((4, 8, 8))}, "filters must have shape [K, m, height, width], got [4, 8, 8]."),
    ({"total": -1}, "total must be a whole number of test examples, got -1."),
]


@pytest.mark.parametrize(("changes", "sentence"), BAD_DATA, ids=[s for _, s in BAD_DATA])
def test_bad_data_gets_one_sentence(changes, sentence):
    with pytest.raises(ValueError) as caught:
        path_data(**changes)
    assert str(caught.value) == sentence


ONE = path_data()
BAD_SLIDERS = [
    ({}, TypeError, "CurveSlider needs space, path and dataset, or variants={name: measured path}."),
    (
        {"space": 1, "variants": {"a": ONE}},
        TypeError,
        "CurveSlider takes either space, path and dataset, or variants, not both.",
    ),
    ({"variants": {}}, ValueError, "variants must map at least one name to a measured path, got {}."),
    ({"variants": {"a": 3}}, TypeError, "variants must map names to PathData, got 'a': int."),
    (
        {"variants": {"a": ONE, "b": replace(ONE, t=T**2)}},
        ValueError,
        "variants must share t, but 'a' and 'b' differ.",
    ),
    (
        {"variants": {"a": ONE, "b": replace(ONE, test_ece=None)}},
        ValueError,
        "variants must share test_ece, but 'a' and 'b' differ.",
    ),
    (
        {"variants": {"a": ONE, "b": replace(ONE, images=ONE.images / 2)}},
        ValueError,
        "variants must share images, but 'a' and 'b' differ.",
    ),
    (
        {"variants": {"a": ONE, "b": replace(ONE, filters=ONE.filters[1:])}},
        ValueError,
        "variants must share filters, but 'a' and 'b' differ.",
    ),
    (
        {"variants": {"a": ONE}, "start": 2},
        ValueError,
        "start must be a number from 0 to 1, the ends of the path, got 2.",
    ),
    (
        {"variants": {"a": ONE}, "start": "0"},
        ValueError,
        "start must be a number from 0 to 1, the ends of the path, got '0'.",
    ),
]


BAD_SLIDERS += [
    (
        {"variants": dict.fromkeys(WORDS[:3], ONE), "label": LABEL},
        ValueError,
        "variants must hold every combination of their words, but ('curve', 'aligned') is missing.",
    ),
    (
        {"variants": {("line", "aligned"): ONE, ("curve",): ONE}, "label": LABEL},
        ValueError,
        "variants must be named by equally many words, but ('line', 'aligned') and ('curve',) differ.",
    ),
    (
        {"variants": {"line": ONE, ("line",): ONE}},
        ValueError,
        "variants must be named by equally many words, but 'line' and ('line',) differ.",
    ),
    (
        {"variants": {("line", "aligned"): ONE}},
        ValueError,
        "label must hold one word for each in ('line', 'aligned'), got 'Show'.",
    ),
    (
        {"variants": {"line": ONE}, "label": LABEL},
        ValueError,
        "label must hold one word for each in 'line', got ('path', 'neurons').",
    ),
    (
        {"variants": {"line": ONE}, "label": 3},
        ValueError,
        "label must hold one word for each in 'line', got 3.",
    ),
    (
        {"variants": {("a · b", "c"): ONE}, "label": LABEL},
        ValueError,
        "variants must be named by words without ' · ', got ('a · b', 'c').",
    ),
    ({"variants": {("a", 3): ONE}}, TypeError, "variants must map names to PathData, got ('a', 3): PathData."),
    ({"variants": {(): ONE}}, TypeError, "variants must map names to PathData, got (): PathData."),
    ({"variants": {"a": ONE}, "map": 3}, TypeError, "map must be a Plane from toolkit.plane, got int."),
    (
        {"variants": {"a": replace(ONE, path=LINE), "b": ONE}, "map": flat_plane()},
        ValueError,
        "variants must hold their path where there is a map, but 'b' has none.",
    ),
    (
        {"variants": {"a": replace(ONE, path=Line(torch.zeros(2), torch.ones(2)))}, "map": flat_plane()},
        ValueError,
        "map must be a plane in the path's space R^2, got one in R^3.",
    ),
]


@pytest.mark.parametrize(("arguments", "kind", "sentence"), BAD_SLIDERS, ids=[s for *_, s in BAD_SLIDERS])
def test_bad_sliders_get_one_sentence(arguments, kind, sentence):
    with pytest.raises(kind) as caught:
        CurveSlider(**arguments)
    assert str(caught.value) == sentence


def test_a_refused_setting_changes_nothing():
    made = slider()
    for name, bad, sentence in [
        ("value", 1.5, "value must be a number from 0 to 1, the ends of the path, got 1.5."),
        ("variant", "curve", "variant must be one of 'path', got 'curve'."),
        ("metric", "margin", "metric must be one of 'loss', 'accuracy', 'ece', got 'margin'."),
    ]:
        before = getattr(made, name)
        with pytest.raises(ValueError) as caught:
            setattr(made, name, bad)
        assert str(caught.value) == sentence and getattr(made, name) == before


def test_measure_refuses_bad_counts(measured):
    for settings, sentence in [
        ({"images": -1}, "images must be a whole number of at least 0, got -1."),
        ({"points": 1}, "points must be a whole number of at least 2, got 1."),
        ({"points": [0.5]}, "points must be at least two finite positions, got [0.5]."),
    ]:
        with pytest.raises(ValueError) as caught:
            measure(*measured, **settings)
        assert str(caught.value) == sentence


def test_a_path_must_be_one(measured):
    for call in [lambda: measure(measured[0], 3, measured[2]), lambda: path_data(path=3)]:
        with pytest.raises(TypeError, match="^path must be a Line, Bezier or PolyChain, got int.$"):
            call()
