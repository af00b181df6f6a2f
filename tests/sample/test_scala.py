"""Synthetic extracts of any size: exact, the same each time, labelled, and such that their tables agree."""

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.sample import scala
from analisi.sample.scala import piece, write_scale
from analisi.tables.catalogo import CIGS_LAVORATORI, SIUL_COB, VOL_PROCEDURE
from analisi.tables.delivery import controlla
from tests.conftest import analisi


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    place = tmp_path_factory.mktemp("scala") / "e"
    write_scale(place, 20_000)
    return place


def read(folder, name):
    return pl.read_parquet(folder / name / "**/*.parquet", hive_partitioning=False)


@pytest.mark.parametrize("rows", [1, 30, 2_503])
def test_a_piece_has_exactly_the_communications_asked(rows):
    cob = piece(rows, 0, 1, scala._place("italia"))["siul_cob"]
    assert (cob.height, cob["id_comunicazione"].n_unique()) == (rows, rows)


def test_several_pieces_add_up_and_share_nobody(tmp_path, monkeypatch):
    monkeypatch.setattr(scala, "PEZZO", 1_000)
    told = []
    write_scale(tmp_path / "e", 2_300, progress=told.append)
    assert told == [1_000, 1_000, 300]
    cob = read(tmp_path / "e", "siul_cob")
    assert (cob.height, cob["id_comunicazione"].n_unique()) == (2_300, 2_300)
    units = read(tmp_path / "e", "vol_procedure")
    assert units.select("id_procedura", "id_unita").is_unique().all()


def test_the_same_seed_gives_the_same_bytes(folder, tmp_path):
    write_scale(tmp_path / "e", 20_000)
    write_scale(tmp_path / "altri", 20_000, seed=2)
    for path in folder.rglob("*.parquet"):
        assert (tmp_path / "e" / path.relative_to(folder)).read_bytes() == path.read_bytes()
    assert not read(folder, "siul_cob").equals(read(tmp_path / "altri", "siul_cob"))


def test_every_table_is_accepted_whole_and_is_labelled(folder):
    found = controlla(folder, territorio="italia")
    assert found.pulita
    assert [r.provenienza["sintetica"] for r in found.letture] == [True] * len(found.letture)
    assert [r.avvisi.height for r in found.letture] == [0] * len(found.letture)


def test_the_tables_have_the_declared_columns_and_types(folder):
    for table in (VOL_PROCEDURE, CIGS_LAVORATORI, SIUL_COB):
        assert dict(read(folder, table.name).schema) == table.schema


def test_who_lost_the_job_has_the_end_of_it_and_most_others_a_new_one(folder):
    listed, cob = read(folder, "cigs_lavoratori"), read(folder, "siul_cob")
    company = read(folder, "vol_procedure").select("id_unita", pl.col("codice_fiscale_azienda").alias("cf_datore"))
    lost = listed.filter(stato_rapporto="CESSATO").join(company, on="id_unita")
    ended = cob.filter(tipo_comunicazione="CESSAZIONE").select("id_lavoratore", "cf_datore").unique()
    assert lost.join(ended, on=["id_lavoratore", "cf_datore"], how="semi").height > 0.5 * lost.height
    hired = cob.filter(tipo_comunicazione="ASSUNZIONE").join(listed, on="id_lavoratore")
    assert hired.filter(pl.col("data_inizio") > pl.col("data_inizio_sospensione"))["id_lavoratore"].n_unique() > 0.4 * listed.height


def test_each_file_holds_the_communications_sent_in_its_year(folder):
    cob = pl.read_parquet(folder / "siul_cob/**/*.parquet", hive_partitioning=True)
    assert_frame_equal(cob.select(pl.col("anno").cast(pl.Int32)), cob.select(pl.col("data_invio").dt.year().alias("anno")))
    assert cob["anno"].n_unique() > 5


def test_the_command_writes_them_and_refuses_what_is_no_number(tmp_path):
    done = analisi("esempio", "--scala", "2e3", "--uscita", tmp_path / "e", "--territorio", "lombardia")
    assert (done.returncode, "2.000 comunicazioni" in done.stdout) == (0, True)
    assert set(read(tmp_path / "e", "vol_procedure")["sigla_provincia"]) <= {
        "BG",
        "BS",
        "CO",
        "CR",
        "LC",
        "LO",
        "MN",
        "MI",
        "MB",
        "PV",
        "SO",
        "VA",
    }
    for value in ("mille", "0", "1.5", "-4", "nan", "inf"):
        refused = analisi("esempio", "--scala", value, "--uscita", tmp_path / "altri")
        assert (refused.returncode, "serve un numero intero di righe" in refused.stderr) == (2, True), value
    for words in (("--territorio", "italia"), ("--scala", "10", "--sporco"), ("--scala", "10", "--copie", "2")):
        assert analisi("esempio", *words, "--uscita", tmp_path / "altri").returncode == 2
    assert not (tmp_path / "altri").exists()


def test_a_folder_of_other_things_is_not_touched(tmp_path):
    (tmp_path / "miei").mkdir()
    (tmp_path / "miei/appunti.txt").write_text("importante", encoding="utf-8")
    done = analisi("esempio", "--scala", "10", "--uscita", tmp_path / "miei")
    assert (done.returncode, (tmp_path / "miei/appunti.txt").read_text(encoding="utf-8")) == (2, "importante")
