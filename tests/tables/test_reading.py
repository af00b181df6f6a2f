"""Files as people make them: titles, merged headings, totals, odd spellings; nothing guessed and nothing lost."""

from datetime import date, datetime

import openpyxl
import polars as pl
import pytest
import xlsxwriter

import analisi
from analisi.errors import AnalisiError
from analisi.tables.catalogo import MONITORAGGIO_PAL, TABLES, VOL_PROCEDURE
from analisi.tables.reading import leggi
from tests.conftest import write_rows
from tests.sources.test_hostile import rewritten

PAL = MONITORAGGIO_PAL.example
HEAD = [
    "nucleo",
    "trimestre",
    "id_procedura",
    "id_unita",
    "lavoratori_sospesi",
    "step1_presa_in_carico",
    "step2_strumenti",
    "step3_incontri",
    "step4_pal_attivate",
    "no_pal",
]


def pal(id_unita: str = "P-1-01", sospesi: object = 10, *steps: object, nucleo: str = "LC") -> list[object]:
    """A row of HEAD whose steps add up unless they are given."""
    return [nucleo, "2025-T3", id_unita[:3], id_unita, sospesi, *(steps or (sospesi, 0, 0, 0, 0))]


def book(path, rows: list[list[object]], **sheets: list[list[object]]):
    workbook = openpyxl.Workbook()
    workbook.active.title = "Foglio1"
    for row in rows:
        workbook.active.append(row)
    for name, content in sheets.items():
        sheet = workbook.create_sheet(name)
        for row in content:
            sheet.append(row)
    workbook.save(path)
    return path


def adds_up(reading) -> bool:
    counts = reading.conteggio
    return (
        counts["righe"] == sum(counts[name] for name in ("accettate", "scartate", "totali", "vuote"))
        and counts["accettate"] == reading.dati.height
    )


def test_a_sheet_with_title_merged_headings_totals_and_blank_rows(tmp_path):
    top = [
        ["Monitoraggio PAL - Nucleo di Lecco"], [], ["Procedura", None, None, None, "lavoratori", "Step", None, None, None, "no"],
        ["nucleo", "trimestre", "id_procedura", "id_unita", "sospesi", *HEAD[5:9], "pal"],
    ]  # fmt: skip
    rows = [
        pal("P-1-01", 10),
        pal("P-2-01", "1 673", "1.673", 0, 0, 0, 0),
        ["TOT", None, None, None, "1.683", 1683, 0, 0, 0, 0],
        [],
        [None, "  "],
    ]
    reading = leggi(book(tmp_path / "LC.xlsx", top + rows))
    assert reading.tabella is MONITORAGGIO_PAL
    assert reading.conteggio == {"righe": 5, "accettate": 2, "scartate": 0, "totali": 1, "vuote": 2}
    assert reading.dati["lavoratori_sospesi"].to_list() == [10, 1673]
    assert reading.provenienza["intestazione"] == "righe 3-4"
    assert reading.righe.to_list() == [5, 6]


def test_a_total_that_disagrees_is_told_and_left_out(tmp_path):
    reading = leggi(book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01", 10), ["Totale", None, None, None, 11, 10, 0, 0, 0, 0]]))
    assert [fault["regola"] for fault in reading.scarti.to_dicts()] == ["totale"]
    assert "somma delle sue righe, 10" in reading.messages()[0]
    assert reading.conteggio == {"righe": 2, "accettate": 1, "scartate": 0, "totali": 1, "vuote": 0}
    assert not reading.pulita


def test_subtotals_are_compared_with_the_rows_since_the_previous_one(tmp_path):
    rows = [
        pal("P-1-01", 10),
        ["Subtotale", *[None] * 3, 10],
        pal("P-2-01", 5),
        pal("P-3-01", 6),
        ["Subtotale", *[None] * 3, 11],
        ["TOTALE GENERALE", *[None] * 3, 21],
    ]
    reading = leggi(book(tmp_path / "x.xlsx", [HEAD, *rows]))
    assert (reading.conteggio["totali"], reading.messages()) == (3, [])


@pytest.mark.parametrize(
    "text", ["Monza", "MB", "mb", "108", "Provincia di Monza e della Brianza", "MONZA E DELLA BRIANZA", "Monza e Brianza", "ITC4D"]
)
def test_a_provincia_is_known_in_every_spelling(tmp_path, text):
    assert leggi(book(tmp_path / "x.xlsx", [HEAD, pal(nucleo=text)])).dati["nucleo"].to_list() == ["MB"]


def test_every_spelling_of_the_list_is_known(workspace, tmp_path):
    from analisi.vocabulary import load_territorio

    known = load_territorio().spellings
    assert len(known) > 80
    assert set(known.values()) == set(load_territorio().sigle)


def test_each_cell_is_read_by_its_own_type(tmp_path):
    heading = ["id_corso", "id_edizione", "ore_previste", "data_avvio", "data_fine", "id_lavoratore", "ore_frequentate", "livello_eqf"]
    worker = "9f2c0a7be4d15386c1f09e7a2b64d8c3"
    rows = [
        ["007", "E-1", 1.615, datetime(2025, 2, 3), "04/02/2025", worker, "1,5", 4.0],
        ["C-8", "E-2", "1.615", 45691, "2025-02-04", worker, 1, "4"],
        ["C-9", "E-3", "1.615,0", 45691, None, worker, 1.5, "4,5"],
    ]
    reading = leggi(book(tmp_path / "x.xlsx", [heading, *rows]))
    assert reading.dati.select("id_corso", "ore_previste", "data_avvio", "ore_frequentate", "livello_eqf").rows() == [
        ("007", 1.615, date(2025, 2, 3), 1.5, 4)
    ]
    assert [(f["riga"], f["colonna"], f["regola"]) for f in reading.scarti.to_dicts()] == [
        (3, "ore_previste", "ambiguo"),
        (4, "livello_eqf", "tipo"),
    ]


def test_error_cells_and_formulas_without_a_value_are_told(tmp_path):
    path = book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01", 10), pal("P-2-01", "#N/A", 0, 0, 0, 0, 0), pal("P-3-01", "=1+1", 0, 0, 0, 0, 2)])
    reading = leggi(path)
    assert [(f["riga"], f["colonna"], f["regola"]) for f in reading.scarti.to_dicts() if f["colonna"] == "lavoratori_sospesi" and f["regola"] == "cella_in_errore"] == [
        (3, "lavoratori_sospesi", "cella_in_errore"), (4, "lavoratori_sospesi", "cella_in_errore")]  # fmt: skip
    assert adds_up(reading)


def test_codes_that_lost_their_zeros_are_asked(tmp_path):
    example = {**VOL_PROCEDURE.example, "comune_istat": "97042", "codice_fiscale_azienda": "1234560975"}
    reading = leggi(write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [example]))
    said = {fault["colonna"]: fault["testo"] for fault in reading.scarti.to_dicts()}
    assert "zeri iniziali" in said["comune_istat"]
    assert "zeri iniziali" in said["codice_fiscale_azienda"]
    assert "1234560975" not in str(reading.difetti.to_dicts())


def test_dates_are_asked_in_a_file_that_proves_to_be_month_first(tmp_path):
    rows = [{**VOL_PROCEDURE.example, "id_unita": f"U-{n}", "data_apertura": text, "data_esame_congiunto": "", "data_accordo": "", "esito_fase": "IN_CORSO", "data_inizio": "", "data_fine": ""}
            for n, text in enumerate(["03/04/2025", "12/25/2025", "25/12/2025", "2025-04-03"])]  # fmt: skip
    reading = leggi(write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, rows))
    assert [(f["riga"], f["regola"]) for f in reading.scarti.filter(pl.col("colonna") == "data_apertura").to_dicts()] == [
        (2, "ambiguo"),
        (3, "ambiguo"),
    ]


@pytest.mark.parametrize(("extra", "missing"), [(";in più", False), (None, True)])
def test_a_row_of_too_many_or_too_few_fields_is_rejected_and_told(tmp_path, extra, missing):
    path = write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example, {**VOL_PROCEDURE.example, "id_unita": "U-2"}])
    lines = path.read_text(encoding="utf-8").splitlines()
    lines[2] = lines[2].rsplit(";", 1)[0] if missing else lines[2] + extra
    path.write_text("\n".join(lines), encoding="utf-8")
    reading = leggi(path)
    assert [(f["riga"], f["regola"]) for f in reading.scarti.to_dicts()] == [(3, "campi")]
    assert adds_up(reading)


def test_what_was_not_read_is_told_and_tax_codes_in_it_are_never_repeated(tmp_path):
    rows = [{**VOL_PROCEDURE.example, "referente": "RSSMRA80A01F205X"}]
    reading = leggi(write_rows(tmp_path / "x.csv", [*VOL_PROCEDURE.names, "referente", "ragione_socale"], rows))
    said = " ".join(reading.dubbi)
    assert "colonne non lette" in said
    assert "codici fiscali in chiaro" in said
    assert "RSSMRA80A01F205X" not in said
    assert "referente" not in reading.dati.columns


def test_a_heading_that_resembles_a_missing_column_is_told(tmp_path):
    names = [name if name != "ateco_codice" else "ateco_codce" for name in VOL_PROCEDURE.names]
    reading = leggi(write_rows(tmp_path / "x.csv", names, [{name: VOL_PROCEDURE.example.get(name, "25.62") for name in names}]))
    assert any("forse è «ateco_codice»" in text for text in reading.dubbi)


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([["a", "b"], [1, 2]], "le intestazioni non sono di nessuna tabella"),
        ([HEAD[:5], pal()[:5]], "step1_presa_in_carico"),
        ([[*HEAD, "nucleo"], [*pal(), "LC"]], "«nucleo» compare più volte (colonne A e K)"),
    ],
)
def test_a_file_that_cannot_be_used_says_what_is_missing(tmp_path, rows, said):
    with pytest.raises(AnalisiError) as caught:
        leggi(book(tmp_path / "x.xlsx", rows))
    assert said in str(caught.value)
    assert str(tmp_path) not in str(caught.value)


def test_two_sheets_that_could_be_read_are_asked(tmp_path):
    path = book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01")], Altro=[HEAD, pal("P-2-01")], Note=[["testo"]])
    with pytest.raises(AnalisiError, match="--foglio"):
        leggi(path)
    reading = leggi(path, foglio="Altro")
    assert reading.dati["id_unita"].to_list() == ["P-2-01"]
    with pytest.raises(AnalisiError, match="forse intendevi «Altro»"):
        leggi(path, foglio="Altr")


def test_sheets_that_were_not_read_are_told(tmp_path):
    reading = leggi(book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01")], Note=[["appunti"], ["vari"]]))
    assert reading.provenienza["fogli_non_letti"] == ["Note"]


def test_both_forms_of_the_quarterly_sheet_are_taken_by_one_name(tmp_path):
    table = TABLES["monitoraggio_pal_lavoratori"]
    assert leggi(write_rows(tmp_path / "x.csv", table.names, [table.example]), "monitoraggio_pal").tabella is table


def test_the_reader_of_the_package_gives_polars_or_pandas(tmp_path):
    path = book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01", 10), pal("P-2-01", 7, 7, 0, 0, 0, None)])
    reading = analisi.leggi(path)
    frame = analisi.leggi(path, come="pandas")
    assert isinstance(reading.dati, pl.DataFrame)
    assert frame.dati["lavoratori_sospesi"].tolist() == reading.dati["lavoratori_sospesi"].to_list()
    assert (str(frame.dati["lavoratori_sospesi"].dtype), str(frame.dati["data_invio"].dtype)) == ("Int64", "datetime64[s]")
    assert frame.scarti["riga"].tolist() == [3]


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx", "x.parquet"])
def test_a_file_is_what_its_bytes_say_whatever_its_name(tmp_path, name):
    path = write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example])
    assert leggi(path.rename(tmp_path / name)).conteggio["accettate"] == 1


def test_rows_are_told_apart_in_the_whole_file_by_their_number(tmp_path):
    rows = [pal(f"P-{n}-01", 10 if n != 700 else "dieci") for n in range(1000)]
    reading = leggi(book(tmp_path / "x.xlsx", [["titolo"], HEAD, *rows]))
    assert [fault["riga"] for fault in reading.scarti.filter(pl.col("colonna") == "lavoratori_sospesi").to_dicts()] == [703]


@pytest.mark.parametrize("kind", ["xls", "ods"])
def test_xls_and_ods_are_read_cell_by_cell_by_their_own_type(workspace, kind):
    """Two small synthetic workbooks, saved by LibreOffice: codes with zeros, "1.615" as text, dates as dates and as text, a total."""
    reading = leggi(workspace / "tests/sources" / f"minimo.{kind}")
    assert reading.conteggio == {"righe": 3, "accettate": 2, "scartate": 0, "totali": 1, "vuote": 0}
    assert reading.dati.select("nucleo", "id_procedura", "lavoratori_sospesi", "data_invio").rows() == [
        ("LC", "007", 65, date(2025, 10, 10)),
        ("MB", "P-2", 1615, date(2025, 10, 11)),
    ]


def test_a_table_that_does_not_begin_in_the_first_column_keeps_its_letters(tmp_path):
    path = book(tmp_path / "x.xlsx", [[None, None, "Titolo"], [None, *HEAD], [None, *pal("P-1-01", "#N/A")]])
    reading = leggi(path)
    assert [(f["riga"], f["posizione"]) for f in reading.scarti.filter(pl.col("colonna") == "lavoratori_sospesi").to_dicts()] == [(3, 5)]
    assert reading.provenienza["intestazione"] == "riga 2"


def test_a_row_whose_name_or_note_says_total_is_a_row(tmp_path):
    rows = [
        VOL_PROCEDURE.example | {"ragione_sociale": "TOT Srl", "data_apertura": "31/02/2025"},
        VOL_PROCEDURE.example | {"id_unita": "U-2", "ragione_sociale": "Totale Energie SpA", "lavoratori_coinvolti": ""},
    ]
    reading = leggi(write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, rows))
    assert reading.conteggio == {"righe": 2, "accettate": 0, "scartate": 2, "totali": 0, "vuote": 0}


def test_a_total_that_cannot_be_read_is_told(tmp_path):
    reading = leggi(book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01", 10), ["TOTALE", *[None] * 3, "19x5"]]))
    assert [(f["riga"], f["regola"]) for f in reading.scarti.to_dicts()] == [(3, "tipo")]


@pytest.mark.parametrize(("label", "value", "clean"), [("TOTALE", 21, True), ("TOTALE", 0, False), ("Totale generale", 21, True)])
def test_a_total_labelled_in_the_column_of_the_procedure_is_the_sum_of_all(tmp_path, label, value, clean):
    total = [None, None, label, None, value]
    reading = leggi(
        book(
            tmp_path / "x.xlsx",
            [HEAD, pal("P-1-01", 10), [None, None, "Subtotale", None, 10], pal("P-2-01", 11), [None, None, "Subtotale", None, 11], total],
        )
    )
    assert (reading.conteggio["totali"], reading.pulita) == (3, clean)


def test_two_tables_in_one_sheet_are_asked(tmp_path):
    with pytest.raises(AnalisiError, match=r"due intestazioni \(righe . e .\)"):
        leggi(book(tmp_path / "x.xlsx", [HEAD, pal("P-1-01"), [], [*HEAD, "note"], pal("P-2-01")]))


def test_formulas_that_give_an_empty_text_are_blank_cells(tmp_path):
    with xlsxwriter.Workbook(tmp_path / "y.xlsx") as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, [*HEAD, "note"])
        sheet.write_row(1, 0, pal("P-1-01"))
        sheet.write_formula(1, len(HEAD), '=IF(1=2,"x","")', None, "")
    as_excel = rewritten(
        (tmp_path / "y.xlsx").read_bytes(), "xl/worksheets/sheet1.xml", lambda x: x.replace(b'<c r="K2">', b'<c r="K2" t="str">')
    )
    (tmp_path / "x.xlsx").write_bytes(as_excel)
    assert leggi(tmp_path / "x.xlsx").messages() == []
    assert [f["regola"] for f in leggi(tmp_path / "y.xlsx").scarti.to_dicts()] == ["cella_in_errore"]


def test_numbers_keep_every_digit(tmp_path):
    table = TABLES["siuf_corsi"]
    heading = ["id_corso", "id_edizione", "ore_previste", "data_avvio", "id_lavoratore"]
    rows = [
        ["C", f"E-{n}", value, date(2025, 2, 3), table.example["id_lavoratore"]] for n, value in enumerate([100 / 3, 0.1 + 0.2, 12.125])
    ]
    assert leggi(book(tmp_path / "x.xlsx", [heading, *rows])).dati["ore_previste"].to_list() == pytest.approx(
        [100 / 3, 0.1 + 0.2, 12.125], rel=1e-15
    )


def test_a_declared_separator_does_not_touch_numbers_of_the_spreadsheet(tmp_path):
    (tmp_path / "m.toml").write_text('tabella = "siuf_corsi"\ndecimali = "virgola"\n')
    heading = ["id_corso", "id_edizione", "ore_previste", "data_avvio", "id_lavoratore"]
    rows = [
        ["C", f"E-{n}", value, date(2025, 2, 3), TABLES["siuf_corsi"].example["id_lavoratore"]] for n, value in enumerate(["1.615", 1250.5])
    ]
    assert leggi(book(tmp_path / "x.xlsx", [heading, *rows]), mappatura=tmp_path / "m.toml").dati["ore_previste"].to_list() == [
        1615,
        1250.5,
    ]


def test_a_workbook_that_counts_days_from_another_year_is_asked(tmp_path):
    path = book(tmp_path / "x.xlsx", [[*HEAD, "data_invio"], [*pal("P-1-01"), 44229], [*pal("P-2-01"), "03/02/2025"]])
    workbook = openpyxl.load_workbook(path)
    workbook.epoch = datetime(1904, 1, 1)
    workbook.save(path)
    assert [(f["riga"], f["regola"]) for f in leggi(path).scarti.to_dicts()] == [(2, "ambiguo")]


def test_a_text_that_the_spreadsheet_made_a_date_is_asked(tmp_path):
    heading = [*VOL_PROCEDURE.names]
    row = [date(2025, 3, 12) if name == "numero_decreto" else VOL_PROCEDURE.example[name] for name in heading]
    assert [f["colonna"] for f in leggi(book(tmp_path / "x.xlsx", [heading, row])).scarti.to_dicts()] == ["numero_decreto"]


def test_a_repeated_key_is_told_without_what_may_name_a_person(tmp_path):
    rows = [VOL_PROCEDURE.example | {"id_procedura": "RSSMRA80A01F205X"}] * 2
    said = str(leggi(write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, rows)).difetti.to_dicts())
    shifted = VOL_PROCEDURE.example | {"ateco_codice": "Rossi Meccanica SpA", "data_apertura": "malattia di Anna Bianchi"}
    said += str(leggi(write_rows(tmp_path / "y.csv", VOL_PROCEDURE.names, [shifted])).difetti.to_dicts())
    assert not any(name in said for name in ("RSSMRA", "Rossi", "Bianchi"))


def test_a_code_is_not_taken_for_one_that_differs_by_a_sign(tmp_path):
    reading = leggi(write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example | {"classe_dimensionale": "250"}]))
    assert [f["regola"] for f in reading.scarti.to_dicts()] == ["codice"]


def test_fields_beyond_the_table_are_never_a_blank_row(tmp_path):
    path = write_rows(tmp_path / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example | {"id_unita": f"U-{n}"} for n in range(60)])
    with path.open("a") as file:
        file.write(";" * 45 + "dato lontano\n")
    assert leggi(path).conteggio == {"righe": 61, "accettate": 60, "scartate": 1, "totali": 0, "vuote": 0}


def test_an_xls_says_that_its_error_cells_cannot_be_told(workspace):
    assert any("celle in errore non si distinguono" in text for text in leggi(workspace / "tests/sources/minimo.xls").dubbi)
