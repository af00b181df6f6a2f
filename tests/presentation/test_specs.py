"""Every chart of the reports against Vega-Lite's schema: altair checks nothing as reports are made (`theme.unchecked`)."""

import json

import altair as alt
import polars as pl
import pytest
from altair.utils.schemapi import SchemaValidationError, validate_jsonschema
from jsonschema import ValidationError

from analisi.presentation.blocks import MIME
from analisi.presentation.charts_pal import waiting_curves

SCHEMA = alt.load_schema()


def specs(folder):
    """Title and spec of every panel in the executed notebook of a report."""
    (notebook,) = folder.glob("*.ipynb")
    outputs = [output for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"] for output in cell.get("outputs", [])]
    blocks = [output["data"][MIME] for output in outputs if MIME in output.get("data", {})]
    return [(panel["titolo"], panel["spec"]) for block in blocks for panel in block.get("pannelli", [])]


@pytest.mark.parametrize(
    ("made", "panels"),
    [
        ("report", 22),
        ("region_report", 22),
        ("single_report", 18),
        ("pal_report", 11),
        ("bimestrale_report", 11),
        ("complessi_report", 5),
        ("misure_report", 9),
        ("scenario_report", 6),
    ],
)
def test_every_spec_of_a_report_is_valid(made, panels, request):
    found = specs(request.getfixturevalue(made))
    assert len(found) == panels
    for _, spec in found:
        validate_jsonschema(spec, SCHEMA)


def test_a_spec_with_an_unknown_property_is_not_valid(report):
    _, spec = specs(report)[0]
    spec["layer"][0]["mark"]["colour"] = "red"
    with pytest.raises(ValidationError):
        validate_jsonschema(spec, SCHEMA)


def test_altair_checks_again_after_our_charts_are_drawn():
    waiting_curves(pl.DataFrame())
    with pytest.raises(SchemaValidationError):
        alt.Scale(nice="sometimes", domain=3)
