"""How firm a change is: what two counts of units prove, beyond what chance alone would give."""

from __future__ import annotations

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrameT
from scipy.stats import binomtest, false_discovery_control

LEVEL = 0.95  # confidence level of the intervals
ALPHA = 0.05  # false discovery rate accepted when provinces are judged together


def rate_ratio(after: int | None, before: int | None) -> dict[str, float | None]:
    """Ratio of two Poisson counts over equal times, its exact conditional interval and p-value (two-sided).

    Given the sum, the first count is binomial with probability 1/2 if nothing changed; the Clopper-Pearson interval
    of that probability gives the one of the ratio. Blank counts, or both zero, give nulls; a bound that would be
    infinite is null.

    Source: Przyborowski and Wilenski (1940), Biometrika 31, 313-323; Clopper and Pearson (1934), Biometrika 26, 404-413.

    >>> {name: round(value, 2) for name, value in rate_ratio(95, 87).items()}
    {'rapporto_unita': 1.09, 'inf95': 0.81, 'sup95': 1.48, 'p': 0.6}
    """
    if after is None or before is None or after + before == 0:
        return dict.fromkeys(("rapporto_unita", "inf95", "sup95", "p"))
    test = binomtest(after, after + before, 0.5)
    low, high = map(float, test.proportion_ci(LEVEL, "exact"))
    return {
        "rapporto_unita": after / before if before else None,
        "inf95": low / (1 - low) if low < 1 else None,
        "sup95": high / (1 - high) if high < 1 else None,
        "p": float(test.pvalue),
    }


def firmness(confronto: IntoFrameT, totale: str = "TOT") -> IntoFrameT:
    """One row per provincia and procedura: ratio of units (anno / confronto), its 95% interval, p, and p adjusted.

    `p_bh` is adjusted over the provinces of each procedura by Benjamini and Hochberg; it is null for the region,
    which is judged alone. Only units are judged: workers come in blocks of one company and prove nothing by number.

    Args:
        confronto: what `compare_years` returns.

    Source: Benjamini and Hochberg (1995), Journal of the Royal Statistical Society B 57(1), 289-300.
    """
    known = [nw.when(nw.col("confrontabile")).then(nw.col(name)).alias(name) for name in ("unita_produttive", "unita_produttive_confronto")]
    frame = nw.from_native(confronto).select("provincia", "procedura", *known)
    if isinstance(frame, nw.LazyFrame):
        eager = frame.collect() if frame.implementation.is_polars() else frame.collect(backend="pandas")
    else:
        eager = frame
    after, before = _counts(eager["unita_produttive"]), _counts(eager["unita_produttive_confronto"])
    rows = pl.DataFrame(
        [
            {"provincia": provincia, "procedura": procedura} | rate_ratio(new, old)
            for provincia, procedura, new, old in zip(eager["provincia"], eager["procedura"], after, before, strict=True)
        ],
        schema={"provincia": pl.String, "procedura": pl.String} | dict.fromkeys(("rapporto_unita", "inf95", "sup95", "p"), pl.Float64),
    )
    judged = rows.filter(pl.col("p").is_not_null() & (pl.col("provincia") != totale))
    adjusted = [
        part.select("provincia", "procedura").with_columns(p_bh=pl.Series(false_discovery_control(part["p"].to_numpy(), method="bh")))
        for part in judged.partition_by("procedura", maintain_order=True)
    ]
    empty = pl.DataFrame(schema={"provincia": pl.String, "procedura": pl.String, "p_bh": pl.Float64})
    result = rows.join(pl.concat([empty, *adjusted]), on=["provincia", "procedura"], how="left")
    return _like(result, frame)


def _counts(column: nw.Series) -> list[int | None]:
    """The counts as Python integers, None for any engine's blank."""
    return [None if blank else int(value) for value, blank in zip(column, column.is_null(), strict=True)]


def _like(result: pl.DataFrame, frame: nw.LazyFrame | nw.DataFrame) -> IntoFrameT:
    """The frame as pandas if that was handed in, lazy if that was polars, else polars."""
    if frame.implementation.is_polars():
        return result.lazy() if isinstance(frame, nw.LazyFrame) else result
    if frame.implementation.is_pandas():
        import pandas as pd

        return pd.DataFrame(result.to_dict(as_series=False))
    return result
