import zipfile
from dataclasses import replace
from datetime import datetime

import openpyxl
import polars as pl
import pytest
import xlsxwriter
from openpyxl.comments import Comment
from openpyxl.styles import Font

from analisi.errors import AnalisiError
from analisi.sources import read_sheets
from analisi.sources.foglio import letter
from analisi.tables import annotating
from analisi.tables.annotating import annotate
from analisi.tables.catalogo import TABLES
from analisi.tables.forms import write_form
from analisi.tables.heading import find_heading
from analisi.tables.schema import Column, Table
from analisi.vocabulary import load_territorio
from tests.conftest import write_territorio

ROSA, GIALLO = "00F8D0D0", "00FFF2CC"


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moduli")
    for table in TABLES.values():
        write_form(table, folder / f"{table.name}.xlsx")
    return folder


@pytest.fixture(scope="module")
def modulo(folder):
    return openpyxl.load_workbook(folder / "vol_procedure.xlsx")


def values(sheet, row: int) -> list:
    return [cell.value for cell in sheet[row]]


def rule_of(sheet, table, name: str):
    place = f"{letter(table.names.index(name))}5"
    return next(rule for rule in sheet.data_validations.dataValidation if place in rule.sqref)


def listed(book, rule) -> list[str]:
    return [row[0].value for row in book["Elenchi"][rule.formula1.removeprefix("Elenchi!").replace("$", "")]]


@pytest.mark.parametrize("name", TABLES)
def test_headings_are_the_names_of_the_columns_in_row_4_under_words_and_example(folder, name):
    sheet = openpyxl.load_workbook(folder / f"{name}.xlsx")["Dati"]
    assert values(sheet, 4) == TABLES[name].names
    assert [value or "" for value in values(sheet, 3)] == list(TABLES[name].example.values())
    assert values(sheet, 1)[0].startswith(f"Modulo {name}: {TABLES[name].row}\nCompilare dalla riga 5")
    assert (sheet.max_row, sheet.freeze_panes) == (4, "A5")


@pytest.mark.parametrize("name", TABLES)
def test_every_code_can_be_chosen_from_a_list(folder, name):
    book, table = openpyxl.load_workbook(folder / f"{name}.xlsx"), TABLES[name]
    coded = [column for column in table.columns if column.codes]
    assert [listed(book, rule_of(book["Dati"], table, column.name)) for column in coded] == [list(column.codes) for column in coded]


@pytest.mark.parametrize("name", TABLES)
def test_what_excel_says_fits_in_its_windows(folder, name):
    for rule in openpyxl.load_workbook(folder / f"{name}.xlsx")["Dati"].data_validations.dataValidation:
        assert len(rule.promptTitle) <= 32 and len(rule.errorTitle) <= 32
        assert 0 < len(rule.prompt) <= 255 and len(rule.error or "") <= 255


@pytest.mark.parametrize("name", TABLES)
def test_a_filled_form_loses_nothing(folder, tmp_path, name):
    table, path = TABLES[name], tmp_path / "compilato.xlsx"
    book = openpyxl.load_workbook(folder / f"{name}.xlsx")
    for position, text in enumerate(table.example.values(), start=1):
        book["Dati"].cell(5, position).value = text
        book["Dati"].cell(5, position).data_type = "s"
    book.save(path)
    sheet = next(read_sheets(path))
    assert (sheet.name, sheet.cells.height) == ("Dati", 5)
    assert sheet.cells.row(3) == tuple(table.names)
    assert [value or "" for value in sheet.cells.row(4)] == list(table.example.values())


def test_provinces_are_those_of_the_territory(modulo):
    rule = rule_of(modulo["Dati"], TABLES["vol_procedure"], "sigla_provincia")
    assert listed(modulo, rule) == [*load_territorio().sigle, "FUORI_REGIONE"]
    column = letter(TABLES["vol_procedure"].names.index("sigla_provincia"))
    assert (str(rule.sqref), rule.type, rule.errorStyle) == (f"{column}5:{column}5000", "list", None)


def test_another_territory_gives_its_own_provinces(tmp_path):
    territorio = load_territorio(str(write_territorio(tmp_path / "isolana.toml", {"AL": "Alba", "BO": "Borgo"})))
    book = openpyxl.load_workbook(write_form(TABLES["casi_gestiti"], tmp_path / "x.xlsx", territorio=territorio))
    assert listed(book, rule_of(book["Dati"], TABLES["casi_gestiti"], "provincia")) == ["AL", "BO"]


def test_columns_with_the_same_codes_share_a_list(tmp_path):
    yes = {"S": "sì", "N": "no"}
    columns = (
        Column("prima", "codice", "prima", values=yes),
        Column("altra", "codice", "altra", values={"X": "ics"}),
        Column("seconda", "codice", "seconda", values=yes),
    )
    table = Table("prove", "una prova", "inventata", columns, ("prima",))
    book = openpyxl.load_workbook(write_form(table, tmp_path / "x.xlsx"))
    assert [rule_of(book["Dati"], table, name).formula1 for name in table.names] == [
        "Elenchi!$A$3:$A$4",
        "Elenchi!$A$8:$A$8",
        "Elenchi!$A$3:$A$4",
    ]
    assert [book["Elenchi"][place].value for place in ("A1", "B3", "A6", "B8")] == ["Per prima e seconda", "sì", "Per altra", "ics"]


@pytest.mark.parametrize("name", TABLES)
def test_only_the_sheet_to_fill_looks_like_the_table(folder, name):
    found = {sheet.name: find_heading(sheet, TABLES[name], {}) for sheet in read_sheets(folder / f"{name}.xlsx")}
    assert [sheet for sheet, heading in found.items() if heading and set(TABLES[name].required) <= set(heading.columns)] == ["Dati"]


def test_numbers_and_dates_are_bounded_as_declared(modulo):
    sheet, table = modulo["Dati"], TABLES["vol_procedure"]
    rules = {
        name: rule_of(sheet, table, name) for name in ("lavoratori_coinvolti", "perc_riduzione_media", "data_apertura", "ragione_sociale")
    }
    assert {name: (rule.type, rule.formula1, rule.formula2) for name, rule in rules.items()} == {
        "lavoratori_coinvolti": ("whole", "0", "99999999"),
        "perc_riduzione_media": ("decimal", "0", "100"),
        "data_apertura": ("date", "18264", "73050"),
        "ragione_sociale": (None, None, None),
    }
    assert "numero intero, da 0 a 99.999.999" in rules["lavoratori_coinvolti"].error


def test_only_optional_numbers_may_say_that_the_datum_is_not_available(modulo):
    sheet, table = modulo["Dati"], TABLES["vol_procedure"]
    must, may = rule_of(sheet, table, "lavoratori_coinvolti"), rule_of(sheet, table, "organico_unita")
    assert (must.errorStyle, may.errorStyle) == (None, "warning")
    assert ("n.d." in must.error, "n.d." in may.error) == (False, True)


def test_columns_keep_zeros_and_required_headings_stand_out(modulo):
    sheet, names = modulo["Dati"], TABLES["vol_procedure"].names
    formats = {name: sheet.column_dimensions[sheet.cell(4, i).column_letter].number_format for i, name in enumerate(names, start=1)}
    assert (formats["comune_istat"], formats["codice_fiscale_azienda"], formats["classe_dimensionale"]) == ("@", "@", "@")
    assert (formats["data_inizio"], formats["organico_unita"], formats["anno_riferimento"]) == ("dd/mm/yyyy", "#,##0", "0")
    required, optional = sheet.cell(4, names.index("causale") + 1), sheet.cell(4, names.index("ateco_codice") + 1)
    assert (required.fill.start_color.rgb, required.font.color.rgb) == ("FF0066CC", "FFFFFFFF")
    assert optional.fill.start_color.rgb != required.fill.start_color.rgb
    assert "obbligatorio" in required.comment.text and "CRISI" in required.comment.text and "facoltativo" in optional.comment.text


@pytest.mark.parametrize("name", TABLES)
def test_instructions_tell_every_column_and_rule_and_how_to_check(folder, name):
    table = TABLES[name]
    sheet = openpyxl.load_workbook(folder / f"{name}.xlsx")["Istruzioni"]
    rows = list(sheet.iter_rows(values_only=True))
    assert {(column.name, column.description) for column in table.columns} <= {row[:2] for row in rows}
    assert {(rule.text, rule.severity) for rule in table.rules} <= {row[1:3] for row in rows}
    assert f"analisi controlla FILE --tabella {name}" in [row[0] for row in rows]


@pytest.mark.parametrize("name", ["vol_procedure", "coordinamento"])
def test_bytes_of_a_form_repeat(tmp_path, name):
    once, again = (write_form(TABLES[name], tmp_path / folder / "x.xlsx").read_bytes() for folder in "ab")
    assert once == again
    assert b"2000-01-01T00:00:00Z" in zipfile.ZipFile(tmp_path / "a" / "x.xlsx").read("docProps/core.xml")


def test_a_form_is_written_only_as_xlsx(tmp_path):
    with pytest.raises(AnalisiError, match=r"x\.csv: il file si scrive solo in formato Excel"):
        write_form(TABLES["coordinamento"], tmp_path / "x.csv")


FAULTS = {"riga": pl.Int64, "posizione": pl.Int64, "colonna": pl.String, "regola": pl.String, "gravita": pl.String, "testo": pl.String}


def faults_of(*rows: tuple) -> pl.DataFrame:
    return pl.DataFrame(rows, schema=FAULTS, orient="row")


SOME = faults_of(
    (4, 1, "lavoratori", "massimo", "errore", "è maggiore di 9"),
    (4, 1, "lavoratori", "strano", "avviso", "è insolito"),
    (5, 2, "donne", "strano", "avviso", "sono poche\x01"),
    (3, None, "anno", "obbligatorio", "errore", "è obbligatorio"),
)


@pytest.fixture
def elenco(tmp_path):
    """A workbook as offices keep them: a merged title, a formula, a comment, a text that looks like a formula, another sheet."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Elenco d'anno"
    sheet["A1"] = "Elenco delle procedure"
    sheet["A1"].font = Font(bold=True, size=16)
    sheet.merge_cells("A1:C1")
    for row in (["id", "lavoratori", "donne"], ["P1", 10, 3], ["P2", 12, "=B4/2"], ["=1+1", 14, 1]):
        sheet.append(row)
    sheet["A5"].data_type = "s"
    sheet["B4"].comment = Comment("chiesto all'azienda", "Ufficio")
    book.create_sheet("Altro")["A1"] = "resta"
    book.save(tmp_path / "elenco.xlsx")
    return next(read_sheets(tmp_path / "elenco.xlsx"))


def painted(sheet) -> dict[str, tuple[str, str | None]]:
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.fill.fill_type]
    return {cell.coordinate: (cell.fill.start_color.rgb, cell.comment and cell.comment.text) for cell in cells}


def test_faulty_cells_of_a_workbook_are_coloured_and_explained(elenco, tmp_path):
    book = openpyxl.load_workbook(annotate(elenco, SOME, tmp_path / "scarti.xlsx"))
    assert painted(book["Elenco d'anno"]) == {
        "A3": (ROSA, "Errore: colonna «anno»: è obbligatorio"),
        "B4": (ROSA, "chiesto all'azienda\n\nErrore: è maggiore di 9\nAvviso: è insolito"),
        "C5": (GIALLO, "Avviso: sono poche\ufffd"),
    }
    assert book["Elenco d'anno"]["B4"].comment.author == "analisi"


def test_the_rest_of_the_workbook_stays(elenco, tmp_path):
    before = elenco.file.read_bytes()
    book = openpyxl.load_workbook(annotate(elenco, SOME, tmp_path / "scarti.xlsx"))
    sheet = book["Elenco d'anno"]
    assert book.sheetnames == ["Scarti", "Elenco d'anno", "Altro"]
    assert (sheet["C4"].value, sheet["C4"].data_type) == ("=B4/2", "f")
    assert (sheet["A5"].value, sheet["A5"].data_type) == ("=1+1", "s")
    assert (sheet["A1"].font.sz, str(sheet.merged_cells), sheet["B3"].value) == (16, "A1:C1", 10)
    assert [other.sheet_view.tabSelected for other in book] == [True, False, False]
    assert elenco.file.read_bytes() == before


def test_a_fault_inside_a_merged_area_goes_to_its_first_cell_and_errors_prevail(elenco, tmp_path):
    faults = faults_of((1, 1, "a", "x", "errore", "errata"), (1, 2, "b", "x", "avviso", "strana"))
    book = openpyxl.load_workbook(annotate(elenco, faults, tmp_path / "scarti.xlsx"))
    assert painted(book["Elenco d'anno"]) == {"A1": (ROSA, "Avviso: strana\n\nErrore: errata")}


def test_the_list_of_faults_comes_first_with_counts_and_links(elenco, tmp_path):
    sheet = openpyxl.load_workbook(annotate(elenco, SOME, tmp_path / "scarti.xlsx")).worksheets[0]
    assert sheet["A1"].value == "Scarti di elenco.xlsx, foglio «Elenco d'anno»"
    assert sheet["A2"].value == "2 errori e 2 avvisi, in 3 righe."
    assert [row[:5] for row in sheet.iter_rows(min_row=5, values_only=True)] == [
        ("Riga", "Cella", "Colonna", "Gravità", "Regola"),
        (3, "A3", "anno", "errore", "obbligatorio"),
        (4, "B4", "lavoratori", "errore", "massimo"),
        (4, "B4", "lavoratori", "avviso", "strano"),
        (5, "C5", "donne", "avviso", "strano"),
    ]
    assert (sheet["B7"].hyperlink.location, sheet["B7"].hyperlink.ref) == ("'Elenco d''anno'!B4", "B7")
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet["F6"].value) == ("A6", "A5:F9", "è obbligatorio")


def test_a_name_already_taken_is_not_taken_again(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["id", "lavoratori"])
    book.create_sheet("scarti")["A1"] = "già qui"
    book.save(tmp_path / "x.xlsx")
    sheet = next(read_sheets(tmp_path / "x.xlsx"))
    out = openpyxl.load_workbook(annotate(sheet, faults_of((1, 0, "id", "x", "errore", "errata")), tmp_path / "scarti.xlsx"))
    assert out.sheetnames == ["Scarti 2", "Sheet", "scarti"]


def test_a_csv_becomes_a_workbook_of_texts(tmp_path):
    path = tmp_path / "elenco.csv"
    path.write_text("id;lavoratori;donne\n=1+1;+3;#N/A\n-4;@x;007\nP2;12;6\nP3;14;1\n", encoding="utf-8")
    before = path.read_bytes()
    book = openpyxl.load_workbook(annotate(next(read_sheets(path)), SOME, tmp_path / "scarti.xlsx"))
    sheet = book["Dati"]
    assert book.sheetnames == ["Scarti", "Dati"]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} == {"s"}
    assert [values(sheet, 2), values(sheet, 3)] == [["=1+1", "+3", "#N/A"], ["-4", "@x", "007"]]
    assert painted(sheet) == {
        "A3": (ROSA, "Errore: colonna «anno»: è obbligatorio"),
        "B4": (ROSA, "Errore: è maggiore di 9\nAvviso: è insolito"),
        "C5": (GIALLO, "Avviso: sono poche\ufffd"),
    }
    assert path.read_bytes() == before


def test_a_faulty_cell_that_looks_like_a_formula_stays_a_text(tmp_path):
    path = tmp_path / "elenco.csv"
    path.write_text("id;lavoratori\n=1+1;3\x0c\n", encoding="utf-8")
    faults = faults_of((2, 0, "id", "x", "errore", "=1+1 non va"), (2, 3, "fuori", "x", "avviso", "oltre l'ultima colonna"))
    book = openpyxl.load_workbook(annotate(next(read_sheets(path)), faults, tmp_path / "scarti.xlsx"))
    cell, reason = book["Dati"]["A2"], book["Scarti"]["F7"]
    assert [(cell.value, cell.data_type), (reason.value, reason.data_type)] == [("=1+1", "s"), ("=1+1 non va", "s")]
    assert (book["Dati"]["B2"].value, "D2" in painted(book["Dati"])) == ("3\ufffd", True)


def test_a_workbook_that_cannot_be_loaded_is_written_from_its_cells(elenco, tmp_path, monkeypatch):
    monkeypatch.setattr("openpyxl.load_workbook", lambda *_, **__: 1 / 0)
    out = annotate(elenco, SOME, tmp_path / "scarti.xlsx")
    monkeypatch.undo()
    book = openpyxl.load_workbook(out)
    assert book.sheetnames == ["Scarti", "Elenco d'anno"]
    assert set(painted(book["Elenco d'anno"])) == {"A3", "B4", "C5"}


def test_links_to_other_files_are_cut_and_their_values_kept(tmp_path):
    path = tmp_path / "x.xlsx"
    book = xlsxwriter.Workbook(path)
    sheet = book.add_worksheet("Dati")
    sheet.write_formula(0, 0, "=[1]Foglio1!$A$1", None, 42)
    book.define_name("Altrove", "=[1]Foglio1!$A$1")
    book.close()
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("xl/externalLinks/externalLink1.xml", "<externalLink/>")
    out = openpyxl.load_workbook(annotate(next(read_sheets(path)), faults_of((1, 0, "a", "x", "errore", "errata")), tmp_path / "y.xlsx"))
    assert (out["Dati"]["A1"].value, list(out.defined_names)) == (42, [])
    assert "formule sono sostituite dai loro valori" in out["Scarti"]["A4"].value


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_beyond_the_comments_a_sheet_can_hold_there_are_only_colours(elenco, tmp_path, monkeypatch, kind):
    monkeypatch.setattr(annotating, "MAX_COMMENTS", 2)
    sheet = elenco if kind == "xlsx" else replace(elenco, kind="csv")
    book = openpyxl.load_workbook(annotate(sheet, SOME, tmp_path / "scarti.xlsx"))
    assert painted(book["Elenco d'anno"])["C5"] == (GIALLO, None)
    assert "prime 2 celle: le altre 1 hanno solo il colore" in book["Scarti"]["A4"].value


def test_a_fault_of_the_whole_file_is_listed_without_a_cell(elenco, tmp_path):
    book = openpyxl.load_workbook(annotate(elenco, faults_of((None, None, "anno", "x", "errore", "manca")), tmp_path / "scarti.xlsx"))
    assert values(book["Scarti"], 6) == [None, None, "anno", "errore", "x", "manca"]
    assert painted(book["Elenco d'anno"]) == {}


def test_without_faults_the_copy_says_so(elenco, tmp_path):
    book = openpyxl.load_workbook(annotate(elenco, faults_of(), tmp_path / "scarti.xlsx"))
    assert book["Scarti"]["A2"].value == "Nessun difetto."


def test_an_annotated_form_is_still_a_form(tmp_path):
    table = TABLES["vol_procedure"]
    sheet = next(read_sheets(write_form(table, tmp_path / "x.xlsx")))
    out = openpyxl.load_workbook(
        annotate(sheet, faults_of((5, 0, "id_procedura", "obbligatorio", "errore", "è obbligatorio")), tmp_path / "y.xlsx")
    )
    assert values(out["Dati"], 4) == table.names
    assert len(out["Dati"].data_validations.dataValidation) == len(table.names)
    assert out["Dati"]["A1"].value.startswith("Modulo vol_procedure")


def test_the_source_is_never_overwritten(elenco, tmp_path):
    (tmp_path / "altro.xlsx").hardlink_to(elenco.file)
    for path in (elenco.file, tmp_path / "x" / ".." / "elenco.xlsx", tmp_path / "altro.xlsx"):
        with pytest.raises(AnalisiError, match="il file degli scarti non può essere il file di partenza"):
            annotate(elenco, SOME, path)
    with pytest.raises(AnalisiError, match=r"\.xlsx"):
        annotate(elenco, SOME, tmp_path / "scarti.csv")


def test_dates_of_the_source_stay_dates(tmp_path):
    book = openpyxl.Workbook()
    book.active.append(["giorno"])
    book.active.append([datetime(2025, 3, 1)])
    book.save(tmp_path / "x.xlsx")
    out = openpyxl.load_workbook(
        annotate(next(read_sheets(tmp_path / "x.xlsx")), faults_of((2, 0, "giorno", "x", "errore", "errata")), tmp_path / "y.xlsx")
    )
    assert out["Sheet"]["A2"].value == datetime(2025, 3, 1)
