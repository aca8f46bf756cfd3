"""The benchmarks compare like with like: both ways come to the same result. No timing is tested."""

import re
import subprocess
import sys
from math import cos, pi
from pathlib import Path
from unittest import mock

import nbformat
import numpy as np
import pytest
import torch
from bench import late, lessons, lines, matching, memory, plain, reconnect, report, sparse
from bench.profile import Profile, scan_profile
from bench.startup import first_fit_many, importing
from bench.timing import Comparison, Row, cpu_ms
from torch.func import functional_call
from torch.nn.functional import cosine_similarity, cross_entropy

from toolkit import WeightSpace, data, match, models
from toolkit.batches import generator
from toolkit.landscape import hessian_diagonal
from toolkit.quadratic import NoisyQuadratic
from toolkit.reconnect import rows

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize(
    "comparison",
    [
        lines.mlp_scan(points=3),
        lines.batchnorm_scan(points=3),
        lines.batchnorm_scan(points=3, batch_size=1000),
        lines.cnn_scan(points=2),
        lines.cnn_scan(points=2, batch_size=1000),
        lines.point_training("MLP", epochs=1),
        lines.point_training("CNN", epochs=1),
        lines.many_seeds(64, 16, 10, epochs=1, seeds=2),
        late.after_release("K=1", ("batchnorm", "last_layer"), members=1, epochs=1),
        late.noisy_quadratic(d=20, members=4, minibatches=400, repeats=40),
        *(reconnect.row_by_row(network, rounds=1) for network in reconnect.NETWORKS),
        reconnect.sweep(64, 16, 10, epochs=1),
        sparse.tickets(64, 32, 10, rounds=2, inits=2, epochs=1),
        sparse.probes(20, count=35),
        sparse.landscape(size=3),
        sparse.landscape(size=5, batch_size=1000),
        matching.by_activations(examples=60),
        matching.by_weights(16, epochs=1, seeds=2),
    ],
    ids=lambda comparison: comparison.name,
)
def test_both_ways_agree(comparison):
    comparison.check()


def test_statistics_of_whole_batches_leave_no_slack():
    assert lines.batchnorm_scan(points=2, batch_size=1000).tolerance == (1e-5, 2e-3, 1e-5, 2e-3)


def line_coefficients(generator):
    t = torch.rand((), generator=generator)
    return torch.stack([1 - t, t])


def curve_coefficients(generator):
    t = torch.rand((), generator=generator)
    return torch.stack([(1 - t) ** 2, 2 * t * (1 - t), t**2])


def simplex_coefficients(generator):
    draws = torch.empty(4).exponential_(generator=generator)
    return draws / draws.sum()


COEFFICIENTS = {"line": line_coefficients, "curve": curve_coefficients, "simplex of 4": simplex_coefficients}


@pytest.mark.parametrize("kind", lines.SUBSPACES)
@pytest.mark.parametrize("beta", [0.0, 1.0])
def test_subspace_training_is_plain_training_of_its_points(kind, beta):
    dataset, module = data.load("digits"), models.mlp(64, 128, 128, 10)
    space, parameters = WeightSpace(module), dict(module.named_parameters())
    coefficients, n = COEFFICIENTS[kind], lines.SUBSPACES[kind][1]
    points = torch.stack([space.init(seed) for seed in range(n)]).requires_grad_()
    matrices = torch.cat([torch.full((p.numel(),), p.dim() > 1) for p in parameters.values()])
    optimizer = torch.optim.SGD([points], lr=0.1, momentum=0.9, weight_decay=1e-4)
    order, positions, pairs = (generator(0, stream) for stream in (0, 1, 3))
    for step, batch in enumerate(plain._batches(1000, 64, order)):
        optimizer.param_groups[0]["lr"] = 0.1 * (1 + cos(pi * step / 15)) / 2
        optimizer.zero_grad()
        parts = (coefficients(positions) @ points).split([p.numel() for p in parameters.values()])
        weights = {name: part.view(p.shape) for (name, p), part in zip(parameters.items(), parts, strict=True)}
        loss = cross_entropy(functional_call(module, weights, (dataset.train_x[batch],)), dataset.train_y[batch])
        if beta:
            i, j = torch.randperm(n, generator=pairs)[:2].tolist()
            loss = loss + beta * cosine_similarity(points[i][matrices], points[j][matrices], dim=0) ** 2
        loss.backward()
        optimizer.step()
    found = lines.subspace_training(kind, "MLP", epochs=1, beta=beta).ours()
    np.testing.assert_allclose(found, points.detach().numpy(), atol=1e-5)


@pytest.mark.parametrize("network", ["CNN", lines.LARGE])
def test_subspace_training_takes_any_network(network):
    comparison = lines.subspace_training("line", network, epochs=1)
    assert comparison.ours().shape == (2, comparison.plain().size)
    assert comparison.goal == (1.25 if network == "CNN" else 1.1)


def test_large_images_are_trained_on_in_large_batches():
    lines.point_training(lines.LARGE, epochs=1).check()


@pytest.mark.parametrize("name", late.VARIANTS)
def test_released_members_train_on_as_many_minibatches(name):
    comparison = late.after_release(name, *late.VARIANTS[name], epochs=1)
    assert (
        comparison.ours().shape == comparison.plain().shape and len(comparison.name) <= 52 and comparison.goal == 1.15
    )
    assert len(late.noisy_quadratic().name) <= 52


def test_a_plain_run_on_a_quadratic_is_the_simulation_of_the_toolkit():
    h, settings = torch.tensor([1.0, 0.1]), (0.1, 0.2, 3, 0.5, 4)
    averages, ends = plain.late_phase(h, h.sqrt(), *settings, seed=0)
    dice = torch.Generator().manual_seed(0)
    noise = torch.stack([torch.randn(2, generator=dice) for _ in range(12)]).view(4, 3, 1, 2)
    drawn = iter(noise)
    with mock.patch("toolkit.quadratic._noise", lambda like, generator: next(drawn)):
        path, members = NoisyQuadratic(h, h.sqrt()).run_late_phase(*settings, runs=1)
    torch.testing.assert_close((averages, ends), (path[:, 0], members[:, 0]))


@pytest.mark.parametrize("network", reconnect.NETWORKS)
def test_a_synchronisation_is_measured_against_the_steps_before_it(network):
    comparison, space = reconnect.synchronisation(network, rounds=1), WeightSpace(reconnect.NETWORKS[network]())
    before, trained, synced = (
        space.unflatten(torch.from_numpy(way())) for way in (comparison.ours, comparison.plain, comparison.ours)
    )
    for name, w in before.items():
        same = [torch.equal(rows(w).sort().values, rows(then[name]).sort().values) for then in (trained, synced)]
        assert same == [False, w.dim() > 1]
    assert comparison.goal == 0.15 and len(comparison.name) <= 52 and len(reconnect.row_by_row(network).name) <= 52


def test_a_sweep_trains_a_network_for_each_period():
    accuracies = reconnect.sweep(64, 64, 10, epochs=3).ours()
    assert accuracies.shape == (5,) and accuracies.max() > 0.4 and accuracies.std() > 0.02
    assert reconnect.sweep(*reconnect.WIDTHS).goal == 0.6 and len(reconnect.sweep(*reconnect.WIDTHS).name) <= 52


def test_tickets_side_by_side_are_of_different_inits_and_seeds():
    found = sparse.tickets(64, 32, 10, rounds=3, inits=3, epochs=1).ours()
    assert found.shape == (3, 1 + 2) and len(np.unique(found, axis=0)) == 3
    assert found[:, 1:] @ [2048, 320] / 2368 == pytest.approx([1212 / 2368] * 3)  # of 2368 1894, 1515, 1212
    comparison = sparse.tickets(64, 32, 32, 32, 10)
    assert comparison.goal == 0.6 and len(comparison.name) <= 52


def test_probes_are_as_near_to_the_exact_diagonal_as_predicted():
    comparison = sparse.probes(64)
    with mock.patch("bench.sparse.hessian_diagonal", wraps=hessian_diagonal) as asked:
        found = comparison.ours()
    (space, theta, x, y, count), stats = asked.call_args
    exact = hessian_diagonal(space, theta, x, y, None, **stats).diagonal.numpy()
    real = np.linalg.norm(found - exact) / np.linalg.norm(exact)
    predicted = hessian_diagonal(space, theta, x, y, count, **stats).relative_error
    assert count == 256 and len(x) == 64 and predicted / 1.25 < real < 1.25 * predicted < 1
    assert np.linalg.norm(comparison.plain() - exact) == pytest.approx(np.linalg.norm(found - exact), rel=1e-3)
    assert comparison.goal == 0.5 and sparse.probes(1000, count=2).goal == 1 and len(comparison.name) <= 52


def test_a_plain_probe_is_v_times_hv():
    module, v = models.mlp(64, 2, 10).double(), torch.tensor([[1.0, -1.0]]).double().repeat(1, 80)
    parameters, (x, y) = torch.nn.utils.parameters_to_vector(module.parameters()), data.load("digits").split("val")
    space = WeightSpace(module)
    gradient = torch.func.grad(lambda theta: cross_entropy(space.logits(theta, x.double()), y))
    h = torch.func.jacrev(gradient)(parameters.detach())
    found = plain.hutchinson(module, x.double(), y, v)
    torch.testing.assert_close(found.double(), v[0] * (h @ v[0]), atol=1e-6, rtol=1e-4)


def test_a_landscape_has_the_network_at_its_centre():
    comparison = sparse.landscape(size=3, batch_size=1000)
    values = comparison.plain()
    assert values.shape == (3, 3) and len(np.unique(values)) == 9 and not np.allclose(values, values.T, atol=1e-3)
    assert comparison.goal == 0.33 and sparse.landscape(3).tolerance == 0.02 and comparison.tolerance == 1e-5
    assert len(sparse.landscape().name) <= 52


def test_a_row_is_measured_and_judged():
    row = Comparison("both", 0.5, lambda: np.ones(2), lambda: np.ones(2), tolerance=0.0).measure(repetitions=2)
    assert (row.name, row.goal) == ("both", 0.5)
    assert Row("slow", 10.0, 5.1, 0.5).verdict == "misses"
    assert Row("fast", 10.0, 5.0, 0.5).verdict == "holds"
    assert Row("fast", 10.0, 5.0, 0.5).ratio == 0.5


def test_plain_matching_takes_the_units_the_next_layer_reads():
    symmetry, (theta, _), (stats, _), x = matching.deep_networks(examples=20)
    planted = symmetry.random(0)
    twin = symmetry.apply(theta, planted), symmetry.apply_statistics(stats, planted)
    modules = [symmetry.space.module(theta, stats), symmetry.space.module(*twin)]
    found = np.split(plain.match_activations(modules, x), np.cumsum(list(symmetry.groups.values()))[:-1])
    living = match.by_activations(symmetry, theta, theta, x, stats=(stats, stats)).dead
    for inverse, perm, (dead, _) in zip(symmetry.inverse(planted).values(), found, living.values(), strict=True):
        assert (perm == inverse.numpy())[~dead.numpy()].all() and not dead.all()


def test_plain_matching_by_weights_climbs_as_high():
    symmetry, a, b = matching.trained_pair(16, epochs=1)
    perms = plain.match_weights(symmetry, a, b, seed=4)
    ours = match.by_weights(symmetry, a, b, seed=4).history
    assert torch.dot(a, symmetry.apply(b, perms)).item() == pytest.approx(ours[-1], rel=0.01) and ours[-1] > ours[0]


def test_assignments_are_counted_and_timed():
    text = matching.assignments(16, repetitions=1, epochs=1)
    number = r"[\d.]+ ms, \d+ assignments [\d.]+ ms \(\d+%\)"
    assert re.fullmatch(rf"  16 units: plain {number}; ours {number}", text)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not report the peak memory of a process")
def test_storing_the_activations_takes_memory():
    row = memory.by_activations(examples=1000)
    stored = 1000 * 28 * 28 * 16 * 4 / 1e6  # one layer of one network
    assert row.unit == "MB" and row.plain > 2 * stored and row.ours < row.plain


def test_ways_that_disagree_are_not_timed():
    wrong = Comparison("wrong", 1.0, lambda: np.zeros(2), lambda: np.array([0.0, 0.5]), tolerance=0.1)
    with pytest.raises(AssertionError, match="^wrong: the two ways differ by 0.5, allowed 0.1.$"):
        wrong.measure(repetitions=1)


def test_not_a_number_is_no_agreement():
    with pytest.raises(AssertionError, match="differ by nan"):
        Comparison("nan", 1.0, lambda: np.zeros(1), lambda: np.array([np.nan]), tolerance=1.0).check()


def test_ways_take_turns():
    calls = []
    times = cpu_ms([lambda: calls.append("plain"), lambda: calls.append("ours")], repetitions=3)
    assert calls == ["plain", "ours"] * 3
    assert len(times) == 2 and min(times) >= 0


def test_table_is_aligned():
    heading, rule = report.heading().splitlines()
    row = report.formatted(Row("import toolkit", 1000.0, 1200.0, 1.5))
    assert row.split() == ["import", "toolkit", "1000.0", "1200.0", "ms", "1.20", "<=", "1.50", "holds"]
    assert len(row) <= len(heading) == len(rule) and row.index("1000.0") + 6 == heading.index("plain") + 5
    megabytes = report.formatted(Row("memory", 100.0, 10.0, 0.2, unit="MB"))
    assert megabytes.split()[1:4] == ["100.0", "10.0", "MB"] and len(megabytes) == len(row)


@pytest.mark.parametrize("batchnorm", [False, True])
def test_profile_times_every_part(batchnorm):
    profile = scan_profile(models.mlp(64, 8, 10, batchnorm=batchnorm), points=2, repetitions=1)
    assert min(profile.products, profile.forward, profile.measures, profile.whole, profile.bare_plain) >= 0


def test_profile_says_where_the_time_goes():
    text = Profile(products=50.0, forward=60.0, measures=20.0, whole=100.0, bare_plain=70.0).describe(plain=200.0)
    assert "matrix products 50 ms (50%), bias, ReLU, BatchNorm 10 ms (10%), measures 20 ms (20%), the rest 20" in text
    assert "0.25 of the plain time" in text and "one batch: 70 ms" in text


def test_import_row():
    row = importing(repetitions=1)
    assert row.plain > 0 and row.ours > 0 and row.goal == 1.5


def test_first_fit_many_costs_more_than_the_second():
    assert first_fit_many(seeds=2) > 0


def test_lesson_verdict():
    assert lessons.verdict({"seconds": 59.6, "megabytes": 701}) == (
        "60 s (goal 60 s: holds), 701 MB (goal 700 MB: misses)"
    )


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not report the peak memory of children")
def test_run_all_measures_a_notebook(tmp_path):
    cell = nbformat.v4.new_code_cell("import time; time.sleep(0.3); block = bytearray(400_000_000)")
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "lesson.ipynb")
    found = lessons.run_all(tmp_path / "lesson.ipynb")
    assert found["seconds"] > 0.3 and found["megabytes"] > 400


@pytest.mark.parametrize(("stderr", "why"), [("Traceback\nOSError: gone\n", "OSError: gone"), ("", "exit status -9")])
def test_run_all_says_why_a_lesson_stopped(monkeypatch, stderr, why):
    stopped = subprocess.CompletedProcess([], returncode=-9, stdout="", stderr=stderr)
    monkeypatch.setattr(lessons.subprocess, "run", lambda *arguments, **settings: stopped)
    with pytest.raises(RuntimeError, match=f"^lesson.ipynb did not run to its end: {why}$"):
        lessons.run_all(Path("lesson.ipynb"))


def test_command_line_refuses_no_repetitions():
    command = [sys.executable, "-m", "tests.bench", "--repetitions", "0"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 2 and "--repetitions must be at least 1, got 0" in done.stderr
