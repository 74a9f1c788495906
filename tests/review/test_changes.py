"""What changed between two mails, in the words that a refusal uses."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from newsletter.review.changes import changes, in_words

BEFORE = {
    "item:content/april.md": "1",
    "picture:content/plant.jpg": "1",
    "template:press/letter.mjml": "1",
    "template:press/footer.mjml": "1",
    "setting:brand.accent": "#0b5f6b",
    "setting:public_url": "https://a.example",
    "library:premailer": "3.10",
    "newsletter": "0.1",
    "issue": "1",
}


def words(**after: str) -> str:
    changed = {name: after.get(name.partition(":")[0], value) for name, value in BEFORE.items()}
    return in_words(changes(BEFORE, changed))


def test_nothing_changed_says_nothing() -> None:
    assert changes(BEFORE, BEFORE) == ()
    assert words() == ""


def test_a_change_is_named_as_people_know_the_thing() -> None:
    assert words(item="2") == "content/april.md"
    assert words(picture="2") == "content/plant.jpg"
    assert words(template="2") == "templates/press/footer.mjml, templates/press/letter.mjml"
    assert words(setting="2") == "brand.accent, public_url"
    assert words(library="4.0") == "premailer 3.10 → 4.0"
    assert words(newsletter="0.2") == "newsletter 0.1 → 0.2"
    assert words(issue="2") == "subject, preheader, title, date or order"


def test_files_come_first_and_a_changed_item_explains_a_changed_subject() -> None:
    assert words(setting="2", template="2", item="2", issue="2").startswith(
        "content/april.md, templates/press/footer.mjml, templates/press/letter.mjml, brand.accent"
    )
    assert "subject" not in words(item="2", issue="2")


def test_what_came_or_went_is_said_so() -> None:
    assert in_words(changes({}, {"item:content/may.md": "1"})) == "content/may.md (new)"
    assert in_words(changes({"item:content/may.md": "1"}, {})) == "content/may.md (gone)"


def test_a_long_list_is_cut() -> None:
    after = {f"item:content/{n}.md": "1" for n in range(9)}
    assert in_words(changes({}, after)).endswith("content/5.md (new) and 3 more")


names = st.dictionaries(st.sampled_from([*BEFORE, "item:b"]), st.sampled_from(["1", "2"]))


@given(names, names)
def test_exactly_what_differs_is_named(before: dict[str, str], after: dict[str, str]) -> None:
    found = changes(before, after)
    assert {one.name for one in found} == {n for n in {*before, *after} if before.get(n) != after.get(n)}
    assert bool(in_words(found)) == bool(found)
