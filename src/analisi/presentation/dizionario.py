"""The data dictionary: run this module to renew the generated parts of docs/dizionario.md."""

from __future__ import annotations

from collections.abc import Mapping

from analisi.presentation import (
    dati_annuale,
    dati_bimestrale,
    dati_complessi,
    dati_misure,
    dati_pal,
    dati_scenario,
    quadro_riservatezza,
    rioccupazione,
)
from analisi.presentation.datasets import DataFile
from analisi.tables import dizionario as tables
from analisi.workspace import root

REPORTS: dict[str, Mapping[str, DataFile]] = {
    "annuale": dati_annuale.DATI,
    "attivazione_pal": dati_pal.DATI,
    "bimestrale": dati_bimestrale.DATI,
    "casi_complessi": dati_complessi.DATI,
    "misure_pal": dati_misure.DATI,
    "rioccupazione": rioccupazione.DATI,
    "riservatezza": quadro_riservatezza.DATI,
    "scenario": dati_scenario.DATI,
}
BEGIN, END = "<!-- file di dati: generato da analisi.presentation.dizionario -->", "<!-- fine dei file di dati -->"
FORMATS = {"testo": "testo", "codice": "testo", "anno": "anno", "intero": "intero", "intero_segno": "intero", "quota": "percentuale, 0-100"}


def text() -> str:
    """The part on the data files: for each report, its files; for each file, what a row is and its columns."""
    parts = []
    for report, files in REPORTS.items():
        parts += [f"### `{report}`", ""]
        for name, file in files.items():
            only = " Solo nel profilo interno: riguarda singoli casi." if file.cases else ""
            parts += [
                f"`dati/{name}.csv` - {file.title}. Una riga: {file.row}.{only}",
                "",
                "| colonna | tipo | significato |",
                "|---|---|---|",
            ]
            parts += [f"| `{column}` | {FORMATS.get(style, 'decimale')} | {words} |" for column, (_, style, words) in file.columns.items()]
            parts += [""]
    return "\n".join(parts)


def main() -> None:
    """Renew the generated parts of docs/dizionario.md."""
    path = root() / "docs" / "dizionario.md"
    whole = path.read_text(encoding="utf-8")
    for begin, end, made in ((tables.BEGIN, tables.END, tables.text()), (BEGIN, END, text())):
        whole = f"{whole[: whole.index(begin)]}{begin}\n\n{made}\n{whole[whole.index(end) :]}"
    path.write_text(whole, encoding="utf-8")


if __name__ == "__main__":
    main()
