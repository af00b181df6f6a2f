"""The cells of what is published, and the linear relations that tie them: totals, and functions of cells that are shown.

Values are counts or amounts, never negative. A blank (null) is no cell: it is shown blank, and its total does not sum it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from analisi.disclosure.tavole import VINCOLI, Gerarchia, Tavola, functions, key, order, root_of
from analisi.errors import AnalisiError, listing

SLACK = 1e-6  # how far a relation may be from the values, as a part of them: sums of amounts are not exact


@dataclass(frozen=True)
class Sistema:
    """Cells and what ties them.

    celle: cella, tavola, misura, valore; who contributes: lavoratori, sedi, imprese, quota_massima (0-1, of the largest company), solo (a
    sign for who contributes alone); impronta (of who contributes and with how much, null if not known one by one); totali (in how many
    dimensions it is a total); diffusa (the value an earlier edition has published).
    vincoli: one row for each cell of a relation: vincolo, cella, coefficiente; inf <= sum of coefficiente x valore <= sup.
    """

    celle: pl.DataFrame
    vincoli: pl.DataFrame


def cells(
    frame: pl.DataFrame,
    nome: str,
    dims: Mapping[str, Gerarchia],
    misure: Sequence[str],
    *,
    lavoratori: str = "",
    sedi: str = "",
    impresa: str = "",
    unita: Sequence[str] = (),
) -> Sistema:
    """The cells of a long frame with every total of its dimensions, and the totals as relations.

    Args:
        frame: rows without totals: one for each site, with its company, or already counted.
        nome: name of the table in the rule file.
        dims: for each dimension the code of its total, the parent of each value, or "" if no total is published.
        misure: columns of the values. lavoratori: column that counts the workers of a row. sedi: column that counts the sites of a row
            (without it, each row is one). impresa: column that tells companies apart, if known. unita: columns that tell rows apart, so
            that the same rows counted in another table are known to be the same.

    Raises:
        AnalisiError: a column is missing, a row is a total or has no place, a value is negative.
    """
    if lost := [name for name in (*dims, *misure, lavoratori, sedi, impresa) if name and name not in frame.columns]:
        msg = f"tavola «{nome}»: mancano le colonne {listing(lost)}; disponibili: {', '.join(frame.columns)}"
        raise AnalisiError(msg)
    if negative := [name for name in misure if (frame[name] < 0).any()]:
        msg = f"tavola «{nome}»: la colonna «{negative[0]}» ha valori negativi; la protezione vale per conteggi e importi"
        raise AnalisiError(msg)
    rows = frame.with_columns(
        pl.col(list(dims)).cast(pl.String),
        (pl.col(impresa).cast(pl.String).hash(0).cast(pl.String) if impresa else key("", "", dims)).alias("_chi"),
        (pl.col(sedi) if sedi else pl.lit(1)).alias("_sedi"),
        (pl.col(lavoratori) if lavoratori else pl.lit(None, pl.Int64)).alias("_lavoratori"),
        (pl.struct(unita) if unita else pl.lit(None)).alias("_unita"),
        pl.lit(0, pl.Int64).alias("totali"),
    )
    for dim, gerarchia in dims.items():
        if rows[dim].null_count() or root_of(gerarchia) in rows[dim]:
            msg = f"tavola «{nome}»: la colonna «{dim}» ha righe vuote o di totale; i totali si calcolano dalle righe delle parti"
            raise AnalisiError(msg)
        rows = rows.join(_above(rows[dim].unique().sort(), gerarchia, dim), on=dim, how="left", maintain_order="left")
        rows = rows.with_columns(pl.col("_sopra").alias(dim), pl.col("totali") + pl.col("_salti")).drop("_sopra", "_salti")
    table = pl.concat([_counted(rows, nome, dims, misura, known=bool(impresa)) for misura in misure]).sort("cella")
    return Sistema(table.drop(list(dims)), pl.concat([pl.DataFrame(schema=VINCOLI), *_totals(table, dims)]))


def _above(values: pl.Series, gerarchia: Gerarchia, dim: str) -> pl.DataFrame:
    """One row for each value and each of those above it, itself included: the value, `_sopra`, `_salti` (how far above)."""
    parents, rows = _parents(values, gerarchia), []
    for value in values:
        chain = [value]
        while (parent := parents.get(chain[-1])) is not None and parent not in chain:
            chain.append(parent)
        rows += [(value, above, step) for step, above in enumerate(chain)]
    return pl.DataFrame(rows, schema={dim: pl.String, "_sopra": pl.String, "_salti": pl.Int64}, orient="row")


def _parents(values: pl.Series, gerarchia: Gerarchia) -> Mapping[str, str]:
    if isinstance(gerarchia, Mapping):
        return gerarchia
    return {value: gerarchia for value in values if gerarchia and value != gerarchia}


def _counted(rows: pl.DataFrame, nome: str, dims: Mapping[str, Gerarchia], misura: str, *, known: bool) -> pl.DataFrame:
    """The cells of one measure with who contributes. When companies are not `known`, a row of one site stands for one."""
    by, there = list(dims), pl.col("_chi").filter(pl.col("_sedi") > 0)
    parts = rows.drop_nulls(misura).with_columns(pl.col(misura).cast(pl.Float64).alias("valore"))
    largest = parts.group_by(*by, "_chi").agg(pl.col("valore").sum()).group_by(by).agg(pl.col("valore").max().alias("_massimo"))
    table = parts.group_by(by).agg(
        pl.col("valore").sum(),
        pl.when(pl.col("_lavoratori").count() > 0).then(pl.col("_lavoratori").sum()).cast(pl.Int64).alias("lavoratori"),
        pl.col("_sedi").sum().cast(pl.Int64).alias("sedi"),
        there.n_unique().cast(pl.Int64).alias("imprese"),
        there.first().alias("solo"),
        pl.when(pl.col("_unita").is_not_null().any()).then(pl.struct("_unita", "valore").hash(0).sum()).cast(pl.UInt64).alias("impronta"),
        pl.col("totali").min(),
    )
    share = pl.when(pl.lit(known) & (pl.col("valore") > 0)).then(pl.col("_massimo") / pl.col("valore"))
    return table.join(largest, on=by).select(
        key(nome, misura, dims), pl.lit(nome).alias("tavola"), pl.lit(misura).alias("misura"), "valore", "lavoratori", "sedi",
        pl.when(pl.lit(known)).then("imprese").alias("imprese"), share.alias("quota_massima"),
        pl.when(pl.col("imprese" if known else "sedi") == 1).then("solo").alias("solo"),
        "impronta", "totali", pl.lit(None, pl.Float64).alias("diffusa"), *by,
    )  # fmt: skip


def _totals(table: pl.DataFrame, dims: Mapping[str, Gerarchia]) -> Iterator[pl.DataFrame]:
    """The relations part + part + ... - total = 0, for each dimension that has totals."""
    for dim, gerarchia in dims.items():
        same = [*(name for name in dims if name != dim), "misura"]
        above = pl.col(dim).replace_strict(_parents(table[dim].unique(), gerarchia), default=None, return_dtype=pl.String).alias("_sopra")
        parts = table.with_columns(above).drop_nulls("_sopra")
        both = parts.join(table.select(*same, pl.col(dim).alias("_sopra"), totale="cella"), on=[*same, "_sopra"])
        terms = [both.select("totale", "cella", coefficiente=1.0), both.select("totale", cella="totale", coefficiente=-1.0).unique()]
        name = (pl.lit(f"{dim}: ") + pl.col("totale")).alias("vincolo")
        yield pl.concat(terms).select(name, "cella", "coefficiente", inf=pl.lit(0.0), sup=pl.lit(0.0)).sort("vincolo", "cella")


def together(*sistemi: Sistema) -> Sistema:
    """One system of several: cells of the same name are one cell, of the fewest contributors that any of them knows.

    Raises:
        AnalisiError: a cell has two values, or the values do not satisfy a relation.
    """
    same = pl.concat([sistema.celle for sistema in sistemi]).group_by("cella", maintain_order=True)
    celle = same.agg(
        pl.col("tavola", "misura", "valore").first(),
        pl.col("lavoratori", "sedi", "imprese").min(),
        pl.col("quota_massima").max(),
        pl.col("solo", "impronta").drop_nulls().first(),
        pl.col("totali").max(),
        pl.col("diffusa").drop_nulls().last(),
        (pl.col("valore").max() - pl.col("valore").min() > SLACK * (1 + pl.col("valore").max())).alias("_due"),
    ).sort("cella")
    if len(twice := celle.filter("_due")):
        msg = f"{twice['cella'][0]}: due tavole ne danno valori diversi; dare loro nomi diversi, se contano cose diverse"
        raise AnalisiError(msg)
    vincoli = _apart(pl.concat([_signed(sistema.vincoli) for sistema in sistemi]).unique(maintain_order=True))
    require_holding(celle, vincoli)
    return Sistema(celle.drop("_due"), vincoli)


def _signed(vincoli: pl.DataFrame) -> pl.DataFrame:
    """The relations with `_termini`, a sign for their terms."""
    return vincoli.with_columns(pl.struct(pl.exclude("vincolo")).hash(0).sum().over("vincolo").alias("_termini"))


def _apart(vincoli: pl.DataFrame) -> pl.DataFrame:
    """The relations, those of the same name and other terms by names of their own: two tables may divide a total in different parts."""
    several = pl.col("_termini").n_unique().over("vincolo") > 1
    name = pl.when(several).then(pl.concat_str("vincolo", pl.lit(" = "), "_termini")).otherwise("vincolo")
    return vincoli.with_columns(name.alias("vincolo")).drop("_termini")


def same_contributors(sistema: Sistema) -> Sistema:
    """The system in which everyone knows that cells of the same rows are equal, whatever tables count them."""
    known = sistema.celle.drop_nulls("impronta").filter(pl.col("valore") > 0).sort("cella")
    pairs = known.with_columns(_prima=pl.col("cella").first().over("impronta", "valore")).filter(pl.col("cella") != pl.col("_prima"))
    name = (pl.lit("stesse righe: ") + pl.col("cella")).alias("vincolo")
    terms = [
        pairs.select(name, pl.col(cell).alias("cella"), coefficiente=pl.lit(n), inf=pl.lit(0.0), sup=pl.lit(0.0))
        for cell, n in (("cella", 1.0), ("_prima", -1.0))
    ]
    return Sistema(sistema.celle, pl.concat([sistema.vincoli, *terms]))


def require_holding(celle: pl.DataFrame, vincoli: pl.DataFrame) -> None:
    """Raises: AnalisiError naming a total or a function that the values do not satisfy."""
    if len(wrong := vincoli.filter(~holding(celle, vincoli))):
        msg = f"{wrong['vincolo'][0]}: i valori delle celle non rispettano questo totale o questa funzione"
        raise AnalisiError(msg)


def holding(celle: pl.DataFrame, vincoli: pl.DataFrame) -> pl.Series:
    """Whether each row is of a relation that the values satisfy."""
    term = pl.col("coefficiente") * pl.col("valore")
    total, slack = term.sum().over("vincolo"), SLACK * (1 + term.abs().max().over("vincolo"))
    kept = total.is_between(pl.col("inf") - slack, pl.col("sup") + slack)
    return (
        vincoli.join(celle.select("cella", "valore"), on="cella", how="left", maintain_order="left")
        .select(kept.fill_null(True))
        .to_series()
    )


def at_least(sistema: Sistema, piu: str, meno: str) -> Sistema:
    """The system in which everyone knows that one measure is never less than another: a site has at least one worker."""
    pairs = sistema.celle.filter(pl.col("misura") == piu).with_columns(
        _altra=pl.col("cella").str.replace(f".{piu}", f".{meno}", literal=True)
    )
    pairs = pairs.join(sistema.celle.select(_altra="cella"), on="_altra", how="semi")
    name, ends = (pl.lit(f"almeno {meno}: ") + pl.col("cella")).alias("vincolo"), {"inf": pl.lit(0.0), "sup": pl.lit(float("inf"))}
    terms = [
        pairs.select(name, pl.col(cell).alias("cella"), coefficiente=pl.lit(n), **ends) for cell, n in (("cella", 1.0), ("_altra", -1.0))
    ]
    return Sistema(sistema.celle, pl.concat([sistema.vincoli, *terms]))


def with_functions(sistema: Sistema, frame: pl.DataFrame, tavola: Tavola, nome: str, *, sempre: bool = True) -> Sistema:
    """The system in which everyone knows the functions of cells that a frame shows, and the order of its rows.

    Args:
        frame: columns as numbers, true or published. sempre: only the columns that are shown in any case.
    """
    rows = order(frame, tavola, nome)
    told = [functions(frame, tavola, nome, sempre=sempre), rows.filter(holding(sistema.celle, rows))]
    return Sistema(sistema.celle, pl.concat([sistema.vincoli, *told]))


def with_editions(sistema: Sistema, precedenti: pl.DataFrame) -> Sistema:
    """The system that knows what an earlier edition has published (columns cella, valore): it cannot be hidden any more.

    A value revised since is close to the new one, and is taken as known too; but a cell that must be hidden still is, if it was revised.
    """
    before = precedenti.select("cella", pl.col("valore").cast(pl.Float64).alias("_prima")).unique("cella", keep="last", maintain_order=True)
    celle = sistema.celle.join(before, on="cella", how="left", maintain_order="left")
    return Sistema(celle.with_columns(diffusa=pl.coalesce("_prima", "diffusa")).drop("_prima"), sistema.vincoli)
