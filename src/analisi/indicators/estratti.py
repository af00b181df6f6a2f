"""The extracts of a folder, read together and checked between them: what the reports on single procedures and people start from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError, listing
from analisi.indicators.monitoraggio import Monitoraggio, gathered, rejects
from analisi.tables.catalogo import ESTRATTI, MONITORAGGIO_PAL, TABLES, VOL_PROCEDURE
from analisi.tables.delivery import files_of, in_force, is_source, merged, read_delivery
from analisi.tables.reading import Lettura
from analisi.trace import remembered
from analisi.vocabulary import Territorio, load_territorio
from analisi.workspace import resolve


@dataclass(frozen=True)
class Estratti:
    """What a folder holds: `tabelle` has a frame for each table of the catalogue, without rows where there is no file.

    `presenti`: the tables that have a file. `rilievi`: findings on the quality of the data, as sentences. `monitoraggio`: the sheets of
    the Nuclei gathered, None where there are none that can be used.
    """

    territorio: Territorio
    tabelle: dict[str, pl.DataFrame]
    presenti: frozenset[str]
    rilievi: tuple[str, ...]
    monitoraggio: Monitoraggio | None
    files: tuple[Path, ...]
    sintetica: bool

    @property
    def vol(self) -> pl.DataFrame:
        """The register: the last version of each unit, unless revoked. One row per procedura and unità produttiva."""
        return in_force(self.tabelle[VOL_PROCEDURE.name])

    @property
    def estrazione(self) -> date | None:
        """The latest day of extraction of the register; None where it has none."""
        return self.tabelle[VOL_PROCEDURE.name]["data_estrazione"].max()

    def require(self, *names: str) -> None:
        """Raises: AnalisiError naming the tables that have no file."""
        if lost := [name for name in names if name not in self.presenti]:
            msg = f"nella cartella non c'è alcun file di {listing(lost)}; vedere «analisi controlla» e docs/dizionario.md"
            raise AnalisiError(msg)


@remembered
def read_estratti(fonte: str, territorio: str = "lombardia") -> Estratti:
    """Every extract of a folder. Rejected rows of other tables than the register become findings; the others go on.

    Raises:
        AnalisiError: no such folder; no vol_procedure, or rows of it are rejected; extracts of a table that disagree.
    """
    folder, where = resolve(fonte), load_territorio(territorio)
    if not is_source(folder):
        msg = f"fonte «{fonte}»: serve una cartella con gli estratti, come data/esempio"
        raise AnalisiError(msg)
    readings, refused = read_delivery(files_of(folder), territorio=str(where.file))
    by_name = {table.name: [reading for reading in readings if reading.tabella is table] for table in ESTRATTI}
    if not by_name[VOL_PROCEDURE.name]:
        msg = f"{fonte}: nella cartella non c'è alcun file della tabella {VOL_PROCEDURE.name}"
        raise AnalisiError("\n".join([msg, *refused]))
    for reading in by_name[VOL_PROCEDURE.name]:
        reading.raise_if_rejected()
    sheets, why = _monitoring(fonte, where, readings, refused)
    faults = [
        rejects(reading) for name, found in by_name.items() for reading in found if name != MONITORAGGIO_PAL.name and not reading.pulita
    ]
    return Estratti(
        where,
        {name: _rows(found, name) for name, found in by_name.items()},
        frozenset(name for name, found in by_name.items() if found),
        (*(f"file non utilizzabile: {text}" for text in refused), *faults, *why),
        sheets,
        tuple(reading.foglio.file for reading in readings),
        any(reading.provenienza["sintetica"] for reading in readings),
    )


def _rows(readings: list[Lettura], name: str) -> pl.DataFrame:
    """The rows of one table; of the Nuclei's sheets every submission, of the others the latest extract of each key."""
    if not readings:
        return pl.DataFrame(schema=TABLES[name].schema)
    dated = "data_estrazione" in TABLES[name].names and name != MONITORAGGIO_PAL.name
    return merged(readings) if dated else pl.concat([reading.dati for reading in readings])


def _monitoring(fonte: str, where: Territorio, readings: list[Lettura], refused: list[str]) -> tuple[Monitoraggio | None, list[str]]:
    if not any(reading.tabella is MONITORAGGIO_PAL for reading in readings):
        return None, []
    try:
        return gathered(fonte, where, readings, refused), []
    except AnalisiError as error:
        return None, [str(error).splitlines()[0]]
