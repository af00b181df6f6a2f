"""The PAL measures (DUL, FC, GOL): applications, people, money, times, operators and services.

A row of `misure` is an application (FC: a voucher of a worker). Records of the systems are linked by the worker's pseudonym, which never
leaves the frames; what is not linked is counted as such, because an extract may not cover everything (see `copertura_misure`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise, product

import narwhals as nw
import polars as pl
from narwhals.typing import IntoFrame, IntoFrameT

from analisi.indicators import tempi
from analisi.indicators.estratti import Estratti
from analisi.indicators.frames import as_frame
from analisi.sources.motori import collect
from analisi.tables.catalogo import CIGS_LAVORATORI, MISURE_TABELLA, PERCORSI, SIUF_CORSI, SIUL_COB

PERSONA, DOMANDA = "id_lavoratore", ["id_domanda", "id_lavoratore"]
DATE = ("data_assessment", "data_presa_in_carico", "data_avvio", "data_conclusione")
PASSAGGI = {f"{da}>{a}": (da, a) for da, a in pairwise(DATE)}
USCITE = ("RINUNCIA", "DECADUTA")
TOT = "TOT"
PRIMI = (1, 3, 5, 10)  # operators whose share is told
ALTRI, NON_INDICATO = "altri", "non indicato"


@dataclass(frozen=True)
class Perimetro:
    """What the report counts, at a day, for a provincia ("" all) and a year (0 all).

    `domande`: applications of the place and year. `tutte`: of every place and year, linked. `elenchi`: workers x procedura in force.
    `persone`: those of them in the place, whose suspension began in the year, by the day. `corsi`: rows of SIUF of the place, begun in the
    year. `cob`: all the communications. `presenti`: the tables that have a file.
    """

    giorno: date
    domande: pl.DataFrame
    tutte: pl.DataFrame
    elenchi: pl.DataFrame
    persone: pl.DataFrame
    corsi: pl.DataFrame
    cob: pl.DataFrame
    presenti: frozenset[str]


def perimeter(dati: Estratti, giorno: date, provincia: str = "", anno: int = 0) -> Perimetro:
    """The rows the report is about. Raises: AnalisiError when there is no file of misure."""
    dati.require(MISURE_TABELLA.name)
    people = workers(dati.tabelle[CIGS_LAVORATORI.name], dati.vol)
    asked = dati.tabelle[MISURE_TABELLA.name]
    every = linked(known_at(asked, known_until(asked, giorno)), people)
    courses = placed(dati.tabelle[SIUF_CORSI.name].filter(pl.col("data_avvio") <= giorno), every, people)
    begun = people.filter(pl.col("data_inizio_sospensione") <= giorno, pl.col("provincia").is_in(dati.territorio.sigle))

    def mine(frame: pl.DataFrame, year: pl.Expr) -> pl.DataFrame:
        frame = frame.filter(year == anno) if anno else frame
        return frame.filter(provincia=provincia) if provincia else frame

    return Perimetro(
        giorno=giorno,
        domande=mine(every, pl.col("anno")),
        tutte=every,
        elenchi=people,
        persone=mine(begun, pl.col("data_inizio_sospensione").dt.year()),
        corsi=mine(courses, pl.col("data_avvio").dt.year()),
        cob=dati.tabelle[SIUL_COB.name],
        presenti=dati.presenti,
    )


def workers(lavoratori: IntoFrameT, vol: IntoFrameT) -> IntoFrameT:
    """One row per worker and procedura in force, with provincia (of the unità), causale, tipo (A, B/C), obbligo_pal and cf_azienda.

    Of any engine; in memory, by the start of the suspension.

    Args:
        vol: rows of vol_procedure, in force.
    """
    kind = nw.col("tipologia_linee_guida")
    own = as_frame(vol).select(
        "id_procedura",
        "id_unita",
        "causale",
        nw.col("obbligo_pal").fill_null("ND"),
        nw.col("sigla_provincia").alias("provincia"),
        nw.col("codice_fiscale_azienda").alias("cf_azienda"),
        nw.when(kind.is_in(["B", "C"])).then(nw.lit("B/C")).otherwise(kind).alias("tipo"),
    )
    kept = [PERSONA, "id_procedura", "id_unita", "genere", "classe_eta", "sigla_prov_domicilio"]
    kept += ["data_inizio_sospensione", "data_fine_prevista", "stato_rapporto"]
    rows = as_frame(lavoratori).select(kept).join(own, on=["id_procedura", "id_unita"], how="inner")
    return (rows.sort("data_inizio_sospensione", PERSONA, "id_procedura") if isinstance(rows, nw.DataFrame) else rows).to_native()


def known_until(tabella: IntoFrame, giorno: date) -> date:
    """The last day that a table can tell: the day, or that of its extraction if earlier; without it, of its last sending (`data_invio`)."""
    frame = nw.from_native(tabella)
    names = [name for name in ("data_estrazione", "data_invio") if name in frame.collect_schema().names()]
    reach = collect(frame.select(nw.col(*names).max())).cast(pl.Date).row(0) if names else ()
    return min(giorno, next((day for day in reach if day), giorno))


def known_at(misure: pl.DataFrame, giorno: date) -> pl.DataFrame:
    """The applications as they stood at a day: those that begin later are left out, later dates are blank, and stato goes back with them.

    An end after the day leaves the application AVVIATA, a start after it AMMESSA; what has no date (renounced, lost, paid) is as extracted.
    """
    began, state = pl.min_horizontal(DATE), pl.col("stato")
    rows = misure.filter(began.is_null() | (began <= giorno))
    later = {name: (pl.col(name) > giorno).fill_null(value=False) for name in DATE}
    before_start = later["data_avvio"] & state.is_in(["AVVIATA", "CONCLUSA"])
    before_end = later["data_conclusione"] & (state == "CONCLUSA")
    then = pl.when(before_start).then(pl.lit("AMMESSA")).when(before_end).then(pl.lit("AVVIATA")).otherwise(state)
    return rows.with_columns(then.alias("stato"), *(pl.when(~after).then(name).alias(name) for name, after in later.items()))


def linked(misure: pl.DataFrame, persone: pl.DataFrame) -> pl.DataFrame:
    """The applications, one row each, with the CIGS procedura of their worker (id_procedura, causale, tipo; `collegata`: there is one).

    Of several procedures, the last whose suspension began by the day of the application (taking in charge, else start, else assessment),
    else the first that began later. Added: provincia (of the unità, where linked, else of the operator's seat), anno (of the taking in
    charge, else of the start), misura and edizione (from bando), voce (misura and path).
    """
    day = pl.coalesce("data_presa_in_carico", "data_avvio", "data_assessment")
    own = persone.select(PERSONA, "id_procedura", "causale", "tipo", "provincia", "data_inizio_sospensione")
    pairs = misure.join(own, on=PERSONA, how="left")
    distance = (day - pl.col("data_inizio_sospensione")).dt.total_days()
    order = [(distance < 0).fill_null(value=True), distance.abs(), "id_procedura"]
    rows = pairs.sort(*DOMANDA, *order, nulls_last=True).unique(DOMANDA, keep="first", maintain_order=True)
    path = pl.col("percorso").replace_strict(PERCORSI, default=None, return_dtype=pl.String)
    notice = pl.col("bando").str.splitn("_", 2)
    rows = rows.with_columns(
        pl.col("id_procedura").is_not_null().alias("collegata"),
        pl.coalesce("provincia", "operatore_sede_prov").alias("provincia"),
        pl.coalesce("data_presa_in_carico", "data_avvio").dt.year().cast(pl.Int64).alias("anno"),
        notice.struct.field("field_0").alias("misura"),
        notice.struct.field("field_1").alias("edizione"),
    )
    voce = pl.concat_str("misura", path, separator=", ", ignore_nulls=True).alias("voce")
    return rows.with_columns(voce).drop("data_inizio_sospensione")


def placed(corsi: pl.DataFrame, domande: pl.DataFrame, persone: pl.DataFrame) -> pl.DataFrame:
    """The rows of SIUF with `provincia` (of the application for the course, else of the worker's first procedura) and `in_cigs`.

    `in_cigs`: whether the worker is in the lists. The provincia is null where neither is found.
    """
    of_course = domande.filter(pl.col("id_corso_siuf").is_not_null()).unique([PERSONA, "id_corso_siuf"], keep="first", maintain_order=True)
    of_course = of_course.select(PERSONA, pl.col("id_corso_siuf").alias("id_corso"), "provincia")
    of_person = persone.unique(PERSONA, keep="first", maintain_order=True).select(PERSONA, pl.col("provincia").alias("_persona"))
    rows = corsi.join(of_course, on=[PERSONA, "id_corso"], how="left").join(of_person, on=PERSONA, how="left")
    rows = rows.with_columns(pl.col("_persona").is_not_null().alias("in_cigs"), pl.coalesce("provincia", "_persona").alias("provincia"))
    return rows.drop("_persona").sort("id_edizione", PERSONA)


def _cube(rows: pl.DataFrame, keys: Sequence[str], *counts: pl.Expr) -> pl.DataFrame:
    """One row per combination of the keys, and for each key also its total ("TOT"), counted anew: people are distinct in every row."""
    parts = []
    for kept in product((True, False), repeat=len(keys)):
        fixed = rows.with_columns(pl.lit(TOT).alias(name) for name, own in zip(keys, kept, strict=True) if not own)
        parts.append(fixed.group_by(keys).agg(*counts))
    return pl.concat(parts).sort(keys)


def count(name: str = "domande") -> pl.Expr:
    """The number of rows, as a 64-bit integer."""
    return pl.len().cast(pl.Int64).alias(name)


def _people() -> pl.Expr:
    return pl.col(PERSONA).n_unique().cast(pl.Int64).alias("persone")


def _known_sum(name: str) -> pl.Expr:
    """Sum of the known cells, null when all are blank."""
    return pl.when(pl.col(name).count() > 0).then(pl.col(name).sum())


def applications(domande: pl.DataFrame) -> pl.DataFrame:
    """One row per provincia, bando and stato, each also "TOT": `domande` (FC: vouchers) and `persone`, distinct in the row."""
    return _cube(domande, ["provincia", "bando", "stato"], count(), _people())


def amounts(domande: pl.DataFrame) -> pl.DataFrame:
    """One row per provincia and bando, each also "TOT": euro booked and paid, with how many applications have them; `quota` paid (0-1).

    A sum is null where no application has the amount; the quota where nothing is booked or paid.
    """
    known = {"con_prenotato": "importo_dote_prenotato", "con_liquidato": "importo_liquidato"}
    sums = {"prenotato": "importo_dote_prenotato", "liquidato": "importo_liquidato", "valore_voucher": "valore_voucher", "ore": "ore"}
    counts = [pl.col(name).count().cast(pl.Int64).alias(own) for own, name in known.items()]
    totals = [_known_sum(name).alias(own) for own, name in sums.items()]
    rows = _cube(domande, ["provincia", "bando"], count(), *counts, *totals)
    return rows.with_columns(pl.when(pl.col("prenotato") > 0).then(pl.col("liquidato") / pl.col("prenotato")).alias("quota"))


def transitions(domande: pl.DataFrame, giorno: date) -> pl.DataFrame:
    """One row per application and passage (`passo`): voce, giorni, whether it is reached (`raggiunto`), left (`uscito`), without its day.

    The passages are from assessment to taking in charge, to start, to conclusion; an application without the first of the two days is
    not in the passage. A wait still open is counted up to the day. `uscito`: renounced or lost before. `senza_data`: stato, or a later
    date, says that the passage was made, but its day is blank.
    """
    parts = []
    for name, (start, end) in PASSAGGI.items():
        later = [pl.col(other).is_not_null() for other in DATE[DATE.index(end) + 1 :]]
        made = pl.col("stato").is_in(["CONCLUSA"] if end == DATE[-1] else ["AVVIATA", "CONCLUSA"])
        done, missing = pl.col(end).is_not_null(), pl.any_horizontal(*later, made)
        rows = domande.filter(pl.col(start).is_not_null()).select(
            "voce",
            pl.coalesce("id_procedura", "id_domanda").alias("cluster"),
            pl.lit(name).alias("passo"),
            (pl.coalesce(end, pl.lit(giorno)) - pl.col(start)).dt.total_days().alias("giorni"),
            done.alias("raggiunto"),
            (~done & ~missing & pl.col("stato").is_in(USCITE)).alias("uscito"),
            (~done & missing).alias("senza_data"),
        )
        parts.append(rows)
    return pl.concat(parts)


def times(domande: pl.DataFrame, giorno: date) -> pl.DataFrame:
    """One row per passage and voce (measure and path; "TOT" all): who made it, waits, left, lacks its day; days of the half and of the 90%.

    The days are those of the curve of Kaplan and Meier (`tempi.quantiles`); who left, or lacks the day, is not in it.
    """
    rows = transitions(domande, giorno)
    rows, keys = pl.concat([rows, rows.with_columns(pl.lit(TOT).alias("voce"))]), ["voce", "passo"]
    gone = {"uscito": "usciti", "senza_data": "senza_data"}
    sums = rows.group_by(keys).agg(count(), *(pl.col(name).sum().cast(pl.Int64).alias(own) for name, own in gone.items()))
    days = tempi.quantiles(rows.filter(~pl.any_horizontal(*gone)), ["voce"]).select(*keys, "raggiunti", "in_attesa", "mediana", "p90")
    found = sums.join(days, on=keys, how="left").with_columns(pl.col("raggiunti", "in_attesa").fill_null(0))
    return found.sort(pl.col("passo").replace_strict(list(PASSAGGI), range(len(PASSAGGI)), return_dtype=pl.Int64), "voce")


def operators(domande: pl.DataFrame) -> pl.DataFrame:
    """One row per operator, the largest first: provincia of its seat (the most frequent), applications, people, hours."""
    seats = pl.col("operatore_sede_prov").mode().sort().first().alias("sede")
    rows = domande.group_by("operatore_id").agg(seats, count(), _people(), _known_sum("ore").alias("ore"))
    return rows.sort("domande", "operatore_id", descending=[True, False])


def shown_operators(operatori: pl.DataFrame, almeno: int = 3) -> pl.DataFrame:
    """The operators with at least so many applications, one row each, and one row ("altri") for the others together, without persone."""
    enough = pl.col("domande") >= almeno
    rest = operatori.filter(~enough).select(
        pl.lit(ALTRI).alias("operatore_id"),
        pl.lit(None, pl.String).alias("sede"),
        pl.col("domande").sum(),
        pl.lit(None, pl.Int64).alias("persone"),
        _known_sum("ore").alias("ore"),
    )
    return pl.concat([operatori.filter(enough), rest.filter(pl.col("domande") > 0)])


def concentration(operatori: pl.DataFrame) -> pl.DataFrame:
    """One row per number of first operators (1, 3, 5, 10, and all): their applications and quota of all (0-1)."""
    sizes = sorted({n for n in (*PRIMI, operatori.height) if 0 < n <= operatori.height})
    first = [int(operatori["domande"].head(n).sum()) for n in sizes]
    rows = pl.DataFrame({"operatori": sizes, "domande": first}, schema={"operatori": pl.Int64, "domande": pl.Int64})
    return rows.with_columns((pl.col("domande") / operatori["domande"].sum()).alias("quota"))


def services(domande: pl.DataFrame) -> pl.DataFrame:
    """One row per misura and code of service: applications that have it (one may have several); "non indicato" for those that name none."""
    codes = domande.select("misura", *DOMANDA, pl.col("servizi").str.split(",")).explode("servizi")
    codes = codes.with_columns(pl.col("servizi").str.strip_chars().fill_null(NON_INDICATO).alias("servizio"))
    rows = codes.unique(["misura", *DOMANDA, "servizio"]).group_by("misura", "servizio").agg(count())
    return rows.sort("misura", "domande", "servizio", descending=[False, True, False])
