"""Charts of the activation of the PAL, each a list of panels (title, spec) on frames that are already aggregated.

As in `charts`, every mark carries its Italian label. A provincia that the frame lacks is "n.d.", a null share is "n.c.": never zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import altair as alt
import numpy as np
import polars as pl

from analisi.disclosure.segni import OSCURATO, SEGNO
from analisi.indicators.flusso import phases
from analisi.indicators.periodi import previous
from analisi.indicators.tempi import STEP
from analisi.indicators.uncertainty import FAR, LEVEL, control_limits
from analisi.presentation import theme
from analisi.presentation.formats import NOT_COMPUTABLE, number
from analisi.presentation.marks import (
    Panel,
    Rows,
    as_is,
    described,
    names_axis,
    number_axis,
    percent_axis,
    quantitative,
    rows_of,
    series_colours,
    text_at,
    text_layer,
    tile_map,
)
from analisi.vocabulary import Territorio

UNKNOWN = "n.d."
PALE, BAND = "#F1F2F4", "#D3E5F8"
PASSI = {  # passo: (label, colour, colour of the number written on it)
    "STEP1": ("STEP 1", "#D0E4F8", theme.INK),
    "STEP2": ("STEP 2", "#9CC7F1", theme.INK),
    "STEP3": ("STEP 3", "#549BE0", theme.INK),
    "STEP4": ("STEP 4", "#00498F", "white"),
    "NO_PAL": ("NO PAL", "#A9A9A9", theme.INK),
    "NESSUNO": ("nessun passo", PALE, theme.INK),
}
CURVE_TITLES = {
    "STEP1": "STEP 1: presa in carico",
    "STEP2": "STEP 2: strumenti determinati",
    "STEP3": "STEP 3: incontro con i lavoratori",
    "STEP4": "STEP 4: PAL attivata",
}
PHASE_COLOURS = ("#E3DAEC", "#B89FCD", "#7E5BA0", theme.VIOLET)
RATE_BOUNDS = (0.2, 0.4, 0.6, 0.8)  # rates at which the tint of a tile deepens
RATE_TINTS = ("#F0F6FD", "#D0E4F8", "#AACFF3", "#7DB5EB", "#559EE3")
RATE_LEGEND = list(
    zip(RATE_TINTS, ("meno del 20%", "dal 20% al 40%", "dal 40% al 60%", "dal 60% all'80%", "80% e oltre"), strict=True)
)  # for `blocks.figure`; each class has its lower bound
WIDE = 9  # per cent of the bar from which a segment carries its number
_STEP = 0.5  # points of share (under a pixel) below which a curve does not move
_PICKED = 12  # about as many points of a curve carry a label


def _pct(rate: float | None, style: str = "pct") -> str:
    return NOT_COMPUTABLE if rate is None else number(100 * rate, style)


def _places(frame: pl.DataFrame, territorio: Territorio) -> list[str]:
    """Every provincia of the territory, then the region if the frame has it; of a frame of one provincia, only that one."""
    found = set(frame["provincia"])
    if len(found) == 1:
        return [sigla for sigla in [*territorio.sigle, territorio.totale] if sigla in found]
    return [*territorio.sigle, *([territorio.totale] if territorio.totale in found else [])]


@theme.unchecked
def step_bars(passi: pl.DataFrame, territorio: Territorio, *, solo: bool = False) -> list[Panel]:
    """Where the workers of each provincia and of the region stand at the end of a trimestre, as bars to 100.

    Args:
        passi: provincia, passo, lavoratori, quota (0-1), of one trimestre. solo: only the places of the frame, not all those of the territory.
    """
    if passi.is_empty():
        return []
    order = [sigla for sigla in _places(passi, territorio) if not solo or sigla in passi["provincia"]]
    rows, gaps, veiled = [], [], []
    for sigla in order:
        name = territorio.nomi[sigla]
        found = {r["passo"]: r for r in passi.filter(pl.col("provincia") == sigla).iter_rows(named=True)}
        signs = {r.get("quota" + SEGNO) for r in found.values()} - {None}
        if not found or all(r["quota"] is None for r in found.values()):
            gaps.append({"nome": name, "da": 0, "testo": next(iter(signs), NOT_COMPUTABLE) if found else UNKNOWN})
            continue
        start = 0.0
        for passo, (label, _, ink) in PASSI.items():
            share = 100 * ((found[passo]["quota"] if passo in found else None) or 0)
            if not share:
                continue
            written = f"{name}, {label}: {number(share, 'pct')} ({number(found[passo]['lavoratori'])} lavoratori)"
            rows.append(
                {"nome": name, "da": start, "a": start + share, "centro": start + share / 2, "serie": label, "inchiostro": ink,
                 "testo": number(share) if share >= WIDE else "", "etichetta": written}
            )  # fmt: skip
            start += share
        if signs:
            label = f"{name}: passi oscurati per riservatezza, insieme {number(100 - start, 'pct')}"
            veiled.append({"nome": name, "da": start, "a": 100, "centro": start + (100 - start) / 2, "testo": OSCURATO, "etichetta": label})
    y, base = names_axis([territorio.nomi[sigla] for sigla in order]), alt.Chart(rows_of(rows))
    bars = base.mark_bar(size=18, stroke="white", strokeWidth=0.7).encode(
        x=number_axis("da", "% dei lavoratori sospesi", domain=[0, 100]), x2=alt.X2(field="a"), y=y, description=described(),
        color=series_colours([(label, colour) for label, colour, _ in PASSI.values()], 2),
    )  # fmt: skip
    text = base.mark_text(aria=False, fontSize=11).encode(
        x=quantitative("centro"), y=y, text=alt.Text(field="testo", type="nominal"), color=as_is("inchiostro")
    )
    chart = alt.layer(bars, text, text_layer(gaps, "da", y, align="left", dx=4), *(_veiled(veiled, y) if veiled else []))
    return [("Passo raggiunto dai lavoratori", theme.spec(chart, len(order), extra=118))]


def _veiled(rows: Rows, y: alt.Y) -> list[alt.Chart]:
    """What of a bar is hidden: outlined, with the sign."""
    base = alt.Chart(rows_of(rows))
    outline = base.mark_bar(size=17, color="white", stroke=theme.GREY, strokeDash=[2, 2])
    sign = base.mark_text(aria=False, fontSize=12).encode(x=quantitative("centro"), y=y, text=alt.Text(field="testo", type="nominal"))
    return [outline.encode(x=quantitative("da"), x2=alt.X2(field="a"), y=y, description=described()), sign]


@theme.unchecked
def cascade(passi: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """From the suspended to the activated PAL: how many workers reached at least each step; those at NO PAL apart, in no later bar.

    Args:
        passi: as in `step_bars`; the region's rows are drawn, or those of the only provincia. Of several provinces alone: no panel.
    """
    found = set(passi["provincia"])
    place = territorio.totale if territorio.totale in found else found.pop() if len(found) == 1 else None
    if place is None:
        return []
    count = dict(passi.filter(pl.col("provincia") == place).select("passo", "lavoratori").iter_rows())
    parts = [
        ("Sospesi", list(PASSI), theme.INK),
        *((f"Almeno STEP {n}", STEP[n - 1 :], PASSI[STEP[n - 1]][1]) for n in (1, 2, 3)),
        ("STEP 4: PAL attivate", ["STEP4"], PASSI["STEP4"][1]),
        ("NO PAL", ["NO_PAL"], PASSI["NO_PAL"][1]),
    ]
    total, rows, texts = _sum(count, PASSI), [], []
    for name, codes, colour in parts:
        workers = _sum(count, codes)
        share = None if workers is None or not total else workers / total
        written = UNKNOWN if workers is None else number(workers) + ("" if name == "Sospesi" else f" ({_pct(share)})")
        texts.append({"nome": name, "da": 0, "a": workers or 0, "testo": written})
        if workers is not None:
            detail = written if name == "Sospesi" else f"{number(workers)} lavoratori, {_pct(share)} dei sospesi"
            rows.append({"nome": name, "da": 0, "a": workers, "colore": colour, "etichetta": f"{territorio.nomi[place]}, {name}: {detail}"})
    top = total or max([row["a"] for row in rows], default=1) or 1
    y = names_axis([*(name for name, _, _ in parts[:-1]), " ", parts[-1][0]])  # an empty line sets NO PAL apart
    bars = alt.Chart(rows_of(rows)).mark_bar(size=19).encode(
        x=alt.X(field="da", type="quantitative", axis=None, scale=alt.Scale(domain=[0, top * 1.62], nice=False)), x2=alt.X2(field="a"), y=y,
        color=as_is("colore"), description=described(),
    )  # fmt: skip
    return [(territorio.nomi[place], theme.spec(alt.layer(bars, text_layer(texts, "a", y, align="left", dx=5)), len(parts) + 1, extra=6))]


def _sum(count: dict[str, int | None], codes: Iterable[str]) -> int | None:
    """Workers at those steps; unknown if one of the steps is."""
    values = [count.get(code) for code in codes]
    return None if None in values else sum(values)


@theme.unchecked
def funnel_plot(imbuto: pl.DataFrame, territorio: Territorio, atteso: float | None = None) -> list[Panel]:
    """Rate of each provincia against its effective size, with the control limits around the region's; those outside 99,8% in orange.

    Args:
        imbuto: what `uncertainty.funnel` returns.
        atteso: the region's share (0-1) given to it; left out, attivati over lavoratori of all rows.
    """
    points = imbuto.filter(pl.col("provincia").is_in(territorio.sigle))
    if points.is_empty():
        return []
    expected = float(points["attivati"].sum() / points["lavoratori"].sum()) if atteso is None else atteso
    order = {sigla: n for n, sigla in enumerate(territorio.sigle)}
    rows = []
    for r in sorted(points.iter_rows(named=True), key=lambda r: order[r["provincia"]]):
        size, name = r["equivalenti"], territorio.nomi[r["provincia"]]
        limits = f"limiti 99,8%: da {_pct(r['inf998'])} a {_pct(r['sup998'])}"
        label = f"{name}: {_pct(r['tasso'])}, dimensione effettiva {number(size, 'decimale')}; {limits}{', fuori' if r['fuori'] else ''}"
        rows.append(
            {"sigla": r["provincia"], "x": size, "y": 100 * r["tasso"], "colore": theme.ORANGE if r["fuori"] else theme.BLUE,
             "etichetta": label}
        )  # fmt: skip
    sizes = [row["x"] for row in rows]
    low, high = min(sizes) * 0.7, max(sizes) * 1.25
    grid = np.geomspace(low, high, 60)
    right = low * (high / low) ** 1.19  # room for what the curves are
    curves, names = [], [{"x": high, "y": 100 * expected, "testo": _pct(expected)}]
    for level, word in ((LEVEL, "95%"), (FAR, "99,8%")):
        for side, bound in zip(("inf", "sup"), control_limits(expected, grid, float(imbuto["tau2"][0]), level), strict=True):
            heights = zip(grid, bound, strict=True)
            curves += [{"x": float(n), "y": 100 * float(v), "curva": f"{word} {side}", "livello": word} for n, v in heights]
            names.append({"x": high, "y": 100 * float(bound[-1]), "testo": word})
    _apart(names)
    ticks = [n for power in range(5) for n in (10**power, 2 * 10**power, 5 * 10**power) if low <= n <= high]
    axis = alt.Axis(title="dimensione effettiva (lavoratori indipendenti)", values=ticks, grid=False)
    x = alt.X(field="x", type="quantitative", axis=axis, scale=alt.Scale(type="log", domain=[low, right], nice=False))
    y = percent_axis("y", "% di PAL attivate")
    base = alt.Chart(rows_of(curves)).mark_line(color=theme.GREY, strokeWidth=1.3, aria=False)
    dashes = alt.Scale(domain=["95%", "99,8%"], range=[[4, 3], [1, 0]])
    lines = base.encode(
        x=x, y=y, detail=alt.Detail(field="curva", type="nominal"),
        strokeDash=alt.StrokeDash(field="livello", type="nominal", legend=None, scale=dashes),
    )  # fmt: skip
    centre = alt.Chart(rows_of([{"x": low, "a": high, "y": 100 * expected, "etichetta": f"{territorio.nome}: {_pct(expected)}"}]))
    centre = centre.mark_rule(color=theme.INK).encode(x=x, x2=alt.X2(field="a"), y=y, description=described())
    dots = alt.Chart(rows_of(rows)).mark_circle(size=60, opacity=1).encode(x=x, y=y, color=as_is("colore"), description=described())
    ends = text_at(names, x, y, align="left", dx=4, fontSize=11)
    texts = [text_at(part, x, y, fontSize=12, **where) for part, where in _beside(rows, low, right, 100 * expected)]
    return [(territorio.nome, theme.spec(alt.layer(lines, centre, dots, ends, *texts), 0, extra=250))]


def _apart(names: Rows, gap: float = 6.5) -> None:
    """Move texts at the right end of lines up, so that none stands on another (in points of the axis to 100)."""
    below = -gap
    for row in sorted(names, key=lambda row: row["y"]):
        row["y"] = below = max(row["y"], below + gap)
    above = 100 + gap
    for row in sorted(names, key=lambda row: -row["y"]):
        row["y"] = above = min(row["y"], above - gap)


_SIDES: tuple[tuple[float, float, dict[str, Any]], ...] = (  # where a text may stand by its point, in pixels from it
    (15, 0, {"align": "left", "dx": 6}), (-15, 0, {"align": "right", "dx": -6}), (0, -12, {"dy": -12}), (0, 12, {"dy": 12}),
)  # fmt: skip


def _beside(rows: Rows, low: float, high: float, centre: float) -> list[tuple[Rows, dict[str, Any]]]:
    """The siglas of the points, on the first side where they touch no point, no sigla already written and not the line at `centre`."""
    width, height = 300, 200  # about those of the plot
    spots = [(width * np.log(row["x"] / low) / np.log(high / low), height * (1 - row["y"] / 100)) for row in rows]
    line = [(float(x), height * (1 - centre / 100)) for x in range(0, width, 15)]
    taken, sides = spots + line, [[] for _ in _SIDES]
    for row, (x, y) in zip(rows, spots, strict=True):
        others = [spot for spot in taken if spot != (x, y)]
        room = [min([max(abs(x + dx - a) / 17, abs(y + dy - b) / 12) for a, b in others], default=9.0) for dx, dy, _ in _SIDES]
        side = next((n for n, free in enumerate(room) if free >= 1), int(np.argmax(room)))
        taken.append((x + _SIDES[side][0], y + _SIDES[side][1]))
        sides[side].append({"x": row["x"], "y": row["y"], "testo": row["sigla"]})
    return [(part, where) for part, (_, _, where) in zip(sides, _SIDES, strict=True) if part]


@theme.unchecked
def waiting_curves(curva: pl.DataFrame) -> list[Panel]:
    """For each passo that somebody reached, the share who reached it by each day since the suspension began, with its 95% band.

    Args:
        curva: what `tempi.curve` returns for one territory.
    """
    if curva.is_empty():
        return []
    last_day = max(int(curva["giorni"].max()), 1)
    panels = []
    for passo in STEP:
        part = curva.filter(pl.col("passo") == passo).sort("giorni")
        if len(part):
            panels.append((CURVE_TITLES[passo], _curve(part, passo, last_day)))
    return panels


def _curve(part: pl.DataFrame, passo: str, last_day: int) -> dict[str, Any]:
    line, band, dots, tenth = [{"x": 0, "y": 0}], [], [], -1
    for n, r in enumerate(part.iter_rows(named=True), start=1):
        share = 100 * r["quota_raggiunta"]
        known = r["inf95"] is not None and r["sup95"] is not None
        if share - line[-1]["y"] < _STEP and n < len(part):
            continue
        line.append({"x": r["giorni"], "y": share})
        if known:
            band.append({"x": r["giorni"], "inf": 100 * r["inf95"], "sup": 100 * r["sup95"]})
        if int(share // 10) > tenth or n in (1, len(part)) or len(part) <= _PICKED:
            tenth = int(share // 10)
            interval = f" (intervallo 95%: da {_pct(r['inf95'])} a {_pct(r['sup95'])})" if known else ""
            label = f"{PASSI[passo][0]}, entro {number(r['giorni'])} giorni: {_pct(r['quota_raggiunta'])}{interval}"
            dots.append({"x": r["giorni"], "y": share, "etichetta": label})
    end = [line[-1] | {"testo": _pct(part["quota_raggiunta"][-1])}]
    x = number_axis("x", "giorni dall'inizio della sospensione", domain=[0, last_day * 1.24])
    x.axis.tickCount = 5
    y = percent_axis("y", "% dei lavoratori")
    area = alt.Chart(rows_of(band)).mark_area(interpolate="step-after", color=BAND, aria=False)
    area = area.encode(x=x, y=alt.Y(field="inf", type="quantitative"), y2=alt.Y2(field="sup"))
    steps = alt.Chart(rows_of(line)).mark_line(interpolate="step-after", color=theme.BLUE, strokeWidth=2, aria=False).encode(x=x, y=y)
    points = alt.Chart(rows_of(dots)).mark_circle(size=32, color=theme.BLUE, opacity=1).encode(x=x, y=y, description=described())
    return theme.spec(alt.layer(area, steps, points, text_at(end, x, y, align="left", dx=6)), 0, extra=170)


def _quarters(trimestri: Iterable[str]) -> list[str]:
    """Every quarter from the first to the last, also those that the frame lacks."""
    found = sorted(set(trimestri))
    quarters = found[-1:]
    while quarters and quarters[0] > found[0]:
        quarters.insert(0, previous(quarters[0]))
    return quarters


@theme.unchecked
def quarter_lines(tassi: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Rate of activation by quarter: the region with its 95% band, then the provinces as thin lines; a gap where it is not known.

    Args:
        tassi: trimestre, provincia, tasso, inf95, sup95 (0-1), as `attivazione_pal.rates` returns them. Under two quarters: no panel.
    """
    quarters = _quarters(tassi["trimestre"])
    if len(quarters) < 2:
        return []
    cell = {(r["provincia"], r["trimestre"]): r for r in tassi.iter_rows(named=True) if r["tasso"] is not None}
    x, y = _quarter_axis(quarters), percent_axis("y", "% di PAL attivate")

    def points(sigla: str) -> Rows:
        rows = []
        for n, quarter in enumerate(quarters):
            r = cell.get((sigla, quarter))
            row = {"x": n, "y": None, "tratto": sigla}
            if r is not None:
                known = r["inf95"] is not None and r["sup95"] is not None
                interval = f" (intervallo 95%: da {_pct(r['inf95'])} a {_pct(r['sup95'])})" if known else ""
                row |= {"y": 100 * r["tasso"], "testo": f"{number(100 * r['tasso'])}%"}
                row |= {"inf": 100 * r["inf95"], "sup": 100 * r["sup95"]} if known else {}
                row |= {"etichetta": f"{territorio.nomi[sigla]}, {quarter}: {_pct(r['tasso'])}{interval}"}
            rows.append(row)
        return rows

    panels = []
    region = points(territorio.totale)
    if any(row["y"] is not None for row in region):
        panels.append((territorio.nome, theme.spec(_region_lines(region, x, y), 0, extra=190)))
    provinces = [row for sigla in territorio.sigle for row in points(sigla)]
    if any(row["y"] is not None for row in provinces):
        title = territorio.plurale.capitalize()
        panels.append((title, theme.spec(_province_lines(provinces, len(quarters) - 1, x, y), 0, extra=230)))
    return panels


def _quarter_axis(quarters: Sequence[str]) -> alt.X:
    labels, year = [], ""
    for quarter in quarters:
        labels.append([quarter[5:], quarter[:4]] if quarter[:4] != year else [quarter[5:]])
        year = quarter[:4]
    axis = alt.Axis(values=list(range(len(labels))), labelExpr=f"{labels}[datum.value]", title=None, grid=False, labelBound=False)
    span = len(labels) - 1
    return alt.X(field="x", type="quantitative", axis=axis, scale=alt.Scale(domain=[-0.08 * span, span * 1.25], nice=False))


def _drawn(rows: Rows) -> Rows:
    return [row for row in rows if row["y"] is not None]


def _runs(rows: Rows, field: str) -> Rows:
    """The rows where the field is known, with `tratto` telling apart the stretches without a gap."""
    found = []
    for n, (known, run) in enumerate(groupby(rows, key=lambda row: row.get(field) is not None)):
        found += [row | {"tratto": f"{row['tratto']}{n}"} for row in run] if known else []
    return found


def _region_lines(rows: Rows, x: alt.X, y: alt.Y) -> alt.LayerChart:
    stretch = alt.Detail(field="tratto", type="nominal")
    band = alt.Chart(rows_of(_runs(rows, "inf"))).mark_area(color=BAND, aria=False)
    band = band.encode(x=x, y=alt.Y(field="inf", type="quantitative"), y2=alt.Y2(field="sup"), detail=stretch)
    line = alt.Chart(rows_of(_runs(rows, "y"))).mark_line(color=theme.BLUE, strokeWidth=2.5, aria=False).encode(x=x, y=y, detail=stretch)
    dots = alt.Chart(rows_of(_drawn(rows))).mark_circle(size=60, color=theme.BLUE, opacity=1).encode(x=x, y=y, description=described())
    few = _drawn(rows) if len(rows) <= 8 else _drawn(rows)[-1:]
    return alt.layer(band, line, dots, text_at(few, x, y, dy=-13))


def _province_lines(rows: Rows, last: int, x: alt.X, y: alt.Y) -> alt.LayerChart:
    stretches = [row for _, part in groupby(rows, key=lambda row: row["tratto"]) for row in _runs(list(part), "y")]
    lines = alt.Chart(rows_of(stretches)).mark_line(color=theme.GREY, strokeWidth=1, aria=False)
    lines = lines.encode(x=x, y=y, detail=alt.Detail(field="tratto", type="nominal"))
    dots = alt.Chart(rows_of(_drawn(rows))).mark_circle(size=24, color=theme.GREY, opacity=1).encode(x=x, y=y, description=described())
    final = sorted((row for row in _drawn(rows) if row["x"] == last), key=lambda row: row["y"])
    chosen = final if len(final) < 2 else [final[0], final[-1]]
    ends = [{"x": row["x"], "y": row["y"], "testo": f"{row['tratto']} {row['testo']}"} for row in chosen]
    if len(ends) > 1:
        _apart(ends)
    return alt.layer(lines, dots, text_at(ends, x, y, align="left", dx=6))


@theme.unchecked
def rate_tiles(tassi: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Tile map of the rates of one trimestre, tinted in steps of 20 points (`RATE_BOUNDS`); no panel without tile positions.

    A provincia that the frame lacks is an outlined empty tile, "n.d."; one without workers likewise, "n.c.".
    """
    if not territorio.has_tiles or tassi.is_empty():
        return []
    columns, lines = (max(getattr(p, side) for p in territorio.province) + 1 for side in ("colonna", "riga"))
    columns = max(columns, 4)  # the tiles of a narrow territory stay small
    found, rows = {r["provincia"]: r for r in tassi.iter_rows(named=True)}, []
    for p in territorio.province:
        rate = found[p.sigla]["tasso"] if p.sigla in found else None
        hidden = found[p.sigla].get("tasso" + SEGNO) if p.sigla in found else None
        written = hidden or (_pct(rate) if p.sigla in found else UNKNOWN)
        tint = "#FFFFFF" if rate is None else RATE_TINTS[sum(rate >= bound for bound in RATE_BOUNDS)]
        rows.append(
            {"x": p.colonna, "y": p.riga, "x1": p.colonna + 1, "y1": p.riga + 1, "cx": p.colonna + 0.5, "cy": p.riga + 0.5,
             "sigla": p.sigla, "testo": written, "colore": tint, "bordo": theme.GREY if rate is None else "#FFFFFF",
             "etichetta": f"{p.nome}: {written}" + ("" if rate is None else " di PAL attivate")}
        )  # fmt: skip
    rows.sort(key=lambda row: row["bordo"] != "#FFFFFF")  # outlines above the white edges of their neighbours
    return [(territorio.nome, tile_map(rows, columns, lines))]


@theme.unchecked
def phase_bars(fasi: pl.DataFrame, territorio: Territorio) -> list[Panel]:
    """Workers of each provincia by the phase of the standard flow where their group stands; the number at the end is of all.

    Args:
        fasi: what `flusso.by_phase` returns.
    """
    part = fasi.filter(pl.col("provincia").is_in(territorio.sigle))
    if part.is_empty():
        return []
    order, labels = _places(part, territorio), dict(phases().select("fase", "etichetta").iter_rows())
    rows, ends = [], []
    for sigla in order:
        name, start = territorio.nomi[sigla], 0
        found = {r["fase"]: r for r in part.filter(pl.col("provincia") == sigla).iter_rows(named=True)}
        for fase, label in labels.items():
            r = found.get(fase)
            if r is None or not r["lavoratori"]:
                continue
            wait = f"; attesa mediana {number(r['attesa_mediana'])} giorni" if r["attesa_mediana"] is not None else ""
            groups = f"{number(r['gruppi'])} {'gruppo' if r['gruppi'] == 1 else 'gruppi'}"
            rows.append(
                {"nome": name, "da": start, "a": start + r["lavoratori"], "serie": label,
                 "etichetta": f"{name}, {label}: {number(r['lavoratori'])} lavoratori in {groups}{wait}"}
            )  # fmt: skip
            start += r["lavoratori"]
        ends.append({"nome": name, "a": start, "testo": number(start) if found else UNKNOWN})
    y, top = names_axis([territorio.nomi[sigla] for sigla in order]), max(row["a"] for row in ends) or 1
    bars = alt.Chart(rows_of(rows)).mark_bar(size=17, stroke="white", strokeWidth=0.7).encode(
        x=number_axis("da", "lavoratori", domain=[0, top * 1.2]), x2=alt.X2(field="a"), y=y, description=described(),
        color=series_colours(list(zip(labels.values(), PHASE_COLOURS, strict=True)), 2),
    )  # fmt: skip
    chart = alt.layer(bars, text_layer(ends, "a", y, align="left", dx=4))
    return [("Fase del flusso standard", theme.spec(chart, len(order), extra=100))]
