"""Progress bars for people, silence for machines."""

import os
from collections.abc import Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")


def progress(items: Iterable[Item], label: str) -> Iterator[Item]:
    """Yield `items` one by one behind a progress bar that vanishes when done.

    Args:
        items: what to go through; a `len` gives the bar its end.
        label: a word or two shown left of the bar.

    Yields:
        The items, unchanged. No bar is drawn where the environment variable `TOOLKIT_QUIET` or `CI` is set to anything.

    Example:
        >>> list(progress(range(3), "counting"))
        [0, 1, 2]
    """
    if os.environ.get("TOOLKIT_QUIET") or os.environ.get("CI"):
        yield from items
        return
    from tqdm.auto import tqdm

    yield from tqdm(items, desc=label, leave=False)
