"""Typography left undone in the item's file: the mail is set by itself, unless the rule is switched off."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from newsletter.check.checked import Checked
from newsletter.check.finding import Finding
from newsletter.content.polish import Mend

ID = "typography"

_WHAT: Mapping[str, str] = {
    "quotes": "quotation marks or apostrophes",
    "dashes": "hyphens for dashes",
    "ranges": "hyphens between numbers",
    "minus": "hyphens for minus signs",
    "spaces": "spaces too many",
    "ellipsis": "dots for an ellipsis",
    "nbsp_numbers": "signs or abbreviations without their space",
    "digit_groups": "long numbers without groups",
    "abbreviations": "full stops of abbreviations",
    "percent": "per cent signs unlike the others",
}


def find(subject: Checked) -> Iterator[Finding]:
    for mend in subject.mends:
        yield _mended(mend) if mend.made else _left(mend)


def _mended(mend: Mend) -> Finding:
    return _finding(mend, "info", "the mail has them right; --fix shows what it can mend in the file")


def _left(mend: Mend) -> Finding:
    way_out = f"mend them, or take typography.{mend.rule} = false out of newsletter.toml"
    return _finding(mend, "warning", way_out)


def _finding(mend: Mend, severity: str, fix: str) -> Finding:
    times = f" ({mend.count} places)" if mend.count > 1 else ""
    return Finding(
        id=ID,
        severity="warning" if severity == "warning" else "info",
        message=f"typography left undone, {_WHAT[mend.rule]}{times}: {mend.excerpt}",
        file=mend.origin.path,
        line=mend.origin.line,
        block=mend.block,
        fix=fix,
    )
