"""Lists in the store: who gets on, who is kept off, and what is left of whom."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, delete, func, insert, select

from newsletter.address import normalise
from newsletter.delivery.state import DeliveryState
from newsletter.errors import InputError, StoreError
from newsletter.store import schema
from newsletter.store.database import open_database, reading, writing
from newsletter.store.erasure import Erasure, erase, is_known, overwrite_erased
from newsletter.store.imports import ImportCounts, import_rows
from newsletter.store.subscribers import (
    Joined,
    ListCounts,
    Member,
    add_subscriber,
    count_lists,
    find_list,
    find_subscriber,
    make_list,
    need_list,
    read_members,
    unsubscribe,
    unsubscribe_by_claim,
)
from newsletter.store.suppression import (
    FORGOTTEN,
    REASONS,
    REQUESTED,
    UNSUBSCRIBED,
    in_words,
    lift,
    reasons_against,
    suppress,
)
from newsletter.subscriber import GoodRow
from newsletter.tokens import Claim, Keys, Purpose

KEYS = Keys(secrets={1: b"k" * 32}, current=1)
NOW = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)


@pytest.fixture
def engine(tmp_path: Path, migrated_file: Path) -> Iterator[Engine]:
    shutil.copy(migrated_file, tmp_path / "store.db")
    engine = open_database(f"sqlite:///{tmp_path}/store.db", busy_seconds=0.05)
    yield engine
    engine.dispose()


def row(address: str, *, source: str = "", at: datetime | None = None, **fields: str) -> GoodRow:
    return person(address, fields, source=source, at=at)


def person(address: str, fields: Mapping[str, str], *, source: str = "", at: datetime | None = None) -> GoodRow:
    return GoodRow(line=0, address=normalise(address), fields=fields, consent_source=source, consent_at=at)


def key(address: str) -> bytes:
    return KEYS.address_key(normalise(address).key)


def bring(engine: Engine, rows: Iterable[GoodRow], name: str = "press", **options: bool) -> ImportCounts:
    return import_rows(engine, name, rows, keys=KEYS, sleep=lambda _seconds: None, **options)  # type: ignore[arg-type]


def members(engine: Engine, name: str = "press", *, every: bool = False) -> dict[str, Member]:
    with reading(engine) as conn:
        return {member.display: member for member in read_members(conn, name, every=every)}


def status(engine: Engine, name: str = "press") -> dict[str, str]:
    return {display: member.status for display, member in members(engine, name, every=True).items()}


def add(engine: Engine, one: GoodRow, name: str = "press", *, resubscribe: bool = False) -> Joined:
    with writing(engine) as conn:
        return add_subscriber(conn, name, one, keys=KEYS, resubscribe=resubscribe)


def leave(engine: Engine, address: str, name: str = "") -> tuple[str, ...]:
    with writing(engine) as conn:
        return unsubscribe(conn, key(address), list_name=name, reason="test")


def hold(engine: Engine, address: str, reason: str = REQUESTED, scope: str = "", note: str = "") -> bool:
    with writing(engine) as conn:
        return suppress(conn, key(address), scope=scope, reason=reason, now=NOW, note=note)


def total(counts: ImportCounts) -> int:
    return counts.added + counts.updated + counts.unchanged + counts.merged + counts.suppressed + counts.unsubscribed


def dump(engine: Engine) -> dict[str, list[tuple[object, ...]]]:
    with reading(engine) as conn:
        tables = [schema.subscriber, schema.mailing_list, schema.subscription, schema.suppression]
        return {table.name: [tuple(found) for found in conn.execute(select(table))] for table in tables}


def test_an_import_puts_people_on_a_new_list_in_the_files_order(engine: Engine) -> None:
    counts = bring(engine, [row("b@x.example", name="Борис"), row("a@x.example"), row("c@x.example")])
    assert counts == ImportCounts(rows=3, added=3)
    assert list(members(engine)) == ["b@x.example", "a@x.example", "c@x.example"]
    assert members(engine)["b@x.example"].fields == {"name": "Борис"}


def test_the_same_import_again_changes_nothing(engine: Engine) -> None:
    rows = [row(f"r{i}@x.example", name=f"Имя {i}", source="сайт", at=NOW) for i in range(1_200)]
    assert bring(engine, rows).added == 1_200
    before = dump(engine)
    assert bring(engine, rows) == ImportCounts(rows=1_200, unchanged=1_200)
    assert dump(engine) == before


def test_repeated_addresses_are_merged_last_value_and_first_consent(engine: Engine) -> None:
    rows = [
        row("a@x.example", name="Аня", city="Зареченск"),
        row("b@x.example"),
        row("A@X.example", name="Анна", source="сайт", at=NOW),
        row("a@x.example", company="Порт", source="форум"),
    ]
    counts = bring(engine, rows)
    assert counts == ImportCounts(rows=4, added=2, merged=2)
    anna = members(engine)["a@x.example"]
    assert anna.fields == {"name": "Анна", "city": "Зареченск", "company": "Порт"}
    assert (anna.consent_source, anna.consent_at) == ("сайт", NOW)


def test_one_address_many_times_over_is_one_person(engine: Engine) -> None:
    counts = bring(engine, (row("a@x.example", n=str(i)) for i in range(2_500)))
    assert counts == ImportCounts(rows=2_500, added=1, merged=2_499)
    assert members(engine)["a@x.example"].fields == {"n": "2499"}


def test_known_people_are_brought_up_to_date_and_keep_what_the_file_lacks(engine: Engine) -> None:
    bring(engine, [row("a@x.example", name="Анна", city="Зареченск"), row("b@x.example", name="Борис")])
    counts = bring(engine, [row("a@x.example", name="Анна К."), row("b@x.example", name="Борис"), row("c@x.example")])
    assert counts == ImportCounts(rows=3, added=1, updated=1, unchanged=1)
    assert members(engine)["a@x.example"].fields == {"name": "Анна К.", "city": "Зареченск"}


def test_a_first_consent_stays_and_a_missing_one_is_filled_in(engine: Engine) -> None:
    bring(engine, [row("a@x.example", source="сайт", at=NOW), row("b@x.example")])
    counts = bring(engine, [row("a@x.example", source="форум"), row("b@x.example", source="форум", at=NOW)])
    assert counts == ImportCounts(rows=2, unchanged=1, updated=1)
    found = members(engine)
    assert (found["a@x.example"].consent_source, found["a@x.example"].consent_at) == ("сайт", NOW)
    assert (found["b@x.example"].consent_source, found["b@x.example"].consent_at) == ("форум", NOW)


def test_who_is_suppressed_or_has_left_is_not_brought_back_nor_changed(engine: Engine) -> None:
    everybody = [row(f"{name}@x.example", name="old") for name in ("held", "left", "other", "stays")]
    bring(engine, everybody)
    bring(engine, everybody, "second")
    hold(engine, "held@x.example")
    hold(engine, "stranger@x.example", reason="bounced")
    hold(engine, "other@x.example", scope="second")
    leave(engine, "left@x.example", "press")
    again = [row(f"{name}@x.example", name="new") for name in ("held", "left", "other", "stays", "stranger")]
    assert bring(engine, again) == ImportCounts(rows=5, updated=2, suppressed=2, unsubscribed=1)
    assert status(engine) == {
        "held@x.example": "suppressed",
        "left@x.example": "unsubscribed",
        "other@x.example": "subscribed",
        "stays@x.example": "subscribed",
    }
    assert members(engine, every=True)["held@x.example"].fields == {"name": "old"}
    with reading(engine) as conn:
        assert find_subscriber(conn, key("stranger@x.example")) is None


def test_a_dry_run_counts_the_same_and_writes_nothing(engine: Engine) -> None:
    bring(engine, [row("a@x.example", name="Анна"), row("b@x.example")])
    leave(engine, "b@x.example")
    rows = [row("a@x.example", name="Аня"), row("b@x.example"), row("c@x.example"), row("c@x.example")]
    before = dump(engine)
    rehearsed = bring(engine, rows, dry_run=True)
    assert bring(engine, rows, "новый", dry_run=True).added == 3
    assert dump(engine) == before
    assert rehearsed == bring(engine, rows) == ImportCounts(rows=4, merged=1, added=1, updated=1, unsubscribed=1)


def test_replace_makes_the_list_equal_to_the_file(engine: Engine) -> None:
    bring(engine, [row(f"r{i}@x.example") for i in range(1_300)], "file:week", replace=True)
    leave(engine, "r1@x.example")
    rows = [row("r0@x.example"), row("r1@x.example"), row("new@x.example")]
    assert bring(engine, rows, "file:week", replace=True, dry_run=True).removed == 1_298
    counts = bring(engine, rows, "file:week", replace=True)
    assert counts == ImportCounts(rows=3, added=1, unchanged=1, unsubscribed=1, removed=1_298)
    assert set(members(engine, "file:week")) == {"r0@x.example", "new@x.example"}
    back = bring(engine, [row("r5@x.example"), row("r0@x.example")], "file:week", replace=True)
    assert back == ImportCounts(rows=2, added=1, unchanged=1, removed=1)
    assert set(members(engine, "file:week")) == {"r5@x.example", "r0@x.example"}


def test_no_list_is_emptied_or_made_by_a_file_without_a_good_row(engine: Engine) -> None:
    bring(engine, [row("a@x.example")], "file:week", replace=True)
    for name in ("file:week", "other"):
        with pytest.raises(InputError, match="no row"):
            bring(engine, [], name, replace=True)
    assert set(members(engine, "file:week")) == {"a@x.example"}
    with reading(engine) as conn:
        assert find_list(conn, "other") is None


def test_who_left_one_file_list_stays_out_of_all_of_them(engine: Engine) -> None:
    bring(engine, [row("a@x.example"), row("b@x.example")], "file:week1", replace=True)
    leave(engine, "a@x.example", "file:week1")
    counts = bring(engine, [row("a@x.example"), row("b@x.example")], "file:week2", replace=True)
    assert counts == ImportCounts(rows=2, added=1, unsubscribed=1)
    assert bring(engine, [row("a@x.example")], "press").added == 1


def test_reading_a_list_holds_no_lock_and_leaves_no_table(engine: Engine) -> None:
    def rows() -> Iterator[GoodRow]:
        for i in range(3):
            yield row(f"r{i}@x.example")
            hold(engine, f"meanwhile{i}@x.example")  # waits 0.05 s at most

    assert bring(engine, rows()).added == 3
    with reading(engine) as conn:
        names = conn.exec_driver_sql("SELECT name FROM sqlite_temp_master").all()
    assert not names


def test_who_leaves_while_an_import_runs_is_kept_out_of_what_is_still_to_come(engine: Engine) -> None:
    addresses = [f"r{i}@x.example" for i in range(1_500)]
    said: list[int] = []

    def everybody_leaves(what: str, done: int) -> None:
        if what == "merging" and not said:
            said.append(done)
            with writing(engine) as conn:
                for address in addresses:
                    suppress(conn, key(address), scope="press", reason=UNSUBSCRIBED, now=NOW)

    counts = import_rows(
        engine, "press", map(row, addresses), keys=KEYS, on_progress=everybody_leaves, sleep=lambda _: None
    )
    assert 0 < said[0] < 1_500
    assert (counts.added, counts.unsubscribed) == (said[0], 1_500 - said[0])
    assert not members(engine)


def test_a_rehearsal_sees_the_list_as_it_would_be_and_leaves_it_as_it_was(engine: Engine) -> None:
    bring(engine, [row("a@x.example", name="Анна"), row("b@x.example")])
    before = members(engine)
    seen: list[list[str]] = []

    def look(conn: Connection, list_id: int) -> None:
        assert list_id == need_list(conn, "press")
        seen.append(sorted(member.display for member in read_members(conn, "press")))

    rows = [row("a@x.example", name="Аня"), *(row(f"r{i}@x.example") for i in range(6_000))]
    counts = import_rows(engine, "press", rows, keys=KEYS, replace=True, rehearse=look)
    assert (counts.added, counts.updated, counts.removed) == (6_000, 1, 1)
    assert seen == [sorted(["a@x.example", *(f"r{i}@x.example" for i in range(6_000))])]
    assert members(engine) == before
    assert bring(engine, rows, replace=True) == counts


def test_a_locked_database_is_one_line_and_leaves_the_list_true(engine: Engine, tmp_path: Path) -> None:
    bring(engine, [row("a@x.example")])
    other = sqlite3.connect(tmp_path / "store.db", isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        bring(engine, [row("b@x.example")])
    other.execute("ROLLBACK")
    other.close()
    assert bring(engine, [row("a@x.example"), row("b@x.example")]) == ImportCounts(rows=2, added=1, unchanged=1)


def test_a_list_has_a_label_of_its_own_that_stays(engine: Engine) -> None:
    with writing(engine) as conn:
        ids = {make_list(conn, "Пресса"), make_list(conn, "Пресса"), make_list(conn, "press")}
    assert len(ids) == 2
    with reading(engine) as conn:
        labels = {one.name: one.list_id for one in count_lists(conn)}
    assert len(set(labels.values())) == 2
    for label in labels.values():
        assert label.isascii()
        assert label.isalnum()
        assert len(label) <= 63
    bring(engine, [row("a@x.example")])
    with reading(engine) as conn:
        assert {one.name: one.list_id for one in count_lists(conn)} == labels


@pytest.mark.parametrize("name", ["", " ", "a ", "a\nb", "x" * 201, "a\u202eb"])
def test_a_name_that_nobody_could_type_is_no_lists_name(engine: Engine, name: str) -> None:
    with writing(engine) as conn, pytest.raises(InputError, match="cannot be a list's name"):
        make_list(conn, name)


def test_an_unknown_list_is_told_with_those_that_are(engine: Engine) -> None:
    with reading(engine) as conn, pytest.raises(InputError, match="there is no list yet"):
        need_list(conn, "press")
    bring(engine, [row("a@x.example")], "digest")
    with reading(engine) as conn, pytest.raises(InputError, match='the lists are "digest"'):
        list(read_members(conn, "press"))


def test_lists_are_counted_by_who_would_be_mailed(engine: Engine) -> None:
    bring(engine, [row(f"{n}@x.example") for n in "abcd"])
    bring(engine, [row("a@x.example"), row("b@x.example")], "file:w", replace=True)
    bring(engine, [row("a@x.example")], "file:w", replace=True)
    hold(engine, "a@x.example", scope="press")
    leave(engine, "b@x.example", "press")
    hold(engine, "d@x.example")
    with writing(engine) as conn:
        make_list(conn, "empty")
    with reading(engine) as conn:
        counts = {one.name: one for one in count_lists(conn)}

    def numbers(one: ListCounts) -> tuple[int, int, int, int]:
        return one.subscribed, one.suppressed, one.unsubscribed, one.removed

    assert {name: numbers(one) for name, one in counts.items()} == {
        "press": (1, 2, 1, 0),
        "file:w": (1, 0, 0, 1),
        "empty": (0, 0, 0, 0),
    }


def test_adding_one_person_and_adding_them_again(engine: Engine) -> None:
    assert add(engine, row("a@x.example", name="Анна", source="звонок")) == Joined(added=True)
    assert add(engine, row("A@x.example", city="Зареченск", source="форум")) == Joined(added=False)
    anna = members(engine)["A@x.example"]
    assert (anna.fields, anna.consent_source) == ({"name": "Анна", "city": "Зареченск"}, "звонок")


def test_who_has_left_comes_back_only_by_a_new_consent(engine: Engine) -> None:
    add(engine, row("a@x.example", name="Анна", source="сайт", at=NOW))
    assert leave(engine, "a@x.example") == ("press",)
    assert add(engine, row("a@x.example", name="Другая")).kept_out == (UNSUBSCRIBED,)
    assert not members(engine)
    assert add(engine, row("a@x.example", source="письмо"), resubscribe=True).added
    anna = members(engine)["a@x.example"]
    assert (anna.fields["name"], anna.consent_source, anna.consent_at) == ("Анна", "письмо", None)
    with reading(engine) as conn:
        assert reasons_against(conn, key("a@x.example"), "press") == ()


@pytest.mark.parametrize("reason", ["bounced", "complained", "requested", "forgotten"])
def test_a_new_consent_does_not_undo_what_is_not_the_persons_own_leaving(engine: Engine, reason: str) -> None:
    hold(engine, "a@x.example", reason=reason)
    joined = add(engine, row("a@x.example", source="письмо"), resubscribe=True)
    assert joined == Joined(added=False, kept_out=(reason,))
    with writing(engine) as conn:
        assert lift(conn, key("a@x.example"), scopes=("",)) == 1
    assert add(engine, row("a@x.example", source="письмо")).added


def test_leaving_by_address_is_from_every_list_and_may_be_repeated(engine: Engine) -> None:
    for name in ("digest", "press"):
        bring(engine, [row("a@x.example"), row("b@x.example")], name)
    assert leave(engine, "A@X.EXAMPLE") == ("digest", "press")
    before = dump(engine)
    assert leave(engine, "a@x.example") == ("digest", "press")
    assert dump(engine) == before
    assert leave(engine, "nobody@x.example") == ()
    assert set(members(engine, "digest")) == {"b@x.example"}


def test_a_token_takes_its_subscriber_off_its_list_only(engine: Engine) -> None:
    for name in ("press", "digest"):
        bring(engine, [row("a@x.example"), row("b@x.example")], name)
    with writing(engine) as conn:
        person, place = find_subscriber(conn, key("a@x.example")), find_list(conn, "digest")
        assert person is not None
        assert place is not None
        token = KEYS.token(Purpose.UNSUBSCRIBE, place, person)
        for text in (token.url, token.address):
            left = unsubscribe_by_claim(conn, KEYS.read(text), reason="link")
            assert (left.list_name, left.display) == ("digest", "a@x.example")
    assert set(members(engine, "digest")) == {"b@x.example"}
    assert set(members(engine)) == {"a@x.example", "b@x.example"}


def test_a_token_holds_after_the_office_removed_or_erased_its_subscriber(engine: Engine) -> None:
    bring(engine, [row("a@x.example"), row("b@x.example")], "file:w", replace=True)
    with writing(engine) as conn:
        person, place = find_subscriber(conn, key("a@x.example")), find_list(conn, "file:w")
    assert person is not None
    assert place is not None
    bring(engine, [row("b@x.example")], "file:w", replace=True)
    with writing(engine) as conn:
        unsubscribe_by_claim(conn, Claim(Purpose.UNSUBSCRIBE, place, person), reason="link")
    assert bring(engine, [row("a@x.example"), row("b@x.example")], "file:w", replace=True).unsubscribed == 1
    with writing(engine) as conn:
        erase(conn, key("a@x.example"))
        left = unsubscribe_by_claim(conn, Claim(Purpose.UNSUBSCRIBE, place, person), reason="link")
    assert (left.list_name, left.display) == ("file:w", "")


@pytest.mark.parametrize("purpose", [purpose for purpose in Purpose if purpose is not Purpose.UNSUBSCRIBE])
def test_a_token_of_another_purpose_unsubscribes_nobody(engine: Engine, purpose: Purpose) -> None:
    bring(engine, [row("a@x.example")])
    with writing(engine) as conn, pytest.raises(InputError, match="unsubscribes nobody"):
        unsubscribe_by_claim(conn, Claim(purpose, 1, 1), reason="link")
    assert len(members(engine)) == 1


def test_a_first_reason_stays_until_the_person_is_forgotten(engine: Engine) -> None:
    assert hold(engine, "a@x.example", reason="bounced", note="550 for a@x.example")
    assert not hold(engine, "a@x.example", reason="requested")
    with writing(engine) as conn:
        assert reasons_against(conn, key("a@x.example"), "press") == ("bounced",)
        erase(conn, key("a@x.example"))
        assert reasons_against(conn, key("a@x.example"), "press") == (FORGOTTEN,)
        assert conn.scalars(select(schema.suppression.c.note)).all() == [""]


ISSUE: Mapping[str, object] = {
    "code": "abc",
    "key": "content/a.md",
    "number": 1,
    "state": "running",
    "digest": "d",
    "format": 1,
    "compiled": b"",
    "subject": "s",
    "timezone": "Europe/Moscow",
    "key_id": 1,
    "approvals": [],
    "relay": {},
    "exclusions": {},
    "created_at": NOW,
}


def freeze(engine: Engine, states: Mapping[str, DeliveryState]) -> None:
    """An issue whose ledger holds these addresses, each reply repeating its address as servers do."""
    with writing(engine) as conn:
        ids = {r.address_key: r.id for r in conn.execute(select(schema.subscriber))}
        conn.execute(insert(schema.issue).values({**ISSUE, "list_id": find_list(conn, "press")}))
        for position, (address, state) in enumerate(states.items()):
            values = {
                "issue_id": 1,
                "subscriber_id": ids.get(key(address)),
                "address": address,
                "address_key": key(address),
                "slot_values": {"subscriber.name": "Анна"},
                "position": position,
                "state": state.value,
                "reply": f"550 5.1.1 <{address}> unknown",
            }
            conn.execute(insert(schema.delivery).values(values))
        event = {"delivery_id": 1, "kind": "bounce", "at": NOW, "detail": {"recipient": next(iter(states))}}
        conn.execute(insert(schema.delivery_event).values(event))


def test_forgetting_leaves_the_ledgers_sum_and_nothing_of_the_person(engine: Engine, tmp_path: Path) -> None:
    bring(engine, [row("anna@x.example", name="Анна Сергеевна", city="Зареченск"), row("b@x.example")])
    bring(engine, [row("anna@x.example")], "digest")
    hold(engine, "anna@x.example", scope="digest", note="said so: anna@x.example")
    freeze(engine, {"anna@x.example": DeliveryState.REJECTED, "b@x.example": DeliveryState.ACCEPTED})
    with writing(engine) as conn:
        done = erase(conn, key("anna@x.example"))
    overwrite_erased(engine)
    assert (done.subscribers, done.fields, done.lists) == (1, 2, ("digest", "press"))
    assert (done.deliveries, done.events, done.waiting) == (1, 1, 0)
    with reading(engine) as conn:
        assert conn.scalar(select(func.count()).select_from(schema.delivery)) == 2
        other = conn.execute(select(schema.delivery).where(schema.delivery.c.address != "")).one()
    assert (other.address, other.slot_values) == ("b@x.example", {"subscriber.name": "Анна"})
    assert bring(engine, [row("anna@x.example"), row("b@x.example")]).suppressed == 1
    engine.dispose()
    for path in tmp_path.glob("store.db*"):
        assert b"anna@x.example" not in path.read_bytes(), path


def test_a_forgotten_persons_number_goes_to_nobody_else(engine: Engine) -> None:
    bring(engine, [row("a@x.example")])
    with writing(engine) as conn:
        first = find_subscriber(conn, key("a@x.example"))
        erase(conn, key("a@x.example"))
    bring(engine, [row("b@x.example")])
    with reading(engine) as conn:
        assert find_subscriber(conn, key("b@x.example")) != first


def test_a_delivery_still_to_be_settled_keeps_its_address_until_it_is(engine: Engine) -> None:
    bring(engine, [row("a@x.example")])
    freeze(engine, {"a@x.example": DeliveryState.PENDING})
    with writing(engine) as conn:
        done = erase(conn, key("a@x.example"))
        assert (done.deliveries, done.waiting) == (0, 1)
        conn.execute(schema.delivery.update().values(state=DeliveryState.EXCLUDED.value))
        done = erase(conn, key("a@x.example"))
        assert (done.subscribers, done.deliveries, done.waiting) == (0, 1, 0)
        assert conn.scalar(select(schema.delivery.c.address)) == ""


def test_forgetting_a_stranger_keeps_them_from_being_mailed(engine: Engine) -> None:
    with writing(engine) as conn:
        assert not is_known(conn, key("a@x.example"))
        done: Erasure = erase(conn, key("a@x.example"))
        assert (done.subscribers, done.deliveries, done.events) == (0, 0, 0)
    assert bring(engine, [row("a@x.example"), row("b@x.example")]).suppressed == 1


def test_something_is_known_while_there_is_something_to_erase(engine: Engine) -> None:
    hold(engine, "noted@x.example", note="звонила")
    bring(engine, [row("a@x.example")])
    freeze(engine, {"a@x.example": DeliveryState.PENDING})
    with writing(engine) as conn:
        for person in ("noted@x.example", "a@x.example"):
            assert is_known(conn, key(person))
            erase(conn, key(person))
        assert not is_known(conn, key("noted@x.example"))
        assert is_known(conn, key("a@x.example"))  # its mail is still to be settled
        conn.execute(schema.delivery.update().values(state=DeliveryState.EXCLUDED.value))
        erase(conn, key("a@x.example"))
        assert not is_known(conn, key("a@x.example"))


PEOPLE = st.lists(
    st.tuples(
        st.sampled_from("abcdefgh"),
        st.dictionaries(st.sampled_from(["name", "city"]), st.sampled_from(["А", "Б"])),
        st.sampled_from(["", "сайт", "форум"]),
    ),
    min_size=1,
    max_size=8,
)


@given(PEOPLE, PEOPLE, st.sets(st.sampled_from("abcdefgh")), st.sets(st.sampled_from("abcdefgh")))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_row_of_an_import_is_accounted_for(
    engine: Engine,
    first: list[tuple[str, dict[str, str], str]],
    second: list[tuple[str, dict[str, str], str]],
    suppressed: set[str],
    left: set[str],
) -> None:
    with writing(engine) as conn:
        for table in (schema.subscription, schema.subscriber, schema.suppression, schema.mailing_list):
            conn.execute(delete(table))
    expected: dict[str, dict[str, str]] = {}
    bring(engine, [person(f"{n}@x.example", fields, source=source) for n, fields, source in first])
    for name in sorted(left):
        leave(engine, f"{name}@x.example")
    for name in sorted(suppressed):
        hold(engine, f"{name}@x.example")
    rows = [person(f"{n}@x.example", fields, source=source) for n, fields, source in second]
    counts = bring(engine, rows)
    assert counts.rows == len(rows) == total(counts)
    present = {n for n, _, _ in first}
    for n, fields, _ in first:
        expected[n] = expected.get(n, {}) | fields
    gone = (left & present) | suppressed
    for n, fields, _ in second:
        if n not in gone:
            expected[n] = expected.get(n, {}) | fields
    found = {member.display[0]: member.fields for member in members(engine).values()}
    assert found == {n: fields for n, fields in expected.items() if n not in gone}


def test_every_reason_has_its_words_and_one_unknown_stays_as_it_is() -> None:
    assert in_words("requested") == "asked not to be mailed"
    assert all("_" not in in_words(reason) for reason in REASONS)
    assert in_words("suppressed") == "suppressed"
