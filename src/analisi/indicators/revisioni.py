"""What changed between two versions of a table, cell by cell: rows that came late, declared revisions, corrections, what went away.

A row is the same when its key is. A row that is there only after is new; it came late when its period lies before the day of the earlier
version, and is a declared revision when the key counts versions and this is not the first. A cell of the same row that differs is
corrected, completed (it was missing) or emptied. Labels of the delivery (day of extraction, source, layout, nature) do not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

import polars as pl

from analisi.tables.catalogo import PROVENIENZA

LABELS = tuple(column.name for column in PROVENIENZA)
HIDDEN = "(riservato)"
AFTER = "@dopo"
TOLERANCE = 1e-9  # relative: what two sums of the same floats may differ by
NEW, LATE, REVISION = "nuova", "arrivata in ritardo", "revisione"
RIGHE = {"tavola": pl.String, "chiave": pl.String, "esito": pl.String, "tipo": pl.String}
CELLE = {"tavola": pl.String, "chiave": pl.String, "colonna": pl.String, "tipo": pl.String, "prima": pl.String, "dopo": pl.String,
         "scarto": pl.Float64}  # fmt: skip
COLONNE = {"tavola": pl.String, "colonna": pl.String, "celle": pl.Int64, "completate": pl.Int64, "svuotate": pl.Int64,
           "somma_prima": pl.Float64, "somma_dopo": pl.Float64, "scarto": pl.Float64}  # fmt: skip
CONTI = ("righe_prima", "righe_dopo", "aggiunte", "in_ritardo", "revisioni", "rimosse", "righe_riviste", "celle")


@dataclass(frozen=True)
class Revisione:
    """What changed in one table. `conti`: see CONTI. `colonne`: one row per column that changed, with the sums of numbers.

    `righe` (added and removed) and `celle` are one row each; without rows for tables of persons, of which only counts are told.
    """

    tavola: str
    conti: dict[str, int]
    colonne: pl.DataFrame
    righe: pl.DataFrame
    celle: pl.DataFrame
    persone: bool = False
    colonne_nuove: tuple[str, ...] = ()
    colonne_perse: tuple[str, ...] = ()

    @property
    def cambiata(self) -> bool:
        return any(self.conti[name] for name in ("aggiunte", "rimosse", "celle")) or bool(self.colonne_nuove or self.colonne_perse)


def compare(
    tavola: str,
    before: pl.LazyFrame,
    after: pl.LazyFrame,
    key: Sequence[str],
    *,
    reserved: Sequence[str] = (),
    additive: Sequence[str] | None = None,
    persone: bool = False,
    periodo: str = "",
    giorno: date | None = None,
) -> Revisione:
    """The changes of a table from one version to another.

    Args:
        key: the columns that say which row is which; rows that repeat a key are told apart by their order.
        reserved: columns whose values are never shown. additive: columns whose sum means something; without, all numbers.
        persone: rows are about single persons: only counts are given.
        periodo: the column that dates a row. giorno: the day of the earlier version, for what came late.
    """
    here, there = before.collect_schema(), after.collect_schema()
    names = [name for name in here if name in there and name not in (*key, *LABELS)]
    key, (before, after) = _told_apart(list(key), before, after)
    left = before.select(*key, *names, pl.lit(value=True).alias("_prima"))
    right = after.select(*key, *names, pl.lit(value=True).alias("_dopo"))
    joined = left.join(right, on=key, how="full", coalesce=True, nulls_equal=True, suffix=AFTER).with_columns(
        pl.col("_prima", "_dopo").fill_null(value=False)
    )
    numbers = [name for name in names if here[name].is_numeric() and there[name].is_numeric()]
    changed = {name: pl.col("_prima") & pl.col("_dopo") & _differ(name, number=name in numbers) for name in names}
    ends = _end(periodo if periodo in key else periodo + AFTER, here[periodo]) if periodo in (*key, *names) else None
    kind = _kind(key, ends, giorno)
    told = joined.select(*_counts(names, numbers, changed, kind)).collect(engine="streaming").row(0, named=True)
    touched = [name for name in names if told[f"celle {name}"]]
    rows, cells = pl.DataFrame(schema=RIGHE), pl.DataFrame(schema=CELLE)
    if not persone and (touched or told["aggiunte"] or told["rimosse"]):
        whole = joined.collect()
        rows, cells = _rows(tavola, whole, key, kind, reserved), _cells(tavola, whole, key, touched, numbers, changed, reserved)
    return Revisione(
        tavola,
        {name: told[name] for name in CONTI},
        _columns(tavola, told, names, [name for name in numbers if additive is None or name in additive]),
        rows,
        cells,
        persone,
        tuple(name for name in there if name not in here and name not in LABELS),
        tuple(name for name in here if name not in there and name not in LABELS),
    )


def _told_apart(key: list[str], *frames: pl.LazyFrame) -> tuple[list[str], list[pl.LazyFrame]]:
    """The key, with the order of the rows that repeat it where some do."""
    alike = any(frame.select(pl.struct(key).is_duplicated().any()).collect().item() for frame in frames)
    if not alike:
        return key, list(frames)
    return [*key, "_volta"], [frame.with_columns(pl.int_range(pl.len()).over(key).alias("_volta")) for frame in frames]


def _differ(name: str, *, number: bool) -> pl.Expr:
    """Whether the two values of a cell differ; numbers by more than the last digits of a sum."""
    one, other = pl.col(name), pl.col(name + AFTER)
    if not number:
        return one.ne_missing(other)
    size = pl.max_horizontal(one.abs(), other.abs()).cast(pl.Float64)
    gap = (one.cast(pl.Float64) - other.cast(pl.Float64)).abs()
    return pl.when(one.is_null() | other.is_null()).then(one.is_null() != other.is_null()).otherwise(gap > TOLERANCE * size)


def _end(name: str, dtype: pl.DataType) -> pl.Expr:
    """The day a row's period ends: a date is its own, a trimestre ("2005-T1") and a year have their last."""
    column = pl.col(name)
    if dtype == pl.Date:
        return column
    if dtype.is_integer():
        return pl.date(column, 12, 31)
    year, quarter = (column.str.slice(start, length).cast(pl.Int32, strict=False) for start, length in ((0, 4), (6, 1)))
    return pl.date(year, quarter * 3, 1).dt.month_end()


def _kind(key: list[str], ends: pl.Expr | None, giorno: date | None) -> pl.Expr:
    """What an added row is."""
    version = next((name for name in key if name.startswith("progressivo")), "")
    kind = pl.when(pl.col(version).cast(pl.Int64, strict=False) > 1).then(pl.lit(REVISION)) if version else pl.when(False).then(None)
    if ends is not None and giorno:
        kind = kind.when(ends <= giorno).then(pl.lit(LATE))
    return kind.otherwise(pl.lit(NEW))


def _counts(names: list[str], numbers: list[str], changed: dict[str, pl.Expr], kind: pl.Expr) -> list[pl.Expr]:
    added = pl.col("_dopo") & ~pl.col("_prima")
    total = pl.sum_horizontal(changed.values()) if changed else pl.lit(0)
    whole = {
        "righe_prima": pl.col("_prima").sum(), "righe_dopo": pl.col("_dopo").sum(), "aggiunte": added.sum(),
        "in_ritardo": (added & (kind == LATE)).sum(), "revisioni": (added & (kind == REVISION)).sum(),
        "rimosse": (pl.col("_prima") & ~pl.col("_dopo")).sum(), "righe_riviste": (total > 0).sum(), "celle": total.sum(),
    }  # fmt: skip
    each = [
        (f"{label} {name}", count)
        for name in names
        for label, count in (
            ("celle", changed[name].sum()),
            ("completate", (changed[name] & pl.col(name).is_null()).sum()),
            ("svuotate", (changed[name] & pl.col(name + AFTER).is_null()).sum()),
        )
    ]
    sums = [(f"somma {n}", pl.col(n).sum().cast(pl.Float64)) for name in numbers for n in (name, name + AFTER)]
    return [*(e.cast(pl.Int64).alias(name) for name, e in (*whole.items(), *each)), *(e.alias(name) for name, e in sums)]


def _columns(tavola: str, told: dict[str, float], names: list[str], numbers: list[str]) -> pl.DataFrame:
    rows = []
    for name in names:
        before, after = (told[f"somma {n}"] if name in numbers else None for n in (name, name + AFTER))
        if told[f"celle {name}"] or (before is not None and before != after):
            gap = None if before is None or after is None else after - before
            rows.append((tavola, name, *(told[f"{label} {name}"] for label in ("celle", "completate", "svuotate")), before, after, gap))
    return pl.DataFrame(rows, schema=COLONNE, orient="row")


def _key_words(key: Sequence[str], reserved: Sequence[str]) -> pl.Expr:
    """Which row it is, in words: "id_procedura CIGS-1, id_unita 1"."""
    parts = [
        pl.format("{} {}", pl.lit(name), pl.lit(HIDDEN) if name in reserved else pl.col(name).cast(pl.String).fill_null("(vuoto)"))
        for name in key
        if name != "_volta"
    ]
    return pl.concat_str(parts, separator=", ").alias("chiave")


def _rows(tavola: str, joined: pl.DataFrame, key: list[str], kind: pl.Expr, reserved: Sequence[str]) -> pl.DataFrame:
    alone = joined.filter(pl.col("_prima") != pl.col("_dopo"))
    added = pl.col("_dopo")
    return alone.select(
        pl.lit(tavola).alias("tavola"), _key_words(key, reserved),
        pl.when(added).then(pl.lit("aggiunta")).otherwise(pl.lit("rimossa")).alias("esito"), pl.when(added).then(kind).alias("tipo"),
    ).cast(RIGHE).sort("esito", "tipo", "chiave")  # fmt: skip


def _cells(
    tavola: str,
    joined: pl.DataFrame,
    key: list[str],
    touched: list[str],
    numbers: list[str],
    changed: dict[str, pl.Expr],
    reserved: Sequence[str],
) -> pl.DataFrame:
    parts = [pl.DataFrame(schema=CELLE)]
    for name in touched:
        one, other = pl.col(name), pl.col(name + AFTER)
        kind = (
            pl.when(one.is_null()).then(pl.lit("completata")).when(other.is_null()).then(pl.lit("svuotata")).otherwise(pl.lit("corretta"))
        )
        values = [pl.when(v.is_not_null()).then(pl.lit(HIDDEN)) if name in reserved else v.cast(pl.String) for v in (one, other)]
        gap = other.cast(pl.Float64) - one.cast(pl.Float64) if name in numbers else pl.lit(None, dtype=pl.Float64)
        parts.append(
            joined.filter(changed[name]).select(
                pl.lit(tavola).alias("tavola"), _key_words(key, reserved), pl.lit(name).alias("colonna"), kind.alias("tipo"),
                values[0].alias("prima"), values[1].alias("dopo"), gap.alias("scarto"),
            ).cast(CELLE)
        )  # fmt: skip
    return pl.concat(parts).sort("chiave", "colonna", maintain_order=True)
