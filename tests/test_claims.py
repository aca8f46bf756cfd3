"""Claims: every figure is computed from the files, every verdict falls with its figures, the lessons agree."""

import ast
import json
import re
import shutil
from functools import reduce

import pytest

from toolkit import evidence
from toolkit.evidence import claims05
from toolkit.evidence.claim import VERDICTS, Claim, Row, above, always, supported
from toolkit.evidence.claims import claims, rows
from toolkit.notebooks import FOLDER, LESSONS

KNOBS = ("t", "width", "steps", "epochs", "noise", "start", "members")  # lists of what was varied
PAIR = re.compile(r"(\d+\.?\d*) ± (\d+\.?\d*)")


@pytest.fixture
def folder(tmp_path):
    """A copy of the evidence, to be changed."""
    return shutil.copytree(evidence.FOLDER, tmp_path / "evidence")


def filled(value, number):
    """Every number below a dict or list replaced; `number` is one, or a function of the old one."""
    if isinstance(value, dict):
        return {key: filled(item, number) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, number) for item in value]
    return number(value) if callable(number) else number


def change(folder, lesson, path, number):
    """Replace the numbers at `path`, names with slashes between them."""
    file = folder / f"{lesson}.json"
    record = json.loads(file.read_text())
    *way, last = path.split("//")
    place = reduce(lambda place, name: place[name], way, record["claims"])
    place[last] = filled(place[last], number)
    file.write_text(json.dumps(record))


def lesson_table(lesson: int) -> tuple[int, str]:
    """How many rows the results table of a lesson has, and what it showed when the lesson was last run."""
    file = next(entry.file for entry in LESSONS if entry.number == lesson)
    cells = json.loads((FOLDER / file).read_text(encoding="utf-8"))["cells"]
    cell = next(cell for cell in cells if cell["id"] == f"l{lesson:02}-table")
    calls = [node for node in ast.walk(ast.parse("".join(cell["source"]))) if isinstance(node, ast.Call)]
    table = next(call for call in calls if ast.unparse(call.func) == "plots.table")
    return len(table.args[1].elts), json.dumps(cell["outputs"], ensure_ascii=False)


def test_every_lesson_with_evidence_has_its_claims_in_order():
    found = claims()
    numbers = [claim.lesson for claim in found]
    assert numbers == sorted(numbers)
    assert {f"{number:02}" for number in numbers} == set(evidence.LESSONS)
    for claim in found:
        assert claim.verdict in VERDICTS
        assert all([claim.paper, claim.statement, claim.seen, claim.control, claim.seeds])
        assert not re.search(r"nan|inf\b|[|\n]", f"{claim.seen} {claim.control}")


@pytest.mark.parametrize("lesson", [int(lesson) for lesson in evidence.LESSONS])
def test_claims_are_those_of_the_lesson_with_the_same_figures(lesson):
    here = [claim for claim in claims() if claim.lesson == lesson and not claim.paper.startswith("Ainsworth")]
    count, shown = lesson_table(lesson)
    assert len(here) == count
    if lesson == 1:  # its table mixes the learner's own runs in
        return
    texts = " ".join(f"{claim.seen} {claim.control}" for claim in here)
    assert set(PAIR.findall(shown)) <= set(PAIR.findall(texts))


def test_no_figure_is_typed_by_hand(folder):
    before = claims()
    for path in folder.glob("*.json"):
        record = json.loads(path.read_text())
        for claim in record["claims"].values():
            for name, value in claim.items():
                if name not in ("config", "length") and not (name in KNOBS and isinstance(value, list)):
                    claim[name] = filled(value, lambda old: 0.99 * old if isinstance(old, float) else old)
        path.write_text(json.dumps(record))
    checked = 0
    for old, new in zip(before, claims(folder), strict=True):
        pairs = [PAIR.findall(f"{claim.seen} {claim.control}") for claim in (old, new)]
        assert len(pairs[0]) == len(pairs[1])
        if "how long" in old.statement:
            continue
        for (mean, _), (scaled, _) in zip(*pairs, strict=True):
            unit = 10.0 ** -len(mean.partition(".")[2])
            assert float(scaled) == pytest.approx(0.99 * float(mean), abs=1.01 * unit), old.statement
            checked += 0.01 * float(mean) > 2 * unit  # a figure typed by hand would have shown
    assert checked > 60


def test_seeds_come_from_the_settings(folder):
    for path in folder.glob("*.json"):
        record = json.loads(path.read_text())
        for claim in record["claims"].values():
            claim["config"] |= {name: 77 for name in ("pairs", "seeds") if name in claim["config"]}
        path.write_text(json.dumps(record))
    assert {claim.seeds for claim in claims(folder)} == {"77 pairs", "77 seeds", "closed form"}
    texts = " ".join(row.seen for row in rows(folder))
    assert set(re.findall(r"(\d+) (?:pairs|seeds)", texts)) == {"77"}


BROKEN = [
    (1, "once units are permuted", "independent_pairs//barrier_test_chord", 0.1),
    (1, "stable to SGD noise early", "siblings//train_error_chord", 0.01),
    (1, "without BatchNorm", "siblings_without_batchnorm//train_error_chord", 0.01),
    (1, "belong to the weights", "stale_statistics//test_accuracy//averaged", 0.9),
    (2, "simple curves", "budget//lowest_accuracy", 0.5),
    (2, "with BatchNorm", "batchnorm//found//curve, refreshed//lowest_accuracy", 0.5),
    (2, "random bends", "budget//random_bends", 0.1),
    (2, "how long", "budget//length", 2.0),
    (2, "Fast Geometric", "fast_ensembles//test_accuracy//0.4//fast ensemble", 0.99),
    (2, "Fast Geometric", "fast_ensembles//test_accuracy//0//fast ensemble", 0.99),
    (3, "once permuted", "widths//found//weights//barrier", 2.0),
    (3, "once permuted", "widths//found//activations//barrier//16", 0.0),
    (3, "aligned curves", "curves//lowest_accuracy//32//aligned", 0.9),
    (3, "PAM", "alternating//found//from B aligned, lr 0.05//curve_lowest", 0.5),
    (3, "PAM", "alternating//found//from B as it comes, lr 2//curve_lowest", 0.9),
    (3, "robust-loss", "robust//found//line, aligned//barrier", 1.1),
    (3, "a random order", "widths//found//control: at random//barrier", 0.1),
    (3, "by weights alone", "matchers//width//32//Sinkhorn//barrier", 1.0),
    (4, "in one run", "noise//test_accuracy//0.4//line, end", 0.5),
    (4, "label noise", "noise//test_accuracy//0.4//standard, lr / 2", 0.96),
    (4, "label noise", "noise//test_accuracy//0.4//standard, lr / 4", 0.8),
    (4, "weight averaging", "noise//test_accuracy//0.4//SWA", 0.97),
    (4, "ensembles from a subspace", "noise//test_accuracy//0//two networks", 0.999),
    (4, "calibration", "calibration//found//midpoint//ece", 0.5),
    (4, "calibration", "noise//test_accuracy//0//line", 0.99),
    (5, "generalise better", "methods//test_accuracy//0.4//one network", 0.8),
    (5, "generalise better", "methods//test_accuracy//0//K 10, noise 0.5, average", 0.9),
    (5, "generalise better", "control//found//0.4//K 1, noise 1, gamma 10//accuracy", 0.5),
    (5, "kept as an ensemble", "methods//test_accuracy//0.4//K 10, noise 1, ensemble", 0.5),
    (5, "noise at the release", "methods//test_accuracy//0.4//K 10, noise 0, average", 0.76),
    (5, "better than SWA", "methods//test_accuracy//0.4//SWA from 60 %", 0.9),
    (5, "late matters", "grid//average", 0.5),
    (6, "as well as Adam", "rates//lr//0.01//5//test", 0.5),
    (6, "as well as Adam", "mnist//test_accuracy//784-128-10, k = 100", 0.99),
    (6, "the period", "periods//period//1//test", 0.99),
    (6, "sparse starts", "sparsity//keep//0.3//lr 0.01, k = 20//test", 0.5),
    (6, "one shared value", "shared_value//found//64-128-64-10", 0.9),
    (6, "sorted profiles", "ranks//found//its weights, shuffled in each row//test", 0.9),
    (7, "masks found on distilled data", "stability//found//100 synthetic digits//barrier, train", 0.05),
    (7, "masks found on distilled data", "stability//found//100 synthetic digits, shuffled//barrier, train", 0.02),
    (7, "masks found on distilled data", "elsewhere//found//lr 0.2//real, round 7//barrier, train", 0.01),
    (7, "than the dense network", "dense//step//0//barrier, train", 0.01),
    (7, "than the dense network", "elsewhere//found//lr 0.2//synthetic, round 7//barrier, train", 0.06),
    (7, "found on the real data", "stability//found//real digits//barrier, train", 0.03),
    (7, "matching the performance", "stability//found//100 synthetic digits//accuracy", 0.9),
    (7, "studied by interpolation", "curvature//rank correlation with the barrier//level", 0.9),
]


@pytest.mark.parametrize(("lesson", "statement", "path", "number"), BROKEN)
def test_a_verdict_falls_with_its_figures(folder, lesson, statement, path, number):
    change(folder, f"{lesson:02}", path, number)
    message = (
        f"^The evidence no longer supports '.*' for lesson {lesson:02}, .*{statement}.*; read it and mend the verd"
    )
    with pytest.raises(ValueError, match=message):
        claims(folder)


def test_every_claim_has_figures_that_can_break_it():
    broken = {(lesson, statement) for lesson, statement, *_ in BROKEN} | {(5, "quadratic")}
    for claim in claims():
        assert any(lesson == claim.lesson and part in claim.statement for lesson, part in broken), claim.statement


def test_the_closed_form_is_computed(monkeypatch):
    monkeypatch.setattr(claims05.NoisyQuadratic, "swa", lambda self, lr, steps: self.sgd(lr))
    with pytest.raises(ValueError, match="'exact' for lesson 05, von Oswald.*quadratic"):
        claims()


@pytest.mark.parametrize(
    ("lesson", "paper", "path", "number"),
    [
        ("04", "Wortsman", "mnist//test_accuracy//line", 0.99),
        ("04", "Wortsman", "noise//test_accuracy//0.4//line, lr x 2", 0.7),
        ("05", "von Oswald", "unknown//found//average, noise 1//digits 7 to 9", 0.999),
        ("05", "von Oswald", "mnist//test_accuracy//SWA", 0.99),
        ("05", "von Oswald", "methods//test_accuracy//0.4//stopped where validation is best", 0.7),
        ("05", "von Oswald", "methods//test_accuracy//0.4//K 10, noise 0.5, member", 0.99),
    ],
)
def test_a_row_of_readme_falls_with_its_figures(folder, lesson, paper, path, number):
    claims(change(folder, lesson, path, number) or folder)
    with pytest.raises(
        ValueError, match=f"^The evidence no longer supports 'what it says' for README's row on {paper}"
    ):
        rows(folder)


def test_missing_and_damaged_evidence_each_get_a_sentence(folder):
    (folder / "06.json").write_text("{")
    with pytest.raises(ValueError, match="^06.json is damaged .*; run make evidence.$"):
        claims(folder)
    (folder / "06.json").unlink()
    with pytest.raises(
        FileNotFoundError, match="^There is no evidence for lesson '06' in evidence/; run make evidence.$"
    ):
        rows(folder)


def test_a_claim_says_what_is_wrong_with_it():
    with pytest.raises(ValueError, match="^verdict must be one of 'reproduced', .*, got 'proved'.$"):
        Claim("Euclid", 1, "lines", "seen", "control", "5 seeds", "proved", holds=True)
    with pytest.raises(
        ValueError, match="^The evidence no longer supports 'exact' for lesson 01, Euclid, 'lines'; read"
    ):
        Claim("Euclid", 1, "lines", "seen", "control", "5 seeds", "exact")
    with pytest.raises(
        ValueError, match="^The evidence no longer supports 'what it says' for README's row on Euclid; r"
    ):
        Row("Euclid", "lines", "seen")
    supported("Euclid", "exact", holds=True)


def test_above_compares_means_and_always_each_seed():
    assert above([1, 5], [2, 2], by=0.9)
    assert not above([1, 5], [2, 2], by=1.1)
    assert not always([1, 5], [2, 2])
    assert always([3, 5], [2, 2])
