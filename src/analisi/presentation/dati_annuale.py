"""The data files of the annual report."""

from __future__ import annotations

from typing import TYPE_CHECKING

import polars as pl

from analisi.disclosure.tavole import Tavola, at, cella, differenza, rapporto, segue
from analisi.indicators.casi_gestiti import COUNTS
from analisi.indicators.fonti import read_fonte
from analisi.presentation import coordinamento
from analisi.presentation.blocks import Block
from analisi.presentation.contesto import INVOLVEMENTS, Contesto, ordered
from analisi.presentation.datasets import DataFile, data_blocks
from analisi.vocabulary import TOTALE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

CASI = "casi_gestiti"  # the name of its cells
COLUMNS = {
    "anno": ("Anno", "anno", "anno di riferimento"),
    "provincia": ("Territorio", "testo", "sigla della provincia della sede operativa; TOT per la regione"),
    "procedura": ("Procedura", "testo", "codice della procedura; totale per la somma delle procedure"),
    "unita_produttive": ("Unità produttive", "intero", "unità produttive coinvolte"),
    "unita_produttive_confronto": ("Unità produttive, confronto", "intero", "unità produttive nell'anno di confronto"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori coinvolti (coinvolgimenti, non persone)"),
    "lavoratori_confronto": ("Lavoratori, confronto", "intero", "lavoratori nell'anno di confronto"),
    "peso_unita": ("Peso unità %", "decimale", "quota delle unità sul totale regionale della procedura, 0-100"),
    "peso_lavoratori": ("Peso lavoratori %", "decimale", "quota dei lavoratori sul totale regionale della procedura, 0-100"),
    "variazione_lavoratori": ("Variazione lavoratori", "intero_segno", "differenza dei lavoratori fra anno e confronto"),
    "variazione_lavoratori_pct": ("Variazione lavoratori %", "decimale_segno", "variazione percentuale dei lavoratori; vuota da base zero"),
    "contributo_pp": (
        "Contributo lavoratori (punti)",
        "decimale_segno",
        "variazione in punti percentuali del totale regionale di confronto",
    ),
    "variazione_peso_pp": ("Variazione peso lavoratori (punti)", "decimale_segno", "differenza del peso dei lavoratori, punti percentuali"),
    "variazione_unita": ("Variazione unità", "intero_segno", "differenza delle unità produttive fra anno e confronto"),
    "variazione_unita_pct": ("Variazione unità %", "decimale_segno", "variazione percentuale delle unità; vuota da base zero"),
    "contributo_unita_pp": (
        "Contributo unità (punti)",
        "decimale_segno",
        "variazione delle unità in punti percentuali del totale regionale",
    ),
    "variazione_peso_unita_pp": ("Variazione peso unità (punti)", "decimale_segno", "differenza del peso delle unità, punti percentuali"),
    "posizione": ("Posizione", "intero", "posto per numero di lavoratori nella procedura, 1 il più alto"),
    "posizione_confronto": ("Posizione, confronto", "intero", "posto nell'anno di confronto"),
    "effetto_numero": ("Effetto numero", "due_decimali", "lavoratori in più o in meno per il numero delle unità"),
    "effetto_dimensione": ("Effetto dimensione", "due_decimali", "lavoratori in più o in meno per la dimensione delle unità"),
    "dimensione": ("Lavoratori per unità", "due_decimali", "lavoratori per unità produttiva"),
    "dimensione_confronto": ("Lavoratori per unità, confronto", "due_decimali", "lavoratori per unità produttiva nell'anno di confronto"),
    "rapporto_unita": ("Rapporto unità", "due_decimali", "unità produttive dell'anno divise per quelle del confronto"),
    "inf95": ("Inferiore 95%", "due_decimali", "estremo inferiore dell'intervallo al 95%"),
    "sup95": ("Superiore 95%", "due_decimali", "estremo superiore dell'intervallo al 95%; vuoto se senza limite"),
    "p": ("p", "tre_decimali", "probabilità di una differenza almeno così grande per caso"),
    "p_bh": ("p corretto", "tre_decimali", "p corretto per il confronto di più province (Benjamini e Hochberg); vuoto per la regione"),
    "quota_lavoratori": ("Quota lavoratori %", "decimale", "quota dei lavoratori della provincia in quella procedura, 0-100"),
    "province": ("Territori con lavoratori", "intero", "province con almeno un lavoratore"),
    "quota_prime": ("Quota dei primi tre %", "decimale", "quota dei lavoratori nelle prime tre province, 0-100"),
    "herfindahl": ("Indice di Herfindahl", "tre_decimali", "somma dei quadrati delle quote, fino a 1"),
    "province_equivalenti": ("Territori equivalenti", "due_decimali", "inverso dell'indice di Herfindahl"),
    "lavoratori_base": ("Lavoratori della base", "intero", "lavoratori sospesi su cui è calcolata la quota"),
    "quota_attivati_pct": ("Quota con PAL attivata %", "intero", "quota della base con PAL attivata, come stampata, 0-100"),
    "approssimata": ("Approssimata", "testo", "sì se la fonte scrive «circa»"),
    **coordinamento.COLUMNS,
    "fonte": ("Fonte", "testo", "dove la cifra è stampata, o il registro da cui è contata"),
}


def _file(title: str, row: str, *columns: str) -> DataFile:
    return DataFile(title, row, {name: COLUMNS[name] for name in columns})


DATI = {
    "tavola_provinciale": _file("Unità produttive e lavoratori per anno, territorio e procedura, con i pesi sulla regione", "anno, provincia (anche TOT), procedura (anche totale)",
        "anno", "provincia", "procedura", "unita_produttive", "peso_unita", "lavoratori", "peso_lavoratori",
    ),
    "confronto_provinciale": _file("Confronto fra i due anni per territorio e procedura", "provincia, procedura",
        "provincia", "procedura", "unita_produttive", "unita_produttive_confronto", "lavoratori", "lavoratori_confronto",
        "variazione_lavoratori", "variazione_lavoratori_pct", "contributo_pp", "peso_lavoratori", "variazione_peso_pp",
        "variazione_unita", "variazione_unita_pct", "contributo_unita_pp", "peso_unita", "variazione_peso_unita_pp",
        "posizione", "posizione_confronto",
    ),
    "scomposizione": _file("Variazione dei lavoratori: effetto del numero e della dimensione delle unità", "provincia, procedura",
        "provincia", "procedura", "effetto_numero", "effetto_dimensione", "dimensione", "dimensione_confronto",
    ),
    "solidita": _file("Rapporto fra le unità produttive dei due anni, con intervallo e p", "provincia, procedura (senza totale: vedi metodo, 7)",
        "provincia", "procedura", "rapporto_unita", "inf95", "sup95", "p", "p_bh",
    ),
    "composizione": _file("Lavoratori per procedura in ogni territorio", "anno, provincia, procedura",
        "anno", "provincia", "procedura", "lavoratori", "quota_lavoratori",
    ),
    "concentrazione": _file("Concentrazione dei lavoratori fra i territori", "anno, procedura",
        "anno", "procedura", "province", "quota_prime", "herfindahl", "province_equivalenti",
    ),
    "attivazione_pal": _file("Attivazione delle PAL come stampata dalla fonte", "anno, procedura",
        "anno", "procedura", "lavoratori_base", "quota_attivati_pct", "approssimata", "fonte",
    ),
    "coordinamento": _file("Tavoli di coordinamento, come stampati e come contati dal registro dei tavoli", "anno, fonte, tipo di tavolo; poi Nucleo",
        "anno", *coordinamento.COLUMNS, "fonte",
    ),
}  # fmt: skip


def annual_datasets(frames: dict[str, pl.DataFrame], ctx: Contesto) -> list[Block]:
    """The data files of the report, one per frame, by name; figures unrounded, weights and per cents from 0 to 100."""
    blocks = []
    for name, frame in frames.items():
        rows = ordered(frame, ctx) if {"provincia", "procedura"} & set(frame.columns) else frame
        own = f"{name}.csv" in ctx.fonte.documenti["file"]
        source, notes = (ctx.fonte.document(f"{name}.csv"), []) if own else (ctx.source, [INVOLVEMENTS])
        blocks += data_blocks(DATI, {name: rows}, source=source, notes=notes)
    return blocks


def sistema(fonte: str, territorio: str, criterio_anno: str) -> Sistema:
    """The cells of the report: units and workers of every year, provincia and procedura, with their totals."""
    from analisi.disclosure.celle import cells

    figures = read_fonte(fonte, territorio, criterio_anno)
    dims = {"anno": "", "provincia": figures.territorio.totale, "procedura": TOTALE}
    counted = {"lavoratori": "lavoratori", "sedi": "unita_produttive"}
    if figures.unita is None:
        return cells(figures.casi, CASI, dims, COUNTS, **counted)
    own = {"impresa": "codice_fiscale_azienda", "unita": ["id_procedura", "id_unita"]}
    return cells(figures.unita, CASI, dims, COUNTS, **counted, **own)


def tavole(fonte: str, territorio: str, criterio_anno: str, anno: int, confronto: int) -> dict[str, Tavola]:
    """How the data files tell the cells of `sistema`."""
    figures = read_fonte(fonte, territorio, criterio_anno)
    before, now = figures.year_pair(anno, confronto)
    region, dims = figures.territorio.totale, {"provincia": figures.territorio.totale, "procedura": TOTALE}
    each = {"unita": cella("unita_produttive"), "lavoratori": cella("lavoratori")}
    whole = {name: at(column, provincia=region) for name, column in each.items()}
    dopo, prima = ({name: at(column, anno=year) for name, column in each.items()} for year in (now, before))
    base = {name: at(column, provincia=region) for name, column in prima.items()}
    change = {name: differenza(dopo[name], prima[name]) for name in each}
    both = segue(*dopo.values(), *prima.values())
    ranks = [
        segue(*(at(cella("lavoratori"), provincia=sigla, **year) for sigla in figures.territorio.sigle))
        for year in ({}, {"anno": now}, {"anno": before})
    ]
    yearly = dims | {"anno": ""}
    return {
        "tavola_provinciale": Tavola(CASI, yearly, {
            "unita_produttive": each["unita"], "peso_unita": rapporto(each["unita"], whole["unita"], scala=100),
            "lavoratori": each["lavoratori"], "peso_lavoratori": rapporto(each["lavoratori"], whole["lavoratori"], scala=100),
        }),
        "confronto_provinciale": Tavola(CASI, dims, {
            "unita_produttive": dopo["unita"], "unita_produttive_confronto": prima["unita"],
            "lavoratori": dopo["lavoratori"], "lavoratori_confronto": prima["lavoratori"],
            "peso_unita": rapporto(dopo["unita"], at(dopo["unita"], provincia=region), scala=100),
            "peso_lavoratori": rapporto(dopo["lavoratori"], at(dopo["lavoratori"], provincia=region), scala=100),
            "variazione_peso_unita_pp": segue(dopo["unita"], prima["unita"], at(dopo["unita"], provincia=region), base["unita"]),
            "variazione_peso_pp": segue(dopo["lavoratori"], prima["lavoratori"], at(dopo["lavoratori"], provincia=region), base["lavoratori"]),
            "variazione_unita": change["unita"], "variazione_lavoratori": change["lavoratori"],
            "variazione_unita_pct": rapporto(change["unita"], prima["unita"], scala=100),
            "variazione_lavoratori_pct": rapporto(change["lavoratori"], prima["lavoratori"], scala=100),
            "contributo_unita_pp": rapporto(change["unita"], base["unita"], scala=100),
            "contributo_pp": rapporto(change["lavoratori"], base["lavoratori"], scala=100),
            "posizione": ranks[1], "posizione_confronto": ranks[2],
        }),
        "scomposizione": Tavola(CASI, dims, {
            "effetto_numero": both, "effetto_dimensione": both,
            "dimensione": rapporto(dopo["lavoratori"], dopo["unita"]), "dimensione_confronto": rapporto(prima["lavoratori"], prima["unita"]),
        }),
        "solidita": Tavola(CASI, dims, dict.fromkeys(("rapporto_unita", "inf95", "sup95", "p", "p_bh"), segue(dopo["unita"], prima["unita"]))),
        "composizione": Tavola(CASI, yearly, {
            "lavoratori": each["lavoratori"], "quota_lavoratori": rapporto(each["lavoratori"], at(each["lavoratori"], procedura=TOTALE), scala=100),
        }),
        "concentrazione": Tavola(CASI, yearly, dict.fromkeys(("province", "quota_prime", "herfindahl", "province_equivalenti"), ranks[0])),
        "attivazione_pal": Tavola(CASI, yearly, dict.fromkeys(("lavoratori_base", "quota_attivati_pct"), segue(whole["lavoratori"]))),
        "coordinamento": coordinamento.TAVOLA,
    }  # fmt: skip
