import pytest

from analisi.errors import AnalisiError
from analisi.sources.text import read_csv_text


@pytest.mark.parametrize(
    "data",
    ["a,b\nsì,1\n".encode(), "\ufeffa,b\nsì,1\n".encode(), "a;b\r\nsì;1\r\n".encode("cp1252"), "a\tb\n sì \t1\n".encode()],
    ids=["comma", "BOM", "cp1252 semicolon", "tab and spaces"],
)
def test_a_csv_is_read_as_text_in_any_usual_dress(tmp_path, data):
    path = tmp_path / "x.csv"
    path.write_bytes(data)
    assert read_csv_text(path).rows() == [("sì", "1")]


def test_blank_cells_are_null_and_codes_keep_their_zeros(tmp_path):
    path = tmp_path / "x.csv"
    path.write_text('a,b,c\n016,,"  "\nNA,0,-\n')
    assert read_csv_text(path).rows() == [("016", None, None), ("NA", "0", "-")]


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "vuoto"),
        (b"PK\x03\x04\x00\x00", "non è un testo"),
        (b"a,b\n1,2,3\n", "riga 2: 3 campi invece di 2"),
        (b"a,b\n1,2\n3\n", "riga 3: 1 campi"),
        (b"a,a \n1,2\n", "«a» compare più volte"),
        (b'a,b\n"1,2\n', "virgolette"),
    ],
)
def test_what_is_not_a_csv_is_said_by_name(tmp_path, data, said):
    path = tmp_path / "strano.csv"
    path.write_bytes(data)
    with pytest.raises(AnalisiError, match=f"strano.csv.*{said}"):
        read_csv_text(path)


def test_a_missing_file_is_said_by_name(tmp_path):
    with pytest.raises(AnalisiError, match=r"manca\.csv"):
        read_csv_text(tmp_path / "manca.csv")
