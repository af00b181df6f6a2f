"""The pieces of the report on a whole country: cases, communications, people and re-employment by provincia, from extracts of any size.

Every piece is made of aggregated figures; no line tells of a company, a procedure or a person.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from math import ceil

import polars as pl

from analisi.errors import AnalisiError
from analisi.indicators.ampi import Ampi
from analisi.indicators.casi_gestiti import provincial_table
from analisi.indicators.comunicazioni import NON_RICONOSCIUTA
from analisi.indicators.esiti import FINESTRE
from analisi.indicators.misure_pal import TOT
from analisi.presentation import charts_misure as charts
from analisi.presentation.blocks import Block, Col, cards, figure, header, table, tags, text
from analisi.presentation.charts_misure import percent
from analisi.presentation.contesto import MOST_DAYS
from analisi.presentation.datasets import Campo, DataFile
from analisi.presentation.dati_misure import DATI as MISURE
from analisi.presentation.esiti_pal import INTERVALLO, NON_TROVATO
from analisi.presentation.formats import many, number
from analisi.vocabulary import INTERNO, TOTALE, Territorio

PER_RIQUADRO = 36  # provinces that a panel of the chart holds
LUNGO = 18  # letters of a name beside the chart
POCHE = 15  # procedures under which the interval is only indicative
_LUOGO: Campo = ("Provincia", "testo", "sigla della provincia; TOT tutte")
_ANNO: Campo = ("Anno", "anno", "anno")
DATI = {
    "casi": DataFile("Casi per provincia", "anno (di apertura) e provincia dell'unità produttiva, anche TOT", {
        "anno": _ANNO, "provincia": _LUOGO, "unita_produttive": ("Unità produttive", "intero", "unità produttive distinte"),
        "peso_unita": ("Peso unità %", "decimale", "unità sul totale, 0-100"), "lavoratori": ("Lavoratori coinvolti", "intero", "coinvolgimenti, non persone"),
        "peso_lavoratori": ("Peso lavoratori %", "decimale", "lavoratori sul totale, 0-100"),
    }),
    "comunicazioni": DataFile("Assunzioni e cessazioni comunicate", "anno dell'evento e provincia della sede di lavoro, anche TOT", {
        "anno": _ANNO, "provincia": ("Provincia", "testo", f"sigla della provincia; {NON_RICONOSCIUTA}: comune assente dalla tabella; TOT tutte"),
        "assunzioni": ("Assunzioni", "intero", "assunzioni valide che iniziano nell'anno"), "cessazioni": ("Cessazioni", "intero", "cessazioni valide dell'anno"),
        "saldo": ("Saldo", "intero_segno", "assunzioni meno cessazioni comunicate"),
    }),
    "persone": DataFile("Persone nelle comunicazioni", "anno di invio", {"anno": _ANNO, "persone": ("Persone distinte", "intero", "persone con almeno una comunicazione inviata nell'anno")}),
    "esiti": MISURE["esiti"],
    "nuovi_lavori": MISURE["nuovi_lavori"],
}  # fmt: skip


@dataclass(frozen=True)
class Quadro:
    """What every piece needs: the extracts, the last day that the communications tell, the days of the window, who reads."""

    dati: Ampi
    giorno: date
    giorni: int
    profilo: str = INTERNO
    provincia: str = ""  # the page is of the whole territory

    @property
    def territorio(self) -> Territorio:
        return self.dati.territorio

    @property
    def luogo(self) -> str:
        return self.territorio.nome

    @property
    def source(self) -> str:
        return f"Registro delle procedure, elenchi CIGS e comunicazioni obbligatorie al {self.giorno:%d/%m/%Y}"

    @property
    def anno(self) -> int:
        """The last whole year."""
        return self.giorno.year - (self.giorno.month < 12 or self.giorno.day < 31)

    @property
    def finestre(self) -> list[int]:
        """Days of the windows told: the usual ones, and that of the report."""
        return sorted({*FINESTRE, self.giorni})


def quadro(dati: Ampi, data_riferimento: str = "", giorni: int = 180, profilo: str = INTERNO) -> Quadro:
    """The context of the page; the day is that of the extraction of the communications, or an earlier one if given.

    Raises:
        AnalisiError: days that make no sense; no day, and communications that have none.
    """
    if not 1 <= giorni <= MOST_DAYS:
        msg = f"--giorni {giorni}: devono essere da 1 a {MOST_DAYS}"
        raise AnalisiError(msg)
    days = [day for day in (date.fromisoformat(data_riferimento) if data_riferimento else None, dati.estrazione) if day]
    if not days:
        msg = "siul_cob non ha data_estrazione: indicare il giorno con --data_riferimento aaaa-mm-gg"
        raise AnalisiError(msg)
    return Quadro(dati, min(days), giorni, profilo)


def page_header(q: Quadro, data_edizione: str = "") -> Block:
    """What stands under the title."""
    subtitle = f"Comunicazioni al {q.giorno:%d/%m/%Y} · {q.luogo}"
    return header(subtitle=subtitle, owner=q.territorio.ente, tags=tags(q.profilo, data_edizione), synthetic=q.dati.sintetica)


def yearly_cases(casi: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """One row per anno and provincia, TOT included: units and workers of all procedures, with their weights (0-100)."""
    rows = provincial_table(casi, q.territorio.totale).filter(procedura=TOTALE).drop("procedura")
    return _ordered(rows, q)


def with_totals(flussi: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """The counts of communications with the total of each year ("TOT") and the saldo."""
    whole = flussi.group_by("anno").agg(pl.lit(TOT).alias("provincia"), pl.col("assunzioni", "cessazioni").sum())
    rows = pl.concat([flussi, whole.select(flussi.columns)]).with_columns(saldo=pl.col("assunzioni") - pl.col("cessazioni"))
    return _ordered(rows, q)


def _ordered(rows: pl.DataFrame, q: Quadro) -> pl.DataFrame:
    """By year, then provinces in the order of the territory, then what is no provincia, and the total."""
    order = {name: n for n, name in enumerate([*q.territorio.sigle, NON_RICONOSCIUTA, q.territorio.totale])}
    return rows.sort("anno", pl.col("provincia").replace_strict(order, default=len(order), return_dtype=pl.Int64))


def _named(rows: pl.DataFrame, q: Quadro, column: str = "provincia") -> pl.DataFrame:
    """Provinces by their names."""
    return rows.with_columns(pl.col(column).replace(q.territorio.nomi | {TOT: q.luogo}))


def _of(esiti: pl.DataFrame, base: str, q: Quadro, dimensione: str = TOT) -> pl.DataFrame:
    return esiti.filter(base=base, dimensione=dimensione, finestra=q.giorni)


def key_figures(casi: pl.DataFrame, persone: pl.DataFrame, esiti: pl.DataFrame, q: Quadro) -> Block:
    """Cards: cases of the last whole year, suspended people, re-employed on both bases, people in the communications."""
    cases = casi.filter(anno=q.anno, provincia=q.territorio.totale)
    cases = cases.row(0, named=True) if cases.height else {"unita_produttive": 0, "lavoratori": 0}
    told = persone.filter(anno=q.anno)["persone"].sum()
    items = [(f"Unità produttive, {q.anno}", number(cases["unita_produttive"]), f"{many(cases['lavoratori'], 'lavoratore coinvolto', 'lavoratori coinvolti')}")]  # fmt: skip
    for base, words in (("sospesi", "di tutti i sospesi"), ("cessati", "di chi ha perso il lavoro")):
        row = next(_of(esiti, base, q).iter_rows(named=True), None)
        if row:
            told_of = f"{words}: {number(row['rioccupati'])} su {number(row['osservati'])} osservati"
            items.append((f"Rioccupati entro {q.giorni} giorni", percent(row["quota"]), told_of))
    return cards([*items, (f"Persone nelle comunicazioni, {q.anno}", number(told), "distinte nell'anno di invio")])


def in_brief(casi: pl.DataFrame, flussi: pl.DataFrame, esiti: pl.DataFrame, q: Quadro) -> Block:
    """What a director should know, in guarded sentences."""
    said = []
    for base, words in (("sospesi", "Dei sospesi nelle CIGS"), ("cessati", "Di chi ha perso il lavoro")):
        for row in _of(esiti, base, q).iter_rows(named=True):
            interval = f" (intervallo 95%: da {percent(row['inf95'])} a {percent(row['sup95'])})" if row["inf95"] is not None else ""
            later = f"; {many(row['non_osservabili'], 'lavoratore non è ancora osservabile', 'lavoratori non sono ancora osservabili')}" * (row["non_osservabili"] > 0)  # fmt: skip
            said.append(f"{words} osservati per {q.giorni} giorni, **{percent(row['quota'])}** ha trovato lavoro presso un altro datore{interval}{later}.")  # fmt: skip
    places = _of(esiti, "sospesi", q, "provincia")
    region = _of(esiti, "sospesi", q)["quota"].to_list()
    if places.height > 1 and region and region[0] is not None:
        judged = places.filter(pl.col("inf95").is_not_null(), pl.col("procedure") >= POCHE)
        above, below = (judged.filter(test).height for test in (pl.col("inf95") > region[0], pl.col("sup95") < region[0]))
        enough = f"Di quelle con almeno {POCHE} procedure ({judged.height}), l'intervallo sta tutto sopra la quota complessiva in {above} e tutto sotto in {below}: con molti confronti qualcuno lo sarebbe per caso."  # fmt: skip
        few = f"In nessuna le procedure sono almeno {POCHE}: i loro intervalli sono solo indicativi."
        said.append(f"{q.territorio.plurale.capitalize()} con sospesi: {places.height}. {enough if judged.height else few}")
    year = flussi.filter(anno=q.anno, provincia=TOT)
    said += [f"Nel {q.anno} le comunicazioni valide dicono {number(r['assunzioni'])} assunzioni e {number(r['cessazioni'])} cessazioni; il saldo ({number(r['saldo'], 'intero_segno')}) non comprende chi cessa senza comunicazione." for r in year.iter_rows(named=True)]  # fmt: skip
    return text([*said, NON_TROVATO], as_list=True)


def _columns(file: str, names: Sequence[str]) -> list[Col]:
    return [Col(name, *DATI[file].columns[name][:2]) for name in names]


def cases_table(casi: pl.DataFrame, q: Quadro) -> Block:
    """Units and workers of the last whole year by provincia."""
    rows = casi.filter(anno=q.anno)
    shown = _columns("casi", ["provincia", "unita_produttive", "peso_unita", "lavoratori", "peso_lavoratori"])
    notes = ["I lavoratori sono coinvolgimenti, non persone; conta l'anno di apertura della procedura."]
    return table(_named(rows, q), shown, title=f"Casi aperti nel {q.anno}, per {q.territorio.singolare}", name="Casi per provincia", totals=min(1, rows.height), notes=notes, source=q.source, data="casi")  # fmt: skip


def flows_table(flussi: pl.DataFrame, q: Quadro) -> Block:
    """Hirings and ends of the last whole year by provincia of the workplace."""
    rows = flussi.filter(anno=q.anno)
    shown = _columns("comunicazioni", ["provincia", "assunzioni", "cessazioni", "saldo"])
    notes = ["Rapporti di lavoro, non persone. La provincia è quella del comune della sede di lavoro, se la tabella dei comuni lo ha."]
    return table(_named(rows, q), shown, title=f"Assunzioni e cessazioni nel {q.anno}", name="Comunicazioni per provincia", totals=min(1, rows.height), notes=notes, source=q.source, data="comunicazioni")  # fmt: skip


def people_table(persone: pl.DataFrame, q: Quadro) -> Block:
    """Distinct people by year of sending."""
    notes = ["Chi ha comunicazioni in più anni è contato in ciascuno: gli anni non si sommano."]
    return table(persone, _columns("persone", ["anno", "persone"]), title="Persone con almeno una comunicazione, per anno di invio", notes=notes, source=q.source, data="persone")  # fmt: skip


def provinces_figure(esiti: pl.DataFrame, q: Quadro) -> Block:
    """The share of the suspended re-employed within the window, by provincia, with its interval; and the table of all."""
    known = _of(esiti, "sospesi", q, "provincia")
    order = {name: n for n, name in enumerate(q.territorio.sigle)}
    known = known.filter(pl.col("voce").is_in(list(order))).sort(pl.col("voce").replace_strict(order, return_dtype=pl.Int64))
    if known.is_empty():
        return text(["Nessun lavoratore sospeso da seguire nelle province del territorio."])
    rows = [_dot(r, q) for r in known.iter_rows(named=True)]
    size = ceil(len(rows) / ceil(len(rows) / PER_RIQUADRO))
    panels = [(f"da {part[0]['nome']} a {part[-1]['nome']}", part) for part in (rows[i : i + size] for i in range(0, len(rows), size))]
    names = ["osservati", "rioccupati", "quota", "inf95", "sup95", "rientrati", "non_trovati", "non_osservabili", "procedure"]
    shown = [Col("voce", "Provincia"), *_columns("esiti", names)]
    whole = _named(pl.concat([known, _of(esiti, "sospesi", q)]), q, "voce")
    block = table(
        whole, shown, title=f"Sospesi rioccupati entro {q.giorni} giorni", name="Rioccupati per provincia", totals=1, data="esiti"
    )
    return figure(
        charts.intervals(panels if len(panels) > 1 else [("", rows)], "% degli osservati"), block,
        title=f"Rioccupati entro {q.giorni} giorni dall'inizio della sospensione, per {q.territorio.singolare}",
        subtitle="Province dell'unità produttiva, nell'ordine del territorio.",
        alt="Punti con intervallo della quota di sospesi rioccupati, per provincia.", source=q.source,
        note=f"{INTERVALLO} Dove le procedure sono meno di {POCHE} è indicativo; con una sola non c'è.",
    )  # fmt: skip


def _dot(r: dict, q: Quadro) -> dict:
    interval = f" (intervallo 95%: da {percent(r['inf95'])} a {percent(r['sup95'])})" if r["inf95"] is not None else ""
    name = q.territorio.nomi[r["voce"]].split("/")[0]
    short = name if len(name) <= LUNGO else f"{re.split('[- ]', name)[0]} ({r['voce']})"
    return r | {"nome": short, "etichetta": f"{name}: {percent(r['quota'])}{interval}, {number(r['rioccupati'])} su {number(r['osservati'])}"}  # fmt: skip
