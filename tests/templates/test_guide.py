"""docs/templates.md leads to a theme: its steps are taken here as a reader would take them."""

from __future__ import annotations

import re
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.content.item import NewsItem
from newsletter.content.load import load_item
from newsletter.errors import NewsletterError
from newsletter.issue import Issue
from newsletter.render import compile_issue
from newsletter.render.compiled import fill
from tests.templates.conftest import Opened
from tests.templates.specimens import (
    BARE,
    ROOT,
    TEMPLATES,
    VALUES,
    Mail,
    checked,
    compiled,
    digest_of,
    letter_of,
    settings,
)
from tests.templates.test_layout import CONTRAST

GUIDE = (ROOT / "docs" / "templates.md").read_text(encoding="utf-8")
STEPS = re.findall(
    r"^\*\*In `templates/quiet/(.+?)`, below the line that begins `(.+?)`:\*\*\n\n```\w+\n(.*?)^```",
    GUIDE,
    re.MULTILINE | re.DOTALL,
)
MISTAKES = [
    (written.replace(r"\|", "|").replace("…", "text"), said.replace(r"\|", "|"))
    for written, said in re.findall(r"^\| `(.+?)` \| `(.+?)` \| ", GUIDE, re.MULTILINE)
    if "{" in written or "<" in written
]


def quiet(folder: Path, steps: int = len(STEPS)) -> Path:
    """Copy `plain` and take the first steps of the guide; each stands below exactly one line."""
    theme = folder / "quiet"
    shutil.copytree(TEMPLATES / "plain", theme)
    for name, below, added in STEPS[:steps]:
        lines = (theme / name).read_text(encoding="utf-8").splitlines(keepends=True)
        places = [number for number, line in enumerate(lines) if line.strip().startswith(below)]
        assert len(places) == 1, (name, below)
        lines.insert(places[0] + 1, added)
        (theme / name).write_text("".join(lines), encoding="utf-8")
    return folder


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


def test_the_guide_has_steps_and_mistakes() -> None:
    assert len(STEPS) == 7
    assert len(MISTAKES) == 12


def test_a_copied_theme_works_before_anything_is_changed(tmp_path: Path) -> None:
    copied = mail_of(letter_of(BARE, theme="quiet"), quiet(tmp_path, steps=0))
    assert copied == compiled(letter_of(BARE, theme="plain"), settings())


def test_the_steps_make_the_theme_that_the_guide_promises(tmp_path: Path) -> None:
    mail = mail_of(letter_of(sample(), theme="quiet"), quiet(tmp_path))
    assert "<h2" in mail.html[mail.html.index("В цифрах") - 200 : mail.html.index("В цифрах")]
    assert re.search(r'class="big"[^>]*>\s*412', mail.html)
    assert "Новости для города: Зареченск" in mail.html
    assert re.search(r"– 412\s+млн\s+рублей: экспорт", mail.text)


def test_half_way_the_program_names_the_word_that_is_missing(tmp_path: Path) -> None:
    before_words = next(number for number, (name, _, _) in enumerate(STEPS) if name == "words.jinja")
    with pytest.raises(NewsletterError, match=r"templates/quiet/letter\.mjml:\d+: .*'figures'"):
        mail_of(letter_of(sample(), theme="quiet"), quiet(tmp_path, steps=before_words))


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
@pytest.mark.parametrize("dark", [False, True])
def test_the_finished_theme_holds_at_320_pixels_light_and_dark(tmp_path: Path, opened: Opened, dark: bool) -> None:
    folder = quiet(tmp_path)
    for item in (sample(), extremes(tmp_path)):
        with opened(mail_of(letter_of(item, theme="quiet"), folder).html, 320, dark=dark) as page:
            assert page.evaluate("document.documentElement.scrollWidth") == 320
            assert page.evaluate(CONTRAST) == []


def test_every_check_that_the_guide_names_is_one(tmp_path: Path) -> None:
    documented = set(re.findall(r"^### `(\w+)`", (ROOT / "docs" / "checks.md").read_text("utf-8"), re.MULTILINE))
    section = GUIDE.partition("## Let it be checked")[2].partition("\n## ")[0]
    named = set(re.findall(r"`([a-z_]+)`", section))
    assert named
    assert named <= documented
