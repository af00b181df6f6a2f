"""The public profile: what is hidden is nowhere in what is published, nothing depends on it, and what was not decided stops publication."""

import json
import re
from dataclasses import replace

import polars as pl
import pytest

from analisi.disclosure import regole
from analisi.disclosure.regole import read_rules
from analisi.errors import AnalisiError
from analisi.indicators import fonti
from analisi.presentation import dati_annuale, riservatezza
from analisi.presentation.riservatezza import decided, plan_of, tables
from analisi.reports.audit import Pubblicato, require_protected
from analisi.reports.edition import read_edition
from tests.conftest import analisi
from tests.reports.conftest import manifest_of
from tests.reports.pubblico import blocks_of, otherwise

PARAMETERS = {"fonte": "data/pubblicati", "territorio": "lombardia", "criterio_anno": "apertura", "anno": 2025, "confronto": 0}
PIANO = plan_of([("annuale", PARAMETERS)])


@pytest.fixture(scope="module")
def printed(tmp_path_factory):
    """The public annual report of the printed figures."""
    folder = tmp_path_factory.mktemp("pubblico") / "annuale"
    done = analisi("esegui", "annuale", "--profilo", "pubblico", "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


def copied(folder, tmp_path):
    target = tmp_path / "copia"
    target.mkdir()
    for path in folder.rglob("*"):
        if path.is_file():
            place = target / path.relative_to(folder)
            place.parent.mkdir(exist_ok=True)
            place.write_bytes(path.read_bytes())
    return target


def test_hidden_cells_are_stars_in_the_data_and_totals_of_procedures_stay(printed):
    rows = pl.read_csv(printed / "dati" / "tavola_provinciale.csv", infer_schema=False)
    hidden = decided(PIANO).celle.filter(pl.col("mostrato").is_null())
    workers = hidden.filter(pl.col("misura") == "lavoratori")
    assert (rows["lavoratori"] == "*").sum() == len(workers) == 27
    assert "*" not in rows.filter(pl.col("provincia") == "TOT").select("lavoratori", "unita_produttive").unpivot()["value"].to_list()
    small = rows.filter((pl.col("provincia") == "SO") & (pl.col("procedura") == "cigs_ministeriale"))
    assert small["lavoratori"].to_list() == ["*", "*"]  # 2 workers in 2024, 18 of two units in 2025


def test_page_and_workbook_show_the_sign_and_say_what_it_means(printed):
    page = (printed / "annuale.html").read_text(encoding="utf-8")
    assert page.count('<td class="n">*</td>') > 100
    assert "cifra oscurata per riservatezza" in page
    assert "Profilo pubblico" in page
    assert "None" not in re.sub(r"<[^>]+>", "", page)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_nothing_shown_depends_on_what_is_hidden(monkeypatch, published, seed):
    """With other true values behind the same decision, every block of the page, its charts and its data are the same to the letter."""
    before = blocks_of("annuale", profilo="pubblico")
    other = otherwise(decided(PIANO), seed)
    true = pl.Series(other.celle["cella"]), other.celle["valore"]
    value = dict(zip(*true, strict=True))

    def cell(row, measure):
        return value.get(f"casi_gestiti.{measure} anno={row['anno']} procedura={row['procedura']} provincia={row['provincia']}")

    rows = [
        row | {m: row[m] if row[m] is None else int(cell(row, m)) for m in ("unita_produttive", "lavoratori")}
        for row in published.casi.iter_rows(named=True)
    ]
    changed = pl.DataFrame(rows, schema=published.casi.schema)
    assert not changed.equals(published.casi)
    figures = fonti.replace(published, casi=changed)
    monkeypatch.setattr(fonti, "read_fonte", lambda *_: figures)
    monkeypatch.setattr(dati_annuale, "read_fonte", lambda *_: figures)
    monkeypatch.setattr(riservatezza, "decided", lambda _: other)
    assert blocks_of("annuale", profilo="pubblico") == before


def test_what_is_published_is_attacked_again_from_its_bytes(printed):
    require_protected([Pubblicato(printed, "annuale", PARAMETERS)], PIANO)


def put_back_in_the_data(folder):
    """The two workers of Sondrio in ministerial CIGS, 2024."""
    path = folder / "dati" / "tavola_provinciale.csv"
    text = path.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if line.startswith("2024,SO,cigs_ministeriale"))
    fields = line.split(",")
    fields[5] = "2"
    path.write_text(text.replace(line, ",".join(fields)), encoding="utf-8")


def put_back_on_the_page(folder):
    path = folder / "annuale.html"
    path.write_text(path.read_text(encoding="utf-8").replace('<td class="n">*</td>', '<td class="n">59</td>', 1), encoding="utf-8")


def put_back_in_the_workbook(folder):
    import openpyxl

    book = openpyxl.load_workbook(folder / "annuale.xlsx")
    sheet = book["tavola_provinciale"]
    place = next(cell for row in sheet.iter_rows() for cell in row if cell.value == "*")
    place.value = 7919
    book.save(folder / "annuale.xlsx")


@pytest.mark.parametrize(
    ("spoil", "told"),
    [
        (put_back_in_the_data, "«casi_gestiti»"),
        (put_back_on_the_page, "annuale.html, «Casi gestiti in forma coordinata con il livello territoriale, anno 2024», colonna"),
        (put_back_in_the_workbook, "annuale.xlsx, foglio «tavola_provinciale», riga"),
        (lambda folder: (folder / "dati" / "altro.csv").write_text("anno,lavoratori\n2024,3\n"), "dati/altro.csv: nessuno ha dichiarato"),
    ],
)
def test_a_number_put_back_stops_the_publication_and_is_not_repeated(printed, tmp_path, spoil, told):
    folder = copied(printed, tmp_path)
    spoil(folder)
    with pytest.raises(AnalisiError) as refused:
        require_protected([Pubblicato(folder, "annuale", PARAMETERS)], PIANO)
    assert told in str(refused.value)
    assert "7919" not in str(refused.value)


def test_what_an_earlier_edition_told_is_shown_and_protects_nothing(printed, tmp_path, monkeypatch):
    """Lodi's collective dismissals of 2024 hide its CIGS; once they are out, something else must."""
    cell, small = (f"casi_gestiti.lavoratori anno=2024 procedura={p} provincia=LO" for p in ("licenziamento_collettivo", "cigs_regionale"))
    old = tmp_path / "edizione-2024" / "annuale"
    (old / "dati").mkdir(parents=True)
    text = (printed / "dati" / "tavola_provinciale.csv").read_text(encoding="utf-8")
    lines = {tuple(line.split(",")[:3]): line for line in text.splitlines()}
    turned = (("LO", "licenziamento_collettivo", "*", "64"), ("LO", "totale", "82", "*"), ("SO", "totale", "120", "*"))
    for provincia, procedura, place, written in turned:  # the other way round, as that edition had chosen
        fields = lines["2024", provincia, procedura].split(",")
        assert fields[5] == place
        text = text.replace(",".join(fields), ",".join([*fields[:5], written, *fields[6:]]))
    (old / "dati" / "tavola_provinciale.csv").write_text(text, encoding="utf-8")
    report = {"nome": "annuale", "notebook": "annuale", "parametri": PARAMETERS, "file": [1]}
    (tmp_path / "edizione-2024" / "manifest.json").write_text(json.dumps({"rapporti": [report]}), encoding="utf-8")
    rules = replace(read_rules(), precedenti=(str(tmp_path / "edizione-2024"),))
    monkeypatch.setattr(regole, "read_rules", lambda: rules)
    celle = decided(PIANO).celle.rows_by_key("cella", named=True, unique=True)
    assert (celle[cell]["mostrato"], celle[small]["segno"]) == (64, "*")
    assert celle[small]["a"] - celle[small]["da"] >= 6
    rules = replace(rules, precedenti=("nessuna",))
    with pytest.raises(AnalisiError, match="edizioni_precedenti, «nessuna»: non è la cartella di un'edizione"):
        decided(PIANO)


def test_a_column_that_nobody_declared_is_not_shown(printed):
    visto = riservatezza.riservatezza("annuale", "pubblico", **PARAMETERS)
    frame = pl.DataFrame({"anno": [2024], "provincia": ["BG"], "procedura": ["totale"], "ore": [12]})
    with pytest.raises(AnalisiError, match="ore non sono dichiarate"):
        visto.mask("tavola_provinciale", frame)
    with pytest.raises(AnalisiError, match="nessuno ha dichiarato come proteggere «tavole»"):
        visto.mask("tavole", frame)


def test_inside_everything_is_as_it_is():
    frame = pl.DataFrame({"lavoratori": [2]})
    assert riservatezza.riservatezza("annuale", "interno").masked(qualunque=frame) == [frame]


def test_a_report_that_declares_nothing_has_no_public_profile(tmp_path):
    done = analisi("esegui", "casi_complessi", "--profilo", "pubblico", "--uscita", tmp_path / "c")
    assert (done.returncode, "c'è solo nel profilo interno" in done.stderr) == (2, True)
    assert not (tmp_path / "c").exists()


EDITION = """\
titolo = "Prova"
periodo = "2025"
gruppi = ["Regione", "Interni"]
[[rapporto]]
notebook = "annuale"
gruppo = "Regione"
parametri = { anno = 2025 }
[[rapporto]]
notebook = "casi_complessi"
gruppo = "Interni"
"""


def test_an_edition_for_others_leaves_the_internal_reports_out_and_tells_no_digest_of_the_data(tmp_path):
    file = tmp_path / "prova.toml"
    file.write_text(EDITION, encoding="utf-8")
    done = analisi("edizione", file, "--profilo", "pubblico", "--uscita", tmp_path / "e")
    assert done.returncode == 0, done.stderr
    assert "senza casi_complessi, che c'è solo nel profilo interno" in done.stdout
    manifest = manifest_of(tmp_path / "e")
    assert [report["nome"] for report in manifest["rapporti"]] == ["annuale"]
    assert {tuple(item) for report in manifest["rapporti"] for item in report["ingressi"]} <= {("file",), ("cartella",)}
    assert manifest["rapporti"][0]["chiave"] == ""
    assert "«*»: cifra oscurata per riservatezza" in (tmp_path / "e" / "index.html").read_text(encoding="utf-8")
    again = analisi("edizione", file, "--profilo", "pubblico", "--uscita", tmp_path / "e")
    assert "0 rapporti fatti, 1 conservati" in again.stdout
    assert analisi("verifica", tmp_path / "e").returncode == 0
    assert read_edition(str(file), "pubblico").esclusi == ("casi_complessi",)


def test_every_data_file_of_a_public_report_declares_its_columns_of_numbers():
    from analisi.presentation.dizionario import REPORTS

    for name in riservatezza.RAPPORTI:
        declared = tables(name, PARAMETERS) if name == "annuale" else None
        for file, what in REPORTS[name].items() if declared else ():
            numbers = {c for c, (_, style, _) in what.columns.items() if style not in ("testo", "codice", "anno")}
            assert numbers <= declared[file].colonne.keys() | declared[file].dims.keys(), file
