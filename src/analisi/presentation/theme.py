"""Colours and chart settings of every report: one place, so that pages look alike."""

from __future__ import annotations

from typing import Any

import altair as alt
from altair.utils import schemapi

# Six colours, each at least 3.4:1 on white and told apart in every common colour-vision deficiency.
BLUE, ORANGE, VIOLET, GREY, GREEN, WINE = "#0066CC", "#F15828", "#4A2264", "#8B8B8B", "#023F00", "#86455A"
INK, LINE = "#1A1A2E", "#D5DAE1"
UP, DOWN, BEFORE = BLUE, ORANGE, GREY
WIDTH = 360  # pixels of a panel as drawn: readable when a phone shrinks it to 288
ROW_HEIGHT = 25
_FONT = "Liberation Sans"  # vl-convert carries it, so that texts measure the same everywhere; as wide as Arial

_CONFIG = {
    "font": _FONT,
    "background": "transparent",
    "view": {"stroke": None},
    "axis": {
        "labelFontSize": 13, "labelBound": True, "labelColor": INK, "titleFontSize": 13, "titleFontWeight": "normal", "titleColor": INK,
        "domain": False, "ticks": False, "gridColor": LINE, "labelPadding": 5, "labelLimit": 170,
    },
    "axisY": {"grid": False},
    "text": {"fontSize": 13, "color": INK},
}  # fmt: skip

# Decorates a function that draws: altair checks no object as it is made. Tests check the specs of the reports, whole.
unchecked = schemapi.debug_mode(False)


def spec(chart: alt.LayerChart | alt.Chart, rows: int, extra: int = 36) -> dict[str, Any]:
    """Vega-Lite of a panel of fixed width, as high as its rows (a few rows stand wider apart) and `extra` pixels for the axis."""
    height = max(rows, 2) * ROW_HEIGHT * (2 if 0 < rows < 5 else 1) + extra
    size = {"width": WIDTH, "height": height, "autosize": {"type": "fit", "contains": "padding"}}
    return chart.to_dict(validate=False) | size | {"config": _CONFIG, "padding": 2}
