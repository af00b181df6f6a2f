"""The section on the tables of coordination, of the bimonthly and the annual report: sentences, tables and data files."""

from __future__ import annotations

from datetime import date

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.disclosure.tavole import PUBBLICA, RISERVATA, Tavola
from analisi.errors import listing
from analisi.indicators.coordinamento import BILATERALE, CONTEGGI, REGIONALE, TUTTI
from analisi.presentation.blocks import Block, Col, reserved, table, text
from analisi.presentation.datasets import Campo, DataFile
from analisi.presentation.formats import many, number
from analisi.vocabulary import Territorio

SOURCE = "Registro dei tavoli tenuto dalla Regione e registro delle procedure"
NO_REGISTER = "Nella cartella non c'è il registro dei tavoli: incontri, casi trattati e azioni non si possono contare."
ONCE = "Lavoratori agli incontri: somma dei lavoratori interessati da ciascun incontro; chi è in una procedura trattata più volte è contato più volte. Lavoratori delle procedure: quelli coinvolti nelle procedure trattate che il registro conosce, ogni unità una volta sola; al tavolo di un Nucleo contano le sole unità del suo territorio."
ACTIONS = "Azioni aperte e scadute: al giorno indicato, anche di tavoli degli anni precedenti. È aperta un'azione senza il giorno in cui è stata conclusa, scaduta se il suo termine è passato."
SHOWN = 40  # actions on the page
NAMES = {REGIONALE: "Regionale", BILATERALE: "Bilaterale", "TERRITORIALE": "Territoriale", TUTTI: "In tutto"}
PLURALS = {
    REGIONALE: ("regionale", "regionali"),
    BILATERALE: ("bilaterale", "bilaterali"),
    "TERRITORIALE": ("territoriale", "territoriali"),
}

COLUMNS: dict[str, Campo] = {
    "tipo": ("Tipo di tavolo", "testo", "regionale, bilaterale, territoriale; tutti: insieme; vuoto nelle righe per Nucleo"),
    "nucleo": ("Nucleo", "testo", "sigla del Nucleo, nelle righe per Nucleo"),
    "tavoli": ("Tavoli", "intero", "tavoli tenuti nell'anno"),
    "procedure": ("Procedure trattate", "intero", "procedure distinte nominate ai tavoli"),
    "procedure_note": ("Nel registro", "intero", "procedure trattate che il registro delle procedure conosce; vuoto senza registro"),
    "lavoratori_incontri": ("Lavoratori agli incontri", "intero", "somma dei lavoratori interessati da ciascun incontro; vuoto se nessuno la riporta"),
    "incontri_senza_numero": ("Incontri senza lavoratori indicati", "intero", "incontri che non riportano i lavoratori interessati"),
    "lavoratori_procedure": ("Lavoratori delle procedure", "intero", "lavoratori delle procedure trattate, ogni unità una volta; vuoto se non calcolabile"),
    "azioni_aperte": ("Azioni aperte", "intero", "azioni non concluse al giorno"),
    "azioni_scadute": ("Azioni scadute", "intero", "azioni aperte con il termine passato"),
}  # fmt: skip
TAVOLA = Tavola(  # the meetings are acts of the Region; the cases that they treat are few, and known
    "tavoli", {}, {name: RISERVATA for name, (_, style, _) in COLUMNS.items() if style == "intero"} | {"anno": PUBBLICA, "tavoli": PUBBLICA}
)
AZIONI = DataFile(
    "Azioni aperte dei tavoli di coordinamento", "un incontro con un'azione aperta",
    {
        "id_tavolo": ("Tavolo", "testo", "numero dell'incontro"),
        "tipo": ("Tipo", "testo", "tipo di tavolo"),
        "nucleo": ("Nucleo", "testo", "sigla del Nucleo; vuoto nei tavoli regionali"),
        "data": ("Data", "testo", "giorno dell'incontro"),
        "azione": ("Azione", "testo", "che cosa resta da fare"),
        "azione_responsabile": ("Responsabile", "testo", "ruolo di chi deve agire"),
        "azione_scadenza": ("Termine", "testo", "termine dell'azione"),
        "giorni_ritardo": ("Giorni di ritardo", "intero", "giorni dal termine; vuoto se non è passato"),
    },
    cases=True,
)  # fmt: skip


def data_rows(per_tipo: pl.DataFrame, per_nucleo: pl.DataFrame) -> pl.DataFrame:
    """The rows of the data file: those by type, then those by Nucleo."""
    types = per_tipo.with_columns(pl.col("tipo").str.to_lowercase(), pl.lit(None, pl.String).alias("nucleo"))
    nuclei = per_nucleo.with_columns(pl.lit(None, pl.String).alias("tipo"))
    return pl.concat([types.select(*COLUMNS), nuclei.select(*COLUMNS)])


def in_words(per_tipo: pl.DataFrame, giorno: date) -> list[str]:
    """The tables held, the cases, the actions, as sentences."""
    rows = {row["tipo"]: row for row in per_tipo.iter_rows(named=True)}
    whole = rows[TUTTI]
    if not whole["tavoli"] and whole["azioni_aperte"] == 0:
        return [f"Nel {giorno.year}, fino al {giorno:%d/%m/%Y}, il registro non riporta alcun tavolo."]
    kinds = [many(row["tavoli"], *PLURALS.get(name, (name.lower(), name.lower()))) for name, row in rows.items() if name != TUTTI and row["tavoli"]]  # fmt: skip
    held = "nessun tavolo è stato tenuto" if not kinds else f"{'è stato tenuto' if whole['tavoli'] == 1 else 'sono stati tenuti'} **{many(whole['tavoli'], 'tavolo', 'tavoli')}**: {listing(kinds)}"  # fmt: skip
    said = [f"Nel {giorno.year}, fino al {giorno:%d/%m/%Y}, {held}."]
    if whole["procedure"] is None:  # hidden, and the actions with it
        return said
    if not whole["tavoli"]:
        pass
    elif whole["procedure"]:
        every = ", nel registro delle procedure" if whole["procedure"] == 1 else ", tutte nel registro delle procedure"
        known = {None: "", whole["procedure"]: every}.get(
            whole["procedure_note"], f", di cui {number(whole['procedure_note'])} nel registro delle procedure"
        )
        workers = whole["lavoratori_procedure"]
        people = (
            ""
            if workers is None
            else f"; vi {'è coinvolto' if workers == 1 else 'sono coinvolti'} {many(workers, 'lavoratore', 'lavoratori')}, contando ogni unità una volta"
        )
        said.append(f"Procedure trattate, contate una volta: **{number(whole['procedure'])}**{known}{people}.")
    else:
        said.append("Gli incontri non nominano alcuna procedura.")
    if whole["azioni_aperte"]:
        late = many(whole["azioni_scadute"], "è oltre il termine", "sono oltre il termine", "nessuna è oltre il termine")
        said.append(f"Azioni ancora aperte al {giorno:%d/%m/%Y}: **{number(whole['azioni_aperte'])}**; {late}.")
    else:
        said.append(f"Al {giorno:%d/%m/%Y} nessuna azione è aperta.")
    return said


def _without_hidden(rows: pl.DataFrame) -> pl.DataFrame:
    """The rows without the columns that are hidden from top to bottom."""
    hidden = [name for name in CONTEGGI if name + SEGNO in rows.columns and not rows[name].count() and rows[name + SEGNO].count()]
    return rows.drop([name + end for name in hidden for end in ("", SEGNO)])


def _columns(first: Col, rows: pl.DataFrame) -> list[Col]:
    shown = [name for name in CONTEGGI if name != "incontri_senza_numero" and name in rows.columns]
    return [
        first,
        *(Col(name, *COLUMNS[name][:2], fallback="_nd" if name.startswith(("lavoratori", "procedure_note")) else "") for name in shown),
    ]


def _silent(blank: int | None) -> str:
    """That some meetings do not give the workers; empty if all do, or if it is hidden."""
    if not blank:
        return ""
    silent = many(blank, "incontro non riporta", "incontri non riportano")
    return f"{silent} il numero dei lavoratori interessati: non è contato come zero."


def type_table(per_tipo: pl.DataFrame, giorno: date, source: str = SOURCE) -> Block:
    """Tables, cases, workers and actions by type of table."""
    rows = _without_hidden(per_tipo.with_columns(pl.col("tipo").replace(NAMES), pl.lit("n.d.").alias("_nd")))
    about = [words for words, name in ((ONCE, "lavoratori_incontri"), (ACTIONS, "azioni_aperte")) if name in rows.columns]
    notes = [*about, _silent(per_tipo.filter(pl.col("tipo") == TUTTI)["incontri_senza_numero"].item())]
    title = f"Tavoli di coordinamento dal 01/01/{giorno.year} al {giorno:%d/%m/%Y}"
    return table(
        rows,
        _columns(Col("tipo", "Tipo di tavolo"), rows),
        title=title,
        name="Tavoli",
        totals=1,
        notes=notes,
        source=source,
        data="coordinamento",
    )


def nucleo_table(per_nucleo: pl.DataFrame, territorio: Territorio, giorno: date, source: str = SOURCE) -> Block:
    """The same by Nucleo; those without a table have zero."""
    rows = _without_hidden(per_nucleo.with_columns(pl.col("nucleo").replace_strict(territorio.nomi), pl.lit("n.d.").alias("_nd")))
    without = per_nucleo.filter(pl.col("tavoli") == 0)["nucleo"].to_list()
    names = [f"Senza incontri nell'anno: {listing(territorio.nomi[sigla] for sigla in without)}."] if without else []
    notes = [*names, "I tavoli regionali non sono di un Nucleo: non sono qui.", _silent(per_nucleo["incontri_senza_numero"].sum())]
    title = f"Tavoli per Nucleo dal 01/01/{giorno.year} al {giorno:%d/%m/%Y}"
    return table(
        rows,
        _columns(Col("nucleo", "Nucleo"), rows),
        title=title,
        name="Tavoli per Nucleo",
        notes=notes,
        source=source,
        data="coordinamento",
    )


def actions_table(azioni: pl.DataFrame, territorio: Territorio, giorno: date, *, interno: bool) -> Block:
    """The open actions, in the internal profile only: they are about single cases."""
    if not interno:
        return reserved("L'elenco delle azioni aperte")
    if azioni.is_empty():
        return text([])
    names = pl.col("nucleo").replace_strict(territorio.nomi, default=None).fill_null("tutti")
    days = [pl.col(name).dt.to_string("%d/%m/%Y") for name in ("data", "azione_scadenza")]
    hidden = [pl.col(name).fill_null("nel registro dei tavoli") for name in ("azione", "azione_responsabile")]
    rows = azioni.head(SHOWN).with_columns(names, pl.col("tipo").replace(NAMES), *days, *hidden)
    columns = [Col("id_tavolo", "Tavolo"), Col("tipo", "Tipo"), Col("nucleo", "Nucleo"), Col("data", "Incontro del"), Col("azione", "Azione"), Col("azione_responsabile", "Responsabile"), Col("azione_scadenza", "Termine"), Col("giorni_ritardo", "Giorni di ritardo", "intero")]  # fmt: skip
    more = [f"Prime {SHOWN} azioni di {azioni.height}: l'elenco intero è nel file di dati."] if azioni.height > SHOWN else []
    notes = ["Prima quelle con il termine più lontano nel passato; senza termine, in fondo.", "«Nel registro dei tavoli»: il testo manca o sembra nominare una persona, o il responsabile non è un ruolo conosciuto.", *more]  # fmt: skip
    return table(
        rows, columns, title=f"Azioni aperte al {giorno:%d/%m/%Y}", name="Azioni aperte", notes=notes, source=SOURCE, data="azioni"
    )


def difference_sentence(confronto: pl.DataFrame) -> str:
    """How the register and the printed source agree on the number of tables (`coordinamento.against_printed`)."""
    rows = [
        (PLURALS.get(row["tipo"], (row["tipo"].lower(),) * 2)[1], row) for row in confronto.drop_nulls("stampati").iter_rows(named=True)
    ]
    if not rows:
        return ""
    if all(row["differenza"] == 0 for _, row in rows):
        return f"Il registro conta tanti tavoli {listing(name for name, _ in rows)} quanti ne stampa la fonte."
    parts = [
        f"{name}, {number(row['registro'] or 0)} nel registro e {number(row['stampati'])} stampati ({number(row['differenza'], 'intero_segno')})"
        for name, row in rows
        if row["differenza"]
    ]
    return f"Il registro e la fonte stampata non coincidono: tavoli {'; '.join(parts)}. Va chiarito quale dei due manchi di incontri."
