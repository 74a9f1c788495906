from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.bench.extract import Report, measure, run
from newsletter.content.trust import MEASURED, is_trusted
from newsletter.errors import InputError

ITEMS = Path(__file__).parents[1] / "data" / "items"


@pytest.fixture(scope="module")
def report() -> Report:
    return measure(ITEMS)


def test_the_table_of_trust_is_what_the_measurement_says(report: Report) -> None:
    measured = {name: (score.right, score.found) for name, score in report.rules.items()}
    for rule in measured.keys() | MEASURED.keys():
        assert is_trusted(*MEASURED.get(rule, (0, 0))) == is_trusted(*measured.get(rule, (0, 0))), rule


def test_every_field_keeps_its_precision_and_recall(report: Report) -> None:
    for name, score in report.fields.items():
        assert score.precision >= 0.9, (name, score.wrong)
        assert score.recall >= 0.9, (name, score.missed)


def test_ten_items_are_measured(report: Report) -> None:
    assert report.items == 10


def test_the_report_is_text_and_json(report: Report) -> None:
    assert "precision" in run(ITEMS)
    assert json.loads(json.dumps(report.as_json()))["fields"]["figures"]["wanted"] == report.fields["figures"].wanted


def test_a_wrong_and_a_missed_fact_are_counted_and_named(tmp_path: Path) -> None:
    (tmp_path / "01-a.txt").write_text("Завод открыт.\n\nСоздано 240 рабочих мест.", encoding="utf-8")
    (tmp_path / "01-a.toml").write_text(
        '[item]\ntitle = ""\nlead_begins = "Завод"\nclosing_begins = ""\n'
        '[[figures]]\ntext = "5 млн рублей"\nkind = "amount"\nvalue = "5000000"\n[places]\n"Азия" = ["Китай"]\n',
        encoding="utf-8",
    )
    found = measure(tmp_path)
    assert (found.fields["figures"].precision, found.fields["figures"].recall) == (0.0, 0.0)
    assert found.fields["places"].recall == 0.0
    assert "wrong figures: 01-a: 240 рабочих мест" in str(found)
    assert "missed figures: 01-a: 5 млн рублей" in str(found)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled items"):
        measure(tmp_path)
