"""Which limit a recipient's domain falls under."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from newsletter.delivery.lanes import OPEN, Lanes
from newsletter.settings import DomainLimit, Send


def lanes_of(**globs: str) -> Lanes:
    return Lanes({name: DomainLimit(domains=tuple(text.split()), rate=1.0) for name, text in globs.items()})


def name_of(lanes: Lanes, domain: str) -> str:
    return lanes.names[lanes.of(domain)]


@pytest.mark.parametrize(
    ("domain", "name"),
    [
        ("gmail.com", "gmail"),
        ("GMail.Com", "gmail"),
        ("mail.gmail.com", ""),
        ("yahoo.co.uk", "yahoo"),
        ("yahoo", ""),
        ("notyahoo.com", ""),
        ("mail.ru", "mailru"),
        ("gmail.ru", ""),
        ("yandex.by", "yandex"),
        ("live.nl", "outlook"),
        ("olive.nl", ""),
        ("press.example", ""),
    ],
)
def test_the_built_in_groups_take_their_domains_and_no_others(domain: str, name: str) -> None:
    assert name_of(Lanes(Send().limits), domain) == name


def test_the_glob_with_most_letters_wins_whatever_the_order() -> None:
    lanes = lanes_of(all="*", ru="*.ru", ours="*.zarechye.ru", press="press.zarechye.ru")
    assert [name_of(lanes, d) for d in ("a.example", "b.ru", "c.zarechye.ru", "press.zarechye.ru")] == [
        "all",
        "ru",
        "ours",
        "press",
    ]


def test_of_two_equal_globs_the_one_named_first_wins() -> None:
    assert name_of(lanes_of(mine="gmail.com", gmail="gmail.com googlemail.com"), "gmail.com") == "mine"


def test_a_domain_in_cyrillic_is_found_as_mail_carries_it() -> None:
    lanes = lanes_of(post="почта.рф", all="*.рф")
    assert name_of(lanes, "почта.рф".encode("idna").decode("ascii")) == "post"
    assert name_of(lanes, "заречье.рф".encode("idna").decode("ascii")) == "all"


def test_a_group_without_limits_takes_its_domains_out_of_a_wider_one() -> None:
    limits = {"free": DomainLimit(domains=("fast.example",)), "all": DomainLimit(domains=("*.example",), rate=1.0)}
    lanes = Lanes(limits)
    assert lanes.of("fast.example") == OPEN
    assert name_of(lanes, "slow.example") == "all"
    assert Lanes({"free": DomainLimit(domains=("fast.example",))}).is_open


@given(st.text("abc.*", min_size=1, max_size=8), st.text("abc.", max_size=8))
def test_a_star_is_any_letters_and_nothing_else_is_special(glob: str, domain: str) -> None:
    def fits(pattern: str, text: str) -> bool:  # by trying, letter for letter
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(fits(pattern[1:], text[n:]) for n in range(len(text) + 1))
        return text[:1] == pattern[0] and fits(pattern[1:], text[1:])

    lanes = Lanes({"x": DomainLimit(domains=(glob,), rate=1.0)})
    assert (lanes.of(domain) != OPEN) == fits(glob, domain)
