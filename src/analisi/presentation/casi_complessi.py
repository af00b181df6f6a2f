"""The pieces of the dashboard of complex cases: cards, sentences, tables and figures, from the frames of `indicators.complessita`."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl
from babel.dates import format_date

from analisi.errors import AnalisiError, listing
from analisi.indicators.complessita import CLASSI, NON_NOTO, Valutazione
from analisi.indicators.complessita_confronti import ESTRAZIONI, INCERTO, LEGATO, PROBABILE, SICURO, SOLIDO, VICINO
from analisi.indicators.estratti import Estratti
from analisi.indicators.procedure_in_corso import begins, complete_since, require_covered
from analisi.presentation import charts_complessi
from analisi.presentation.blocks import Block, Col, cards, figure, table, text, warnings
from analisi.presentation.charts_complessi import case_name
from analisi.presentation.contesto import MOST_DAYS, Ambito, ambito
from analisi.presentation.dati_complessi import COLONNE
from analisi.presentation.formats import many, number
from analisi.presentation.marks import bars
from analisi.tables.catalogo import CAUSALI, MONITORAGGIO_PAL, REGISTRO_TAVOLI

NESSUN_CASO = "Nessun caso in corso nel giorno del rapporto."
NOMI_CLASSI = {"ALTA": "alto", "MEDIA": "medio", "BASSA": "basso"}  # of a score
NOMI_REGISTRO = {"ALTA": "alta", "MEDIA": "media", "BASSA": "bassa", "nessuno": "non indicata"}
MOVIMENTI = {"entrato": "entrati", "uscito": "usciti", "salito": "saliti di posizione", "sceso": "scesi di posizione", "invariato": "fermi"}
LIMITE_REGISTRO = (
    "Il registro si legge com'è oggi: la situazione del giorno di confronto è ricostruita dalle date. "
    "Ciò che il registro ha corretto o revocato da allora non si vede."
)
PROPOSTA = "Criteri, soglie e pesi sono una proposta da confermare: il punteggio mette in ordine i casi, non li giudica."
SOLI = 20  # cases listed at most where register and score differ
VICINI = 5  # cases outside of the first that the picture of ranks shows at most


@dataclass(frozen=True)
class Quadro(Ambito):
    """What every piece of the page needs: the extracts, day, place and profile, and how far to look back and ahead."""

    confronto_giorni: int = 60
    giorni_decisione: int = 30
    primi: int = 15

    @property
    def sigle(self) -> list[str]:
        """The provinces the page is about."""
        return [self.provincia] if self.provincia else self.territorio.sigle

    @property
    def posto(self) -> str:
        """The sigla under which the figures of the whole page stand."""
        return self.provincia or self.territorio.totale

    @property
    def prima(self) -> date:
        """The day of the comparison."""
        return self.giorno - timedelta(days=self.confronto_giorni)

    @property
    def fogli(self) -> pl.DataFrame:
        """The rows of the Nuclei's sheets that count; none where there are no sheets."""
        sheets = self.dati.monitoraggio
        return sheets.conteggi if sheets else pl.DataFrame(schema=MONITORAGGIO_PAL.schema)

    @property
    def tavoli(self) -> pl.DataFrame:
        return self.dati.tabelle[REGISTRO_TAVOLI.name]

    def first(self, v: Valutazione) -> pl.DataFrame:
        """The cases shown in full."""
        return v.casi.filter(pl.col("posizione") <= self.primi)


def quadro(dati: Estratti, giorno: str, provincia: str, profilo: str, confronto_giorni: int, giorni_decisione: int, primi: int) -> Quadro:
    """The context of the page. Raises: AnalisiError as `ambito`, or when a number of days or of cases makes no sense."""
    for name, value, least in (("confronto_giorni", confronto_giorni, 1), ("giorni_decisione", giorni_decisione, 0), ("primi", primi, 1)):
        if not least <= value <= MOST_DAYS:
            msg = f"--{name} {value}: deve essere da {least} a {MOST_DAYS}"
            raise AnalisiError(msg)
    place = ambito(dati, giorno, provincia, profilo)
    require_covered(place.giorno, dati.vol)
    return Quadro(place.dati, place.giorno, place.provincia, place.profilo, confronto_giorni, giorni_decisione, primi)


def _day(day: date, preposition: str = "") -> str:
    """A day in words, after "al", "dal" or "del" if one is given: "al 31 marzo", "all'8 marzo"."""
    words = format_date(day, "d MMMM y", locale="it_IT")
    words = words.replace("1 ", "1° ", 1) if day.day == 1 else words
    return f"{preposition}l'{words}" if preposition and day.day in (8, 11) else f"{preposition} {words}".lstrip()


def page_header(q: Quadro, data_edizione: str = "") -> Block:
    """The page's second line."""
    return q.header(f"Situazione {_day(q.giorno, 'al')}", data_edizione)


def whole(riepilogo: pl.DataFrame, variazioni: pl.DataFrame, stabilita: pl.DataFrame, decisioni: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """The summary of the page: that by provincia, and register, moves, ranks and decisions at the page's place only."""
    workers = pl.coalesce("lavoratori", "lavoratori_prima").sum().alias("lavoratori")
    none = pl.lit(None, pl.Int64).alias("lavoratori")
    late = decisioni.filter(pl.col("giorni_mancanti") < 0).with_columns(pl.lit("già scadute").alias("tipo"))
    parts = [
        frame.group_by(pl.lit(q.posto).alias("provincia"), pl.lit(name).alias("aspetto"), pl.col(column).alias("voce")).agg(
            pl.len().cast(pl.Int64).alias("casi"), counted
        )
        for frame, name, column, counted in (
            (variazioni, "movimento", "movimento", workers),
            (stabilita, "tenuta", "tenuta", none.first()),
            (decisioni, "decisione", "tipo", none.first()),
            (late, "decisione", "tipo", none.first()),
        )
    ]
    mine = riepilogo.filter(
        pl.col("provincia").is_in([*q.sigle, q.posto]) & ((pl.col("aspetto") != "registro") | (pl.col("provincia") == q.posto))
    )
    return pl.concat([mine, *(part.sort("voce") for part in parts)])


def _count(riepilogo: pl.DataFrame, q: Quadro, aspetto: str, voce: str, column: str = "casi") -> int:
    rows = riepilogo.filter(provincia=q.posto, aspetto=aspetto, voce=voce)
    return rows[column].sum() or 0


def key_figures(riepilogo: pl.DataFrame, decisioni: pl.DataFrame, classi: pl.DataFrame, q: Quadro) -> Block:
    """Cards: cases, workers, cases of high score, decisions to take."""
    late, unknown = _count(riepilogo, q, "decisione", "già scadute"), decisioni["giorno"].null_count()
    notes = [
        many(late, "già scaduta", "già scadute") if late else "nessuna già scaduta",
        f"{number(unknown)} senza termine noto" if unknown else "",
    ]
    return cards(
        [
            ("Casi in corso", number(_count(riepilogo, q, "casi", "tutti")), _day(q.giorno, "al")),
            ("Lavoratori coinvolti", number(_count(riepilogo, q, "casi", "tutti", "lavoratori")), "coinvolgimenti, non persone"),
            ("Casi con punteggio alto", number(_count(riepilogo, q, "classe", CLASSI[0])), f"almeno {_least(classi)} su 100"),
            (f"Decisioni entro {many(q.giorni_decisione, 'giorno', 'giorni')}", number(decisioni.height), "; ".join(filter(None, notes))),
        ]
    )


def _least(classi: pl.DataFrame) -> str:
    value = classi["punteggio_minimo"][0]
    return number(value, "intero" if value == int(value) else "decimale")


def beyond(q: Quadro) -> str:
    """That the day is after the extraction, which knows nothing of what came then; empty if it is not."""
    day = q.dati.estrazione
    return (
        f"il giorno del rapporto è dopo l'estrazione del {day:%d/%m/%Y}, e ciò che è avvenuto fra i due non è noto"
        if day and day < q.giorno
        else ""
    )


def in_brief(v: Valutazione, riepilogo: pl.DataFrame, decisioni: pl.DataFrame, classi: pl.DataFrame, q: Quadro) -> Block:
    """What the institutional levels should know, in guarded sentences."""
    if v.casi.is_empty():
        return text([f"{q.luogo}, {_day(q.giorno)}: nessun caso in corso."])
    cases, workers = v.casi.height, v.casi["lavoratori_qui"].sum()
    high = _count(riepilogo, q, "classe", CLASSI[0])
    said = [
        f"{q.luogo}, {_day(q.giorno, 'al')}: **{many(cases, 'caso', 'casi')}** in corso, con {many(workers, 'lavoratore coinvolto', 'lavoratori coinvolti')}; "
        f"{'nessuno ha' if not high else f'**{high}** ha' if high == 1 else f'**{high}** hanno'} un punteggio alto (almeno {_least(classi)} su 100)."
    ]
    top = v.casi.row(0, named=True)
    said += [
        f"Il primo è {top['id_procedura']} ({top['ragione_sociale']}), con {_score(top)}.",
        f"Attenzione: {beyond(q)}." if beyond(q) else "",
        _firm(riepilogo, q),
        _moved(riepilogo, q),
        _due(decisioni, q),
        _unknown(v),
        PROPOSTA,
    ]
    return text(said, as_list=True)


def _score(case: dict) -> str:
    """The score in words, with its bounds when some criterion is unknown."""
    if case["punteggio"] is None:
        return "punteggio non calcolabile"
    bounds = "" if case["peso_noto"] == 1 else f" (fra {number(case['minimo'], 'decimale')} e {number(case['massimo'], 'decimale')}, secondo ciò che non è noto)"  # fmt: skip
    return f"{number(case['punteggio'], 'decimale')} punti su 100{bounds}"


def _firm(riepilogo: pl.DataFrame, q: Quadro) -> str:
    solid, tied = (_count(riepilogo, q, "tenuta", name) for name in (SOLIDO, LEGATO))
    if _count(riepilogo, q, "casi", "tutti") <= q.primi:
        return "I casi non sono più di quelli mostrati per intero: nessun peso ne lascia fuori qualcuno."
    if q.primi == 1:
        return f"Il primo caso {'regge' if solid else 'non sempre regge'} al variare dei pesi."
    held = f"{many(solid, 'regge', 'reggono')} al variare dei pesi" if solid else "nessuno regge al variare dei pesi"
    return f"Dei primi {q.primi} casi, {held}; {many(tied, 'vi è', 'vi sono') if tied else 'nessuno vi è'} solo con pesi vicini a quelli dichiarati."


def _moved(riepilogo: pl.DataFrame, q: Quadro) -> str:
    new, gone = (_count(riepilogo, q, "movimento", name) for name in ("entrato", "uscito"))
    return f"Rispetto {_day(q.prima, 'al')}: {many(new, 'caso entrato', 'casi entrati') if new else 'nessun caso entrato'}, {many(gone, 'uscito', 'usciti') if gone else 'nessuno uscito'}."


def _due(decisioni: pl.DataFrame, q: Quadro) -> str:
    if decisioni.is_empty():
        return f"Nessuna decisione risulta necessaria entro {many(q.giorni_decisione, 'giorno', 'giorni')}."
    late = decisioni.filter(pl.col("giorni_mancanti") < 0).height
    ahead = decisioni.filter(pl.col("giorni_mancanti") >= 0)
    next_ = f" La prossima è {_day(ahead['giorno'].min(), 'del')}." if ahead.height else ""
    overdue = f", di cui {many(late, 'già scaduta', 'già scadute')}" if late else ""
    return f"Entro {many(q.giorni_decisione, 'giorno', 'giorni')}: **{many(decisioni.height, 'decisione', 'decisioni')}**{overdue}.{next_}"


def _unknown(v: Valutazione) -> str:
    count = v.contributi.filter(conoscenza=NON_NOTO)["id_procedura"].n_unique()
    one = "il criterio che manca non entra nel suo punteggio, e non vale zero"
    several = "i criteri che mancano non entrano nel loro punteggio, e non valgono zero"
    return f"Di {many(count, 'caso', 'casi')} non si conosce qualche criterio: {one if count == 1 else several}." if count else ""


def criteria_table(criteri: pl.DataFrame, q: Quadro) -> Block:
    """The declared criteria with their thresholds and weights."""
    columns = [Col("etichetta", "Criterio"), Col("definizione", "Che cosa misura"), Col("unita_misura", "Unità"), Col("soglia_minima", "da (grado 0)", "testo", "Soglie"), Col("soglia_massima", "a (grado 1)", "testo", "Soglie"), Col("peso", "Peso"), Col("stato", "Stato")]  # fmt: skip
    notes = ["Il grado sale in linea retta fra le due soglie.", "Si modificano in data/riferimento/complessita.csv, una riga per criterio."]
    written = [pl.col(name).map_elements(lambda value: f"{value:g}".replace(".", ","), return_dtype=pl.String) for name in ("soglia_minima", "soglia_massima", "peso")]  # fmt: skip
    return table(
        criteri.with_columns(written),
        columns,
        title="Criteri, soglie e pesi dichiarati",
        notes=notes,
        source=criteri["fonte"][0],
        data="criteri",
    )


def _named(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with what people read: `caso`, causale, territories, class, register."""
    return frame.with_columns(
        pl.struct("posizione", "id_procedura").map_elements(lambda r: case_name(r["posizione"], r["id_procedura"]), return_dtype=pl.String).alias("caso"),
        pl.col("causale").replace(CAUSALI), pl.col("province").list.join(", ").alias("territori"),
        pl.col("classe").replace(NOMI_CLASSI), pl.col("registro").fill_null("nessuno").replace(NOMI_REGISTRO),
    )  # fmt: skip


def cases_table(v: Valutazione, q: Quadro) -> Block:
    """The first cases, with the company and the register's own degree beside the score."""
    if v.casi.is_empty():
        return text([NESSUN_CASO])
    part = [Col("unita_qui", "Unità", "intero", f"Di cui: {q.luogo}"), Col("lavoratori_qui", "Lavoratori", "intero", f"Di cui: {q.luogo}")] if q.provincia else []  # fmt: skip
    columns = [Col("posizione", "Pos.", "intero"), Col("id_procedura", "Caso", "codice"), Col("ragione_sociale", "Azienda"), Col("causale", "Causale"), Col("territori", q.territorio.plurale.capitalize()), Col("unita", "Unità", "intero"), Col("lavoratori", "Lavoratori", "intero"), *part, Col("punteggio", "Punteggio", "decimale"), Col("classe", "Classe"), Col("registro", "Nel registro")]  # fmt: skip
    notes = ["Punteggio: sui soli criteri noti. Nel registro: il grado di complessità scritto da chi segue la procedura."]
    return table(_named(q.first(v)), columns, title=f"I primi casi per punteggio, {q.luogo}", name="Primi casi", notes=notes, source=q.source, data="casi")  # fmt: skip


def _words(part: dict, q: Quadro) -> str:
    """The value of a criterion in words."""
    value = int(part["valore"] or 0)
    several = q.territorio.plurale
    return {
        "lavoratori": many(value, "lavoratore", "lavoratori"),
        "cessazione": "cessazione di attività",
        "scadenza": "scade oggi" if not value else f"scade fra {many(-value, 'giorno', 'giorni')}",
        "attivazione": f"nessuna PAL attivata dopo {many(value, 'giorno', 'giorni')}",
        "province": many(value, q.territorio.singolare, several),
        "precedenti": many(value, "procedura precedente", "procedure precedenti"),
        "sedi": many(value, "unità produttiva", "unità produttive"),
    }[part["criterio"]]


def contributions_figure(v: Valutazione, criteri: pl.DataFrame, q: Quadro) -> Block:
    """What makes the score of each of the first cases."""
    if v.casi.is_empty():
        return text([NESSUN_CASO])
    first, labels = q.first(v), dict(criteri.select("criterio", "etichetta").iter_rows())
    points = v.contributi.pivot("criterio", index="id_procedura", values="punti", maintain_order=True)
    shown = _named(first).select("caso", "id_procedura", "punteggio").join(points, on="id_procedura", how="left", maintain_order="left")
    columns = [
        Col("caso", "Caso"),
        *(Col(name, label, "decimale") for name, label in labels.items()),
        Col("punteggio", "Punteggio", "decimale"),
    ]
    block = table(
        shown, columns, title="Punti per criterio", name="Punti per criterio", notes=["Cella vuota: non noto."], data="contributi"
    )
    return figure(
        charts_complessi.contribution_bars(v.contributi, first, labels), block, title="Che cosa fa il punteggio",
        subtitle="I punti di ciascun criterio sommano al punteggio del caso.",
        alt="Barre orizzontali impilate: per ciascuno dei primi casi, i punti dati da ogni criterio.", source=q.source,
        note="Con l'asterisco, il punteggio sui soli criteri noti.",
    )  # fmt: skip


def reasons(v: Valutazione, q: Quadro) -> Block:
    """Why each of the first cases stands where it does, in words."""
    said = []
    for case in q.first(v).iter_rows(named=True):
        parts = v.contributi.filter(pl.col("id_procedura") == case["id_procedura"])
        known = [f"{_words(r, q)} ({number(r['punti'], 'decimale_segno')})" for r in parts.sort("punti", descending=True, maintain_order=True).filter(pl.col("punti") > 0).iter_rows(named=True)]  # fmt: skip
        lost = parts.filter(conoscenza=NON_NOTO)["motivo"].to_list()
        name = f"**{case_name(case['posizione'], case['id_procedura'])}** ({case['ragione_sociale']})"
        said.append(
            f"{name}, {_score(case)}: {listing(known) or 'nessun criterio dà punti'}{f'. Non noto: {listing(lost)}' if lost else ''}."
        )
    return text(said, as_list=True)


def stability_figure(stabilita: pl.DataFrame, q: Quadro) -> Block:
    """How firm the ranking is: the ranks of each case over many sets of weights."""
    if stabilita.is_empty():
        return text([NESSUN_CASO])
    near = stabilita.filter(tenuta=VICINO).sort("quota_primi", "posizione", descending=[True, False]).head(VICINI)
    rows = pl.concat([stabilita.filter(pl.col("posizione") <= q.primi), near]).sort("posizione")
    shown = rows.with_columns(
        pl.struct("posizione", "id_procedura").map_elements(lambda r: case_name(r["posizione"], r["id_procedura"]), return_dtype=pl.String).alias("caso")
    )  # fmt: skip
    columns = [Col("caso", "Caso"), Col("inf90", "da", "intero", "Tutti i pesi insieme"), Col("sup90", "a", "intero", "Tutti i pesi insieme"), Col("quota_primi", f"Fra i primi {q.primi} %", "quota", "Tutti i pesi insieme"), Col("migliore", "migliore", "intero", "Un peso per volta"), Col("peggiore", "peggiore", "intero", "Un peso per volta"), Col("tenuta", "Tenuta")]  # fmt: skip
    notes = [
        f"Tutti i pesi insieme: posizioni dal 5° al 95° centile di {number(ESTRAZIONI)} prove. Un peso per volta: dimezzato o raddoppiato."
    ]
    block = table(shown, columns, title="Posizioni al variare dei pesi", name="Posizioni", notes=notes, data="casi")
    legend = [(colour, name) for name, colour in charts_complessi.TENUTE.items()]
    return figure(
        charts_complessi.rank_intervals(rows, q.primi), block, title="Quanto regge la graduatoria", legend=legend, source=q.source,
        subtitle="Rombo: posizione con i pesi dichiarati. Tratto: dove il caso cade quando i pesi cambiano. A destra, le prove in cui è fra i primi.",
        alt=f"Intervalli delle posizioni dei primi {q.primi} casi e di quelli vicini, con una linea verticale dopo l'ultimo dei primi.",
        note="Nessun caso è complesso per un solo peso arbitrario: contano i casi che restano fra i primi con pesi diversi.",
    )  # fmt: skip


def stability_sentences(stabilita: pl.DataFrame, per_peso: pl.DataFrame, criteri: pl.DataFrame, q: Quadro) -> Block:
    """Which cases hold among the first whatever the weights, and which only with the declared ones; which weight moves most."""
    if stabilita.height <= q.primi:
        return text(["Tutti i casi sono mostrati: al variare dei pesi cambia solo il loro ordine."] if stabilita.height else [])
    words = {SOLIDO: f"Reggono al variare dei pesi (fra i primi in almeno il {number(100 * SICURO)}% delle prove, e con ogni peso dimezzato o raddoppiato)", INCERTO: f"Fra i primi in almeno il {number(100 * PROBABILE)}% delle prove", LEGATO: "Fra i primi solo con pesi vicini a quelli dichiarati", VICINO: "Fuori dai primi, ma vi entrano con alcuni pesi"}  # fmt: skip
    said = []
    for name, label in words.items():
        found = stabilita.filter(tenuta=name)["id_procedura"].to_list()
        which = f": {listing(found)}" if found else ""
        said.append(f"{label}: **{many(len(found), 'caso', 'casi') if found else 'nessuno'}**{which}.")
    always = stabilita.filter(pl.col("quota_primi") == 1).height
    said.append(f"Fra i primi in tutte le {number(ESTRAZIONI)} prove: {many(always, 'caso', 'casi') if always else 'nessuno'}.")
    labels = dict(criteri.select("criterio", "etichetta").iter_rows())
    swapped = per_peso.filter(pl.col("posizione") <= q.primi).group_by("criterio", maintain_order=True).agg(
        (pl.max_horizontal("dimezzato", "raddoppiato") > q.primi).sum().cast(pl.Int64).alias("escono")
    ).sort("escono", descending=True, maintain_order=True)  # fmt: skip
    if swapped.height and swapped["escono"][0]:
        name, count = swapped.row(0)
        said.append(f"Il peso che conta di più è «{labels[name]}»: dimezzandolo o raddoppiandolo {many(count, 'caso esce', 'casi escono')} dai primi {q.primi}.")  # fmt: skip
    return text(said, as_list=True)


def timeline_figure(v: Valutazione, eventi: pl.DataFrame, q: Quadro) -> Block:
    """When things happened to each of the first cases, and when they are due."""
    if v.casi.is_empty():
        return text([NESSUN_CASO])
    dates = ["data_apertura", "data_esame_congiunto", "data_accordo", "data_decreto_concessione", "data_inizio", "data_fine"]
    first = q.first(v)
    shown = _named(first).with_columns(pl.col(dates).dt.to_string("%d/%m/%Y"))
    columns = [Col("caso", "Caso"), *(Col(name, COLONNE[name][0]) for name in dates)]
    block = table(
        shown,
        columns,
        title="Date dei primi casi",
        name="Date",
        notes=["Tutti gli incontri e i tavoli sono nel file dei dati."],
        data="cronologia",
    )
    signs = ", ".join(f"{sign} {event}" for event, (_, sign, _) in charts_complessi.EVENTI.items())
    missing = [] if "registro_tavoli" in q.dati.presenti else ["Manca il registro dei tavoli: i tavoli non compaiono."]
    missing += [] if q.fogli.height else ["Mancano i fogli dei Nuclei: gli incontri non compaiono."]
    return figure(
        charts_complessi.timeline(first, eventi, q.giorno), block, title="Dall'apertura alla scadenza",
        subtitle=f"Linea tratteggiata: il giorno del rapporto, {_day(q.giorno)}.",
        alt="Una riga per caso: fase sindacale, attesa e sospensione come barre; esame, accordo, decreto, incontri e tavoli come segni.",
        source=q.source, note=" ".join([f"Segni: {signs}. Degli incontri è segnato il primo. Ciò che esce dal disegno è tagliato.", *missing]),
    )  # fmt: skip


def changes_table(variazioni: pl.DataFrame, criteri: pl.DataFrame, q: Quadro) -> Block:
    """Who came in, who left and why, who rose or fell among the first."""
    labels = dict(criteri.select("criterio", "etichetta").iter_rows())
    moved = pl.col("movimento").is_in(["salito", "sceso"]) & (pl.min_horizontal("posizione", "posizione_prima") <= q.primi)
    rows = variazioni.filter(pl.col("movimento").is_in(["entrato", "uscito"]) | moved)
    if rows.is_empty():
        return text([f"Rispetto {_day(q.prima, 'al')} nessun caso è entrato o uscito, e i primi non hanno cambiato posto."])
    why = [_why(row, labels) for row in rows.iter_rows(named=True)]
    columns = [Col("id_procedura", "Caso"), Col("movimento", "Movimento"), Col("posizione_prima", "prima", "intero", "Posizione"), Col("posizione", "ora", "intero", "Posizione"), Col("punteggio_prima", "prima", "decimale", "Punteggio"), Col("punteggio", "ora", "decimale", "Punteggio"), Col("perche", "Perché")]  # fmt: skip
    notes = [
        LIMITE_REGISTRO,
        f"Saliti e scesi: solo fra i primi {q.primi}; tutti gli altri sono nel file dei dati. Si sale anche perché altri escono.",
    ]
    return table(rows.with_columns(pl.Series("perche", why)), columns, title=f"Che cosa è cambiato {_day(q.prima, 'dal')}", name="Movimenti", notes=notes, source=q.source, data="variazioni")  # fmt: skip


def _why(row: dict, labels: dict[str, str]) -> str:
    if row["movimento"] == "entrato":
        return f"aperto, o sospensione iniziata, il {row['giorno']:%d/%m/%Y}"
    if row["movimento"] == "uscito":
        if row["giorno"] is None:
            return "nessuna unità ancora in corso nel territorio"
        return f"{'sospensione finita' if row['tipo_procedura'] == 'CIGS' else 'licenziamento concluso'} il {row['giorno']:%d/%m/%Y}"
    if row["criterio"] is None:
        return "punteggio invariato: si sono mossi altri"
    return f"{labels[row['criterio']]}: {number(row['punti_differenza'], 'decimale_segno')} punti"


def decisions_table(decisioni: pl.DataFrame, regole: pl.DataFrame, q: Quadro) -> Block:
    """What has to be decided, by when and by which role."""
    missing = [] if "registro_tavoli" in q.dati.presenti else ["Manca il registro dei tavoli: le loro azioni aperte non sono note."]
    if decisioni.is_empty():
        return text([f"Nessuna decisione risulta necessaria entro {many(q.giorni_decisione, 'giorno', 'giorni')}.", *missing])
    rows = decisioni.with_columns(
        pl.col("tipo").replace(dict(regole.select("tipo", "etichetta").iter_rows())) + pl.format(" ({})", "riferimento").fill_null(""),
        pl.col("giorno").dt.to_string("%d/%m/%Y").fill_null("non noto"),
    )
    columns = [Col("giorno", "Entro"), Col("giorni_mancanti", "Giorni", "intero"), Col("tipo", "Che cosa"), Col("casi", "Casi"), Col("posizione", "Pos.", "intero"), Col("lavoratori", "Lavoratori", "intero"), Col("ruolo", "Chi agisce")]  # fmt: skip
    notes = ["Giorni negativi: il giorno è già passato. Pos.: posizione del caso per punteggio, la migliore se sono più d'uno.", "Ruoli e termini sono da confermare: data/riferimento/decisioni_complessita.csv.", "Il testo dell'azione è nel registro dei tavoli, al numero indicato.", *missing]  # fmt: skip
    return table(rows, columns, title=f"Che cosa richiede una decisione entro {many(q.giorni_decisione, 'giorno', 'giorni')}", name="Da decidere", notes=notes, source=q.source, data="decisioni")  # fmt: skip


def register_table(v: Valutazione, riepilogo: pl.DataFrame, q: Quadro) -> Block:
    """The register's own degree against the class of the score: how many cases in each pair."""
    if v.casi.is_empty():
        return text([NESSUN_CASO])
    rows = [
        {"registro": words} | {band: _count(riepilogo, q, "registro", f"{degree}/{band}") for band in CLASSI}
        for degree, words in NOMI_REGISTRO.items()
    ]
    columns = [Col("registro", "Complessità nel registro"), *(Col(band, NOMI_CLASSI[band], "intero", "Punteggio") for band in CLASSI)]
    notes = ["I due giudizi hanno basi diverse: dove non coincidono nessuno dei due è preso per giusto."]
    return table(
        pl.DataFrame(rows),
        columns,
        title="Complessità nel registro e classe del punteggio, casi",
        notes=notes,
        source=q.source,
        data="riepilogo",
    )


def differing_table(v: Valutazione, q: Quadro) -> Block:
    """The cases where register and score put the case in different classes, in order of rank."""
    rows = v.casi.filter(pl.col("registro") != pl.col("classe"))
    if v.casi.is_empty():
        return text([])
    if v.casi["registro"].null_count() == v.casi.height:
        return text(["Il registro non indica la complessità di alcun caso: non c'è confronto."])
    if rows.is_empty():
        return text(["Registro e punteggio coincidono ovunque il registro indica la complessità."])
    columns = [Col("caso", "Caso"), Col("lavoratori", "Lavoratori", "intero"), Col("registro", "Registro"), Col("classe", "Punteggio, classe"), Col("punteggio", "Punteggio", "decimale")]  # fmt: skip
    more = [f"Primi {SOLI} di {number(rows.height)}: gli altri sono nel file dei casi."] if rows.height > SOLI else []
    return table(_named(rows.head(SOLI)), columns, title="Casi in cui registro e punteggio non coincidono", name="Registro e punteggio", notes=more, source=q.source, data="casi")  # fmt: skip


def classes_figure(riepilogo: pl.DataFrame, classi: pl.DataFrame, q: Quadro) -> Block:
    """How many cases each provincia has, by class of score."""
    rows, names = riepilogo.filter(aspetto="classe"), q.territorio.nomi
    if rows.is_empty():
        return text([NESSUN_CASO])
    order = list(dict.fromkeys([*q.sigle, q.posto]))
    order = order if q.provincia else [q.posto, *q.sigle]
    labels = {band: NOMI_CLASSI[band] for band in CLASSI}
    wide = [{"provincia": names[place]} | {band: rows.filter(provincia=place, voce=band)["casi"].sum() for band in CLASSI} | {"lavoratori": rows.filter(provincia=place)["lavoratori"].sum()} for place in order]  # fmt: skip
    columns = [Col("provincia", q.territorio.intestazione), *(Col(band, label, "intero", "Casi per punteggio") for band, label in labels.items()), Col("lavoratori", "Lavoratori", "intero")]  # fmt: skip
    block = table(pl.DataFrame(wide), columns, title="Casi e lavoratori per classe di punteggio", name="Classi", data="riepilogo")
    bounds = "; ".join(
        f"{NOMI_CLASSI[code]} da {number(least, 'intero' if least == int(least) else 'decimale')}"
        for code, least in classi.select("classe", "punteggio_minimo").iter_rows()
    )
    panel = ("Casi per classe di punteggio", charts_complessi.class_bars(rows, names, order, labels))
    return figure(
        [panel], block, title=f"Dove sono i casi, {q.luogo}", subtitle=f"Un caso con unità in più {q.territorio.plurale} conta in ciascuna; nel totale una volta.",
        alt="Barre orizzontali dei casi per territorio, divise per classe di punteggio.", source=q.source, note=f"Classi di punteggio (0-100): {bounds}.",
    )  # fmt: skip


def criteria_figure(riepilogo: pl.DataFrame, criteri: pl.DataFrame, q: Quadro) -> Block:
    """By which criterion cases count most."""
    labels = dict(criteri.select("criterio", "etichetta").iter_rows()) | {"nessuno": "Nessun criterio"}
    found = riepilogo.filter(provincia=q.posto, aspetto="criterio").sort("casi", "voce", descending=[True, False])
    if found.is_empty():
        return text([NESSUN_CASO])
    rows = [{"nome": labels[r["voce"]], "valore": r["casi"], "testo": number(r["casi"]), "etichetta": f"{labels[r['voce']]}: {many(r['casi'], 'caso', 'casi')}, {many(r['lavoratori'], 'lavoratore', 'lavoratori')}"} for r in found.iter_rows(named=True)]  # fmt: skip
    block = table(found.with_columns(pl.col("voce").replace(labels)), [Col("voce", "Criterio che pesa di più"), Col("casi", "Casi", "intero"), Col("lavoratori", "Lavoratori", "intero")], title="Casi per criterio prevalente", name="Criteri prevalenti", data="riepilogo")  # fmt: skip
    return figure(
        [("Casi per criterio prevalente", bars(rows, "casi"))], block, title=f"Per che cosa i casi contano, {q.luogo}",
        subtitle="Di ogni caso, il criterio che dà più punti.", alt="Barre dei casi per criterio prevalente.", source=q.source,
    )  # fmt: skip


def quality(v: Valutazione, q: Quadro) -> Block:
    """What the extracts do not say, in counts; the findings on the files, on the internal page."""
    said = [beyond(q)] if beyond(q) else []
    if (since := complete_since(q.dati.vol)) and q.prima < since:
        said.append(f"l'estratto segue le procedure dal {begins(q.dati.vol):%d/%m/%Y}: i casi aperti prima, se ce n'erano, possono mancare")
    for (why,), rows in v.contributi.filter(conoscenza=NON_NOTO).group_by("motivo", maintain_order=True):
        said.append(f"{why}: {many(rows['id_procedura'].n_unique(), 'caso', 'casi')}")
    blank = v.casi["registro"].null_count()
    said += [f"complessità non indicata nel registro: {many(blank, 'caso', 'casi')}"] if blank else []
    odd = v.unita.filter(pl.col("stato") == "CONCLUSA")["id_procedura"].n_unique()
    said += (
        [f"il registro li dà per conclusi, ma le date li dicono in corso nel giorno del rapporto: {many(odd, 'caso', 'casi')}"]
        if odd
        else []
    )
    said += [] if q.dati.monitoraggio else ["mancano i fogli dei Nuclei: non si sa dove le PAL siano attivate"]
    said += [] if "registro_tavoli" in q.dati.presenti else ["manca il registro dei tavoli: incontri e azioni aperte non sono noti"]
    said += q.dati.rilievi
    return warnings([f"{words[0].upper()}{words[1:]}." for words in said], "Rilievi sui dati") if said else text(["Nessun rilievo."])


def for_files(v: Valutazione, stabilita: pl.DataFrame) -> pl.DataFrame:
    """The rows of the file of cases: no company, territories as text, how firm each rank is."""
    rows = v.casi.with_columns(pl.col("province").list.join(", ").alias("territori")).drop("ragione_sociale", "province")
    return rows.join(stabilita.drop("posizione"), on="id_procedura", how="left", maintain_order="left")
