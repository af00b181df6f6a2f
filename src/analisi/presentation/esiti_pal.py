"""The pieces of the dashboard of the measures on workers: whom the measures reach, and who is employed again."""

from __future__ import annotations

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.copertura_misure import CON_MISURA
from analisi.indicators.misure_pal import TOT, Perimetro, known_until
from analisi.presentation import charts_misure as charts
from analisi.presentation.blocks import Block, Col, figure, table, text
from analisi.presentation.charts_misure import percent
from analisi.presentation.contesto import MOST_DAYS, Ambito
from analisi.presentation.dati_misure import columns, in_words, missing
from analisi.presentation.formats import number
from analisi.tables.catalogo import CIGS_LAVORATORI, SIUL_COB

TENUTA = 180  # days of the window told first
BASI = {"cessati": "chi ha perso il lavoro", "sospesi": "tutti i sospesi"}
INTERVALLO = "L'intervallo al 95% considera le procedure, non i singoli lavoratori, che arrivano a blocchi di azienda."
NON_CAUSALE = (
    "È una descrizione, non un effetto: chi avvia una misura non è scelto a caso, e chi trova presto lavoro non fa in tempo ad avviarla."
)
CONFRONTO = "Il confronto descrive due gruppi diversi fin dall'inizio, e non dice che cosa la misura abbia prodotto."
NON_TROVATO = "«Non trovato» non vuol dire disoccupato: le comunicazioni non vedono il lavoro autonomo, il lavoro all'estero e parte del pubblico impiego."


GIA_OCCUPATO = "Chi alla partenza ha già un altro lavoro, e non ne inizia un altro dopo, è fra i «non trovati»."


def duration(durata_minima_giorni: int) -> int:
    """Days that a new job must last. Raises: AnalisiError when they make no sense."""
    if not 1 <= durata_minima_giorni <= MOST_DAYS:
        msg = f"--durata_minima_giorni {durata_minima_giorni}: deve essere da 1 a {MOST_DAYS}"
        raise AnalisiError(msg)
    return durata_minima_giorni


def reach(p: Perimetro) -> str:
    """Until which day the communications tell, and what it leaves out."""
    limit = known_until(p.cob, p.giorno)
    early = ", che viene prima del giorno di riferimento: ciò che accade dopo non è osservato" if limit < p.giorno else ""
    return f"Comunicazioni fino al {limit:%d/%m/%Y}{early}."


def _dot(r: dict, count: str, base: str) -> dict:
    interval = f" (intervallo 95%: da {percent(r['inf95'])} a {percent(r['sup95'])})" if r["inf95"] is not None else ""
    return r | {"nome": r["voce"], "etichetta": f"{r['voce']}: {percent(r['quota'])}{interval}, {number(r[count])} su {number(r[base])}"}


def reach_figure(raggiunti: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:
    """The share of the workers in CIGS whom a measure reached, by provincia, type, causale and PAL duty."""
    if raggiunti.is_empty():
        return text([missing(p, CIGS_LAVORATORI.name) or "Negli elenchi CIGS non c'è alcun lavoratore sospeso nel periodo."])
    parts = {"Tutti": [TOT]} if q.provincia else {"Per territorio": [TOT, "provincia"]}
    parts |= {"Per tipo, causale e obbligo di PAL": ["tipo", "causale", "obbligo_pal"]}
    rows = {title: in_words(raggiunti.filter(pl.col("dimensione").is_in(kinds)), q) for title, kinds in parts.items()}
    panels = [(title, [_dot(r, "raggiunto", "lavoratori") for r in part.iter_rows(named=True)]) for title, part in rows.items()]
    shown = [Col("voce", "Voce"), Col("dimensione", "Per"), *columns("copertura_cigs", "lavoratori", "raggiunto", "quota", "inf95", "sup95", "durante", "in_carico", "procedure")]  # fmt: skip
    block = table(pl.concat(rows.values()), shown, title="Lavoratori in CIGS raggiunti da una misura", name="Lavoratori raggiunti", data="copertura_cigs")  # fmt: skip
    return figure(
        charts.intervals(panels, "% dei lavoratori"), block, title=f"Lavoratori in CIGS con almeno una misura avviata, {q.luogo}",
        subtitle="Misure avviate dall'inizio della sospensione in poi, anche dopo la sua fine prevista.",
        alt="Punti con intervallo della quota di lavoratori raggiunti, per territorio, tipo, causale e obbligo di PAL.", source=q.source,
        note=f"{INTERVALLO} Persone distinte. Chi non ha misure nell'estratto può averne altrove: non collegato non vuol dire non raggiunto.",
    )  # fmt: skip


def outcomes_figure(esiti: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:
    """Re-employed within each window, on the two bases."""
    rows = esiti.filter(dimensione=TOT)
    if rows.is_empty():
        return text([missing(p, CIGS_LAVORATORI.name, SIUL_COB.name) or "Nessun lavoratore di cui seguire gli esiti."])
    within = rows.with_columns(pl.format("{} giorni", "finestra").alias("voce"))
    panels = [(words.capitalize(), [_dot(r, "rioccupati", "osservati") for r in within.filter(base=base).iter_rows(named=True)]) for base, words in BASI.items()]  # fmt: skip
    shown = [
        Col("base", "Base"),
        *columns("esiti", "finestra", "osservati", "rioccupati", "quota", "inf95", "sup95", "non_osservabili", "procedure"),
    ]
    block = table(
        rows.with_columns(pl.col("base").replace_strict(BASI)), shown, title="Rioccupati entro la finestra", name="Rioccupati", data="esiti"
    )
    return figure(
        charts.intervals(panels, "% degli osservati"), block, title=f"Rioccupati presso un altro datore, {q.luogo}",
        subtitle="Chi ha perso il lavoro, dal giorno della cessazione; tutti i sospesi, dall'inizio della sospensione.",
        alt="Punti con intervallo della quota di rioccupati entro ciascuna finestra, sulle due basi.", source=q.source,
        note=f"{reach(p)} Entra in ogni finestra solo chi è osservabile per tutta la sua durata. {INTERVALLO}",
    )  # fmt: skip


def outcomes_table(esiti: pl.DataFrame, q: Ambito) -> Block:
    """What became of the observed, by window, on both bases."""
    rows = esiti.filter(dimensione=TOT).with_columns(pl.col("base").replace_strict(BASI))
    if rows.is_empty():
        return text([])
    notes = [
        NON_TROVATO,
        GIA_OCCUPATO,
        "Di frontiera: non trovati con domicilio in una provincia che confina con l'estero.",
        "Rientrati: riassunti dalla stessa azienda o, fra tutti i sospesi, tornati al lavoro secondo gli elenchi, che non ne dicono il giorno.",
    ]
    shown = [
        Col("base", "Base"),
        *columns("esiti", "finestra", "osservati", "rioccupati", "rientrati", "non_trovati", "di_frontiera", "non_osservabili"),
    ]
    return table(rows, shown, title=f"Che ne è degli osservati, {q.luogo}", notes=notes, source=q.source, data="esiti")


def states_table(esiti: pl.DataFrame, q: Ambito, finestra: int = TENUTA) -> Block:
    """All the suspended at one window, by what the lists say of their job."""
    rows = esiti.filter(base="sospesi", dimensione="stato_rapporto", finestra=finestra)
    if rows.is_empty():
        return text([])
    shown = [Col("voce", "Stato negli elenchi"), *columns("esiti", "osservati", "rioccupati", "rientrati", "non_trovati", "di_frontiera")]
    notes = ["Chi è ancora sospeso ha un rapporto di lavoro: se non è trovato, non per questo cerca lavoro."]
    return table(in_words(rows, q), shown, title=f"Tutti i sospesi a {finestra} giorni, per stato negli elenchi", notes=notes, source=q.source, data="esiti")  # fmt: skip


def jobs_table(lavori: pl.DataFrame, q: Ambito, comuni: str = "comuni_esempio.csv") -> Block:
    """Contracts of the new jobs of who lost the job, and whether they are in the provincia of the unità."""
    rows = lavori.filter(base="cessati")
    if rows.is_empty():
        return text([])
    rows = rows.with_columns(pl.col("dimensione").replace_strict({"contratto": "contratto", "territorio": "luogo di lavoro"}))
    notes = [
        "Il primo lavoro presso un altro datore, fino al giorno di riferimento, o all'ultimo delle comunicazioni se viene prima.",
        f"Il luogo di lavoro si riconosce dai comuni di data/riferimento/{comuni}: gli altri sono «comune non riconosciuto».",
    ]
    shown = [Col("voce", "Nuovo lavoro"), Col("dimensione", "Per"), *columns("nuovi_lavori", "rioccupati", "quota")]
    return table(rows, shown, title=f"I nuovi lavori di chi ha perso il lavoro, {q.luogo}", name="I nuovi lavori", notes=notes, source=q.source, data="nuovi_lavori")  # fmt: skip


def groups_table(esiti: pl.DataFrame, q: Ambito, finestra: int = TENUTA) -> Block:
    """Re-employed within one window among those who lost the job, by group."""
    rows = esiti.filter(pl.col("dimensione").is_in(["provincia", "tipo", "genere", "classe_eta"]), base="cessati", finestra=finestra)
    if rows.is_empty():
        return text([])
    shown = [Col("voce", "Voce"), Col("dimensione", "Per"), *columns("esiti", "osservati", "rioccupati", "quota", "inf95", "sup95", "rientrati", "non_trovati", "procedure")]  # fmt: skip
    notes = [INTERVALLO, "Cella vuota: nessuno è osservabile, o una sola procedura."]
    return table(in_words(rows, q), shown, title=f"Rioccupati entro {finestra} giorni di chi ha perso il lavoro, {q.luogo}", name="Esiti per gruppo", notes=notes, source=q.source, data="esiti")  # fmt: skip


def measures_table(esiti: pl.DataFrame, q: Ambito) -> Block:
    """Re-employed of those whom a measure reached, and of the others, with its warning."""
    rows = esiti.filter(dimensione="misura", base="cessati").sort(pl.col("voce") != CON_MISURA, "finestra")
    if rows.is_empty():
        return text([])
    shown = [
        Col("voce", "Chi ha perso il lavoro"),
        *columns("esiti", "finestra", "osservati", "rioccupati", "quota", "inf95", "sup95", "procedure"),
    ]
    return table(rows, shown, title=f"Con e senza misure avviate, {q.luogo}", name="Con e senza misure", notes=[CONFRONTO, NON_CAUSALE, INTERVALLO], source=q.source, data="esiti")  # fmt: skip
