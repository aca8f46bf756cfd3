"""The colours of every map whose ground is drawn in the browser."""

import numpy as np


def colour_table() -> bytes:
    """Return the colour map cividis, from its darkest colour to its lightest.

    Returns:
        256 times red, green and blue, one byte each.

    Example:
        >>> len(colour_table()), tuple(colour_table()[:3])
        (768, (0, 34, 77))
    """
    from matplotlib import colormaps

    return colormaps["cividis"](np.arange(256), bytes=True)[:, :3].tobytes()
