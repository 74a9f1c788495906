"""Checks: what is wrong with an issue before anybody gets it.

CHECKS is the whole list, in the order in which findings of equal weight are shown: what is wrong in a template stands
before what follows from it, such as contrast. A check is a function from
`Checked` to findings of the id it stands under; docs/checks.md says of each what it means, why, and how to mend it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from newsletter.check import (
    active_content,
    client_support,
    contrast,
    control_characters,
    css_unknown_property,
    encoded_size,
    gmail_style,
    headings,
    html_size,
    image_format,
    image_only,
    image_size,
    image_source,
    insecure_link,
    link_host,
    link_target,
    link_text,
    missing_alt,
    missing_mark,
    missing_word,
    mixed_letters,
    mjml_bad_value,
    mjml_close_tag,
    mjml_ignored_attribute,
    mjml_nesting,
    mjml_unknown_attribute,
    mjml_unknown_class,
    mjml_unknown_element,
    no_date,
    no_preheader,
    placeholder_link,
    poor_alt,
    preheader_cut,
    preheader_repeats,
    proposed_fact,
    slot_without_fallback,
    subject_cut,
    subject_shouts,
    title_proposed,
    typography,
    unbalanced_quotes,
    unsubscribe_link,
    waiver,
)
from newsletter.check.checked import Checked
from newsletter.check.finding import SEVERITIES, Finding, Report, Severity
from newsletter.errors import GateError

__all__ = ["CHECKS", "IDS", "Checked", "Finding", "Report", "Severity", "gate", "run_checks"]

CHECKS: Mapping[str, Callable[[Checked], Iterable[Finding]]] = {
    "unsubscribe_link": unsubscribe_link.find,
    "active_content": active_content.find,
    "mjml_unknown_element": mjml_unknown_element.find,
    "mjml_nesting": mjml_nesting.find,
    "mjml_close_tag": mjml_close_tag.find,
    "mjml_unknown_attribute": mjml_unknown_attribute.find,
    "mjml_ignored_attribute": mjml_ignored_attribute.find,
    "mjml_bad_value": mjml_bad_value.find,
    "mjml_unknown_class": mjml_unknown_class.find,
    "css_unknown_property": css_unknown_property.find,
    "missing_word": missing_word.find,
    "slot_without_fallback": slot_without_fallback.find,
    "encoded_size": encoded_size.find,
    "html_size": html_size.find,
    "gmail_style": gmail_style.find,
    "control_characters": control_characters.find,
    "title_proposed": title_proposed.find,
    "no_preheader": no_preheader.find,
    "subject_cut": subject_cut.find,
    "subject_shouts": subject_shouts.find,
    "preheader_cut": preheader_cut.find,
    "preheader_repeats": preheader_repeats.find,
    "no_date": no_date.find,
    "proposed_fact": proposed_fact.find,
    "mixed_letters": mixed_letters.find,
    "unbalanced_quotes": unbalanced_quotes.find,
    "typography": typography.find,
    "missing_alt": missing_alt.find,
    "poor_alt": poor_alt.find,
    "image_source": image_source.find,
    "image_format": image_format.find,
    "image_size": image_size.find,
    "image_only": image_only.find,
    "headings": headings.find,
    "contrast": contrast.find,
    "client_support": client_support.find,
    "placeholder_link": placeholder_link.find,
    "insecure_link": insecure_link.find,
    "link_target": link_target.find,
    "link_host": link_host.find,
    "link_text": link_text.find,
    "missing_mark": missing_mark.find,
}

IDS: tuple[str, ...] = (*CHECKS, waiver.ID)

_NAMED_ERRORS = 3  # a refusal is one line; `check` shows the rest


def run_checks(subject: Checked) -> Report:
    """Run every check. Equal findings (of several variants, or of a macro used twice) are reported once."""
    found = [finding for check in CHECKS.values() for finding in check(subject)]
    found += waiver.find_bad_waivers(subject, CHECKS)
    findings = sorted(waiver.waive(dict.fromkeys(found), subject), key=lambda one: SEVERITIES.index(one.severity))
    return Report(findings=tuple(findings))


def gate(report: Report, *, strict: bool = False) -> None:
    """Refuse an issue with unwaived errors, with `strict` warnings too. Raises GateError (exit 3) naming the first."""
    stops = ("error", "warning") if strict else ("error",)
    stopping = [finding for finding in report.findings if finding.severity in stops and not finding.waived]
    if not stopping:
        return
    first = stopping[0]
    named = "; ".join(f"{finding.message} [{finding.id}]" for finding in stopping[:_NAMED_ERRORS])
    more = f"; and {len(stopping) - _NAMED_ERRORS} more" if len(stopping) > _NAMED_ERRORS else ""
    raise GateError(
        f"the checks refuse this issue: {named}{more}",
        path=first.file,
        line=first.line,
        fix=f"{first.fix}, or waive it in front matter" if first.fix else "mend it, or waive it in front matter",
    )
