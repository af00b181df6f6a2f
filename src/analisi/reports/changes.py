"""Two editions, two reports, two states of an archive or two extracts: what changed from one to the other, and which reports it touches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

import polars as pl

from analisi import trace
from analisi.errors import AnalisiError, listing
from analisi.indicators.revisioni import Revisione, compare
from analisi.reports.verify import MANIFEST, READY, read_manifest
from analisi.sources.snapshots import MARK, archived_files, in_force, is_archive, parts, require_unaltered, tables
from analisi.tables.catalogo import TABLES
from analisi.tables.delivery import read_delivery, require_files
from analisi.tables.schema import Table
from analisi.vintages.layout import PERIOD
from analisi.vintages.reading import scan
from analisi.workspace import resolve, root, shown

RESERVED = frozenset(column.name for table in TABLES.values() for column in table.columns if column.reserved)
PERSON = frozenset(column.name for table in TABLES.values() for column in table.columns if column.type == "pseudonimo")
TOCCATI = {"edizione": pl.String, "rapporto": pl.String, "titolo": pl.String, "tavole": pl.String}


@dataclass(frozen=True)
class Tavola:
    """One table of a side: its rows; of the catalogue, or (`table` None) a data file of a report."""

    rows: pl.LazyFrame
    table: Table | None = None
    giorno: date | None = None


@dataclass(frozen=True)
class Lato:
    """One side of a comparison: its tables by name, and the files they come from with their sha256 and their table."""

    nome: str
    tavole: dict[str, Tavola]
    files: dict[Path, tuple[str, str]] = field(default_factory=dict)
    sintetico: bool = False


@dataclass(frozen=True)
class Confronto:
    """What changed from `prima` to `dopo`: one Revisione per table of both, the tables of one only, and the reports touched."""

    prima: Lato
    dopo: Lato
    revisioni: tuple[Revisione, ...]
    toccati: pl.DataFrame

    @property
    def solo_prima(self) -> list[str]:
        return [name for name in self.prima.tavole if name not in self.dopo.tavole]

    @property
    def solo_dopo(self) -> list[str]:
        return [name for name in self.dopo.tavole if name not in self.prima.tavole]

    @property
    def cambiate(self) -> list[Revisione]:
        return [revision for revision in self.revisioni if revision.cambiata]

    @property
    def inputs(self) -> list[tuple[str, str, str]]:
        """What was read, as the publication gate takes it."""
        return [(trace.FILE, str(path), sha) for side in (self.prima, self.dopo) for path, (sha, _) in side.files.items()]


def compare_sides(prima: str, dopo: str) -> Confronto:
    """The changes from one edition, report, archive (as it was on a day), snapshot or extract to another of the same kind.

    Raises:
        AnalisiError: one of the two is none of these, or they have no table in common.
    """
    before, after = read_side(prima), read_side(dopo)
    common = [name for name in before.tavole if name in after.tavole]
    if not common:
        have = " e ".join(f"«{side.nome}» ha {listing(list(side.tavole)[:5]) or 'nessuna tavola'}" for side in (before, after))
        msg = f"le due parti non hanno tavole in comune: {have}; confrontare due edizioni, due rapporti, o due scatti o estratti"
        raise AnalisiError(msg)
    revisions = tuple(_compared(name, before.tavole[name], after.tavole[name]) for name in common)
    changed = [revision.tavola for revision in revisions if revision.cambiata]
    return Confronto(before, after, revisions, _touched(before, changed))


def _compared(name: str, before: Tavola, after: Tavola) -> Revisione:
    table = before.table
    if table:
        additive = [column.name for column in table.columns if column.additive]
        return compare(
            name, before.rows, after.rows, table.key, reserved=sorted(RESERVED), additive=additive, persone=table.person,
            periodo=PERIOD[table.name], giorno=before.giorno,
        )  # fmt: skip
    one, other = _typed(before.rows.collect(), after.rows.collect())
    persons = bool(PERSON & set(one.columns))
    return compare(name, one.lazy(), other.lazy(), _key(one, other), reserved=sorted(RESERVED), additive=(), persone=persons)


def _typed(one: pl.DataFrame, other: pl.DataFrame) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Two data files with the columns that are numbers in both as numbers; years are labels."""
    numbers = [
        name
        for name in one.columns
        if name in other.columns
        and name != "anno"
        and all(frame[name].cast(pl.Float64, strict=False).null_count() == frame[name].null_count() for frame in (one, other))
        and any(frame[name].null_count() < frame.height for frame in (one, other))
    ]
    return one.with_columns(pl.col(numbers).cast(pl.Float64)), other.with_columns(pl.col(numbers).cast(pl.Float64))


def _key(one: pl.DataFrame, other: pl.DataFrame) -> list[str]:
    """The first texts of a data file that tell its rows apart; all its texts where none do."""
    texts = [name for name in one.columns if name in other.columns and one.schema[name] == pl.String == other.schema[name]]
    for count in range(1, len(texts) + 1):
        if not any(frame.select(texts[:count]).is_duplicated().any() for frame in (one, other)):
            return texts[:count]
    return texts or [next(iter(one.columns))]


def read_side(name: str) -> Lato:
    """One side of a comparison, by the path a user names.

    Raises:
        AnalisiError: it is no edition, report, archive, snapshot or extract.
    """
    path = resolve(name)
    if not path.exists() and (root() / "reports" / name).is_dir():
        path = root() / "reports" / name
    if path.is_dir() and (path.parent / MARK).is_file():
        return _of_snapshot(path)
    if is_archive(path):
        return _of_archive(path)
    if path.is_dir() and ((path / MANIFEST).is_file() or (path / "dati").is_dir()):
        return _of_pages(path)
    if not path.exists():
        msg = f"{name}: non esiste; indicare un'edizione, un rapporto, un archivio (anche archivio@AAAA-MM-GG), uno scatto o un estratto"
        raise AnalisiError(msg)
    return _of_extracts(path)


def _of_pages(path: Path) -> Lato:
    """The data files of an edition's reports, or of one report."""
    if (path / MANIFEST).is_file():
        reports = [report for report in read_manifest(path)["rapporti"] if report["esito"] in READY]
        folders = {report["nome"]: path / report["nome"] for report in reports}
        synthetic = any(report.get("sintetici") for report in reports)
    else:
        folders = {"": path}
        synthetic = any(b'name="dati" content="sintetici"' in page.read_bytes()[:4096] for page in path.glob("*.html"))
    found = {
        "/".join(filter(None, (name, file.stem))): Tavola(pl.scan_csv(file, infer_schema=False))
        for name, folder in folders.items()
        for file in sorted((folder / "dati").glob("*.csv"))
    }
    return Lato(path.name, found, sintetico=synthetic)


def _of_snapshot(path: Path) -> Lato:
    """The tables of one snapshot alone."""
    state = path.parent.with_name(f"{path.parent.name}@{path.name}")
    found = _of_archive(state)
    mine = {name: table for name, table in found.tavole.items() if any(path in file.parents for file in archived_files(state, name))}
    return Lato(path.name, mine, {file: told for file, told in found.files.items() if told[1] in mine}, found.sintetico)


def _of_archive(path: Path) -> Lato:
    found, files, synthetic = {}, {}, False
    for name in tables(path):
        kept = archived_files(path, name)
        for file, sha in kept.items():
            require_unaltered(file, trace.fingerprint(trace.FILE, str(file)))
            files[file] = (sha, name)
        last = in_force(path, name)[-1]
        days = [extract["data_estrazione"] for extract in last.estratti if extract["tabella"] == name and extract["data_estrazione"]]
        synthetic |= any(extract["sintetica"] for extract in last.estratti)
        day = date.fromisoformat(max(days)) if days else last.giorno
        found[name] = Tavola(scan(path, name), TABLES[name], day)
    archive, at = parts(path)
    return Lato(f"{archive.name}@{at}" if at else archive.name, found, files, synthetic)


def _of_extracts(path: Path) -> Lato:
    readings, refused = read_delivery(require_files(path) if path.is_dir() else [path])
    if refused:
        raise AnalisiError("\n".join(refused))
    found = {}
    for name in dict.fromkeys(reading.tabella.name for reading in readings):
        mine = [reading for reading in readings if reading.tabella.name == name]
        days = [reading.provenienza["data_estrazione"] for reading in mine if reading.provenienza["data_estrazione"]]
        day = date.fromisoformat(max(days)) if days else None
        found[name] = Tavola(pl.concat([reading.dati for reading in mine]).lazy(), TABLES[name], day)
    files = {reading.foglio.file: (reading.provenienza["sha256"], reading.tabella.name) for reading in readings}
    return Lato(path.name, found, files, any(reading.provenienza["sintetica"] for reading in readings))


def _touched(before: Lato, changed: list[str]) -> pl.DataFrame:
    """The reports made from what changed: of the edition itself, or those published in reports/ from the earlier files."""
    if not before.files:
        by_report: dict[str, list[str]] = {}
        for name in changed:
            report, _, file = name.rpartition("/")
            by_report.setdefault(report or before.nome, []).append(file)
        rows = [(before.nome, report, "", listing(files)) for report, files in by_report.items()]
        return pl.DataFrame(rows, schema=TOCCATI, orient="row")
    shas = {sha: table for sha, table in before.files.values() if table in changed}
    rows = [(edition, name, title, listing(used)) for edition, name, title, used in _published_from(shas)]
    return pl.DataFrame(rows, schema=TOCCATI, orient="row")


def _published_from(shas: Mapping[str, str]) -> Iterator[tuple[str, str, str, list[str]]]:
    """Each published report that read a file with one of these hashes: edition, report, title, tables."""
    for file in sorted((root() / "reports").glob(f"*/{MANIFEST}")):
        try:
            manifest = read_manifest(file.parent)
        except AnalisiError:
            continue
        for report in manifest["rapporti"]:
            read = {item.get("sha256") for item in report.get("ingressi", []) if isinstance(item, dict)}
            used = sorted({table for sha, table in shas.items() if sha in read})
            if used:
                yield shown(file.parent), report["nome"], report.get("titolo", ""), used
