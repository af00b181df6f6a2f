"""The one place that decides what a reader sees of each cell: pages, data files, workbook, charts and prose all read it from here."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import polars as pl
from polars import selectors

from analisi.disclosure.alternative import banded, rounded
from analisi.disclosure.attacco import TOLERANCE, alone, deduced, distinct_rows, grouped, intervals, network, same_columns
from analisi.disclosure.celle import Sistema, together
from analisi.disclosure.regole import ARROTONDAMENTO, SOPPRESSIONE, Regole
from analisi.disclosure.segni import OSCURATO, SEGNO
from analisi.disclosure.soppressione import hide, least, primary, with_floors
from analisi.disclosure.tavole import Cella, Tavola
from analisi.errors import AnalisiError, listing


@dataclass(frozen=True)
class Protezione:
    """What is decided of each cell, and what an attacker is left with.

    sistema.celle: what `cells` and `primary` give, and mostrato (the number that is shown, null if none), segno (what is written in its
    place), inf, sup (what this says of the value), da, a (the attacker's interval), esposta (the rule is broken), dedotta (who alone
    contributes to another hidden cell computes it). `ottima`: no choice of hidden cells loses less.
    """

    sistema: Sistema
    metodo: str
    ottima: bool

    @property
    def celle(self) -> pl.DataFrame:
        return self.sistema.celle

    @property
    def summary(self) -> pl.DataFrame:
        """One row per tavola and misura: cells, those the rule protects, not shown as they are, totals among them, and what is lost.

        quota_celle, quota_valore: of the cells that are no totals, the share (0-1) not shown, and of their value. ampiezza_minima: the
        narrowest of the attacker's intervals of the cells that the rule protects. esposte, dedotte: where the rule is broken.
        """
        changed = (pl.col("mostrato") != pl.col("valore")).fill_null(True)
        inner, protected = pl.col("totali") == 0, pl.col("motivo").is_not_null()
        return self.celle.group_by("tavola", "misura", maintain_order=True).agg(
            pl.len().cast(pl.Int64).alias("celle"),
            protected.sum().cast(pl.Int64).alias("protette"),
            changed.sum().cast(pl.Int64).alias("nascoste"),
            (changed & ~inner).sum().cast(pl.Int64).alias("totali_nascosti"),
            (changed.filter(inner).mean()).alias("quota_celle"),
            (pl.col("valore").filter(inner & changed).sum() / pl.col("valore").filter(inner).sum()).alias("quota_valore"),
            (pl.col("a") - pl.col("da")).filter(protected).min().alias("ampiezza_minima"),
            pl.col("esposta").sum().cast(pl.Int64).alias("esposte"),
            pl.col("dedotta").sum().cast(pl.Int64).alias("dedotte"),
        )

    def mask(self, frame: pl.DataFrame, tavola: Tavola) -> pl.DataFrame:
        """The frame as it may be shown: what tells a hidden cell is blank, and `<column>_segno` holds what is written instead.

        Raises:
            AnalisiError: a column of numbers is not declared; a number is of no known cell, or not the one of its cell.
        """
        require_declared(frame.select(selectors.numeric()).columns, tavola)
        masked = frame
        for name, column in tavola.colonne.items():
            if name not in frame.columns or column.sempre:
                continue
            told = [self._told(frame, tavola, operand, name, same=column.is_cell) for operand in column.operandi]
            whole = frame[name].is_null() if column.mai else pl.Series(np.logical_and.reduce([cells["intatta"] for cells in told]))
            number, sign = (
                (told[0]["mostrato"], told[0]["segno"]) if column.is_cell else (pl.when(whole).then(pl.col(name)), pl.lit(OSCURATO))
            )
            there = pl.col(name).is_not_null()
            masked = masked.with_columns(
                pl.when(there).then(number).cast(frame.schema[name]).alias(name), pl.when(~whole).then(sign).alias(name + SEGNO)
            )
        return masked

    def _told(self, frame: pl.DataFrame, tavola: Tavola, operand: Cella, column: str, *, same: bool) -> pl.DataFrame:
        """What is decided of one cell for each row: mostrato, segno, intatta (shown as it is).

        A zero of no known cell is a zero; a function may be of cells that are zero, or blank, and so are not known.
        """
        here, value = pl.col("_qui"), pl.col("valore")
        rows = frame.select(tavola.key(operand), pl.col(column).cast(pl.Float64).alias("_qui"))
        rows = rows.join(self.celle.select("cella", "valore", "mostrato", "segno"), on="cella", how="left", maintain_order="left")
        measured = self.celle.select(((pl.col("tavola") == tavola.nome) & (pl.col("misura") == operand.misura)).any()).item()
        unknown = value.is_null() & (here != 0) & pl.lit(same or not measured)
        other = pl.lit(same) & ((value - here).abs() > TOLERANCE * (1 + value))
        if len(wrong := rows.filter(unknown | other)):
            msg = (
                f"colonna «{column}»: {wrong['cella'][0]} non è una cella del sistema, o vi ha un altro valore; "
                "la protezione deve nascere dalle stesse righe che si pubblicano, zeri compresi"
            )
            raise AnalisiError(msg)
        nowhere = value.is_null()
        intact = nowhere | (pl.col("mostrato") == value).fill_null(False)
        return rows.select(pl.when(nowhere).then(here).otherwise("mostrato").alias("mostrato"), "segno", intact.alias("intatta"))

    def raise_if_exposed(self) -> None:
        """Raises: AnalisiError as `require_safe`."""
        require_safe(self.celle)


def protect(sistema: Sistema, regole: Regole) -> Protezione:
    """What is shown of each cell of a system by the rules of its tables, and what an attacker is left with.

    Raises:
        AnalisiError: a table has no rule, tables of one system have different methods, values do not satisfy the relations, or no rounding
            keeps the totals.
    """
    sistema = with_floors(together(sistema))
    rules = {name: regole[name] for name in sistema.celle["tavola"].unique().sort()}
    rule = next(iter(rules.values()))
    if any((other.metodo, other.base, other.fasce) != (rule.metodo, rule.base, rule.fasce) for other in rules.values()):
        msg = f"le tavole {listing(rules)} condividono celle: nelle regole devono avere gli stessi «metodo», «base» e «fasce»"
        raise AnalisiError(msg)
    celle, best = primary(sistema.celle, regole), True
    if rule.metodo == SOPPRESSIONE:
        hidden, best, floor = hide(Sistema(celle, sistema.vincoli))
        celle = celle.with_columns(minimo=pl.Series(floor))
        mark, value = pl.lit(pl.Series(hidden)), pl.col("valore")
        views = celle.select(
            "cella",
            mostrato=pl.when(~mark).then(value),
            segno=pl.when(mark).then(pl.lit(OSCURATO)),
            inf=pl.when(mark).then(pl.Series(least(celle))).otherwise(value),
            sup=pl.when(mark).then(float("inf")).otherwise(value),
        )
    elif rule.metodo == ARROTONDAMENTO:
        views = rounded(sistema, rule.base).with_columns(segno=pl.lit(None, pl.String))
    else:
        views = banded(sistema, rule.fasce).with_columns(mostrato=pl.lit(None, pl.Float64))
    if (
        rule.metodo != SOPPRESSIONE
    ):  # the interval must be as wide as the units asked: it is shown, so that no part of the value is promised
        celle = celle.with_columns(serve=pl.col("tavola").replace_strict({name: float(r.ampiezza_assoluta) for name, r in rules.items()}))
    decided = Sistema(celle.join(views, on="cella", how="left", maintain_order="left"), sistema.vincoli)
    return Protezione(Sistema(attacked(decided, views, rule.metodo), sistema.vincoli), rule.metodo, best)


def attacked(sistema: Sistema, viste: pl.DataFrame, metodo: str) -> pl.DataFrame:
    """The cells with what an attacker finds: the interval (da, a), `esposta` and `dedotta`.

    A hidden cell is exposed when the interval does not reach `serve` above and below the value (below, not under 1); a rounded or banded
    one, when the interval is narrower than `serve`.

    Args:
        viste: cella, inf, sup: what the publication says of each cell.
    """
    found = intervals(sistema, viste).rename({"inf": "da", "sup": "a"})
    celle = sistema.celle.drop("da", "a", "esposta", "dedotta", strict=False).join(found, on="cella", how="left", maintain_order="left")
    need, value, start, end = (pl.col(name) for name in ("serve", "valore", "da", "a"))
    narrow = end - start < need - TOLERANCE
    if metodo == SOPPRESSIONE:
        lowest = pl.max_horizontal(value - need, pl.Series(least(celle)))
        narrow = (end < value + need - TOLERANCE) | (start > lowest + TOLERANCE)
    exposed = (pl.col("motivo").is_not_null() & narrow).alias("esposta")
    return celle.with_columns(exposed, pl.Series("dedotta", _computed(sistema, viste)))


def _computed(sistema: Sistema, viste: pl.DataFrame) -> np.ndarray:
    """The cells that the rule protects and that some company computes exactly, from the hidden cells to which it alone contributes."""
    celle, rete = sistema.celle, network(sistema)
    ends = celle.select("cella").join(viste, on="cella", how="left", maintain_order="left")
    free = (ends["sup"] > ends["inf"]).fill_null(True).to_numpy()
    targets = np.flatnonzero(free & celle["motivo"].is_not_null().to_numpy())
    found = np.zeros(len(celle), dtype=bool)
    group = same_columns(rete)
    known = np.zeros(group.max(initial=-1) + 1, dtype=bool)
    known[group[: len(celle)][~free]] = True
    targets = targets[~known[group[targets]]]  # what equals a cell that is shown is exposed, to everyone
    place, some = group[targets], np.unique(group[targets])
    soli = [np.unique(group[mine]) for mine in alone(celle["solo"].to_numpy(), targets)]
    told = deduced(distinct_rows(grouped(rete.matrice, group)), np.flatnonzero(~known), some, soli).any(axis=1)
    found[targets] = told[np.searchsorted(some, place)]
    return found


def require_safe(celle: pl.DataFrame) -> None:
    """Raises: AnalisiError when a cell is `esposta` or `dedotta`; tables and numbers of cells are named, never values.

    What an earlier edition has published with this very value is out for ever: it stops nothing.
    """
    out = (pl.col("diffusa") == pl.col("valore")).fill_null(False)
    lost = celle.filter((pl.col("esposta") | pl.col("dedotta")) & ~out).group_by("tavola", maintain_order=True).len()
    if len(lost):
        tables = listing(f"«{name}»: {count}" for name, count in lost.rows())
        msg = f"celle protette dalla regola che si possono ricavare ({tables}): togliere dalla pubblicazione tavole, totali o funzioni"
        raise AnalisiError(msg)


def require_declared(numbers: Iterable[str], tavola: Tavola) -> None:
    """Raises: AnalisiError when a column of numbers is neither a dimension of the table nor declared: no one would decide on it."""
    if lost := [name for name in numbers if name not in tavola.colonne and name not in tavola.dims]:
        msg = f"tavola «{tavola.nome}»: le colonne di numeri {listing(lost)} non sono dichiarate; dire di quali celle sono funzione"
        raise AnalisiError(msg)
