"""What the checks say, as an editor reads it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from starlette.testclient import TestClient

from newsletter.web.pulse import pulse_of
from newsletter.workspace import Workspace
from tests.room_server import desk_path
from tests.word_files import paragraph, word_file

LINKED = "---\ntitle: Цех\ndate: 2026-11-20\n{more}---\nПодробности: [здесь](http://zarechye.example/a).\n"


@pytest.fixture
def item(room_workspace: Workspace) -> Path:
    return room_workspace.content / "optika.md"


def panel(client: TestClient, workspace: Workspace, issue: Path, **headers: str) -> str:
    client.app.state.room.files_changed()  # type: ignore[attr-defined] # what watching the folder ends in
    for _ in range(200):  # the findings come a moment after the mail
        answer = client.get(f"{desk_path(workspace, issue)}panel/findings", headers=headers)
        assert answer.status_code == 200
        if 'role="status"' not in answer.text:
            return answer.text
    raise AssertionError("the checks never came to an end")


def finding(page: str, identity: str) -> str:
    found = [one for one in re.findall(r'<li class="finding .*?</li>', page, re.DOTALL) if f">{identity}<" in one]
    assert found, f"no {identity} in {page}"
    return str(found[0])


def test_a_finding_is_told_in_russian_with_its_place_and_the_block_of_the_mail(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text(LINKED.format(more="") + "\n[Вот](http://zarechye.example/b) и абзац.\n", encoding="utf-8")
    told = finding(panel(client, room_workspace, item), "insecure_link")
    assert re.search("<h4>[А-Яа-яё ,–-]+</h4>", told)
    assert 'data-goto-line="content/optika.md:5"' in told or 'data-goto-line="content/optika.md:7"' in told
    assert re.search(r'data-goto-block="0\.\d+"', panel(client, room_workspace, item))


def test_an_english_room_gets_the_checks_own_words(client: TestClient, room_workspace: Workspace, item: Path) -> None:
    item.write_text(LINKED.format(more=""), encoding="utf-8")
    told = finding(panel(client, room_workspace, item, **{"Accept-Language": "en"}), "insecure_link")
    assert not re.search("[а-я]", re.sub(r"«[^»]*»|content/\S*", "", told))


def test_the_counts_for_the_tab_leave_out_what_is_waived(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text(LINKED.format(more=""), encoding="utf-8")
    before = panel(client, room_workspace, item)
    item.write_text(LINKED.format(more='waive:\n  insecure_link: "так <надо>"\n'), encoding="utf-8")
    after = panel(client, room_workspace, item)

    def warnings(page: str) -> int:
        return int(re.search(r'data-count-warnings="(\d+)"', page)[1])  # type: ignore[index] # always there

    assert warnings(after) == warnings(before) - 1
    assert 'data-count-errors="0"' in after
    waived = after[after.index('id="findings-waived"') :]
    assert "так &lt;надо&gt;" in waived
    assert "insecure_link" in waived


def test_a_fixed_mail_has_nothing_to_say(client: TestClient, room_workspace: Workspace, item: Path) -> None:
    page = panel(client, room_workspace, item)
    reasons = "".join(f'  {one}: "так надо"\n' for one in sorted(set(re.findall(r"<code>(\w+)</code>", page))))
    text = item.read_text(encoding="utf-8").replace("rubric:", f"waive:\n{reasons}rubric:")
    item.write_text(text, encoding="utf-8")
    page = panel(client, room_workspace, item)
    assert 'class="all-good"' in page
    assert 'id="findings-waived"' in page


@pytest.mark.parametrize(
    ("more", "lines"),
    [("", "waive:\n  {id}: "), ('waive:\n  no_date: "так надо"\n', "  {id}: ")],
)
def test_the_lines_to_paste_waive_the_finding(
    client: TestClient, room_workspace: Workspace, item: Path, more: str, lines: str
) -> None:
    text = LINKED.format(more=more)
    item.write_text(text, encoding="utf-8")
    told = finding(panel(client, room_workspace, item), "insecure_link")
    pasted = re.search(r"<pre[^>]*>(.*?)</pre>", told, re.DOTALL)
    assert pasted is not None
    way = pasted[1].replace("&#34;", '"')
    assert way.startswith(lines.format(id="insecure_link"))
    place = "waive:\n" if more else "date: 2026-11-20\n"
    item.write_text(text.replace(place, f"{place}{way}\n"), encoding="utf-8")
    assert "insecure_link" in panel(client, room_workspace, item).partition('id="findings-waived"')[2]


def test_without_front_matter_the_lines_bring_their_own(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text("Подробности: [здесь](http://zarechye.example/a).\n", encoding="utf-8")
    told = finding(panel(client, room_workspace, item), "insecure_link")
    pasted = re.search(r"<pre[^>]*>(.*?)</pre>", told, re.DOTALL)
    assert pasted is not None
    way = pasted[1].replace("&#34;", '"')
    item.write_text(f"{way}\n{item.read_text(encoding='utf-8')}", encoding="utf-8")
    assert "insecure_link" in panel(client, room_workspace, item).partition('id="findings-waived"')[2]


@pytest.mark.parametrize("of_item", [True, False])
def test_the_lines_for_an_issue_folder_waive_too(client: TestClient, room_workspace: Workspace, of_item: bool) -> None:
    folder = room_workspace.content / "issue"
    folder.mkdir()
    (folder / "issue.toml").write_text('title = "Вести"\n', encoding="utf-8")
    link = '<w:hyperlink r:id="l"><w:r><w:t>здесь</w:t></w:r></w:hyperlink>'
    (folder / "порт.docx").write_bytes(
        word_file(
            paragraph("Порт открыт", style="Title") + paragraph("Первые суда.") + paragraph("Подробности", inside=link),
            links={"l": "hyperlink http://zarechye.example/a"},
        )
    )
    (folder / "b.md").write_text("---\ntitle: Вторая\ndate: 2026-11-20\n---\nВторая новость.\n", encoding="utf-8")
    page = panel(client, room_workspace, folder)
    identities = re.findall(r'id="waive-(\w+)-\d+"', page)
    ways = {one: finding(page, one) for one in identities}
    marked = {
        one: way for one, way in ways.items() if ("[item." in way) is of_item and "issue.toml" in way and "<pre" in way
    }
    assert marked, f"none is waived so: {identities}"
    identity, told = next(iter(marked.items()))
    pasted = re.search(r"<pre[^>]*>(.*?)</pre>", told, re.DOTALL)
    assert pasted is not None
    way = pasted[1].replace("&#34;", '"')
    settings = folder / "issue.toml"
    own = settings.read_text(encoding="utf-8")
    settings.write_text(f"{own}{way}\n" if of_item else f"{way}\n{own}", encoding="utf-8")
    assert identity in panel(client, room_workspace, folder).partition('id="findings-waived"')[2]


def test_what_the_program_did_stands_as_a_quiet_line(client: TestClient, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "2026-11-zarechye-digest"
    (folder / "issue.toml").write_text('order = ["investments.md", "open-day.md"]\n', encoding="utf-8")
    page = panel(client, room_workspace, folder)
    notes = page.partition('id="findings-notes"')[2]
    assert "clean-room.md" in notes


def test_shapes_of_scripts_are_only_words(client: TestClient, room_workspace: Workspace) -> None:
    item = room_workspace.content / "<img src=x onerror=alert(1)>.md"
    item.write_text(
        '---\ntitle: "<script>alert(1)</script>"\nwaive:\n  no_date: "<svg onload=alert(2)>"\n---\n'
        '[<b>здесь](http://zarechye.example/?a="><script>) «незакрытая.\n',
        encoding="utf-8",
    )
    page = panel(client, room_workspace, item)
    for shape in ("<script", "<img", "<svg", "<b>"):
        assert shape not in page


def test_findings_of_the_mail_before_are_told_as_such_while_the_file_is_broken(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text(LINKED.format(more=""), encoding="utf-8")
    assert 'data-goto-line="content/optika.md' in panel(client, room_workspace, item)
    item.write_text(LINKED.format(more="").replace("2026-11-20", "вчера"), encoding="utf-8")
    page = panel(client, room_workspace, item)
    assert "новое письмо ещё не проверено" in page
    (desk,) = [one for one in client.app.state.room.desks.values() if one.fault]  # type: ignore[attr-defined]
    assert pulse_of(desk)["warnings"] is None
    assert 'data-count-errors="0" data-count-warnings="0"' in page
    assert "insecure_link" in page
    assert "data-goto-line" not in page


def test_findings_of_a_title_and_a_lead_show_them_in_the_mail(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    head = "---\ntitle: Новый цех c оптикой\nsubject: Цех открыт\ndate: 2026-11-20\n---\n"
    item.write_text(f"{head}Цех занял три тысячи метров c лишним.\n\nВторой абзац.\n", encoding="utf-8")
    page = panel(client, room_workspace, item)
    assert {"0.title", "0.lead"} <= set(re.findall(r'data-goto-block="([^"]+)"', page))


def test_a_finding_in_an_item_told_in_brief_leads_to_the_item(client: TestClient, room_workspace: Workspace) -> None:
    folder = room_workspace.content / "2026-11-zarechye-digest"
    short = folder / "open-day.md"
    number = re.findall(r'"([^"/]+\.\w+)"', (folder / "issue.toml").read_text(encoding="utf-8")).index(short.name)
    linked = "\n\nОдин.\n\nДва.\n\nТри.\n\nВсё это c размахом.\n"
    short.write_text(short.read_text(encoding="utf-8") + linked, encoding="utf-8")
    told = finding(panel(client, room_workspace, folder), "mixed_letters")
    assert f'data-goto-block="{number}.' in told


def test_what_only_the_engineer_can_mend_stands_apart_at_the_end(
    client: TestClient, room_workspace: Workspace, item: Path
) -> None:
    item.write_text(LINKED.format(more=""), encoding="utf-8")
    page = panel(client, room_workspace, item)
    editors, _, engineers = page.partition('<h3 id="findings-engineer"')
    assert "Для инженера" in engineers
    assert ">placeholder_link<" in engineers
    assert ">placeholder_link<" not in editors
    assert ">insecure_link<" in editors
    assert not re.search(r'<h3 id="findings-(error|warning|info)"', engineers)
