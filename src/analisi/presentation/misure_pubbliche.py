"""The public page of the measures: the pieces of `misure_pal` and `esiti_pal` by the same names, of protected frames, or left out."""

from __future__ import annotations

from typing import Any

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.indicators.misure_pal import TOT
from analisi.presentation import charts_misure as charts
from analisi.presentation.blocks import Block, Col, cards, reserved, table, text
from analisi.presentation.contesto import Ambito
from analisi.presentation.dati_misure import ND, columns, in_words, notice, place
from analisi.presentation.esiti_pal import BASI, INTERVALLO, NON_TROVATO, TENUTA
from analisi.presentation.formats import number, told
from analisi.presentation.misure_pal import PAROLE_PASSO, SIGLE
from analisi.vocabulary import FUORI_REGIONE

FEW = "Gli intervalli si mostrano, arrotondati, dove le procedure sono almeno cinque."
NO_PEOPLE = "Quante persone, quante domande con l'importo, valore dei voucher e ore: solo nel profilo interno."


def only_region(what: str) -> Block:
    """In place of a piece that is on the page of the region alone."""
    return text([f"{what}: nella pagina della regione; per territorio poggerebbero su pochi casi."])


def _row(frame: pl.DataFrame, q: Ambito, **keys: str) -> dict[str, Any]:
    """The row of the place of the page, all else together; blank where there is none."""
    where = {"provincia": q.provincia or TOT} if "provincia" in frame.columns else {}
    rows = frame.filter(pl.col(name) == value for name, value in (where | keys).items())
    return rows.row(0, named=True) if rows.height else dict.fromkeys(frame.columns)


def _share(row: dict[str, Any]) -> str:
    return number(100 * row["quota"], "pct") if row["quota"] is not None else row.get("quota" + SEGNO) or ND


def _reach(raggiunti: pl.DataFrame, q: Ambito) -> dict[str, Any]:
    return _row(raggiunti, q, dimensione="provincia" if q.provincia else TOT, voce=q.provincia or TOT)


def key_figures(domande: pl.DataFrame, importi: pl.DataFrame, raggiunti: pl.DataFrame, esiti: pl.DataFrame, q: Ambito) -> Block:
    """Cards: applications, money booked and paid, workers reached, and employed again in the region."""
    asked, money = _row(domande, q, bando=TOT, stato=TOT), _row(importi, q, bando=TOT)
    touched, lost = _reach(raggiunti, q), _row(esiti, q, base="cessati")
    again = (f"Rioccupati entro {TENUTA} giorni", _share(lost), f"di chi ha perso il lavoro: {told(lost, 'rioccupati')} su {told(lost, 'osservati')} osservati")  # fmt: skip
    items = [
        ("Domande", told(asked, "domande"), "righe di BES; per la Formazione Continua, voucher"),
        ("Prenotato, euro", told(money, "prenotato"), "domande con l'importo"),
        ("Liquidato, euro", told(money, "liquidato"), f"{_share(money)} del prenotato"),
        ("Lavoratori in CIGS con una misura", _share(touched), f"{told(touched, 'raggiunto')} su {told(touched, 'lavoratori')}"),
    ]
    return cards([*items, *([] if q.provincia else [again])])


def in_brief(domande: pl.DataFrame, tempi: pl.DataFrame, raggiunti: pl.DataFrame, *rest: object) -> Block:
    """Two sentences on what is shown; a sentence that all is hidden, where it is."""
    q = next(item for item in rest if isinstance(item, Ambito))
    asked, touched = _row(domande, q, bando=TOT, stato=TOT), _reach(raggiunti, q)
    said = [f"{q.luogo}: **{told(asked, 'domande')}** domande di misure di politica attiva."] if asked["domande"] is not None else []
    if not said:
        hidden = asked.get("domande" + SEGNO)
        said = [f"{q.luogo}: il numero delle domande è oscurato per riservatezza." if hidden else f"{q.luogo}: nessuna domanda di misure di politica attiva nel periodo."]  # fmt: skip
    if touched["raggiunto"] is not None and touched["lavoratori"] is not None:
        said.append(f"Lavoratori degli elenchi CIGS con almeno una misura avviata dall'inizio della sospensione: **{number(touched['raggiunto'])}** su {number(touched['lavoratori'])}, **{_share(touched)}**.")  # fmt: skip
    return text(said, as_list=True)


def states_figure(domande: pl.DataFrame, q: Ambito) -> Block:
    """Applications of each bando by state, in the region."""
    if q.provincia:
        return only_region("Le domande per bando e stato")
    rows = domande.filter(pl.col("bando") != TOT, provincia=TOT)
    if rows.is_empty():
        return text(["Nessuna domanda nel periodo."])
    signs = rows.with_columns(pl.col("stato") + SEGNO).pivot("stato", index="bando", values="domande" + SEGNO)
    wide = rows.pivot("stato", index="bando", values="domande").join(signs, on="bando", maintain_order="left")
    wide = wide.sort(-pl.col(TOT), "bando", nulls_last=True).with_columns(pl.col("bando").map_elements(notice, return_dtype=pl.String))
    known = [name for name in charts.STATI if name in wide.columns]
    none = [pl.when(pl.col(name + SEGNO).is_null()).then(pl.col(name).fill_null(0)).otherwise(name).alias(name) for name in known]
    shown = [Col("bando", "Bando"), Col(TOT, "Domande", "intero"), *(Col(name, charts.STATI[name][0].capitalize(), "intero") for name in known)]  # fmt: skip
    return table(wide.with_columns(none), shown, title=f"Domande per bando e stato, {q.luogo}", name="Stati delle domande", notes=[SIGLE], source=q.source, data="domande")  # fmt: skip


def money_table(importi: pl.DataFrame, q: Ambito) -> Block:
    """Booked and paid by bando, in the region."""
    if q.provincia:
        return only_region("Gli importi per bando")
    rows = importi.filter(provincia=TOT).sort(pl.col("bando") == TOT, "bando")
    rows = rows.with_columns(pl.col("bando").map_elements(notice, return_dtype=pl.String))
    return table(_told(rows, *MONEY), [Col("bando", "Bando"), *_money()], title=f"Importi per bando, {q.luogo}", name="Importi per bando", totals=1, notes=[NO_PEOPLE], source=q.source, data="importi")  # fmt: skip


MONEY = ("domande", "prenotato", "liquidato", "quota")


def _money() -> list[Col]:
    return [*columns("importi", "domande"), Col("prenotato", "Prenotato, euro", "intero"), Col("liquidato", "Liquidato, euro", "intero"), Col("quota", "Liquidato sul prenotato %", "quota")]  # fmt: skip


def _told(rows: pl.DataFrame, *names: str) -> pl.DataFrame:
    """The rows without the columns, and the signs, that the table does not show."""
    return rows.select(pl.exclude(pl.String), pl.col(pl.String).exclude("^.*_segno$"), pl.col("^(" + "|".join(names) + ")_segno$"))


def places_table(domande: pl.DataFrame, importi: pl.DataFrame, q: Ambito) -> Block:
    """Applications and money of each provincia."""
    order = [q.provincia] if q.provincia else [*q.territorio.sigle, FUORI_REGIONE, TOT]
    rows = importi.filter(pl.col("provincia").is_in(order), bando=TOT)
    if rows.is_empty():
        return text([f"{q.luogo}: nessuna domanda nel periodo."])
    rows = rows.sort(pl.col("provincia").replace_strict(order, range(len(order)), return_dtype=pl.Int64))
    rows = rows.with_columns(pl.col("provincia").map_elements(lambda sigla: place(sigla, q), return_dtype=pl.String))
    notes = [f"{q.territorio.singolare.capitalize()} dell'unità produttiva del lavoratore in CIGS; se non è negli elenchi, della sede dell'operatore.", NO_PEOPLE]  # fmt: skip
    return table(_told(rows, *MONEY), [Col("provincia", q.territorio.intestazione), *_money()], title="Domande e importi per territorio", name="Territori", totals=0 if q.provincia else 1, notes=notes, source=q.source, data="importi")  # fmt: skip


def times_figure(tempi: pl.DataFrame, q: Ambito) -> Block:
    """Days between the states of the applications, all measures together, in the region."""
    if q.provincia or tempi.is_empty():
        return only_region("I giorni fra gli stati delle domande")
    rows = tempi.with_columns(pl.col("passo").replace_strict(PAROLE_PASSO))
    notes = ["Cella vuota: la curva non vi è ancora arrivata.", "Stima di Kaplan e Meier, tutte le misure insieme; per misura e percorso, con i conteggi, solo nel profilo interno."]  # fmt: skip
    return table(_told(rows, "mediana", "p90"), [Col("passo", "Passaggio"), *columns("tempi", "mediana", "p90")], title=f"Giorni fra gli stati delle domande, {q.luogo}", name="Giorni fra gli stati", notes=notes, source=q.source, data="tempi")  # fmt: skip


def reach_figure(raggiunti: pl.DataFrame, p: object, q: Ambito) -> Block:
    """The workers in CIGS whom a measure reached, by provincia and type."""
    if raggiunti.is_empty():
        return text([f"{q.luogo}: nessun lavoratore sospeso nel periodo."])
    rows = in_words(raggiunti, q)
    names = ("lavoratori", "raggiunto", "quota", "inf95", "sup95")
    notes = [INTERVALLO, FEW, "Misure avviate dall'inizio della sospensione in poi. Persone distinte. Chi non ha misure nell'estratto può averne altrove. Causale e obbligo di PAL: solo nel profilo interno."]  # fmt: skip
    return table(_told(rows, *names), [Col("voce", "Voce"), Col("dimensione", "Per"), *columns("copertura_cigs", *names)], title="Lavoratori in CIGS raggiunti da una misura", name="Lavoratori raggiunti", notes=notes, source=q.source, data="copertura_cigs")  # fmt: skip


def outcomes_figure(esiti: pl.DataFrame, p: object, q: Ambito) -> Block:
    """Who is employed again within `TENUTA` days, on the two bases, in the region."""
    if q.provincia or esiti.is_empty():
        return only_region("Gli esiti occupazionali")
    names = ("finestra", "osservati", "rioccupati", "quota", "inf95", "sup95")
    rows = esiti.with_columns(pl.col("base").replace_strict(BASI))
    notes = [NON_TROVATO, INTERVALLO, FEW, "Altre finestre, gruppi, contratti e confronto con chi non ha misure: solo nel profilo interno."]
    return table(_told(rows, *names), [Col("base", "Base"), *columns("esiti", *names)], title=f"Rioccupati presso un altro datore, {q.luogo}", name="Rioccupati", notes=notes, source=q.source, data="esiti")  # fmt: skip


def nothing(*_: object) -> Block:
    """In place of a piece that is told elsewhere on the page, or not at all."""
    return text([])


def linkage_table(*_: object) -> Block:
    """Links between systems tell of few people each."""
    return reserved("Quanto si collega fra i sistemi")


def operators_table(*_: object) -> Block:
    """Operators are few, and known."""
    return reserved("Operatori e servizi")


def courses_table(*_: object) -> Block:
    """Courses are small, and each has its operator."""
    return reserved("Corsi, risultati e frequenza")


def caps_table(*_: object) -> Block:
    """Who is over a cap is a case."""
    return reserved("I tetti dei voucher, per lavoratore e per impresa")


def quality(*_: object) -> Block:
    """Findings point at cases."""
    return reserved("I rilievi sui dati")


gol_sentence = operators_list = services_table = attendance_figure = companies_table = nothing
outcomes_table = states_table = jobs_table = groups_table = measures_table = nothing
