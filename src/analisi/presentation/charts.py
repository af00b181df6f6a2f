"""Charts of the cases handled, each a list of panels (title, spec) on frames that are already aggregated.

Every mark carries its Italian label, which the page shows as a tooltip.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import altair as alt
import polars as pl

from analisi.presentation import theme
from analisi.presentation.formats import NOT_COMPUTABLE, UNKNOWN, number, told, whole_parts
from analisi.presentation.marks import (
    Panel,
    as_is,
    bounds_around_zero,
    described,
    names_axis,
    number_axis,
    quantitative,
    rows_of,
    text_layer,
    tile_map,
)
from analisi.vocabulary import TOTALE, Territorio, procedura_labels, procedure


def _by_procedura(draw: Callable[[str], dict[str, Any] | None], codes: Sequence[str]) -> list[Panel]:
    drawn = [(procedura_labels()[code], draw(code)) for code in codes]
    return [(title, spec) for title, spec in drawn if spec is not None]


def _codes() -> list[str]:
    return [p.procedura for p in procedure()]


@theme.unchecked
def contributions(confronto: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Bars of each provincia's contribution (percentage points) to the region's change of workers, largest first.

    A procedura without contributions (the region starts from zero, or is not comparable) has no panel.
    """

    def draw(code: str) -> dict[str, Any] | None:
        part = confronto.filter((pl.col("procedura") == code) & (pl.col("provincia") != territorio.totale))
        part = part.sort("contributo_pp", descending=True, nulls_last=True, maintain_order=True)
        if part["contributo_pp"].null_count() == len(part):
            return None
        rows = []
        for r in part.iter_rows(named=True):
            name = territorio.nomi[r["provincia"]]
            points, change = told(r, "contributo_pp", "decimale_segno"), told(r, "variazione_lavoratori", "intero_segno")
            rows.append(
                {
                    "nome": name,
                    "valore": r["contributo_pp"] or 0,
                    "testo": points,
                    "colore": theme.UP if (r["contributo_pp"] or 0) >= 0 else theme.DOWN,
                    "etichetta": f"{name}: {points} punti, {change} lavoratori",
                }
            )
        y = names_axis([row["nome"] for row in rows])
        x = number_axis("valore", "punti percentuali", domain=bounds_around_zero(part["contributo_pp"].to_list()))
        bars = alt.Chart(rows_of(rows)).mark_bar(size=14).encode(x=x, y=y, color=as_is("colore"), description=described())
        right = text_layer([row for row in rows if row["valore"] >= 0], "valore", y, align="left", dx=4)
        left = text_layer([row for row in rows if row["valore"] < 0], "valore", y, align="right", dx=-4)
        return theme.spec(alt.layer(bars, right, left), len(rows))

    return _by_procedura(draw, [TOTALE, *_codes()])


@theme.unchecked
def dumbbells(confronto: pl.DataFrame, territorio: Territorio, years: tuple[int, int]) -> list[Panel]:
    """For each provincia the workers of the two years (confronto, anno) as two points and the way between them."""

    def draw(code: str) -> dict[str, Any]:
        part = confronto.filter((pl.col("procedura") == code) & (pl.col("provincia") != territorio.totale))
        part = part.sort("lavoratori", descending=True, nulls_last=True, maintain_order=True)
        points, ways, texts = [], [], []
        for r in part.iter_rows(named=True):
            name, pair = territorio.nomi[r["provincia"]], (r["lavoratori_confronto"], r["lavoratori"])
            first, second = told(r, "lavoratori_confronto"), told(r, "lavoratori")
            label = f"{name}: {first} nel {years[0]}, {second} nel {years[1]}"
            for value, colour in zip(pair, (theme.BEFORE, theme.UP), strict=True):
                if value is not None:
                    points.append({"nome": name, "valore": value, "colore": colour, "etichetta": label})
            if None not in pair:
                ways.append({"nome": name, "da": pair[0], "a": pair[1]})
            end = max([value for value in pair if value is not None], default=0)
            texts.append({"nome": name, "valore": end, "testo": f"{first} → {second}"})
        y = names_axis([territorio.nomi[sigla] for sigla in part["provincia"]])
        top = max([row["valore"] for row in points], default=1) or 1
        x = number_axis("valore", "lavoratori coinvolti", domain=[-0.04 * top, top * 1.9])
        line = alt.Chart(rows_of(ways)).mark_rule(color=theme.GREY, strokeWidth=2, aria=False)
        line = line.encode(x=quantitative("da"), x2=alt.X2(field="a"), y=y)
        dots = alt.Chart(rows_of(points)).mark_circle(size=75, opacity=1)
        dots = dots.encode(x=x, y=y, color=as_is("colore"), description=described())
        return theme.spec(alt.layer(line, dots, text_layer(texts, "valore", y, align="left", dx=9)), len(part))

    return _by_procedura(draw, [TOTALE, *_codes()])


TINTS = {1: ["#E3EFFB", "#B9D7F5", "#7DB5EB"], -1: ["#FDE9E2", "#FAC9B8", "#F6A084"], 0: ["#F1F2F4"]}
TINT_BOUNDS = (0.1, 0.4)  # parts of the panel's largest change at which the tint deepens


@theme.unchecked
def tiles(confronto: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Tile map: each provincia with its change of workers, tinted by sign and size. No panel when the territory has no tile positions."""
    if not territorio.has_tiles:
        return []
    columns, lines = (max(getattr(p, side) for p in territorio.province) + 1 for side in ("colonna", "riga"))
    columns = max(columns, 4)  # the tiles of a narrow territory stay small

    def draw(code: str) -> dict[str, Any]:
        found = {r["provincia"]: r for r in confronto.filter(pl.col("procedura") == code).iter_rows(named=True)}
        change = {sigla: found[sigla]["variazione_lavoratori"] for sigla in territorio.sigle if sigla in found}
        largest = max(map(abs, filter(None, change.values())), default=0) or 1
        rows = []
        for p in territorio.province:
            value = change.get(p.sigla)
            sign = 0 if not value else 1 if value > 0 else -1
            written = told(found[p.sigla], "variazione_lavoratori", "intero_segno") if p.sigla in found else UNKNOWN
            step = sum(abs(value) >= bound * largest for bound in TINT_BOUNDS) if sign else 0
            rows.append(
                {"x": p.colonna, "y": p.riga, "x1": p.colonna + 1, "y1": p.riga + 1, "cx": p.colonna + 0.5, "cy": p.riga + 0.5,
                 "sigla": p.sigla, "testo": written, "colore": "#FFFFFF" if value is None else TINTS[sign][step],
                 "bordo": theme.GREY if value is None else "#FFFFFF", "etichetta": f"{p.nome}: {written} lavoratori"}
            )  # fmt: skip
        return tile_map(rows, columns, lines)

    return _by_procedura(draw, [TOTALE, *_codes()])


@theme.unchecked
def effects(scomposizione: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Number effect and size effect as bars from zero, a dot for their sum: the region by procedura, then each procedura by provincia."""
    region = scomposizione.filter((pl.col("provincia") == territorio.totale) & (pl.col("procedura") != TOTALE))
    names = {p.procedura: p.breve for p in procedure()}
    known = region["effetto_numero"].null_count() < len(region)
    first = [(territorio.nome, _effects(region, [names[code] for code in region["procedura"]]))] if known else []

    def draw(code: str) -> dict[str, Any]:
        part = scomposizione.filter((pl.col("procedura") == code) & (pl.col("provincia") != territorio.totale))
        part = part.sort(pl.col("effetto_numero") + pl.col("effetto_dimensione"), descending=True, nulls_last=True, maintain_order=True)
        return _effects(part, [territorio.nomi[sigla] for sigla in part["provincia"]])

    return first + _by_procedura(draw, _codes())


def _effects(part: pl.DataFrame, names: Sequence[str]) -> dict[str, Any]:
    rows, totals, unknown = [], [], []
    for name, r in zip(names, part.iter_rows(named=True), strict=True):
        pair = (r["effetto_numero"], r["effetto_dimensione"])
        if None in pair:
            unknown.append({"nome": name, "valore": 0, "testo": told(r, "effetto_numero")})
            continue
        change = number(sum(pair), "intero_segno")
        many, big = (number(value, "intero_segno") for value in whole_parts(*pair))
        label = f"{name}: {many} dal numero, {big} dalla dimensione, in tutto {change}"
        below = above = 0.0
        for value, colour in zip(pair, (theme.VIOLET, theme.ORANGE), strict=True):
            start = above if value >= 0 else below
            rows.append({"nome": name, "da": start, "a": start + value, "colore": colour, "etichetta": label})
            above, below = (above + value, below) if value >= 0 else (above, below + value)
        end = above if sum(pair) >= 0 else below
        totals.append({"nome": name, "somma": sum(pair), "valore": end, "testo": change, "etichetta": label})
    y, x = names_axis(names), number_axis("da", "lavoratori", domain=bounds_around_zero([row["a"] for row in rows], margin=0.36))
    bars = alt.Chart(rows_of(rows)).mark_bar(size=13 if len(names) > 4 else 24)
    bars = bars.encode(x=x, x2=alt.X2(field="a"), y=y, color=as_is("colore"), description=described())
    dots = alt.Chart(rows_of(totals)).mark_point(filled=True, shape="diamond", size=70, color=theme.INK, stroke="white", opacity=1)
    dots = dots.encode(x=quantitative("somma"), y=y, description=described())
    right = text_layer([row for row in totals if row["somma"] >= 0] + unknown, "valore", y, align="left", dx=8)
    left = text_layer([row for row in totals if row["somma"] < 0], "valore", y, align="right", dx=-8)
    return theme.spec(alt.layer(bars, dots, right, left), len(names))


SERIES = (theme.BLUE, theme.ORANGE, theme.VIOLET, theme.GREEN, theme.WINE, theme.GREY)  # colours of the procedures, in their order


@theme.unchecked
def shares(composizione: pl.DataFrame, territorio: Territorio, years: tuple[int, int]) -> list[Panel]:
    """For each year, the workers of each provincia divided by procedura as bars to 100."""
    colours = dict(zip(_codes(), SERIES, strict=False))
    inks = {theme.ORANGE: theme.INK, theme.GREY: theme.INK}
    order = [territorio.totale, *territorio.sigle]

    def draw(year: int) -> dict[str, Any]:
        found = composizione.filter(anno=year).rows_by_key(["provincia", "procedura"], named=True, unique=True)
        rows = []
        for sigla in order:
            start = 0.0
            for code in _codes():
                share = found.get((sigla, code), {}).get("quota_lavoratori")
                if not share:
                    continue
                workers = f"{number(share, 'pct')} ({number(found[sigla, code]['lavoratori'])} lavoratori)"
                label = f"{territorio.nomi[sigla]}, {procedura_labels()[code]}: {workers}"
                written = number(share, "intero") if share >= 9 else ""
                rows.append(
                    {"nome": territorio.nomi[sigla], "da": start, "a": start + share, "centro": start + share / 2, "testo": written,
                     "colore": colours[code], "inchiostro": inks.get(colours[code], "white"), "etichetta": label}
                )  # fmt: skip
                start += share
        y = names_axis([territorio.nomi[sigla] for sigla in order])
        base = alt.Chart(rows_of(rows))
        bars = base.mark_bar(size=17).encode(
            x=number_axis("da", "% dei lavoratori", domain=[0, 100]), x2=alt.X2(field="a"), y=y,
            color=as_is("colore"), description=described(),
        )  # fmt: skip
        text = base.mark_text(aria=False, fontSize=11).encode(
            x=quantitative("centro"), y=y, text=alt.Text(field="testo", type="nominal"),
            color=as_is("inchiostro"),
        )  # fmt: skip
        return theme.spec(alt.layer(bars, text), len(order))

    return [(str(year), draw(year)) for year in years]


FOREST_BOUNDS = (1 / 16, 16.0)  # intervals beyond these end in an arrow
_FOREST_RIGHT = 90.0  # the axis goes on to here, to make room for the written ratio


@theme.unchecked
def forest(solidita: pl.DataFrame, territorio: Territorio, alpha: float) -> list[Panel]:
    """Ratio of units with its 95% interval on a logarithmic axis; blue where it is distinguishable from 1, else grey.

    The region is judged by its own p, provinces by the p adjusted for their number.
    """
    region = solidita.filter(pl.col("provincia") == territorio.totale)
    names = {p.procedura: p.breve for p in procedure()} | {TOTALE: "Totale"}
    first = [(territorio.nome, _forest(region.with_columns(p_bh="p"), [names[code] for code in region["procedura"]], alpha))]

    def draw(code: str) -> dict[str, Any]:
        part = solidita.filter((pl.col("procedura") == code) & (pl.col("provincia") != territorio.totale))
        return _forest(part, [territorio.nomi[sigla] for sigla in part["provincia"]], alpha)

    return first + _by_procedura(draw, solidita["procedura"].unique(maintain_order=True).to_list())


def _forest(part: pl.DataFrame, names: Sequence[str], alpha: float) -> dict[str, Any]:
    low, high = FOREST_BOUNDS
    rows, arrows, texts = [], [], []
    for name, r in zip(names, part.iter_rows(named=True), strict=True):
        ratio = told(r, "rapporto_unita", "due_decimali", UNKNOWN if r["p"] is None else NOT_COMPUTABLE)
        texts.append({"nome": name, "valore": high * 1.5, "testo": ratio})
        if r["p"] is None:
            continue
        start, end = r["inf95"] or 0.0, r["sup95"] or float("inf")
        written = f"{ratio} (da {number(start, 'due_decimali')} a {number(r['sup95'], 'due_decimali') or 'senza limite'})"
        mark = {
            "nome": name,
            "colore": theme.BLUE if r["p_bh"] is not None and r["p_bh"] <= alpha else theme.GREY,
            "etichetta": f"{name}: {written}",
        }
        dot = r["rapporto_unita"] if r["rapporto_unita"] and low <= r["rapporto_unita"] <= high else None
        rows.append(mark | {"da": min(max(start, low), high), "a": max(min(end, high), low), "valore": dot})
        arrows += [mark | {"valore": low, "forma": "triangle-left"}] if start < low else []
        arrows += [mark | {"valore": high, "forma": "triangle-right"}] if end > high else []
    y, colour = names_axis(names), as_is("colore")
    ticks = "datum.value < 1 ? '1/' + (1 / datum.value) : datum.value"
    axis = alt.Axis(values=[1 / 8, 1 / 2, 1, 2, 8], title="rapporto fra le unità produttive", labelExpr=ticks)
    x = alt.X(field="da", type="quantitative", axis=axis, scale=alt.Scale(type="log", domain=[low / 1.5, _FOREST_RIGHT], nice=False))
    value = quantitative("valore")
    one = alt.Chart(rows_of([{"uno": 1}])).mark_rule(color=theme.INK, strokeDash=[3, 3], aria=False).encode(x=quantitative("uno"))
    bars = alt.Chart(rows_of(rows)).mark_rule(strokeWidth=3).encode(x=x, x2=alt.X2(field="a"), y=y, color=colour, description=described())
    dots = alt.Chart(rows_of([row for row in rows if row["valore"] is not None])).mark_circle(size=85, opacity=1)
    dots = dots.encode(x=value, y=y, color=colour, description=described())
    heads = alt.Chart(rows_of(arrows)).mark_point(filled=True, size=60, opacity=1)
    heads = heads.encode(x=value, y=y, color=colour, shape=as_is("forma", alt.Shape), description=described())
    return theme.spec(alt.layer(bars, one, dots, heads, text_layer(texts, "valore", y, align="left")), len(names))
