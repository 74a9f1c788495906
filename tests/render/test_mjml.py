"""What would end or fool the MJML library is refused with template and line, or cured."""

from __future__ import annotations

import contextlib
import html
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from newsletter.errors import NewsletterError, TemplateError
from newsletter.render.mjml import MAX_DEPTH, check_nesting, escape_bare_brackets, settle_head, to_html

Compile = Callable[..., Any]
WHOLE = "<mjml><mj-body><mj-section><mj-column>%s</mj-column></mj-section></mj-body></mjml>"


def here(offset: int) -> tuple[str, int]:
    return "t", offset


def html_of(body: str, folders: list[Path] | None = None) -> str:
    return to_html(WHOLE % body, folders=folders or [], locate=here)


@pytest.mark.parametrize("text", ["Цена > 100", "«А» > «Б»", "Далее >", "> > >", "а>б"])
def test_bracket_after_a_cyrillic_letter_is_mailed_as_written(text: str) -> None:
    assert text.replace(">", "&gt;") in html_of(f"<mj-text>{text}</mj-text>")


def test_library_still_panics_without_the_cure() -> None:
    """When this fails the library was mended: `escape_bare_brackets` may go."""
    code = "import mjml; mjml.mjml2html(%r)" % (WHOLE % "<mj-text>Цена > 100</mj-text>")
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert "PanicException" in done.stderr


def test_library_still_debugs_a_no_break_space_in_a_value() -> None:
    """When this fails the library was mended: `_referenced` may go."""
    import mjml

    assert r"\u{a0}" in mjml.mjml2html(WHOLE % '<mj-text><img alt="№\u00a05"></mj-text>', fonts={})


class FirstValues(HTMLParser):
    """Collects the first `alt` and `aria-label` of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, str | None] = {}

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found |= {name: value for name, value in attrs if name in {"alt", "aria-label"} and name not in self.found}


@settings(max_examples=150)
@given(words=st.text(st.characters(codec="utf-8", exclude_characters="\0", exclude_categories=["Cs", "Cc", "Cn"])))
@example(words="Рост в\u00a01,9\u00a0раза")
@example(words="\\u{a0} \u202f \u0301 \u200b \u09be \u3164")
def test_words_of_a_value_and_of_the_title_arrive_as_written(words: str) -> None:
    value = html.escape(f"о{words}к")
    head = f"<mj-head><mj-title>{value}</mj-title></mj-head>"
    source = f'<mjml>{head}<mj-body><mj-raw><img alt="{value}"></mj-raw></mj-body></mjml>'
    page = FirstValues()
    page.feed(to_html(source, folders=[], locate=here))
    assert page.found == {"alt": f"о{words}к", "aria-label": f"о{words}к"}


def test_a_value_over_two_lines_is_on_one_and_no_line_is_lost() -> None:
    body = '<mj-text><p style="color: red;\n  margin: 0">да</p></mj-text>'
    assert 'style="color: red;   margin: 0"' in html_of(body)
    assert escape_bare_brackets(body, here).count("\n") == 1


def test_brackets_of_css_and_comments_stay() -> None:
    source = "<mj-style>.a > .b {}</mj-style><!-- ы > --><p title='ы > я'>"
    assert escape_bare_brackets(source, here) == source


@pytest.mark.parametrize("text", ["а < б", "<p class=x>", "<mj-text {% if %}>", "<", "a <3"])
def test_bare_bracket_or_broken_tag_is_an_error_at_its_place(text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        html_of(f"<mj-text>{text}</mj-text>")
    assert (WHOLE % f"<mj-text>{text}</mj-text>")[caught.value.line] == "<"


def test_nesting_too_deep_is_refused_before_the_library_dies() -> None:
    with pytest.raises(TemplateError, match=f"more than {MAX_DEPTH} deep"):
        html_of("<mj-text>" + "<div>" * 20_000 + "</div>" * 20_000 + "</mj-text>")


def test_library_still_dies_of_20000_nested_elements_without_the_cure() -> None:
    body = WHOLE % ("<mj-text>" + "<div>" * 20_000 + "</div>" * 20_000 + "</mj-text>")
    code = "import sys, mjml; mjml.mjml2html(sys.stdin.read())"
    done = subprocess.run([sys.executable, "-c", code], input=body, capture_output=True, text=True, check=False)
    assert done.returncode < 0


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("<mj-text><b>x</mj-text>", "</mj-text> stands where </b> is due"),
        ("<mj-text>x</b></mj-text>", "</b> stands where </mj-text> is due"),
        ("<mj-text>x", "stands where </mj-text> is due"),
        ("</mj-text>", "stands where </mj-column> is due"),
    ],
)
def test_tag_closed_out_of_order_is_an_error(body: str, message: str) -> None:
    with pytest.raises(TemplateError, match=message):
        html_of(body)


def test_tag_never_closed_is_named() -> None:
    with pytest.raises(TemplateError, match="<mj-body> is never closed"):
        check_nesting("<mjml><mj-body>", here)


def test_void_elements_need_no_end() -> None:
    assert "b" in html_of("<mj-text>a<br>b<img src='https://a.example/x.png' alt=''><hr>c</mj-text>")


def test_include_cycle_is_an_error_naming_the_way(tmp_path: Path) -> None:
    (tmp_path / "a.mjml").write_text('<mj-text>x</mj-text>\n<mj-include path="b.mjml" />', encoding="utf-8")
    (tmp_path / "b.mjml").write_text('<mj-include path="a.mjml" />', encoding="utf-8")
    with pytest.raises(TemplateError, match=r"a\.mjml → b\.mjml → a\.mjml") as caught:
        html_of('<mj-include path="a.mjml" />', [tmp_path])
    assert caught.value.path == "templates/b.mjml"


def test_include_of_itself_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.mjml").write_text('<mj-include path="a.mjml" />', encoding="utf-8")
    with pytest.raises(TemplateError, match="circle"):
        html_of('<mj-include path="a.mjml" />', [tmp_path])


def test_included_file_is_compiled_with_its_brackets_escaped(tmp_path: Path) -> None:
    (tmp_path / "part.mjml").write_text("<mj-text>Конец > 1</mj-text>", encoding="utf-8")
    assert "Конец &gt; 1" in html_of('<mj-include path="part.mjml" />', [tmp_path])


def test_includes_nested_too_deep_are_refused(tmp_path: Path) -> None:
    for number in range(12):
        text = f'<mj-text>x</mj-text><mj-include path="{number + 1}.mjml" />'
        (tmp_path / f"{number}.mjml").write_text(text, encoding="utf-8")
    with pytest.raises(TemplateError, match="nested more than"):
        html_of('<mj-include path="0.mjml" />', [tmp_path])


@pytest.mark.parametrize("path", ["../secret.mjml", "/etc/hostname", "t/../../secret.mjml", "nothing.mjml"])
def test_include_outside_the_templates_is_refused(tmp_path: Path, path: str) -> None:
    (tmp_path / "secret.mjml").write_text("<mj-text>secret</mj-text>", encoding="utf-8")
    folder = tmp_path / "templates"
    folder.mkdir()
    with pytest.raises(TemplateError, match="cannot read"):
        html_of(f'<mj-include path="{path}" />', [folder])


def test_jinja_include_cycle_is_an_error(compiled: Compile) -> None:
    with pytest.raises(TemplateError, match="includes itself"):
        compiled('{% include "t/a.mjml" %}', a__mjml='{% include "t/a.mjml" %}')


@pytest.mark.parametrize(
    ("body", "line"),
    [
        ("<mj-text>x</mj-text>\n\n<mj-text>а < б</mj-text>", 6),
        ("{% for i in [1, 2] %}\n<mj-text>x</mj-text>\n{% endfor %}\n<mj-text><b>x</mj-text>", 7),
        ("<mjml>\n{% for i in [1] %}\n<!-- ы > -->\n{% endfor %}\n<mj-unknown></mj-unknown>\n</mjml>", 5),
    ],
)
def test_error_names_the_template_line_not_the_rendered_one(compiled: Compile, body: str, line: int) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(body)
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", line)


def test_error_in_an_included_template_names_that_file(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled('{% include "t/part.mjml" %}', part__mjml="<mj-text>x</mj-text>\n<mj-text>а < б</mj-text>")
    assert (caught.value.path, caught.value.line) == ("templates/t/part.mjml", 2)


@given(st.text(alphabet="<>/=\"' абmj-textыraw!\n{}%", max_size=120))
@settings(max_examples=200, deadline=None)
def test_any_text_compiles_or_is_refused(body: str) -> None:
    with contextlib.suppress(NewsletterError):
        assert "<html" in html_of(body)


HEADED = "<mjml>%s<mj-body></mj-body></mjml>"


@pytest.mark.parametrize("blank", ["", " ", "\t", "  \n  ", "\n", " \n\n", "<!-- a --> "])
def test_blanks_between_elements_of_the_head_are_as_the_writer_likes(blank: str) -> None:
    head = f"<mj-head>{blank}<mj-title>а</mj-title>{blank}<mj-raw>  <meta name='a'></mj-raw>{blank}</mj-head>"
    assert "<title>а</title>" in to_html(HEADED % head, folders=[], locate=here)


def test_library_still_refuses_a_blank_in_the_head_without_the_cure() -> None:
    """When this fails the library was mended: `settle_head` may go."""
    import mjml

    with pytest.raises(ValueError, match="unexpected"):
        mjml.mjml2html(HEADED % "<mj-head> <mj-title>a</mj-title></mj-head>")


@given(st.text(alphabet=" \n\tа", max_size=9), st.text(alphabet=" \n", max_size=5))
def test_settling_the_head_keeps_its_lines_and_every_word(blank: str, raw: str) -> None:
    source = HEADED % f"<mj-head>{blank}<mj-raw>{raw}</mj-raw>{blank}</mj-head>"
    settled = settle_head(source)
    assert settled.count("\n") == source.count("\n")
    assert settled.split() == source.split() or "".join(settled.split()) == "".join(source.split())
    assert f"<mj-raw>{raw}</mj-raw>" in settled


def test_a_message_shows_no_mark_of_ours(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(
            "<mj-text>10 < 20 {% for block in item.blocks %}{{ block.mark }}{% endfor %}{{ item.end_mark }}"
            "{{ subscriber.email }}</mj-text>"
        )
    assert "no complete tag: < 20 {{ … }}" in caught.value.message


def test_a_tag_left_open_in_an_included_file_is_named_with_that_file(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled('<mj-text>{% include "./part.mjml" %}\n</mj-text>', part__mjml="<p>а</p>\n<div>б\n")
    assert "</div> is due (opened at templates/t/part.mjml:2)" in caught.value.message
    assert caught.value.path == "templates/t/letter.mjml"


def test_a_font_of_the_network_is_refused_at_its_line(compiled: Compile) -> None:
    head = '<mj-head>{% include "./head.mjml" %}</mj-head>'
    body = f"<mjml>{head}<mj-body></mj-body></mjml>"
    with pytest.raises(TemplateError, match="@import") as caught:
        compiled(body, head__mjml='<mj-style>\n@import "https://a.example/f";\n</mj-style>')
    assert (caught.value.path, caught.value.line) == ("templates/t/head.mjml", 2)
