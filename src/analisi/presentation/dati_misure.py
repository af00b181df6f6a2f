"""Data files of the dashboard of the measures, and the words and columns that its tables share."""

from __future__ import annotations

import polars as pl

from analisi.errors import listing
from analisi.indicators.misure_pal import TOT, Perimetro
from analisi.presentation.blocks import Col
from analisi.presentation.contesto import Ambito
from analisi.presentation.datasets import Campo, DataFile
from analisi.tables.catalogo import CAUSALI, SI_NO_ND
from analisi.vocabulary import FUORI_REGIONE

ND = "n.d."
DIMENSIONI = {"tipo": "tipo", "causale": "causale", "obbligo_pal": "obbligo di PAL", "genere": "genere", "classe_eta": "età", "stato_rapporto": "stato negli elenchi", "misura": "misure"}  # fmt: skip

_QUOTE = {
    "quota": ("Quota %", "quota", "quota, 0-100"),
    "inf95": ("da %", "quota", "estremo inferiore dell'intervallo al 95%, 0-100"),
    "sup95": ("a %", "quota", "estremo superiore dell'intervallo al 95%, 0-100"),
    "procedure": ("Procedure", "intero", "procedure della base, unità dell'intervallo"),
}
_COLONNE: dict[str, Campo] = _QUOTE | {
    "provincia": ("Territorio", "testo", "sigla della provincia dell'unità produttiva del lavoratore, o della sede dell'operatore se non collegato; TOT tutte"),
    "bando": ("Bando", "testo", "bando e edizione; TOT tutti"),
    "stato": ("Stato", "testo", "stato della domanda; TOT tutti"),
    "domande": ("Domande", "intero", "domande (per la Formazione Continua, voucher)"),
    "persone": ("Persone", "intero", "persone distinte nella riga"),
    "con_prenotato": ("Con prenotato", "intero", "domande con l'importo prenotato"),
    "con_liquidato": ("Con liquidato", "intero", "domande con l'importo liquidato"),
    "prenotato": ("Prenotato, euro", "due_decimali", "importo prenotato, in euro; vuoto se nessuna domanda lo ha"),
    "liquidato": ("Liquidato, euro", "due_decimali", "importo liquidato, in euro; vuoto se nessuna domanda lo ha"),
    "valore_voucher": ("Valore dei voucher, euro", "due_decimali", "valore dei voucher, quota pubblica e privata, in euro"),
    "ore": ("Ore", "decimale", "ore di servizio o di corso"),
    "passo": ("Passaggio", "testo", "le due date del passaggio"),
    "voce": ("Voce", "testo", "valore della dimensione; TOT tutti"),
    "dimensione": ("Per", "testo", "per che cosa si distingue; TOT nessuna distinzione"),
    "raggiunti": ("Avvenuti", "intero", "passaggi avvenuti, con la data"),
    "in_attesa": ("In attesa", "intero", "domande che aspettano ancora, contate fino al giorno di riferimento, o di estrazione se viene prima"),
    "usciti": ("Usciti", "intero", "rinunce e decadenze prima del passaggio"),
    "senza_data": ("Senza data", "intero", "passaggi avvenuti senza il loro giorno"),
    "mediana": ("Giorni, metà", "intero", "giorni entro cui arriva la metà; vuoto se non raggiunta"),
    "p90": ("Giorni, 90%", "intero", "giorni entro cui arriva il 90%; vuoto se non raggiunto"),
    "operatore_id": ("Operatore", "testo", "operatore accreditato; altri: quelli con meno di tre domande"),
    "sede": ("Sede", "testo", "provincia della sede più frequente"),
    "operatori": ("Primi operatori", "intero", "quanti operatori, dal più grande"),
    "misura": ("Misura", "testo", "misura"),
    "servizio": ("Servizio", "testo", "codice del servizio"),
    "edizioni": ("Edizioni", "intero", "edizioni di corsi"),
    "partecipazioni": ("Partecipazioni", "intero", "lavoratori per edizione"),
    "ore_previste": ("Ore previste", "decimale", "ore previste delle partecipazioni con frequenza nota"),
    "ore_frequentate": ("Ore frequentate", "decimale", "ore frequentate"),
    "attestati": ("Attestati", "intero", "partecipazioni con attestato"),
    "non_idonei": ("Non idonei", "intero", "partecipazioni con esito non idoneo"),
    "ritirati": ("Ritirati", "intero", "partecipazioni con ritiro"),
    "senza_esito": ("Senza esito", "intero", "partecipazioni senza esito"),
    "fascia": ("Assenza", "testo", "fascia di assenza sulle ore previste"),
    "in_cigs": ("Di lavoratori in CIGS", "intero", "partecipazioni di lavoratori negli elenchi CIGS"),
    "conseguenza": ("Conseguenza", "testo", "conseguenza prevista dal decreto, solo per assenze senza giustificato motivo"),
    "tetto": ("Tetto", "testo", "per lavoratore e anno (lavoratore_tutti_i_bandi: sommando i bandi, da confermare), per impresa e anno, per voucher e livello EQF"),
    "anno": ("Anno", "anno", "anno della presa in carico, o dell'avvio se manca"),
    "livelli": ("Livelli EQF", "testo", "livelli del corso; vuoto dove il tetto non dipende dal livello"),
    "tetto_eur": ("Tetto, euro", "intero", "tetto in euro"),
    "soggetti": ("Controllati", "intero", "lavoratori, imprese o voucher controllati"),
    "oltre": ("Oltre", "intero", "quanti superano il tetto"),
    "eccedenza_eur": ("Eccedenza, euro", "due_decimali", "somma di ciò che supera il tetto, in euro"),
    "vicini": ("Vicini", "intero", "quanti sono dal 90% del tetto in su, senza superarlo"),
    "oltre_pubblico": ("Oltre, sola quota pubblica", "intero", "quanti supererebbero il tetto se valesse sulla sola quota pubblica"),
    "ragione_sociale": ("Impresa", "testo", "nome nel registro delle procedure"),
    "totale_eur": ("Voucher, euro", "due_decimali", "valore dei voucher dell'anno, in euro"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori distinti"),
    "raggiunto": ("Con una misura avviata", "intero", "con una misura avviata dall'inizio della sospensione in poi"),
    "durante": ("Avviata entro la fine", "intero", "con una misura avviata fra l'inizio e la fine prevista della sospensione"),
    "in_carico": ("Presi in carico", "intero", "presi in carico da una misura dall'inizio della sospensione in poi, avviata o no"),
    "legame": ("Codice", "testo", "codice del collegamento"),
    "descrizione": ("Collegamento", "testo", "che cosa si cerca e dove"),
    "totale": ("Totale", "intero", "quanti se ne cercano"),
    "trovati": ("Trovati", "intero", "quanti se ne trovano"),
    "base": ("Base", "testo", "cessati: chi ha perso il lavoro, dalla cessazione; sospesi: tutti, dall'inizio della sospensione"),
    "finestra": ("Giorni", "intero", "giorni della finestra, l'ultimo compreso"),
    "osservati": ("Osservati", "intero", "lavoratori osservati per tutta la finestra"),
    "non_osservabili": ("Non ancora osservabili", "intero", "lavoratori la cui finestra finisce dopo il giorno di riferimento, o dopo l'ultimo giorno delle comunicazioni"),
    "rioccupati": ("Rioccupati", "intero", "con un nuovo lavoro presso un altro datore entro la finestra"),
    "rientrati": ("Rientrati", "intero", "tornati nella stessa azienda"),
    "non_trovati": ("Non trovati", "intero", "né rioccupati né rientrati secondo le fonti; comprende chi aveva già un altro lavoro"),
    "di_frontiera": ("Di cui di frontiera", "intero", "non trovati con domicilio in una provincia di frontiera"),
    "rilievo": ("Rilievo", "testo", "che cosa si è trovato nei dati"),
    "casi": ("Casi", "intero", "righe interessate; vuoto se il rilievo non ne ha"),
}  # fmt: skip


def _file(title: str, row: str, *columns: str, cases: bool = False) -> DataFile:
    return DataFile(title, row, {name: _COLONNE[name] for name in columns}, cases)


_ESITI = ("base", "dimensione", "voce", "finestra", "osservati", "non_osservabili", "rioccupati", "quota", "inf95", "sup95", "rientrati", "non_trovati", "di_frontiera", "procedure")  # fmt: skip
DATI = {
    "domande": _file("Domande per territorio, bando e stato", "provincia, bando e stato, ciascuno anche TOT", "provincia", "bando", "stato", "domande", "persone"),
    "importi": _file("Importi per territorio e bando", "provincia e bando, ciascuno anche TOT", "provincia", "bando", "domande", "con_prenotato", "prenotato", "con_liquidato", "liquidato", "quota", "valore_voucher", "ore"),
    "tempi": _file("Giorni fra gli stati delle domande", "passaggio, misura e percorso (anche TOT)", "passo", "voce", "domande", "raggiunti", "in_attesa", "usciti", "senza_data", "mediana", "p90"),
    "operatori": _file("Operatori", "operatore con almeno tre domande, e gli altri insieme", "operatore_id", "sede", "domande", "persone", "ore", cases=True),
    "concentrazione": _file("Quota dei primi operatori", "numero di operatori, dal più grande", "operatori", "domande", "quota"),
    "servizi": _file("Servizi", "misura e servizio", "misura", "servizio", "domande"),
    "corsi": _file("Corsi", "dimensione e voce", "dimensione", "voce", "edizioni", "partecipazioni", "persone", "ore_previste", "ore_frequentate", "attestati", "non_idonei", "ritirati", "senza_esito"),
    "frequenze": _file("Fasce di assenza", "fascia, poi i corsi non conclusi e le ore non indicate", "fascia", "partecipazioni", "quota", "in_cigs", "conseguenza"),
    "tetti": _file("Tetti dei voucher", "tetto, bando, anno e livelli", "tetto", "bando", "anno", "livelli", "tetto_eur", "soggetti", "oltre", "eccedenza_eur", "vicini", "oltre_pubblico"),
    "tetti_imprese": _file("Imprese oltre il tetto o vicine", "bando, anno e impresa", "bando", "anno", "ragione_sociale", "lavoratori", "totale_eur", "tetto_eur", "quota", "eccedenza_eur", cases=True),
    "copertura_cigs": _file("Lavoratori in CIGS raggiunti da una misura", "dimensione e voce", "dimensione", "voce", "lavoratori", "raggiunto", "quota", "inf95", "sup95", "durante", "in_carico", "procedure"),
    "collegamento": _file("Collegamento fra le tabelle", "un legame fra due tabelle", "legame", "descrizione", "totale", "trovati", "quota"),
    "esiti": _file("Esiti occupazionali", "base, dimensione, voce e finestra", *_ESITI),
    "nuovi_lavori": _file("I nuovi lavori", "base, dimensione (contratto, territorio) e voce", "base", "dimensione", "voce", "rioccupati", "quota"),
    "rilievi": _file("Rilievi sui dati", "un tipo di rilievo", "rilievo", "casi", "persone"),
}  # fmt: skip


def columns(file: str, *names: str) -> list[Col]:
    """Columns of a table, with the headings of the data file it shows."""
    return [Col(name, *DATI[file].columns[name][:2], "Intervallo al 95%" if name in ("inf95", "sup95") else "") for name in names]


def notice(bando: str) -> str:
    """A bando in words."""
    return "tutti i bandi" if bando == TOT else bando.replace("_", " ")


def place(sigla: str, q: Ambito) -> str:
    """A provincia in words; TOT is the place of the report."""
    return q.luogo if sigla == TOT else {FUORI_REGIONE: "Fuori regione"}.get(sigla) or q.territorio.nomi.get(sigla, sigla)


def _value(dimension: str, code: str, q: Ambito) -> str:
    """A value of a breakdown in words, short enough for a chart."""
    if dimension == "provincia":
        return place(code, q)
    words = {
        TOT: "tutti",
        "tipo": f"tipo {code}",
        "causale": "riorg. per transizione" if code == "RIORG_TRANS" else CAUSALI.get(code, code).split(" (")[0],
        "obbligo_pal": f"obbligo di PAL: {SI_NO_ND.get(code, code).replace('non disponibile', ND)}",
        "stato_rapporto": code.lower(),
        "genere": {"M": "uomini", "F": "donne", "ND": "genere non disponibile"}.get(code, code),
        "classe_eta": f"{code} anni",
    }
    return words.get(dimension, code)


def in_words(frame: pl.DataFrame, q: Ambito) -> pl.DataFrame:
    """The rows of breakdowns, those by provincia in the order of the territory, with dimensione and voce in words."""
    order = {name: n for n, name in enumerate(q.territorio.sigle)}
    where = (
        pl.when(dimensione="provincia").then(pl.col("voce").replace_strict(order, default=len(order), return_dtype=pl.Int64)).otherwise(0)
    )
    kinds = {name: n for n, name in enumerate(dict.fromkeys(frame["dimensione"]))}
    rows = frame.sort(pl.col("dimensione").replace_strict(kinds, return_dtype=pl.Int64), where, maintain_order=True)
    words = [_value(name, code, q) for name, code in rows.select("dimensione", "voce").iter_rows()]
    named = {TOT: "tutti", "provincia": q.territorio.singolare} | DIMENSIONI
    return rows.with_columns(pl.Series("voce", words, dtype=pl.String), pl.col("dimensione").replace(named))


def missing(p: Perimetro, *names: str) -> str:
    """Why something cannot be computed; empty where all the tables are there."""
    lost = [name for name in names if name not in p.presenti]
    return f"Non calcolabile, perché nella cartella non c'è alcun file di {listing(lost)}." if lost else ""


def whole(frame: pl.DataFrame) -> dict:
    """The row of all together, every key "TOT"; empty where there is none."""
    keys = [name for name in ("provincia", "bando", "stato", "dimensione", "voce") if name in frame.columns]
    rows = frame.filter(pl.col(name) == TOT for name in keys)
    return rows.row(0, named=True) if rows.height else {}
