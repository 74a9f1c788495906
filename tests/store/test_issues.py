"""Issues: frozen whole or not at all, refused a second time, counted."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from sqlalchemy import select, text, update

from newsletter.delivery.state import Counts, DeliveryState, IssueState
from newsletter.errors import GateError, StoreError, UsageError
from newsletter.render.compiled import CompiledIssue
from newsletter.store.audience import Meant, read_audience, summarise
from newsletter.store.database import Engine, now, reading, writing
from newsletter.store.freezing import ALPHABET, Again, freeze
from newsletter.store.issues import (
    Plan,
    find_issue,
    latest_of_pair,
    list_issues,
    load_compiled,
    load_issue,
    request_stop,
    set_state,
    verify_counts,
)
from newsletter.store.schema import delivery, issue_count
from newsletter.store.subscribers import unsubscribe
from newsletter.store.suppression import suppress
from newsletter.tokens import Keys

AddPeople = Callable[..., None]
MakeMeant = Callable[..., Meant]
Freeze = Callable[..., int]


def freeze_again(engine: Engine, meant: Meant) -> None:
    plan = Plan(transport="smtp", target="smtp://127.0.0.1", connections=1, rate=0.0, uncertain="hold")
    with writing(engine) as conn:
        freeze(conn, meant, plan=plan, timezone="Europe/Moscow", again=Again.NO)


def addresses(engine: Engine, issue_id: int) -> list[str]:
    with reading(engine) as conn:
        found = select(delivery.c.address).where(delivery.c.issue_id == issue_id).order_by(delivery.c.position)
        return list(conn.scalars(found))


def test_frozen_issue_holds_the_whole_list_with_reasons_for_who_stays_out(
    engine: Engine, keys: Keys, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("anna@a.example", "boris@a.example", name="Имя", city="Зареченск", language="ru")
    add_people("gone@a.example", "bad@a.example", city="Зареченск")
    with writing(engine) as conn:
        unsubscribe(conn, keys.address_key("gone@a.example"), list_name="press", reason="link")
        suppress(conn, keys.address_key("bad@a.example"), scope="", reason="bounced", now=now(conn))
    issue_id = freeze_issue(meant())
    with reading(engine) as conn:
        row = load_issue(conn, issue_id)
        rows = conn.execute(select(delivery).where(delivery.c.issue_id == issue_id)).all()
        assert verify_counts(conn, issue_id) == Counts(pending=2, excluded=2)
    assert row.exclusions == {"unsubscribed": 1, "bounced": 1}
    assert row.state is IssueState.PREPARING
    assert (row.number, row.subject, row.key_id) == (1, "Новости для города {city}", 1)
    assert {r.address: r.exclusion for r in rows} == {
        "anna@a.example": "",
        "boris@a.example": "",
        "gone@a.example": "unsubscribed",
        "bad@a.example": "bounced",
    }
    assert sorted(r.position for r in rows) == [1, 2, 3, 4]
    anna = next(r for r in rows if r.address == "anna@a.example")
    assert anna.slot_values == {"subscriber.city": "Зареченск", "subscriber.name": "Имя"}
    assert anna.variant == "language=ru"


def test_person_with_an_unknown_variant_value_gets_the_first(
    engine: Engine, add_people: AddPeople, meant: MakeMeant
) -> None:
    add_people("a@a.example", language="tt", city="x")
    add_people("b@a.example", language="en", city="x")
    with reading(engine) as conn:
        found = {person.address: person.variant for person in read_audience(conn, meant())}
    assert found == {"a@a.example": "language=ru", "b@a.example": "language=en"}


def test_test_addresses_come_first_and_the_rest_in_the_same_shuffle_each_time(
    engine: Engine, keys: Keys, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    people = [f"p{n}@a.example" for n in range(40)]
    add_people(*people, city="x")
    tests = tuple(keys.address_key(a) for a in ("p30@a.example", "nobody@a.example", "p7@a.example"))
    wanted = meant(test_keys=tests)
    with reading(engine) as conn:
        shown = summarise(conn, wanted)
        order = [p.address for p in sorted(read_audience(conn, wanted), key=lambda p: p.position)]
    frozen = addresses(engine, freeze_issue(wanted))
    assert frozen == order
    assert frozen[:2] == ["p30@a.example", "p7@a.example"]
    assert shown.first_address == "p30@a.example"
    assert sorted(frozen) == sorted(people)
    assert frozen[2:] != [p for p in people if p not in frozen[:2]]


def test_summary_counts_without_writing_and_names_what_people_lack(
    engine: Engine, keys: Keys, add_people: AddPeople, meant: MakeMeant
) -> None:
    add_people("a@a.example", "b@a.example", "c@a.example")
    add_people("d@a.example", city="x")
    with writing(engine) as conn:
        unsubscribe(conn, keys.address_key("c@a.example"), list_name="press", reason="link")
    with reading(engine) as conn:
        summary = summarise(conn, meant(), lambda p: [name for name, value in p.values.items() if not value])
        assert not list_issues(conn)
    assert (summary.audience, summary.mailed, summary.excluded) == (4, 3, {"unsubscribed": 1})
    assert summary.lacking == {"subscriber.city": 2, "subscriber.name": 3}  # excluded people lack nothing


def test_second_send_of_a_pair_is_refused_with_the_ways_out(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    issue_id = freeze_issue(meant())
    with reading(engine) as conn:
        code = load_issue(conn, issue_id).code
    with pytest.raises(GateError, match=rf"already sent.*{code}, not finished.*resume {code}.*--missing.*--again"):
        freeze_issue(meant())
    with writing(engine) as conn:
        set_state(conn, issue_id, IssueState.FINISHED)
    with pytest.raises(GateError, match=r"finished.*--missing.*--again"):
        freeze_issue(meant())
    with reading(engine) as conn:
        assert len(list_issues(conn)) == 1


def test_second_send_after_one_to_an_outbox_names_the_folder_and_the_way_to_send_for_real(
    engine: Engine, add_people: AddPeople, meant: MakeMeant
) -> None:
    add_people("a@a.example")
    plan = Plan(transport="outbox", target="/tmp/out", connections=1, rate=0.0, uncertain="hold")
    wanted = meant()
    with writing(engine) as conn:
        freeze(conn, wanted, plan=plan, timezone="Europe/Moscow", again=Again.NO)
    with pytest.raises(GateError, match=r"outbox folder \(/tmp/out, issue .*not by mail.*--again sends it for real"):
        freeze_again(engine, wanted)
    with writing(engine) as conn:
        conn.execute(update(delivery).values(relay="outbox:out"))
    with pytest.raises(GateError, match=r"outbox folder"):
        freeze_again(engine, wanted)
    with writing(engine) as conn:
        conn.execute(update(delivery).values(relay="mx.zarechye.example:587"))  # a resume went over to the folder
    with pytest.raises(GateError, match=r"not finished.*--again mails everybody once more"):
        freeze_again(engine, wanted)


def test_same_key_on_another_list_is_another_issue(
    add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    add_people("a@a.example", list_name="partners")
    assert freeze_issue(meant()) != freeze_issue(meant(list_name="partners"))


def test_again_takes_the_next_number_with_everybody(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example", "b@a.example")
    freeze_issue(meant())
    second = freeze_issue(meant(), Again.ALL)
    with reading(engine) as conn:
        row = load_issue(conn, second)
        newest = latest_of_pair(conn, row.key, row.list_id)
    assert (row.number, row.counts.pending) == (2, 2)
    assert newest == row


@pytest.mark.parametrize(
    ("state", "is_missing"),
    [
        (DeliveryState.ACCEPTED, False),
        (DeliveryState.UNCERTAIN, False),
        (DeliveryState.PENDING, False),
        (DeliveryState.DEFERRED, False),
        (DeliveryState.IN_FLIGHT, False),
        (DeliveryState.REJECTED, True),
        (DeliveryState.GAVE_UP, True),
        (DeliveryState.EXCLUDED, True),
    ],
)
def test_missing_mails_whom_no_earlier_number_serves(
    engine: Engine,
    add_people: AddPeople,
    meant: MakeMeant,
    freeze_issue: Freeze,
    state: DeliveryState,
    is_missing: bool,
) -> None:
    add_people("a@a.example")
    freeze_issue(meant())
    with writing(engine) as conn:
        conn.execute(update(delivery).values(state=state.value))
    add_people("new@a.example")
    second = freeze_issue(meant(only_missing=True), Again.MISSING)
    assert sorted(addresses(engine, second)) == (["a@a.example"] if is_missing else []) + ["new@a.example"]


def test_nobody_missing_is_refused(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    freeze_issue(meant())
    with pytest.raises(GateError, match=r"nobody on the list press is missing"):
        freeze_issue(meant(only_missing=True), Again.MISSING)
    with reading(engine) as conn:
        assert len(list_issues(conn)) == 1


def test_list_without_anybody_to_mail_freezes_nothing(
    engine: Engine, keys: Keys, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    with writing(engine) as conn:
        unsubscribe(conn, keys.address_key("a@a.example"), list_name="press", reason="link")
    with pytest.raises(UsageError, match=r"suppressed or unsubscribed"):
        freeze_issue(meant())
    with writing(engine) as conn:
        conn.execute(text("UPDATE subscription SET status = 'removed'"))
    with pytest.raises(UsageError, match=r"the list press is empty"):
        freeze_issue(meant())
    with reading(engine) as conn:
        assert not list_issues(conn)
        assert conn.execute(select(delivery)).first() is None


def test_issue_is_found_by_its_short_id_however_it_is_typed(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze, compiled: CompiledIssue
) -> None:
    add_people("a@a.example")
    issue_id = freeze_issue(meant())
    with reading(engine) as conn:
        code = load_issue(conn, issue_id).code
        assert find_issue(conn, f" {code.upper()} ").id == issue_id
        assert CompiledIssue.from_bytes(load_compiled(conn, issue_id)) == compiled
        with pytest.raises(UsageError, match=r'no issue "zzz"; "newsletter status" lists them'):
            find_issue(conn, "zzz")
    assert set(code) <= set(ALPHABET)
    assert not set(ALPHABET) & set("01ilo")


def test_counters_that_do_not_agree_are_a_defect_that_shows(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    issue_id = freeze_issue(meant())
    with writing(engine) as conn:
        conn.execute(update(issue_count).values(pending=0, accepted=1))
    with reading(engine) as conn, pytest.raises(StoreError, match=r"do not agree"):
        verify_counts(conn, issue_id)


def test_finished_keeps_its_first_time_and_a_stop_is_remembered(
    engine: Engine, add_people: AddPeople, meant: MakeMeant, freeze_issue: Freeze
) -> None:
    add_people("a@a.example")
    issue_id = freeze_issue(meant())
    with writing(engine) as conn:
        request_stop(conn, issue_id)
        set_state(conn, issue_id, IssueState.FINISHED)
        first = load_issue(conn, issue_id).finished_at
    with writing(engine) as conn:
        set_state(conn, issue_id, IssueState.FINISHED, reason="again")
        row = load_issue(conn, issue_id)
    assert first is not None
    assert (row.finished_at, row.stop_requested, row.state_reason) == (first, True, "again")


def test_plan_survives_its_written_form() -> None:
    plan = Plan(transport="outbox", target="/tmp/out", connections=3, rate=2.5, uncertain="resend")
    assert Plan.from_json(plan.to_json()) == plan
