"""What of the bimonthly report may be read outside: which rows, and each figure as it was decided for the whole territory."""

from __future__ import annotations

import polars as pl

from analisi.disclosure.segni import OSCURATO, SEGNO
from analisi.indicators.procedure_in_corso import TUTTE, ordered
from analisi.presentation.blocks import Block
from analisi.presentation.quadro_bimestrale import Quadro
from analisi.presentation.riservatezza import Riservatezza

REGION = ("procedure_condivise", "distribuzioni", "imbuto_pal", "tasso_pal")  # told of the region only
ALWAYS = ("procedure_in_corso", "coordinamento")


def masked(visto: Riservatezza, q: Quadro, **frames: pl.DataFrame) -> list[pl.DataFrame]:
    """The frames of some data files, by name, as the page may tell them: as they are in the internal profile, elsewhere without rows or masked."""
    return [frame if q.interno else _masked(visto, q, file, frame) for file, frame in frames.items()]


def _masked(visto: Riservatezza, q: Quadro, file: str, frame: pl.DataFrame) -> pl.DataFrame:
    if file not in told_files(q):
        return frame.clear()
    region = pl.col("provincia") == q.territorio.totale if "provincia" in frame.columns else pl.lit(True)
    if file == "distribuzioni":
        return ordered(visto.mask(file, frame))
    if file in REGION:
        return visto.mask(file, frame.filter(region))
    if file == "coordinamento":
        return visto.mask(file, frame)
    rows = frame.filter(region | (pl.col("tipo") == TUTTE))  # of a provincia, all the kinds together
    counts = [name for name in rows.columns if "procedure" in name and rows.schema[name].is_numeric()]
    rows = visto.mask(file, rows.with_columns(pl.when(region).then(name).alias(name) for name in counts))
    signs = [pl.when(region).then(name + SEGNO).otherwise(pl.lit(OSCURATO)).alias(name + SEGNO) for name in counts]
    return rows.with_columns(signs)  # distinct procedures do not add up to the region: of a provincia they are not told


def notice(visto: Riservatezza, q: Quadro) -> list[Block]:
    """What to know before reading a page for other readers."""
    return [] if q.interno else [visto.notice]


def told_files(q: Quadro) -> list[str]:
    """The data files that a page for other readers has."""
    return [*ALWAYS, *(() if q.provincia else REGION)]


def published(frames: dict[str, pl.DataFrame], q: Quadro) -> dict[str, pl.DataFrame]:
    """The frames that become data files."""
    return frames if q.interno else {name: frame for name, frame in frames.items() if name in told_files(q)}
