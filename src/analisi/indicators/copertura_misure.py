"""How many workers of the CIGS procedures the measures reach, and how much of each system is found in the others."""

from __future__ import annotations

from collections.abc import Iterable

import polars as pl

from analisi.indicators.estratti import Estratti
from analisi.indicators.misure_pal import PERSONA, TOT, USCITE, Perimetro, count, transitions
from analisi.indicators.uncertainty import cluster_share
from analisi.tables.catalogo import CIGS_LAVORATORI, SIUF_CORSI, SIUL_COB

CON_MISURA, SENZA_MISURA = "con una misura avviata", "senza misure avviate"
CAUSALE_GOL = "TRANS_OCC_22TER"  # the one CIGS whose workers GOL takes as a rule
FUORI_22TER = "GOL a lavoratori in CIGS con una causale diversa dalla transizione occupazionale (art. 22-ter): da verificare"
RILIEVI = {"rilievo": pl.String, "casi": pl.Int64, "persone": pl.Int64}
LEGAMI = {
    "misure_cigs": "persone delle misure che stanno negli elenchi CIGS",
    "imprese_vol": "imprese delle misure che stanno nel registro delle procedure",
    "cob_cigs": "persone delle comunicazioni obbligatorie (di tutto l'estratto) che stanno negli elenchi CIGS",
    "cigs_cob": "persone degli elenchi CIGS con almeno una comunicazione obbligatoria",
    "corsi_siuf": "corsi indicati nelle domande che stanno in SIUF",
    "siuf_misure": "persone di SIUF che hanno una domanda",
}


def reached(persone: pl.DataFrame, misure: pl.DataFrame) -> pl.DataFrame:
    """The rows of `persone` with three flags and `misura`, in words, whether a measure reached the worker.

    `raggiunto`: a measure begun on the first day of the suspension or later; `durante`: and by its planned end; `in_carico`: taken in
    charge on the first day or later, begun or not.

    Args:
        persone: what `misure_pal.workers` returns. misure: applications, of every place and year.
    """
    start, begun, taken = pl.col("data_inizio_sospensione"), pl.col("data_avvio"), pl.col("data_presa_in_carico")
    own = persone.select(PERSONA, "id_procedura", "data_inizio_sospensione", "data_fine_prevista")
    pairs = own.join(misure.select(PERSONA, "data_avvio", "data_presa_in_carico"), on=PERSONA)
    flags = {"raggiunto": begun >= start, "durante": begun.is_between(start, pl.col("data_fine_prevista")), "in_carico": taken >= start}
    found = pairs.group_by(PERSONA, "id_procedura").agg(flag.fill_null(value=False).any().alias(name) for name, flag in flags.items())
    rows = persone.join(found, on=[PERSONA, "id_procedura"], how="left", maintain_order="left")
    rows = rows.with_columns(pl.col(*flags).fill_null(value=False))
    return rows.with_columns(pl.when("raggiunto").then(pl.lit(CON_MISURA)).otherwise(pl.lit(SENZA_MISURA)).alias("misura"))


def followable(p: Perimetro) -> pl.DataFrame:
    """The workers, as `reached` tells them, whose outcomes the communications can tell: none where there is no file of them, or no row."""
    rows = reached(p.persone, p.tutte)
    return rows if SIUL_COB.name in p.presenti and p.cob.height else rows.clear()


def reach(raggiunti: pl.DataFrame, groups: Iterable[str] = ()) -> pl.DataFrame:
    """One row per dimensione (of `groups`; "TOT") and voce: distinct `lavoratori`, those reached, `quota` (0-1) and its 95% interval.

    A person with several procedures counts once in each voce, with the first of them; the interval takes whole procedures as the units
    of chance (`cluster_share`): null with one only.

    Args:
        raggiunti: what `reached` returns.
    """
    flags, records = ("raggiunto", "durante", "in_carico"), []
    rows = raggiunti.with_columns(pl.lit(TOT).alias(TOT)).sort("data_inizio_sospensione", PERSONA, "id_procedura")
    for name in (TOT, *groups):
        people = rows.group_by(name, PERSONA, maintain_order=True).agg(pl.col("id_procedura").first(), pl.col(flags).any())
        blocks = people.group_by(name, "id_procedura").agg(count("lavoratori"), pl.col(flags).sum().cast(pl.Int64))
        for (voce,), part in blocks.sort(name, "id_procedura").group_by(name, maintain_order=True):
            quota, low, high = cluster_share(part["raggiunto"], part["lavoratori"])
            records.append((name, voce, *part.select("lavoratori", *flags).sum().row(0), quota, low, high, part.height))
    whole, real = dict.fromkeys(("lavoratori", *flags), pl.Int64), dict.fromkeys(("quota", "inf95", "sup95"), pl.Float64)
    return pl.DataFrame(records, {"dimensione": pl.String, "voce": pl.String} | whole | real | {"procedure": pl.Int64}, orient="row")


def linkage(p: Perimetro, dati: Estratti) -> pl.DataFrame:
    """One row per link between tables (`LEGAMI`): distinct people, companies or courses that there are, those found, `quota` (0-1).

    Null where a table has no file. What is looked for is of the report (communications: all); where it is looked for is the whole extract.
    """
    listed, courses = p.elenchi[PERSONA], dati.tabelle[SIUF_CORSI.name]["id_corso"]
    pairs = {
        "misure_cigs": (p.domande[PERSONA], listed, {CIGS_LAVORATORI.name}),
        "imprese_vol": (p.domande["cf_azienda"], dati.vol["codice_fiscale_azienda"], set()),
        "cob_cigs": (p.cob[PERSONA], listed, {SIUL_COB.name, CIGS_LAVORATORI.name}),
        "cigs_cob": (p.persone[PERSONA], p.cob[PERSONA], {SIUL_COB.name, CIGS_LAVORATORI.name}),
        "corsi_siuf": (p.domande["id_corso_siuf"], courses, {SIUF_CORSI.name}),
        "siuf_misure": (p.corsi[PERSONA], p.tutte[PERSONA], {SIUF_CORSI.name}),
    }
    rows = []
    for name, (ours, theirs, needed) in pairs.items():
        known = ours.drop_nulls().unique()
        found = int(known.is_in(theirs.drop_nulls().unique().implode()).sum())
        counts = (known.len(), found, found / known.len() if known.len() else None) if needed <= p.presenti else (None, None, None)
        rows.append((name, LEGAMI[name], *counts))
    schema = {"legame": pl.String, "descrizione": pl.String, "totale": pl.Int64, "trovati": pl.Int64, "quota": pl.Float64}
    return pl.DataFrame(rows, schema, orient="row")


def findings(p: Perimetro) -> pl.DataFrame:
    """One row per kind of oddity in the applications: `casi` of them, and `persone` (null: not counted). Only those found."""
    rows, measure, state = p.domande, pl.col("misura"), pl.col("stato")
    listed = CIGS_LAVORATORI.name in p.presenti
    undated = transitions(rows, p.giorno).filter("senza_data").height
    tests = {
        "lavoratore non trovato negli elenchi CIGS: il territorio è quello della sede dell'operatore": ~pl.col("collegata") & listed,
        "senza data di presa in carico né di avvio: fuori da ogni anno": pl.col("anno").is_null(),
        FUORI_22TER: (measure == "GOL") & (pl.col("causale") != CAUSALE_GOL),
        "Dote Unica Lavoro a un disoccupato che sta negli elenchi CIGS": pl.col("collegata") & (pl.col("target_dul") == "DISOCCUPATO"),
        "valutazione successiva all'avvio": pl.col("data_assessment") > pl.col("data_avvio"),
        "importo liquidato a domande con rinuncia o decadenza": state.is_in(USCITE) & (pl.col("importo_liquidato") > 0),
        "Formazione Continua senza valore del voucher: fuori dai tetti": (measure == "FC") & pl.col("valore_voucher").is_null(),
    }
    found = [(words, part.height, part[PERSONA].n_unique()) for words, test in tests.items() if (part := rows.filter(test)).height]
    found += [("passaggio avvenuto ma senza il suo giorno: fuori dai tempi", undated, None)] if undated else []
    return pl.DataFrame(found, RILIEVI, orient="row")
