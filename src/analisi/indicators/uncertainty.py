"""How firm a change is: what two counts of units prove, beyond what chance alone would give."""

from __future__ import annotations

from math import sqrt

import narwhals as nw
import numpy as np
import polars as pl
from narwhals.typing import IntoFrameT
from numpy.typing import ArrayLike
from scipy.special import stdtrit
from scipy.stats import binomtest, false_discovery_control, norm

from analisi.sources.motori import collect

LEVEL = 0.95  # confidence level of the intervals
FAR = 0.998  # level of the outer control limits of a funnel plot
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
    eager = collect(frame)
    after, before = eager["unita_produttive"], eager["unita_produttive_confronto"]
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


def _like(result: pl.DataFrame, frame: nw.LazyFrame | nw.DataFrame) -> IntoFrameT:
    """The frame as pandas if that was handed in, lazy if that was polars, else polars."""
    if frame.implementation.is_polars():
        return result.lazy() if isinstance(frame, nw.LazyFrame) else result
    if frame.implementation.is_pandas():
        import pandas as pd

        return pd.DataFrame(result.to_dict(as_series=False))
    return result


def _clusters(y: ArrayLike, m: ArrayLike) -> tuple[np.ndarray, np.ndarray]:
    """Activated and workers of the clusters that have workers, as floats."""
    y, m = np.asarray(y, dtype=float), np.asarray(m, dtype=float)
    return y[m > 0], m[m > 0]


def worker_size(m: ArrayLike) -> float | None:
    """Workers in the cluster of the average worker, sum(m^2) / sum(m) (lavoratori); null without workers."""
    m = np.asarray(m, dtype=float)
    return float((m * m).sum() / m.sum()) if m.sum() else None


def intraclass(y: ArrayLike, m: ArrayLike) -> float | None:
    """Correlation of the outcome between two workers of one cluster (0-1), from the analysis of variance.

    0 when companies do not matter, 1 when each is all or nothing; a negative estimate counts as 0. Null where there is
    nothing to estimate it from: fewer than two clusters, or all workers alike.

    Source: Ridout, Demetrio and Firth (1999), "Estimating intraclass correlation for binary data", Biometrics 55, 137-148.

    >>> intraclass([0, 10, 0, 10], [10, 10, 10, 10])
    1.0
    """
    y, m = _clusters(y, m)
    count, total = len(m), m.sum()
    if count < 2 or y.sum() in (0, total):
        return None
    between = (m * (y / m - y.sum() / total) ** 2).sum() / (count - 1)
    within = (y * (m - y) / m).sum() / max(total - count, 1)
    size = (total - (m * m).sum() / total) / (count - 1)
    spread = between + (size - 1) * within
    return float(np.clip((between - within) / spread, 0, 1)) if spread else None


def cluster_share(y: ArrayLike, m: ArrayLike, confidence: float = LEVEL) -> tuple[float | None, float | None, float | None]:
    """Share sum(y) / sum(m) of the workers of all clusters (0-1), and the bounds of its interval; null bounds under two clusters.

    Wilson's score interval with the effective number of workers n = sum(m) / D, where D = 1 + rho (sum(m^2) / sum(m) - 1) is
    the design effect of clusters of unequal size and rho is `intraclass`. The quantile is Student's with (K - 1) / (1 - rho^2)
    degrees of freedom: rho is estimated from K clusters, except at 1, where n depends on the sizes alone. Where all workers
    are alike rho is taken as 1: n is then the effective number of clusters, and the interval is the rule of three's with n for
    the sample size (0 of n: from 0 to 3,84 / (n + 3,84)). The population is the companies that might have been in the stock.

    Chosen by simulation (benchmarks/copertura_intervalli.py): the linearised, jackknife (CR3) and logit intervals cover too
    little where few clusters hold most workers.

    Args:
        y: activated workers of each cluster.
        m: its workers; clusters of 0 are left out.

    Source: Wilson (1927), JASA 22, 209-212; Kish (1965), Survey Sampling; Franco, Little, Louis and Slud, "Comparative Study of
    Confidence Intervals for Proportions in Complex Sample Surveys", Journal of Survey Statistics and Methodology 7(3), 334-364.

    >>> [round(value, 2) for value in cluster_share([0, 0, 0], [10, 10, 10])]
    [0.0, 0.0, 0.56]
    """
    y, m = _clusters(y, m)
    if not len(m):
        return None, None, None
    share = float(y.sum() / m.sum())
    if len(m) < 2:
        return share, None, None
    known = intraclass(y, m)
    rho = 1.0 if known is None else known
    n = m.sum() / (1 + rho * (worker_size(m) - 1))
    tail = (1 + confidence) / 2
    q2 = float(stdtrit((len(m) - 1) / (1 - rho**2), tail) if rho < 1 else norm.ppf(tail)) ** 2
    centre = (share + q2 / (2 * n)) / (1 + q2 / n)
    half = sqrt(q2 * share * (1 - share) / n + (q2 / (2 * n)) ** 2) / (1 + q2 / n)
    return share, float(min(max(centre - half, 0.0), share)), float(max(min(centre + half, 1.0), share))


def paired_difference(
    y: ArrayLike, m: ArrayLike, y0: ArrayLike, m0: ArrayLike, confidence: float = LEVEL
) -> tuple[float | None, float | None, float | None]:
    """Difference of two cluster shares, sum(y) / sum(m) - sum(y0) / sum(m0) (-1 to 1), and the bounds of its interval.

    The four lists name the same clusters in the same order; workers are 0 where a cluster is absent. The bounds are made of
    those of `cluster_share` (MOVER) with the correlation r of the two shares: low = d - sqrt(a^2 + b^2 - 2 r a b), where
    a = share - its low bound and b = the other's high bound - the other share; high with the opposite bounds. r comes from
    the residuals of the clusters, (y - share m) / sqrt(m): 0 when no cluster stands in both, and squares then add up.

    Source: Zou and Donner (2008), "Construction of confidence limits about effect measures: a general approach", Statistics in
    Medicine 27, 1693-1702; Newcombe (1998), Statistics in Medicine 17, 2635-2650, for paired shares.
    """
    (share, low, high), (share0, low0, high0) = cluster_share(y, m, confidence), cluster_share(y0, m0, confidence)
    if share is None or share0 is None:
        return None, None, None
    difference = share - share0
    if low is None or low0 is None:
        return difference, None, None
    now, before = _residuals(y, m, share), _residuals(y0, m0, share0)
    size = sqrt((now @ now) * (before @ before))
    r = float(now @ before) / size if size else 0.0
    down, up = (sqrt(max(a * a + b * b - 2 * r * a * b, 0.0)) for a, b in ((share - low, high0 - share0), (high - share, share0 - low0)))
    return difference, max(difference - down, -1.0), min(difference + up, 1.0)


def _residuals(y: ArrayLike, m: ArrayLike, share: float) -> np.ndarray:
    """What each cluster has beyond the share, on a scale that makes clusters of all sizes alike; 0 without workers."""
    y, m = np.asarray(y, dtype=float), np.asarray(m, dtype=float)
    return (y - share * m) / np.sqrt(np.maximum(m, 1))


def control_limits(expected: float, size: ArrayLike, tau2: float, confidence: float) -> tuple[np.ndarray, np.ndarray]:
    """Low and high control limit (0-1) of shares of `size` effective workers: the curves of a funnel plot; see `funnel`."""
    centre, width = np.arcsin(np.sqrt(expected)), norm.ppf((1 + confidence) / 2) * np.sqrt(1 / (4 * np.asarray(size, dtype=float)) + tau2)
    low, high = (np.sin(np.clip(centre + sign * width, 0, np.pi / 2)) ** 2 for sign in (-1, 1))
    return low, high


def funnel(tassi: pl.DataFrame, expected: float, rho: float | None) -> pl.DataFrame:
    """One row per row of `tassi` with a share: effective size (lavoratori), control limits around `expected` (0-1), z, whether it is out.

    Shares y are compared on the scale asin(sqrt(y)), with standard error s = 1 / (2 sqrt(n)) and n = lavoratori / (1 + rho
    (dimensione - 1)). phi is the mean of the squared z after bringing the outer 10% on each side to the 10th and 90th centile.
    If I phi > I - 1 (I shares), provinces differ beyond chance and tau2 = (I phi - (I - 1)) / (W - sum(w^2) / W), with
    w = 1 / s^2 and W = sum(w), is added to s^2, in z and in the limits. `fuori`: beyond the limits of 99,8%.

    Args:
        tassi: rows of `attivazione_pal.rates` of one trimestre, without that of the region.
        expected: share of the region (0-1).
        rho: `correlazione` of the region; null counts as 1.

    Returns:
        the rows, with equivalenti, inf95, sup95, inf998, sup998 (limits of control, not the interval of the share), z, phi, tau2, fuori.

    Source: Spiegelhalter (2005), "Funnel plots for comparing institutional performance", Statistics in Medicine 24, 1185-1202.
    """
    rows = tassi.drop("inf95", "sup95", "motivo", strict=False).filter(pl.col("tasso").is_not_null())
    n = rows["lavoratori"].to_numpy() / (1 + (1.0 if rho is None else rho) * (rows["dimensione"].to_numpy() - 1))
    z = 2 * np.sqrt(n) * (np.arcsin(np.sqrt(rows["tasso"].to_numpy())) - np.arcsin(np.sqrt(expected)))
    phi = float(np.mean(np.clip(z, *np.quantile(z, [0.1, 0.9])) ** 2)) if len(z) else 0.0
    weights = 4 * n
    excess = len(z) * phi - (len(z) - 1)
    tau2 = excess / (weights.sum() - (weights**2).sum() / weights.sum()) if len(z) > 1 and excess > 0 else 0.0
    z = z / np.sqrt(1 + tau2 * weights)
    (low, high), (far_low, far_high) = (control_limits(expected, n, tau2, level) for level in (LEVEL, FAR))
    limits = {"inf95": low, "sup95": high, "inf998": far_low, "sup998": far_high}
    columns = {"equivalenti": n, **limits, "z": z, "phi": phi, "tau2": float(tau2), "fuori": np.abs(z) > norm.ppf((1 + FAR) / 2)}
    return rows.with_columns(pl.lit(v).alias(k) if np.isscalar(v) else pl.Series(k, v) for k, v in columns.items())
