"""The race of late-phase training against its controls: who counts what, and the specification's honest control."""

import pytest
import torch

from toolkit.quadratic import NoisyQuadratic
from toolkit.quadratic_curves import late_phase_moments, losses, sgd_moments, swa_moments
from toolkit.quadratic_race import race

ONE_OVER_I = 1 / torch.arange(1, 51).double()
SPREAD = 100.0 ** (-torch.arange(20).double() / 19)
PROBLEM, START = NoisyQuadratic(SPREAD, SPREAD.sqrt()), torch.full((20,), 3.0).double()


def run(**changes):
    return race(
        **{"problem": PROBLEM, "start": START, "lr": 0.5, "budget": 200, "release": 100, "members": 10} | changes
    )


def test_the_honest_control_of_the_specification():
    """Expected values against those found there by simulation: d = 50, h = 1 / i, C = H, 3000 + 3000 minibatches."""
    problem = NoisyQuadratic(ONE_OVER_I, ONE_OVER_I.sqrt())
    found = race(problem, torch.ones(50).double(), 0.5, 6000, 3000, members=10)
    measured = {"sgd": 0.645, "average": 0.061, "member": 0.32, "slow": 0.058, "swa": 0.0081}
    for name, loss in measured.items():
        assert found[name].final == pytest.approx(loss, rel=0.04), name
    assert found["swa"].final < found["slow"].final < found["average"].final < found["member"].final
    assert {curve.cost for name, curve in found.items() if name != "runs"} == {6000}


def test_every_curve_is_made_of_its_moments():
    first = sgd_moments(PROBLEM, 0.5, 100, START**2)
    found, fork = run(late_share=0.3), first[-1]
    expected = {
        "sgd": sgd_moments(PROBLEM, 0.5, 200, START**2),
        "slow": sgd_moments(PROBLEM, 0.05, 100, fork),
        "swa": torch.cat([fork[None], swa_moments(PROBLEM, 0.5, 100, fork)]),
        "runs": sgd_moments(PROBLEM, 0.5, 200, START**2, runs=10),
    }
    expected["average"], expected["member"] = late_phase_moments(PROBLEM, 0.35, 0.15, 10, 0.1, 10, fork)
    assert list(found) == ["sgd", "slow", "swa", "average", "member", "runs"]
    for name, moments in expected.items():
        torch.testing.assert_close(found[name].loss, losses(PROBLEM, moments), rtol=1e-9, atol=0)


def test_minibatches_give_late_phase_training_k_times_fewer_rounds_than_outer_steps():
    batches, outer = run(), run(axis="outer steps")
    assert batches["average"].x.tolist() == list(range(100, 201, 10))
    assert outer["average"].x.tolist() == list(range(100, 201))
    torch.testing.assert_close(batches["average"].loss, outer["average"].loss[:11])
    for name in ("sgd", "slow", "swa", "runs"):
        assert torch.equal(batches[name].loss, outer[name].loss) and batches[name].cost == outer[name].cost
    assert (batches["sgd"].cost, batches["runs"].cost) == (200, 2000)
    assert (batches["average"].cost, outer["average"].cost) == (200, 1100)


def test_the_axis_decides_who_wins():
    rank = lambda found: sorted(["sgd", "slow", "swa", "average"], key=lambda name: found[name].final)  # noqa: E731
    assert rank(run(axis="outer steps")) == ["average", "swa", "slow", "sgd"]
    assert rank(run()) == ["swa", "slow", "average", "sgd"]


def test_after_a_long_race_everything_has_settled():
    for gamma in (0.1, 0.3):
        for share in (0.0, 0.5, 1.0):
            found = run(budget=24_000, release=12_000, late_share=share, gamma=gamma, axis="outer steps")
            for name in ("sgd", "slow", "average", "member", "runs", "swa"):
                assert found[name].final == pytest.approx(found[name].settled, rel=1e-6), name


def test_one_member_is_sgd():
    found = run(members=1)
    for name in ("average", "member", "slow"):
        torch.testing.assert_close(found[name].loss, found["sgd"].loss[100:])
    torch.testing.assert_close(found["runs"].loss, found["sgd"].loss)


def test_a_late_phase_that_diverges_is_left_out():
    assert list(run(gamma=1.0)) == ["sgd", "slow", "swa", "runs"]
    assert "average" in run(gamma=1.0, members=5) and "average" in run(gamma=1.0, late_share=1.0)


def test_a_round_that_does_not_fit_the_budget_is_not_run():
    found = run(members=7)
    assert found["average"].x.tolist()[-1] == 198 and found["average"].cost == 198
    assert run(release=195)["average"].x.tolist() == [195]


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"release": 200}, "release must lie below the budget of 200, got 200."),
        ({"release": -1}, "release must be a whole number of at least 0, got -1."),
        ({"budget": 0}, "budget must be a whole number of at least 1, got 0."),
        ({"members": 1.5}, "members must be a whole number of at least 1, got 1.5."),
        ({"late_share": 1.1}, "late_share must be a number in [0, 1], got 1.1."),
        ({"gamma": -1}, "gamma must be a number of at least 0, got -1."),
        ({"axis": "epochs"}, "axis must be one of 'minibatches', 'outer steps', got 'epochs'."),
        ({"start": START[:3]}, "start must have shape [20], got [3]."),
    ],
)
def test_bad_input_gets_one_sentence(changes, sentence):
    with pytest.raises(ValueError) as caught:
        run(**changes)
    assert str(caught.value) == sentence


def test_sgd_that_diverges_is_refused_and_the_direction_named():
    with pytest.raises(ValueError, match=r"^lr must lie between 0 and 2 / max h.*diverges in direction 0 \(h = 1\)\.$"):
        run(lr=2.0)
