"""A page made of pieces without a notebook to run: the same exporter, the same files beside it, the same gate."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

import nbformat

from analisi.presentation.blocks import Block
from analisi.reports.exporter import add_previews
from analisi.reports.gate import require_open
from analisi.reports.run import exporter_of_pages, publish_folder, staging_beside
from analisi.vocabulary import INTERNO

Section = tuple[str, Sequence[tuple[str, Block]]]  # heading; for each piece the call that makes it, and the piece


def publish(
    name: str, title: str, scope: str, start: str, sections: Sequence[Section], output: Path, inputs: Iterable[tuple[str, str, str]]
) -> Path:
    """Publish a page with its data and workbook in `output`; the path of the page.

    Beside it goes the notebook that makes the same pieces: `start` is its first code cell.

    Raises:
        AnalisiError: the folder cannot be written, or something in it may not leave.
    """
    book = nbformat.v4.new_notebook(metadata={"kernelspec": {"name": "python3", "language": "python", "display_name": "Python 3"}})
    book.cells = [nbformat.v4.new_markdown_cell(f"# {title}\n\n{scope}"), _cell(start, None)]
    for heading, pieces in sections:
        book.cells += [nbformat.v4.new_markdown_cell(f"## {heading}")] if heading else []
        book.cells += [_cell(source, piece) for source, piece in pieces]
    for position, cell in enumerate(book.cells):
        cell["id"] = f"cella-{position}"
        if cell.cell_type == "code":
            cell["execution_count"] = position
    staging = staging_beside(output)
    try:
        page, resources = exporter_of_pages().from_notebook_node(book, {"metadata": {"name": name}, "unique_key": name})
        (staging / f"{name}.html").write_text(page, encoding="utf-8", newline="\n")
        for file, data in resources["outputs"].items():
            (staging / file).parent.mkdir(exist_ok=True)
            (staging / file).write_bytes(data)
        add_previews(book)
        nbformat.write(book, staging / f"{name}.ipynb")
        require_open(staging, INTERNO, inputs)
        return publish_folder(staging, output, f"{name}.html")
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def _cell(source: str, piece: Block | None) -> nbformat.NotebookNode:
    shown = [nbformat.v4.new_output("display_data", data=piece._repr_mimebundle_())] if piece else []
    return nbformat.v4.new_code_cell(source, outputs=shown)
