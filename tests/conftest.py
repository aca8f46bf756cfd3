"""What every test shares: one torch thread, no progress bars, a browser for those that ask for it."""

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("TOOLKIT_QUIET", "1")

import pytest  # noqa: E402
import torch  # noqa: E402  (the thread count must be in place before torch loads)

torch.set_num_threads(1)
pytest.register_assert_rewrite("browser", "widget_page", "exercises")


@pytest.fixture(scope="module")
def browser():
    """A running Chromium, one for all tests of a module."""
    from browser import chromium

    with chromium() as running:
        yield running


@pytest.fixture
def fresh_memory(monkeypatch):
    """A learner who has passed no exercise yet, and to whom no error is raised."""
    from toolkit.exercises import calls

    monkeypatch.setattr(calls, "_passed", {})
    monkeypatch.delenv("TOOLKIT_STRICT", raising=False)
