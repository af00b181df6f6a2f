"""The canonical tables: columns, codes, rules. The single source of the dictionary, the forms, the validation and the synthetic extracts."""

from __future__ import annotations

import polars as pl

from analisi.sources.riferimenti import read_reference
from analisi.tables.schema import COUNT_LIMIT, Column, Link, Rule, Table
from analisi.vocabulary import FUORI_REGIONE, Territorio, procedure
from analisi.workspace import reference

SI_NO = {"S": "sì", "N": "no"}
SI_NO_ND = {**SI_NO, "ND": "non disponibile"}
LINEE_GUIDA = {
    "A": "CIGS ministeriale",
    "B": "CIGS regionale, primo tipo",
    "C": "CIGS regionale, secondo tipo",
    "D": "licenziamento collettivo",
}
CAUSALI_CIGS = {
    "RIORG": "riorganizzazione aziendale",
    "RIORG_TRANS": "riorganizzazione per processi di transizione",
    "CRISI": "crisi aziendale",
    "CDS": "contratto di solidarietà",
    "CESSAZIONE_ART44": "cessazione di attività (art. 44 d.l. 109/2018)",
    "TRANS_OCC_22TER": "transizione occupazionale (art. 22-ter)",
    "PROROGA_22BIS": "proroga (art. 22-bis)",
    "AREA_CRISI_COMPLESSA": "area di crisi complessa",
    "PROC_CONCORSUALE": "procedura concorsuale (storica)",
}
CAUSALI_LIC = {"RID_PERSONALE": "riduzione di personale", "CESSAZIONE_ATT": "cessazione di attività"}
CAUSALI = {**CAUSALI_CIGS, **CAUSALI_LIC, "ALTRO": "altra causale"}
MESI_MASSIMI = {"RIORG": 24, "RIORG_TRANS": 24, "CRISI": 12, "CDS": 36, "CESSAZIONE_ART44": 18, "TRANS_OCC_22TER": 12}
PASSI = {"STEP1": "STEP 1|1|presa in carico", "STEP2": "STEP 2|2|scelta degli strumenti", "STEP3": "STEP 3|3|incontri con i lavoratori",
         "STEP4": "STEP 4|4|PAL attivata", "NO_PAL": "NO PAL|esonerato"}  # fmt: skip
MOTIVI_NO_PAL = {"RIENTRO": "rientro al lavoro", "PENSIONE": "pensione", "MALATTIA_MATERNITA": "malattia o maternità",
                 "ALTRA_OCCUPAZIONE": "altra occupazione", "FORMAZIONE_AZIENDALE": "formazione aziendale", "RIFIUTO": "rifiuto",
                 "ALTRO": "altro motivo"}  # fmt: skip
MISURE = {"DUL": "Dote Unica Lavoro", "FC": "Formazione Continua", "GOL": "Garanzia di Occupabilità dei Lavoratori",
          "FONDO_INTERPROF": "fondo interprofessionale", "AZIENDALE": "formazione aziendale", "ALTRO": "altra misura"}  # fmt: skip
PERCORSI = {"1": "reinserimento", "2": "upskilling", "3": "reskilling", "4": "lavoro e inclusione", "5": "ricollocazione collettiva",
            "ALTRO_AIUTO": "altro aiuto"}  # fmt: skip

ANNO = {"minimum": 1900, "maximum": 2999}
CONTO = {"minimum": 0, "maximum": COUNT_LIMIT}
CODICE = {"pattern": r"[A-Za-z0-9][A-Za-z0-9_./-]{0,39}", "form": "lettere, cifre e trattini, al più 40"}
TRIMESTRE = {"pattern": r"[0-9]{4}-T[1-4]", "form": "anno e trimestre, come 2025-T3"}
ATECO = {"pattern": r"[0-9]{2}(\.[0-9]{1,2}){0,2}", "form": "codice ATECO con i punti, come 25.62"}
SEI_CIFRE = {"pattern": r"[0-9]{6}", "form": "sei cifre ISTAT, zeri iniziali compresi, come 097042"}

PROVENIENZA = (
    Column("data_estrazione", "data", "giorno dell'estrazione dal sistema di origine", example="31/12/2025"),
    Column("fonte", "testo", "sistema o ufficio di origine", example="VertenzeOnline"),
    Column("versione_tracciato", "testo", "versione del tracciato di origine", example="1.0"),
    Column("natura", "codice", "dati reali o sintetici", values={"reali": "dati reali", "sintetici": "dati sintetici, inventati per prova"}, example="reali"),
)  # fmt: skip


def c(name: str) -> pl.Expr:
    """A column in a rule."""
    return pl.col(name)


def _blank(name: str) -> pl.Expr:
    return pl.col(name).is_null()


def _ordered(first: str, second: str, words: str, *, severity: str = "errore", **also: str) -> Rule:
    """The rule that a date does not come before another."""
    example = {first: "15/05/2025", second: "14/05/2025", **also}
    return Rule(f"{second}_dopo_{first}", severity, (second, first), words, c(second) < c(first), (example,))


def _codici_procedura() -> dict[str, str]:
    return {p.procedura: f"{p.etichetta}|{p.breve}" for p in procedure()}


def _outside_province(territorio: Territorio) -> pl.Expr:
    """Rows whose comune belongs, by its ISTAT code, to another province than the one declared."""
    sigle = {p.istat: p.sigla for p in territorio.province if p.istat}
    derived = c("comune_istat").str.slice(0, 3).replace_strict(sigle, default=FUORI_REGIONE, return_dtype=pl.String)
    return derived != c("sigla_provincia") if sigle else pl.lit(value=False)


VOL_PROCEDURE = Table(
    "vol_procedure",
    "una procedura, una unità produttiva e una versione (rinvii, accordi successivi e revoche creano versioni)",
    "estratto di VertenzeOnline (VOL)",
    (
        Column("id_procedura", "testo", "numero della procedura", True, "CIGS-2025-000123", **CODICE),
        Column("id_unita", "testo", "numero dell'unità produttiva nella procedura", True, "CIGS-2025-000123-02", **CODICE),
        Column("progressivo_versione", "intero", "1 la prima versione; si conta l'ultima, se non è revocata", True, "1", minimum=1, maximum=999),
        Column("tipo_procedura", "codice", "cassa integrazione straordinaria o licenziamento collettivo", True, "CIGS", values={"CIGS": "cassa integrazione guadagni straordinaria", "LIC": "licenziamento collettivo"}),
        Column("competenza", "codice", "ministeriale se le unità sono in più regioni (art. 24 d.lgs. 148/2015)", True, "MINISTERIALE", values={"MINISTERIALE": "Ministero del lavoro", "REGIONALE": "Regione"}),
        Column("tipologia_linee_guida", "codice", "tipo delle linee guida; il significato distinto di B e C è da confermare", True, "A", values=LINEE_GUIDA),
        Column("causale", "codice", "causale della procedura, fra quelle ammesse per il tipo", True, "CRISI", values=CAUSALI),
        Column("obbligo_pal", "codice", "obbligo di attivare le politiche attive; obbligatorio per il tipo A", example="S", values=SI_NO_ND),
        Column("codice_fiscale_azienda", "impresa", "codice fiscale o partita IVA dell'azienda, con cifra di controllo; può iniziare per zero", True, "01234560975", reserved=True),
        Column("ragione_sociale", "testo", "nome dell'azienda; mai usato come chiave", True, "Rossi Meccanica SpA", reserved=True),
        Column("ateco_codice", "testo", "settore di attività economica", example="25.62", **ATECO),
        Column("ateco_versione", "testo", "versione della classificazione ATECO; non si mescolano senza raccordo", example="2007", pattern=r"[0-9]{4}", form="l'anno della classificazione, quattro cifre"),
        Column("ccnl_cnel", "testo", "contratto collettivo, codice CNEL", example="C011", pattern=r"[A-Z0-9]{3,4}", form="codice CNEL di quattro caratteri"),
        Column("classe_dimensionale", "codice", "dipendenti dell'azienda", example="100-249", values={"16-49": "da 16 a 49", "50-99": "da 50 a 99", "100-249": "da 100 a 249", "250+": "250 e oltre|oltre 250"}),
        Column("comune_istat", "testo", "comune dell'unità produttiva (sede operativa, mai sede legale)", True, "097042", **SEI_CIFRE),
        Column("comune_nome", "testo", "nome del comune", example="Lecco"),
        Column("sigla_provincia", "provincia", "provincia dell'unità produttiva, derivata dal comune", True, "LC", outside=True),
        Column("organico_unita", "intero", "dipendenti dell'unità produttiva", example="180", **CONTO),
        Column("lavoratori_coinvolti", "intero", "lavoratori coinvolti (coinvolgimenti, non persone)", True, "65", additive=True, **CONTO),
        Column("di_cui_donne", "intero", "donne fra i lavoratori coinvolti", example="20", additive=True, **CONTO),
        Column("esuberi_dichiarati", "intero", "lavoratori dichiarati in esubero", example="12", additive=True, **CONTO),
        Column("modalita", "codice", "modo della sospensione", example="ROTAZIONE", values={"ZERO_ORE": "zero ore", "ROTAZIONE": "a rotazione", "RIDUZIONE": "riduzione di orario"}),
        Column("perc_riduzione_media", "percentuale", "riduzione media dell'orario; nei contratti di solidarietà al più 80", example="62,5", minimum=0, maximum=100),
        Column("data_apertura", "data", "apertura della procedura", True, "03/02/2025"),
        Column("data_esame_congiunto", "data", "esame congiunto", example="20/02/2025"),
        Column("data_accordo", "data", "accordo sindacale", example="25/02/2025"),
        Column("esito_fase", "codice", "esito della fase sindacale", True, "ACCORDO", values={"ACCORDO": "accordo", "MANCATO_ACCORDO": "mancato accordo", "IN_CORSO": "in corso", "REVOCATA": "revocata"}),
        Column("data_inizio", "data", "inizio della sospensione", example="01/03/2025"),
        Column("data_fine", "data", "fine prevista della sospensione", example="28/02/2026"),
        Column("data_decreto_concessione", "data", "decreto di concessione", example="10/04/2025"),
        Column("numero_decreto", "testo", "numero del decreto", example="4321"),
        Column("anno_riferimento", "intero", "anno attribuito dal sistema; i rapporti usano il criterio dichiarato in criterio_anno", True, "2025", **ANNO),
        Column("stato", "codice", "stato della procedura", True, "IN_CORSO", values={"IN_CORSO": "in corso", "CONCLUSA": "conclusa", "REVOCATA": "revocata"}),
        Column("complessita", "codice", "grado di complessità, per il cruscotto interno", example="MEDIA", values={"ALTA": "alta", "MEDIA": "media", "BASSA": "bassa"}),
        *PROVENIENZA,
    ),
    ("id_procedura", "id_unita", "progressivo_versione"),
    (
        Rule("tipologia_coerente", "errore", ("tipologia_linee_guida", "tipo_procedura", "competenza"),
             "non va con tipo e competenza: A è CIGS ministeriale, B e C sono CIGS regionale, D è licenziamento collettivo",
             ((c("tipologia_linee_guida") == "D") != (c("tipo_procedura") == "LIC"))
             | ((c("tipo_procedura") == "CIGS") & ((c("tipologia_linee_guida") == "A") != (c("competenza") == "MINISTERIALE"))),
             ({"tipologia_linee_guida": "B"},)),
        Rule("causale_ammessa", "errore", ("causale", "tipo_procedura"), "non è ammessa per questo tipo di procedura",
             ((c("tipo_procedura") == "CIGS") & c("causale").is_in(list(CAUSALI_LIC))) | ((c("tipo_procedura") == "LIC") & c("causale").is_in(list(CAUSALI_CIGS))),
             ({"causale": "RID_PERSONALE"},)),
        Rule("obbligo_pal_dichiarato", "errore", ("obbligo_pal", "tipologia_linee_guida"), "nelle procedure di tipo A l'obbligo di PAL va dichiarato (S, N o ND)",
             (c("tipologia_linee_guida") == "A") & _blank("obbligo_pal"), ({"obbligo_pal": ""},)),
        Rule("provincia_del_comune", "errore", ("sigla_provincia", "comune_istat"), "non è la provincia del comune indicato", _outside_province, ({"sigla_provincia": "BG"},)),
        Rule("donne_nel_totale", "errore", ("di_cui_donne", "lavoratori_coinvolti"), "le donne sono più dei lavoratori coinvolti",
             c("di_cui_donne") > c("lavoratori_coinvolti"), ({"di_cui_donne": "66"},)),
        Rule("esuberi_nel_totale", "avviso", ("esuberi_dichiarati", "lavoratori_coinvolti"), "gli esuberi sono più dei lavoratori coinvolti",
             c("esuberi_dichiarati") > c("lavoratori_coinvolti"), ({"esuberi_dichiarati": "70"},)),
        Rule("coinvolti_nell_organico", "avviso", ("lavoratori_coinvolti", "organico_unita"), "i lavoratori coinvolti superano l'organico dell'unità",
             c("lavoratori_coinvolti") > c("organico_unita"), ({"organico_unita": "60"},)),
        Rule("lic_almeno_cinque", "avviso", ("lavoratori_coinvolti", "tipo_procedura"), "un licenziamento collettivo riguarda di solito almeno cinque lavoratori (dopo la CIGS anche uno)",
             (c("tipo_procedura") == "LIC") & (c("lavoratori_coinvolti").sum().over("id_procedura", "progressivo_versione") < 5),
             ({"tipo_procedura": "LIC", "tipologia_linee_guida": "D", "competenza": "REGIONALE", "causale": "RID_PERSONALE", "lavoratori_coinvolti": "3", "di_cui_donne": "1", "esuberi_dichiarati": "3"},)),
        Rule("riduzione_solidarieta", "errore", ("perc_riduzione_media", "causale"), "nei contratti di solidarietà la riduzione media non supera l'80%",
             (c("causale") == "CDS") & (c("perc_riduzione_media") > 80), ({"causale": "CDS", "perc_riduzione_media": "85"},)),
        Rule("riduzione_dichiarata", "avviso", ("perc_riduzione_media", "causale"), "nei contratti di solidarietà la riduzione media va indicata",
             (c("causale") == "CDS") & _blank("perc_riduzione_media"), ({"causale": "CDS", "perc_riduzione_media": ""},)),
        _ordered("data_apertura", "data_esame_congiunto", "l'esame congiunto viene prima dell'apertura", data_accordo=""),
        _ordered("data_apertura", "data_accordo", "l'accordo viene prima dell'apertura", data_esame_congiunto=""),
        _ordered("data_inizio", "data_fine", "la fine viene prima dell'inizio"),
        Rule("periodo_cigs", "errore", ("data_inizio", "data_fine"), "una CIGS con accordo ha un inizio e una fine",
             (c("tipo_procedura") == "CIGS") & (c("esito_fase") == "ACCORDO") & (_blank("data_inizio") | _blank("data_fine")), ({"data_inizio": ""},)),
        Rule("durata_massima", "avviso", ("data_fine", "data_inizio", "causale"), "la durata supera quella massima della causale",
             c("data_fine") >= c("data_inizio").dt.offset_by(c("causale").replace_strict(MESI_MASSIMI, default=None, return_dtype=pl.Int64).cast(pl.String) + "mo"),
             ({"data_fine": "31/03/2026"},)),
        Rule("accordo_datato", "avviso", ("data_accordo", "esito_fase"), "l'esito è un accordo, ma la data manca",
             (c("esito_fase") == "ACCORDO") & _blank("data_accordo"), ({"data_accordo": ""},)),
        Rule("revoca_coerente", "errore", ("stato", "esito_fase"), "esito REVOCATA e stato REVOCATA vanno insieme",
             (c("esito_fase") == "REVOCATA") & (c("stato") != "REVOCATA"), ({"esito_fase": "REVOCATA"},)),
        Rule("anno_vicino", "avviso", ("anno_riferimento", "data_apertura", "data_inizio"), "non è l'anno di apertura, di accordo né di inizio",
             pl.all_horizontal(c("anno_riferimento") != c(name).dt.year().fill_null(0) for name in ("data_apertura", "data_accordo", "data_inizio")),
             ({"anno_riferimento": "2019"},)),
    ),
)  # fmt: skip

CIGS_LAVORATORI = Table(
    "cigs_lavoratori",
    "un lavoratore, una procedura e una unità produttiva; il lavoratore è uno pseudonimo",
    "elenchi dei lavoratori allegati alle domande di CIGS",
    (
        Column("id_lavoratore", "pseudonimo", "pseudonimo del lavoratore: HMAC-SHA256 del codice fiscale, 32 cifre esadecimali", True, "9f2c0a7be4d15386c1f09e7a2b64d8c3", reserved=True),
        Column("id_procedura", "testo", "procedura, come in vol_procedure", True, "CIGS-2025-000123", **CODICE),
        Column("id_unita", "testo", "unità produttiva, come in vol_procedure", True, "CIGS-2025-000123-02", **CODICE),
        Column("genere", "codice", "genere", True, "F", values={"M": "maschio|uomo", "F": "femmina|donna", "ND": "non disponibile"}),
        Column("classe_eta", "codice", "classe di età in anni; la data di nascita non entra", True, "40-49", values={"15-29": "da 15 a 29", "30-39": "da 30 a 39", "40-49": "da 40 a 49", "50-54": "da 50 a 54", "55-59": "da 55 a 59", "60+": "60 e oltre|oltre 60"}),
        Column("cittadinanza_area", "codice", "area di cittadinanza", example="IT", values={"IT": "Italia|italiana", "UE": "Unione europea", "EXTRA_UE": "extra UE"}),
        Column("titolo_studio", "codice", "livello EQF del titolo di studio", example="4", values={str(n): f"EQF {n}" for n in range(1, 9)}),
        Column("qualifica", "codice", "qualifica contrattuale", example="OPERAIO", values={name: name.lower() for name in ("OPERAIO", "IMPIEGATO", "QUADRO", "APPRENDISTA", "DIRIGENTE")}),
        Column("professione_cp2021", "testo", "professione CP2021, troncata a tre cifre", example="7.2.1", pattern=r"[0-9](\.[0-9]){0,2}", form="tre cifre separate da punti, come 7.2.1"),
        Column("tipo_contratto", "codice", "tipo di contratto", example="TI", values={"TI": "tempo indeterminato", "TD": "tempo determinato"}),
        Column("part_time_pct", "percentuale", "orario contrattuale: 100 a tempo pieno", example="100", minimum=0, maximum=100),
        Column("sigla_prov_domicilio", "provincia", "provincia di domicilio, diversa da quella dell'unità", example="BG", outside=True),
        Column("data_inizio_sospensione", "data", "inizio della sospensione", True, "01/03/2025"),
        Column("data_fine_prevista", "data", "fine prevista della sospensione", True, "28/02/2026"),
        Column("ore_sospensione_pct", "percentuale", "ore sospese sul totale", example="100", minimum=0, maximum=100),
        Column("a_rischio_esubero", "codice", "lavoratore a rischio di esubero", example="S", values=SI_NO_ND),
        Column("stato_rapporto", "codice", "stato del rapporto di lavoro", True, "SOSPESO", values={name: name.lower() for name in ("SOSPESO", "RIENTRATO", "CESSATO", "PENSIONATO")}),
        *PROVENIENZA,
    ),
    ("id_lavoratore", "id_procedura"),
    (_ordered("data_inizio_sospensione", "data_fine_prevista", "la fine viene prima dell'inizio"),),
    (
        Link("procedura_esiste", "errore", ("id_procedura", "id_unita"), "vol_procedure", "procedura e unità non sono in vol_procedure"),
        Link("lavoratori_tornano", "avviso", ("id_procedura", "id_unita"), "vol_procedure", "i lavoratori in elenco non sono tanti quanti i lavoratori coinvolti", total="lavoratori_coinvolti"),
    ),
    person=True,
)  # fmt: skip

RECAPITO = r"[\w.+-]+@[\w-]+\.\w|\+?\b[03][0-9]{1,3}[ ./-]?[0-9]{6,8}\b"  # an address or a telephone number
NOME_DI_PERSONA = r"(?i)\b(sig|sig\.ra|sig\.na|signor|signora|dott|dott\.ssa|ing|avv|rag|geom)\b\.? ?\p{Lu}?\p{Ll}+"  # what seems one
PASSI_CONTO = ("step1_presa_in_carico", "step2_strumenti", "step3_incontri", "step4_pal_attivate", "no_pal")
MOTIVI_CONTO = tuple(f"no_pal_{name.lower()}" for name in MOTIVI_NO_PAL)
MONITORAGGIO_PAL = Table(
    "monitoraggio_pal",
    "una procedura, una unità produttiva e un trimestre: lavoratori nel passo raggiunto a fine trimestre (stock, da confermare)",
    "foglio trimestrale di ogni Nucleo territoriale: conteggi per procedura",
    (
        Column("nucleo", "provincia", "Nucleo che compila: la provincia dell'unità produttiva", True, "LC"),
        Column("trimestre", "testo", "trimestre di riferimento", True, "2025-T3", **TRIMESTRE),
        Column("id_procedura", "testo", "procedura, come in vol_procedure", True, "CIGS-2025-000123", **CODICE),
        Column("id_unita", "testo", "unità produttiva, come in vol_procedure", example="CIGS-2025-000123-02", **CODICE),
        Column("ragione_sociale", "testo", "nome dell'azienda, solo di appoggio", example="Rossi Meccanica SpA", reserved=True),
        Column("lavoratori_sospesi", "intero", "lavoratori sospesi a fine trimestre", True, "65", additive=True, **CONTO),
        *(Column(name, "intero", words, True, example, additive=True, **CONTO) for name, words, example in (
            ("step1_presa_in_carico", "fermi al passo 1, presi in carico", "10"), ("step2_strumenti", "fermi al passo 2, strumenti scelti", "5"),
            ("step3_incontri", "fermi al passo 3, incontrati", "20"), ("step4_pal_attivate", "al passo 4, PAL attivata", "28"), ("no_pal", "esonerati dalle PAL", "2"))),
        Column("non_ancora_presi", "intero", "non ancora presi in carico; vuoto vale la differenza a zero", example="0", additive=True, **CONTO),
        *(Column(name, "intero", f"esonerati per: {words}", example=example, additive=True, **CONTO) for name, words, example in zip(MOTIVI_CONTO, MOTIVI_NO_PAL.values(), ("1", "1", "", "", "", "", ""), strict=True)),
        Column("misura_prevalente", "codice", "misura più usata", example="DUL", values=MISURE),
        Column("data_incontro_parti", "data", "incontro con le parti", example="10/07/2025"),
        Column("data_incontro_lavoratori", "data", "incontro con i lavoratori", example="17/07/2025"),
        Column("operatore_accreditato", "testo", "operatore accreditato", example="OP-014"),
        Column("note", "testo", "note; senza nomi di persone", example="", reserved=True),
        Column("data_invio", "data", "giorno di invio alla Regione", example="10/10/2025"),
        Column("progressivo_invio", "intero", "1 il primo invio del trimestre; 2 e oltre le rettifiche", example="1", minimum=1, maximum=99),
        *PROVENIENZA,
    ),
    ("nucleo", "trimestre", "id_procedura", "id_unita", "progressivo_invio"),
    (
        Rule("somma_dei_passi", "errore", ("lavoratori_sospesi", *PASSI_CONTO, "non_ancora_presi"), "non è la somma di passi, esonerati e non ancora presi: ogni lavoratore sta in un solo passo, l'ultimo raggiunto",
             c("lavoratori_sospesi") != pl.sum_horizontal(*(c(name) for name in PASSI_CONTO), c("non_ancora_presi").fill_null(0)), ({"lavoratori_sospesi": "70"},)),
        Rule("motivi_no_pal_tornano", "errore", ("no_pal", *MOTIVI_CONTO), "non è la somma dei motivi di esonero indicati",
             pl.any_horizontal(c(name).is_not_null() for name in MOTIVI_CONTO) & (c("no_pal") != pl.sum_horizontal(c(name).fill_null(0) for name in MOTIVI_CONTO)),
             ({"no_pal_pensione": "2"},)),
        Rule("note_senza_recapiti", "errore", ("note",), "la nota contiene un indirizzo di posta o un numero di telefono; toglierlo",
             c("note").str.contains(RECAPITO), ({"note": "chiamare al 333 1234567"},)),
        Rule("note_senza_nomi", "avviso", ("note",), "la nota sembra nominare una persona; verificare e togliere il nome",
             c("note").str.contains(NOME_DI_PERSONA), ({"note": "sentito il sig. Tizio"},)),
    ),
    (
        Link("procedura_esiste", "errore", ("id_procedura",), "vol_procedure", "la procedura non è in vol_procedure"),
        Link("nucleo_dell_unita", "errore", ("id_procedura", "id_unita"), "vol_procedure", "non è la provincia dell'unità in vol_procedure", same=("nucleo", "sigla_provincia")),
        Link("sospesi_tornano", "avviso", ("id_procedura", "id_unita"), "vol_procedure", "i lavoratori sospesi non sono tanti quanti i lavoratori coinvolti", total="lavoratori_coinvolti", counted="lavoratori_sospesi"),
    ),
)  # fmt: skip

_RANGO = c("step").replace_strict({"STEP1": 1, "STEP2": 2, "STEP3": 3, "STEP4": 4}, default=None, return_dtype=pl.Int64)
MONITORAGGIO_PAL_LAVORATORI = Table(
    "monitoraggio_pal_lavoratori",
    "un lavoratore, una procedura e un trimestre: il passo raggiunto",
    "foglio trimestrale di ogni Nucleo territoriale: un lavoratore per riga",
    (
        Column("nucleo", "provincia", "Nucleo che compila", example="LC"),
        Column("trimestre", "testo", "trimestre di riferimento", True, "2025-T3", **TRIMESTRE),
        Column("id_lavoratore", "pseudonimo", "pseudonimo del lavoratore", True, "9f2c0a7be4d15386c1f09e7a2b64d8c3", reserved=True),
        Column("id_procedura", "testo", "procedura, come in vol_procedure", True, "CIGS-2025-000123", **CODICE),
        Column("id_unita", "testo", "unità produttiva, come in vol_procedure", example="CIGS-2025-000123-02", **CODICE),
        Column("step", "codice", "passo raggiunto", True, "STEP3", values=PASSI),
        Column("data_step", "data", "giorno in cui il passo è stato raggiunto", example="17/07/2025"),
        Column("misura", "codice", "misura attivata", example="DUL", values=MISURE),
        Column("motivo", "codice", "motivo dell'esonero", example="", values=MOTIVI_NO_PAL),
        *PROVENIENZA,
    ),
    ("id_lavoratore", "id_procedura", "trimestre"),
    (
        Rule("motivo_di_no_pal", "avviso", ("motivo", "step"), "per un esonero va indicato il motivo", (c("step") == "NO_PAL") & _blank("motivo"), ({"step": "NO_PAL"},)),
        Rule("motivo_senza_no_pal", "errore", ("motivo", "step"), "il motivo di esonero vale solo per NO_PAL", (c("step") != "NO_PAL") & c("motivo").is_not_null(), ({"motivo": "PENSIONE"},)),
        Rule("passo_indietro", "avviso", ("step", "trimestre"), "il lavoratore torna a un passo precedente",
             _RANGO.shift(1).over("id_lavoratore", "id_procedura", order_by="trimestre") > _RANGO, ({"step": "STEP4", "trimestre": "2025-T2"}, {})),
    ),
    (Link("procedura_esiste", "errore", ("id_procedura",), "vol_procedure", "la procedura non è in vol_procedure"),),
    person=True,
    form_of="monitoraggio_pal",
)  # fmt: skip


def _over_cap(column: str, cap: str, *, over: tuple[str, ...]) -> pl.Expr:
    """Rows of Formazione Continua, but for those renounced or lost, whose vouchers of a year add up to more than the cap."""
    caps = read_reference(reference("misure_pal.csv"), ["misura"], [cap]).filter(pl.col("misura") == "FC")[cap]
    year, stands = pl.coalesce("data_presa_in_carico", "data_avvio").dt.year(), ~c("stato").is_in(["RINUNCIA", "DECADUTA"])
    total = c(column).filter(stands).sum().over(*over, year).round(2)  # cents: sums of floats are not exact
    return c("bando").str.starts_with("FC") & stands & (total > caps.max()) & c(column).is_not_null() & c(over[0]).is_not_null()


_FC = {
    "bando": "FC_III",
    "cf_azienda": "01234560975",
    "percorso": "",
    "target_dul": "",
    "valore_voucher": "1.800,00",
    "quota_pubblica_pct": "70",
}
MISURE_TABELLA = Table(
    "misure",
    "una domanda (FC: un voucher per lavoratore) di una misura di politica attiva",
    "estratto di Bandi e Servizi (BES): Dote Unica Lavoro, Formazione Continua, GOL",
    (
        Column("id_domanda", "testo", "numero della domanda", True, "5123456", **CODICE),
        Column("bando", "testo", "bando e edizione", True, "DUL_V", pattern=r"(DUL|FC|GOL)(_[IVX0-9]+)?", form="DUL, FC o GOL, con l'edizione, come DUL_V o FC_III"),
        Column("id_lavoratore", "pseudonimo", "pseudonimo del lavoratore", True, "9f2c0a7be4d15386c1f09e7a2b64d8c3", reserved=True),
        Column("cf_azienda", "impresa", "codice fiscale o partita IVA dell'azienda; obbligatorio per FC", reserved=True),
        Column("operatore_id", "testo", "operatore accreditato", True, "OP-014", **CODICE),
        Column("operatore_sede_prov", "provincia", "provincia della sede dell'operatore", True, "LC", outside=True),
        Column("percorso", "codice", "percorso DUL o GOL", example="2", values=PERCORSI),
        Column("target_dul", "codice", "destinatario della Dote Unica Lavoro; sospeso esclude la CIGO", example="OCCUPATO_SOSPESO", values={"DISOCCUPATO": "disoccupato", "OCCUPATO_SOSPESO": "occupato sospeso"}),
        Column("data_assessment", "data", "valutazione iniziale", example="05/03/2025"),
        Column("data_presa_in_carico", "data", "presa in carico", example="10/03/2025"),
        Column("data_avvio", "data", "avvio", example="20/03/2025"),
        Column("data_conclusione", "data", "conclusione", example="20/06/2025"),
        Column("stato", "codice", "stato della domanda", True, "CONCLUSA", values={name: name.lower() for name in ("PRESENTATA", "AMMESSA", "AVVIATA", "CONCLUSA", "RINUNCIA", "DECADUTA")}),
        Column("importo_dote_prenotato", "decimale", "importo prenotato, in euro", example="1.250,00", minimum=0, maximum=10_000_000, additive=True),
        Column("importo_liquidato", "decimale", "importo liquidato, in euro", example="1.000,00", minimum=0, maximum=10_000_000, additive=True),
        Column("valore_voucher", "decimale", "valore del voucher FC, in euro", minimum=0, maximum=10_000_000, additive=True),
        Column("quota_pubblica_pct", "percentuale", "quota pubblica del voucher FC", minimum=0, maximum=100),
        Column("id_corso_siuf", "testo", "corso, come in siuf_corsi", example="C-00045", **CODICE),
        Column("servizi", "testo", "codici dei servizi, separati da virgola", example="A01,B02"),
        Column("ore", "decimale", "ore di servizio", example="40", minimum=0, maximum=10_000),
        *PROVENIENZA,
    ),
    ("id_domanda", "id_lavoratore"),
    (
        _ordered("data_assessment", "data_presa_in_carico", "la presa in carico viene prima della valutazione", data_avvio="", data_conclusione=""),
        _ordered("data_presa_in_carico", "data_avvio", "l'avvio viene prima della presa in carico", data_assessment="", data_conclusione=""),
        _ordered("data_avvio", "data_conclusione", "la conclusione viene prima dell'avvio", data_assessment="", data_presa_in_carico=""),
        Rule("liquidato_nel_prenotato", "errore", ("importo_liquidato", "importo_dote_prenotato"), "il liquidato supera il prenotato", c("importo_liquidato") > c("importo_dote_prenotato"), ({"importo_liquidato": "1.300,00"},)),
        Rule("fc_con_azienda", "errore", ("cf_azienda", "bando"), "per la Formazione Continua l'azienda è obbligatoria", c("bando").str.starts_with("FC") & _blank("cf_azienda"), ({**_FC, "cf_azienda": ""},)),
        Rule("percorso_dichiarato", "errore", ("percorso", "bando"), "per DUL e GOL il percorso è obbligatorio", ~c("bando").str.starts_with("FC") & _blank("percorso"), ({"percorso": ""},)),
        Rule("target_dichiarato", "errore", ("target_dul", "bando"), "per la Dote Unica Lavoro il destinatario è obbligatorio", c("bando").str.starts_with("DUL") & _blank("target_dul"), ({"target_dul": ""},)),
        Rule("tetto_lavoratore", "avviso", ("valore_voucher", "bando"), "i voucher del lavoratore superano nell'anno il tetto di data/riferimento/misure_pal.csv",
             lambda _: _over_cap("valore_voucher", "tetto_lavoratore_eur", over=("id_lavoratore",)), ({**_FC, "valore_voucher": "2.500,00"},)),
        Rule("tetto_impresa", "avviso", ("valore_voucher", "cf_azienda"), "i voucher dell'impresa superano nell'anno il tetto di data/riferimento/misure_pal.csv",
             lambda _: _over_cap("valore_voucher", "tetto_impresa_eur", over=("cf_azienda",)),
             tuple({**_FC, "id_domanda": f"62{n:05}", "id_lavoratore": f"{n:032x}", "valore_voucher": "2.000,00"} for n in range(1, 27))),
    ),
    (Link("corso_esiste", "avviso", ("id_corso_siuf",), "siuf_corsi", "il corso non è in siuf_corsi", key="id_corso"),),
    person=True,
)  # fmt: skip

SIUL_COB = Table(
    "siul_cob",
    "una comunicazione obbligatoria su un rapporto di lavoro",
    "estratto di SIUL: comunicazioni obbligatorie (COB)",
    (
        Column("id_comunicazione", "testo", "numero della comunicazione", True, "COB-0001234567", **CODICE),
        Column("tipo_comunicazione", "codice", "evento comunicato", True, "ASSUNZIONE", values={name: name.lower() for name in ("ASSUNZIONE", "PROROGA", "TRASFORMAZIONE", "CESSAZIONE")}),
        Column("modello", "codice", "modello della comunicazione", example="UNILAV", values={"UNILAV": "Unilav", "UNISOMM": "Unisomm, somministrazione", "UNIURG": "Uniurg, urgenza"}),
        Column("id_lavoratore", "pseudonimo", "pseudonimo del lavoratore", True, "9f2c0a7be4d15386c1f09e7a2b64d8c3", reserved=True),
        Column("cf_datore", "impresa", "codice fiscale o partita IVA del datore di lavoro", True, "01234560975", reserved=True),
        Column("cf_utilizzatore", "impresa", "impresa utilizzatrice, nella somministrazione", reserved=True),
        Column("ateco", "testo", "settore del datore", example="25.62", **ATECO),
        Column("comune_sede_lavoro", "testo", "comune della sede di lavoro, codice catastale", example="E507", pattern=r"[A-Z][0-9]{3}", form="codice catastale, una lettera e tre cifre"),
        Column("tipo_contratto", "testo", "codice nazionale del contratto: A.01.00 tempo indeterminato, A.02.00 determinato", example="A.02.00", pattern=r"[A-Z]\.[0-9]{2}\.[0-9]{2}", form="codice nazionale, come A.02.00"),
        Column("qualifica_cp", "testo", "qualifica professionale CP2021", example="7.2.1", pattern=r"[0-9](\.[0-9]{1,2}){0,4}", form="cifre separate da punti, come 7.2.1"),
        Column("orario", "codice", "orario", example="FT", values={"FT": "tempo pieno", "PT": "tempo parziale|part time"}),
        Column("data_inizio", "data", "inizio del rapporto", True, "01/09/2025"),
        Column("data_fine_prevista", "data", "fine prevista; vuota nel tempo indeterminato", example="28/02/2026"),
        Column("data_cessazione", "data", "cessazione del rapporto"),
        Column("causa_cessazione", "testo", "causa di cessazione, codice nazionale", example="", **CODICE),
        Column("data_invio", "data", "invio della comunicazione", example="29/08/2025"),
        Column("annullata", "codice", "comunicazione annullata", example="N", values=SI_NO),
        Column("rettifica_di", "testo", "comunicazione che questa rettifica", example="", **CODICE),
        *PROVENIENZA,
    ),
    ("id_comunicazione",),
    (
        Rule("cessazione_datata", "errore", ("data_cessazione", "tipo_comunicazione"), "una cessazione ha la sua data", (c("tipo_comunicazione") == "CESSAZIONE") & _blank("data_cessazione"), ({"tipo_comunicazione": "CESSAZIONE"},)),
        _ordered("data_inizio", "data_cessazione", "la cessazione viene prima dell'inizio", data_fine_prevista=""),
        _ordered("data_inizio", "data_fine_prevista", "la fine prevista viene prima dell'inizio"),
        Rule("indeterminato_senza_fine", "avviso", ("data_fine_prevista", "tipo_contratto"), "un rapporto a tempo indeterminato non ha una fine prevista", c("tipo_contratto").str.starts_with("A.01") & c("data_fine_prevista").is_not_null(), ({"tipo_contratto": "A.01.00"},)),
        Rule("utilizzatore_dichiarato", "avviso", ("cf_utilizzatore", "modello"), "nella somministrazione va indicata l'impresa utilizzatrice", (c("modello") == "UNISOMM") & _blank("cf_utilizzatore"), ({"modello": "UNISOMM"},)),
    ),
    person=True,
)  # fmt: skip

SIUF_CORSI = Table(
    "siuf_corsi",
    "un lavoratore e una edizione di un corso",
    "estratto di SIUF: corsi e frequenze",
    (
        Column("id_corso", "testo", "corso", True, "C-00045", **CODICE),
        Column("id_edizione", "testo", "edizione del corso", True, "C-00045-01", **CODICE),
        Column("titolo", "testo", "titolo del corso", example="Saldatura a filo"),
        Column("ente_id", "testo", "ente di formazione", example="ENTE-012", **CODICE),
        Column("sede_comune", "testo", "comune della sede, anche ausiliaria", example="Lecco"),
        Column("modalita", "codice", "modo di erogazione", example="PRESENZA", values={"PRESENZA": "in presenza", "FAD": "a distanza", "MISTA": "mista"}),
        Column("livello_eqf", "intero", "livello EQF", example="4", minimum=1, maximum=8),
        Column("ore_previste", "decimale", "ore previste", True, "40", minimum=0, maximum=10_000),
        Column("data_avvio", "data", "avvio del corso", True, "10/04/2025"),
        Column("data_fine", "data", "fine del corso", example="20/05/2025"),
        Column("id_lavoratore", "pseudonimo", "pseudonimo del lavoratore", True, "9f2c0a7be4d15386c1f09e7a2b64d8c3", reserved=True),
        Column("ore_frequentate", "decimale", "ore frequentate", example="36", minimum=0, maximum=10_000),
        Column("esito", "codice", "esito per il lavoratore", example="ATTESTATO", values={"ATTESTATO": "attestato", "NON_IDONEO": "non idoneo", "RITIRATO": "ritirato"}),
        Column("tipo_attestazione", "testo", "tipo di attestazione", example="Attestato di competenze"),
        Column("bando", "testo", "bando che finanzia", example="FC_III", **CODICE),
        *PROVENIENZA,
    ),
    ("id_edizione", "id_lavoratore"),
    (
        _ordered("data_avvio", "data_fine", "la fine viene prima dell'avvio"),
        Rule("frequenza_nelle_ore", "errore", ("ore_frequentate", "ore_previste"), "le ore frequentate superano le previste", c("ore_frequentate") > c("ore_previste"), ({"ore_frequentate": "41"},)),
    ),
    person=True,
)  # fmt: skip

REGISTRO_TAVOLI = Table(
    "registro_tavoli",
    "un incontro di un tavolo di coordinamento",
    "registro dei tavoli tenuto dalla Regione",
    (
        Column("id_tavolo", "testo", "numero dell'incontro", True, "TB-2025-07", **CODICE),
        Column("tipo", "codice", "tipo di tavolo", True, "BILATERALE", values={"REGIONALE": "regionale", "BILATERALE": "bilaterale", "TERRITORIALE": "territoriale"}),
        Column("nucleo", "provincia", "Nucleo interessato; obbligatorio se bilaterale", example="LC"),
        Column("data", "data", "giorno dell'incontro", True, "12/06/2025"),
        Column("modalita", "codice", "modo dell'incontro", example="VIDEO", values={"PRESENZA": "in presenza", "VIDEO": "in videoconferenza"}),
        Column("argomento", "testo", "argomento", example="Andamento delle procedure del territorio"),
        Column("procedure_trattate", "testo", "procedure trattate, separate da virgola", example="CIGS-2025-000123"),
        Column("lavoratori_interessati", "intero", "lavoratori interessati", example="65", **CONTO),
        Column("partecipanti", "testo", "categorie: REGIONE, PROVINCIA, OOSS, DATORIALI, CONSULENTI_LAVORO, INPS, OPERATORI, ARIFL_AFOL", example="REGIONE,PROVINCIA,OOSS",
               pattern=r"(REGIONE|PROVINCIA|OOSS|DATORIALI|CONSULENTI_LAVORO|INPS|OPERATORI|ARIFL_AFOL)(, ?(REGIONE|PROVINCIA|OOSS|DATORIALI|CONSULENTI_LAVORO|INPS|OPERATORI|ARIFL_AFOL))*", form="categorie dell'elenco, separate da virgola: mai nomi"),
        Column("esito", "testo", "esito", example="Concordato il calendario degli incontri"),
        Column("azione", "testo", "prossima azione", example="Convocare le parti", reserved=True),
        Column("azione_responsabile", "testo", "ruolo responsabile, mai il nome", example="Nucleo", reserved=True),
        Column("azione_scadenza", "data", "scadenza dell'azione", example="30/06/2025"),
        Column("azione_conclusa", "data", "giorno in cui l'azione è stata conclusa; vuoto se è ancora aperta", example="27/06/2025"),
        Column("verbale_protocollo", "testo", "protocollo del verbale", example="E1.2025.0012345"),
        *PROVENIENZA,
    ),
    ("id_tavolo",),
    (
        Rule("nucleo_del_bilaterale", "errore", ("nucleo", "tipo"), "un tavolo bilaterale ha il suo Nucleo", (c("tipo") == "BILATERALE") & _blank("nucleo"), ({"nucleo": ""},)),
        _ordered("data", "azione_scadenza", "la scadenza dell'azione viene prima dell'incontro", severity="avviso"),
        _ordered("data", "azione_conclusa", "l'azione è conclusa prima dell'incontro", azione_scadenza=""),
        Rule("azione_senza_recapiti", "errore", ("azione",), "l'azione contiene un indirizzo di posta o un numero di telefono; toglierlo", c("azione").str.contains(RECAPITO), ({"azione": "chiamare al 333 1234567"},)),
        Rule("azione_senza_nomi", "avviso", ("azione",), "l'azione sembra nominare una persona; verificare e togliere il nome", c("azione").str.contains(NOME_DI_PERSONA), ({"azione": "sentire il sig. Tizio"},)),
    ),
)  # fmt: skip

CASI_GESTITI = Table(
    "casi_gestiti",
    "un anno, una provincia (sede operativa) e una procedura",
    "tavole stampate da Regione Lombardia",
    (
        Column("anno", "intero", "anno di riferimento", True, "2025", **ANNO),
        Column("provincia", "provincia", "provincia della sede operativa, in una delle diciture del territorio (sigla, nome, codici, varianti)", True, "LC"),
        Column("procedura", "codice", "gruppo di procedure delle linee guida", True, "cigs_ministeriale", values=_codici_procedura),
        Column("unita_produttive", "intero", "unità produttive coinvolte; vuoto se ignoto", example="4", additive=True, **CONTO),
        Column("lavoratori", "intero", "lavoratori coinvolti (coinvolgimenti, non persone); vuoto se ignoto", example="104", additive=True, **CONTO),
    ),
    ("anno", "provincia", "procedura"),
    (
        Rule("lavoratori_senza_unita", "avviso", ("unita_produttive", "lavoratori"), "lavoratori con zero unità produttive; verificare con chi ha fornito i dati", (c("unita_produttive") == 0) & (c("lavoratori") > 0), ({"unita_produttive": "0"},)),
    ),
)  # fmt: skip

ATTIVAZIONE_PAL = Table(
    "attivazione_pal",
    "un anno e una procedura: la quota di attivazione come stampata dalla fonte",
    "presentazione di Regione Lombardia",
    (
        Column("anno", "intero", "anno di riferimento", True, "2025", **ANNO),
        Column("procedura", "codice", "procedura della base", True, "cigs_ministeriale", values=_codici_procedura),
        Column("lavoratori_base", "intero", "lavoratori sospesi che fanno da base", True, "4377", **CONTO),
        Column("quota_attivati_pct", "intero", "quota dei lavoratori della base con PAL attivata, 0-100", True, "51", minimum=0, maximum=100),
        Column("approssimata", "codice", "sì se la fonte scrive «circa»", True, "sì", values={"sì": "si|s", "no": "n"}),
        Column("fonte", "testo", "dove la cifra è stampata", True, "Presentazione"),
    ),
    ("anno", "procedura"),
)  # fmt: skip
COORDINAMENTO = Table(
    "coordinamento",
    "un anno e un tipo di tavolo di coordinamento",
    "presentazione di Regione Lombardia",
    (
        Column("anno", "intero", "anno di riferimento", True, "2025", **ANNO),
        Column("tipo", "codice", "tipo di tavolo", True, "regionale", values={"regionale": "tavolo regionale", "bilaterale": "tavolo bilaterale"}),
        Column("tavoli", "intero", "tavoli convocati nell'anno", True, "4", **CONTO),
        Column("fonte", "testo", "dove la cifra è stampata", True, "Presentazione"),
    ),
    ("anno", "tipo"),
)  # fmt: skip
FONTI = Table(
    "fonti",
    "un file della cartella",
    "compilata a mano, accanto ai file",
    (
        Column("file", "testo", "nome del file", True, "casi_gestiti.csv"),
        Column("natura", "codice", "dati pubblicati o sintetici", True, "pubblicati", values={"pubblicati": "dati pubblicati", "sintetici": "dati sintetici"}),
        Column("titolo", "testo", "documento da cui vengono i dati", True, "Presentazione"),
        Column("ente", "testo", "ente che li ha diffusi", example="Regione Lombardia"),
        Column("nota", "testo", "avvertenze sulla trascrizione", example="", reserved=True),
    ),
    ("file",),
)  # fmt: skip

ESTRATTI = (VOL_PROCEDURE, CIGS_LAVORATORI, MONITORAGGIO_PAL, MONITORAGGIO_PAL_LAVORATORI, MISURE_TABELLA, SIUL_COB, SIUF_CORSI, REGISTRO_TAVOLI, CASI_GESTITI)  # fmt: skip
PUBBLICATE = (ATTIVAZIONE_PAL, COORDINAMENTO, FONTI)
TABLES = {table.name: table for table in (*ESTRATTI, *PUBBLICATE)}
