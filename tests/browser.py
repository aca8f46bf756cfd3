"""A real browser for tests: Chromium, and JupyterLab on a copy of some notebooks.

Where no Chromium is found the tests that need one are skipped, or fail where REQUIRE_BROWSER=1 says that they must run.
"""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import nbformat
import pytest

NAMES = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome"]
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_NEWS = {"fetchNews": "false", "checkForUpdates": False}


def executable() -> str:
    """Path of an installed Chromium; skip the test, or fail it where a browser is required, when there is none."""
    found = os.environ.get("CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None and os.environ.get("REQUIRE_BROWSER") == "1":
        pytest.fail("REQUIRE_BROWSER=1, but no Chromium was found; install it or set CHROMIUM to its path.")
    if found is None:
        pytest.skip("no Chromium was found; install it or set CHROMIUM to its path")
    return found


@contextmanager
def chromium() -> Iterator:
    """A running Chromium."""
    path = executable()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, headless=True, args=FLAGS)
        yield browser
        browser.close()


def collect_errors(page) -> list[str]:
    """Everything the page will report as an error from now on: exceptions and console errors."""
    errors = []
    page.on("pageerror", lambda error: errors.append(f"exception: {error}"))
    page.on("console", lambda message: errors.append(_located(message)) if message.type == "error" else None)
    return errors


def _located(message) -> str:
    return f"{message.text} ({message.location.get('url', '')})"


@dataclass
class Lab:
    """A JupyterLab server on a folder of its own."""

    folder: Path
    process: subprocess.Popen
    port: int
    token: str
    pages: list = field(default_factory=list)

    def open(self, browser, notebook: str):
        """A page on a notebook whose kernel is connected and idle."""
        page = browser.new_page(viewport={"width": 1400, "height": 1000})
        page.set_default_timeout(60_000)
        page.errors = collect_errors(page)
        workspace = secrets.token_hex(4)
        page.goto(f"http://127.0.0.1:{self.port}/lab/workspaces/{workspace}/tree/{notebook}?token={self.token}")
        page.wait_for_function(
            """() => {
                const session = window.jupyterapp?.shell.currentWidget?.sessionContext?.session;
                return session?.kernel?.status === "idle" && session.kernel.connectionStatus === "connected";
            }"""
        )
        return page


@contextmanager
def jupyterlab(folder: Path) -> Iterator[Lab]:
    """Serve `folder/notebooks` in a JupyterLab that knows nothing of the user's settings."""
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text(json.dumps(NO_NEWS))
    places = {
        "JUPYTERLAB_SETTINGS_DIR": "settings",
        "JUPYTERLAB_WORKSPACES_DIR": "workspaces",
        "JUPYTER_CONFIG_DIR": "config",
        "JUPYTER_RUNTIME_DIR": "runtime",
        "IPYTHONDIR": "ipython",
    }
    environment = {
        **os.environ,
        "TOOLKIT_QUIET": "1",
        **{name: str(folder / at) for name, at in places.items()},
    }
    port, token = _free_port(), secrets.token_hex(12)
    command = [sys.executable, "-m", "jupyterlab", "--allow-root", "--no-browser", "--ip=127.0.0.1"]
    command += [f"--port={port}", "--ServerApp.port_retries=0", f"--IdentityProvider.token={token}"]
    command += [f"--ServerApp.root_dir={folder / 'notebooks'}", "--expose-app-in-browser"]
    with (folder / "server.log").open("w") as log:
        process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
    lab = Lab(folder / "notebooks", process, port, token)
    try:
        _wait_for(lab, folder / "server.log")
        yield lab
    finally:
        process.terminate()
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            process.kill()


def notebook_lab(code: str, lessons: Path | None = None):
    """A fixture: JupyterLab on a notebook `widget.ipynb` of one cell, beside a copy of a folder of lessons."""

    @pytest.fixture(scope="module")
    def lab(tmp_path_factory) -> Iterator[Lab]:
        folder = tmp_path_factory.mktemp("lab")
        (folder / "notebooks").mkdir()
        notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code.strip())])
        notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
        nbformat.write(notebook, folder / "notebooks" / "widget.ipynb")
        if lessons is not None:
            shutil.copytree(lessons, folder / "notebooks" / "lessons")
        with jupyterlab(folder) as server:
            yield server

    return lab


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _wait_for(lab: Lab, log: Path, patience: float = 90) -> None:
    deadline = time.monotonic() + patience
    while time.monotonic() < deadline and lab.process.poll() is None:
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{lab.port}/api", timeout=5).close()
            return
        except (urllib.error.URLError, OSError):
            time.sleep(0.3)
    pytest.fail(f"JupyterLab did not start; the end of its log: {log.read_text()[-1000:]}")


def run_all(page, patience: float = 180) -> None:
    """Run every cell and wait until the kernel has done them all."""
    done = page.evaluate(
        """patience => Promise.race([
            window.jupyterapp.commands.execute("notebook:run-all-cells").then(() => true),
            new Promise(resolve => setTimeout(() => resolve(false), 1000 * patience)),
        ])""",
        patience,
    )
    assert done, f"the notebook did not finish within {patience} s"
    failed = page.evaluate(
        """() => window.jupyterapp.shell.currentWidget.content.model.sharedModel.cells
            .flatMap((cell) => cell.toJSON().outputs ?? [])
            .filter((output) => output.output_type === "error").map(({ ename, evalue }) => `${ename}: ${evalue}`)"""
    )
    assert failed == []


def ask_kernel(page, code: str) -> str:
    """What `code` prints in the notebook's kernel."""
    return page.evaluate(
        """async code => {
            const kernel = window.jupyterapp.shell.currentWidget.sessionContext.session.kernel;
            const future = kernel.requestExecute({ code, store_history: false });
            let text = "";
            let failed = "";
            future.onIOPub = ({ header, content }) => {
                if (header.msg_type === "stream") text += content.text;
                if (header.msg_type === "error") failed = `${content.ename}: ${content.evalue}`;
            };
            await future.done;
            if (failed) throw new Error(failed);
            return text.trim();
        }""",
        code,
    )


def eventually(read: Callable[[], Any], wanted: Any, patience: float = 60) -> Any:
    """What `read()` gives as soon as it is `wanted`, or `wanted(it)` is true; the test fails after `patience` seconds.

    JupyterLab sends what a widget changes to a thread of its own in the kernel, so that a cell may be answered before
    a change that was made earlier: a kernel is asked until it knows, never after a fixed time.
    """
    deadline = time.monotonic() + patience
    fits = wanted if callable(wanted) else lambda found: found == wanted
    while not fits(found := read()) and time.monotonic() < deadline:
        time.sleep(0.1)
    if callable(wanted):
        assert wanted(found), f"after {patience} s it is still {found!r}"
    else:
        assert found == wanted
    return found


def kernel_has(page, expression: str, wanted: Any) -> Any:
    """The value of a Python expression in the notebook's kernel, once it is `wanted`, see `eventually`."""
    return eventually(lambda: json.loads(ask_kernel(page, f"import json; print(json.dumps({expression}))")), wanted)


def bring(found) -> None:
    """Scroll to an element of a notebook and wait until it stands still: what is scrolled by is laid out on the way."""
    found.scroll_into_view_if_needed()
    found.evaluate(
        """async node => {
            const frame = () => new Promise((done) => requestAnimationFrame(done));
            for (let still = 0, last = null; still < 10; await frame()) {
                const { x, y, width, height } = node.getBoundingClientRect();
                const place = [x, y, width, height].join();
                still = place === last ? still + 1 : 0;
                last = place;
            }
        }"""
    )
    found.scroll_into_view_if_needed()
