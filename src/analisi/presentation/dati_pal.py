"""The data files of the report on PAL activation; which of its figures may leave: its cells, and how the files tell them.

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
from analisi.presentation.datasets import Campo, DataFile
from analisi.tables.catalogo import MOTIVI_CONTO, MOTIVI_NO_PAL
from analisi.vocabulary import TOTALE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

PAL = "attivazione_pal"  # the name of its cells
UNITA, ALTRI, CONCLUSE, SEGUITI = ["id_procedura", "id_unita"], "ALTRI", "concluse", "seguiti"
CORSO = dict.fromkeys(("STEP1", "STEP2", "STEP3", "NESSUNO"), "in_corso")
VOCI = {"dimensione_analisi": "", "voce": TOTALE}
LIMITI = ("atteso", "equivalenti", "inf95", "sup95", "inf998", "sup998")  # of the funnel: computed from the rates that are shown
SOLO_PROTETTE = r"\.aggiunti_|\.tolti_| novita=| passo=ALTRI| passo=in_corso| base=nuova| passo=netta"  # complements, and changes
PASSI = (  # what each step is a part of: those who are not activated, and those who are not exempt
    CORSO | {"in_corso": ALTRI, "NO_PAL": ALTRI, ALTRI: TOTALE, "STEP4": TOTALE},
    CORSO | {"in_corso": "netta", "STEP4": "netta", "netta": TOTALE, "NO_PAL": TOTALE},
)


_COLONNE = {
    "trimestre": ("Trimestre", "testo", "trimestre di riferimento"),
    "provincia": ("Territorio", "testo", "sigla della provincia dell'unità produttiva; TOT per la regione"),
    "passo": ("Passo", "testo", "passo raggiunto; NESSUNO se non ancora preso in carico"),
    "base": ("Base", "testo", "base del tasso: tutti, netta degli esonerati, a maturità"),
    "confronto": ("Confronto", "testo", "trimestre con cui si confronta: il precedente, o lo stesso di un anno prima"),
    "dimensione_analisi": ("Per", "testo", "ciò per cui si distingue: tipo di procedura, causale, settore, dimensione dell'azienda"),
    "voce": ("Voce", "testo", "codice del tipo o della causale, prime due cifre ATECO, o classe di dimensione"),
    "motivo": ("Motivo", "testo", "motivo dell'esonero dalle PAL (NO PAL)"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori sospesi"),
    "attivati": ("PAL attivate", "intero", "lavoratori con PAL attivata (STEP 4)"),
    "tasso": ("Tasso %", "quota", "attivati sulla base, 0-100"),
    "tasso_confronto": ("Tasso allora %", "quota", "attivati sulla base nel trimestre di confronto, 0-100"),
    "differenza_pp": ("Differenza (punti)", "decimale_segno", "differenza fra i due tassi, in punti percentuali"),
    "inf95_pp": ("Da (punti)", "decimale_segno", "estremo inferiore dell'intervallo al 95% della differenza, in punti percentuali"),
    "sup95_pp": ("A (punti)", "decimale_segno", "estremo superiore dell'intervallo al 95% della differenza, in punti percentuali"),
    "distinguibile": ("Oltre il caso", "testo", "sì se l'intervallo al 95% lascia fuori lo zero; vuoto se non si può dire"),
    "inf95": ("Estremo inferiore %", "quota", "estremo inferiore dell'intervallo al 95%, 0-100"),
    "sup95": ("Estremo superiore %", "quota", "estremo superiore dell'intervallo al 95%, 0-100"),
    "atteso": ("Tasso della regione %", "quota", "tasso della regione, intorno al quale stanno i limiti, 0-100"),
    "equivalenti": ("Dimensione effettiva", "decimale", "lavoratori indipendenti equivalenti: i sospesi, divisi per l'effetto delle procedure"),
    "inf998": ("Limite inferiore 99,8%", "quota", "limite inferiore al 99,8%, 0-100"),
    "sup998": ("Limite superiore 99,8%", "quota", "limite superiore al 99,8%, 0-100"),
    "fuori": ("Fuori dai limiti", "testo", "sì se il tasso è oltre i limiti al 99,8%"),
    "procedure": ("Procedure", "intero", "procedure con lavoratori nella base, contate insieme quelle di un accordo aziendale"),
    "procedure_comuni": ("Procedure comuni", "intero", "procedure presenti in entrambi i trimestri"),
    "unita": ("Unità produttive", "intero", "unità produttive"),
    "raggiunto": ("Lo ha raggiunto", "intero", "lavoratori che hanno mai raggiunto il passo"),
    "quota_raggiunto": ("Raggiunto %", "quota", "lavoratori che hanno mai raggiunto il passo sui seguiti, 0-100"),
    "attuale": ("Vi è ora", "intero", "lavoratori che sono nel passo alla fine del trimestre"),
    "quota_attuale": ("Ora %", "quota", "lavoratori che sono nel passo sui seguiti, 0-100"),
    "raggiunti": ("Hanno raggiunto il passo", "intero", "lavoratori che hanno raggiunto il passo"),
    "in_attesa": ("In attesa", "intero", "lavoratori che non lo hanno ancora raggiunto"),
    "usciti": ("Esonerati", "intero", "lavoratori esonerati prima"),
    "mediana": ("Giorni, metà", "intero", "giorni entro cui arriva la metà; vuoto se non raggiunta"),
    "p90": ("Giorni, 90%", "intero", "giorni entro cui arriva il 90%; vuoto se non raggiunti"),
    "id_procedura": ("Procedura", "testo", "numero della procedura"),
    "id_unita": ("Unità", "testo", "numero dell'unità produttiva"),
    "fase": ("Fase", "testo", "fase del flusso standard"),
    "gruppi": ("Gruppi", "intero", "gruppi di lavoratori: una procedura in una unità produttiva"),
    "attesa_mediana": ("Giorni di attesa (mediana)", "intero", "mediana dei giorni nella fase alla fine del trimestre"),
    "da": ("Dal", "testo", "giorno da cui il gruppo è nella fase"),
    "giorni_attesa": ("Giorni", "intero", "giorni nella fase alla fine del trimestre"),
    "ruolo": ("Responsabile", "testo", "chi deve agire"),
    "prossima_azione": ("Prossima azione", "testo", "che cosa resta da fare"),
    "scadenza": ("Scadenza", "testo", "termine della fase, dove è noto"),
    "stato": ("Stato", "testo", "stato del foglio ricevuto"),
    "unita_attese": ("Unità attese", "intero", "unità attese dal registro"),
    "unita_ricevute": ("Unità ricevute", "intero", "unità nei fogli accettati"),
    "lavoratori_attesi": ("Lavoratori attesi", "intero", "lavoratori attesi dal registro"),
    "lavoratori_ricevuti": ("Lavoratori ricevuti", "intero", "lavoratori nei fogli accettati"),
    "data_invio": ("Inviato il", "testo", "giorno di invio del foglio"),
    "giorni_invio": ("Giorni dalla fine del trimestre", "intero", "giorni dalla fine del trimestre all'invio del foglio"),
}  # fmt: skip
_BASE = ("Lavoratori nella base", "intero", "lavoratori della base")
_SEGUITI = ("Lavoratori", "intero", "lavoratori seguiti")


def _file(title: str, row: str, *columns: str, cases: bool = False, **own: Campo) -> DataFile:
    return DataFile(title, row, {name: own.get(name) or _COLONNE[name] for name in columns}, cases)


DATI = {
    "passi": _file("Lavoratori per passo", "trimestre, provincia (anche TOT), passo", "trimestre", "provincia", "passo", "lavoratori", "quota", quota=("Quota %", "quota", "quota dei lavoratori sospesi, 0-100"), lavoratori=("Lavoratori", "intero", "lavoratori sospesi nel passo")),
    "passi_raggiunti": _file("Passi raggiunti e passi attuali", "passo (solo nel profilo interno)", "trimestre", "passo", "lavoratori", "raggiunto", "quota_raggiunto", "attuale", "quota_attuale", lavoratori=_SEGUITI),
    "motivi_esonero": _file("Esonerati (NO PAL) per motivo", "trimestre, motivo", "trimestre", "motivo", "lavoratori", "quota", quota=("Quota %", "quota", "quota degli esonerati, 0-100"), lavoratori=("Lavoratori", "intero", "lavoratori esonerati")),
    "tassi": _file("Tassi di attivazione", "trimestre, provincia (anche TOT), base", "trimestre", "provincia", "base", "attivati", "lavoratori", "tasso", "inf95", "sup95", "unita", "procedure", lavoratori=_BASE),
    "limiti": _file("Tassi e limiti del grafico a imbuto", "trimestre, provincia", "trimestre", "provincia", "tasso", "atteso", "equivalenti", "inf95", "sup95", "inf998", "sup998", "fuori", inf95=("Limite inferiore 95%", "quota", "limite inferiore al 95%, 0-100"), sup95=("Limite superiore 95%", "quota", "limite superiore al 95%, 0-100")),
    "tassi_voce": _file("Tassi di attivazione per tipo, causale, settore e dimensione", "trimestre, dimensione di analisi, voce", "trimestre", "dimensione_analisi", "voce", "attivati", "lavoratori", "tasso", "inf95", "sup95", "procedure", "unita"),
    "variazioni_tassi": _file("Variazioni dei tassi di attivazione", "trimestre, provincia (anche TOT), trimestre di confronto", "trimestre", "provincia", "confronto", "tasso", "tasso_confronto", "differenza_pp", "inf95_pp", "sup95_pp", "distinguibile", "procedure_comuni"),
    "tempi": _file("Tempi di attesa", "provincia (anche TOT), passo", "provincia", "passo", "lavoratori", "raggiunti", "in_attesa", "usciti", "mediana", "p90", lavoratori=_SEGUITI),
    "gruppi_fase": _file("Gruppi di lavoratori per fase del flusso", "provincia, fase (nel profilo pubblico, della sola regione, anche le sospensioni concluse)", "provincia", "fase", "gruppi", "lavoratori", "attesa_mediana"),
    "flusso": _file("Gruppi di lavoratori nel flusso", "procedura e unità produttiva", "provincia", "id_procedura", "id_unita", "lavoratori", "in_attesa", "fase", "da", "giorni_attesa", "ruolo", "prossima_azione", "scadenza", cases=True, lavoratori=("Lavoratori", "intero", "lavoratori sospesi del gruppo")),
    "copertura": _file("Copertura del monitoraggio", "trimestre, provincia", "trimestre", "provincia", "stato", "unita_attese", "unita_ricevute", "lavoratori_attesi", "lavoratori_ricevuti", "quota", "data_invio", "giorni_invio", quota=("Copertura %", "quota", "lavoratori ricevuti sugli attesi, 0-100")),
}  # fmt: skip


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
        *(counted(rows, whole | VOCI) for rows in _broken_down(now)),
        *(counted(_activated(rows), whole | VOCI | {"passo": TOTALE}, ["passo"]) for rows in _broken_down(now)),
        counted(flow, whole | {"fase": TOTALE}),
        counted(flow, whole | {"fase": TOTALE}, misura="gruppi"),
        *_exempt(dati, now),
        *_waiting(dati, now),
        *_flows(stock, whole),
        *_flows(recent, place),
    )
    return unshown(found, SOLO_PROTETTE)


def tavole(fonte: str, territorio: str, trimestre: str) -> dict[str, Tavola]:
    """How the data files tell the cells of `sistema`."""
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
        "tassi_voce": Tavola(PAL, {"trimestre": "", **VOCI}, rate),
        "limiti": Tavola(PAL, place, {"tasso": rate["tasso"], **dict.fromkeys(LIMITI, segue(active, workers))}),
        "variazioni_tassi": _changes(place, [periodi.previous(quarter), periodi.year_before(quarter)], active, workers),
        "tempi": Tavola(PAL, {"provincia": region, "passo": TOTALE}, {
            "lavoratori": cella(SEGUITI, trimestre=quarter), **followed,
            **dict.fromkeys(("mediana", "p90"), segue(cella("lavoratori", trimestre=quarter, passo=TOTALE))),
        }),
        "gruppi_fase": Tavola(PAL, {"provincia": region, "fase": TOTALE}, {
            "lavoratori": cella("lavoratori", trimestre=quarter), "gruppi": groups, "attesa_mediana": segue(cella("lavoratori", trimestre=quarter), groups),
        }),
        "motivi_esonero": Tavola(PAL, {"trimestre": "", "motivo": TOTALE}, {"lavoratori": exempt, "quota": rapporto(exempt, at(exempt, motivo=TOTALE), scala=100)}),
        "copertura": Tavola(PAL, place, dict.fromkeys(("unita_attese", "unita_ricevute", "lavoratori_attesi", "lavoratori_ricevuti", "quota"), RISERVATA) | dict.fromkeys(("giorni_invio", "progressivo_invio"), PUBBLICA)),
    }  # fmt: skip


def _changes(place: Mapping[str, Gerarchia], before: Sequence[str], *told: Colonna) -> Tavola:
    """How a table of changes tells the cells of its quarter and of those before it; with each row go those of both comparisons."""
    now, then = segue(*told), segue(*(at(column, trimestre=quarter) for quarter in before for column in told))
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
        yield now.with_columns(dimensione_analisi=pl.lit(words), voce=pl.col(name).fill_null(NON_INDICATO))


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
