"""The course as a web site: every lesson with its widgets live, without a kernel and without a network.

`make site`, or `python -m toolkit.site [--out FOLDER] [LESSON …]`. One idea a file: `maths` (formulas), `words`
(Markdown), `cells` (a notebook's cells and outputs), `page` (the frame around them), `front` and `claims` (the two
pages that are no lesson), `builder` (all of it, in one step).
"""

from toolkit.site.builder import SiteError, build

__all__ = ["SiteError", "build"]
