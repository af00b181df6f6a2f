"""Which figures of the report on PAL activation may leave: its cells, and how its data files and tables tell them.

A row is a site (unità produttiva) of a quarterly sheet, by step: who contributes to a cell are the sites with workers in it, and their
companies. To a zero contribute all the sites of the place, as it says of each that no worker is there: if they are few it is hidden.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import polars as pl

from analisi.disclosure.tavole import PUBBLICA, RISERVATA, Colonna, Gerarchia, Tavola, at, cella, key, rapporto, segue
from analisi.indicators import periodi, tempi
from analisi.indicators.attivazione_pal import BREAKDOWNS, NON_INDICATO, STATI, with_base
from analisi.indicators.flusso import positions
from analisi.indicators.monitoraggio import Monitoraggio, covered_workers, read_monitoraggio
from analisi.indicators.periodi import last_day
from analisi.tables.catalogo import MOTIVI_CONTO, MOTIVI_NO_PAL
from analisi.vocabulary import TOTALE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

PAL = "attivazione_pal"  # the name of its cells
UNITA, ALTRI, CONCLUSE, SEGUITI = ["id_procedura", "id_unita"], "ALTRI", "concluse", "seguiti"
CORSO = dict.fromkeys(("STEP1", "STEP2", "STEP3", "NESSUNO"), "in_corso")
SOLO_PROTETTE = r"\.aggiunti_|\.tolti_| novita=| passo=ALTRI| passo=in_corso| base=nuova| passo=netta"  # complements, and changes
PASSI = (  # what each step is a part of: those who are not activated, and those who are not exempt
    CORSO | {"in_corso": ALTRI, "NO_PAL": ALTRI, ALTRI: TOTALE, "STEP4": TOTALE},
    CORSO | {"in_corso": "netta", "STEP4": "netta", "netta": TOTALE, "NO_PAL": TOTALE},
)


def sistema(fonte: str, territorio: str, trimestre: str, maturita_giorni: int) -> Sistema:
    """The cells of the report, for the whole territory, whatever provincia a page is about.

    Of the quarter the suspended by step and provincia, of the quarter before those activated, and what changed; of the region also the
    other quarters, bases, breakdowns, exemptions, waits and phases of the flow.
    """
    from analisi.disclosure.celle import together, unshown

    dati = read_monitoraggio(fonte, territorio)
    quarter, region = dati.require(trimestre), dati.territorio.totale
    stock = with_company(dati.stock, dati)
    now, place, whole = stock.filter(trimestre=quarter), {"trimestre": "", "provincia": region}, {"trimestre": ""}
    steps = now.drop("lavoratori").unpivot(list(STATI.values()), index=[*place, *UNITA, "impresa"], variable_name="passo", value_name="lavoratori")  # fmt: skip
    steps = steps.with_columns(pl.col("passo").replace_strict({name: code for code, name in STATI.items()}))
    recent = stock.filter(pl.col("trimestre").is_in([quarter, periodi.previous(quarter)]))
    aged, flow = _aged(now, stock, maturita_giorni), in_the_flow(dati, now)
    found = together(
        counted(recent, place),
        counted(stock, whole),
        counted(_activated(recent), place | {"passo": TOTALE}, ["passo"]),
        *(_net(counted(steps, place | {"passo": tree}, ["passo"])) for tree in PASSI),
        counted(_activated(stock), whole | {"passo": TOTALE}, ["passo"]),
        counted(aged, whole | {"base": "tutti", "novita": TOTALE}),
        counted(_activated(aged), whole | {"base": "tutti", "passo": TOTALE}, ["passo"]),
        *(counted(rows, whole | {"voce": TOTALE}) for rows in _broken_down(now)),
        *(counted(_activated(rows), whole | {"voce": TOTALE, "passo": TOTALE}, ["passo"]) for rows in _broken_down(now)),
        counted(flow, whole | {"fase": TOTALE}),
        counted(flow, whole | {"fase": TOTALE}, misura="gruppi"),
        *_exempt(dati, now),
        *_waiting(dati, now),
        *_flows(stock, whole),
        *_flows(recent, place),
    )
    return unshown(found, SOLO_PROTETTE)


def tavole(fonte: str, territorio: str, trimestre: str) -> dict[str, Tavola]:
    """How the data files, and the tables that have none, tell the cells of `sistema`."""
    dati = read_monitoraggio(fonte, territorio)
    quarter, region = dati.require(trimestre), dati.territorio.totale
    place = {"trimestre": "", "provincia": region}
    workers, active = cella("lavoratori"), cella("lavoratori", passo="STEP4")  # the others are their difference, protected with them
    exempt, groups = cella("esonerati"), cella("gruppi", trimestre=quarter)
    followed = {name: cella(SEGUITI, trimestre=quarter, attesa=name) for name in ("raggiunti", "in_attesa", "usciti")}
    rate = {"attivati": active, "lavoratori": workers, "tasso": rapporto(active, workers, scala=100), "unita": RISERVATA}
    rate |= dict.fromkeys(("inf95", "sup95", "procedure", "correlazione", "dimensione"), segue(active, workers))
    return {
        "passi": Tavola(PAL, place | {"passo": TOTALE}, {"lavoratori": workers, "quota": rapporto(workers, at(workers, passo=TOTALE), scala=100)}),
        "tassi": Tavola(PAL, place | {"base": "tutti"}, rate),
        "dettaglio": Tavola(PAL, {"trimestre": "", "voce": TOTALE}, rate),
        "variazioni_trimestre": _changes(place, periodi.previous(quarter), active, workers),
        "variazioni_anno": _changes(place, periodi.year_before(quarter), active, workers),
        "tempi": Tavola(PAL, {"provincia": region, "passo": TOTALE}, {
            "lavoratori": cella(SEGUITI, trimestre=quarter), **followed,
            **dict.fromkeys(("mediana", "p90"), segue(cella("lavoratori", trimestre=quarter, passo=TOTALE))),
        }),
        "fasi": Tavola(PAL, {"provincia": region, "fase": TOTALE}, {
            "lavoratori": cella("lavoratori", trimestre=quarter), "gruppi": groups, "attesa_mediana": segue(cella("lavoratori", trimestre=quarter), groups),
        }),
        "esoneri": Tavola(PAL, {"trimestre": "", "motivo": TOTALE}, {"lavoratori": exempt, "quota": rapporto(exempt, at(exempt, motivo=TOTALE), scala=100)}),
        "copertura": Tavola(PAL, place, dict.fromkeys(("unita_attese", "unita_ricevute", "lavoratori_attesi", "lavoratori_ricevuti", "quota"), RISERVATA) | dict.fromkeys(("giorni_invio", "progressivo_invio"), PUBBLICA)),
    }  # fmt: skip


def _changes(place: Mapping[str, Gerarchia], before: str, *told: Colonna) -> Tavola:
    """How a table of changes tells the cells of its two quarters."""
    now, then = segue(*told), segue(*(at(column, trimestre=before) for column in told))
    both = segue(now, then)
    names = ("differenza_pp", "inf95_pp", "sup95_pp", "procedure_comuni")
    return Tavola(PAL, place, {"tasso": now, "tasso_confronto": then, **dict.fromkeys(names, both)})


def counted(rows: pl.DataFrame, dims: Mapping[str, Gerarchia], identity: Sequence[str] = (), misura: str = "lavoratori") -> Sistema:
    """The cells of rows of sites with `impresa` and `lavoratori`: who contributes are those with workers.

    Args:
        identity: the columns that, beside the site, tell rows apart.
    """
    from analisi.disclosure.celle import cells

    rows = rows.with_columns(presenti=(pl.col("lavoratori") > 0).cast(pl.Int64), gruppi=pl.lit(1))
    return cells(rows, PAL, dims, [misura], sedi="presenti", lavoratori="lavoratori", impresa="impresa", unita=[*UNITA, *identity])


def with_company(rows: pl.DataFrame, dati: Monitoraggio) -> pl.DataFrame:
    """Rows of sites with `impresa`: the company of the register, or else the procedura."""
    register = dati.vol.select(*UNITA, impresa="codice_fiscale_azienda").unique(UNITA, keep="first", maintain_order=True)
    named = rows.join(register, on=UNITA, how="left", nulls_equal=True, maintain_order="left")
    return named.with_columns(pl.coalesce("impresa", "id_procedura"))


def _activated(rows: pl.DataFrame) -> pl.DataFrame:
    """Each row twice, by `passo`: the workers at STEP 4, and the others."""
    others = pl.col("lavoratori") - pl.col("step4")
    parts = {"STEP4": pl.col("step4"), ALTRI: others}
    return pl.concat(rows.with_columns(passo=pl.lit(code), lavoratori=count) for code, count in parts.items())


def _aged(now: pl.DataFrame, stock: pl.DataFrame, maturita_giorni: int) -> pl.DataFrame:
    """The rows of the quarter with `base`, whether they are mature, and `novita`, whether their site was in the quarter before."""
    mature = with_base(now, "matura", maturita_giorni).select(UNITA).with_columns(base=pl.lit("matura"))
    before = stock.filter(trimestre=periodi.previous(now["trimestre"][0])).select(UNITA).with_columns(novita=pl.lit("presenti"))
    rows = now.join(mature, on=UNITA, how="left", nulls_equal=True).join(before, on=UNITA, how="left", nulls_equal=True)
    return rows.with_columns(pl.col("base").fill_null("nuova"), pl.col("novita").fill_null("arrivate"))


def _net(steps: Sistema) -> Sistema:
    """The cells of the steps, those of the net base also by the name that they have in the table of the rates."""
    from analisi.disclosure.celle import Sistema

    names = {" passo=netta": " base=netta", " passo=STEP4": " base=netta passo=STEP4", " passo=in_corso": " base=netta passo=ALTRI"}
    celle, vincoli = [steps.celle], [steps.vincoli]
    for old, new in names.items():
        again = steps.celle.filter(pl.col("cella").str.contains(f"{old}( |$)")).with_columns(_nuova=pl.col("cella").str.replace(old, new))
        celle.append(again.with_columns(cella="_nuova").drop("_nuova"))
        vincoli.append(equal(again.select("cella", altra="_nuova")))
    return Sistema(pl.concat(celle), pl.concat(vincoli))


def equal(pairs: pl.DataFrame) -> pl.DataFrame:
    """The relations that say that cells are equal: columns cella, altra."""
    name, ends = (pl.lit("stessa cella: ") + pl.col("altra")).alias("vincolo"), {"inf": pl.lit(0.0), "sup": pl.lit(0.0)}
    return pl.concat(pairs.select(name, pl.col(cell).alias("cella"), coefficiente=pl.lit(n), **ends) for cell, n in (("cella", 1.0), ("altra", -1.0)))  # fmt: skip


def _broken_down(now: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """The rows of the quarter with `voce`, once for each breakdown of the report."""
    for name, words in BREAKDOWNS.items():
        yield now.with_columns(voce=pl.lit(f"{words}: ") + pl.col(name).fill_null(NON_INDICATO))


def _exempt(dati: Monitoraggio, now: pl.DataFrame) -> list[Sistema]:
    """The cells of those exempt by reason, and that they are the exempt of the steps."""
    from analisi.disclosure.celle import Sistema

    names = dict(zip(MOTIVI_CONTO, MOTIVI_NO_PAL.values(), strict=True))
    rows = dati.conteggi.join(now.select("trimestre", *UNITA, "impresa"), on=["trimestre", *UNITA], nulls_equal=True)
    rows = rows.select("trimestre", *UNITA, "impresa", "no_pal", pl.col(MOTIVI_CONTO).fill_null(0)).with_columns(
        (pl.col("no_pal") - pl.sum_horizontal(MOTIVI_CONTO)).alias(NON_INDICATO)
    )
    rows = rows.drop("no_pal").unpivot(index=["trimestre", *UNITA, "impresa"], variable_name="motivo", value_name="lavoratori")
    rows = rows.with_columns(pl.col("motivo").replace(names), esonerati=pl.col("lavoratori"))
    found = counted(rows, {"trimestre": "", "motivo": TOTALE}, ["motivo"], "esonerati")
    same = {"cella": f"{PAL}.lavoratori passo=NO_PAL trimestre=", "altra": f"{PAL}.esonerati trimestre="}
    pairs = pl.DataFrame({name: [start + now["trimestre"][0]] for name, start in same.items()})
    return [Sistema(found.celle, pl.concat([found.vincoli, equal(pairs)]))]


def _waiting(dati: Monitoraggio, now: pl.DataFrame) -> list[Sistema]:
    """The cells of the workers whose steps are known, by step: who reached it, who waits, who left."""
    quarter = now["trimestre"][0]
    waits = tempi.waits(covered_workers(dati, quarter), dati.passi, last_day(quarter))
    if waits.is_empty():
        return []
    state = pl.when("raggiunto").then(pl.lit("raggiunti")).when("uscito").then(pl.lit("usciti")).otherwise(pl.lit("in_attesa"))
    keys = ["passo", *UNITA]
    rows = with_company(waits.group_by(*keys, state.alias("attesa")).agg(lavoratori=pl.len().cast(pl.Int64)).sort(*keys, "attesa"), dati)
    rows = rows.with_columns(trimestre=pl.lit(quarter), **{SEGUITI: pl.col("lavoratori")})
    each = rows.group_by("trimestre", *keys, "impresa", maintain_order=True).agg(pl.col("lavoratori", SEGUITI).sum())
    dims = {"trimestre": "", "passo": ""}
    return [counted(each, dims, misura=SEGUITI), counted(rows, dims | {"attesa": TOTALE}, ["passo"], SEGUITI)]


def in_the_flow(dati: Monitoraggio, now: pl.DataFrame) -> pl.DataFrame:
    """The rows of the quarter with workers, and the `fase` where each stands; those whose suspension ended are `CONCLUSE`."""
    quarter = now["trimestre"][0]
    where = positions(dati.stock, dati.vol, dati.tavoli, last_day(quarter)).filter(trimestre=quarter).select(*UNITA, "fase")
    rows = now.filter(pl.col("lavoratori") > 0).join(where, on=UNITA, how="left", nulls_equal=True, maintain_order="left")
    return rows.with_columns(pl.col("fase").fill_null(CONCLUSE))


def _flows(stock: pl.DataFrame, dims: Mapping[str, Gerarchia]) -> Iterator[Sistema]:
    """From each quarter to the next: a count is that of the quarter before, and what sites added, less what they took away."""
    from analisi.disclosure.celle import Sistema

    for quarter in stock["trimestre"].unique().sort():
        now, before = (stock.filter(trimestre=when).drop("trimestre") for when in (quarter, periodi.previous(quarter)))
        both = now.join(before, on=["provincia", *UNITA, "impresa"], how="full", coalesce=True, nulls_equal=True, suffix="_prima")
        for name, step in (("lavoratori", {}), ("step4", {"passo": "STEP4"})) if before.height else ():
            more = (pl.col(name).fill_null(0) - pl.col(f"{name}_prima").fill_null(0)).alias("lavoratori")
            rows, terms = both.with_columns(more, trimestre=pl.lit(quarter)), [(1.0, "lavoratori", step)]
            terms.append((-1.0, "lavoratori", {**step, "trimestre": periodi.previous(quarter)}))
            for kind, sign in ((f"aggiunti_{name}", 1), (f"tolti_{name}", -1)):
                size = (sign * pl.col("lavoratori")).clip(0)
                yield counted(rows.with_columns(size.alias("lavoratori"), size.alias(kind)), dims, misura=kind)
                terms.append((-float(sign), kind, {}))
            yield Sistema(counted(rows.clear(), dims).celle, _balance(rows, dims, name, terms))


def _balance(rows: pl.DataFrame, dims: Mapping[str, Gerarchia], name: str, terms: list[tuple[float, str, dict[str, str]]]) -> pl.DataFrame:
    """The relation of a sum of cells that is zero, at each place of the rows and in their total."""
    places = rows.select(list(dims)).unique(maintain_order=True)
    if "provincia" in dims:
        places = pl.concat([places, places.head(1).with_columns(provincia=pl.lit(dims["provincia"]))])
    word = pl.concat_str(pl.lit(f"saldo {name}:"), *dims, separator=" ").alias("vincolo")
    ends = {"inf": pl.lit(0.0), "sup": pl.lit(0.0)}
    return pl.concat(places.select(word, key(PAL, misura, dims, dove), coefficiente=pl.lit(n), **ends) for n, misura, dove in terms)
