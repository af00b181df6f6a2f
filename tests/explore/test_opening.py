"""From sources to cubes: the figures are those of the indicators, and what is left out is told."""

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest
from polars.testing import assert_frame_equal

from analisi.errors import AnalisiError
from analisi.explore.cube import Scelte, records, values
from analisi.explore.opening import open_cube, tables_in
from analisi.indicators import casi_gestiti
from analisi.indicators.fonti import read_fonte
from analisi.sources.snapshots import Alterato, archived_files
from analisi.tables.catalogo import SIUL_COB, VOL_PROCEDURE
from analisi.tables.delivery import files_of
from analisi.vintages.archiving import archivia
from tests.conftest import write_rows, write_territorio


def told(cubo, modo: str, misura: str, anno: int) -> pl.DataFrame:
    return values(cubo, Scelte(misura, modo, periodi=(str(anno),)), ["provincia"]).select("provincia", "valore").sort("provincia")


@pytest.mark.parametrize("misura", ["lavoratori", "unita_produttive"])
def test_the_printed_tables_give_the_weights_and_changes_of_the_annual_report(published, misura):
    cubo, totale = open_cube(), published.territorio.totale
    tavola = casi_gestiti.provincial_table(published.casi, totale).filter(pl.col("procedura") == "totale")
    short = "unita" if misura == "unita_produttive" else misura
    before, now = published.anni[-2:]
    variazioni = casi_gestiti.compare_years(casi_gestiti.provincial_table(published.casi, totale), now, before, totale)
    variazioni = variazioni.filter(pl.col("procedura") == "totale")
    for modo, frame, column in (
        ("assoluto", tavola.filter(pl.col("anno") == now), misura),
        ("peso", tavola.filter(pl.col("anno") == now), f"peso_{short}"),
        ("variazione", variazioni, f"variazione_{short}"),
        ("variazione_pct", variazioni, f"variazione_{short}_pct"),
    ):
        expected = frame.filter(pl.col("provincia") != totale).select("provincia", pl.col(column).alias("valore")).sort("provincia")
        assert_frame_equal(told(cubo, modo, misura, now), expected)


@pytest.mark.parametrize("criterio", ["apertura", "accordo", "inizio", "in_corso"])
def test_the_register_gives_the_counts_of_its_criterion(sample, criterio):
    fonte = read_fonte(str(sample), criterio_anno=criterio)
    cubo = open_cube(str(sample), criterio_anno=criterio)
    years = cubo.celle.group_by("anno", "provincia", "categoria").agg(pl.col("unita_produttive", "lavoratori").sum())
    keys = ["anno", "provincia", "procedura"]
    assert_frame_equal(
        years.rename({"categoria": "procedura"}).sort(keys),
        fonte.casi.select([*years.columns[:2], "procedura", "unita_produttive", "lavoratori"]).sort(keys),
    )
    assert (cubo.tempi == ["anno"], cubo.ripete) == ((True, True) if criterio == "in_corso" else (False, False))


def test_the_rows_behind_a_cell_are_as_many_as_its_units_and_sum_to_its_workers(sample):
    cubo = open_cube(str(sample))
    where = {"periodo": ("2025",), "provincia": ("BG",), "categoria": ("licenziamento_collettivo",)}
    found, count = records(cubo, Scelte("lavoratori"), where)
    cell = cubo.celle.filter(pl.col("anno") == 2025, pl.col("provincia") == "BG", pl.col("categoria") == "licenziamento_collettivo")
    assert (count, found["lavoratori_coinvolti"].sum()) == (cell["unita_produttive"].sum(), cell["lavoratori"].sum())
    assert found["ragione_sociale"].null_count() == 0
    assert found["codice_fiscale_azienda"].str.contains(r"^\*{8}\d{3}$|^\(non riportato\)$").all()


def test_the_rows_behind_a_printed_cell_name_file_and_line(published):
    found, count = records(
        open_cube(), Scelte("lavoratori"), {"periodo": ("2024",), "provincia": ("BG",), "categoria": ("cigs_ministeriale",)}
    )
    assert (count, found.select("file", "riga", "unita_produttive", "lavoratori").row(0)) == (
        1,
        ("data/pubblicati/casi_gestiti.csv", 2, 9, 438),
    )


COB = {
    "tipo_comunicazione": "ASSUNZIONE",
    "tipo_contratto": "A.01.00",
    "annullata": "N",
    "comune_sede_lavoro": "F205",
    "data_inizio": "01/03/2030",
}


def cob(folder, **changes: list) -> str:
    """Six communications: a hiring in Milano but for `changes`."""
    rows = [{"id_comunicazione": f"C{n}", **COB, **{name: column[n] for name, column in changes.items()}} for n in range(6)]
    write_rows(folder / "siul_cob.csv", SIUL_COB.names, rows)
    return str(folder)


def test_communications_are_counted_by_event_month_provincia_and_contract(tmp_path):
    source = cob(
        tmp_path,
        tipo_comunicazione=["ASSUNZIONE", "ASSUNZIONE", "CESSAZIONE", "PROROGA", "ASSUNZIONE", "CESSAZIONE"],
        tipo_contratto=["A.01.00", "A.02.00", "A.01.00", "A.02.00", "A.01.01", "A.01.00"],
        comune_sede_lavoro=["F205", "F205", "A794", "F205", "F205", "F205"],
        data_cessazione=["", "", "30/04/2031", "", "", "2031-02-01"],
    )
    found = open_cube(source).celle.filter((pl.col("assunzioni") > 0) | (pl.col("cessazioni") > 0)).rows()
    assert found == [
        (2030, 3, "MI", "A.01", 2, 0),
        (2030, 3, "MI", "A.02", 1, 0),
        (2031, 2, "MI", "A.01", 0, 1),
        (2031, 4, "BG", "A.01", 0, 1),
    ]


def test_annulled_superseded_undated_and_unplaced_communications_do_not_count_and_are_told(tmp_path):
    source = cob(
        tmp_path,
        annullata=["S", "N", "N", "N", "N", "N"],
        rettifica_di=["", "", "C1", "", "", ""],
        data_inizio=["01/03/2030", "01/03/2030", "01/03/2030", "", "01/03/2030", "01/03/2030"],
        comune_sede_lavoro=["F205", "F205", "F205", "F205", "Z999", "F205"],
    )
    cubo = open_cube(source)
    assert cubo.celle["assunzioni"].sum() == 2  # C2, which replaces C1, and C5
    assert [text for text in cubo.avvisi if "Esclus" in text] == [
        "Esclusa 1 comunicazione senza data.",
        "Esclusa 1 comunicazione di comuni che data/riferimento/comuni*.csv non assegna al territorio.",
    ]
    found, count = records(cubo, Scelte("assunzioni"), {"provincia": ("MI",)})
    assert (count, [name for name in found.columns if name in ("id_lavoratore", "cf_datore")]) == (2, [])


def test_the_same_communications_in_parquet_give_the_same_cells(tmp_path):
    source = cob(tmp_path / "testo", data_inizio=["01/03/2030"] * 3 + ["01/05/2030"] * 3)
    frame = pl.read_csv(tmp_path / "testo" / "siul_cob.csv", separator=";", infer_schema=False)
    (tmp_path / "parquet").mkdir()
    frame.with_columns(pl.col("data_inizio").str.to_date("%d/%m/%Y")).write_parquet(tmp_path / "parquet" / "siul_cob.parquet")
    assert_frame_equal(open_cube(str(tmp_path / "parquet")).celle, open_cube(source).celle)


def test_a_communication_file_without_a_needed_column_is_refused(tmp_path):
    write_rows(tmp_path / "siul_cob.csv", [name for name in SIUL_COB.names if name != "tipo_contratto"], [])
    with pytest.raises(AnalisiError, match="manca la colonna «tipo_contratto» della tabella siul_cob"):
        open_cube(str(tmp_path))


def test_the_tables_of_a_source_are_found_by_the_names_of_its_files(sample, tmp_path):
    assert tables_in(str(sample)) == ["vol_procedure", "siul_cob"]
    assert tables_in("data/pubblicati") == ["casi_gestiti"]
    assert tables_in(str(tmp_path)) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("non/esiste",), "fonte «non/esiste»: il file o la cartella non esiste"),
        (("data/pubblicati", "lombardia", "siul_cob"), "nella fonte non c'è la tabella siul_cob; disponibili: casi_gestiti"),
        (("data/pubblicati", "lombardia", "cigs"), "tabella «cigs»: sconosciuta"),
        (("data/pubblicati", "lombardia", "", "chiusura"), "criterio_anno «chiusura»: sconosciuto"),
        (("data/pubblicati", "atlantide"), "territorio «atlantide» assente"),
    ],
)
def test_a_wrong_source_is_told_in_italian(arguments, said):
    with pytest.raises(AnalisiError, match=said):
        open_cube(*arguments)


def test_another_territory_has_its_own_provinces(region):
    cubo = open_cube(str(region), str(region / "isolana.toml"))
    assert values(cubo, Scelte("lavoratori"), ["provincia"])["provincia"].to_list() == [f"I{n}" for n in range(7)]


def test_a_territory_of_other_provinces_has_none_of_the_comuni(tmp_path):
    write_territorio(tmp_path / "isolana.toml", {"I0": "Alba"})
    with pytest.raises(AnalisiError, match="nessuna assunzione o cessazione con una data e un comune del territorio Isolana"):
        open_cube(cob(tmp_path / "dati"), str(tmp_path / "isolana.toml"))


@pytest.fixture(scope="module")
def archive(sample, tmp_path_factory) -> Path:
    """The register and the communications of the synthetic extracts, archived."""
    place = tmp_path_factory.mktemp("archiviati") / "archivio"
    files = [path for name in (VOL_PROCEDURE.name, SIUL_COB.name) for path in files_of(sample) if path.name.startswith(name)]
    archivia(files, place, date(2026, 1, 15), accept=True)
    return place


@pytest.mark.parametrize("tabella", [VOL_PROCEDURE.name, SIUL_COB.name])
def test_an_archive_has_the_figures_of_the_extracts_it_was_made_from(sample, archive, tabella):
    assert tables_in(str(archive)) == [VOL_PROCEDURE.name, SIUL_COB.name]
    mine, theirs = (open_cube(str(fonte), tabella=tabella) for fonte in (f"{archive}@2026-01-15", sample))
    assert_frame_equal(mine.celle, theirs.celle, check_row_order=False)


def test_an_archived_file_that_was_altered_is_named(archive, tmp_path):
    copy = shutil.copytree(archive, tmp_path / "archivio")
    file = next(iter(archived_files(copy, SIUL_COB.name)))
    file.chmod(0o644)
    file.write_bytes(file.read_bytes()[:-1] + b"2")
    with pytest.raises(Alterato, match=file.name):
        open_cube(str(copy), tabella=SIUL_COB.name)


def test_an_archive_without_snapshots_on_a_day_is_told(archive):
    with pytest.raises(AnalisiError, match="non ha ancora scatti a quella data; il primo è del 15/01/2026"):
        open_cube(f"{archive}@2025-12-31")
