"""README's animated picture: over the hill, neurons renumbered, and along the plain. `make picture` draws it."""

import io
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from toolkit import data, fit_many, match, models, trace
from toolkit.landscape import Scan, scan
from toolkit.space import WeightSpace
from toolkit.style import COLOURS, MARKS, figure
from toolkit.subspaces import Line

PATH = Path(__file__).resolve().parent.parent / "lessons" / "front_picture.gif"
ALT = (
    "Animation: a point travels on the straight line from network A to network B. In the middle the loss climbs a hill "
    "and most digits are misread. Then the neurons of B are renumbered, swap by swap, and the hill sinks away, though "
    "B answers every question as before. The point travels on without a climb."
)
POINTS, STOPS = 31, 9


def frames() -> Iterator[tuple[Scan, int, str]]:
    """Yield what each frame shows: the line as it is, the position on it, and a caption."""
    digits, space = data.load("digits"), WeightSpace(models.mlp(64, 32, 32, 32, 10))
    a, b = fit_many(space, digits, seeds=[0, 1], epochs=40, batch_size=32)
    symmetry = trace(space, digits.train_x[:4])
    perms = match.by_activations(symmetry, a, b, digits.train_x).perms
    swaps = symmetry.steps(perms)
    now = {name: torch.arange(len(perm)) for name, perm in perms.items()}
    lines, done = [scan(space, Line(a, b), digits, POINTS)], [0]
    for number, (name, i, k) in enumerate(swaps, start=1):
        now[name][[i, k]] = now[name][[k, i]]
        if number in {round(len(swaps) * stop / STOPS) for stop in range(1, STOPS + 1)}:
            lines.append(scan(space, Line(a, symmetry.apply(b, now)), digits, POINTS))
            done.append(number)
    middle = POINTS // 2
    for at in range(0, middle + 1, 3):
        yield lines[0], at, "On the way from network A to network B"
    for line, number in zip(lines, done, strict=True):
        yield line, middle, f"Half way, with {number} of {len(swaps)} pairs of B's neurons swapped: B answers as before"
    for at in [*range(middle, POINTS, 5), *range(POINTS - 1, -1, -5)]:
        yield lines[-1], at, "After renumbering: no hill"


def draw(line: Scan, at: int, caption: str) -> Image.Image:
    """Draw one frame."""
    fig, ax = figure(height=3.1, width=6.6)
    ax.plot(line.t, line.test_loss, color="#444444")
    for name, end in [("A", 0), ("B", -1)]:
        ax.plot(line.t[end], line.test_loss[end], MARKS[name], color=COLOURS[name], markersize=10)
        ax.annotate(name, (line.t[end], line.test_loss[end]), xytext=(0, 10), textcoords="offset points", ha="center")
    ax.plot(line.t[at], line.test_loss[at], "D", color="black", markersize=9)
    ax.set(ylim=(-0.1, 2.3), xlim=(-0.06, 1.06), xlabel="position between the two networks", title=caption)
    ax.set_ylabel("loss on digits never seen")
    ax.text(0.5, 2.05, f"{line.test_accuracy[at]:.0%} of the digits read right", ha="center", weight="bold")
    drawn = io.BytesIO()
    fig.savefig(drawn, format="png", dpi=100)
    return Image.open(drawn).convert("RGB").quantize(48)


def save(path: str | Path = PATH) -> Path:
    """Draw the animation and write it, whole or not at all.

    Args:
        path: where; an existing file is replaced.

    Returns:
        The path.
    """
    path = Path(path)
    pictures = [draw(*frame) for frame in frames()]
    length = np.full(len(pictures), 260)
    length[[0, -1]] = 1_500
    temporary = path.with_suffix(".part")
    pictures[0].save(
        temporary,
        format="GIF",
        save_all=True,
        append_images=pictures[1:],
        duration=length.tolist(),
        loop=0,
        optimize=True,
    )
    return temporary.replace(path)


if __name__ == "__main__":
    print(f"Drawn: {save().name}, {PATH.stat().st_size / 1000:.0f} kB.")
