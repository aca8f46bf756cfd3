"""The PermutationSlider's Python side: what is measured, sent and refused, and what is shown without a kernel."""

import base64
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from toolkit import Line, WeightSpace, data, evaluate, match, models, scan, trace
from toolkit.widgets import PermutationSlider
from toolkit.widgets.base import PICTURE_LIMIT

POINTS = 5
GOAL = {"fc1": [3, 0, 1, 2, 5, 4], "fc2": [1, 0, 2, 3, 4]}  # 3 + 1 swaps and 1 swap


@pytest.fixture(scope="module")
def pair():
    """Two small networks, larger than fresh ones so that outputs are not all alike."""
    space = WeightSpace(models.mlp(64, 6, 5, 10))
    return SimpleNamespace(
        space=space, a=3 * space.init(0), b=3 * space.init(1), dataset=data.load("digits").subset(80)
    )


def make(pair, perms=GOAL, **settings) -> PermutationSlider:
    return PermutationSlider(pair.space, pair.a, pair.b, pair.dataset, perms, **{"points": POINTS} | settings)


@pytest.fixture(scope="module")
def shared(pair):
    return make(pair)


@pytest.fixture
def slider(shared):
    shared.swaps_by_hand, shared.group, shared.k = [], "fc1", 0
    return shared


def curves(slider) -> np.ndarray:
    """Loss and accuracy as they are sent, [M, 2, T]."""
    return np.frombuffer(slider._curves, np.float32).reshape(-1, 2, POINTS)


# ---------------------------------------------------------------- what is measured


def test_the_slider_goes_from_b_to_its_aligned_copy(pair, slider):
    symmetry = trace(pair.space, pair.dataset.train_x[:4])
    assert repr(slider) == "PermutationSlider(5 swaps in 2 groups, k=0)"
    assert torch.equal(slider.network, pair.b)
    slider.k = 5
    assert {name: perm.tolist() for name, perm in slider.perms.items()} == GOAL
    assert torch.equal(slider.network, symmetry.apply(pair.b, GOAL))


def test_the_curves_are_those_of_a_scan_of_the_line(pair, slider):
    for k in range(6):
        slider.k = k
        seen = scan(pair.space, Line(pair.a, slider.network), pair.dataset, points=POINTS)
        loss, accuracy = curves(slider)[k]
        assert loss == pytest.approx(seen.test_loss, rel=1e-5) and accuracy == pytest.approx(seen.test_accuracy)
        assert slider._spec["distance"][k] == pytest.approx((pair.a - slider.network).norm().item(), rel=1e-6)
        assert f"is {seen.barrier():.2f} nats" in slider.alt
    assert slider._spec["measured"] == [0, 1, 2, 3, 4, 5]


def test_no_arrangement_changes_the_function(pair, slider):
    before = pair.space.logits(pair.b, pair.dataset.test_x)
    assert slider._spec["largest"] == pytest.approx(before.abs().max().item())
    for k, told in enumerate(slider._spec["change"]):
        slider.k = k
        change = (pair.space.logits(slider.network, pair.dataset.test_x) - before).abs().max().item()
        assert change == pytest.approx(told, abs=1e-6) and told <= 1e-4 * slider._spec["largest"]


def test_a_network_that_does_change_is_found_out(pair):
    symmetry = trace(pair.space, pair.dataset.train_x[:4])
    slider = make(pair, symmetry=symmetry)
    right = slider._symmetry.apply
    broken = SimpleNamespace(
        space=pair.space,
        apply=lambda theta, perms: 1.1 * right(theta, perms),
        apply_statistics=lambda stats, perms: stats,
    )
    slider._ruler.symmetry = broken
    assert slider._ruler.measure(slider.perms).change > 0.01 * slider._spec["largest"]


def test_left_out_permutations_are_those_of_the_match_by_activations(pair):
    found = match.by_activations(trace(pair.space, pair.dataset.train_x[:4]), pair.a, pair.b, pair.dataset.train_x)
    slider = make(pair, None)
    slider.k = len(slider._data.swaps)
    assert {n: p.tolist() for n, p in slider.perms.items()} == {n: p.tolist() for n, p in found.perms.items()}
    totals = slider._data.totals({n: p.numpy() for n, p in slider.perms.items()})
    assert totals == pytest.approx(found.objective, abs=1e-6) and totals == pytest.approx(slider._data.best, abs=1e-6)


def test_a_match_of_another_matcher_may_lead_while_the_score_stays_the_correlation(pair):
    symmetry = trace(pair.space, pair.dataset.train_x[:4])
    found = match.by_weights(symmetry, pair.a, pair.b)
    slider = make(pair, found, symmetry=symmetry)
    slider.k = len(slider._data.swaps)
    assert torch.equal(slider.network, symmetry.apply(pair.b, found.perms))
    totals = slider._data.totals({n: p.numpy() for n, p in slider.perms.items()})
    assert all(totals[name] <= slider._data.best[name] + 1e-6 for name in totals)
    assert sum(totals.values()) < sum(slider._data.best.values())


def test_few_measured_arrangements_keep_both_ends_and_in_between_is_about(pair):
    slider = make(pair, measured=3)
    assert slider._spec["measured"] == [0, 2, 5]
    low, high = curves(slider)[1:, 0]
    middle, exact = slider._data.at(3)
    assert middle.loss == pytest.approx((2 * low + high) / 3, rel=1e-5) and not exact
    slider.k = 3
    assert "is about" in slider.alt
    slider.k = 5
    assert "about" not in slider.alt and slider._data.at(5)[1]


def test_batchnorm_statistics_follow_the_units_and_are_refreshed_on_the_line(pair):
    space, dataset = WeightSpace(models.cnn(width=4)), data.load("digits").subset(60)
    a, b = space.init(0), space.init(1)
    slider = PermutationSlider(space, a, b, dataset, points=3, measured=2)
    last = slider._spec["measured"][-1]
    assert slider._spec["measured"] == [0, len(slider._data.swaps)]
    assert max(slider._spec["change"]) <= 1e-4 * slider._spec["largest"]
    slider.k = last
    seen = evaluate(space, Line(a, slider.network).at([0.0, 0.5, 1.0]), dataset, ["test_loss"])["test_loss"]
    sent = np.frombuffer(slider._curves, np.float32).reshape(2, 2, 3)
    assert sent[1, 0] == pytest.approx(seen, rel=1e-5)
    assert slider._spec["filters"]["size"] == [3, 3] and list(slider._data.groups) == ["conv1", "conv2", "conv3"]


def test_identical_networks_need_no_swap(pair):
    slider = make(SimpleNamespace(**{**vars(pair), "b": pair.a}), {})
    assert repr(slider) == "PermutationSlider(0 swaps in 2 groups, k=0)"
    assert slider._spec["measured"] == [0] and slider._swaps == b"" and slider.picture().startswith(b"\x89PNG")


def test_a_module_of_ones_own_without_pictures(pair):
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.before, self.after = nn.Linear(7, 4), nn.Linear(4, 3)

        def forward(self, x):
            return self.after(torch.tanh(self.before(x)))

    x, y = torch.randn(40, 7, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    space = WeightSpace(Own())
    slider = PermutationSlider(space, space.init(0), space.init(1), data.Dataset.from_tensors(x, y, x, y), points=3)
    assert slider._spec["filters"] is None and slider._filters == b"" and slider.picture().startswith(b"\x89PNG")
    assert [group["name"] for group in slider._spec["groups"]] == ["before"]


# ---------------------------------------------------------------- what is sent


def test_bytes_decode_to_what_was_measured(pair, slider):
    found = match.by_activations(trace(pair.space, pair.dataset.train_x[:4]), pair.a, pair.b, pair.dataset.train_x)
    scores = np.frombuffer(slider._scores, np.int16) / 32767
    expected = np.concatenate([score.numpy().ravel() for score in found.score.values()])
    assert np.allclose(scores, expected, atol=2e-5)
    names = [group["name"] for group in slider._spec["groups"]]
    swaps = [(names[g], i, k) for g, i, k in np.frombuffer(slider._swaps, np.int32).reshape(-1, 3)]
    assert swaps == trace(pair.space, pair.dataset.train_x[:4]).steps(GOAL, found.score)
    assert np.frombuffer(slider._t, np.float32).tolist() == [0, 0.25, 0.5, 0.75, 1]
    for group in slider._spec["groups"]:
        dead = [mask.nonzero().flatten().tolist() for mask in found.dead[group["name"]]]
        assert group["dead"] == dead and group["size"] == len(found.score[group["name"]]) and group["watched"]


def test_filters_are_as_strongest_rows_first_and_all_of_b(pair, slider):
    a, b = (pair.space.unflatten(theta)["fc1.weight"] for theta in (pair.a, pair.b))
    order = slider._spec["filters"]["order"]
    assert order == a.abs().sum(dim=1).argsort(descending=True).tolist()
    sent = np.frombuffer(slider._filters, np.int8).reshape(12, 64) / 127
    both = torch.cat([a[order], b]).numpy()
    limit = np.quantile(np.abs(both), 0.99)
    assert np.allclose(sent, np.clip(both / limit, -1, 1), atol=0.5 / 127 + 1e-6)


def test_groups_that_cannot_be_watched_have_no_correlations(pair):
    space = WeightSpace(models.mlp(64, 6, 10))
    symmetry = trace(space, pair.dataset.train_x[:4])
    unseen = type(symmetry)(space, symmetry.groups, symmetry.axes, {}, symmetry.graph)
    dataset = pair.dataset
    slider = PermutationSlider(
        space, space.init(0), space.init(1), dataset, {"fc1": [1, 0, 2, 3, 4, 5]}, symmetry=unseen, points=3
    )
    group = slider._spec["groups"][0]
    assert not group["watched"] and group["dead"] == [[], []] and slider._scores == b""
    assert "add up to 0.0 of 0.0" in slider.alt and slider.picture().startswith(b"\x89PNG")


# ---------------------------------------------------------------- moving


def test_k_can_be_set_read_and_observed(slider):
    seen = []
    watch = lambda change: seen.append(change["new"])  # noqa: E731
    slider.observe(watch, "k")
    slider.k = 2
    slider.set_state({"k": 4})  # what arrives from the browser
    slider.unobserve(watch, "k")
    assert seen == [2, 4] and slider.k == 4


def test_swaps_by_hand_come_on_top_and_the_kernel_answers_once(pair, slider, monkeypatch):
    slider.k = 5
    asked = []
    measure = slider._ruler.measure
    monkeypatch.setattr(slider._ruler, "measure", lambda perms: asked.append(1) or measure(perms))
    slider.set_state({"k": 4, "swaps_by_hand": [["fc1", 0, 2], ["fc2", 3, 4]]})
    expected = slider._symmetry.after(slider._data.swaps[:4] + [("fc1", 0, 2), ("fc2", 3, 4)])
    assert all(torch.equal(slider.perms[name], expected[name]) for name in expected)
    assert asked == [1]
    answer = slider._answer
    assert answer["k"] == 4 and answer["swaps"] == [["fc1", 0, 2], ["fc2", 3, 4]]
    seen = scan(pair.space, Line(pair.a, slider.network), pair.dataset, points=POINTS)
    assert answer["loss"] == pytest.approx(seen.test_loss) and answer["accuracy"] == pytest.approx(seen.test_accuracy)
    assert answer["distance"] == pytest.approx((pair.a - slider.network).norm().item())
    assert answer["change"] <= 1e-4 * slider._spec["largest"]
    assert repr(slider) == "PermutationSlider(5 swaps in 2 groups, k=4 and 2 by hand)"
    assert "4 of 5 swaps and 2 by hand done" in slider.alt and f"is {seen.barrier():.2f} nats" in slider.alt
    assert asked == [1]
    slider.swaps_by_hand = []
    assert torch.equal(slider.network, slider._symmetry.apply(pair.b, slider._symmetry.after(slider._data.swaps[:4])))
    assert asked == [1]


def test_two_equal_swaps_by_hand_undo_each_other(pair, slider):
    slider.swaps_by_hand = [("fc2", 0, 3), ("fc2", 3, 0)]
    assert slider.swaps_by_hand == [["fc2", 0, 3], ["fc2", 3, 0]]
    assert torch.equal(slider.network, pair.b)


# ---------------------------------------------------------------- where no widget can run


def test_the_words_say_what_is_shown(slider):
    known, distance = slider._data, slider._spec["distance"]
    first, last = (known.barrier(known.arrangements[k].loss)[1] for k in (0, 5))
    slider.k = 5
    total = sum(known.totals({name: np.array(perm) for name, perm in GOAL.items()}).values())
    assert slider.alt.startswith(
        "Renumbering the units of network B to match those of network A: 5 of 5 swaps done. "
        f"The barrier in test loss on the line from A to P(B) is {last:.2f} nats ({first:.2f} before any swap). "
        f"The correlations of the pairs add up to {total:.1f} of {sum(known.best.values()):.1f} possible. "
        f"The distance from A to P(B) is {distance[5]:.1f} ({distance[0]:.1f} before any swap). "
        "The largest change of any output is "
    )
    slider.k = 0
    assert "The largest change of any output is 0, of outputs up to" in slider.alt


def test_bundle_has_a_small_picture_of_the_present_state(slider):
    bundle, metadata = slider._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": slider.alt}
    slider.k = 5
    assert slider.picture() != picture


def test_the_picture_draws_the_present_matrix_and_line(slider):
    slider.k, slider.group = 5, "fc2"
    matrix, loss, accuracy = slider.figure().axes[:3]
    assert matrix.get_title(loc="left") == "Correlation in fc2"
    drawn = {line.get_label(): line.get_ydata() for line in loss.lines}
    assert drawn["now"] == pytest.approx(curves(slider)[5, 0], rel=1e-5)
    assert drawn["before any swap"] == pytest.approx(curves(slider)[0, 0], rel=1e-5)
    assert accuracy.lines[1].get_ydata() == pytest.approx(curves(slider)[5, 1])


def test_picture_leaves_no_pyplot_figure_open(slider):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    slider.picture()
    assert plt.get_fignums() == before


def test_exported_page_needs_no_network_and_knows_that_it_has_no_kernel(slider, tmp_path):
    page = slider.export_html(tmp_path / "slider.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>\\)]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert slider.state()["_live"] is False and slider._live is True
    assert f'alt="{slider.alt}"' in page and "<title>PermutationSlider" in page


# ---------------------------------------------------------------- what is refused


def test_a_refused_setting_changes_nothing(slider):
    rule = "each of swaps_by_hand must be (group, place, place)"
    for name, bad, sentence in [
        ("k", 6, "k must be a whole number of swaps from 0 to 5, got 6."),
        ("k", -1, "k must be a whole number of swaps from 0 to 5, got -1."),
        ("k", True, "k must be a whole number of swaps from 0 to 5, got True."),
        ("group", "fc9", "group must be one of 'fc1', 'fc2', got 'fc9'."),
        ("swaps_by_hand", [("fc1", 0)], f"{rule}, got ('fc1', 0)."),
        ("swaps_by_hand", ["fc1"], f"{rule}, got 'fc1'."),
        ("swaps_by_hand", [("fc9", 0, 1)], "each group of swaps_by_hand must be one of 'fc1', 'fc2', got 'fc9'."),
        ("swaps_by_hand", [("fc1", 2, 2)], f"{rule} with two different places from 0 to 5, got ('fc1', 2, 2)."),
        ("swaps_by_hand", [("fc2", 0, 5)], f"{rule} with two different places from 0 to 4, got ('fc2', 0, 5)."),
        ("swaps_by_hand", [("fc2", 0, 1.5)], f"{rule} with two different places from 0 to 4, got ('fc2', 0, 1.5)."),
    ]:
        before = getattr(slider, name)
        with pytest.raises(ValueError) as caught:
            setattr(slider, name, bad)
        assert str(caught.value) == sentence and getattr(slider, name) == before


SMALL = data.load("digits").subset(20)
SPACE, OTHER = WeightSpace(models.mlp(64, 6, 5, 10)), WeightSpace(models.mlp(64, 4, 10))
A, B = SPACE.init(0), SPACE.init(1)
NAN = torch.where(torch.arange(SPACE.size) < 2, torch.nan, A)
BAD = [
    ({"space": 1}, TypeError, "space must be a WeightSpace, got int."),
    ({"dataset": 1}, TypeError, "dataset must be a toolkit.Dataset, got int."),
    ({"symmetry": 1}, TypeError, "symmetry must come from toolkit.trace, got int."),
    (
        {"symmetry": trace(OTHER, SMALL.train_x[:4])},
        ValueError,
        "symmetry must be that of space, got that of another space.",
    ),
    ({"a": OTHER.init(0)}, ValueError, "a must be a network [485], got shape [310]."),
    ({"b": torch.zeros(2, 3)}, ValueError, "b must be a network [485], got shape [2, 3]."),
    ({"b": [1.0]}, TypeError, "b must be a tensor, got list."),
    ({"a": NAN}, ValueError, "a must be finite, got 2 NaN or infinite values."),
    ({"b": NAN}, ValueError, "b must be finite, got 2 NaN or infinite values."),
    ({"perms": 3}, TypeError, "perms must map groups to permutations, got int."),
    ({"perms": {"fc9": [0]}}, ValueError, "each group of perms must be one of 'fc1', 'fc2', got 'fc9'."),
    ({"perms": {"fc2": [0, 1]}}, ValueError, "perms['fc2'] must hold each of 0 to 4 once, got [0, 1] of shape [2]."),
    (
        {"perms": {"fc2": [0, 1, 2, 3, 3]}},
        ValueError,
        "perms['fc2'] must hold each of 0 to 4 once, got [0, 1, 2, 3, 3] of shape [5].",
    ),
    ({"points": 1}, ValueError, "points must be a whole number of at least 2, got 1."),
    ({"measured": 1}, ValueError, "measured must be a whole number of at least 2, got 1."),
    ({"perms": {}, "start": 1}, ValueError, "start must be a whole number of swaps from 0 to 0, got 1."),
    ({"perms": {}, "start": "0"}, ValueError, "start must be a whole number of swaps from 0 to 0, got '0'."),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), BAD, ids=[s for *_, s in BAD])
def test_bad_input_gets_one_sentence(changes, kind, sentence):
    given = {"space": SPACE, "a": A, "b": B, "dataset": SMALL, "points": 2} | changes
    with pytest.raises(kind) as caught:
        PermutationSlider(**given)
    assert str(caught.value) == sentence


def test_a_network_without_hidden_units_is_refused():
    space = WeightSpace(models.mlp(64, 10))
    with pytest.raises(
        ValueError, match="^space must have hidden units that can be renumbered, got a network without.$"
    ):
        PermutationSlider(space, space.init(0), space.init(1), SMALL)
