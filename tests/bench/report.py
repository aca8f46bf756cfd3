"""Run every line and print one table."""

import sys
from collections.abc import Iterator
from itertools import product

import torch

from toolkit import models
from toolkit.notebooks import FOLDER

from . import late, lessons, lines, matching, memory, reconnect, sparse
from .profile import scan_profile
from .startup import first_fit_many, importing
from .timing import Row

MEASURES_MEMORY = sys.platform != "win32"  # Windows does not report the peak memory of a process


def run(repetitions: int, with_lessons: bool = True) -> None:
    """Measure and print the table, then where the scans spend their time."""
    torch.set_num_threads(1)
    print(f"CPU time, one thread, median of {repetitions} repetitions in turn; ratio = ours / plain.\n")
    print(heading())
    rows = []
    for row in _rows(repetitions):
        print(formatted(row), flush=True)
        rows.append(row)
    print("\nWhere the scans of 51 points spend their time:")
    normed = models.mlp(64, 32, 32, 32, 10, batchnorm=True)
    for module, row in [(models.mlp(64, 128, 128, 10), rows[0]), (normed, rows[1])]:
        print(f"{row.name}: {scan_profile(module, 51, repetitions).describe(row.plain)}", flush=True)
    print("\nWhat scipy's assignments take of one match by weights:")
    for n in matching.SIZES:
        print(matching.assignments(n, repetitions), flush=True)
    print(f"\nThe first fit_many of a process takes {first_fit_many():.0f} ms more than the next.")
    if with_lessons and MEASURES_MEMORY:
        print("\nRun-All:")
        for path in sorted(FOLDER.glob("[0-9]*.ipynb")):
            print(f"{path.name:<28} {lessons.verdict(lessons.run_all(path))}", flush=True)


def heading() -> str:
    """The first lines of the table."""
    columns = f"{'':<52} {'plain':>10} {'ours':>10}    {'ratio':>7} {'goal':>8}  verdict"
    return f"{columns}\n{'-' * len(columns)}"


def formatted(row: Row) -> str:
    """A line of the table."""
    goal = f"<= {row.goal:.2f}"
    figures = f"{row.plain:>10.1f} {row.ours:>10.1f} {row.unit} {row.ratio:>7.2f}"
    return f"{row.name:<52} {figures} {goal:>8}  {row.verdict}"


def _rows(repetitions: int) -> Iterator[Row]:
    yield lines.mlp_scan().measure(repetitions)
    yield lines.batchnorm_scan().measure(repetitions)
    yield lines.cnn_scan().measure(repetitions)
    for network, epochs in [("MLP", 20), ("CNN", 4)]:
        yield lines.point_training(network, epochs).measure(repetitions)
        for kind, beta in product(lines.SUBSPACES, (0.0, 1.0)):
            yield lines.subspace_training(kind, network, epochs, beta).measure(repetitions)
    for beta in (0.0, 1.0):
        yield lines.subspace_training("line", lines.LARGE, 2, beta).measure(repetitions)
    yield lines.many_seeds(64, 128, 128, 10).measure(repetitions)
    yield lines.many_seeds(64, 32, 32, 32, 10).measure(repetitions)
    for name, (which, members) in late.VARIANTS.items():
        yield late.after_release(name, which, members).measure(repetitions)
    yield late.noisy_quadratic().measure(repetitions)
    for network in reconnect.NETWORKS:
        yield reconnect.synchronisation(network).measure(repetitions)
        yield reconnect.row_by_row(network).measure(repetitions)
    for widths in (reconnect.WIDTHS, (64, 64, 10)):
        yield reconnect.sweep(*widths).measure(repetitions)
    yield sparse.tickets(64, 32, 32, 32, 10).measure(repetitions)
    for examples in sparse.EXAMPLES:
        yield sparse.probes(examples).measure(repetitions)
    yield sparse.landscape().measure(repetitions)
    yield matching.by_activations().measure(repetitions)
    if MEASURES_MEMORY:
        yield memory.by_activations()
    for n in matching.SIZES:
        yield matching.by_weights(n).measure(repetitions)
    yield importing(repetitions)
