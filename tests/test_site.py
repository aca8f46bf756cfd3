"""The site's parts: formulas, Markdown, cells and widgets. Pages: test_site_pages; building: test_site_builder."""

import re
import sys

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from site_document import Document

from toolkit.site.cells import article
from toolkit.site.maths import mathml
from toolkit.site.words import Heading, Words, code, inside
from toolkit.widgets import NoisyQuadraticPlayground
from toolkit.widgets.base import PORTABLE, PORTABLE_WANTED

NOWHERE = Words(lambda address: None)


def words() -> Words:
    return Words(inside({"01_a.ipynb": "01_a.html"}))


def test_a_fraction_and_its_tex():
    made = mathml("\\tfrac12  h\nw^2")
    assert "<mfrac><mn>1</mn><mn>2</mn></mfrac>" in made and "<msup><mi>w</mi><mn>2</mn></msup>" in made
    assert r'display="inline" alttext="\tfrac12 h w^2"' in made


def test_limits_go_below_their_operator_on_a_line_of_their_own_only():
    assert "<munder><mo>max</mo>" in mathml(r"\max_t L(t)", block=True)
    assert "<munder>" not in mathml(r"\max_t L(t)")


def test_a_semicolon_and_a_long_arrow_are_no_letters_and_log_keeps_its_distance():
    made = mathml(r"f(x; y) \Longrightarrow -\log p, \log(2), \cos^2 x")
    assert "<mo>;</mo>" in made and "<mo>&#x027F9;</mo>" in made and "arg" in mathml(r"\arg\max_p C")
    assert made.count('<mi>log</mi><mspace width="0.167em" />') == 1
    assert "<msup><mi>cos</mi><mn>2</mn></msup>" in made


@pytest.mark.parametrize("tex, reason", [(r"\nosuch{x}", r"\nosuch"), (r"\frac{1", "braces"), (r"\left( x", "formula")])
def test_a_formula_that_cannot_be_shown_is_named(tex, reason):
    with pytest.raises(ValueError, match="tex must") as caught:
        mathml(tex)
    assert reason in str(caught.value) and repr(tex)[1:-1].replace("\\\\", "\\") in str(caught.value).replace(
        "\\\\", "\\"
    )


def test_without_latex2mathml_one_sentence_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "latex2mathml.converter", None)
    with pytest.raises(ImportError, match="latex2mathml, which is not installed: run make setup"):
        mathml("x")


def test_headings_get_the_anchors_that_jupyter_gives_and_stay_unique():
    page = words()
    made = page("# All lessons\n\n## 4 · Build `it`\n\n## 4 · Build it\n\n**Exercise 1.2 · Walk** — easy")
    assert page.headings == [
        Heading(1, "All-lessons", "All lessons"),
        Heading(2, "4-·-Build-it", "4 · Build it"),
        Heading(2, "4-·-Build-it-2", "4 · Build it"),
        Heading(3, "exercise-1.2", "Exercise 1.2 · Walk"),
    ]
    assert '<p class="exercise" id="exercise-1.2"><strong>Exercise 1.2' in made


@pytest.mark.parametrize(
    "source, made",
    [
        ("[on](01_a.ipynb)", '<a href="01_a.html">on</a>'),
        ("[on](../lessons/01_a.ipynb#All-lessons)", '<a href="01_a.html#All-lessons">on</a>'),
        ("[on](#Here)", '<a href="#Here">on</a>'),
        ("[code](../toolkit/space.py)", "code"),
        ("[gone](09_gone.ipynb#x)", "gone"),
        ("[web](https://example.org/a?b=1&c=2)", '<a href="https://example.org/a?b=1&amp;c=2">web</a>'),
        ("![a *hill*](gone.png)", "a hill"),
    ],
)
def test_links_stay_inside_the_site_or_become_words(source, made):
    assert words()(source) == f"<p>{made}</p>\n"


def test_a_picture_beside_the_text_is_put_into_the_page(tmp_path):
    (tmp_path / "dot.gif").write_bytes(b"GIF89a")
    made = Words(lambda address: None, tmp_path)('![a "dot"](dot.gif)')
    assert made == '<p><img src="data:image/gif;base64,R0lGODlh" alt="a &quot;dot&quot;"></p>\n'


def test_dollars_are_formulas_only_where_they_embrace_one():
    assert "<math" not in NOWHERE("It costs $5, not $6, and `$x$` is code.")
    assert NOWHERE("| a |\n|---|\n| $p(y \\mid x)$ |").count("<math") == 1
    assert NOWHERE("as $x$); so").count("</math>);</span> so") == 1
    assert NOWHERE("so $$x$$ and $y$").count('display="block"') == 1


def test_a_fold_stays_a_fold_and_its_code_is_coloured():
    made = NOWHERE("<details>\n<summary>Solution</summary>\n\n```python\nx < 1\n```\n\n</details>")
    assert re.search(r"<details>\s*<summary>Solution</summary>\s*<pre.*</pre>\s*</details>", made, re.DOTALL)
    assert '<span class="o">&lt;</span>' in made


def test_code_cannot_become_part_of_the_page():
    assert "<script" not in code("'<script>'") + code("<script>", "nolang") + NOWHERE("    <script>\n")


def picture(alt: str = 'two "hills"'):
    data = {"image/png": __import__("base64").b64encode(NoisyQuadraticPlayground().picture()).decode()}
    return new_output("display_data", data, metadata={"image/png": {"alt": alt}})


def test_cells_keep_their_order_alt_and_text():
    outputs = [
        new_output("stream", name="stdout", text="\x1b[31m1 < 2\x1b[0m\n"),
        picture(),
        new_output("display_data", {"text/markdown": "| a |\n|---|\n| $x$ |", "text/plain": "no"}),
        new_output("execute_result", {"text/plain": "'<b>'"}),
    ]
    cells = [
        new_markdown_cell("[back](00.ipynb)", metadata={"tags": ["navigation"]}),
        new_markdown_cell("# Hills"),
        new_code_cell("1 < 2", outputs=outputs, metadata={"jupyter": {"source_hidden": True}}),
    ]
    made = article(new_notebook(cells=cells), words())
    assert made.title == "Hills" and [kind for kind, _ in made.parts] == ["text", "code"]
    text = made.parts[1][1]
    order = ["<details>", "</details>", '<pre class="printed">1 &lt; 2</pre>', "<img", "<table>", "&lt;b&gt;"]
    assert [text.index(mark) for mark in order] == sorted(text.index(mark) for mark in order)
    assert Document(text).images[0]["alt"] == 'two "hills"' and int(Document(text).images[0]["width"]) > 100
    assert "back" not in made.html


def test_a_widget_gives_itself_away_only_when_the_site_asks(monkeypatch):
    playground = NoisyQuadraticPlayground(members=5)
    monkeypatch.delenv(PORTABLE_WANTED, raising=False)
    assert PORTABLE not in playground._repr_mimebundle_()[0]
    monkeypatch.setenv(PORTABLE_WANTED, "1")
    given = playground._repr_mimebundle_()[0][PORTABLE]
    assert (given["class"], given["state"]["members"], given["alt"]) == ("NoisyQuadraticPlayground", 5, playground.alt)
    assert given["module"] == playground._esm and given["style"] == playground._css


def test_two_widgets_of_a_class_share_their_module_and_no_state_can_end_its_script(monkeypatch):
    monkeypatch.setenv(PORTABLE_WANTED, "1")
    data = NoisyQuadraticPlayground()._repr_mimebundle_()[0]
    data[PORTABLE]["state"]["trap"] = "</script><b>"
    shown = [new_code_cell("w", outputs=[new_output("display_data", data)]) for _ in range(2)]
    made = article(new_notebook(cells=shown), words())
    assert (len(made.modules), len(made.styles), list(made.states)) == (1, 1, ["widget-1", "widget-2"])
    assert made.data.count("</script>") == 3 and "<b>" not in made.data
    figures = Document(made.html)
    assert figures.tags["figure"] == 2 and figures.ids == ["widget-1", "widget-2"]
    assert all(image["alt"] == data[PORTABLE]["alt"] for image in figures.images)
