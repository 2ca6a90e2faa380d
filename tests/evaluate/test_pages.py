"""Report, card and comparison: whole, closed to the network, and free of any text."""

import json
import logging
import re
import subprocess
import sys
from dataclasses import replace
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
import yaml

from helpers.axes import AXES, FIRST, SCALE, SEVERAL, TWO
from helpers.judged import CANARY, judged, only, truth_of, twins
from mindrail import config
from mindrail.data.sets.minimal_pairs import CARD
from mindrail.evaluate import figures, report, words
from mindrail.evaluate.card import card
from mindrail.evaluate.comparison import Side, as_text, side_by_side
from mindrail.taxonomy import Axis, Label, Taxonomy

_VOID = {"meta", "br", "hr", "img", "link", "input"}
CHINESE = Axis(
    "风险",
    "scale",
    (
        Label("安全", "平常的话", decision="allow"),
        Label("需要注意的模糊表达", "说得含糊", decision="review"),
        Label("危险", "有害", does_not_count=("新闻",)),
    ),
)


class Page(HTMLParser):
    """What a page is made of; complains about tags that do not match."""

    def __init__(self, text):
        super().__init__()
        self.open, self.seen, self.outside, self.data, self.ids = [], [], [], {}, []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        self.seen.append((tag, given))
        self.ids += [given["id"]] if "id" in given else []
        links = [given[name] for name in ("src", "href", "action", "data") if given.get(name)]
        self.outside += [link for link in links if not link.startswith("#")]
        if tag not in _VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.seen.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        place = "/".join(self.open)
        self.data[place] = self.data.get(place, "") + data

    def tags(self, name):
        return [given for tag, given in self.seen if tag == name]


def written(evaluation, folder):
    """The three forms, after the checks that hold for every page."""
    report.write(evaluation, folder)
    html, told, data = ((folder / f"report.{end}").read_text() for end in ("html", "md", "json"))
    page = Page(html)
    assert page.outside == []
    assert "url(" not in html
    assert "@import" not in html
    assert page.tags("html")[0]["lang"] == "en"
    assert page.data["html/head/title"] == evaluation.name
    assert len(page.ids) == len(set(page.ids))
    assert len(page.tags("h1")) == 1
    assert {given.get("scope") for given in page.tags("th")} == {"col", "row"}
    assert len(page.tags("caption")) == len(page.tags("table"))
    assert [given["type"] for given in page.tags("script")] == ["application/json"]
    assert json.loads(page.data["html/body/script"]) == json.loads(data)
    for form in (html, told, data):
        assert CANARY not in form
        assert not re.search(r"\bnan\b", form, re.IGNORECASE)
    return html, told, json.loads(data)


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("seeds", [1, 2])
def test_every_axis_renders_and_the_three_forms_agree(axis, seeds, tmp_path, caplog):
    caplog.set_level(logging.DEBUG)
    harmful = axis.names[0] if axis.kind in ("first_of", "any_of") else axis.names[-1]
    harmless = next((label.name for label in axis.labels if label.decision == "allow"), "")
    evaluation = judged(axis, 150, seeds=seeds, grouped=True).evaluate(pairs=twins(axis, harmless, harmful))
    html, told, data = written(evaluation, tmp_path)
    head = data["headline"]
    for shown in (words.share(head["recall"]["value"]), words.score(head["f1"]["value"])):
        assert f'<dd class="value">{shown}</dd>' in html
        assert f"| {shown} |" in told
    assert evaluation.promises[0].sentence.replace("'", "&#x27;") in html
    assert evaluation.promises[0].sentence in told
    assert (f"means of {seeds} training runs" in html) == (seeds > 1)
    assert CANARY not in caplog.text
    assert report.read(tmp_path / "report.json") == evaluation


@pytest.mark.parametrize("axis", [*AXES, CHINESE], ids=lambda a: a.kind)
@pytest.mark.parametrize("size", [1, 2, 7])
def test_tiny_data_render_with_warnings(axis, size, tmp_path):
    evaluation = judged(axis, size).evaluate()
    html, told, _ = written(evaluation, tmp_path)
    assert evaluation.warnings
    assert "Read this first" in html
    assert "Read this first" in told


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
@pytest.mark.parametrize("harmful", [True, False])
def test_one_class_renders_with_warnings(axis, harmful, tmp_path):
    rows = judged(axis, 120)
    stopped = truth_of(rows)[:, axis.stopped].any(axis=1)
    evaluation = only(rows, stopped == harmful).evaluate()
    html, _, _ = written(evaluation, tmp_path)
    assert any("cannot be measured" in warning for warning in evaluation.warnings)
    assert words.UNDEFINED in html


def test_without_a_promise_the_reason_comes_first(tmp_path):
    rows = judged(TWO, 60)
    silent = replace(rows.calibrations[0], promise=None, no_promise="found 3 messages, expected 29")
    evaluation = replace(rows, calibrations=[silent]).evaluate()
    html, told, _ = written(evaluation, tmp_path)
    assert evaluation.promises[0].verdict == "no promise"
    for form in (html, told):
        assert "No promise: found 3 messages, expected 29." in form


def test_chinese_labels_render(tmp_path):
    html, told, _ = written(judged(CHINESE, 200).evaluate(name="守护 test"), tmp_path)
    assert '<th scope="row">需要注意的模糊表达</th>' in html
    assert "| 需要注意的模糊表达 |" in told


def test_nothing_given_can_become_markup(tmp_path):
    evil = "</script><script src=//x>|`*"
    rows = judged(TWO, 60)
    marked = [replace(e, source=evil if i % 2 else "b", id=f"{evil}{i}") for i, e in enumerate(rows.examples)]
    scored = [replace(rows.predictions[0], ids=tuple(e.id for e in marked))]
    evaluation = replace(rows, examples=marked, predictions=scored).evaluate(
        name=evil, made_from={evil: evil}
    )
    html, told, _ = written(evaluation, tmp_path)
    assert "<script src" not in html
    assert "<script" not in told.replace("\\<script", "")


def test_other_files_of_the_folder_stay(tmp_path):
    (tmp_path / "notes.txt").write_text("mine")
    report.write(judged(TWO, 20).evaluate(), tmp_path)
    assert (tmp_path / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize("axis", [*AXES, CHINESE], ids=lambda a: a.kind)
@pytest.mark.parametrize("size", [2, 200])
def test_drawings_are_sound_and_speak(axis, size):
    found = judged(axis, size).evaluate()
    drawn = [figures.trade_off(e.choices, f"a {e.name}") for e in found.events]
    drawn += [figures.precision_recall(e, f"b {e.name}") for e in found.events]
    drawn += [figures.reliability(e.reliability, f"c {e.name}") for e in found.events]
    drawn += [figures.confusion(c, f"d {c.of}") for c in found.confusions]
    drawn += [figures.bars([("kind", found.whole.stopped.recall)], "e"), figures.bars([], "f")]
    for one in drawn:
        root = ElementTree.fromstring(one)
        title, description = root[0], root[1]
        assert (root.get("role"), title.tag, description.tag) == ("img", "title", "desc")
        assert root.get("aria-labelledby") == f"{title.get('id')} {description.get('id')}"
        assert "nan" not in one
        assert "http" not in one
    assert len({ElementTree.fromstring(one)[0].get("id") for one in drawn}) == len(drawn)


@pytest.mark.parametrize("axis", [SCALE, SEVERAL, FIRST], ids=lambda a: a.kind)
def test_the_card_says_it_all(axis):
    evaluation = judged(axis, 150).evaluate(name="night guard")
    taxonomy = Taxonomy("night-risk", "1", "Is this dangerous?", (axis,))
    closed = replace(CARD, licence="none stated", open_licence=False, languages=("zh",))
    parity = {"rows": 64, "largest difference": 0.0004}
    made = card(evaluation, taxonomy, sets={"ours": CARD, "theirs": closed}, parity=parity)
    _, front, body = made.split("---\n", 2)
    read = yaml.safe_load(front)
    assert read["pipeline_tag"] == "text-classification"
    assert (read["license"], read["language"]) == ("other", ["en", "zh"])
    numbers = {n["type"]: n["value"] for n in read["model-index"][0]["results"][0]["metrics"]}
    assert numbers["recall"] == round(evaluation.headline.recall.value, 4)
    assert numbers["f1"] == round(evaluation.headline.f1.value, 4)
    assert words.share(evaluation.headline.recall.value) in body
    for needed in (
        *axis.names,
        evaluation.promises[0].sentence,
        "theirs: no open licence",
        "0.0004",
        "no clinical tool",
        "local\nemergency number",
        "findahelpline.com",
        "Guard.load",
    ):
        assert needed in body or needed.replace("\n", " ") in body
    assert CANARY not in made


def test_a_card_without_numbers_leaves_them_out():
    rows = judged(TWO, 60)
    evaluation = only(rows, truth_of(rows)[:, 0]).evaluate()
    made = card(evaluation, Taxonomy("t", "1", "?", (TWO,)), sets={"ours": CARD}, parity={})
    numbers = yaml.safe_load(made.split("---\n")[1])["model-index"][0]["results"][0]["metrics"]
    assert "recall" not in {number["type"] for number in numbers}
    assert "false_positive_rate" in {number["type"] for number in numbers}


def sides(axis, size=250, seeds=1, *, grouped=False):
    strong = judged(axis, size, seeds=seeds, grouped=grouped)
    weak = judged(axis, size, seeds=seeds, strength=1.0, grouped=grouped)
    named = [Side(n, s.predictions, s.calibrations) for n, s in (("强 model", strong), ("weak", weak))]
    return strong.examples, *named


@pytest.mark.parametrize("axis", AXES, ids=lambda a: a.kind)
def test_the_better_of_two_is_found(axis):
    examples, strong, weak = sides(axis, grouped=True)
    found = side_by_side(axis, examples, strong, weak, rounds=200)
    auroc = next(line for line in found.lines if line.metric == "auroc")
    assert auroc.verdict == "a_better"
    assert auroc.difference.value == pytest.approx(auroc.a - auroc.b)
    assert found.mcnemar_p is None  # rows come in groups
    assert json.loads(json.dumps(config.plain(found), allow_nan=False))["a"] == "强 model"
    told = as_text(found)
    assert "A better: auroc" in told
    assert CANARY not in told
    starts = {
        line.index(words.score(one.a)) for line, one in zip(told.split("\n")[5:], found.lines, strict=False)
    }
    assert len(starts) == 1  # columns stand under one another


def test_the_same_twice_is_no_difference():
    examples, strong, _ = sides(TWO, seeds=2)
    found = side_by_side(TWO, examples, strong, strong, rounds=50)
    assert {line.difference.value for line in found.lines} == {0.0}
    assert {line.verdict for line in found.lines} == {"no_difference"}
    assert (found.only_a_right, found.only_b_right, found.mcnemar_p, found.runs) == (0, 0, 1.0, 2)


def test_undefined_differences_are_shown_as_such():
    rows = judged(TWO, 60)
    examples = [e for e, safe in zip(rows.examples, np.array(truth_of(rows)[:, 0]), strict=True) if safe]
    side = Side("a", rows.predictions, rows.calibrations)
    found = side_by_side(TWO, examples, side, side, rounds=20)
    auroc = next(line for line in found.lines if line.metric == "auroc")
    assert (auroc.a, auroc.difference.value, auroc.p, auroc.verdict) == (None, None, None, "not_enough_data")
    assert words.UNDEFINED in as_text(found)


def test_showing_results_needs_no_statistics():
    """A guard's card is written where nothing is measured again."""
    heavy = "{'torch', 'scipy', 'sklearn', 'pandas', 'matplotlib', 'jinja2'}"
    code = f"import sys, mindrail.evaluate.card, mindrail.evaluate.report; print({heavy} & set(sys.modules))"
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout.strip() == "set()"
