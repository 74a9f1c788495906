"""A whole compile: pure, named by a digest, content as text, blocks found again."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from newsletter.errors import StoreError, TemplateError
from newsletter.issue import ContentOptions
from newsletter.render.compiled import CompiledIssue, SlotUse, fill
from newsletter.settings import Office, Sender, Settings

Compile = Callable[..., Any]
Item = Callable[..., Any]
BLOCKS = (
    "{% for block in item.blocks %}<mj-text>{{ block.mark }}{{ block.text|inline }}</mj-text>{% endfor %}"
    "<mj-text>{{ subscriber.name|default('друг') }}</mj-text>"
)
VALUES = {"subscriber.name": "Ия", "links.unsubscribe": "https://a.example/u/x"}


def html_of(compilation: Any) -> str:
    return fill(compilation.compiled.variants[""].html, VALUES)


def test_same_input_gives_the_same_digest_and_bytes(compiled: Compile) -> None:
    first, second = compiled(BLOCKS).compiled, compiled(BLOCKS).compiled
    assert first.digest == second.digest
    assert first.to_bytes() == second.to_bytes()


def test_written_form_reads_back_equal(compiled: Compile) -> None:
    issue = compiled(BLOCKS).compiled
    again = CompiledIssue.from_bytes(issue.to_bytes())
    assert again == issue
    assert again.digest == issue.digest


def test_form_of_another_number_is_refused_with_a_way_out(compiled: Compile) -> None:
    raw = json.loads(compiled(BLOCKS).compiled.to_bytes())
    with pytest.raises(StoreError, match="format 99") as caught:
        CompiledIssue.from_bytes(json.dumps({**raw, "format": 99}).encode())
    assert "version" in caught.value.fix


SENDER = Sender(from_="Пресс <p@zarechye.example>", unsubscribe_mailto="u@zarechye.example")


@pytest.mark.parametrize(
    "change",
    [
        {"body": BLOCKS + "<mj-text>ещё</mj-text>"},
        {"text": "другой текст {{ links.unsubscribe }}"},
        {"options": ContentOptions(template="t", subject="Другая тема")},
        {"settings": Settings(sender=SENDER)},
        {"settings": Settings(public_url="https://news.zarechye.example")},
        {"settings": Settings(sender=dataclasses.replace(SENDER, reply_to="r@zarechye.example"))},
        {"subject__txt": "{{ subscriber.name|suffix(', ') }}{{ issue.subject }}"},
    ],
)
def test_digest_changes_with_whatever_decides_a_byte(compiled: Compile, change: dict[str, Any]) -> None:
    before = compiled(BLOCKS).compiled.digest
    arguments = {"body": BLOCKS, **change}
    assert compiled(arguments.pop("body"), **arguments).compiled.digest != before


def test_digest_is_the_same_for_a_setting_that_no_mail_shows(compiled: Compile) -> None:
    other = Settings(office=Office(timezone="Asia/Omsk"))
    assert compiled(BLOCKS, settings=other).compiled.digest == compiled(BLOCKS).compiled.digest


def test_manifest_names_templates_settings_and_items(compiled: Compile) -> None:
    manifest = compiled(BLOCKS).compiled.manifest
    assert {"template:t/letter.mjml", "template:t/letter.txt", "setting:public_url", "issue"} <= set(manifest)
    assert {"library:premailer", "newsletter", "setting:subscriber.fields.city"} <= set(manifest)


@pytest.mark.parametrize(
    "text",
    [
        "{{ 7 * 7 }}",
        "{% include 'x' %}",
        "{{ subscriber.name }}",
        "<script>alert(1)</script>",
        "<b>жирный</b> & «Ко» > 100 < 200",
        "</mj-text></mj-column>",
        "--><!-- x",
        "&nbsp;&lt;",
    ],
)
def test_content_is_text_whatever_it_holds(compiled: Compile, news_item: Item, text: str) -> None:
    from lxml import html

    tree = html.document_fromstring(html_of(compiled(BLOCKS, item=news_item(text))).encode())
    assert text in " ".join("".join(tree.itertext()).split())


def test_content_that_looks_like_a_token_moves_the_marker(compiled: Compile, news_item: Item) -> None:
    done = compiled(BLOCKS, item=news_item("zqjbbbbvx000x и zqjbbbb и bbvx"))
    assert "zqjbbbbvx000x и\u00a0zqjbbbb" in html_of(done)
    assert sum(isinstance(piece, SlotUse) for piece in done.compiled.variants[""].html) == 2


def test_block_map_gives_the_bytes_of_each_block(compiled: Compile, news_item: Item) -> None:
    done = compiled(BLOCKS, item=news_item("Первый > абзац", "Второй абзац"))
    static = b"".join(p.encode() for p in done.compiled.variants[""].html if isinstance(p, str))
    first, second = done.blocks[""]
    assert "Первый &gt; абзац".encode() in static[first.start : first.end]
    assert "Второй абзац".encode() in static[second.start : second.end]
    assert "Второй".encode() not in static[first.start : first.end]
    assert (second.kind, second.origin.line) == ("paragraph", 3)


def test_end_mark_ends_the_last_block(compiled: Compile) -> None:
    done = compiled(BLOCKS.replace("{% endfor %}", "{% endfor %}<mj-raw>{{ item.end_mark }}</mj-raw>"))
    static = b"".join(p.encode() for p in done.compiled.variants[""].html if isinstance(p, str))
    (block,) = done.blocks[""]
    assert "Абзац." in static[block.start : block.end].decode()
    assert "</body>" not in static[block.start : block.end].decode()
    assert "e0-->" not in html_of(done)


def test_marks_are_in_no_mail(compiled: Compile) -> None:
    assert "<!--x" not in html_of(compiled(BLOCKS)).replace("<!--[if", "")
    assert ".0-->" not in html_of(compiled(BLOCKS))


def test_theme_that_is_not_there_is_named_with_those_that_are(compiled: Compile) -> None:
    with pytest.raises(TemplateError, match="no theme 'other'") as caught:
        compiled(BLOCKS, options=ContentOptions(template="other"))
    assert "t" in caught.value.fix


def test_unknown_variable_is_an_error_with_its_line(compiled: Compile) -> None:
    with pytest.raises(TemplateError, match="'ofice' is undefined") as caught:
        compiled("<mj-text>\n{{ ofice.name }}</mj-text>")
    assert (caught.value.line, caught.value.fix.startswith("did you mean office?")) == (5, True)


def test_syntax_error_is_one_line_with_its_place(compiled: Compile) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled("<mj-text>\n{% if x %}\n</mj-text>")
    assert caught.value.path == "templates/t/letter.mjml"
    assert "\n" not in str(caught.value)


def test_digest_does_not_hang_on_the_lists_own_domain(compiled: Compile) -> None:
    lists = Settings(sender=dataclasses.replace(SENDER, list_domain="lists.zarechye.example"))
    assert (
        compiled(BLOCKS, settings=lists).compiled.digest
        == compiled(BLOCKS, settings=Settings(sender=SENDER)).compiled.digest
    )


def test_include_through_a_symbolic_link_out_of_the_templates_is_refused(compiled: Compile, tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("secret", encoding="utf-8")
    (tmp_path / "templates" / "t").mkdir(parents=True)
    (tmp_path / "templates" / "t" / "link.txt").symlink_to(tmp_path / "secret.txt")
    with pytest.raises(TemplateError, match="leads out of templates"):
        compiled('<mj-text>{% include "./link.txt" %}</mj-text>')


@pytest.mark.parametrize(
    "body",
    [
        '<mj-text>x</mj-text>\n<mj-text><p class="{{ subscriber.name }}">x</p></mj-text>',
        '<mj-text>x</mj-text>\n<mj-text nonsense="{{ subscriber.name }}">x</mj-text>',
        '<mj-text>x</mj-text>\n<mj-text><a href="{{ links.preferences }}/x">x</a></mj-text>',
    ],
)
def test_slot_in_a_refused_place_is_named_with_its_template_line(compiled: Compile, body: str) -> None:
    with pytest.raises(TemplateError) as caught:
        compiled(body)
    assert (caught.value.path, caught.value.line) == ("templates/t/letter.mjml", 5)


def test_view_link_without_archive_is_an_error(compiled: Compile) -> None:
    with pytest.raises(TemplateError, match=r"links\.view"):
        compiled('<mj-text><a href="{{ links.view }}">x</a></mj-text>')
    done = compiled(
        '<mj-text><a href="{{ links.view }}">x</a></mj-text>', settings=Settings(archive_url="https://a.example")
    )
    assert "links.view" in done.compiled.slot_fields


def test_each_variant_is_compiled_and_the_first_serves_every_other_value(compiled: Compile, news_item: Item) -> None:
    item = news_item("x", front={"variants": {"language": ["ru", "en"], "city": ["a", "b"]}})
    done = compiled("<mj-text>{{ variant.language }}-{{ variant.city }}</mj-text>", item=item).compiled
    assert len(done.variants) == 4
    key = done.variant_key({"language": "en", "city": "somewhere"})
    assert "en-a" in fill(done.variants[key].html, VALUES)


def test_subject_template_may_hold_a_slot(compiled: Compile) -> None:
    done = compiled(BLOCKS, subject__txt="{{ subscriber.name|suffix(', ') }}{{ issue.subject }}\n").compiled
    assert fill(done.subject, VALUES) == "Ия, Заголовок"


def test_random_and_network_have_no_way_in(compiled: Compile) -> None:
    for expression in (
        "lipsum()",
        "[1, 2]|random",
        "item.__class__",
        "''.__class__.__mro__",
        "self._TemplateReference__context",
    ):
        with pytest.raises(TemplateError):
            compiled(f"<mj-text>{{{{ {expression} }}}}</mj-text>")


@pytest.mark.parametrize(
    ("body", "message", "fix"),
    [
        ("{{ item.leed }}", "item has no 'leed'", "did you mean lead?"),
        ("{{ office.adress }}", "office has no 'adress'", "did you mean address?"),
        ("{{ item.title|prase }}", "No filter named 'prase'", "did you mean phrase?"),
        ("{{ subscriber.nmae }}", "no subscriber.nmae", "did you mean subscriber.name?"),
    ],
)
def test_misspelled_name_gets_its_neighbour_and_no_class_of_ours(
    compiled: Compile, body: str, message: str, fix: str
) -> None:
    with pytest.raises(TemplateError, match=message) as caught:
        compiled(f"<mj-text>{body}</mj-text>")
    assert fix in caught.value.fix
    assert "newsletter." not in caught.value.message
    assert caught.value.fix.count("subscriber.name") <= 2
