"""The pieces of the scenario's page: what a sum of money would reach, always with the word that says it rests on hypotheses."""

from __future__ import annotations

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.errors import listing
from analisi.indicators.ipotesi import CASI, FAVOREVOLE, FILE, LIVELLI, MOTIVATA, ORIGINE, SEGNAPOSTO, case_values
from analisi.presentation import charts_scenario, prose_scenario
from analisi.presentation.blocks import Block, Col, cards, figure, header, reserved, table, tags, text, warnings
from analisi.presentation.dati_scenario import COLONNE
from analisi.presentation.formats import NOT_COMPUTABLE, number, told
from analisi.presentation.marks import Panel
from analisi.presentation.prose_scenario import MESI, Quadro, articled, euro, plain, valued

CALCOLO = "Calcolo su ipotesi, non previsione"
NOTE = f"{CALCOLO}: vale finché valgono le ipotesi."
IPOTESI = {caso: f"Ipotesi {label}" for caso, (label, _) in charts_scenario.CASES.items()}
NC = "non_calcolabile"  # the column with what is shown where a value is blank


def page_header(s: Quadro, data_edizione: str = "") -> Block:
    """What stands under the title, with the tag that this is a calculation."""
    kinds = [CALCOLO, *tags(s.q.profilo, data_edizione)]
    return header(
        subtitle=f"Situazione {articled('al', s.giorno)} · {s.q.luogo}", owner=s.q.territorio.ente, tags=kinds, synthetic=s.q.dati.sintetica
    )


def caveats(s: Quadro) -> Block:
    """The box at the top: what this is, and which hypotheses are still placeholders."""
    left = listing(f"«{label}»" for label in s.ipotesi.filter(stato=SEGNAPOSTO)["etichetta"])
    said = [
        "Dice che cosa segue dalle ipotesi indicate, non che cosa accadrà: cambiando le ipotesi cambiano i risultati.",
        "La modifica della legge regionale è una proposta: fondi, costi, adesione e limiti dei servizi non sono stati pubblicati.",
        f"Ipotesi ancora segnaposto, cifre tonde che nessuna fonte dà, da sostituire nei parametri o in data/riferimento/{FILE}: {left}."
        if left
        else "Nessuna ipotesi è rimasta segnaposto: ciascuna ha nella tavola il suo stato.",
    ]
    share = s.voce("quota_imprese_pct")["centrale"]
    if share >= 50:
        said.append(
            f"La quota alle imprese (ipotesi: {valued(share, '%')}) supera o pareggia quella ai lavoratori, che la proposta dice «intervento prevalente»."
        )
    return warnings(said, title=CALCOLO)


def key_figures(s: Quadro, territori: pl.DataFrame) -> Block:
    """Cards: workers, money, who is reached and where the money ends; on the page of a provincia, its part."""
    rows = {r["caso"]: r for r in territori.filter(provincia=s.q.provincia or s.q.territorio.totale).iter_rows(named=True)}
    row, share = rows["centrale"], ", in proporzione ai sospesi" if s.q.provincia else ""

    def card(label: str, name: str, joining: str) -> tuple[str, str, str]:
        ends = [rows[caso][name] for caso in CASI]
        if row.get(name + SEGNO):
            return label, row[name + SEGNO], "cifra oscurata per riservatezza"
        if None in ends:
            return label, "n.d.", "manca la proporzione"
        span = f"da {number(ends[0])} a {number(ends[-1])} fra i casi" if ends[0] < ends[-1] else "lo stesso nei tre casi"
        return label, f"{number(row[name])} su {number(row[joining])}", f"ipotesi centrali; {span}"

    centre = _shown(s.risultati).row(by_predicate=pl.col("caso") == IPOTESI["centrale"], named=True)
    counted = "indicati nei parametri" if s.base.sospesi_indicati else f"contati dagli estratti {articled('al', s.giorno)}"
    items = [
        ("Lavoratori sospesi", told(row, "sospesi"), counted),
        ("Fondi, euro", told(row, "fondi_eur"), s.stato + share),
        card("Lavoratori raggiunti, su aderenti", "raggiunti", "aderenti"),
        card("Imprese raggiunte, su aderenti", "imprese_raggiunte", "imprese_aderenti"),
    ]
    if not s.q.provincia:
        whole = number(centre["budget_sufficiente_eur"]) or NOT_COMPUTABLE
        items += [
            ("Fine dei fondi per i lavoratori", centre["mese"], "ipotesi centrali; arrivi regolari in un anno"),
            ("Fondi per tutti i lavoratori aderenti, euro", whole, "fondi in tutto, ipotesi centrali"),
        ]
    return cards(items)


def in_brief(s: Quadro, territori: pl.DataFrame, tornado: pl.DataFrame) -> Block:
    """What a councillor asks: how many, in how many companies, until when, what if more join, what matters most."""
    said = [prose_scenario.part_of_place(s, territori)] if s.q.provincia else []
    said += [
        *prose_scenario.reached(s),
        prose_scenario.until(s),
        prose_scenario.enough(s),
        prose_scenario.short_lists(s) if s.q.interno else "",
    ]
    return text([*said, prose_scenario.matters(s, tornado) if s.money and s.base.sospesi else ""], as_list=True)


def scope(s: Quadro) -> Block:
    """On the page of a provincia, what the pieces that follow are about."""
    where = f"Le tavole e le figure che seguono riguardano {s.nome}, come i fondi e le ipotesi; la parte di {s.q.luogo} è nella tavola dei territori."
    return text([where] if s.q.provincia else [])


def hypotheses_table(s: Quadro) -> Block:
    """Every hypothesis, its three values, which end reaches more, whether it is still a placeholder."""
    rows = s.ipotesi.filter(pl.col("voce").is_in(list(FAVOREVOLE)))
    reasons = [f"{r['etichetta']}: {r['fonte']}." for r in rows.filter(stato=MOTIVATA).iter_rows(named=True)]
    rows = rows.with_columns(
        pl.format("{}, {}", "etichetta", "unita").alias("etichetta"),
        *(pl.Series(name, [plain(value) for value in rows[name]], dtype=pl.String) for name in LIVELLI),
        pl.when(pl.col("stato") == SEGNAPOSTO).then(pl.lit("ipotesi, segnaposto")).otherwise("stato").alias("stato"),
        pl.col("favorevole").replace("", "si sceglie"),
    )
    columns = [Col("etichetta", "Ipotesi"), Col("basso", "Basso"), Col("centrale", "Centrale"), Col("alto", "Alto"), Col("favorevole", "Più favorevole"), Col("stato", "Stato")]  # fmt: skip
    notes = ["Le ipotesi prudenti prendono di ogni voce l'estremo meno favorevole, le favorevoli l'altro. Fondi e quota alle imprese si scelgono: nei tre casi restano quelli centrali.", "I fondi si intendono al netto delle spese di gestione. Il motivo di ogni valore è nel file dei dati.", *reasons]  # fmt: skip
    source = f"data/riferimento/{FILE} e parametri del rapporto"
    return table(rows, columns, title="Ipotesi del calcolo", name="Tavola delle ipotesi", notes=notes, source=source, data="ipotesi")


def origin(s: Quadro) -> Block:
    """What the law had at its origin, for context."""
    rows = s.ipotesi.filter(stato=ORIGINE)
    said = "; ".join(f"{r['etichetta']}, {euro(r['centrale'])}" for r in rows.iter_rows(named=True))
    return text(
        [f"Per contesto, cifre che non entrano nel calcolo: {said}. Fonte: {listing(dict.fromkeys(rows['fonte']))}."] if said else []
    )


def _col(name: str, label: str = "") -> Col:
    heading, style, _ = COLONNE[name]
    blank = name in ("costo_medio_eur", "adesione_pareggio", "budget_sufficiente_eur", "finanziabili")
    return Col(name, label or heading, style, "", NC if blank else "")


def _shown(frame: pl.DataFrame) -> pl.DataFrame:
    """The rows with cases and months in words."""
    words = {"caso": pl.col("caso").replace_strict(IPOTESI)} if "caso" in frame.columns else {}
    if "mese_esaurimento" in frame.columns:
        months = {n: f"{word} mese" for n, word in enumerate(MESI, start=1)}
        month = pl.col("mese_esaurimento").replace_strict(months, default="non finiscono", return_dtype=pl.String)
        nobody, nothing = pl.col("aderenti") == 0, pl.col("raggiunti") == 0
        words["mese"] = pl.when(nobody).then(pl.lit(NOT_COMPUTABLE)).when(nothing).then(pl.lit("non bastano")).otherwise(month)
    return frame.with_columns(pl.lit(NOT_COMPUTABLE).alias(NC), **words)


def reach_figure(s: Quadro) -> Block:
    """Who joins and who is reached, workers and companies, in the three cases."""
    sides = {"lavoratori": ("raggiunti", "non_raggiunti"), "imprese": ("imprese_raggiunte", "imprese_non_raggiunte")}
    panels: list[Panel] = []
    for what, (reached, missed) in sides.items():
        labels = {caso: label for caso, (label, _) in charts_scenario.CASES.items()}
        rows = [{"nome": labels[r["caso"]], "raggiunti": r[reached], "altri": r[missed]} for r in s.risultati.iter_rows(named=True)]
        if any(row["raggiunti"] + row["altri"] for row in rows):
            panels.append((f"{what.capitalize()}, con ipotesi:", charts_scenario.reached_bars(rows, what)))
    if not panels:
        return text(["Nessuno aderisce, con queste ipotesi: non c'è nulla da disegnare."])
    columns = [_col(name) for name in ("caso", *sides["lavoratori"], *sides["imprese"])]
    return figure(
        panels, table(_shown(s.risultati), columns, title="Raggiunti e non raggiunti, per ipotesi", data="risultati"), title=f"Quanti sono raggiunti, {s.nome}",
        subtitle=f"Quanti degli aderenti si raggiungono con {euro(s.money)} ({s.stato}).",
        alt="Due riquadri di barre, lavoratori e imprese: con ipotesi prudenti, centrali e favorevoli, gli aderenti raggiunti e quelli non raggiunti.",
        source=s.source, note=NOTE,
    )  # fmt: skip


def workers_table(s: Quadro) -> Block:
    """The three cases for the workers, from those suspended to those reached, with the money."""
    columns = [_col(name) for name in ("caso", "destinatari", "aderenti", "raggiunti", "non_raggiunti", "gruppi")]
    columns += [_col("fondi_lavoratori_eur", "Fondi €"), _col("spesa_lavoratori_eur", "Spesa €"), _col("residuo_lavoratori_eur", "Residuo €"), _col("costo_medio_eur")]  # fmt: skip
    notes = [NOTE, "Il residuo che non paga un altro lavoratore, o un altro gruppo, resta non speso."]
    return table(_shown(s.risultati), columns, title=f"Servizi ai lavoratori, {s.nome}", name="Lavoratori", notes=notes, source=s.source, data="risultati")  # fmt: skip


def companies_table(s: Quadro) -> Block:
    """The three cases for the companies."""
    names = {"caso": "", "imprese": "", "imprese_aderenti": "Aderenti", "imprese_raggiunte": "Raggiunte", "imprese_non_raggiunte": "Non raggiunte", "fondi_imprese_eur": "Fondi €", "spesa_imprese_eur": "Spesa €", "residuo_imprese_eur": "Residuo €"}  # fmt: skip
    columns, notes = [_col(name, label) for name, label in names.items()], [NOTE, "Ciò che una parte non spende non passa all'altra."]
    return table(_shown(s.risultati), columns, title=f"Servizi alle imprese, {s.nome}", name="Imprese", notes=notes, source=s.source, data="risultati")  # fmt: skip


def limits_table(s: Quadro) -> Block:
    """Where the money for the workers ends, in each case."""
    asked = pl.Series("adesione", [case_values(s.ipotesi, caso)["adesione_lavoratori_pct"] for caso in CASI])
    columns = [_col("caso"), Col("adesione", "Adesione %, ipotesi", "decimale"), _col("adesione_pareggio"), _col("finanziabili", "Lavoratori finanziabili"), Col("mese", "I fondi finiscono"), _col("budget_sufficiente_eur", "Fondi per tutti €")]  # fmt: skip
    notes = [
        NOTE,
        "Adesione di pareggio: fino a questa i fondi bastano per tutti gli aderenti. Mese: dall'avvio, se gli aderenti arrivano in numero uguale ogni mese per un anno. "
        "Fondi per tutti: fondi in tutto, a pari quota alle imprese, con cui ogni aderente è raggiunto.",
    ]
    rows = _shown(s.risultati).with_columns(asked)
    return table(rows, columns, title=f"Dove finiscono i fondi per i lavoratori, {s.nome}", name="Dove finiscono", notes=notes, source=s.source, data="risultati")  # fmt: skip


def take_up_figure(s: Quadro, adesione: pl.DataFrame) -> Block:
    """What a higher take-up changes, all else central."""
    rows = [
        {"nome": f"{r['adesione_pct']}%", "raggiunti": r["raggiunti"], "altri": r["non_raggiunti"]} for r in adesione.iter_rows(named=True)
    ]
    columns = [Col("adesione_pct", "Adesione %, ipotesi", "intero"), *(_col(name) for name in ("aderenti", "raggiunti", "non_raggiunti")), Col("mese", "I fondi finiscono"), _col("budget_sufficiente_eur", "Fondi per tutti €")]  # fmt: skip
    limit, everybody = s.caso()["finanziabili"], s.caso()["destinatari"]
    if not everybody:
        return text(["Non ci sono destinatari: l'adesione non cambia nulla."])
    ends = "Con le altre ipotesi centrali i fondi bastano anche se aderissero tutti i destinatari."
    if limit == 0:
        ends = "Con le altre ipotesi centrali i fondi non bastano per raggiungere alcun lavoratore, qualunque sia l'adesione."
    elif limit is not None and limit < everybody:
        ends = f"Con le altre ipotesi centrali i fondi raggiungono al più {prose_scenario.workers(limit)}: gli altri che aderiscono restano fuori."
    return figure(
        [("Lavoratori, per adesione (ipotesi):", charts_scenario.reached_bars(rows, "lavoratori"))],
        table(_shown(adesione), columns, title="Raggiunti per adesione", name="Per adesione", data="adesione"),
        title=f"E se aderissero di più? {s.nome}", subtitle=ends,
        alt="Barre, una per adesione dei lavoratori: gli aderenti raggiunti e quelli non raggiunti.", source=s.source, note=f"{NOTE} Le altre ipotesi sono centrali.",
    )  # fmt: skip


def budget_figure(s: Quadro, curva: pl.DataFrame) -> Block:
    """Workers reached against the money, and where it suffices for all."""
    panels = charts_scenario.budget_lines(curva, s.money)
    if not panels:
        return text(["Con queste ipotesi nessuna somma raggiunge lavoratori: non c'è una curva da disegnare."])
    columns = [_col("caso"), _col("fondi_eur", "Fondi per tutti €"), _col("raggiunti")]
    return figure(
        panels, table(_shown(curva.filter(punto="basta")), columns, title="Dove i fondi bastano per tutti", data="curva"),
        title=f"Quanti lavoratori con quanti fondi, {s.nome}",
        subtitle="In cima a ogni linea, la somma con cui tutti gli aderenti sono raggiunti: oltre, altri fondi non servono.",
        alt="Tre linee dei lavoratori raggiunti al crescere dei fondi, con ipotesi prudenti, centrali e favorevoli; ciascuna sale fino al punto in cui i fondi bastano per tutti, poi è piatta.",
        source=s.source, note=f"{NOTE} Linea tratteggiata: {euro(s.money)} ({s.stato}). Fra un punto e l'altro la linea è indicativa, perché i gruppi sono interi.",
    )  # fmt: skip


def budgets_table(s: Quadro, curva: pl.DataFrame) -> Block:
    """What other sums would reach, in the three cases."""
    if not s.money:
        return text(["Con fondi pari a zero (ipotesi) non ci sono multipli da confrontare."])
    wide = curva.filter(punto="multiplo").pivot("caso", index="fondi_eur", values=["raggiunti", "imprese_raggiunte"], maintain_order=True)
    columns = [_col("fondi_eur", "Fondi, ipotesi €")]
    for name, group in (("raggiunti", "Lavoratori raggiunti, ipotesi"), ("imprese_raggiunte", "Imprese raggiunte, ipotesi")):
        columns += [Col(f"{name}_{caso}", label, "intero", group) for caso, (label, _) in charts_scenario.CASES.items()]
    return table(
        wide, columns, title=f"Se i fondi fossero altri, {s.nome}", name="Altri fondi", notes=[NOTE], source=s.source, data="curva"
    )


def tornado_figure(s: Quadro, tornado: pl.DataFrame) -> Block:
    """Which hypothesis moves the outcome most, one at a time."""
    outcomes, panels, named = {"raggiunti": "lavoratori raggiunti", "imprese_raggiunte": "imprese raggiunte"}, [], []
    for esito, what in outcomes.items():
        rows = []
        for r in tornado.filter(esito=esito).iter_rows(named=True):
            voce = s.voce(r["voce"])
            ends = {end: valued(r[end], voce["unita"]) for end in ("basso", "alto")}
            said = {
                f"etichetta_{end}": f"{voce['etichetta']}, ipotesi {ends[end]}: {number(r[f'con_{end}'])} {what}, contro {number(r['centrale'])}"
                for end in ends
            }
            rows.append(
                r | said | {"nome": voce["etichetta"], "senza_effetto": "nessun effetto" if r["basso"] < r["alto"] else "non varia"}
            )
            named.append({"ipotesi": voce["etichetta"], "su": what.split()[0], "da": ends["basso"], "a": ends["alto"]})
        if any(row["ampiezza"] for row in rows):
            panels.append((what.capitalize(), charts_scenario.tornado_bars(rows, what)))
    columns = [Col("ipotesi", "Ipotesi"), Col("su", "Raggiunti"), Col("da", "Basso"), Col("a", "Alto"), Col("con_basso", "Con il basso", "intero"), Col("centrale", "Centrale", "intero"), Col("con_alto", "Con l'alto", "intero")]  # fmt: skip
    block = table(tornado.with_columns(pl.DataFrame(named)), columns, title="Una ipotesi alla volta", name="Che cosa conta", notes=[NOTE], source=s.source, data="tornado")  # fmt: skip
    if not panels:
        return block
    return figure(
        panels, block, title=f"Che cosa conta di più, {s.nome}", subtitle=prose_scenario.matters(s, tornado),
        alt="Barre orizzontali, una per ipotesi, dalla più influente: quanti sono raggiunti con il suo valore basso e con quello alto, le altre ipotesi centrali.",
        source=s.source, legend=[(charts_scenario.LOW, "valore basso dell'ipotesi"), (charts_scenario.HIGH, "valore alto dell'ipotesi")],
        note=f"{NOTE} Una ipotesi alla volta, le altre centrali: gli effetti non si sommano. Linea tratteggiata: tutte centrali.",
    )  # fmt: skip


def territories_table(s: Quadro, territori: pl.DataFrame) -> Block:
    """The part of each provincia: workers, money, who is reached."""
    t = s.q.territorio
    rows = territori.filter(caso="centrale").with_columns(
        pl.col("provincia").replace_strict(t.nomi),
        *(
            territori.filter(caso=caso)[name].alias(name.replace("raggiunti", f"raggiunti_{caso}"))
            for caso in CASI
            for name in ("raggiunti", "raggiunti" + SEGNO)
            if name in territori.columns
        ),
    )
    columns = [Col("provincia", t.intestazione), _col("sospesi"), Col("quota", "Quota %", "quota"), _col("fondi_eur", "Fondi, ipotesi €")]
    columns += [Col(f"raggiunti_{caso}", label, "intero", "Lavoratori raggiunti, ipotesi") for caso, (label, _) in charts_scenario.CASES.items()]  # fmt: skip
    columns += [_col("imprese"), _col("imprese_raggiunte", "Imprese raggiunte, ipotesi centrali")]
    notes = [
        NOTE,
        "Lavoratori e fondi sono divisi in proporzione ai sospesi, le imprese alle imprese, in parti intere che sommano al totale (metodo di Sainte-Laguë): è una proporzione, non un riparto deciso.",
        "Un'impresa è contata una volta, nel territorio dove ha più lavoratori coinvolti: gli altri dove ha sedi non la contano.",
    ]
    if rows["sospesi"].null_count() and s.q.interno:
        notes.append("Celle vuote: dagli estratti non risultano sospesi, e manca la proporzione.")
    return table(rows, columns, title="Quanto toccherebbe a ciascun territorio", name="Per territorio", totals=1, notes=notes, source=s.source, data="territori")  # fmt: skip


def shown_territories(s: Quadro, territori: pl.DataFrame) -> pl.DataFrame:
    """The rows of the territories that the page tells: all, or those of its provincia, and the region."""
    t = s.q.territorio
    return territori.filter(pl.col("provincia").is_in([*([s.q.provincia] if s.q.provincia else t.sigle), t.totale]))


def quality(s: Quadro) -> Block:
    """How workers and companies were counted, and the findings on the extracts."""
    if not s.q.interno:
        return reserved("Come sono contati, unità per unità, e i rilievi sugli estratti")
    said = [*prose_scenario.counted(s), *s.q.dati.rilievi]
    return warnings(said, title="Come sono contati, e rilievi sui dati") if said else text(["Nessun rilievo sui dati."])
