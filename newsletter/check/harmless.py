"""What may fail without harm: features that some mail program lacks and whose lack costs nobody a word.

HARMLESS is the whole list, with the reason for each; docs/checks.md shows it to people. OUTLOOK_LIMITS says of what
Outlook on Windows supports by halves which uses fall into the other half.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from newsletter.check.html_features import Use

HARMLESS: Mapping[str, str] = {
    "css-at-media": "the letter stands as on a desktop, 600 pixels wide",
    "css-at-media-prefers-color-scheme": "the light palette stays, or the program darkens by itself",
    "css-border-radius": "corners are square",
    "css-box-shadow": "there is no shadow",
    "css-color-scheme": "the light palette stays, or the program darkens by itself",
    "css-cursor": "the pointer looks as it always does",
    "css-display": "columns stand in tables that only Outlook sees; flex and grid are features of their own",
    "css-font-weight": "500 is normal and 600 bold",
    "css-height": "a spacer is as high as its line, a picture has its attribute",
    "css-line-height": "lines stand a pixel or two off",
    "css-max-height": "it hides the preheader, which display:none and mso-hide hide too",
    "css-max-width": "widths come from tables that only Outlook sees, of pictures from their attribute",
    "css-opacity": "text shows at full strength; the preheader is hidden by display:none too",
    "css-outline": "there is no outline to take away",
    "css-overflow": "a wide table widens the letter and does not scroll",
    "css-overflow-wrap": "a very long word may widen its cell",
    "css-pseudo-class-hover": "nothing changes under the pointer",
    "css-table-layout": "columns are as wide as their words",
    "css-text-decoration-color": "the line has the text's colour",
    "css-text-decoration-thickness": "the line is as thick as usual",
    "css-text-underline-offset": "the line stands where it usually does",
    "css-text-wrap": "lines break as they come",
    "css-white-space": "a line may break where it should not",
    "css-word-break": "a very long word may widen its cell",
    "css-word-spacing": "words stand as far apart as usual",
    "css-word-wrap": "a very long word may widen its cell",
    "html-aria-hidden": "a sign is read out that says nothing",
    "html-aria-label": "the text itself is read out",
    "html-body": "the body becomes a div; the first element has its ground and language too",
    "html-doctype": "the program has one way of showing a page, with or without it",
    "html-meta-color-scheme": "the light palette stays, or the program darkens by itself",
    "html-style": "looks are written into the elements; the phone layout goes",
    "html-target": "links open where the program likes",
}

_BOXES = frozenset({"", "td", "th", "table", "ul", "ol", "li", "caption", "blockquote"})


def _numbers(value: str) -> list[float]:
    return [float(number) for number in re.findall(r"-?\d*\.?\d+", value)]


def _is_zero(value: str) -> bool:
    return not any(_numbers(value))


def _border_fails(use: Use) -> bool:
    sizes = [float(size) for size in re.findall(r"(\d*\.?\d+)px", use.value)]
    drawn = bool(re.search(r"solid|dashed|dotted|double", use.value))
    return max(sizes, default=0) > 8 or (drawn and use.tag in ("p", "div"))


def _margin_fails(use: Use) -> bool:
    if min(_numbers(use.value), default=0) < 0:
        return True
    centred = "auto" in use.value and use.tag not in ("", "div", "table")
    return centred or (use.tag == "span" and not _is_zero(use.value))


def _padding_fails(use: Use) -> bool:
    is_button = "mso-padding-alt" in use.attributes.get("style", "")
    return use.tag not in _BOXES and not is_button and not _is_zero(use.value)


def _width_fails(use: Use) -> bool:
    if use.tag == "img":
        return not use.attributes.get("width", "").removesuffix("px").isdecimal()
    return use.tag in ("body", "span", "div", "p") and use.value not in ("100%", "auto")


def _is_share_of_picture(use: Use) -> bool:
    return use.tag == "img" and "%" in use.value


# Of each feature that Outlook on Windows supports by halves, and that is not in HARMLESS: whether this use fails.
# What is not named here fails.
OUTLOOK_LIMITS: Mapping[str, Callable[[Use], bool]] = {
    "css-background": lambda use: bool(re.search(r"url\(|gradient\(", use.value)),
    "css-border": _border_fails,
    "css-display-none": lambda use: use.tag == "img",
    "css-font-size": lambda use: "rem" in use.value,
    "css-important": lambda use: use.tag != "",  # in a style attribute the declaration is lost
    "css-letter-spacing": lambda use: "em" in use.value or min(_numbers(use.value), default=0) < -2,
    "css-list-style": lambda use: bool(re.search(r"url\(|inside|outside", use.value)),
    "css-margin": _margin_fails,
    "css-padding": _padding_fails,
    "css-rgb": lambda use: not re.search(r"rgb\(\s*[\d.]+%?\s*,\s*[\d.]+%?\s*,\s*[\d.]+%?\s*\)", use.value),
    "css-text-align": lambda use: bool(re.search(r"\b(?:start|end|match-parent)\b", use.value)),
    "css-text-decoration": lambda use: "overline" in use.value or len(use.value.split()) > 1,
    "css-text-transform": lambda use: "lowercase" in use.value,
    "css-width": _width_fails,
    "html-aria-live": lambda use: False,  # nothing in a mail changes
    "html-background": lambda use: use.tag != "body",
    "html-dir": lambda use: use.tag == "a",
    "html-height": _is_share_of_picture,
    "html-lists": lambda use: "reversed" in use.attributes,
    "html-width": _is_share_of_picture,
}
