"""The ranking of complex cases looked at closely: how it stands when the weights move, what changed since, what needs a decision."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import polars as pl

from analisi.indicators.complessita import DECISIONI, DIGITS, NOTO, Valutazione, is_alive
from analisi.indicators.coordinamento import known_role, named_procedures
from analisi.indicators.periodi import last_day
from analisi.indicators.procedure_in_corso import is_in_course

ESTRAZIONI, CONCENTRAZIONE, SEME = 1000, 20.0, 20  # draws of the weights, how near to the declared ones, seed
SICURO, PROBABILE, RARO = 0.95, 0.5, 0.05  # shares of draws in which a case is among the first
SOLIDO, INCERTO, LEGATO, VICINO, FUORI = "solido", "incerto", "legato ai pesi dichiarati", "vicino ai primi", "fuori"
COLONNE = ["giorno", "tipo", "casi", "posizione", "lavoratori", "unita", "competenza", "ruolo", "riferimento"]
MOVIMENTI = ("entrato", "uscito", "salito", "sceso", "invariato")


def ranks(grades: np.ndarray, weights: np.ndarray) -> np.ndarray:
    """Rank of each case (rows) with each set of weights (columns): cases come in the order that decides ties; nan is an unknown grade."""
    known = ~np.isnan(grades)
    total, points = known.astype(float) @ weights.T, np.where(known, grades, 0.0) @ weights.T
    score = np.where(total > 0, np.round(100 * points / np.where(total > 0, total, 1.0), DIGITS), -1.0)
    return np.argsort(np.argsort(-score, axis=0, kind="stable"), axis=0, kind="stable") + 1


def sensitivity(v: Valutazione, criteri: pl.DataFrame, primi: int) -> tuple[pl.DataFrame, pl.DataFrame]:
    """How ranks move with the weights: one row per ranked case, and one row per case and criterion.

    Each weight is halved and doubled, one at a time (`dimezzato`, `raddoppiato`: the ranks that come). Then all move together: ESTRAZIONI
    sets of weights from a Dirichlet law with the declared ones as means (parameters CONCENTRAZIONE times the shares), seeded: `inf90` and
    `sup90` hold the ranks from the 5th to the 95th centile, `quota_primi` is the share of draws (0-1) among the first `primi`.
    `tenuta` says it in a word: solido, among the first in 95% of draws and with every weight halved or doubled; legato ai pesi dichiarati,
    in fewer than half of the draws; incerto between the two; outside of the first, vicino ai primi (5% of draws or one weight), or fuori.
    """
    ranked = v.casi.filter(pl.col("posizione").is_not_null())
    ties = ranked.sort(["lavoratori", "data_apertura", "id_procedura"], descending=[True, False, False])["id_procedura"]
    names = criteri["criterio"].to_list()
    wide = v.contributi.pivot("criterio", index="id_procedura", values="grado", maintain_order=True)
    grades = pl.DataFrame({"id_procedura": ties}).join(wide, on="id_procedura", how="left", maintain_order="left")
    matrix = grades.select(names).to_numpy().astype(float) if ranked.height else np.empty((0, len(names)))
    weights = criteri["peso"].to_numpy().astype(float)
    moved = [np.where(np.arange(len(names)) == n, weights * factor, weights) for factor in (0.5, 2.0) for n in range(len(names))]
    single = ranks(matrix, np.array(moved))
    draws = np.zeros((ESTRAZIONI, len(names)))
    draws[:, weights > 0] = np.random.default_rng(SEME).dirichlet(CONCENTRAZIONE * weights[weights > 0] / weights.sum(), ESTRAZIONI)
    drawn = ranks(matrix, draws)
    low, high = (np.quantile(drawn, q, axis=1, method="inverted_cdf").astype(int) for q in (RARO, SICURO))
    found = pl.DataFrame(
        {"id_procedura": ties, "inf90": low, "sup90": high, "quota_primi": (drawn <= primi).mean(axis=1) if len(drawn) else [],
         "migliore": single.min(axis=1, initial=len(ties) or 1), "peggiore": single.max(axis=1, initial=1)},
        schema_overrides={"inf90": pl.Int64, "sup90": pl.Int64, "quota_primi": pl.Float64, "migliore": pl.Int64, "peggiore": pl.Int64},
    )  # fmt: skip
    per_case = ranked.select("id_procedura", "posizione").join(found, on="id_procedura", how="left", maintain_order="left")
    share, first = pl.col("quota_primi"), pl.col("posizione") <= primi
    held = (
        pl.when(first & (share >= SICURO) & (pl.col("peggiore") <= primi)).then(pl.lit(SOLIDO))
        .when(first & (share < PROBABILE)).then(pl.lit(LEGATO)).when(first).then(pl.lit(INCERTO))
        .when((share >= RARO) | (pl.col("migliore") <= primi)).then(pl.lit(VICINO)).otherwise(pl.lit(FUORI))
    )  # fmt: skip
    half, double = single[:, : len(names)], single[:, len(names) :]
    long = [
        pl.DataFrame({"id_procedura": ties, "criterio": [name] * len(ties), "dimezzato": half[:, n], "raddoppiato": double[:, n]},
                     schema={"id_procedura": pl.String, "criterio": pl.String, "dimezzato": pl.Int64, "raddoppiato": pl.Int64})
        for n, name in enumerate(names)
    ]  # fmt: skip
    per_weight = ranked.select("id_procedura", "posizione").join(pl.concat(long), on="id_procedura", how="left", maintain_order="left")
    return per_case.with_columns(held.alias("tenuta")), per_weight


def changes(before: Valutazione, now: Valutazione, vol: pl.DataFrame) -> pl.DataFrame:
    """One row per case of either day: both ranks and scores, `movimento` (entrato, uscito, salito, sceso, invariato) and what tells why.

    `giorno` is the opening of who entered, the last known day of who left (null: still alive, in other provinces); `criterio` and
    `punti_differenza` are the contribution that changed most, of who is there both times.
    """
    names = ["posizione", "punteggio", "lavoratori"]
    pairs = now.casi.select("id_procedura", *names).join(
        before.casi.select("id_procedura", *(pl.col(name).alias(f"{name}_prima") for name in names)),
        on="id_procedura",
        how="full",
        coalesce=True,
    )
    was, is_ = pl.col("lavoratori_prima").is_not_null(), pl.col("lavoratori").is_not_null()
    step = pl.col("posizione") - pl.col("posizione_prima")
    move = (
        pl.when(~was).then(pl.lit("entrato")).when(~is_).then(pl.lit("uscito"))
        .when(step < 0).then(pl.lit("salito")).when(step > 0).then(pl.lit("sceso")).otherwise(pl.lit("invariato"))
    )  # fmt: skip
    ended = pl.coalesce("data_fine", "data_accordo", "data_esame_congiunto", "data_apertura").max()
    days = vol.group_by("id_procedura").agg(
        pl.col("tipo_procedura").first(),
        pl.col("data_apertura").min(),
        pl.col("data_inizio").min().alias("_inizio"),
        ended.alias("_finita"),
        is_alive(now.giorno).any().alias("_viva"),
    )
    rows = pairs.join(days, on="id_procedura", how="left").with_columns(move.alias("movimento"))
    left = pl.col("movimento") == "uscito"
    day = (
        pl.when(left & ~pl.col("_viva"))
        .then("_finita")
        .when(pl.col("movimento") == "entrato")
        .then(pl.min_horizontal("data_apertura", "_inizio"))
    )
    both = now.contributi.join(before.contributi, on=["id_procedura", "criterio"], suffix="_prima")
    both = both.with_columns(
        (pl.col("punti").fill_null(0.0) - pl.col("punti_prima").fill_null(0.0)).round(DIGITS).alias("punti_differenza")
    )
    most = both.filter(pl.col("punti_differenza") != 0).sort(
        "id_procedura", pl.col("punti_differenza").abs(), "criterio", descending=[False, True, False]
    )
    most = most.unique("id_procedura", keep="first", maintain_order=True).select("id_procedura", "criterio", "punti_differenza")
    order = pl.col("movimento").replace_strict({m: n for n, m in enumerate(MOVIMENTI)}, return_dtype=pl.Int64)
    rows = rows.with_columns(day.alias("giorno")).join(most, on="id_procedura", how="left")
    rows = rows.sort(order, "posizione", "posizione_prima", "id_procedura", nulls_last=True)
    columns = ["posizione", "posizione_prima", "punteggio", "punteggio_prima", "lavoratori", "lavoratori_prima"]
    return rows.select("id_procedura", "tipo_procedura", "movimento", *columns, "giorno", "criterio", "punti_differenza")


def decisions(
    v: Valutazione, tavoli: pl.DataFrame, sigle: list[str], days: int, criteri: pl.DataFrame, regole: pl.DataFrame
) -> pl.DataFrame:
    """One row per decision that the cases need by so many days from the day, that day and the last included, and of the overdue ones.

    Expiries: units in course, one row per case and last day. Pending: cases whose joint exam, or agreement, is not yet there, by the day
    of the exam in the register or the opening plus `giorni` of the rules (null: no known term, told last). Actions of tavoli, still open,
    that deal with the cases (of the whole territory, or of these provinces). No PAL: cases whose last sheet has none, by the start plus
    the soglia_minima of the criterion. Roles are those of the rules, or of the tavolo when it is a known role.

    Returns:
        giorno, giorni_mancanti (negative: overdue), tipo, casi (numbers, by comma), posizione (the best), lavoratori
        (of those cases), unita, ruolo, riferimento (the tavolo).
    """
    last = v.giorno + timedelta(days=days)
    parts = [_expiries(v, last), _pending(v, regole), _idle(v, criteri), _open_actions(v, tavoli, sigle)]
    rows = pl.concat([part.select(COLONNE) for part in parts]).filter(pl.col("giorno").is_null() | (pl.col("giorno") <= last))
    rows = rows.join(regole.select("tipo", pl.col("ruolo").alias("_regola"), "ruolo_ministeriale"), on="tipo", how="left")
    ministry = pl.when(pl.col("competenza") == "MINISTERIALE").then("ruolo_ministeriale")
    rows = rows.with_columns(
        pl.coalesce("ruolo", ministry, "_regola").alias("ruolo"),
        (pl.col("giorno") - pl.lit(v.giorno)).dt.total_days().alias("giorni_mancanti"),
    )
    order = pl.col("tipo").replace_strict({t: n for n, t in enumerate(DECISIONI)}, return_dtype=pl.Int64)
    rows = rows.sort("giorno", order, "casi", nulls_last=True)
    return rows.select("giorno", "giorni_mancanti", "tipo", "casi", "posizione", "lavoratori", "unita", "ruolo", "riferimento")


def _of_cases(casi: pl.DataFrame, tipo: pl.Expr, giorno: pl.Expr) -> pl.DataFrame:
    """Rows of `decisions` from rows of cases, whose role is that of the rules."""
    none = pl.lit(None, pl.String)
    return casi.with_columns(tipo=tipo, giorno=giorno, casi=pl.col("id_procedura"), ruolo=none, riferimento=none)


def _expiries(v: Valutazione, last: date) -> pl.DataFrame:
    units = v.unita.filter(is_in_course(v.giorno) & pl.col("data_fine").is_between(v.giorno, last))
    units = units.group_by("id_procedura", pl.col("data_fine").alias("giorno")).agg(pl.len().cast(pl.Int64).alias("unita"))
    return _of_cases(v.casi.drop("unita").join(units, on="id_procedura"), pl.lit("scadenza"), pl.col("giorno"))


def _pending(v: Valutazione, regole: pl.DataFrame) -> pl.DataFrame:
    held, agreed = ((pl.col(name) <= v.giorno).fill_null(value=False) for name in ("data_esame_congiunto", "data_accordo"))
    later = (pl.col("data_accordo") > v.giorno).fill_null(value=False)
    tipo = pl.when(held).then(pl.lit("accordo_")).otherwise(pl.lit("esame_")) + pl.col("tipo_procedura").str.to_lowercase()
    terms = tipo.replace_strict(dict(regole.select("tipo", "giorni").iter_rows()), return_dtype=pl.Int64)
    booked = pl.when(pl.col("data_esame_congiunto") > v.giorno).then("data_esame_congiunto")
    waiting = v.casi.filter(((pl.col("esito_fase") == "IN_CORSO") | later) & ~agreed)
    return _of_cases(waiting, tipo, pl.coalesce(booked, pl.col("data_apertura") + pl.duration(days=terms)))


def _idle(v: Valutazione, criteri: pl.DataFrame) -> pl.DataFrame:
    least = criteri.row(by_predicate=pl.col("criterio") == "attivazione", named=True)["soglia_minima"]
    idle = v.contributi.filter(pl.col("criterio") == "attivazione", pl.col("conoscenza") == NOTO, pl.col("valore") > 0)
    rows = v.casi.join(idle.select("id_procedura"), on="id_procedura", how="semi")
    return _of_cases(rows, pl.lit("attivazione"), pl.col("data_inizio") + timedelta(days=int(np.ceil(least))))


def treated(casi: pl.DataFrame, tavoli: pl.DataFrame, sigle: list[str], day: date) -> pl.DataFrame:
    """One row per tavolo held by a day and case it deals with; a tavolo of a Nucleo outside of `sigle` does not count."""
    held = tavoli.filter((pl.col("data") <= day) & (pl.col("nucleo").is_null() | pl.col("nucleo").is_in(sigle)))
    said = held.with_columns(named_procedures()).explode("procedure_trattate")
    said = said.with_columns(pl.col("procedure_trattate").str.strip_chars().alias("id_procedura"))
    return (
        said.join(casi.select("id_procedura", "posizione", "lavoratori", "unita"), on="id_procedura")
        .unique(["id_tavolo", "id_procedura"])
        .sort("data", "id_tavolo", "id_procedura")
    )


def _open_actions(v: Valutazione, tavoli: pl.DataFrame, sigle: list[str]) -> pl.DataFrame:
    """The actions of tavoli open at the day, one row each whatever the cases it deals with."""
    done = (pl.col("azione_conclusa") <= v.giorno).fill_null(value=False)
    open_ = treated(v.casi, tavoli, sigle, v.giorno).filter(pl.col("azione").is_not_null() & ~done)
    return open_.group_by(pl.col("id_tavolo").alias("riferimento"), maintain_order=True).agg(
        pl.col("azione_scadenza").first().alias("giorno"),
        pl.lit("tavolo").first().alias("tipo"),
        pl.col("id_procedura").str.join(", ").alias("casi"),
        pl.col("posizione").min(),
        pl.col("lavoratori", "unita").sum(),
        pl.lit(None, pl.String).first().alias("competenza"),
        known_role().first().alias("ruolo"),
    )


def events(casi: pl.DataFrame, sheets: pl.DataFrame, tavoli: pl.DataFrame, sigle: list[str], day: date) -> pl.DataFrame:
    """One row per case, `evento` and `giorno`: the dates of the register, the meetings in sheets of ended quarters, the tavoli."""
    dates = {
        "apertura": "data_apertura", "esame congiunto": "data_esame_congiunto", "accordo": "data_accordo",
        "decreto": "data_decreto_concessione", "inizio": "data_inizio", "scadenza": "data_fine",
    }  # fmt: skip
    known = sheets.filter(pl.col("trimestre").map_elements(last_day, return_dtype=pl.Date) <= day)
    met = known.join(casi.select("id_procedura"), on="id_procedura", how="semi")
    sources = [(casi, word, name) for word, name in dates.items()]
    sources += [(met, "incontro con le parti", "data_incontro_parti"), (met, "incontro con i lavoratori", "data_incontro_lavoratori")]
    sources += [(treated(casi, tavoli, sigle, day), "tavolo", "data")]
    rows = [frame.select("id_procedura", pl.lit(word).alias("evento"), pl.col(name).alias("giorno")) for frame, word, name in sources]
    return pl.concat(rows).drop_nulls("giorno").unique().sort("id_procedura", "giorno", "evento")
