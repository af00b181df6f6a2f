"""The sentences of the scenario, and what they are made from. Nothing that rests on hypotheses is said without the word."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any

import polars as pl
from babel.dates import format_date

from analisi.disclosure.segni import SEGNO
from analisi.indicators.ipotesi import SEGNAPOSTO, case_values
from analisi.indicators.scenario import Platea
from analisi.presentation.contesto import Ambito
from analisi.presentation.formats import many, number

ARTICLES = {"il": ("il ", "l'", "lo "), "del": ("del ", "dell'", "dello "), "al": ("al ", "all'", "allo ")}
MESI = ("primo", "secondo", "terzo", "quarto", "quinto", "sesto", "settimo", "ottavo", "nono", "decimo", "undicesimo", "dodicesimo")


@dataclass(frozen=True)
class Quadro:
    """What every piece of the page needs: day and place, who the measure is for, the hypotheses, the results by caso."""

    q: Ambito
    base: Platea
    ipotesi: pl.DataFrame
    risultati: pl.DataFrame

    @property
    def source(self) -> str:
        return f"Calcolo sulle ipotesi di questa pagina. {self.q.source}"

    @property
    def nome(self) -> str:
        """Name of the whole territory, which hypotheses and money are about."""
        return self.q.territorio.nome

    @property
    def money(self) -> int:
        return int(case_values(self.ipotesi)["budget_eur"])

    @property
    def stato(self) -> str:
        """Of what kind the money is: a placeholder, or given."""
        stato = self.voce("budget_eur")["stato"]
        return "ipotesi, ancora segnaposto" if stato == SEGNAPOSTO else stato

    @property
    def giorno(self) -> str:
        return day(self.q.giorno)

    def voce(self, name: str) -> dict[str, Any]:
        """The row of a hypothesis."""
        return self.ipotesi.row(by_predicate=pl.col("voce") == name, named=True)

    def caso(self, name: str = "centrale") -> dict[str, Any]:
        """The row of the results in a case."""
        return self.risultati.row(by_predicate=pl.col("caso") == name, named=True)


def workers(count: int) -> str:
    """Workers, with their noun."""
    return many(count, "lavoratore", "lavoratori")


def companies(count: int) -> str:
    """Companies, with their noun."""
    return many(count, "impresa", "imprese")


def euro(value: float) -> str:
    """A sum in words.

    >>> euro(2_000_000), euro(131_349)
    ('2.000.000 di euro', '131.349 euro')
    """
    return f"{number(value)} {'di euro' if value and value % 1_000_000 == 0 else 'euro'}"


def plain(value: float) -> str:
    """A value of a hypothesis: decimals only where there are.

    >>> plain(20.0), plain(12.5)
    ('20', '12,50')
    """
    return number(value) if value == int(value) else number(value, "due_decimali")


def valued(value: float, unita: str) -> str:
    """A value of a hypothesis with its unit: "20%", "1.000 euro", "15 lavoratori"."""
    return f"{plain(value)}%" if unita == "%" else euro(value) if unita == "euro" else f"{plain(value)} {unita}"


def articled(article: str, written: str) -> str:
    """A number in figures after its article, as it is read aloud.

    >>> articled("il", "13,1%"), articled("del", "8%"), articled("al", "0,4%"), articled("al", "1º marzo")
    ('il 13,1%', "dell'8%", 'allo 0,4%', 'al 1º marzo')
    """
    head, (plain_, vowel, zero) = re.split("[ ,.%]", written)[0], ARTICLES[article]
    return f"{zero if head == '0' else vowel if head in ('1', '11') or head.startswith('8') else plain_}{written}"


def day(value: date) -> str:
    """A day in words: "31 marzo", "1º aprile", with its year."""
    return re.sub("^1 ", "1º ", format_date(value, "d MMMM y", locale="it_IT"))


def part_of_place(s: Quadro, territori: pl.DataFrame) -> str:
    """What would come to the provincia of the page."""
    row = territori.row(by_predicate=(pl.col("provincia") == s.q.provincia) & (pl.col("caso") == "centrale"), named=True)
    if row.get("sospesi" + SEGNO):
        return f"{s.q.luogo}: i suoi lavoratori sospesi sono oscurati per riservatezza, e con essi la sua parte."
    if row["sospesi"] is None:
        return f"{s.q.luogo}: dagli estratti non risultano lavoratori sospesi in alcun territorio, e la sua parte non si può calcolare."
    if not row["sospesi"]:
        return f"{s.q.luogo}: non risultano lavoratori sospesi nelle CIGS in corso; la sua parte è zero."
    firms = row["imprese_raggiunte"]
    also = "" if firms is None else f" e {companies(firms)} su {many(row['imprese_aderenti'], 'aderente', 'aderenti')}"
    return (
        f"{s.q.luogo}: **{workers(row['sospesi'])}** fra i sospesi, {articled('il', number(100 * row['quota'], 'pct'))} del totale. In proporzione, con le ipotesi centrali, la sua parte è di "
        f"**{euro(row['fondi_eur'])}** e raggiunge **{workers(row['raggiunti'])}** su {many(row['aderenti'], 'aderente', 'aderenti')}{also}."
    )


def reached(s: Quadro) -> list[str]:
    """How many workers and companies, and how far apart the cases are."""
    row = s.caso()
    joining, firms = (many(row[name], "aderente", "aderenti") for name in ("aderenti", "imprese_aderenti"))
    if not s.money:
        who = f"{workers(row['aderenti'])}, {companies(row['imprese_aderenti'])}"
        return [f"{s.nome}: con fondi pari a zero (ipotesi) non si finanzia nulla. Aderirebbero, con le ipotesi centrali: {who}."]
    said = [f"{s.nome}: {articled('al', s.giorno)} non risultano lavoratori sospesi nelle CIGS in corso."]
    if s.base.sospesi:
        said = [
            f"{s.nome}: con **{euro(s.money)}** ({s.stato}) e le ipotesi centrali i servizi collettivi raggiungono **{workers(row['raggiunti'])}** su {joining} "
            f"e {many(row['destinatari'], 'destinatario', 'destinatari')}{_between(s, 'raggiunti')}."
        ]
    if s.base.imprese:
        said.append(
            f"I servizi per la crisi raggiungono **{companies(row['imprese_raggiunte'])}** su {firms} e {number(row['imprese'])} in tutto (ipotesi centrali){_between(s, 'imprese_raggiunte')}."
        )
    return said


def _between(s: Quadro, name: str) -> str:
    low, high = s.risultati[name].min(), s.risultati[name].max()
    if low == high:
        return "; lo stesso con ipotesi prudenti e favorevoli"
    return f"; da {number(low)} a {number(high)} fra ipotesi prudenti e favorevoli"


def until(s: Quadro) -> str:
    """Until when, and until which take-up, the money for the workers lasts."""
    row, asked = s.caso(), valued(s.voce("adesione_lavoratori_pct")["centrale"], "%")
    if not row["aderenti"] or not s.money:
        return ""
    even = f"fino a un'adesione {articled('del', number(100 * row['adesione_pareggio'], 'pct'))}"
    if row["finanziabili"] == 0:
        return (
            f"I fondi per i lavoratori ({euro(row['fondi_lavoratori_eur'])}) non bastano per raggiungerne alcuno, con le ipotesi centrali."
        )
    if row["non_raggiunti"]:
        return (
            f"I fondi per i lavoratori finiscono nel **{MESI[row['mese_esaurimento'] - 1]} mese** dall'avvio, se gli aderenti arrivano in modo regolare in un anno. "
            f"Bastano {even} (ipotesi centrale: {asked}); oltre, un'adesione più alta fa crescere i non raggiunti, non i raggiunti."
        )
    ample = "anche se aderissero tutti i destinatari" if row["adesione_pareggio"] == 1 else even
    left = euro(row["residuo_lavoratori_eur"])
    return f"I fondi per i lavoratori **bastano** per tutti gli aderenti (ipotesi centrale: {asked}), con un residuo di {left}; basterebbero {ample}."


def enough(s: Quadro) -> str:
    """Which sum would reach every worker who joins, and what the other side leaves."""
    row, share = s.caso(), valued(s.voce("quota_imprese_pct")["centrale"], "%")
    if not row["aderenti"]:
        return ""
    if row["budget_sufficiente_eur"] is None:
        return "Con tutti i fondi alle imprese (ipotesi) nessuna somma raggiunge i lavoratori."
    if not row["non_raggiunti"]:
        return ""
    left = row["residuo_imprese_eur"]
    also = f" Dei fondi per le imprese restano {euro(left)} (ipotesi centrali), che il calcolo non sposta sui lavoratori." if left else ""
    sum_ = euro(row["budget_sufficiente_eur"])
    return f"Per raggiungere tutti i lavoratori aderenti servono in tutto **{sum_}**, con le ipotesi centrali e la quota alle imprese {articled('al', share)}.{also}"


def matters(s: Quadro, tornado: pl.DataFrame) -> str:
    """Which hypothesis moves the workers reached most."""
    rows = tornado.filter(esito="raggiunti")
    top = rows.row(0, named=True)
    if not top["ampiezza"]:
        return "Entro i valori indicati nessuna ipotesi, presa da sola, cambia il numero dei lavoratori raggiunti."
    voce = s.voce(top["voce"])
    low, high = (valued(top[end], voce["unita"]) for end in ("basso", "alto"))
    still = rows.row(by_predicate=pl.col("voce") == "adesione_lavoratori_pct", named=True)
    idle = " L'adesione, entro i suoi valori (ipotesi), non lo cambia: i fondi finiscono prima." if not still["ampiezza"] and still["basso"] < still["alto"] and s.caso()["non_raggiunti"] else ""  # fmt: skip
    return f"Sul numero dei lavoratori raggiunti pesa di più «{voce['etichetta']}» (ipotesi): da {low} a {high} si passa da {number(top['con_basso'])} a {number(top['con_alto'])}.{idle}"


def short_lists(s: Quadro) -> str:
    """What the lists of names lack, where they have fewer workers than the register: those are not among the suspended."""
    units, lost = (s.base.province[name].sum() for name in ("elenchi_corti", "fuori_elenco"))
    if not units or s.base.sospesi_indicati:
        return ""
    lists = "L'elenco di 1 unità ha" if units == 1 else f"Gli elenchi di {number(units)} unità hanno"
    rest = "non è contato" if lost == 1 else "non sono contati"
    return f"{lists} {workers(lost)} in meno di quelli coinvolti: {rest} fra i sospesi, che possono essere di più."


def counted(s: Quadro) -> list[str]:
    """How workers and companies were counted."""
    found, said, last = s.base.province, [], s.q.dati.estrazione
    if s.base.sospesi_indicati:
        said.append("I lavoratori sospesi sono indicati nei parametri: gli estratti servono solo a dividerli fra i territori.")
    elif found["coinvolti"].sum():
        lacking = f", e chi manca dagli elenchi ({workers(found['fuori_elenco'].sum())})" if found["fuori_elenco"].sum() else ""
        said.append(
            f"{s.nome}: {many(found['coinvolti'].sum(), 'coinvolgimento', 'coinvolgimenti')} nelle CIGS in corso, {workers(found['sospesi'].sum())} fra i sospesi. "
            f"La differenza: chi è rientrato, cessato o in pensione, chi non è sospeso in quel giorno, chi è in due procedure ed è contato una volta{lacking}."
        )
    if missing := found["senza_elenco"].sum():
        one, more = (
            "coinvolgimento di unità senza elenco nominativo è contato",
            "coinvolgimenti di unità senza elenco nominativo sono contati",
        )
        said.append(f"{many(missing, one, more)} fra i sospesi, senza sapere quante persone siano ancora sospese.")
    if s.base.imprese_indicate:
        said.append("Le imprese sono indicate nei parametri: gli estratti servono solo a dividerle fra i territori.")
    if last and s.q.giorno != last:
        said.append(f"Chi è ancora sospeso si sa al giorno di estrazione, {day(last)}, non al giorno scelto.")
    return said
