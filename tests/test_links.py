"""The link check's own parts; whether the links answer is checked once a week, on the network."""

import json

import links


def test_addresses_end_where_the_sentence_does():
    text = 'See [a](https://a.org/x_(y)), <https://b.org/?q=1>, and https://c.org/d. "https://e.org" `http://f.org`'
    assert links.addresses(text) == [
        "https://a.org/x_(y)",
        "https://b.org/?q=1",
        "https://c.org/d",
        "https://e.org",
        "http://f.org",
    ]


def test_texts_are_markdown_files_and_the_cells_of_lessons(tmp_path):
    (tmp_path / "README.md").write_text("https://a.org", encoding="utf-8")
    (tmp_path / "lessons").mkdir()
    cells = [{"source": ["https://", "b.org"]}, {"source": "https://c.org"}]
    (tmp_path / "lessons" / "01.ipynb").write_text(json.dumps({"cells": cells}), encoding="utf-8")
    found = [address for _, text in links.texts(tmp_path) for address in links.addresses(text)]
    assert found == ["https://a.org", "https://b.org", "https://c.org"]


def test_an_address_that_cannot_be_opened_is_named():
    assert links.failure("file:///no/such/file")
