from __future__ import annotations

import textwrap

from hypothesis import given
from hypothesis import strategies as st

from newsletter.content.item import Block, Link, ListBlock, Paragraph, Table, plain
from newsletter.content.text import parse_text

LONG = "Завод в Зареченске увеличил выпуск модулей и принял на работу новых сотрудников, сообщила пресс-служба."


def blocks(body: str) -> tuple[Block, ...]:
    return parse_text(body, shown="a.txt", first_line=1).blocks


def words(body: str) -> list[str]:
    return [plain(block.text) for block in blocks(body) if isinstance(block, Paragraph)]


def title(body: str) -> str:
    return plain(parse_text(body, shown="a.txt", first_line=1).title)


def test_a_line_is_a_paragraph_where_lines_are_not_wrapped() -> None:
    assert words(f"{LONG}\n{LONG} {LONG}\nКоротко.") == [LONG, f"{LONG} {LONG}", "Коротко."]


def test_hard_wrapped_text_is_joined() -> None:
    wrapped = "\n".join(textwrap.wrap(f"{LONG} {LONG} {LONG}", 72))
    assert words(f"{wrapped}\n\n{wrapped}") == [f"{LONG} {LONG} {LONG}"] * 2


def test_a_wrapped_paragraph_ends_where_the_next_word_would_have_fitted() -> None:
    first = "\n".join(textwrap.wrap(f"{LONG} Конец абзаца.", 72))
    second = "\n".join(textwrap.wrap(f"{LONG} {LONG}", 72))
    assert words(f"{first}\n{second}") == [f"{LONG} Конец абзаца.", f"{LONG} {LONG}"]


def test_lines_are_counted_in_the_file() -> None:
    draft = parse_text(f"Заголовок новости\n\n{LONG}\n\n\n{LONG}", shown="a.txt", first_line=5)
    assert (draft.title_line, [block.origin.line for block in draft.blocks]) == (5, [7, 10])


def test_a_first_line_without_a_full_stop_is_the_title() -> None:
    assert title(f"Завод открыт\n\n{LONG}") == "Завод открыт"
    assert title(f"Зачем городу завод?\n{LONG} {LONG}") == "Зачем городу завод?"


def test_a_first_sentence_or_a_lone_line_is_no_title() -> None:
    assert title(f"Завод открыт.\n\n{LONG}") == ""
    assert title(f"{LONG}\n\n{LONG}") == ""
    assert title("Завод открыт") == ""
    assert title("Завод открыт,\nно не весь.\n\nТекст.") == ""
    assert title(f"{'Слово ' * 40}\n\n{LONG}") == ""


def test_the_first_line_of_wrapped_text_is_no_title() -> None:
    wrapped = "\n".join(textwrap.wrap(f"{LONG} {LONG}", 72))
    assert title(wrapped) == ""


def test_marks_make_lists() -> None:
    found = [
        block
        for block in blocks(f"{LONG}\n\n- раз;\n- два\n  и ещё\n- три.\n\n1. Первый\n2. Второй")
        if isinstance(block, ListBlock)
    ]
    assert [[plain(item) for item in block.items] for block in found] == [
        ["раз;", "два и ещё", "три."],
        ["Первый", "Второй"],
    ]
    assert [block.ordered for block in found] == [False, True]


def test_a_dialogue_with_dashes_is_no_list() -> None:
    assert words("Беседа.\n– Кто вы?\n– Я инженер.") == ["Беседа.", "– Кто вы?", "– Я инженер."]


def test_a_list_after_a_colon_is_a_list_even_with_long_dashes() -> None:
    lists = [block for block in blocks("В зоне есть:\n– вода;\n– свет;\n– газ.") if isinstance(block, ListBlock)]
    assert [plain(item) for item in lists[0].items] == ["вода;", "свет;", "газ."]


def test_tabs_make_a_table() -> None:
    table = blocks(f"{LONG}\n\nГод\tСумма\n2023\t5\n2024\t7")[1]
    assert isinstance(table, Table)
    assert [plain(cell) for cell in table.header] == ["Год", "Сумма"]
    assert [[plain(cell) for cell in row] for row in table.rows] == [["2023", "5"], ["2024", "7"]]


def test_an_address_is_a_link_and_alone_a_button() -> None:
    paragraph, button = blocks("Подробности на https://zarechye.example/a, звоните.\n\nhttps://zarechye.example/b/")
    assert isinstance(paragraph, Paragraph)
    assert [span.href for span in paragraph.text] == ["", "https://zarechye.example/a", ""]
    assert isinstance(button, Link)
    assert (button.text, button.href) == ("zarechye.example/b", "https://zarechye.example/b/")


def test_an_address_ends_before_a_sign_that_no_address_has() -> None:
    (block,) = parse_text("https://a.example/`", shown="a.txt", first_line=1).blocks
    assert isinstance(block, Paragraph)
    assert [(span.text, span.href) for span in block.text] == [("https://a.example/", "https://a.example/"), ("`", "")]


def test_tags_and_template_marks_are_text() -> None:
    assert words("<b>Текст</b> {{ subscriber.name }} {% if x %}.") == ["<b>Текст</b> {{ subscriber.name }} {% if x %}."]


@given(st.lists(st.sampled_from([LONG, "Слово", "- пункт", "1. пункт", "а\tб", "", "– реплика", "Точка.", "и дальше"])))
def test_no_line_is_lost(lines: list[str]) -> None:
    draft = parse_text("\n".join(lines), shown="a.txt", first_line=1)
    found = f"{plain(draft.title)} " + " ".join(map(_all_words, draft.blocks))
    for line in lines:
        for word in line.split():
            if word.isalpha():
                assert word in found


def _all_words(block: Block) -> str:
    if isinstance(block, ListBlock):
        return " ".join(plain(item) for item in block.items)
    if isinstance(block, Table):
        return " ".join(plain(cell) for row in (block.header, *block.rows) for cell in row)
    assert isinstance(block, Paragraph)
    return plain(block.text)
