import io
import zipfile
from datetime import date

import openpyxl
import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.sources import read_sheets
from analisi.tables.schema import Column, Table
from analisi.tables.writing import replacing, write_table

TABLE = Table(
    "prove",
    "una prova",
    "inventata",
    (
        Column("codice", "testo", "codice", True, "007"),
        Column("lavoratori", "intero", "lavoratori", maximum=99_999_999),
        Column("importo", "decimale", "importo in euro"),
        Column("quota", "percentuale", "quota", minimum=0, maximum=100),
        Column("giorno", "data", "giorno"),
    ),
    ("codice",),
)
ROWS = [
    ("007", 1615, 1250.5, 62.5, date(2025, 3, 1)),
    ("=1+1", None, None, None, None),
    ("@x; «è»", 0, 0.1, 100.0, date(1850, 12, 31)),
    ('due\n"righe"', -3, 1e7, 0.0, None),
    ("www.esempio.it", 99_999_999, 2.0, 1.0, date(2026, 2, 28)),
]


@pytest.fixture
def frame() -> pl.DataFrame:
    return pl.DataFrame(ROWS, schema=TABLE.schema, orient="row")


def cells_of(path) -> list[tuple]:
    return next(read_sheets(path)).cells.rows()


def test_csv_is_written_as_italian_spreadsheets_open_it(frame, tmp_path):
    path = write_table(frame, TABLE, tmp_path / "x.csv")
    assert path.read_bytes().startswith(b"\xef\xbb\xbfcodice;lavoratori;importo;quota;giorno\n")
    assert cells_of(path)[1:] == [
        ("007", "1615", "1250,5", "62,5", "01/03/2025"),
        ("=1+1", None, None, None, None),
        ("@x; «è»", "0", "0,1", "100", "31/12/1850"),
        ('due\n"righe"', "-3", "10000000", "0", None),
        ("www.esempio.it", "99999999", "2", "1", "28/02/2026"),
    ]


def test_xlsx_keeps_texts_as_texts_and_numbers_and_dates_as_such(frame, tmp_path):
    path = write_table(frame, TABLE, tmp_path / "x.xlsx")
    sheet = openpyxl.load_workbook(path)["Dati"]
    assert [tuple(cell.data_type for cell in row) for row in sheet.iter_rows(min_row=2)] == [
        ("s", "n", "n", "n", "d"),
        ("s", "n", "n", "n", "n"),
        ("s", "n", "n", "n", "s"),  # a date that no spreadsheet shows
        ("s", "n", "n", "n", "n"),
        ("s", "n", "n", "s", "d"),  # one per cent: as a plain number it would read as a share
    ]
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == [row[0] for row in ROWS]
    assert (sheet["E2"].number_format, sheet["D2"].value, sheet.freeze_panes, sheet["A1"].font.b) == ("dd/mm/yyyy", 62.5, "A2", True)
    assert sheet["A6"].hyperlink is None


def test_xlsx_is_read_back_as_it_was(frame, tmp_path):
    path = write_table(frame, TABLE, tmp_path / "x.xlsx")
    assert cells_of(path)[1:3] == [("007", "1615", "1250.5", "62.5", "2025-03-01 00:00:00"), ("=1+1", None, None, None, None)]


def test_parquet_keeps_the_types(frame, tmp_path):
    path = write_table(frame, TABLE, tmp_path / "x.parquet")
    assert pl.read_parquet(path).equals(frame)
    assert pl.read_parquet_schema(path) == TABLE.schema


@pytest.mark.parametrize("name", ["x.xlsx", "x.parquet"])
def test_synthetic_rows_are_labelled_in_the_properties_of_the_file(frame, tmp_path, name):
    label = "DATI SINTETICI, inventati per prova"
    path = write_table(frame, TABLE, tmp_path / name, natura_sintetica=True)
    assert {"title": label, "description": label}.items() <= next(read_sheets(path)).metadata.items()
    assert label not in next(read_sheets(write_table(frame, TABLE, path))).metadata.values()


@pytest.mark.parametrize("name", ["x.csv", "x.xlsx", "x.parquet"])
def test_bytes_repeat(frame, tmp_path, name):
    once, again = (write_table(frame, TABLE, tmp_path / folder / name).read_bytes() for folder in "ab")
    assert once == again


def test_workbook_carries_no_date_of_the_clock(frame, tmp_path):
    path = write_table(frame, TABLE, tmp_path / "x.xlsx")
    archive = zipfile.ZipFile(io.BytesIO(path.read_bytes()))
    assert b"2000-01-01T00:00:00Z" in archive.read("docProps/core.xml")
    assert {member.date_time[0] for member in archive.infolist()} == {1980}


def test_control_characters_become_a_visible_mark(tmp_path):
    frame = pl.DataFrame([("a\x01b", None, None, None, None)], schema=TABLE.schema, orient="row")
    assert [cells_of(write_table(frame, TABLE, tmp_path / name))[1][0] for name in ("x.csv", "x.xlsx")] == ["a\ufffdb"] * 2


def test_columns_come_in_the_order_of_the_table(frame, tmp_path):
    path = write_table(frame.select(reversed(TABLE.names)), TABLE, tmp_path / "x.csv")
    assert list(cells_of(path)[0]) == TABLE.names


def test_other_columns_are_refused_by_name(frame, tmp_path):
    with pytest.raises(
        AnalisiError, match=r"x\.csv: colonne che la tabella prove non ha: «colore»; colonne mancanti della tabella prove: «quota»"
    ):
        write_table(frame.rename({"quota": "colore"}), TABLE, tmp_path / "x.csv")
    assert list(tmp_path.iterdir()) == []


def test_other_types_are_refused_by_name(frame, tmp_path):
    with pytest.raises(AnalisiError, match=r"«lavoratori» \(String invece di Int64\)"):
        write_table(frame.cast({"lavoratori": pl.String}), TABLE, tmp_path / "x.csv")


def test_other_suffixes_are_refused(frame, tmp_path):
    with pytest.raises(AnalisiError, match=r"formato «\.ods» non previsto"):
        write_table(frame, TABLE, tmp_path / "x.ods")


def test_rows_beyond_a_worksheet_are_refused(tmp_path):
    frame = pl.DataFrame({"codice": ["a"]}).select("codice", *(pl.lit(None).alias(name) for name in TABLE.names[1:]))
    with pytest.raises(AnalisiError, match="1048576 righe non stanno"):
        write_table(frame.select(pl.all().repeat_by(1_048_576).explode()), TABLE, tmp_path / "x.xlsx")


def test_a_failure_leaves_the_file_that_was_there(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text("prima")
    with pytest.raises(ZeroDivisionError), replacing(path) as part:
        part.write_text("a metà")
        raise ZeroDivisionError
    assert [file.name for file in tmp_path.iterdir()] == ["x.csv"]
    assert path.read_text() == "prima"


def test_a_folder_that_cannot_be_written_is_said(frame, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(AnalisiError, match="non si può scrivere"):
        write_table(frame, TABLE, tmp_path / "file" / "x.xlsx")
