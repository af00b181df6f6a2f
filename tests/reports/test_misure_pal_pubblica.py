"""The public pages of the measures: what is hidden is nowhere to be read or computed, what tells cases is left out, and nothing hidden moves the page."""

import csv

import polars as pl
import pytest

from analisi.indicators import misure_pal as misure
from analisi.indicators.estratti import read_estratti
from analisi.presentation import protezione_misure as protetto
from analisi.presentation import riservatezza
from tests.conftest import analisi
from tests.reports.protetti import published, shown, texts


def made(folder, source, *args):
    done = analisi("esegui", "misure_pal", "--fonte", source, "--profilo", "pubblico", *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def region(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("misure-pubblica") / "r", sample)


@pytest.fixture(scope="module")
def sondrio(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("misure-so") / "r", sample, "--provincia", "Sondrio")


@pytest.fixture(scope="module")
def asked(sample):
    day = read_estratti(str(sample)).estrazione
    return {"fonte": str(sample), "territorio": "lombardia", "data_riferimento": f"{day:%Y-%m-%d}", "anno": 0, "durata_minima_giorni": 1}


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_who_reads_the_published_files_together_finds_no_protected_cell(region, sondrio, asked):
    found = published(region, sondrio, notebook="misure_pal", **asked)
    assert found["motivo"].count() > 10
    assert not found["esposta"].any()
    assert not found["dedotta"].any()


def test_only_protected_files_leave_and_hidden_rows_have_the_sign(region, sondrio, asked):
    assert {path.stem for path in (region / "dati").iterdir()} == set(protetto.FILE)
    celle = riservatezza.decided(riservatezza.plan_of([("misure_pal", asked)])).celle
    hidden = set(celle.filter(pl.col("segno") == "*")["cella"])
    for row in rows(region, "domande"):
        where = {name: row[name] for name in ("bando", "provincia", "stato") if row[name] != "TOT"}
        cell = "misure_pal.domande" + "".join(f" {name}={value}" for name, value in where.items())
        assert (row["domande"] == "*") == (cell in hidden), cell
        assert row["persone"] == "*"
    assert "*" in {row["raggiunto"] for row in rows(region, "copertura_cigs")}
    assert {row["provincia"] for row in rows(sondrio, "importi")} == {"SO"}


def test_a_sum_of_money_or_of_workers_of_one_company_is_hidden(region):
    companies = {row["voce"]: row for row in rows(region, "copertura_cigs") if row["dimensione"] == "provincia"}
    assert companies["SO"]["raggiunto"] == "*"  # ten workers, all of one company
    money = {row["provincia"]: row for row in rows(region, "importi") if row["bando"] == "TOT"}
    assert (money["MN"]["prenotato"], money["SO"]["liquidato"]) == ("*", "*")
    assert float(money["TOT"]["prenotato"]) > 0


def test_no_operator_no_course_and_no_cap_is_on_the_page(region, sondrio, sample):
    operators = set(read_estratti(str(sample)).tabelle["misure"]["operatore_id"].drop_nulls())
    for folder in (region, sondrio):
        text = "\n".join(texts(folder).values())
        assert not any(name in text for name in operators)
        assert "None" not in texts(folder)["misure_pal.html"].split("<script")[0]
        assert "I tetti dei voucher, per lavoratore e per impresa: solo nel profilo interno." in text


@pytest.mark.parametrize("provincia", ["", "SO"])
def test_what_is_hidden_does_not_move_the_page(sample, monkeypatch, provincia):
    """An application of Mantova becomes one of Pavia, both hidden: every block stays the same."""
    before = shown("misure_pal", fonte=str(sample), profilo="pubblico", provincia=provincia)
    true = misure.linked

    def moved(asked, people):
        found = true(asked, people).with_row_index("_riga")
        row = found.filter(provincia="MN", bando="DUL_V")["_riga"][0]
        return found.with_columns(pl.when(_riga=row).then(pl.lit("PV")).otherwise("provincia").alias("provincia")).drop("_riga")

    monkeypatch.setattr(misure, "linked", moved)
    after = shown("misure_pal", fonte=f"{sample}/.", profilo="pubblico", provincia=provincia)
    assert [text.replace(f"{sample}/.", str(sample)) for text in after] == before
