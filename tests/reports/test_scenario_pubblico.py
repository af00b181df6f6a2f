"""The public pages of the scenario: results of the whole territory, and of the provinces only what their counts may tell."""

import csv
import re

import polars as pl
import pytest

from analisi.errors import AnalisiError
from analisi.indicators import scenario
from analisi.indicators.estratti import read_estratti
from analisi.presentation import dati_scenario, riservatezza
from tests.conftest import analisi
from tests.reports.protetti import published, shown, texts

KEYS = {"territorio": "lombardia", "lavoratori_sospesi": 0, "imprese": 0}


def made(folder, source, *args):
    done = analisi("esegui", "scenario", "--fonte", source, "--profilo", "pubblico", *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def region(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("scenario-pubblico") / "r", sample)


@pytest.fixture(scope="module")
def lodi(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("scenario-lo") / "r", sample, "--provincia", "Lodi")


@pytest.fixture(scope="module")
def asked(sample):
    day = read_estratti(str(sample)).estrazione
    return {"fonte": str(sample), "data_riferimento": f"{day:%Y-%m-%d}", **KEYS}


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_the_rows_of_sites_and_companies_are_those_counted(sample):
    dati = read_estratti(str(sample))
    counted, day = scenario.counted(dati, dati.estrazione), dati.estrazione
    people = dict(scenario.suspended(dati, day).group_by("provincia").agg(pl.col("sospesi").sum()).rows())
    firms = dict(scenario.companies(dati, day).group_by("provincia").len().rows())
    assert people == dict(counted.filter(pl.col("provincia").is_in(list(people)))["provincia", "sospesi"].rows())
    assert firms == {place: count for place, count in counted["provincia", "imprese"].rows() if count}


def test_who_reads_the_published_files_together_finds_no_protected_cell(region, lodi, asked):
    found = published(region, lodi, notebook="scenario", **asked)
    assert found["motivo"].count() > 0
    assert not found["esposta"].any()
    assert not found["dedotta"].any()


def test_hidden_provinces_have_a_sign_in_every_column_that_follows_them(region, asked):
    celle = riservatezza.decided(riservatezza.plan_of([("scenario", asked)])).celle
    hidden = set(celle.filter(pl.col("segno") == "*")["cella"])
    assert hidden
    for row in rows(region, "territori"):
        if row["provincia"] == "TOT":
            assert "*" not in (row["sospesi"], row["raggiunti"], row["imprese"])
            continue
        for kind, names in (("sospesi", dati_scenario.SEGUE_SOSPESI), ("imprese", dati_scenario.SEGUE_IMPRESE)):
            told = f"scenario.{kind} provincia={row['provincia']}" in hidden
            assert all((row[name] == "*") == told for name in names), row
        assert {row[name] for name in dati_scenario.SOLO_INTERNO} == {"*"}


def test_the_results_of_the_territory_are_those_of_the_internal_profile(region, sample, tmp_path):
    done = analisi("esegui", "scenario", "--fonte", sample, "--uscita", tmp_path / "r")
    assert done.returncode == 0, done.stderr
    for name in ("ipotesi", "risultati", "adesione", "curva", "tornado"):
        assert rows(region, name) == rows(tmp_path / "r", name)


def test_the_page_of_a_hidden_provincia_says_so_and_claims_nothing_else(lodi):
    page = re.sub(r"<[^>]+>", " ", texts(lodi)["scenario.html"])
    assert "sono oscurati per riservatezza" in page or "non risultano lavoratori sospesi" in page
    assert "None" not in page
    assert "unità hanno" not in page


def test_what_is_hidden_does_not_move_the_page(sample, asked, monkeypatch):
    """Two hidden provinces exchange workers and companies: every block of the region's page stays the same."""
    celle = riservatezza.decided(riservatezza.plan_of([("scenario", asked)])).celle
    hidden = [cell.split("=")[1] for cell in celle.filter(pl.col("segno") == "*", pl.col("misura") == "sospesi")["cella"]]
    one, other = hidden[:2]
    before = shown("scenario", fonte=str(sample), profilo="pubblico")
    true, rows_ = scenario.counted, scenario.suspended

    def moved(dati, giorno):
        sign = pl.when(provincia=one).then(1).when(provincia=other).then(-1).otherwise(0)
        return true(dati, giorno).with_columns(pl.col("sospesi") + sign)

    def moved_rows(dati, giorno):
        rows = rows_(dati, giorno).with_row_index("_riga")
        some = rows.filter(pl.col("sospesi") > 1)
        chosen = {place: some.filter(provincia=place)["_riga"][0] for place in (one, other)}
        sign = pl.when(_riga=chosen[one]).then(1).when(_riga=chosen[other]).then(-1).otherwise(0)
        return rows.with_columns(pl.col("sospesi") + sign).drop("_riga")

    monkeypatch.setattr(scenario, "counted", moved)
    monkeypatch.setattr(scenario, "suspended", moved_rows)
    after = [text.replace(f"{sample}/.", str(sample)) for text in shown("scenario", fonte=f"{sample}/.", profilo="pubblico")]
    assert after == before


def test_a_territory_whose_totals_are_hidden_has_no_public_page(sample):
    class Veiled:
        pubblica = True

        def mask(self, _, frame):
            return frame.with_columns(sospesi=pl.lit(None, pl.Int64))

    dati = read_estratti(str(sample))
    with pytest.raises(AnalisiError, match="troppo poche imprese"):
        dati_scenario.audience(scenario.platea(dati, dati.estrazione), "TOT", Veiled())
