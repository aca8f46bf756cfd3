"""Where tensors live: one choice of device for the whole course."""

import os
from collections.abc import Iterator
from contextlib import contextmanager

import torch

VARIABLE = "TOOLKIT_DEVICE"

if (os.cpu_count() or 1) <= 2 and "OMP_NUM_THREADS" not in os.environ:
    # Small steps on a small machine: two threads spend their time waiting for each other.
    torch.set_num_threads(1)


def device() -> torch.device:
    """Return the device every tensor of the course is put on.

    You never move a tensor by hand: data sets and weight spaces ask this function, so the same cell
    runs on a laptop and on a GPU.

    Returns:
        The accelerator when there is one, else the CPU. The environment variable `TOOLKIT_DEVICE`
        (such as `cpu`, `cuda` or `cuda:1`) overrides the choice.

    Raises:
        ValueError: if the variable names no device that this torch can use.

    Example:
        >>> device().type in ("cpu", "cuda", "mps", "xpu")
        True
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        torch.zeros(1, device=wanted).item()
    except (RuntimeError, AssertionError, ImportError) as error:
        raise ValueError(f"{VARIABLE}={wanted!r} is no device this torch can use; try 'cpu'.") from error
    return torch.device(wanted)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Set torch's global random state to `seed` for a block of code, and put it back afterwards.

    Most random numbers of the course come from generators of their own; layers that draw for themselves (a fresh
    initialisation, dropout) can only be reached in this way.

    Args:
        seed: a whole number of at least 0.

    Yields:
        Nothing.

    Example:
        >>> with seeded(0):
        ...     first = torch.rand(1)
        >>> with seeded(0):
        ...     bool(torch.rand(1) == first)
        True
    """
    with torch.random.fork_rng(devices=[device()] if device().type == "cuda" else []):
        torch.manual_seed(seed)
        yield
