"""Charts of the complex cases: what makes the score, how firm the ranking is, the time line of each case."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import altair as alt
import polars as pl
from babel.dates import format_date

from analisi.indicators.complessita_confronti import INCERTO, LEGATO, SOLIDO, VICINO
from analisi.presentation import theme
from analisi.presentation.formats import number
from analisi.presentation.marks import Panel, as_is, described, names_axis, number_axis, quantitative, rows_of, spans, stacked, text_layer

SERIES = (theme.BLUE, theme.ORANGE, theme.VIOLET, theme.GREEN, theme.WINE, theme.GREY, "#9CC7F1", "#E3B23C")
CLASSI = {"ALTA": theme.VIOLET, "MEDIA": "#7E5BA0", "BASSA": "#E3DAEC"}
TENUTE = {SOLIDO: theme.BLUE, INCERTO: "#7DB5EB", LEGATO: theme.ORANGE, VICINO: theme.GREY}
FASI = (("fase sindacale", theme.GREY), ("attesa", "#D5DAE1"), ("sospensione", "#7DB5EB"))
EVENTI = {  # event: (shape, sign in words, pixels below the middle of the bar)
    "esame congiunto": ("triangle-up", "▲", -12),
    "accordo": ("circle", "●", 0),
    "decreto": ("diamond", "◆", 0),
    "incontro con le parti": ("square", "■", 13),
    "incontro con i lavoratori": ("cross", "✚", 13),
    "tavolo": ("triangle-down", "▼", 13),
}
PAST, AHEAD = 540, 420  # days shown at most before and after the day of the report
_LINE = 36  # pixels of the line of a case


def case_name(position: int | None, case: str) -> str:
    """How a case is called in a picture: its rank and its number."""
    return f"{number(position) or 'n.d.'} · {case}"


@theme.unchecked
def class_bars(counts: pl.DataFrame, names: dict[str, str], order: list[str], labels: dict[str, str]) -> dict[str, Any]:
    """Cases of each provincia by class of score: provincia, voce, casi."""
    found = {(place, band): count for place, band, count in counts.select("provincia", "voce", "casi").iter_rows()}
    rows = []
    for place in order:
        parts = [(band, found.get((place, band), 0)) for band in labels]
        total = number(sum(count for _, count in parts))
        rows += [
            {"nome": names[place], "serie": labels[band], "valore": count, "fine": total, "etichetta": f"{names[place]}, punteggio {labels[band]}: {number(count)}"}
            for band, count in parts
        ]  # fmt: skip
    return stacked(rows, "casi", [(label, CLASSI[band]) for band, label in labels.items()], columns=3)


@theme.unchecked
def contribution_bars(contributi: pl.DataFrame, casi: pl.DataFrame, labels: dict[str, str]) -> list[Panel]:
    """What makes the score of each case: one bar a case, one part a criterion, in points; the score at the end.

    An asterisk marks a score over the known criteria only.
    """
    rows = []
    for case in casi.iter_rows(named=True):
        name = case_name(case["posizione"], case["id_procedura"])
        total = number(case["punteggio"], "decimale") + ("" if case["peso_noto"] == 1 else "*")
        for part in contributi.filter(id_procedura=case["id_procedura"]).iter_rows(named=True):
            words = f"{name}, {labels[part['criterio']]}: {number(part['punti'], 'decimale') or 'non noto'}"
            rows.append({"nome": name, "serie": labels[part["criterio"]], "valore": part["punti"], "fine": total, "etichetta": words})
    return (
        [("Punti per criterio", stacked(rows, "punti", list(zip(labels.values(), SERIES, strict=False)), columns=1, whole=112))]
        if rows
        else []
    )


@theme.unchecked
def rank_intervals(rows: pl.DataFrame, primi: int) -> list[Panel]:
    """The interval of ranks of each case when the weights move, a point at the rank of the declared ones, the line after the first.

    Args:
        rows: id_procedura, posizione, inf90, sup90, quota_primi, tenuta.
    """
    if rows.is_empty():
        return []
    drawn = []
    for r in rows.iter_rows(named=True):
        name, share = case_name(r["posizione"], r["id_procedura"]), number(100 * r["quota_primi"], "intero") + "%"
        words = f"{name}: posizioni da {number(r['inf90'])} a {number(r['sup90'])}, fra i primi {number(primi)} nel {share} delle prove; {r['tenuta']}"
        drawn.append({"nome": name, "da": r["inf90"], "a": r["sup90"], "posizione": r["posizione"], "testo": share, "colore": TENUTE[r["tenuta"]], "etichetta": words})  # fmt: skip
    top = max(max(row["a"], row["posizione"]) for row in drawn)
    y, colour = names_axis([row["nome"] for row in drawn]), as_is("colore")
    x = number_axis("da", "posizione", domain=[0, top * 1.22 + 1])
    bars = alt.Chart(rows_of(drawn)).mark_rule(strokeWidth=5).encode(x=x, x2=alt.X2(field="a"), y=y, color=colour, description=described())
    dots = alt.Chart(rows_of(drawn)).mark_point(filled=True, shape="diamond", size=70, color=theme.INK, stroke="white", opacity=1)
    dots = dots.encode(x=quantitative("posizione"), y=y, description=described())
    edge = alt.Chart(rows_of([{"da": primi + 0.5}])).mark_rule(color=theme.INK, strokeDash=[4, 3], aria=False).encode(x=quantitative("da"))
    ends = text_layer([row | {"fine": top} for row in drawn], "fine", y, align="left", dx=7)
    return [("Posizioni al variare dei pesi", theme.spec(alt.layer(bars, edge, dots, ends), len(drawn), extra=52))]


@theme.unchecked
def timeline(casi: pl.DataFrame, eventi: pl.DataFrame, day: date) -> list[Panel]:
    """One line per case: the trade-union phase, the wait and the suspension as bars; exam, agreement, decree, meetings, tavoli as signs.

    Args:
        eventi: id_procedura, evento, giorno.
    """
    if casi.is_empty():
        return []
    bars, signs = [], []
    for case in casi.iter_rows(named=True):
        name = case_name(case["posizione"], case["id_procedura"])
        bars += [bar | {"nome": name, "etichetta": f"{name}: {bar['etichetta']}"} for bar in _phases(case, day)]
        for event, when in _signs(eventi.filter(id_procedura=case["id_procedura"])):
            signs.append({"nome": name, "giorno": when, "evento": event, "etichetta": f"{name}: {event}, {when:%d/%m/%Y}"})
    first = max(min(row["da"] for row in bars), day - timedelta(days=PAST))
    last = min(max([day, *(row["a"] for row in bars if row["a"])]) + timedelta(days=15), day + timedelta(days=AHEAD))
    spec = spans(bars, first, last, colours=FASI)
    ticks = [date(year, month, 1) for year in range(first.year, last.year + 1) for month in (1, 7)]
    labels = {(tick - first).days: [format_date(tick, "MMM", locale="it_IT"), str(tick.year)] for tick in ticks if first <= tick <= last}
    spec["layer"][0]["encoding"]["x"]["axis"] |= {"values": list(labels), "labelExpr": f"{labels}[datum.value]"}  # few: names take room
    shown = [row for row in signs if first <= row["giorno"] <= last]
    y = names_axis(list(dict.fromkeys(row["nome"] for row in bars)))
    today = alt.Chart(rows_of([{"giorno": (day - first).days}])).mark_rule(color=theme.INK, strokeDash=[4, 3], aria=False)
    layers = [today.encode(x=quantitative("giorno"))]
    for low in (-12, 0, 13):
        part = [
            {**row, "giorno": (row["giorno"] - first).days, "forma": EVENTI[row["evento"]][0]}
            for row in shown
            if EVENTI[row["evento"]][2] == low
        ]
        points = alt.Chart(rows_of(part)).mark_point(
            filled=True, size=48, color=theme.INK, stroke="white", strokeWidth=0.8, opacity=1, yOffset=low
        )
        layers.append(points.encode(x=quantitative("giorno"), y=y, shape=as_is("forma", alt.Shape), description=described()))
    drawn = [layer.to_dict(validate=False) for layer in layers]
    spec["layer"] += [{key: layer[key] for key in ("data", "mark", "encoding")} for layer in drawn]
    return [("Dall'apertura alla scadenza", spec | {"height": max(casi.height, 2) * _LINE + 96})]


def _signs(eventi: pl.DataFrame) -> list[tuple[str, date]]:
    """The events of a case that are drawn: of the meetings, which each site has, the first of each kind."""
    drawn = eventi.filter(pl.col("evento").is_in(list(EVENTI))).sort("giorno", "evento")
    return list(drawn.filter((pl.col("evento") == "tavolo") | pl.col("evento").is_first_distinct()).select("evento", "giorno").iter_rows())


def _phases(case: dict[str, Any], day: date) -> list[dict[str, Any]]:
    """The stretches of a case: opening to agreement (or start, or today), agreement to start, start to expiry (None: goes on)."""
    opened, start = case["data_apertura"], case["data_inizio"]
    agreed = case["data_accordo"] or start or max(day, opened)
    found = [("fase sindacale", opened, agreed)]
    if start:
        found += [("attesa", agreed, start)] if start > agreed else []
        found += [("sospensione", start, case["data_fine"])]
    return [
        {"serie": name, "da": begin, "a": end, "etichetta": f"{name}, dal {begin:%d/%m/%Y}" + (f" al {end:%d/%m/%Y}" if end else "")}
        for name, begin, end in found
    ]
