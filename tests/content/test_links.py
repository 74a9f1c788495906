from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Origin
from newsletter.content.links import clean_href, find_image
from newsletter.errors import InputError

HERE = Origin(path="content/a.md", line=7)


@pytest.mark.parametrize(
    ("raw", "clean"),
    [
        ("https://zarechye.example/a?b=c#d", "https://zarechye.example/a?b=c#d"),
        ("HTTPS://Zarechye.Example", "https://zarechye.example"),
        ("https://заречье.рф/новости?о=чём", "https://xn--80akaf0c3b9a.xn--p1ai/%D0%BD"),
        ("https://zarechye.example:8443/100%", "https://zarechye.example:8443/100%25"),
        ("mailto:press@заречье.рф?subject=Да", "mailto:press@xn--80akaf0c3b9a.xn--p1ai?subject=%D0%94%D0%B0"),
        ("tel:+7(800)555-01-20", "tel:+7(800)555-01-20"),
    ],
)
def test_an_address_is_cleaned(raw: str, clean: str) -> None:
    assert clean_href(raw, HERE).startswith(clean)
    assert clean_href(raw, HERE).isascii()


@pytest.mark.parametrize(
    "raw",
    [
        "javascript:alert(1)",
        "data:text/html,x",
        "//host/path",
        "/path",
        "#anchor",
        "page.html",
        "ftp://host/",
        "https://",
        "https:///path",
        "https:host",
        "https://bank.example@evil.example/",
        "https://host:99999/",
        "https://[::1",
        "https://a b.example/",
        "https://-.example/",
        "mailto:",
        "mailto:nobody",
        "tel:call me",
        "",
    ],
)
def test_what_no_mail_should_carry_is_refused_with_the_line(raw: str) -> None:
    with pytest.raises(InputError) as caught:
        clean_href(raw, HERE)
    assert (caught.value.path, caught.value.line) == ("content/a.md", 7)


@given(st.text(max_size=60), st.sampled_from(["https://", "http://", "mailto:a@", "tel:", ""]))
def test_any_address_is_ascii_without_spaces_or_refused(rest: str, scheme: str) -> None:
    try:
        clean = clean_href(scheme + rest, HERE)
    except InputError:
        return
    assert clean.isascii()
    assert clean.isprintable()
    assert not set(' <>"') & set(clean)


def test_an_image_is_found_in_content_or_beside_the_item(tmp_path: Path) -> None:
    (tmp_path / "content" / "img").mkdir(parents=True)
    (tmp_path / "content" / "img" / "a.png").write_bytes(b"png")
    (tmp_path / "drafts").mkdir()
    (tmp_path / "drafts" / "b.png").write_bytes(b"png")
    item = tmp_path / "drafts" / "a.md"
    assert find_image("img/a.png", item=item, root=tmp_path, origin=HERE) == "content/img/a.png"
    assert find_image("b.png", item=item, root=tmp_path, origin=HERE) == "drafts/b.png"
    assert find_image("https://zarechye.example/a.png", item=item, root=tmp_path, origin=HERE).startswith("https://")


@pytest.mark.parametrize(
    "src", ["none.png", "../secret.txt", "/etc/passwd", "http://host/a.png", "data:image/png,x", "", "a\0b"]
)
def test_any_other_image_is_refused_with_the_line(tmp_path: Path, src: str) -> None:
    (tmp_path / "content").mkdir()
    (tmp_path / "secret.txt").write_text("x", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        find_image(src, item=tmp_path / "content" / "a.md", root=tmp_path, origin=HERE)
    assert caught.value.line == 7
