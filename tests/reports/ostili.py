"""Texts that try to be something else than text, and the places of a workspace where they are put."""

import csv
import shutil
from itertools import cycle
from pathlib import Path

import openpyxl
import polars as pl

from analisi.sample.scala import write_scale
from analisi.workspace import root
from tests.conftest import PROCEDURE, write_casi, write_territorio
from tests.reports.conftest import write_notebook

LONG = "Supercalifragilistichespiralidoso" * 6
HOSTILE = [
    "<script>document.title='preso'</script>", "</style><style>body{display:none}", "</title></head><body onload=alert(1)>",
    "<img src=x onerror=alert(1)>", '"><svg onload=alert(1)>', "=cmd|'/C calc'!A0", "+1+cmd|'/C calc'!A0", "@SUM(1;=2+2)",
    "{{ 7*7 }}{% raw %}", "%s%n%(nome)s", '"},{"a":[\\u003cscript\\u003e', "');alert(1);//", "<!-- nota --> <![CDATA[x]]>",
    "@@blocco-1@@ @@codice@@", "**g** [qui](javascript:alert(1)) `x`", "&lt;b&gt; &#60;i&#62; &amp;amp;", LONG, "http://altro.example/x.png",
]  # fmt: skip
CLEANED = {"A\u202ebaba\u202c Srl": "Ababa Srl", "Zero\u200blargo\u2060 SpA": "Zerolargo SpA"}  # as it comes, and as it is read
COLUMNS = {
    "vol_procedure.csv": ["ragione_sociale", "comune_nome", "numero_decreto"],
    "registro_tavoli.csv": ["argomento", "esito", "azione", "azione_responsabile"],
    "siuf_corsi.csv": ["titolo", "sede_comune", "tipo_attestazione"],
}

# A report that shows the first names of the register in every piece a page is made of.
ALL_BLOCKS = [
    """\
import polars as pl
from analisi.presentation import blocks, marks, theme
from analisi.presentation.blocks import Col
from analisi.tables.reading import leggi
import altair as alt
nomi = leggi(fonte + "/vol_procedure.csv").dati["ragione_sociale"].head(20).to_list()
quadro = pl.DataFrame({"nome": nomi, "comune": nomi[::-1], "lavoratori": range(len(nomi))})
colonne = [Col("nome", "Nome"), Col("comune", "Comune"), Col("lavoratori", "Lavoratori", "intero")]""",
    'blocks.header(subtitle=nomi[int(provincia or 0)], owner=nomi[1], tags=nomi[:3], synthetic=True)',
    "blocks.cards([(nome, nome, nome) for nome in nomi])",
    "display(blocks.text(nomi), blocks.text(nomi, as_list=True), blocks.warnings(nomi, title=nomi[0]))",
    "blocks.table(quadro, colonne, title=' '.join(nomi), name='tavola', notes=nomi, source=nomi[2], data='nomi')",
    """\
righe = [{"nome": nome, "v": n, "etichetta": nome} for n, nome in enumerate(nomi, 1)]
barre = alt.Chart(marks.rows_of(righe)).mark_bar().encode(x=marks.quantitative("v"), y=marks.names_axis(nomi), description=marks.described())
pannelli = [(nome, theme.spec(barre, len(nomi))) for nome in nomi[:2]]
blocks.figure(pannelli, blocks.table(quadro, colonne, title=nomi[0]), title=nomi[0], subtitle=nomi[1], alt=nomi[2], source=nomi[3],
              legend=[("#0066CC", nome) for nome in nomi], note=nomi[4])""",
    "blocks.dataset(quadro, colonne, name='nomi', title=nomi[0], notes=nomi, source=nomi[1])",
]  # fmt: skip


def hostile_extracts(sample: Path, folder: Path) -> Path:
    """A copy of the synthetic extracts with these texts for names, titles, subjects, actions and notes."""
    shutil.copytree(sample, folder)
    for name, columns in COLUMNS.items():
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            rows, texts = list(csv.DictReader(file, delimiter=";")), cycle([*HOSTILE, *CLEANED])
        for row in rows:
            row |= dict.fromkeys(columns, next(texts))
        with (folder / name).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, rows[0], delimiter=";")
            writer.writeheader()
            writer.writerows(rows)
    texts = cycle([*HOSTILE, *CLEANED])
    for path in sorted((folder / "monitoraggio_pal").rglob("*.xlsx")):
        book = openpyxl.load_workbook(path)
        heading = [cell.value for cell in book.active[1]]
        for row in book.active.iter_rows(min_row=2):
            for cell in (row[heading.index(column)] for column in ("ragione_sociale", "note", "operatore_accreditato")):
                cell.value, cell.data_type = next(texts), "s"
        book.save(path)
    return folder


def hostile_parquet(folder: Path) -> Path:
    """Large extracts, as Parquet, with these texts for the names of companies and of municipalities."""
    write_scale(folder, 20_000)
    for path in sorted((folder / "vol_procedure").rglob("*.parquet")):
        frame = pl.read_parquet(path)
        texts = pl.Series([*HOSTILE, *CLEANED]).sample(frame.height, with_replacement=True, seed=1)
        there = [name for name in COLUMNS["vol_procedure.csv"] if name in frame.columns]
        assert there
        frame.with_columns(texts.alias(name) for name in there).write_parquet(path)
    return folder


def hostile_territory(folder: Path) -> Path:
    """A source of two years whose provinces have these names (those that a TOML text can hold as they are)."""
    names = {f"I{n}": name for n, name in enumerate(name for name in HOSTILE if not set(name) & set('"\\'))}
    write_territorio(folder / "ostile.toml", names)
    rows = [(year, sigla, code, n + 1, 10 * n + year % 7) for year in (2030, 2031) for n, sigla in enumerate(names) for code in PROCEDURE]
    write_casi(folder / "casi_gestiti.csv", rows)
    fonti = "file,natura,titolo,ente,nota\ncasi_gestiti.csv,sintetici,<script>alert(1)</script>,=1+1,{{ 7*7 }}\n"
    (folder / "fonti.csv").write_text(fonti, encoding="utf-8")
    return folder


def hostile_desk(place: Path, sample: Path) -> Path:
    """A workspace whose one notebook shows the hostile names in every piece of its page, and its edition."""
    shutil.copytree(root() / "data" / "riferimento", place / "data" / "riferimento")
    (place / "reports").mkdir()
    hostile_extracts(sample, place / "data" / "ostile")
    parameters = 'provincia: str = ""  # quale nome\nfonte: str = "data/ostile"  # una cartella'
    write_notebook(place / "notebooks" / "tutto.ipynb", *ALL_BLOCKS, parameters=parameters, title="Tutto")
    group = "</script><script>alert(1)</script>"
    reports = "\n".join(f"[[rapporto]]\nnotebook='tutto'\ngruppo='{group}'\nnome='r{n}'\nparametri={{provincia='{n}'}}" for n in range(3))
    (place / "reports" / "ostile.toml").write_text(f"titolo = '''{HOSTILE[1]}'''\nperiodo = 'x'\n{reports}\n", encoding="utf-8")
    return place
