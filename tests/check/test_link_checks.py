"""Links: where they lead, on whose host, and what they say; each check failing and passing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from newsletter.check import Checked, Finding, link_host, link_target, link_text
from newsletter.check.hosts import complaint, in_letters, mixes_alphabets, same_site
from newsletter.check.page import read_page
from newsletter.content.item import Origin, Paragraph, Span

Find = Callable[..., list[Finding]]
MakeChecked = Callable[..., Checked]


def link(href: str, text: str = "о стенде") -> str:
    return f'<body><a href="{href}">{text}</a></body>'


# where a link leads


@pytest.mark.parametrize(
    ("href", "severity"),
    [
        ("", "error"),
        ("  ", "error"),
        ("stand.html", "error"),
        ("/stand", "error"),
        ("//zarechye.example/x", "error"),
        ("https:///x", "error"),
        ("https://[x", "error"),
        ("javascript:alert(1)", "error"),
        ("data:text/html,x", "error"),
        ("file:///c:/x", "error"),
        ("mailto:", "error"),
        ("mailto:?subject=x", "error"),
        ("mailto:press", "error"),
        ("tel:", "error"),
        ("ftp://zarechye.example", "warning"),
        ("tg://resolve?domain=x", "warning"),
        ("#news", "warning"),
        ("https://zarechye.example/a", ""),
        ("HTTP://zarechye.example", ""),
        ("mailto:press@zarechye.example?subject=x", ""),
        ("tel:+7-000-000", ""),
    ],
)
def test_a_link_leads_somewhere(find: Find, href: str, severity: str) -> None:
    assert [one.severity for one in find("link_target", sample_html=link(href))] == ([severity] if severity else [])


def test_a_link_that_nobody_sees_is_passed_over(find: Find) -> None:
    assert find("link_target", sample_html='<p style="display:none"><a href="x">x</a><a href="">y</a></p>') == []


def test_a_link_of_a_template_is_shown_where_it_is_written(find: Find) -> None:
    source = '<mj-text>\n<a href="stand.html">о стенде</a>'
    (finding,) = find("link_target", sample_html=link("stand.html"), mjml_sources={"templates/a/f.mjml": source})
    assert (finding.file, finding.line) == ("templates/a/f.mjml", 2)


# hosts


@pytest.mark.parametrize(
    ("host", "word"),
    [
        ("8.8.8.8", "bare IP"),
        ("[2001:4860:4860::8888]", "bare IP"),
        ("10.0.0.1", "inner network"),
        ("127.0.0.1", "inner network"),
        ("[::1]", "inner network"),
        ("portal", "your own network"),
        ("site.local", "your own network"),
        ("router.home.arpa", "your own network"),
        ("a..example", "no host name"),
        ("-a.example", "no host name"),
        ("a_b.example", "no host name"),
        ("a" * 64 + ".example", "no host name"),
        ("clck.ru", "shortener"),
        ("www.bit.ly", "shortener"),
        ("zarechye.example", ""),
        ("заречье.рф", ""),
        ("xn--80aifbw1ae.xn--p1ai", ""),
        ("a-b.1c.ru", ""),
        ("zarechye.example.", ""),
    ],
)
def test_a_host_is_judged_by_its_name(host: str, word: str) -> None:
    said = complaint(host)
    assert (word in said) if word else not said


def test_hosts_are_read_in_letters() -> None:
    assert in_letters("www.xn--80aswg.xn--p1ai") == "www.сайт.рф"
    assert in_letters("xn--ы.example") == "xn--ы.example"


@pytest.mark.parametrize(("host", "mixed"), [("zаrechye.example", True), ("заречье.example", False), ("a1.ru", False)])
def test_a_label_of_two_alphabets_is_found(host: str, mixed: bool) -> None:
    assert mixes_alphabets(host) is mixed


def test_one_site_is_a_host_and_what_lies_under_it() -> None:
    assert same_site("www.zarechye.example", "zarechye.example")
    assert same_site("zarechye.example", "news.zarechye.example")
    assert same_site("сайт.рф", "xn--80aswg.xn--p1ai")
    assert not same_site("rechye.example", "zarechye.example")


@pytest.mark.parametrize(
    ("href", "text", "severity"),
    [
        ("https://evil.example/x", "https://zarechye.example/x", "warning"),
        ("https://evil.example/x", "zarechye.example", "warning"),
        ("https://evil.example/x", "www.zarechye.example", "warning"),
        ("mailto:x@evil.example", "press@zarechye.example", "warning"),
        ("https://zarechye.example@evil.example/", "о стенде", "warning"),
        ("https://10.0.0.1/", "о стенде", "warning"),
        ("https://xn--80aswg.xn--p1ai/", "о стенде", "info"),
        ("https://zarechye.example/x", "zarechye.example", ""),
        ("https://news.zarechye.example/x", "zarechye.example", ""),
        ("https://zarechye.example/x", "отчёт.pdf", ""),
        ("https://evil.example/x", "на сайте zarechye.example", "warning"),
        ("https://zarechye.example/x", "на сайте zarechye.example.", ""),
        ("https://zarechye.example/x", "пишите на press@bank.example", ""),
        ("mailto:press@zarechye.example", "press@zarechye.example", ""),
        ("tel:+70000000000", "о стенде", ""),
        ("https://newsletter.invalid/u", "zarechye.example", ""),
    ],
)
def test_a_link_shows_where_it_leads(find: Find, href: str, text: str, severity: str) -> None:
    findings = find("link_host", sample_html=link(href, text))
    assert [one.severity for one in findings] == ([severity] if severity else [])


# what a link says


@pytest.mark.parametrize("text", ["здесь", "Подробнее", "Читать далее →", "по этой ссылке", "Click here", "Ещё…"])
def test_a_link_that_says_nothing_is_found_in_its_item(find: Find, make_checked: MakeChecked, text: str) -> None:
    href = "https://zarechye.example/a"
    origin = Origin(path="content/b.md", line=12)
    block = Paragraph(text=(Span(text="О стенде "), Span(text=text, href=href)), origin=origin)
    good = make_checked().items[0]
    (finding,) = find("link_text", sample_html=link(href, text), items=(good, replace(good, blocks=(block,))))
    assert (finding.severity, finding.file, finding.line, finding.block) == ("warning", "content/b.md", 12, 0)


def test_a_label_for_reading_aloud_counts_as_the_text(find: Find) -> None:
    html = '<a href="https://a.example" aria-label="Подробнее о стенде">Подробнее</a>'
    assert find("link_text", sample_html=html) == []


def test_a_link_that_names_the_thing_passes(find: Find) -> None:
    assert find("link_text", sample_html=link("https://a.example", "Подробнее о стенде")) == []


def test_a_bare_address_is_worth_a_look(find: Find) -> None:
    (finding,) = find("link_text", sample_html=link("https://a.example/x", "https://a.example/x"))
    assert finding.severity == "info"
    assert find("link_text", sample_html=link("https://a.example/x", "a.example")) == []


def test_the_same_words_lead_to_one_place(find: Find) -> None:
    html = link("https://a.example", "Программа") + link("https://b.example", "программа!")
    (finding,) = find("link_text", sample_html=html)
    assert "2 links say «Программа»" in finding.message
    assert find("link_text", sample_html=link("https://a.example", "Программа") * 2) == []


@examples(max_examples=150, deadline=None)
@given(
    href=st.one_of(st.text(max_size=30), st.text("htps:/@[].xn-1#?mailto", max_size=30)),
    text=st.text(max_size=20),
)
def test_no_link_is_too_broken_to_judge(href: str, text: str) -> None:
    link_target._problem(href)
    complaint(href)
    mixes_alphabets(href)
    for anchor in read_page(link(href.replace('"', ""), text)).anchors:
        list(link_host._problems(anchor))
        link_text._problem(anchor)
