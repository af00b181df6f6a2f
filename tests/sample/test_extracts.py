"""The synthetic extracts: they add up to the printed figures, keep every declared rule, and are the same on every run."""

import re

import polars as pl
import pytest
from polars.testing import assert_frame_equal
from stdnum.it import iva

from analisi.sample import extracts as sample
from analisi.sources.text import read_csv_text
from analisi.tables.catalogo import ESTRATTI, MESI_MASSIMI, MOTIVI_CONTO, MOTIVI_NO_PAL, PASSI, PASSI_CONTO, TABLES
from analisi.vocabulary import load_territorio

CASI = ["anno", "provincia", "procedura"]
PROCEDURA = {"A": "cigs_ministeriale", "B": "cigs_regionale", "C": "cigs_regionale", "D": "licenziamento_collettivo"}
TABLE = pytest.mark.parametrize("table", ESTRATTI, ids=lambda table: table.name)
RULES = [pytest.param(table, rule, id=f"{table.name}.{rule.code}") for table in ESTRATTI for rule in table.rules]


@pytest.fixture(scope="module")
def frames() -> dict[str, pl.DataFrame]:
    return sample.extracts()


@pytest.fixture(scope="module")
def printed(workspace) -> pl.DataFrame:
    casi = read_csv_text(workspace / "data/pubblicati/casi_gestiti.csv")
    return casi.with_columns(pl.col("anno", "unita_produttive", "lavoratori").cast(pl.Int64).fill_null(0)).sort(CASI)


@pytest.fixture(scope="module")
def base_pal(workspace) -> dict[str, str]:
    return read_csv_text(workspace / "data/pubblicati/attivazione_pal.csv").row(0, named=True)


def last_versions(vol: pl.DataFrame) -> pl.DataFrame:
    return vol.sort("progressivo_versione").group_by("id_procedura", "id_unita").last()


def counted(vol: pl.DataFrame) -> pl.DataFrame:
    return last_versions(vol).filter(pl.col("stato") != "REVOCATA")


def aggregated(vol: pl.DataFrame) -> pl.DataFrame:
    keys = [
        pl.col("data_apertura").dt.year().cast(pl.Int64).alias("anno"),
        pl.col("sigla_provincia").alias("provincia"),
        pl.col("tipologia_linee_guida").replace_strict(PROCEDURA).alias("procedura"),
    ]
    units, workers = pl.col("id_unita").n_unique().cast(pl.Int64), pl.col("lavoratori_coinvolti").sum()
    return counted(vol).group_by(keys).agg(unita_produttive=units, lavoratori=workers).sort(CASI)


def year_end(frames: dict[str, pl.DataFrame], name: str) -> pl.DataFrame:
    """The rows of the last quarter; of the sheets sent twice, the second."""
    rows = frames[name].filter(pl.col("trimestre") == pl.col("trimestre").max())
    if "progressivo_invio" not in rows.columns:
        return rows
    return rows.filter(pl.col("progressivo_invio") == pl.col("progressivo_invio").max().over("nucleo"))


# Sums


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_units_and_workers_are_the_printed_ones(seed, printed):
    vol = sample.extracts(seed)["vol_procedure"]
    assert_frame_equal(aggregated(vol), printed.filter(pl.col("unita_produttive") > 0))


def test_casi_gestiti_are_the_printed_rows(frames, printed):
    assert_frame_equal(frames["casi_gestiti"].sort(CASI), printed)


def test_each_unit_of_a_cigs_has_a_list_of_as_many_workers(frames):
    cigs = counted(frames["vol_procedure"]).filter(tipo_procedura="CIGS")
    listed = frames["cigs_lavoratori"].group_by("id_procedura", "id_unita").agg(lavoratori_coinvolti=pl.len().cast(pl.Int64))
    wanted = cigs.select("id_procedura", "id_unita", "lavoratori_coinvolti")
    assert_frame_equal(listed, wanted, check_row_order=False)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_printed_share_of_workers_has_an_activated_pal_at_the_end_of_the_year(seed, base_pal):
    last = year_end(sample.extracts(seed), "monitoraggio_pal")
    workers, share = int(base_pal["lavoratori_base"]), int(base_pal["quota_attivati_pct"])
    assert last["lavoratori_sospesi"].sum() == workers
    assert last["step4_pal_attivate"].sum() == round(workers * share / 100)


def test_second_scale_doubles_the_sums_with_other_workers_and_companies(frames, printed):
    twice = sample.extracts(scale=2)
    assert_frame_equal(
        aggregated(twice["vol_procedure"]), aggregated(frames["vol_procedure"]).with_columns(pl.col("unita_produttive", "lavoratori") * 2)
    )
    assert twice["casi_gestiti"]["lavoratori"].sum() == 2 * printed["lavoratori"].sum()
    for column in ("id_procedura", "codice_fiscale_azienda"):
        first, second = (
            twice["vol_procedure"].head(len(frames["vol_procedure"]))[column],
            twice["vol_procedure"].tail(-len(frames["vol_procedure"]))[column],
        )
        assert set(first) & set(second) == set()
    assert twice["cigs_lavoratori"]["id_lavoratore"].n_unique() > 1.9 * frames["cigs_lavoratori"]["id_lavoratore"].n_unique()


def test_as_many_meetings_as_printed(frames, workspace):
    tavoli = read_csv_text(workspace / "data/pubblicati/coordinamento.csv").select(
        pl.col("anno").cast(pl.Int32), pl.col("tipo").str.to_uppercase(), pl.col("tavoli").cast(pl.UInt32)
    )
    held = frames["registro_tavoli"].group_by(pl.col("data").dt.year().alias("anno"), "tipo").agg(tavoli=pl.len())
    assert_frame_equal(held, tavoli, check_row_order=False)


# Steps of the PAL


def test_counts_of_each_nucleo_are_those_of_its_workers(frames):
    keys = ["nucleo", "trimestre", "id_procedura", "id_unita"]
    sheets = frames["monitoraggio_pal"].sort("progressivo_invio").group_by(keys).last()
    steps = {name: (pl.col("step") == code).sum().cast(pl.Int64) for code, name in zip(PASSI, PASSI_CONTO, strict=True)}
    reasons = {name: (pl.col("motivo") == code).sum().cast(pl.Int64) for code, name in zip(MOTIVI_NO_PAL, MOTIVI_CONTO, strict=True)}
    workers = frames["monitoraggio_pal_lavoratori"].group_by(keys).agg(**steps, **reasons)
    lists = frames["cigs_lavoratori"].group_by("id_unita").agg(lavoratori_sospesi=pl.len().cast(pl.Int64))
    names = ["lavoratori_sospesi", *steps, "non_ancora_presi", *reasons]
    expected = (
        sheets.select(keys)
        .join(workers, on=keys, how="left")
        .join(lists, on="id_unita", how="left")
        .with_columns(pl.col(names[1:6] + names[7:]).fill_null(0))
    )
    expected = expected.with_columns(non_ancora_presi=pl.col("lavoratori_sospesi") - pl.sum_horizontal(PASSI_CONTO))
    assert_frame_equal(sheets.select(*keys, pl.col(names).fill_null(0)), expected.select(*keys, *names), check_row_order=False)


def test_first_of_two_sheets_is_the_wrong_one(frames):
    keys = ["nucleo", "trimestre", "id_unita"]
    sheets = frames["monitoraggio_pal"]
    both = sheets.filter(progressivo_invio=1).join(sheets.filter(progressivo_invio=2), on=keys, suffix="_2")
    assert both.select("nucleo", "trimestre").n_unique() in (2, 3)
    assert (both["data_invio"] < both["data_invio_2"]).all()
    assert (both["step4_pal_attivate"] != both["step4_pal_attivate_2"]).any()


def test_steps_never_go_back(frames):
    rank = pl.col("step").replace_strict({"STEP1": 1, "STEP2": 2, "STEP3": 3, "STEP4": 4, "NO_PAL": 5}, return_dtype=pl.Int64)
    rows = frames["monitoraggio_pal_lavoratori"].sort("trimestre").with_columns(passo=rank)
    back = rows.filter((pl.col("passo") < pl.col("passo").shift(1)).over("id_lavoratore", "id_procedura"))
    assert back.is_empty()


def test_step_is_reached_within_its_quarter_and_not_before_the_suspension(frames):
    lists = frames["cigs_lavoratori"].select("id_lavoratore", "id_procedura", "data_inizio_sospensione")
    rows = frames["monitoraggio_pal_lavoratori"].join(lists, on=["id_lavoratore", "id_procedura"])
    quarter = pl.format("{}-T{}", pl.col("data_step").dt.year(), pl.col("data_step").dt.quarter())
    assert rows.height == frames["monitoraggio_pal_lavoratori"].height
    assert rows.filter((quarter > pl.col("trimestre")) | (pl.col("data_step") < pl.col("data_inizio_sospensione"))).is_empty()


def test_progress_differs_by_nucleo(frames):
    shares = (
        year_end(frames, "monitoraggio_pal").group_by("nucleo").agg(pl.col("step4_pal_attivate").sum() / pl.col("lavoratori_sospesi").sum())
    )
    assert shares["step4_pal_attivate"].std() > 0.1


# Between tables


def test_revoked_procedures_are_a_few_and_have_no_workers_in_the_lists(frames):
    revoked = last_versions(frames["vol_procedure"]).filter(stato="REVOCATA")["id_procedura"].unique()
    assert 5 <= len(revoked) <= 10
    assert set(revoked) & set(frames["cigs_lavoratori"]["id_procedura"]) == set()


def test_some_workers_are_in_two_procedures_and_none_twice_in_one(frames):
    lists = frames["cigs_lavoratori"]
    assert lists.select(pl.struct("id_lavoratore", "id_procedura").n_unique()).item() == lists.height
    assert 0 < lists.height - lists["id_lavoratore"].n_unique() < lists.height / 10


def test_openings_of_december_lead_to_agreements_of_the_next_year(frames):
    years = pl.col("data_accordo").dt.year() > pl.col("data_apertura").dt.year()
    crossing = frames["vol_procedure"].filter(years)
    assert crossing.height > 10
    assert set(crossing["data_apertura"].dt.month()) <= {10, 11, 12}


def test_every_course_of_an_application_is_in_siuf(frames):
    assert set(frames["misure"]["id_corso_siuf"].drop_nulls()) == set(frames["siuf_corsi"]["id_corso"])


def test_a_job_found_is_with_another_company_after_the_end_of_the_first(frames):
    cob = frames["siul_cob"]
    found = cob.filter(tipo_comunicazione="ASSUNZIONE").join(
        cob.filter(tipo_comunicazione="CESSAZIONE"), on="id_lavoratore", suffix="_prima"
    )
    days = (found["data_inizio"] - found["data_cessazione_prima"]).dt.total_days()
    assert found.height > 100
    assert (found["cf_datore"] != found["cf_datore_prima"]).all()
    assert days.is_between(1, 370).all()


def test_corrections_of_cob_name_an_earlier_communication(frames):
    cob = frames["siul_cob"]
    named = cob["rettifica_di"].drop_nulls()
    assert len(named) > 0
    assert set(named) <= set(cob["id_comunicazione"])


# Form


@TABLE
def test_frame_has_the_columns_and_types_of_its_table(frames, table):
    assert dict(frames[table.name].schema) == table.schema


@TABLE
def test_key_is_unique_at_every_scale(table):
    rows = sample.extracts(scale=3)[table.name]
    assert rows.select(pl.struct(table.key).n_unique()).item() == rows.height > 0


@TABLE
def test_required_columns_are_full(frames, table):
    assert [name for name in table.required if frames[table.name][name].null_count()] == []


@TABLE
def test_codes_are_those_admitted(frames, table):
    unknown = {c.name: set(frames[table.name][c.name].drop_nulls()) - set(c.codes) for c in table.columns if c.codes}
    assert {name: codes for name, codes in unknown.items() if codes} == {}


@TABLE
def test_texts_have_their_whole_form(frames, table):
    texts = [(c.name, c.pattern, text) for c in table.columns if c.pattern for text in frames[table.name][c.name].drop_nulls().unique()]
    assert [(name, text) for name, pattern, text in texts if not re.fullmatch(pattern, text)] == []


@TABLE
def test_numbers_are_within_their_bounds(frames, table):
    bounded = [(c, frames[table.name][c.name].drop_nulls()) for c in table.columns if c.minimum is not None]
    assert [c.name for c, values in bounded if not values.is_between(c.minimum, c.maximum).all()] == []


@TABLE
def test_provinces_are_those_of_the_territory(frames, table):
    known = set(load_territorio().sigle)
    found = {c: set(frames[table.name][c.name].drop_nulls()) for c in table.columns if c.type == "provincia"}
    assert [c.name for c, sigle in found.items() if sigle - known - ({"FUORI_REGIONE"} if c.outside else set())] == []


@TABLE
def test_tax_codes_have_a_valid_check_digit(frames, table):
    names = [c.name for c in table.columns if c.type == "impresa"]
    assert [
        code for name in names for code in frames[table.name][name].drop_nulls().unique() if len(code) != 11 or not iva.is_valid(code)
    ] == []


@TABLE
def test_workers_are_pseudonyms(frames, table):
    names = [c.name for c in table.columns if c.type == "pseudonimo"]
    assert all(frames[table.name][name].str.contains("^[0-9a-f]{32}$").all() for name in names)


@pytest.mark.parametrize(("table", "rule"), RULES)
def test_no_row_breaks_a_rule(frames, table, rule):
    broken = frames[table.name].filter(rule.expression(load_territorio()))
    assert rule.severity == "avviso" or broken.is_empty()
    assert broken.height <= (0.05 * frames[table.name].height if rule.code == "lic_almeno_cinque" else 0)


def test_every_table_says_that_it_is_synthetic(frames):
    labelled = [table.name for table in ESTRATTI if "natura" in table.names]
    assert len(labelled) == len(ESTRATTI) - 1  # casi_gestiti repeats the printed rows
    assert all(set(frames[name]["natura"]) == {"sintetici"} for name in labelled)
    assert all(frames[name]["fonte"].str.ends_with("(dati sintetici)").all() for name in labelled)
    assert frames["vol_procedure"]["ragione_sociale"].str.starts_with("Azienda sintetica ").all()


def test_some_tax_codes_start_with_zero(frames):
    assert 0 < frames["vol_procedure"]["codice_fiscale_azienda"].str.starts_with("0").mean() < 0.5


def test_every_cause_with_a_longest_duration_is_there(frames):
    assert set(MESI_MASSIMI) <= set(frames["vol_procedure"]["causale"])


def test_same_seed_gives_the_same_frames_and_another_seed_others(frames):
    again, other = sample.extracts(), sample.extracts(seed=2)
    for name in TABLES.keys() & frames.keys():
        assert_frame_equal(frames[name], again[name])
    assert not frames["vol_procedure"].equals(other["vol_procedure"])
