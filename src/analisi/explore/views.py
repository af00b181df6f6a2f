"""What the workbench shows of a cube, as plain values: five linked charts, the table behind them, and the words around them.

Charts are drawn of sums only, never of rows. A mark carries `chiave`, the code that a click on it selects.
"""

from __future__ import annotations

from typing import Any

import altair as alt
import polars as pl
from babel.dates import format_date

from analisi.explore.cube import DIMENSIONI, MODI, TEMPI, UNKNOWN, Cubo, Scelte, described, table, values
from analisi.presentation import theme
from analisi.presentation.charts import SERIES, TINT_BOUNDS, TINTS
from analisi.presentation.formats import number
from analisi.presentation.marks import (
    Rows,
    as_is,
    bounds_around_zero,
    names_axis,
    number_axis,
    rows_of,
    text_at,
    text_layer,
    tile_map,
)
from analisi.presentation.marks import (
    described as label_of_mark,
)

FUORI = "#B4BCC8"  # a mark that the selection leaves out
DEI_MODI = {"assoluto": "", "peso": "%", "variazione": "differenza", "variazione_pct": "%", "per_unita": "per unità"}


def written(row: dict[str, Any], modo: str) -> str:
    """A value as people read it, or why there is none."""
    return row["stato"] or number(row["valore"], MODI[modo][1]) or UNKNOWN


def _rows(cubo: Cubo, scelte: Scelte, dimension: str) -> Rows:
    """One row per code of a dimension: chiave, nome, valore, testo, colore, etichetta; those not selected are grey."""
    where = scelte.where(dimension)
    if dimension == "periodo":
        where["periodo"] = ()  # the trend always goes over all periods
    chosen = scelte.where()[dimension] if dimension == "periodo" else scelte.filtri.get(dimension, ())
    rows = []
    for found in values(cubo, scelte, [dimension], where).iter_rows(named=True):
        code, text = found[dimension], written(found, scelte.modo)
        name = cubo.label(dimension, code)
        kept = not chosen or code in chosen
        rows.append(
            {"chiave": code, "nome": name, "valore": found["valore"], "testo": text, "scelto": kept,
             "colore": theme.BLUE if kept else FUORI, "etichetta": f"{name}: {text}{'' if kept or not chosen else ', non selezionato'}"}
        )  # fmt: skip
    return rows


def _bars(rows: Rows, title: str) -> dict[str, Any]:
    """Horizontal bars around zero, their numbers at the ends."""
    shown = [{**row, "valore": row["valore"] or 0} for row in rows]
    y = names_axis([row["nome"] for row in shown])
    x = number_axis("valore", title, domain=bounds_around_zero([row["valore"] for row in shown]))
    bars = (
        alt.Chart(rows_of(shown)).mark_bar(size=16, cursor="pointer").encode(x=x, y=y, color=as_is("colore"), description=label_of_mark())
    )
    right = text_layer([row for row in shown if row["valore"] >= 0], "valore", y, align="left", dx=4)
    left = text_layer([row for row in shown if row["valore"] < 0], "valore", y, align="right", dx=-4)
    return theme.spec(alt.layer(bars, right, left), len(shown), extra=52)


def _ordered(rows: Rows) -> Rows:
    """Largest first, unknown last."""
    return sorted(rows, key=lambda row: (row["valore"] is None, -(row["valore"] or 0)))


def _tiles(rows: Rows, cubo: Cubo) -> dict[str, Any]:
    """The tile map: tinted by sign and size; the tiles left out by the selection are white."""
    found = {row["chiave"]: row for row in rows}
    largest = max((abs(row["valore"] or 0) for row in rows), default=0) or 1
    tiles = []
    for p in cubo.territorio.province:
        row = found.get(
            p.sigla, {"chiave": p.sigla, "valore": None, "testo": "", "scelto": False, "etichetta": f"{p.nome}: fuori dalle scelte"}
        )
        value = row["valore"]
        sign = 0 if not value else 1 if value > 0 else -1
        step = sum(abs(value) >= bound * largest for bound in TINT_BOUNDS) if sign else 0
        tiles.append(
            {"x": p.colonna, "y": p.riga, "x1": p.colonna + 1, "y1": p.riga + 1, "cx": p.colonna + 0.5, "cy": p.riga + 0.5,
             "chiave": p.sigla, "sigla": p.sigla, "testo": row["testo"], "etichetta": row["etichetta"],
             "colore": TINTS[sign][step] if row["scelto"] and value is not None else "#FFFFFF",
             "bordo": "#FFFFFF" if row["scelto"] and value is not None else FUORI}
        )  # fmt: skip
    columns, lines = (max(getattr(p, side) for p in cubo.territorio.province) + 1 for side in ("colonna", "riga"))
    return tile_map(tiles, max(columns, 4), lines)


def _trend(rows: Rows, title: str) -> dict[str, Any]:
    """A line over all periods, its points selectable; the numbers above them where there is room."""
    points = [{**row, "nome": row["chiave"]} for row in rows if row["valore"] is not None]
    names = [row["chiave"] for row in rows]
    x = alt.X(field="nome", type="nominal", sort=names, title=None, scale=alt.Scale(domain=names),
              axis=alt.Axis(labelAngle=0 if len(names) < 7 else -60, labelOverlap=True, labelBound=False))  # fmt: skip
    axis = alt.Axis(tickCount=4, title=title, grid=True)
    y = alt.Y(
        field="valore",
        type="quantitative",
        axis=axis,
        scale=alt.Scale(nice=False, domain=bounds_around_zero([r["valore"] for r in points])),
    )
    base = alt.Chart(rows_of(points))
    line = base.mark_line(color=theme.GREY, strokeWidth=2, aria=False).encode(x=x, y=y)
    dots = base.mark_circle(size=130, opacity=1, cursor="pointer").encode(x=x, y=y, color=as_is("colore"), description=label_of_mark())
    texts = [text_at(points, x, y, dy=-14)] if len(names) < 7 else []
    return theme.spec(alt.layer(line, dots, *texts), 0, extra=220)


def _scatter(cubo: Cubo, scelte: Scelte) -> dict[str, Any]:
    """Each provincia as a point: the two measures of the source."""
    first, second = cubo.coppia
    where, chosen = scelte.where("provincia"), scelte.filtri.get("provincia", ())
    pair = [values(cubo, Scelte(name, tempo=scelte.tempo), ["provincia"], where) for name in (first, second)]
    both = pair[0].join(pair[1], on="provincia", suffix="_y", maintain_order="left").drop_nulls(["valore", "valore_y"])
    words = [cubo.misure[name][0] for name in (first, second)]
    rows = []
    for r in both.iter_rows(named=True):
        kept = not chosen or r["provincia"] in chosen
        said = ", ".join(f"{number(r[name])} {word.lower()}" for name, word in zip(("valore", "valore_y"), words, strict=True))
        rows.append({"chiave": r["provincia"], "x": r["valore"], "y": r["valore_y"], "testo": r["provincia"],
                     "colore": theme.BLUE if kept else FUORI, "etichetta": f"{cubo.territorio.nomi[r['provincia']]}: {said}"})  # fmt: skip
    x = number_axis("x", words[0], domain=bounds_around_zero([r["x"] for r in rows], 0.12))
    domain = bounds_around_zero([r["y"] for r in rows], 0.12)
    y = alt.Y(
        field="y", type="quantitative", axis=alt.Axis(tickCount=4, title=words[1], grid=True), scale=alt.Scale(nice=False, domain=domain)
    )
    dots = alt.Chart(rows_of(rows)).mark_circle(size=130, opacity=1, cursor="pointer")
    dots = dots.encode(x=x, y=y, color=as_is("colore"), description=label_of_mark())
    return theme.spec(alt.layer(dots, text_at(_apart(rows), x, y, align="left", dx=9)), 0, extra=240)


def _apart(rows: Rows) -> Rows:
    """The points whose label has room, largest first: the others are told by pointing at them."""
    high, wide = (max((abs(row[axis]) for row in rows), default=0) or 1 for axis in ("y", "x"))
    kept: Rows = []
    for row in sorted(rows, key=lambda row: (-row["y"], -row["x"])):
        if all(abs(row["y"] - other["y"]) > high / 16 or abs(row["x"] - other["x"]) > wide / 6 for other in kept):
            kept.append(row)
    return kept


@theme.unchecked
def charts(cubo: Cubo, scelte: Scelte) -> list[dict[str, Any]]:
    """The five charts: nome, titolo, the dimension that a click selects, and the Vega-Lite spec; no tile map without places for tiles."""
    title = unit(cubo, scelte)
    province = _rows(cubo, scelte, "provincia")
    colours = dict(zip(cubo.categorie, SERIES, strict=False))
    mix = [row | {"colore": colours.get(row["chiave"], theme.GREY) if row["scelto"] else FUORI} for row in _rows(cubo, scelte, "categoria")]
    place = list(cubo.categorie).index
    place_name, kind = cubo.territorio.singolare, cubo.dimensione
    tiles = [("mappa", "Mappa a tessere", "provincia", _tiles(province, cubo))] if cubo.territorio.has_tiles else []
    drawn = [
        ("province", f"Per {place_name}", "provincia", _bars(_ordered(province), title)),
        *tiles,
        ("andamento", f"Andamento ({TEMPI[scelte.tempo].lower()})", "periodo", _trend(_rows(cubo, scelte, "periodo"), title)),
        ("composizione", f"Per {kind.lower()}", "categoria", _bars(sorted(mix, key=lambda row: place(row["chiave"])), title)),
        ("dispersione", " e ".join(cubo.misure[name][0].lower() for name in cubo.coppia).capitalize(), "provincia", _scatter(cubo, scelte)),
    ]
    return [{"nome": name, "titolo": title, "dimensione": dimension, "spec": spec} for name, title, dimension, spec in drawn]


def unit(cubo: Cubo, scelte: Scelte) -> str:
    """What the numbers are, for an axis: "lavoratori, %"."""
    return ", ".join(filter(None, [cubo.misure[scelte.misura][0].lower(), DEI_MODI[scelte.modo]]))


def _heads(cubo: Cubo) -> dict[str, str]:
    """The name of each dimension, for people."""
    return {"periodo": "Periodo", "provincia": cubo.territorio.singolare.capitalize(), "categoria": cubo.dimensione}


def columns(cubo: Cubo, scelte: Scelte) -> list[tuple[str, str, str]]:
    """The columns of the table: name, heading, format."""
    heads = _heads(cubo)
    named = [(name, heads[name], "testo") for name in DIMENSIONI] + [(name, label, "intero") for name, (label, _) in cubo.misure.items()]
    label, style, _ = MODI[scelte.modo]
    return named + [("valore", f"{cubo.misure[scelte.misura][0]}: {label.lower()}", style)] * (scelte.modo != "assoluto")


def grid(cubo: Cubo, scelte: Scelte, frame: pl.DataFrame) -> dict[str, Any]:
    """The table behind the charts: each cell as (what it is sorted by, what is read)."""
    heads = columns(cubo, scelte)
    rows = []
    for row in frame.iter_rows(named=True):
        cells = []
        for name, _, style in heads:
            text = cubo.label(name, row[name]) if style == "testo" else number(row[name], style)
            cells.append((text if style == "testo" else row[name], text or (row["stato"] if name == "valore" else None) or UNKNOWN))
        rows.append({"celle": cells, "chiavi": {name: row[name] for name in DIMENSIONI}})
    title = f"I dati dei grafici: {described(cubo, scelte.where())}"
    return {"titolo": title, "colonne": [{"etichetta": label, "numero": style != "testo"} for _, label, style in heads], "righe": rows}


def summary(cubo: Cubo, scelte: Scelte) -> str:
    """The value of all that is selected, in words."""
    value = written(values(cubo, scelte, []).row(0, named=True), scelte.modo) if cubo.celle.height else UNKNOWN
    label, _, _ = MODI[scelte.modo]
    return f"{cubo.misure[scelte.misura][0]}, {label.lower()}: {value}"


def cautions(cubo: Cubo, scelte: Scelte) -> list[str]:
    """What must be said of the figures now shown: blanks, partial periods, things that count more than once."""
    where = scelte.where()
    years = sorted({int(code[:4]) for code in where["periodo"] or cubo.periodi(scelte.tempo)})
    said = []
    if cubo.sintetica:
        said.append("DATI SINTETICI, inventati per prova: persone, aziende, date e importi non esistono.")
    last = cubo.ultimo
    if last and years[-1] == last.year and last.month < 12:
        said.append(f"I dati arrivano a {format_date(last, 'MMMM y', locale='it_IT')}: l'anno non è completo.")
    if cubo.ripete and len(years) > 1:
        said.append("Con questo criterio la stessa unità conta in ogni anno in cui è in corso: la somma di più anni la ripete.")
    return [*said, *cubo.avvisi]


def shown(cubo: Cubo, scelte: Scelte, frame: pl.DataFrame | None = None) -> dict[str, Any]:
    """All that the page shows of some choices, as plain JSON."""
    frame = table(cubo, scelte) if frame is None else frame
    chips = [(name, code, cubo.label(name, code)) for name in DIMENSIONI for code in scelte.filtri.get(name, ())]
    heads = _heads(cubo)
    return {
        "viste": charts(cubo, scelte),
        "tavola": grid(cubo, scelte, frame),
        "sintesi": summary(cubo, scelte),
        "scelte": described(cubo, scelte.where()),
        "filtri": [{"dimensione": name, "chiave": code, "testo": f"{heads[name]}: {words}"} for name, code, words in chips],
        "avvisi": cautions(cubo, scelte),
        "fonte": cubo.documento,
    }


def record_grid(found: pl.DataFrame, count: int, what: str, limit: int) -> dict[str, Any]:
    """The rows behind some cells, as a table of texts; days as Italians write them."""
    dates = [pl.col(name).dt.to_string("%d/%m/%Y") for name, dtype in found.schema.items() if dtype == pl.Date]
    more = f"; sono mostrate le prime {limit}" if count > limit else ""
    rows = "1 riga" if count == 1 else f"{number(count)} righe"
    return {
        "titolo": f"Record della fonte: {what} ({rows}{more})",
        "colonne": [{"etichetta": name, "numero": found.schema[name].is_numeric()} for name in found.columns],
        "righe": [[_text(cell) for cell in row] for row in found.with_columns(dates).iter_rows()],
    }


def _text(cell: object) -> str:
    return "" if cell is None else str(cell)
