"""The figures of one source as a report uses them: printed tables checked and completed with warnings."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.tables.catalogo import ATTIVAZIONE_PAL, CASI_GESTITI, COORDINAMENTO, FONTI
from analisi.tables.reading import Lettura, leggi
from analisi.tables.schema import Table
from analisi.vocabulary import TOTALE, Territorio, procedure
from analisi.workspace import shown

BESIDE = (ATTIVAZIONE_PAL, COORDINAMENTO, FONTI)


@dataclass(frozen=True)
class Fonte:
    """The figures of one source, checked. `casi`: one row per anno, provincia and procedura, blanks as null; `avvisi`: (anno, sentence).

    `conteggio` says how cases were counted, when they come from extracts and not from printed tables; `fogli` names, by year, the quarterly
    sheets from which its `attivazione` was counted, where it was not printed. `unita`: the units that were counted, None where printed.
    """

    territorio: Territorio
    casi: pl.DataFrame
    attivazione: pl.DataFrame
    coordinamento: pl.DataFrame
    documenti: pl.DataFrame
    avvisi: tuple[tuple[int, str], ...]
    files: tuple[Path, ...]
    conteggio: tuple[str, ...] = ()
    principale: str = "casi_gestiti.csv"
    fogli: tuple[tuple[int, str], ...] = ()
    unita: pl.DataFrame | None = None

    @property
    def anni(self) -> list[int]:
        return self.casi["anno"].unique().sort().to_list()

    @property
    def sintetica(self) -> bool:
        """Whether any file of the source is declared synthetic."""
        return "sintetici" in self.documenti["natura"].to_list()

    def document(self, file: str) -> str:
        """The document the figures of a file come from, as printed under charts and tables."""
        row = self.documenti.filter(pl.col("file") == file)
        return row["titolo"][0] if len(row) else f"file {file} (documento di origine non dichiarato)"

    def note(self, file: str) -> str:
        """What fonti.csv warns about the transcription of a file; empty if nothing."""
        row = self.documenti.filter(pl.col("file") == file)
        return (row["nota"][0] or "") if len(row) else ""

    def require_year(self, anno: int, name: str = "anno") -> None:
        """Raises: AnalisiError when the source has no row of that year."""
        if anno not in self.anni:
            msg = f"{name} {anno}: assente dai dati di {shown(self.files[0])}; disponibili: {', '.join(map(str, self.anni))}"
            raise AnalisiError(msg)

    def year_pair(self, anno: int, confronto: int = 0) -> tuple[int, int]:
        """The two years of a comparison (confronto, anno); without `confronto` (0), the latest earlier year of the source.

        Raises:
            AnalisiError: a year is not in the source, there is none before `anno`, or the two are the same.
        """
        self.require_year(anno)
        years = ", ".join(map(str, self.anni))
        before = confronto or max((year for year in self.anni if year < anno), default=0)
        if not before:
            msg = f"confronto: la fonte non ha anni prima del {anno}; disponibili: {years}"
            raise AnalisiError(msg)
        self.require_year(before, "confronto")
        if before == anno:
            msg = f"confronto {before}: è lo stesso anno; scegliere due anni diversi fra {years}"
            raise AnalisiError(msg)
        return before, anno


def read_published(main: Path, territorio: Territorio) -> Fonte:
    """The printed figures of a casi_gestiti file and of the small tables beside it (attivazione_pal, coordinamento, fonti), if there.

    Rows of totals are recognized, checked against the sum of their rows, and left out. Rows that a year lacks, and blank cells,
    become warnings.

    Raises:
        AnalisiError: one line per fault, naming file, row, column, value and rule.
    """
    reading = whole(main, CASI_GESTITI, territorio)
    casi = reading.dati.sort(CASI_GESTITI.key)
    if casi.is_empty():
        msg = f"{shown(main)}: nessuna riga di dati; servono le colonne {', '.join(CASI_GESTITI.names)} con almeno una riga"
        raise AnalisiError(msg)
    small, files = read_beside(main.parent, territorio)
    warnings = [
        *_missing_rows(casi, territorio),
        *_blank_cells(casi, territorio),
        *_odd_cells(reading, territorio),
        *_unsure_totals(reading),
    ]
    return Fonte(territorio, casi, *small, tuple(sorted(warnings)), (main, *files), principale=main.name)


def read_beside(folder: Path, territorio: Territorio) -> tuple[tuple[pl.DataFrame, ...], tuple[Path, ...]]:
    """The tables attivazione_pal, coordinamento and fonti of a folder, without rows where there is no file; and the files there are."""
    paths = {table.name: folder / f"{table.name}.csv" for table in BESIDE}
    there = {name: path for name, path in paths.items() if path.is_file()}
    frames = tuple(whole(there[t.name], t, territorio).dati if t.name in there else pl.DataFrame(schema=t.schema) for t in BESIDE)
    return frames, tuple(there.values())


def whole(path: Path, table: Table, territorio: Territorio) -> Lettura:
    """A reading in which nothing was rejected and no column is missing. Raises: AnalisiError with one line per fault."""
    reading = leggi(path, table.name, territorio=str(territorio.file) if territorio.file else "lombardia")
    reading.raise_if_rejected()
    lost = reading.provenienza["colonne_assenti"]
    if lost:
        hint = suggest(lost[0], reading.provenienza["colonne_non_lette"])
        msg = f"{shown(path)}: manca la colonna «{lost[0]}» della tabella {table.name}; {hint}"
        raise AnalisiError(msg)
    return reading


def _unsure_totals(reading: Lettura) -> list[tuple[int, str]]:
    """One sentence per printed total that exceeds the sum of its rows where cells are blank."""
    unsure = reading.avvisi.filter(pl.col("regola") == "totale_incerto")
    warnings = []
    for fault in unsure.iter_rows(named=True):
        cells = reading.foglio.cells.row(fault["riga"] - 1)
        anno, *named = ((cells[reading.posizioni[name]] or "").strip() for name in CASI_GESTITI.key)
        total = f"il totale di {COUNT_WORDS[fault['colonna']]} stampato dalla fonte ({fault['valore'].strip('«»')})"
        warnings.append((int(anno) if anno.isdigit() else 0, f"{', '.join(filter(None, named))}: {total} {fault['testo']}."))
    return warnings


COUNT_WORDS = {"unita_produttive": "unità produttive", "lavoratori": "lavoratori"}


def _labels() -> dict[str, str]:
    return {p.procedura: p.etichetta for p in procedure()} | {TOTALE: "totale"}


def _missing_rows(casi: pl.DataFrame, territorio: Territorio) -> list[tuple[int, str]]:
    """One sentence per year and provincia that lacks rows, and per year for procedures that all provinces lack."""
    grid = (
        casi.select(pl.col("anno").unique().sort())
        .join(pl.DataFrame({"provincia": territorio.sigle}), how="cross")
        .join(pl.DataFrame({"procedura": [p.procedura for p in procedure()]}), how="cross")
    )
    missing, warnings = grid.join(casi, on=CASI_GESTITI.key, how="anti"), []
    labels = {p.procedura: p.articolo for p in procedure()}
    for (anno,), year in missing.group_by("anno", maintain_order=True):
        counts = dict(year.group_by("procedura").len().iter_rows())
        whole = [code for code in labels if counts.get(code) == len(territorio.sigle)]
        if whole:
            warnings.append((anno, f"la fonte non ha righe per {listing(labels[code] for code in whole)}: {UNCOMPARABLE}."))
        rest = year.filter(~pl.col("procedura").is_in(whole))
        for (sigla,), part in rest.group_by("provincia", maintain_order=True):
            codes = part["procedura"].to_list()
            what = "" if len(codes) + len(whole) == len(labels) else f" per {listing(labels[code] for code in codes)}"
            warnings.append((anno, f"{territorio.nomi[sigla]} manca{what}: {UNCOMPARABLE}."))
    return warnings


UNCOMPARABLE = "i totali non ne tengono conto e i confronti che ne dipendono restano vuoti"


def _blank_cells(casi: pl.DataFrame, territorio: Territorio) -> list[tuple[int, str]]:
    """One sentence per year, procedura and count that the source leaves blank, with the provinces."""
    warnings = []
    for (anno, code), part in casi.group_by("anno", "procedura", maintain_order=True):
        blank = {name: set(part.filter(pl.col(name).is_null())["provincia"]) for name in COUNT_WORDS}
        both = blank["unita_produttive"] & blank["lavoratori"]
        for words, sigle in (
            ("unità produttive e lavoratori", both),
            ("unità produttive", blank["unita_produttive"] - both),
            ("lavoratori", blank["lavoratori"] - both),
        ):
            if sigle:
                names = listing(territorio.nomi[sigla] for sigla in territorio.sigle if sigla in sigle)
                warnings.append(
                    (anno, f"{_labels()[code]}: la fonte lascia vuote le celle ({words}) di {names}; i totali non le comprendono.")
                )
    return warnings


def _odd_cells(reading: Lettura, territorio: Territorio) -> list[tuple[int, str]]:
    """One sentence per row that breaks the rule of the table on workers without units."""
    rule = next(rule for rule in CASI_GESTITI.rules if rule.code == "lavoratori_senza_unita")
    odd = reading.dati.filter(reading.righe.is_in(reading.avvisi.filter(pl.col("regola") == rule.code)["riga"].to_list()))
    return [
        (r["anno"], f"{territorio.nomi[r['provincia']]}, {_labels()[r['procedura']]}: {r['lavoratori']} {rule.text}.")
        for r in odd.iter_rows(named=True)
    ]
