"""The data files of the bimonthly report."""

from __future__ import annotations

from typing import TYPE_CHECKING

from analisi.disclosure.tavole import RISERVATA, Tavola, at, cella, differenza, rapporto, segue
from analisi.indicators import attivazione_pal as pal
from analisi.indicators.estratti import read_estratti
from analisi.indicators.procedure_in_corso import CONFRONTI, CONTI, TUTTE
from analisi.presentation import coordinamento
from analisi.presentation.attivazione_pal import PASSI
from analisi.presentation.datasets import Campo, DataFile
from analisi.presentation.quadro_bimestrale import quadro
from analisi.vocabulary import TOTALE

if TYPE_CHECKING:
    from analisi.disclosure.celle import Sistema

CASI, PAL = "procedure_in_corso", "attivazione_pal"  # the names of the cells
CONTI_NOMI = {"procedure": "Procedure", "unita": "Unità", "lavoratori": "Lavoratori"}
_COLONNE: dict[str, Campo] = {
    "provincia": ("Territorio", "testo", "sigla della provincia dell'unità produttiva; TOT per la regione"),
    "procedure": ("Procedure", "intero", "procedure distinte"),
    "unita": ("Unità produttive", "intero", "unità produttive"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori coinvolti (coinvolgimenti, non persone)"),
    "id_procedura": ("Procedura", "testo", "numero della procedura"),
    "id_unita": ("Unità", "testo", "numero dell'unità produttiva"),
    "trimestre": ("Trimestre", "testo", "trimestre dei fogli dei Nuclei"),
    "regola": ("Rilievo", "testo", "codice del rilievo"),
    "quota": ("Quota %", "quota", "quota dei lavoratori in corso, 0-100"),
}
ALTRI = {"prec": ("bimestre precedente", "nel bimestre precedente"), "anno": ("un anno prima", "nello stesso bimestre dell'anno prima")}


def _comparisons() -> dict[str, Campo]:
    columns = {}
    for other, (short, words) in ALTRI.items():
        for name, label in CONTI_NOMI.items():
            what = label.lower()
            columns[f"{name}_{other}"] = (f"{label}, {short}", "intero", f"{what} {words}")
            columns[f"var_{name}_{other}"] = (
                f"Variazione {what}, {short}",
                "intero_segno",
                f"differenza delle {what}".replace("delle lav", "dei lav"),
            )
            columns[f"pct_{name}_{other}"] = (
                f"Variazione {what} %, {short}",
                "decimale_segno",
                "la stessa in percentuale; vuota da base zero",
            )
    return columns


def _file(title: str, row: str, *columns: str, cases: bool = False, **own: Campo) -> DataFile:
    return DataFile(title, row, {name: _COLONNE[name] for name in columns} | own, cases)


DATI = {
    "procedure_in_corso": DataFile("Procedure di CIGS in corso, avviate, concluse, in scadenza, in attesa", "provincia (anche TOT), tipo, voce", {
        "bimestre": ("Bimestre", "testo", "bimestre del rapporto"), "provincia": _COLONNE["provincia"],
        "tipo": ("Tipo", "testo", "ministeriale (A), regionale (B, C), tutte"),
        "voce": ("Voce", "testo", "in_corso_prima: alla fine del bimestre precedente; avviate e concluse nel bimestre; in_corso, in_scadenza e in_attesa alla sua fine"),
        **{name: _COLONNE[name] for name in CONTI}, **_comparisons(),
    }),
    "procedure_condivise": _file("Procedure in corso con sedi in più territori", "provincia (anche TOT)", "provincia", "procedure",
        condivise=("Con sedi in più territori", "intero", "procedure in corso con unità anche altrove"),
        lavoratori_qui=("Lavoratori qui", "intero", "lavoratori in corso di quelle procedure, in questo territorio"),
        lavoratori_in_tutto=("Lavoratori in tutto", "intero", "lavoratori di quelle procedure in tutte le loro unità del registro")),
    "elenco": _file("Unità in corso, in attesa e concluse nel bimestre", "procedura e unità produttiva", "provincia", "id_procedura", "id_unita", cases=True,
        ragione_sociale=("Azienda", "testo", "nome dell'azienda"), comune_nome=("Comune", "testo", "comune dell'unità produttiva"),
        tipologia_linee_guida=("Tipo", "testo", "tipo delle linee guida: A, B, C"),
        situazione=("Situazione", "testo", "in scadenza, in corso, in attesa, conclusa nel bimestre"),
        causale=("Causale", "testo", "causale della procedura"), ateco_codice=("ATECO", "testo", "codice di attività economica"),
        ateco_versione=("Versione ATECO", "testo", "versione della classificazione"),
        classe_dimensionale=("Dimensione", "testo", "dipendenti dell'azienda"),
        data_apertura=("Apertura", "testo", "apertura della procedura"), data_inizio=("Inizio", "testo", "primo giorno della sospensione"),
        data_fine=("Fine", "testo", "ultimo giorno della sospensione"), giorni=("Giorni alla fine", "intero", "giorni dalla fine del bimestre a quella della sospensione"),
        lavoratori_coinvolti=("Lavoratori", "intero", "lavoratori coinvolti nell'unità"),
        obbligo_pal=("Obbligo PAL", "testo", "obbligo di attivare le politiche attive: S, N, ND"),
        foglio=("Foglio", "testo", "ultimo trimestre dei fogli dei Nuclei che riporta l'unità"),
        **{name: (f"{label}", "intero", f"lavoratori a {label} nel foglio") for name, label in zip(pal.STATI.values(), PASSI.values(), strict=True)},
        altre_province=("Altri territori", "testo", "sigle degli altri territori della procedura"),
        lavoratori_procedura=("Lavoratori della procedura", "intero", "lavoratori della procedura in tutte le sue unità")),
    "distribuzioni": _file("Unità in corso per causale, settore, dimensione e mese", "dimensione, versione ATECO, voce",
        dimensione=("Distribuzione", "testo", "causale, settore (prime due cifre ATECO), classe_dimensionale, mese_inizio, mese_fine"),
        versione_ateco=("Versione ATECO", "testo", "versione della classificazione, solo per il settore: versioni diverse non si sommano"),
        voce=("Voce", "testo", "valore; «non indicato» se vuoto"), **{name: _COLONNE[name] for name in (*CONTI, "quota")}),
    "calendario": DataFile("Inizi e scadenze mese per mese", "mese", {
        "mese": ("Mese", "testo", "primo giorno del mese"),
        **{f"{name}_{end}": (f"{label} che {verb}", "intero", f"{label.lower()} la cui sospensione {words} nel mese")
           for end, verb, words in (("inizio", "iniziano", "inizia"), ("fine", "scadono", "ha l'ultimo giorno")) for name, label in list(CONTI_NOMI.items())[1:]},
    }, cases=True),
    "imbuto_pal": _file("Lavoratori per passo delle PAL nei fogli dei Nuclei", "provincia (anche TOT), passo", "trimestre", "provincia",
        passo=("Passo", "testo", "passo raggiunto; NESSUNO se non ancora preso in carico"),
        lavoratori=("Lavoratori", "intero", "lavoratori sospesi nel passo"),
        almeno=("Almeno al passo", "intero", "lavoratori che hanno raggiunto almeno il passo; vuoto per NO_PAL e NESSUNO"),
        quota=("Quota %", "quota", "quota dei lavoratori sospesi dei fogli, 0-100")),
    "tasso_pal": _file("Tasso di attivazione delle PAL nei fogli dei Nuclei", "provincia (anche TOT)", "trimestre", "provincia",
        attivati=("PAL attivate", "intero", "lavoratori con PAL attivata (STEP 4)"), lavoratori=("Lavoratori sospesi", "intero", "lavoratori sospesi dei fogli: la base"),
        tasso=("Tasso %", "quota", "attivati sulla base, 0-100"), inf95=("Estremo inferiore %", "quota", "estremo inferiore dell'intervallo al 95%, 0-100"),
        sup95=("Estremo superiore %", "quota", "estremo superiore dell'intervallo al 95%, 0-100")),
    "qualita": _file("Rilievi sulle unità del rapporto", "rilievo", "regola", cases=True, testo=("Che cosa", "testo", "il rilievo"),
        unita=("Unità", "intero", "unità con il rilievo"), lavoratori=("Lavoratori", "intero", "lavoratori di quelle unità")),
    "qualita_casi": _file("Unità con rilievi", "rilievo, procedura e unità produttiva", "regola", "provincia", "id_procedura", "id_unita", "lavoratori", cases=True),
    "coordinamento": DataFile("Tavoli di coordinamento nell'anno, fino alla fine del bimestre", "tipo di tavolo, poi Nucleo", coordinamento.COLUMNS),
    "azioni": coordinamento.AZIONI,
}  # fmt: skip


def sistema(fonte: str, territorio: str, bimestre: str, giorni_scadenza: int) -> Sistema:
    """The cells of the report, of the region and of every provincia, whichever the page is about."""
    from analisi.presentation.celle_bimestrale import system

    return system(quadro(read_estratti(fonte, territorio), bimestre, giorni_scadenza=giorni_scadenza))


def tavole(fonte: str, territorio: str, bimestre: str, giorni_scadenza: int) -> dict[str, Tavola]:
    """How the data files of a page for other readers tell the cells of `sistema`; the files that are not here are for the internal profile."""
    q = quadro(read_estratti(fonte, territorio), bimestre, giorni_scadenza=giorni_scadenza)
    region = q.territorio.totale
    counts = {}
    for name in CONTI:
        now = at(cella(name), tempo=q.bimestre)
        counts[name] = now
        for other, period in CONFRONTI.items():
            then = at(cella(name), tempo=period(q.bimestre))
            change = differenza(now, then)
            counts |= {
                f"{name}_{other}": then, f"var_{name}_{other}": change, f"pct_{name}_{other}": rapporto(change, then, scala=100),
            }  # fmt: skip
    course = {name: at(cella(name), tempo=q.bimestre, voce="in_corso") for name in CONTI}
    whole = at(course["lavoratori"], dimensione="", versione_ateco="")
    own = {name: at(cella(name), tempo=q.bimestre) for name in CONTI[1:]}
    steps = segue(*(at(cella("lavoratori"), passo=passo) for passo in (*pal.STATI, TOTALE)))
    rates = ("tasso", "inf95", "sup95", "procedure", "unita", "correlazione", "dimensione")
    return {
        "procedure_in_corso": Tavola(CASI, {"provincia": region, "tipo": TUTTE, "voce": ""}, counts),
        "procedure_condivise": Tavola(CASI, {"provincia": region}, {
            "procedure": course["procedure"], "condivise": at(course["procedure"], condivise="true"),
            "lavoratori_qui": RISERVATA, "lavoratori_in_tutto": RISERVATA,
        }),
        "distribuzioni": Tavola(CASI, {"dimensione": "", "versione_ateco": "", "voce": TOTALE}, {
            "procedure": RISERVATA, **own, "quota": rapporto(own["lavoratori"], whole, scala=100),
        }),
        "imbuto_pal": Tavola(PAL, {"trimestre": "", "provincia": region, "passo": TOTALE}, {
            "lavoratori": cella("lavoratori"), "almeno": steps,
            "quota": rapporto(cella("lavoratori"), at(cella("lavoratori"), passo=TOTALE), scala=100),
        }),
        "tasso_pal": Tavola(PAL, {"trimestre": "", "provincia": region}, {
            "attivati": at(cella("lavoratori"), passo="STEP4"), "lavoratori": cella("lavoratori"), **dict.fromkeys(rates, steps),
        }),
        "coordinamento": coordinamento.TAVOLA,
    }  # fmt: skip
