"""The checks over the project's own theme and whole items: no error, and no false alarm of the linter."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from newsletter.check import Checked, Report, run_checks
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here
from newsletter.render.compiled import Part
from newsletter.settings import Sender, Settings

SETTINGS = Settings(
    public_url="https://news.zarechye.example",
    sender=Sender(from_="press@zarechye.example", unsubscribe_mailto="unsubscribe@zarechye.example"),
)
LINK = "https://news.zarechye.example/u/token"


def check(
    path: Path, *, templates: Path, settings: Settings = SETTINGS, theme: str = "press", title: str = "Стенд открыт"
) -> Report:
    """Compile the item or folder as a command would and check it."""
    request = CompileRequest(
        root=path.parent, items=(path,), options=ContentOptions(title=title, template=theme), settings=settings,
        template_dirs=(templates,),
    )  # fmt: skip
    result = compile_here(request)
    issue, compilation = result.issue, result.compilation
    variant = compilation.compiled.variants[""]
    return run_checks(
        Checked(
            kind=issue.kind,
            subject=issue.subject,
            preheader=issue.preheader,
            preheader_proposed=issue.preheader_proposed,
            title=issue.title,
            title_proposed=issue.title_proposed,
            date=issue.date,
            waivers=issue.waivers,
            origins=issue.origins,
            items=issue.items,
            intro=issue.intro,
            mends=issue.mends,
            compiled=compilation.compiled,
            sample_html=filled(variant.html),
            sample_text=filled(variant.text),
            mjml_sources={f"templates/{name}": source for name, source in compilation.templates.items()},
            rendered_mjml=compilation.mjml,
        )
    )


def filled(part: Part) -> str:
    values = {"subscriber.name": "Анна", "links.unsubscribe": LINK, "links.view": LINK, "links.preferences": LINK}
    return "".join(piece if isinstance(piece, str) else piece.resolve(values) for piece in part)


@pytest.mark.parametrize("name", [f"{number:02}" for number in range(1, 11)])
def test_an_item_in_our_theme_has_no_error_and_no_finding_about_templates(repo_root: Path, name: str) -> None:
    (path,) = (found for found in (repo_root / "tests/data/items").glob(f"{name}-*") if found.suffix != ".toml")
    report = check(path, templates=repo_root / "templates")
    raised = {finding.id for finding in report.findings if finding.severity != "info"}
    assert raised <= {"no_preheader", "no_date"}


SAMPLES = ("2026-11-zarechye-digest", "2026-11-zarechye-export.md")


@pytest.mark.parametrize("theme", ["press", "plain"])
@pytest.mark.parametrize("name", SAMPLES)
def test_the_samples_have_no_warning_in_either_theme(repo_root: Path, name: str, theme: str) -> None:
    report = check(repo_root / "content" / name, templates=repo_root / "templates", theme=theme, title="")
    assert [str(finding) for finding in report.findings if finding.severity != "info"] == []


@pytest.mark.parametrize("theme", ["press", "plain"])
def test_outlook_lacks_nothing_that_a_theme_needs(repo_root: Path, theme: str) -> None:
    for path in sorted((repo_root / "tests/data/items").glob("*.txt")):
        report = check(path, templates=repo_root / "templates", theme=theme)
        assert [str(finding) for finding in report.findings if finding.id == "client_support"] == []


@pytest.mark.real_item
def test_the_real_item_with_a_title_has_no_error(repo_root: Path, real_item_path: Path) -> None:
    report = check(real_item_path, templates=repo_root / "templates")
    assert report.errors == 0
    assert not [finding for finding in report.findings if finding.id.startswith("mjml_")]


def test_with_placeholder_settings_there_is_a_warning_and_no_error(repo_root: Path) -> None:
    settings = replace(
        SETTINGS, sender=Sender(from_="news@newsletter.invalid", unsubscribe_mailto="u@newsletter.invalid")
    )  # fmt: skip
    path = repo_root / "tests/data/items/01-plant-opening.txt"
    report = check(path, templates=repo_root / "templates", settings=settings)
    assert report.errors == 0
    assert [one.id for one in report.findings].count("placeholder_link") == 1


FOOTER = "press/parts/footer.mjml"


@pytest.mark.parametrize(
    ("old", "new", "finding_id"),
    [
        ("<mj-text ", '<mj-text colour="#000000" ', "mjml_unknown_attribute"),
        ('font-size="13px"', 'font-size="13"', "mjml_bad_value"),
        ("<mj-text ", '<mj-text mj-class="nowhere" ', "mjml_unknown_class"),
        ("<mj-text ", '<mj-text background-color="#ffffff" ', "mjml_ignored_attribute"),
        ("mj-text", "mj-txt", "mjml_unknown_element"),
        ("mj-column", "mj-hero", "mjml_nesting"),
        ("links.unsubscribe", "links.preferences", "unsubscribe_link"),
    ],
)
def test_a_fault_put_into_our_theme_is_found_in_its_file_and_line(
    repo_root: Path, tmp_path: Path, old: str, new: str, finding_id: str
) -> None:
    shutil.copytree(repo_root / "templates" / "press", tmp_path / "press")
    footer = tmp_path / FOOTER
    source = footer.read_text(encoding="utf-8")
    assert old in source
    footer.write_text(source.replace(old, new), encoding="utf-8")
    report = check(repo_root / "tests/data/items/01-plant-opening.txt", templates=tmp_path)
    finding = next(one for one in report.findings if one.id == finding_id)
    if finding_id != "unsubscribe_link":
        line = source[: source.index(old)].count("\n") + 1
        assert (finding.file, finding.line) == (f"templates/{FOOTER}", line)
