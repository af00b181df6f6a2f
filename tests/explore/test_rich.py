"""How our objects show themselves in a notebook: short, Italian, accessible, and naming nobody."""

import datetime as dt
import pydoc
import re

import pandas as pd
import polars as pl
import pytest

import analisi
from analisi.presentation.rich import HIDDEN
from analisi.sample.files import write_sample

COMPANY = "Tessitura <Segreta> SpA"


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("sporco") / "s"
    write_sample(folder, dirty=True)
    return folder


@pytest.fixture(scope="module")
def reading(dirty):
    return analisi.leggi(dirty / "vol_procedure.csv")


def captions(html: str) -> list[str]:
    return re.findall(r"<caption[^>]*>(?:<span>)?(.*?)(?:</span>)?</caption>", html)


def test_a_reading_shows_its_count_and_its_faults_by_rule(reading):
    html, counts = reading._repr_html_(), reading.conteggio
    assert f"Righe: {counts['righe']} = {counts['accettate']} accettate + {counts['scartate']} scartate" in html
    assert captions(html) == [
        f"Errori: {reading.scarti.height} in {reading.scarti['riga'].n_unique()} righe",
        f"Avvisi: {reading.avvisi.height} in {reading.avvisi['riga'].n_unique()} righe",
    ]
    assert "DATI SINTETICI" in html
    assert html.count("<tr>") <= 2 * 9  # two headings and eight rules each: short, whatever the file
    assert "altre regole" in html


def test_its_tables_are_accessible(reading):
    html = reading._repr_html_()
    tables = re.findall(r"<table.*?</table>", html)
    assert len(tables) == 2
    for table in tables:
        assert table.count('scope="col"') == 4
        assert table.count('scope="row"') == table.count("<tr>") - 1


def test_no_company_and_no_worker_is_in_what_is_shown(dirty):
    for name in ("vol_procedure", "cigs_lavoratori", "misure"):
        reading = analisi.leggi(dirty / f"{name}.csv")
        html = reading._repr_html_() + analisi.mostra(reading.dati, righe=500)._repr_html_()
        for column in {"ragione_sociale", "codice_fiscale_azienda", "id_lavoratore"} & set(reading.dati.columns):
            assert not any(value in html for value in reading.dati[column].drop_nulls().head(500)), (name, column)


def test_hostile_texts_stay_texts(tmp_path):
    head = "anno;provincia;procedura;unita_produttive;lavoratori\n"
    (tmp_path / "a<b>.csv").write_text(head + "2030;<i>;cigs_regionale;1;2\n", encoding="utf-8")
    html = analisi.leggi(tmp_path / "a<b>.csv", "casi_gestiti")._repr_html_()
    assert "<b>.csv" not in html
    assert "&lt;i&gt;" in html
    assert "<i>" not in html


def test_a_clean_reading_says_so_in_a_line():
    html = analisi.leggi("data/pubblicati/casi_gestiti.csv", "casi_gestiti")._repr_html_()
    assert "Errori: nessuno" in html
    assert "Avvisi: nessuno" in html
    assert "<table" not in html


def test_a_reading_in_pandas_shows_the_same(reading):
    assert reading.in_pandas()._repr_html_() == reading._repr_html_()


def test_the_plain_representation_is_one_short_line(reading):
    assert repr(reading).startswith(f"Lettura(vol_procedure, vol_procedure.csv: righe {reading.conteggio['righe']}, accettate")
    assert len(repr(reading)) < 200


def test_a_folder_is_controlled_and_shown_with_the_clean_files_aside(dirty):
    delivery = analisi.controlla(dirty)
    html = delivery._repr_html_()
    lost = sum(reading.conteggio["scartate"] for reading in delivery.letture)
    assert captions(html)[0] == f"{len(delivery.letture)} file letti, {lost} righe scartate"
    assert not delivery.pulita
    assert html.index("<details>") > html.index("vol_procedure.csv")
    assert analisi.controlla("data/pubblicati/casi_gestiti.csv", "casi_gestiti").pulita


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(analisi.errors.AnalisiError, match="non esiste"):
        analisi.controlla(tmp_path / "x.csv")
    with pytest.raises(analisi.errors.AnalisiError, match="non ci sono file da leggere"):
        analisi.controlla(tmp_path)


ROWS = {
    "provincia": ["BG", None],
    "lavoratori": [1615, None],
    "peso_lavoratori": [12.345, None],
    "ragione_sociale": [COMPANY, None],
    "data": [dt.date(2030, 1, 9), None],
    "attiva": [True, None],
    "nota_libera": ["RSSMRA80A01F205X <b>", None],
}


@pytest.mark.parametrize("frame", [pl.DataFrame(ROWS), pd.DataFrame(ROWS)], ids=["polars", "pandas"])
def test_any_frame_is_shown_with_italian_numbers_and_nobody_named(frame):
    shown = analisi.mostra(frame, "Prova")
    assert shown.payload["righe"] == [["BG", 1615, 12.345, HIDDEN, "09/01/2030", "sì", "(non riportato) <b>"], [None] * 7]
    html = shown._repr_html_()
    assert "1.615" in html
    assert "12,3" in html
    assert COMPANY not in html
    assert "(non riportato) &lt;b&gt;" in html
    assert captions(html) == ["Prova"]


def test_a_frame_of_a_report_has_the_headings_of_its_data_file():
    shown = analisi.mostra(pl.DataFrame({"provincia": ["BG"], "procedura": ["totale"], "variazione_lavoratori_pct": [95.92]}), "Confronto")
    assert [column["etichetta"] for column in shown.payload["colonne"]][-1] == "Variazione lavoratori %"
    assert "+95,9" in shown._repr_html_()


def test_a_long_frame_is_cut_and_says_so():
    shown = analisi.mostra(pl.DataFrame({"riga": range(50)}), "Righe", 5)
    assert len(shown.payload["righe"]) == 5
    assert "Prime 5 righe di 50." in shown._repr_html_()
    assert repr(shown) == "Righe (50 righe)"


def test_a_frame_without_rows_is_shown():
    assert "<table" in analisi.mostra(pl.DataFrame({"a": []}), "Vuota")._repr_html_()


def test_what_is_looked_at_never_enters_a_page():
    """No payload of ours in its outputs: the exporter leaves it out."""
    assert not hasattr(analisi.mostra(pl.DataFrame({"a": [1]})), "_repr_mimebundle_")


def test_help_teaches_with_an_example():
    for function in (analisi.leggi, analisi.controlla, analisi.mostra):
        assert ">>> " in pydoc.render_doc(function), function
    assert {"leggi", "controlla", "mostra"} <= set(dir(analisi))  # what the Tab key offers
