"""Charts of the bimonthly report, each a list of panels (title, spec): months, suspensions over time, workers on the map.

As in `charts`, every mark carries its Italian label. Suspensions are single cases: that chart is for the internal profile only.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import altair as alt
import polars as pl
from babel.dates import format_date

from analisi.disclosure.segni import OSCURATO
from analisi.indicators.procedure_in_corso import ATTESA, CORSO, SCADENZA
from analisi.presentation import theme
from analisi.presentation.charts import TINTS
from analisi.presentation.formats import number, told
from analisi.presentation.marks import Panel, described, quantitative, rows_of, series_colours, spans, text_at, tile_map
from analisi.vocabulary import Territorio

STARTS, ENDS = ("inizi", theme.BLUE), ("scadenze", theme.ORANGE)
STATES = [(SCADENZA, theme.ORANGE), (CORSO, theme.BLUE), (ATTESA, theme.GREY)]
TILE_TINTS = ["#FFFFFF", *TINTS[1]]  # none, then by thirds of the largest
HIDDEN_TINT = "#E4E4E4"
FEW = 5  # up to here every whole number has its tick
ONE_YEAR = timedelta(days=365)
NAME, LINES = 22, 15  # characters of a name, and lines of a panel, that there is room for
MAP_COLUMNS = 4  # the tiles of a narrow territory stay small


@theme.unchecked
def month_columns(mesi: pl.DataFrame, day: date, counts: Sequence[tuple[str, str, str]]) -> list[Panel]:
    """Columns by month: what starts above the line, what expires below it; a dashed line at the end of the month of the day.

    Args:
        mesi: mese (its first day), one row a month without gaps, and the counts; where one is blank, as it is hidden, stands its sign.
        counts: for each panel its title and the columns of what starts and of what expires.
    """
    months = mesi["mese"].to_list()
    labels, year = {}, None
    for n in range(0, len(months), -(-len(months) // 8)):
        word = format_date(months[n], "MMM", locale="it_IT")
        labels[n], year = (word if months[n].year == year else [word, str(months[n].year)]), months[n].year
    axis = alt.Axis(values=list(labels), labelExpr=f"{labels}[datum.value]", title=None, grid=False, labelBound=False)
    x = alt.X(field="da", type="quantitative", axis=axis, scale=alt.Scale(domain=[-0.5, len(months) - 0.5], nice=False))
    now = sum(month <= day for month in months) - 0.5
    panels = []
    for title, start, end in counts:
        rows, hidden = [], []
        for n, r in enumerate(mesi.iter_rows(named=True)):
            for (serie, _), name, sign in ((STARTS, start, 1), (ENDS, end, -1)):
                if r[name] is None:
                    hidden.append({"da": n, "y": 0, "testo": OSCURATO, "posto": sign})
                if r[name]:
                    words = f"{format_date(r['mese'], 'MMMM y', locale='it_IT')}, {serie}: {number(r[name])} {title.lower()}"
                    rows.append({"da": n - 0.38, "a": n + 0.38, "serie": serie, "y": 0, "y2": sign * r[name], "etichetta": words})
        high, low = max([row["y2"] for row in rows], default=1), min([row["y2"] for row in rows], default=-1)
        low, high = min(low, 0), max(high, 0)
        scale = alt.Scale(domain=[low * 1.08, high * 1.08], nice=False)
        whole = {"values": list(range(low, high + 1))} if high - low <= FEW else {"tickCount": 5}
        ticks = alt.Axis(**whole, grid=True, title=None, labelExpr="replace(format(abs(datum.value), ',d'), ',', '.')")
        y = alt.Y(field="y", type="quantitative", axis=ticks, scale=scale)
        bars = (
            alt.Chart(rows_of(rows))
            .mark_bar()
            .encode(x=x, x2=alt.X2(field="a"), y=y, y2=alt.Y2(field="y2"), color=series_colours([STARTS, ENDS], 2), description=described())
        )
        rule = alt.Chart(rows_of([{"da": now}])).mark_rule(color=theme.INK, strokeDash=[4, 3], aria=False).encode(x=quantitative("da"))
        stars = [
            text_at([row for row in hidden if row["posto"] == sign], quantitative("da"), alt.Y(field="y", type="quantitative"), dy=dy)
            for sign, dy in ((1, -3), (-1, 13))
            if any(row["posto"] == sign for row in hidden)
        ]
        panels.append((title, theme.spec(alt.layer(bars, *stars, rule), 0, extra=210)))
    return panels


def short(name: str, room: int = NAME) -> str:
    """A name as the axis has room for.

    >>> short("Officine meccaniche riunite Srl", 12)
    'Officine mec…'
    """
    return name if len(name) <= room + 1 else name[:room].rstrip() + "…"


@theme.unchecked
def suspensions(casi: pl.DataFrame, day: date, days: int, luoghi: dict[str, str]) -> list[Panel]:
    """The suspension of each unità as a bar over time, in the order given; dashed lines at the day and where what expires ends.

    Args:
        casi: rows of `procedure_in_corso.cases` with a start; nobody but the internal profile sees them.
        luoghi: name of each provincia.
    """
    rows, taken = [], set()
    for r in casi.iter_rows(named=True):
        end = f"al {r['data_fine']:%d/%m/%Y}" if r["data_fine"] else "senza fine indicata"
        place = f"{r['comune_nome'] or 'comune non indicato'}, {luoghi.get(r['provincia'], r['provincia'])}"
        words = f"{r['ragione_sociale']} ({place}): dal {r['data_inizio']:%d/%m/%Y} {end}, lavoratori: {number(r['lavoratori_coinvolti'])}"
        name = _apart(r["ragione_sociale"], taken)
        rows.append({"nome": name, "da": r["data_inizio"], "a": r["data_fine"], "serie": r["situazione"], "etichetta": words})
    first, last = (day - ONE_YEAR).replace(day=1), day + ONE_YEAR
    marks = [day, day + timedelta(days=days)]
    panels = -(-len(rows) // LINES) or 1
    size = -(-len(rows) // panels)
    return [("", spans(rows[n : n + size], first, last, marks=marks, colours=STATES)) for n in range(0, len(rows), size or 1)]


def _apart(name: str, taken: set[str]) -> str:
    """The short name, with a number when it is already taken: "(2)" is another unità of the same company, or one that begins alike."""
    found = short(name)
    number_ = 1
    while found in taken:
        number_ += 1
        found = f"{name[:NAME].rstrip()} ({number_})"
    taken.add(found)
    return found


@theme.unchecked
def worker_tiles(conteggi: pl.DataFrame, territorio: Territorio, titles: dict[str, str]) -> list[Panel]:
    """Tile map of the workers of each provincia, a panel for each voce of `titles`, tinted by thirds of the largest; zero is white.

    Args:
        conteggi: provincia, voce, unita, lavoratori.
    """
    if not territorio.has_tiles:
        return []
    columns, lines = (max(getattr(p, side) for p in territorio.province) + 1 for side in ("colonna", "riga"))
    panels = []
    for voce, title in titles.items():
        found = {r["provincia"]: r for r in conteggi.filter(voce=voce).iter_rows(named=True)}
        largest = max([found[p.sigla]["lavoratori"] or 0 for p in territorio.province], default=0) or 1
        rows = []
        for p in territorio.province:
            workers, shown, units = found[p.sigla]["lavoratori"], told(found[p.sigla], "lavoratori"), told(found[p.sigla], "unita")
            tint = HIDDEN_TINT if workers is None else TILE_TINTS[-(-3 * workers // largest)]
            rows.append(
                {"x": p.colonna, "y": p.riga, "x1": p.colonna + 1, "y1": p.riga + 1, "cx": p.colonna + 0.5, "cy": p.riga + 0.5,
                 "sigla": p.sigla, "testo": shown, "colore": tint, "bordo": theme.GREY if workers == 0 else "#FFFFFF",
                 "etichetta": f"{p.nome}: {shown} lavoratori, {units} unità"}
            )  # fmt: skip
        rows.sort(key=lambda row: row["bordo"] != "#FFFFFF")  # outlines above the white edges of their neighbours
        panels.append((title, tile_map(rows, max(columns, MAP_COLUMNS), lines)))
    return panels
