"""The SimplexExplorer's Python side: what is measured, sent and refused, and what is shown without a kernel."""

import base64
import re
from dataclasses import replace

import numpy as np
import pytest
import torch

from toolkit import Line, Simplex, WeightSpace, data, evaluate, metrics, models
from toolkit.widgets import SimplexExplorer, measure_simplex
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.simplex_data import grid, neighbours

DIGITS = data.load("digits").subset(80)
SPACE, OTHER = WeightSpace(models.mlp(64, 12, 10)), WeightSpace(models.mlp(64, 4, 10))
TRIANGLE = Simplex([3 * SPACE.init(seed) for seed in range(3)])  # larger than fresh ones: outputs are not all alike
FLAT = Simplex([SPACE.init(0), SPACE.init(0), SPACE.init(0)])


def make(**settings) -> SimplexExplorer:
    return SimplexExplorer(SPACE, TRIANGLE, DIGITS, **{"steps": 4, "images": 6} | settings)


@pytest.fixture(scope="module")
def measured():
    return {
        "learned": measure_simplex(SPACE, TRIANGLE, DIGITS, 4, 6),
        "flat": measure_simplex(SPACE, FLAT, DIGITS, 4, 6),
    }


@pytest.fixture
def explorer(measured):
    return SimplexExplorer(variants=measured)


# ---------------------------------------------------------------- the grid


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 11])
def test_the_grid_covers_the_triangle_and_holds_the_middle(steps):
    weights = grid(steps)
    assert len(weights) == (steps + 1) * (steps + 2) // 2 + (steps % 3 > 0)
    assert (weights >= 0).all() and weights.sum(1) == pytest.approx(1)
    assert len(np.unique(weights.round(9), axis=0)) == len(weights)
    assert np.abs(weights - 1 / 3).max(1).min() == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 11])
def test_measured_points_are_their_own_neighbours(steps):
    for i, weights in enumerate(grid(steps)):
        assert neighbours(steps, weights) == [(i, pytest.approx(1))]


@pytest.mark.parametrize("steps", [1, 2, 3, 4, 10, 11])
def test_interpolation_is_exact_for_what_is_linear_and_uses_near_points_only(steps):
    weights = grid(steps)
    for at in np.random.default_rng(0).dirichlet([1, 1, 1], 200):
        found = neighbours(steps, at)
        assert sum(share * weights[i] for i, share in found) == pytest.approx(at, abs=1e-5)
        assert 1 <= len(found) <= 3 and all(share > 0 for _, share in found)
        assert all(np.abs(weights[i] - at).max() <= 1 / steps + 1e-9 for i, _ in found)


# ---------------------------------------------------------------- what is measured


def test_loss_and_accuracy_are_those_of_the_networks(measured):
    record = measured["learned"]
    seen = evaluate(SPACE, TRIANGLE.at(grid(4)), DIGITS, ["test_loss", "test_accuracy"])
    assert record.loss == pytest.approx(seen["test_loss"], rel=1e-5)
    assert record.accuracy == pytest.approx(seen["test_accuracy"], rel=1e-5)
    assert np.ptp(record.accuracy) > 0.02  # else this would prove little
    assert grid(4)[record.corners].tolist() == np.eye(3).tolist() and grid(4)[record.middle] == pytest.approx(1 / 3)
    assert record.at("loss", [0.25, 0.5, 0.25]) == pytest.approx(record.loss[record.nearest([0.25, 0.5, 0.25])])


def test_ensembles_and_disagreement_are_those_of_metrics(measured):
    record = measured["learned"]
    logits = SPACE.logits(TRIANGLE.at(grid(4)), DIGITS.test_x)
    for i in range(len(logits)):
        assert record.wrong[i, i] == round((1 - record.accuracy[i]) * record.total)
        for j in range(len(logits)):
            both = metrics.accuracy(metrics.ensemble(logits[[i, j]]), DIGITS.test_y).item()
            assert record.wrong[i, j] == round((1 - both) * record.total)
            assert record.differ[i, j] == round(metrics.disagreement(logits[i], logits[j]).item() * record.total)
    assert record.differ.max() > 0 and (np.diag(record.differ) == 0).all()


def test_the_images_are_those_that_divide_the_corners(measured):
    record = measured["learned"]
    likely = SPACE.logits(TRIANGLE.points, DIGITS.test_x).softmax(-1)
    unlike = [len(set(answers)) for answers in likely.argmax(-1).T.tolist()]
    assert record.divided == sum(number > 1 for number in unlike) > 6
    found = [int((DIGITS.test_x == torch.tensor(image)).flatten(1).all(1).nonzero()[0]) for image in record.images]
    assert len(set(found)) == 6 and min(unlike[i] for i in found) == sorted(unlike)[-6]
    assert record.labels.tolist() == DIGITS.test_y[found].tolist()
    answers = SPACE.logits(TRIANGLE.at(grid(4)), DIGITS.test_x[found]).softmax(-1)
    assert record.probabilities == pytest.approx(answers.numpy(), abs=1e-5)


def test_a_flat_triangle_divides_nothing(measured):
    record = measured["flat"]
    assert record.divided == 0 and record.differ.max() == 0 and np.ptp(record.loss) < 1e-5
    assert record.sides == [0, 0, 0]


def test_sides_are_distances_in_weight_space(measured):
    a, b, c = TRIANGLE.points
    assert measured["learned"].sides == pytest.approx([(p - q).norm().item() for p, q in [(a, b), (a, c), (b, c)]])


def test_statistics_are_refreshed_at_every_point_unless_they_are_given():
    space, dataset = WeightSpace(models.cnn(width=4)), DIGITS.subset(40)
    triangle = Simplex([space.init(seed) for seed in range(3)])
    networks = triangle.at(grid(1))
    fresh = measure_simplex(space, triangle, dataset, 1, 2)
    assert fresh.loss == pytest.approx(evaluate(space, networks, dataset, "test_loss")["test_loss"], rel=1e-4)
    stats = space.refresh(triangle.points[0], dataset.train_x)
    stale = measure_simplex(space, triangle, dataset, 1, 2, refresh=False, stats=stats)
    seen = evaluate(space, networks, dataset, "test_loss", refresh=False, stats=stats)["test_loss"]
    assert stale.loss == pytest.approx(seen, rel=1e-4)
    corner = fresh.nearest([1, 0, 0])
    assert stale.loss[corner] == pytest.approx(fresh.loss[corner], rel=1e-4)
    assert np.abs(stale.loss - fresh.loss).max() > 1e-3


def test_measuring_leaves_the_simplex_alone_and_keeps_a_copy():
    triangle = Simplex(TRIANGLE.points)
    explorer = SimplexExplorer(SPACE, triangle, DIGITS, steps=1, images=0)
    before = explorer.network.clone()
    triangle._leaf.zero_()
    assert torch.equal(explorer.network, before) and before.norm() > 0


def test_vectors_have_no_images():
    x, y = torch.randn(40, 7, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    space = WeightSpace(models.mlp(7, 5, 3))
    vectors = data.Dataset.from_tensors(x, y, x, y)
    explorer = SimplexExplorer(space, Simplex([space.init(s) for s in range(3)]), vectors, steps=2)
    assert explorer._spec["images"] is None and explorer._images == b"" and explorer._probabilities == b""
    assert explorer.alt.endswith("of 40 test examples are wrong.") and explorer.picture().startswith(b"\x89PNG")


def test_colour_photographs_are_drawn(measured):
    record = measured["learned"]
    photos = replace(record, images=np.repeat(record.images, 3, axis=1))
    explorer = SimplexExplorer(variants={"photos": photos})
    assert explorer._spec["images"]["channels"] == 3 and explorer.picture().startswith(b"\x89PNG")


# ---------------------------------------------------------------- moving


def test_the_points_are_networks():
    explorer = make()
    assert explorer.value == [1 / 3] * 3 and explorer.second == []
    assert torch.allclose(explorer.network, TRIANGLE.midpoint)
    explorer.value = TRIANGLE.centre.new_tensor([0.5, 0.25, 0.25])
    assert explorer.value == [0.5, 0.25, 0.25]
    assert torch.equal(explorer.network, TRIANGLE.at([0.5, 0.25, 0.25])) and explorer.networks.shape == (1, SPACE.size)
    explorer.second = (0, 0, 1)
    assert explorer.second == [0.0, 0.0, 1.0]
    assert torch.equal(explorer.networks, TRIANGLE.at([[0.5, 0.25, 0.25], [0.0, 0.0, 1.0]]))
    assert not explorer.networks.requires_grad
    explorer.second = []
    assert len(explorer.networks) == 1


def test_value_can_be_observed_and_set_from_the_browser(explorer):
    seen = []
    explorer.observe(lambda change: seen.append(change["new"]), "value")
    explorer.set_state({"value": [0.2, 0.3, 0.5], "second": [1, 0, 0]})
    explorer.value = [0, 1, 0]
    assert seen == [[0.2, 0.3, 0.5], [0, 1, 0]] and explorer.second == [1, 0, 0]


def test_network_is_that_of_the_variant_shown(explorer):
    explorer.variant = "flat"
    assert torch.allclose(explorer.network, FLAT.midpoint)
    explorer.variant = "learned"
    assert torch.allclose(explorer.network, TRIANGLE.midpoint)


def test_two_explorers_do_not_share_their_points():
    one, two = make(steps=1, images=0), make(steps=1, images=0)
    one.value, one.second = [1, 0, 0], [0, 1, 0]
    assert two.value == [1 / 3] * 3 and two.second == []


# ---------------------------------------------------------------- what is sent


def test_bytes_decode_to_what_was_measured(explorer, measured):
    records, points = list(measured.values()), 16
    curves = np.frombuffer(explorer._curves, np.float32).reshape(2, 2, points)
    pairs = np.frombuffer(explorer._pairs, np.uint32).reshape(2, 2, points, points)
    pixels = np.frombuffer(explorer._images, np.uint8).reshape(2, 6, 1, 8, 8)
    likely = np.frombuffer(explorer._probabilities, np.uint16).reshape(2, points, 6, 10)
    for v, record in enumerate(records):
        assert curves[v, 0] == pytest.approx(record.accuracy) and curves[v, 1] == pytest.approx(record.loss)
        assert np.array_equal(pairs[v], [record.wrong, record.differ])
        assert np.allclose(pixels[v] / 255, record.images, atol=0.5 / 255 + 1e-6)
        assert np.allclose(likely[v] / 65535, record.probabilities, atol=0.5 / 65535 + 1e-6)
        assert explorer._spec["variants"][v]["labels"] == record.labels.tolist()
    colours = np.frombuffer(explorer._colours, np.uint8).reshape(256, 3)
    assert colours[0].sum() < 150 < 400 < colours[-1].sum()  # dark is low, light is high


def test_colours_are_scaled_to_all_variants_or_to_one(explorer, measured):
    everything = np.concatenate([record.loss for record in measured.values()])
    assert explorer._spec["scales"]["loss"] == pytest.approx((everything.min(), everything.max()))
    own = measured["learned"].accuracy
    assert explorer._spec["variants"][0]["scales"]["accuracy"] == pytest.approx((own.min(), own.max()))
    level = measured["flat"].accuracy[0]
    assert explorer._spec["variants"][1]["scales"]["accuracy"] == pytest.approx((level - 0.01, level + 0.01))
    limits = lambda: explorer.figure().axes[0].collections[0].get_clim()  # noqa: E731
    explorer.metric = "loss"
    assert limits() == pytest.approx((everything.min(), everything.max()))
    explorer.colours = "own"
    assert limits() == pytest.approx((measured["learned"].loss.min(), measured["learned"].loss.max()))


def test_the_exported_data_are_small():
    sent = SimplexExplorer(SPACE, TRIANGLE, DIGITS)
    assert sum(len(value) for value in sent.state().values() if isinstance(value, bytes)) < 120_000


# ---------------------------------------------------------------- where no widget can run


def test_the_words_say_what_is_shown(explorer, measured):
    record = measured["learned"]
    a, b, c, middle = (f"{100 * record.accuracy[i]:.1f} %" for i in [*record.corners, record.middle])
    answers = record.probabilities[record.middle].argmax(-1)
    assert explorer.alt == (
        "A triangle of networks (Triangle: learned): each point is the mean of corner 1, 2 and 3 with three weights. "
        f"The test accuracy is {a} at corner 1, {b} at corner 2, {c} at corner 3 and {middle} in the middle. "
        f"At weights 0.33, 0.33, 0.33 the test accuracy is {middle}, the test loss {record.loss[record.middle]:.2f}, "
        f"and {record.wrong[record.middle, record.middle]} of {record.total} test images are wrong. "
        f"Of the 6 test images that divide the corners most, {(answers != record.labels).sum()} are misread there."
    )
    explorer.metric, explorer.value = "loss", [0.4, 0.3, 0.3]
    assert "The test loss is" in explorer.alt and "is about" in explorer.alt
    assert repr(explorer) == "SimplexExplorer(16 points, value=[0.4, 0.3, 0.3])"


def test_the_words_of_an_ensemble_always_name_its_members(explorer, measured):
    record = measured["learned"]
    explorer.value, explorer.second = [0.7, 0.2, 0.1], [0, 0, 1]
    i, j = record.nearest([0.75, 0.25, 0]), record.nearest([0, 0, 1])
    percent = [f"{100 * (1 - record.wrong[pair] / record.total):.1f} %" for pair in ((i, i), (j, j), (i, j))]
    assert (
        "Measured nearest to the two points, at weights 0.75, 0.25, 0.00 and 0.00, 0.00, 1.00: "
        f"accuracy {percent[0]} and {percent[1]} alone, {percent[2]} as an ensemble; "
        f"they read {record.differ[i, j]} of {record.total} test images differently"
    ) in explorer.alt
    answers = record.probabilities[[i, j]].mean(0).argmax(-1)
    assert explorer.alt.endswith(f"corners most, {(answers != record.labels).sum()} are misread there.")
    assert repr(explorer) == "SimplexExplorer(16 points, value=[0.7, 0.2, 0.1], second=[0, 0, 1])"
    said = " ".join(text.get_text() for axes in explorer.figure().axes for text in axes.texts)
    assert all(value in said for value in percent)


def test_a_single_triangle_has_no_name():
    assert make(steps=1, images=0).alt.startswith("A triangle of networks: each point")


def test_bundle_has_a_small_picture_of_the_present_state(explorer):
    bundle, metadata = explorer._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": explorer.alt}
    for name, setting in [("value", [1, 0, 0]), ("second", [0, 1, 0]), ("metric", "loss"), ("variant", "flat")]:
        setattr(explorer, name, setting)
        assert explorer.picture() != picture
        picture = explorer.picture()


def test_picture_leaves_no_pyplot_figure_open(explorer):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    explorer.picture()
    assert plt.get_fignums() == before


def test_exported_page_needs_no_network(explorer, tmp_path):
    page = explorer.export_html(tmp_path / "explorer.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>\\)]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert f'alt="{explorer.alt}"' in page and "<title>SimplexExplorer" in page


# ---------------------------------------------------------------- variants


def test_names_of_two_words_give_two_switches(measured):
    a, b = measured.values()
    names = {("learned", "fresh"): a, ("learned", "stale"): b, ("alone", "fresh"): b, ("alone", "stale"): a}
    explorer = SimplexExplorer(variants=names, label=("Networks", "Statistics"))
    explorer.variant = ("alone", "fresh")
    assert explorer.variant == "alone · fresh" and "(Networks: alone, Statistics: fresh)" in explorer.alt


# ---------------------------------------------------------------- what is refused

RULE = "three weights of at least 0 that sum to 1"


@pytest.mark.parametrize(
    ("name", "bad", "sentence"),
    [
        ("value", [0.5, 0.5, 0.5], f"value must be {RULE}, got [0.5, 0.5, 0.5]."),
        ("value", [0.5, 0.5], f"value must be {RULE}, got [0.5, 0.5]."),
        ("value", [1.5, -0.5, 0], f"value must be {RULE}, got [1.5, -0.5, 0]."),
        ("value", [float("nan"), 0, 1], f"value must be {RULE}, got [nan, 0, 1]."),
        ("value", ["a", 0, 1], f"value must be {RULE}, got ['a', 0, 1]."),
        ("value", [True, 0, 0], f"value must be {RULE}, got [True, 0, 0]."),
        ("value", "100", f"value must be {RULE}, got ['100']."),
        ("value", 1, f"value must be {RULE}, got 1."),
        ("value", [], f"value must be {RULE}, got []."),
        ("second", [1], f"second must be [] or {RULE}, got [1]."),
        ("second", None, f"second must be [] or {RULE}, got None."),
        ("metric", "ece", "metric must be one of 'accuracy', 'loss', got 'ece'."),
        ("colours", "mine", "colours must be one of 'common', 'own', got 'mine'."),
        ("variant", "other", "variant must be one of 'learned', 'flat', got 'other'."),
    ],
)
def test_a_refused_setting_changes_nothing(explorer, name, bad, sentence):
    before = getattr(explorer, name)
    with pytest.raises(ValueError) as caught:
        setattr(explorer, name, bad)
    assert str(caught.value) == sentence and getattr(explorer, name) == before


BAD = [
    ({"space": 1}, TypeError, "space must be a WeightSpace, got int."),
    ({"dataset": 1}, TypeError, "dataset must be a toolkit.Dataset, got int."),
    (
        {"simplex": Line(*TRIANGLE.points[:2])},
        TypeError,
        "simplex must be a Simplex of three networks, got Line.",
    ),
    (
        {"simplex": Simplex(torch.eye(4))},
        ValueError,
        "simplex must have three networks as corners, got 4.",
    ),
    (
        {"simplex": Simplex([OTHER.init(0)] * 3)},
        ValueError,
        f"simplex must lie in space, R^{SPACE.size}, got one in R^{OTHER.size}.",
    ),
    ({"simplex": Simplex([1e38 * p for p in TRIANGLE.points])}, ValueError, None),
    ({"steps": 0}, ValueError, "steps must be a whole number of at least 1, got 0."),
    ({"images": -1}, ValueError, "images must be a whole number of at least 0, got -1."),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), BAD)
def test_bad_input_gets_one_sentence(changes, kind, sentence):
    given = {"space": SPACE, "simplex": TRIANGLE, "dataset": DIGITS, "steps": 1} | changes
    with pytest.raises(kind) as caught:
        SimplexExplorer(**given)
    assert str(caught.value) == (sentence or "simplex must hold networks of finite loss, got 4 without.")


def test_a_simplex_is_given_one_way_only(measured):
    with pytest.raises(TypeError) as caught:
        SimplexExplorer(SPACE, TRIANGLE)
    assert str(caught.value) == (
        "SimplexExplorer needs space, simplex and dataset, or variants={name: measured simplex}."
    )
    with pytest.raises(TypeError) as caught:
        SimplexExplorer(SPACE, TRIANGLE, DIGITS, variants=measured)
    assert str(caught.value) == "SimplexExplorer takes either space, simplex and dataset, or variants, not both."


def test_variants_must_fit_one_control(measured):
    a, b = measured.values()
    short = replace(b, probabilities=b.probabilities[:, :2], images=b.images[:2], labels=b.labels[:2])
    for variants, kind, sentence in [
        ({}, ValueError, "variants must map at least one name to a measured simplex, got {}."),
        ({"a": 1}, TypeError, "variants must map names to records of measure_simplex, got 'a': int."),
        ({1: a}, TypeError, "variants must map names to records of measure_simplex, got 1: SimplexData."),
        ({"a": a, "b": replace(b, steps=5)}, ValueError, "variants must share steps, but 'a' and 'b' differ."),
        ({"a": a, "b": replace(b, total=5)}, ValueError, "variants must share total, but 'a' and 'b' differ."),
        ({"a": a, "b": short}, ValueError, "variants must share the form of images, but 'a' and 'b' differ."),
    ]:
        with pytest.raises(kind) as caught:
            SimplexExplorer(variants=variants)
        assert str(caught.value) == sentence
