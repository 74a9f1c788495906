"""What travels: the header fields in plain words, the size against Gmail's limit, and the message byte for byte."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from email.utils import parsedate_to_datetime
from urllib.parse import urlencode

from newsletter.check.encoded_size import MAX_ENCODED_BYTES, NEAR_ENCODED_BYTES, encoded_bytes
from newsletter.web.languages import Words, catalogue
from newsletter.web.moments import shown_moment
from newsletter.web.raw_message import Field, fields_of, pieces_of
from newsletter.web.view import View


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """A header field, with its name and meaning in the page's language; both "" where an editor need not care."""

    field: Field
    label: str
    meaning: str


def make(view: View) -> Mapping[str, object]:
    data = view.specimen.message.data
    html, text = len(view.specimen.html.encode()), len(view.specimen.text.encode())
    shown = {key: view.asked[key] for key in ("as", "variant") if view.asked.get(key)}
    return {
        "fields": tuple(_explained(_dated(field, view), view.words) for field in fields_of(data)),
        "pieces": pieces_of(data),
        "total": kilobytes(len(data), view.words),
        "total_bytes": len(data),
        "html": kilobytes(html, view.words),
        "text": kilobytes(text, view.words),
        "encoded": encoded_bytes(html),
        "encoded_shown": kilobytes(encoded_bytes(html), view.words),
        "limit": MAX_ENCODED_BYTES,
        "near": NEAR_ENCODED_BYTES,
        "limit_shown": MAX_ENCODED_BYTES // 1024,
        "share": round(100 * encoded_bytes(html) / MAX_ENCODED_BYTES),
        "is_signed": bool(view.showing.settings.dkim.domain),
        "download": f"{view.base}/message.eml" + (f"?{urlencode(shown)}" if shown else ""),
        "mail_lang": view.showing.result.issue.lang,
    }


def _dated(field: Field, view: View) -> Field:
    """Return Date as people read it."""
    if field.name != "Date":
        return field
    zone = view.desk.premises.clock().tzinfo
    return replace(field, value=shown_moment(parsedate_to_datetime(field.value), zone, view.words.language))


def _explained(field: Field, words: Words) -> Explained:
    key = f"wire.of_{field.name.lower().replace('-', '_')}"
    known = catalogue()
    return Explained(
        field=field,
        label=words(key) if key in known else "",
        meaning=words(f"{key}_means") if f"{key}_means" in known else "",
    )


def kilobytes(count: int, words: Words) -> str:
    """Return a size as people read it: "12,3 КБ"."""
    number = f"{count / 1024:.1f}"
    return words("wire.kilobytes", number=number.replace(".", ",") if words.language == "ru" else number)
