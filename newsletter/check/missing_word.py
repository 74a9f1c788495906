"""Words that a theme has in one language and not in another: a mail in that other one cannot be made, or lacks them."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.check.markup import Lines

_SET = re.compile(r"\{%[-+]?\s*set\s+\w+\s*=\s*(\{.*?\})\s*[-+]?%\}", re.DOTALL)


def find(subject: Checked) -> Iterator[Finding]:
    for path, source in subject.mjml_sources.items():
        for found in _SET.finditer(source):
            languages = _read(found[1])
            every = dict.fromkeys(word for words in languages.values() for word in words)
            for language, words in languages.items():
                missing = [word for word in every if word not in words]
                if not missing:
                    continue
                at = re.compile(rf"""["']{re.escape(language)}["']\s*:""").search(source, found.start(1))
                yield Finding(
                    id="missing_word",
                    severity="warning",
                    message=f'"{language}" lacks {", ".join(missing[:5])}{" …" if missing[5:] else ""}',
                    file=path,
                    line=Lines(source).line_of(at.start() if at else found.start()),
                    fix="write the words in this language too",
                )


def _read(written: str) -> dict[str, dict[str, object]]:
    """Return a dict of dicts that is written out; nothing for whatever else a template may set."""
    try:
        value = ast.literal_eval(written)
    except (ValueError, SyntaxError, MemoryError, RecursionError, TypeError):
        return {}
    if not isinstance(value, dict) or not all(isinstance(words, dict) for words in value.values()):
        return {}
    return {str(language): words for language, words in value.items()}
