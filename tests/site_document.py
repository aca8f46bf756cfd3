"""A page of the site as the tests look at it."""

from collections import Counter
from html.parser import HTMLParser


class Document(HTMLParser):
    """What a test wants to know of a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags, self.ids, self.hrefs, self.loaded, self.images = Counter(), [], [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        given = dict(attributes)
        self.tags[tag] += 1
        self.ids += [given["id"]] if "id" in given else []
        self.hrefs += [given["href"]] if tag == "a" else []
        self.loaded += [given[name] for name in ("src", "srcset", "data", "poster", "action") if name in given]
        self.loaded += [given["href"]] if tag == "link" else []
        self.images += [given] if tag == "img" else []
