"""Who approves the mail, what they said, and what is still to be talked about."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from newsletter.check import Finding
from newsletter.content.item import NewsItem
from newsletter.decision import MAX_NAME, MAX_NOTE, Comment, Decision, Verdict
from newsletter.errors import NewsletterError
from newsletter.render.compiled import fill
from newsletter.review.changes import changes
from newsletter.review.deciding import barred_authors, standing_of
from newsletter.review.record import record_folder
from newsletter.review.standing import State
from newsletter.store.database import reading
from newsletter.store.reviews import list_comments, list_decisions
from newsletter.store.subscribers import list_names
from newsletter.translation import catalogue, finding_name, sentence
from newsletter.web.languages import Words
from newsletter.web.manifest_words import inputs_in_words
from newsletter.web.moments import Moment, moment
from newsletter.web.places import Place, begin_of, find_place, words_of_block, words_of_openings
from newsletter.web.trial_mail import EVERYBODY
from newsletter.web.view import View

_WORDS_SHOWN = 60  # characters of a block in the list of places
_QUOTED_SHOWN = 120  # less than is kept, so that no word is shown that was cut there


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A decision for the page."""

    decision: Decision
    when: Moment
    is_rejection: bool
    is_current: bool  # about the mail on the page


@dataclass(frozen=True, slots=True, kw_only=True)
class Remark:
    """A comment for the page."""

    comment: Comment
    when: Moment
    resolved_when: Moment | None
    place: Place
    quoted: str
    item_title: str  # where the issue has several


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """A finding for the page."""

    name: str
    message: str
    reason: str  # why it was waived
    line: str  # "content/x.md:12", "" where no line is known


def make(view: View) -> Mapping[str, object]:
    desk, showing = view.desk, view.showing
    result, settings, now = showing.result, showing.settings, desk.premises.clock()
    language = view.words.language
    with reading(desk.premises.engine) as conn:
        standing = standing_of(conn, result, settings, list_name=result.issue.list_name)
        decisions = list_decisions(conn, result.issue.key)
        comments = list_comments(conn, result.issue.key)
        lists = list_names(conn)
    earlier = standing.earlier if standing.state in (State.CHANGED, State.MENDED) else None
    differing = changes(earlier.manifest, result.compilation.compiled.manifest) if earlier else ()
    findings = showing.report.findings if showing.report else ()
    remarks = [_remark(view, one) for one in reversed(comments)]
    return {
        "subject": fill(result.compilation.compiled.subject, view.specimen.values),
        "digest": showing.digest,
        "standing": standing,
        "changed": tuple(inputs_in_words(differing, view.words, {})),
        "list_name": result.issue.list_name,
        "lists": lists,
        "authors": barred_authors(result.issue, settings),
        "is_authorless": settings.review.separate_author and not result.issue.authors,
        "is_broken": desk.fault is not None,
        "is_checked": showing.report is not None,
        "errors": [_told(one, language) for one in findings if one.severity == "error" and not one.waived],
        "warnings": [_told(one, language) for one in findings if one.severity == "warning" and not one.waived],
        "waived": [_told(one, language) for one in findings if one.waived],
        "history": [
            Said(
                decision=one,
                when=moment(one.at, now, view.words),
                is_rejection=one.verdict is Verdict.REJECTED,
                is_current=one.digest == showing.digest,
            )
            for one in reversed(decisions)
        ],
        "records": desk.premises.workspace.shown(record_folder(desk.paths)) if decisions else "",
        "open": [one for one in remarks if one.comment.is_open],
        "resolved": [one for one in remarks if not one.comment.is_open],
        "places": list(_places(result.issue.items, view.words)),
        "trials": settings.review.test_addresses,
        "everybody": EVERYBODY,
        "lacking": _lacking(view),
        "has_pictures": bool(result.pictures),
        "max_name": MAX_NAME,
        "max_note": MAX_NOTE,
    }


def _told(finding: Finding, language: str) -> Told:
    return Told(
        name=finding_name(finding.id, language),
        message=sentence(catalogue(language).translate(finding.message)),
        reason=finding.waived,
        line=f"{finding.file}:{finding.line}" if finding.file and finding.line else "",
    )


def _remark(view: View, comment: Comment) -> Remark:
    now = view.desk.premises.clock()
    items = view.showing.result.issue.items
    titles = {item.origin.path: item.title for item in items} if len(items) > 1 else {}
    return Remark(
        comment=comment,
        when=moment(comment.at, now, view.words),
        resolved_when=moment(comment.resolved_at, now, view.words) if comment.resolved_at else None,
        place=find_place(comment, items),
        quoted=begin_of(comment.quoted, _QUOTED_SHOWN),
        item_title=titles.get(comment.item, ""),
    )


def _places(items: Sequence[NewsItem], words: Words) -> Iterator[tuple[str, str]]:
    """Yield what a comment may be about: the page's word for it, and how people call it."""
    for number, item in enumerate(items):
        if len(items) > 1:
            yield f"{number}.", words("review.whole_item", title=begin_of(item.title, _WORDS_SHOWN))
        for name, said in words_of_openings(item).items():
            yield f"{number}.{name}", words(f"review.place_{name}", words=begin_of(said, _WORDS_SHOWN))
        for index, block in enumerate(item.blocks):
            yield f"{number}.{index}", begin_of(words_of_block(block), _WORDS_SHOWN) or words("review.place_picture")


def _lacking(view: View) -> tuple[str, ...]:
    """Return the settings without which no trial can be mailed; those of the showing mail are filled in by us."""
    try:
        settings = view.desk.premises.load_settings()
    except NewsletterError:
        return ()  # the page says what is wrong with the settings
    named: Iterable[str] = (*settings.missing(), *(() if settings.smtp.url else ("smtp.url",)))
    return tuple(named)
