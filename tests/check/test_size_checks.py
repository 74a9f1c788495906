"""Size, styles that Gmail drops, and characters that should be in no mail: each failing and passing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check import CHECKS, Checked, Finding
from newsletter.content.item import Origin, Paragraph, Span

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]

BODY = "<body><p>Стенд</p></body>"


def test_html_over_90_kb_is_a_warning_beside_the_error_of_the_encoded_part(find: Find) -> None:
    assert find("html_size", sample_html="x" * 90 * 1024) == []
    (finding,) = find("html_size", sample_html="x" * (90 * 1024 + 1))
    assert (finding.severity, finding.clients) == ("warning", ("gmail",))


@pytest.mark.parametrize("finding_id", ["html_size", "encoded_size"])
def test_the_largest_variant_counts_as_the_specimen_reads_it(find: Find, finding_id: str) -> None:
    (finding,) = find(finding_id, variant_html={"language=ru": BODY, "language=en": "ы" * 60_000})
    assert "117 KB" in finding.message


def style(size: int) -> str:
    return f"<style>{'a' * size}</style>"


def test_more_than_16_kb_of_styles_in_the_head_is_a_warning(find: Find) -> None:
    assert find("gmail_style", sample_html=f"<head>{style(8192)}{style(8192)}</head>{BODY}") == []
    (finding,) = find("gmail_style", sample_html=f"<head>{style(8192)}{style(8193)}</head>{BODY}")
    assert (finding.severity, finding.clients) == ("warning", ("gmail",))


def test_styles_that_only_outlook_reads_do_not_count(find: Find) -> None:
    assert find("gmail_style", sample_html=f"<head><!--[if mso]>{style(20_000)}<![endif]--></head>{BODY}") == []


def test_a_style_in_the_body_is_found(find: Find) -> None:
    (finding,) = find("gmail_style", sample_html=f"<head></head><body>{style(10)}</body>")
    assert "body" in finding.message


@pytest.mark.parametrize(
    ("css", "found"),
    [
        ("@media print { @font-face { font-family: a } }", 1),
        ("@supports (display: grid) { @media print { a { color: red } } }", 1),
        ("@media print { a { color: red } } @font-face { font-family: a }", 0),
    ],
)
def test_an_at_rule_inside_an_at_rule_is_found(find: Find, css: str, found: int) -> None:
    assert len(find("gmail_style", sample_html=f"<head><style>{css}</style></head>{BODY}")) == found


def test_a_condition_written_at_the_element_is_no_at_rule(find: Find) -> None:
    html = f'<style media="screen and (min-width:480px)">a {{ color: red }} @font-face {{ x: y }}</style>{BODY}'
    assert find("gmail_style", sample_html=html) == []


@pytest.mark.parametrize(
    ("letter", "severity"),
    [("\x07", "error"), ("\x85", "error"), ("\uffff", "error"), ("\ufffd", "warning"), ("\u202e", "warning")],
)
def test_a_character_that_should_be_in_no_mail_is_found_with_what_stands_before(
    find: Find, letter: str, severity: str
) -> None:
    (finding,) = find("control_characters", sample_html=f"<p>О стенде{letter}</p>")
    assert finding.severity == severity
    assert f"U+{ord(letter):04X}" in finding.message
    assert "«О стенде»" in finding.message


def test_a_control_character_written_as_a_number_is_found(find: Find) -> None:
    (finding,) = find("control_characters", sample_html="<p>&#129;</p>")
    assert "U+0081" in finding.message


def test_the_item_that_holds_the_character_is_named(find: Find, make_checked: MakeChecked) -> None:
    bad = Paragraph(text=(Span(text="О\ufffdстенде"),), origin=Origin(path="content/b.md", line=12))
    good = make_checked().items[0]
    (finding,) = find("control_characters", sample_text="О\ufffdстенде", items=(good, replace(good, blocks=(bad,))))
    assert (finding.file, finding.line, finding.block) == ("content/b.md", 12, 0)


@pytest.mark.parametrize("letter", ["\n", "\r", "\t", "\x00"])
def test_nothing_breaks_the_subject_s_line(find: Find, letter: str) -> None:
    (finding,) = find("control_characters", subject=f"Стенд{letter}открыт")
    assert finding.severity == "error"


def test_letters_signs_and_the_fillers_of_a_preheader_pass(find: Find) -> None:
    text = "Ёлка – «ёлка» 🎄 \u00a0\u00ad\u200b\u200c\u034f\ufeff\u2007\u2066a\u2069\tй\n"
    assert find("control_characters", sample_html=text, sample_text=text) == []


@examples(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(text=st.one_of(st.text(max_size=30), st.text("<>&#;x0189\x85\ufffd\ud800", max_size=30)))
def test_no_text_is_too_odd_for_the_search(make_checked: MakeChecked, text: str) -> None:
    checked = make_checked(subject=text, sample_html=text, sample_text=text)
    for finding_id in ("control_characters", "gmail_style", "html_size", "encoded_size"):
        assert all(finding.message for finding in CHECKS[finding_id](checked))
