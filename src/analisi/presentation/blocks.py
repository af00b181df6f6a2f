"""The pieces of a report page. A notebook shows them as they are made; the exporter reads them back from its outputs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from babel.dates import format_date

from analisi.disclosure.segni import SEGNO
from analisi.errors import AnalisiError
from analisi.presentation.formats import FORMATS

MIME = "application/vnd.analisi+json"
SHARE, SHOWN_SHARE = "quota", "decimale"  # a share of 0-1 is shown from 0 to 100, with the second format
HIDDEN = "«*»: cifra oscurata per riservatezza, da sola o per non farne ricavare un'altra."
NO_PREVIEW = "ANALISI_SENZA_ANTEPRIMA"  # set by the runner, which adds the previews when it publishes


@dataclass(frozen=True)
class Block:
    """One piece of the page: `payload` is plain JSON, its `tipo` names the macro of blocks.html.j2 that draws it."""

    payload: dict[str, Any]

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {MIME: self.payload, "text/plain": f"[{self.payload['tipo']}] {self.payload.get('titolo', '')}".strip()}
        if not os.environ.get(NO_PREVIEW):
            from analisi.presentation.html import preview

            bundle["text/html"] = preview(self.payload)
        return bundle


@dataclass(frozen=True)
class Col:
    """One column of a table: field of the frame, heading, format (see `formats.FORMATS`, or "quota"), and the heading above a group.

    Where the value is blank, the sign of what is hidden is shown instead, or the text of the field `fallback` ("n.c." and the like).
    """

    name: str
    label: str
    style: str = "testo"
    group: str = ""
    fallback: str = ""

    def __post_init__(self) -> None:
        if self.style not in FORMATS and self.style != SHARE:
            msg = f"colonna «{self.name}»: formato «{self.style}» sconosciuto; disponibili: {', '.join(FORMATS)}"
            raise AnalisiError(msg)


def _grid(frame: pl.DataFrame, columns: Sequence[Col]) -> dict[str, Any]:
    missing = [name for column in columns for name in (column.name, column.fallback) if name and name not in frame.columns]
    if missing:
        msg = f"colonne assenti dalla tavola: {', '.join(missing)}; disponibili: {', '.join(frame.columns)}"
        raise AnalisiError(msg)
    shares = [c.name for c in columns if c.style == SHARE]
    frame = frame.with_columns(pl.col(shares) * 100)
    styles = [SHOWN_SHARE if c.style == SHARE else c.style for c in columns]
    return {
        "colonne": [
            {"nome": c.name, "etichetta": c.label, "formato": style, "gruppo": c.group} for c, style in zip(columns, styles, strict=True)
        ],
        "righe": [[_cell(row, column) for column in columns] for row in frame.iter_rows(named=True)],
    }


def _cell(row: dict[str, Any], column: Col) -> Any:
    if row[column.name] is not None:
        return row[column.name]
    return row.get(column.name + SEGNO) or (row[column.fallback] if column.fallback else None)


def has_hidden(frame: pl.DataFrame) -> bool:
    """Whether something in the frame is hidden."""
    return any(frame[name].count() for name in frame.columns if name.endswith(SEGNO))


def tags(profilo: str, data_edizione: str = "") -> list[str]:
    """The tags of a page's header: the profile, and the edition's date if one is given (aaaa-mm-gg)."""
    edition = [f"Edizione del {format_date(date.fromisoformat(data_edizione), 'd MMMM y', locale='it_IT')}"] if data_edizione else []
    return [f"Profilo {profilo}", *edition]


def header(*, subtitle: str, owner: str, tags: Sequence[str] = (), synthetic: bool = False) -> Block:
    """What stands under the page's title: period and territory, who publishes, tags such as the profile."""
    return Block({"tipo": "testata", "sottotitolo": subtitle, "ente": owner, "etichette": list(tags), "sintetici": synthetic})


def cards(items: Sequence[tuple[str, str, str]]) -> Block:
    """Key figures as (label, value, note), already written in Italian."""
    return Block({"tipo": "schede", "schede": [{"etichetta": label, "valore": value, "nota": note} for label, value, note in items]})


def text(sentences: Sequence[str], *, as_list: bool = False) -> Block:
    """Sentences made from figures, as one paragraph or as a list; `**words**` are set in bold."""
    return Block({"tipo": "testo", "frasi": [sentence for sentence in sentences if sentence], "elenco": as_list})


def reserved(what: str) -> Block:
    """In place of a piece about single cases, on a page of another profile than the internal one."""
    return text([f"{what}: solo nel profilo interno."])


def warnings(sentences: Sequence[str], title: str = "Avvertenze sui dati") -> Block:
    """Declared faults of the data, in a box; nothing is drawn when there are none."""
    return Block({"tipo": "avvisi", "titolo": title, "frasi": list(sentences)})


def table(
    frame: pl.DataFrame,
    columns: Sequence[Col],
    *,
    title: str,
    name: str = "",
    totals: int = 0,
    notes: Sequence[str] = (),
    source: str = "",
    data: str = "",
) -> Block:
    """A table for people.

    Args:
        frame: rows in the order of the page; the first column heads each row.
        name: name of its sheet in the workbook; without it the table is only on the page.
        totals: how many of the last rows are totals, which stay at the foot when the reader sorts.
        data: name of the data file (`dataset`) that holds its figures.
    """
    notes = [*notes, HIDDEN] if has_hidden(frame) else list(notes)
    payload = {"tipo": "tavola", "nome": name, "titolo": title, "totali": totals, "note": notes, "fonte": source, "dati": data}
    return Block(payload | _grid(frame, columns))


def dataset(frame: pl.DataFrame, columns: Sequence[Col], *, name: str, title: str, notes: Sequence[str] = (), source: str = "") -> Block:
    """A frame to be written unrounded as dati/<name>.csv and as a sheet of the workbook; the page links it."""
    notes = [*notes, HIDDEN] if has_hidden(frame) else list(notes)
    payload = {"tipo": "dati", "nome": name, "titolo": title, "note": notes, "fonte": source}
    return Block(payload | _grid(frame, columns))


def figure(
    panels: Sequence[tuple[str, dict[str, Any]]],
    table_: Block,
    *,
    title: str,
    subtitle: str,
    alt: str,
    source: str,
    legend: Sequence[tuple[str, str]] = (),
    note: str = "",
) -> Block:
    """A chart of one or more panels (title, Vega-Lite spec) drawn side by side, and the table of its data.

    Args:
        title: what is shown. subtitle: what to see in it. alt: the picture in words, for who cannot see it.
        legend: (colour, meaning) of each series.
    """
    drawn = [{"titolo": name, "spec": spec} for name, spec in panels]
    return Block(
        {
            "tipo": "figura", "titolo": title, "sottotitolo": subtitle, "alt": alt, "fonte": source, "nota": note,
            "pannelli": drawn, "legenda": [list(item) for item in legend], "tavola": table_.payload,
        }
    )  # fmt: skip
