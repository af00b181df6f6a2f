"""What charts are made of: rows of plain values, axes, texts; and the simple panels that several reports draw.

Every mark carries its Italian label, which the page shows as a tooltip.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import altair as alt
from babel.dates import format_date

from analisi.presentation import theme

Panel = tuple[str, dict[str, Any]]
Rows = list[dict[str, Any]]


class Shared(alt.Data):
    """Data that altair neither copies nor converts: rows are plain values, which nobody changes."""

    def __deepcopy__(self, memo: dict[int, Any]) -> Shared:
        return self

    def to_dict(self, **_: Any) -> dict[str, Any]:
        return {"values": self.values}


def rows_of(rows: Rows) -> alt.Data:
    """Plain rows as the data of a chart: embedded as they are."""
    return Shared(values=rows)


def names_axis(names: Sequence[str]) -> alt.Y:
    """Vertical axis of the field `nome`, in the order given."""
    return alt.Y(field="nome", type="nominal", sort=list(names), title=None, scale=alt.Scale(domain=list(names)))


def number_axis(field: str, title: str | None, **scale: Any) -> alt.X:
    """Horizontal axis of a field, with a few ticks; `scale` may give its domain."""
    axis = alt.Axis(tickCount=4, title=title, grid=True)
    return alt.X(field=field, type="quantitative", axis=axis, scale=alt.Scale(nice=False, **scale))


def quantitative(field: str) -> alt.X:
    """A field on the horizontal axis that another layer describes."""
    return alt.X(field=field, type="quantitative")


def as_is(field: str, channel: type[alt.Color] | type[alt.Stroke] | type[alt.Shape] = alt.Color) -> Any:
    """A field that holds the colour (or shape) itself."""
    return channel(field=field, type="nominal", scale=None)


def described() -> alt.Description:
    """The Italian label of the mark."""
    return alt.Description(field="etichetta", type="nominal")


def text_layer(rows: Rows, field: str, y: alt.Y, **mark: Any) -> alt.Chart:
    """The texts of the field `testo`, at a place of each name."""
    encoding = alt.Chart(rows_of(rows)).mark_text(aria=False, **mark)
    return encoding.encode(x=quantitative(field), y=y, text=alt.Text(field="testo", type="nominal"))


def bounds_around_zero(values: Sequence[float | None], margin: float = 0.3) -> list[float]:
    """Bounds of an axis around zero, with room for the numbers at the ends of the bars."""
    known = [value for value in values if value is not None] or [0.0]
    low, high = min(0.0, *known), max(0.0, *known)
    room = margin * ((high - low) or 1)
    return [low - room if low < 0 else 0.0, high + room if high > 0 or low == 0 else 0.0]


def series_colours(series: Sequence[tuple[str, str]], columns: int) -> alt.Color:
    """Colour by `serie` with a legend above the plot, for (label, colour) in order."""
    legend = alt.Legend(
        orient="top", title=None, columns=columns, symbolType="square", symbolSize=130, symbolOpacity=1, symbolStrokeWidth=1,
        symbolStrokeColor=theme.GREY, labelFontSize=13, labelColor=theme.INK, columnPadding=12, rowPadding=3, offset=6, aria=False,
    )  # fmt: skip
    scale = alt.Scale(domain=[name for name, _ in series], range=[colour for _, colour in series])
    return alt.Color(field="serie", type="nominal", scale=scale, legend=legend)


def percent_axis(field: str, title: str | None) -> alt.Y:
    """Vertical axis from 0 to 100."""
    axis = alt.Axis(title=title, values=[0, 25, 50, 75, 100], grid=True, labelBound=False)
    return alt.Y(field=field, type="quantitative", axis=axis, scale=alt.Scale(domain=[0, 100], nice=False))


def text_at(rows: Rows, x: alt.X, y: alt.Y, **mark: Any) -> alt.Chart:
    """The texts of the field `testo`, at points of the plane."""
    return alt.Chart(rows_of(rows)).mark_text(aria=False, **mark).encode(x=x, y=y, text=alt.Text(field="testo", type="nominal"))


def tile_map(rows: Rows, columns: int, lines: int) -> dict[str, Any]:
    """The drawing of a tile map: each row a provincia with its place, sigla, text, tint, edge and label."""
    x = alt.X(field="x", type="quantitative", axis=None, scale=alt.Scale(domain=[0, columns], nice=False))
    y = alt.Y(field="y", type="quantitative", axis=None, scale=alt.Scale(domain=[lines, 0], nice=False))
    base = alt.Chart(rows_of(rows))
    boxes = base.mark_rect(strokeWidth=2, cornerRadius=6).encode(
        x=x, x2=alt.X2(field="x1"), y=y, y2=alt.Y2(field="y1"), description=described(),
        color=as_is("colore"), stroke=as_is("bordo", alt.Stroke),
    )  # fmt: skip
    place = {"x": quantitative("cx"), "y": alt.Y(field="cy", type="quantitative")}
    names = base.mark_text(dy=-9, fontWeight="bold", aria=False).encode(**place, text=alt.Text(field="sigla", type="nominal"))
    values = base.mark_text(dy=9, aria=False).encode(**place, text=alt.Text(field="testo", type="nominal"))
    return theme.spec(alt.layer(boxes, names, values), 0, extra=int(lines * theme.WIDTH / columns * 0.8) - 2 * theme.ROW_HEIGHT)


def bars(rows: Rows, title: str | None, *, colour: str = theme.BLUE, margin: float = 0.3) -> dict[str, Any]:
    """Horizontal bars, one a row, in the order given: nome, valore (None draws no bar), testo at its end, etichetta.

    Rows may have a `colore` of their own.
    """
    shown = [{"colore": colour, **row, "valore": row["valore"] or 0} for row in rows]
    y = names_axis([row["nome"] for row in shown])
    x = number_axis("valore", title, domain=bounds_around_zero([row["valore"] for row in shown], margin))
    drawn = alt.Chart(rows_of([row for row in shown if row["valore"]])).mark_bar(size=16)
    drawn = drawn.encode(x=x, y=y, color=as_is("colore"), description=described())
    return theme.spec(alt.layer(drawn, text_layer(shown, "valore", y, align="left", dx=4)), len(shown), extra=52 if title else 36)


def stacked(rows: Rows, title: str, colours: Sequence[tuple[str, str]], *, columns: int = 2, whole: float | None = None) -> dict[str, Any]:
    """Horizontal bars made of series: nome, serie, valore, etichetta, in order; a bar ends with the text `fine`, if one of its rows has it.

    Args:
        colours: (serie, colour) in the order of the legend.
        whole: where the axis ends (100 for shares); without it, at the longest bar.
    """
    starts: dict[str, float] = {}
    drawn, ends = [], {}
    for row in rows:
        start = starts.get(row["nome"], 0.0)
        starts[row["nome"]] = start + (row["valore"] or 0)
        if row["valore"]:
            drawn.append(row | {"da": start, "a": starts[row["nome"]]})
        if row.get("fine"):
            ends[row["nome"]] = row["fine"]
    names = list(starts)
    top = whole or (max(starts.values(), default=0) or 1) * 1.2
    y = names_axis(names)
    parts = alt.Chart(rows_of(drawn)).mark_bar(size=17, stroke="white", strokeWidth=0.7).encode(
        x=number_axis("da", title, domain=[0, top]), x2=alt.X2(field="a"), y=y, description=described(),
        color=series_colours(colours, columns),
    )  # fmt: skip
    texts = text_layer([{"nome": name, "a": starts[name], "testo": text} for name, text in ends.items()], "a", y, align="left", dx=4)
    lines = -(-len(colours) // columns)
    return theme.spec(alt.layer(parts, texts), len(names), extra=52 + 22 * lines)


def spans(rows: Rows, first: date, last: date, *, marks: Sequence[date] = (), colours: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """Horizontal bars over time: nome, da and a (days; `a` None goes on beyond the axis), serie, etichetta; bars are cut at the axis.

    Args:
        first, last: the days where the axis begins and ends.
        marks: days where a vertical line crosses the picture.
        colours: (serie, colour) in the order of the legend.
    """

    def place(day: date) -> int:
        return (min(max(day, first), last) - first).days

    drawn = [
        {k: v for k, v in row.items() if k not in ("da", "a")}
        | {"da": place(row["da"]), "a": place(row["a"] or last) + (row["a"] is not None)}
        for row in rows
    ]
    ticks, labels = _months(first, last)
    axis = alt.Axis(values=ticks, labelExpr=f"{labels}[datum.value]", title=None, grid=True, labelBound=False)
    x = alt.X(field="da", type="quantitative", axis=axis, scale=alt.Scale(domain=[0, (last - first).days + 1], nice=False))
    y = names_axis(list(dict.fromkeys(row["nome"] for row in rows)))
    bars_ = (
        alt.Chart(rows_of(drawn))
        .mark_bar(size=13, cornerRadius=2)
        .encode(x=x, x2=alt.X2(field="a"), y=y, color=series_colours(colours, 2), description=described())
    )
    lines = alt.Chart(rows_of([{"da": place(day)} for day in marks]))
    rule = lines.mark_rule(color=theme.INK, strokeDash=[4, 3], aria=False).encode(x=quantitative("da"))
    many = len({row["nome"] for row in rows})
    return theme.spec(alt.layer(bars_, rule), many, extra=52 + 22 * -(-len(colours) // 2))


def _months(first: date, last: date) -> tuple[list[int], dict[int, list[str] | str]]:
    """Ticks on the first days of months, at most seven, and what is written under each: the month, and the year where it changes."""
    days = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in range(1, 13)]
    days = [day for day in days if first <= day <= last]
    days = days[:: -(-len(days) // 7)] if days else []
    labels, year = {}, None
    for day in days:
        word = format_date(day, "MMM", locale="it_IT")
        labels[(day - first).days] = word if day.year == year else [word, str(day.year)]
        year = day.year
    return list(labels), labels
