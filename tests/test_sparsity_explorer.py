"""The SparsityExplorer's Python side: what is checked, said, sent and refused, and what is shown without a kernel."""

import base64
import re

import numpy as np
import pytest
import torch
from matplotlib.backends.backend_agg import FigureCanvasAgg

from toolkit import WeightSpace, models, sparse
from toolkit.landscape import barrier
from toolkit.widgets import SparsityExplorer
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.sparsity_data import LIMIT, checked
from toolkit.widgets.sparsity_words import points, share, verdict

ROUNDS, POINTS = 3, 5
LAYERS = {"fc1.weight": (6, 64), "fc2.weight": (10, 6)}
SPACE = WeightSpace(models.mlp(64, 6, 10))
WHERE = sparse.prunable(SPACE)
HEIGHTS = {"real digits": [0.01, 0.004, 0.0, 0.0199], "shuffled": [0.01, 0.06, 0.02, 0.31]}


def made_masks(seed: int) -> torch.Tensor:
    """Nested masks [R + 1, D] by magnitude of random numbers; every round takes a fifth."""
    theta = torch.randn(SPACE.size, generator=torch.Generator().manual_seed(seed))
    masks = [torch.ones(SPACE.size, dtype=torch.bool)]
    for _ in range(ROUNDS):
        masks.append(sparse.prune(theta, masks[-1], 0.2, WHERE))
    return torch.stack(masks)


def made_up() -> dict:
    """Two sources; the lines rise by HEIGHTS over a chord that is not level."""
    t, bump = np.linspace(0, 1, POINTS), np.array([0, 0.3, 0.5, 1, 0])
    return {
        name: {
            "masks": made_masks(seed),
            "error": np.stack([0.1 + 0.04 * t + height * bump for height in heights]),
            "accuracy": [0.97, 0.96, 0.95, 0.9 - 0.1 * seed],
            "note": "is left alone",
        }
        for seed, (name, heights) in enumerate(HEIGHTS.items())
    }


@pytest.fixture
def sources():
    return made_up()


@pytest.fixture
def explorer(sources):
    return SparsityExplorer(SPACE, sources)


def everywhere(explorer):
    """Go through all sources and rounds."""
    for name in HEIGHTS:
        for at in range(ROUNDS + 1):
            explorer.source, explorer.round = name, at
            yield name, at


# ---------------------------------------------------------------- traits and values


def test_it_starts_with_the_first_source_unpruned(explorer, sources):
    assert (explorer.source, explorer.round, explorer.layer) == ("real digits", 0, "fc1.weight")
    assert repr(explorer) == "SparsityExplorer(2 sources, source='real digits', round=0, layer='fc1.weight')"
    assert SparsityExplorer(SPACE, sources, layer="fc2.weight").layer == "fc2.weight"


def test_mask_and_barrier_are_those_of_the_present_round(explorer, sources):
    for name, at in everywhere(explorer):
        assert torch.equal(explorer.mask, sources[name]["masks"][at])
        assert explorer.mask.dtype == torch.bool
        assert explorer.barrier == pytest.approx(HEIGHTS[name][at], abs=1e-12)
        assert explorer.barrier == pytest.approx(barrier(sources[name]["error"][at]), abs=1e-12)


def test_the_mask_is_a_copy_and_so_is_what_was_given(explorer, sources):
    explorer.round = 1
    before, height = explorer.mask, explorer.barrier
    explorer.mask[:] = False
    sources["real digits"]["masks"][:] = False
    sources["real digits"]["error"][:] = 0
    assert torch.equal(explorer.mask, before) and explorer.barrier == height


def test_traits_come_from_the_browser_and_can_be_observed(explorer, sources):
    seen = []
    explorer.observe(lambda change: seen.append((change["new"], int(explorer.mask.sum()))), "round")
    explorer.set_state({"round": 2, "layer": "fc2.weight"})
    explorer.set_state({"source": "shuffled"})
    assert seen == [(2, int(sources["real digits"]["masks"][2].sum()))]
    assert (explorer.source, explorer.round, explorer.layer) == ("shuffled", 2, "fc2.weight")


def test_a_refused_setting_changes_nothing(explorer):
    for name, bad, sentence in [
        ("round", 4, "round must be a whole number from 0 to 3, got 4."),
        ("round", -1, "round must be a whole number from 0 to 3, got -1."),
        ("round", 1.0, "round must be a whole number from 0 to 3, got 1.0."),
        ("round", True, "round must be a whole number from 0 to 3, got True."),
        ("source", "IMP", "source must be one of 'real digits', 'shuffled', got 'IMP'."),
        ("layer", "fc3", "layer must be one of 'fc1.weight', 'fc2.weight', got 'fc3'."),
    ]:
        before = getattr(explorer, name)
        with pytest.raises(ValueError) as caught:
            setattr(explorer, name, bad)
        assert str(caught.value) == sentence and getattr(explorer, name) == before


# ---------------------------------------------------------------- what is sent


def test_one_byte_a_weight_says_how_many_rounds_it_survives(explorer, sources):
    sent = np.frombuffer(explorer._lived, np.uint8).reshape(2, -1)
    assert sent.shape[1] == int(WHERE.sum()) == 444  # biases are not sent
    for lived, given in zip(sent, sources.values(), strict=True):
        for at, mask in enumerate(given["masks"]):
            assert np.array_equal(lived >= at, mask[WHERE].numpy())


def test_curves_barriers_and_layers_are_sent(explorer, sources):
    error = np.frombuffer(explorer._error).reshape(2, ROUNDS + 1, POINTS)
    assert np.array_equal(error, [given["error"] for given in sources.values()])
    assert np.frombuffer(explorer._barriers).reshape(2, -1) == pytest.approx(np.array(list(HEIGHTS.values())))
    assert [(one["name"], one["rows"], one["n"], one["side"]) for one in explorer._spec["layers"]] == [
        ("fc1.weight", 6, 64, 8),
        ("fc2.weight", 10, 6, None),
    ]
    peaks = [[one["peak"] for one in source["rounds"]] for source in explorer._spec["sources"]]
    assert {peak for row in peaks for peak in row} <= {0, 3} and peaks[1] == [3] * 4  # all bumps are highest there


def test_every_round_is_sent_with_its_own_counts(explorer, sources):
    for source, given in zip(explorer._spec["sources"], sources.values(), strict=True):
        masks = [SPACE.unflatten(mask) for mask in given["masks"]]
        for at, said in enumerate(source["rounds"]):
            left = [int(masks[at][name].sum()) for name in LAYERS]
            fell = [int((masks[max(0, at - 1)][name] & ~masks[at][name]).sum()) for name in LAYERS]
            total = [*left, sum(left)]
            sizes = [384, 60, 444]
            assert [text.split(" alive, ")[1] for text in said["density"]] == [
                f"{n} of {size}" for n, size in zip(total, sizes, strict=True)
            ]
            assert [text.split(" alive")[0] for text in said["density"]] == [
                f"{100 * n / size:.0f} %" for n, size in zip(total, sizes, strict=True)
            ]
            assert said["fell"] == [f"{n} fell in this round" if at else "nothing has fallen yet" for n in fell]
            assert said["overall"] == f"{sum(left)} of 444 weights left ({100 - 100 * sum(left) / 444:.0f} % pruned)"
    assert [one["overall"].split()[0] for one in source["rounds"]] == ["444", "355", "284", "227"]  # n - round(n / 5)


def test_arrays_lists_and_tensors_are_the_same(explorer, sources):
    other = {
        name: {
            "masks": given["masks"].numpy(),
            "error": given["error"].tolist(),
            "accuracy": torch.tensor(given["accuracy"], dtype=torch.float64),
        }
        for name, given in sources.items()
    }
    assert SparsityExplorer(SPACE, other).state() == explorer.state()


def test_tickets_fit_and_convolutions_are_rows_of_filters():
    space = WeightSpace(models.cnn(width=3))
    theta = space.init(0)
    mask = sparse.prune(theta, torch.ones_like(theta, dtype=torch.bool), 0.5, sparse.prunable(space))
    given = {"masks": torch.stack([torch.ones_like(mask), mask]), "error": np.zeros((2, 3)), "accuracy": [1, 0]}
    explorer = SparsityExplorer(space, {"untrained": given})
    explorer.round = 1
    shapes = {slot.name: (slot.shape[0], slot.shape[1:].numel()) for slot in space.layout if len(slot.shape) > 1}
    assert {one["name"]: (one["rows"], one["n"]) for one in explorer._spec["layers"]} == shapes
    assert all(one["side"] is None for one in explorer._spec["layers"])  # a filter's window is no image
    said = dict(zip(shapes, explorer._spec["sources"][0]["rounds"][1]["density"], strict=False))
    densities = sparse.density(space, mask)
    assert list(densities) == list(shapes)
    for name, text in said.items():
        left, size = (int(part.replace(",", "")) for part in text.split("alive, ")[1].split(" of "))
        assert left / size == pytest.approx(densities[name])
    assert torch.equal(explorer.mask, mask) and explorer.picture().startswith(b"\x89PNG")


# ---------------------------------------------------------------- what is said


def test_words_of_a_round(explorer):
    explorer.source, explorer.round = "shuffled", 2
    left = int(explorer.mask[WHERE].sum())
    assert left == 284
    alt = explorer.alt
    assert alt.startswith(
        "Masks from shuffled. Round 2 of 3: 284 of 444 weights left (36 % pruned); 71 fell in this round. "
        "Siblings under this mask: barrier 2.0 points: unstable; test accuracy 95.0 % (unpruned 97.0 %). "
        "layer 1 (fc1.weight): "
    )
    assert "real digits 1.0, 0.4, 0.0, 1.99; shuffled 1.0, 6.0, 2.0, 31.0." in alt
    assert "above the straight line between its two ends" in alt and "Below 2 points counts as stable" in alt


def test_the_verdict_turns_at_two_points_and_the_number_never_contradicts_it():
    for height in np.linspace(0, 0.05, 997):
        number = float(re.search(r"barrier (\S+) points", verdict(height))[1])
        assert (number < 2) == (height < 0.02) == verdict(height).endswith(": stable")
        assert number == pytest.approx(100 * height, abs=0.0501)
    assert verdict(0.02) == "barrier 2.0 points: unstable" and points(0.01999) == "1.99"
    rounded = barrier(1 - np.array([0.999, 0.979, 0.999], np.float32))
    assert rounded != 0.02 and verdict(rounded) == "barrier 2.0 points: unstable"


def test_shares_keep_none_and_all_for_none_and_all():
    assert [share(n, 3000) for n in (0, 1, 29, 30, 1500, 2970, 2999, 3000)] == [
        "0 %", "0.1 %", "1.0 %", "1 %", "50 %", "99 %", "99.9 %", "100 %",
    ]  # fmt: skip


def test_a_layer_that_has_lost_everything_is_named(sources):
    masks = sources["shuffled"]["masks"]
    fc2 = next(slot for slot in SPACE.layout if slot.name == "fc2.weight")
    masks[3, fc2.start : fc2.stop] = False
    explorer = SparsityExplorer(SPACE, sources)
    explorer.source, explorer.round = "shuffled", 3
    assert "Nothing passes through fc2.weight any more." in explorer.alt
    assert "(fc2.weight): 0 % alive, 0 of 60" in explorer.alt
    explorer.round = 2
    assert "Nothing passes" not in explorer.alt


def test_pixels_are_counted_over_neurons(sources):
    data = checked(SPACE, sources)
    for name, given in sources.items():
        for at, mask in enumerate(given["masks"]):
            expected = SPACE.unflatten(mask)["fc1.weight"].sum(0)
            assert np.array_equal(data.sources[name].looking(at, data.layers[0]), expected)


# ---------------------------------------------------------------- without a kernel


def test_the_bundle_has_a_small_picture_with_words(explorer):
    for name, at in everywhere(explorer):
        explorer.layer = list(LAYERS)[at % 2]
        data, metadata = explorer._repr_mimebundle_()
        picture = base64.b64decode(data["image/png"])
        assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
        assert metadata["image/png"]["alt"] == explorer.alt and f"Masks from {name}" in explorer.alt


def test_nothing_in_the_picture_lies_outside_it_or_on_other_words(explorer):
    explorer.source, explorer.round = "shuffled", 3
    figure = explorer.figure()
    FigureCanvasAgg(figure).draw()
    renderer = figure.canvas.get_renderer()
    frame = figure.bbox
    texts = [*figure.texts, *(text for axes in figure.axes for text in (*axes.texts, axes.title, axes._left_title))]
    boxes = [text.get_window_extent(renderer) for text in texts if text.get_text()]
    for box in boxes:
        assert frame.x0 <= box.x0 and box.x1 <= frame.x1 and frame.y0 <= box.y0 and box.y1 <= frame.y1
    for i, one in enumerate(boxes):
        for other in boxes[i + 1 :]:
            assert not one.shrunk(0.98, 0.9).overlaps(other.shrunk(0.98, 0.9))


def test_the_picture_shows_the_mask_with_this_rounds_losses(explorer, sources):
    explorer.source, explorer.round, explorer.layer = "shuffled", 2, "fc2.weight"
    shades = explorer.figure().axes[0].images[0].get_array()
    now, before = (SPACE.unflatten(sources["shuffled"]["masks"][r])["fc2.weight"].numpy() for r in (2, 1))
    kinds = np.where(now, 0, np.where(before, 1, 2))
    assert len(np.unique(kinds)) == 3
    for kind in range(3):
        assert len(np.unique(shades[kinds == kind], axis=0)) == 1
    assert len(np.unique(np.concatenate([shades[kinds == kind][:1] for kind in range(3)]), axis=0)) == 3


def test_the_page_holds_everything(explorer, tmp_path):
    path = explorer.export_html(tmp_path / "sparse.html")
    text = path.read_text(encoding="utf-8")
    assert explorer.alt.split(". ")[0] in text and base64.b64encode(explorer._lived).decode() in text
    with pytest.raises(FileNotFoundError, match="path must lie in an existing folder"):
        explorer.export_html(tmp_path / "nowhere" / "page.html")


# ---------------------------------------------------------------- bad input

FIRST = "sources['real digits']"
MASKS, ERROR = made_masks(0), made_up()["real digits"]["error"]
NESTED, NAN = MASKS.clone(), ERROR.copy()
NESTED[2, MASKS[1].logical_not().nonzero()[0]] = True
NAN[3, 2] = np.nan
BAD = [
    ("masks", MASKS.float(), TypeError, f"{FIRST}['masks'] must be a tensor of True and False, got torch.float32."),
    ("masks", [[True]], TypeError, f"{FIRST}['masks'] must be a tensor of True and False, got list."),
    (
        "masks",
        MASKS[:, :10],
        ValueError,
        f"{FIRST}['masks'] must be [R + 1, 460] with 1 to 255 rounds R, got shape [4, 10].",
    ),
    ("masks", MASKS[0], ValueError, f"{FIRST}['masks'] must be [R + 1, 460] with 1 to 255 rounds R, got shape [460]."),
    (
        "masks",
        MASKS[:1],
        ValueError,
        f"{FIRST}['masks'] must be [R + 1, 460] with 1 to 255 rounds R, got shape [1, 460].",
    ),
    (
        "masks",
        MASKS[1:],
        ValueError,
        f"{FIRST}: masks must be several [R + 1, ...], the first one full, got [3, 460].",
    ),
    ("masks", NESTED, ValueError, f"{FIRST}: masks must be contained in each other, and mask 2 revives."),
    ("error", ERROR[:3], ValueError, f"{FIRST}['error'] must have shape [4, T of at least 3], got [3, 5]."),
    ("error", ERROR[:, :2], ValueError, f"{FIRST}['error'] must have shape [4, T of at least 3], got [4, 2]."),
    ("error", "high", TypeError, f"{FIRST}['error'] must be an array of fractions, got str."),
    ("error", NAN, ValueError, f"{FIRST}['error'] must hold fractions in [0, 1], got nan at [3, 2]."),
    ("accuracy", [0.9] * 3, ValueError, f"{FIRST}['accuracy'] must have shape [4], got [3]."),
    ("accuracy", [0.9, 97, 0.9, 0.9], ValueError, f"{FIRST}['accuracy'] must hold fractions in [0, 1], got 97 at [1]."),
]


@pytest.mark.parametrize(("key", "bad", "kind", "sentence"), BAD, ids=[sentence for *_, sentence in BAD])
def test_a_bad_entry_gets_one_sentence(sources, key, bad, kind, sentence):
    sources["real digits"][key] = bad
    with pytest.raises(kind) as caught:
        SparsityExplorer(SPACE, sources)
    assert str(caught.value) == sentence


def test_all_sources_have_the_same_rounds_and_positions(sources):
    given = sources["shuffled"]
    for changes, sentence in [
        (
            {"masks": given["masks"][:3]},
            "sources['shuffled']['masks'] must hold 4 masks, as the first source, got 3.",
        ),
        ({"error": given["error"][:, :4]}, "sources['shuffled']['error'] must have shape [4, 5], got [4, 4]."),
    ]:
        with pytest.raises(ValueError) as caught:
            SparsityExplorer(SPACE, {**sources, "shuffled": {**given, **changes}})
        assert str(caught.value) == sentence


def test_bad_arguments_get_one_sentence(sources):
    one = sources["real digits"]
    keys = "'masks', 'error', 'accuracy'"
    without = {key: value for key, value in one.items() if key != "error"}
    for given, kind, sentence in [
        ({"space": 1}, TypeError, "space must be a WeightSpace, got int."),
        ({"sources": [one]}, TypeError, "sources must map names to mappings with masks, got list."),
        ({"sources": {}}, ValueError, "sources must hold 1 to 8 kinds of masks, got 0."),
        (
            {"sources": {str(i): one for i in range(9)}},
            ValueError,
            "sources must hold 1 to 8 kinds of masks, got 9.",
        ),
        ({"sources": {" ": one}}, ValueError, "each name in sources must be a text, got ' '."),
        ({"sources": {3: one}}, ValueError, "each name in sources must be a text, got 3."),
        ({"sources": {"a": MASKS}}, TypeError, f"sources['a'] must be a mapping with {keys}, got Tensor."),
        ({"sources": {"a": without}}, ValueError, f"sources['a'] must have {keys}, got a mapping without 'error'."),
        ({"layer": "fc9"}, ValueError, "layer must be one of 'fc1.weight', 'fc2.weight', got 'fc9'."),
    ]:
        with pytest.raises(kind) as caught:
            SparsityExplorer(**{"space": SPACE, "sources": sources} | given)
        assert str(caught.value) == sentence


def test_a_net_too_large_is_refused(sources):
    large = WeightSpace(models.mlp(64, 1000, 10))
    sentence = f"^space must hold 1 to {LIMIT} weights in matrices to draw them one by one, got 74000.$"
    with pytest.raises(ValueError, match=sentence):
        SparsityExplorer(large, sources)
