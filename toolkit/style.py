"""How things look and are shown: one style for all figures, words with every picture, tables, spreads.

The same network has the same colour and mark in every picture of the course: A is a blue circle, B a vermillion square,
C (or the bend of a curve) a green triangle, the middle a black diamond, a barrier reddish purple. Importing this module
makes the style matplotlib's default.
"""

from collections.abc import Sequence
from io import BytesIO

import matplotlib as mpl
import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with every common kind of colour vision.
COLOURS = {"A": "#0072B2", "B": "#D55E00", "C": "#009E73", "bend": "#009E73", "middle": "#000000", "barrier": "#CC79A7"}
# Signed weights: brown, white, teal, the colours of the sliders; none of them means a network or the barrier.
SIGNED = mpl.colors.LinearSegmentedColormap.from_list("signed", ["#8c510a", "#ffffff", "#01665e"])
MARKS = {"A": "o", "B": "s", "C": "^", "bend": "^", "middle": "D"}
LABELS = {
    "loss": "loss (nats)",
    "accuracy": "accuracy (%)",
    "error": "error (%)",
    "ece": "calibration error (%)",
}
STYLE = {
    "font.size": 9.5,
    "axes.titlesize": 10,
    "axes.titlelocation": "left",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#e6e6e6",
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "legend.frameon": False,
    "image.cmap": "cividis",
}
HALO = {"boxstyle": "round,pad=0.15", "facecolor": "white", "edgecolor": "none", "alpha": 0.85}
mpl.rcParams.update(STYLE)


def figure(rows: int = 1, columns: int = 1, height: float = 2.7, width: float = 7.6, **settings):
    """Make a figure in the course's style, outside pyplot.

    Args:
        rows: of axes.
        columns: of axes.
        height: of one row, in inches.
        width: of the figure, in inches.
        **settings: passed to `Figure.subplots`.

    Returns:
        The figure, and its axes as `Figure.subplots` returns them.

    Example:
        >>> fig, axes = figure(columns=2)
        >>> len(axes)
        2
    """
    fig = Figure(figsize=(width, rows * height), dpi=90, layout="constrained")
    FigureCanvasAgg(fig)
    return fig, fig.subplots(rows, columns, **settings)


def png(fig: Figure) -> bytes:
    """Draw a figure into the bytes of a PNG file, the same bytes every time."""
    buffer = BytesIO()
    fig.savefig(buffer, format="png", metadata={"Software": None}, facecolor="white")
    return _with_few_colours(buffer.getvalue())


def show(fig: Figure, alt: str, says: str) -> None:
    """Show a figure in a notebook, with words for those who cannot see it and its message for everyone.

    Args:
        fig: from any function here, or your own.
        alt: what is drawn, in a sentence; screen readers speak it.
        says: what the figure tells, in a sentence; printed below it.

    Raises:
        ValueError: if `alt` or `says` is empty.
    """
    from IPython.display import Image, display

    for name, text in [("alt", alt), ("says", says)]:
        if not isinstance(text, str) or not text.strip():
            raise ValueError(f"{name} must be a sentence, got {text!r}.")
    display(Image(png(fig), format="png", alt=alt), metadata={"image/png": {"alt": alt}})
    print(says)


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Show a table in a notebook; cells may hold Markdown.

    Args:
        header: a title for each column.
        rows: of as many cells.

    Raises:
        ValueError: if a row has more or fewer cells than the header.
    """
    from IPython.display import Markdown, display

    for row in rows:
        if len(row) != len(header):
            raise ValueError(f"each of rows must have {len(header)} cells, got {len(row)}.")
    lines = [header, ["---"] * len(header), *rows]
    display(Markdown("\n".join(f"| {' | '.join(line)} |" for line in lines)))


def mean_sd(values: Sequence[float], digits: int = 2) -> str:
    """Write repeated measurements as mean ± standard deviation (of the sample, n - 1).

    Args:
        values: at least two numbers.
        digits: behind the decimal point.

    Returns:
        Such as `"1.68 ± 0.47"`.

    Raises:
        ValueError: if there are fewer than two values.

    Example:
        >>> mean_sd([1.0, 2.0, 3.0], digits=1)
        '2.0 ± 1.0'
    """
    if len(values) < 2:
        raise ValueError(f"values must be at least two measurements, got {len(values)}.")
    return f"{np.mean(values):.{digits}f} ± {np.std(values, ddof=1):.{digits}f}"


def _with_few_colours(data: bytes) -> bytes:
    """Shrink a PNG to a palette of 128 colours: a third of the size, no difference to the eye."""
    from PIL import Image

    buffer = BytesIO()
    few = Image.open(BytesIO(data)).convert("RGB").quantize(128, Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)
    few.save(buffer, "png", optimize=True)
    return buffer.getvalue()
