"""The pieces of the report on PAL activation: cards, tables and figures, from frames of indicators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import polars as pl

from analisi.disclosure.segni import OSCURATO, SEGNO
from analisi.errors import AnalisiError, listing, suggest
from analisi.indicators.attivazione_pal import BASI
from analisi.indicators.monitoraggio import Monitoraggio
from analisi.indicators.periodi import last_day, previous, year_before
from analisi.presentation import charts_pal
from analisi.presentation.blocks import Block, Col, cards, figure, header, reserved, table, tags, text, warnings
from analisi.presentation.formats import UNKNOWN, number, told
from analisi.tables.catalogo import CAUSALI, LINEE_GUIDA
from analisi.vocabulary import INTERNO

PASSI = {"STEP1": "STEP 1", "STEP2": "STEP 2", "STEP3": "STEP 3", "STEP4": "STEP 4", "NO_PAL": "NO PAL", "NESSUNO": "nessun passo"}
FASI = {"informazione": "informazione", "presa_in_carico": "presa in carico", "attivazione": "attivazione", "monitoraggio": "monitoraggio"}
INTERVALLO = "L'intervallo al 95% considera le procedure, non i singoli lavoratori, che arrivano a blocchi di azienda."
NO_ROWS = "Nessuna riga nei fogli accettati del trimestre."
UNKNOWN_STEPS = "Non calcolabile: mancano l'elenco dei lavoratori o le righe per lavoratore dei fogli del trimestre."
NO_CASES = "nessuna procedura attesa"
CONTI_COPERTURA = ("unita_attese", "unita_ricevute", "lavoratori_attesi", "lavoratori_ricevuti", "quota")
NO_COUNTS = "Quante unità e quanti lavoratori sono attesi, e quanti sono arrivati: solo nel profilo interno."
CONTI_UNITA = ("procedure", "unita", "motivo")
FEW = "Gli intervalli si mostrano, arrotondati, dove le procedure sono almeno cinque."
NO_COMPARISON = "Non ci sono abbastanza territori di cui mostrare l'intervallo per un confronto."
POCHE = 15  # procedures under which the interval is only indicative


@dataclass(frozen=True)
class Quadro:
    """What every piece of the report needs: the monitoring, the quarter, one provincia or all (""), the days of maturity."""

    dati: Monitoraggio
    trimestre: str
    provincia: str
    maturita_giorni: int
    profilo: str = INTERNO

    @property
    def fine(self) -> date:
        return last_day(self.trimestre)

    @property
    def precedente(self) -> str:
        """The quarter before."""
        return previous(self.trimestre)

    @property
    def interno(self) -> bool:
        return self.profilo == INTERNO

    @property
    def luogo(self) -> str:
        t = self.dati.territorio
        return t.nomi[self.provincia] if self.provincia else t.nome

    @property
    def source(self) -> str:
        return f"Fogli trimestrali dei Nuclei e registro delle procedure, {words_of(self.trimestre)}"

    def mine(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of the provincia of the report; all of them when it is for the region."""
        return frame.filter(pl.col("provincia") == self.provincia) if self.provincia else frame

    def shown(self, frame: pl.DataFrame) -> pl.DataFrame:
        """The rows of the quarter, in the order of the territory: every provincia, or the one asked, and the region last."""
        t = self.dati.territorio
        order = [*([self.provincia] if self.provincia else t.sigle), t.totale]
        rows = frame.filter((pl.col("trimestre") == self.trimestre) & pl.col("provincia").is_in(order))
        return rows.sort(pl.col("provincia").replace_strict(order, range(len(order)), return_dtype=pl.Int64))


def words_of(trimestre: str) -> str:
    """A trimestre in words.

    >>> words_of("2005-T3")
    'terzo trimestre 2005'
    """
    return f"{('primo', 'secondo', 'terzo', 'quarto')[int(trimestre[-1]) - 1]} trimestre {trimestre[:4]}"


def quadro(dati: Monitoraggio, trimestre: str = "", provincia: str = "", maturita_giorni: int = 90, profilo: str = INTERNO) -> Quadro:
    """The context of a report. Raises: AnalisiError when the quarter or the provincia is not there."""
    t = dati.territorio
    sigla = t.find(provincia) if provincia else ""
    if sigla is None:
        msg = f"provincia «{provincia}»: non è del territorio {t.nome}; {suggest(provincia, [p.nome for p in t.province])}"
        raise AnalisiError(msg)
    return Quadro(dati, dati.require(trimestre), sigla, maturita_giorni, profilo)


def page_header(q: Quadro, data_edizione: str = "") -> Block:
    """The page's second line: quarter and territory; the profile, and the edition's date if one is given."""
    subtitle = f"{words_of(q.trimestre).capitalize()} · {q.luogo}"
    return header(subtitle=subtitle, owner=q.dati.territorio.ente, tags=tags(q.profilo, data_edizione), synthetic=q.dati.sintetica)


def _pct(value: float | None) -> str:
    return f"{number(100 * value, 'pct')}" if value is not None else UNKNOWN


def _rate(row: dict, name: str = "tasso") -> str:
    """A share of 0-1 as a percentage, or the sign of what is hidden."""
    return _pct(row[name]) if row[name] is not None else row.get(name + SEGNO) or UNKNOWN


def _one(tassi: pl.DataFrame, q: Quadro, base: str = "tutti") -> dict:
    """The row of the rates that the report is about."""
    rows = tassi.filter(trimestre=q.trimestre, provincia=q.provincia or q.dati.territorio.totale, base=base)
    return rows.row(0, named=True) if rows.height else dict.fromkeys(tassi.columns)


def key_figures(tassi: pl.DataFrame, q: Quadro) -> Block:
    """Cards: suspended workers, activated, the rate on each declared base, the coverage."""
    whole, net, mature = (_one(tassi, q, base) for base in BASI)
    seen = q.mine(q.dati.copertura.filter(trimestre=q.trimestre))
    due, got = seen["lavoratori_attesi"].sum(), seen["lavoratori_ricevuti"].sum()
    coverage = ("Copertura", _pct(got / due if due else None), f"{number(got)} lavoratori su {number(due)} attesi")
    aged = f"sospesi da almeno {q.maturita_giorni} giorni: base {told(mature, 'lavoratori')}"
    items = [
        ("Lavoratori sospesi", told(whole, "lavoratori"), "nei fogli accettati"),
        ("PAL attivate (STEP 4)", told(whole, "attivati"), f"su tutti i sospesi: {_rate(whole)}"),
        ("Tasso netto", _rate(net), f"tolti gli esonerati: base {told(net, 'lavoratori')}"),
        *([("Tasso a maturità", _rate(mature), aged)] if q.interno or not q.provincia else []),
        coverage if q.interno else ("Fogli ricevuti", *_sheets(seen, q)),
    ]
    return cards(items)


def _sheets(copertura: pl.DataFrame, q: Quadro) -> tuple[str, str]:
    """How many sheets came of those due, and what is missing: a fact of the offices, without counts of cases."""
    due = copertura.filter(pl.col("stato") != NO_CASES)
    came = due.filter(pl.col("stato") != "mancante")
    if q.provincia:
        return ("sì" if came.height else "no" if due.height else UNKNOWN), copertura["stato"].first() or UNKNOWN
    return f"{came.height} su {due.height}", f"{q.dati.territorio.plurale} con procedure attese"


def in_brief(
    tassi: pl.DataFrame, variazioni: pl.DataFrame, imbuto: pl.DataFrame, attese: pl.DataFrame, posizioni: pl.DataFrame, q: Quadro
) -> Block:
    """What a director should know, in guarded sentences."""
    row, t = _one(tassi, q), q.dati.territorio
    if row["lavoratori"] is None and row.get("lavoratori" + SEGNO):
        return text([f"{q.luogo}, {words_of(q.trimestre)}: le cifre del trimestre sono oscurate, perché poggiano su poche unità produttive o imprese o ne farebbero ricavare altre."])  # fmt: skip
    if row["lavoratori"] is None:
        state = q.mine(q.dati.copertura.filter(trimestre=q.trimestre))["stato"]
        why = (
            "nessuna procedura attesa dal registro"
            if set(state) == {NO_CASES}
            else "nessun foglio accettato: i lavoratori attesi non sono contati come zero"
        )
        return text([f"{q.luogo}, {words_of(q.trimestre)}: {why}."])
    said = [
        f"{q.luogo}: alla fine del {words_of(q.trimestre)} le PAL sono attivate per **{told(row, 'attivati')}** lavoratori su "
        f"**{number(row['lavoratori'])}** sospesi: **{_rate(row)}**{_interval(row)}."
    ]
    said += [_change(variazioni, q)]
    if not q.provincia and imbuto.height:
        out = [t.nomi[sigla] for sigla in imbuto.filter("fuori")["provincia"]]
        said.append(
            f"Fuori dai limiti che il caso spiega: {listing(out)}." if out
            else f"Le differenze fra {_those(q)} stanno nei limiti che il caso può spiegare: nessuna si distingue."
        )  # fmt: skip
    said += [_wait(attese, q)]
    waiting = q.mine(posizioni).filter(pl.col("fase").is_in(["informazione", "presa_in_carico"]))
    if waiting.height and q.interno:
        said.append(
            f"Gruppi con lavoratori ancora da prendere in carico: **{waiting.height}**, per {number(waiting['in_attesa'].sum())} lavoratori."
        )
    missing = q.mine(q.dati.copertura.filter(trimestre=q.trimestre, stato="mancante"))
    if missing.height:
        names = listing(t.nomi[sigla] for sigla in missing["provincia"])
        lost = f"{number(missing['lavoratori_attesi'].sum())} lavoratori attesi" if q.interno else "i loro lavoratori"
        said.append(f"Mancano i fogli di {names}: {lost} non sono nei tassi, e non sono contati come zero.")
    return text(said, as_list=True)


def _those(q: Quadro) -> str:
    """The provinces that a comparison is about: not all of them, where the figures of some are hidden."""
    return q.dati.territorio.plurale if q.interno else f"{q.dati.territorio.plurale} di cui si mostra l'intervallo"


def _wait(attese: pl.DataFrame, q: Quadro) -> str:
    """How long the last step takes; nothing where it is not known, or hidden."""
    last = attese.filter(passo="STEP4") if attese.height else attese
    if last.is_empty():
        return ""
    row = last.row(0, named=True)
    if row["mediana"] is None and row.get("mediana" + SEGNO):
        return ""
    reached = (
        f"la metà dei lavoratori arriva all'attivazione entro {row['mediana']} giorni dall'inizio della sospensione"
        if row["mediana"] is not None
        else "meno di metà dei lavoratori è arrivata all'attivazione"
    )
    still = f"; in attesa: {told(row, 'in_attesa')}" if q.interno or not q.provincia else ""
    return f"Quanto ai tempi, {reached}{still}."


def _interval(row: dict) -> str:
    if row["inf95"] is None and row.get("inf95" + SEGNO):
        return ""
    if row["inf95"] is None:
        return f" ({row['motivo']})" if row["motivo"] else ""
    few = "; indicativo, le procedure sono poche" if row["procedure"] < POCHE else ""
    return f" (intervallo al 95%: {_pct(row['inf95'])}-{_pct(row['sup95'])}{few})"


def _change(variazioni: pl.DataFrame, q: Quadro) -> str:
    mine = {"trimestre": q.trimestre, "confronto": q.precedente, "provincia": q.provincia or q.dati.territorio.totale}
    rows = variazioni.filter(**mine).drop_nulls("differenza_pp")
    if rows.is_empty():
        return ""
    row = rows.row(0, named=True)
    points = f"{number(row['differenza_pp'], 'decimale_segno')} punti sul {words_of(row['confronto'])}"
    if row["distinguibile"] is None and row.get("inf95_pp" + SEGNO):
        return f"La variazione è di {points}."
    if row["distinguibile"] is None:
        return f"La variazione è di {points}; le procedure in comune sono troppo poche per dire se il caso basti a spiegarla."
    return (
        f"La variazione è di {points}, {'più di quanto il caso spiega' if row['distinguibile'] else 'entro ciò che il caso può spiegare'}."
    )


def coverage_table(copertura: pl.DataFrame, q: Quadro) -> Block:
    """Who sent, who did not, who corrected, and which share of the expected workers came; outside only whether the sheet came."""
    rows = copertura.filter(trimestre=q.trimestre).with_columns(
        pl.col("provincia").replace_strict(q.dati.territorio.nomi), pl.col("quota") * 100, pl.col("data_invio").dt.to_string("%d/%m/%Y")
    )
    columns = [Col("provincia", q.dati.territorio.intestazione), Col("stato", "Stato"), Col("unita_attese", "Unità attese", "intero"), Col("unita_ricevute", "Unità ricevute", "intero"), Col("lavoratori_attesi", "Lavoratori attesi", "intero"), Col("lavoratori_ricevuti", "Lavoratori ricevuti", "intero"), Col("quota", "Copertura %", "decimale"), Col("data_invio", "Inviato il"), Col("giorni_invio", "Giorni dalla fine del trimestre", "intero")]  # fmt: skip
    notes = ["Attese: le unità in CIGS ministeriale aperte nell'anno, entro la fine del trimestre. Un foglio mancante resta mancante: non è zero.", "Il termine per l'invio non è pubblico: i giorni sono indicati senza giudizio."]  # fmt: skip
    if not q.interno:
        columns = [column for column in columns if column.name not in CONTI_COPERTURA]
        rows, notes = rows.select(column.name for column in columns), [NO_COUNTS, *notes]
    return table(
        rows,
        columns,
        title=f"Fogli ricevuti, {words_of(q.trimestre)}",
        name="Fogli ricevuti",
        notes=notes,
        source=q.source,
        data="copertura",
    )


def steps_figure(passi: pl.DataFrame, tassi: pl.DataFrame, q: Quadro) -> Block:
    """Where the workers stand: five shares, one bar per provincia and the region."""
    rows, t = q.shown(passi), q.dati.territorio
    wide = rows.with_columns(pl.col("quota") * 100).pivot("passo", index="provincia", values="quota", maintain_order=True)
    if "quota" + SEGNO in rows.columns:
        signs = rows.with_columns(pl.col("passo") + SEGNO).pivot("passo", index="provincia", values="quota" + SEGNO, maintain_order=True)
        wide = wide.join(signs, on="provincia", how="left", maintain_order="left")
    totals = q.shown(tassi.filter(base="tutti")).select("provincia", pl.col("^lavoratori(_segno)?$").name.replace("lavoratori", "sospesi"))
    wide = wide.join(totals, on="provincia", how="left", maintain_order="left")
    named = wide.with_columns(pl.col("provincia").replace_strict(t.nomi))
    columns = [Col("provincia", t.intestazione), Col("sospesi", "Sospesi", "intero"), *(Col(code, f"{label} %", "decimale") for code, label in PASSI.items() if code in wide.columns)]  # fmt: skip
    block = table(named, columns, title="Lavoratori per passo raggiunto, quote %", name="Quote per passo", data="passi")
    return figure(
        charts_pal.step_bars(rows, t, solo=bool(q.provincia)), block, title=f"Lavoratori coinvolti nei passi di attivazione delle PAL, {words_of(q.trimestre)}",
        subtitle="Ogni lavoratore è nell'ultimo passo raggiunto: le quote di una barra sommano a 100.",
        alt="Barre orizzontali impilate, una per territorio, con le quote dei lavoratori fermi a ciascun passo, degli esonerati e di chi non ha ancora un passo.",
        source=q.source, note=f"Nessun passo: lavoratori sospesi non ancora presi in carico.{_hidden_part(rows)}",
    )  # fmt: skip


def _hidden_part(rows: pl.DataFrame) -> str:
    """What a bar with hidden steps is; nothing where there is none."""
    hidden = "quota" + SEGNO in rows.columns and rows["quota" + SEGNO].count() > 0
    return f" {OSCURATO}: passi oscurati, insieme; senza barra, tutte le cifre del territorio sono oscurate." if hidden else ""


def cascade_figure(passi: pl.DataFrame, q: Quadro) -> Block:
    """The cascade of the suspended towards activation, with its denominators."""
    rows = q.shown(passi)
    rows = rows.filter(pl.col("provincia") == (q.provincia or q.dati.territorio.totale))
    if rows.is_empty():
        return text([NO_ROWS])
    if "lavoratori" + SEGNO in rows.columns and rows["lavoratori" + SEGNO].count():
        return text(
            [f"Quanti lavoratori hanno almeno raggiunto ciascun passo, {q.luogo}: cifre in parte oscurate, la figura non si disegna."]
        )
    named = rows.with_columns(pl.col("passo").replace_strict(PASSI), pl.col("quota") * 100)
    block = table(
        named,
        [Col("passo", "Passo"), Col("lavoratori", "Lavoratori", "intero"), Col("quota", "Quota %", "decimale")],
        title="Lavoratori per passo",
        data="passi",
    )
    return figure(
        charts_pal.cascade(rows, q.dati.territorio), block, title=f"Dalla sospensione all'attivazione, {q.luogo}",
        subtitle="Quanti lavoratori hanno almeno raggiunto ciascun passo, su tutti i sospesi.",
        alt="Barre decrescenti: sospesi, almeno STEP 1, almeno STEP 2, almeno STEP 3, STEP 4; a parte gli esonerati.", source=q.source,
        note="Gli esonerati (NO PAL) non entrano nelle barre dei passi. La tabella dei dati riporta il passo attuale, non cumulato.",
    )  # fmt: skip


def rates_table(tassi: pl.DataFrame, q: Quadro) -> Block:
    """The rate of each provincia on all the suspended, with its interval or the reason why there is none."""
    rows = _percent(q.shown(tassi.filter(base="tutti")), q)
    columns = [Col("provincia", q.dati.territorio.intestazione), Col("lavoratori", "Sospesi", "intero"), Col("attivati", "PAL attivate", "intero"), Col("tasso", "Tasso %", "decimale"), Col("inf95", "da %", "decimale", "Intervallo al 95%"), Col("sup95", "a %", "decimale", "Intervallo al 95%"), Col("procedure", "Procedure", "intero"), Col("unita", "Unità", "intero"), Col("motivo", "Nota")]  # fmt: skip
    notes = [
        INTERVALLO,
        f"Con meno di {POCHE} procedure l'intervallo è indicativo.",
        "Base: tutti i lavoratori sospesi dei fogli accettati.",
    ]
    if not q.interno:
        columns, notes = [column for column in columns if column.name not in CONTI_UNITA], [INTERVALLO, FEW, notes[-1]]
    return table(
        rows,
        columns,
        title=f"Tasso di attivazione, {words_of(q.trimestre)}",
        name="Tassi per territorio",
        totals=1,
        notes=notes,
        source=q.source,
        data="tassi",
    )


def _percent(frame: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    shares = [
        name
        for name in ("tasso", "inf95", "sup95", "quota", "quota_raggiunto", "quota_attuale", "tasso_confronto")
        if name in frame.columns
    ]
    frame = frame.with_columns(pl.col(shares) * 100)
    return frame.with_columns(pl.col("provincia").replace_strict(q.dati.territorio.nomi)) if "provincia" in frame.columns else frame


def bases_table(tassi: pl.DataFrame, q: Quadro) -> Block:
    """The same rate on its three declared bases, for the territory of the report."""
    rows = tassi.filter(trimestre=q.trimestre, provincia=q.provincia or q.dati.territorio.totale)
    if rows.is_empty():
        return text([NO_ROWS])
    rows = _percent(rows.sort(pl.col("base").replace_strict(list(BASI), range(len(BASI)), return_dtype=pl.Int64)), q).with_columns(
        pl.col("base").replace_strict(BASI).str.replace("un numero minimo di", f"almeno {q.maturita_giorni}")
    )
    columns = [Col("base", "Base"), Col("lavoratori", "Lavoratori", "intero"), Col("attivati", "PAL attivate", "intero"), Col("tasso", "Tasso %", "decimale"), Col("inf95", "da %", "decimale", "Intervallo al 95%"), Col("sup95", "a %", "decimale", "Intervallo al 95%")]  # fmt: skip
    return table(
        rows,
        columns,
        title=f"Il tasso secondo la base, {q.luogo}",
        notes=[
            "Un tasso senza la sua base non vuol dire nulla.",
            *([] if q.interno or not q.provincia else ["La base «a maturità» è nella pagina della regione."]),
        ],
        source=q.source,
        data="tassi",
    )


def _named(code: str, kind: str) -> str:
    """A value of a breakdown in words."""
    if kind == "settore":
        return f"ATECO {code}" if code.isdigit() else code
    labels = {"tipo": LINEE_GUIDA, "causale": CAUSALI}.get(kind, {})
    return f"{code}, {labels[code]}" if kind == "tipo" and code in labels else labels.get(code, code)


def breakdown_table(parti: pl.DataFrame, q: Quadro) -> Block:
    """The rate by type of procedure, causale, sector and size."""
    if parti.is_empty():
        return text([NO_ROWS]) if q.interno or not q.provincia else _only_region("Il tasso per causale, settore e dimensione")
    words = [_named(code, kind) for code, kind in parti.select("voce", "dimensione_analisi").iter_rows()]
    parti = parti.with_columns(pl.Series("voce", words, dtype=pl.String))
    columns = [Col("voce", "Voce"), Col("dimensione_analisi", "Per"), Col("lavoratori", "Sospesi", "intero"), Col("attivati", "PAL attivate", "intero"), Col("tasso", "Tasso %", "decimale"), Col("inf95", "da %", "decimale", "Intervallo al 95%"), Col("sup95", "a %", "decimale", "Intervallo al 95%"), Col("procedure", "Procedure", "intero")]  # fmt: skip
    notes = [INTERVALLO, "Settore: prime due cifre ATECO. Cella vuota: una sola procedura."]
    if not q.interno:
        columns, notes = (
            [column for column in columns if column.name not in CONTI_UNITA],
            [INTERVALLO, FEW, "Settore: prime due cifre ATECO."],
        )
    return table(_percent(parti, q), columns, title=f"Tasso di attivazione per causale, settore e dimensione, {q.luogo}", name="Dettaglio", notes=notes, source=q.source, data="tassi_voce")  # fmt: skip


def changes_table(confronti: pl.DataFrame, q: Quadro) -> Block:
    """The rate against the previous quarter and the same quarter of the year before."""
    rows = pl.concat(q.shown(confronti.filter(confronto=when)) for when in (q.precedente, year_before(q.trimestre)))
    hidden = rows["tasso_confronto" + SEGNO].count() if "tasso_confronto" + SEGNO in rows.columns else 0
    if rows.drop_nulls("tasso_confronto").is_empty() and not hidden:
        return text([f"Per il {words_of(q.trimestre)} non ci sono fogli dei trimestri con cui fare il confronto."])
    verdict = pl.when("distinguibile").then(pl.lit("sì")).when(~pl.col("distinguibile")).then(pl.lit("no"))
    verdict = verdict if not q.interno else verdict.otherwise(pl.lit("non si può dire"))
    rows = _percent(rows, q).with_columns(
        verdict.alias("verdetto"),
        pl.col("^distinguibile_segno$").name.replace("distinguibile", "verdetto"),
        pl.col("confronto").str.replace(r"(\d+)-(T\d)", "$2 $1"),
    )
    columns = [Col("provincia", q.dati.territorio.intestazione), Col("confronto", "Confronto"), Col("tasso_confronto", "Tasso allora %", "decimale"), Col("tasso", "Tasso ora %", "decimale"), Col("differenza_pp", "Differenza (punti)", "decimale_segno"), Col("inf95_pp", "da", "decimale_segno", "Intervallo al 95%"), Col("sup95_pp", "a", "decimale_segno", "Intervallo al 95%"), Col("verdetto", "Oltre il caso")]  # fmt: skip
    notes = ["Le procedure presenti in entrambi i trimestri sono confrontate a coppie.", "La base cresce con le nuove procedure: un tasso può scendere senza che nessuno torni indietro."]  # fmt: skip
    return table(rows, columns, title="Che cosa è cambiato", name="Variazioni", notes=notes, source=q.source, data="variazioni_tassi")


def quarters_figure(tassi: pl.DataFrame, q: Quadro) -> Block:
    """The rate quarter by quarter."""
    rows = tassi.filter(base="tutti")
    panels = charts_pal.quarter_lines(rows, q.dati.territorio)
    named = _percent(rows.filter(pl.col("provincia") == (q.provincia or q.dati.territorio.totale)).sort("trimestre"), q)
    block = table(named, [Col("trimestre", "Trimestre"), Col("tasso", "Tasso %", "decimale"), Col("inf95", "da %", "decimale"), Col("sup95", "a %", "decimale"), Col("lavoratori", "Sospesi", "intero")], title="Tasso per trimestre", data="tassi")  # fmt: skip
    if not panels:
        return block
    return figure(panels, block, title="Il tasso trimestre per trimestre", subtitle="Tutti i lavoratori sospesi a fine trimestre.", alt="Linee del tasso di attivazione per trimestre: la regione con il suo intervallo, e i territori.", source=q.source, note=INTERVALLO)  # fmt: skip


def funnel_figure(imbuto: pl.DataFrame, q: Quadro) -> Block:
    """Provinces against the limits of what chance gives at their size."""
    t = q.dati.territorio
    panels = charts_pal.funnel_plot(imbuto, t, imbuto["atteso"][0] if imbuto.height else None)
    if not panels:
        return text(["Con un solo territorio non c'è un confronto da fare." if q.interno else NO_COMPARISON])
    rows = _percent(imbuto, q).with_columns(
        pl.col("inf998", "sup998") * 100, pl.when("fuori").then(pl.lit("sì")).otherwise(pl.lit("no")).alias("fuori")
    )
    columns = [Col("provincia", t.intestazione), Col("tasso", "Tasso %", "decimale"), Col("equivalenti", "Dimensione effettiva", "decimale"), Col("inf998", "da %", "decimale", "Limiti al 99,8%"), Col("sup998", "a %", "decimale", "Limiti al 99,8%"), Col("fuori", "Fuori dai limiti")]  # fmt: skip
    out = listing(t.nomi[sigla] for sigla in imbuto.filter("fuori")["provincia"])
    what = f"Fuori dai limiti: **{out}**." if out else f"Nessuna differenza fra {_those(q)} supera ciò che il caso può dare."
    return figure(panels, table(rows, columns, title=f"{t.plurale.capitalize()} e limiti", data="limiti"), title="Differenze fra territori, e caso", subtitle=what, alt=f"Grafico a imbuto dei tassi per dimensione effettiva, con i limiti al 95% e al 99,8%. {what.replace('**', '')}", source=q.source, note="I limiti tengono conto della sovradispersione. Un territorio con poche procedure può stare lontano dalla media per caso.")  # fmt: skip


def map_figure(tassi: pl.DataFrame, q: Quadro) -> Block:
    """The rate on the map of tiles."""
    rows = q.shown(tassi.filter(base="tutti"))
    panels = charts_pal.rate_tiles(rows, q.dati.territorio)
    named = _percent(rows, q)
    block = table(
        named, [Col("provincia", q.dati.territorio.intestazione), Col("tasso", "Tasso %", "decimale")], title="Tassi", data="tassi"
    )
    if not panels or q.provincia:
        return text([])
    return figure(panels, block, title=f"Il tasso di attivazione per {q.dati.territorio.singolare}", subtitle=f"Senza foglio, o senza procedure attese: «n.d.», mai zero.{'' if q.interno else f' «{OSCURATO}»: tasso oscurato.'}", alt="Mappa a tessere dei tassi di attivazione.", source=q.source, legend=charts_pal.RATE_LEGEND)  # fmt: skip


def waiting_figure(curva: pl.DataFrame, attese: pl.DataFrame, q: Quadro) -> Block:
    """How long from the start of the suspension to each step, those still waiting included; a sentence where nothing is known."""
    if attese.is_empty():
        return text([UNKNOWN_STEPS])
    named = attese.with_columns(pl.col("passo").replace_strict(PASSI))
    columns = [Col("passo", "Passo"), Col("lavoratori", "Lavoratori", "intero"), Col("raggiunti", "Raggiunto da", "intero"), Col("in_attesa", "In attesa", "intero"), Col("usciti", "Esonerati", "intero"), Col("mediana", "Giorni, metà", "intero"), Col("p90", "Giorni, 90%", "intero")]  # fmt: skip
    notes = ["Cella vuota: la curva non vi è ancora arrivata."]
    if not q.interno:
        return _waits_shown(named, columns, notes, q)
    block = table(named, columns, title="Giorni dall'inizio della sospensione", name="Attese", notes=notes, data="tempi")
    return figure(charts_pal.waiting_curves(curva), block, title=f"Quanto si aspetta, {q.luogo}", subtitle="Quota dei lavoratori che ha raggiunto il passo, per giorni dall'inizio della sospensione.", alt="Curve crescenti della quota che ha raggiunto ciascun passo, con l'intervallo al 95%.", source=q.source, note="Stima di Kaplan e Meier: chi aspetta ancora è contato per il tempo trascorso. I fogli riportano solo l'ultimo passo: per i passi 1-3 i giorni sono al più quelli indicati.")  # fmt: skip


def _waits_shown(named: pl.DataFrame, columns: list[Col], notes: list[str], q: Quadro) -> Block:
    """The days of who may be shown; of a provincia only those of half, without counts."""
    if q.provincia and named["mediana"].count() == 0:
        return text([f"{q.luogo}: i giorni di attesa sono oscurati, perché riguardano poche imprese, o una prevale."])
    notes = [*notes, "Giorni mostrati dove le imprese sono almeno cinque e nessuna ha più di metà dei lavoratori. Stima di Kaplan e Meier; la curva è solo nel profilo interno."]  # fmt: skip
    shown = [column for column in columns if not q.provincia or column.name in ("passo", "mediana")]
    rows = named.select(pl.col("^(" + "|".join(column.name for column in shown) + ")(_segno)?$"))
    return table(rows, shown, title=f"Giorni dall'inizio della sospensione, {q.luogo}", name="Attese", notes=notes, source=q.source, data="tempi")  # fmt: skip


def deadlines_sentence(scadenze: pl.DataFrame, q: Quadro) -> Block:
    """The verdict against the deadlines, or why there is none."""
    if scadenze.is_empty():
        return text(["Le scadenze fra i passi non sono pubbliche: nessun giudizio. Si scrivono in data/riferimento/scadenze_pal.csv."])
    if not q.interno:
        return reserved("Quanti lavoratori sono oltre le scadenze")
    said = [f"{PASSI[r['passo']]}: in tempo {number(r['in_tempo'])}, oltre {number(r['oltre'])}, in attesa oltre il termine {number(r['in_attesa_oltre'])}." for r in scadenze.iter_rows(named=True)]  # fmt: skip
    return text(said, as_list=True)


def _only_region(what: str) -> Block:
    """In place of a piece that, by provincia, would rest on too few cases."""
    return text([f"{what}: nella pagina della regione; per territorio poggerebbero su pochi casi."])


def reasons_table(motivi: pl.DataFrame, q: Quadro) -> Block:
    """Why workers are exempt."""
    if not q.interno and q.provincia:
        return _only_region("I motivi di esonero")
    some = pl.col("lavoratori").ne(0).fill_null(True)
    rows = _percent(motivi.filter(some).sort("lavoratori", descending=True, nulls_last=True), q)
    if rows.is_empty():
        return text(["Nessun esonerato (NO PAL) nei fogli accettati del trimestre."])
    columns = [Col("motivo", "Motivo"), Col("lavoratori", "Lavoratori", "intero"), Col("quota", "Quota %", "decimale")]
    return table(
        rows,
        columns,
        title=f"Perché esonerati (NO PAL), {q.luogo}",
        name="Esoneri",
        notes=["L'elenco dei motivi è nostro."],
        source=q.source,
        data="motivi_esonero",
    )


def ever_table(raggiunti: pl.DataFrame, q: Quadro) -> Block:
    """Who ever reached each step, beside who stands in it now; a sentence where nothing is known."""
    if not q.interno:
        return reserved("Quanti lavoratori hanno mai raggiunto ciascun passo")
    if raggiunti.is_empty():
        return text([UNKNOWN_STEPS])
    rows = _percent(raggiunti.sort(pl.col("passo").replace_strict(list(PASSI), range(len(PASSI)), return_dtype=pl.Int64)), q).with_columns(
        pl.col("passo").replace_strict(PASSI)
    )
    columns = [Col("passo", "Passo"), Col("raggiunto", "Lo ha raggiunto", "intero"), Col("quota_raggiunto", "Quota %", "decimale", "Raggiunto"), Col("attuale", "Vi è ora", "intero"), Col("quota_attuale", "Quota % ", "decimale", "Ora")]  # fmt: skip
    return table(rows, columns, title=f"Passi raggiunti e passi attuali, {q.luogo}", notes=[f"Chi ha raggiunto un passo ha raggiunto i precedenti. Base: {number(raggiunti['lavoratori'][0])} lavoratori dei territori che hanno inviato le righe per lavoratore."], source=q.source, data="passi_raggiunti")  # fmt: skip


def flow_figure(fasi: pl.DataFrame, q: Quadro) -> Block:
    """Where the groups of workers stand in the standard flow, and how many are left out because their suspension ended."""
    t = q.dati.territorio
    if not q.interno:
        return _phases_shown(fasi, q)
    if fasi.is_empty():
        return text([])
    sheets = q.mine(q.dati.stock.filter(trimestre=q.trimestre))
    ended, people = sheets.height - fasi["gruppi"].sum(), sheets["lavoratori"].sum() - fasi["lavoratori"].sum()
    left = f" Fuori dal flusso: {ended} gruppi ({number(people)} lavoratori) con la sospensione conclusa." if ended else ""
    named = fasi.with_columns(pl.col("provincia").replace_strict(t.nomi), pl.col("fase").replace_strict(FASI))
    columns = [Col("provincia", t.intestazione), Col("fase", "Fase"), Col("gruppi", "Gruppi", "intero"), Col("lavoratori", "Lavoratori", "intero"), Col("attesa_mediana", "Giorni di attesa (mediana)", "intero")]  # fmt: skip
    return figure(charts_pal.phase_bars(fasi, t), table(named, columns, title="Gruppi per fase", name="Fasi", data="gruppi_fase"), title="A che punto sono i gruppi di lavoratori", subtitle="Un gruppo è una procedura in una unità produttiva; decide chi è più indietro.", alt="Barre impilate dei lavoratori per fase del flusso, una per territorio.", source=q.source, note=f"Il legame fra passi e fasi è nostro: da confermare con le linee guida.{left}")  # fmt: skip


def _phases_shown(fasi: pl.DataFrame, q: Quadro) -> Block:
    """Groups and workers of the region by phase, with those whose suspension ended."""
    if q.provincia:
        return _only_region("Gruppi e lavoratori per fase del flusso")
    named = fasi.with_columns(pl.col("fase").replace_strict(FASI | {"concluse": "fuori dal flusso: sospensione conclusa"}))
    columns = [Col("fase", "Fase"), Col("gruppi", "Gruppi", "intero"), Col("lavoratori", "Lavoratori", "intero"), Col("attesa_mediana", "Giorni di attesa (mediana)", "intero")]  # fmt: skip
    notes = ["Un gruppo è una procedura in una unità produttiva; decide chi è più indietro.", "Il legame fra passi e fasi è nostro: da confermare con le linee guida."]  # fmt: skip
    return table(
        named,
        columns,
        title=f"A che punto sono i gruppi di lavoratori, {q.luogo}",
        name="Fasi",
        notes=notes,
        source=q.source,
        data="gruppi_fase",
    )


def work_list(posizioni: pl.DataFrame, q: Quadro) -> Block:
    """Who must act next: overdue groups first, then the longest waiting."""
    if not q.interno:
        return reserved("L'elenco dei gruppi in attesa")
    rows = q.mine(posizioni).filter(pl.col("fase") != "monitoraggio")
    if q.mine(posizioni).is_empty():
        return text(["Nessun gruppo con la sospensione in corso nei fogli accettati del trimestre."])
    if rows.is_empty():
        return text(["Nessun gruppo in attesa: tutti i lavoratori non esonerati hanno le PAL attivate."])
    rows = rows.with_columns(pl.col("provincia").replace_strict(q.dati.territorio.nomi), pl.col("fase").replace_strict(FASI), pl.when(pl.col("da") > q.fine).then(pl.lit("dopo il trimestre")).otherwise(pl.col("da").dt.to_string("%d/%m/%Y")).alias("da"))  # fmt: skip
    columns = [Col("id_unita", "Procedura e unità"), Col("provincia", q.dati.territorio.intestazione), Col("in_attesa", "Lavoratori in attesa", "intero"), Col("fase", "Fase"), Col("da", "Dal"), Col("giorni_attesa", "Giorni", "intero"), Col("ruolo", "Responsabile"), Col("prossima_azione", "Prossima azione")]  # fmt: skip
    shown = rows.head(40)
    more = [f"Primi {shown.height} gruppi di {rows.height}: l'elenco intero è nel file di dati."] if rows.height > shown.height else []
    notes = ["Prima i gruppi oltre la scadenza, dove è nota, poi quelli che aspettano da più tempo.", *more]
    return table(shown, columns, title=f"Chi deve fare che cosa, {q.luogo}", name="Da fare", notes=notes, source=q.source, data="flusso")


def quality(q: Quadro) -> Block:
    """The findings on the data of the quarter, or the sentence that there are none; they tell single cases."""
    if not q.interno:
        return reserved("I rilievi sui dati")
    t = q.dati.territorio
    found = [r for r in q.dati.rilievi if r[0] in ("", q.trimestre) and (not q.provincia or r[1] in ("", q.provincia))]
    said = [f"{t.nomi[sigla]}: {words}" if sigla and not words.startswith(t.nomi[sigla]) else words for _, sigla, words in found]
    return warnings(said, title="Rilievi sui dati") if said else text(["Nessun rilievo sui fogli del trimestre."])
