from __future__ import annotations

import json
from pathlib import Path

import pytest

from newsletter.bench.extract import Report, measure, measure_by, run
from newsletter.content.trust import MEASURED, is_proposal
from newsletter.errors import InputError
from newsletter.language.recogniser import available, rules_alone

DATA = Path(__file__).parents[1] / "data"
ITEMS, UNSEEN = DATA / "items", DATA / "unseen"
SETS = (ITEMS, UNSEEN, DATA / "unseen2", DATA / "varied")
needs_models = pytest.mark.skipif(not available(), reason="needs the extra ru")


@pytest.fixture(scope="module")
def report() -> Report:
    return measure(*SETS)


@pytest.fixture(scope="module")
def alone() -> Report:
    return measure(*SETS, models=False)


@needs_models
def test_the_table_of_trust_is_what_the_measurement_of_all_sets_says(report: Report) -> None:
    assert {name: (score.right, score.found) for name, score in report.rules.items()} == MEASURED


def test_no_trusted_rule_is_worse_where_the_models_are_not_installed(alone: Report) -> None:
    for name, score in alone.rules.items():
        assert is_proposal(name) or score.precision >= 0.9, (name, score.wrong)


@needs_models
def test_with_the_models_no_field_scores_below_the_rules_alone(report: Report, alone: Report) -> None:
    for name, score in report.fields.items():
        assert score.precision >= alone.fields[name].precision, (name, score.wrong)
        assert score.recall >= alone.fields[name].recall, (name, score.missed)


@needs_models
def test_the_goals_hold_on_all_forty_items(report: Report) -> None:
    for name, precision, recall in (
        ("quotes", 0.95, 0.9),
        ("speaker", 0.95, 0.9),
        ("figures", 0.95, 0.9),
        ("places", 0.95, 0.95),
    ):
        score = report.fields[name]
        assert score.precision >= precision, (name, score.wrong)
        assert score.recall >= recall, (name, score.missed)


def test_no_rule_below_nine_in_ten_or_seldom_seen_is_trusted(report: Report) -> None:
    for name, score in report.rules.items():
        assert is_proposal(name) or (score.found >= 3 and score.precision >= 0.9), name
    assert is_proposal("figure-scaled")


@pytest.mark.parametrize("folder", [ITEMS, UNSEEN])
def test_every_field_keeps_its_precision_and_recall(folder: Path) -> None:
    for name, score in measure(folder).fields.items():
        assert score.precision >= 0.9, (name, score.wrong)
        assert score.recall >= 0.9, (name, score.missed)


def test_several_sets_are_measured_as_one(report: Report) -> None:
    assert report.items == sum(measure(folder).items for folder in SETS) == 40


@needs_models
def test_rules_and_models_stand_beside_each_other() -> None:
    assert list(measure_by(ITEMS, by="both")) == ["rules", "models"]
    assert list(measure_by(ITEMS, by="rules")) == ["rules"]
    assert "rules alone: precision" in run(ITEMS)
    with rules_alone():
        assert list(measure_by(ITEMS, by="both")) == ["rules"]
        with pytest.raises(InputError, match="not installed"):
            measure_by(ITEMS, by="models")


def test_the_other_value_of_a_change_is_found_where_a_figure_tells_it(tmp_path: Path) -> None:
    text, label = (
        "Доля выросла с 31 до 38%.",
        'text = "38%"\nkind = "share"\nvalue = "0.38"\n[[figures]]\ntext = "31"\n',
    )
    found = labelled(tmp_path, text, label + 'kind = "share"\nvalue = "0.31"\ncompared = true')
    assert (found.fields["figures"].right, found.fields["figures"].wanted) == (2, 2)


def test_named_people_and_organisations_are_measured_where_a_label_has_them(tmp_path: Path) -> None:
    (tmp_path / "01-a.txt").write_text("Цех.\n\nПётр Ильин открыл завод «Вектор».", encoding="utf-8")
    head = '[item]\ntitle = ""\nlead_begins = "Цех"\nclosing_begins = ""\n'
    (tmp_path / "01-a.toml").write_text(
        'people = ["Анна Белова"]\norganisations = ["«Вектор»"]\n' + head, encoding="utf-8"
    )
    found = measure(tmp_path, models=False).fields
    assert (found["people"].right, found["people"].found, found["organisations"].right) == (0, 1, 1)


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


@pytest.mark.parametrize(
    ("label", "right"),
    [
        ('kind = "amount"\nvalue = "5000000"\nbound = "more"', 1),
        ('kind = "amount"\nvalue = "5000000"', 0),
        ('kind = "amount"\nvalue = "6000000"\nbound = "more"', 0),
        ('kind = "count"\nvalue = "5000000"\nbound = "more"', 0),
    ],
)
def test_a_figure_is_right_only_with_its_value_and_bound(tmp_path: Path, label: str, right: int) -> None:
    found = labelled(tmp_path, "Вложено более 5 млн рублей.", f'text = "более 5 млн рублей"\n{label}')
    assert found.rules["figure-money"].right == right


@pytest.mark.parametrize(("upper", "right"), [('\nupper = "60000"', 1), ('\nupper = "50000"', 0), ("", 0)])
def test_a_range_is_right_only_with_both_ends(tmp_path: Path, upper: str, right: int) -> None:
    label = f'text = "от 40 до 60 тыс. тонн"\nkind = "amount"\nvalue = "40000"{upper}'
    found = labelled(tmp_path, "Вывезут от 40 до 60 тыс. тонн.", label)
    assert found.rules["figure-measure"].right == right


def labelled(folder: Path, text: str, figure: str) -> Report:
    (folder / "01-a.txt").write_text(text, encoding="utf-8")
    head = '[item]\ntitle = ""\nlead_begins = ""\nclosing_begins = ""\n[[figures]]\n'
    (folder / "01-a.toml").write_text(head + figure, encoding="utf-8")
    return measure(folder)


def test_a_folder_without_labels_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no labelled items"):
        measure(tmp_path)
