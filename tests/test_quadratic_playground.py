"""The NoisyQuadraticPlayground's Python side: its settings, the race behind it, its words, its picture and its page."""

import base64
import re

import numpy as np
import pytest
import torch

from toolkit.quadratic import NoisyQuadratic
from toolkit.quadratic_race import race
from toolkit.widgets import NoisyQuadraticPlayground
from toolkit.widgets.base import PICTURE_LIMIT
from toolkit.widgets.quadratic_picture import spread
from toolkit.widgets.quadratic_setting import MEMBERS, verdict


@pytest.fixture
def playground():
    return NoisyQuadraticPlayground()


def texts(playground) -> list[str]:
    (axes,) = playground.figure().axes
    return [text.get_text() for text in axes.texts]


# ---------------------------------------------------------------- the race behind it


def test_the_curves_are_the_race_on_the_quadratic_it_describes(playground):
    playground.condition, playground.late_share, playground.members, playground.start = 50, 0.2, 5, 0.3
    h = torch.logspace(0, -np.log10(50), 20, dtype=torch.double)
    problem, start = NoisyQuadratic(h, h.sqrt()), torch.full((20,), 3.0).double()
    expected = race(problem, start, 0.5, 200, 60, 5, 0.2, 1 / 5, "outer steps")
    assert playground.losses == pytest.approx({name: curve.final for name, curve in expected.items()}, rel=1e-9)
    playground.gamma, playground.axis = "sum", "minibatches"
    expected = race(problem, start, 0.5, 200, 60, 5, 0.2, 1.0, "minibatches")
    assert playground.losses == pytest.approx({name: curve.final for name, curve in expected.items()}, rel=1e-9)
    assert playground.setting.effective == pytest.approx(0.1 + 5 * 0.4)


def test_the_axis_changes_who_wins(playground):
    order = lambda: sorted(["average", "slow", "swa", "sgd"], key=playground.losses.get)  # noqa: E731
    assert order() == ["average", "swa", "slow", "sgd"]
    playground.axis = "minibatches"
    assert order() == ["swa", "slow", "average", "sgd"]


@pytest.mark.parametrize(("start", "release"), [(0, 0), (0.04, 0), (0.05, 20), (0.55, 120), (0.9, 180)])
def test_what_is_left_after_the_release_holds_whole_rounds_of_every_k(playground, start, release):
    playground.start, playground.axis = start, "minibatches"
    assert playground.setting.release == release
    for members in MEMBERS:
        playground.members = members
        assert playground.curves["average"].x[-1] == 200 and playground.curves["average"].cost == 200


def test_directions_that_diverge_are_those_whose_curvature_is_too_large(playground):
    assert playground.setting.diverging == []
    playground.gamma = "sum"
    assert playground.setting.effective == pytest.approx(2.75) and playground.setting.diverging == [0, 1]
    assert 2.75 * 100 ** (-1 / 19) >= 2 > 2.75 * 100 ** (-2 / 19)
    assert set(playground.losses) == {"sgd", "slow", "swa", "runs"}


# ---------------------------------------------------------------- in words


def test_the_verdict_counts_in_outer_steps(playground):
    said = " ".join(verdict(playground.setting))
    assert said.strip() == (
        "Lowest of the single runs after 200 outer steps: late-phase average 0.0847; then SWA 0.104, "
        "SGD at η/10 0.163, SGD 0.692. The late-phase average is 8.2 times below SGD, but took 1100 minibatches "
        "where SGD took 200. "
        "The mean of 10 runs reaches 0.0832 with 2000 minibatches."
    )
    playground.gamma, playground.members = "sum", 5
    assert "is 1.1 times above SGD, and took 600 minibatches where SGD took 200." in verdict(playground.setting)[2]


def test_the_verdict_counts_in_minibatches(playground):
    playground.axis = "minibatches"
    assert verdict(playground.setting) == [
        "",
        "Lowest of the single runs after 200 minibatches: SWA 0.104; then SGD at η/10 0.163, late-phase average 0.170, "
        "SGD 0.692.",
        "The mean of 10 runs reaches 0.0832 with 2000 minibatches.",
    ]


def test_the_verdict_names_directions_that_diverge(playground):
    playground.gamma = "sum"
    for lr, where, sum_ in [
        (0.4, "direction 1 (h = 1)", "0.2 + 10 × 0.2 = 2.2, and 2.2 h"),
        (0.5, "directions 1 and 2 (h = 1 to 0.785)", "0.25 + 10 × 0.25 = 2.75, and 2.75 h"),
        (0.8, "directions 1 to 4 (h = 1 to 0.483)", "0.4 + 10 × 0.4 = 4.4, and 4.4 h"),
    ]:
        playground.lr = lr
        special, ranking, _ = verdict(playground.setting)
        assert special == (
            f"The late phase diverges in {where}: with γ = 1 its effective learning rate is {sum_} is 2 or more there."
        )
        assert "late-phase" not in ranking
        assert "T_0$ = 100: late phase diverges" in " ".join(texts(playground))


def test_one_member_is_sgd_and_the_verdict_says_so(playground):
    playground.members = 1
    assert verdict(playground.setting) == [
        "With K = 1 late-phase training is SGD.",
        "Lowest of the single runs after 200 outer steps: SWA 0.104; then SGD 0.692.",
        "",
    ]


def test_the_words_say_what_is_shown(playground):
    playground.late_share, playground.condition = 0.2, 20
    losses = playground.losses
    assert playground.alt.startswith(
        "Expected loss on a noisy quadratic of condition number 20 over 200 outer steps, with a late phase (K = 10) "
        f"from step 100 on. Learning rate 0.5: 0.4 shared, 0.1 late, the shared gradients as their mean. At the end: "
        f"SGD {losses['sgd']:.3f}, SGD at η/10 {losses['slow']:.3f}, "
    )
    assert playground.alt.endswith(" ".join(filter(None, verdict(playground.setting))))
    assert repr(playground) == (
        "NoisyQuadraticPlayground(condition=20, lr=0.5, late_share=0.2, members=10, gamma='mean', start=0.5, "
        "axis='outer steps', budget=200)"
    )


# ---------------------------------------------------------------- where no widget can run


def test_the_picture_shows_every_curve_with_its_loss_and_its_cost(playground):
    said = texts(playground)
    for name in ("SGD  0.692", "late-phase average  0.0847", "mean of 10 runs  0.0832", "takes 1100 minibatches"):
        assert name in said
    (axes,) = playground.figure().axes
    drawn = [line for line in axes.lines if len(line.get_xdata()) > 50]
    for curve in playground.curves.values():
        assert any(np.array_equal(line.get_ydata(), curve.loss) for line in drawn)
    dotted = {line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"}
    assert {curve.settled for curve in playground.curves.values()} == dotted


def test_bundle_has_a_small_picture_of_the_present_state(playground):
    bundle, metadata = playground._repr_mimebundle_()
    picture = base64.b64decode(bundle["image/png"])
    assert picture.startswith(b"\x89PNG") and len(picture) <= PICTURE_LIMIT
    assert metadata["image/png"] == {"alt": playground.alt}
    changes = {"axis": "minibatches", "members": 20, "lr": 1.2, "start": 0.2, "condition": 1000, "late_share": 1.0}
    for name, value in {**changes, "budget": 2000, "gamma": "sum"}.items():
        if name == "gamma":
            playground.late_share = 0.5
            picture = playground.picture()
        setattr(playground, name, value)
        assert playground.picture() != picture
        picture = playground.picture()
        assert len(picture) <= PICTURE_LIMIT


def test_picture_leaves_no_pyplot_figure_open(playground):
    import matplotlib.pyplot as plt

    before = plt.get_fignums()
    playground.picture()
    assert plt.get_fignums() == before


def test_names_are_moved_apart_and_stay_inside():
    rng = np.random.default_rng(0)
    for _ in range(200):
        wanted = sorted(rng.uniform(0, 1, 6).tolist(), reverse=True)
        costly = rng.integers(0, 2, 6).astype(bool).tolist()
        found, half = spread(wanted, costly), 0.035
        below = [half + 1.4 * half * more for more in costly]
        assert all(a - below[i] >= b + half - 1e-12 for i, (a, b) in enumerate(zip(found, found[1:], strict=False)))
        assert found[-1] - below[-1] >= -1e-12
    assert spread([0.9, 0.5, 0.1], [False] * 3) == [0.9, 0.5, 0.1]


def test_exported_page_needs_no_network(playground, tmp_path):
    page = playground.export_html(tmp_path / "playground.html").read_text(encoding="utf-8")
    assert set(re.findall(r"https?://[^\s\"'<>\\)]+", page)) <= {"http://www.w3.org/2000/svg"}  # a name, never fetched
    assert f'alt="{playground.alt}"' in page and "<title>NoisyQuadraticPlayground" in page


def test_the_widget_carries_no_data(playground):
    assert not any(isinstance(value, bytes) for value in playground.state().values())


# ---------------------------------------------------------------- what is refused

BAD = [
    ("condition", 0.5, "condition must be a number in [1, 1000], got 0.5."),
    ("condition", "10", "condition must be a number in [1, 1000], got '10'."),
    ("lr", 2, "lr must be a number in [0.05, 1.95], got 2."),
    ("lr", float("nan"), "lr must be a number in [0.05, 1.95], got nan."),
    ("late_share", -0.1, "late_share must be a number in [0, 1], got -0.1."),
    ("late_share", True, "late_share must be a number in [0, 1], got True."),
    ("start", 1, "start must be a number in [0, 0.9], got 1."),
    ("members", 3, "members must be one of 1, 2, 5, 10, 20, got 3."),
    ("members", True, "members must be one of 1, 2, 5, 10, 20, got True."),
    ("members", [5], "members must be one of 1, 2, 5, 10, 20, got [5]."),
    ("gamma", 1.0, "gamma must be one of 'mean', 'sum', got 1.0."),
    ("axis", "epochs", "axis must be one of 'minibatches', 'outer steps', got 'epochs'."),
    ("budget", 100, "budget must be one of 200, 2000, got 100."),
]


@pytest.mark.parametrize(("name", "bad", "sentence"), BAD)
def test_a_refused_setting_changes_nothing(playground, name, bad, sentence):
    before = playground.setting
    with pytest.raises(ValueError) as caught:
        setattr(playground, name, bad)
    assert str(caught.value) == sentence and playground.setting == before
    with pytest.raises(ValueError) as caught:
        NoisyQuadraticPlayground(**{name: bad})
    assert str(caught.value) == sentence


def test_whole_numbers_are_fine(playground):
    playground.condition, playground.lr, playground.late_share, playground.start = 10, 1, 1, 0
    assert playground.losses["average"] > 0 and playground.curves["average"].x[0] == 0
