"""The pieces of the dashboard of the PAL measures: cards, sentences, tables and figures, from frames of indicators."""

from __future__ import annotations

import polars as pl

from analisi.errors import listing
from analisi.indicators.copertura_misure import FUORI_22TER
from analisi.indicators.misure_pal import PASSAGGI, PERSONA, TOT, Perimetro, known_until
from analisi.indicators.tetti_voucher import NON_CONTROLLATI, TUTTI_I_BANDI
from analisi.presentation import charts_misure as charts
from analisi.presentation.blocks import Block, Col, cards, figure, reserved, table, text, warnings
from analisi.presentation.charts_misure import percent
from analisi.presentation.contesto import Ambito
from analisi.presentation.dati_misure import ND, columns, missing, notice, place, whole
from analisi.presentation.esiti_pal import NON_TROVATO, TENUTA
from analisi.presentation.formats import many, number
from analisi.tables.catalogo import CIGS_LAVORATORI, MISURE, MISURE_TABELLA, SIUF_CORSI, SIUL_COB
from analisi.vocabulary import FUORI_REGIONE

POCHE = 15  # procedures under which the interval is only indicative
ALMENO = 10  # applications from which a measure and path has its bar
RIGHE = 20  # rows of a list on the page
PAROLE_PASSO = dict(
    zip(PASSAGGI, ("dalla valutazione alla presa in carico", "dalla presa in carico all'avvio", "dall'avvio alla conclusione"), strict=True)
)
PAROLE_TETTO = {
    "lavoratore": "lavoratore e anno",
    TUTTI_I_BANDI: "lavoratore e anno, da confermare",
    "impresa": "impresa e anno",
    "voucher": "voucher, livello EQF del corso",
}
OLTRE = {
    "lavoratore": ("lavoratore", "lavoratori"),
    TUTTI_I_BANDI: ("lavoratore sommando tutti i bandi, da confermare", "lavoratori sommando tutti i bandi, da confermare"),
    "impresa": ("impresa", "imprese"),
    "voucher": ("voucher per il livello EQF del corso",) * 2,
}
MODALITA = {"PRESENZA": "in presenza", "FAD": "a distanza", "MISTA": "mista"}
SIGLE = "DUL: Dote Unica Lavoro. FC: Formazione Continua. GOL: " + MISURE["GOL"] + "."


def period(q: Ambito, anno: int) -> str:
    """The period of the page in words."""
    return f"Situazione al {q.giorno:%d/%m/%Y}" + (f", anno {anno}" if anno else "")


def key_figures(domande: pl.DataFrame, importi: pl.DataFrame, raggiunti: pl.DataFrame, esiti: pl.DataFrame, q: Ambito) -> Block:
    """Cards: applications and people, money booked and paid, workers reached, re-employed."""
    asked, money, touched, lost = whole(domande), whole(importi), whole(raggiunti), _lost(esiti)
    base = f"{number(lost.get('rioccupati')) or ND} su {number(lost.get('osservati')) or ND} osservati"
    items = [
        ("Domande", number(asked.get("domande", 0)), f"di {many(asked.get('persone', 0), 'persona', 'persone')}"),
        ("Prenotato", _euro(money.get("prenotato")), f"{many(money.get('con_prenotato', 0), 'domanda', 'domande')} con l'importo"),
        ("Liquidato", _euro(money.get("liquidato")), f"{percent(money.get('quota'), ND)} del prenotato"),
        ("Lavoratori in CIGS con una misura", percent(touched.get("quota"), ND), f"{number(touched.get('raggiunto')) or ND} su {number(touched.get('lavoratori')) or ND}"),
        (f"Rioccupati entro {TENUTA} giorni", percent(lost.get("quota"), ND), f"di chi ha perso il lavoro: {base}"),
    ]  # fmt: skip
    return cards(items)


def _euro(amount: float | None) -> str:
    return f"{number(amount)} €" if amount is not None else ND


def _lost(esiti: pl.DataFrame) -> dict:
    return whole(esiti.filter(base="cessati", finestra=TENUTA))


def _interval(row: dict) -> str:
    if row["inf95"] is None:
        return ""
    few = "; indicativo, le procedure sono poche" if row["procedure"] < POCHE else ""
    return f" (intervallo al 95%: {percent(row['inf95'])}-{percent(row['sup95'])}{few})"


def in_brief(domande: pl.DataFrame, tempi: pl.DataFrame, raggiunti: pl.DataFrame, collegamento: pl.DataFrame, tetti: pl.DataFrame, esiti: pl.DataFrame, rilievi: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:  # fmt: skip
    """What a director should know, in guarded sentences."""
    asked = whole(domande)
    said = [f"{q.luogo}: nessuna domanda di misure di politica attiva nel periodo."]
    if asked:
        by_notice = domande.filter(pl.col("bando") != TOT, provincia=TOT, stato=TOT).sort("domande", "bando", descending=[True, False])
        parts = listing(f"{notice(r['bando'])} {number(r['domande'])}" for r in by_notice.iter_rows(named=True))
        said = [
            f"{q.luogo}: **{many(asked['domande'], 'domanda', 'domande')}** di **{many(asked['persone'], 'persona', 'persone')}** ({parts})."
        ]
        said += [_link_sentence(collegamento), _wait_sentence(tempi)]
    return text([*said, _reach_sentence(raggiunti, p), _cap_sentence(tetti, rilievi), _outcome_sentence(esiti, p)], as_list=True)


def _link_sentence(collegamento: pl.DataFrame) -> str:
    row = collegamento.filter(legame="misure_cigs").row(0, named=True)
    if row["quota"] is None:
        return "Le persone delle misure non si possono cercare negli elenchi CIGS, che mancano."
    rest = "; chi non si trova può essere fuori dagli elenchi, non per questo fuori dalle crisi" if row["quota"] < 1 else ""
    return f"Persone delle misure trovate negli elenchi CIGS: {number(row['trovati'])} su {number(row['totale'])} ({percent(row['quota'])}){rest}."


def _wait_sentence(tempi: pl.DataFrame) -> str:
    rows = tempi.filter(passo=list(PASSAGGI)[1], voce=TOT)
    if rows.is_empty():
        return ""
    row = rows.row(0, named=True)
    half = (
        "non è ancora arrivato per la metà delle domande"
        if row["mediana"] is None
        else f"arriva per la metà delle domande entro {many(row['mediana'], 'giorno', 'giorni')}"
    )
    return f"Dalla presa in carico, l'avvio {half}; in attesa: {number(row['in_attesa'])}."


def _reach_sentence(raggiunti: pl.DataFrame, p: Perimetro) -> str:
    row, subject = whole(raggiunti), "Lavoratori degli elenchi CIGS con almeno una misura avviata dall'inizio della sospensione"
    if not row:
        return f"{subject}: {missing(p, CIGS_LAVORATORI.name).lower() or 'nessun lavoratore sospeso nel periodo.'}"
    return f"{subject}: **{number(row['raggiunto'])}** su {number(row['lavoratori'])}, **{percent(row['quota'])}**{_interval(row)}."


def _cap_sentence(tetti: pl.DataFrame, rilievi: pl.DataFrame) -> str:
    if tetti.is_empty():
        return ""
    over = {
        r["tetto"]: r
        for r in tetti.group_by("tetto", maintain_order=True).agg(pl.col("oltre", "eccedenza_eur").sum()).iter_rows(named=True)
    }
    found = [f"{many(r['oltre'], *OLTRE[name])} (per {number(r['eccedenza_eur'])} euro)" for name, r in over.items() if r["oltre"]]
    blind = int(rilievi.filter(rilievo=NON_CONTROLLATI)["casi"].sum())
    missed = "voucher non controllato", "voucher non controllati"
    rest = f"; {many(blind, *missed)} per livello EQF, perché manca il corso o il suo livello" if blind else ""
    return (
        f"Oltre i tetti della Formazione Continua: {listing(found)}{rest}."
        if found
        else f"Nessun voucher controllato supera i tetti della Formazione Continua{rest}."
    )


def _outcome_sentence(esiti: pl.DataFrame, p: Perimetro) -> str:
    row, subject = (
        _lost(esiti),
        f"Rioccupati presso un altro datore entro {TENUTA} giorni, di chi ha perso il lavoro ed è osservabile per tutto il periodo",
    )
    if not row or row["quota"] is None:
        return f"{subject}: {missing(p, CIGS_LAVORATORI.name, SIUL_COB.name).lower() or 'ancora nessuno è osservabile.'}"
    return f"{subject}: **{number(row['rioccupati'])}** su {number(row['osservati'])}, **{percent(row['quota'])}**{_interval(row)}. {NON_TROVATO}"


def linkage_table(collegamento: pl.DataFrame, q: Ambito) -> Block:
    """How many records of a system are found in another."""
    rows = collegamento.with_columns(pl.lit(ND).alias("nd"))
    shown = [
        Col("descrizione", "Collegamento"),
        *(Col(c.name, c.label, c.style, fallback="nd") for c in columns("collegamento", "totale", "trovati", "quota")),
    ]
    notes = ["I sistemi si collegano con lo pseudonimo del lavoratore, il codice fiscale dell'impresa, il codice del corso.", "n.d.: manca il file, o non c'è nulla da cercare."]  # fmt: skip
    return table(rows, shown, title=f"Quanto si collega, {q.luogo}", name="Collegamenti", notes=notes, source=q.source, data="collegamento")


def states_figure(domande: pl.DataFrame, q: Ambito) -> Block:
    """Applications of each bando by state."""
    rows = domande.filter(pl.col("bando") != TOT, provincia=TOT).with_columns(pl.col("bando").map_elements(notice, return_dtype=pl.String))
    totals = rows.filter(stato=TOT).select("bando", "persone", totale="domande").sort("totale", "bando", descending=[True, False])
    if totals.is_empty():
        return text(["Nessuna domanda nel periodo."])
    order = pl.DataFrame({"stato": list(charts.STATI)})
    states = totals.drop("persone").join(order, how="cross").join(rows.drop("persone"), on=["bando", "stato"], maintain_order="left")
    wide = totals.join(states.pivot("stato", index="bando", values="domande"), on="bando", maintain_order="left")
    known = [name for name in charts.STATI if name in wide.columns]
    shown = [Col("bando", "Bando"), Col("totale", "Domande", "intero"), Col("persone", "Persone", "intero"), *(Col(name, charts.STATI[name][0].capitalize(), "intero") for name in known)]  # fmt: skip
    block = table(
        wide.with_columns(pl.col(known).fill_null(0)), shown, title="Domande per bando e stato", name="Stati delle domande", data="domande"
    )
    return figure(
        charts.states(states.to_dicts()), block, title=f"Domande per bando e stato, {q.luogo}", subtitle="Una domanda è una riga di BES: per la Formazione Continua, un voucher.",
        alt="Barre orizzontali impilate delle domande di ciascun bando, per stato.", source=q.source, note=SIGLE,
    )  # fmt: skip


def money_table(importi: pl.DataFrame, q: Ambito) -> Block:
    """Booked, paid and hours by bando."""
    rows = (
        importi.filter(provincia=TOT)
        .sort(pl.col("bando") == TOT, "bando")
        .with_columns(pl.col("bando").map_elements(notice, return_dtype=pl.String))
    )
    if rows.is_empty():
        return text([])
    shown = [Col("bando", "Bando"), *columns("importi", "domande"), Col("prenotato", "Prenotato, euro", "intero"), Col("con_liquidato", "Domande liquidate", "intero"), Col("liquidato", "Liquidato, euro", "intero"), Col("quota", "Liquidato sul prenotato %", "quota"), Col("valore_voucher", "Valore dei voucher, euro", "intero"), Col("ore", "Ore", "intero")]  # fmt: skip
    notes = ["Cella vuota: nessuna domanda ha l'importo.", "Il valore dei voucher comprende anche la quota dell'impresa."]
    return table(
        rows,
        shown,
        title=f"Importi e ore per bando, {q.luogo}",
        name="Importi per bando",
        totals=1,
        notes=notes,
        source=q.source,
        data="importi",
    )


def places_table(domande: pl.DataFrame, importi: pl.DataFrame, q: Ambito) -> Block:
    """Applications, people and money of each provincia."""
    order = [q.provincia] if q.provincia else [*q.territorio.sigle, FUORI_REGIONE, TOT]
    rows = domande.filter(pl.col("provincia").is_in(order), bando=TOT, stato=TOT).join(
        importi.filter(bando=TOT).drop("bando", "domande"), on="provincia"
    )
    if rows.is_empty():
        return text([])
    rows = rows.sort(pl.col("provincia").replace_strict(order, range(len(order)), return_dtype=pl.Int64))
    rows = rows.with_columns(pl.col("provincia").map_elements(lambda sigla: place(sigla, q), return_dtype=pl.String))
    shown = [Col("provincia", q.territorio.intestazione), *columns("domande", "domande", "persone"), Col("prenotato", "Prenotato, euro", "intero"), Col("liquidato", "Liquidato, euro", "intero"), Col("quota", "Liquidato sul prenotato %", "quota")]  # fmt: skip
    notes = [f"{q.territorio.singolare.capitalize()} dell'unità produttiva del lavoratore in CIGS; se non è negli elenchi, della sede dell'operatore.", "Chi ha domande in più territori è contato in ciascuno, una volta nel totale."]  # fmt: skip
    return table(rows, shown, title="Domande, persone e importi per territorio", name="Territori", totals=0 if q.provincia else 1, notes=notes, source=q.source, data="importi")  # fmt: skip


def gol_sentence(p: Perimetro, rilievi: pl.DataFrame) -> Block:
    """How many workers of CIGS procedures have a GOL application, and how many outside art. 22-ter."""
    if why := missing(p, CIGS_LAVORATORI.name):
        return text([f"GOL e lavoratori in CIGS. {why}"])
    people = p.domande.filter(pl.col("collegata"), misura="GOL")[PERSONA].n_unique()
    other = int(rilievi.filter(rilievo=FUORI_22TER)["persone"].sum())
    verdict = (
        f", di cui **{number(other)}** in procedure con un'altra causale: da verificare"
        if other
        else ", in procedure per transizione occupazionale"
        if people
        else ""
    )
    return text([f"Lavoratori degli elenchi CIGS con una domanda GOL: **{number(people)}**{verdict}. Di norma chi è sospeso accede alla Dote Unica Lavoro, e a GOL solo nella transizione occupazionale (art. 22-ter)."])  # fmt: skip


def times_figure(tempi: pl.DataFrame, q: Ambito) -> Block:
    """Days between the states of the applications, by measure and path."""
    if tempi.is_empty():
        return text(["Nessuna domanda con le date per calcolare i tempi."])
    named = tempi.sort(
        pl.col("passo").replace_strict(list(PASSAGGI), range(len(PASSAGGI)), return_dtype=pl.Int64), pl.col("voce") != TOT, "voce"
    )
    named = named.with_columns(pl.col("voce").replace(TOT, "tutte"), pl.col("passo").replace_strict(PAROLE_PASSO))
    drawn = named.filter(pl.col("domande") >= ALMENO).rename({"voce": "nome"})
    panels = charts.passages([(words.capitalize(), drawn.filter(passo=words).to_dicts()) for words in PAROLE_PASSO.values()])
    shown = [Col("passo", "Passaggio"), Col("voce", "Misura e percorso"), *columns("tempi", "domande", "raggiunti", "in_attesa", "usciti", "senza_data", "mediana", "p90")]  # fmt: skip
    block = table(
        named,
        shown,
        title="Giorni fra gli stati delle domande",
        name="Giorni fra gli stati",
        data="tempi",
        notes=["Cella vuota: la curva non vi è ancora arrivata."],
    )
    if not panels:
        return block
    return figure(
        panels, block, title=f"Giorni fra gli stati delle domande, {q.luogo}", subtitle=f"Giorni entro cui la metà delle domande fa il passaggio, per misura e percorso con almeno {ALMENO} domande.",
        alt="Barre dei giorni mediani di ciascun passaggio, per misura e percorso.", source=q.source,
        note=f"Stima di Kaplan e Meier: chi aspetta ancora conta per il tempo trascorso, fino al {known_until(q.dati.tabelle[MISURE_TABELLA.name], q.giorno):%d/%m/%Y}. Rinunce e decadenze precedenti al passaggio non entrano nella curva: nell'estratto manca il loro giorno.",
    )  # fmt: skip


def operators_table(concentrazione: pl.DataFrame, q: Ambito) -> Block:
    """How much of the applications the first operators take."""
    if concentrazione.is_empty():
        return text(["Nessuna domanda nel periodo."])
    first = pl.when(pl.col("operatori") == 1).then(pl.lit("il primo")).otherwise(pl.format("i primi {}", "operatori"))
    words = pl.when(pl.col("operatori") == concentrazione["operatori"][-1]).then(pl.format("tutti: {}", "operatori")).otherwise(first)
    shown = [Col("chi", "Operatori"), *columns("concentrazione", "domande", "quota")]
    return table(concentrazione.with_columns(words.alias("chi")), shown, title=f"Quanto pesano i primi operatori, {q.luogo}", name="Primi operatori", source=q.source, data="concentrazione")  # fmt: skip


def operators_list(operatori: pl.DataFrame, q: Ambito) -> Block:
    """The operators by number of applications; only in the internal profile."""
    if not q.interno:
        return reserved("L'elenco degli operatori")
    if operatori.is_empty():
        return text([])
    more = [f"Prime {RIGHE} righe di {operatori.height}: l'elenco intero è nel file di dati."] if operatori.height > RIGHE else []
    notes = ["Gli operatori con meno di tre domande stanno insieme, alla voce «altri».", *more]
    shown = [*columns("operatori", "operatore_id", "sede", "domande", "persone"), Col("ore", "Ore", "intero")]
    return table(operatori.head(RIGHE), shown, title=f"Operatori per numero di domande, {q.luogo}", name="Elenco operatori", notes=notes, source=q.source, data="operatori")  # fmt: skip


def services_table(servizi: pl.DataFrame, q: Ambito) -> Block:
    """Applications by service."""
    if servizi.is_empty():
        return text([])
    notes = ["Una domanda può avere più servizi. I codici sono quelli dell'estratto."]
    return table(servizi, columns("servizi", "misura", "servizio", "domande"), title=f"Servizi, {q.luogo}", name="Servizi per misura", notes=notes, source=q.source, data="servizi")  # fmt: skip


def courses_table(corsi: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:
    """Editions, participations, hours and results by EQF level, way of teaching and bando."""
    if corsi.is_empty():
        return text([missing(p, SIUF_CORSI.name) or "Nessun corso nel periodo."])
    kinds = {TOT: "tutti", "livello_eqf": "livello EQF", "modalita": "modalità", "bando": "bando"}
    level, all_ = pl.col("voce").str.replace(r"^(\d)$", "EQF $1"), pl.lit("tutti i corsi")
    words = (
        pl.when(dimensione=TOT)
        .then(all_)
        .when(dimensione="livello_eqf")
        .then(level)
        .otherwise(pl.col("voce").replace(MODALITA).str.replace("_", " "))
    )
    rows = corsi.with_columns(words.alias("voce"), pl.col("dimensione").replace_strict(kinds))
    shown = [Col("voce", "Voce"), Col("dimensione", "Per"), *columns("corsi", "edizioni", "partecipazioni", "persone"), Col("ore_previste", "Ore previste", "intero"), Col("ore_frequentate", "Ore frequentate", "intero"), *columns("corsi", "attestati", "non_idonei", "ritirati", "senza_esito")]  # fmt: skip
    notes = ["Una partecipazione è un lavoratore in una edizione. Le ore sono delle partecipazioni con frequenza nota."]
    return table(
        rows, shown, title=f"Corsi, ore e risultati, {q.luogo}", name="Corsi e risultati", notes=notes, source=q.source, data="corsi"
    )


def attendance_figure(frequenze: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:
    """Participations by class of absence."""
    if frequenze.is_empty():
        return text([])
    shown = columns("frequenze", "fascia", "partecipazioni", "quota", "in_cigs", "conseguenza")
    notes = ["La quota è sulle partecipazioni a corsi conclusi con le ore note."]
    block = table(frequenze, shown, title="Partecipazioni per fascia di assenza", name="Fasce di assenza", data="frequenze", notes=notes)
    drawn = frequenze.filter(pl.col("quota").is_not_null())
    if drawn.is_empty():
        return block
    return figure(
        charts.absences(drawn.to_dicts()), block, title=f"Ore di assenza, {q.luogo}", subtitle="Partecipazioni a corsi conclusi, per quota delle ore previste non frequentate.",
        alt="Barre delle partecipazioni per fascia di assenza.", source=q.source,
        note="Fasce di data/riferimento/fasce_assenza.csv, con la loro fonte; i confini esatti sono da confermare. Valgono per le assenze senza giustificato motivo, che SIUF non distingue: qui sono solo conteggi, le sanzioni non spettano alla Regione.",
    )  # fmt: skip


def caps_table(tetti: pl.DataFrame, p: Perimetro, q: Ambito) -> Block:
    """Who is over a cap and who is near, by kind, edition and year."""
    if tetti.is_empty():
        return text(["Nessun voucher di Formazione Continua da controllare."])
    unbroken = pl.col("livelli").str.replace("-", "\u2011").str.replace(" ", "\u00a0").fill_null("tutti")
    rows = tetti.with_columns(
        pl.col("tetto").replace_strict(PAROLE_TETTO), pl.col("bando").map_elements(notice, return_dtype=pl.String), unbroken
    )
    notes = [
        "Tutti i bandi: i voucher dell'anno sommati fra le edizioni, contro il più alto dei loro tetti. La fonte non dice se il tetto valga per la somma: da confermare.",
        "Vicini: dal 90% del tetto, compreso chi lo raggiunge esattamente.",
        "Il tetto è confrontato con il valore del voucher; l'ultima colonna dice chi lo supererebbe con la sola quota pubblica.",
        *(["Senza i corsi di SIUF i tetti per livello EQF non sono controllati."] if missing(p, SIUF_CORSI.name) else []),
    ]
    shown = [Col("tetto", "Tetto per"), Col("bando", "Bando"), Col("anno", "Anno", "anno"), Col("livelli", "Livelli"), Col("tetto_eur", "Tetto, euro", "intero"), *columns("tetti", "soggetti", "oltre"), Col("eccedenza_eur", "Eccedenza, euro", "intero"), *columns("tetti", "vicini", "oltre_pubblico")]  # fmt: skip
    return table(
        rows,
        shown,
        title=f"Tetti dei voucher di Formazione Continua, {q.luogo}",
        name="Tetti dei voucher",
        notes=notes,
        source=q.source,
        data="tetti",
    )


def companies_table(imprese: pl.DataFrame, q: Ambito) -> Block:
    """The companies over the cap or near it; only in the internal profile."""
    if not q.interno:
        return reserved("L'elenco delle imprese oltre il tetto o vicine")
    if imprese.is_empty():
        return text(["Nessuna impresa è oltre il tetto annuo, né dal 90% di esso in su."])
    more = [f"Prime {RIGHE} righe di {imprese.height}: l'elenco intero è nel file di dati."] if imprese.height > RIGHE else []
    shown = [Col("ragione_sociale", "Impresa"), *columns("tetti_imprese", "bando", "anno", "lavoratori"), Col("totale_eur", "Voucher, euro", "intero"), Col("tetto_eur", "Tetto, euro", "intero"), Col("quota", "Sul tetto %", "quota"), Col("eccedenza_eur", "Eccedenza, euro", "intero")]  # fmt: skip
    rows = imprese.head(RIGHE).with_columns(pl.col("bando").str.replace("_", " "))
    return table(
        rows,
        shown,
        title=f"Imprese oltre il tetto annuo o vicine, {q.luogo}",
        name="Imprese e tetto",
        notes=more,
        source=q.source,
        data="tetti_imprese",
    )


def quality(rilievi: pl.DataFrame, q: Ambito) -> Block:
    """The findings on the data, and those met while the extracts were read."""
    said = []
    for row in rilievi.iter_rows(named=True):
        people = f", {many(row['persone'], 'persona', 'persone')}" if row["persone"] is not None else ""
        cases = f" ({many(row['casi'], 'caso', 'casi')}{people})" if row["casi"] is not None else ""
        said.append(f"{row['rilievo'][0].upper()}{row['rilievo'][1:]}{cases}.")
    said += q.dati.rilievi
    return warnings(said, title="Rilievi sui dati") if said else text(["Nessun rilievo sugli estratti."])
