"""The ReconnectDial's Python side: what is measured, sent and refused, and what is shown without a kernel."""

import base64
import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from toolkit import WeightSpace, data, evaluate, models
from toolkit.reconnect import moves, partway, start
from toolkit.widgets import ReconnectDial
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.reconnect_data import NEVER, STEPS
from toolkit.widgets.reconnect_measuring import LIMIT
from toolkit.widgets.reconnect_words import number

FIRST, SECOND = "fc1.weight", "fc2.weight"
RUNS = {
    "period": [1, 20, 600],
    "epoch": [1, 2, 5],
    "before": [[0.5, 0.6, 0.7], [0.8, 0.9, 0.97], [0.8, 0.9, 0.98]],
    "after": [[0.4, 0.5, 0.7], [0.75, 0.85, 0.95], [0.2, 0.4, 0.6]],
    "note": "other entries are left alone",
}


def shuffled(space, before, seed: int, share: float = 0.5):
    """The values of some rows in another order, as any training by reconnecting would leave them."""
    after, generator = before.clone(), torch.Generator().manual_seed(seed)
    for slot in space.layout:
        if len(slot.shape) > 1:
            rows = after[slot.start : slot.stop].view(slot.shape[0], -1)
            for row in rows:
                some = torch.randperm(rows.shape[1], generator=generator)[: max(2, int(share * rows.shape[1]))]
                row[some] = row[some.roll(1)] if share < 1 else row[torch.randperm(len(row), generator=generator)]
    return after


@pytest.fixture(scope="module")
def pair():
    """A small network with its rows in two orders; whole rows are permuted, in cycles of many lengths."""
    space = WeightSpace(models.mlp(64, 6, 10))
    before = start(space, seed=0)
    after = shuffled(space, before, seed=1, share=1)
    return SimpleNamespace(space=space, before=before, after=after, dataset=data.load("digits").subset(60))


def make(pair, **more) -> ReconnectDial:
    return ReconnectDial(pair.space, pair.before, pair.after, pair.dataset, **more)


@pytest.fixture
def dial(pair):
    return make(pair, runs=RUNS)


def sent(dial, name: str, kind) -> list[np.ndarray]:
    """What is sent of each layer [rows, n]."""
    layers = dial._spec["layers"]
    ends = np.cumsum([layer["rows"] * layer["n"] for layer in layers])
    flat = np.frombuffer(getattr(dial, name), kind)
    assert len(flat) == ends[-1]
    parts = np.split(flat, ends[:-1])
    return [part.reshape(layer["rows"], layer["n"]) for part, layer in zip(parts, layers, strict=True)]


# ---------------------------------------------------------------- what is measured


def test_the_dial_goes_from_the_start_to_the_trained_network(pair, dial):
    assert dial.position == 0 and torch.equal(dial.network, pair.before)
    dial.position = 1
    assert torch.equal(dial.network, pair.after)
    dial.network.zero_()
    assert torch.equal(dial.network, pair.after)  # what is handed out is a copy


def test_every_stop_is_the_network_of_partway(pair, dial):
    stops = [i / STEPS for i in range(STEPS + 1)]
    expected = partway(pair.space, pair.before, pair.after, stops)
    for stop, theta in zip(stops, expected, strict=True):
        dial.position = stop
        assert torch.equal(dial.network, theta)
    found = evaluate(pair.space, expected, pair.dataset, ["test_loss", "test_accuracy"])
    curves = np.frombuffer(dial._curves, np.float64).reshape(2, STEPS + 1)
    assert curves[0] == pytest.approx(found["test_loss"]) and curves[1] == pytest.approx(found["test_accuracy"])


def test_bytes_hold_the_start_the_goals_and_when_each_value_moves(pair, dial):
    """Rebuilt from the bytes alone, every stop is the network of `partway`, weight for weight."""
    before, to, step = sent(dial, "_before", np.float32), sent(dial, "_to", np.uint16), sent(dial, "_step", np.uint8)
    for i, one in enumerate(moves(pair.space, pair.before, pair.after)):
        assert dial._spec["layers"][i]["name"] == one.name and np.array_equal(to[i], one.to.numpy())
        assert np.array_equal(step[i] == NEVER, one.to.numpy() == np.arange(one.to.shape[1]))
        assert step[i].min() >= 1 and step[i][step[i] < NEVER].max() <= STEPS
    for at in (0, 1, 7, 20, 33, STEPS):
        dial.position = at / STEPS
        weights = pair.space.unflatten(dial.network)
        for i, name in enumerate([FIRST, SECOND]):
            rebuilt = before[i].copy()
            for r, c in zip(*np.nonzero(step[i] <= at), strict=True):
                rebuilt[r, to[i][r, c]] = before[i][r, c]
            assert np.array_equal(rebuilt, weights[name].numpy())
            layer = dial._data.layers[i]
            assert np.array_equal(layer.now(at), rebuilt)
            assert np.array_equal(np.take_along_axis(layer.before, layer.origins(at), 1), rebuilt)


def test_equal_values_that_could_stay_do_not_move():
    space = WeightSpace(nn.Sequential(nn.Flatten(), nn.Linear(64, 10, bias=False)))
    before = start(space, 0, "sign")
    after = shuffled(space, before, seed=2, share=1)
    dial = ReconnectDial(space, before, after, data.load("digits").subset(40))
    assert dial._data.moved(STEPS) == int((before != after).sum())
    dial.position = 0.5
    now = np.concatenate([layer.now(20).ravel() for layer in dial._data.layers])
    assert np.array_equal(now, dial.network.numpy())


def test_the_sorted_row_is_the_same_at_every_position(dial):
    layer = dial._data.layers[0]
    for at in range(STEPS + 1):
        assert np.array_equal(np.sort(layer.now(at), 1), np.sort(layer.before, 1))


def test_nothing_to_move_is_no_fault(pair):
    dial = ReconnectDial(pair.space, pair.before, pair.before, pair.dataset)
    dial.position = 0.5
    assert repr(dial) == "ReconnectDial(0 of 444 values move, position=0.5, layer='fc1.weight')"
    assert "0 of the 0 values that move have moved (444 stay)" in dial.alt
    assert "stays at column" in dial.alt and dial.picture().startswith(b"\x89PNG")


def test_biases_that_differ_are_noted(pair):
    after = pair.after.clone()
    assert make(pair)._spec["vectors"] is False
    after[~pair.space.matrices()] += 1
    dial = ReconnectDial(pair.space, pair.before, after, pair.dataset)
    assert dial._spec["vectors"] is True and dial._data.moved(STEPS) == make(pair)._data.moved(STEPS)


def test_rows_that_are_images_are_shown_as_such(pair, dial):
    assert [layer["image"] for layer in dial._spec["layers"]] == [[8, 8], None]
    hidden = WeightSpace(models.mlp(64, 64, 10))  # a layer of 64 inputs that are no pixels
    before = start(hidden, 0)
    dial = ReconnectDial(hidden, before, before, pair.dataset)
    assert [layer["image"] for layer in dial._spec["layers"]] == [[8, 8], None]


def test_filters_and_norms(pair):
    space = WeightSpace(models.cnn())
    before = start(space, 0)
    after = shuffled(space, before, seed=3, share=1)
    dial = ReconnectDial(space, before, after, pair.dataset)
    first = dial._spec["layers"][0]
    assert first["image"] == [3, 3] and first["n"] == 9
    assert dial._spec["layers"][1]["image"] is None
    dial.position = 1
    assert torch.equal(dial.network, after) and dial.picture().startswith(b"\x89PNG")


def test_inputs_that_are_no_pictures(pair):
    x, y = torch.randn(40, 7, generator=torch.Generator().manual_seed(0)), torch.arange(40) % 3
    space = WeightSpace(nn.Linear(7, 3))
    before = start(space, 0)
    dial = ReconnectDial(space, before, shuffled(space, before, 1), data.Dataset.from_tensors(x, y, x, y))
    assert dial._spec["layers"][0]["image"] is None and dial.picture().startswith(b"\x89PNG")


# ---------------------------------------------------------------- moving


def test_a_position_goes_to_the_nearest_stop(dial):
    for given, stop in [(0.51, 0.5), (1, 1.0), (0.012, 0.0), (0.0126, 0.025), (0.5, 0.5)]:
        dial.position = given
        assert dial.position == stop and isinstance(dial.position, float)


def test_traits_can_be_set_read_and_observed(dial):
    seen = []
    dial.observe(lambda change: seen.append((change["name"], change["new"])), ["position", "k"])
    dial.set_state({"position": 0.25, "k": 600, "layer": SECOND, "neuron": 9, "column": 5})  # from the browser
    assert seen == [("position", 0.25), ("k", 600)]
    assert (dial.layer, dial.neuron, dial.column) == (SECOND, 9, 5)


def test_a_smaller_layer_keeps_row_and_column_inside(dial):
    dial.column = 60
    dial.layer, dial.neuron = SECOND, 9
    assert (dial.neuron, dial.column) == (9, 5)
    dial.layer = FIRST
    assert (dial.neuron, dial.column) == (5, 5)


def test_it_begins_at_a_weight_that_moves_and_the_best_k(pair, dial):
    layer = dial._data.layers[0]
    moving = np.flatnonzero(layer.step[0] <= STEPS)
    assert dial.column == moving[np.abs(layer.before[0, moving]).argmax()]
    assert dial.k == 20 and make(pair).k is None
    assert make(pair, layer=SECOND).layer == SECOND


# ---------------------------------------------------------------- where no widget can run


def test_the_words_say_what_is_shown(pair, dial):
    dial.position, dial.neuron, dial.column = 0.5, 2, 7
    curves = np.frombuffer(dial._curves, np.float64).reshape(2, STEPS + 1)
    step = np.concatenate([part.ravel() for part in sent(dial, "_step", np.uint8)])
    done, whole = int((step <= 20).sum()), int((step < NEVER).sum())
    assert dial.alt.startswith(
        f"Moving values from the start's arrangement to the trained one, cycle by cycle: 50 % of the way, {done} of "
        f"the {whole} values that move have moved ({len(step) - whole} stay). Test accuracy is "
        f"{100 * curves[1, 20]:.1f} % ({100 * curves[1, 0]:.1f} % at the start, {100 * curves[1, -1]:.1f} % trained), "
        f"test loss {curves[0, 20]:.2f} nats. In fc1.weight, row 2: the value "
    )
    assert dial.alt.endswith(
        "Sorted, row 2 is the same at every position. Trained with k = 20, the free weights end at 97.0 %, the "
        "synchronised ones at 95.0 %: the last synchronisation costs 2.0 points."
    )
    dial.k = 1
    assert dial.alt.endswith("the last synchronisation costs nothing.")
    assert "Trained with" not in make(pair).alt


def test_the_way_of_a_value_in_words(pair):
    """One value of row 0 is followed by hand: from column 1 by way of nothing to column 3."""
    after = pair.before.clone()
    after[[3, 1]] = pair.before[[1, 3]]
    dial = ReconnectDial(pair.space, pair.before, after, pair.dataset)
    value = number(pair.before[1].item())
    assert dial._data.moved(STEPS) == 2
    dial.column = 1
    assert f"row 0: the value {value} still stands at column 1 and goes to 3 at 100 %." in dial.alt
    dial.position, dial.column = 1, 3
    assert f"row 0: the value {value} went from column 1 to 3." in dial.alt
    dial.column = 2
    assert "stays at column 2 all the way." in dial.alt


def test_bundle_has_a_small_picture_of_the_present_state(dial):
    bundle, metadata = dial._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": dial.alt}
    dial.position = 1
    assert dial.picture() != picture


def test_the_picture_draws_the_present_weights_and_curves(dial):
    dial.position, dial.neuron, dial.column = 0.5, 3, 9
    axes = {a.get_title(loc="left"): a for a in dial.figure().axes}
    assert np.array_equal(axes[FIRST].images[0].get_array(), dial._data.layers[0].now(20))
    assert axes["Test accuracy"].lines[-1].get_xydata().ravel() == pytest.approx([20, dial._data.accuracy[20]])
    profile = axes["Row 3, sorted"].lines
    assert np.array_equal(profile[0].get_ydata(), profile[1].get_ydata())
    assert axes["Runs with k = 20"].lines[-1].get_ydata() == pytest.approx(RUNS["after"][1])
    assert axes["Runs with k = 20"].lines[-2].get_ydata() == pytest.approx(RUNS["before"][1])


def test_a_large_net_works_and_its_picture_stays_small(pair):
    space = WeightSpace(models.mlp(64, 256, 128, 10))
    before = start(space, 0)
    dial = ReconnectDial(space, before, shuffled(space, before, 1, share=1), pair.dataset, runs=RUNS)
    dial.position, dial.neuron = 0.5, 200
    assert len(dial.picture()) <= PICTURE_LIMIT
    axes = dial.figure().axes[0]
    assert axes.get_title(loc="left") == "fc1.weight, rows 192 to 239"
    assert np.array_equal(axes.images[0].get_array(), dial._data.layers[0].now(20)[192:240])
    dial.layer = SECOND
    assert len(dial.picture()) <= PICTURE_LIMIT


def test_picture_leaves_no_pyplot_figure_open(dial):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    dial.picture()
    assert plt.get_fignums() == before


def test_exported_page_needs_no_network(dial, tmp_path):
    page = dial.export_html(tmp_path / "dial.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>\\)]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert "<title>ReconnectDial" in page and "alt=" in page


# ---------------------------------------------------------------- what is refused


def test_a_refused_setting_changes_nothing(dial):
    for name, bad, sentence in [
        ("position", 1.1, "position must be a number in [0, 1], got 1.1."),
        ("position", True, "position must be a number in [0, 1], got True."),
        ("position", None, "position must be a number in [0, 1], got None."),
        ("position", "half", "position must be a number in [0, 1], got 'half'."),
        ("layer", "fc9", "layer must be one of 'fc1.weight', 'fc2.weight', got 'fc9'."),
        ("neuron", 6, "neuron must be a whole number from 0 to 5 for 'fc1.weight', got 6."),
        ("neuron", 1.0, "neuron must be a whole number from 0 to 5 for 'fc1.weight', got 1.0."),
        ("neuron", None, "neuron must be a whole number from 0 to 5 for 'fc1.weight', got None."),
        ("column", -1, "column must be a whole number from 0 to 63 for 'fc1.weight', got -1."),
        ("k", 3, "k must be one of 1, 20, 600, got 3."),
        ("k", None, "k must be one of 1, 20, 600, got None."),
    ]:
        before = getattr(dial, name)
        with pytest.raises(ValueError) as caught:
            setattr(dial, name, bad)
        assert str(caught.value) == sentence and getattr(dial, name) == before


def test_k_needs_runs(pair):
    dial = make(pair)
    with pytest.raises(ValueError, match=r"^k must be None without runs=, got 20\.$"):
        dial.k = 20


def without(key: str) -> dict:
    return {name: value for name, value in RUNS.items() if name != key}


SMALL = data.load("digits").subset(20)
SPACE = WeightSpace(models.mlp(64, 4, 10))
BEFORE = start(SPACE, 0)
NAN = torch.where(torch.arange(SPACE.size) < 2, torch.nan, BEFORE)
KEYS = "'period', 'epoch', 'before', 'after'"
WHOLE = "runs['period'] must be whole numbers of at least 1, rising, at least one"
BAD = [
    ({"space": 1}, TypeError, "space must be a WeightSpace, got int."),
    ({"dataset": 1}, TypeError, "dataset must be a toolkit.Dataset, got int."),
    ({"before": [1.0]}, TypeError, "before must be a tensor, got list."),
    ({"before": torch.zeros(3)}, ValueError, "before must be a network [310], got shape [3]."),
    ({"after": BEFORE[None]}, ValueError, "after must be a network [310], got shape [1, 310]."),
    ({"after": NAN}, ValueError, "after must be finite, got 2 NaN or infinite values."),
    (
        {"after": 2 * BEFORE},
        ValueError,
        "after must hold the values of before, row by row, and 'fc1.weight' does not.",
    ),
    ({"layer": "fc3"}, ValueError, "layer must be one of 'fc1.weight', 'fc2.weight', got 'fc3'."),
    ({"runs": [1]}, TypeError, f"runs must be a mapping with {KEYS}, got list."),
    ({"runs": without("after")}, ValueError, f"runs must have {KEYS}, got a mapping without 'after'."),
    ({"runs": {**RUNS, "period": 20}}, TypeError, "runs['period'] must be a list, got 20."),
    ({"runs": {**RUNS, "period": [0, 1, 2]}}, ValueError, f"{WHOLE}, got [0, 1, 2]."),
    ({"runs": {**RUNS, "period": [5, 1, 2]}}, ValueError, f"{WHOLE}, got [5, 1, 2]."),
    ({"runs": {**RUNS, "period": []}}, ValueError, f"{WHOLE}, got []."),
    (
        {"runs": {**RUNS, "epoch": [1, 1, 2]}},
        ValueError,
        "runs['epoch'] must be numbers of at least 0, rising, at least one, got [1, 1, 2].",
    ),
    (
        {"runs": {**RUNS, "before": RUNS["before"][:2]}},
        ValueError,
        "runs['before'] must have 3 entries, one for each period, got 2.",
    ),
    (
        {"runs": {**RUNS, "after": [[0.1, 0.2, 0.3], [0.1], [0.1]]}},
        ValueError,
        "runs['after'][1] must have 3 entries, one for each epoch, got 1.",
    ),
    (
        {"runs": {**RUNS, "after": [[0.1, 0.2, 95.0]] * 3}},
        ValueError,
        "runs['after'][0][2] must be a number in [0, 1], got 95.0.",
    ),
]


@pytest.mark.parametrize(("changes", "kind", "sentence"), BAD, ids=[s for *_, s in BAD])
def test_bad_input_gets_one_sentence(changes, kind, sentence):
    given = {"space": SPACE, "before": BEFORE, "after": BEFORE, "dataset": SMALL} | changes
    with pytest.raises(kind) as caught:
        ReconnectDial(**given)
    assert str(caught.value) == sentence


def test_a_net_too_large_or_without_matrices_is_refused():
    large = WeightSpace(models.mlp(64, 1000, 10))
    theta = start(large, 0)
    sentence = f"^space must hold at most {LIMIT} weights in matrices to draw them one by one, got 74000.$"
    with pytest.raises(ValueError, match=sentence):
        ReconnectDial(large, theta, theta, SMALL)

    class Shift(nn.Module):
        def __init__(self):
            super().__init__()
            self.shift = nn.Parameter(torch.zeros(10))

        def forward(self, x):
            return self.shift.expand(len(x), -1)

    space = WeightSpace(Shift())
    with pytest.raises(ValueError, match="^space must hold matrices whose values can move, got only vectors.$"):
        ReconnectDial(space, torch.zeros(10), torch.zeros(10), SMALL)
