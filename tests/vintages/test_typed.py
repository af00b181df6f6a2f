"""The check by columns finds what the reader of texts finds."""

import polars as pl
import pytest
from stdnum.it import iva

from analisi.sources.cells import parse_date
from analisi.tables.catalogo import SIUL_COB, VOL_PROCEDURE
from analisi.tables.difetti import difetti
from analisi.tables.reading import leggi
from analisi.vintages.typed import check, companies, single_row_rules, table_of
from analisi.vocabulary import load_territorio
from tests.conftest import write_rows
from tests.vintages.conftest import communications

SEEN = [fault for fault in difetti(SIUL_COB) if fault.gravita == "errore" and fault.regola not in ("tipo", "ambiguo", "cella_in_errore", "chiave")]  # fmt: skip


def typed(rows):
    """Rows as they are typed, with the types of the table."""
    frame = pl.DataFrame(rows, schema=dict.fromkeys(SIUL_COB.names, pl.String)).with_columns(pl.all().replace("", None))
    dates = [name for name, kind in SIUL_COB.schema.items() if kind == pl.Date]
    return frame.with_columns(pl.col(dates).map_elements(lambda text: parse_date(text), return_dtype=pl.Date)).cast(SIUL_COB.schema)


@pytest.mark.parametrize("fault", SEEN, ids=lambda fault: f"{fault.regola}-{fault.colonna}")
def test_each_fault_of_a_row_is_found_as_the_reader_finds_it(tmp_path, fault):
    reading = leggi(write_rows(tmp_path / "x.csv", SIUL_COB.names, list(fault.righe)), SIUL_COB.name)
    wrong, faults, errors, _ = check(typed(list(fault.righe)), SIUL_COB, load_territorio("lombardia"), 2)
    told = {(row["riga"], row["colonna"]) for row in faults.to_dicts()}
    assert {(row["riga"], row["colonna"]) for row in reading.scarti.to_dicts()} <= told
    assert (wrong.sum(), sum(errors.values()) > 0) == (len(set(reading.scarti["riga"])), True)


def test_good_rows_have_no_fault_and_warnings_are_counted():
    frame = typed([SIUL_COB.example, SIUL_COB.example | {"tipo_contratto": "A.01.00"}])
    wrong, faults, errors, warned = check(frame, SIUL_COB, load_territorio("lombardia"), 2)
    assert (wrong.any(), faults.height, errors, warned) == (False, 0, {}, {"indeterminato_senza_fine": 1})


def test_values_of_persons_are_not_repeated():
    _, faults, _, _ = check(typed([SIUL_COB.example | {"id_lavoratore": "MARIO"}]), SIUL_COB, load_territorio("lombardia"), 2)
    assert faults["valore"].to_list() == ["(non riportato: 5 caratteri)"]


def test_check_digits_agree_with_the_library():
    odd = ["00000000000", "01234560975", "+1234560975", " 1234560975", "1234", None]
    numbers = [f"{n * 7_654_321 % 10**11:011}" for n in range(3_000)] + odd
    result = companies(pl.Series(numbers)).to_list()
    assert result == [None if text is None else bool(len(text) == 11 and iva.is_valid(text)) for text in numbers]
    assert companies(pl.Series(["RSSMRA85T10A562S", "RSSMRA85T10A562X"])).to_list() == [True, False]


def test_rules_over_several_rows_are_left_out_and_named():
    rules, left = single_row_rules(VOL_PROCEDURE, load_territorio("lombardia"))
    assert left == ["lic_almeno_cinque"]
    assert len(rules) == len(VOL_PROCEDURE.rules) - 1


@pytest.mark.parametrize(
    ("change", "expected"),
    [(pl.col("data_inizio"), "siul_cob"), (pl.col("data_inizio").cast(pl.String), None), (pl.col("data_inizio").cast(pl.Datetime), None)],
)
def test_only_columns_of_the_declared_types_are_a_table(tmp_path, pieces, change, expected):
    communications(1_000).with_columns(change).write_parquet(tmp_path / "x.parquet")
    table = table_of(tmp_path / "x.parquet")
    assert (table and table.name) == expected
