"""The hypotheses of the scenario: data/riferimento/scenario.csv, or what the parameters say instead. None is a known figure."""

from __future__ import annotations

from collections.abc import Mapping

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources.cells import Problema, parse_percent, parse_whole
from analisi.sources.riferimenti import read_reference
from analisi.tables.schema import COUNT_LIMIT
from analisi.workspace import reference, shown

FAVOREVOLE = {  # voce: the end that reaches more; blank for what is chosen and not guessed, the same in every case
    "budget_eur": "", "quota_imprese_pct": "", "gia_raggiunti_pct": "basso", "adesione_lavoratori_pct": "alto",
    "costo_lavoratore_eur": "basso", "costo_gruppo_eur": "basso", "lavoratori_gruppo": "alto", "adesione_imprese_pct": "alto",
    "costo_impresa_eur": "basso",
}  # fmt: skip
LIVELLI = ("basso", "centrale", "alto")
CASI = ("prudente", "centrale", "favorevole")
STATI = SEGNAPOSTO, MOTIVATA, ORIGINE = "ipotesi", "ipotesi motivata", "in origine"
INDICATA = "ipotesi indicata nei parametri"
FILE = "scenario.csv"
MOST_MONEY, MOST_COST = 100_000_000_000, 1_000_000  # euro: a longer figure is a slip of the pen


def read_ipotesi(indicate: Mapping[str, str]) -> pl.DataFrame:
    """One row per voce: etichetta, unita, basso, centrale, alto (%, euro or workers), favorevole, stato, fonte.

    stato "ipotesi" is a placeholder still to be replaced; "in origine" are figures of the law as it was, shown and not used.

    Args:
        indicate: what the parameters say, by voce: "basso;centrale;alto" or one value for the three; blank keeps the table's.

    Raises:
        AnalisiError: a voce or value is not admitted, in the parameters or in data/riferimento/scenario.csv.
    """
    table, place = read_reference(reference(FILE), ["voce", "etichetta", "unita", *LIVELLI, "stato", "fonte"]), shown(reference(FILE))
    _check_table(table, place)
    rows = []
    for row in table.iter_rows(named=True):
        voce, said = row["voce"], indicate.get(row["voce"], "").strip()
        written = said or ";".join(row[level] for level in LIVELLI if row[level])
        values = _values(voce, written, f"--{voce} {said}" if said else f"{place}, «{voce}» {written}")
        own = {"stato": INDICATA, "fonte": "Parametri del rapporto"} if said else {}
        rows.append(row | dict(zip(LIVELLI, values, strict=True)) | {"favorevole": FAVOREVOLE.get(voce, "")} | own)
    names = ["voce", "etichetta", "unita", *LIVELLI, "favorevole", "stato", "fonte"]
    return pl.DataFrame(rows, schema={name: pl.Float64 if name in LIVELLI else pl.String for name in names})


def _check_table(table: pl.DataFrame, place: str) -> None:
    voci = table["voce"].to_list()
    if lost := [voce for voce in FAVOREVOLE if voci.count(voce) != 1]:
        msg = f"{place}: serve una riga, e una sola, per {listing(lost)}"
        raise AnalisiError(msg)
    for voce, stato in table.select("voce", "stato").iter_rows():
        known = [SEGNAPOSTO, MOTIVATA] if voce in FAVOREVOLE else [ORIGINE]
        if stato not in known:
            hint = "" if voce in FAVOREVOLE else f"; se è un'ipotesi, {suggest(voce or '', FAVOREVOLE)}"
            msg = f"{place}, «{voce or ''}»: stato «{stato or ''}» non ammesso, qui si scrive {' o '.join(f'«{k}»' for k in known)}{hint}"
            raise AnalisiError(msg)


def _values(voce: str, text: str, place: str) -> list[float]:
    """Low, central and high value written in a text. Raises: AnalisiError naming the place, the value and the rule."""
    parts = [part.strip() for part in text.split(";")]
    if len(parts) not in ((1,) if voce == "budget_eur" else (1, 3)):
        rule = "serve un valore solo" if voce == "budget_eur" else "servono tre valori, «basso;centrale;alto», oppure uno solo"
        msg = f"{place}: i valori scritti sono {len(parts)}; {rule}"
        raise AnalisiError(msg)
    values = [_value(voce, part, place) for part in parts] * (3 // len(parts))
    if values != sorted(values):
        msg = f"{place}: i valori vanno dal più basso al più alto, «basso;centrale;alto», qualunque sia il più favorevole"
        raise AnalisiError(msg)
    return values


def _value(voce: str, text: str, place: str) -> float:
    if voce.endswith("_pct"):
        found, least, most, rule = parse_percent(text), 0, 100, "una percentuale fra 0 e 100, con al più due decimali"
    elif voce.endswith("_eur"):
        found, least, most = parse_whole(text.removesuffix("€").strip()), 0, MOST_COST if voce.startswith("costo") else MOST_MONEY
        rule = f"una cifra in euro interi, fra 0 e {f'{most:_}'.replace('_', '.')}"
    else:
        found, least, most, rule = parse_whole(text), 1, COUNT_LIMIT, "un numero intero, da 1 in su"
    if isinstance(found, Problema) or not least <= found <= most or round(found, 2) != found:
        msg = f"{place}: «{text}» non è ammesso; serve {rule}"
        raise AnalisiError(msg)
    return float(found)


def case_values(ipotesi: pl.DataFrame, caso: str = "centrale", **instead: float) -> dict[str, float]:
    """The value of each voce in a case: prudente takes each hypothesis at the end that reaches fewer, favorevole at the other."""
    values = {}
    for row in ipotesi.filter(pl.col("voce").is_in(list(FAVOREVOLE))).iter_rows(named=True):
        good = row["favorevole"]
        bad = "alto" if good == "basso" else "basso"
        values[row["voce"]] = row["centrale" if caso == "centrale" or not good else good if caso == "favorevole" else bad]
    return values | instead
