"""README's table of what is reproduced: it says what the evidence says, and nothing else of README is touched."""

import pytest

from toolkit.evidence import readme
from toolkit.evidence.claims import Row, rows


def test_readme_says_what_the_evidence_says():
    text = readme.README.read_text(encoding="utf-8")
    assert readme.renewed(text, rows()) == text, "run python -m toolkit.evidence.readme"


def test_readme_is_written_anew_between_its_comments_only(tmp_path, monkeypatch, capsys):
    text = readme.README.read_text(encoding="utf-8")
    copy = tmp_path / "README.md"
    monkeypatch.setattr(readme, "README", copy)
    copy.write_text(text.replace("1.84 ± 0.29", "1.85 ± 0.29"), encoding="utf-8")
    assert readme.main(["--check"]) == 1
    assert capsys.readouterr().err.startswith("README.md does not say what the evidence says; run ")
    assert readme.main([]) == 0
    assert copy.read_text(encoding="utf-8") == text
    assert readme.main(["--check"]) == 0
    copy.write_text("no comments")
    assert readme.main([]) == 1
    assert "README must hold the comments" in capsys.readouterr().err
    assert copy.read_text() == "no comments"
    assert [path.name for path in tmp_path.iterdir()] == ["README.md"]


@pytest.mark.parametrize(
    "text", ["", f"{readme.BEGIN}", f"{readme.END} {readme.BEGIN}", f"{readme.BEGIN} {readme.END} " * 2]
)
def test_comments_that_are_missing_twice_there_or_swapped_are_named(text):
    with pytest.raises(ValueError, match="^README must hold the comments .* once each, in this order.$"):
        readme.renewed(text, [])


def test_the_last_row_is_on_matching_and_all_papers_have_one():
    papers = [row.paper for row in rows()]
    assert len(papers) == len(set(papers))
    assert papers[-1].startswith("Ainsworth")


@pytest.mark.parametrize("text", ["a | b", "a\nb"])
def test_a_text_that_would_break_the_table_is_refused(text):
    with pytest.raises(
        ValueError, match="^a row of README's table must have neither a bar nor a line end, got 'Euclid'.$"
    ):
        readme.table([Row("Euclid", "lines", text, holds=True)])
