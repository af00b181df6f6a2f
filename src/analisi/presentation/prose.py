"""Italian sentences made from figures: true for any pair of years, and careful where the figures prove little."""

from __future__ import annotations

from typing import Any

import polars as pl

from analisi.disclosure.segni import SEGNO
from analisi.errors import listing
from analisi.presentation.formats import NOT_COMPUTABLE, number, whole_parts
from analisi.vocabulary import TOTALE, Territorio, procedure

SMALL_BASE = 20  # workers of the base year under which a per cent change is flagged as small


def _one(frame: pl.DataFrame, provincia: str, procedura: str = TOTALE) -> dict[str, Any]:
    return frame.row(by_predicate=(pl.col("provincia") == provincia) & (pl.col("procedura") == procedura), named=True)


def percent(row: dict[str, Any], base: str = "lavoratori") -> str:
    """The per cent change of a row of `compare_years`, "n.c." from base zero, blank if unknown; a small base is flagged."""
    short = "unita" if base == "unita_produttive" else base
    if row[f"{base}_confronto"] == 0 and row[f"variazione_{short}"] is not None:
        return NOT_COMPUTABLE
    written = number(row[f"variazione_{short}_pct"], "pct_segno")
    small = base == "lavoratori" and row[f"{base}_confronto"] is not None and row[f"{base}_confronto"] < SMALL_BASE
    return f"{written}, base piccola" if written and small else written


def _change(row: dict[str, Any]) -> str:
    """ "+2.143 lavoratori, +95,9%" """
    detail = percent(row)
    return number(row["variazione_lavoratori"], "intero_segno") + (f", {detail}" if detail else "")


def in_brief(
    confronto: pl.DataFrame,
    scomposizione: pl.DataFrame,
    solidita: pl.DataFrame,
    territorio: Territorio,
    years: tuple[int, int],
    alpha: float,
) -> list[str]:
    """Up to five sentences: the region's total, its procedures, more cases or bigger ones, where; and what chance may explain."""
    return [
        _total(confronto, territorio, years),
        _procedures(confronto, territorio),
        more_or_bigger(confronto, scomposizione, solidita, territorio, years),
        _places(confronto, territorio),
        firm_sentence(solidita, territorio, alpha),
    ]


def _total(confronto: pl.DataFrame, territorio: Territorio, years: tuple[int, int]) -> str:
    row, (before, now) = _one(confronto, territorio.totale), years
    meaning = "Sono coinvolgimenti, non persone: chi entra in due procedure è contato due volte."
    if row["variazione_lavoratori"] is None:
        known = "" if row["lavoratori"] is None else f"i dati noti contano **{number(row['lavoratori'])}** lavoratori coinvolti, ma "
        why = f"il confronto con il {before} non si calcola, perché i dati non sono completi per entrambi gli anni"
        return f"Nel {now} {territorio.locativo} {known}{why}. {meaning}"
    if row["variazione_lavoratori"] == 0:
        how = f"quanti nel {before}"
    else:
        how = f"contro **{number(row['lavoratori_confronto'])}** nel {before} ({_change(row)})"
    return f"Nel {now} i lavoratori coinvolti {territorio.locativo} sono **{number(row['lavoratori'])}**, {how}. {meaning}"


def _procedures(confronto: pl.DataFrame, territorio: Territorio) -> str:
    rows = [(p, _one(confronto, territorio.totale, p.procedura)) for p in procedure()]
    parts = []
    for words, sign in (("in aumento", 1), ("in calo", -1), ("senza variazioni", 0)):
        named = [
            f"{p.articolo} ({_change(row)})" if sign else p.articolo
            for p, row in rows
            if row["variazione_lavoratori"] is not None and _sign(row["variazione_lavoratori"]) == sign
        ]
        parts += [f"{words} {listing(named)}"] if named else []
    unknown = [p.articolo for p, row in rows if row["variazione_lavoratori"] is None]
    said = f"Per numero di lavoratori sono {'; '.join(parts)}. " if parts else ""
    return f"{said}{f'Non sono confrontabili fra i due anni {listing(unknown)}.' if unknown else ''}".strip()


def _sign(value: float) -> int:
    return (value > 0) - (value < 0)


def more_or_bigger(
    confronto: pl.DataFrame, scomposizione: pl.DataFrame, solidita: pl.DataFrame, territorio: Territorio, years: tuple[int, int]
) -> str:
    """Of the procedura whose workers changed most: how much comes from the number of units, how much from their size."""
    rows = [(p, _one(confronto, territorio.totale, p.procedura), _one(scomposizione, territorio.totale, p.procedura)) for p in procedure()]
    rows = [item for item in rows if item[1]["variazione_lavoratori"] and item[2]["effetto_numero"] is not None]
    if not rows:
        return ""
    p, row, effect = max(rows, key=lambda item: abs(item[1]["variazione_lavoratori"]))
    many, big = whole_parts(effect["effetto_numero"], effect["effetto_dimensione"])
    label = p.articolo[0].upper() + p.articolo[1:]
    opening = f"{label} coinvolgono {'più' if row['variazione_lavoratori'] > 0 else 'meno'} lavoratori del {years[0]}"
    units0, units = row["unita_produttive_confronto"], row["unita_produttive"]
    chance = ", una differenza che il caso da solo può spiegare" if _one(solidita, territorio.totale, p.procedura)["p"] is not None else ""
    chance = chance if units != units0 and _covers_one(_one(solidita, territorio.totale, p.procedura)) else ""
    if effect["dimensione"] is None or effect["dimensione_confronto"] is None:
        return f"{opening}: le unità produttive passano da {number(units0)} a {number(units)}{chance}."
    size0, size = number(effect["dimensione_confronto"], "decimale"), number(effect["dimensione"], "decimale")
    sizes = f"da **{size0}** a **{size}** lavoratori per unità produttiva, {number(big, 'intero_segno')}"
    by_size = f"da crisi più {'grandi' if big > 0 else 'piccole'} ({sizes})"
    steady = f"il numero delle unità resta {number(units)}"
    numbers = f"da {number(units0)} a {number(units)}, {number(many, 'intero_segno')}{chance}"
    by_number = f"da {'più' if many > 0 else 'meno'} unità produttive ({numbers})"
    if not many or not big:
        only = by_size if big else by_number
        return f"{opening}. La differenza viene {only}{f'; {steady}' if units == units0 else ''}."
    first, second = (by_size, by_number) if abs(big) >= abs(many) else (by_number, by_size)
    join = "; in parte" if (many > 0) == (big > 0) else "; in senso opposto va l'effetto che viene"
    return f"{opening}. La differenza viene soprattutto {first}{join} {second}."


def _partial(confronto: pl.DataFrame, sigla: str) -> bool:
    """Whether the total of a provincia sums, in one of the years, a cell that the source leaves blank."""
    part = confronto.filter((pl.col("provincia") == sigla) & (pl.col("procedura") != TOTALE))
    return any(blank_cells(part, name) for name in ("lavoratori", "lavoratori_confronto"))


def blank_cells(part: pl.DataFrame, name: str) -> bool:
    """Whether a cell is blank, and not hidden."""
    hidden = pl.col(name + SEGNO) if name + SEGNO in part.columns else pl.lit(None)
    return not part.filter(pl.col(name).is_null() & hidden.is_null()).is_empty()


def _place(confronto: pl.DataFrame, territorio: Territorio, row: dict[str, Any], detail: str) -> str:
    """Name of a provincia with a detail in brackets, which says so when its total lacks a blank cell."""
    note = "; totale senza una cella vuota nella fonte" if _partial(confronto, row["provincia"]) else ""
    return f"**{territorio.nomi[row['provincia']]}** ({detail}{note})"


def _provinces(confronto: pl.DataFrame, territorio: Territorio, order: str) -> pl.DataFrame:
    """Rows of the provinces over all procedures, with the column known, largest first."""
    rows = confronto.filter((pl.col("procedura") == TOTALE) & (pl.col("provincia") != territorio.totale)).drop_nulls(order)
    return rows.sort(order, descending=True, maintain_order=True)


def _places(confronto: pl.DataFrame, territorio: Territorio) -> str:
    rows = _provinces(confronto, territorio, "contributo_pp")
    if len(territorio.province) < 2:
        return ""
    parts = []
    for words, part in (
        ("in aumento", rows.filter(pl.col("contributo_pp") > 0).head(3)),
        ("in calo", rows.filter(pl.col("contributo_pp") < 0).reverse().head(2)),
    ):
        named = [
            _place(
                confronto,
                territorio,
                r,
                f"{number(r['variazione_lavoratori'], 'intero_segno')}, pari a {number(r['contributo_pp'], 'decimale_segno')} punti",
            )
            for r in part.iter_rows(named=True)
        ]
        parts += [f"{words} {listing(named)}"] if named else []
    return f"I contributi più grandi alla variazione regionale: {'; '.join(parts)}." if parts else ""


def _covers_one(row: dict[str, Any]) -> bool:
    """Whether the interval of a ratio that was judged holds 1, that is no change."""
    low, high = row["inf95"], row["sup95"]
    return (low is None or low <= 1) and (high is None or high >= 1)


def singled_out(solidita: pl.DataFrame, territorio: Territorio, alpha: float) -> pl.DataFrame:
    """Rows of the provinces whose change of units is more than chance gives, after the correction for their number."""
    return solidita.filter((pl.col("provincia") != territorio.totale) & (pl.col("p_bh") <= alpha))


def firm_sentence(solidita: pl.DataFrame, territorio: Territorio, alpha: float) -> str:
    """What the counts of units prove, for the region's procedures and for provinces judged together."""
    region = [(p, _one(solidita, territorio.totale, p.procedura)) for p in procedure()]
    judged = [(p, row) for p, row in region if row["p"] is not None]
    unknown = [p.articolo for p, row in region if row["p"] is None]
    missing = f" Non si può giudicare per {listing(unknown)}." if unknown else ""
    firm = [p.articolo for p, row in judged if not _covers_one(row)]
    if not judged:
        first, missing = (
            "Per la regione i dati non permettono di giudicare se il numero di unità produttive sia cambiato più di quanto il caso spieghi",
            "",
        )
        if solidita["p"].null_count() == len(solidita):
            return f"{first}."
    elif firm:
        first = f"Il numero di unità produttive cambia più di quanto il caso da solo può spiegare per {listing(firm)}"
    else:
        where = (
            "nessuna procedura"
            if len(judged) == len(region)
            else f"nessuna delle procedure giudicabili ({listing(p.etichetta for p, _ in judged)})"
        )
        first = f"In {where} il numero di unità produttive cambia più di quanto il caso da solo può spiegare"
    singled = singled_out(solidita, territorio, alpha)
    if len(singled):
        labels = {p.procedura: p.etichetta for p in procedure()}
        names = listing(f"{territorio.nomi[r['provincia']]} ({labels[r['procedura']]})" for r in singled.iter_rows(named=True))
        return f"{first}; preso ogni territorio per sé, si {'distingue' if len(singled) == 1 else 'distinguono'} {names}.{missing}"
    return f"{first}, e {territorio.nessuna} si distingue.{missing}"


def region_ratios(solidita: pl.DataFrame, territorio: Territorio) -> str:
    """The region's ratio of units and its interval, procedure by procedure."""
    parts = []
    for p in procedure():
        row = _one(solidita, territorio.totale, p.procedura)
        if row["p"] is not None:
            ratio = number(row["rapporto_unita"], "due_decimali") or NOT_COMPUTABLE
            high = number(row["sup95"], "due_decimali") or "senza limite"
            parts.append(f"{p.etichetta} **{ratio}** ({number(row['inf95'] or 0, 'due_decimali')}-{high})")
    return f"Rapporto fra le unità produttive dei due anni, con l'intervallo al 95%: {listing(parts)}." if parts else ""


def pooled_caution(somma: pl.DataFrame, solidita: pl.DataFrame, confronto: pl.DataFrame, territorio: Territorio, alpha: float) -> str:
    """Provinces that stand out only when the procedures are added up, and why that is no proof; empty if there are none.

    Args:
        somma: `firmness` of the rows whose procedura is "totale".
    """
    already = singled_out(solidita, territorio, alpha)["provincia"].to_list()
    found = singled_out(somma, territorio, alpha).filter(~pl.col("provincia").is_in(already))
    rows = [_one(confronto, sigla) for sigla in found["provincia"]]
    named = [
        f"{territorio.nomi[r['provincia']]} (da {number(r['unita_produttive_confronto'])} a {number(r['unita_produttive'])} unità)"
        for r in rows
    ]
    if not named:
        return ""
    return (
        f"Sommando le procedure il cambiamento di {listing(named)} sarebbe più netto, ma la somma non si giudica con questa prova: "
        "la stessa sede può comparire in più procedure. È un segnale da seguire, non una conclusione."
    )


def largest_pushes(confronto: pl.DataFrame, territorio: Territorio) -> str:
    """Which province push the region's total most, up and down, in percentage points; for a chart's subtitle."""
    rows = _provinces(confronto, territorio, "contributo_pp")
    region = number(_one(confronto, territorio.totale)["variazione_lavoratori_pct"], "pct_segno")
    parts = []
    for words, first, sign in (("in aumento", rows.head(1), 1), ("in calo", rows.tail(1), -1)):
        for r in first.iter_rows(named=True):
            if _sign(r["contributo_pp"]) == sign:
                parts.append(
                    f"{words} il contributo maggiore è di "
                    + _place(confronto, territorio, r, f"{number(r['contributo_pp'], 'decimale_segno')} punti")
                )
    if not region:
        return "La variazione percentuale della regione non si calcola, e con essa i contributi dei territori."
    return f"La variazione regionale è {region}: {'; '.join(parts)}." if parts else f"La variazione regionale è {region}."


def effects_by_procedura(scomposizione: pl.DataFrame, territorio: Territorio) -> str:
    """The two effects of the region, procedura by procedura; for a chart's subtitle."""
    parts = []
    for p in procedure():
        row = _one(scomposizione, territorio.totale, p.procedura)
        if row["effetto_numero"] is not None:
            many, big = (number(part, "intero_segno") for part in whole_parts(row["effetto_numero"], row["effetto_dimensione"]))
            parts.append(f"{p.etichetta}, **{many}** lavoratori dal numero e **{big}** dalla dimensione")
    return f"{territorio.nome}: {'; '.join(parts)}." if parts else "Gli effetti della regione non si calcolano."


def extremes(confronto: pl.DataFrame, territorio: Territorio) -> str:
    """Which provinces have the largest rise and the largest fall of workers over all procedures, ties included; for a chart's subtitle."""
    rows = _provinces(confronto, territorio, "variazione_lavoratori")
    if rows.is_empty():
        return "Nessuna variazione calcolabile."
    parts = []
    for words, value, sign in (
        ("l'aumento maggiore è di", rows["variazione_lavoratori"][0], 1),
        ("il calo maggiore è di", rows["variazione_lavoratori"][-1], -1),
    ):
        if _sign(value) == sign:
            first = rows.filter(pl.col("variazione_lavoratori") == value)
            parts.append(f"{words} {listing(_place(confronto, territorio, r, _change(r)) for r in first.iter_rows(named=True))}")
    return f"Nel complesso delle procedure {'; '.join(parts) or 'nessun territorio cambia'}."


def concentration_sentence(concentrazione: pl.DataFrame, territorio: Territorio, years: tuple[int, int], top: int = 3) -> str:
    """How the share of the first provinces moves between the two years, over all procedures."""
    if len(territorio.province) <= top:
        return f"Con {top} territori o meno la quota dei primi {top} è sempre tutto: la concentrazione non si commenta."
    share = {r["anno"]: r for r in concentrazione.filter(pl.col("procedura") == TOTALE).iter_rows(named=True)}
    parts = []
    for year in (year for year in years if year in share):
        row = share[year]
        first = f"nel {year} i primi {top} territori raccolgono **{number(row['quota_prime'], 'pct')}** dei lavoratori"
        index = f"con un indice di Herfindahl di {number(row['herfindahl'], 'tre_decimali')}"
        parts.append(
            f"{first}, {index}, che equivale a {number(row['province_equivalenti'], 'decimale')} {territorio.plurale} di pari peso"
        )
    said = "; ".join(parts)
    return f"{said[0].upper()}{said[1:]}." if said else ""


def activation_rate(row: dict[str, Any]) -> str:
    """The rate of a row of `attivazione_pal` as the source prints it: "51% circa"."""
    return f"{row['quota_attivati_pct']}%{' circa' if row['approssimata'] == 'sì' else ''}"


def activation_sentences(
    attivazione: pl.DataFrame, tavola: pl.DataFrame, territorio: Territorio, anno: int, fogli: dict[int, str] | None = None
) -> list[str]:
    """The activation rate, always with its base: as the source prints it or, for the years of `fogli`, as counted from the sheets.

    Says so when there is none for the year.
    """
    rows = attivazione.filter(pl.col("anno") == anno)
    if rows.is_empty():
        return [f"La fonte non contiene dati sull'attivazione delle PAL per il {anno}: nessun tasso è calcolato né stimato."]
    sentences = []
    labels = {p.procedura: p.articolo for p in procedure()}
    for r in rows.iter_rows(named=True):
        label, base = labels[r["procedura"]], number(r["lavoratori_base"])
        if anno in (fogli or {}):
            return [
                f"Quota di lavoratori con PAL attivata per {label}, contata dai fogli trimestrali dei Nuclei ({fogli[anno]}): "
                f"**{activation_rate(r)}**, su **{base}** lavoratori sospesi: tutti, esonerati (NO PAL) compresi.",
                "Passi, intervalli, tempi e copertura dei fogli sono nel rapporto trimestrale sull'attivazione delle PAL.",
            ]
        sentences.append(
            f"Quota di lavoratori con PAL attivata nel {anno} per {label}, secondo la fonte: **{activation_rate(r)}**, "
            f"su **{base}** lavoratori sospesi. La base è l'insieme dei lavoratori sospesi coinvolti nel modello «a step»."
        )
        counted = _one(tavola.filter(pl.col("anno") == anno), territorio.totale, r["procedura"])["lavoratori"]
        if counted is not None:
            same = "coincide" if counted == r["lavoratori_base"] else "non coincide"
            sentences.append(
                f"La base {same} con i lavoratori coinvolti nella tavola del {anno} per la stessa procedura ({number(counted)})."
            )
    sentences.append(
        "La fonte non precisa se la base comprenda i lavoratori esonerati (NO PAL); "
        "le quote dei singoli STEP non sono disponibili e qui non si ricostruiscono."
    )
    return sentences


def coordination_sentence(coordinamento: pl.DataFrame, anno: int) -> str:
    """What the printed source says of the coordination tables of the year, and what it does not."""
    held = coordinamento.filter(pl.col("anno") == anno)
    if held.is_empty():
        return f"La fonte non contiene dati sui tavoli di coordinamento per il {anno}."
    return f"Per il {anno} la fonte stampa i tavoli convocati; i casi trattati, i lavoratori interessati e le azioni non vi sono, e qui non si ricostruiscono."
