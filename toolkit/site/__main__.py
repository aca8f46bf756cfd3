"""`python -m toolkit.site [--out FOLDER] [LESSON …]`: write the course as a web site."""

import argparse
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from toolkit.site.builder import SiteError, build


def main(arguments: Sequence[str] | None = None) -> int:
    """Write the site and say where it is; return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m toolkit.site", description="Write the course as a web site.")
    parser.add_argument(
        "lessons", nargs="*", metavar="LESSON", help="numbers or notebooks (all lessons when none is named)"
    )
    parser.add_argument("--out", type=Path, default=Path("build/site"), help="folder to write (build/site)")
    parser.add_argument("--timeout", type=float, default=180, help="seconds one cell may take (180)")
    options = parser.parse_args(arguments)
    try:
        folder = build(options.out, options.lessons, options.timeout, tell=partial(print, flush=True))
    except SiteError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"Interrupted; {options.out} is as it was.", file=sys.stderr)
        return 130
    files = list(folder.glob("*.html"))
    size = sum(file.stat().st_size for file in files) / 1e6
    print(f"{len(files)} pages, {size:.1f} MB: open {options.out / 'index.html'} in a browser.")
    return 0


if __name__ == "__main__":
    sys.exit(main())
