"""What every piece of the bimonthly report is about: the extracts, the bimestre, the place; and the rows of the place."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl
from babel.dates import format_date

from analisi.errors import AnalisiError
from analisi.indicators import procedure_in_corso as in_corso
from analisi.indicators.estratti import Estratti
from analisi.indicators.periodi import bounds, last_day
from analisi.indicators.procedure_in_corso import TUTTE
from analisi.presentation.contesto import MOST_DAYS, Ambito, ambito
from analisi.presentation.prose import SMALL_BASE
from analisi.tables.catalogo import REGISTRO_TAVOLI
from analisi.vocabulary import INTERNO

POCHE = 10  # units, or procedures, under which a per cent change is not written


@dataclass(frozen=True)
class Quadro(Ambito):
    """What every piece of the report needs, at the last day of the bimestre; `giorni`: within how many days a unità is expiring."""

    bimestre: str = ""
    giorni: int = in_corso.EXPIRY_DAYS

    @property
    def chiave(self) -> str:
        """The sigla of the rows that the report is about."""
        return self.provincia or self.territorio.totale

    @property
    def ridotto(self) -> bool:
        """Whether the page is of one provincia and for other readers: of few units, nearly everything would be hidden."""
        return bool(self.provincia) and not self.interno

    @property
    def luoghi(self) -> list[str]:
        """The siglas of the rows that are counted: the provincia, or every one and the region."""
        return [self.provincia] if self.provincia else [*self.territorio.sigle, self.territorio.totale]

    @property
    def ovunque(self) -> pl.DataFrame:
        """Every CIGS unità in force, also of other provinces and outside the territory."""
        return in_corso.cigs(self.dati.vol)

    @property
    def unita(self) -> pl.DataFrame:
        """The CIGS units in force of the report's place."""
        return self.mine(self.ovunque)

    @property
    def contate(self) -> pl.DataFrame:
        """The same to be counted by `luoghi`: of the region, each unità stands under its provincia and under the region."""
        return self.unita if self.provincia else in_corso.with_region(self.unita, self.territorio.totale)

    @property
    def nuclei(self) -> list[str]:
        """The siglas of the Nuclei of the report."""
        return [self.provincia] if self.provincia else self.territorio.sigle

    @property
    def has_tables(self) -> bool:
        """Whether there is a register of the tables of coordination."""
        return REGISTRO_TAVOLI.name in self.dati.presenti

    @property
    def trimestre(self) -> str | None:
        """The quarter of the sheets of the Nuclei that the report uses; None when there are none."""
        sheets = self.dati.monitoraggio
        return in_corso.sheet_quarter(sheets.trimestri, self.giorno) if sheets else None


def quadro(
    dati: Estratti, bimestre: str = "", provincia: str = "", giorni_scadenza: int = in_corso.EXPIRY_DAYS, profilo: str = INTERNO
) -> Quadro:
    """The context of a report.

    Raises:
        AnalisiError: as `require_bimestre` and `ambito`; the days are less than one.
    """
    if not 1 <= giorni_scadenza <= MOST_DAYS:
        msg = f"giorni_scadenza {giorni_scadenza}: da 1 a {MOST_DAYS}"
        raise AnalisiError(msg)
    code = in_corso.require_bimestre(bimestre, dati.vol, dati.estrazione)
    a = ambito(dati, last_day(code), provincia, profilo)
    return Quadro(dati, a.giorno, a.provincia, profilo, code, giorni_scadenza)


def words_of(bimestre: str) -> str:
    """A bimestre in words.

    >>> words_of("2005-B3")
    'maggio-giugno 2005'
    """
    first, last = (format_date(day, "MMMM", locale="it_IT") for day in bounds(bimestre))
    return f"{first}-{last} {bimestre[:4]}"


def rows_of(confronto: pl.DataFrame, q: Quadro, tipo: str = TUTTE) -> dict[str, dict]:
    """The rows of the report's place by voce."""
    return {row["voce"]: row for row in confronto.filter(provincia=q.chiave, tipo=tipo).iter_rows(named=True)}


def is_empty(confronto: pl.DataFrame, q: Quadro) -> bool:
    """Whether the place has nothing to tell: no unità now, in the bimestre before, a year before."""
    rows = confronto.filter(provincia=q.chiave, tipo=TUTTE).select("unita", "unita_prec", "unita_anno")
    return all(value == 0 for row in rows.iter_rows() for value in row)  # what is hidden is not zero


def is_large(name: str, base: int) -> bool:
    """Whether a base is large enough for a per cent that means something."""
    return base >= (SMALL_BASE if name == "lavoratori" else POCHE)
