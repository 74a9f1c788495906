"""The pages' templates: Jinja2 with escaping always on, and strict, so that a misspelled value is a failing test."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from newsletter.web.languages import Language, words_of

HERE = Path(__file__).parent


def render(name: str, language: Language, **values: object) -> str:
    """Return the page `pages/<name>` in a language; `t` in it is its words."""
    return _environment().get_template(name).render(t=words_of(language), lang=language, **values)


@cache
def _environment() -> Environment:
    return Environment(
        loader=FileSystemLoader(HERE / "pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
