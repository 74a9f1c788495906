"""Whole messages: what the standard parsers read in them, what cannot get in, what never changes."""

from __future__ import annotations

import email
import email.policy
import hashlib
import html
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from typing import cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from newsletter.address import normalise
from newsletter.errors import ConfigError, InputError
from newsletter.message.headers import HEADER_ORDER
from newsletter.message.merge import Merger, Message, Recipient, missing, required_fields
from newsletter.render.compiled import CompiledIssue, CompiledVariant, MailHeaders, SlotUse, Step
from newsletter.tokens import Claim, Keys, Purpose

MOSCOW = timezone(timedelta(hours=3))
DATE = datetime(2026, 11, 23, 14, 0, tzinfo=MOSCOW)
KEYS = Keys(secrets={1: b"1" * 32}, current=1)
HIDDEN = "=?utf-8?q?a=0D=0ABcc:_x=40y.example?="

GREETING = (Step(name="phrase", args=("Здравствуйте, {}!", "Здравствуйте!")),)
HEADERS = MailHeaders(
    from_name="Пресс-служба ОЭЗ «Заречье»",
    from_mailbox="press@zarechye.example",
    return_path="return@zarechye.example",
    unsubscribe_mailto="unsub@zarechye.example",
    public_url="https://news.zarechye.example",
)
ISSUE = CompiledIssue(
    lang="ru",
    title="Экспорт вырос",
    preheader="",
    subject=("Новости: ", SlotUse(field="subscriber.name", context="header", steps=GREETING)),
    headers=HEADERS,
    variant_fields={},
    variants={
        "": CompiledVariant(
            html=(
                '<!DOCTYPE html PUBLIC "x"><html><body><p title="',
                SlotUse(field="subscriber.city", context="attribute"),
                '">',
                SlotUse(field="subscriber.name", context="text", steps=GREETING),
                "</p>\n" + "<p>Экспорт вырос на 55 %.</p>\n" * 40 + '<a href="https://zarechye.example/?c=',
                SlotUse(field="subscriber.city", context="query"),
                '">x</a><a href="',
                SlotUse(field="links.unsubscribe", context="url"),
                '">Отписаться</a></body></html>\n',
            ),
            text=(
                SlotUse(field="subscriber.name", context="plain", steps=GREETING),
                "\n\nЭкспорт вырос на 55 %.\n.\n",
                SlotUse(field="links.unsubscribe", context="plain"),
                "\n",
                SlotUse(field="issue.recipient_number", context="plain"),
                "\n",
            ),
        )
    },
)


def recipient(name: str = "Мария", *, city: str = "Зареченск", number: int = 5, address: str = "") -> Recipient:
    return Recipient(
        delivery_id=1_000 + number,
        subscriber_id=number,
        list_id=3,
        address=address or f"person{number}@example.org",
        values={"subscriber.name": name, "subscriber.city": city},
        position=number,
    )


def merger(issue: CompiledIssue = ISSUE) -> Merger:
    return Merger(issue, keys=KEYS, issue_id=7, list_label="news")


def with_headers(**changed: str) -> CompiledIssue:
    return replace(ISSUE, headers=replace(HEADERS, **changed))


def message(person: Recipient | None = None, **changed: str) -> Message:
    return merger(with_headers(**changed)).message(person or recipient(), date=DATE)


def parsed(made: Message) -> EmailMessage:
    found = email.message_from_bytes(made.data, policy=email.policy.default)
    assert not found.defects
    return found


def parts_of(made: Message) -> tuple[str, str]:
    text, page = parsed(made).iter_parts()
    assert (text.get_content_type(), page.get_content_type()) == ("text/plain", "text/html")
    assert not text.defects + page.defects
    return text.get_content(), page.get_content()


def expected(part: tuple[str | SlotUse, ...], person: Recipient, unsubscribe: str) -> str:
    values = {
        **person.values,
        "links.unsubscribe": unsubscribe,
        "issue.recipient_number": str(person.position),
    }
    text = "".join(piece if isinstance(piece, str) else piece.resolve(values) for piece in part)
    return text.replace("\n", "\r\n")


def unsubscribe_links(made: Message) -> tuple[str, str]:
    web, mailto = re.findall(r"<([^>]*)>", parsed(made)["List-Unsubscribe"])
    return web, mailto


def test_both_parsers_read_what_was_meant() -> None:
    made = message()
    for policy in (email.policy.default, email.policy.compat32):
        found = email.message_from_bytes(made.data, policy=policy)
        subject = str(email.header.make_header(email.header.decode_header(found["Subject"])))
        assert subject == "Новости: Здравствуйте, Мария!"
        assert "press@zarechye.example" in str(found["From"])
        bodies = [
            cast(bytes, part.get_payload(decode=True)).decode() for part in found.walk() if not part.is_multipart()
        ]
        link, _ = unsubscribe_links(made)
        variant = ISSUE.variants[""]
        assert bodies == [expected(part, recipient(), link) for part in (variant.text, variant.html)]
    assert parsed(made)["From"].addresses[0].addr_spec == "press@zarechye.example"
    assert parsed(made)["To"].addresses[0].addr_spec == "person5@example.org"
    assert parsed(made)["Date"].datetime == DATE


def test_header_fields_stand_in_the_one_order() -> None:
    full = message(reply_to="Редакция <desk@zarechye.example>", feedback_id="zarechye")
    assert parsed(full).keys() == list(HEADER_ORDER)
    short = [name for name in HEADER_ORDER if name not in ("Reply-To", "Feedback-ID")]
    assert parsed(message()).keys() == short
    assert parsed(full)["Reply-To"].addresses[0].display_name == "Редакция"
    assert parsed(full)["Feedback-ID"] == "7:news:newsletter:zarechye"
    assert parsed(full)["List-ID"] == "<news.zarechye.example>"


def test_one_click_fields_carry_live_tokens_of_this_person_and_list() -> None:
    made = message()
    claim = Claim(Purpose.UNSUBSCRIBE, 3, 5)
    web, mailto = unsubscribe_links(made)
    assert web.startswith("https://news.zarechye.example/u/")
    assert mailto.startswith("mailto:unsub+")
    assert KEYS.read(web) == KEYS.read(mailto) == claim
    assert parsed(made)["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    text, page = parts_of(made)
    assert web in text
    assert f'href="{web}"' in page


def test_delivery_is_named_in_envid_and_own_header() -> None:
    made = message()
    claim = Claim(Purpose.BOUNCE, 3, 1_005)
    assert KEYS.read(made.envid) == claim
    assert parsed(made)["X-Newsletter-Delivery"] == made.envid
    assert (made.mail_from, made.rcpt_to, made.smtputf8) == ("return@zarechye.example", "person5@example.org", False)
    verp = message(bounce_domain="bounces.Заречье.рф")
    assert re.fullmatch(r"bounce\+[a-z2-7]{40}@bounces\.xn--80akaf0c3b9a\.xn--p1ai", verp.mail_from)
    assert KEYS.read(verp.mail_from) == claim


def test_same_input_gives_the_same_bytes_whenever_it_is_made_again() -> None:
    again = CompiledIssue.from_bytes(ISSUE.to_bytes())
    one, two = message(), merger(again).message(recipient(), date=DATE)
    assert one == two
    assert one.sha256 == hashlib.sha256(one.data).hexdigest()
    assert one.size == len(one.data)


def test_a_later_try_differs_in_its_date_alone() -> None:
    later = merger().message(recipient(), date=DATE + timedelta(minutes=5))
    changed = [
        pair
        for pair in zip(message().data.split(b"\r\n"), later.data.split(b"\r\n"), strict=True)
        if pair[0] != pair[1]
    ]
    assert changed == [(b"Date: Mon, 23 Nov 2026 14:00:00 +0300", b"Date: Mon, 23 Nov 2026 14:05:00 +0300")]


def test_no_two_recipients_share_message_id_or_tokens() -> None:
    made = [message(recipient(number=number)) for number in range(1, 30)]
    assert len({parsed(one)["Message-ID"] for one in made}) == len(made)
    assert len({one.envid for one in made}) == len(made)
    assert all(str(parsed(one)["Message-ID"]).endswith("@zarechye.example>") for one in made)


def test_trial_differs_from_the_real_message_in_tokens_and_message_id_alone() -> None:
    real = message(bounce_domain="b.zarechye.example")
    issue = with_headers(bounce_domain="b.zarechye.example")
    trial = Merger(issue, keys=KEYS, issue_id=7, list_label="news", trial=True, nonce="n1").message(
        recipient(), date=DATE
    )
    assert trial.size == real.size
    for text in (*unsubscribe_links(trial), trial.envid, trial.mail_from):
        assert KEYS.read(text).purpose is Purpose.TRIAL
    hidden = re.compile(r"(/u/)[\w-]{34}|((?:unsub|bounce)\+|Delivery: )[a-z2-7]{40}|(ID: <)[0-9a-f]{32}")
    blocks = [hidden.sub(r"\1\2\3", made.data.partition(b"\r\n\r\n")[0].decode("ascii")) for made in (real, trial)]
    assert blocks[0] == blocks[1]
    real_text, trial_text = ([hidden.sub(r"\1", part) for part in parts_of(made)] for made in (real, trial))
    assert real_text == trial_text


def test_two_trials_have_different_message_ids_and_a_trial_without_nonce_is_a_defect() -> None:
    ids = {
        parsed(
            Merger(ISSUE, keys=KEYS, issue_id=7, list_label="news", trial=True, nonce=nonce).message(
                recipient(), date=DATE
            )
        )["Message-ID"]
        for nonce in ("a", "b")
    }
    assert len(ids) == 2
    for trial, nonce in ((True, ""), (False, "x")):
        with pytest.raises(ValueError, match="nonce"):
            Merger(ISSUE, keys=KEYS, issue_id=7, list_label="news", trial=trial, nonce=nonce)


HOSTILE = st.text(
    st.characters(codec="utf-8", exclude_categories=("Cc", "Zl", "Zp", "Cs")), max_size=120
) | st.sampled_from(
    [
        HIDDEN,
        '"><script>alert(1)</script>',
        "--></p><!--",
        "{{ 7 * 7 }} {% raw %}",
        "%(to)s %s %",
        "</body></html>",
        ".",
        "..",
        "--=_0",
        "&amp; & &#10;",
        "a" * 5_000,
    ]
)


@given(HOSTILE, HOSTILE)
@settings(max_examples=150, deadline=None)
def test_hostile_values_stay_values(name: str, city: str) -> None:
    person = recipient(name, city=city)
    made = message(person)
    found = parsed(made)
    assert found.keys() == [n for n in HEADER_ORDER if n not in ("Reply-To", "Feedback-ID")]
    assert all(len(line) <= 998 for line in made.data.split(b"\r\n"))
    text, page = parts_of(made)
    link, _ = unsubscribe_links(made)
    assert text == expected(ISSUE.variants[""].text, person, link)
    assert page == expected(ISSUE.variants[""].html, person, link)
    assert page.count("<") == len(
        [c for c in "".join(p for p in ISSUE.variants[""].html if isinstance(p, str)) if c == "<"]
    )
    assert f'title="{html.escape(city)}">' in page
    if len(name) < 200:
        assert found["Subject"] == ("Новости: Здравствуйте, " + name + "!" if name else "Новости: Здравствуйте!")


@pytest.mark.parametrize("bad", "\0\t\n\r\x1b\x7f\x85\u2028\u2029\ud83d")
@pytest.mark.parametrize("field", ["subscriber.name", "subscriber.city"])
def test_control_in_any_value_is_refused_with_the_fields_name(field: str, bad: str) -> None:
    person = recipient()
    with pytest.raises(InputError, match=rf"{field}.*U\+{ord(bad):04X}"):
        message(person._replace(values={**person.values, field: f"Мария{bad}Bcc: x@y.example"}))


@pytest.mark.parametrize(
    "address",
    [
        "a@b.example\r\nBcc: x@y.example",
        "a@b.example> SIZE=1",
        "a b@c.example",
        "<a@b.example>",
        "a@b@c.example",
        "a,b@c.example",
        "a@почта.рф",
        "a",
        "",
        "a@b.example\n",
        "\ud83d@b.example",  # half of a surrogate pair: no bytes stand for it
        f"{'a' * 65}@b.example",
        f"a@{'b' * 248}.example",
    ],
)
def test_address_that_is_no_single_mailbox_is_refused(address: str) -> None:
    with pytest.raises(InputError):
        message(recipient()._replace(address=address))


def test_encoded_line_break_in_a_name_is_shown_as_typed() -> None:
    made = message(recipient(HIDDEN), from_name=HIDDEN)
    assert b"=0D=0A" not in made.data
    assert parsed(made)["Subject"] == f"Новости: Здравствуйте, {HIDDEN}!"
    assert parsed(made)["From"].addresses[0].display_name == HIDDEN
    assert "Bcc" not in parsed(made)


def test_subject_that_is_all_slot_and_comes_out_empty_falls_back_to_the_title() -> None:
    issue = replace(ISSUE, subject=(SlotUse(field="subscriber.name", context="header", steps=GREETING[:0]),))
    made = merger(issue).message(recipient(""), date=DATE)
    assert parsed(made)["Subject"] == "Экспорт вырос"


def test_very_long_name_is_cut_in_the_subject_and_nowhere_else() -> None:
    name = "Очень длинное имя " * 50
    made = message(recipient(name))
    assert len(parsed(made)["Subject"]) <= 250
    assert parsed(made)["Subject"].endswith("…")
    assert name in parts_of(made)[0]


def test_subject_without_slots_is_never_cut() -> None:
    subject = "Экспорт вырос. " * 60 + "Конец"
    made = merger(replace(ISSUE, subject=(subject,))).message(recipient(), date=DATE)
    assert parsed(made)["Subject"] == subject


@pytest.mark.parametrize("subject", ["", "a\r\nBcc: x", "a\u2028b"])
def test_fixed_subject_that_no_message_can_carry_is_refused_before_the_first(subject: str) -> None:
    with pytest.raises(InputError):
        merger(replace(ISSUE, subject=(subject,)))


def test_cyrillic_hosts_are_a_labels_everywhere() -> None:
    made = message(
        from_mailbox="press@заречье.рф",
        return_path="return@заречье.рф",
        unsubscribe_mailto="unsub@заречье.рф",
        list_domain="новости.заречье.рф",
        public_url="https://новости.заречье.рф/почта/",
    )
    made.data.decode("ascii")
    assert made.mail_from == "return@xn--80akaf0c3b9a.xn--p1ai"
    assert parsed(made)["From"].addresses[0].addr_spec == "press@xn--80akaf0c3b9a.xn--p1ai"
    web, mailto = unsubscribe_links(made)
    assert web.startswith("https://xn--b1amnebsh.xn--80akaf0c3b9a.xn--p1ai/%D0%BF%D0%BE%D1%87%D1%82%D0%B0/u/")
    assert mailto.endswith("@xn--80akaf0c3b9a.xn--p1ai?subject=unsubscribe")
    assert parsed(made)["List-ID"] == "<news.xn--b1amnebsh.xn--80akaf0c3b9a.xn--p1ai>"
    assert web in parts_of(made)[0]


def test_recipient_in_a_cyrillic_domain_needs_no_smtputf8() -> None:
    made = message(recipient(address=normalise("ivan@почта.рф").mailbox))
    assert not made.smtputf8
    made.data.decode("ascii")


def test_cyrillic_local_part_is_kept_and_says_smtputf8() -> None:
    made = message(recipient(address=normalise("иван@почта.рф").mailbox))
    assert made.smtputf8
    assert "To: иван@xn--80a1acny.xn--p1ai\r\n".encode() in made.data


def test_200_character_unsubscribe_url_stays_whole() -> None:
    base = "https://news.zarechye.example/" + "a" * (200 - 30 - 3 - 34)
    made = message(public_url=base)
    web, _ = unsubscribe_links(made)
    assert len(web) == 200
    assert f"List-Unsubscribe: <{web}>,\r\n <mailto:unsub+".encode() in made.data


def test_percent_signs_in_fixed_headers_are_only_text() -> None:
    made = message(
        from_name="100% (to)s",
        public_url="https://news.zarechye.example/%D0%B0%20%(to)s",
        unsubscribe_mailto="100%d@zarechye.example",
    )
    assert parsed(made)["From"].addresses[0].display_name == "100% (to)s"
    web, mailto = unsubscribe_links(made)
    assert web.startswith("https://news.zarechye.example/%D0%B0%20%(to)s/u/")
    assert mailto.startswith("mailto:100%25d+")


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("from_mailbox", "пресса@zarechye.example"),
        ("from_mailbox", ""),
        ("from_mailbox", "a@b.example\r\nBcc: x@y.example"),
        ("return_path", "two words@zarechye.example"),
        ("reply_to", "отдел@zarechye.example"),
        ("unsubscribe_mailto", "a-local-part-too-long-for-tokens@zarechye.example"),
    ],
)
def test_sender_that_no_message_could_carry_is_refused_with_its_setting(setting: str, value: str) -> None:
    name = "sender.from" if setting == "from_mailbox" else f"sender.{setting}"
    with pytest.raises(ConfigError, match=name):
        merger(with_headers(**{setting: value}))


@pytest.mark.parametrize("label", ["", "новости", "a b", "a>b", "a\r\nb", "a" * 250])
def test_list_label_that_cannot_stand_in_list_id_is_refused(label: str) -> None:
    with pytest.raises(ConfigError):
        Merger(ISSUE, keys=KEYS, issue_id=7, list_label=label)


def test_each_variant_is_merged_from_its_own_parts() -> None:
    english = CompiledVariant(html=("<p>Hello</p>\n",), text=("Hello\n",))
    issue = replace(
        ISSUE,
        variant_fields={"language": ("ru", "en")},
        variants={"language=ru": ISSUE.variants[""], "language=en": english},
    )
    made = merger(issue).message(recipient()._replace(variant="language=en"), date=DATE)
    assert parts_of(made) == ("Hello\r\n", "<p>Hello</p>\r\n")


def test_view_and_preferences_are_made_where_they_are_printed() -> None:
    text = (
        SlotUse(field="links.view", context="plain"),
        "\n",
        SlotUse(field="links.preferences", context="plain"),
        "\n",
    )
    issue = replace(ISSUE, subject=("Тема",), variants={"": CompiledVariant(html=("<p></p>",), text=text)})
    view, preferences = parts_of(merger(issue).message(recipient(), date=DATE))[0].split()
    assert KEYS.read(view) == Claim(Purpose.VIEW, 3, 1_005)
    assert KEYS.read(preferences) == Claim(Purpose.PREFERENCES, 3, 5)


def test_field_without_fallback_that_is_empty_is_named() -> None:
    assert required_fields(ISSUE, "") == ("subscriber.city",)
    assert missing(ISSUE, {"subscriber.name": "", "subscriber.city": "Зареченск"}) == ()
    assert missing(ISSUE, {"subscriber.name": "Мария", "subscriber.city": ""}) == ("subscriber.city",)
    assert missing(ISSUE, {}) == ("subscriber.city",)


def test_naive_date_is_refused() -> None:
    with pytest.raises(ValueError, match="naive"):
        merger().message(recipient(), date=datetime(2026, 1, 1))  # noqa: DTZ001


def test_date_is_written_as_given() -> None:
    assert b"Date: Mon, 23 Nov 2026 11:00:00 +0000\r\n" in merger().message(recipient(), date=DATE.astimezone(UTC)).data
