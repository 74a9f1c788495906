"""Pictures: source, format, measures, share of the mail, and alt texts that tell nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from newsletter.check import Checked, Finding
from newsletter.check.pictures import format_of
from newsletter.content.item import Image, Origin

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]

AT = Origin(path="content/b.md", line=12)
TEXT = "<p>" + "Стенд открыт. " * 40 + "</p>"


def picture(src: str, rest: str = 'alt="Стенд" width="536" height="300"') -> str:
    return f'<body>{TEXT}<img src="{src}" {rest}></body>'


@pytest.mark.parametrize(
    ("src", "severity"),
    [
        ("content/plant.png", "error"),
        ("", "error"),
        ("//zarechye.example/a.png", "error"),
        ("cid:logo", "error"),
        ("data:image/png;base64,AAAA", "warning"),
        ("https://zarechye.example/a.png", ""),
        ("http://zarechye.example/a.png", ""),
    ],
)
def test_a_picture_lies_on_the_web(find: Find, src: str, severity: str) -> None:
    findings = find("image_source", sample_html=picture(src))
    assert [one.severity for one in findings] == ([severity] if severity else [])


@pytest.mark.parametrize(
    ("src", "slug"),
    [
        ("https://a.example/p.WEBP?w=100", "image-webp"),
        ("https://a.example/p.avif", "image-avif"),
        ("data:image/svg+xml,%3Csvg", "image-svg"),
        ("data:image/webp;base64,AA", "image-webp"),
        ("https://a.example/p.jpg", ""),
        ("https://a.webp/p", ""),
        ("https://[x", ""),
    ],
)
def test_the_format_is_read_from_the_name(src: str, slug: str) -> None:
    assert format_of(src) == slug


def test_a_format_that_programs_do_not_show_is_found_with_their_names(find: Find) -> None:
    (finding,) = find("image_format", sample_html=picture("https://a.example/p.webp"))
    assert "outlook.windows" in finding.clients
    assert "Outlook on Windows" in finding.message
    (finding,) = find("image_format", sample_html=picture("https://a.example/p.svg"))
    assert "mail-ru.desktop-webmail" in finding.clients
    assert "outlook.windows" not in finding.clients
    assert find("image_format", sample_html=picture("https://a.example/p.png")) == []


@pytest.mark.parametrize(
    ("attributes", "severity"),
    [
        ("", "warning"),
        ('width="100%" height="9"', "warning"),
        ('width="auto"', "warning"),
        ('width="536"', "info"),
        ('width="536" height="auto"', ""),
        ('width="536px" height="300"', ""),
    ],
)
def test_a_picture_has_measures(find: Find, attributes: str, severity: str) -> None:
    findings = find("image_size", sample_html=picture("https://a.example/p.png", attributes))
    assert [one.severity for one in findings] == ([severity] if severity else [])


def test_of_a_picture_on_another_server_nobody_knows_the_height(find: Find, make_checked: MakeChecked) -> None:
    html = picture("https://a.example/p.png", 'width="536"')
    image = Image(src="https://a.example/p.png", alt="Стенд", origin=AT)
    for known, findings in ((0, 0), (300, 1)):
        item = replace(make_checked().items[0], blocks=(replace(image, height=known),))
        assert len(find("image_size", sample_html=html, items=(item,))) == findings


def test_a_picture_that_nobody_sees_is_passed_over(find: Find) -> None:
    html = f'<div style="display:none">{picture("p.webp", "")}</div>'
    for finding_id in ("image_source", "image_format", "image_size", "image_only"):
        assert find(finding_id, sample_html=html) == []


def test_a_mail_of_pictures_is_found(find: Find) -> None:
    image = '<img src="https://a.example/p.png" alt="Стенд" width="600">'
    (finding,) = find("image_only", sample_html=f"<p>{'ы' * 399}</p>{image}")
    assert "1 picture and 399 letters" in finding.message
    assert find("image_only", sample_html=f"<p>{'ы' * 400}</p>{image}") == []
    assert find("image_only", sample_html=f"<p>{'ы' * 400}</p>{image * 3}") != []


def test_a_logo_makes_no_mail_of_pictures(find: Find) -> None:
    assert find("image_only", sample_html='<p>Стенд</p><img src="https://a.example/l.png" width="120">') == []


@pytest.mark.parametrize(
    ("alt", "credit", "word"),
    [
        ("IMG_1234.jpg", "", "file's name"),
        ("IMG 1234", "", "file's name"),
        ("стенд-2.png", "", "file's name"),
        ("Фото.", "", "says only"),
        ("ы" * 151, "", "151 characters"),
        ("Фото: Анна Лесная", "Фото – Анна Лесная", "credit"),
        ("ы" * 150, "", ""),
        ("Стенд в цехе", "Фото: Анна Лесная", ""),
        ("", "", ""),
    ],
)
def test_an_alt_text_says_what_the_picture_shows(
    find: Find, make_checked: MakeChecked, alt: str, credit: str, word: str
) -> None:
    image = Image(src="https://a.example/p.png", alt=alt, credit=credit, origin=AT)
    good = make_checked().items[0]
    findings = find(
        "poor_alt",
        items=(good, replace(good, blocks=(image,))),
        sample_html=picture(image.src, f'alt="{alt}" width="536" height="300"'),
    )
    assert [(word in one.message, one.file, one.line, one.block) for one in findings] == (
        [(True, "content/b.md", 12, 0)] if word else []
    )


def test_a_poor_alt_text_of_a_template_is_found(find: Find) -> None:
    (finding,) = find("poor_alt", sample_html=picture("https://a.example/p.png", 'alt="logo.png"'))
    assert "logo.png" in finding.message
