"""The part of the workbench under the form: an anywidget whose script carries Vega with it, so that nothing is asked of the network."""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable
from functools import cache
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from analisi.presentation.svg import VEGA_LITE
from analisi.workspace import cache_folder


def bundle() -> str:
    """The script of the page with Vega and Vega-Lite in it: made once for each version, as it takes seconds, and kept in the cache."""
    source = resources.files(__package__).joinpath("pannello.js").read_text(encoding="utf-8")
    mark = hashlib.sha256("\n".join([source, VEGA_LITE, version("vl-convert-python")]).encode()).hexdigest()[:16]
    kept = cache_folder() / f"esplora-{mark}.js"
    if kept.is_file():
        return kept.read_text(encoding="utf-8")
    import vl_convert

    script = vl_convert.javascript_bundle(source, vl_version=VEGA_LITE)
    kept.parent.mkdir(parents=True, exist_ok=True)
    handle, made = tempfile.mkstemp(dir=kept.parent)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(script)
    Path(made).replace(kept)
    return script


@cache
def _kind() -> type[anywidget.AnyWidget]:
    class Pannello(anywidget.AnyWidget):
        """Shows `stato` (what `views.shown` makes, with its `versione`), `dettaglio` and `messaggio`; tells what is clicked."""

        _esm = bundle()
        _css = resources.files(__package__).joinpath("pannello.css").read_text(encoding="utf-8")
        stato = traitlets.Dict().tag(sync=True)
        dettaglio = traitlets.Dict().tag(sync=True)
        messaggio = traitlets.Dict({"testo": "", "errore": False}).tag(sync=True)
        vista_tavola = traitlets.Dict({"versione": 0, "righe": None}).tag(sync=True)  # the rows of the table as they are seen, in order

    return Pannello


@cache
def _keys() -> type[anywidget.AnyWidget]:
    class Tastiera(anywidget.AnyWidget):
        _esm = resources.files(__package__).joinpath("tastiera.js").read_text(encoding="utf-8")

    return Tastiera


def own_keys(box: widgets.Box) -> None:
    """Leave the keys pressed inside a box to its fields: JupyterLab would move among cells."""
    box.add_class("tastiera-propria")
    box.children = [*box.children, _keys()()]


def panel(answer: Callable[[dict[str, Any]], None]) -> anywidget.AnyWidget:
    """A new page; `answer` is called with each message: `tipo` (scelta, togli, record, chiudi, salva_...) and all that it is about.

    A message carries whatever its answer needs: JupyterLab does not keep the order of what different widgets send.
    """
    made = _kind()()
    made.on_msg(lambda _, message, __: answer(message))
    return made
