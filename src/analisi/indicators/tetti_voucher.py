"""The caps on the vouchers of Formazione Continua: per worker and year, per company and year, per EQF level of the course.

The caps are dated rows of data/riferimento/misure_pal.csv and tetti_voucher.csv. A voucher is under the row of its edition, if its day
(taking in charge, else start) is within the row's dates; else under the general row, the one without edition. Sums are by bando and
calendar year of that day. What is added up is the value of the voucher, public and private share together, but for those renounced or
lost.
"""

from __future__ import annotations

import polars as pl

from analisi.indicators.copertura_misure import RILIEVI
from analisi.indicators.misure_pal import TOT, USCITE
from analisi.sources.riferimenti import read_reference
from analisi.workspace import reference

MISURA = "FC"
NEAR = 0.9  # share of the cap from which who is not over it is near
TETTI = {"lavoratore": ("id_lavoratore", "tetto_lavoratore_eur"), "impresa": ("cf_azienda", "tetto_impresa_eur")}
TUTTI_I_BANDI = "lavoratore_tutti_i_bandi"  # the year's vouchers of every edition: whether the cap holds for them is to be confirmed
NON_CONTROLLATI = (
    "voucher di un'edizione con tetti per livello EQF, senza livello del corso o fuori dai livelli o dalle date: non controllati"
)
_VOUCHER = "_voucher"


def _read(file: str, *numbers: str) -> pl.DataFrame:
    """The dated rows of FC of a reference table, amounts as numbers, days as days."""
    return read_reference(reference(file), ["misura", "edizione"], numbers, ["dal", "al"]).filter(misura=MISURA)


def vouchers(domande: pl.DataFrame, corsi: pl.DataFrame) -> pl.DataFrame:
    """One row per voucher under the caps: giorno, anno, its value, the public share of it (euro), EQF level, cap of each kind.

    The level is that of the worker's own editions of the course in SIUF, else of all its editions; without one, with several that
    disagree, or without a row for it, `tetto_eqf` is null.

    Args:
        domande: applications as `misure_pal.linked` returns them. corsi: rows of SIUF.
    """
    course, known = pl.col("id_corso").alias("id_corso_siuf"), pl.col("livello_eqf").drop_nulls()
    level = pl.when(known.n_unique() == 1).then(known.max())
    own = corsi.group_by(course, "id_lavoratore").agg(level.alias("livello_eqf"))
    of_course = corsi.group_by(course).agg(level.alias("_livello"))
    day, value = pl.coalesce("data_presa_in_carico", "data_avvio"), pl.col("valore_voucher")
    rows = domande.filter(pl.col("misura") == MISURA, ~pl.col("stato").is_in(USCITE), value.is_not_null(), day.is_not_null())
    kept = ["id_lavoratore", "cf_azienda", "bando", "edizione", "provincia", "anno", "id_corso_siuf", "valore_voucher"]
    rows = rows.select(
        *kept,
        (value * pl.col("quota_pubblica_pct").fill_null(100) / 100).alias("valore_pubblico"),
        day.alias("giorno"),
        pl.concat_str("id_domanda", "id_lavoratore", separator=" ").alias(_VOUCHER),
    )
    rows = rows.join(own, on=["id_corso_siuf", "id_lavoratore"], how="left", maintain_order="left")
    rows = rows.join(of_course, on="id_corso_siuf", how="left", maintain_order="left")
    return _with_levels(_with_sums(rows.with_columns(pl.coalesce("livello_eqf", "_livello").alias("livello_eqf")).drop("_livello")))


def _dated(rows: pl.DataFrame, caps: pl.DataFrame) -> pl.DataFrame:
    """The pairs of voucher and row of its edition whose dates hold on its day; a blank date sets no bound."""
    pairs = rows.join(caps, on="edizione")
    return pairs.filter(
        pl.col("dal").is_null() | (pl.col("giorno") >= pl.col("dal")), pl.col("al").is_null() | (pl.col("giorno") <= pl.col("al"))
    )


def _with_sums(rows: pl.DataFrame) -> pl.DataFrame:
    """The vouchers with the caps on sums: those of the edition in force on the day, else the general ones."""
    names = [cap for _, cap in TETTI.values()]
    caps = _read("misure_pal.csv", *names)
    general = caps.filter(pl.col("edizione").is_null()).select(names).head(1)
    own = _dated(rows.select(_VOUCHER, "edizione", "giorno"), caps.select("edizione", "dal", "al", *names)).select(_VOUCHER, *names)
    found = rows.join(own.unique(_VOUCHER, keep="last", maintain_order=True), on=_VOUCHER, how="left", maintain_order="left")
    return found.with_columns(
        pl.coalesce(name, pl.lit(value, pl.Float64)).alias(name) for row in general.to_dicts() for name, value in row.items()
    )


def _with_levels(rows: pl.DataFrame) -> pl.DataFrame:
    """The vouchers with the cap of the level of their course (`tetto_eqf`, `livelli` in words), where the edition has one on that day."""
    caps = _read("tetti_voucher.csv", "tetto_voucher_eur", "eqf_da", "eqf_a")
    first, last = pl.col("eqf_da").cast(pl.Int64), pl.col("eqf_a").cast(pl.Int64)
    words = pl.when(first == last).then(pl.format("EQF {}", first)).otherwise(pl.format("EQF {}-{}", first, last))
    pairs = _dated(rows.select(_VOUCHER, "edizione", "giorno", "livello_eqf"), caps.with_columns(words.alias("livelli")))
    own = pairs.filter(pl.col("livello_eqf").is_between(pl.col("eqf_da"), pl.col("eqf_a")))
    own = own.select(_VOUCHER, pl.col("tetto_voucher_eur").alias("tetto_eqf"), "livelli").unique(_VOUCHER, keep="last", maintain_order=True)
    return rows.join(own, on=_VOUCHER, how="left", maintain_order="left")


def sums(voucher: pl.DataFrame, tetto: str) -> pl.DataFrame:
    """One row per bando, anno, cap and subject: `totale_eur`, the public share of it, excess over the cap (euro), `quota` of the cap.

    Args:
        voucher: what `vouchers` returns, of the whole region: a sum of part of them would be short.
        tetto: "lavoratore" or "impresa", whose vouchers add up in a year; `TUTTI_I_BANDI`, those of a worker and year whatever the bando
            (TOT), against the highest of their caps; "voucher", each by itself.
    """
    if tetto == TUTTI_I_BANDI:
        highest = pl.col(TETTI["lavoratore"][1]).max().over("id_lavoratore", "anno")
        return sums(voucher.with_columns(pl.lit(TOT).alias("bando"), highest), "lavoratore")
    who, cap = TETTI.get(tetto, (_VOUCHER, "tetto_eqf"))
    keys, value = ["bando", "anno", "livelli", "tetto_eur", "soggetto"], pl.col("totale_eur")
    level = pl.lit(None, pl.String).alias("livelli") if tetto in TETTI else pl.col("livelli")
    rows = voucher.filter(pl.col(who).is_not_null(), pl.col(cap).is_not_null())
    kept = ["bando", "anno", "id_lavoratore", "provincia", "valore_voucher", "valore_pubblico"]
    rows = rows.select(*kept, level, pl.col(cap).alias("tetto_eur"), pl.col(who).alias("soggetto"))
    found = rows.group_by(keys).agg(
        pl.col("valore_voucher").sum().round(2).alias("totale_eur"),  # cents: sums of floats are not exact
        pl.col("valore_pubblico").sum().round(2).alias("pubblico_eur"),
        pl.col("id_lavoratore").n_unique().cast(pl.Int64).alias("lavoratori"),
        pl.col("provincia").unique().sort(),
    )
    over = (value - pl.col("tetto_eur")).clip(0).round(2).alias("eccedenza_eur")
    found = found.with_columns(over, (value / pl.col("tetto_eur")).alias("quota"))
    return found.sort("bando", "anno", "tetto_eur", "quota", "soggetto", descending=[False, False, False, True, False])


def verdicts(voucher: pl.DataFrame, provincia: str = "", anno: int = 0) -> pl.DataFrame:
    """One row per kind of cap, bando, anno and cap: subjects, those over it, by how much in all (euro), those near it (from 90%, not over).

    `oltre_pubblico`: those who would be over if the cap held for the public share alone. For a provincia, the subjects with a voucher
    there, each with its sum of the whole region.
    """
    value, cap = pl.col("totale_eur"), pl.col("tetto_eur")
    tests = {"oltre": value > cap, "vicini": (pl.col("quota") >= NEAR) & (value <= cap), "oltre_pubblico": pl.col("pubblico_eur") > cap}
    parts = []
    for tetto in ("lavoratore", TUTTI_I_BANDI, "impresa", "voucher"):
        rows = of_place(sums(voucher, tetto), provincia, anno).group_by("bando", "anno", "livelli", "tetto_eur")
        counts = [test.sum().cast(pl.Int64).alias(name) for name, test in tests.items()]
        found = rows.agg(pl.len().cast(pl.Int64).alias("soggetti"), pl.col("eccedenza_eur").sum().round(2), *counts)
        parts.append(found.select(pl.lit(tetto).alias("tetto"), pl.all()).sort("anno", "bando", "tetto_eur"))
    return pl.concat(parts)


def of_place(somme: pl.DataFrame, provincia: str = "", anno: int = 0) -> pl.DataFrame:
    """The rows of `sums` of a provincia ("" all) and a year (0 all)."""
    somme = somme.filter(pl.col("anno") == anno) if anno else somme
    return somme.filter(pl.col("provincia").list.contains(provincia)) if provincia else somme


def companies(voucher: pl.DataFrame, vol: pl.DataFrame, provincia: str = "", anno: int = 0) -> pl.DataFrame:
    """One row per company over the cap or near it, by name where the register has it: for the internal profile only."""
    rows = of_place(sums(voucher, "impresa"), provincia, anno).filter(pl.col("quota") >= NEAR)
    names = vol.sort("data_apertura", "id_procedura").unique("codice_fiscale_azienda", keep="last", maintain_order=True)
    names = names.select(pl.col("codice_fiscale_azienda").alias("soggetto"), "ragione_sociale")
    rows = rows.join(names, on="soggetto", how="left").with_columns(pl.col("ragione_sociale").fill_null("azienda non nel registro"))
    rows = rows.sort("quota", "ragione_sociale", "soggetto", "bando", "anno", descending=[True, False, False, False, False])
    return rows.select("bando", "anno", "ragione_sociale", "lavoratori", "totale_eur", "tetto_eur", "quota", "eccedenza_eur")


def findings(voucher: pl.DataFrame, provincia: str = "", anno: int = 0) -> pl.DataFrame:
    """One row per kind of oddity in the vouchers of a provincia ("" all) and a year (0 all): `casi`, and `persone`. Only those found."""
    words = {"lavoratore": "lavoratori oltre il tetto annuo dei voucher", "impresa": "imprese oltre il tetto annuo dei voucher"}
    words |= {TUTTI_I_BANDI: "lavoratori oltre il tetto annuo sommando tutti i bandi: che il tetto valga per la somma è da confermare"}
    words |= {"voucher": "voucher oltre il tetto del livello EQF del corso"}
    over = verdicts(voucher, provincia, anno).group_by("tetto", maintain_order=True).agg(pl.col("oltre").sum())
    found = [(words[tetto], many, None) for tetto, many in over.iter_rows()]
    mine = voucher.filter(anno=anno) if anno else voucher
    mine = mine.filter(provincia=provincia) if provincia else mine
    editions = _read("tetti_voucher.csv", "tetto_voucher_eur")["edizione"].unique().implode()
    blind = mine.filter(pl.col("edizione").is_in(editions) & pl.col("tetto_eqf").is_null())
    found += [(NON_CONTROLLATI, blind.height, blind["id_lavoratore"].n_unique())]
    return pl.DataFrame([row for row in found if row[1]], RILIEVI, orient="row")
