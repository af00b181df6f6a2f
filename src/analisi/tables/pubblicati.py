"""The tables of printed figures: cases handled, PAL activation as printed, coordination tables, and their sources."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources.text import read_csv_text
from analisi.tables.schema import ROW, Column, Faults, Table, check_heading, check_key, read_cells
from analisi.vocabulary import TOTALE, Territorio, load_territorio, normalized, procedure
from analisi.workspace import resolve, shown


def _procedure_codes() -> list[str]:
    return [p.procedura for p in procedure()]


COUNT_LIMIT = 99_999_999  # more than the workers of any country: a longer number is a slip of the pen

CASI_GESTITI = Table(
    "casi_gestiti",
    "un anno, una provincia (sede operativa) e una procedura",
    (
        Column("anno", "intero", "anno di riferimento", minimum=1900, maximum=2999),
        Column("provincia", "testo", "provincia della sede operativa, in una delle diciture del territorio"),
        Column("procedura", "testo", "gruppo di procedure delle linee guida", values=lambda: [*_procedure_codes(), TOTALE]),
        Column("unita_produttive", "intero", "unità produttive coinvolte; vuoto se ignoto", required=False, minimum=0, maximum=COUNT_LIMIT),
        Column(
            "lavoratori",
            "intero",
            "lavoratori coinvolti (coinvolgimenti, non persone); vuoto se ignoto",
            required=False,
            minimum=0,
            maximum=COUNT_LIMIT,
        ),
    ),
    ("anno", "provincia", "procedura"),
)
ATTIVAZIONE_PAL = Table(
    "attivazione_pal",
    "un anno e una procedura: quota di attivazione delle PAL come stampata dalla fonte",
    (
        Column("anno", "intero", "anno di riferimento", minimum=1900, maximum=2999),
        Column("procedura", "testo", "procedura della base", values=_procedure_codes),
        Column("lavoratori_base", "intero", "lavoratori sospesi che fanno da base", minimum=0, maximum=COUNT_LIMIT),
        Column("quota_attivati_pct", "intero", "quota dei lavoratori della base con PAL attivata, 0-100", minimum=0, maximum=100),
        Column("approssimata", "testo", "sì se la fonte scrive «circa»", values=lambda: ["sì", "no"]),
        Column("fonte", "testo", "dove la cifra è stampata"),
    ),
    ("anno", "procedura"),
)
COORDINAMENTO = Table(
    "coordinamento",
    "un anno e un tipo di tavolo di coordinamento",
    (
        Column("anno", "intero", "anno di riferimento", minimum=1900, maximum=2999),
        Column("tipo", "testo", "tipo di tavolo", values=lambda: ["regionale", "bilaterale"]),
        Column("tavoli", "intero", "tavoli convocati nell'anno", minimum=0, maximum=COUNT_LIMIT),
        Column("fonte", "testo", "dove la cifra è stampata"),
    ),
    ("anno", "tipo"),
)
FONTI = Table(
    "fonti",
    "un file della cartella",
    (
        Column("file", "testo", "nome del file"),
        Column("natura", "testo", "dati pubblicati o sintetici", values=lambda: ["pubblicati", "sintetici"]),
        Column("titolo", "testo", "documento da cui vengono i dati"),
        Column("ente", "testo", "ente che li ha diffusi", required=False),
        Column("nota", "testo", "avvertenze sulla trascrizione", required=False),
    ),
    ("file",),
)
TABLES = (CASI_GESTITI, ATTIVAZIONE_PAL, COORDINAMENTO, FONTI)


@dataclass(frozen=True)
class Fonte:
    """The figures of one source, checked. `casi` has the rows of the file, blanks as null; `avvisi` are (anno, sentence)."""

    territorio: Territorio
    casi: pl.DataFrame
    attivazione: pl.DataFrame
    coordinamento: pl.DataFrame
    documenti: pl.DataFrame
    avvisi: tuple[tuple[int, str], ...]
    files: tuple[Path, ...]

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


def read_fonte(fonte: str = "data/pubblicati", territorio: str = "lombardia") -> Fonte:
    """The figures of a folder with casi_gestiti.csv (and, if there, attivazione_pal, coordinamento and fonti), or of one CSV file.

    Rows of totals are recognized, checked against the sum of their rows, and left out. Rows that a year
    lacks, and blank cells, become warnings.

    Raises:
        AnalisiError: one line per fault, naming file, row, column, value and rule.
    """
    place, where = resolve(fonte), load_territorio(territorio)
    main = place / "casi_gestiti.csv" if place.is_dir() else place
    if not main.is_file():
        missing = (
            f"{fonte}: nella cartella manca casi_gestiti.csv" if place.is_dir() else f"fonte «{fonte}»: il file o la cartella non esiste"
        )
        msg = f"{missing}; indicare una cartella come data/pubblicati oppure un file CSV con le colonne {', '.join(CASI_GESTITI.names)}"
        raise AnalisiError(msg)
    casi, warnings = read_casi_gestiti(main, where)
    beside = {table.name: main.with_name(f"{table.name}.csv") for table in (ATTIVAZIONE_PAL, COORDINAMENTO, FONTI)}
    small = {name: _read_small(path) for name, path in beside.items()}
    files = (main, *(path for path in beside.values() if path.is_file()))
    return Fonte(where, casi, small["attivazione_pal"], small["coordinamento"], small["fonti"], tuple(warnings), files)


def _read_small(path: Path) -> pl.DataFrame:
    """The small table of the file of that name; without rows when the file is not there."""
    table = next(table for table in TABLES if table.name == path.stem)
    if not path.is_file():
        return pl.DataFrame(schema={c.name: pl.Int64 if c.type == "intero" else pl.String for c in table.columns})
    rows, faults = _read(path, table)
    check_key(rows, table, faults)
    faults.raise_if_any()
    return rows.drop(ROW)


def _read(path: Path, table: Table) -> tuple[pl.DataFrame, Faults]:
    """The cells of a file by their declared types, and the faults found so far."""
    faults = Faults(shown(path))
    text = read_csv_text(path)
    check_heading(text, table, faults.file)
    return read_cells(text, table, faults), faults


def read_casi_gestiti(path: Path, territorio: Territorio) -> tuple[pl.DataFrame, list[tuple[int, str]]]:
    """Rows of `casi_gestiti` (anno, provincia as sigla, procedura, unita_produttive, lavoratori) and the warnings to print with them.

    Raises:
        AnalisiError: one line per fault, naming file, row, column, value and rule.
    """
    rows, faults = _read(path, CASI_GESTITI)
    known = territorio.spellings | dict.fromkeys(["tot", "totale", normalized(territorio.totale)], territorio.totale)
    sigla = pl.col("provincia").map_elements(lambda name: known.get(normalized(name)), return_dtype=pl.String)
    for value in rows.filter(sigla.is_null())["provincia"].drop_nulls().unique(maintain_order=True):
        hint = suggest(value, [p.nome for p in territorio.province])
        faults.add(rows.filter(pl.col("provincia") == value), "provincia", f"non è del territorio {territorio.nome}; {hint}")
    rows = rows.with_columns(sigla)
    check_key(rows.filter(pl.col("provincia").is_not_null()), CASI_GESTITI, faults)
    faults.raise_if_any()
    is_total = (pl.col("provincia") == territorio.totale) | (pl.col("procedura") == TOTALE)
    casi = rows.filter(~is_total)
    warnings = _check_totals(rows.filter(is_total), casi, territorio, faults)
    faults.raise_if_any()
    if casi.is_empty():
        msg = f"{faults.file}: nessuna riga di dati; servono le colonne {', '.join(CASI_GESTITI.names)} con almeno una riga"
        raise AnalisiError(msg)
    casi = casi.drop(ROW).sort(CASI_GESTITI.key)
    return casi, sorted([*_missing_rows(casi, territorio), *_blank_cells(casi, territorio), *_odd_cells(casi, territorio), *warnings])


def _check_totals(totals: pl.DataFrame, casi: pl.DataFrame, territorio: Territorio, faults: Faults) -> list[tuple[int, str]]:
    """Add a fault for each printed total that differs from the sum of its rows; warn where blank cells may hold the difference."""
    warnings = []
    for row in totals.iter_rows(named=True):
        part = casi.filter(pl.col("anno") == row["anno"])
        if row["provincia"] != territorio.totale:
            part = part.filter(pl.col("provincia") == row["provincia"])
        if row["procedura"] != TOTALE:
            part = part.filter(pl.col("procedura") == row["procedura"])
        for name, words in COUNT_WORDS.items():
            total = part[name].sum()
            if row[name] is None or row[name] == total:
                continue
            if row[name] > total and part[name].null_count():
                where = f"{territorio.nomi[row['provincia']]}, {_labels()[row['procedura']]}"
                text = f"{where}: il totale di {words} stampato dalla fonte ({row[name]}) supera la somma delle celle note ({total})"
                warnings.append((row["anno"], f"{text}; qui si usa la somma."))
            else:
                rule = f"il totale non coincide con la somma delle sue righe, {total}; correggere il totale o le righe"
                faults.add(totals.filter(pl.col(ROW) == row[ROW]), name, rule)
    return warnings


COUNT_WORDS = {"unita_produttive": "unità produttive", "lavoratori": "lavoratori"}


def _labels() -> dict[str, str]:
    return {p.procedura: p.etichetta for p in procedure()} | {TOTALE: "totale"}


def _missing_rows(casi: pl.DataFrame, territorio: Territorio) -> list[tuple[int, str]]:
    """One sentence per year and provincia that lacks rows, and per year for procedures that all provinces lack."""
    grid = (
        casi.select(pl.col("anno").unique().sort())
        .join(pl.DataFrame({"provincia": territorio.sigle}), how="cross")
        .join(pl.DataFrame({"procedura": _procedure_codes()}), how="cross")
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


def _odd_cells(casi: pl.DataFrame, territorio: Territorio) -> list[tuple[int, str]]:
    """One sentence per row of workers without units."""
    odd = casi.filter((pl.col("unita_produttive") == 0) & (pl.col("lavoratori") > 0))
    what = "lavoratori con zero unità produttive; verificare con chi ha fornito i dati"
    return [
        (r["anno"], f"{territorio.nomi[r['provincia']]}, {_labels()[r['procedura']]}: {r['lavoratori']} {what}.")
        for r in odd.iter_rows(named=True)
    ]
