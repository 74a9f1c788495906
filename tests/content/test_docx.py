from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from newsletter.content.item import Heading, Image, Link, ListBlock, NewsItem, Paragraph, Quote, Table, plain
from newsletter.content.load import load_item
from newsletter.errors import InputError
from tests.word_files import paragraph, picture, run, styles, table, word_file, zipped

DATA = Path(__file__).parents[1] / "data" / "formats"
LEAD = paragraph("Завод в Зареченске открыт, гости приехали утром.")


def load(folder: Path, data: bytes) -> NewsItem:
    path = folder / "content" / "a.docx"
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(data)
    return load_item(path, root=folder)


def refused(folder: Path, data: bytes) -> InputError:
    with pytest.raises(InputError) as caught:
        load(folder, data)
    assert caught.value.path == "content/a.docx"
    assert caught.value.fix
    return caught.value


def test_a_release_as_an_office_writes_it() -> None:
    item = load_item(DATA / "release.docx", root=DATA)
    assert (item.title, item.title_proposed) == ("Экспорт приборов из «Заречья» вырос вдвое", False)
    assert (item.rubric, item.date) == ("Пресс-релиз", date(2024, 5, 14))
    kinds = [(type(block), block.origin.line) for block in item.blocks]
    assert kinds == [
        (Quote, 5),
        (Heading, 7),
        (Paragraph, 8),
        (ListBlock, 9),
        (Image, 12),
        (Table, 14),
        (Heading, 22),
        (Quote, 23),
        (Paragraph, 25),
        (Paragraph, 26),
    ]
    assert [(quote.speaker, quote.role) for quote in item.quotes] == [
        ("Вера Кленова", "директор ОЭЗ «Заречье»"),
        ("Павел Астахов", "директор завода"),
    ]
    (image,) = [block for block in item.blocks if isinstance(block, Image)]
    assert (image.src, image.alt, image.credit) == (
        "release.docx!word/media/image1.png",
        "Три столбца растут",
        "Фото: Мария Луговая",
    )
    with zipfile.ZipFile(DATA / "release.docx") as file:
        assert image.src.partition("!")[2] in file.namelist()
    assert plain(item.lead).endswith("Это в 2 раза больше, чем годом ранее.")
    assert "248 млн рублей" in [figure.text for figure in item.figures]


def test_inserted_words_are_kept_and_deleted_ones_and_comments_are_not(tmp_path: Path) -> None:
    changed = (
        f'<w:ins w:id="1" w:author="А">{run("новое ")}</w:ins>'
        '<w:del w:id="2" w:author="А"><w:r><w:delText>старое </w:delText></w:r></w:del>'
        '<w:r><w:commentReference w:id="0"/></w:r>' + run("зачёркнутое", properties="<w:strike/>") + run("слово.")
    )
    comments = '<w:comments xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main"></w:comments>'
    item = load(tmp_path, word_file(LEAD + paragraph("Есть ", inside=changed), parts={"word/comments.xml": comments}))
    assert [plain(block.text) for block in item.blocks if isinstance(block, Paragraph)] == ["Есть новое слово."]


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("heading 1", Heading),
        ("Заголовок 2", Heading),
        ("Quote", Quote),
        ("Intense Quote", Quote),
        ("Цитата", Quote),
        ("List Bullet", ListBlock),
        ("Normal", Paragraph),
    ],
)
def test_styles_are_known_by_the_names_that_people_see(tmp_path: Path, name: str, kind: type) -> None:
    body = paragraph("Заголовок дня", style="t") + LEAD + paragraph("Слова о заводе", style="s")
    item = load(tmp_path, word_file(body, parts={"word/styles.xml": styles(t="Title", s=name)}))
    assert item.title == "Заголовок дня"
    assert [type(block) for block in item.blocks] == [kind]


@pytest.mark.parametrize(
    ("words", "alt", "credit"),
    [
        ("Контейнер на причале. Фото: Пётр Лагунов", "Контейнер на причале", "Фото: Пётр Лагунов"),
        ("Фото: Пётр Лагунов", "Фото: Пётр Лагунов", "Фото: Пётр Лагунов"),
        ("Фото с открытия", "Фото с открытия", "Фото с открытия"),
        ("Гости смотрят фото первых цехов", "Гости смотрят фото первых цехов", "Гости смотрят фото первых цехов"),
    ],
)
def test_a_caption_says_what_a_picture_shows_and_who_took_it(tmp_path: Path, words: str, alt: str, credit: str) -> None:
    body = LEAD + paragraph("", inside=picture("p1")) + paragraph(words, style="c")
    parts: dict[str, str | bytes] = {"word/media/one.png": b"1", "word/styles.xml": styles(c="caption")}
    (image,) = load(tmp_path, word_file(body, links={"p1": "image media/one.png"}, parts=parts)).blocks
    assert isinstance(image, Image)
    assert (image.alt, image.credit) == (alt, credit)


@pytest.mark.parametrize(
    ("lines", "said", "speaker", "role"),
    [
        (["Мы ждали дня. — Алла Иванова, крановщица"], "Мы ждали дня.", "Алла Иванова", "крановщица"),
        (["«Мы ждали дня» – Алла Иванова"], "Мы ждали дня", "Алла Иванова", ""),
        (["Мы ждали дня.", "— Алла Иванова, крановщица"], "Мы ждали дня.", "Алла Иванова", "крановщица"),
        (["Мы ждали дня.", "Алла Иванова, крановщица"], "Мы ждали дня.", "Алла Иванова", "крановщица"),
        (["Мы ждали. — Да, мы ждали дня."], "Мы ждали. — Да, мы ждали дня.", "", ""),
        (["Мы ждали.", "Дня, ночи и утра."], "Мы ждали.\nДня, ночи и утра.", "", ""),
    ],
)
def test_a_quote_of_a_word_file_knows_its_speaker(
    tmp_path: Path, lines: list[str], said: str, speaker: str, role: str
) -> None:
    body = LEAD + "".join(paragraph(line, style="q") for line in lines) + paragraph("Конец пришёл.")
    item = load(tmp_path, word_file(body, parts={"word/styles.xml": styles(q="Цитата")}))
    (quote,) = item.quotes
    assert (plain(quote.text), quote.speaker, quote.role) == (said, speaker, role)


def test_a_title_without_a_style_is_found_below_the_date(tmp_path: Path) -> None:
    body = "".join(map(paragraph, ("ПРЕСС-РЕЛИЗ", "14.05.2024", "Завод открыт в Зареченске", "Гости приехали утром.")))
    item = load(tmp_path, word_file(body))
    assert (item.title, item.date, plain(item.lead)) == (
        "Завод открыт в Зареченске",
        date(2024, 5, 14),
        "Гости приехали утром.",
    )


def test_links_tables_and_footnotes(tmp_path: Path) -> None:
    link = f'<w:hyperlink r:id="l1">{run("Весь отчёт")}</w:hyperlink>'
    note = '<w:r><w:footnoteReference w:id="2"/></w:r>'
    notes = (
        '<w:footnotes xmlns:w="http://schemas.openxmlformats.org/wordprocessingml/2006/main">'
        f'<w:footnote w:id="2">{paragraph("По данным завода.")}</w:footnote></w:footnotes>'
    )
    body = LEAD + paragraph("Рост вдвое", inside=note) + paragraph("", inside=link) + table(("Год", "Цех"), ("1", "2"))
    links = {"l1": "hyperlink https://zarechye.example/r", "n1": "footnotes footnotes.xml"}
    item = load(tmp_path, word_file(body, links=links, parts={"word/footnotes.xml": notes}))
    words, button, grid, footnotes = item.blocks
    assert isinstance(words, Paragraph)
    assert isinstance(button, Link)
    assert isinstance(grid, Table)
    assert isinstance(footnotes, ListBlock)
    assert (plain(words.text), button.href) == ("Рост вдвое[1]", "https://zarechye.example/r")
    assert [plain(text) for text in footnotes.items] == ["По данным завода."]


def test_a_picture_is_named_by_its_part(tmp_path: Path) -> None:
    body = LEAD + paragraph("", inside=picture("p1", alt="Цех")) + paragraph("Слева ", inside=picture("p2"))
    parts: dict[str, str | bytes] = {"word/media/one.png": b"1", "word/media/two.png": b"2"}
    links = {"p1": "image media/one.png", "p2": "image /word/media/two.png"}
    item = load(tmp_path, word_file(body, links=links, parts=parts))
    assert [(block.src, block.alt, block.origin.line) for block in item.blocks if isinstance(block, Image)] == [
        ("content/a.docx!word/media/one.png", "Цех", 2),
        ("content/a.docx!word/media/two.png", "", 3),
    ]


@pytest.mark.parametrize(
    ("inside", "words"),
    [
        (picture("linked", attribute="link"), "only linked"),
        (picture("gone"), "only linked"),
        (picture("emf"), "of the kind .emf"),
        ("<m:oMath><m:r><m:t>x</m:t></m:r></m:oMath>", "a formula"),
        ('<w:r><w:drawing><c:chart r:id="x"/></w:drawing></w:r>', "a chart"),
        ('<w:r><w:drawing><a:graphicData uri="http://schemas.x.example/2010/ink"/></w:drawing></w:r>', "a drawing"),
        (run("тайна", properties="<w:vanish/>"), "hidden text"),
    ],
)
def test_what_would_be_lost_or_shown_by_mistake_is_refused_with_its_paragraph(
    tmp_path: Path, inside: str, words: str
) -> None:
    links = {
        "linked": "image https://zarechye.example/a.png",
        "gone": "image media/none.png",
        "emf": "image media/a.emf",
    }
    body = LEAD + paragraph("") + paragraph("Слова ", inside=inside)
    error = refused(tmp_path, word_file(body, links=links, parts={"word/media/a.emf": b"x"}))
    assert words in error.message
    assert error.line == 3


def test_a_mark_that_is_not_hidden_is_no_hidden_text(tmp_path: Path) -> None:
    shown = run("слово", properties='<w:vanish w:val="0"/>')
    assert load(tmp_path, word_file(LEAD + paragraph("Это ", inside=shown))).blocks


def test_another_kind_of_file_is_named(tmp_path: Path) -> None:
    assert "old Word file" in refused(tmp_path, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 500).message
    locked = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le")
    assert "password" in refused(tmp_path, locked).message
    assert "RTF" in refused(tmp_path, rb"{\rtf1 x}").message
    assert "no Word document" in refused(tmp_path, zipped({"content.xml": "<a/>"})).message
    assert "no Word file" in refused(tmp_path, b"<html>").message
    assert "no Word file" in refused(tmp_path, word_file(LEAD)[:-40]).message
    assert refused(tmp_path, b"").fix


def test_a_zip_that_unpacks_to_too_much_is_refused(tmp_path: Path) -> None:
    bomb = word_file(LEAD, parts={"word/media/a.png": b"\0" * 31 * 1024 * 1024})
    assert len(bomb) < 100_000
    assert "unpacks to more" in refused(tmp_path, bomb).message
    assert "unpacks to more" in refused(tmp_path, word_file(paragraph("а" * 3_000_000))).message
    assert "too many parts" in refused(tmp_path, word_file(LEAD, parts={f"a{n}": "" for n in range(2001)})).message


def test_a_zip_whose_directory_lies_about_a_size_is_no_way_around_the_limit(tmp_path: Path) -> None:
    data = word_file(LEAD, parts={"word/media/a.png": b"\0" * 40 * 1024 * 1024})
    lying = data.replace((40 * 1024 * 1024).to_bytes(4, "little"), (10).to_bytes(4, "little"))
    assert lying != data
    assert "damaged" in refused(tmp_path, lying).message


def test_a_file_larger_than_20_mb_is_refused(tmp_path: Path) -> None:
    assert "20 MB" in refused(tmp_path, word_file(LEAD) + bytes(20 * 1024 * 1024)).message


def test_a_packing_that_no_word_processor_uses_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "lzma.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as file:
        file.writestr("[Content_Types].xml", "<Types/>")
        file.writestr("word/document.xml", "<a/>")
    assert "packed" in refused(tmp_path, path.read_bytes()).message


def test_an_encoding_that_no_word_processor_writes_is_an_input_error(tmp_path: Path) -> None:
    for encoding in ("utf-7", "utf-32", "rot13", "no-such", "zlib_codec"):
        part = f'<?xml version="1.0" encoding="{encoding}"?><a/>'
        assert "damaged" in refused(tmp_path, word_file(LEAD, parts={"word/styles.xml": part})).message


def test_an_encrypted_part_is_refused(tmp_path: Path) -> None:
    data = bytearray(word_file(LEAD))
    at = data.index(b"PK\x01\x02")  # the first record of the directory; its flags stand eight bytes on
    data[at + 8] |= 1
    assert "password" in refused(tmp_path, bytes(data)).message


@pytest.mark.parametrize("part", ["word/document.xml", "word/styles.xml", "[Content_Types].xml", "word/hidden.bin"])
def test_a_dtd_is_refused_in_whatever_part(tmp_path: Path, part: str) -> None:
    bomb = '<!DOCTYPE a [<!ENTITY b "bbbb"><!ENTITY c "&b;&b;&b;&b;">]><a>&c;</a>'
    error = refused(tmp_path, word_file(LEAD, parts={part: bomb}))
    assert (part in error.message, "DTD" in error.message) == (True, True)


def test_depth_has_an_end(tmp_path: Path) -> None:
    deep = "<w:tbl><w:tr><w:tc>" * 30 + paragraph("x") + "</w:tc></w:tr></w:tbl>" * 30
    assert "nested too deeply" in refused(tmp_path, word_file(LEAD + deep)).message


def test_length_has_an_end(tmp_path: Path) -> None:
    assert "longer than a news item" in refused(tmp_path, word_file(LEAD + "<w:p/>" * 40_001)).message


def test_what_is_there_twice_for_old_versions_of_word_is_read_once(tmp_path: Path) -> None:
    shape = '<w:drawing><a:graphicData uri="http://schemas.x.example/2010/wordprocessingShape"/></w:drawing>'
    copies = (
        f'<mc:Choice Requires="wps">{shape}{paragraph("дважды")}</mc:Choice><mc:Fallback>{run("раз")}</mc:Fallback>'
    )
    mc = 'xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
    both = f"<w:r><mc:AlternateContent {mc}>{copies}</mc:AlternateContent></w:r>"
    (block,) = load(tmp_path, word_file(LEAD + paragraph("Слова ", inside=both))).blocks
    assert isinstance(block, Paragraph)
    assert (plain(block.text), block.origin.line) == ("Слова раз", 2)


def test_a_document_that_leads_its_reader_astray_is_an_input_error(tmp_path: Path) -> None:
    broken = LEAD + '<w:p><w:r><w:sym w:font="Symbol"/></w:r></w:p>'
    assert "cannot be read" in refused(tmp_path, word_file(broken)).message


def test_the_file_s_own_style_map_is_not_obeyed(tmp_path: Path) -> None:
    parts: dict[str, str | bytes] = {"mammoth/style-map": "p => script"}
    assert plain(load(tmp_path, word_file(LEAD, parts=parts)).lead).startswith("Завод")


XML = st.sampled_from(["", "</w:p>", "<w:p>", "&", '"']) | st.recursive(
    st.sampled_from(
        [
            "<w:t>слово</w:t>",
            "<w:br/>",
            "<w:tab/>",
            "<w:sym/>",
            "<w:fldChar/>",
            "<w:numPr/>",
            "<w:pPr><w:numPr/></w:pPr>",
        ]
    ),
    lambda inner: st.tuples(
        st.sampled_from(["w:p", "w:r", "w:tbl", "w:tr", "w:tc", "w:hyperlink", "w:ins", "w:sdt", "w:pict"]),
        st.lists(inner, max_size=3),
    ).map(lambda made: f"<{made[0]}>{''.join(made[1])}</{made[0]}>"),
    max_leaves=8,
)


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=st.lists(XML, max_size=4))
def test_any_xml_in_the_body_is_an_item_or_an_input_error(tmp_path: Path, pieces: list[str]) -> None:
    try:
        load(tmp_path, word_file(LEAD + "".join(pieces)))
    except InputError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message


@settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200), cuts=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=6))
def test_any_bytes_are_an_item_or_an_input_error(tmp_path: Path, data: bytes, cuts: list[tuple[int, int]]) -> None:
    whole = bytearray(word_file(LEAD)) if cuts else bytearray(data)
    for at, value in cuts:
        whole[at % len(whole)] = value
    try:
        load(tmp_path, bytes(whole))
    except InputError as error:
        message = str(error)
    else:
        message = ""
    assert "\n" not in message
