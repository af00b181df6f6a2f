"""Pieces to try public pages: what a notebook shows, run in this process, and the attack on the data files of a published report."""

import ast
import json
from pathlib import Path

import polars as pl

from analisi.disclosure.pubblicato import audit_published
from analisi.presentation import riservatezza
from analisi.presentation.blocks import MIME, Block
from analisi.workspace import root


def shown(notebook: str, **parameters) -> list[str]:
    """The payloads of all the blocks that a notebook displays with these parameters, as JSON."""
    found: list[str] = []

    def display(*blocks: object) -> None:
        found.extend(json.dumps(block.payload, sort_keys=True, default=str) for block in blocks if isinstance(block, Block))

    space: dict[str, object] = {"display": display}
    book = json.loads((root() / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    for cell in (cell for cell in book["cells"] if cell["cell_type"] == "code"):
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, notebook, "exec"), space)
        if last is not None:
            display(eval(compile(ast.Expression(last.value), notebook, "eval"), space))
        if "parameters" in cell["metadata"].get("tags", []):
            space |= parameters
    return found


def published(*folders: Path, notebook: str, **parameters) -> pl.DataFrame:
    """The cells as an attacker finds them who reads the data files of some pages of a report together."""
    tables = riservatezza.tables(notebook, parameters)
    protezione = riservatezza.decided(riservatezza.plan_of([(notebook, parameters)]))
    frames, declared = {}, {}
    for number, folder in enumerate(folders):
        for path in sorted((folder / "dati").glob("*.csv")):
            name = f"{number} {path.stem}"
            frames[name], declared[name] = pl.read_csv(path, infer_schema_length=0), tables[path.stem]
    assert frames
    return audit_published(frames, declared, protezione)


def texts(folder: Path) -> dict[str, str]:
    """The text of every file that people read of a report: page, notebook, data."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.rglob("*")) if path.suffix in (".html", ".ipynb", ".csv")}


def spoken(folder: Path) -> str:
    """What the blocks of an executed notebook hold, as JSON."""
    book = json.loads(next(folder.glob("*.ipynb")).read_text(encoding="utf-8"))
    return json.dumps([out["data"].get(MIME) for cell in book["cells"] for out in cell.get("outputs", []) if "data" in out])
