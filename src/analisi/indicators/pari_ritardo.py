"""Two years compared at the same delay: what was known N days after the end of a period, against what was known N days after last year's.

Registers fill up late. The figure of a period just ended lacks what has not come yet; that of the year before has had a year to come.
Comparing the two as they are known today shows a fall that is only a delay. Here both are counted from the snapshot that was the last
one `ritardo` days after the end of their own period; the naive comparison is given beside.

The idea is that of real-time data and of vintages: D. Croushore and T. Stark, "A real-time data set for macroeconomists", Journal of
Econometrics 105, 2001, pp. 111-130.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.periodi import FIRST_YEAR, LAST_YEAR, bounds, year_before
from analisi.sources.snapshots import archived_files, snapshots
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.tables.delivery import in_force, merged
from analisi.tables.reading import leggi
from analisi.vocabulary import Territorio

TOTALE = "TOT"
MISURE = ("unita", "lavoratori")
LIKE = 7  # days by which two delays may differ and still be called the same


@dataclass(frozen=True)
class Osservazione:
    """A period as a snapshot of a day knew it: `ritardo` is how many days that was after its end."""

    periodo: str
    giorno: date

    @property
    def ritardo(self) -> int:
        return (self.giorno - interval(self.periodo)[1]).days


@dataclass(frozen=True)
class PariRitardo:
    """This year at a delay, last year at the same delay, last year as it is known at the last snapshot.

    `righe`: one row per provincia, then TOT; for each measure its value in the three, and the changes (`var_`, and `var_..._ingenua`
    against last year as known now).
    """

    ora: Osservazione
    allora: Osservazione
    oggi: Osservazione
    righe: pl.DataFrame

    @property
    def alike(self) -> bool:
        """Whether the two delays are near enough to be called the same."""
        return abs(self.ora.ritardo - self.allora.ritardo) <= LIKE


class Registri(Mapping[date, pl.DataFrame]):
    """The register of procedures as an archive knew it at the end of each day of a snapshot; read when it is asked for."""

    def __init__(self, archive: Path, territorio: Territorio) -> None:
        """The days are those of the snapshots that have the register."""
        self.archive, self.territorio = archive, territorio
        found = snapshots(archive)
        self.days = sorted({item.giorno for item in found if any(e["tabella"] == VOL_PROCEDURE.name for e in item.estratti)})

    def __getitem__(self, day: date) -> pl.DataFrame:
        files = archived_files(self.archive.with_name(f"{self.archive.name}@{day}"), VOL_PROCEDURE.name)
        return merged([leggi(file, VOL_PROCEDURE.name, territorio=str(self.territorio.file)) for file in files])

    def __iter__(self) -> Iterator[date]:
        return iter(self.days)

    def __len__(self) -> int:
        return len(self.days)


def interval(periodo: str) -> tuple[date, date]:
    """First and last day of a year, a trimestre or a bimestre.

    >>> interval("2005")
    (datetime.date(2005, 1, 1), datetime.date(2005, 12, 31))
    """
    if re.fullmatch(r"\d{4}", periodo) and FIRST_YEAR <= int(periodo) <= LAST_YEAR:
        return date(int(periodo), 1, 1), date(int(periodo), 12, 31)
    return bounds(periodo)


def equal_delay(vintages: Mapping[date, pl.DataFrame], periodo: str, ritardo: int, territorio: Territorio) -> PariRitardo:
    """The procedures opened in a period, counted at equal delay: units in force and workers involved (involvements, not people).

    Args:
        vintages: by day, every version of vol_procedure known that day.
        periodo: a year, a trimestre or a bimestre. ritardo: days after its end.

    Raises:
        AnalisiError: no vintage lies between the end of one of the two periods and `ritardo` days after.
    """
    before = str(int(periodo) - 1) if periodo.isdigit() else year_before(periodo)
    ora, vol_ora = _known(vintages, periodo, ritardo)
    allora, vol_allora = _known(vintages, before, ritardo)
    last = max(vintages)
    rows = pl.DataFrame({"provincia": [*territorio.sigle, TOTALE]})
    for label, vol, when in (("", vol_ora, periodo), ("_allora", vol_allora, before), ("_oggi", vintages[last], before)):
        counted = _counted(vol, when, territorio).rename({name: name + label for name in MISURE})
        rows = rows.join(counted, on="provincia", how="left", maintain_order="left").with_columns(pl.col(counted.columns[1:]).fill_null(0))
    against = (("_allora", ""), ("_oggi", "_ingenua"))
    changes = [(pl.col(name) - pl.col(name + other)).alias(f"var_{name}{words}") for name in MISURE for other, words in against]
    return PariRitardo(ora, allora, Osservazione(before, last), rows.with_columns(changes))


def _known(vintages: Mapping[date, pl.DataFrame], periodo: str, ritardo: int) -> tuple[Osservazione, pl.DataFrame]:
    end = interval(periodo)[1]
    limit = end + timedelta(days=ritardo)
    found = [day for day in vintages if end <= day <= limit]
    if not found:
        there = ", ".join(f"{day:%d/%m/%Y}" for day in sorted(vintages)) or "nessuno"
        msg = f"periodo {periodo}: nessuno scatto fra la sua fine ({end:%d/%m/%Y}) e {ritardo} giorni dopo ({limit:%d/%m/%Y}); "
        msg += f"scatti che ci sono: {there}. Indicare un altro --ritardo, o archiviare l'estratto di allora con --data"
        raise AnalisiError(msg)
    return Osservazione(periodo, max(found)), vintages[max(found)]


def _counted(vol: pl.DataFrame, periodo: str, territorio: Territorio) -> pl.DataFrame:
    """Units and workers of the procedures opened in a period, by provincia and in all."""
    first, last = interval(periodo)
    units = in_force(vol).filter(pl.col("data_apertura").is_between(first, last), pl.col("sigla_provincia").is_in(territorio.sigle))
    sums = (pl.len().cast(pl.Int64).alias("unita"), pl.col("lavoratori_coinvolti").sum().alias("lavoratori"))
    each = units.group_by(pl.col("sigla_provincia").alias("provincia")).agg(sums)
    return pl.concat([each, units.select(pl.lit(TOTALE).alias("provincia"), *sums)])
