"""The pages of `analisi confronta`: "Cosa è cambiato", and the comparison at equal delay."""

from __future__ import annotations

from pathlib import Path

from analisi.indicators.pari_ritardo import PariRitardo, Registri
from analisi.presentation import revisioni
from analisi.presentation.blocks import text
from analisi.reports.changes import Confronto
from analisi.reports.leaflet import Section, publish
from analisi.sources.snapshots import snapshots

_CHANGES = (
    "Una riga è la stessa se ha la stessa chiave. È arrivata in ritardo se il suo periodo era già passato nella versione di prima; è una "
    "revisione se è una nuova versione di una riga nota. Giorno di estrazione, fonte, tracciato e natura non contano."
)
_DELAY = (
    "Un registro si riempie nel tempo. Qui ogni anno è contato con ciò che se ne sapeva lo stesso numero di giorni dopo la sua fine; "
    "accanto, il confronto ingenuo con l'anno prima com'è noto oggi."
)


def publish_changes(found: Confronto, output: Path) -> Path:
    """Publish what changed in `output`; the path of the page. Raises: AnalisiError as `leaflet.publish`."""
    rows, names = found.revisioni, (found.prima.nome, found.dopo.nome)
    start = (
        "from analisi.presentation import blocks, revisioni\n"
        "from analisi.reports.changes import compare_sides\n\n"
        f"c = compare_sides({names[0]!r}, {names[1]!r})  # con i percorsi da dove si è\n"
        "r = c.revisioni"
    )
    synthetic = found.prima.sintetico or found.dopo.sintetico
    told = revisioni.in_sintesi(rows, found.solo_prima, found.solo_dopo)
    summary = "blocks.text(revisioni.in_sintesi(r, c.solo_prima, c.solo_dopo), as_list=True)"
    data = [(f"revisioni.dati(r)[{number}]", block) for number, block in enumerate(revisioni.dati(rows))]
    sections: list[Section] = [
        ("", [(f"revisioni.testata(c.prima.nome, c.dopo.nome, sintetici={synthetic})", revisioni.testata(*names, sintetici=synthetic))]),
        ("In sintesi", [("revisioni.schede(r)", revisioni.schede(rows)), (summary, text(told, as_list=True))]),
        ("Per tavola", [("revisioni.riepilogo(r)", revisioni.riepilogo(rows)), ("revisioni.colonne(r)", revisioni.colonne(rows))]),
        ("Righe e celle", [("revisioni.righe(r)", revisioni.righe(rows)), ("revisioni.celle(r)", revisioni.celle(rows))]),
        ("Rapporti toccati", [("revisioni.toccati(c.toccati)", revisioni.toccati(found.toccati)), *data]),
    ]
    return publish("cambiamenti", "Cosa è cambiato", _CHANGES, start, sections, output, found.inputs)


def publish_delay(found: PariRitardo, registri: Registri, ritardo: int, output: Path) -> Path:
    """Publish a comparison at equal delay in `output`; the path of the page. Raises: AnalisiError as `leaflet.publish`."""
    where = registri.territorio
    start = (
        "from analisi.indicators.pari_ritardo import Registri, equal_delay\n"
        "from analisi.presentation import blocks, revisioni\n"
        "from analisi.vocabulary import load_territorio\n"
        "from analisi.workspace import resolve\n\n"
        'territorio = load_territorio("lombardia")\n'
        f'registri = Registri(resolve("data/{registri.archive.name}"), territorio)\n'
        f"t = equal_delay(registri, {found.ora.periodo!r}, {ritardo}, territorio)"
    )
    synthetic = any(extract["sintetica"] for snapshot in snapshots(registri.archive) for extract in snapshot.estratti)
    header = revisioni.testata(found.allora.periodo, found.ora.periodo, sintetici=synthetic, ente=where.ente)
    shown, data = revisioni.tavola_ritardo(found, where)
    sections: list[Section] = [
        ("", [(f"revisioni.testata(t.allora.periodo, t.ora.periodo, sintetici={synthetic}, ente=territorio.ente)", header)]),
        ("In sintesi", [("blocks.text(revisioni.pari_ritardo(t), as_list=True)", text(revisioni.pari_ritardo(found), as_list=True))]),
        ("Per territorio", [("revisioni.tavola_ritardo(t, territorio)[0]", shown), ("revisioni.tavola_ritardo(t, territorio)[1]", data)]),
    ]
    return publish("pari_ritardo", "Confronto a pari ritardo", _DELAY, start, sections, output, [])
