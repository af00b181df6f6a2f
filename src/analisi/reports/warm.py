"""What every process of a batch needs, imported once by the fork server that they are copies of.

Only imports and caches that need no other thread: a fork copies one thread, and a library whose pool was started before (a sort in polars,
a picture by V8) would wait for ever in the copy. Each child looks at its server's threads and refuses to start if there are any.
"""

import gc

import altair as alt
import babel.dates
import ipywidgets  # noqa: F401
import nbclient  # noqa: F401
import nbconvert  # noqa: F401
import nbformat
import pandas  # noqa: F401
import papermill  # noqa: F401
import polars  # noqa: F401
import scipy.stats  # noqa: F401
import vl_convert  # noqa: F401

from analisi.indicators import attivazione_pal, casi_gestiti, flusso, fonti, monitoraggio, procedure, tempi, uncertainty  # noqa: F401
from analisi.presentation import attivazione_pal as pagina_pal  # noqa: F401
from analisi.presentation import casi_gestiti as pagina_casi  # noqa: F401
from analisi.presentation import charts, charts_pal, contesto, datasets, html, prose  # noqa: F401
from analisi.reports import child, engine, exporter, files, pool, provenance, run  # noqa: F401

alt.Chart({"values": []}).mark_bar().encode(x=alt.X(field="a", type="quantitative")).to_dict()
babel.dates.get_month_names(locale="it_IT")
html.environment().get_template("blocks.html.j2")
run.exporter_of_pages()
nbformat.validate(nbformat.v4.new_notebook())
gc.collect()
gc.freeze()  # what is here stays: no collector touches, and so copies, its pages of memory
