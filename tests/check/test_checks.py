"""The frame: the list of checks, the report, waivers, the gate, and the words of docs/checks.md."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.check import CHECKS, IDS, Checked, Finding, Report, gate, run_checks
from newsletter.content.item import NewsItem, Origin, Span
from newsletter.content.polish import Mend
from newsletter.errors import GateError
from newsletter.render.compiled import SlotUse

MakeChecked = Callable[..., Checked]

ERROR = Finding(id="unsubscribe_link", severity="error", message="no way out", file="a.mjml", line=3, fix="add one")
WARNING = Finding(id="no_date", severity="warning", message="there is no date")
INFO = Finding(id="proposed_fact", severity="info", message="look at it")

SPOILED = """<style>@media screen { @media print { a { color: red } } }</style><body style="color:#ccc;display:flex">
<a href="http://newsletter.invalid/x"></a><img src="http://a.example/p.png"><img src="p.jpg">
<script></script><p style="colour:red"></p><h1></h1><h1></h1>
<p>Подробности на сайте.</p><a href="javascript:x()">здесь</a><a href="https://10.0.0.1">о стенде</a>"""


def test_a_faultless_issue_has_no_finding(make_checked: MakeChecked) -> None:
    report = run_checks(make_checked())
    assert report.findings == ()
    assert (report.errors, report.warnings) == (0, 0)


def test_a_finding_as_json_has_the_keys_of_the_contract() -> None:
    finding = replace(ERROR, block=2, clients=("gmail",), waived="agreed")
    assert json.loads(json.dumps(finding.as_json())) == {
        "id": "unsubscribe_link",
        "severity": "error",
        "message": "no way out",
        "file": "a.mjml",
        "line": 3,
        "block": 2,
        "clients": ["gmail"],
        "fix": "add one",
        "waived": "agreed",
    }


def test_the_report_as_json_counts_what_is_not_waived() -> None:
    report = Report(findings=(ERROR, replace(ERROR, waived="agreed"), WARNING, INFO))
    printed = json.loads(json.dumps(report.as_json()))
    assert set(printed) == {"findings", "errors", "warnings"}
    assert (printed["errors"], printed["warnings"], len(printed["findings"])) == (1, 1, 4)


def test_a_finding_is_one_line_for_a_person() -> None:
    assert str(ERROR) == "a.mjml:3: error: no way out; add one [unsubscribe_link]"
    assert str(replace(WARNING, waived="old news")) == (
        "warning: there is no date [no_date] (waived: old news)"
    )  # fmt: skip


@pytest.mark.parametrize("wrong", [{"id": ""}, {"message": ""}, {"severity": "fatal"}, {"line": -1}])
def test_a_finding_that_cannot_be_is_refused(wrong: dict[str, object]) -> None:
    facts: dict[str, object] = {"id": "no_date", "severity": "warning", "message": "m", **wrong}
    with pytest.raises(ValueError, match=r"\w"):
        Finding(**facts)  # type: ignore[arg-type]


def test_findings_are_listed_worst_first(make_checked: MakeChecked) -> None:
    mjml = {"": "<mjml><mj-body><mj-foo></mj-foo></mj-body></mjml>"}
    report = run_checks(make_checked(date=None, rendered_mjml=mjml))
    assert [one.severity for one in report.findings] == ["error", "warning"]


def test_equal_findings_of_several_variants_are_reported_once(make_checked: MakeChecked) -> None:
    mjml = '<mjml><mj-body nonsense="1"></mj-body></mjml>'
    report = run_checks(make_checked(rendered_mjml={"language=ru": mjml, "language=en": mjml}))
    assert [one.id for one in report.findings] == ["mjml_unknown_attribute"]


def test_a_check_reports_under_its_own_id_only(make_checked: MakeChecked) -> None:
    spoiled = make_checked(
        title_proposed=True,
        preheader="СРОЧНО!!! " + "НОВОСТЬ " * 20,
        preheader_proposed=False,
        date=None,
        subject="СРОЧНО!!! " + "НОВОСТЬ " * 12 + "\x07",
        intro=(Span(text="Зaречье («"),),
        mends=(Mend(rule="quotes", count=1, excerpt="«", origin=Origin(path="a.md", line=1), block=None, made=True),),
        sample_html=SPOILED + "ы" * 60_000,
        variant_html={"language=en": '<img src="http://a.example/p.webp" alt="p.jpg">'},
        rendered_mjml={
            "": '<mjml><mj-body id="x" y="z" width="wide"><mj-foo></mj-foo><mj-text mj-class="n">'
            "</mj-text><mj-section></mj-wrapper></mj-body></mjml>"
        },
        mjml_sources={"words.jinja": '{% set words = {"ru": {"a": "а"}, "en": {}} %}'},
        compiled=replace(make_checked().compiled, subject=(SlotUse(field="subscriber.city", context="header"),)),
    )
    seen = set()
    for finding_id, check in CHECKS.items():
        ids = {finding.id for finding in check(spoiled)}
        assert ids <= {finding_id}
        seen |= ids
    assert seen == set(CHECKS) - {"unsubscribe_link", "proposed_fact", "no_preheader"}


def test_a_waiver_with_a_reason_lets_a_finding_stand(make_checked: MakeChecked) -> None:
    report = run_checks(make_checked(date=None, waivers={"no_date": "a standing page"}))
    assert [(one.id, one.waived) for one in report.findings] == [("no_date", "a standing page")]
    assert report.warnings == 0


def test_a_waiver_of_a_digest_s_item_holds_in_its_file_alone(make_checked: MakeChecked) -> None:
    (item,) = make_checked().items
    untitled = replace(item, title_proposed=True)
    waived = replace(untitled, front={"waive": {"title_proposed": "a column"}}, origin=Origin(path="a.md", line=1))
    other = replace(untitled, origin=Origin(path="b.md", line=1))
    report = run_checks(make_checked(kind="digest", items=(waived, other)))
    found = {(one.file, one.waived) for one in report.findings if one.id == "title_proposed"}
    assert found == {("a.md", "a column"), ("b.md", "")}


def test_a_wrong_waiver_of_a_digest_s_item_is_told_at_its_line(make_checked: MakeChecked) -> None:
    (item,) = make_checked().items
    item = replace(item, front={"waive": {"contrsat": "x"}}, front_lines={"waive": 5})
    (finding,) = run_checks(make_checked(kind="digest", items=(item, item))).findings
    assert (finding.id, finding.file, finding.line) == ("waiver", item.origin.path, 5)


def test_a_waiver_without_a_reason_waives_nothing_and_is_reported(make_checked: MakeChecked) -> None:
    report = run_checks(make_checked(date=None, waivers={"no_date": "  "}))
    assert {(one.id, one.waived) for one in report.findings} == {("no_date", ""), ("waiver", "")}
    assert report.warnings == 2


def test_a_waiver_of_an_unknown_id_is_reported_with_the_nearest_one_at_its_line(make_checked: MakeChecked) -> None:
    (finding,) = run_checks(make_checked(waivers={"missing_allt": "a picture of nothing"})).findings
    assert (finding.id, finding.severity) == ("waiver", "warning")
    assert (finding.file, finding.line) == ("content/opening.md", 4)
    assert "missing_alt" in finding.fix


def test_a_finding_about_waivers_cannot_be_waived(make_checked: MakeChecked) -> None:
    report = run_checks(make_checked(waivers={"waiver": "quiet", "nonsense": "x"}))
    assert [one.waived for one in report.findings] == ["", ""]


def test_the_gate_lets_warnings_through() -> None:
    gate(Report(findings=(WARNING, INFO)))


def test_the_strict_gate_stops_at_a_warning_but_not_at_an_info() -> None:
    gate(Report(findings=(INFO,)), strict=True)
    with pytest.raises(GateError, match="there is no date"):
        gate(Report(findings=(WARNING, INFO)), strict=True)


def test_the_gate_names_the_first_error_its_place_and_the_way_out() -> None:
    with pytest.raises(GateError) as refused:
        gate(Report(findings=(ERROR, WARNING)))
    assert refused.value.exit_code == 3
    assert (refused.value.path, refused.value.line) == ("a.mjml", 3)
    assert "no way out [unsubscribe_link]" in refused.value.message
    assert "add one" in refused.value.fix
    assert "no_date" not in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_gate_counts_the_errors_it_does_not_name() -> None:
    errors = tuple(replace(ERROR, message=f"fault {number}") for number in range(5))
    with pytest.raises(GateError, match=r"fault 0 .*fault 2 .*and 2 more"):
        gate(Report(findings=errors))


def test_the_gate_lets_waived_errors_through() -> None:
    gate(Report(findings=(replace(ERROR, waived="the list is internal"),)), strict=True)


def test_an_item_without_front_matter_gives_its_file_without_a_line(make_checked: MakeChecked) -> None:
    item = NewsItem(
        title="т", title_proposed=False, lead=(), date=None, source="", blocks=(),
        origin=Origin(path="content/plain.txt", line=1),
    )  # fmt: skip
    (finding,) = run_checks(make_checked(date=None, items=(item,))).findings
    assert (finding.file, finding.line) == ("content/plain.txt", 0)


def test_every_finding_is_documented_with_meaning_reason_and_cure(repo_root: Path) -> None:
    text = (repo_root / "docs" / "checks.md").read_text(encoding="utf-8")
    sections = dict(re.findall(r"^### `(\w+)`.*\n((?:(?!^##).*\n)*)", text, re.MULTILINE))
    assert sorted(sections) == sorted(IDS)
    for finding_id, section in sections.items():
        for word in ("**Means.**", "**Why.**", "**Mend.**"):
            assert word in section, f"docs/checks.md: {finding_id} lacks {word}"
