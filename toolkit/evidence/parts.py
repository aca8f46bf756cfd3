"""What an interrupted run has measured already: a file a claim, used again only by the same code and versions."""

import ast
import contextlib
import hashlib
import json
import os
import platform
import shutil
from collections.abc import Sequence
from importlib import metadata
from pathlib import Path

import torch

import toolkit
from toolkit.device import device

ROOT = Path(__file__).parents[2]
PARTS = ROOT / "build" / "evidence"
HANDS_ON = ("toolkit", "toolkit.evidence")  # they make no numbers of their own
LIBRARIES = ("torch", "numpy", "scipy", "scikit-learn")


class Parts:
    """The measured claims of one lesson, `folder/<claim>.json` each.

    Args:
        folder: where they lie; made when the first is kept.
        module: dotted name of the lesson's module of evidence.

    Example:
        >>> Parts(PARTS / "none", "toolkit.evidence.lesson01").read(["width"])
        {}
    """

    def __init__(self, folder: Path, module: str):
        """Note what code and versions a part has to come from."""
        self.folder, self.stamp = Path(folder), stamp(module)

    def read(self, names: Sequence[str]) -> dict[str, dict]:
        """Return the results of those of `names` that were measured by this very code; others count as not measured."""
        found = {}
        for name in names:
            try:
                part = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
                if part["stamp"] == self.stamp:
                    found[name] = part["result"]
            except (OSError, ValueError, KeyError, TypeError):
                continue  # missing, damaged, or not a part
        return found

    def keep(self, name: str, result: dict) -> None:
        """Write a result down; an OSError says in one sentence that it could not be."""
        write(self.folder / f"{name}.json", json.dumps({"stamp": self.stamp, "result": result}))

    def forget(self) -> None:
        """Remove every part of the lesson."""
        shutil.rmtree(self.folder, ignore_errors=True)


def stamp(module: str) -> dict[str, str]:
    """Return what decides about a claim's numbers: the code it runs, versions, device and kind of processor.

    Args:
        module: dotted name of the lesson's module of evidence; everything of the toolkit that it imports, directly or
            not, counts, comments and layout do not.

    Returns:
        Names and values, as they stand in a part.

    Example:
        >>> sorted(stamp("toolkit.evidence.lesson01"))[:3]
        ['code', 'device', 'numpy']
    """
    code = hashlib.sha256()
    for name, tree in sorted(sources(module).items()):
        code.update(f"{name}\n{ast.dump(tree)}\n".encode())
    versions = {name: metadata.version(name) for name in LIBRARIES}
    hardware = {"device": device().type, "processor": torch.backends.cpu.get_cpu_capability()}  # last digits differ
    return {"code": code.hexdigest(), "python": platform.python_version(), **hardware, **versions}


def sources(module: str) -> dict[str, ast.Module]:
    """Return the parsed modules of the toolkit that a module needs, itself among them.

    Args:
        module: its dotted name.

    Returns:
        Dotted name → syntax tree, without those of `HANDS_ON`.

    Example:
        >>> "toolkit.train" in sources("toolkit.evidence.lesson01")
        True
    """
    found: dict[str, ast.Module] = {}
    waiting = [module]
    while waiting:
        name = waiting.pop()
        path = ROOT.joinpath(*name.split("."))
        path = path / "__init__.py" if path.is_dir() else path.with_suffix(".py")
        if name in found or name in HANDS_ON or not name.startswith("toolkit.") or not path.is_file():
            continue
        found[name] = ast.parse(path.read_text(encoding="utf-8"))
        waiting.append(name.rpartition(".")[0])  # a module brings its package
        for node in ast.walk(found[name]):
            if isinstance(node, ast.Import):
                waiting += [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and node.module:
                names = [alias.name for alias in node.names]
                waiting += [node.module, *(f"{node.module}.{name}" for name in names)]
                if node.module == "toolkit":  # which hands on what others define
                    waiting += [getattr(getattr(toolkit, name, None), "__module__", "") for name in names]
    return found


def write(path: Path, text: str) -> None:
    """Replace a file whole or not at all.

    Args:
        path: the file; its folder is made.
        text: what it shall hold; a line end is added.

    Raises:
        OSError: if it could not be written, a full disk say; the old file is unchanged.

    Example:
        >>> import tempfile
        >>> path = Path(tempfile.mkdtemp()) / "a" / "b.json"
        >>> write(path, "{}")
        >>> path.read_text().splitlines()
        ['{}']
    """
    temporary = path.with_suffix(".part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(text + "\n", encoding="utf-8")
        os.replace(temporary, path)
    except OSError as error:
        raise OSError(f"{path.name} could not be written ({error.strerror}); the old file is unchanged.") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink()
