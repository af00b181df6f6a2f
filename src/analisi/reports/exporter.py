"""The nbconvert exporter `analisi`: an executed report notebook becomes one self-contained page and the files beside it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from nbconvert.exporters.html import HTMLExporter
from nbconvert.utils.exceptions import ConversionException
from nbformat import NotebookNode
from traitlets import default

from analisi.errors import AnalisiError
from analisi.presentation.blocks import MIME
from analisi.presentation.html import asset, preview, render, security_policy, slug
from analisi.reports.files import data_csv, workbook
from analisi.workspace import masked


class ExportError(AnalisiError, ConversionException):
    """The notebook cannot become a page; nbconvert's command line prints it without a stack trace."""

    during_run = True


@dataclass
class Section:
    """One section of the page: its heading and, in order, texts in Markdown and placeholders of blocks."""

    title: str
    items: list[tuple[str, str]] = field(default_factory=list)

    @property
    def id(self) -> str:
        return slug(self.title)


class AnalisiExporter(HTMLExporter):
    """Page without code: what report cells show through `analisi.presentation`, and the text between them."""

    export_from_notebook = "Rapporto dell'Osservatorio (HTML)"

    @default("template_name")
    def _template_name_default(self) -> str:
        return "analisi"

    @default("extra_template_basedirs")
    def _basedirs_default(self) -> list[str]:
        return [str(Path(__file__).parent / "templates")]

    @default("language_code")
    def _language_default(self) -> str:
        return "it"

    @default("exclude_anchor_links")
    def _anchor_default(self) -> bool:
        return True

    def from_notebook_node(self, nb: NotebookNode, resources: Any = None, **kw: Any) -> tuple[str, dict[str, Any]]:
        """The page, and in `resources["outputs"]` the data files and the workbook."""
        _require_executed(nb)
        _require_still(nb)
        resources = self._init_resources(resources)
        name = resources.get("unique_key") or resources["metadata"].get("name") or "rapporto"
        title, scope, sections, blocks = self._read(nb)
        payloads = list(blocks.values())
        header = next((block for block in payloads if block["tipo"] == "testata"), None)
        data = [block for block in payloads if block["tipo"] == "dati"]
        has_book = any(block["tipo"] in ("tavola", "dati") and block["nome"] for block in payloads)
        files = {"dati": "dati", "quaderno": f"{name}.ipynb"} | ({"foglio": f"{name}.xlsx"} if has_book else {})
        parts = {key: render(block, number, files) for number, (key, block) in enumerate(blocks.items(), start=1)}
        script = asset("pagina.js")
        parts |= {"@@stile@@": asset("blocks.css") + asset("pagina.css"), "@@codice@@": script}
        subtitle = header["sottotitolo"] if header else ""
        resources["pagina"] = {
            "titolo": title, "sottotitolo": subtitle, "ambito": scope, "sezioni": sections, "dati": data, "file": files,
            "politica": security_policy(script),
            "testata": next((key for key, block in blocks.items() if block is header), ""),
            "sintetici": bool(header and header["sintetici"]),
            "cifre": next((block["schede"] for block in payloads if block["tipo"] == "schede"), []),
        }  # fmt: skip
        page, resources = super().from_notebook_node(nb, resources, **kw)
        page = re.sub("|".join(map(re.escape, parts)), lambda found: parts[found[0]], page)
        outputs = {f"dati/{block['nome']}.csv": data_csv(block) for block in data}
        if has_book:
            label = ["DATI SINTETICI: cifre generate da un programma, non descrivono casi reali."] if header and header["sintetici"] else []
            warned = [f"Avvertenza. {text}" for block in payloads if block["tipo"] == "avvisi" for text in block["frasi"]]
            # The folder is written out because nbconvert's writer asks for one.
            outputs[f"./{name}.xlsx"] = workbook(title, subtitle, payloads, label + warned)
        resources["outputs"] = {**(resources.get("outputs") or {}), **outputs}
        return page, resources

    def _read(self, nb: NotebookNode) -> tuple[str, str, list[Section], dict[str, dict[str, Any]]]:
        """Title, scope, sections and blocks (by placeholder) of the notebook."""
        title, scope, sections, blocks = "", "", [Section("")], {}
        for position, cell in enumerate(nb.cells, start=1):
            if cell.cell_type == "markdown":
                for piece in re.split(r"(?m)^(?=#{1,2} )", cell.source):
                    first, _, rest = piece.partition("\n")
                    if first.startswith("# "):
                        title, scope = title or first[2:].strip(), scope or rest.strip()
                    elif first.startswith("## "):
                        sections.append(Section(first[3:].strip(), [("testo", rest)]))
                    elif piece.strip():
                        sections[-1].items.append(("testo", piece))
            for output in cell.get("outputs", []):
                payload = output.get("data", {}).get(MIME)
                if payload is not None:
                    key = f"@@blocco-{len(blocks) + 1}@@"
                    blocks[key] = payload
                    if payload["tipo"] != "testata":
                        sections[-1].items.append(("blocco", key))
                elif output.output_type in ("display_data", "execute_result"):
                    self.log.warning("cella %d: un risultato non è pubblicato perché non viene da analisi.presentation", position)
        return title or "Rapporto", scope, [s for s in sections if s.title or s.items], blocks


def _numbered(nb: NotebookNode) -> Iterator[tuple[int, NotebookNode]]:
    """Each cell with its number in the analyst's notebook: papermill adds one, for the parameters it was given."""
    position = 0
    for cell in nb.cells:
        position += "injected-parameters" not in cell.metadata.get("tags", [])
        yield position, cell


def _require_executed(nb: NotebookNode) -> None:
    """Raises: ExportError when a cell was not run, or ended in an error."""
    for position, cell in _numbered(nb):
        if cell.cell_type != "code" or not cell.source.strip():
            continue
        failed = next((output for output in cell.outputs if output.output_type == "error"), None)
        if failed is not None:
            msg = f"cella {position}: terminata con un errore ({failed.ename}); la pagina non si pubblica"
            raise ExportError(msg)
        if cell.execution_count is None:
            msg = f"cella {position}: non eseguita; eseguire tutto il notebook prima di pubblicarlo (analisi esegui, oppure papermill)"
            raise ExportError(msg)


def _require_still(nb: NotebookNode) -> None:
    """Raises: ExportError when a cell shows what needs a kernel or scripts: a page has neither."""
    for position, cell in _numbered(nb):
        for output in cell.get("outputs", []):
            what = _live(output.get("data", {}))
            if what:
                first = masked(next(iter(cell.source.strip().splitlines()), ""))
                msg = f"cella {position} («{first}»): mostra {what}, che una pagina pubblicata non può avere; la pagina non si pubblica. "
                msg += "Tenerlo in un notebook a parte, come esplora.ipynb; qui usare i pezzi di analisi.presentation (figure, tavole)"
                raise ExportError(msg)


def _live(data: dict[str, Any]) -> str:
    """What in an output works only in a live notebook, in words; nothing when it stands still, or is a piece of the page."""
    if MIME in data:
        return ""
    if any(kind.startswith("application/vnd.jupyter.widget") for kind in data):
        return "un widget (ipywidgets)"
    html = data.get("text/html", "")
    scripts = "<script" in (html if isinstance(html, str) else "".join(html)).lower()
    live = scripts or any(kind.startswith(("application/vnd.vega", "application/javascript")) for kind in data)
    return "un grafico interattivo" if live else ""


def add_previews(nb: NotebookNode) -> None:
    """Give each block of an executed notebook the HTML that JupyterLab shows."""
    for cell in nb.cells:
        for output in cell.get("outputs", []):
            payload = output.get("data", {}).get(MIME)
            if payload is not None and "text/html" not in output["data"]:
                output["data"]["text/html"] = preview(payload)
