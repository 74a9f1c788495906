"""What makes Gmail drop a mail's `<style>`, and with it the phone layout: size, nesting, or its place in the body.

Gmail keeps about 16 KB of CSS; the element in which the limit is passed is dropped whole, and those after it
(hteumeuleu/email-bugs#90). An at-rule inside an at-rule drops its element too (hteumeuleu/caniemail#144).
"""

from __future__ import annotations

from collections.abc import Iterator

from newsletter.check.checked import Checked, Place
from newsletter.check.encoded_size import kilobytes
from newsletter.check.finding import Finding
from newsletter.check.stylesheet import Sheet, read_sheets

MAX_STYLE_BYTES = 16 * 1024


def find(subject: Checked) -> Iterator[Finding]:
    for html in subject.pages:
        sheets = read_sheets(html)
        size = sum(len(sheet.css.encode(errors="replace")) for sheet in sheets if sheet.in_head)
        if size > MAX_STYLE_BYTES:
            yield _finding(
                f"the style elements of the head hold {kilobytes(size)} of CSS; Gmail drops what passes "
                f"{kilobytes(MAX_STYLE_BYTES)}, a whole element at a time",
                "put rules that are written into the elements anyway into fewer words, and split mj-style in two",
            )
        for sheet in sheets:
            yield from _of_sheet(subject, sheet)


def _of_sheet(subject: Checked, sheet: Sheet) -> Iterator[Finding]:
    if not sheet.in_head:
        yield _finding("a <style> stands in the body, where Gmail drops it", "move it into mj-head, as mj-style")
    for rule in sheet.at_rules:
        if any(condition != sheet.media for condition in rule.media):
            around = next(condition for condition in rule.media if condition != sheet.media)
            yield _finding(
                f"@{rule.name} stands inside another at-rule ({around[:60]}): Gmail drops the whole style element",
                "write it beside the other one",
                _place(subject, f"@{rule.name}"),
            )


def _place(subject: Checked, word: str) -> Place:
    holders = [path for path, source in subject.mjml_sources.items() if word in source]
    return Place(file=holders[0]) if len(holders) == 1 else Place()


def _finding(message: str, fix: str, place: Place | None = None) -> Finding:
    return Finding(
        id="gmail_style",
        severity="warning",
        message=message,
        file=place.file if place else "",
        clients=("gmail",),
        fix=fix,
    )
