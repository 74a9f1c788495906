"""The case forms of place names, singular and plural, by the few patterns that they follow."""

from __future__ import annotations

import re

_ADJECTIVES: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ая", ("ой", "ую", "ою")),
    ("яя", ("ей", "юю", "ею")),
    ("ний", ("него", "нему", "ним", "нем")),
    ("ий", ("ого", "ому", "им", "ом")),
    ("ый", ("ого", "ому", "ым", "ом")),
    ("ой", ("ого", "ому", "ым", "ом")),
    ("ое", ("ого", "ому", "ым", "ом")),
    ("ие", ("их", "им", "ими")),
    ("ые", ("ых", "ым", "ыми")),
)
_NOUNS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("ий", ("ия", "ию", "ием", "ии")),
    ("ия", ("ии", "ию", "ией")),
    ("ея", ("еи", "ее", "ею", "еей")),
    ("ья", ("ьи", "ье", "ью", "ьей")),
    ("га", ("ги", "ге", "гу", "гой")),
    ("ка", ("ки", "ке", "ку", "кой")),
    ("ша", ("ши", "ше", "шу", "шей")),
    ("а", ("ы", "е", "у", "ой")),
    ("я", ("и", "е", "ю", "ей")),
    ("ай", ("ая", "аю", "аем", "ае")),
    ("ей", ("ея", "ею", "еем", "ее")),
    ("ань", ("ани", "анью")),
    ("усь", ("уси", "усью")),
    ("область", ("области", "областью")),
    ("ирь", ("ири", "ирью")),
    ("ь", ("я", "ю", "ем", "е")),
    ("ы", ("", "ов", "ам", "ами", "ах")),
    ("ье", ("ья", "ью", "ьем")),
    ("ток", ("тока", "току", "током", "токе")),
)


def case_forms(name: str) -> frozenset[str]:
    """Return every form of a name, the nominative among them. «США» and other names in capitals have one."""
    words = name.split(" ")
    if len(words) == 1:
        return frozenset({name, *_noun_forms(name)})
    *adjectives, noun = words
    ends = [_adjective_forms(word) for word in adjectives]
    forms = {name}
    for noun_form in (noun, *_noun_forms(noun)):
        for choice in ends[-1]:
            forms.add(" ".join([*adjectives[:-1], choice, noun_form]))
    return frozenset(forms)


def _adjective_forms(word: str) -> tuple[str, ...]:
    for ending, others in _ADJECTIVES:
        if word.endswith(ending) and len(word) > 4:
            return (word, *(word.removesuffix(ending) + other for other in others))
    return (word,)


def _noun_forms(noun: str) -> tuple[str, ...]:
    if noun.isupper() or re.search(r"[оиую]$", noun) or re.search(r"[A-Za-z]", noun):
        return ()
    for ending, others in _NOUNS:
        if noun.endswith(ending):
            return tuple(noun.removesuffix(ending) + other for other in others)
    return tuple(noun + ending for ending in ("а", "у", "ом", "е"))
