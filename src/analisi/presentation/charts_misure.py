"""Charts of the measures, each a list of panels (title, spec) on frames that are already aggregated; every mark carries its Italian label."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import altair as alt

from analisi.presentation import theme
from analisi.presentation.formats import number
from analisi.presentation.marks import (
    Panel,
    Rows,
    bars,
    described,
    names_axis,
    quantitative,
    rows_of,
    stacked,
    text_layer,
)

STATI = {  # stato: (words, colour)
    "PRESENTATA": ("presentata", "#D0E4F8"),
    "AMMESSA": ("ammessa", "#9CC7F1"),
    "AVVIATA": ("avviata", "#549BE0"),
    "CONCLUSA": ("conclusa", "#00498F"),
    "RINUNCIA": ("rinuncia", "#C9C9C9"),
    "DECADUTA": ("decaduta", theme.GREY),
}
INTERVAL = "#9CC7F1"


def percent(share: float | None, missing: str = "n.c.") -> str:
    """A share (0-1) as a percentage.

    >>> percent(0.137), percent(None)
    ('13,7%', 'n.c.')
    """
    return missing if share is None else number(100 * share, "pct")


@theme.unchecked
def states(rows: Rows) -> list[Panel]:
    """Applications of each bando by state; the number at the end is of all. Rows: bando, stato, domande, totale."""
    drawn = [
        {"nome": r["bando"], "serie": STATI[r["stato"]][0], "valore": r["domande"], "fine": number(r["totale"]),
         "etichetta": f"{r['bando']}, {STATI[r['stato']][0]}: {number(r['domande'])} su {number(r['totale'])}"}
        for r in rows
    ]  # fmt: skip
    return [("", stacked(drawn, "domande", list(STATI.values()), columns=3))] if drawn else []


@theme.unchecked
def absences(rows: Rows) -> list[Panel]:
    """Participations of each class of absence, with their share. Rows: fascia, partecipazioni, quota (0-1)."""
    drawn = [
        {"nome": r["fascia"], "valore": r["partecipazioni"], "testo": f"{number(r['partecipazioni'])} ({percent(r['quota'])})",
         "etichetta": f"Assenza {r['fascia']}: {number(r['partecipazioni'])} partecipazioni, {percent(r['quota'])}"}
        for r in rows
    ]  # fmt: skip
    return [("", bars(drawn, "partecipazioni", margin=0.75))] if drawn else []


@theme.unchecked
def passages(panels: Sequence[tuple[str, Rows]]) -> list[Panel]:
    """One panel per passage: days by which half the applications of each measure and path get there. Rows: nome, mediana, p90, raggiunti."""
    made = []
    for title, rows in panels:
        drawn = [
            {"nome": r["nome"], "valore": r["mediana"], "testo": number(r["mediana"]) or "n.d.",
             "etichetta": f"{r['nome']}: la metà entro {number(r['mediana']) or 'n.d.'} giorni, il 90% entro {number(r['p90']) or 'n.d.'}; avvenuti {number(r['raggiunti'])}"}
            for r in rows
        ]  # fmt: skip
        made += [(title, bars(drawn, "giorni (metà delle domande)"))] if any(r["valore"] is not None for r in drawn) else []
    return made


@theme.unchecked
def intervals(panels: Sequence[tuple[str, Rows]], unit: str) -> list[Panel]:
    """One panel each of shares with their 95% interval, the same axis in all. Rows: nome, quota, inf95, sup95 (0-1), etichetta."""
    known = [bound for _, rows in panels for r in rows for bound in (r["quota"], r["sup95"]) if bound is not None]
    top = 145 * max(known, default=1) or 1
    return [(title, _intervals(rows, unit, top)) for title, rows in panels if rows]


def _intervals(rows: Rows, unit: str, top: float) -> dict[str, Any]:
    drawn = [
        {"nome": r["nome"], "testo": percent(r["quota"]), "valore": None if r["quota"] is None else 100 * r["quota"], "etichetta": r["etichetta"],
         "inf": None if r["inf95"] is None else 100 * r["inf95"], "sup": None if r["sup95"] is None else 100 * r["sup95"]}
        for r in rows
    ]  # fmt: skip
    ends = [row | {"fine": row["sup"] if row["sup"] is not None else row["valore"] or 0} for row in drawn]
    step = next(width for width in (25, 20, 10, 5, 2, 1) if width <= top / 3 or width == 1)
    axis = alt.Axis(values=[mark for mark in range(0, 101, step) if mark <= top], title=unit, grid=True)
    x = alt.X(field="inf", type="quantitative", axis=axis, scale=alt.Scale(domain=[0, top], nice=False))
    y = names_axis([row["nome"] for row in drawn])
    lines = alt.Chart(rows_of([row for row in drawn if row["sup"] is not None])).mark_rule(strokeWidth=6, color=INTERVAL, aria=False)
    lines = lines.encode(x=x, x2=alt.X2(field="sup"), y=y)
    points = alt.Chart(rows_of([row for row in drawn if row["valore"] is not None])).mark_circle(size=80, color=theme.BLUE, opacity=1)
    points = points.encode(x=quantitative("valore"), y=y, description=described())
    return theme.spec(alt.layer(lines, points, text_layer(ends, "fine", y, align="left", dx=6)), len(drawn), extra=52)
