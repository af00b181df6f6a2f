"""Activation of the PAL: workers by step, activation rates on a declared base with their intervals, changes between quarters.

The functions take a polars, pandas, DuckDB or Spark frame. `stock` has one row per trimestre, procedura and unità: trimestre, provincia,
id_procedura, id_unita, cluster (the company's agreement, which several sites share), data_inizio, fine_trimestre, lavoratori,
step1, step2, step3, step4, no_pal, nessuno (counts without blanks that add up to lavoratori: each worker stands in one), and the
text columns that `by` names. Rows come back in no particular order; what rests on statistics comes back from DuckDB and Spark as polars.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrameT

from analisi.errors import AnalisiError, suggest
from analisi.indicators import periodi
from analisi.indicators.casi_gestiti import _ratio
from analisi.indicators.frames import as_frame
from analisi.indicators.uncertainty import _like, cluster_share, funnel, intraclass, paired_difference, worker_size
from analisi.sources.motori import collect
from analisi.tables.catalogo import MOTIVI_CONTO, MOTIVI_NO_PAL, PASSI

STATI = {"STEP1": "step1", "STEP2": "step2", "STEP3": "step3", "STEP4": "step4", "NO_PAL": "no_pal", "NESSUNO": "nessuno"}
BASI = {
    "tutti": "tutti i lavoratori sospesi",
    "netta": "i lavoratori sospesi, tolti gli esonerati (NO PAL)",
    "matura": "i lavoratori la cui sospensione è iniziata da un numero minimo di giorni",
}
NON_INDICATO = "non indicato"
NESSUN_LAVORATORE = "nessun lavoratore nella base: il tasso non si può calcolare"
UNA_PROCEDURA = "una sola procedura: un intervallo non si può calcolare"


def _totals(rows: nw.LazyFrame | nw.DataFrame, keys: list[str], *counts: str) -> nw.LazyFrame | nw.DataFrame:
    """One row per keys: the sums of the counts, as 64-bit integers."""
    return rows.group_by(keys).agg(nw.col(*counts).sum()).with_columns(nw.col(*counts).cast(nw.Int64))


def _long(wide: nw.LazyFrame | nw.DataFrame, keys: list[str], name: str, parts: dict[str, nw.Expr], whole: nw.Expr) -> IntoFrameT:
    """One row per keys and part: its label, lavoratori, and quota of the whole (0-1)."""
    rows = [
        wide.select(*keys, nw.lit(label).alias(name), part.alias("lavoratori"), _ratio(part, whole).alias("quota"))
        for label, part in parts.items()
    ]
    return nw.concat(rows, how="vertical").to_native()


def steps(stock: IntoFrameT, by: Iterable[str] = ()) -> IntoFrameT:
    """One row per trimestre, `by` and passo (STEP1 to STEP4, NO_PAL, NESSUNO): lavoratori who stand there, and their quota (0-1).

    The quota is null where there is no worker.
    """
    keys = ["trimestre", *by]
    wide = _totals(as_frame(stock), keys, "lavoratori", *STATI.values())
    return _long(wide, keys, "passo", {passo: nw.col(name) for passo, name in STATI.items()}, nw.col("lavoratori"))


def with_base(stock: IntoFrameT, base: str = "tutti", maturita_giorni: int = 0) -> IntoFrameT:
    """One row of `stock` per row of the declared base, with attivati (lavoratori at step 4) and denominatore (lavoratori).

    Args:
        base: "tutti", every worker; "netta", without those exempt (NO PAL); "matura", only rows whose suspension began at least
            `maturita_giorni` before the end of the trimestre (rows without data_inizio are left out).

    Raises:
        AnalisiError: the base is unknown.
    """
    if base not in BASI:
        msg = f"base «{base}»: sconosciuta; {suggest(base, BASI)}"
        raise AnalisiError(msg)
    rows = as_frame(stock)
    if base == "matura":
        rows = rows.filter(nw.col("data_inizio").dt.offset_by(f"{maturita_giorni}d") <= nw.col("fine_trimestre"))
    workers = nw.col("lavoratori") - nw.col("no_pal") if base == "netta" else nw.col("lavoratori")
    return rows.with_columns(nw.col("step4").alias("attivati"), workers.alias("denominatore")).to_native()


def _sums(rows: IntoFrameT, keys: list[str], part: list[str], totale: str | None) -> dict[tuple, pl.DataFrame]:
    """Attivati and denominatore of each `part` (clusters, units) that has workers, by keys; empty where none has."""
    frame = as_frame(rows).with_columns(nw.coalesce("cluster", "id_procedura").alias("cluster"))
    if totale is not None and "provincia" in keys:
        frame = nw.concat([frame, frame.with_columns(nw.lit(totale).alias("provincia"))], how="vertical")
    rows = collect(_totals(frame, [*keys, *part], "attivati", "denominatore")).sort(*keys, *part)
    groups = dict(rows.filter(pl.col("denominatore") > 0).group_by(keys, maintain_order=True))
    return {key: groups.get(key, rows.clear()) for key in rows.select(keys).unique(maintain_order=True).iter_rows()}


def rates(
    stock: IntoFrameT, by: Iterable[str] = (), base: str = "tutti", maturita_giorni: int = 0, totale: str | None = None
) -> IntoFrameT:
    """One row per trimestre and `by`: attivati over lavoratori of the declared base, the tasso (0-1) and its 95% interval.

    The interval takes whole procedures as the units of chance (`cluster_share`); where there is none, `motivo` says why.
    With the sigla of the region as `totale`, and provincia in `by`, rows of the region are added.

    Returns:
        trimestre, by, base, attivati, lavoratori, tasso, inf95, sup95, procedure (clusters with workers in the base), unita
        (sites with workers in the base), correlazione (`intraclass`), dimensione (`worker_size`), motivo.
    """
    keys = ["trimestre", *by]
    rows = with_base(stock, base, maturita_giorni)
    clusters, units = (_sums(rows, keys, part, totale) for part in (["cluster"], ["id_procedura", "id_unita"]))
    records = []
    for key, part in clusters.items():
        y, m = part["attivati"], part["denominatore"]
        tasso, low, high = cluster_share(y, m)
        motivo = NESSUN_LAVORATORE if tasso is None else UNA_PROCEDURA if low is None else None
        counts = (y.sum(), m.sum(), tasso, low, high, part.height, units[key].height, intraclass(y, m), worker_size(m))
        records.append((*key, base, *counts, motivo))
    whole, real = pl.Int64, pl.Float64
    schema = dict.fromkeys(keys, pl.String) | {"base": pl.String, "attivati": whole, "lavoratori": whole, "tasso": real}
    schema |= {"inf95": real, "sup95": real, "procedure": whole, "unita": whole, "correlazione": real, "dimensione": real}
    return _like(pl.DataFrame(records, {**schema, "motivo": pl.String}, orient="row"), nw.from_native(stock))


def changes(
    stock: IntoFrameT,
    by: Iterable[str] = (),
    previous: Callable[[str], str] = periodi.previous,
    base: str = "tutti",
    maturita_giorni: int = 0,
    totale: str | None = None,
) -> IntoFrameT:
    """One row per trimestre and `by`: the tasso against that of `previous` (a function of `periodi`), in percentage points.

    The same procedures stand in both quarters: the interval of the difference takes them in pairs (`paired_difference`).
    `distinguibile`: the 95% interval leaves zero out. Null where one of the two is missing, or has no interval.

    Returns:
        trimestre, by, confronto (the other trimestre), tasso, tasso_confronto (0-1), differenza_pp, inf95_pp, sup95_pp,
        procedure_comuni, distinguibile.
    """
    keys = ["trimestre", *by]
    clusters = _sums(with_base(stock, base, maturita_giorni), keys, ["cluster"], totale)
    records = []
    for key, part in clusters.items():
        other = (previous(key[0]), *key[1:])
        before = clusters.get(other, part.clear())
        both = part.join(before, on="cluster", how="full", coalesce=True, suffix="_prima").sort("cluster")
        common = both["attivati"].count() + both["attivati_prima"].count() - both.height
        counts = both.select(pl.col(f"{name}{time}").fill_null(0) for time in ("", "_prima") for name in ("attivati", "denominatore"))
        counts = counts.get_columns()
        bounds = paired_difference(*counts)
        clear = None if bounds[1] is None else not bounds[1] <= 0 <= bounds[2]
        points = [None if bound is None else 100 * bound for bound in bounds]
        records.append((*key, other[0], cluster_share(*counts[:2])[0], cluster_share(*counts[2:])[0], *points, common, clear))
    names = ("tasso", "tasso_confronto", "differenza_pp", "inf95_pp", "sup95_pp")
    schema = dict.fromkeys([*keys, "confronto"], pl.String) | dict.fromkeys(names, pl.Float64)
    return _like(
        pl.DataFrame(records, {**schema, "procedure_comuni": pl.Int64, "distinguibile": pl.Boolean}, orient="row"), nw.from_native(stock)
    )


def ever_reached(passi: IntoFrameT, by: Iterable[str] = (), workers: IntoFrameT | None = None) -> IntoFrameT:
    """One row per trimestre, `by` and passo: lavoratori of the trimestre who ever reached it so far, and those who stand in it now.

    Who reached a step has reached the earlier ones; NO_PAL stands apart: ever exempt, now exempt. Quotas (0-1) are of the
    lavoratori of that trimestre, null where there is none.

    Args:
        passi: id_lavoratore, id_procedura, trimestre, step, one row each, as in monitoraggio_pal_lavoratori.
        workers: the base, with the columns of `by`: one row per trimestre, id_lavoratore, id_procedura. Left out, it is the
            rows of `passi`, where workers without any step do not appear.

    Returns:
        trimestre, by, passo, lavoratori (the base), raggiunto, quota_raggiunto, attuale, quota_attuale.
    """
    keys, person = ["trimestre", *by], ["id_lavoratore", "id_procedura"]
    base = as_frame(passi if workers is None else workers).select(*keys, *person)
    pairs = base.join(as_frame(passi).select(*person, "step", nw.col("trimestre").alias("_quando")), on=person, how="left")
    step, flags = nw.col("step"), {}
    for passo in PASSI:  # "NO_PAL" comes before "STEP1" in the alphabet
        reached = step == passo if passo == "NO_PAL" else step >= passo
        flags[f"raggiunto_{passo}"] = reached & (nw.col("_quando") <= nw.col("trimestre"))
        flags[f"attuale_{passo}"] = (step == passo) & (nw.col("_quando") == nw.col("trimestre"))
    marked = pairs.with_columns(flag.cast(nw.Int64).fill_null(0).alias(name) for name, flag in flags.items())
    people = marked.group_by(*keys, *person).agg(nw.col(*flags).max()).with_columns(nw.lit(1).alias("lavoratori"))
    wide = _totals(people, keys, "lavoratori", *flags)
    rows = []
    for passo in PASSI:
        columns = [nw.lit(passo).alias("passo"), nw.col("lavoratori")]
        for name in ("raggiunto", "attuale"):
            count = nw.col(f"{name}_{passo}")
            columns += [count.alias(name), _ratio(count, nw.col("lavoratori")).alias(f"quota_{name}")]
        rows.append(wide.select(*keys, *columns))
    return nw.concat(rows, how="vertical").to_native()


def reasons(conteggi: IntoFrameT, by: Iterable[str] = ()) -> IntoFrameT:
    """One row per trimestre, `by` and motivo of exemption: lavoratori, and their quota (0-1) of those exempt (NO PAL).

    A blank reason counts as zero; the exempt workers of no reason are in the row "non indicato". The quota is null where
    nobody is exempt.

    Args:
        conteggi: rows of monitoraggio_pal; `by` names its columns ("nucleo").
    """
    keys = ["trimestre", *by]
    counts = [nw.col(name).fill_null(0).cast(nw.Int64) for name in ("no_pal", *MOTIVI_CONTO)]
    wide = _totals(as_frame(conteggi).select(*keys, *counts), keys, "no_pal", *MOTIVI_CONTO)
    parts = {label: nw.col(name) for label, name in zip(MOTIVI_NO_PAL.values(), MOTIVI_CONTO, strict=True)}
    left = nw.col("no_pal") - nw.sum_horizontal(*MOTIVI_CONTO)
    return _long(wide, keys, "motivo", parts | {NON_INDICATO: left}, nw.col("no_pal"))


def with_total(indicator: Callable[..., pl.DataFrame], stock: pl.DataFrame, totale: str) -> pl.DataFrame:
    """The rows of an indicator by provincia, and those of the whole region under the sigla `totale`."""
    whole = indicator(stock.with_columns(pl.lit(totale).alias("provincia")), ["provincia"])
    return pl.concat([indicator(stock, ["provincia"]), whole])


def all_rates(stock: pl.DataFrame, totale: str, maturita_giorni: int) -> pl.DataFrame:
    """`rates` by provincia and region on every base, one below the other; `maturita_giorni` counts for the base "matura" only."""
    return pl.concat(rates(stock, ["provincia"], base, maturita_giorni, totale) for base in BASI).sort("trimestre", "base", "provincia")


def provincial_funnel(tassi: pl.DataFrame, trimestre: str, totale: str) -> pl.DataFrame:
    """`funnel` of the provinces of one trimestre around the share of the region, on all the suspended; no row without a region's share."""
    rows = tassi.filter(trimestre=trimestre, base="tutti")
    region = rows.filter(provincia=totale).drop_nulls("tasso")
    provinces = rows.filter(pl.col("provincia") != totale).sort("provincia")
    if region.is_empty() or provinces.height < 2 or not 0 < region["tasso"][0] < 1:
        return funnel(provinces.clear(), 0.5, None).with_columns(pl.lit(None, pl.Float64).alias("atteso"))
    expected = region["tasso"][0]
    return funnel(provinces, expected, region["correlazione"][0]).with_columns(pl.lit(expected).alias("atteso"))


BREAKDOWNS = {"tipologia": "tipo", "causale": "causale", "settore": "settore", "classe_dimensionale": "dimensione"}


def breakdowns(stock: pl.DataFrame) -> pl.DataFrame:
    """`rates` of the stock by type of procedure, causale, sector and size: `dimensione_analisi` says which, `voce` the value."""
    parts = []
    for name, words in BREAKDOWNS.items():
        found = rates(stock.with_columns(pl.col(name).fill_null("non indicato")), [name]).rename({name: "voce"})
        parts.append(found.with_columns(pl.lit(words).alias("dimensione_analisi")).sort("lavoratori", "voce", descending=[True, False]))
    return pl.concat(parts)
