"""Checks of the issue and of the finished mail, each failing and passing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal

import pytest

from newsletter.check import Checked, Finding
from newsletter.check.encoded_size import encoded_bytes
from newsletter.content.item import Figure, FigureGroup, Image, Link, Origin, Paragraph, Quote, Region, Span
from newsletter.render.compiled import CompiledVariant, Part, SlotUse

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]

SLOT = SlotUse(field="links.unsubscribe", context="url")
AT = Origin(path="content/opening.md", line=11)


# title, preheader, date


def test_a_proposed_title_is_a_warning_with_the_title(find: Find, make_checked: MakeChecked) -> None:
    item = replace(make_checked().items[0], title_proposed=True)
    (finding,) = find("title_proposed", title_proposed=True, title="Первая фраза", items=(item,))
    assert finding.severity == "warning"
    assert "Первая фраза" in finding.message
    assert finding.file == "content/opening.md"


def test_a_title_given_on_the_command_line_silences_the_proposal(find: Find, make_checked: MakeChecked) -> None:
    item = replace(make_checked().items[0], title_proposed=True)
    assert find("title_proposed", title_proposed=False, items=(item,)) == []


def test_each_proposed_title_of_a_digest_is_named(find: Find, make_checked: MakeChecked) -> None:
    good = make_checked().items[0]
    items = (good, replace(good, title_proposed=True, title="Вторая", origin=Origin(path="content/b.txt", line=1)))
    (finding,) = find("title_proposed", kind="digest", title_proposed=False, items=items)
    assert finding.file == "content/b.txt"


def test_a_title_that_stands_in_for_a_digest_s_own_is_named(find: Find) -> None:
    (finding,) = find("title_proposed", kind="digest", title_proposed=True, title="«Заречье»: новости")
    assert "issue.toml" in finding.fix
    assert "«Заречье»: новости" in finding.message


@pytest.mark.parametrize("preheader", ["", "  ", "\u200b\u00a0"])
def test_no_preheader_is_a_warning_at_its_line(find: Find, preheader: str) -> None:
    (finding,) = find("no_preheader", preheader=preheader)
    assert (finding.severity, finding.line) == ("warning", 5)


def test_a_preheader_taken_from_the_lead_is_a_warning_too(find: Find) -> None:
    (finding,) = find("no_preheader", preheader_proposed=True)
    assert "first sentence" in finding.message


def test_what_a_digest_says_as_a_whole_is_found_in_its_own_file(find: Find, make_checked: MakeChecked) -> None:
    toml = "content/november/issue.toml"
    good = make_checked().items[0]
    items = (replace(good, front_lines={"preheader": 5, "date": 6}), good)
    digest = {"kind": "digest", "items": items, "origins": {"preheader": Origin(path=toml, line=3)}}
    (finding,) = find("no_preheader", preheader_proposed=True, **digest)
    assert (finding.file, finding.line) == (toml, 3)
    assert "titles stand in" in finding.message
    (finding,) = find("no_date", date=None, **digest)
    assert (finding.file, finding.line) == (toml, 0)


def test_a_digest_of_files_on_the_command_line_has_no_file_of_its_own(find: Find, make_checked: MakeChecked) -> None:
    good = make_checked().items[0]
    (finding,) = find("no_date", kind="digest", date=None, items=(good, good))
    assert finding.file == ""


def test_no_date_is_a_warning(find: Find) -> None:
    (finding,) = find("no_date", date=None)
    assert finding.severity == "warning"
    assert "--date" in finding.fix


# proposed facts


def test_proposed_facts_are_shown_for_a_look(find: Find, make_checked: MakeChecked) -> None:
    quote = Quote(text=(Span(text="Рады."),), speaker="Анна Лесная", role="директор", origin=AT, proposed=True)
    figure = Figure(
        text="12 млн рублей", kind="amount", value=Decimal(12_000_000), measures="объём", origin=AT, proposed=True
    )
    grouped = replace(figure, text="5 заводов")
    group = FigureGroup(figures=(grouped,), origin=replace(AT, line=20))
    region = Region(name="Европа", places=("Литва",), proposed=True)
    item = replace(make_checked().items[0], blocks=(quote, group), figures=(figure,), regions=(region,))
    findings = find("proposed_fact", items=(item,))
    assert {one.severity for one in findings} == {"info"}
    assert [(one.line, one.block) for one in findings] == [(11, 0), (11, 0), (11, 1), (0, None)]
    said = " ".join(one.message for one in findings)
    for fact in ("Анна Лесная, директор", "12 млн рублей – объём", "5 заводов", "Европа: Литва"):
        assert fact in said


def test_certain_facts_are_not_shown(find: Find, make_checked: MakeChecked) -> None:
    quote = Quote(text=(Span(text="Рады."),), speaker="Анна Лесная", role="директор", origin=AT)
    assert find("proposed_fact", items=(replace(make_checked().items[0], blocks=(quote,)),)) == []


# pictures


def test_an_image_of_an_item_without_alt_is_a_warning_at_its_block(find: Find, make_checked: MakeChecked) -> None:
    image = Image(src="https://zarechye.example/a.png", alt=" ", origin=AT)
    good = make_checked().items[0]
    (finding,) = find("missing_alt", items=(replace(good, blocks=(*good.blocks, image)),))
    assert (finding.severity, finding.line, finding.block) == ("warning", 11, 1)


def test_an_image_of_a_template_without_alt_is_found_in_the_template(find: Find) -> None:
    source = '<mj-column>\n  <mj-image src="{{ brand.logo }}" />\n</mj-column>'
    mjml = {"": '<mjml><mj-body><mj-section><mj-column><mj-image src="https://a.example/l.png" /></mj-column>'}
    (finding,) = find("missing_alt", rendered_mjml=mjml, mjml_sources={"templates/press/head.mjml": source})
    assert (finding.file, finding.line) == ("templates/press/head.mjml", 2)


def test_an_empty_alt_says_decoration(find: Find) -> None:
    mjml = {"": '<mj-image src="https://a.example/l.png" alt="" />'}
    html = '<img src="https://a.example/l.png" alt="">'
    assert find("missing_alt", rendered_mjml=mjml, sample_html=html) == []


def test_a_link_around_a_picture_without_words_cannot_be_read_out(find: Find) -> None:
    html = '<a href="https://a.example"><img src="https://a.example/l.png" alt=""></a>'
    (finding,) = find("missing_alt", sample_html=html)
    assert "https://a.example" in finding.message
    assert find("missing_alt", sample_html=html.replace('alt=""', 'alt="На сайт"')) == []


def test_an_img_tag_without_alt_is_found(find: Find) -> None:
    (finding,) = find("missing_alt", sample_html="<IMG SRC=https://a.example/l.png>")
    assert "l.png" in finding.message


# size


def html_of_encoded_size(encoded: int) -> str:
    decoded = next(size for size in range(encoded * 3 // 4, 0, -1) if encoded_bytes(size) <= encoded)
    return "x" * decoded


def test_an_encoded_part_over_102_kb_is_an_error_for_gmail(find: Find) -> None:
    at_limit = html_of_encoded_size(102 * 1024)
    (finding,) = find("encoded_size", sample_html=at_limit + "xxx")
    assert (finding.severity, finding.clients) == ("error", ("gmail",))
    (finding,) = find("encoded_size", sample_html=at_limit)
    assert finding.severity == "warning"


def test_an_encoded_part_over_90_kb_is_a_warning(find: Find) -> None:
    at_limit = html_of_encoded_size(90 * 1024)
    assert find("encoded_size", sample_html=at_limit) == []
    (finding,) = find("encoded_size", sample_html=at_limit + "xxx")
    assert finding.severity == "warning"


def test_the_largest_variant_counts(find: Find, make_checked: MakeChecked) -> None:
    compiled = make_checked().compiled
    large = CompiledVariant(html=("ы" * 60_000, '<a href="', SLOT, '">x</a>'), text=(SLOT,))
    variants = {"language=ru": compiled.variants[""], "language=en": large}
    (finding,) = find("encoded_size", compiled=replace(compiled, variants=variants))
    assert finding.severity == "error"


# unsubscribe link


def with_html(make_checked: MakeChecked, *part: str | SlotUse) -> dict[str, object]:
    compiled = make_checked().compiled
    html: Part = part
    variants = {"": CompiledVariant(html=html, text=compiled.variants[""].text)}
    return {"compiled": replace(compiled, variants=variants)}


@pytest.mark.parametrize(
    ("before", "after", "reason"),
    [
        ("<p>", "</p>", "no unsubscribe link"),  # printed as text, not as a link
        ('<!--[if mso]><a href="', '">Отписаться</a><![endif]-->', "no unsubscribe link"),
        ('<a style="display: none !important" href="', '">Отписаться</a>', "display:none"),
        ('<div style="DISPLAY:NONE"><p><a href="', '">Отписаться</a></p></div>', "display:none"),
        ('<div hidden><br><a href="', '">Отписаться</a></div>', "hidden"),
        ('<td style="visibility:hidden"><a href="', '">Отписаться</a></td>', "visibility:hidden"),
        ('<td style="opacity:0"><a href="', '">Отписаться</a></td>', "opacity:0"),
        ('<div style="max-height:0px;overflow:hidden"><a href="', '">Отписаться</a></div>', "max-height:0"),
        ('<a style="font-size:0px" href="', '">Отписаться</a>', "no text"),
        ('<td bgcolor="#FFF"><a style="color:#ffffff" href="', '">Отписаться</a></td>', "#ffffff on #ffffff"),
        ('<a href="', '">\u200b&nbsp;</a>'.replace("&nbsp;", "\u00a0"), "no text"),
        ('<a href="', '"><img src="x" alt=""></a>', "no text"),
        ('<a href="', '"><span style="display:none">Отписаться</span></a>', "no text"),
    ],
)
def test_a_mail_without_a_visible_unsubscribe_link_is_an_error(
    find: Find, make_checked: MakeChecked, before: str, after: str, reason: str
) -> None:
    (finding,) = find("unsubscribe_link", **with_html(make_checked, before, SLOT, after))
    assert finding.severity == "error"
    assert reason in finding.message


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('<a href="', '">Отписаться</a>'),
        ('<td style="font-size:0"><div style="font-size:13px"><a href="', '">Отписаться</a></div></td>'),
        ('<div style="display:none">Превью</div><a href="', '">Отписаться</a>'),
        ('<!--[if !mso]><!--><a href="', '">Отписаться</a><!--<![endif]-->'),
        ('<td style="background:#000"><table><tr><td bgcolor="white"><a style="color:#000" href="', '">Да</a>'),
        ('<a href="', '"><img src="x" alt="Отписаться"></a>'),
        ('<style>a > b {content:"<div hidden>"}</style><a href="', '">Отписаться</a>'),
    ],
)
def test_a_visible_unsubscribe_link_passes(find: Find, make_checked: MakeChecked, before: str, after: str) -> None:
    assert find("unsubscribe_link", **with_html(make_checked, before, SLOT, after)) == []


def test_one_visible_link_of_two_is_enough(find: Find, make_checked: MakeChecked) -> None:
    part = ('<a hidden href="', SLOT, '">a</a><a href="', SLOT, '">b</a>')
    assert find("unsubscribe_link", **with_html(make_checked, *part)) == []


def test_every_variant_needs_the_link_in_html_and_text(find: Find, make_checked: MakeChecked) -> None:
    compiled = make_checked().compiled
    bare = CompiledVariant(html=("<p>x</p>",), text=("x",))
    variants = {"language=ru": compiled.variants[""], "language=en": bare}
    findings = find(
        "unsubscribe_link",
        compiled=replace(compiled, variants=variants),
        mjml_sources={
            "templates/press/footer.mjml": "<mj-text>\n{{ links.unsubscribe }}",
            "templates/press/letter.txt": "x",
        },
    )
    assert [one.message.split(" has ")[0] for one in findings] == [
        "the HTML of variant language=en",
        "the text part of variant language=en",
    ]
    assert [(one.file, one.line) for one in findings] == [
        ("templates/press/footer.mjml", 2),
        ("templates/press/letter.txt", 0),
    ]


# links


def test_a_link_without_https_is_a_warning_where_it_is_written(find: Find, make_checked: MakeChecked) -> None:
    address = "http://stand.zarechye.example/a?b=1&c=2"
    paragraph = Paragraph(text=(Span(text="о стенде", href=address),), origin=AT)
    good = make_checked().items[0]
    (finding,) = find(
        "insecure_link",
        items=(replace(good, blocks=(*good.blocks, paragraph)),),
        sample_html=f'<a href="{address.replace("&", "&amp;")}">о стенде</a>',
        sample_text=f"о стенде ({address}).",
    )
    assert (finding.severity, finding.line, finding.block) == ("warning", 11, 1)


def test_a_picture_without_https_is_a_warning(find: Find, make_checked: MakeChecked) -> None:
    image = Image(src="http://zarechye.example/a.png", alt="Стенд", origin=AT)
    (finding,) = find(
        "insecure_link",
        items=(replace(make_checked().items[0], blocks=(image,)),),
        sample_html='<img src="http://zarechye.example/a.png" alt="Стенд">',
    )
    assert finding.line == 11


@pytest.mark.parametrize("href", ["https://a.example", "mailto:press@zarechye.example", "tel:+7", "http", "//[x"])
def test_other_links_are_not_insecure(find: Find, make_checked: MakeChecked, href: str) -> None:
    link = Link(text="a", href=href, origin=AT)
    item = replace(make_checked().items[0], blocks=(link,))
    assert find("insecure_link", items=(item,), sample_html=f'<a href="{href}">a</a>') == []


def test_links_to_the_placeholder_host_are_one_warning(find: Find) -> None:
    html = '<a href="https://newsletter.invalid/u/x">a</a><a href="https://NEWSLETTER.invalid:443/p/x">b</a>'
    (finding,) = find("placeholder_link", sample_html=html, sample_text="mailto:x@newsletter.invalid")
    assert finding.severity == "warning"
    assert finding.message.startswith("not set: public_url;")
    assert "newsletter.toml" in finding.fix


def test_a_placeholder_mailbox_is_a_warning(find: Find, make_checked: MakeChecked) -> None:
    compiled = make_checked().compiled
    headers = replace(compiled.headers, from_mailbox="news@newsletter.invalid")
    (finding,) = find("placeholder_link", compiled=replace(compiled, headers=headers))
    assert "not set: sender.from;" in finding.message


def test_a_host_that_only_ends_alike_is_no_placeholder(find: Find) -> None:
    assert find("placeholder_link", sample_html='<a href="https://mynewsletter.invalid/">a</a>') == []
