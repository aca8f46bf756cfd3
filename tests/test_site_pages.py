"""The pages of all lessons as they are committed: links, pictures, anchors, colours; the front page and the claims."""

import json
import re
from collections import Counter
from types import SimpleNamespace
from urllib.parse import unquote

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from site_document import Document

from toolkit.notebooks import FOLDER, LESSONS
from toolkit.site import SiteError, build
from toolkit.site.cells import Article, article
from toolkit.site.claims import claims
from toolkit.site.front import front
from toolkit.site.page import COURSE, Page, index, write
from toolkit.site.page import FOLDER as SITE
from toolkit.site.words import Heading, Words
from toolkit.slides import write as slides
from toolkit.widgets import NoisyQuadraticPlayground
from toolkit.widgets.base import PORTABLE_WANTED


def test_the_index_holds_every_heading_of_every_page():
    pages = [Page("a.html", "A", "", headings=[Heading(2, "x y", "</script>")]), Page("b.html", "B", "")]
    assert index(pages) == '[{"page": "A", "text": "\\u003c/script>", "href": "a.html#x%20y", "level": 2}]'


def test_a_lesson_leads_to_its_neighbours():
    pages = [Page("index.html", "I", ""), *(Page(f"{name}.html", name.upper(), "", "lesson") for name in "abc")]
    assert [Document(write(page, pages)).hrefs[2:5] for page in pages[1:]] == [
        ["index.html", "b.html", "index.html"],
        ["a.html", "index.html", "c.html"],
        ["b.html", "index.html", "b.html"],
    ]


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The site of all lessons as they are committed: not run, so that their widgets are pictures."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("toolkit.site.builder.execute", lambda path, timeout: nbformat.read(path, as_version=4))
        folder = build(tmp_path_factory.mktemp("out") / "site")
    return {path.name: Document(path.read_text(encoding="utf-8")) for path in folder.iterdir()}


def test_every_lesson_has_its_page(site):
    assert set(site) - {"evidence.html"} == {"index.html"} | {
        f"{lesson.file.removesuffix('.ipynb')}.html" for lesson in LESSONS if lesson.exists
    }


def test_every_link_inside_the_site_arrives(site):
    for name, document in site.items():
        for href in document.hrefs:
            if href.startswith("https://") or href.startswith("http://"):
                continue
            file, _, anchor = href.partition("#")
            assert (file or name) in site, f"{name}: {href}"
            assert not anchor or unquote(anchor) in site[file or name].ids, f"{name}: {href}"


def test_a_page_loads_nothing_but_itself(site):
    for name, document in site.items():
        assert [address[:40] for address in document.loaded if not address.startswith("data:")] == [], name


def test_the_browser_itself_is_told_to_load_nothing():
    for text in [write(Page("a.html", "A", ""), []), slides(Article("A"))]:
        policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', text)[1]
        assert policy.startswith("default-src 'none';") and "http" not in policy and "*" not in policy
        assert text.index(policy) < text.index("<script")


def test_every_page_has_one_title_unique_anchors_and_words_for_every_picture(site):
    for name, document in site.items():
        assert document.tags["h1"] == 1, name
        assert [found for found, count in Counter(document.ids).items() if count > 1] == [], name
        assert all(image.get("alt", "").strip() for image in document.images), name
        assert document.tags["table"] == 0 or name == "index.html" or document.tags["table"] > 1


def test_every_fold_and_every_formula_of_the_lessons_is_on_the_page(site):
    for path in sorted(FOLDER.glob("[0-9]*.ipynb")):
        cells = [cell for cell in nbformat.read(path, as_version=4).cells if cell.cell_type == "markdown"]
        document = site.get(f"{path.stem}.html")
        if document is None:
            continue
        folds = sum(cell.source.count("<details") for cell in cells)
        assert document.tags["details"] >= folds + 1, path.name
        prose = re.sub(r"```.*?```|`[^`]*`", "", "\n".join(cell.source for cell in cells), flags=re.DOTALL)
        assert document.tags["math"] >= len(re.findall(r"\$\$[^$]+\$\$|\$[^$]+\$", prose)), path.name


def contrast(one: str, other: str) -> float:
    """Contrast of two colours #rrggbb, as WCAG 2 defines it."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return sum(weight * c for weight, c in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    high, low = sorted([luminance(one), luminance(other)], reverse=True)
    return (high + 0.05) / (low + 0.05)


def test_every_text_can_be_read_on_its_ground_in_light_dark_and_print():
    blocks = re.findall(r"\{([^{}]*--back:[^{}]*)\}", (SITE / "site.css").read_text(encoding="utf-8"))
    themes = [dict(re.findall(r"--([a-z-]+): (#[0-9a-f]{6})", block)) for block in blocks]
    assert len(themes) == 4 and themes[1] == themes[2], "light, dark by switch, dark by system, print"
    syntax = ["keyword", "string", "number", "comment", "name", "builtin"]
    for theme in themes:
        pairs = [(text, ground) for text in ["text", "quiet", "link"] for ground in ["back", "soft", "code"]]
        pairs += [(text, "code") for text in syntax] + [("on-accent", "accent")]
        assert {
            pair: contrast(theme[pair[0]], theme[pair[1]])
            for pair in pairs
            if contrast(theme[pair[0]], theme[pair[1]]) < 4.5
        } == {}
        assert contrast(theme["edge"], theme["back"]) >= 3 and contrast(theme["accent"], theme["back"]) >= 3


def test_contrast_itself():
    assert contrast("#000000", "#ffffff") == pytest.approx(21) and contrast("#777777", "#ffffff") == pytest.approx(
        4.478, abs=1e-3
    )


def test_the_front_page_has_promise_question_paper_and_time(tmp_path):
    readme = tmp_path / "README.md"
    readme.write_text("# Course\n\n**Promise.** See [installing](#installing).\n\n## The lessons\n\nRest.\n")
    lesson = ("01_two_networks.ipynb", Page("01_two_networks.html", "01 Two networks", "", "lesson"))
    page = front([lesson], has_claims=True, readme=readme)
    for part in [
        "<strong>Promise.</strong>",
        "See <em>installing</em> in the course's README.",
        "Frankle et al. 2020; Entezari et al. 2022 · 75 minutes · after 00",
        ">Two networks</a>",
    ]:
        assert part in page.body, part
    assert "evidence.html" in page.body and "evidence.html" not in front([lesson], readme=readme).body
    assert "What lies between two networks that are equally good?" in page.body and "Rest." not in page.body
    assert '<li><em>two hours</em>: 00, <a href="01_two_networks.html">01</a> (1.5 hours of lessons)' in page.body
    assert ">Course</h1>" in page.body and COURSE in front([lesson], readme=tmp_path / "gone.md").body


def test_the_search_knows_what_every_lesson_is_about(site):
    pages = [(lesson.file, Page(f"{lesson.file[:2]}.html", lesson.title, "", "lesson")) for lesson in LESSONS]
    page = front(pages)
    entries = json.loads(index([page]))
    for word, label in {"permutation": "03", "LaPerm": "06", "lottery": "07", "Hessian": "07"}.items():
        assert f"index.html#lesson-{label}" in [entry["href"] for entry in entries if word in entry["text"]]
    assert {f"lesson-{lesson.label}" for lesson in LESSONS} <= set(Document(page.body).ids)
    assert front([("99_soups.ipynb", Page("99.html", "Soups", "", "lesson"))]).body.count("lesson-99") == 0


def test_the_front_page_can_show_a_widget_with_all_it_needs(monkeypatch):
    monkeypatch.setenv(PORTABLE_WANTED, "1")
    data = NoisyQuadraticPlayground()._repr_mimebundle_()[0]
    shown = [new_code_cell("w", outputs=[new_output("display_data", data)]) for _ in range(2)]
    made = article(new_notebook(cells=shown), Words(lambda address: None))
    lessons = [("01_two_networks.ipynb", Page("01_two_networks.html", "01 Two networks", "", "lesson"))]
    page = front(lessons, shown=made.first_widget)
    assert Document(page.body).tags["figure"] == 1 and Document(page.data).tags["script"] == 2
    assert page.style == made.style and "Try it" in page.body and "Try it" not in front(lessons).body
    assert Article("no widgets").first_widget is None


def test_an_unsupported_verdict_stops_the_site(tmp_path, monkeypatch):
    def wrong(targets):
        raise ValueError("claim 'x' says reproduced, but the figures do not.")

    monkeypatch.setattr("toolkit.site.builder.execute", lambda path, timeout: nbformat.read(path, as_version=4))
    monkeypatch.setattr("toolkit.site.builder.claims", wrong)
    with pytest.raises(SiteError, match="The page of evidence could not be made: claim 'x' says"):
        build(tmp_path / "site", ["00"])


def test_claims_stand_in_one_table_a_paper():
    fake = [
        SimpleNamespace(
            paper=p, lesson=n, statement="$B$ falls", seen="1.0 ± 0.1", control="<none>", seeds=5, verdict="partly"
        )
        for p, n in [("Frankle", 1), ("Garipov", "02"), ("Frankle", 1)]
    ]
    page = claims({"01_two_networks.ipynb": "01.html"}, fake)
    found = Document(page.body)
    assert found.tags["table"] == 2 and found.tags["tr"] == 5 and found.tags["math"] == 3
    assert found.hrefs == ["01.html", "01.html"] and [h.text for h in page.headings][1:] == ["Frankle", "Garipov"]
    assert (
        page.body.count("1.0\N{NO-BREAK SPACE}±\N{NO-BREAK SPACE}0.1") == 3
        and page.body.count("<strong>partly</strong>") == 3
    )
