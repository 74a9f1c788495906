"""Somebody decides: refused with a reason, or kept in the store and as a file, both or neither."""

from __future__ import annotations

import threading
import tomllib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import text

from newsletter.check import Finding, Report
from newsletter.decision import Verdict
from newsletter.errors import DiskError, GateError, InputError, StoreError
from newsletter.issue import ContentOptions
from newsletter.render.child import CompileRequest, CompileResult, compile_here
from newsletter.render.compiled import CompiledIssue
from newsletter.review.deciding import Ballot, Decided, decide, remark
from newsletter.review.standing import State
from newsletter.settings import Review, Sender, Settings
from newsletter.store.database import Engine, reading, writing
from newsletter.store.reviews import list_comments, list_decisions, load_approved
from newsletter.store.subscribers import make_list
from newsletter.workspace import package_data
from tests.ledger import engine_on_file, migrated_file

__all__ = ["engine_on_file", "migrated_file"]

SETTINGS = Settings(
    public_url="https://news.zarechye.example",
    sender=Sender(from_="news@zarechye.example", unsubscribe_mailto="leave@zarechye.example"),
)
CLEAN = Report(findings=())
WAIVED = Finding(id="no_date", severity="warning", message="no date", waived="вечное")
ERROR = Finding(id="html_size", severity="error", message="the mail is too big", file="content/april.md", fix="cut it")
ITEM = (
    "---\ntitle: Порт открыт\ndate: 2026-11-20\nauthor: Анна Соколова\n---\n\nПорт открыли в пятницу.\n\nВсе пришли.\n"
)

Compile = Callable[..., CompileResult]
Say = Callable[..., Decided]


@pytest.fixture
def item(tmp_path: Path) -> Path:
    path = tmp_path / "office" / "content" / "april.md"
    path.parent.mkdir(parents=True)
    path.write_text(ITEM, encoding="utf-8")
    return path


@pytest.fixture
def compile_now(item: Path) -> Compile:
    def compiled(settings: Settings = SETTINGS) -> CompileResult:
        return compile_here(
            CompileRequest(
                root=item.parents[1],
                items=(item,),
                options=ContentOptions(),
                settings=settings,
                template_dirs=(package_data("templates"),),
            )
        )

    return compiled


@pytest.fixture
def say(engine: Engine, compile_now: Compile, item: Path) -> Say:
    def decided(
        who: str = "Борис Лугов",
        *,
        verdict: Verdict = Verdict.APPROVED,
        report: Report = CLEAN,
        review: Review = Review(approvals_required=2),  # noqa: B008 - frozen
        **more: object,
    ) -> Decided:
        settings = replace(SETTINGS, review=review)
        ballot = replace(Ballot(verdict=verdict, who=who), **more)  # type: ignore[arg-type] # fields of the ballot
        return decide(engine, ballot, result=compile_now(settings), report=report, items=[item], settings=settings)

    return decided


def kept(engine: Engine) -> list[str]:
    with reading(engine) as conn:
        return [one.who for one in list_decisions(conn, "content/april.md")]


def records(item: Path) -> list[Path]:
    return sorted(item.parent.glob("*.reviews/*"))


def test_an_approval_is_kept_in_the_store_as_a_file_and_with_the_mail_itself(
    say: Say, compile_now: Compile, engine: Engine, item: Path
) -> None:
    done = say(" Борис  Лугов ", note="Числа верны.\r\nМожно. ", report=Report(findings=(WAIVED,)))
    compiled = compile_now().compilation.compiled
    made = done.decision
    assert (made.who, made.note, made.subject) == ("Борис Лугов", "Числа верны.\nМожно.", "Порт открыт")
    assert (made.key, made.digest, made.manifest) == ("content/april.md", compiled.digest, compiled.manifest)
    assert [(one.id, one.reason) for one in made.waived] == [("no_date", "вечное")]
    assert (done.standing.approvals, done.standing.missing) == ((made,), 1)
    with reading(engine) as conn:
        assert list_decisions(conn, "content/april.md") == (made,)
        data = load_approved(conn, compiled.digest)
    assert data is not None
    assert CompiledIssue.from_bytes(data) == compiled
    assert records(item) == [done.record]
    read = tomllib.loads(done.record.read_text(encoding="utf-8"))
    assert (read["who"], read["when"], read["digest"]) == ("Борис Лугов", made.at, compiled.digest)


def test_a_rejected_mail_is_not_kept_as_approved(say: Say, engine: Engine) -> None:
    done = say(verdict=Verdict.REJECTED, report=Report(findings=(ERROR,)))  # what has errors can be rejected
    assert done.standing.state is State.REJECTED
    with reading(engine) as conn:
        assert load_approved(conn, done.decision.digest) is None


@pytest.mark.parametrize(
    ("who", "note", "words"),
    [
        ("", "", "the name is empty"),
        ("  ", "", "the name is empty"),
        ("Борис\nЛугов", "", "control character"),
        ("Б" * 101, "", "longer than 100"),
        ("Борис", "\x1b[31m", "the note holds a control character"),
        ("Борис", "н" * 4001, "the note is longer"),
    ],
)
def test_words_that_cannot_be_kept_are_refused(say: Say, item: Path, who: str, note: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        say(who, note=note)
    assert records(item) == []


def test_a_mail_with_errors_is_not_approved(say: Say, engine: Engine, item: Path) -> None:
    with pytest.raises(GateError, match="the mail is too big"):
        say(report=Report(findings=(ERROR,)))
    assert (kept(engine), records(item)) == ([], [])
    say(report=Report(findings=(replace(ERROR, waived="всё равно"),)))
    assert kept(engine) == ["Борис Лугов"]


def test_an_author_does_not_approve_their_own_mail_where_the_office_says_so(say: Say, engine: Engine) -> None:
    apart = Review(approvals_required=1, separate_author=True)
    with pytest.raises(GateError, match="is an author of this mail") as refused:
        say("анна  соколова", review=apart)
    assert refused.value.path == "content/april.md"
    assert say("Борис Лугов", review=apart).standing.is_open
    assert say("Анна Соколова", review=apart, verdict=Verdict.REJECTED).standing.state is State.REJECTED
    assert say("Анна Соколова", review=Review(approvals_required=1)).standing.is_open
    assert kept(engine) == ["Борис Лугов", "Анна Соколова", "Анна Соколова"]


def test_an_approval_that_was_given_before_the_office_said_so_counts_no_more(say: Say, compile_now: Compile) -> None:
    say("Анна Соколова", review=Review(approvals_required=2))
    done = say("Борис Лугов", review=Review(approvals_required=2, separate_author=True))
    assert [one.who for one in done.standing.approvals] == ["Борис Лугов"]


@pytest.mark.parametrize("verdict", Verdict)
def test_nobody_decides_on_a_mail_that_changed_since_they_looked(
    say: Say, compile_now: Compile, engine: Engine, item: Path, verdict: Verdict
) -> None:
    seen = compile_now().compilation.compiled
    shown = {"expected_digest": seen.digest, "seen_manifest": seen.manifest}
    say(verdict=verdict, **shown)
    item.write_text(ITEM.replace("пятницу", "субботу"), encoding="utf-8")
    with pytest.raises(GateError, match=r"changed since you looked at it: content/april\.md; nothing was decided"):
        say("Вера Ким", verdict=verdict, **shown)
    with pytest.raises(GateError, match="changed since you looked at it; nothing was decided"):
        say("Вера Ким", verdict=verdict, expected_digest=seen.digest)
    assert kept(engine) == ["Борис Лугов"]


def test_a_list_must_exist_unless_its_send_makes_it(say: Say, engine: Engine) -> None:
    with pytest.raises(InputError, match='there is no list "pres"'):
        say(list_name="pres")
    with pytest.raises(InputError, match="cannot be a list's name"):
        say(list_name="file:a\tb")
    with writing(engine) as conn:
        make_list(conn, "press")
    assert say(list_name="press").decision.list_name == "press"
    assert say(list_name="file:people").standing.approvals[0].list_name == "file:people"


def test_a_file_that_cannot_be_written_leaves_nothing_in_the_store(say: Say, engine: Engine, item: Path) -> None:
    item.with_name("april.reviews").write_text("a file")
    with pytest.raises(DiskError, match="the decision cannot be written"):
        say()
    assert kept(engine) == []


def test_a_commit_that_fails_leaves_no_file(say: Say, engine: Engine, item: Path) -> None:
    with writing(engine) as conn:  # a constraint that SQLite looks at only when it commits
        conn.execute(text("CREATE TABLE gate (id INTEGER PRIMARY KEY)"))
        conn.execute(text("CREATE TABLE late (gate INTEGER REFERENCES gate (id) DEFERRABLE INITIALLY DEFERRED)"))
        conn.execute(text("CREATE TRIGGER fail AFTER INSERT ON decision BEGIN INSERT INTO late VALUES (7); END"))
    with pytest.raises(StoreError):
        say()
    assert (kept(engine), records(item), item.with_name("april.reviews").exists()) == ([], [], False)
    with writing(engine) as conn:
        conn.execute(text("DROP TRIGGER fail"))
    say()
    assert len(records(item)) == len(kept(engine)) == 1


def test_two_who_approve_at_one_moment_are_two(engine: Engine, compile_now: Compile, item: Path) -> None:
    result, settings = compile_now(), replace(SETTINGS, review=Review(approvals_required=4))
    start = threading.Barrier(4)
    done: list[Decided] = []

    def approve(number: int) -> None:
        start.wait()
        ballot = Ballot(verdict=Verdict.APPROVED, who=f"Имя {number}")
        done.append(decide(engine, ballot, result=result, report=CLEAN, items=[item], settings=settings))

    threads = [threading.Thread(target=approve, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.standing.missing for one in done) == [0, 1, 2, 3]  # each saw all before it
    assert len(records(item)) == len(kept(engine)) == 4


def test_a_comment_is_kept_with_the_words_it_is_about(engine: Engine, compile_now: Compile) -> None:
    result = compile_now()
    with writing(engine) as conn:
        made = remark(
            conn,
            result,
            item="content/april.md",
            block=0,
            quoted="Все\n пришли." * 30,
            who=" Вера Ким",
            text="Кто?\r\n",
        )
    with reading(engine) as conn:
        assert list_comments(conn, "content/april.md") == (made,)
    assert (made.who, made.text, made.block, made.digest) == (
        "Вера Ким",
        "Кто?",
        0,
        result.compilation.compiled.digest,
    )
    assert made.quoted.startswith("Все пришли.Все")
    assert len(made.quoted) == 200


@pytest.mark.parametrize(
    ("who", "words", "about", "complaint"),
    [
        ("", "Кто?", "content/april.md", "the name is empty"),
        ("Вера Ким", " \n", "content/april.md", "the comment is empty"),
        ("Вера Ким", "Кто?", "../../etc/passwd", "has no item"),
    ],
)
def test_a_comment_that_says_nothing_of_the_issue_is_refused(
    engine: Engine, compile_now: Compile, who: str, words: str, about: str, complaint: str
) -> None:
    result = compile_now()
    with pytest.raises(InputError, match=complaint), writing(engine) as conn:
        remark(conn, result, item=about, who=who, text=words)
