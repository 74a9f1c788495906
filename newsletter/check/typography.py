"""Typography of the item's file: the mail mends it by itself, one finding a file, unless the rule is switched off."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

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
_NAME: Mapping[str, str] = {
    "quotes": "quotes",
    "dashes": "dashes",
    "ranges": "ranges",
    "minus": "minus signs",
    "spaces": "spaces",
    "ellipsis": "ellipses",
    "nbsp_numbers": "signs",
    "digit_groups": "digit groups",
    "abbreviations": "abbreviations",
    "percent": "per cent",
}
_MENDED_FILES = (".txt", ".md", ".markdown")


def find(subject: Checked) -> Iterator[Finding]:
    made: dict[str, list[Mend]] = {}
    for mend in subject.mends:
        if mend.made:
            made.setdefault(mend.origin.path, []).append(mend)
        else:
            yield _left(mend)
    yield from map(_mended, made.values())


def _mended(mends: Sequence[Mend]) -> Finding:
    """Return one finding for a file: ten of them would hide the one that somebody must act on."""
    counts: Counter[str] = Counter()
    for mend in mends:
        counts[_NAME[mend.rule]] += mend.count
    first = min(mends, key=lambda mend: mend.origin.line)
    kinds = ", ".join(f"{name} {count}" for name, count in counts.most_common())
    total = counts.total()
    places = "1 place" if total == 1 else f"{total} places"
    is_text = first.origin.path.lower().endswith(_MENDED_FILES)
    return Finding(
        id=ID,
        severity="info",
        message=f"typography is mended in the mail in {places} ({kinds}), first: {first.excerpt}",
        file=first.origin.path,
        line=first.origin.line,
        block=first.block,
        fix="--fix shows and mends the file, front matter aside"
        if is_text
        else "nothing to do, unless the file itself is to be right",
    )


def _left(mend: Mend) -> Finding:
    times = f" ({mend.count} places)" if mend.count > 1 else ""
    return Finding(
        id=ID,
        severity="warning",
        message=f"typography goes out as written, {_WHAT[mend.rule]}{times}: {mend.excerpt}",
        file=mend.origin.path,
        line=mend.origin.line,
        block=mend.block,
        fix=f"mend them, or take typography.{mend.rule} = false out of newsletter.toml",
    )
