"""The tables of coordination: how many were held, what cases and workers they dealt with, which actions are still open.

What counts at a day: the tables held in its year, up to it; of the actions, those of every table held by then, as an open one outlives its
year. An action is open until the day after which it was done; it is overdue when it is open and its term is before the day.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

import polars as pl

from analisi.indicators.procedure_in_corso import UNITA
from analisi.tables.catalogo import NOME_DI_PERSONA, RECAPITO
from analisi.tables.delivery import in_force
from analisi.vocabulary import normalized

REGIONALE, BILATERALE = "REGIONALE", "BILATERALE"
ALWAYS = (REGIONALE, BILATERALE)  # types that have a row even where none was held
TUTTI = "TUTTI"
RUOLI = (
    "Regione", "Provincia", "Nucleo", "Nucleo territoriale", "Ministero", "Ministero del lavoro", "Azienda", "OOSS", "Datoriali",
    "Consulenti del lavoro", "INPS", "Operatori", "Operatori accreditati", "ARIFL", "AFOL", "Parti sociali",
)  # fmt: skip
OF_REGISTER = ("procedure_note", "lavoratori_procedure")
CONTEGGI = [
    "tavoli", "procedure", "procedure_note", "lavoratori_incontri", "incontri_senza_numero", "lavoratori_procedure",
    "azioni_aperte", "azioni_scadute",
]  # fmt: skip


def in_scope(tavoli: pl.DataFrame, day: date, nucleo: str = "") -> pl.DataFrame:
    """The tables held by a day, of every year; with a nucleo, its own and those of no single Nucleo (regional)."""
    held = tavoli.filter(pl.col("data") <= day)
    return held.filter(pl.col("nucleo").is_null() | (pl.col("nucleo") == nucleo)) if nucleo else held


def known_role() -> pl.Expr:
    """`azione_responsabile` where it is a role, as `RUOLI` writes it; null where it is anything else, as a name would be."""
    roles = {normalized(name): name for name in RUOLI}
    return pl.col("azione_responsabile").map_elements(lambda text: roles.get(normalized(text)), return_dtype=pl.String)


def unnamed_action() -> pl.Expr:
    """`azione`, null where it seems to name a person or to hold an address or a telephone number."""
    told = pl.col("azione").str.contains(NOME_DI_PERSONA) | pl.col("azione").str.contains(RECAPITO)
    return pl.when(~told).then("azione").alias("azione")


def is_of_year(day: date) -> pl.Expr:
    """Whether a table was held in the year of a day, up to it."""
    return pl.col("data").is_between(date(day.year, 1, 1), day)


def is_open(day: date) -> pl.Expr:
    """Whether a table has an action that is not done by a day; what was done on that very day is done."""
    has_action = pl.col("azione").is_not_null() | pl.col("azione_scadenza").is_not_null()
    return has_action & (pl.col("azione_conclusa").is_null() | (pl.col("azione_conclusa") > day))


def is_overdue(day: date) -> pl.Expr:
    """Whether an action is open and its term is before the day; without a term it is not."""
    return is_open(day) & (pl.col("azione_scadenza") < day).fill_null(value=False)


def named_procedures() -> pl.Expr:
    """The numbers of the procedures a table dealt with, as a list: separated by commas, semicolons or new lines."""
    return pl.col("procedure_trattate").str.replace_all(r"[;\n]", ",").str.split(",")


def treated(tavoli: pl.DataFrame) -> pl.DataFrame:
    """One row per table and procedura named in it, once each: id_tavolo, tipo, nucleo, id_procedura."""
    named = tavoli.select("id_tavolo", "tipo", "nucleo", named_procedures().alias("id_procedura"))
    named = named.explode("id_procedura").with_columns(pl.col("id_procedura").str.strip_chars())
    return named.filter(pl.col("id_procedura") != "").unique(maintain_order=True)


def _counts(tavoli: pl.DataFrame, vol: pl.DataFrame | None, day: date, key: str, order: Sequence[str]) -> pl.DataFrame:
    """One row per value of the key, those of `order` first and always: `CONTEGGI`."""
    year = tavoli.filter(is_of_year(day))
    workers = pl.col("lavoratori_interessati")
    held = year.group_by(key).agg(
        pl.len().cast(pl.Int64).alias("tavoli"),
        pl.when(workers.count() > 0).then(workers.sum()).alias("lavoratori_incontri"),
        workers.null_count().cast(pl.Int64).alias("incontri_senza_numero"),
    )
    flags = {"azioni_aperte": is_open(day), "azioni_scadute": is_overdue(day)}
    actions = tavoli.group_by(key).agg(flag.sum().cast(pl.Int64).alias(name) for name, flag in flags.items())
    names = [*order, *sorted(set(tavoli[key].drop_nulls()) - set(order))]
    rows = pl.DataFrame({key: names}, {key: pl.String})
    for part in (held, actions, _cases(treated(year), vol, key)):
        rows = rows.join(part, on=key, how="left", maintain_order="left")
    none_held, none_named = pl.col("tavoli").is_null(), pl.col("procedure").is_null()
    whole = [pl.col("tavoli", "incontri_senza_numero", "azioni_aperte", "azioni_scadute", "procedure").fill_null(0)]
    whole += [pl.when(none_held).then(0).otherwise("lavoratori_incontri").alias("lavoratori_incontri")]
    if vol is not None:
        whole += [pl.when(none_named).then(0).otherwise(name).alias(name) for name in OF_REGISTER]
    return rows.with_columns(whole).select(key, *CONTEGGI)


def _cases(named: pl.DataFrame, vol: pl.DataFrame | None, key: str) -> pl.DataFrame:
    """One row per value of the key: distinct procedures named, those in the register, and the workers of their units, each unità once.

    At the table of a Nucleo only the units of its provincia count. Null workers where no procedura named is in the register.
    """
    found = named.group_by(key).agg(pl.col("id_procedura").n_unique().cast(pl.Int64).alias("procedure"))
    if vol is None:
        return found.with_columns(pl.lit(None, pl.Int64).alias(name) for name in OF_REGISTER)
    known = named.join(vol.select("id_procedura").unique(), on="id_procedura", how="semi")
    known = known.group_by(key).agg(pl.col("id_procedura").n_unique().cast(pl.Int64).alias("procedure_note"))
    units = named.join(in_force(vol).select(*UNITA, "sigla_provincia", "lavoratori_coinvolti"), on="id_procedura")
    units = units.filter(pl.col("nucleo").is_null() | (pl.col("nucleo") == pl.col("sigla_provincia"))).unique([key, *UNITA])
    workers = units.group_by(key).agg(pl.col("lavoratori_coinvolti").sum().alias("lavoratori_procedure"))
    found = found.join(known, on=key, how="left").with_columns(pl.col("procedure_note").fill_null(0)).join(workers, on=key, how="left")
    own = pl.when(pl.col("procedure_note") > 0).then(pl.col("lavoratori_procedure").fill_null(0))
    return found.with_columns(own.alias("lavoratori_procedure"))


def by_type(tavoli: pl.DataFrame, vol: pl.DataFrame | None, day: date, nucleo: str = "") -> pl.DataFrame:
    """One row per tipo of table, regional and bilateral always, and TUTTI: `CONTEGGI` in the year up to a day, actions at the day.

    `procedure` are distinct procedures named, `procedure_note` those of them in the register; `lavoratori_incontri` is a sum over
    meetings, where the same workers may be counted more than once; `lavoratori_procedure` are those of the treated procedures in the
    register, each unità once. Null where it cannot be known: no meeting gives the number, no register.

    Args:
        vol: every row of vol_procedure, or None.
        nucleo: only its tables, and those of no single Nucleo; empty for all.
    """
    scope = in_scope(tavoli, day, nucleo)
    parts = [_counts(scope, vol, day, "tipo", ALWAYS), _counts(scope.with_columns(pl.lit(TUTTI).alias("tipo")), vol, day, "tipo", [TUTTI])]
    return pl.concat(parts)


def by_nucleo(tavoli: pl.DataFrame, vol: pl.DataFrame | None, day: date, sigle: Sequence[str]) -> pl.DataFrame:
    """One row per nucleo of `sigle`: `CONTEGGI` of the tables with that Nucleo, as in `by_type`; zero where none was held."""
    own = in_scope(tavoli, day).filter(pl.col("nucleo").is_in(list(sigle)))
    return _counts(own, vol, day, "nucleo", sigle)


def open_actions(tavoli: pl.DataFrame, day: date, nucleo: str = "") -> pl.DataFrame:
    """One row per action open at a day: the table, the action, who answers for it, its term, `giorni_ritardo` (null if not overdue).

    The longest overdue come first, then those with a term, then the others. Who answers is a role of `RUOLI`, else null; an action that
    seems to name a person is null too: both are in the register, at the number of the table.
    """
    late = pl.when(is_overdue(day)).then((pl.lit(day) - pl.col("azione_scadenza")).dt.total_days())
    rows = in_scope(tavoli, day, nucleo).filter(is_open(day)).with_columns(late.alias("giorni_ritardo"), known_role(), unnamed_action())
    columns = ("id_tavolo", "tipo", "nucleo", "data", "azione", "azione_responsabile", "azione_scadenza", "giorni_ritardo")
    return rows.select(columns).sort("azione_scadenza", "data", "id_tavolo", nulls_last=True)


def against_printed(contati: pl.DataFrame, stampati: pl.DataFrame) -> pl.DataFrame:
    """One row per tipo printed or counted: tables in the register (`registro`), in the printed source (`stampati`), their difference.

    Args:
        contati: as `by_type` returns them. stampati: tipo ("regionale"...), tavoli, of the same year.
    """
    printed = stampati.select(pl.col("tipo").str.to_uppercase(), pl.col("tavoli").alias("stampati"))
    both = (
        contati.filter(pl.col("tipo") != TUTTI)
        .select("tipo", pl.col("tavoli").alias("registro"))
        .join(printed, on="tipo", how="full", coalesce=True)
    )
    both = both.filter((pl.col("registro") > 0) | pl.col("stampati").is_not_null())
    return both.with_columns((pl.col("registro").fill_null(0) - pl.col("stampati")).alias("differenza")).sort("tipo", descending=True)
