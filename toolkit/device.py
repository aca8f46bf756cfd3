"""Where tensors live: one choice of device for the whole course."""

import os

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
        >>> import os; os.environ["TOOLKIT_DEVICE"] = "cpu"
        >>> device()
        device(type='cpu')
    """
    wanted = os.environ.get(VARIABLE)
    if not wanted:
        return torch.accelerator.current_accelerator(check_available=True) or torch.device("cpu")
    try:
        torch.empty(0, device=wanted)
    except (RuntimeError, AssertionError) as error:
        raise ValueError(f"{VARIABLE}={wanted!r} is no device this torch can use; try 'cpu'.") from error
    return torch.device(wanted)
