"""Italian sentences made from figures: true for any pair of years, and careful where the figures prove little."""

from __future__ import annotations

from typing import Any

import polars as pl

from analisi.errors import listing
from analisi.presentation.formats import NOT_COMPUTABLE, number
from analisi.vocabulary import TOTALE, Procedura, Territorio, procedure

SMALL_BASE = 20  # workers of the base year under which a per cent change is flagged as small


def _one(frame: pl.DataFrame, provincia: str, procedura: str = TOTALE) -> dict[str, Any]:
    return frame.row(by_predicate=(pl.col("provincia") == provincia) & (pl.col("procedura") == procedura), named=True)


def percent(row: dict[str, Any], base: str = "lavoratori") -> str:
    """The per cent change of a row of `compare_years`, "n.c." from base zero, blank if unknown; a small base is flagged."""
    short = "unita" if base == "unita_produttive" else base
    if row[f"{base}_confronto"] == 0 and row[base] is not None:
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
    """Four sentences: the region's total, its procedures, more cases or bigger ones, where; and what chance may explain."""
    return [
        _total(confronto, territorio, years),
        _procedures(confronto, territorio),
        more_or_bigger(confronto, scomposizione, solidita, territorio, years),
        _places(confronto, territorio),
        firm_sentence(solidita, territorio, alpha),
    ]


def _total(confronto: pl.DataFrame, territorio: Territorio, years: tuple[int, int]) -> str:
    row, (before, now) = _one(confronto, territorio.totale), years
    if row["lavoratori"] is None or row["lavoratori_confronto"] is None:
        return f"I lavoratori coinvolti {territorio.locativo} non sono noti per entrambi gli anni: il confronto fra {before} e {now} non si calcola."
    if row["variazione_lavoratori"] == 0:
        how = f"quanti nel {before}"
    else:
        how = f"contro **{number(row['lavoratori_confronto'])}** nel {before} ({_change(row)})"
    return f"Nel {now} i lavoratori coinvolti {territorio.locativo} sono **{number(row['lavoratori'])}**, {how}. Sono coinvolgimenti, non persone: chi entra in due procedure è contato due volte."


def _procedures(confronto: pl.DataFrame, territorio: Territorio) -> str:
    rows = [(p, _one(confronto, territorio.totale, p.procedura)) for p in procedure()]
    known = [(p, row) for p, row in rows if row["variazione_lavoratori"] is not None]
    parts = [
        (f"in aumento {listing(_named(p, row) for p, row in known if row['variazione_lavoratori'] > 0)}", 1),
        (f"in calo {listing(_named(p, row) for p, row in known if row['variazione_lavoratori'] < 0)}", -1),
        (f"senza variazioni {listing(p.articolo for p, row in known if row['variazione_lavoratori'] == 0)}", 0),
    ]
    signs = {(row["variazione_lavoratori"] > 0) - (row["variazione_lavoratori"] < 0) for _, row in known}
    said = "; ".join(text for text, sign in parts if sign in signs)
    return f"Per numero di lavoratori sono {said}." if said else ""


def _named(p: Procedura, row: dict[str, Any]) -> str:
    return f"{p.articolo} ({_change(row)})"


def more_or_bigger(
    confronto: pl.DataFrame, scomposizione: pl.DataFrame, solidita: pl.DataFrame, territorio: Territorio, years: tuple[int, int]
) -> str:
    """Of the procedura whose workers changed most: how much comes from the number of units, how much from their size."""
    rows = [(p, _one(confronto, territorio.totale, p.procedura), _one(scomposizione, territorio.totale, p.procedura)) for p in procedure()]
    rows = [item for item in rows if item[1]["variazione_lavoratori"] and item[2]["effetto_numero"] is not None]
    if not rows:
        return ""
    p, row, effect = max(rows, key=lambda item: abs(item[1]["variazione_lavoratori"]))
    many, big = effect["effetto_numero"], effect["effetto_dimensione"]
    label = p.articolo[0].upper() + p.articolo[1:]
    units = f"le unità produttive passano da {number(row['unita_produttive_confronto'])} a {number(row['unita_produttive'])}"
    within = _one(solidita, territorio.totale, p.procedura)
    if row["unita_produttive"] != row["unita_produttive_confronto"] and _covers_one(within):
        units += " (una differenza che il caso può spiegare)"
    split = f"{number(many, 'intero_segno')} lavoratori vengono dal numero delle unità, {number(big, 'intero_segno')} dalla loro dimensione"
    size, size0 = effect["dimensione"], effect["dimensione_confronto"]
    if size is None or size0 is None:
        return f"{label} cambiano più di tutte le procedure: {units}."
    grows = row["variazione_lavoratori"] > 0
    main = big if abs(big) > abs(many) else many
    if main is big:
        cause = "perché le crisi sono più grandi" if grows else "perché le crisi sono più piccole"
    else:
        cause = "perché le unità coinvolte sono di più" if grows else "perché le unità coinvolte sono di meno"
    verb = "coinvolgono più lavoratori" if grows else "coinvolgono meno lavoratori"
    sizes = f"da **{number(size0, 'decimale')}** a **{number(size, 'decimale')}** lavoratori per unità produttiva"
    return f"{label} {verb} del {years[0]} soprattutto {cause} ({sizes}): {units}; {split}."


def _places(confronto: pl.DataFrame, territorio: Territorio) -> str:
    rows = confronto.filter((pl.col("procedura") == TOTALE) & (pl.col("provincia") != territorio.totale))
    rows = rows.drop_nulls("contributo_pp").sort("contributo_pp", descending=True, maintain_order=True)
    if len(rows) < 2:
        return ""

    def named(part: pl.DataFrame) -> str:
        return listing(
            f"{territorio.nomi[r['provincia']]} ({number(r['variazione_lavoratori'], 'intero_segno')} lavoratori, {number(r['contributo_pp'], 'decimale_segno')} punti)"
            for r in part.iter_rows(named=True)
        )

    up = rows.filter(pl.col("contributo_pp") > 0).head(3)
    down = rows.filter(pl.col("contributo_pp") < 0).reverse().head(2)
    parts = [f"Alla variazione regionale spingono in alto {named(up)}"] if len(up) else []
    parts += [f"{'s' if parts else 'S'}pingono in basso {named(down)}"] if len(down) else []
    return "; ".join(parts) + "." if parts else ""


def _covers_one(row: dict[str, Any]) -> bool:
    """Whether the interval of a ratio holds 1, that is no change."""
    low, high = row["inf95"], row["sup95"]
    return row["p"] is None or ((low is None or low <= 1) and (high is None or high >= 1))


def firm_sentence(solidita: pl.DataFrame, territorio: Territorio, alpha: float) -> str:
    """What the counts of units prove, for the region's procedures and for provinces judged together."""
    region = [(p, _one(solidita, territorio.totale, p.procedura)) for p in procedure()]
    firm = [p.articolo for p, row in region if not _covers_one(row)]
    if firm:
        first = f"Il numero di unità produttive cambia più di quanto il caso spieghi per {listing(firm)}"
    else:
        first = "In nessuna procedura il numero di unità produttive cambia più di quanto il caso da solo può spiegare"
    singled = solidita.filter((pl.col("provincia") != territorio.totale) & (pl.col("p_bh") <= alpha))
    if len(singled):
        labels = {p.procedura: p.etichetta for p in procedure()}
        names = listing(f"{territorio.nomi[r['provincia']]} ({labels[r['procedura']]})" for r in singled.iter_rows(named=True))
        return f"{first}; fra le {territorio.plurale} si {'distingue' if len(singled) == 1 else 'distinguono'} {names}."
    return f"{first}, e nessuna {territorio.singolare} si distingue."


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


def pooled_caution(somma: pl.DataFrame, confronto: pl.DataFrame, territorio: Territorio, alpha: float) -> str:
    """Provinces that stand out only when the procedures are added up, and why that is no proof; empty if there are none.

    Args:
        somma: `firmness` of the rows whose procedura is "totale".
    """
    found = somma.filter((pl.col("provincia") != territorio.totale) & (pl.col("p_bh") <= alpha))
    named = []
    for sigla in found["provincia"]:
        row = _one(confronto, sigla)
        named.append(f"{territorio.nomi[sigla]} (da {number(row['unita_produttive_confronto'])} a {number(row['unita_produttive'])} unità)")
    if not named:
        return ""
    return (
        f"Sommando le procedure il cambiamento di {listing(named)} sarebbe più netto, ma la somma non si giudica con questa prova: "
        "la stessa sede può comparire in più procedure. È un segnale da seguire, non una conclusione."
    )


def largest_pushes(confronto: pl.DataFrame, territorio: Territorio) -> str:
    """Which province push the region's total most, up and down, in percentage points; for a chart's subtitle."""
    rows = confronto.filter((pl.col("procedura") == TOTALE) & (pl.col("provincia") != territorio.totale)).drop_nulls("contributo_pp")
    region = number(_one(confronto, territorio.totale)["variazione_lavoratori_pct"], "pct_segno")
    parts = []
    for direction, way in ((True, "in alto"), (False, "in basso")):
        first = rows.sort("contributo_pp", descending=direction, maintain_order=True).head(1)
        if len(first) and (first["contributo_pp"][0] > 0) == direction and first["contributo_pp"][0]:
            parts.append(
                f"spinge di più {way} **{territorio.nomi[first['provincia'][0]]}** ({number(first['contributo_pp'][0], 'decimale_segno')} punti)"
            )
    if not parts or not region:
        return "Nessun contributo da mostrare."
    return f"Su una variazione regionale di {region}, {listing(parts)}."


def effects_by_procedura(scomposizione: pl.DataFrame, territorio: Territorio) -> str:
    """The two effects of the region, procedura by procedura; for a chart's subtitle."""
    parts = []
    for p in procedure():
        row = _one(scomposizione, territorio.totale, p.procedura)
        if row["effetto_numero"] is not None:
            many, big = (number(row[name], "intero_segno") for name in ("effetto_numero", "effetto_dimensione"))
            parts.append(f"{p.etichetta}, **{many}** lavoratori dal numero e **{big}** dalla dimensione")
    return f"{territorio.nome}: {'; '.join(parts)}." if parts else "Nessuna variazione da scomporre."


def extremes(confronto: pl.DataFrame, territorio: Territorio, procedura: str = TOTALE) -> str:
    """Which provinces have the largest rise and the largest fall of workers, for a chart's subtitle."""
    rows = confronto.filter((pl.col("procedura") == procedura) & (pl.col("provincia") != territorio.totale)).drop_nulls(
        "variazione_lavoratori"
    )
    if rows.is_empty():
        return "Nessuna variazione calcolabile."
    top, low = (
        rows.sort("variazione_lavoratori", descending=True, maintain_order=True).row(0, named=True),
        rows.sort("variazione_lavoratori", maintain_order=True).row(0, named=True),
    )
    parts = []
    if top["variazione_lavoratori"] > 0:
        parts.append(f"l'aumento maggiore è di **{territorio.nomi[top['provincia']]}** ({_change(top)})")
    if low["variazione_lavoratori"] < 0:
        parts.append(f"il calo maggiore è di **{territorio.nomi[low['provincia']]}** ({_change(low)})")
    said = "; ".join(parts) or f"nessuna {territorio.singolare} cambia"
    return f"Nel complesso delle procedure {said}."


def concentration_sentence(concentrazione: pl.DataFrame, plurale: str, years: tuple[int, int], top: int = 3) -> str:
    """How the share of the first provinces moves between the two years, over all procedures."""
    share = {r["anno"]: r for r in concentrazione.filter(pl.col("procedura") == TOTALE).iter_rows(named=True)}
    if not all(year in share for year in years) or max(row["province"] for row in share.values()) <= top:
        return ""
    before, now = (share[year] for year in years)
    return (
        f"Le prime {top} {plurale} raccolgono il **{number(now['quota_prime'], 'pct')}** dei lavoratori nel {years[1]}, il {number(before['quota_prime'], 'pct')} nel {years[0]}; "
        f"l'indice di Herfindahl va da {number(before['herfindahl'], 'tre_decimali')} a {number(now['herfindahl'], 'tre_decimali')}, "
        f"come se i lavoratori fossero divisi in parti uguali fra {number(now['province_equivalenti'], 'decimale')} {plurale} invece di {number(before['province_equivalenti'], 'decimale')}."
    )


def activation_sentences(attivazione: pl.DataFrame, tavola: pl.DataFrame, territorio: Territorio, anno: int) -> list[str]:
    """The activation rate as the source prints it, always with its base; says so when the source has none for the year."""
    rows = attivazione.filter(pl.col("anno") == anno)
    if rows.is_empty():
        return [f"La fonte non contiene dati sull'attivazione delle PAL per il {anno}: nessun tasso è calcolato né stimato."]
    sentences = []
    labels = {p.procedura: p for p in procedure()}
    for r in rows.iter_rows(named=True):
        about = " circa" if r["approssimata"] == "sì" else ""
        sentences.append(
            f"Secondo la fonte, le PAL sono state attivate per il **{r['quota_attivati_pct']}%{about}** dei **{number(r['lavoratori_base'])}** lavoratori sospesi "
            f"coinvolti nel modello «a step» nel {anno}."
        )
        counted = _one(tavola.filter(pl.col("anno") == anno), territorio.totale, r["procedura"])["lavoratori"]
        same = "coincide con" if counted == r["lavoratori_base"] else "non coincide con"
        sentences.append(
            f"Base dichiarata: tutti i lavoratori sospesi; il suo valore {same} i lavoratori coinvolti nelle {labels[r['procedura']].etichetta} "
            f"della tavola del {anno} ({number(counted)}). La fonte non precisa se comprenda i lavoratori esonerati (NO PAL), "
            "e le quote dei singoli STEP non sono disponibili: qui non si ricostruiscono."
        )
    return sentences
