"""docs/templates.md leads to a theme: its steps are taken here as a reader would take them."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from PIL import Image as Picture

from newsletter.content.item import Image, NewsItem, Quote
from newsletter.content.load import load_item
from newsletter.errors import NewsletterError
from newsletter.issue import ContentOptions, Issue
from newsletter.render.child import CompileRequest, compile_here
from newsletter.render.compile import Compilation, compile_issue
from newsletter.render.compiled import fill
from tests.templates.conftest import Opened
from tests.templates.specimens import (
    BARE,
    HERE,
    ROOT,
    TEMPLATES,
    VALUES,
    Mail,
    checked,
    compiled,
    digest_of,
    letter_of,
    linked,
    settings,
    words,
)
from tests.templates.test_layout import CONTRAST

GUIDE = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One edit of a theme; `files` may be a pattern."""

    files: str
    how: str  # "below", "above", "in place of" a line; "new": a file; "write": for each of some words
    found: str
    text: str


_STEP = re.compile(
    r"^\*\*(?:In `templates/quiet/(?P<file>[^`]+)`, "
    r"(?P<how>below|above|in place of) the line that begins `(?P<line>.+)`:"
    r"|A new file, `templates/quiet/(?P<new>[^`]+)`:"
    r"|In `templates/quiet/(?P<files>[^`]+)`, write `(?P<write>[^`]+)` for each `(?P<words>[^`]+)`\.)\*\*$"
    r"(?(files)|\n\n```\w+\n(?P<text>(?:.*\n)*?)```)",
    re.MULTILINE,
)


def _step(match: re.Match[str]) -> Step:
    if match["files"]:
        return Step(files=match["files"], how="write", found=match["words"], text=match["write"])
    return Step(
        files=match["file"] or match["new"], how=match["how"] or "new", found=match["line"] or "", text=match["text"]
    )


STEPS = [_step(match) for match in _STEP.finditer(GUIDE)]
MISTAKES = [
    (written.replace(r"\|", "|").replace("…", "text"), said.replace(r"\|", "|"))
    for written, said in re.findall(r"^\| `(.+?)` \| `(.+?)` \| ", GUIDE, re.MULTILINE)
    if "{" in written or "<" in written
]

PICTURES = (
    Image(src="https://zarechye.example/one.jpg", alt="Один", width=1000, height=500, origin=HERE),
    Image(src="https://zarechye.example/two.jpg", alt="Два", origin=HERE),
)


def quiet(folder: Path, steps: int = len(STEPS)) -> Path:
    """Copy `plain` and take the first steps of the guide."""
    theme = folder / "quiet"
    shutil.copytree(TEMPLATES / "plain", theme)
    for step in STEPS[:steps]:
        if step.how == "new":
            (theme / step.files).write_text(step.text, encoding="utf-8")
            continue
        paths = sorted(theme.glob(step.files))
        assert len(paths) == (2 if "*" in step.files else 1), step
        for path in paths:
            path.write_text(taken(step, path.read_text(encoding="utf-8")), encoding="utf-8")
    return folder


def taken(step: Step, source: str) -> str:
    """Return the file after the step; the line it names is exactly one."""
    if step.how == "write":
        assert step.found in source, step
        return source.replace(step.found, step.text)
    lines = source.splitlines(keepends=True)
    places = [number for number, line in enumerate(lines) if line.strip().startswith(step.found)]
    assert len(places) == 1, step
    start = places[0] + (step.how == "below")
    lines[start : places[0] + (step.how != "above")] = [step.text]
    return "".join(lines)


def sample() -> NewsItem:
    return load_item(ROOT / "content" / "2026-11-zarechye-export.md", root=ROOT)


def mail_of(issue: Issue, folder: Path) -> Mail:
    variant = compile_issue(issue, settings=settings(), template_dirs=(folder,)).compiled.variants[""]
    return Mail(html=fill(variant.html, VALUES), text=fill(variant.text, VALUES))


def extremes(folder: Path) -> NewsItem:
    (source,) = re.findall(r"```markdown\n(.*?)^```", GUIDE, re.MULTILINE | re.DOTALL)
    path = folder / "extremes.md"
    path.write_text(source, encoding="utf-8")
    return load_item(path, root=folder)


def static(compilation: Compilation) -> bytes:
    """Return the HTML without its slots, as the map counts it."""
    return "".join(piece for piece in compilation.compiled.variants[""].html if isinstance(piece, str)).encode()


def test_the_guide_has_steps_and_mistakes() -> None:
    assert len(STEPS) == 16
    assert len(STEPS) == GUIDE.count("\n**")
    assert len(MISTAKES) == 13


def test_a_copied_theme_works_before_anything_is_changed(tmp_path: Path) -> None:
    copied = mail_of(letter_of(BARE, theme="quiet"), quiet(tmp_path, steps=0))
    assert copied == compiled(letter_of(BARE, theme="plain"), settings())


def test_the_steps_make_the_theme_that_the_guide_promises(tmp_path: Path) -> None:
    mail = mail_of(letter_of(sample(), theme="quiet"), quiet(tmp_path))
    assert "<h2" in mail.html[mail.html.index("В цифрах") - 200 : mail.html.index("В цифрах")]
    assert re.search(r'class="big"[^>]*>\s*412', mail.html)
    assert re.search(r"<blockquote[^>]*>«Рост идёт[^<]*первой поставки»\.<br>", mail.html)
    assert "Новости для города: Зареченск" in mail.html
    assert re.search(r"– 412\s+млн\s+рублей: экспорт", mail.text)


def test_half_way_the_program_names_the_word_that_is_missing(tmp_path: Path) -> None:
    before_words = next(number for number, step in enumerate(STEPS) if step.files == "words.jinja")
    with pytest.raises(NewsletterError, match=r"templates/quiet/letter\.mjml:\d+: .*figures"):
        mail_of(letter_of(sample(), theme="quiet"), quiet(tmp_path, steps=before_words))


def test_figures_that_an_editor_listed_are_shown_big_as_those_that_were_found(tmp_path: Path) -> None:
    mail = mail_of(letter_of(extremes(tmp_path), theme="quiet"), quiet(tmp_path))
    assert re.search(r'class="big"[^>]*>\s*1 234 567,8', mail.html.replace("\u00a0", " "))
    assert re.search(r'class="big spelt"[^>]*>\s*412 million', mail.html.replace("\u00a0", " "))


def test_the_first_picture_stands_above_the_lead_once_and_is_mapped_there(tmp_path: Path) -> None:
    item = replace(sample(), blocks=(*sample().blocks, *PICTURES))
    compilation = compile_issue(letter_of(item, theme="quiet"), settings=settings(), template_dirs=(quiet(tmp_path),))
    html = fill(compilation.compiled.variants[""].html, VALUES)
    first, second = (html.index(f'src="{picture.src}"') for picture in PICTURES)
    assert html.index("<h1") < first < html.index("составил") < second
    assert html.count(PICTURES[0].src) == 1
    (hero,) = [place for place in compilation.blocks[""] if place.index == len(item.blocks) - 2]
    assert PICTURES[0].src.encode() in static(compilation)[hero.start : hero.end]
    assert "составил".encode() not in static(compilation)[hero.start : hero.end]


def test_a_picture_of_this_machine_is_refused_until_assets_url_is_set(tmp_path: Path) -> None:
    theme = quiet(tmp_path / "templates")
    (image,) = re.findall(r"`(!\[.*?\]\(line\.jpg\))`", GUIDE)
    (address,) = re.findall(r"NEWSLETTER_ASSETS_URL=(\S+)", GUIDE)
    item = tmp_path / "content" / "item.md"
    item.parent.mkdir()
    item.write_text(f"---\ntitle: Цех\ndate: 2026-11-23\n---\n\nЛид.\n\n{image}\n", encoding="utf-8")
    Picture.new("RGB", (900, 500), "#336699").save(item.with_name("line.jpg"))
    request = CompileRequest(
        root=tmp_path,
        items=(item,),
        options=ContentOptions(template="quiet"),
        settings=settings(),
        template_dirs=(theme,),
    )
    with pytest.raises(NewsletterError, match="set assets_url"):
        compile_here(request)
    done = compile_here(replace(request, settings=settings(NEWSLETTER_ASSETS_URL=address)))
    html = fill(done.compilation.compiled.variants[""].html, VALUES)
    assert f'src="{address}/a/' in html[html.index("<h1") : html.rindex("Лид.")]
    assert html.count(f"{address}/a/") == 1


def test_a_digest_of_the_guide_tells_contents_items_and_text_in_one_order(tmp_path: Path) -> None:
    brief = [replace(linked(sample()), title=f"Кратко {n}") for n in range(3)]
    items = (replace(BARE, title="Целиком 1"), *brief, replace(BARE, title="Целиком 2", blocks=PICTURES))
    mail = mail_of(digest_of(items, theme="quiet"), quiet(tmp_path))
    order = ["Кратко 0", "Кратко 1", "Кратко 2", "Целиком 1", "Целиком 2"]
    assert re.findall(r"(?:Кратко|Целиком) \d", mail.html.partition("<ol")[2]) == order * 2
    assert re.findall(r"(?:Кратко|Целиком) \d", mail.text.partition("В этом выпуске")[2]) == order * 2
    assert mail.html.count('class="half"') == 3
    assert all(picture.src in mail.html for picture in PICTURES)


def test_a_web_font_is_refused_as_the_guide_says(tmp_path: Path) -> None:
    folder = quiet(tmp_path)
    head = folder / "quiet" / "head.mjml"
    font = '<mj-font name="Inter" href="https://fonts.example/inter.css" />'
    head.write_text(f"{head.read_text(encoding='utf-8')}\n{font}\n", encoding="utf-8")
    with pytest.raises(NewsletterError, match="fetches styles from the network"):
        mail_of(letter_of(BARE, theme="quiet"), folder)


def test_quotation_marks_are_set_as_russian_has_them(tmp_path: Path) -> None:
    said = {
        "Слова": "«Слова».",
        "Слова.": "«Слова».",
        "Слова!": "«Слова!»",
        "Слова «ещё»": "«Слова „ещё“».",
    }
    folder = quiet(tmp_path)
    for written, shown in said.items():
        item = replace(BARE, blocks=(Quote(text=words(written), speaker="", role="", origin=HERE),))
        html = mail_of(letter_of(item, theme="quiet"), folder).html
        assert re.search(rf"<blockquote[^>]*>{re.escape(shown)}</blockquote>", html), written


def test_the_accent_for_dark_grounds_can_be_made_as_press_makes_it(tmp_path: Path) -> None:
    folder = quiet(tmp_path)
    (imported,) = re.findall(r"`(\{% from \"\./palette\.jinja\".*?)`", GUIDE)
    (printed,) = re.findall(r"`(\{\{ lighter.*?)`", GUIDE)
    shutil.copy(TEMPLATES / "press" / "palette.jinja", folder / "quiet")
    head = folder / "quiet" / "head.mjml"
    source = head.read_text(encoding="utf-8")
    assert "#9cdbe5" in source
    head.write_text(f"{imported}\n{source.replace('#9cdbe5', printed)}", encoding="utf-8")
    mail = mail_of(letter_of(BARE, theme="quiet"), folder)
    assert re.search(r"\.txt \.big \{ color: #[0-9a-f]{6} !important", mail.html)
    assert "#9cdbe5" not in mail.html


@pytest.mark.parametrize(("written", "said"), MISTAKES, ids=[said for _, said in MISTAKES])
def test_a_mistake_of_the_table_is_answered_as_it_says(tmp_path: Path, written: str, said: str) -> None:
    folder = quiet(tmp_path, steps=0)
    letter = folder / "quiet" / "letter.mjml"
    source = letter.read_text(encoding="utf-8")
    place = '          {% include "./blocks.mjml" %}'
    assert place in source
    letter.write_text(source.replace(place, f"          {written}\n{place}"), encoding="utf-8")
    with pytest.raises(NewsletterError, match=re.escape(said)) as caught:
        compile_issue(letter_of(BARE, theme="quiet"), settings=settings(), template_dirs=(folder,))
    assert "templates/quiet/letter.mjml:" in str(caught.value)


def test_the_branch_on_a_variant_works_with_and_without_variants(tmp_path: Path) -> None:
    (branch,) = re.findall(r"```jinja\n(\{% if variant.*?)\n```", GUIDE)
    folder = quiet(tmp_path, steps=0)
    letter = folder / "quiet" / "letter.mjml"
    source = letter.read_text(encoding="utf-8")
    letter.write_text(source.replace("<h1>", f"{branch}\n<h1>"), encoding="utf-8")
    issue = letter_of(BARE, theme="quiet")
    assert "The Russian text follows" not in mail_of(issue, folder).html
    both = replace(issue, variants={"language": ("ru", "en")})
    variants = compile_issue(both, settings=settings(), template_dirs=(folder,)).compiled.variants
    assert sorted("The Russian text" in fill(one.html, VALUES) for one in variants.values()) == [False, True]


@pytest.mark.slow
def test_the_finished_theme_passes_the_checks_with_sample_extremes_and_digest(tmp_path: Path) -> None:
    folder = quiet(tmp_path)
    items = (sample(), extremes(tmp_path))
    for issue in (*(letter_of(item, theme="quiet") for item in items), digest_of(items, theme="quiet")):
        compilation = compile_issue(issue, settings=settings(), template_dirs=(folder,))
        worse = [finding for finding in checked(issue, compilation).findings if finding.severity != "info"]
        assert {finding.id for finding in worse} <= {"subject_cut"}, worse  # the title is too long on purpose


@pytest.mark.slow
@pytest.mark.service
@pytest.mark.parametrize(("width", "dark"), [(320, False), (320, True), (600, False)])
def test_the_finished_theme_holds_narrow_and_wide_light_and_dark(
    tmp_path: Path, opened: Opened, width: int, dark: bool
) -> None:
    folder = quiet(tmp_path)
    items = (sample(), extremes(tmp_path))
    brief = (*(linked(item) for item in (*items, sample())), *items)
    for issue in (*(letter_of(item, theme="quiet") for item in items), digest_of(brief, theme="quiet")):
        with opened(mail_of(issue, folder).html, width, dark=dark) as page:
            assert page.evaluate("document.documentElement.scrollWidth") == width
            assert page.evaluate(CONTRAST) == []


def test_every_check_that_the_guide_names_is_one(tmp_path: Path) -> None:
    documented = set(re.findall(r"^### `(\w+)`", (ROOT / "docs" / "checks.md").read_text("utf-8"), re.MULTILINE))
    section = GUIDE.partition("## Let it be checked")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    assert named
    assert named <= documented
