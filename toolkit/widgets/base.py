"""What every widget of the course shares: its files, its picture without a kernel, its page without Jupyter."""

import base64
import html
import io
import json
import os
import re
from pathlib import Path
from typing import Any

import anywidget

FOLDER = Path(__file__).parent
PICTURE_LIMIT = 40_000  # bytes
PORTABLE = "application/vnd.weight-space.widget+json"  # a whole widget, to be mounted on a page without a kernel
PORTABLE_WANTED = "TOOLKIT_SITE"  # the environment variable that asks for it; lessons as files never hold it


def source(*names: str) -> str:
    """Return files of this folder joined into one text: a widget's module starts with `shared.js`."""
    return "\n".join((FOLDER / name).read_text(encoding="utf-8") for name in names)


def png(figure: Any) -> bytes:
    """Draw a matplotlib figure as a PNG, with fewer colours where it would be larger than 40 kB."""
    from PIL import Image

    drawn = io.BytesIO()
    figure.savefig(drawn, format="png", dpi=100)
    image = Image.open(drawn).convert("RGB")
    for colours in (256, 128, 64, 32):
        if drawn.tell() <= PICTURE_LIMIT:
            break
        drawn = io.BytesIO()
        image.quantize(colours, Image.Quantize.MAXCOVERAGE).save(drawn, format="png", optimize=True)
    return drawn.getvalue()


class Widget(anywidget.AnyWidget):
    """Base of the course's widgets: computed once in Python, moved only in the browser.

    A subclass sets `_esm` and `_css` (see `source`), declares its traits with `.tag(sync=True)`, arrays as bytes,
    and answers two questions: `alt`, its present state in words, and `figure()`, its present state as a matplotlib
    figure. In return it shows a picture wherever widgets cannot run (an untrusted notebook, a code-hosting
    site, a PDF), and it can be saved as a page that needs neither a kernel nor a network.
    """

    @property
    def alt(self) -> str:
        """What the widget shows at this moment, in words."""
        raise NotImplementedError

    def figure(self) -> Any:
        """Draw the present state as a matplotlib figure that pyplot does not know of."""
        raise NotImplementedError

    def picture(self) -> bytes:
        """Return the present state as a PNG of at most 40 kB."""
        return png(self.figure())

    def export_html(self, path: str | Path) -> Path:
        """Save the widget as one page that works from disk, without a kernel or a network.

        For a talk, a web site, or a reader without Jupyter.

        Args:
            path: where to write the page; an existing file is replaced.

        Returns:
            The path written.

        Raises:
            FileNotFoundError: if the folder does not exist.
        """
        path = Path(path)
        if not path.parent.is_dir():
            raise FileNotFoundError(f"path must lie in an existing folder, got {str(path)!r}.")
        path.write_text(_page(self), encoding="utf-8")
        return path

    def state(self) -> dict[str, Any]:
        """Return the widget's own synchronised traits, by name."""
        inherited = set(anywidget.AnyWidget.class_trait_names()) | {"_esm", "_css", "_anywidget_id"}
        return {name: getattr(self, name) for name in sorted(self.keys) if name not in inherited}

    def portable(self) -> dict[str, Any]:
        """Return all that a page without a kernel needs to run it, as JSON: class, module, style, state and alt."""
        return {
            "class": type(self).__name__,
            "module": str(self._esm),
            "style": str(self._css),
            "state": json.loads(as_json(self.state())),
            "alt": self.alt,
        }

    def __repr__(self) -> str:
        """Return a text that is the same in every run."""
        return f"{type(self).__name__}()"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict, dict] | None:
        """Add a picture of the present state to the widget's view, for places that cannot run it."""
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        data = {**data, "image/png": base64.b64encode(self.picture()).decode("ascii")}
        if os.environ.get(PORTABLE_WANTED) == "1":
            data[PORTABLE] = self.portable()
        return data, {**(metadata or {}), "image/png": {"alt": self.alt}}


def as_json(value: Any) -> str:
    """JSON that can stand inside a script element: bytes as base64, and no `<` that could end the element."""

    def encode(item: Any) -> dict[str, str]:
        return {"base64": base64.b64encode(item).decode("ascii")}

    return json.dumps(value, default=encode).replace("<", "\\u003c")


def _page(widget: Widget) -> str:
    """One self-contained page: style, module, data and a stand-in for the Jupyter model, all inline."""
    parts = {
        "TITLE": html.escape(type(widget).__name__ + ": " + widget.alt.split(". ")[0]),
        "ALT": html.escape(widget.alt),
        "PICTURE": base64.b64encode(widget.picture()).decode("ascii"),
        "CSS": str(widget._css).replace("</", "<\\/"),
        "STUB": source("stub_model.js").replace("</", "<\\/"),
        "MODULE": as_json(str(widget._esm)),
        "STATE": as_json(widget.state()),
    }
    return re.sub(r"@(\w+)@", lambda found: parts[found.group(1)], source("page.html"))
