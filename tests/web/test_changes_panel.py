"""What the page says has changed since the last approval: of what the mail is made, in its words, and to the eye."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from starlette.testclient import TestClient

from newsletter.web.difference import compare, paragraphs_of, runs_of
from newsletter.workspace import Workspace
from tests.room_review import approve, rewrite
from tests.room_server import desk_path

KEY = "content/optika.md"


@pytest.fixture
def base(room_workspace: Workspace) -> str:
    return desk_path(room_workspace, room_workspace.root / KEY)


def shown(client: TestClient, base: str) -> str:
    page = html.unescape(client.get(f"{base}panel/changes").text)
    return " ".join(page.replace("\u00a0", " ").split())


def test_before_the_first_approval_the_page_says_so(client: TestClient, base: str) -> None:
    assert "ещё не согласовывали" in client.get(f"{base}panel/changes").text


def test_right_after_an_approval_nothing_has_changed(client: TestClient, base: str) -> None:
    approve(client, base)
    assert "ничего не изменилось: Анна Соколова" in client.get(f"{base}panel/changes").text


def test_a_changed_word_is_marked_with_what_it_was(client: TestClient, base: str, room_workspace: Workspace) -> None:
    approve(client, base)
    rewrite(client, room_workspace, KEY, "120 человек", "121 человек")
    page = shown(client, base)
    assert f"текст новости — {KEY}" in page
    assert re.search(r"<del>[^/]*</span>120", page)
    assert re.search(r"<ins>[^/]*</span>121", page)
    assert "добавлено:" in page
    assert page.count("<iframe") == 2
    assert "настройка" not in page


def test_subject_sender_and_settings_are_told(client: TestClient, base: str, room_workspace: Workspace) -> None:
    approve(client, base)
    rewrite(client, room_workspace, KEY, "120 рабочих мест", "130 рабочих мест")
    rewrite(client, room_workspace, "newsletter.toml", 'accent = "#', 'accent = "#123456" # "')
    page = shown(client, base)
    assert re.search(r"настройка brand\.accent: было «[^»]+», стало «#123456»", page)
    assert re.search(r"<dt>Тема</dt>.{0,200}130", page)


def test_a_changed_template_shows_what_it_changed(client: TestClient, base: str, room_workspace: Workspace) -> None:
    approve(client, base)
    footer = "templates/press/parts/footer.mjml"
    rewrite(client, room_workspace, footer, "{{ t.unsubscribe }}</a>", "{{ t.unsubscribe }} совсем</a>")
    page = shown(client, base)
    assert f"шаблон {footer}" in page
    assert "Текстовая версия прежняя" in page
    assert re.search(r"<ins>[^/]*</span>совсем", page)


def test_the_approved_mail_is_shown_in_a_frame_of_its_own(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    assert client.get(f"{base}mail", params={"version": "approved"}).status_code == 404
    approve(client, base)
    rewrite(client, room_workspace, KEY, "120 человек", "121 человек")
    page = shown(client, base)
    sources = re.findall(r'<iframe sandbox="allow-same-origin" src="([^"]+)"', page)
    then, now = (client.get(f"{base}{source.partition(base)[2]}") for source in sources)
    assert [re.findall(r"12[01](?=\s+человек)", one.text)[0] for one in (then, now)] == ["120", "121"]
    assert then.headers["content-security-policy"] == now.headers["content-security-policy"]
    assert "default-src 'none'" in then.headers["content-security-policy"]


def test_words_of_a_mail_are_never_html_in_the_comparison(
    client: TestClient, base: str, room_workspace: Workspace
) -> None:
    approve(client, base)
    rewrite(client, room_workspace, KEY, "Цех занял", "<img src=x onerror=alert(1)> Цех занял")
    page = client.get(f"{base}panel/changes").text
    assert "<img" not in page


words = st.lists(st.text(st.sampled_from("абвг.,"), min_size=1, max_size=4), max_size=12).map(" ".join)
texts = st.lists(words.filter(bool), max_size=8)


@settings(max_examples=200)
@given(before=texts, after=texts)
def test_a_comparison_loses_no_word_of_either_text(before: list[str], after: list[str]) -> None:
    rows = compare(before, after)
    if before == after:
        assert rows == ()
        return
    kept = " ".join(piece.words for row in rows for piece in row.pieces if piece.kind != "del").split()
    gone = " ".join(piece.words for row in rows for piece in row.pieces if piece.kind != "ins").split()
    skipped = sum(row.skipped for row in rows)
    if not skipped:
        assert kept == " ".join(after).split()
        assert gone == " ".join(before).split()
    assert any(row.is_changed for row in rows)


def test_a_paragraph_broken_elsewhere_is_no_change() -> None:
    then, now = "Заголовок\n=========\n\nОдин два\nтри.\n", "Заголовок\n====\n\nОдин\nдва три.\r\n"
    assert compare(paragraphs_of(then), paragraphs_of(now)) == ()


def test_entries_of_a_list_are_compared_one_by_one() -> None:
    then = "В цифрах\n\n• 412 млн рублей\n  за квартал\n• 60 %\n\n2025   220\n2026   412\n"
    assert paragraphs_of(then) == ("В цифрах", "• 412 млн рублей за квартал", "• 60 %", "2025 220", "2026 412")
    (row,) = [one for one in compare(paragraphs_of(then), paragraphs_of(then.replace("60", "61"))) if one.is_changed]
    assert [(piece.kind, piece.words) for piece in row.pieces] == [
        ("same", "•"),
        ("del", "60"),
        ("ins", "61"),
        ("same", "%"),
    ]


def test_only_what_a_reader_sees_of_a_mail_is_compared() -> None:
    mail = '<head><title>Т</title><style>p{}</style></head><p>Один <b>два</b></p><img alt="Цех"><script>x</script>три'
    assert runs_of(mail) == ("Один два", "Цех", "три")


def test_a_renumbered_link_is_no_change() -> None:
    then = ("Завод [1] и порт [2].", "[1] https://a.example", "[2] https://b.example")
    now = ("Завод [2] и порт [3].", "[1] https://new.example", "[2] https://a.example", "[3] https://b.example")
    (changed,) = [row for row in compare(then, now) if row.is_changed]
    assert [piece.words for piece in changed.pieces] == ["[1] https://new.example"]


def test_letters_of_two_alphabets_that_look_alike_are_told() -> None:
    (row,) = compare(("Вход свободный для всех",), ("Выход свободный для всех",))
    assert not row.is_alike
    (row,) = compare(("Вход свободный для всех",), ("\N{LATIN CAPITAL LETTER B}ход свободный для всех",))
    assert row.is_alike


def test_what_changed_in_a_digest_stands_under_the_title_of_its_item() -> None:
    then = ("Содержание", "Порт", "Суда пришли.", "Цех", "Один.", "Два.", "Три.", "[1] https://a.example")
    now = (*then[:5], "Два!", "Три.", "[1] https://b.example")
    rows = compare(then, now, ["Порт", "Цех"])
    assert [(row.under, row.pieces[-1].words) for row in rows if row.under] == [("Цех", "Один.")]
    assert not rows[-1].under


def test_the_panel_of_a_digest_names_the_item(client: TestClient, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "2026-11-zarechye-digest"
    base = desk_path(room_workspace, folder)
    approve(client, base)
    file = folder / "open-day.md"
    title = re.search("^title: (.+)$", file.read_text(encoding="utf-8"), re.MULTILINE)
    lead = file.read_text(encoding="utf-8").split("---\n", 2)[2].split()[0]
    assert title is not None
    rewrite(client, room_workspace, f"content/{folder.name}/open-day.md", f"\n{lead} ", f"\n{lead} вдруг ")
    heads = re.findall('<h3 class="changes-under">(.*?)</h3>', html.unescape(client.get(f"{base}panel/changes").text))
    assert [" ".join(head.split()) for head in heads] == [title[1].strip("\"'")]
