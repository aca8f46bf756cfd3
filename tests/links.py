"""Check that the web addresses in README and lessons answer: python tests/links.py (needs the network)."""

import json
import re
import sys
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = re.compile(r"https?://(?:[^\s<>\"'`()\[\]{}\\]|\([^\s()]*\))+")
# A server that answers so is there; it only does not like robots, or wants a slower pace.
ALIVE = {401, 403, 405, 406, 418, 429}


def addresses(text: str) -> list[str]:
    """The addresses in a text, without the punctuation that ends a sentence."""
    return [address.rstrip(".,;:!?*_") for address in ADDRESS.findall(text)]


def texts(root: Path) -> Iterator[tuple[Path, str]]:
    """Every text of the repository that readers see: Markdown files, and the sources of notebook cells."""
    for path in sorted([*root.glob("*.md"), *root.glob("lessons/**/*.md"), *root.glob("docs/**/*.md")]):
        yield path, path.read_text(encoding="utf-8")
    for path in sorted(root.glob("lessons/**/*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        yield path, "\n\n".join("".join(cell["source"]) for cell in cells)


def failure(address: str) -> str | None:
    """Why an address does not answer, or None."""
    request = urllib.request.Request(address, headers={"User-Agent": "Mozilla/5.0 (link check)"})
    try:
        with urllib.request.urlopen(request, timeout=30):
            return None
    except urllib.error.HTTPError as error:
        return None if error.code in ALIVE else f"HTTP {error.code}"
    except (OSError, ValueError) as error:
        return str(error)


def main() -> int:
    places: dict[str, Path] = {}
    for path, text in texts(ROOT):
        for address in addresses(text):
            if "://localhost" not in address and "://127.0.0.1" not in address:
                places.setdefault(address, path.relative_to(ROOT))
    with ThreadPoolExecutor(8) as pool:
        results = list(zip(places, pool.map(failure, places), strict=True))
    dead = [f"{places[address]}: {address}: {reason}" for address, reason in results if reason]
    print("\n".join([*dead, f"{len(places)} links, {len(dead)} dead"]))
    return 1 if dead else 0


if __name__ == "__main__":
    sys.exit(main())
