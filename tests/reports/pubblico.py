"""What a public page says when only what it hides is otherwise: nothing else may change."""

import ast
import json
from dataclasses import replace

import numpy as np
import polars as pl
from scipy.optimize import Bounds, LinearConstraint, milp

from analisi.disclosure.attacco import network
from analisi.disclosure.celle import Sistema
from analisi.disclosure.protezione import Protezione
from analisi.presentation.blocks import Block
from analisi.workspace import root


def blocks_of(notebook: str, **parameters: object) -> str:
    """The JSON of every block that the cells of a notebook show, run in this process with these parameters."""
    content = json.loads((root() / "notebooks" / f"{notebook}.ipynb").read_text(encoding="utf-8"))
    shown: list[object] = []
    names: dict[str, object] = {"display": lambda *what: shown.extend(what)}
    for cell in content["cells"]:
        if cell["cell_type"] != "code":
            continue
        tree = ast.parse("".join(cell["source"]))
        last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
        exec(compile(tree, "<cell>", "exec"), names)
        if "parameters" in cell["metadata"].get("tags", []):
            names |= parameters
        if last is not None:
            shown.append(eval(compile(ast.Expression(last.value), "<cell>", "eval"), names))
    return json.dumps([block.payload for block in shown if isinstance(block, Block)], default=str)


def otherwise(protezione: Protezione, seed: int) -> Protezione:
    """The same decision on other true values: what is shown is equal, every relation holds, most of what is hidden is not as it was."""
    celle, rete = protezione.celle, network(protezione.sistema)
    value, hidden = celle["valore"].to_numpy(), celle["mostrato"].is_null().to_numpy()
    cells = len(value)
    held = rete.matrice[:, :cells] @ value
    low = np.append(np.where(hidden, -np.minimum(value - 1, 40), 0.0), rete.inf - held[rete.rows])
    high = np.append(np.where(hidden, 40.0, 0.0), rete.sup - held[rete.rows])
    want = np.append(np.random.default_rng(seed).normal(size=cells), np.zeros(len(rete.inf)))
    whole = np.append(np.ones(cells), np.zeros(len(rete.inf)))
    found = milp(want, integrality=whole, bounds=Bounds(low, high), constraints=LinearConstraint(rete.matrice, 0.0, 0.0))
    move = np.round(found.x[:cells])
    assert (move[~hidden] == 0).all()
    assert (move[hidden] != 0).mean() > 0.3
    moved = celle.with_columns(valore=pl.Series(value + move))
    return replace(protezione, sistema=Sistema(moved, protezione.sistema.vincoli))
