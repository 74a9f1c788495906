"""A digest as an editor meets it: a folder with issue.toml, or several files, built and sent."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image as Pillow

from newsletter.cli.main import main
from newsletter.config import load_settings
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, compile_here
from newsletter.workspace import Workspace, template_dirs

# Each command compiles in a child process: most of a second a test.
pytestmark = pytest.mark.slow

SETTINGS = """public_url = "https://news.zarechye.example"
[sender]
from = "Пресс-служба <news@zarechye.example>"
unsubscribe_mailto = "unsubscribe@zarechye.example"
"""
ISSUE = """subject = "Три новости недели"
preheader = "Экспорт, цех и конкурс"
title = "Неделя в «Заречье»"
date = 2026-11-20
list = "press"
order = ["export.md", "plant.txt", "prize.md"]
intro = "Добрый день!"
"""

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def week(in_workspace: Workspace) -> Path:
    root = in_workspace.root
    (root / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    folder = root / "content" / "week"
    folder.mkdir()
    (folder / "issue.toml").write_text(ISSUE, encoding="utf-8")
    (folder / "export.md").write_text("# Экспорт вырос\n\nПриборы покупают в девяти странах.\n", encoding="utf-8")
    (folder / "plant.txt").write_text("Открыт новый цех\n\nВ цехе сорок станков.\n", encoding="utf-8")
    (folder / "prize.md").write_text("# Объявлен конкурс\n\nЗаявки ждут до мая.\n", encoding="utf-8")
    (folder / "draft.md").write_text("# Черновик\n\nЕщё не готово.\n", encoding="utf-8")
    (root / "subscribers" / "press.csv").write_text("email\na@a.example\nb@a.example\n", encoding="utf-8")
    return folder


@pytest.fixture
def run(week: Path, capsys: pytest.CaptureFixture[str]) -> Run:
    def command(*arguments: str) -> tuple[int, str, str]:
        code = main(list(arguments))
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def facts_of(root: Path, name: str = "week") -> dict[str, object]:
    """Return issue.json, no-break spaces as spaces: typography is tested elsewhere."""
    text = (root / "var/build" / name / "issue.json").read_text(encoding="utf-8")
    found: dict[str, object] = json.loads(text.replace("\u00a0", " "))
    return found


def test_a_folder_is_built_as_a_digest_in_its_own_order(run: Run, week: Path) -> None:
    code, out, err = run("build", "content/week/")
    assert code == 0
    assert out.startswith("Три новости недели\nvar/build/week/issue.html")
    assert "content/week/issue.toml: not in order, left out: draft.md" in err
    facts = facts_of(week.parents[1])
    assert (facts["kind"], facts["title"], facts["title_proposed"]) == ("digest", "Неделя в «Заречье»", False)
    items = facts["items"]
    assert isinstance(items, list)
    assert [item["title"] for item in items] == ["Экспорт вырос", "Открыт новый цех", "Объявлен конкурс"]
    assert facts["item"] == items[0]
    html = (week.parents[1] / "var/build/week/issue.html").read_text(encoding="utf-8").replace("\u00a0", " ")
    assert html.index("Экспорт вырос") < html.index("сорок станков") < html.index("до мая")
    assert "Черновик" not in html


def test_another_order_is_another_digest(run: Run, week: Path) -> None:
    run("build", "content/week")
    before = facts_of(week.parents[1])["digest"]
    (week / "issue.toml").write_text(ISSUE.replace('"export.md", "plant.txt"', '"plant.txt", "export.md"'), "utf-8")
    run("build", "content/week")
    assert facts_of(week.parents[1])["digest"] != before


def test_several_files_are_a_digest_in_the_order_given(run: Run, week: Path) -> None:
    code, _, _ = run("build", "content/week/prize.md", "content/week/export.md", "--title", "Две новости")
    assert code == 0
    facts = facts_of(week.parents[1], "prize-and-1-more")
    assert (facts["kind"], facts["subject"]) == ("digest", "Две новости")


def test_a_feed_of_several_entries_is_a_digest(run: Run, week: Path) -> None:
    entries = "".join(
        f"<item><title>Новость {n}</title><link>https://zarechye.example/{n}</link><description>Текст</description>"
        f"<pubDate>Fri, 20 Nov 2026 22:00:00 +0000</pubDate></item>"
        for n in (1, 2)
    )
    feed = f'<?xml version="1.0"?><rss version="2.0"><channel><title>Заречье</title>{entries}</channel></rss>'
    (week.parent / "feed.xml").write_text(feed, encoding="utf-8")
    assert run("build", "content/feed.xml")[0] == 0
    facts = facts_of(week.parents[1], "feed")
    items = facts["items"]
    assert isinstance(items, list)
    assert (facts["kind"], [item["title"] for item in items]) == ("digest", ["Новость 1", "Новость 2"])
    assert items[0]["date"] == "2026-11-21", "the day in the office's zone"


def test_a_folder_with_one_item_is_a_letter(run: Run, week: Path) -> None:
    (week / "issue.toml").write_text('order = ["prize.md"]\nsubject = "Конкурс"\n', encoding="utf-8")
    run("build", "content/week")
    facts = facts_of(week.parents[1])
    assert (facts["kind"], facts["subject"], facts["title"]) == ("letter", "Конкурс", "Объявлен конкурс")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["content"], "holds no issue.toml"),
        (["content/week", "content/week/prize.md"], "an issue by itself"),
        (["content/week/prize.md", "./content/week/../week/prize.md"], "named twice"),
        (["content/none", "content/week/prize.md"], "no such file"),
    ],
)
def test_what_is_no_issue_is_one_line_with_the_way_out(run: Run, arguments: list[str], words: str) -> None:
    code, _, err = run("build", *arguments)
    said = [line for line in err.splitlines() if "warning" not in line]
    assert code == 2
    assert len(said) == 1
    assert words in said[0]
    assert "; " in said[0]


def test_a_digest_goes_to_the_list_of_issue_toml_once(run: Run, tmp_path: Path) -> None:
    assert run("subscribers", "import", "subscribers/press.csv", "--list", "press", "--consent", "form")[0] == 0
    sending = ("send", "content/week", "--outbox", str(tmp_path / "out"), "--yes", "--json")
    code, out, _ = run(*sending)
    facts = json.loads(out)
    assert (code, facts["key"], facts["list"], facts["accepted"]) == (0, "content/week", "press", 2)
    code, out, _ = run(*sending)
    assert code == 3
    assert "sent" in json.loads(out)["error"]["message"]
    code, out, _ = run(*sending, "--again")
    assert (code, json.loads(out)["accepted"]) == (0, 2)


def test_files_in_another_order_are_the_same_issue(run: Run, tmp_path: Path) -> None:
    rest = ("--to", "subscribers/press.csv", "--outbox", str(tmp_path / "out"), "--yes", "--json")
    one, two = "content/week/prize.md", "content/week/export.md"
    code, out, _ = run("send", one, two, *rest)
    assert (code, json.loads(out)["key"]) == (0, "content/week/export.md + content/week/prize.md")
    assert run("send", two, one, *rest)[0] == 3


def test_a_digest_without_a_list_is_refused_before_the_compile(run: Run, week: Path, tmp_path: Path) -> None:
    (week / "issue.toml").write_text('template = "no-such-theme"', encoding="utf-8")
    for items in (["content/week"], ["content/week/prize.md", "content/week/export.md"]):
        code, _, err = run("send", *items, "--outbox", str(tmp_path / "out"), "--yes")
        assert code == 2
        assert "no list is named" in err


def test_the_latest_embargo_of_the_items_holds_the_digest(run: Run, week: Path, tmp_path: Path) -> None:
    path = week / "prize.md"
    path.write_text("---\nembargo_until: 2999-01-01\n---\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    rest = ("--to", "subscribers/press.csv", "--outbox", str(tmp_path / "out"), "--yes")
    code, _, err = run("send", "content/week", *rest)
    assert code == 3
    assert "content/week/prize.md:2: not to be sent before" in err


def with_pictures(week: Path) -> None:
    """Put a picture into an item, and say where pictures are published."""
    Pillow.new("RGB", (1600, 900), "teal").save(week / "цех.webp", "WEBP", lossless=True)
    (week / "plant.txt").unlink()
    text = '# Открыт новый цех\n\nВ цехе сорок станков.\n\n![Цех](цех.webp "Фото: М. Луговая")\n'
    (week / "plant.md").write_text(text, encoding="utf-8")
    (week / "issue.toml").write_text(ISSUE.replace("plant.txt", "plant.md"), encoding="utf-8")
    settings = f'assets_url = "https://static.zarechye.example"\n{SETTINGS}'
    (week.parents[1] / "newsletter.toml").write_text(settings, encoding="utf-8")


def test_pictures_are_written_to_be_uploaded_and_shown_from_the_web(run: Run, week: Path) -> None:
    with_pictures(week)
    root = week.parents[1]
    code, _, err = run("build", "content/week")
    assert code == 0
    facts = facts_of(root)
    names = facts["pictures"]
    assert isinstance(names, list)
    (name,) = names
    assert [path.name for path in (root / "var/assets/a").iterdir()] == [name]
    assert f"1 new picture in var/assets/a: {name}" in err
    assert "upload it, so that https://static.zarechye.example/a/ serves it, before you send" in err
    html = (root / "var/build/week/issue.html").read_text(encoding="utf-8")
    assert f'src="https://static.zarechye.example/a/{name}"' in html
    assert "new picture" not in run("build", "content/week")[2]


def test_another_picture_is_another_digest_and_the_manifest_says_which(week: Path, in_workspace: Workspace) -> None:
    found = []
    with_pictures(week)
    for colour in ("teal", "navy"):
        Pillow.new("RGB", (90, 60), colour).save(week / "цех.webp", "WEBP", lossless=True)
        settings, _ = load_settings(in_workspace.root, {}).with_placeholders()
        request = CompileRequest(
            root=in_workspace.root,
            items=(week,),
            options=ContentOptions(),
            settings=settings,
            template_dirs=template_dirs(in_workspace),
        )
        found.append(compile_here(request).compilation.compiled)
    before, after = found
    assert before.digest != after.digest
    changed = {name for name in before.manifest if before.manifest[name] != after.manifest[name]}
    assert changed == {"picture:content/week/цех.webp"}
    assert {"item:content/week/issue.toml", "item:content/week/plant.md", "library:pillow"} <= set(before.manifest)


def test_a_picture_without_assets_url_is_an_error_with_its_line(run: Run, week: Path) -> None:
    with_pictures(week)
    (week.parents[1] / "newsletter.toml").write_text(SETTINGS, encoding="utf-8")
    code, _, err = run("build", "content/week")
    assert code == 2
    assert "content/week/plant.md:5: the picture content/week/цех.webp lies on this machine" in err
    assert "set assets_url" in err


def test_send_says_that_pictures_must_be_served_and_a_dry_run_writes_none(run: Run, week: Path, tmp_path: Path) -> None:
    with_pictures(week)
    sending = ("send", "content/week", "--to", "subscribers/press.csv", "--outbox", str(tmp_path / "out"))
    assets = week.parents[1] / "var" / "assets"
    code, _, err = run(*sending, "--dry-run")
    assert code == 0
    assert "pictures  1, which must lie under https://static.zarechye.example/a/ now" in err
    assert not assets.exists()
    assert run(*sending, "--yes")[0] == 0
    assert len(list((assets / "a").iterdir())) == 1


def test_a_trial_copy_writes_the_pictures_too(run: Run, week: Path, tmp_path: Path) -> None:
    with_pictures(week)
    code, _, err = run("test", "content/week", "--to", "a@a.example", "--outbox", str(tmp_path / "out"))
    assert code == 0
    assert "1 new picture in var/assets/a" in err
    assert len(list((week.parents[1] / "var/assets/a").iterdir())) == 1


def test_a_picture_half_written_by_a_full_disk_is_written_again(run: Run, week: Path) -> None:
    with_pictures(week)
    run("build", "content/week")
    (picture,) = (week.parents[1] / "var/assets/a").iterdir()
    whole = picture.read_bytes()
    picture.write_bytes(whole[:100])
    run("build", "content/week")
    assert picture.read_bytes() == whole


def test_a_logo_of_the_workspace_is_shown_from_the_web(run: Run, week: Path) -> None:
    with_pictures(week)
    root = week.parents[1]
    Pillow.new("RGB", (200, 60), "teal").save(root / "content" / "logo.png")
    settings = (root / "newsletter.toml").read_text(encoding="utf-8")
    (root / "newsletter.toml").write_text(settings + '[brand]\nlogo = "content/logo.png"\n', encoding="utf-8")
    assert run("build", "content/week")[0] == 0
    names = facts_of(root)["pictures"]
    assert isinstance(names, list)
    html = (root / "var/build/week/issue.html").read_text(encoding="utf-8")
    assert len(names) == 2
    assert all(f"https://static.zarechye.example/a/{name}" in html for name in names)
