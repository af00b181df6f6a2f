"""Doubts about a whole file: every row may be fine, and the file wrong all the same. Each doubt comes with its evidence."""

from __future__ import annotations

import math
from itertools import pairwise
from typing import TYPE_CHECKING

import polars as pl

from analisi.errors import listing
from analisi.tables.schema import Table
from analisi.tables.validation import Sheet

if TYPE_CHECKING:
    from analisi.tables.reading import Lettura

LABELS = ("data_estrazione", "fonte", "versione_tracciato", "natura", "data_invio", "progressivo_invio", "progressivo_versione")
ENOUGH = 20  # values below which a pattern may be chance


def doubts(reading: Lettura, work: Sheet, earlier: list[Lettura]) -> list[str]:
    """Sentences on what makes the file look wrong, with the evidence; empty when nothing does."""
    data = reading.dati
    found = [
        *_nothing(reading),
        *_loaded_twice(reading, work),
        *_days_within_twelve(data, reading.tabella),
        *_cumulative_steps(work),
    ]
    if earlier:
        found += [*_same_as_before(reading, earlier), *_older(reading, earlier), *_multiples_of_ten(reading, earlier)]
        found += [*_province_gone(reading, earlier), *_jump(reading, earlier)]
    return found


def _nothing(reading: Lettura) -> list[str]:
    return [] if reading.conteggio["righe"] > reading.conteggio["vuote"] else ["il file ha l'intestazione ma nessuna riga di dati"]


def _content(data: pl.DataFrame, table: Table) -> pl.Series:
    """One number per row that says its content, labels of the delivery aside."""
    return data.select(name for name in table.names if name not in LABELS).hash_rows(seed=7)


def _loaded_twice(reading: Lettura, work: Sheet) -> list[str]:
    """The same rows twice: equal rows in the file, whether the key refuses them or differs only in its counter."""
    repeats = reading.scarti.filter(pl.col("regola") == "chiave").height
    if repeats < 5 and not set(LABELS) & set(work.table.key):
        return []  # equal rows would have equal keys
    body = work.body.filter(pl.any_horizontal(pl.all().is_not_null()))
    counters = [place for name, place in work.heading.columns.items() if name in LABELS]
    content = body.select(name for i, name in enumerate(body.columns) if i not in counters).hash_rows(seed=7)
    repeated = body.height - content.n_unique()
    if repeated >= 5 and repeated >= 0.3 * body.height:
        first = content.is_first_distinct()
        again = (~first).arg_true()
        where = f"la prima copia alla riga {again[0] + work.first_row}"
        return [f"le stesse righe sembrano caricate due volte: {repeated} righe su {body.height} ripetono una riga precedente ({where})"]
    return []


def _days_within_twelve(data: pl.DataFrame, table: Table) -> list[str]:
    """Dates none of whose days passes twelve: day and month may be swapped."""
    found = []
    for column in table.columns:
        if column.type != "data" or column.name in LABELS:
            continue
        dates = data[column.name].unique().drop_nulls()
        if len(dates) < ENOUGH:
            continue
        days = dates.dt.day()
        if days.max() <= 12 and dates.dt.month().n_unique() > 1 and days.n_unique() > 1:
            chance = 12 / 30.4
            said = f"{len(dates)} date diverse e nessuna dopo il giorno 12 (per caso: una volta su {1 / chance ** len(dates):.0e})"
            found.append(f"{column.name}: giorno e mese possono essere scambiati: {said}")
    return found


def _cumulative_steps(work: Sheet) -> list[str]:
    """Steps that decrease row by row and do not add up: cumulative counts where exclusive ones are declared."""
    from analisi.sources.cells import parse_whole
    from analisi.tables.catalogo import PASSI_CONTO

    if work.table.name != "monitoraggio_pal" or work.body.height < 3:
        return []
    names = ("lavoratori_sospesi", *PASSI_CONTO)
    rows = zip(*(work.raw(name).to_list() for name in names), strict=True)
    numbers = [[value for text in row if isinstance(value := parse_whole(text or "x"), int)] for row in rows]
    whole = [row for row in numbers if len(row) == len(names) and sum(row[1:5]) > 0]
    falling = [row for row in whole if row[1] >= row[2] >= row[3] >= row[4]]
    over = [row for row in falling if sum(row[1:]) > row[0] >= row[1] + row[5]]
    if len(whole) >= 3 and len(falling) == len(whole) and len(over) >= 0.6 * len(whole):
        said = f"in {len(falling)} righe su {len(whole)} ogni passo contiene il successivo, in {len(over)} la somma supera i sospesi"
        return [f"i passi sembrano cumulativi, la tabella li vuole esclusivi (l'ultimo passo raggiunto): {said}; chiedere al Nucleo"]
    return []


def _same_as_before(reading: Lettura, earlier: list[Lettura]) -> list[str]:
    mine = _content(reading.dati, reading.tabella)
    for other in reversed(earlier):
        if other.provenienza["sha256"] == reading.provenienza["sha256"]:
            return [f"è lo stesso file di {other.provenienza['file']}, byte per byte: un estratto precedente caricato come nuovo"]
        same = int(mine.is_in(_content(other.dati, other.tabella).to_list()).sum()) if len(mine) else 0
        if len(mine) >= 5 and same == len(mine) and same == other.dati.height:
            return [f"ha le stesse {same} righe di {other.provenienza['file']}: un estratto precedente caricato come nuovo"]
    return []


def _older(reading: Lettura, earlier: list[Lettura]) -> list[str]:
    """A file whose latest date comes before the latest of the extract that should precede it."""
    names = [c.name for c in reading.tabella.columns if c.type == "data" and c.required] or ["data_estrazione"]
    names = [name for name in names if name in reading.tabella.names]
    for name in names:
        mine, before = reading.dati[name].max(), earlier[-1].dati[name].max()
        if mine is not None and before is not None and mine < before:
            return [f"{name}: l'ultima data è {mine:%d/%m/%Y}, prima di quella ({before:%d/%m/%Y}) di {earlier[-1].provenienza['file']}"]
    return []


def _counts(table: Table) -> list[str]:
    return [column.name for column in table.columns if column.additive and column.type == "intero"]


def _multiples_of_ten(reading: Lettura, earlier: list[Lettura]) -> list[str]:
    found = []
    for name in _counts(reading.tabella):
        mine = reading.dati[name].drop_nulls()
        mine = mine.filter(mine > 0)
        before = pl.concat([other.dati[name].drop_nulls() for other in earlier])
        before = before.filter(before > 0)
        if len(mine) >= 8 and len(before) >= 8 and (mine % 10 == 0).all() and (before % 10 == 0).mean() < 0.5:
            share = (before % 10 == 0).mean()
            said = f"tutti i {len(mine)} valori sono multipli di dieci, mentre negli estratti precedenti lo era il {100 * share:.0f}%"
            found.append(f"{name}: forse si è persa una virgola decimale: {said}")
    return found


def _province_gone(reading: Lettura, earlier: list[Lettura]) -> list[str]:
    name = next((c.name for c in reading.tabella.columns if c.type == "provincia" and c.required), None)
    if name is None or reading.dati.is_empty():
        return []
    counts = dict(earlier[-1].dati[name].value_counts().iter_rows())
    gone = sorted(set(counts) - set(reading.dati[name].unique()) - {None})
    if not gone:
        return []
    said = listing(f"{sigla} (aveva {counts[sigla]} righe)" for sigla in gone)
    return [f"{name}: rispetto a {earlier[-1].provenienza['file']} {'manca' if len(gone) == 1 else 'mancano'} {said}"]


def _jump(reading: Lettura, earlier: list[Lettura]) -> list[str]:
    """Totals that change, against the previous extract, far beyond what they changed before (threefold when nothing is known)."""
    measures = {"righe": lambda data: data.height} | {
        name: lambda data, name=name: data[name].sum() for name in _counts(reading.tabella)[:1]
    }
    found = []
    for name, measure in measures.items():
        series = [measure(other.dati) for other in earlier] + [measure(reading.dati)]
        if min(series) <= 0:
            continue
        changes = [abs(math.log(after / before)) for before, after in pairwise(series)]
        known = changes[:-1]
        limit = max(3 * max(known), math.log(1.5)) if known else math.log(3)
        if changes[-1] > limit:
            usual = f"finora al più per {math.exp(max(known)):.1f}".replace(".", ",") if known else "un solo estratto precedente"
            times = f"{series[-1] / series[-2]:.1f}".replace(".", ",")
            found.append(f"{name}: da {series[-2]} a {series[-1]}, moltiplicato per {times} ({usual})")
    return found
