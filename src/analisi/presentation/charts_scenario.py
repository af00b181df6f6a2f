"""Charts of the scenario: what moves the outcome most, and what each sum of money reaches; lists of panels (title, spec)."""

from __future__ import annotations

from math import floor, log10
from typing import Any

import altair as alt
import polars as pl

from analisi.presentation import theme
from analisi.presentation.formats import number
from analisi.presentation.marks import (
    Panel,
    Rows,
    as_is,
    described,
    names_axis,
    number_axis,
    quantitative,
    rows_of,
    series_colours,
    stacked,
    text_at,
    text_layer,
)

REACHED = {"raggiunti": theme.BLUE, "aderenti non raggiunti": "#C9CED6"}
CASES = {"prudente": ("prudenti", theme.ORANGE), "centrale": ("centrali", theme.BLUE), "favorevole": ("favorevoli", theme.GREEN)}
LOW, HIGH = theme.WINE, theme.BLUE
MILLION = 1_000_000


@theme.unchecked
def tornado_bars(rows: Rows, title: str) -> dict[str, Any]:
    """For each hypothesis, in the order given, a bar from what is reached with its low value to what is with its high one.

    Args:
        rows: nome, con_basso, centrale, con_alto; etichetta_basso and etichetta_alto tell the two halves, senza_effetto is written where there is no bar.
    """
    centre, ends = rows[0]["centrale"], [row[name] for row in rows for name in ("con_basso", "con_alto")]
    low, high = min(ends), max(ends)
    room = 0.24 * ((high - low) or max(high, 1))
    halves, texts = [], []
    for row in rows:
        for name, colour in (("basso", LOW), ("alto", HIGH)):
            halves.append(
                {"nome": row["nome"], "da": centre, "a": row[f"con_{name}"], "colore": colour, "etichetta": row[f"etichetta_{name}"]}
            )
        left, right = sorted((row["con_basso"], row["con_alto"]))
        texts += [{"nome": row["nome"], "a": right, "testo": number(right), "lato": 1}] if right > centre else []
        texts += [{"nome": row["nome"], "a": left, "testo": number(left), "lato": -1}] if left < centre else []
        texts += [{"nome": row["nome"], "a": centre, "testo": row["senza_effetto"], "lato": 1}] if left == right == centre else []
    y = names_axis([row["nome"] for row in rows])
    x = number_axis("da", title, domain=[max(low - room, 0) if low >= room else -room * (low < centre), high + room * 1.1])
    bars = alt.Chart(rows_of([row for row in halves if row["da"] != row["a"]])).mark_bar(size=16)
    bars = bars.encode(x=x, x2=alt.X2(field="a"), y=y, color=as_is("colore"), description=described())
    line = alt.Chart(rows_of([{"da": centre}])).mark_rule(color=theme.INK, strokeDash=[3, 3], aria=False).encode(x=quantitative("da"))
    sides = [
        text_layer([row for row in texts if row["lato"] == side], "a", y, align=align, dx=5 * side)
        for side, align in ((1, "left"), (-1, "right"))
    ]
    return theme.spec(alt.layer(bars, line, *sides), len(rows), extra=52)


def _ticks(top: int, count: int = 5) -> list[int]:
    """Round whole numbers from 0 to about `top`, at most `count` steps."""
    size = 10 ** floor(log10(max(top / count, 1)))
    step = next(int(size * n) for n in (1, 2, 5, 10) if size * n * count >= top)
    return list(range(0, top + 1, step))


@theme.unchecked
def budget_lines(curva: pl.DataFrame, money: int) -> list[Panel]:
    """Workers reached against the money, a line for each caso, with a dot where it suffices for all who join, and the money of the report.

    Args:
        curva: what `scenario.by_budget` returns; no panel when no sum of money would do anything.
    """
    top, most = curva["fondi_eur"].filter(curva["punto"] != "multiplo").max(), curva["raggiunti"].max()
    if not top or not most:
        return []
    big = top >= 2 * MILLION
    unit, name = (MILLION, "milioni di euro") if big else (1000, "migliaia di euro")
    labels = {tick: number(tick / unit, "decimale").removesuffix(",0") for tick in _ticks(top)}
    axis = alt.Axis(
        values=list(labels), labelExpr=f"{labels}[datum.value]", title=f"fondi in tutto (ipotesi), {name}", grid=True, labelBound=False
    )
    x = alt.X(field="fondi", type="quantitative", axis=axis, scale=alt.Scale(domain=[0, top], nice=False))
    y = alt.Y(
        field="raggiunti", type="quantitative", axis=alt.Axis(title=None, tickCount=5, grid=True),
        scale=alt.Scale(domain=[0, most * 1.15], nice=False),
    )  # fmt: skip
    lines, dots, texts = [], [], []
    for caso, (label, _) in CASES.items():
        part = curva.filter(pl.col("caso") == caso, pl.col("fondi_eur") <= top).sort("fondi_eur", "punto", maintain_order=True)
        for r in part.iter_rows(named=True):
            lines.append({"fondi": r["fondi_eur"], "raggiunti": r["raggiunti"], "serie": label})
            what = f"Ipotesi {label}: {number(r['fondi_eur'])} euro, {number(r['raggiunti'])} lavoratori raggiunti"
            if r["punto"] == "basta":
                dots.append(lines[-1] | {"etichetta": f"{what}, tutti quelli che aderirebbero"})
                texts.append({"fondi": r["fondi_eur"], "raggiunti": r["raggiunti"], "testo": number(r["raggiunti"])})
            elif r["punto"] == "multiplo" and r["fondi_eur"] == money:
                dots.append(lines[-1] | {"etichetta": what})
    colour = series_colours([(label, tint) for label, tint in CASES.values()], 3)
    drawn = alt.Chart(rows_of(lines)).mark_line(strokeWidth=2.5, aria=False).encode(x=x, y=y, color=colour)
    points = alt.Chart(rows_of(dots)).mark_circle(size=75, opacity=1).encode(x=x, y=y, color=colour, description=described())
    here = alt.Chart(rows_of([{"fondi": money}])).mark_rule(color=theme.INK, strokeDash=[4, 3], aria=False).encode(x=quantitative("fondi"))
    chart = alt.layer(drawn, here, points, text_at(texts, x, y, dy=-13))
    return [("Lavoratori raggiunti, con ipotesi prudenti, centrali e favorevoli", theme.spec(chart, 0, extra=230))]


def reached_bars(rows: Rows, what: str) -> dict[str, Any]:
    """Bars of who joins, reached and not; the text at the end says how many of how many.

    Args:
        rows: nome, raggiunti, altri (who joins and is not reached).
    """
    made = []
    for row in rows:
        end = f"{number(row['raggiunti'])} su {number(row['raggiunti'] + row['altri'])}"
        for name, serie in zip(("raggiunti", "altri"), REACHED, strict=True):
            made.append(
                {"nome": row["nome"], "serie": serie, "valore": row[name], "fine": end, "etichetta": f"{row['nome']}: {number(row[name])} {what}, {serie}"}
            )  # fmt: skip
    top = max((row["raggiunti"] + row["altri"] for row in rows), default=0) or 1
    return stacked(made, what, list(REACHED.items()), whole=top * 1.8)
