"""Any bytes given as a file end in a result or an AnalisiError, within bounds."""

import io
import random
import struct
import zipfile

import openpyxl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analisi.errors import AnalisiError
from analisi.sources import read_sheets
from analisi.tables.catalogo import MONITORAGGIO_PAL, VOL_PROCEDURE
from analisi.tables.reading import leggi
from tests.conftest import write_rows


def outcome(path):
    """The count of a reading, or the text of the refusal; anything else is a failure of the test."""
    try:
        reading = leggi(path)
    except AnalisiError as error:
        assert str(error)
        return str(error)
    counts = reading.conteggio
    assert counts["righe"] == counts["accettate"] + counts["scartate"] + counts["totali"] + counts["vuote"]
    return counts


@pytest.fixture(scope="module")
def good(tmp_path_factory):
    """One good file of each kind."""
    folder = tmp_path_factory.mktemp("buoni")
    csv = write_rows(folder / "x.csv", VOL_PROCEDURE.names, [VOL_PROCEDURE.example])
    workbook = openpyxl.Workbook()
    workbook.active.append(VOL_PROCEDURE.names)
    workbook.active.append(list(VOL_PROCEDURE.example.values()))
    workbook.save(folder / "x.xlsx")
    leggi(csv).dati.write_parquet(folder / "x.parquet")
    return {name: (folder / f"x.{name}").read_bytes() for name in ("csv", "xlsx", "parquet")}


BEGINNINGS = [
    b"",
    b"PK\x03\x04",
    b"PAR1",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"nucleo;trimestre\n",
    b"<html>",
    b"%PDF-1.4",
]


@settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(start=st.sampled_from(BEGINNINGS), rest=st.binary(max_size=3000))
def test_random_bytes_end_in_a_result_or_a_clear_refusal(tmp_path, start, rest):
    path = tmp_path / "x.dat"
    path.write_bytes(start + rest)
    outcome(path)


@pytest.mark.parametrize("kind", ["csv", "xlsx", "parquet"])
def test_damaged_and_truncated_files_end_in_a_result_or_a_clear_refusal(tmp_path, good, kind):
    chance, data = random.Random(7), good[kind]
    path = tmp_path / f"x.{kind}"
    for _ in range(60):
        damaged = bytearray(data[: chance.randrange(1, len(data) + 1)])
        for _ in range(chance.randrange(0, 8)):
            damaged[chance.randrange(len(damaged))] = chance.randrange(256)
        path.write_bytes(damaged)
        outcome(path)


def rewritten(data: bytes, name: str, change) -> bytes:
    """A workbook with one member changed, properly compressed: damage that the archive does not show."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for member in old.infolist():
            content = old.read(member)
            new.writestr(member.filename, change(content) if member.filename == name else content)
    return out.getvalue()


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("name", "change", "said"),
    [
        (SHEET, lambda x: x.replace(b'r="A2"', b'r="XFD1048576"', 1), "colonna XFD"),
        (SHEET, lambda x: x.replace(b'<row r="2"', b'<row r="1048576"', 1).replace(b'r="A2"', b'r="BZZ1048576"', 1), "colonna"),
        (SHEET, lambda x: x.replace(b"</sheetData>", b"<row r=\"99999999\"><c r=\"A99999999\"><v>1</v></c></row></sheetData>"), ""),
        (SHEET, lambda x: x.replace(b'r="A2"', b'r="AC999999"', 1), ""),
        (SHEET, lambda x: x.replace(b'"', b"'").replace(b"r='A2'", b"r='XFD1048576'", 1), "colonna XFD"),
        (SHEET, lambda x: x[: len(x) // 2], ""),
        (SHEET, lambda x: b"\0" * 1000, ""),
        ("xl/workbook.xml", lambda x: b"<workbook/>", ""),
        ("xl/sharedStrings.xml", lambda x: b"<sst><si><t>" + b"x" * 100 + b"</t></si></sst>", ""),
        ("xl/sharedStrings.xml", lambda x: b'<!DOCTYPE x [<!ENTITY a "' + b"b" * 1000 + b'"><!ENTITY c "' + b"&a;" * 100 + b'">]><sst><si><t>&c;</t></si></sst>', ""),
        ("xl/_rels/workbook.xml.rels", lambda x: x.replace(b"worksheets/sheet1.xml", b"../../../../etc/passwd"), ""),
    ],
)  # fmt: skip
def test_workbooks_made_to_harm_are_refused(tmp_path, good, name, change, said):
    path = tmp_path / "x.xlsx"
    path.write_bytes(rewritten(good["xlsx"], name, change))
    assert said in str(outcome(path))


@pytest.mark.parametrize(
    "dress",
    [lambda x: x, lambda x: x.replace(b'"', b"'"), lambda x: x.replace(b' r="J2"', b"")],
    ids=["usual", "single quotes", "no reference"],
)
def test_error_cells_are_found_however_the_sheet_is_written(tmp_path, dress):
    workbook = openpyxl.Workbook()
    workbook.active.append(MONITORAGGIO_PAL.names[:10])
    workbook.active.append([*list(MONITORAGGIO_PAL.example.values())[:9], "#N/A"])
    workbook.save(tmp_path / "y.xlsx")
    (tmp_path / "x.xlsx").write_bytes(rewritten((tmp_path / "y.xlsx").read_bytes(), SHEET, dress))
    assert next(iter(read_sheets(tmp_path / "x.xlsx"))).errors == {(1, 9): "#N/A"}


def test_error_cells_of_an_ods_are_found(tmp_path, workspace):
    data = (workspace / "tests/sources/minimo.ods").read_bytes()
    number = b'office:value-type="float" office:value="65" calcext:value-type="float"'
    broken = rewritten(
        data,
        "content.xml",
        lambda x: x.replace(number, b'office:value-type="string" office:string-value="" calcext:value-type="error"', 1).replace(
            b"<text:p>65</text:p>", b"<text:p>#N/D</text:p>", 1
        ),
    )
    (tmp_path / "x.ods").write_bytes(broken)
    assert next(iter(read_sheets(tmp_path / "x.ods"))).errors == {(3, 5): "#N/D"}


def test_an_xls_that_claims_more_than_its_file_is_refused(tmp_path, workspace):
    data = bytearray((workspace / "tests/sources/minimo.xls").read_bytes())
    for at in (0x2C, 0x40, 0x48):
        path = tmp_path / f"{at}.xls"
        path.write_bytes(bytes(data[:at]) + b"\xff\xff\xff\xff" + bytes(data[at + 4 :]))
        assert "danneggiato" in outcome(path)


def test_an_archive_that_expands_without_measure_is_refused(tmp_path, good, monkeypatch):
    monkeypatch.setattr("analisi.sources.archive.MAX_EXPANDED", 20_000_000)
    path = tmp_path / "bomba.xlsx"
    path.write_bytes(rewritten(good["xlsx"], SHEET, lambda x: x.replace(b"</sheetData>", b" " * 30_000_000 + b"</sheetData>")))
    assert len(path.read_bytes()) < 100_000
    assert "una volta aperto supera" in outcome(path)


def test_a_size_that_the_archive_lies_about_is_found_out(tmp_path, good, monkeypatch):
    monkeypatch.setattr("analisi.sources.archive.MAX_EXPANDED", 20_000_000)
    data = bytearray(rewritten(good["xlsx"], SHEET, lambda x: x + b" " * 30_000_000))
    real = struct.pack("<I", next(m.file_size for m in zipfile.ZipFile(io.BytesIO(bytes(data))).infolist() if m.filename == SHEET))
    path = tmp_path / "bugia.xlsx"
    path.write_bytes(bytes(data).replace(real, struct.pack("<I", 1000)))
    assert "supera" in outcome(path) or "danneggiato" in outcome(path)


def test_a_million_columns_are_refused(tmp_path):
    path = tmp_path / "largo.csv"
    path.write_bytes(b";".join(b"c%d" % n for n in range(1_000_000)) + b"\n" + b";" * 999_999 + b"\n")
    assert "colonne" in outcome(path)


def test_rows_repeated_without_measure_in_an_ods_are_refused(tmp_path):
    content = (
        '<?xml version="1.0"?><office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0" '
        'xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0" xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        '<table:table table:name="F"><table:table-row table:number-rows-repeated="1000000"><table:table-cell table:number-columns-repeated="1000" office:value-type="string"><text:p>x</text:p>'
        "</table:table-cell></table:table-row></table:table></office:spreadsheet></office:body></office:document-content>"
    )
    path = tmp_path / "x.ods"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("mimetype", "application/vnd.oasis.opendocument.spreadsheet")
        archive.writestr("content.xml", content)
    assert "ripetute" in outcome(path)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"<html><table><tr><td>id_procedura</td></tr></table></html>", "HTML"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"PK\x03\x04" + b"\0" * 40, "danneggiato"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\0" * 600, "danneggiato"),
        (b"PAR1" + b"\0" * 100, "Parquet"),
        (b"\0\1\2\3" * 50, "non è un testo"),
        (b"\n\n \n", "vuoto"),
        (b"x" * 10_000_000, "intestazioni"),
        (b"a;" * 1999 + b"\n", "intestazioni"),
        (b'"' + b"x" * 200_000 + b'";b\n', "intestazioni"),
        (b'a;b\n"x;1\n', "virgolette"),
    ],
    ids=range(11),
)  # fmt: skip
def test_each_kind_of_unusable_file_is_said(tmp_path, data, said):
    path = tmp_path / "x.xls"
    path.write_bytes(data)
    assert said in str(outcome(path))


@pytest.mark.parametrize("separator", [";", ",", "\t"])
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_no_row_is_lost_whatever_the_cells(tmp_path, separator, data):
    rows = data.draw(
        st.lists(
            st.lists(st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=8), min_size=3, max_size=6), min_size=1, max_size=6
        )
    )
    body = "\n".join(separator.join(cell.replace('"', "") for cell in row) for row in rows)
    path = tmp_path / "x.csv"
    path.write_text(separator.join(VOL_PROCEDURE.names) + "\n" + body + "\n", encoding="utf-8")
    result = outcome(path)
    lines = body.rstrip("\n").split("\n") if body.strip("\n") else []
    assert isinstance(result, dict)
    assert result["righe"] == len(lines)
