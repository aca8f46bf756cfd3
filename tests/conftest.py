"""What every test shares: one torch thread, no progress bars."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOOLKIT_QUIET", "1")

import torch  # noqa: E402  (the thread count must be in place before torch loads)

torch.set_num_threads(1)
