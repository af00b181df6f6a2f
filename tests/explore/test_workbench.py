"""The workbench without a browser: what the page is told, what is saved, and that no fault becomes a trace."""

import json
import shutil
import threading
import time
from pathlib import Path

import nbformat
import openpyxl
import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.explore import Esplora, page, views, workbench
from analisi.explore.cube import MODI, Scelte
from analisi.explore.form import meanings
from analisi.explore.opening import open_cube
from analisi.explore.saving import save_notebook, slug, write_new
from analisi.explore.workbench import LIMIT
from analisi.indicators.fonti import read_fonte
from analisi.reports.contract import read_contract
from analisi.workspace import WORKSPACE, root
from tests.browser.lab import copy_workspace
from tests.notebooks import test_form as form


@pytest.fixture
def place(tmp_path, monkeypatch):
    """A workspace of one's own to save in."""
    folder = copy_workspace(tmp_path / "lavoro")
    monkeypatch.setenv(WORKSPACE, str(folder))
    monkeypatch.chdir(folder)
    root.cache_clear()
    yield folder
    root.cache_clear()


@pytest.fixture
def banco(place) -> Esplora:
    return Esplora()


def click(banco: Esplora, dimension: str, code: str) -> None:
    banco._answer({"tipo": "scelta", "dimensione": dimension, "chiave": code})


def message(banco: Esplora) -> str:
    return banco._pagina.messaggio["testo"]


def state(banco: Esplora) -> dict:
    return banco._pagina.stato


def marks(banco: Esplora, name: str) -> dict[str, str]:
    """The labels of the marks of a chart, by the code each selects, from the data of its spec."""
    spec = next(view["spec"] for view in state(banco)["viste"] if view["nome"] == name)
    found = {}
    for layer in spec["layer"]:
        for row in layer.get("data", spec.get("data", {})).get("values", []):
            found[row["chiave"]] = row["etichetta"]
    return found


def test_it_opens_on_the_workers_of_the_last_year(banco, published):
    last = published.anni[-1]
    assert banco.scelte == Scelte("lavoratori", periodi=(str(last),))
    assert banco.tabella["lavoratori"].sum() == published.casi.filter(pl.col("anno") == last)["lavoratori"].sum()
    assert state(banco)["sintesi"] == "Lavoratori, valori assoluti: 11.800"  # as printed


def test_a_click_filters_the_other_charts_and_not_its_own(banco, published):
    before = marks(banco, "province")
    click(banco, "provincia", "BG")
    assert {k: v.removesuffix(", non selezionato") for k, v in marks(banco, "province").items()} == before
    mine = published.casi.filter(pl.col("provincia") == "BG", pl.col("anno") == published.anni[-1])
    expected = {code: str(n) for code, n in mine.select("procedura", "lavoratori").iter_rows()}
    assert {code: label.split(": ")[1].replace(".", "") for code, label in marks(banco, "composizione").items()} == expected
    assert state(banco)["filtri"] == [{"dimensione": "provincia", "chiave": "BG", "testo": "Provincia: Bergamo"}]
    banco._answer({"tipo": "togli"})
    assert (state(banco)["filtri"], marks(banco, "province")) == ([], before)


def test_the_form_offers_what_the_source_declares_and_explains_each_field(banco):
    fields = banco._modulo.campi
    assert [label for label, _ in fields["misura"].options] == ["Unità produttive", "Lavoratori"]
    assert [code for _, code in fields["province"].options] == banco.cubo.territorio.sigle
    assert fields["periodi"].options == ("2024", "2025")
    assert [name for name, field in fields.items() if not field.tooltip] == []
    assert fields["fonte"].tooltip == read_contract(root() / "notebooks/annuale.ipynb").parameter("fonte").help
    assert [name for name, words in meanings(banco.cubo).items() if not words] == []


def test_another_measure_takes_away_the_ways_it_cannot_be_told(banco):
    banco._modulo.campi["modo"].value = "per_unita"
    banco._modulo.campi["misura"].value = "unita_produttive"
    assert (banco.scelte.misura, banco.scelte.modo) == ("unita_produttive", "assoluto")
    assert [code for _, code in banco._modulo.campi["modo"].options] == [name for name in MODI if name != "per_unita"]


def test_a_choice_of_the_form_undoes_the_clicks_on_its_dimension_only(banco):
    click(banco, "provincia", "BG")
    click(banco, "categoria", "cigs_regionale")
    banco._modulo.campi["province"].value = ("MI", "CO")
    assert (banco.scelte.province, banco.scelte.filtri) == (("MI", "CO"), {"categoria": ("cigs_regionale",)})


def test_other_spans_of_time_begin_from_the_last_of_theirs(place, sample):
    banco = Esplora(str(sample))
    click(banco, "periodo", "2024")
    click(banco, "provincia", "BG")
    banco._modulo.campi["tempo"].value = "trimestre"
    assert (banco.scelte.periodi, banco.scelte.filtri) == (("2025-T4",), {"provincia": ("BG",)})
    assert banco._modulo.campi["periodi"].value == ("2025-T4",)


def test_a_wrong_source_is_told_and_what_was_shown_stays(banco):
    shown = state(banco)
    banco._modulo.campi["fonte"].value = "data/sbagliata"
    assert message(banco).startswith("fonte «data/sbagliata»: il file o la cartella non esiste")
    assert message(banco).endswith("Restano mostrati i dati di «data/pubblicati».")
    assert (banco._pagina.messaggio["errore"], state(banco)) == (True, shown)
    banco._modulo.campi["fonte"].value = "data/pubblicati"
    assert message(banco) == ""


def test_a_wrong_source_at_the_start_is_told_too_and_nothing_breaks(place):
    banco = Esplora("data/sbagliata")
    assert message(banco).startswith("fonte «data/sbagliata»")
    for name in ("tempo", "misura"):
        banco._modulo._quiet = False
        banco._modulo.campi[name].notify_change({"name": "value", "owner": None, "old": None, "new": None, "type": "change"})
    with pytest.raises(AnalisiError, match="nessuna fonte aperta"):
        _ = banco.tabella
    banco._modulo.campi["fonte"].value = "data/pubblicati"
    assert state(banco)["sintesi"] == "Lavoratori, valori assoluti: 11.800"


def test_changes_that_come_at_once_in_several_threads_are_all_kept(banco, monkeypatch):
    """As JupyterLab sends them: a change arrives while the answer to another is being made."""
    making, plain = threading.Event(), views.shown

    def slow(*given):
        making.set()
        time.sleep(0.2)
        return plain(*given)

    monkeypatch.setattr(views, "shown", slow)
    fields = banco._modulo.campi
    for first, second in (({"misura": "unita_produttive"}, {"modo": "peso"}), ({"misura": "lavoratori"}, {"periodi": ("2024",)})):
        making.clear()
        threads = [
            threading.Thread(target=lambda c=change: [setattr(fields[k], "value", v) for k, v in c.items()]) for change in (first, second)
        ]
        threads[0].start()
        assert making.wait(5)
        threads[1].start()
        for thread in threads:
            thread.join()
        for name, value in (first | second).items():
            assert (getattr(banco.scelte, name), fields[name].value) == (value, value)
    assert banco.tabella["lavoratori"].sum() == 9557  # as printed, and the table agrees with the choices


def test_a_source_and_a_territory_changed_at_once_are_both_asked_for(banco, monkeypatch):
    making, plain = threading.Event(), workbench.open_cube

    def slow(**source):
        making.set()
        time.sleep(0.2)
        return plain(**source)

    monkeypatch.setattr(workbench, "open_cube", slow)
    fields = banco._modulo.campi
    one = threading.Thread(target=lambda: setattr(fields["fonte"], "value", "data/pubblicati/casi_gestiti.csv"))
    other = threading.Thread(target=lambda: setattr(fields["territorio"], "value", "atlantide"))
    one.start()
    assert making.wait(5)
    other.start()
    one.join()
    other.join()
    assert message(banco).startswith("territorio «atlantide» assente")
    assert fields["territorio"].value == "atlantide"


def test_a_fault_of_the_program_is_one_line_and_its_trace_is_in_the_cache(banco, monkeypatch):
    monkeypatch.setattr(views, "shown", lambda *_: 1 / 0)
    click(banco, "provincia", "BG")
    assert message(banco).startswith("Errore del programma (ZeroDivisionError)")
    assert "ZeroDivisionError" in Path(message(banco).split(", in ")[1]).read_text(encoding="utf-8")


def test_the_rows_behind_a_cell_are_shown_on_request(banco):
    banco._answer({"tipo": "record", "chiavi": {"periodo": "2025", "provincia": "BG", "categoria": "cigs_regionale"}})
    told = banco._pagina.dettaglio
    assert told["titolo"] == "Record della fonte: 2025 · Bergamo · CIGS regionali (1 riga)"
    assert [row[-2:] for row in told["righe"]] == [["10", "905"]]
    banco._answer({"tipo": "chiudi"})
    assert banco._pagina.dettaglio == {}


def test_many_rows_are_cut_and_counted(place, sample):
    banco = Esplora(str(sample))
    banco._answer({"tipo": "record", "chiavi": {}})
    told = banco._pagina.dettaglio
    assert len(told["righe"]) == LIMIT
    assert told["titolo"].endswith(f"(394 righe; sono mostrate le prime {LIMIT})")  # the units printed for the year


def test_record_takes_any_spelling_of_a_provincia(banco):
    assert banco.record(provincia="bergamo", categoria="cigs_regionale")["lavoratori"].to_list() == [905]
    with pytest.raises(AnalisiError, match="provincia «Atlantide»: non è del territorio Lombardia"):
        banco.record(provincia="Atlantide")


def test_the_table_follows_the_search_and_the_order_of_the_page(banco):
    whole = banco.tabella
    banco._pagina.vista_tavola = {"versione": state(banco)["versione"], "righe": [5, 0]}
    assert banco.tabella.rows() == [whole.row(5), whole.row(0)]
    banco._pagina.vista_tavola = {"versione": state(banco)["versione"] - 1, "righe": [5, 0]}  # of an earlier page
    assert banco.tabella.rows() == whole.rows()


def test_a_click_on_save_carries_all_that_it_saves(banco, place):
    """The rows that are seen, the chart and its format, the title: nothing of it is told apart, where it could come later."""
    version = state(banco)["versione"]
    banco._answer({"tipo": "salva_tavola", "formato": "csv", "versione": version, "righe": [2, 0]})
    said = message(banco)
    assert said.startswith("Salvato: reports/esplora/casi_gestiti-lavoratori-assoluto.csv (")
    assert pl.read_csv(place / said.split(" ")[1])["lavoratori"].to_list() == [685, 474]
    banco._answer({"tipo": "salva_grafico", "nome": "andamento", "formato": "png"})
    assert message(banco).startswith("Salvato: reports/esplora/casi_gestiti-lavoratori-assoluto-andamento.png (")
    banco._answer({"tipo": "salva_notebook", "titolo": "Il punto"})
    assert message(banco).endswith("Per pubblicarlo: analisi esegui il_punto")
    banco._answer({"tipo": "salva_notebook", "titolo": ""})
    assert banco._pagina.messaggio["errore"]


def test_pandas_gets_the_same_values(banco):
    frame = banco.pandas()
    assert frame["lavoratori"].sum() == banco.tabella["lavoratori"].sum()
    assert str(frame["lavoratori"].dtype) == "Int64"


def test_charts_hold_one_row_a_mark_and_never_the_rows_of_the_source(place, sample):
    """Of the register, no spec names a procedure, a company or a unit."""
    vol = open_cube(str(sample)).righe.collect()
    text = json.dumps(state(Esplora(str(sample)))["viste"])
    names = [*vol["id_procedura"].unique(), *vol["ragione_sociale"].unique()]
    assert [name for name in names if name in text] == []


def test_the_csv_is_unrounded_and_the_workbook_has_a_cover(banco, published):
    banco._modulo.campi["modo"].value = "peso"
    saved = pl.read_csv(banco.salva_tabella("csv"))
    assert saved["lavoratori"].to_list() == banco.tabella["lavoratori"].to_list()
    assert saved["valore"].to_list() == banco.tabella["valore"].to_list()
    assert saved["natura"].unique().to_list() == ["reali"]
    book = openpyxl.load_workbook(banco.salva_tabella("xlsx"))
    assert book.sheetnames == ["Copertina", "tavola", "celle"]
    assert book["tavola"]["B4"].value == "Bergamo"


def test_saved_files_of_synthetic_data_say_so(place, sample):
    banco = Esplora(str(sample))
    path = banco.salva_tabella("csv")
    assert path.name.startswith("sintetici-")
    assert pl.read_csv(path)["natura"].unique().to_list() == ["sintetici"]
    assert "DATI SINTETICI" in banco.salva_grafico("mappa", "svg").read_text(encoding="utf-8")
    assert openpyxl.load_workbook(banco.salva_tabella("xlsx"))["Copertina"]["A1"].value.startswith("DATI SINTETICI")


@pytest.mark.parametrize("name", ["province", "mappa", "andamento", "composizione", "dispersione"])
def test_each_chart_is_saved_as_picture_and_spec(banco, name):
    svg, png, spec = (banco.salva_grafico(name, kind) for kind in ("svg", "png", "json"))
    assert svg.read_text(encoding="utf-8").startswith("<svg")
    assert png.read_bytes()[:8] == b"\x89PNG\r\n\x1a\n"
    assert json.loads(spec.read_text(encoding="utf-8"))["title"]["subtitle"][0].startswith("2025 · Lombardia")


def test_nothing_saved_is_written_over(banco):
    first, second = banco.salva_tabella("csv"), banco.salva_tabella("csv")
    assert (first.name, second.name) == ("casi_gestiti-lavoratori-assoluto.csv", "casi_gestiti-lavoratori-assoluto-2.csv")
    assert [banco.salva_notebook("Crisi").name for _ in range(2)] == ["crisi.ipynb", "crisi-2.ipynb"]


def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    (tmp_path / "pieno").write_text("", encoding="utf-8")
    with pytest.raises(AnalisiError, match="non si può scrivere"):
        write_new(tmp_path / "pieno", "x", "csv", b"")


@pytest.mark.parametrize(
    "call", [lambda b: b.salva_tabella("ods"), lambda b: b.salva_grafico("torta"), lambda b: b.salva_grafico("mappa", "gif")]
)
def test_a_kind_of_file_that_is_not_made_is_told(banco, call):
    with pytest.raises(AnalisiError):
        call(banco)


@pytest.fixture(params=["data/pubblicati", "vol_procedure", "siul_cob"])
def made(request, place, sample) -> Path:
    """A report notebook saved from each kind of source, with a click in it."""
    if request.param == "data/pubblicati":
        banco = Esplora()
    else:
        shutil.copytree(sample, place / "data/esempio")
        banco = Esplora("data/esempio", tabella=request.param, tempo="trimestre")
    click(banco, "provincia", "BG")
    return banco.salva_notebook("Crisi a Bergamo nel 2025: il punto")


def test_a_saved_notebook_has_the_house_form_and_the_choices_in_its_parameters(made):
    for check in (
        form.test_it_is_stored_without_outputs, form.test_it_opens_with_a_title_and_a_scope_then_parameters,
        form.test_every_parameter_has_a_help_text, form.test_cells_call_and_do_not_program, form.test_prose_types_no_figures,
    ):  # fmt: skip
        check(made)
    contract = read_contract(made)
    assert (made.name, contract.title) == ("crisi_a_bergamo_nel_il_punto.ipynb", "Crisi a Bergamo nel: il punto")
    values = contract.complete({})
    assert (values["province"], values["tempo"]) == ("BG", "anno" if values["tabella"] == "casi_gestiti" else "trimestre")
    nbformat.validate(nbformat.read(made, as_version=4))


def test_the_pieces_of_a_saved_report_show_what_the_workbench_showed(banco):
    banco._modulo.campi["modo"].value = "variazione_pct"
    given = {"misura": "lavoratori", "modo": "variazione_pct", "periodi": "2025"}
    e = page.esplorazione("data/pubblicati", **given)
    assert page.unreconciled(e).is_empty()
    card = page.key_figures(e).payload["schede"][0]
    assert f"{card['etichetta']}: {card['valore']}" == state(banco)["sintesi"]
    with pytest.raises(AnalisiError, match="periodi «2019»"):
        page.esplorazione("data/pubblicati", **given | {"periodi": "2019"})


def test_a_notebook_needs_a_title_with_letters(banco):
    with pytest.raises(AnalisiError, match="titolo del notebook: scriverne uno"):
        save_notebook("2025", banco.cubo, {"fonte": "x", "territorio": "lombardia", "criterio_anno": "apertura"}, banco.scelte)
    assert slug("Città & Province!") == "citta_province"


def test_the_bench_of_another_territory_uses_its_words(place, region):
    banco = Esplora(str(region), str(region / "isolana.toml"))
    assert banco._modulo.campi["province"].description == "Contee"
    assert state(banco)["viste"][0]["titolo"] == "Per contea"


def test_a_territory_without_tiles_has_no_map(place, single):
    banco = Esplora(str(single), str(single / "sola.toml"))
    assert [view["nome"] for view in state(banco)["viste"]] == ["province", "andamento", "composizione", "dispersione"]


def test_the_years_of_a_criterion_that_repeats_units_come_with_a_caution(sample):
    cubo = open_cube(str(sample), criterio_anno="in_corso")
    assert any("la somma di più anni la ripete" in text for text in views.cautions(cubo, Scelte("lavoratori")))
    assert not any("la ripete" in text for text in views.cautions(cubo, Scelte("lavoratori", periodi=("2025",))))
    assert read_fonte(str(sample)).sintetica
