"""Predictions in columns, whatever the labels of a user's data are called."""

import pytest

from spinn.cli.support.output_formats import format_tsv, tsv_columns, tsv_header


@pytest.mark.parametrize("name", ["label", "error", "id", "probabilities", "a\tb"])
def test_a_label_named_like_a_column_has_one_of_its_own(name: str) -> None:
    outputs = {"label": "other", "probabilities": {name: 0.25, "other": 0.75}}
    columns = list(tsv_columns(outputs))
    header = tsv_header(columns).split("\t")
    row = format_tsv({"line": 1, **outputs}, list(outputs), columns).split("\t")
    assert len({*header}) == len(header) == len(row) == 8
    assert row[2:5] == ["other", "0.25", "0.75"]
    assert header[2] == "label"
    assert header[4] == "other"


def test_other_labels_name_their_columns() -> None:
    columns = tsv_columns({"label": "a", "probabilities": {"a": 0.5, "b": 0.5}})
    assert tsv_header(list(columns)) == "line\tid\tlabel\ta\tb\tunknown_share\terror\twarnings"
