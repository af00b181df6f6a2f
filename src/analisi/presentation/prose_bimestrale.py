"""The words of the bimonthly report: its cards, and guarded sentences made from figures."""

from __future__ import annotations

from datetime import timedelta

import polars as pl
from babel.dates import format_date

from analisi.disclosure.segni import OSCURATO
from analisi.errors import listing
from analisi.indicators import procedure_in_corso as in_corso
from analisi.indicators.coordinamento import TUTTI
from analisi.indicators.periodi import bounds, containing, last_day, year_before
from analisi.indicators.uncertainty import ALPHA, rate_ratio
from analisi.presentation import attivazione_pal as pagina_pal
from analisi.presentation.blocks import Block, cards, has_hidden, text, warnings
from analisi.presentation.formats import NOT_COMPUTABLE, many, number, told
from analisi.presentation.quadro_bimestrale import Quadro, is_empty, is_large, rows_of, words_of

HIDDEN = "variazione oscurata"
TIPI_NOMI = {"ministeriale": "CIGS ministeriali (A)", "regionale": "CIGS regionali (B, C)"}


def _change(row: dict, name: str, other: str) -> str:
    """The change with its per cent, unless the base is small: "+25 (+8,3%)"; "n.c." is for a base of zero."""
    change, base = row[f"var_{name}_{other}"], row[f"{name}_{other}"]
    if change is None:
        return HIDDEN
    if not change:
        return "nessuna variazione"
    share = f" ({number(row[f'pct_{name}_{other}'], 'pct_segno')})" if is_large(name, base) else "" if base else f" ({NOT_COMPUTABLE})"
    return f"{number(change, 'intero_segno')}{share}"


def _both(row: dict, name: str) -> str:
    before, year = _change(row, name, "prec"), _change(row, name, "anno")
    if before == year == "nessuna variazione":
        return "nessuna variazione sul bimestre precedente e su un anno prima"
    if before == year == HIDDEN:
        return "variazioni oscurate"
    return f"{before} sul bimestre precedente; {year} su un anno prima"


def key_figures(confronto: pl.DataFrame, tassi: pl.DataFrame, per_tipo: pl.DataFrame, q: Quadro) -> Block:
    """Cards: what is in course, started, ended, expiring and pending, each with its two changes; the PAL; the actions of the tables."""
    if is_empty(confronto, q):
        return text([])
    rows = rows_of(confronto, q)
    now = rows["in_corso"]
    items = [
        ("Lavoratori in corso", told(now, "lavoratori"), _both(now, "lavoratori")),
        ("Unità produttive in corso", told(now, "unita"), _both(now, "unita")),
    ]
    if not q.ridotto:
        items.append(("Procedure in corso", told(now, "procedure"), _both(now, "procedure")))
    labels = {
        "avviate": "Unità avviate nel bimestre", "concluse": "Unità concluse nel bimestre",
        "in_scadenza": f"Unità in scadenza entro {q.giorni} giorni", "in_attesa": "Unità in attesa di inizio",
    }  # fmt: skip
    for voce, label in labels.items():
        row = rows[voce]
        items.append((label, told(row, "unita"), f"{_workers(row)}; {_both(row, 'unita')}"))
    if not q.ridotto:
        items.append(_pal_card(tassi, q))
    return cards([*items, _actions_card(per_tipo, q) if q.interno else _tables_card(per_tipo, q)])


def _workers(row: dict) -> str:
    return "lavoratori oscurati" if row["lavoratori"] is None else many(row["lavoratori"], "lavoratore", "lavoratori")


def _pal_card(tassi: pl.DataFrame, q: Quadro) -> tuple[str, str, str]:
    label, rows = "PAL attivate (STEP 4)", tassi.filter(provincia=q.chiave)
    if has_hidden(rows):
        return label, OSCURATO, "cifra oscurata"
    rows = rows.drop_nulls("tasso")
    if rows.is_empty():
        return label, "n.d.", "nessun foglio del Nucleo con lavoratori in CIGS ministeriale"
    row = rows.row(0, named=True)
    base = f"{number(row['attivati'])} su {number(row['lavoratori'])} lavoratori in CIGS ministeriali aperte nell'anno"
    return label, number(100 * row["tasso"], "pct"), f"{base}; {pagina_pal.words_of(q.trimestre)}"


def _tables_card(per_tipo: pl.DataFrame, q: Quadro) -> tuple[str, str, str]:
    label = "Tavoli di coordinamento nell'anno"
    if not q.has_tables:
        return label, "n.d.", "manca il registro dei tavoli"
    row = per_tipo.row(by_predicate=pl.col("tipo") == TUTTI, named=True)
    return label, number(row["tavoli"]), f"fino al {q.giorno:%d/%m/%Y}"


def _actions_card(per_tipo: pl.DataFrame, q: Quadro) -> tuple[str, str, str]:
    label = "Azioni dei tavoli ancora aperte"
    if not q.has_tables:
        return label, "n.d.", "manca il registro dei tavoli"
    row = per_tipo.row(by_predicate=pl.col("tipo") == TUTTI, named=True)
    late = many(row["azioni_scadute"], "oltre il termine", "oltre il termine", "nessuna oltre il termine")
    return (
        label,
        number(row["azioni_aperte"]),
        f"{late}; {many(row['tavoli'], 'tavolo tenuto', 'tavoli tenuti', 'nessun tavolo tenuto')} nell'anno",
    )


def caution(confronto: pl.DataFrame, q: Quadro) -> Block:
    """That the extract may lack what began before it, or ends before the bimestre does; nothing when it does neither."""
    said, opened, since = [], in_corso.begins(q.dati.vol), in_corso.complete_since(q.dati.vol)
    if since and bounds(year_before(q.bimestre))[0] < since and not is_empty(confronto, q):
        start = f"{opened:%d/%m/%Y}" if q.interno else format_date(opened, "MMMM y", locale="it_IT")  # a day would be that of a procedura
        said.append(
            f"L'estratto segue le procedure {'dal' if q.interno else 'da'} {start}: quelle aperte prima e ancora in corso, se ce n'erano, possono mancare. "
            " Un aumento sul bimestre precedente, e più ancora su un anno prima, può venire da questo: i confronti non provano una tendenza."
        )
    if q.dati.estrazione and q.dati.estrazione < q.giorno:
        said.append(f"Il bimestre finisce dopo l'estrazione ({q.dati.estrazione:%d/%m/%Y}): ciò che è avvenuto dopo non è contato.")
    return warnings(said, title="Confronti da leggere con prudenza")


def _units(row: dict) -> str:
    """ "12 unità (340 lavoratori)" """
    if row["unita"] == 0:
        return "nessuna unità"
    if row["unita"] is None:
        return "una o più unità, in numero oscurato" + ("" if row["lavoratori"] is None else f" ({_workers(row)})")
    return f"{number(row['unita'])} unità ({_workers(row)})"


def in_brief(confronto: pl.DataFrame, condivise: pl.DataFrame, q: Quadro) -> Block:
    """What a Province should know, in guarded sentences."""
    rows = rows_of(confronto, q)
    if all(row["unita"] == 0 for row in rows.values()):
        return text([_none(q)], as_list=True)
    now, before, day = rows["in_corso"], rows["in_corso_prima"], f"{q.giorno:%d/%m/%Y}"
    said = [f"{q.luogo}, {words_of(q.bimestre)}: al {day} {_standing(now, confronto, q)}."]
    started, ended = rows["avviate"], rows["concluse"]
    if started["unita"] != 0 or ended["unita"] != 0:
        said.append(
            f"Nel bimestre la sospensione è iniziata in {_units(started)} e si è conclusa in {_units(ended)}{_passage(before, now)}."
        )
    else:
        said.append("Nel bimestre nessuna sospensione è iniziata né si è conclusa.")
    said += [_chance(started), _due(rows["in_scadenza"], q)]
    waiting = rows["in_attesa"]
    if waiting["unita"] != 0:
        said.append(f"Aperte e in attesa dell'inizio della sospensione: {_units(waiting)}.")
    said.append(_several(condivise, q))
    return text(said, as_list=True)


def _passage(before: dict, now: dict) -> str:
    """The workers in course before and now; nothing where one of the two is hidden."""
    then, here = before["lavoratori"], now["lavoratori"]
    if then is None or here is None:
        return ""
    return f": i lavoratori in corso passano da {number(then)} a {number(here)} ({number(here - then, 'intero_segno') or '0'})"


def _none(q: Quadro) -> str:
    when = f"nel bimestre {words_of(q.bimestre)} nessuna procedura di CIGS è in corso, in attesa, avviata o conclusa"
    if q.unita.is_empty():
        return f"{q.luogo}: {when}. Nel registro non ce n'è alcuna di questo territorio."
    past = q.unita.select(pl.col("data_fine").filter(pl.col("data_fine") < q.giorno).max()).item()
    return f"{q.luogo}: {when}." + (f" L'ultima si è conclusa il {past:%d/%m/%Y}." if past and q.interno else "")


def _standing(now: dict, confronto: pl.DataFrame, q: Quadro) -> str:
    if now["unita"] == 0:
        return "nessuna procedura di CIGS è in corso"
    if q.ridotto:
        return f"sono in corso CIGS in {_units(now)}"
    parts = [(label, rows_of(confronto, q, tipo)["in_corso"]) for tipo, label in TIPI_NOMI.items()]
    shares = listing(f"{told(row, 'lavoratori')} in {label}" for label, row in parts)
    if any(now[name] is None for name in in_corso.CONTI):
        return f"sono in corso procedure di CIGS in {_units(now)}"
    verb = "è in corso" if now["procedure"] == 1 else "sono in corso"
    what = many(now["procedure"], "procedura di CIGS", "procedure di CIGS")
    return f"{verb} **{what}** in **{number(now['unita'])}** {'unità produttiva' if now['unita'] == 1 else 'unità produttive'}, per **{many(now['lavoratori'], 'lavoratore', 'lavoratori')}**: {shares}"


def _chance(started: dict) -> str:
    """Whether chance may explain that more, or fewer, units started than in the bimestre before."""
    now, before = started["unita"], started["unita_prec"]
    if None in (now, before) or now == before or now + before == 0:
        return ""
    p = rate_ratio(now, before)["p"]
    verdict = "è più di quanto il caso spieghi di solito" if p is not None and p <= ALPHA else "può venire dal caso"
    return f"Unità avviate nel bimestre precedente: {number(before)}. La differenza {verdict}."


def _due(row: dict, q: Quadro) -> str:
    until = f"{q.giorno + timedelta(days=q.giorni):%d/%m/%Y}"
    if None in (row["unita"], row["lavoratori"]):
        return f"Entro {q.giorni} giorni, cioè entro il {until}, la sospensione finisce in {_units(row)}, salvo proroghe o nuovi accordi."
    if not row["unita"]:
        return f"Nessuna sospensione finisce entro {q.giorni} giorni, cioè entro il {until}."
    return f"Entro {q.giorni} giorni, cioè entro il {until}, la sospensione finisce in **{number(row['unita'])}** unità, per **{many(row['lavoratori'], 'lavoratore', 'lavoratori')}**, salvo proroghe o nuovi accordi."


def _several(condivise: pl.DataFrame, q: Quadro) -> str:
    """The procedures with sites in several provinces."""
    found = condivise.filter(provincia=q.chiave).drop_nulls("condivise")
    if found.is_empty():  # not told outside
        return ""
    row = found.row(0, named=True)
    if not row["condivise"]:
        return f"Nessuna delle procedure in corso ha sedi in più {q.territorio.plurale}." if row["procedure"] else ""
    verb = "ha" if row["condivise"] == 1 else "hanno"
    where = (
        f"sedi anche altrove, in regione o fuori: qui {many(row['lavoratori_qui'], 'lavoratore', 'lavoratori')} su {number(row['lavoratori_in_tutto'])} in tutto"
        if q.provincia
        else "sedi in più territori, anche fuori regione; in regione ogni territorio ha la sua parte"
    )
    return f"Delle procedure in corso, {number(row['condivise'])} su {told(row, 'procedure')} {verb} {where}."


def pal_sentences(tassi: pl.DataFrame, q: Quadro) -> Block:
    """The rate with its base, its quarter and its interval, or why there is none."""
    if q.ridotto:
        return text([f"Le politiche attive di {q.luogo} non sono in questa pagina: poggiano su poche unità."])
    if q.dati.monitoraggio is None:
        return text(["Nella cartella non ci sono fogli dei Nuclei che si possano usare: l'imbuto delle PAL non è calcolato né stimato."])
    if q.trimestre is None:
        return text(
            [
                f"I fogli dei Nuclei sono tutti di trimestri successivi al {q.giorno:%d/%m/%Y}: l'imbuto delle PAL non è calcolato né stimato."
            ]
        )
    quarter, end = pagina_pal.words_of(q.trimestre), last_day(q.trimestre)
    state = q.dati.monitoraggio.copertura.filter(trimestre=q.trimestre, provincia=q.provincia)["stato"].to_list()
    rows = tassi.filter(provincia=q.chiave)
    if has_hidden(rows):
        return text([f"{q.luogo}, {quarter}: le cifre sono oscurate."])
    rows = rows.drop_nulls("tasso")
    if rows.is_empty():
        why = (
            "nessuna CIGS ministeriale aperta nell'anno è attesa nei fogli"
            if state == ["nessuna procedura attesa"]
            else "nessun foglio accettato: i lavoratori attesi non sono contati come zero"
        )
        return text([f"{q.luogo}, {quarter}: {why}."])
    row = rows.row(0, named=True)
    said = [
        f"{q.luogo}: alla fine del {quarter} ({end:%d/%m/%Y}) le PAL sono attivate (STEP 4) per **{number(row['attivati'])}** lavoratori su "
        f"**{number(row['lavoratori'])}** sospesi: **{number(100 * row['tasso'], 'pct')}**{_interval(row)}.",
        "La base sono tutti i lavoratori delle CIGS ministeriali aperte nell'anno che stanno nei fogli accettati, esonerati (NO PAL) compresi; le CIGS regionali non ne fanno parte.",
    ]
    if state == ["incompleto"]:
        said.append("Il foglio non riporta tutte le unità attese.")
    if end > q.giorno:
        said.append("I fogli sono di fine trimestre, dopo la fine del bimestre.")
    elif q.trimestre < containing(q.giorno, "T"):
        said.append("Sono gli ultimi fogli che ci sono: quelli del trimestre in cui finisce il bimestre mancano.")
    return text(said)


def _interval(row: dict) -> str:
    if row["inf95"] is None:
        return f" ({row['motivo']})"
    few = "; indicativo, le procedure sono poche" if row["procedure"] < pagina_pal.POCHE else ""
    return f" (intervallo al 95%: {number(100 * row['inf95'], 'pct')}-{number(100 * row['sup95'], 'pct')}{few})"
