"""Reading a file into a declared table: clean rows, faults that explain themselves, and a count in which no row is lost."""

from __future__ import annotations

from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import date
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources import read_sheets, sha256
from analisi.sources.foglio import Foglio
from analisi.sources.snapshots import require_unaltered
from analisi.tables.catalogo import ESTRATTI, TABLES
from analisi.tables.doubts import doubts
from analisi.tables.heading import Heading, find_headings, require_columns
from analisi.tables.mapping import Mappatura, headings_of, load_mapping
from analisi.tables.schema import ROW, Table
from analisi.tables.validation import FAULTS, Sheet, validate
from analisi.vocabulary import load_territorio, normalized
from analisi.workspace import CODICE_FISCALE, masked, resolve, shown

NO_ERRORS_TOLD = "in un file .xls le celle in errore non si distinguono dalle vuote; per esserne certi, salvarlo come .xlsx"


@dataclass(frozen=True, repr=False)
class Lettura:
    """What was read from one sheet. `dati`: the accepted rows, typed; `scarti`: one row per error, `avvisi`: one per warning.

    `righe` says where each accepted row stands in the file; `conteggio` adds up: righe = accettate + scartate + totali + vuote.
    """

    tabella: Table
    dati: pl.DataFrame
    righe: pl.Series
    scarti: pl.DataFrame
    avvisi: pl.DataFrame
    dubbi: tuple[str, ...]
    conteggio: dict[str, int]
    provenienza: dict[str, Any]
    foglio: Foglio = field(repr=False)
    posizioni: dict[str, int] = field(repr=False, default_factory=dict)
    intestazioni: dict[str, str] = field(repr=False, default_factory=dict)

    def __repr__(self) -> str:
        counts = ", ".join(f"{name} {number}" for name, number in self.conteggio.items() if number)
        return f"Lettura({self.tabella.name}, {self.provenienza['file']}: {counts}, avvisi {len(self.avvisi)}, dubbi {len(self.dubbi)})"

    def _repr_html_(self) -> str:
        from analisi.tables.summary import as_html

        return as_html(self)

    @property
    def pulita(self) -> bool:
        """Whether no row was rejected and no total disagrees."""
        return self.scarti.is_empty()

    @property
    def difetti(self) -> pl.DataFrame:
        """Every fault, rejects and warnings, in the order of the file."""
        return pl.concat([self.scarti, self.avvisi]).sort("riga", "posizione", maintain_order=True)

    def messages(self, faults: pl.DataFrame | None = None, limit: int = 20) -> list[str]:
        """Faults (rejects unless given) as sentences that name file, sheet, row, column, value and rule."""
        faults = self.scarti if faults is None else faults
        lines = [f"{self.foglio.place}, {fault_words(fault)}" for fault in faults.head(limit).iter_rows(named=True)]
        return lines + ([f"... e altri {faults.height - limit}"] if faults.height > limit else [])

    def raise_if_rejected(self) -> None:
        """Raises: AnalisiError with one line per fault, the first twenty in full."""
        if not self.pulita:
            raise AnalisiError("\n".join(self.messages()))

    def in_pandas(self) -> Lettura:
        """The same reading with pandas frames: whole numbers stay whole beside missing values, texts are "string", dates datetime64."""
        frames = {name: _pandas(getattr(self, name)) for name in ("dati", "scarti", "avvisi")}
        return replace(self, **frames, righe=_pandas(self.righe.to_frame())[self.righe.name])


def _pandas(frame: pl.DataFrame) -> Any:
    import pandas as pd

    kinds = {pl.Int64: "Int64", pl.Float64: "Float64", pl.String: "string", pl.Date: "datetime64[s]"}
    return pd.DataFrame(
        {
            name: pd.array(column.to_list(), dtype=kinds[column.dtype.base_type()])
            for name, column in zip(frame.columns, frame.iter_columns(), strict=True)
        }
    )


def in_polars(frame: Any) -> pl.DataFrame:
    """A frame of polars as it is, one of pandas as polars: missing values null, instants that are all midnights dates."""
    if isinstance(frame, pl.DataFrame):
        return frame
    kept = frame.astype(object).where(frame.notna(), None)
    rows = pl.DataFrame({str(name): kept[name].to_list() for name in kept.columns}, strict=False, infer_schema_length=None)
    days = [name for name, kind in rows.schema.items() if kind == pl.Datetime and (rows[name].dt.truncate("1d") == rows[name]).all()]
    return rows.with_columns(pl.col(days).cast(pl.Date))


def fault_words(fault: dict[str, Any]) -> str:
    """One fault as a sentence: "riga 7, colonna data_fine, valore «…»: rule"."""
    heading = fault["intestazione"]
    column = fault["colonna"] + (f" (intestazione «{heading[:60]}»)" if heading and heading != fault["colonna"] else "")
    return f"riga {fault['riga']}, colonna {column}, valore {fault['valore']}: {fault['testo']}"


def leggi(
    percorso: str | Path,
    tabella: str | None = None,
    *,
    mappatura: str | Path | None = None,
    foglio: str | None = None,
    territorio: str = "lombardia",
    precedenti: Iterable[Lettura] = (),
    come: Literal["polars", "pandas"] = "polars",
) -> Lettura:
    """Read one table from a CSV, XLSX, XLS, ODS or Parquet file; without `tabella`, the one its headings say.

    `precedenti` are earlier readings of the same table, oldest first, against which the whole file is doubted. The frames of the
    result are polars, or pandas as asked.

    >>> lettura = leggi("data/pubblicati/casi_gestiti.csv", "casi_gestiti")
    >>> lettura.conteggio["righe"] == lettura.conteggio["accettate"], lettura.pulita  # lettura alone, in a notebook, tells all
    (True, True)
    >>> lettura.dati.columns
    ['anno', 'provincia', 'procedura', 'unita_produttive', 'lavoratori']
    >>> lettura.scarti.columns  # one row per error: where it is, the value (never one that names a person), the rule, what to do
    ['riga', 'posizione', 'colonna', 'intestazione', 'valore', 'regola', 'gravita', 'testo']

    Raises:
        AnalisiError: the file cannot be used at all. Faults of single rows do not raise: they are in `scarti`.
    """
    path = resolve(percorso)
    mapping = load_mapping(mappatura, TABLES) if mappatura else Mappatura()
    table, sheet, heading, others = _choose(path, tabella or mapping.tabella or None, mapping, foglio or mapping.foglio or None)
    heading = require_columns(sheet, table, heading, mapping)
    work = Sheet(sheet, table, heading, mapping, load_territorio(territorio), [])
    with ThreadPoolExecutor(1) as pool:
        digest = pool.submit(sha256, path)
        frame, total, blank = validate(work)
    require_unaltered(path, digest.result())
    faults = pl.concat([pl.DataFrame(schema=FAULTS), *work.faults], how="vertical_relaxed").sort("riga", "posizione", maintain_order=True)
    errors = faults.filter(pl.col("gravita") == "errore")
    data = frame.filter(~(total | blank)) if total.any() or blank.any() else frame
    rejected = pl.col(ROW).is_in(errors["riga"].unique().to_list())
    accepted = data.filter(~rejected) if errors.height else data
    counts = {"righe": frame.height, "accettate": accepted.height, "scartate": data.height - accepted.height}
    counts |= {"totali": int(total.sum()), "vuote": int(blank.sum())}
    reading = Lettura(
        table,
        accepted.drop(ROW),
        accepted[ROW],
        errors,
        faults.filter(pl.col("gravita") == "avviso"),
        (),
        counts,
        _provenance(path, digest.result(), sheet, heading, mapping, table, accepted, others),
        sheet,
        heading.columns,
        {name: heading.names[position] for name, position in heading.columns.items()},
    )
    found = (*_unread(work, reading.provenienza), *doubts(reading, work, list(precedenti)))
    reading = replace(reading, dubbi=found)
    return reading.in_pandas() if come == "pandas" else reading


def located(path: Path) -> tuple[Table, Foglio, Heading]:
    """The table that a file has by its headings, its sheet, and where its columns are; no cell is read for what it says.

    Raises:
        AnalisiError: the file has no table, or cannot be used at all.
    """
    table, sheet, heading, _ = _choose(path, None, Mappatura(), None)
    return table, sheet, require_columns(sheet, table, heading, Mappatura())


def _choose(path: Path, name: str | None, mapping: Mappatura, wanted: str | None) -> tuple[Table, Foglio, Heading | None, list[str]]:
    """The table and the sheet to read: the only pair whose heading has every required column; what could be two is asked."""
    tables = [table for table in TABLES.values() if name in (table.name, table.form_of)] if name else list(ESTRATTI)
    if not tables:
        msg = f"tabella «{name}» sconosciuta; {suggest(name or '', TABLES)}"
        raise AnalisiError(msg)
    sheets = list(read_sheets(path))
    if wanted is not None:
        names = [sheet.name or "" for sheet in sheets]
        sheets = [sheet for sheet in sheets if sheet.name == wanted]
        if not sheets:
            msg = f"{shown(path)}: il foglio «{wanted}» non c'è; {suggest(wanted, names)}"
            raise AnalisiError(msg)
    mapped = headings_of(mapping)
    found = [(table, sheet, heading) for sheet in sheets if sheet.cells.height for table, heading in find_headings(sheet, tables, mapped)]
    whole = [(t, s, h) for t, s, h in found if set(t.required) <= set(h.columns) | set(mapping.fissi)]
    best = max((len(h.columns) for _, _, h in whole), default=0)
    top = [(t, s, h) for t, s, h in whole if len(h.columns) == best] if name is None else whole
    chosen = {sheet.name for _, sheet, _ in whole}
    if len(chosen) > 1:
        names = listing(f"«{sheet}»" for sheet in sorted(name or "" for name in chosen))
        msg = f"{shown(path)}: i fogli {names} hanno tutti l'intestazione di una tabella; indicare quale con --foglio"
        raise AnalisiError(msg)
    if len(top) > 1:
        msg = f"{shown(path)}: può essere {listing(t.name for t, _, _ in top)}; indicare quale con --tabella"
        raise AnalisiError(msg)
    if top:
        table, sheet, heading = top[0]
        return table, sheet, heading, [other.name for other in sheets if other is not sheet and other.name]
    if found:
        table, sheet, heading = max(found, key=lambda item: (len(item[2].columns), -len(item[0].required)))
        return table, sheet, heading, []
    if name is None:
        msg = f"{shown(path)}: le intestazioni non sono di nessuna tabella; indicare --tabella, o una mappatura («analisi mappa»)"
        raise AnalisiError(msg)
    if not sheets or all(sheet.cells.height == 0 for sheet in sheets):
        msg = f"{shown(path)}: il file non ha righe"
        raise AnalisiError(msg)
    return tables[0], sheets[0], None, []


def _provenance(
    path: Path, digest: str, sheet: Foglio, heading: Heading, mapping: Mappatura, table: Table, data: pl.DataFrame, others: list[str]
) -> dict[str, Any]:
    """Where the rows come from, in words and values that may be printed."""
    extracted = data["data_estrazione"].max() if "data_estrazione" in table.names else None
    synthetic = "sintetic" in " ".join(sheet.metadata.values()).lower() or ("natura" in table.names and "sintetici" in data["natura"])
    return {
        "file": shown(path),
        "sha256": digest,
        "formato": sheet.dressing,
        "foglio": sheet.name,
        "fogli_non_letti": others,
        "intestazione": heading.words,
        "colonne": len(heading.columns),
        "colonne_assenti": [name for name in table.names if name not in heading.columns and name not in mapping.fissi],
        "colonne_non_lette": [masked(name)[:60] for i, name in enumerate(heading.names) if name and i not in heading.columns.values()],
        "mappatura": shown(mapping.file) if mapping.file else None,
        "data_estrazione": extracted.isoformat() if isinstance(extracted, date) else None,
        "sintetica": synthetic,
    }


def _unread(work: Sheet, facts: dict[str, Any]) -> list[str]:
    """Sentences about columns that were not read, and whether they hold tax codes in clear."""
    heading, texts = work.heading, [NO_ERRORS_TOLD] if work.foglio.kind == "xls" else []
    free = [(i, name) for i, name in enumerate(heading.names) if i not in heading.columns.values()]
    named, lost = facts["colonne_non_lette"], [normalized(name) for name in facts["colonne_assenti"]]
    if named:
        texts.append(
            f"colonne non lette, estranee alla tabella: {listing(f'«{name}»' for name in named[:15])}{', ...' * (len(named) > 15)}"
        )
    for _, name in free:
        near = get_close_matches(normalized(name), lost, n=1, cutoff=0.8)
        if near:
            texts.append(f"l'intestazione «{masked(name)[:60]}» forse è «{work.table.headings[near[0]]}», che manca")
    for i, name in free:
        column = work.body.to_series(i)
        if not name and column.null_count() < len(column):
            texts.append(f"la colonna {i + 1} ha valori ma nessuna intestazione: non è stata letta")
        if (column.str.len_bytes() >= 16).any() and column.str.contains(CODICE_FISCALE).any():
            texts.append(
                f"la colonna «{masked(name)[:60] or i + 1}» contiene codici fiscali in chiaro: non è stata letta; toglierla dal file"
            )
    return texts
