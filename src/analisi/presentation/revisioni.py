"""The pieces of the page "Cosa è cambiato", and of the comparison at equal delay."""

from __future__ import annotations

from collections.abc import Sequence

import polars as pl

from analisi.indicators.pari_ritardo import TOTALE, Osservazione, PariRitardo
from analisi.indicators.revisioni import CELLE, COLONNE, CONTI, RIGHE, Revisione
from analisi.presentation.blocks import Block, Col, cards, dataset, header, table, tags, text
from analisi.presentation.formats import many, number
from analisi.vocabulary import INTERNO, Territorio

SHOWN = 200  # rows of detail on the page; the files have them all
_CONTI = {
    "righe_prima": "Righe prima", "righe_dopo": "Righe dopo", "aggiunte": "Aggiunte", "in_ritardo": "di cui in ritardo",
    "revisioni": "di cui revisioni", "rimosse": "Rimosse", "righe_riviste": "Righe riviste", "celle": "Celle riviste",
}  # fmt: skip
_TESTI = {"tavola": "Tavola", "chiave": "Riga", "colonna": "Colonna", "esito": "Esito", "tipo": "Tipo", "prima": "Prima", "dopo": "Dopo"}
_NUMERI = {"celle": "Celle", "completate": "Completate", "svuotate": "Svuotate", "somma_prima": "Somma prima", "somma_dopo": "Somma dopo",
           "scarto": "Scarto"}  # fmt: skip
_PERSONE = "Delle tavole di singole persone si danno solo i conti, mai le righe né i valori."
_MISURE = {"unita": "Unità", "lavoratori": "Lavoratori"}


def testata(prima: str, dopo: str, *, sintetici: bool, ente: str = "") -> Block:
    """What is compared with what."""
    return header(subtitle=f"da {prima} a {dopo}", owner=ente, tags=tags(INTERNO), synthetic=sintetici)


def in_sintesi(revisioni: Sequence[Revisione], solo_prima: Sequence[str], solo_dopo: Sequence[str]) -> list[str]:
    """The changes in sentences."""
    changed = [revision for revision in revisioni if revision.cambiata]
    told = [f"{many(len(changed), 'tavola cambiata', 'tavole cambiate', 'Nessuna tavola cambiata')} su {number(len(revisioni))} in comune."]
    for revision in changed:
        told.append(f"**{revision.tavola}**: {', '.join(_words(revision))}.")
    told += [f"Solo prima: {', '.join(solo_prima)}."] if solo_prima else []
    return told + ([f"Solo dopo: {', '.join(solo_dopo)}."] if solo_dopo else [])


def _words(revision: Revisione) -> list[str]:
    counts, words = revision.conti, []
    if counts["aggiunte"]:
        parts = [
            many(counts["in_ritardo"], "arrivata in ritardo", "arrivate in ritardo"),
            many(counts["revisioni"], "revisione", "revisioni"),
        ]
        parts = [part for part, name in zip(parts, ("in_ritardo", "revisioni"), strict=True) if counts[name]]
        words.append(many(counts["aggiunte"], "riga aggiunta", "righe aggiunte") + (f" ({', '.join(parts)})" if parts else ""))
    if counts["rimosse"]:
        words.append(many(counts["rimosse"], "riga rimossa", "righe rimosse"))
    if counts["celle"]:
        words.append(f"{many(counts['celle'], 'cella rivista', 'celle riviste')} in {many(counts['righe_riviste'], 'riga', 'righe')}")
    for label, names in (("colonne nuove", revision.colonne_nuove), ("colonne non più presenti", revision.colonne_perse)):
        words += [f"{label}: {', '.join(names)}"] if names else []
    sums = [f"{row['colonna']} {number(row['scarto'], _signed(row['scarto']))}" for row in revision.colonne.to_dicts() if row["scarto"]]
    return words + ([f"somme: {', '.join(sums[:6])}"] if sums else [])


def _signed(value: float) -> str:
    return "intero_segno" if value == int(value) else "decimale_segno"


def schede(revisioni: Sequence[Revisione]) -> Block:
    """The whole in four figures."""
    total = {name: sum(revision.conti[name] for revision in revisioni) for name in CONTI}
    items = [("Righe aggiunte", "aggiunte", f"di cui {number(total['in_ritardo'])} in ritardo, {number(total['revisioni'])} revisioni"),
             ("Righe rimosse", "rimosse", ""), ("Celle riviste", "celle", f"in {many(total['righe_riviste'], 'riga', 'righe')}")]  # fmt: skip
    changed = sum(revision.cambiata for revision in revisioni)
    return cards(
        [("Tavole cambiate", number(changed), f"su {number(len(revisioni))}"), *((t, number(total[n]), note) for t, n, note in items)]
    )


def riepilogo(revisioni: Sequence[Revisione]) -> Block:
    """A row per table."""
    return table(summary(revisioni), _conti(), title="Che cosa è cambiato, per tavola", data="tavole")


def summary(revisioni: Sequence[Revisione]) -> pl.DataFrame:
    """One row per table, with its counts."""
    schema = {"tavola": pl.String} | dict.fromkeys(CONTI, pl.Int64)
    return pl.DataFrame([{"tavola": revision.tavola, **revision.conti} for revision in revisioni], schema=schema)


def _conti() -> list[Col]:
    return [Col("tavola", "Tavola"), *(Col(name, label, "intero") for name, label in _CONTI.items())]


def _details(frame: pl.DataFrame) -> list[Col]:
    labels = _TESTI | _NUMERI
    return [Col(name, labels[name], "testo" if frame.schema[name] == pl.String else _style(name)) for name in frame.columns]


def _style(name: str) -> str:
    return "due_decimali" if name in ("somma_prima", "somma_dopo", "scarto") else "intero"


def dettagli(revisioni: Sequence[Revisione]) -> dict[str, pl.DataFrame]:
    """The frames of detail, of all tables together: columns, rows, cells."""
    empty = {"colonne": COLONNE, "righe": RIGHE, "celle": CELLE}
    return {name: pl.concat([pl.DataFrame(schema=schema), *(getattr(r, name) for r in revisioni)]) for name, schema in empty.items()}


def colonne(revisioni: Sequence[Revisione]) -> Block:
    """A row per column that changed, with the sums of what can be added up."""
    frame = dettagli(revisioni)["colonne"]
    notes = [_PERSONE] if any(revision.persone for revision in revisioni) else []
    return table(frame, _details(frame), title="Colonne che cambiano, con le somme", data="colonne", notes=notes)


def righe(revisioni: Sequence[Revisione]) -> Block:
    """Rows added and removed, the first of them."""
    return _first(dettagli(revisioni)["righe"], "Righe aggiunte e rimosse", "righe")


def celle(revisioni: Sequence[Revisione]) -> Block:
    """Cells that differ, the largest gaps first."""
    frame = dettagli(revisioni)["celle"].sort(pl.col("scarto").abs(), descending=True, nulls_last=True, maintain_order=True)
    return _first(frame, "Celle riviste, gli scarti maggiori prima", "celle")


def _first(frame: pl.DataFrame, title: str, name: str) -> Block:
    if frame.is_empty():
        return text([f"{title}: nessuna che si possa mostrare."])
    rest = [f"Le prime {number(SHOWN)} di {number(frame.height)}; tutte nel file {name}.csv."] if frame.height > SHOWN else []
    return table(frame.head(SHOWN), _details(frame), title=title, notes=rest, data=name)


def dati(revisioni: Sequence[Revisione]) -> list[Block]:
    """The data files: by table, by column, by row, by cell."""
    titles = {"colonne": "Colonne che cambiano", "righe": "Righe aggiunte e rimosse", "celle": "Celle riviste"}
    parts = [dataset(frame, _details(frame), name=name, title=titles[name]) for name, frame in dettagli(revisioni).items()]
    return [dataset(summary(revisioni), _conti(), name="tavole", title="Cambiamenti per tavola"), *parts]


def toccati(frame: pl.DataFrame) -> Block:
    """The reports made from what changed."""
    if frame.is_empty():
        return text(["Nessun rapporto pubblicato in reports/ risulta fatto con le righe che sono cambiate."])
    columns = [Col("rapporto", "Rapporto"), Col("titolo", "Titolo"), Col("edizione", "Edizione"), Col("tavole", "Tavole cambiate")]
    return table(frame, columns, title="Rapporti toccati")


def a_parole(osservazione: Osservazione) -> str:
    """A period and the day it was seen: "primo trimestre al 30/05, 60 giorni dopo"."""
    return f"{osservazione.periodo} com'era il {osservazione.giorno:%d/%m/%Y}, {osservazione.ritardo} giorni dopo la fine"


def pari_ritardo(found: PariRitardo) -> list[str]:
    """The comparison at equal delay in sentences, the naive one beside."""
    total = found.righe.filter(provincia=TOTALE).row(0, named=True)
    said = [f"A pari ritardo: {a_parole(found.ora)}; {a_parole(found.allora)}."]
    for name, label in _MISURE.items():
        fair, naive = total[f"var_{name}"], total[f"var_{name}_ingenua"]
        said.append(
            f"**{label}**: {number(total[name])} contro {number(total[f'{name}_allora'])} ({number(fair, 'intero_segno')}). Contro l'anno prima com'è "
            f"noto oggi, {number(total[f'{name}_oggi'])}, sarebbe {number(naive, 'intero_segno')}: {_why(fair, naive)}"
        )
    if not found.alike:
        said.append("I due ritardi differiscono di più di una settimana: il confronto non è davvero a pari ritardo.")
    return said


def _why(fair: int, naive: int) -> str:
    if fair == naive:
        return "nessun dato dell'anno prima è arrivato dopo."
    return f"{number(abs(fair - naive))} di differenza vengono da dati dell'anno prima arrivati o rivisti dopo."


def tavola_ritardo(found: PariRitardo, territorio: Territorio) -> tuple[Block, Block]:
    """A row per provincia, the total last; and the same as a data file."""
    names = pl.col("provincia").replace_strict(dict(territorio.nomi) | {TOTALE: territorio.nome}, default=pl.col("provincia"))
    columns = [Col("provincia", territorio.intestazione)]
    for name, label in _MISURE.items():
        columns += [
            Col(name, found.ora.periodo, "intero", label), Col(f"{name}_allora", found.allora.periodo, "intero", label),
            Col(f"var_{name}", "Variazione", "intero_segno", label), Col(f"{name}_oggi", f"{found.oggi.periodo} noto oggi", "intero", label),
            Col(f"var_{name}_ingenua", "Variazione ingenua", "intero_segno", label),
        ]  # fmt: skip
    notes = [f"{a_parole(found.ora)}; {a_parole(found.allora)}; «noto oggi»: lo scatto del {found.oggi.giorno:%d/%m/%Y}.",
             "Procedure aperte nel periodo: unità produttive in vigore e lavoratori coinvolti (coinvolgimenti, non persone)."]  # fmt: skip
    shown = table(
        found.righe.with_columns(names),
        columns,
        title="Confronto a pari ritardo",
        name="Pari ritardo",
        totals=1,
        notes=notes,
        data="pari_ritardo",
    )
    return shown, dataset(found.righe, columns, name="pari_ritardo", title="Confronto a pari ritardo", notes=notes)
