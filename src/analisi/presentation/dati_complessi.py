"""The data files of the dashboard of complex cases."""

from __future__ import annotations

from analisi.presentation.datasets import Campo, DataFile

COLONNE = {
    "posizione": ("Posizione", "intero", "posto nella graduatoria; vuoto senza punteggio"),
    "id_procedura": ("Procedura", "testo", "numero della procedura"),
    "tipo_procedura": ("Tipo", "testo", "CIGS o LIC (licenziamento collettivo)"),
    "tipologia_linee_guida": ("Linee guida", "testo", "tipo delle linee guida, A-D"),
    "causale": ("Causale", "testo", "causale della procedura"),
    "territori": ("Territori", "testo", "sigle dei territori delle unità"),
    "unita": ("Unità", "intero", "unità produttive del caso"),
    "lavoratori": ("Lavoratori", "intero", "lavoratori coinvolti in tutto il caso (coinvolgimenti, non persone)"),
    "unita_qui": ("Unità qui", "intero", "unità nel territorio del rapporto"),
    "lavoratori_qui": ("Lavoratori qui", "intero", "lavoratori delle unità nel territorio del rapporto"),
    "data_apertura": ("Apertura", "testo", "apertura della procedura"),
    "data_esame_congiunto": ("Esame congiunto", "testo", "esame congiunto"),
    "data_accordo": ("Accordo", "testo", "accordo"),
    "data_decreto_concessione": ("Decreto", "testo", "decreto di concessione"),
    "data_inizio": ("Inizio", "testo", "inizio della sospensione"),
    "data_fine": ("Scadenza", "testo", "primo ultimo giorno delle unità in corso"),
    "punteggio": ("Punteggio", "decimale", "punteggio sui criteri noti, 0-100"),
    "minimo": ("Punteggio minimo", "decimale", "punteggio se i criteri non noti valessero 0"),
    "massimo": ("Punteggio massimo", "decimale", "punteggio se i criteri non noti valessero 1"),
    "peso_noto": ("Peso noto %", "quota", "peso dei criteri noti su tutti, 0-100"),
    "classe": ("Classe", "testo", "classe del punteggio"),
    "prevalente": ("Criterio prevalente", "testo", "criterio con più punti; vuoto se nessuno ne ha"),
    "registro": ("Registro", "testo", "grado di complessità scritto nel registro, il più alto delle unità"),
    "inf90": ("Posizione, da", "intero", "posizione al 5° centile delle prove con pesi diversi"),
    "sup90": ("Posizione, a", "intero", "posizione al 95° centile delle prove con pesi diversi"),
    "quota_primi": ("Fra i primi %", "quota", "prove in cui il caso è fra i primi, 0-100"),
    "migliore": ("Migliore", "intero", "posizione migliore con un peso dimezzato o raddoppiato"),
    "peggiore": ("Peggiore", "intero", "posizione peggiore con un peso dimezzato o raddoppiato"),
    "tenuta": ("Tenuta", "testo", "quanto il posto fra i primi regge al variare dei pesi"),
    "criterio": ("Criterio", "testo", "codice del criterio"),
    "valore": ("Valore", "decimale", "valore nell'unità di misura del criterio"),
    "conoscenza": ("Conoscenza", "testo", "noto, non si applica, non noto"),
    "motivo": ("Motivo", "testo", "perché non si applica o non è noto"),
    "grado": ("Grado", "tre_decimali", "grado 0-1; vuoto se non noto"),
    "peso": ("Peso", "decimale", "peso dichiarato"),
    "punti": ("Punti", "decimale", "parte del punteggio"),
    "dimezzato": ("Con peso dimezzato", "intero", "posizione se il peso del criterio è la metà"),
    "raddoppiato": ("Con peso raddoppiato", "intero", "posizione se il peso del criterio è il doppio"),
    "movimento": ("Movimento", "testo", "entrato, uscito, salito, sceso, invariato"),
    "posizione_prima": ("Posizione prima", "intero", "posizione nel giorno di confronto"),
    "punteggio_prima": ("Punteggio prima", "decimale", "punteggio nel giorno di confronto"),
    "lavoratori_prima": ("Lavoratori prima", "intero", "lavoratori nel giorno di confronto"),
    "giorno": ("Giorno", "testo", "giorno"),
    "punti_differenza": ("Punti in più o in meno", "decimale_segno", "di quanto è cambiata la parte del criterio"),
    "giorni_mancanti": ("Giorni mancanti", "intero", "giorni dal giorno del rapporto; negativi se già passato"),
    "tipo": ("Tipo di decisione", "testo", "codice del tipo di decisione"),
    "casi": ("Casi", "testo", "numeri delle procedure"),
    "ruolo": ("Chi agisce", "testo", "ruolo, mai un nome"),
    "riferimento": ("Riferimento", "testo", "numero del tavolo"),
    "evento": ("Evento", "testo", "che cosa è accaduto o è previsto"),
    "provincia": ("Territorio", "testo", "sigla del territorio; il totale conta ogni caso una volta"),
    "aspetto": ("Aspetto", "testo", "casi, classe, criterio, registro, movimento, tenuta, decisione"),
    "voce": ("Voce", "testo", "voce dell'aspetto; per registro: grado nel registro/classe del punteggio"),
    "etichetta": ("Nome", "testo", "nome per le persone"),
    "definizione": ("Domanda", "testo", "che cosa misura"),
    "unita_misura": ("Unità di misura", "testo", "unità di valore e soglie"),
    "soglia_minima": ("Soglia minima", "decimale", "valore a cui il grado è 0"),
    "soglia_massima": ("Soglia massima", "decimale", "valore a cui il grado è 1"),
    "stato": ("Stato", "testo", "confermato o da confermare"),
    "fonte": ("Fonte", "testo", "da dove viene la riga"),
}  # fmt: skip


def _file(title: str, row: str, columns: str, *, cases: bool = False, **own: Campo) -> DataFile:
    return DataFile(title, row, {name: own.get(name) or COLONNE[name] for name in columns.split()}, cases)


DATI = {
    "casi": _file("Casi in corso", "un caso (procedura)", "posizione id_procedura tipo_procedura tipologia_linee_guida causale territori unita lavoratori unita_qui lavoratori_qui data_apertura data_esame_congiunto data_accordo data_decreto_concessione data_inizio data_fine punteggio minimo massimo peso_noto classe prevalente registro inf90 sup90 quota_primi migliore peggiore tenuta", cases=True),
    "contributi": _file("Che cosa fa il punteggio", "un caso e un criterio", "id_procedura criterio valore conoscenza motivo grado peso punti", cases=True),
    "sensibilita": _file("Posizioni con un peso diverso", "un caso e un criterio", "id_procedura posizione criterio dimezzato raddoppiato", cases=True),
    "variazioni": _file("Che cosa è cambiato", "un caso di uno dei due giorni", "id_procedura tipo_procedura movimento posizione posizione_prima punteggio punteggio_prima lavoratori lavoratori_prima giorno criterio punti_differenza", cases=True, giorno=("Giorno", "testo", "apertura di chi è entrato, ultimo giorno noto di chi è uscito")),
    "decisioni": _file("Che cosa richiede una decisione", "una decisione", "giorno giorni_mancanti tipo casi posizione lavoratori unita ruolo riferimento", cases=True, giorno=("Giorno", "testo", "entro quando; vuoto se non noto"), lavoratori=("Lavoratori", "intero", "lavoratori dei casi"), unita=("Unità", "intero", "unità che scadono, o unità dei casi"), posizione=("Posizione", "intero", "posizione del caso per punteggio, la migliore se sono più d'uno")),
    "cronologia": _file("Cronologia dei primi casi", "un caso, un evento, un giorno", "id_procedura evento giorno", cases=True),
    "riepilogo": _file("Riepilogo dei casi", "territorio, aspetto, voce", "provincia aspetto voce casi lavoratori", casi=("Casi", "intero", "casi; per le decisioni, decisioni"), lavoratori=("Lavoratori", "intero", "lavoratori dei casi nel territorio; vuoto per le decisioni")),
    "criteri": _file("Criteri del punteggio", "un criterio", "criterio etichetta definizione unita_misura soglia_minima soglia_massima peso stato fonte"),
}  # fmt: skip
