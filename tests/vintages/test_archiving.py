"""What is archived, what is refused, and what the manifest says of it."""

from datetime import date

import duckdb
import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.sources.snapshots import ADDED, WHOLE, altered, in_force, snapshots
from analisi.tables.catalogo import MONITORAGGIO_PAL, SIUL_COB, VOL_PROCEDURE
from analisi.tables.reading import leggi
from analisi.vintages import layout
from analisi.vintages.archiving import archivia
from analisi.vintages.extracts import BY_COLUMNS, FULL, Rejected
from analisi.vintages.reading import scan
from analisi.workspace import resolve
from tests.conftest import analisi, write_rows
from tests.vintages.conftest import communications, procedure, register, rows_of

DAY, NEXT = date(2025, 12, 31), date(2026, 1, 31)


@pytest.fixture
def archive(tmp_path):
    return tmp_path / "archivio"


def test_the_archived_rows_are_those_of_the_extract(tmp_path, archive):
    source = register(tmp_path / "vol.csv", *(procedure(n) for n in (3, 1, 2)))
    archivia([source], archive, DAY)
    expected = leggi(source, VOL_PROCEDURE.name).dati.sort(VOL_PROCEDURE.key)
    assert_frame_equal(rows_of("vol_procedure", archive), expected)
    assert leggi(next(iter(snapshots(archive)[0].files()))).dati.equals(expected.sort("data_apertura", *VOL_PROCEDURE.key))


def test_the_manifest_counts_every_row(tmp_path, archive):
    source = register(
        tmp_path / "vol.csv", procedure(1), procedure(2, lavoratori_coinvolti="molti"), dict.fromkeys(VOL_PROCEDURE.names, "")
    )
    done = archivia([source], archive, DAY, accept=True)
    (extract,) = done.estratti
    assert extract["conteggio"] == {"righe": 3, "accettate": 1, "scartate": 1, "totali": 0, "vuote": 1}
    assert (extract["scarti"], extract["controllo"], extract["modo"]) == ({"tipo": 1}, FULL, WHOLE)
    assert sum(item["righe"] for item in extract["archiviati"]) == 1


def test_a_rejected_row_stops_everything_and_leaves_nothing(tmp_path, archive):
    good, bad = register(tmp_path / "a.csv", procedure(1)), register(tmp_path / "b.csv", procedure(2, sigla_provincia="BG"))
    with pytest.raises(Rejected, match="1 riga scartata: nulla è archiviato"):
        archivia([good, bad], archive, DAY)
    assert not archive.exists()


def test_rules_between_tables_are_checked_on_a_delivery(tmp_path, archive):
    sheet = write_rows(tmp_path / "LC.csv", MONITORAGGIO_PAL.names, [MONITORAGGIO_PAL.example])
    with pytest.raises(Rejected) as error:
        archivia([register(tmp_path / "vol.csv", procedure(9)), sheet], archive, DAY)
    assert {rule for reading in error.value.readings for rule in reading.scarti["regola"]} == {"procedura_esiste"}


def test_a_delivery_is_one_snapshot(tmp_path, archive):
    register(tmp_path / "d" / "vol.csv", procedure(123))
    write_rows(tmp_path / "d" / "LC.csv", MONITORAGGIO_PAL.names, [MONITORAGGIO_PAL.example])
    done = analisi("archivia", tmp_path / "d", "--archivio", archive, "--data", "2025-12-31")
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(path.name for path in archive.iterdir() if not path.name.startswith(".")) == ["2025-12-31-01", "archivio.json"]
    assert "1 riga letta = 1 archiviate + 0 scartate" in done.stdout


def test_a_new_archive_is_made_where_the_analyst_is(tmp_path):
    register(tmp_path / "vol.csv", procedure(1))
    assert analisi("archivia", "vol.csv", "--archivio", "mio", cwd=tmp_path).returncode == 0
    assert (tmp_path / "mio" / "archivio.json").is_file()


def test_the_same_extract_is_told_and_not_archived_twice(tmp_path, archive):
    source = register(tmp_path / "vol.csv", procedure(1), procedure(2))
    archivia([source], archive, DAY)
    assert archivia([source], archive, NEXT).gia_presenti == [("vol.csv", "2025-12-31-01")]
    assert len(snapshots(archive)) == 1


def test_the_same_rows_in_another_order_are_the_same_extract(tmp_path, archive):
    archivia([register(tmp_path / "vol.csv", procedure(1), procedure(2))], archive, DAY)
    done = archivia([register(tmp_path / "altro.csv", procedure(2), procedure(1))], archive, NEXT)
    assert (done.scatto, done.gia_presenti) == ("", [("altro.csv", "2025-12-31-01")])
    assert list((archive / ".in_corso").iterdir()) == []


def test_an_extract_that_comes_back_is_archived_again(tmp_path, archive):
    first, second = register(tmp_path / "a.csv", procedure(1)), register(tmp_path / "b.csv", procedure(1, lavoratori_coinvolti="66"))
    names = [archivia([source], archive, DAY).scatto for source in (first, second, first)]
    assert names == ["2025-12-31-01", "2025-12-31-02", "2025-12-31-03"]


def test_far_fewer_rows_are_asked_about(tmp_path, archive):
    archivia([register(tmp_path / "vol.csv", *(procedure(n) for n in range(1, 6)))], archive, DAY)
    part = register(tmp_path / "parte.csv", procedure(6))
    with pytest.raises(AnalisiError, match="--aggiunge; se ne prende il posto, con --sostituisce"):
        archivia([part], archive, NEXT)
    archivia([part], archive, NEXT, modo=ADDED)
    assert [snapshot.nome for snapshot in in_force(archive, "vol_procedure")] == ["2025-12-31-01", "2026-01-31-01"]
    assert rows_of("vol_procedure", archive).height == 6
    archivia([part], archive, NEXT, modo=WHOLE)
    assert rows_of("vol_procedure", archive).height == 1


def test_a_folder_that_is_something_else_is_not_touched(tmp_path):
    source = register(tmp_path / "cartella" / "vol.csv", procedure(1))
    with pytest.raises(AnalisiError, match="non è un archivio"):
        archivia([source], tmp_path / "cartella", DAY)
    assert [path.name for path in (tmp_path / "cartella").iterdir()] == ["vol.csv"]


def test_a_backdated_extract_is_told(tmp_path, archive):
    archivia([register(tmp_path / "a.csv", procedure(1))], archive, NEXT)
    done = archivia([register(tmp_path / "b.csv", procedure(2))], archive, DAY)
    assert "c'è già uno scatto più recente (2026-01-31-01)" in done.note[0]
    assert [snapshot.nome for snapshot in snapshots(archive)] == ["2025-12-31-01", "2026-01-31-01"]


def test_the_command_tells_rejects_as_controlla_does(tmp_path, archive):
    source = register(tmp_path / "vol.csv", procedure(1), procedure(2, sigla_provincia="BG"))
    done = analisi("archivia", source, "--archivio", archive)
    assert done.returncode == 1
    assert "sigla_provincia [provincia_del_comune], 1 riga: non è la provincia del comune indicato" in done.stdout
    assert "--anche-con-scarti" in done.stderr


@pytest.mark.parametrize(
    ("args", "said"),
    [(["--data", "31/12/2025"], "scriverla nella forma aaaa-mm-gg"), (["--data", "2999-01-01"], "è nel futuro"), (["--aggiunge", "--sostituisce"], "indicarne una")],
)  # fmt: skip
def test_wrong_words_exit_2(tmp_path, archive, args, said):
    done = analisi("archivia", register(tmp_path / "vol.csv", procedure(1)), "--archivio", archive, *args)
    assert (done.returncode, said in done.stderr) == (2, True)


def test_a_large_typed_parquet_is_archived_in_pieces_by_year(tmp_path, archive, pieces):
    frame = communications(5_000)
    frame.write_parquet(tmp_path / "siul_cob.parquet")
    (extract,) = archivia([tmp_path / "siul_cob.parquet"], archive, DAY).estratti
    assert (extract["controllo"], extract["conteggio"]["accettate"]) == (BY_COLUMNS, 5_000)
    assert {item["file"].split("/")[2] for item in extract["archiviati"]} == {"anno=2023", "anno=2024", "anno=2025"}
    for file in snapshots(archive)[0].files():
        dates = pl.read_parquet(file)["data_inizio"]
        assert dates.is_sorted() and dates.dt.year().n_unique() == 1
    expected = frame.select(pl.col(n) if n in frame.columns else pl.lit(None, dtype=t).alias(n) for n, t in SIUL_COB.schema.items())
    assert_frame_equal(rows_of("siul_cob", archive), expected.sort("id_comunicazione"))


def test_a_large_parquet_of_texts_goes_through_the_reader(tmp_path, archive, pieces):
    communications(2_500).with_columns(pl.col("data_inizio").cast(pl.String)).write_parquet(tmp_path / "siul_cob.parquet")
    (extract,) = archivia([tmp_path / "siul_cob.parquet"], archive, DAY).estratti
    assert extract["controllo"] == FULL
    assert len(extract["archiviati"]) == 3


def test_row_groups_are_even_and_never_too_large(tmp_path, archive, pieces, monkeypatch):
    monkeypatch.setattr(layout, "ROW_GROUP", 250)
    frame = pl.DataFrame({"n": range(1_001)})
    layout.write(frame, SIUL_COB, tmp_path / "x.parquet")
    rows = duckdb.sql(f"select row_group_num_rows from parquet_metadata('{tmp_path / 'x.parquet'}')").fetchall()
    assert sorted(rows) == [(197,), (201,), (201,), (201,), (201,)]


def test_a_large_file_with_a_fault_stops_and_names_row_column_and_rule(tmp_path, archive, pieces):
    frame = communications(3_000).with_row_index("i")
    frame = frame.with_columns(
        pl.when(pl.col("i") == 2_500).then(pl.lit("E50")).otherwise("comune_sede_lavoro").alias("comune_sede_lavoro")
    )
    frame.drop("i").write_parquet(tmp_path / "siul_cob.parquet")
    with pytest.raises(Rejected, match=r"siul_cob.parquet: comune_sede_lavoro \[formato\]: non ha la forma prevista.*riga 2502 «E50»"):
        archivia([tmp_path / "siul_cob.parquet"], archive, DAY)
    assert snapshots(archive) == []
    done = archivia([tmp_path / "siul_cob.parquet"], archive, DAY, accept=True)
    assert done.estratti[0]["conteggio"] | {"scarti": done.estratti[0]["scarti"]} == {
        "righe": 3_000, "accettate": 2_999, "scartate": 1, "totali": 0, "vuote": 0, "scarti": {"formato": 1},
    }  # fmt: skip


def test_a_repeated_key_of_a_large_file_is_found_across_pieces(tmp_path, archive, pieces):
    frame = communications(3_000)
    pl.concat([frame, frame.head(2)]).write_parquet(tmp_path / "siul_cob.parquet")
    with pytest.raises(Rejected, match=r"id_comunicazione \[chiave\]: ripete la chiave della riga 2; .*\n2 righe scartate"):
        archivia([tmp_path / "siul_cob.parquet"], archive, DAY)
    done = archivia([tmp_path / "siul_cob.parquet"], archive, DAY, accept=True)
    assert done.estratti[0]["conteggio"]["accettate"] == rows_of("siul_cob", archive).height == 3_000


def test_a_year_added_to_large_communications_reads_with_the_others(tmp_path, archive, pieces):
    communications(3_000).write_parquet(tmp_path / "siul_cob.parquet")
    communications(1_500, data_inizio=date(2026, 1, 5)).with_columns("X" + pl.col("id_comunicazione")).write_parquet(
        tmp_path / "anno.parquet"
    )
    archivia([tmp_path / "siul_cob.parquet"], archive, DAY)
    archivia([tmp_path / "anno.parquet"], archive, NEXT, modo=ADDED)
    assert rows_of("siul_cob", archive).height == 4_500
    assert list(altered(archive)) == []


def test_a_table_is_scanned_as_it_was_on_a_day(tmp_path, archive):
    for number, day in enumerate((DAY, NEXT), start=1):
        archivia([register(tmp_path / f"{number}.csv", *(procedure(n) for n in range(number)))], archive, day)
    assert scan(resolve(f"{archive}@2025-12-31"), "vol_procedure").collect().height == 1
    assert scan(archive, "vol_procedure").select("id_unita").collect().height == 2
    with pytest.raises(AnalisiError, match="non ha la tabella misure; ha vol_procedure"):
        scan(archive, "misure")


@pytest.mark.parametrize("days", [[], [None, None], [date(2024, 1, 2), None, date(1, 1, 1), date(9999, 12, 31), date(2024, 1, 2)]])
def test_rows_are_by_day_those_without_one_first_and_equal_ones_as_they_were(days):
    frame = pl.DataFrame({"data_inizio": pl.Series(days, dtype=pl.Date), "n": range(len(days))}, schema_overrides={"n": pl.Int64})
    expected = frame.sort("data_inizio", nulls_last=False, maintain_order=True)
    pieces = {year: rows() for year, rows in layout.years(frame, SIUL_COB, whole=False)}
    assert_frame_equal(pl.concat([frame.clear(), *pieces.values()]), expected)
    found = frame["data_inizio"].dt.year().unique().sort()
    assert list(pieces) == [f"anno={'ignoto' if year is None else year}" for year in found]
