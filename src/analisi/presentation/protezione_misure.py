"""Which figures of the report on the measures may leave: its cells, how its data files tell them, and the frames that a page shows.

Contributors are the companies of the workers: that of the application, or of the worker's procedura; who has none stands alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import polars as pl

from analisi.disclosure.tavole import PUBBLICA, RISERVATA, Gerarchia, Tavola, cella, key, rapporto, segue
from analisi.indicators import copertura_misure as copertura
from analisi.indicators import esiti
from analisi.indicators import misure_pal as misure
from analisi.indicators.estratti import Estratti, read_estratti
from analisi.indicators.misure_pal import PERSONA, TOT
from analisi.presentation.contesto import Ambito, ambito
from analisi.presentation.esiti_pal import TENUTA
from analisi.presentation.riservatezza import Riservatezza
from analisi.vocabulary import FUORI_REGIONE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

MISURE, SI, NO = "misure_pal", "si", "no"  # the name of its cells; reached, or employed again, or not
ALMENO = 5  # procedures behind an interval that is shown
GRUPPI = ("provincia", "tipo")
ESITI_PER = ("provincia", "tipo", "genere", "classe_eta", "stato_rapporto", "misura")  # what outcomes are told by, inside
FILE = ("domande", "importi", "tempi", "copertura_cigs", "esiti")  # the data files that may leave
INTERVALLI = ("inf95", "sup95")


def sistema(fonte: str, territorio: str, data_riferimento: str, anno: int, durata_minima_giorni: int) -> Sistema:
    """The cells of the report, for the whole territory: applications and euro, workers reached, workers employed again."""
    from analisi.disclosure.celle import cells, together

    dati = read_estratti(fonte, territorio)
    p = misure.perimeter(dati, ambito(dati, data_riferimento).giorno, anno=anno)
    asked = _applications(p.domande, dati)
    whole = {"lavoratori": "domande", "impresa": "impresa", "unita": misure.DOMANDA}
    parts = [
        cells(asked, MISURE, {"provincia": TOT}, ["domande", "prenotato", "liquidato"], **whole),
        cells(asked, MISURE, {"bando": TOT}, ["prenotato", "liquidato"], **whole),
        cells(asked, MISURE, {"bando": TOT, "stato": TOT}, ["domande"], **whole),
        *_reached(copertura.reached(p.persone, p.tutte)),
    ]
    people, limit = copertura.followable(p), misure.known_until(p.cob, p.giorno)
    if people.height:
        followed = esiti.windows(esiti.followed(people, p.cob, limit, durata_minima_giorni), limit, ["base", "cf_azienda"], [TENUTA])
        found = {SI: pl.col("rioccupati"), NO: pl.col("osservati") - pl.col("rioccupati")}
        rows = pl.concat(followed.with_columns(esito=pl.lit(code), osservati=count) for code, count in found.items())
        parts.append(_people(rows.rename({"cf_azienda": "impresa"}), {"base": "", "esito": TOT}, "osservati", ["id_procedura", "esito"]))
    return together(*parts)


def _applications(domande: pl.DataFrame, dati: Estratti) -> pl.DataFrame:
    """The applications, one row each, with their company; those of no known provincia are elsewhere."""
    owner = dati.vol.select("id_procedura", _vol="codice_fiscale_azienda").unique("id_procedura", keep="first", maintain_order=True)
    rows = domande.join(owner, on="id_procedura", how="left", maintain_order="left")
    return rows.with_columns(
        pl.coalesce("cf_azienda", "_vol", PERSONA).alias("impresa"), pl.col("provincia").fill_null("altrove"), domande=pl.lit(1),
        prenotato=pl.col("importo_dote_prenotato"), liquidato=pl.col("importo_liquidato"),
    )  # fmt: skip


def _people(rows: pl.DataFrame, dims: Mapping[str, Gerarchia], misura: str, identity: list[str]) -> Sistema:
    """Cells of rows that count workers of a company; who has none there is no contributor."""
    from analisi.disclosure.celle import cells

    rows = rows.with_columns(presenti=(pl.col(misura) > 0).cast(pl.Int64))
    return cells(rows, MISURE, dims, [misura], lavoratori=misura, sedi="presenti", impresa="impresa", unita=identity)


def _reached(raggiunti: pl.DataFrame) -> list[Sistema]:
    """The cells of the workers by whether a measure reached them; of the provinces, whose sum is the territory and who is in two."""
    from analisi.disclosure.celle import Sistema

    rows = raggiunti.with_columns(pl.lit(TOT).alias(TOT)).sort("data_inizio_sospensione", PERSONA, "id_procedura")
    systems, sums = [], {}
    for name in (TOT, *GRUPPI):
        people = rows.group_by(name, PERSONA, maintain_order=True).agg(pl.col("cf_azienda").first(), pl.col("raggiunto").any())
        people = people.select(
            PERSONA, pl.lit(name).alias("dimensione"), pl.col(name).fill_null(misure.NON_INDICATO).alias("voce"), lavoratori=pl.lit(1),
            impresa=pl.coalesce("cf_azienda", PERSONA), raggiunto=pl.when("raggiunto").then(pl.lit(SI)).otherwise(pl.lit(NO)),
        )  # fmt: skip
        sums[name] = dict(people.group_by("raggiunto").agg(pl.col("lavoratori").sum()).rows())
        dims: dict[str, Gerarchia] = {"raggiunto": TOT} if name == TOT else {"dimensione": "", "voce": "", "raggiunto": TOT}
        found = _people(people, dims, "lavoratori", [PERSONA])
        if name != TOT:
            found = Sistema(found.celle, pl.concat([found.vincoli, _nearly_whole(people, dims, sums)]))
        systems.append(found)
    return systems


def _nearly_whole(people: pl.DataFrame, dims: Mapping[str, Gerarchia], sums: Mapping[str, Mapping[str, int]]) -> pl.DataFrame:
    """That the parts sum to the territory and to those who are in two parts: of provinces as if everyone knew how many, of types not."""
    name, parts = people["dimensione"][0], []
    for code in (SI, NO):
        twice = float(sums[name].get(code, 0) - sums[TOT].get(code, 0))
        mine = people.filter(raggiunto=code).select("dimensione", "voce", "raggiunto").unique(maintain_order=True)
        where = mine.head(1)
        if mine.is_empty() or not sums[TOT].get(code):
            continue
        ends = {"inf": pl.lit(twice), "sup": pl.lit(twice)} if name == "provincia" else {"inf": pl.lit(0.0), "sup": pl.lit(float("inf"))}
        word = pl.lit(f"{name} e doppi: {code}").alias("vincolo")
        parts.append(mine.select(word, key(MISURE, "lavoratori", dims), coefficiente=pl.lit(1.0), **ends))
        parts.append(where.select(word, key(MISURE, "lavoratori", {"raggiunto": TOT}), coefficiente=pl.lit(-1.0), **ends))
    return pl.concat(parts)


def tavole() -> dict[str, Tavola]:
    """How the data files tell the cells of `sistema`."""
    asked, booked, paid = cella("domande"), cella("prenotato"), cella("liquidato")
    workers, touched = cella("lavoratori"), cella("lavoratori", raggiunto=SI)
    seen, hired = cella("osservati"), cella("osservati", esito=SI)
    notice, others = {"provincia": TOT, "bando": TOT, "stato": TOT}, ("con_prenotato", "con_liquidato", "valore_voucher", "ore")
    waits = ("domande", "raggiunti", "in_attesa", "usciti", "senza_data")
    lost = ("non_osservabili", "rientrati", "non_trovati", "di_frontiera")
    return {
        "domande": Tavola(MISURE, notice, {"domande": asked, "persone": RISERVATA}),
        "importi": Tavola(MISURE, {"provincia": TOT, "bando": TOT}, {
            "domande": asked, "prenotato": booked, "liquidato": paid, "quota": rapporto(paid, booked, scala=100), **dict.fromkeys(others, RISERVATA),
        }),
        "tempi": Tavola(MISURE, {}, dict.fromkeys(waits, RISERVATA) | dict.fromkeys(("mediana", "p90"), segue(asked))),
        "copertura_cigs": Tavola(MISURE, {"dimensione": TOT, "voce": TOT}, {
            "lavoratori": workers, "raggiunto": touched, "quota": rapporto(touched, workers, scala=100),
            **dict.fromkeys((*INTERVALLI, "procedure"), segue(touched, workers)), "durante": RISERVATA, "in_carico": RISERVATA,
        }),
        "esiti": Tavola(MISURE, {"base": ""}, {
            "finestra": PUBBLICA, "osservati": seen, "rioccupati": hired, "quota": rapporto(hired, seen, scala=100),
            **dict.fromkeys((*INTERVALLI, "procedure"), segue(hired, seen)), **dict.fromkeys(lost, RISERVATA),
        }),
    }  # fmt: skip


def shown(file: str, frame: pl.DataFrame, q: Ambito, visto: Riservatezza) -> pl.DataFrame:
    """A frame as a page shows it: all of it inside; outside the rows that are published, protected.

    Of the region, applications and euro by bando (applications also by state) and by provincia, the times of all the measures, workers
    reached by provincia and type, employed again within `TENUTA` days; of a provincia its row of each, where there is one.
    """
    if not visto.pubblica:
        return frame
    region = not q.provincia
    places = [q.provincia] if q.provincia else [*q.territorio.sigle, FUORI_REGIONE]
    own = pl.col("provincia").is_in(places) if "provincia" in frame.columns else pl.lit(False)
    if file in ("domande", "importi"):
        whole = pl.all_horizontal(pl.col("bando", "stato") == TOT) if file == "domande" else pl.col("bando") == TOT
        kept = (own & whole) | ((pl.col("provincia") == TOT) & region)
    elif file == "copertura_cigs":
        kept = pl.col("dimensione").is_in([TOT, *GRUPPI]) if region else pl.col("dimensione") == "provincia"
    elif file == "tempi":
        kept = (pl.col("voce") == TOT) & region
    else:
        kept = (pl.col("dimensione") == TOT) & (pl.col("finestra") == TENUTA) & region
    found = visto.mask(file, frame.filter(kept))
    if "procedure" not in found.columns:
        return found
    few = visto.rounded(visto.hide(found, pl.col("procedure") < ALMENO, *INTERVALLI), 3, *INTERVALLI)
    return visto.hide(few, pl.lit(True), "procedure")
