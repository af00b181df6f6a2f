import csv

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators.fonti import read_fonte
from analisi.sample.files import MARK, write_sample
from analisi.tables.catalogo import ESTRATTI
from analisi.tables.delivery import files_of, read_delivery
from analisi.tables.difetti import difetti
from analisi.tables.reading import leggi


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("esempi") / "pulito"
    write_sample(folder)
    return folder


@pytest.fixture(scope="module")
def dirty(tmp_path_factory):
    folder = tmp_path_factory.mktemp("esempi") / "sporco"
    write_sample(folder, dirty=True)
    return folder


def test_every_table_is_there_and_clean_rules_between_tables_included(folder):
    readings, refused = read_delivery(files_of(folder))
    assert refused == []
    assert {reading.tabella.name for reading in readings} == {table.name for table in ESTRATTI}
    assert [message for reading in readings for message in reading.messages()] == []
    assert {rule for reading in readings for rule in reading.avvisi["regola"]} == {"lic_almeno_cinque"}
    assert [doubt for reading in readings for doubt in reading.dubbi] == []


def test_every_file_says_that_it_is_synthetic(folder):
    listed = leggi(folder / "fonti.csv", "fonti").dati
    assert set(listed["natura"]) == {"sintetici"}
    for path in files_of(folder):
        assert path.name in set(listed["file"])
        assert leggi(path).provenienza["sintetica"] or path.name == "casi_gestiti.csv"
    assert (folder / MARK).read_text(encoding="utf-8").startswith("DATI SINTETICI")


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    write_sample(tmp_path / "ancora")
    again = {path.relative_to(tmp_path / "ancora"): path.read_bytes() for path in (tmp_path / "ancora").rglob("*.*")}
    assert again == {path.relative_to(folder): path.read_bytes() for path in folder.rglob("*.*")}


def test_each_documented_fault_is_found_where_it_is_listed(dirty):
    with (dirty / "difetti.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = list(csv.DictReader(file, delimiter=";"))
    assert {row["file"] for row in listed} == {f"{table.name}.csv" for table in ESTRATTI}
    for path in {path.name: path for path in files_of(dirty) if path.suffix == ".csv"}.values():
        found = set(leggi(path).difetti.select(pl.col("riga").cast(pl.String), "colonna", "regola", "gravita").iter_rows())
        wanted = {(row["riga"], row["colonna"], row["regola"], row["gravita"]) for row in listed if row["file"] == path.name}
        assert wanted - found == set()


def test_every_rule_of_every_table_is_documented_by_a_fault(dirty):
    with (dirty / "difetti.csv").open(encoding="utf-8-sig", newline="") as file:
        listed = {(row["file"], row["regola"]) for row in csv.DictReader(file, delimiter=";")}
    assert {(f"{table.name}.csv", fault.regola) for table in ESTRATTI for fault in difetti(table)} - listed == set()


def test_a_folder_with_something_else_is_never_touched(tmp_path):
    (tmp_path / "miei").mkdir()
    (tmp_path / "miei" / "vol_procedure.csv").write_text("dati veri")
    with pytest.raises(AnalisiError, match="contiene già altro"):
        write_sample(tmp_path / "miei")
    assert (tmp_path / "miei" / "vol_procedure.csv").read_text() == "dati veri"
    assert [path.name for path in tmp_path.iterdir()] == ["miei"]


def test_an_earlier_sample_is_replaced(tmp_path):
    write_sample(tmp_path / "e", dirty=True)
    write_sample(tmp_path / "e")
    assert not (tmp_path / "e" / "difetti.csv").exists()


def test_a_dirty_register_makes_no_official_figure(dirty):
    with pytest.raises(AnalisiError, match="righe scartate su"):
        read_fonte(str(dirty))
