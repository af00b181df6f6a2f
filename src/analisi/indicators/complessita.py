"""Complexity of the cases in course: a declared score, what makes it, how the ranking stands when the weights move.

A case is a procedura with at least one unità alive at the day: a CIGS in course, or opened and still to begin; a collective dismissal
opened and not yet concluded. Criteria, thresholds and weights are those of data/riferimento/complessita.csv. The register is read as it is
today: the state of an earlier day is made again from its dates.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

import polars as pl

from analisi.errors import AnalisiError, listing, suggest
from analisi.indicators.periodi import last_day
from analisi.indicators.procedure_in_corso import UNITA, is_in_course, is_pending
from analisi.sources.text import read_csv_text
from analisi.workspace import reference, shown

CRITERI = ("lavoratori", "cessazione", "scadenza", "attivazione", "province", "precedenti", "sedi")
CESSAZIONI = ("CESSAZIONE_ART44", "CESSAZIONE_ATT")
CLASSI = ("ALTA", "MEDIA", "BASSA")
DECISIONI = ("scadenza", "esame_cigs", "accordo_cigs", "esame_lic", "accordo_lic", "tavolo", "attivazione")
NOTO, NON_SI_APPLICA, NON_NOTO = "noto", "non si applica", "non noto"
DIGITS = 9  # decimals after which two scores are equal


_NUMBER, _THOUSANDS = re.compile(r"-?[0-9]{1,12}([.,][0-9]{1,6})?"), re.compile(r"-?[0-9]{1,3}\.[0-9]{3}")


@dataclass(frozen=True)
class Valutazione:
    """The cases at a day. `casi`: one row per case, in order of rank. `contributi`: a row per case and criterion. `unita`: those alive."""

    giorno: date
    casi: pl.DataFrame
    contributi: pl.DataFrame
    unita: pl.DataFrame


def _refuse(file: str, row: int, column: str, value: str | None, rule: str) -> AnalisiError:
    return AnalisiError(f"{shown(reference(file))}, riga {row}, colonna {column}, valore «{value or ''}»: {rule}")


def _read(file: str, known: tuple[str, ...], numbers: dict[str, bool]) -> pl.DataFrame:
    """Rows of a reference table, one per code of `known` in its first column, those columns as numbers (True: never blank).

    Raises:
        AnalisiError: a column or a code is missing, unknown or there twice; a number is none.
    """
    rows = read_csv_text(reference(file))
    place, key = shown(reference(file)), rows.columns[0]
    if lost := [name for name in ("etichetta", *numbers, "stato", "fonte") if name not in rows.columns]:
        msg = f"{place}, riga 1: manca la colonna «{lost[0]}»; servono anche {listing(numbers)}, stato e fonte"
        raise AnalisiError(msg)
    seen: set[str] = set()
    for n, row in enumerate(rows.iter_rows(named=True), start=2):
        code = row[key] or ""
        if code not in known:
            raise _refuse(file, n, key, code, f"codice sconosciuto; {suggest(code, known)}")
        if code in seen:
            raise _refuse(file, n, key, code, "il codice compare più volte; lasciarne una sola riga")
        seen.add(code)
        for name, needed in numbers.items():
            if (row[name] is None and needed) or (row[name] is not None and _number(row[name]) is None):
                raise _refuse(file, n, name, row[name], "serve un numero in cifre, senza punti fra le migliaia, come 1500 o 12,5")
    if lost := [code for code in known if code not in seen]:
        msg = f"{place}: manca la riga di «{lost[0]}»; per non contare un criterio scrivere peso 0"
        raise AnalisiError(msg)
    return rows.with_columns(pl.col(name).map_elements(_number, return_dtype=pl.Float64) for name in numbers)


def _number(text: str) -> float | None:
    """A number with a decimal comma or point; None when it is none, or "1.000", that may be one or a thousand."""
    plain = text.strip().replace("−", "-")
    return float(plain.replace(",", ".")) if _NUMBER.fullmatch(plain) and not _THOUSANDS.fullmatch(plain) else None


def criteria() -> pl.DataFrame:
    """One row per criterion, in the order of data/riferimento/complessita.csv: thresholds in its own unit, weight, state and source.

    Raises:
        AnalisiError: an unknown, missing or repeated criterion; a threshold or weight that is no number, a negative weight, all weights
            zero, a soglia_minima that is not below its soglia_massima.
    """
    file = "complessita.csv"
    rows = _read(file, CRITERI, {"soglia_minima": True, "soglia_massima": True, "peso": True})
    for n, row in enumerate(rows.iter_rows(named=True), start=2):
        if row["peso"] < 0:
            raise _refuse(file, n, "peso", f"{row['peso']:g}", "il peso non può essere negativo")
        if row["soglia_minima"] >= row["soglia_massima"]:
            rule = f"deve essere minore di soglia_massima ({row['soglia_massima']:g})"
            raise _refuse(file, n, "soglia_minima", f"{row['soglia_minima']:g}", rule)
    if rows["peso"].sum() == 0:
        raise _refuse(file, 2, "peso", "0", "tutti i pesi sono zero: almeno uno deve essere maggiore di zero")
    return rows


def score_classes() -> pl.DataFrame:
    """One row per class of score, highest first, with its least score (0-100). Raises: AnalisiError as `criteria`, or out of order."""
    file = "classi_complessita.csv"
    rows = _read(file, CLASSI, {"punteggio_minimo": True})
    if rows["classe"].to_list() != list(CLASSI) or not rows["punteggio_minimo"].is_sorted(descending=True) or rows["punteggio_minimo"][-1]:
        rule = f"le classi vanno in ordine ({listing(CLASSI)}), con punteggi decrescenti fino a 0"
        raise _refuse(file, 2, "punteggio_minimo", f"{rows['punteggio_minimo'][0]:g}", rule)
    return rows


def decision_rules() -> pl.DataFrame:
    """One row per kind of decision: role that acts, role where the Ministry is competent, `giorni` from the opening (null: not known)."""
    return _read("decisioni_complessita.csv", DECISIONI, {"giorni": False}).with_columns(pl.col("giorni").cast(pl.Int64))


def is_alive(day: date) -> pl.Expr:
    """Whether a unità makes a case at a day.

    A dismissal that the register calls concluded lasts until the agreement, or else until its last known day, which is then left out.
    """
    cigs = (pl.col("tipo_procedura") == "CIGS") & (is_in_course(day) | is_pending(day))
    last = pl.coalesce("data_accordo", pl.max_horizontal("data_esame_congiunto", "data_apertura"))
    open_ = (pl.col("stato") != "CONCLUSA") | (last > day)
    return cigs | ((pl.col("tipo_procedura") == "LIC") & (pl.col("data_apertura") <= day) & open_)


def cases(vol: pl.DataFrame, day: date, sigle: list[str]) -> pl.DataFrame:
    """One row per case with a unità alive in the provinces of `sigle`: what the register says of all its units alive at the day.

    `lavoratori` and `unita` are of the whole case, `lavoratori_qui` and `unita_qui` of those provinces; `precedenti` counts the procedures
    of the same company opened before; `data_fine` is the first to come of the units in course; `registro` is the highest `complessita`
    of its units.
    """
    alive = vol.filter(is_alive(day)).sort(UNITA)
    here, degree = pl.col("sigla_provincia").is_in(sigle), dict(zip(CLASSI, (3, 2, 1), strict=True))
    duty = pl.col("obbligo_pal")
    found = alive.group_by("id_procedura", maintain_order=True).agg(
        pl.col("ragione_sociale", "tipo_procedura", "tipologia_linee_guida", "competenza", "causale", "esito_fase").first(),
        pl.col("causale").is_in(CESSAZIONI).any().alias("cessazione"),
        pl.col("sigla_provincia").unique().sort().alias("province"),
        pl.len().cast(pl.Int64).alias("unita"),
        here.sum().cast(pl.Int64).alias("unita_qui"),
        pl.col("lavoratori_coinvolti").sum().alias("lavoratori"),
        pl.col("lavoratori_coinvolti").filter(here).sum().alias("lavoratori_qui"),
        pl.when((duty == "S").any()).then(pl.lit("S")).when(duty.eq_missing(pl.lit("N")).all()).then(pl.lit("N")).alias("obbligo_pal"),
        pl.col("data_apertura", "data_esame_congiunto", "data_accordo", "data_decreto_concessione", "data_inizio").min(),
        pl.col("data_fine").filter(is_in_course(day)).min(),
        pl.col("complessita").replace_strict(degree, default=None, return_dtype=pl.Int64).max().alias("registro"),
    )
    found = found.filter(pl.col("unita_qui") > 0).join(_earlier(vol), on="id_procedura", how="left", maintain_order="left")
    return found.with_columns(pl.col("registro").replace_strict({n: name for name, n in degree.items()}, return_dtype=pl.String))


def _earlier(vol: pl.DataFrame) -> pl.DataFrame:
    """One row per procedura: how many other procedures of the same company were opened before it."""
    opened = vol.group_by("id_procedura", pl.col("codice_fiscale_azienda").alias("azienda")).agg(pl.col("data_apertura").min())
    pairs = opened.join(opened.rename({"id_procedura": "altra", "data_apertura": "prima"}), on="azienda")
    before = (pl.col("altra") != pl.col("id_procedura")) & (pl.col("prima") < pl.col("data_apertura"))
    return pairs.group_by("id_procedura").agg(pl.col("altra").filter(before).n_unique().cast(pl.Int64).alias("precedenti"))


def activations(sheets: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per procedura: its last quarter that ended by the day (`fine_trimestre`), workers with a PAL and workers left to activate.

    Args:
        sheets: rows of monitoraggio_pal that count.
    """
    dated = sheets.with_columns(pl.col("trimestre").map_elements(last_day, return_dtype=pl.Date).alias("fine_trimestre"))
    known = dated.filter(pl.col("fine_trimestre") <= day)
    last = known.filter(pl.col("fine_trimestre") == pl.col("fine_trimestre").max().over("id_procedura"))
    return last.group_by("id_procedura").agg(
        pl.col("fine_trimestre").max(),
        pl.col("step4_pal_attivate").sum().alias("attivati"),
        (pl.col("lavoratori_sospesi") - pl.col("no_pal")).sum().alias("attivabili"),
    )


def measures(casi: pl.DataFrame, sheets: pl.DataFrame, day: date) -> pl.DataFrame:
    """One row per case and criterion: `valore` in the unit of the criterion, `conoscenza` (noto, non si applica, non noto), and why."""
    rows = casi.join(activations(sheets, day), on="id_procedura", how="left", maintain_order="left")
    lic, begun = pl.col("tipo_procedura") == "LIC", pl.col("data_inizio") <= day
    waiting = (pl.col("fine_trimestre") - pl.col("data_inizio")).dt.total_days().clip(0)
    days = pl.when((pl.col("attivati") > 0) | (pl.col("attivabili") == 0)).then(0).otherwise(waiting)
    aside = (
        pl.when(lic)
        .then(pl.lit("è un licenziamento collettivo"))
        .when(~begun.fill_null(value=False))
        .then(pl.lit("sospensione non iniziata"))
    )
    values: dict[str, tuple[pl.Expr, pl.Expr | None, pl.Expr | None]] = {  # value, why it does not apply, why it is not known
        name: (pl.col(name).cast(pl.Float64), None, None) for name in ("lavoratori", "cessazione", "precedenti")
    }
    values["sedi"] = (pl.col("unita"), None, None)
    values["province"] = (pl.col("province").list.len(), None, None)
    values["scadenza"] = ((pl.lit(day) - pl.col("data_fine")).dt.total_days(), aside, pl.lit("manca la data di fine"))
    no_duty = pl.coalesce(aside, pl.when(pl.col("obbligo_pal") == "N").then(pl.lit("nessun obbligo di PAL")))
    unknown = (
        pl.when(pl.col("obbligo_pal").is_null()).then(pl.lit("obbligo di PAL non indicato")).otherwise(pl.lit("nessun foglio del Nucleo"))
    )
    values["attivazione"] = (pl.when(pl.col("obbligo_pal") == "S").then(days), no_duty, unknown)
    parts = []
    for name in CRITERI:
        value, apart, why = values[name]
        apart, why = (pl.lit(None, pl.String) if text is None else text for text in (apart, why))
        known = pl.when(apart.is_null()).then(value).cast(pl.Float64)
        state = (
            pl.when(apart.is_not_null()).then(pl.lit(NON_SI_APPLICA)).when(known.is_null()).then(pl.lit(NON_NOTO)).otherwise(pl.lit(NOTO))
        )
        reason = pl.when(known.is_null()).then(pl.coalesce(apart, why))
        parts.append(rows.select("id_procedura", criterio=pl.lit(name), valore=known, conoscenza=state, motivo=reason))
    return pl.concat(parts)


def contributions(values: pl.DataFrame, criteri: pl.DataFrame) -> pl.DataFrame:
    """One row per case and criterion, in the order of the criteria: `grado` (0-1) and `punti`, its part of the score (0-100).

    The grade goes in a straight line from 0 at soglia_minima to 1 at soglia_massima; it is 0 where the criterion does not apply, null
    where the value is not known. A null grade leaves both sums: the score is over the known criteria, `peso_noto` (0-1) says their weight.
    """
    order = criteri.select("criterio", "soglia_minima", "soglia_massima", "peso").with_row_index("_ordine")
    rows = values.join(order, on="criterio", how="inner")
    slope = (pl.col("valore") - pl.col("soglia_minima")) / (pl.col("soglia_massima") - pl.col("soglia_minima"))
    rows = rows.with_columns(pl.when(pl.col("conoscenza") == NON_SI_APPLICA).then(0.0).otherwise(slope.clip(0.0, 1.0)).alias("grado"))
    known = pl.when(pl.col("grado").is_not_null()).then("peso").sum().over("id_procedura")
    points = pl.when(known > 0).then(100 * pl.col("peso") * pl.col("grado") / known)
    rows = rows.with_columns(points.alias("punti"), (known / pl.col("peso").sum().over("id_procedura")).alias("peso_noto"))
    columns = ["id_procedura", "criterio", "valore", "conoscenza", "motivo", "grado", "peso", "punti", "peso_noto"]
    return rows.sort("id_procedura", "_ordine").select(columns)


def scores(contributi: pl.DataFrame) -> pl.DataFrame:
    """One row per case: `punteggio` (0-100, null when nothing is known), its bounds if what is unknown were 0 or 1, the heaviest criterion.

    `minimo` and `massimo` take the unknown grades as 0 and as 1; `prevalente` is the criterion with most points, null when there is none.
    """
    grade, weight = pl.col("grado"), pl.col("peso")
    bounds = [
        (100 * (grade.fill_null(value) * weight).sum() / weight.sum()).alias(name) for name, value in (("minimo", 0.0), ("massimo", 1.0))
    ]
    score = pl.when(pl.col("punti").count() > 0).then(pl.col("punti").sum()).alias("punteggio")
    heaviest = pl.col("criterio").sort_by("punti", descending=True, nulls_last=True, maintain_order=True).first()
    some = pl.when(pl.col("punti").max() > 0).then(heaviest).alias("prevalente")
    return contributi.group_by("id_procedura", maintain_order=True).agg(score, *bounds, pl.col("peso_noto").first(), some)


def assess(
    vol: pl.DataFrame, sheets: pl.DataFrame, day: date, sigle: list[str], criteri: pl.DataFrame, classi: pl.DataFrame
) -> Valutazione:
    """The cases of the provinces of `sigle` at a day, scored and ranked: at equal score more workers, earlier opening, number."""
    casi = cases(vol, day, sigle)
    parts = contributions(measures(casi, sheets, day), criteri)
    band = pl.coalesce(
        pl.when(pl.col("punteggio") >= least).then(pl.lit(name)) for name, least in classi.select("classe", "punteggio_minimo").iter_rows()
    )
    rows = casi.join(scores(parts), on="id_procedura", how="left", maintain_order="left").with_columns(band.alias("classe"))
    order = [pl.col("punteggio").round(DIGITS), "lavoratori", "data_apertura", "id_procedura"]
    rows = rows.sort(order, descending=[True, True, False, False], nulls_last=True)
    rows = rows.with_columns(
        pl.when(pl.col("punteggio").is_not_null()).then(pl.int_range(1, pl.len() + 1)).cast(pl.Int64).alias("posizione")
    )
    units = vol.filter(is_alive(day)).join(rows.select("id_procedura"), on="id_procedura", how="semi").sort(UNITA)
    return Valutazione(day, rows.select("posizione", pl.exclude("posizione")), parts, units)


def summary(v: Valutazione, totale: str, sigle: list[str]) -> pl.DataFrame:
    """One row per provincia (and `totale`), `aspetto` and `voce` that has cases: how many, and their workers there.

    Aspects: casi (all of them), classe of the score, criterio that counts most, registro (its `complessita` and the class, by a slash). A
    case of several provinces counts in each, once in the total.
    """
    mine = v.casi.select("id_procedura", "classe", "prevalente", "registro")
    here = v.unita.filter(pl.col("sigla_provincia").is_in(sigle)).join(mine, on="id_procedura")
    parts = [here.with_columns(pl.col("sigla_provincia").alias("provincia")), here.with_columns(pl.lit(totale).alias("provincia"))]
    blank = pl.lit("nessuno")
    aspects = {
        "casi": pl.lit("tutti"),
        "classe": pl.coalesce("classe", blank),
        "criterio": pl.coalesce("prevalente", blank),
        "registro": pl.coalesce("registro", blank) + "/" + pl.coalesce("classe", blank),
    }
    rows = [
        part.group_by("provincia", pl.lit(name).alias("aspetto"), voice.alias("voce")).agg(
            pl.col("id_procedura").n_unique().cast(pl.Int64).alias("casi"), pl.col("lavoratori_coinvolti").sum().alias("lavoratori")
        )
        for part in parts
        for name, voice in aspects.items()
    ]
    return pl.concat(rows).sort("provincia", "aspetto", "voce")
