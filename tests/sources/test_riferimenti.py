"""Reference tables edited by hand: numbers as Italians write them, and what is told when one cannot be read."""

from datetime import date

import pytest

from analisi.errors import AnalisiError
from analisi.sources.riferimenti import read_reference


def table(tmp_path, text: str):
    path = tmp_path / "tetti.csv"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(("text", "value"), [("2.000", 2000.0), ('"2.000,50"', 2000.5), ("2000", 2000.0), ("", None), ('"12,5"', 12.5)])
def test_a_number_is_read_the_italian_way(tmp_path, text, value):
    rows = read_reference(table(tmp_path, f"misura,tetto\nFC,{text}\n"), ["misura"], ["tetto"])
    assert rows.rows() == [("FC", value)]


@pytest.mark.parametrize("text", ["duemila", '"2,000"', "12.5", "2.0000"])
def test_what_is_no_number_is_told_with_file_row_column_value_and_rule(tmp_path, text):
    with pytest.raises(AnalisiError) as error:
        read_reference(table(tmp_path, f"misura,tetto\nFC,1\nFC,{text}\n"), ["misura"], ["tetto"])
    said = str(error.value)
    assert f"tetti.csv, riga 3, colonna «tetto»: «{text.strip(chr(34))}» non è ammesso; serve un numero in cifre" in said


def test_a_renamed_column_and_a_wrong_day_are_told(tmp_path):
    path = table(tmp_path, "misura,teto,dal\nFC,1,2025-02-30\n")
    with pytest.raises(AnalisiError, match=r"tetti\.csv: manca la colonna «tetto»; forse intendevi «teto»"):
        read_reference(path, ["misura"], ["tetto"], ["dal"])
    with pytest.raises(AnalisiError, match="riga 2, colonna «dal»: «2025-02-30» non è ammesso; serve un giorno"):
        read_reference(path, ["misura"], [], ["dal"])
    good = read_reference(table(tmp_path, "misura,dal\nFC,2025-02-28\nFC,\n"), ["misura"], [], ["dal"])
    assert good["dal"].to_list() == [date(2025, 2, 28), None]
