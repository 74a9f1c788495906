"""`newsletter subscribers …`: lists in, lists out, and who may not be mailed.

An import is done (exit 0) as soon as one row was good: bad rows are a matter for the report, not for a script that
sends on Monday. With no good row at all it is wrong input (exit 2).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer

from newsletter.address import Address, normalise
from newsletter.cli.context import CommandContext, open_context
from newsletter.cli.importing import Imported, import_file
from newsletter.cli.keeping import open_keys
from newsletter.cli.opening import open_store
from newsletter.cli.options import Json
from newsletter.cli.output import one_line, print_json, say
from newsletter.errors import GateError, InputError, UsageError
from newsletter.store import subscribers as store
from newsletter.store import suppression as held
from newsletter.store.database import Engine, reading, writing
from newsletter.store.database import now as database_now
from newsletter.subscriber import GoodRow
from newsletter.subscriber.cells import complaint
from newsletter.subscriber.columns import identifier, known_names
from newsletter.tokens import Keys

ListName = Annotated[str, typer.Option("--list", metavar="NAME", help="Name of the list.", show_default=False)]
TypedAddress = Annotated[str, typer.Argument(metavar="ADDRESS", help="E-mail address.", show_default=False)]
Consent = Annotated[
    str, typer.Option("--consent", metavar="TEXT", help="Where consent came from: 'form on site, 2026-03'.")
]

_SHOWN_MEMBERS = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Open:
    context: CommandContext
    engine: Engine
    keys: Keys

    def key(self, address: Address) -> bytes:
        return self.keys.address_key(address.key)


@contextmanager
def _opened() -> Iterator[_Open]:
    context = open_context()
    engine = open_store(context)
    try:
        yield _Open(context=context, engine=engine, keys=open_keys(context))
    finally:
        engine.dispose()


def import_(
    file: Annotated[str, typer.Argument(metavar="FILE", help="CSV file: UTF-8 or windows-1251.", show_default=False)],
    *,
    list_name: ListName,
    mapping: Annotated[
        list[str],
        typer.Option("--map", metavar="NAME=COLUMN", help="What a column holds: email=Почта.", show_default=False),
    ] = [],  # noqa: B006 - typer copies it
    consent: Consent = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Count; write only the report of bad rows.")] = False,
    as_json: Json = False,
) -> int:
    """Read a CSV file into a list.

    Columns may stand in any order; ; , and tab separate them. Suppressed and unsubscribed people stay out. Bad rows
    go to a report in var/import and stop nobody: the exit code is 0 when at least one row is good.
    """
    columns = _parse_mapping(mapping)
    store.check_list_name(list_name)
    started = time.monotonic()
    with _opened() as at:
        _refuse_unknown(columns, declared=tuple(at.context.settings.subscriber.fields))
        done = import_file(
            at.context,
            at.engine,
            Path(file),
            list_name,
            keys=at.keys,
            mapping=columns,
            consent=_printable("--consent", consent),
            dry_run=dry_run,
            quiet=as_json,
        )
    seconds = time.monotonic() - started
    if as_json:
        print_json(_import_as_json(done, dry_run=dry_run, seconds=seconds))
    else:
        _print_import(done, dry_run=dry_run, seconds=seconds)
    return 0


def _import_as_json(done: Imported, *, dry_run: bool, seconds: float) -> dict[str, object]:
    counts = {name: count for name, count in asdict(done.counts).items() if name not in ("rows", "removed")}
    shown = {"list": done.list_name, "file": done.file, "rows": done.rows, "bad": done.bad, "report": done.report}
    return {**shown, **counts, "dry_run": dry_run, "seconds": round(seconds, 3)}


def _print_import(done: Imported, *, dry_run: bool, seconds: float) -> None:
    rate = f" in {seconds:.1f} s ({done.rows / max(seconds, 0.001):,.0f} rows/s)" if done.rows >= 1_000 else ""
    what = "Would import" if dry_run else "Imported"
    print(one_line(f'{what} {done.file} into "{done.list_name}": {done.rows:,} rows{rate}'))
    counts = done.counts
    lines = (
        (counts.added, "added"),
        (counts.updated, "updated"),
        (counts.unchanged, "on the list already, nothing new"),
        (counts.merged, "repeated an address and were merged"),
        (counts.suppressed, "suppressed, kept out"),
        (counts.unsubscribed, "unsubscribed, kept out"),
        (done.bad, f"bad, see {done.report}"),
        (done.full_names, _greeted(done)),
    )
    for count, where in lines:
        if count:
            print(f"{count:>9,}  {one_line(where)}")


def _greeted(done: Imported) -> str:
    without = done.full_names - done.greeted
    tail = f", {without:,} without" if without else ""
    return f"with a full name (full_name, ФИО): {done.greeted:,} with a first name to greet by{tail}"


def _parse_mapping(given: list[str]) -> dict[str, str]:
    mapping = {}
    for one in given:
        name, sign, column = one.partition("=")
        if not sign or not identifier(name) or not column.strip():
            raise UsageError(f'--map "{one}" is not NAME=COLUMN', fix="write --map email=Почта")
        mapping[name.strip()] = column
    return mapping


def _refuse_unknown(mapping: dict[str, str], *, declared: tuple[str, ...]) -> None:
    """Raise UsageError for a NAME that means nothing: the column would be kept, and used for nothing."""
    known = dict.fromkeys((*known_names(), *declared))
    for name, column in mapping.items():
        if identifier(name) not in known:
            fix = f"NAME is one of {', '.join(known)}; a further one must stand in [subscriber.fields]"
            raise UsageError(f'--map {name}={column}: there is no field "{name}"', fix=fix)


def _printable(option: str, value: str) -> str:
    if found := complaint(value):
        raise UsageError(f"{option} {found}")
    return value.strip()


def export(
    list_name: ListName,
    out: Annotated[str, typer.Option("--out", metavar="FILE", help="Write here instead of stdout.")] = "",
    every: Annotated[bool, typer.Option("--all", help="Also who left, was removed or is suppressed.")] = False,
    excel: Annotated[bool, typer.Option("--excel", help="As Russian Excel opens it: byte order mark and ;")] = False,
) -> int:
    """Write a list as a CSV file.

    Cells that a spreadsheet would run as a formula get an apostrophe before them; an import takes it away again.
    """
    from newsletter.cli.exporting import write_list

    with _opened() as at, reading(at.engine) as conn:
        declared = tuple(at.context.settings.subscriber.fields)
        count = write_list(conn, list_name, out=out, every=every, excel=excel, declared=declared)
    say(f"{count} subscribers written")
    return 0


def add(
    address: TypedAddress,
    list_name: ListName,
    fields: Annotated[
        list[str], typer.Option("--field", metavar="NAME=VALUE", help="name=Анна, city=…", show_default=False)
    ] = [],  # noqa: B006 - typer copies it
    consent: Consent = "",
    resubscribe: Annotated[
        bool, typer.Option("--resubscribe", help="Also when they had unsubscribed; needs --consent.")
    ] = False,
) -> int:
    """Put one address on a list.

    Who had unsubscribed stays out without --resubscribe, which needs --consent: mailing them again must be provable.
    """
    if resubscribe and not consent.strip():
        raise UsageError("--resubscribe needs the new consent", fix='add --consent "where and when it was given"')
    row = GoodRow(
        line=0,
        address=normalise(address),
        fields=_parse_fields(fields),
        consent_source=_printable("--consent", consent),
    )
    with _opened() as at, writing(at.engine) as conn:
        done = store.add_subscriber(conn, list_name, row, keys=at.keys, resubscribe=resubscribe)
        if done.kept_out:
            raise UsageError(_why_kept_out(row.address, list_name, done.kept_out), fix=_way_back(done.kept_out))
    shown = row.address.display
    print(one_line(f'{shown} is on "{list_name}" now' if done.added else f'{shown} was on "{list_name}" already'))
    return 0


def _why_kept_out(address: Address, list_name: str, reasons: tuple[str, ...]) -> str:
    if held.UNSUBSCRIBED in reasons and len(set(reasons)) == 1:
        return f'{address.display} has unsubscribed from "{list_name}"'
    why = ", ".join(held.in_words(reason) for reason in sorted(set(reasons)))
    return f"{address.display} is not to be mailed ({why})"


def _way_back(reasons: tuple[str, ...]) -> str:
    if set(reasons) == {held.UNSUBSCRIBED}:
        return "with a new consent: --resubscribe --consent TEXT"
    return "newsletter subscribers suppress ADDRESS --lift takes it back"


def _parse_fields(given: list[str]) -> dict[str, str]:
    fields = {}
    for one in given:
        name, sign, value = one.partition("=")
        if not sign or not identifier(name) or identifier(name) == "email":
            raise UsageError(f'--field "{one}" is not NAME=VALUE', fix="write --field name=Анна")
        if value := _printable(f"--field {name}", value):
            fields[identifier(name)] = value
    return fields


def remove(
    address: Annotated[str, typer.Argument(metavar="[ADDRESS]", help="E-mail address.", show_default=False)] = "",
    token: Annotated[
        str, typer.Option("--token", help="What an unsubscribe link or address of a mail carries.", show_default=False)
    ] = "",
    list_name: Annotated[
        str, typer.Option("--list", metavar="NAME", help="Only from this list.", show_default=False)
    ] = "",
) -> int:
    """Unsubscribe one address, by address or by the token of its mail.

    By address it leaves every list, or the one named; by token the list that the mail was sent to. It holds at once,
    for a running send too, and no import undoes it.
    """
    if bool(address) == bool(token):
        raise UsageError("say who: an ADDRESS or --token TOKEN, one of them")
    if token and list_name:
        raise UsageError("--token says which list by itself", fix="leave --list out")
    with _opened() as at, writing(at.engine) as conn:
        if token:
            left = store.unsubscribe_by_claim(conn, at.keys.read(token), reason="by token")
            who = left.display or "the subscriber, erased since,"
            print(one_line(f'{who} is off "{left.list_name}"'))
            return 0
        person = normalise(address)
        if list_name:
            store.need_list(conn, list_name)
        lists = store.unsubscribe(conn, at.key(person), list_name=list_name, reason="by the office")
        if not lists:
            where = f'not on "{list_name}"' if list_name else "on no list"
            fix = "newsletter subscribers suppress ADDRESS keeps it from ever being mailed"
            raise InputError(f"{person.display} is {where}", fix=fix)
    print(one_line(f"{person.display} is off " + ", ".join(f'"{name}"' for name in lists)))
    return 0


def list_(
    list_name: Annotated[
        str, typer.Option("--list", metavar="NAME", help="Show who is on this list.", show_default=False)
    ] = "",
    limit: Annotated[int, typer.Option("--limit", min=0, help="How many to show; 0 for all.")] = _SHOWN_MEMBERS,
    every: Annotated[bool, typer.Option("--all", help="Also who left, was removed or is suppressed.")] = False,
    as_json: Json = False,
) -> int:
    """Show the lists, or the addresses of one."""
    with _opened() as at, reading(at.engine) as conn:
        if list_name:
            members = list(store.read_members(conn, list_name, every=every, limit=limit))
            zone = ZoneInfo(at.context.settings.office.timezone)
        else:
            counts = store.count_lists(conn)
    if list_name and as_json:
        print_json({"list": list_name, "subscribers": [_as_json(member) for member in members]})
    elif list_name:
        for member in members:
            since = f"{member.consent_at.astimezone(zone):%d.%m.%Y}" if member.consent_at else ""
            cells = (member.display, member.fields.get("name", ""), member.status, member.consent_source, since)
            print("  ".join(one_line(cell) for cell in cells if cell))
        if limit and len(members) == limit:
            say(f"the first {limit}; --limit 0 shows all")
    elif as_json:
        print_json({"lists": [{**asdict(one), "created_at": one.created_at.isoformat()} for one in counts]})
    elif not counts:
        say("there is no list yet: newsletter subscribers import FILE --list NAME")
    else:
        _print_table(counts)
    return 0


def _as_json(member: store.Member) -> dict[str, object]:
    at = member.consent_at.isoformat() if member.consent_at else ""
    return {**asdict(member), "fields": dict(member.fields), "consent_at": at}


def _print_table(counts: tuple[store.ListCounts, ...]) -> None:
    heads = ("list", "subscribed", "suppressed", "unsubscribed", "removed")
    width = max(len(heads[0]), *(len(one_line(one.name)) for one in counts))
    print(f"{heads[0]:<{width}}  " + "  ".join(f"{head:>12}" for head in heads[1:]))
    for one in counts:
        numbers = (one.subscribed, one.suppressed, one.unsubscribed, one.removed)
        print(f"{one_line(one.name):<{width}}  " + "  ".join(f"{number:>12,}" for number in numbers))


def suppress(
    address: TypedAddress,
    list_name: Annotated[
        str, typer.Option("--list", metavar="NAME", help="Only on this list; else everywhere.", show_default=False)
    ] = "",
    reason: Annotated[
        str, typer.Option("--reason", help="requested, bounced, complained or unsubscribed.")
    ] = held.REQUESTED,
    note: Annotated[str, typer.Option("--note", help="For the office's own memory.", show_default=False)] = "",
    lift: Annotated[bool, typer.Option("--lift", help="Take a suppression back.")] = False,
) -> int:
    """Never mail an address again.

    It need not be on any list. An import does not bring it back, and a running send leaves it out.
    """
    person = normalise(address)
    if reason not in held.REASONS or reason == held.FORGOTTEN:
        raise UsageError(f'there is no reason "{reason}"', fix="requested, bounced, complained or unsubscribed")
    where = f'on "{list_name}"' if list_name else "everywhere"
    with _opened() as at, writing(at.engine) as conn:
        if list_name:
            store.need_list(conn, list_name)
        if lift:
            if not held.lift(conn, at.key(person), scopes=(list_name,)):
                raise InputError(f"{person.display} was not suppressed {where}".replace(" everywhere", ""))
            kept = [f'"{scope}"' if scope else "any list" for scope in held.scopes_against(conn, at.key(person))]
            but = f"; still not on {', '.join(kept)}" if kept else ""
            print(one_line(f"{person.display} may be mailed again" + but))
            return 0
        now = database_now(conn)
        new = held.suppress(
            conn, at.key(person), scope=list_name, reason=reason, now=now, note=_printable("--note", note)
        )
    print(one_line(f"{person.display} is suppressed {where}" + ("" if new else " already")))
    return 0


def forget(
    address: TypedAddress,
    yes: Annotated[bool, typer.Option("--yes", help="Erase without asking.")] = False,
) -> int:
    """Erase what is known of an address, and keep it from being mailed.

    Asks first. Prints the act of destruction (in Russian) to file. A keyed hash stays, so that no import brings the
    address back.
    """
    from newsletter.cli.act import build_act
    from newsletter.store.erasure import erase, is_known, overwrite_erased

    person = normalise(address)
    if not yes and not sys.stdin.isatty():
        raise UsageError("there is no terminal to ask on", fix="add --yes to erase without asking")
    with _opened() as at:
        with reading(at.engine) as conn:
            known = is_known(conn, at.key(person))
        if not known:
            fix = "newsletter subscribers suppress ADDRESS keeps it from ever being mailed"
            raise InputError(f"nothing is known of {person.display}: there is nothing to erase", fix=fix)
        if not yes:
            _ask(f"Erase all that is known of {person.display}? It cannot be undone.")
        with writing(at.engine) as conn:
            erasure = erase(conn, at.key(person))
        overwrite_erased(at.engine)
        office = at.context.settings.office
    local = erasure.at.astimezone(ZoneInfo(office.timezone))
    print(build_act(erasure, address=person.display, office=office, at=local))
    return 0


def _ask(question: str) -> None:
    """Ask on the terminal. Raises GateError unless the answer is yes."""
    print(one_line(question) + " [y/N] ", end="", file=sys.stderr, flush=True)
    if sys.stdin.readline().strip().lower() not in ("y", "yes", "д", "да"):
        raise GateError("not confirmed: nothing was erased")
