"""Imported by the fork server: whatever notebooks and pages need is in memory before the first process is forked.

Nothing here may start a thread, as a process forked from threads may wait forever for a lock of theirs: no polars computation,
no V8, one OpenBLAS thread.
"""

from __future__ import annotations

import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ["_RJEM_MALLOC_CONF"] = "background_thread:false"  # polars, imported by who started the server, may have set another
os.environ["JE_ARROW_MALLOC_CONF"] = "background_thread:false"  # pyarrow, which comes with Spark, and which pandas imports if it is there

import gc
import importlib
import pkgutil

# The child first: it keeps debugpy out.
_MODULES = """
    analisi.reports.child
    polars pandas altair numpy scipy.stats scipy.optimize babel.numbers babel.dates narwhals openpyxl fastexcel xlsxwriter
    IPython.core.completer IPython.core.completerlib IPython.core.debugger IPython.core.oinspect IPython.extensions.storemagic faulthandler
    ipykernel.kernelapp ipywidgets nbformat.validator nbformat.v4
    nbclient papermill nbconvert.exporters.html vl_convert psutil analisi.trace
"""
_ROOMS = ("sources", "tables", "indicators", "presentation", "reports")


def _import_all() -> None:
    for name in _MODULES.split():
        importlib.import_module(name)
    for room in _ROOMS:
        package = importlib.import_module(f"analisi.{room}")
        for module in pkgutil.iter_modules(package.__path__, f"analisi.{room}."):
            importlib.import_module(module.name)


def _fill_caches() -> None:
    """What libraries build at first use and keep."""
    import altair as alt
    import narwhals as nw
    import polars as pl
    from babel import dates, numbers

    from analisi.presentation.html import asset, environment
    from analisi.reports.run import exporter_of_pages

    encoding = {"x": alt.X(field="x", type="quantitative"), "y": alt.Y(field="y", type="nominal"), "color": alt.Color("z:N")}
    alt.Chart(alt.Data(values=[{"x": 1, "y": "a", "z": "b"}])).mark_bar().encode(**encoding).to_dict()
    nw.from_native(pl.DataFrame())
    numbers.format_decimal(1234.5, locale="it")
    dates.format_date(locale="it")
    environment().get_template("blocks.html.j2")
    for name in ("blocks.css", "pagina.css", "pagina.js"):
        asset(name)
    exporter_of_pages().template  # noqa: B018  compiled when asked for


os.chdir(os.sep)  # not to keep the folder of its starter busy
_import_all()
_fill_caches()
gc.collect()
gc.freeze()
