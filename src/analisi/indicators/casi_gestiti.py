"""Cases handled per provincia and procedura: the provincial table, and the comparison of two years.

Every function takes a polars, pandas, DuckDB or Spark frame and returns the same kind, its rows in no particular order.
A blank (null) means unknown: it is left out of totals, and whatever is computed from it is null. Where a base is
zero the result is null too, never infinite; people read "n.c." (non calcolabile).
"""

from __future__ import annotations

import narwhals as nw
from narwhals.typing import IntoFrameT

from analisi.indicators.frames import as_frame
from analisi.vocabulary import TOTALE

COUNTS = ("unita_produttive", "lavoratori")


def _ratio(numerator: nw.Expr, denominator: nw.Expr, scale: int = 1) -> nw.Expr:
    """scale x numerator / denominator, null when the denominator is zero."""
    return nw.when(denominator != 0).then(scale * numerator.cast(nw.Float64) / denominator.cast(nw.Float64))


def _known_sum(name: str) -> nw.Expr:
    """Sum of the known cells of a column, null when all are blank."""
    return nw.when(nw.col(f"_{name}") > 0).then(nw.col(name)).alias(name)


def provincial_table(casi: IntoFrameT, totale: str = "TOT") -> IntoFrameT:
    """One row per anno, provincia and procedura, totals included: counts, and their weights on the region (0-100).

    Args:
        casi: anno, provincia, procedura, unita_produttive, lavoratori, without rows of totals.
        totale: value of `provincia` in the rows of the region; `procedura` is "totale" in the sums of the procedures.

    Returns:
        anno, provincia, procedura, unita_produttive, peso_unita, lavoratori, peso_lavoratori.
    """
    keys = ["anno", "provincia", "procedura"]
    base = as_frame(casi).select(*keys, *(nw.col(name).cast(nw.Int64) for name in COUNTS))
    sums = [nw.col(name).sum() for name in COUNTS] + [nw.col(name).count().alias(f"_{name}") for name in COUNTS]
    parts = [base]
    for by, fixed in (
        (["anno", "procedura"], {"provincia": totale}),
        (["anno", "provincia"], {"procedura": TOTALE}),
        (["anno"], {"provincia": totale, "procedura": TOTALE}),
    ):
        total = base.group_by(by).agg(*sums).with_columns(_known_sum(name) for name in COUNTS)
        total = total.with_columns(nw.lit(value).alias(name) for name, value in fixed.items())
        parts.append(total.select(*keys, *(nw.col(name).cast(nw.Int64) for name in COUNTS)))
    table = nw.concat(parts, how="vertical")
    region = table.filter(nw.col("provincia") == totale).select(
        nw.col("anno").alias("_anno"), nw.col("procedura").alias("_procedura"), *(nw.col(name).alias(f"_{name}") for name in COUNTS)
    )
    joined = table.join(region, left_on=["anno", "procedura"], right_on=["_anno", "_procedura"], how="left")
    return joined.select(
        *keys,
        "unita_produttive",
        _ratio(nw.col("unita_produttive"), nw.col("_unita_produttive"), 100).alias("peso_unita"),
        "lavoratori",
        _ratio(nw.col("lavoratori"), nw.col("_lavoratori"), 100).alias("peso_lavoratori"),
    ).to_native()


def unreconciled(tavola: IntoFrameT, totale: str = "TOT") -> IntoFrameT:
    """One row per anno, procedura and count of a provincial table whose total is not the sum of its provinces; none if all is well."""
    table = as_frame(tavola)
    keys = ["anno", "procedura"]
    provinces = table.filter(nw.col("provincia") != totale).group_by(keys).agg(nw.col(name).sum().alias(f"somma_{name}") for name in COUNTS)
    region = table.filter(nw.col("provincia") == totale).select(*keys, *COUNTS)
    both = region.join(provinces, on=keys, how="left")
    wrong = [~nw.col(name).is_null() & (nw.col(name) != nw.col(f"somma_{name}")) for name in COUNTS]
    return both.filter(wrong[0] | wrong[1]).to_native()


def compare_years(tavola: IntoFrameT, anno: int, confronto: int, totale: str = "TOT") -> IntoFrameT:
    """One row per provincia and procedura: `anno` against `confronto`, for workers and for units.

    Variations are absolute and in per cent of `confronto`; `contributo_pp` is the variation in percentage points of
    the region's `confronto` for the same procedura (contributions add up to the region's per cent variation where
    no cell is blank); `variazione_peso_pp` is the change of weight in percentage points. `posizione` is the rank
    among provinces, 1 the largest, equal counts sharing the better rank; null for the region.
    `confrontabile` is false where one of the years lacks the row, or a row that the total sums: nothing is then compared,
    and where the region is not comparable, contributions, changes of weight and ranks of its provinces are null.

    Args:
        tavola: what `provincial_table` returns.
    """
    table = as_frame(tavola)
    keys = ["provincia", "procedura"]
    now = table.filter(nw.col("anno") == anno).rename({"anno": "_anno"})
    before = table.filter(nw.col("anno") == confronto).rename({"anno": "_anno"})
    renamed = before.rename({name: f"{name}_confronto" for name in before.collect_schema().names() if name not in keys})
    renamed = renamed.rename({name: f"_{name}" for name in keys})
    both = now.join(renamed, left_on=keys, right_on=[f"_{name}" for name in keys], how="full")
    both = both.with_columns(nw.coalesce(nw.col(name), nw.col(f"_{name}")).alias(name) for name in keys).drop([f"_{name}" for name in keys])
    both = both.with_columns((nw.col("_anno").is_null() | nw.col("_anno_confronto").is_null()).alias("_sola"))
    both = both.join(_alone(both, totale), left_on=keys, right_on=["_provincia", "_procedura"], how="left")
    comparable = (~nw.col("_sola") & nw.col("_parziale").is_null()).alias("confrontabile")
    both = both.with_columns(comparable)
    region = both.filter((nw.col("provincia") == totale) & nw.col("confrontabile")).select(
        nw.col("procedura").alias("_procedura"),
        nw.col("confrontabile").alias("_regione"),
        *(nw.col(f"{name}_confronto").alias(f"_tot_{name}") for name in COUNTS),
    )
    both = both.join(region, left_on="procedura", right_on="_procedura", how="left")
    for rows, suffix in ((now, ""), (before, "_confronto")):
        both = both.join(_ranks(rows, totale, f"posizione{suffix}"), left_on=keys, right_on=["_provincia", "_procedura"], how="left")
    whole = ~nw.col("_regione").is_null()  # the region has the same rows in both years: weights and ranks have the same base
    columns = []
    for name, short, peso, contribution, weight_change in (
        ("lavoratori", "lavoratori", "peso_lavoratori", "contributo_pp", "variazione_peso_pp"),
        ("unita_produttive", "unita", "peso_unita", "contributo_unita_pp", "variazione_peso_unita_pp"),
    ):
        change = nw.when(nw.col("confrontabile")).then(nw.col(name) - nw.col(f"{name}_confronto"))
        weight = nw.when(nw.col("confrontabile") & whole).then(nw.col(peso) - nw.col(f"{peso}_confronto"))
        columns += [
            change.alias(f"variazione_{short}"),
            _ratio(change, nw.col(f"{name}_confronto"), 100).alias(f"variazione_{short}_pct"),
            _ratio(change, nw.col(f"_tot_{name}"), 100).alias(contribution),
            nw.col(peso),
            weight.alias(weight_change),
        ]
    first = ["unita_produttive", "unita_produttive_confronto", "lavoratori", "lavoratori_confronto"]
    ranks = [nw.when(whole).then(nw.col(name)).alias(name) for name in ("posizione", "posizione_confronto")]
    return both.select(*keys, *first, *columns, *ranks, "confrontabile").to_native()


def _alone(both: nw.LazyFrame | nw.DataFrame, totale: str) -> nw.LazyFrame | nw.DataFrame:
    """The totals (`_provincia`, `_procedura`) that sum a row which only one of the years has."""
    cells = both.filter(nw.col("_sola") & (nw.col("provincia") != totale) & (nw.col("procedura") != TOTALE))
    whole = [{"_provincia": totale}, {"_procedura": TOTALE}, {"_provincia": totale, "_procedura": TOTALE}]
    named = cells.with_columns(nw.col("provincia").alias("_provincia"), nw.col("procedura").alias("_procedura"))
    sums = [named.with_columns(nw.lit(text).alias(name) for name, text in fixed.items()) for fixed in whole]
    pairs = nw.concat([part.select("_provincia", "_procedura") for part in sums], how="vertical").unique(["_provincia", "_procedura"])
    return pairs.with_columns(nw.lit(1).alias("_parziale"))


def _ranks(rows: nw.LazyFrame | nw.DataFrame, totale: str, name: str) -> nw.LazyFrame | nw.DataFrame:
    """Rank of each provincia by workers within its procedura; by join and count, as lazy engines rank no groups."""
    mine = rows.filter((nw.col("provincia") != totale) & ~nw.col("lavoratori").is_null()).select("provincia", "procedura", "lavoratori")
    other = mine.select(nw.col("procedura"), nw.col("lavoratori").alias("_altri"))
    pairs = mine.join(other, on="procedura", how="inner")
    above = pairs.with_columns((nw.col("_altri") > nw.col("lavoratori")).cast(nw.Int64).alias("_sopra"))
    ranks = above.group_by("provincia", "procedura").agg(nw.col("_sopra").sum())
    return ranks.select(
        nw.col("provincia").alias("_provincia"), nw.col("procedura").alias("_procedura"), (nw.col("_sopra") + 1).cast(nw.Int64).alias(name)
    )


def decompose(confronto: IntoFrameT) -> IntoFrameT:
    """One row per provincia and procedura: the change of workers as more units plus bigger ones (lavoratori, no residual).

    Symmetric Bennet decomposition, with U units and s = L/U workers per unit: number effect = (U1 - U0)(s0 + s1)/2,
    size effect = (s1 - s0)(U0 + U1)/2. Where one of the years has neither units nor workers, its size is not defined
    and the whole change is an effect of number; workers without units give null.

    Args:
        confronto: what `compare_years` returns.

    Returns:
        provincia, procedura, effetto_numero, effetto_dimensione, dimensione, dimensione_confronto (workers per unit).

    Source: T. L. Bennet (1920), "The Theory of Measurement of Changes in Cost of Living", Journal of the Royal
    Statistical Society 83(3), 455-462.
    """
    units, units0 = nw.col("unita_produttive").cast(nw.Float64), nw.col("unita_produttive_confronto").cast(nw.Float64)
    workers, workers0 = nw.col("lavoratori").cast(nw.Float64), nw.col("lavoratori_confronto").cast(nw.Float64)
    size, size0 = nw.col("dimensione"), nw.col("dimensione_confronto")
    frame = as_frame(confronto).with_columns(
        _ratio(workers, units).alias("dimensione"), _ratio(workers0, units0).alias("dimensione_confronto")
    )
    undefined = ((units == 0) & (workers == 0)) | ((units0 == 0) & (workers0 == 0))
    number = nw.when(undefined).then(workers - workers0).otherwise((units - units0) * (size0 + size) / 2)
    bigger = nw.when(undefined).then((workers - workers0) * 0.0).otherwise((size - size0) * (units0 + units) / 2)
    return frame.select(
        "provincia",
        "procedura",
        nw.when(nw.col("confrontabile")).then(number).alias("effetto_numero"),
        nw.when(nw.col("confrontabile")).then(bigger).alias("effetto_dimensione"),
        "dimensione",
        "dimensione_confronto",
    ).to_native()


def mix(tavola: IntoFrameT) -> IntoFrameT:
    """One row per anno, provincia and procedura (no totals of procedures): share of the workers of that provincia (0-100)."""
    table = as_frame(tavola)
    whole = table.filter(nw.col("procedura") == TOTALE).select(
        nw.col("anno").alias("_anno"), nw.col("provincia").alias("_provincia"), nw.col("lavoratori").alias("_totale")
    )
    parts = table.filter(nw.col("procedura") != TOTALE).join(
        whole, left_on=["anno", "provincia"], right_on=["_anno", "_provincia"], how="left"
    )
    share = _ratio(nw.col("lavoratori"), nw.col("_totale"), 100).alias("quota_lavoratori")
    return parts.select("anno", "provincia", "procedura", "lavoratori", share).to_native()


def concentration(tavola: IntoFrameT, totale: str = "TOT", top: int = 3) -> IntoFrameT:
    """One row per anno and procedura: how far the workers gather in few provinces.

    Returns:
        anno, procedura, province (with workers), quota_prime (share of the first `top`, 0-100; provinces with equal
        counts are all taken in order of sigla), herfindahl (sum of squared shares, 1/n to 1), province_equivalenti
        (1 / herfindahl).

    Source: O. C. Herfindahl (1950), Concentration in the U.S. Steel Industry, Columbia University.
    """
    rows = as_frame(tavola).filter((nw.col("provincia") != totale) & (nw.col("lavoratori") > 0))
    keys = ["anno", "procedura"]
    mine = rows.select(*keys, "provincia", "lavoratori")
    other = mine.select(*keys, nw.col("provincia").alias("_altra"), nw.col("lavoratori").alias("_altri"))
    pairs = mine.join(other, on=keys, how="inner")
    ahead = (nw.col("_altri") > nw.col("lavoratori")) | (
        (nw.col("_altri") == nw.col("lavoratori")) & (nw.col("_altra") < nw.col("provincia"))
    )
    ranked = (
        pairs.with_columns(ahead.cast(nw.Int64).alias("_prima"))
        .group_by(*keys, "provincia")
        .agg(nw.col("_prima").sum(), nw.col("lavoratori").max())
    )
    workers = nw.col("lavoratori")
    counted = ranked.with_columns(
        nw.when(nw.col("_prima") < top).then(workers).otherwise(nw.lit(0)).cast(nw.Int64).alias("_prime"),
        (workers * workers).alias("_quadrati"),
    )
    # Sums of whole numbers, so that no order of adding changes the last digit.
    result = counted.group_by(keys).agg(
        nw.col("provincia").count().alias("province"), nw.col("lavoratori").sum(), nw.col("_prime").sum(), nw.col("_quadrati").sum()
    )
    total = nw.col("lavoratori")
    result = result.select(
        *keys,
        nw.col("province").cast(nw.Int64),
        _ratio(nw.col("_prime"), total, 100).alias("quota_prime"),
        _ratio(nw.col("_quadrati"), total * total).alias("herfindahl"),
    )
    return result.with_columns((1 / nw.col("herfindahl")).alias("province_equivalenti")).to_native()
