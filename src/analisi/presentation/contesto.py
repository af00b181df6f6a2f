"""What every piece of a report needs to know: the source and the two years."""

from __future__ import annotations

from dataclasses import dataclass

import polars as pl

from analisi.tables.pubblicati import Fonte
from analisi.vocabulary import TOTALE, Territorio, procedure

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
