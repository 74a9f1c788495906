"""Pictures of this machine get an address, and only those that lie in the workspace."""

from __future__ import annotations

import io
import zipfile
from dataclasses import replace
from pathlib import Path

import pytest
from PIL import Image as Pillow

from newsletter.content.item import Image, NewsItem, Origin
from newsletter.content.publishing import publish
from newsletter.errors import ConfigError, InputError
from newsletter.settings import Brand, Settings

SETTINGS = Settings(assets_url="https://static.zarechye.example/mail")


def png(width: int = 60, colour: str = "teal") -> bytes:
    out = io.BytesIO()
    Pillow.new("RGB", (width, 30), colour).save(out, "PNG")
    return out.getvalue()


def item(*sources: str) -> NewsItem:
    return NewsItem(
        title="Заголовок",
        title_proposed=False,
        lead=(),
        date=None,
        source="",
        blocks=tuple(
            Image(src=src, alt="Цех", credit="Фото: М. Луговая", origin=Origin(path="content/a.md", line=line))
            for line, src in enumerate(sources, 7)
        ),
        origin=Origin(path="content/a.md", line=1),
    )


def images(found: NewsItem) -> list[Image]:
    return [block for block in found.blocks if isinstance(block, Image)]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    (made / "content").mkdir(parents=True)
    (made / "content" / "plant.png").write_bytes(png())
    return made


def test_a_picture_gets_an_address_by_its_hash_and_its_size_as_shown(root: Path) -> None:
    published = publish([item("content/plant.png")], settings=SETTINGS, root=root)
    (picture,) = published.pictures.values()
    (image,) = images(published.items[0])
    assert image.src == f"https://static.zarechye.example/mail/a/{picture.name}"
    assert (image.width, image.height) == (60, 30)
    assert (image.alt, image.credit, image.origin.line) == ("Цех", "Фото: М. Луговая", 7)
    assert published.inputs == {"content/plant.png": picture.digest}


def test_a_picture_shown_twice_is_published_once(root: Path) -> None:
    published = publish([item("content/plant.png", "content/plant.png")], settings=SETTINGS, root=root)
    assert len(published.pictures) == 1
    assert len({image.src for image in images(published.items[0])}) == 1


def test_a_picture_inside_a_document_is_published(root: Path) -> None:
    with zipfile.ZipFile(root / "content" / "item.docx", "w") as archive:
        archive.writestr("word/media/image1.png", png(80))
    published = publish([item("content/item.docx!word/media/image1.png")], settings=SETTINGS, root=root)
    assert images(published.items[0])[0].width == 80


def test_pictures_on_the_web_stay_as_they_are(root: Path) -> None:
    found = item("https://zarechye.example/a.webp")
    assert publish([found], settings=SETTINGS, root=root).items == (found,)


def test_without_assets_url_nothing_is_touched(root: Path) -> None:
    found = item("content/plant.png")
    published = publish([found], settings=Settings(), root=root)
    assert (published.items, published.pictures) == ((found,), {})


@pytest.mark.parametrize(
    ("src", "words"),
    [
        ("content/none.png", "is not there"),
        ("content", "is not there"),
        ("../outside.png", "outside the workspace"),
        ("/etc/hostname", "outside the workspace"),
        ("content/link.png", "outside the workspace"),
        ("content/text.png", "no kind"),
        ("content/bad.docx!word/media/image1.png", "taken out of the document"),
        ("content/good.docx!word/media/none.png", "not in that document"),
        ("../out.docx!word/media/image1.png", "outside the workspace"),
        ("content/\0.png", "cannot be found"),
    ],
)
def test_what_cannot_be_published_is_named_with_the_items_line(root: Path, src: str, words: str) -> None:
    (root.parent / "outside.png").write_bytes(png())
    (root / "content" / "link.png").symlink_to(root.parent / "outside.png")
    (root / "content" / "text.png").write_text("кто-то переименовал файл", encoding="utf-8")
    (root / "content" / "bad.docx").write_bytes(b"PK")
    with zipfile.ZipFile(root / "content" / "good.docx", "w") as archive:
        archive.writestr("word/document.xml", "x")
    with pytest.raises(InputError) as caught:
        publish([item("content/plant.png", src)], settings=SETTINGS, root=root)
    assert words in caught.value.message
    assert (caught.value.path, caught.value.line) == ("content/a.md", 8)
    assert caught.value.fix


def test_a_part_of_a_document_that_unpacks_to_gigabytes_is_refused(root: Path) -> None:
    with zipfile.ZipFile(root / "content" / "bomb.docx", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("word/media/image1.png", bytes(30 * 1024**2))
    with pytest.raises(InputError, match="20 MB"):
        publish([item("content/bomb.docx!word/media/image1.png")], settings=SETTINGS, root=root)


def test_a_logo_of_the_workspace_is_published(root: Path) -> None:
    settings = replace(SETTINGS, brand=Brand(logo="content/plant.png"))
    published = publish([], settings=settings, root=root)
    (picture,) = published.pictures.values()
    assert published.settings.brand.logo == f"https://static.zarechye.example/mail/a/{picture.name}"


@pytest.mark.parametrize(
    ("logo", "assets_url", "words"),
    [
        ("content/plant.png", "", "set assets_url"),
        ("content/none.png", SETTINGS.assets_url, "is not there"),
        ("http://zarechye.example/logo.png", SETTINGS.assets_url, "is not there"),
    ],
)
def test_a_logo_that_no_reader_could_fetch_is_refused(root: Path, logo: str, assets_url: str, words: str) -> None:
    settings = Settings(assets_url=assets_url, brand=Brand(logo=logo))
    with pytest.raises(ConfigError, match=words):
        publish([], settings=settings, root=root)
