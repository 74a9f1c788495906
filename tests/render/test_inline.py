"""premailer, with each measured damage cured: every test here fails with premailer's own defaults."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import urlsplit

import css_inline
import idna
import pytest
from lxml import html as lxml_html
from premailer import premailer

from newsletter.errors import TemplateError
from newsletter.render.inline import DOCTYPE, ascii_host, inline_css, inlined, prepare
from newsletter.render.mjml import to_html

MAIL = """<mjml lang="ru" dir="ltr"><mj-head><mj-attributes><mj-all font-family="Arial, sans-serif" /></mj-attributes>
<mj-style>.a { color: #cc0000; } .b td { color: #112233; }
@media (prefers-color-scheme: dark) { .a { color: #ffffff !important; } }</mj-style></mj-head>
<mj-body><mj-section><mj-column><mj-text><p class="a">Привет&nbsp;мир</p></mj-text>
<mj-image width="300px" src="https://a.example/x.png" alt="" /><mj-table css-class="b"><tr><td>1</td></tr></mj-table>
</mj-column><mj-column><mj-text>x</mj-text></mj-column></mj-section></mj-body></mjml>"""


def mail(source: str = MAIL) -> str:
    return inline_css(to_html(source, folders=[], locate=lambda offset: ("t", offset)), path="t")


@contextlib.contextmanager
def counting_server() -> Iterator[tuple[str, list[str]]]:
    hits: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            hits.append(self.path)
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b".a{color:red}")

        def log_message(self, *args: object) -> None:
            return

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", hits
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.mark.parametrize("rule", ['@import "%s/a.css";', "@import url(%s/a.css) screen;", "@import url('%s/a.css')"])
def test_import_in_css_reaches_no_server(rule: str) -> None:
    with counting_server() as (url, hits):
        style = "<style>" + rule % url + " .b{color:blue}</style>"
        inlined(f"{DOCTYPE}<html><head>{style}</head><body><p class='b'>x</p></body></html>")
    assert hits == []


def test_linked_style_sheet_reaches_no_server() -> None:
    with counting_server() as (url, hits):
        link = f'<link rel="stylesheet" href="{url}/a.css">'
        inlined(f"{DOCTYPE}<html><head>{link}</head><body><p>x</p></body></html>")
    assert hits == []


def test_server_of_these_tests_does_count() -> None:
    """The stock cssutils fetches: so an empty list above means something."""
    import cssutils

    with counting_server() as (url, hits):
        cssutils.CSSParser(loglevel=50, raiseExceptions=False).parseString(f'@import "{url}/a.css";')
    assert hits == ["/a.css"]


@pytest.mark.parametrize(
    "style",
    ["<mj-style>@import url(https://a.example/f.css);</mj-style>", "<mj-raw><link rel='stylesheet' href='x'></mj-raw>"],
)
def test_styles_that_readers_would_fetch_are_refused(style: str) -> None:
    with pytest.raises(TemplateError, match="network"):
        mail(f"<mjml><mj-head>{style}</mj-head><mj-body></mj-body></mjml>")


def test_important_in_media_rules_survives() -> None:
    result = mail()
    assert "color: #ffffff !important" in result
    assert "width:50% !important" in result.replace(": ", ":")


def test_doctype_is_kept_in_upper_case() -> None:
    assert mail().startswith("<!DOCTYPE html>")


def test_lower_case_doctype_is_lost_without_the_cure() -> None:
    stock = premailer.Premailer("<!doctype html><html><head></head><body>x</body></html>", allow_network=False)
    assert not stock.transform().lower().startswith("<!doctype html>\n<html><head></head><body>x")
    with pytest.raises(TemplateError, match="doctype"):
        inlined("<!doctype html><html><head></head><body><p>x</p></body></html>")


def test_image_width_and_cell_attributes_stay_as_mjml_wrote_them() -> None:
    tree = lxml_html.document_fromstring(mail().encode())
    assert [image.get("width") for image in tree.iter("img")] == ["250"]  # the column's room, in pixels
    assert all(cell.get("bgcolor") is None and cell.get("height") != "auto" for cell in tree.iter("td"))


def test_reset_of_mjml_is_not_copied_into_cells() -> None:
    assert "mso-table-lspace" not in mail().partition("</head>")[2]


def test_colours_keep_their_six_digits() -> None:
    assert "#cc0000" in mail().partition("</head>")[2]


def test_all_conditional_comments_survive() -> None:
    source = to_html(MAIL, folders=[], locate=lambda offset: ("t", offset))
    assert mail().count("<!--[if") == source.count("<!--[if")
    assert mail().count("<![endif]") == source.count("<![endif]")


def test_cyrillic_host_becomes_punycode_before_the_inliner_escapes_it() -> None:
    link = '<mj-text><a href="https://пример.рф/путь?a=1&amp;b=2">x</a></mj-text>'
    body = link + '<mj-image src="https://картинки.рф/a.png" alt="" />'
    result = mail(f"<mjml><mj-body><mj-section><mj-column>{body}</mj-column></mj-section></mj-body></mjml>")
    assert "https://xn--e1afmkfd.xn--p1ai/" in result
    tree = lxml_html.document_fromstring(result.encode())
    hosts = [urlsplit(value).hostname for _, name, value, _ in tree.iterlinks() if name in ("href", "src")]
    assert hosts == ["xn--e1afmkfd.xn--p1ai", idna.encode("картинки.рф").decode()]


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/"),
        ("https://ПРИМЕР.рф:8443/a", "https://xn--e1afmkfd.xn--p1ai:8443/a"),
        ("https://a.example/путь", "https://a.example/путь"),
        ("https://a.example/?q=1", "https://a.example/?q=1"),
    ],
)
def test_only_the_host_is_changed(url: str, expected: str) -> None:
    assert ascii_host(url) == expected


def test_host_that_is_none_is_an_error() -> None:
    with pytest.raises(TemplateError, match="no host name"):
        ascii_host("https://а‥б.рф/")


def test_inlined_styles_agree_with_another_inliner() -> None:
    """css-inline is the oracle: both must give every element the same declarations."""
    prepared = prepare(to_html(MAIL, folders=[], locate=lambda offset: ("t", offset)))
    without_reset = prepared.replace(' data-premailer="ignore"', ' data-css-inline="ignore"')
    other = css_inline.CSSInliner(keep_style_tags=True, load_remote_stylesheets=False).inline(without_reset)
    assert _styles(inlined(prepared)) == _styles(other)


def _styles(document: str) -> list[tuple[str, frozenset[str]]]:
    tree = lxml_html.document_fromstring(document.encode())
    return [
        (
            element.tag,
            frozenset(part.replace(" ", "") for part in (element.get("style") or "").split(";") if part.strip()),
        )
        for element in tree.iter()
        if isinstance(element.tag, str) and element.tag != "tbody"  # html5ever adds it
    ]


def test_a_style_element_for_some_media_stays_as_it_is_and_is_written_into_no_element() -> None:
    night = '<style media="(prefers-color-scheme: dark)">.a { color: #abcdef !important; }</style>'
    html = mail(MAIL.replace("</mj-head>", f"<mj-raw>{night}</mj-raw></mj-head>"))
    assert night in html
    assert html.count("#abcdef") == 1
