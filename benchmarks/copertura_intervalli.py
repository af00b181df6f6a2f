"""How often the stated 95% intervals of the activation rate cover the true rate, and how wide they are. Seeded; about two minutes.

Run: python benchmarks/copertura_intervalli.py [REPETITIONS]. K clusters (companies) of lognormal size, median 20 workers; activation is
beta-binomial with intra-cluster correlation rho (1: each company all or nothing). Three intervals: ours (`cluster_share`), the naive
binomial (Wilson on workers), the jackknife over clusters (CR3) with Student's t. Then the difference of two quarters
(`paired_difference`) against the jackknife of the difference; last, the share of regions of equal provinces in which `funnel` marks one.

What must hold, and exits 1 if it does not: with 15 clusters or more ours covers 93% to 97%; up to 98% where companies are all or
nothing, too few different outcomes being possible to do better, and that errs on the safe side. The difference too: 93% to 98%. With 5 or
8 clusters nothing is promised: it is printed. The error of simulation is 0,5 points with 2.000 repetitions: 1 point is allowed for it.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import product

import numpy as np
import polars as pl
from scipy.stats import beta, norm, t

from analisi.indicators.uncertainty import cluster_share, funnel, intraclass, paired_difference, worker_size

CLUSTERS = (5, 8, 15, 30, 60)
DESIGNS = tuple(product((1.0, 1.3), (0.1, 0.3, 0.6, 1.0), (0.2, 0.5, 0.8)))  # sigma of log size, rho, true share
# sigma, rho, share before and after, correlation of a company with itself, part of the companies in both quarters
PAIRS = tuple((sigma, rho, p0, p, same, part) for sigma, rho in ((1.0, 0.3), (1.3, 0.6)) for p0, p in ((0.4, 0.4), (0.3, 0.5))
              for same, part in ((0.9, 1.0), (0.9, 0.7), (0.0, 0.0)))  # fmt: skip
SLACK = 1.0  # points, for the error of simulation


def sizes(rng: np.random.Generator, count: int, sigma: float) -> np.ndarray:
    """Workers of each company, at least one."""
    return np.maximum(1, np.rint(20 * np.exp(sigma * rng.standard_normal(count))))


def propensity(scores: np.ndarray, share: float, rho: float) -> np.ndarray:
    """Chance of activation of each company, beta with mean `share` and variance rho share (1 - share), from normal scores."""
    u = norm.cdf(scores)
    spread = (1 - rho) / rho
    return (u > 1 - share).astype(float) if rho == 1 else beta.ppf(np.clip(u, 1e-9, 1 - 1e-9), share * spread, (1 - share) * spread)


def naive(y: np.ndarray, m: np.ndarray) -> tuple[float, float]:
    """Wilson's interval as if workers were independent."""
    n, z2 = m.sum(), norm.ppf(0.975) ** 2
    p = y.sum() / n
    centre, half = (p + z2 / (2 * n)) / (1 + z2 / n), np.sqrt(z2 * p * (1 - p) / n + (z2 / (2 * n)) ** 2) / (1 + z2 / n)
    return centre - half, centre + half


def jackknife(y: np.ndarray, m: np.ndarray, y0: np.ndarray | float = 0.0, m0: np.ndarray | float = 0.0) -> tuple[float, float]:
    """Share, or difference of two, plus and minus Student's t by the standard error of leaving one cluster out at a time."""
    paired = np.ndim(m0) > 0
    value = y.sum() / m.sum() - (y0.sum() / m0.sum() if paired else 0)
    without = (y.sum() - y) / (m.sum() - m) - ((y0.sum() - y0) / (m0.sum() - m0) if paired else 0)
    half = t.ppf(0.975, len(y) - 1) * np.sqrt(((without - value) ** 2).sum())
    return value - half, value + half


def shares(rng: np.random.Generator, clusters: int, repetitions: int, design: tuple) -> np.ndarray:
    """Coverage (0-100) and mean width (0-1) of ours, naive and jackknife: a row each."""
    sigma, rho, p = design
    found = []
    for _ in range(repetitions):
        m = sizes(rng, clusters, sigma)
        chance = rng.random(clusters) < p if rho == 1 else rng.beta(p * (1 - rho) / rho, (1 - p) * (1 - rho) / rho, clusters)
        y = rng.binomial(m.astype(int), chance)
        found.append([cluster_share(y, m)[1:], naive(y, m), jackknife(y, m)])
    return summary(np.array(found), p)


def differences(rng: np.random.Generator, clusters: int, repetitions: int, design: tuple) -> np.ndarray:
    """Coverage (0-100) and mean width (0-1) of ours and the jackknife: a row each; `clusters` in each quarter, on average."""
    sigma, rho, p0, p, same, part = design
    union, found = round(clusters * 2 / (1 + part)), []
    for _ in range(repetitions):
        size, scores, where = sizes(rng, union, sigma), rng.standard_normal((2, union)), rng.permutation(union) / union
        chance = propensity(scores[0], p0, rho), propensity(same * scores[0] + np.sqrt(1 - same**2) * scores[1], p, rho)
        m0, m = size * (where < (1 + part) / 2), size * (where >= (1 - part) / 2)
        y0, y = rng.binomial(m0.astype(int), chance[0]), rng.binomial(m.astype(int), chance[1])
        found.append([paired_difference(y, m, y0, m0)[1:], jackknife(y, m, y0, m0)])
    return summary(np.array(found), p - p0)


def summary(found: np.ndarray, truth: float) -> np.ndarray:
    """Coverage (0-100) and mean width of intervals by repetition and method."""
    inside = (found[..., 0] <= truth) & (truth <= found[..., 1])
    return np.stack([100 * inside.mean(axis=0), (found[..., 1] - found[..., 0]).mean(axis=0)], axis=1)


def false_alarms(rng: np.random.Generator, repetitions: int) -> float:
    """Regions (0-100) of twelve provinces with 3 to 25 companies and the same true share, in which `funnel` marks a province."""
    counts, marked = [3, 4, 5, 6, 8, 8, 10, 12, 12, 15, 20, 25], 0
    for _ in range(repetitions):
        m = [sizes(rng, count, 1.15) for count in counts]
        y = [rng.binomial(size.astype(int), propensity(rng.standard_normal(len(size)), 0.5, 0.4)) for size in m]
        rows = {"tasso": [a.sum() / b.sum() for a, b in zip(y, m, strict=True)], "lavoratori": [int(size.sum()) for size in m]}
        whole = np.concatenate(y), np.concatenate(m)
        region = whole[0].sum() / whole[1].sum()
        marked += funnel(pl.DataFrame(rows | {"dimensione": [worker_size(size) for size in m]}), region, intraclass(*whole))["fuori"].any()
    return 100 * marked / repetitions


def report(title: str, names: str, results: dict[tuple, np.ndarray]) -> None:
    """Print a line per design: coverage and mean width of each interval."""
    print(f"\n{title}\n{'':34}{names}")
    for design, values in results.items():
        print(f"{' '.join(f'{v:>4}' for v in design):<34}" + "   ".join(f"{coverage:5.1f} {width:.3f}" for coverage, width in values))


def faults(results: dict[tuple, np.ndarray], top: float) -> Iterator[str]:
    """Print the extremes of our coverage, and give each design where it is outside what must hold."""
    coverages = {design: values[0][0] for design, values in results.items()}
    print(f"{'ours, lowest and highest':<34}{min(coverages.values()):5.1f} {max(coverages.values()):5.1f}")
    for design, coverage in coverages.items():
        if not 93 - SLACK <= coverage <= (98 if design[1] == 1 else top) + SLACK:
            yield f"{design}: {coverage:.1f}"


def main() -> None:
    """Print the tables; exit 1 where the promise is broken."""
    repetitions, rng, broken = int((sys.argv[1:] or [2000])[0]), np.random.default_rng(20), []
    for clusters in CLUSTERS:
        single = {design: shares(rng, clusters, repetitions, design) for design in DESIGNS}
        report(f"{clusters} clusters: sigma, rho, share", "ours          naive         jackknife", single)
        found = list(faults(single, 97))
        paired = {design: differences(rng, clusters, repetitions // 2, design) for design in PAIRS}
        report(f"{clusters} clusters: sigma, rho, share before, share, correlation, overlap", "ours          jackknife", paired)
        found += list(faults(paired, 98))
        broken += [f"{clusters} clusters, {fault}" for fault in found] if clusters >= 15 else []
    print(f"\nregions of equal provinces in which funnel marks one: {false_alarms(rng, repetitions):.1f}%")
    if broken:
        sys.exit("outside what must hold: " + "; ".join(broken))


if __name__ == "__main__":
    main()
