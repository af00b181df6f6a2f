"""The source of a report: printed tables, or extracts of the register counted by a declared rule."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing
from analisi.indicators.monitoraggio import read_monitoraggio, rejects
from analisi.indicators.procedure import CRITERI, by_year, cases, count_cases, require_criterio
from analisi.sources import KINDS
from analisi.sources.snapshots import archived_files, is_archive
from analisi.tables.catalogo import ATTIVAZIONE_PAL, CASI_GESTITI, MONITORAGGIO_PAL, REGISTRO_TAVOLI, VOL_PROCEDURE
from analisi.tables.delivery import in_force, is_source, last_versions, merged, read_delivery
from analisi.tables.pubblicati import Fonte, read_beside, read_published
from analisi.tables.reading import Lettura, leggi
from analisi.tables.schema import Table
from analisi.trace import remembered
from analisi.vocabulary import Territorio, load_territorio, procedure
from analisi.workspace import resolve, shown


@remembered
def read_fonte(fonte: str = "data/pubblicati", territorio: str = "lombardia", criterio_anno: str = "apertura") -> Fonte:
    """The figures of a folder (or of one file): casi_gestiti as printed or, where there is none, vol_procedure extracts counted by year.

    Raises:
        AnalisiError: no such source, both kinds in one folder, or one line per fault naming file, row, column, value and rule.
    """
    require_criterio(criterio_anno)
    place, where = resolve(fonte), load_territorio(territorio)
    if place.is_file():
        return _of_file(place, where, criterio_anno)
    printed = printed_table(place)
    extracts = extracts_of(place, VOL_PROCEDURE)
    if printed and extracts:
        names = listing(path.name for path in extracts)
        msg = f"{fonte}: nella cartella ci sono sia {printed.name} sia estratti {VOL_PROCEDURE.name} ({names}); indicare il file da usare"
        raise AnalisiError(msg)
    if printed:
        return read_published(printed, where)
    if extracts:
        return _counted(extracts, place, where, criterio_anno)
    missing = (
        f"{fonte}: nella cartella manca casi_gestiti.csv, e non ci sono estratti {VOL_PROCEDURE.name}"
        if is_source(place)
        else f"fonte «{fonte}»: il file o la cartella non esiste"
    )
    columns = ", ".join(CASI_GESTITI.names)
    msg = (
        f"{missing}; indicare una cartella come data/pubblicati, una con estratti {VOL_PROCEDURE.name}*, o un file con le colonne {columns}"
    )
    raise AnalisiError(msg)


def printed_table(place: Path) -> Path | None:
    """The printed table of a folder, or the last one of an archive that has no register."""
    if is_archive(place):
        return None if archived_files(place, VOL_PROCEDURE.name) else next(reversed(archived_files(place, CASI_GESTITI.name)), None)
    return place / "casi_gestiti.csv" if (place / "casi_gestiti.csv").is_file() else None


def extracts_of(folder: Path, table: Table) -> list[Path]:
    """The files of a folder, or of its folder named as the table, that begin with the name of the table; of an archive, those in force."""
    if is_archive(folder):
        return list(archived_files(folder, table.name))
    if not folder.is_dir():
        return []
    places = [path for path in (*folder.iterdir(), *folder.glob(f"{table.name}/*")) if path.is_file()]
    inner = [path for path in places if path.parent.name == table.name]
    return sorted(path for path in places if path.suffix.lower() in KINDS and (path.name.lower().startswith(table.name) or path in inner))


@dataclass(frozen=True)
class Tavoli:
    """The register of the tables of coordination beside a source: `registro` one row per meeting, None where there is no file.

    `vol`: every version of the procedures in the register of procedures, None where there is none. `rilievi`: what could not be read.
    """

    registro: pl.DataFrame | None = None
    vol: pl.DataFrame | None = None
    rilievi: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()

    def day(self, anno: int) -> date:
        """The day a year is told at: its last, or that of the extraction when it came before."""
        last = None if self.registro is None else self.registro["data_estrazione"].max()
        end = date(anno, 12, 31)
        return min(end, last) if last else end

    def beside(self, fonte: Fonte) -> Fonte:
        """The source with the files of the register among those read."""
        return replace(fonte, files=(*fonte.files, *(path for path in self.files if path not in fonte.files)))


@remembered
def read_tavoli(fonte: str, territorio: str = "lombardia") -> Tavoli:
    """The files registro_tavoli and vol_procedure of a folder (of a file, those beside it); rows that are rejected become findings.

    Raises:
        AnalisiError: extracts of a table that disagree.
    """
    place, where = resolve(fonte), load_territorio(territorio)
    folder = place if is_source(place) else place.parent
    paths = extracts_of(folder, REGISTRO_TAVOLI)
    readings, refused = read_delivery(paths, REGISTRO_TAVOLI.name, territorio=str(where.file))
    if not readings:
        return Tavoli(rilievi=tuple(refused))
    procedures = [leggi(path, VOL_PROCEDURE.name, territorio=str(where.file)) for path in extracts_of(folder, VOL_PROCEDURE)]
    faults = [rejects(reading) for reading in readings if not reading.pulita]
    return Tavoli(merged(readings), merged(procedures) if procedures else None, (*refused, *faults), tuple(paths))


def _of_file(path: Path, territorio: Territorio, criterio: str) -> Fonte:
    """The figures of one file, whichever of the two tables it holds."""
    try:
        return read_published(path, territorio)
    except AnalisiError as error:
        try:
            extract = leggi(path, VOL_PROCEDURE.name, territorio=str(territorio.file))
        except AnalisiError:
            raise error from None
    return _count([extract], [path], path.parent, territorio, criterio)


def _counted(paths: list[Path], folder: Path, territorio: Territorio, criterio: str) -> Fonte:
    readings = [leggi(path, VOL_PROCEDURE.name, territorio=str(territorio.file)) for path in paths]
    return _count(readings, paths, folder, territorio, criterio)


def _count(readings: list[Lettura], paths: list[Path], folder: Path, territorio: Territorio, criterio: str) -> Fonte:
    """Cases counted from the extracts of a folder.

    Raises:
        AnalisiError: a row was rejected, or two extracts disagree on the same version.
    """
    for reading in readings:
        if not reading.pulita:
            lost = f"{reading.conteggio['scartate']} righe scartate su {reading.conteggio['righe']}"
            more = f"{reading.provenienza['file']}: {lost}: una cifra ufficiale non si fa con righe mancanti; vedere «analisi controlla»"
            raise AnalisiError("\n".join([*reading.messages(), more]))
    vol = merged(readings)
    casi = count_cases(vol, territorio, criterio)
    if casi.is_empty():
        msg = f"{shown(paths[0])}: con criterio_anno «{criterio}» nessuna procedura del territorio ha un anno"
        raise AnalisiError(msg)
    (activation, coordination, documents), files = read_beside(folder, territorio)
    counted, sheets = _counted_activation(folder, territorio)
    activation = pl.concat([activation.filter(~pl.col("anno").is_in(list(sheets))), counted])
    synthetic = any(reading.provenienza["sintetica"] for reading in readings)
    titles = dict(documents.select("file", "titolo").iter_rows())
    rows = [
        (path.name, "sintetici" if synthetic else "pubblicati", titles.get(path.name, f"estratto {VOL_PROCEDURE.name}"), None, None)
        for path in paths
    ]
    documents = pl.concat(
        [documents.filter(~pl.col("file").is_in([path.name for path in paths])), pl.DataFrame(rows, schema=documents.schema, orient="row")]
    )
    how = _how_counted(vol, territorio, criterio)
    return Fonte(
        territorio, casi, activation, coordination, documents, (), (*paths, *files), how, paths[0].name, tuple(sorted(sheets.items())),
        cases(vol, territorio, criterio),
    )  # fmt: skip


def _counted_activation(folder: Path, territorio: Territorio) -> tuple[pl.DataFrame, dict[int, str]]:
    """The share of PAL activated at the last quarter of each year, counted from the sheets of the Nuclei, and the quarter by year.

    Empty where the folder has no sheets. The base is every suspended worker of the ministerial procedures.
    """
    rows, quarters = [], {}
    if any(archived_files(folder, MONITORAGGIO_PAL.name) if is_archive(folder) else folder.rglob(f"{MONITORAGGIO_PAL.name}*")):
        stock = read_monitoraggio(str(folder), str(territorio.file)).stock.filter(pl.col("tipologia") == "A")
        for (year,), part in stock.group_by(pl.col("fine_trimestre").dt.year().cast(pl.Int64), maintain_order=True):
            quarters[year] = part["trimestre"].max()
            last = part.filter(pl.col("trimestre") == quarters[year])
            base, active = last["lavoratori"].sum(), last["step4"].sum()
            if base:
                rows.append(
                    (year, procedure()[0].procedura, base, int(100 * active / base + 0.5), "no", f"fogli dei Nuclei, {quarters[year]}")
                )
    return pl.DataFrame(rows, schema=ATTIVAZIONE_PAL.schema, orient="row"), quarters


def _how_counted(vol: pl.DataFrame, territorio: Territorio, criterio: str) -> tuple[str, ...]:
    """Sentences that say the rule of the year and what was left out, with counts."""
    units = in_force(vol)
    revoked = last_versions(vol).height - units.height
    outside = units.filter(~pl.col("sigla_provincia").is_in(territorio.sigle)).height
    undated = units.height - by_year(units, criterio).select(pl.struct("id_procedura", "id_unita").n_unique()).item()
    said = [
        "I casi sono contati dal registro delle procedure: unità produttive distinte e somma dei lavoratori coinvolti.",
        f"Criterio dell'anno «{criterio}»: {CRITERI[criterio]}.",
        f"Di ogni unità conta l'ultima versione; {_many(revoked, 'unità revocata non conta', 'unità revocate non contano')}.",
        "Un territorio senza procedure ha zero, non una cella vuota.",
    ]
    if outside:
        said.append(f"{_many(outside, 'unità fuori dal territorio è esclusa', 'unità fuori dal territorio sono escluse')}.")
    if undated:
        said.append(
            f"{_many(undated, 'unità non ha la data del criterio', 'unità non hanno la data del criterio')}: nessun anno le comprende."
        )
    return tuple(said)


def _many(count: int, one: str, several: str) -> str:
    return f"{'nessuna' if count == 0 else count} {one if count <= 1 else several}"
