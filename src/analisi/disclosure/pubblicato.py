"""The attack on what was published, read back from its bytes: not what we meant to show, but what is there."""

from __future__ import annotations

import re
from collections.abc import Mapping

import polars as pl

from analisi.disclosure.attacco import TOLERANCE
from analisi.disclosure.celle import Sistema, holding, require_holding, with_functions
from analisi.disclosure.protezione import Protezione, attacked, require_declared
from analisi.disclosure.regole import SOPPRESSIONE
from analisi.disclosure.soppressione import least
from analisi.disclosure.tavole import Tavola
from analisi.errors import AnalisiError
from analisi.sources.cells import Problema, parse_number

SIGNS = re.compile(r"\D*|\d+-\d+|\d+ e oltre")  # "*", "n.d.", "1-4", "5000 e oltre"


def audit_published(
    frames: Mapping[str, pl.DataFrame], tavole: Mapping[str, Tavola], protezione: Protezione, *, decimali: str = "punto"
) -> pl.DataFrame:
    """The cells as `protezione.attacked` gives them, from what was published.

    A number is known as far as the method says, and exactly if it is the true one; "*" is hidden; a cell that is nowhere is not published.
    The functions of cells that are shown are known too, and the order of rows where it is declared.

    Args:
        frames: by name, columns of text as they are in the files. tavole: by name, how each tells cells. protezione: the cells, their
            relations, and what was decided. decimali: "punto" in data files, "virgola" on pages.

    Raises:
        AnalisiError: a column of numbers is not declared, a text is neither number nor sign, or a number is not the one of its cell.
    """
    sistema, seen = protezione.sistema, []
    for name, frame in frames.items():
        tavola, texts = tavole[name], frame.select(pl.all().cast(pl.String).str.strip_chars())
        read = texts.with_columns(
            pl.Series(c, [_number(text, decimali, f"{name}, colonna «{c}»") for text in texts[c]], pl.Float64)
            for c in texts.columns
            if c in tavola.colonne
        )
        require_declared((c for c in texts.columns if c not in tavola.colonne and any(_is_number(t, decimali) for t in texts[c])), tavola)
        sistema = with_functions(sistema, read, tavola, name, sempre=False)
        for c in texts.columns:
            if c in tavola.colonne and tavola.colonne[c].is_cell:
                shown = read.select(tavola.key(tavola.colonne[c].operandi[0]), pl.col(c).alias("numero"), texts[c].alias("testo"))
                seen.append(shown.filter(pl.col("testo") != ""))
    if protezione.metodo == SOPPRESSIONE:
        require_holding(sistema.celle, sistema.vincoli)
    else:  # a function of rounded numbers tells no more than they do
        sistema = Sistema(sistema.celle, sistema.vincoli.filter(holding(sistema.celle, sistema.vincoli)))
    return attacked(sistema, _views(pl.concat(seen), protezione), protezione.metodo)


def shown_cells(frames: Mapping[str, pl.DataFrame], tavole: Mapping[str, Tavola], *, decimali: str = "punto") -> pl.DataFrame:
    """The numbers that an edition has published of each cell: cella, valore; one row per cell, the last where it has several.

    Args:
        frames: by name, columns of text as they are in the files; one that `tavole` does not have is passed over.
    """
    found = [pl.DataFrame(schema={"cella": pl.String, "valore": pl.Float64})]
    for name, frame in frames.items():
        tavola = tavole.get(name)
        for c in frame.columns if tavola else ():
            if c in tavola.colonne and tavola.colonne[c].is_cell:
                numbers = pl.Series("valore", [_number(text, decimali, f"{name}, colonna «{c}»") for text in frame[c]], pl.Float64)
                found.append(frame.select(tavola.key(tavola.colonne[c].operandi[0]), numbers).drop_nulls())
    return pl.concat(found).unique("cella", keep="last", maintain_order=True)


def _views(seen: pl.DataFrame, protezione: Protezione) -> pl.DataFrame:
    """What the publication says of each cell: cella, inf, sup; where it is shown twice, both hold."""
    number, value = pl.col("numero"), pl.col("valore")
    rows = seen.join(protezione.celle.with_columns(_meno=pl.Series(least(protezione.celle))), on="cella", how="left", maintain_order="left")
    decided = (number == pl.col("mostrato")).fill_null(False) | (pl.col("testo") == pl.col("segno")).fill_null(False)
    true = ((number - value.fill_null(0.0)).abs() <= TOLERANCE * (1 + number.abs())).fill_null(False)
    if len(wrong := rows.filter(number.is_not_null() & ~decided & ~true)):
        msg = f"{wrong['cella'][0]}: la cifra pubblicata non è quella della cella"
        raise AnalisiError(msg)
    low = pl.when(decided).then("inf").when(number.is_not_null()).then(value).otherwise("_meno")
    high = pl.when(decided).then("sup").when(number.is_not_null()).then(value).otherwise(float("inf"))
    both = rows.drop_nulls("valore").select("cella", low.alias("inf"), high.alias("sup"))
    return both.group_by("cella", maintain_order=True).agg(pl.col("inf").max(), pl.col("sup").min())


def _is_number(text: str | None, decimali: str) -> bool:
    return bool(text) and not isinstance(parse_number(text, decimals=decimali), Problema)


def _number(text: str | None, decimali: str, place: str) -> float | None:
    """The number of a published cell; None when it is blank or a sign. Raises: AnalisiError when it is neither."""
    if _is_number(text, decimali):
        return float(parse_number(text, decimals=decimali))
    if text and not SIGNS.fullmatch(text):
        msg = f"{place}: una cella non è né un numero né un segno"
        raise AnalisiError(msg)
    return None
