"""The data files of the scenario: what each holds, column by column."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.disclosure.tavole import PUBBLICA, RISERVATA, Colonna, Tavola, cella, segue
from analisi.errors import AnalisiError
from analisi.indicators import scenario
from analisi.indicators.estratti import read_estratti
from analisi.presentation.contesto import Ambito, ambito
from analisi.presentation.datasets import Campo, DataFile
from analisi.presentation.riservatezza import Riservatezza

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

COLONNE: Mapping[str, Campo] = {
    "caso": ("Ipotesi", "testo", "caso: ipotesi prudenti, centrali, favorevoli"),
    "provincia": ("Territorio", "testo", "sigla della provincia dell'unità produttiva; TOT per la regione"),
    "voce": ("Voce", "testo", "nome dell'ipotesi, come nei parametri"),
    "basso": ("Basso", "due_decimali", "valore più basso dell'ipotesi"),
    "centrale": ("Centrale", "due_decimali", "valore centrale dell'ipotesi"),
    "alto": ("Alto", "due_decimali", "valore più alto dell'ipotesi"),
    "sospesi": ("Lavoratori sospesi", "intero", "lavoratori sospesi, contati dagli estratti o indicati nei parametri"),
    "destinatari": ("Destinatari", "intero", "sospesi meno quelli già raggiunti da altre misure (ipotesi)"),
    "aderenti": ("Aderenti", "intero", "destinatari che aderirebbero (ipotesi)"),
    "gruppi": ("Gruppi", "intero", "gruppi finanziati"),
    "raggiunti": ("Raggiunti", "intero", "aderenti che i fondi raggiungono"),
    "non_raggiunti": ("Non raggiunti", "intero", "aderenti che i fondi non raggiungono"),
    "fondi_lavoratori_eur": ("Fondi lavoratori €", "intero", "fondi per i servizi ai lavoratori, euro"),
    "spesa_lavoratori_eur": ("Spesa lavoratori €", "intero", "costo dei gruppi finanziati, euro"),
    "residuo_lavoratori_eur": ("Residuo lavoratori €", "intero", "fondi per i lavoratori non spesi, euro"),
    "costo_medio_eur": ("Costo medio €", "due_decimali", "spesa per lavoratore raggiunto, euro; vuoto se nessuno è raggiunto"),
    "finanziabili": ("Finanziabili", "intero", "lavoratori che i fondi possono pagare, quanti che siano gli aderenti; vuoto se i servizi non costano"),
    "adesione_pareggio": ("Adesione di pareggio %", "quota", "adesione fino a cui i fondi bastano, 0-100; vuoto senza destinatari"),
    "mese_esaurimento": ("Mese", "intero", "mese dall'avvio (1-12) in cui i fondi per i lavoratori finiscono; vuoto se bastano"),
    "budget_sufficiente_eur": ("Fondi che bastano €", "intero", "fondi in tutto con cui tutti i lavoratori aderenti sono raggiunti, a pari quota alle imprese; vuoto se nessuno"),
    "imprese": ("Imprese", "intero", "imprese con CIGS in corso, contate dagli estratti o indicate nei parametri"),
    "imprese_aderenti": ("Imprese aderenti", "intero", "imprese che aderirebbero (ipotesi)"),
    "imprese_raggiunte": ("Imprese raggiunte", "intero", "imprese aderenti che i fondi raggiungono"),
    "imprese_non_raggiunte": ("Imprese non raggiunte", "intero", "imprese aderenti che i fondi non raggiungono"),
    "fondi_imprese_eur": ("Fondi imprese €", "intero", "fondi per i servizi alle imprese, euro"),
    "spesa_imprese_eur": ("Spesa imprese €", "intero", "costo dei servizi finanziati, euro"),
    "residuo_imprese_eur": ("Residuo imprese €", "intero", "fondi per le imprese non spesi, euro"),
    "budget_sufficiente_imprese_eur": ("Fondi che bastano alle imprese €", "intero", "fondi in tutto con cui tutte le imprese aderenti sono raggiunte, a pari quota; vuoto se nessuno"),
    "fondi_eur": ("Fondi €", "intero", "fondi in tutto, euro"),
}  # fmt: skip


def _file(title: str, row: str, *columns: str, **own: Campo) -> DataFile:
    return DataFile(title, row, {name: own.get(name) or COLONNE[name] for name in columns})


DATI = {
    "ipotesi": _file("Ipotesi del calcolo", "voce", "voce", "etichetta", "unita", "basso", "centrale", "alto", "favorevole", "stato", "fonte", etichetta=("Che cosa", "testo", "nome per esteso"), unita=("Unità", "testo", "unità di misura"), favorevole=("Più favorevole", "testo", "estremo che raggiunge di più; vuoto per ciò che si sceglie"), stato=("Stato", "testo", "ipotesi: segnaposto da sostituire; in origine: cifra della legge, che non entra nel calcolo"), fonte=("Fonte", "testo", "da dove viene il valore")),
    "risultati": _file("Risultati per caso", "caso", "caso", "sospesi", "destinatari", "aderenti", "gruppi", "raggiunti", "non_raggiunti", "fondi_lavoratori_eur", "spesa_lavoratori_eur", "residuo_lavoratori_eur", "costo_medio_eur", "finanziabili", "adesione_pareggio", "mese_esaurimento", "budget_sufficiente_eur", "imprese", "imprese_aderenti", "imprese_raggiunte", "imprese_non_raggiunte", "fondi_imprese_eur", "spesa_imprese_eur", "residuo_imprese_eur", "budget_sufficiente_imprese_eur"),
    "adesione": _file("Adesione e raggiunti", "adesione dei lavoratori, con le altre ipotesi centrali", "adesione_pct", "aderenti", "raggiunti", "non_raggiunti", "mese_esaurimento", "budget_sufficiente_eur", adesione_pct=("Adesione %", "intero", "adesione dei lavoratori (ipotesi), 0-100")),
    "curva": _file("Fondi e raggiunti", "caso, punto, fondi", "caso", "punto", "fondi_eur", "raggiunti", "non_raggiunti", "imprese_raggiunte", "imprese_non_raggiunte", punto=("Punto", "testo", "griglia: disegno; multiplo: dei fondi del calcolo; basta: raggiunge tutti i lavoratori aderenti")),
    "tornado": _file("Che cosa conta di più", "esito, voce", "esito", "voce", "basso", "alto", "con_basso", "centrale", "con_alto", "ampiezza", esito=("Esito", "testo", "raggiunti: lavoratori; imprese_raggiunte: imprese"), con_basso=("Con il basso", "intero", "raggiunti con il valore basso, le altre ipotesi centrali"), centrale=("Centrale", "intero", "raggiunti con tutte le ipotesi centrali"), con_alto=("Con l'alto", "intero", "raggiunti con il valore alto, le altre ipotesi centrali"), ampiezza=("Differenza", "intero", "quanto distano i due")),
    "territori": _file("La parte di ciascun territorio", "caso, provincia (anche TOT)", "caso", "provincia", "coinvolti", "senza_elenco", "elenchi_corti", "fuori_elenco", "sospesi", "quota", "fondi_eur", "aderenti", "raggiunti", "non_raggiunti", "imprese", "imprese_aderenti", "imprese_raggiunte", coinvolti=("Coinvolti", "intero", "coinvolgimenti del registro nelle CIGS in corso"), senza_elenco=("Senza elenco", "intero", "fra i sospesi, coinvolti di unità senza elenco nominativo"), elenchi_corti=("Elenchi corti", "intero", "unità il cui elenco ha meno lavoratori di quelli coinvolti"), fuori_elenco=("Fuori elenco", "intero", "lavoratori coinvolti che gli elenchi corti non hanno: non sono fra i sospesi"), quota=("Quota %", "quota", "sospesi sul totale, 0-100")),
}  # fmt: skip

SCENARIO, ALTRE = "scenario", "ALTRE"  # the name of its cells; the provinces whose figures are hidden, together
SEGUE_SOSPESI = ("sospesi", "quota", "fondi_eur", "aderenti", "raggiunti", "non_raggiunti")
SEGUE_IMPRESE = ("imprese", "imprese_aderenti", "imprese_raggiunte")
SOLO_INTERNO = ("coinvolti", "senza_elenco", "elenchi_corti", "fuori_elenco")


def sistema(fonte: str, territorio: str, data_riferimento: str) -> Sistema:
    """The cells of the scenario: workers suspended on the day and companies, by provincia; all the rest is computed from them."""
    from analisi.disclosure.celle import cells, together

    q = ambito(read_estratti(fonte, territorio), data_riferimento)
    place = {"provincia": q.territorio.totale}
    units = scenario.suspended(q.dati, q.giorno).with_columns(presenti=(pl.col("sospesi") > 0).cast(pl.Int64))
    firms = scenario.companies(q.dati, q.giorno).with_columns(imprese=pl.lit(1))
    return together(
        cells(units, SCENARIO, place, ["sospesi"], lavoratori="sospesi", sedi="presenti", impresa="impresa", unita=scenario.UNITA),
        cells(firms, SCENARIO, place, ["imprese"], lavoratori="coinvolti", impresa="impresa", unita=["impresa"]),
    )


def tavole(fonte: str, territorio: str, lavoratori_sospesi: int, imprese: int) -> dict[str, Tavola]:
    """How the data files tell the cells of `sistema`: results are of the whole territory, hypotheses are of no one."""
    place = {"provincia": read_estratti(fonte, territorio).territorio.totale}
    workers, firms = cella("sospesi"), cella("imprese")
    counts = {"sospesi": segue(workers) if lavoratori_sospesi else workers, "imprese": segue(firms) if imprese else firms}
    whole: dict[str, Colonna] = {
        name: segue(firms if "impres" in name else workers) for name, (_, style, _) in COLONNE.items() if style != "testo"
    }
    whole |= counts | dict.fromkeys(("basso", "alto", "fondi_eur", "fondi_lavoratori_eur", "fondi_imprese_eur", "adesione_pct"), PUBBLICA)
    shares = {name: segue(workers) for name in SEGUE_SOSPESI} | {name: segue(firms) for name in SEGUE_IMPRESE}
    return {
        "ipotesi": Tavola(SCENARIO, {}, dict.fromkeys(("basso", "centrale", "alto"), PUBBLICA)),
        "conteggi": Tavola(SCENARIO, place, {"sospesi": workers, "imprese": firms} | dict.fromkeys(SOLO_INTERNO, RISERVATA)),
        "risultati": Tavola(SCENARIO, {}, whole),
        "adesione": Tavola(SCENARIO, {}, whole),
        "curva": Tavola(SCENARIO, {}, whole),
        "tornado": Tavola(SCENARIO, {}, whole | dict.fromkeys(("con_basso", "centrale", "con_alto", "ampiezza"), segue(workers, firms))),
        "territori": Tavola(SCENARIO, place, shares | counts | dict.fromkeys(SOLO_INTERNO, RISERVATA)),
    }


def audience(base: scenario.Platea, territorio: str, visto: Riservatezza) -> scenario.Platea:
    """Who the measure is for, as a page may tell it: outside, the provinces whose counts are hidden are one, `ALTRE`.

    Args:
        territorio: the sigla of all of them together.

    Raises:
        AnalisiError: the counts of the whole territory are hidden, so that nothing of the scenario can be told.
    """
    if not visto.pubblica:
        return base
    total = visto.mask("conteggi", base.province.select(pl.lit(territorio).alias("provincia"), pl.col("sospesi", "imprese").sum()).head(1))
    if any(total[name].null_count() for name in ("sospesi", "imprese")):
        msg = "scenario: i totali del territorio poggiano su troppo poche imprese per il profilo pubblico; indicarli nei parametri, o usare il profilo interno"
        raise AnalisiError(msg)
    shown = visto.mask("conteggi", base.province)
    known = shown.with_columns(pl.col("sospesi", "imprese").fill_null(0), *(pl.lit(0, pl.Int64).alias(name) for name in SOLO_INTERNO))
    rest = {name: total[name][0] - known[name].sum() for name in ("sospesi", "imprese")}
    others = pl.DataFrame({"provincia": [ALTRE], **{name: [0] for name in SOLO_INTERNO}, **{name: [value] for name, value in rest.items()}})
    return replace(base, province=pl.concat([known, others], how="diagonal"))


def parts(base: scenario.Platea, risultati: pl.DataFrame, q: Ambito, visto: Riservatezza) -> pl.DataFrame:
    """The parts of the territories, as `scenario.territories` has them; outside, computed without the counts that are hidden.

    Args:
        base: as `audience` gives it.
    """
    found = scenario.territories(base, risultati, q.territorio.totale)
    if not visto.pubblica:
        return found
    signs = base.province.select("provincia", pl.col(f"sospesi{SEGNO}").alias("_sospesi"), pl.col(f"imprese{SEGNO}").alias("_imprese"))
    rows = found.filter(pl.col("provincia") != ALTRE).join(signs, on="provincia", how="left", maintain_order="left")
    rows = visto.hide(rows, pl.col("_sospesi").is_not_null(), *SEGUE_SOSPESI)
    rows = visto.hide(rows, pl.col("_imprese").is_not_null(), *SEGUE_IMPRESE)
    return visto.hide(rows, pl.lit(True), *SOLO_INTERNO).drop("_sospesi", "_imprese")
