"""A delivery: the files of a folder read together, and the rules between their tables."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing
from analisi.sources import KINDS
from analisi.sources.snapshots import Alterato, archived_files, is_archive
from analisi.tables.reading import Lettura, leggi
from analisi.tables.schema import ROW, Link
from analisi.tables.validation import FAULTS, echo
from analisi.workspace import resolve, shown

ASIDE = ("fonti.csv", "difetti.csv", "leggimi.txt")  # tables about the files of a folder, not extracts


@dataclass(frozen=True, repr=False)
class Consegna:
    """The files of a folder, controlled together: their readings, and the sentences about the files that cannot be used."""

    letture: tuple[Lettura, ...]
    rifiutati: tuple[str, ...] = ()

    @property
    def pulita(self) -> bool:
        """Whether every file could be used and no row was rejected."""
        return not self.rifiutati and all(reading.pulita for reading in self.letture)

    def __repr__(self) -> str:
        return f"Consegna({', '.join(map(repr, self.letture))}, rifiutati {len(self.rifiutati)})"

    def _repr_html_(self) -> str:
        from analisi.tables.summary import delivery_as_html

        return delivery_as_html(self.letture, self.rifiutati)


def controlla(percorso: str | Path, tabella: str | None = None, **options: str | None) -> Consegna:
    """What `analisi controlla` tells of a file or a folder, in a notebook: one reading per file, after the rules between tables.

    `options` are those of `leggi`: mappatura, foglio, territorio.

    >>> controlla("data/pubblicati/casi_gestiti.csv", "casi_gestiti").pulita
    True

    Raises:
        AnalisiError: the path does not exist, or the folder has no file that may be read.
    """
    path = resolve(percorso)
    if not (path.exists() or is_source(path)):
        msg = f"{percorso}: non esiste"
        raise AnalisiError(msg)
    paths = require_files(path) if is_source(path) else [path]
    readings, refused = read_delivery(paths, tabella, **options)
    return Consegna(tuple(readings), tuple(refused))


def last_versions(vol: pl.DataFrame) -> pl.DataFrame:
    """The last version of each unit of each procedure, revoked ones included: one row per procedura and unità produttiva."""
    return vol.sort("id_procedura", "id_unita", "progressivo_versione").unique(
        ["id_procedura", "id_unita"], keep="last", maintain_order=True
    )


def in_force(vol: pl.DataFrame) -> pl.DataFrame:
    """The last version of each unit, unless it is revoked: what counts. One row per procedura and unità produttiva."""
    return last_versions(vol).filter(pl.col("stato") != "REVOCATA")


def merged(readings: list[Lettura]) -> pl.DataFrame:
    """The rows of all extracts of one table; of a key that stands in several, the row of the latest extract.

    Raises:
        AnalisiError: a key differs between extracts of the same (or undeclared) day.
    """
    key = list(readings[0].tabella.key)
    rows = pl.concat([reading.dati.with_columns(pl.lit(i).alias("_file")) for i, reading in enumerate(readings)])
    labels = ["data_estrazione", "fonte", "versione_tracciato", "natura", "_file"]
    content = [name for name in rows.columns if name not in labels]
    day = pl.col("data_estrazione")
    undated = day.is_null().any().over(key)  # among copies one of which has no day, none is the latest
    distinct = rows.filter(undated | (day == day.max().over(key))).unique(content, maintain_order=True)
    clash = distinct.filter(pl.struct(key).is_duplicated())
    if clash.height:
        files = listing(sorted({readings[i].provenienza["file"] for i in clash["_file"]}))
        one = ", ".join(f"{name} {clash[name][0]}" for name in key if not readings[0].tabella.column(name).reserved)
        msg = f"{files}: {one} compare con contenuti diversi e non si sa quale estratto sia più recente; compilare data_estrazione"
        raise AnalisiError(msg)
    return distinct.drop("_file")


def is_source(path: Path) -> bool:
    """Whether a path is a folder of extracts, or an archive as it was on a day."""
    return path.is_dir() or is_archive(path)


def files_of(folder: Path) -> list[Path]:
    """The files of a folder and of the folders in it that may hold a table, in order; hidden and temporary ones are left out.

    Of an archive, the files in force on the day its name says. Raises: AnalisiError when it had none.
    """
    if is_archive(folder):
        return list(archived_files(folder))
    return [path for path in _visible(folder) if path.suffix.lower() in KINDS and path.name.lower() not in ASIDE]


def require_files(folder: Path) -> list[Path]:
    """The files of a folder that may hold a table. Raises: AnalisiError when there is none."""
    paths = files_of(folder)
    if not paths:
        msg = f"{shown(folder)}: nella cartella non ci sono file da leggere (CSV, XLSX, XLS, ODS, Parquet)"
        raise AnalisiError(msg)
    return paths


def others_of(folder: Path) -> list[Path]:
    """The files of a folder that hold no table we read, hidden and temporary ones aside."""
    return [path for path in _visible(folder) if path.suffix.lower() not in KINDS]


def _visible(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file() and not path.name.startswith((".", "~$")))


def read_delivery(
    paths: Iterable[Path], tabella: str | None = None, *, progress: Callable[[Path], None] = lambda _: None, **options: str | None
) -> tuple[list[Lettura], list[str]]:
    """The readings of several files, after the rules between their tables, and the sentences about the files that cannot be used.

    Raises:
        Alterato: a file of a snapshot is not the one that was archived.
    """
    readings, refused = [], []
    for path in paths:
        progress(path)
        try:
            readings.append(leggi(path, tabella, **options))
        except Alterato:
            raise
        except AnalisiError as error:
            refused.append(str(error))
    return check_links(_said_twice(readings)), refused


def _said_twice(readings: list[Lettura]) -> list[Lettura]:
    """The readings, with a doubt on each file that has the same bytes as an earlier one."""
    first: dict[str, str] = {}
    found = []
    for reading in readings:
        digest, name = reading.provenienza["sha256"], reading.provenienza["file"]
        again = digest in first
        same = first.setdefault(digest, name)
        found.append(replace(reading, dubbi=(*reading.dubbi, f"ha gli stessi byte di {same}: caricato due volte")) if again else reading)
    return found


def check_links(readings: list[Lettura]) -> list[Lettura]:
    """The readings with the faults of the rules between tables, where both tables are there; rows at fault are no more accepted."""
    tables: dict[str, pl.DataFrame] = {}
    for reading in readings:
        name = reading.tabella.name
        rows = pl.concat([tables[name], reading.dati]) if name in tables else reading.dati
        tables[name] = rows
    if "vol_procedure" in tables:
        tables["vol_procedure"] = last_versions(tables["vol_procedure"])
    return [_linked(reading, tables) for reading in readings]


def _linked(reading: Lettura, tables: dict[str, pl.DataFrame]) -> Lettura:
    rows = reading.dati.with_columns(reading.righe.alias(ROW))
    for link in reading.tabella.links:
        if link.other in tables:
            broken, words = _broken(link, rows, tables[link.other])
            if broken.height:
                reading = _with_faults(reading, link, broken, words)
    return reading


def _broken(link: Link, rows: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
    """The rows that break a link (the first of each group, for sums) and the sentence of each."""
    on = list(link.columns)
    whole = rows.drop_nulls(on)
    if link.same:
        mine, theirs = link.same
        pairs = whole.join(other.select(*on, pl.col(theirs).alias("_altro")).unique(on), on=on)
        broken = pairs.filter(pl.col(mine) != pl.col("_altro"))
        return broken, broken.select(pl.format("{}: {}", pl.lit(link.text), "_altro")).to_series()
    if not link.total:
        names = [link.key] if link.key else on
        keys = other.select(pl.col(theirs).alias(mine) for mine, theirs in zip(on, names, strict=True)).unique()
        broken = whole.join(keys, on=on, how="anti", maintain_order="left")
        return broken, pl.Series([link.text] * broken.height, dtype=pl.String)
    by = [*on, *(name for name in ("trimestre", "progressivo_invio") if name in rows.columns)]
    counted = pl.col(link.counted).sum() if link.counted else pl.len().cast(pl.Int64)
    sums = whole.group_by(by, maintain_order=True).agg(counted.alias("_qui"), pl.col(ROW).min())
    sums = sums.join(other.select(*on, pl.col(link.total).alias("_altrove")), on=on).filter(pl.col("_qui") != pl.col("_altrove")).sort(ROW)
    words = sums.select(pl.format("{}: {} qui, {} in {}", pl.lit(link.text), "_qui", "_altrove", pl.lit(link.other))).to_series()
    return whole.join(sums.select(ROW), on=ROW, how="semi", maintain_order="left").sort(ROW), words


def _with_faults(reading: Lettura, link: Link, broken: pl.DataFrame, words: pl.Series) -> Lettura:
    column = reading.tabella.column((link.same or (link.counted,))[0] or link.columns[0])
    values = [echo(str(value), column, reading.tabella) if value is not None else "vuoto" for value in broken[column.name]]
    faults = pl.DataFrame({"riga": broken[ROW], "valore": values, "testo": words}).with_columns(
        pl.lit(reading.posizioni.get(column.name), dtype=pl.Int64).alias("posizione"),
        pl.lit(column.name).alias("colonna"),
        pl.lit(reading.intestazioni.get(column.name, "")).alias("intestazione"),
        pl.lit(link.code).alias("regola"),
        pl.lit(link.severity).alias("gravita"),
    )
    faults = faults.select(FAULTS.keys())
    if link.severity == "avviso":
        return replace(reading, avvisi=pl.concat([reading.avvisi, faults]).sort("riga", "posizione", maintain_order=True))
    kept = ~reading.righe.is_in(broken[ROW].to_list())
    counts = reading.conteggio | {"accettate": int(kept.sum()), "scartate": reading.conteggio["scartate"] + int((~kept).sum())}
    scarti = pl.concat([reading.scarti, faults]).sort("riga", "posizione", maintain_order=True)
    return replace(reading, dati=reading.dati.filter(kept), righe=reading.righe.filter(kept), scarti=scarti, conteggio=counts)
