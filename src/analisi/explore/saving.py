"""What leaves the workbench: a table, a chart, a new report notebook. Nothing that is there is ever written over."""

from __future__ import annotations

import json
import re
import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from analisi.errors import AnalisiError, suggest
from analisi.explore.cube import Cubo, Scelte, described
from analisi.explore.nuovo import OWN
from analisi.explore.views import cautions, columns
from analisi.presentation.blocks import Col, dataset
from analisi.presentation.svg import VEGA_LITE
from analisi.reports.files import data_csv, workbook
from analisi.vocabulary import normalized
from analisi.workspace import root

TABLES, CHARTS = ("csv", "xlsx"), ("svg", "png", "json")
SYNTHETIC = "DATI SINTETICI, inventati per prova"


def folder() -> Path:
    """Where tables and charts go; never tracked."""
    return root() / "reports" / "esplora"


def write_new(place: Path, name: str, kind: str, content: bytes) -> Path:
    """Write a file under a name that nothing has: with -2, -3... when it is taken.

    Raises:
        AnalisiError: the folder cannot be written.
    """
    try:
        place.mkdir(parents=True, exist_ok=True)
        for number in range(1, 10_000):
            path = place / f"{name}{f'-{number}' if number > 1 else ''}.{kind}"
            try:
                with path.open("xb") as file:
                    file.write(content)
            except FileExistsError:
                continue
            return path
        msg = f"{place}: troppi file con il nome {name}; spostarne qualcuno"
    except OSError as error:
        msg = f"{place}: non si può scrivere ({error.strerror})"
    raise AnalisiError(msg)


def slug(text: str) -> str:
    """A name for a file: letters and digits, joined by low lines.

    >>> slug("Crisi a Bergamo: perché?")
    'crisi_a_bergamo_perche'
    """
    return re.sub(r"[^a-z0-9]+", "_", normalized(text)).strip("_")[:60]


def _name(cubo: Cubo, scelte: Scelte) -> str:
    made_up = "sintetici-" if cubo.sintetica else ""
    return f"{made_up}{cubo.tabella}-{scelte.misura}-{scelte.modo}"


def save_table(cubo: Cubo, scelte: Scelte, frame: pl.DataFrame, kind: str) -> Path:
    """The rows now shown, unrounded, as CSV or as a workbook.

    Raises:
        AnalisiError: another kind of file is asked for, or the folder cannot be written.
    """
    _admitted(kind, TABLES)
    nature = frame.with_columns(natura=pl.lit("sintetici" if cubo.sintetica else "reali"))
    heads = [Col(name, label, style) for name, label, style in columns(cubo, scelte)] + [Col("natura", "Natura")]
    title = described(cubo, scelte.where())
    payload = dataset(nature, heads, name="celle", title=title, source=cubo.documento).payload
    if kind == "csv":
        return write_new(folder(), _name(cubo, scelte), kind, data_csv(payload))
    people = frame.with_columns(
        pl.col("provincia").replace_strict(cubo.territorio.nomi), pl.col("categoria").replace_strict(dict(cubo.categorie))
    )
    readable = dataset(people, heads[:-1], name="tavola", title=title, source=cubo.documento).payload
    headline = f"{SYNTHETIC}: {cubo.misure[scelte.misura][0]}" if cubo.sintetica else cubo.misure[scelte.misura][0]
    book = workbook(headline, title, [readable, payload], cautions(cubo, scelte))
    return write_new(folder(), _name(cubo, scelte), kind, book)


def save_chart(cubo: Cubo, scelte: Scelte, view: Mapping[str, Any], kind: str) -> Path:
    """One chart as SVG, as PNG at twice its size, or as its Vega-Lite spec; what it shows and its source are written on it.

    Raises:
        AnalisiError: another kind of file is asked for, or the folder cannot be written.
    """
    import vl_convert

    _admitted(kind, CHARTS)
    said = [SYNTHETIC] * cubo.sintetica + [described(cubo, scelte.where()), f"Fonte: {cubo.documento}"]
    lines = [line for text in said for line in textwrap.wrap(text, 52)]
    heading = {"text": view["titolo"], "subtitle": lines, "anchor": "start", "frame": "bounds", "subtitlePadding": 6, "offset": 12}
    bigger = {"height": view["spec"]["height"] + 30 + 14 * len(lines), "background": "white", "padding": 10}
    spec = {**view["spec"], "title": heading, **bigger}
    if kind == "json":
        content = json.dumps(spec, ensure_ascii=False, indent=1).encode()
    elif kind == "svg":
        content = vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, format_locale="it-IT").encode()
    else:
        content = vl_convert.vegalite_to_png(spec, vl_version=VEGA_LITE, format_locale="it-IT", scale=2)
    return write_new(folder(), f"{_name(cubo, scelte)}-{view['nome']}", kind, content)


def _admitted(kind: str, kinds: tuple[str, ...]) -> None:
    if kind not in kinds:
        msg = f"formato «{kind}»: non previsto; {suggest(kind, kinds)}"
        raise AnalisiError(msg)


_PARAMETERS = {
    "territorio": "nome di un territorio di data/riferimento/territori, o un file .toml",
    "tabella": "tabella della fonte: casi_gestiti, vol_procedure o siul_cob",
    "criterio_anno": "anno di una procedura negli estratti: apertura, accordo, inizio, in_corso",
    "misura": "che cosa si conta",
    "modo": "come si dice: assoluto, peso, variazione, variazione_pct, per_unita",
    "tempo": "anno, trimestre o bimestre",
    "periodi": "periodi, separati da virgola; vuoto: tutti",
    "province": "sigle, separate da virgola; vuoto: tutte",
    "categorie": "codici di procedura o di contratto, separati da virgola; vuoto: tutti",
    "profilo": "chi leggerà la pagina",
    "data_edizione": "data da stampare in testa, se serve, nella forma aaaa-mm-gg",
}
_SOURCE = {"fonte": "cartella con casi_gestiti.csv o con estratti vol_procedure, oppure un file",
           "comunicazioni": "cartella con estratti siul_cob, oppure un file"}  # fmt: skip
_SCOPE = (
    "Per la Direzione e per i Nuclei territoriali. "
    "Rapporto nato dal banco di lavoro: la misura, i periodi e i territori sono nei parametri."
)
_SAME = "Le cifre vengono da questi file; con gli stessi file, parametri e versioni la pagina è identica, byte per byte."
_CHECK = """differenze = page.unreconciled(e)
assert differenze.is_empty(), f"il totale non è la somma delle province: {differenze.to_dicts()}"
"""
_COUNTED = {
    "fonte": "I lavoratori sono coinvolgimenti, non persone: chi compare in due procedure è contato due volte. "
    "Le unità produttive non sono né procedure né imprese. Il territorio è quello della sede operativa.",
    "comunicazioni": "Le comunicazioni sono eventi, non persone: chi è assunto due volte conta due volte. "
    "Non comprendono il lavoro autonomo né quello all'estero. Il territorio è quello della sede di lavoro.",
}
_METHOD = """## Metodo e limiti

- **Che cosa si conta.** {counted}
- **Celle vuote e zeri.** Una cella vuota resta vuota e non entra nei totali: «n.d.» è un valore ignoto, «n.c.» uno che non ha base.
- **Peso.** Valore del territorio diviso per quello della regione, per gli stessi periodi e le stesse voci, per 100.
- **Variazione.** Differenza dagli stessi periodi dell'anno prima; è «n.d.» dove uno dei due anni non ha tutte le celle dell'altro.
- **Arrotondamenti.** Si arrotonda una sola volta, alla fine, metà verso l'alto. I file di dati non sono arrotondati.
- **Andamento.** Un anno non completo non si confronta con gli altri.

Formule e riferimenti: `docs/metodo.md`, nella documentazione del progetto."""


def save_notebook(title: str, cubo: Cubo, source: Mapping[str, str], scelte: Scelte) -> Path:
    """A report notebook in the house form, with these choices in its parameters; what was clicked counts as chosen. Its path.

    The name comes from the title. Figures of the title are left out: years are parameters.

    Raises:
        AnalisiError: the title has no letter, or the folder cannot be written.
    """
    words = re.sub(r"\s+([:;,.]|$)", r"\1", re.sub(r"\s+", " ", re.sub(r"\d{2,}", "", title.replace("#", "")))).strip(" ,;:-")
    if not slug(words):
        msg = "titolo del notebook: scriverne uno, per esempio «Crisi aziendali a Bergamo e Brescia» (gli anni stanno nei parametri)"
        raise AnalisiError(msg)
    cells = _cells(words, cubo, source, scelte)
    language = {"display_name": "Python 3", "language": "python", "name": "python3"}
    made = {
        "cells": cells,
        "metadata": {"kernelspec": language, "language_info": {"name": "python"}} | OWN,
        "nbformat": 4,
        "nbformat_minor": 5,
    }
    content = (json.dumps(made, ensure_ascii=False, indent=1) + "\n").encode()
    return write_new(root() / "notebooks", slug(words), "ipynb", content)


def _cells(title: str, cubo: Cubo, source: Mapping[str, str], scelte: Scelte) -> list[dict[str, Any]]:
    where = scelte.where()
    name = "comunicazioni" if cubo.tabella == "siul_cob" else "fonte"
    given = {name: source["fonte"], "territorio": source["territorio"], "tabella": cubo.tabella, "criterio_anno": source["criterio_anno"]}
    given |= {"misura": scelte.misura, "modo": scelte.modo, "tempo": scelte.tempo}
    given |= {"periodi": ", ".join(where["periodo"]), "province": ", ".join(where["provincia"]), "categorie": ", ".join(where["categoria"])}
    given |= {"profilo": "interno", "data_edizione": ""}
    helps = _SOURCE | _PARAMETERS
    parameters = "\n".join(f"{key}: str = {json.dumps(value, ensure_ascii=False)}  # {helps[key]}" for key, value in given.items())
    choices = ", ".join(f"{key}={key}" for key in ("misura", "modo", "tempo", "periodi", "province", "categorie"))
    opened = f"e = page.esplorazione({name}, territorio, tabella, criterio_anno, profilo=profilo, {choices})"
    everything = ", ".join(f'"{key}": {key}' for key in given)
    kind, place = cubo.dimensione.lower(), cubo.territorio.singolare
    texts: list[tuple[str, str]] = [
        ("markdown", f"# {title}\n\n{_SCOPE}"),
        ("parameters", parameters),
        ("code", "from analisi.explore import page\nfrom analisi.reports import provenance"),
        ("code", f"{opened}\npage.page_header(e, data_edizione)"),
        ("code", _CHECK),
        ("markdown", "## In sintesi"),
        ("code", "page.key_figures(e)"),
        ("markdown", f"## Dove\n\nQuanto vale la misura in ogni {place}?"),
        ("code", "page.province_figure(e)"),
        ("markdown", "La mappa a tessere mette ogni territorio al suo posto, non alla sua grandezza."),
        ("markdown", "## Quando\n\nCome cambia nel tempo? L'andamento mostra tutti i periodi della fonte, e in blu quelli scelti."),
        ("code", "page.trend_figure(e)"),
        ("markdown", f"## Che cosa\n\nCome si divide per {kind}?"),
        ("code", "page.mix_figure(e)"),
        ("markdown", "## Quanto grandi\n\nDove le due misure della fonte vanno insieme, e dove no?"),
        ("code", "page.scatter_figure(e)"),
        ("markdown", "Un punto lontano dagli altri ha casi più grandi, o più piccoli, della media."),
        ("markdown", "## Le celle"),
        ("code", "page.cells_table(e)"),
        ("markdown", "## Qualità dei dati"),
        ("code", "page.cautions(e)"),
        ("markdown", _METHOD.format(counted=_COUNTED[name])),
        ("markdown", f"## Provenienza\n\n{_SAME}"),
        ("code", "provenance.inputs(e.cubo)"),
        ("code", f"provenance.versions({{{everything}}})"),
        ("code", "display(*page.datasets(e))"),
    ]  # fmt: skip
    return [_cell(number, kind, text) for number, (kind, text) in enumerate(texts, start=1)]


def _cell(number: int, kind: str, text: str) -> dict[str, Any]:
    cell = {"cell_type": "markdown" if kind == "markdown" else "code", "id": f"e{number:02}", "metadata": {}}
    cell |= {"metadata": {"tags": ["parameters"]}} if kind == "parameters" else {}
    cell |= {} if kind == "markdown" else {"execution_count": None, "outputs": []}
    return cell | {"source": text.splitlines(keepends=True)}
