"""What every piece of a report needs to know: the source, and the two years or the day and the place it is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from analisi.errors import AnalisiError, suggest
from analisi.indicators.estratti import Estratti
from analisi.presentation.blocks import Block, header, tags
from analisi.tables.pubblicati import Fonte
from analisi.vocabulary import INTERNO, TOTALE, Territorio, procedure

MOST_DAYS = 3650  # of any parameter in days
INVOLVEMENTS = (
    "I lavoratori sono coinvolgimenti, non persone: chi è in due procedure è contato due volte. "
    "Le unità produttive non sono né procedure né imprese; il territorio è quello della sede operativa."
)


@dataclass(frozen=True)
class Contesto:
    """What every piece of a report needs: the source and the two years (confronto, anno)."""

    fonte: Fonte
    anno: int
    confronto: int

    @property
    def territorio(self) -> Territorio:
        return self.fonte.territorio

    @property
    def years(self) -> tuple[int, int]:
        return self.confronto, self.anno

    @property
    def comparable(self) -> bool:
        """Whether the source has the same rows (provincia, procedura) in both years."""
        before, now = (set(self.fonte.casi.filter(anno=year).select("provincia", "procedura").iter_rows()) for year in self.years)
        return before == now

    @property
    def warnings(self) -> list[str]:
        """The declared faults of the source that touch the two years."""
        return [f"{anno}: {text}" for anno, text in self.fonte.avvisi if anno in self.years]

    @property
    def source(self) -> str:
        return self.fonte.document(self.fonte.principale)


def contesto(fonte: Fonte, anno: int, confronto: int = 0) -> Contesto:
    """The context of a report on two years of a source. Raises: AnalisiError as `Fonte.year_pair`."""
    before, now = fonte.year_pair(anno, confronto)
    return Contesto(fonte, now, before)


def ordered(frame: pl.DataFrame, ctx: Contesto) -> pl.DataFrame:
    """Rows by year, then provincia and procedura as in the printed tables, totals last."""
    order = {"provincia": [*ctx.territorio.sigle, ctx.territorio.totale], "procedura": [*(p.procedura for p in procedure()), TOTALE]}
    keys = [pl.col("anno")] if "anno" in frame.columns else []
    keys += [
        pl.col(name).replace_strict(values, range(len(values)), return_dtype=pl.Int64)
        for name, values in order.items()
        if name in frame.columns
    ]
    return frame.sort(keys)


@dataclass(frozen=True)
class Ambito:
    """What the reports on extracts are about: the extracts, the day the situation is told at, one provincia or all (""), who reads."""

    dati: Estratti
    giorno: date
    provincia: str = ""
    profilo: str = INTERNO

    @property
    def territorio(self) -> Territorio:
        return self.dati.territorio

    @property
    def luogo(self) -> str:
        return self.territorio.nomi[self.provincia] if self.provincia else self.territorio.nome

    @property
    def interno(self) -> bool:
        """Whether single cases may be told."""
        return self.profilo == INTERNO

    @property
    def source(self) -> str:
        day = self.dati.estrazione
        return "Estratti dei sistemi regionali" + (f", estrazione del {day:%d/%m/%Y}" if day else "")

    def mine(self, frame: pl.DataFrame, column: str = "provincia") -> pl.DataFrame:
        """The rows of the provincia of the report; those of the territory when it is for the region."""
        return frame.filter(pl.col(column).is_in([self.provincia] if self.provincia else self.territorio.sigle))

    def header(self, period: str, data_edizione: str = "") -> Block:
        """What stands under the title: the period in words and the place; the profile, and the edition's date if one is given."""
        return header(
            subtitle=f"{period} · {self.luogo}",
            owner=self.territorio.ente,
            tags=tags(self.profilo, data_edizione),
            synthetic=self.dati.sintetica,
        )


def ambito(dati: Estratti, giorno: date | str = "", provincia: str = "", profilo: str = INTERNO) -> Ambito:
    """The context of a report on extracts; without a day, that of the latest extraction of the register.

    Raises:
        AnalisiError: the provincia is not of the territory; no day is given and the register has none.
    """
    t = dati.territorio
    sigla = t.find(provincia) if provincia else ""
    if sigla is None:
        msg = f"provincia «{provincia}»: non è del territorio {t.nome}; {suggest(provincia, [p.nome for p in t.province])}"
        raise AnalisiError(msg)
    day = date.fromisoformat(giorno) if giorno and isinstance(giorno, str) else giorno or dati.estrazione
    if not day:
        msg = "l'estratto vol_procedure non ha data_estrazione: indicare il giorno con --data_riferimento aaaa-mm-gg"
        raise AnalisiError(msg)
    return Ambito(dati, day, sigla, profilo)
