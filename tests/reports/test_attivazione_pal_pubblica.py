"""The public pages on PAL activation: what is hidden is nowhere, neither to be read nor to be computed, and does not move the page."""

import csv
import re
from dataclasses import replace

import polars as pl
import pytest

from analisi.indicators.monitoraggio import read_monitoraggio
from analisi.presentation import dati_pal, riservatezza
from tests.conftest import analisi
from tests.reports.protetti import published, shown, texts

QUARTER = {"trimestre": "2025-T4", "territorio": "lombardia", "maturita_giorni": 90}


def made(folder, source, *args):
    done = analisi("esegui", "attivazione_pal", "--fonte", source, "--profilo", "pubblico", *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def region(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("pal-pubblica") / "r", sample)


@pytest.fixture(scope="module")
def sondrio(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("pal-so") / "r", sample, "--provincia", "Sondrio")


@pytest.fixture(scope="module")
def protezione(sample):
    return riservatezza.decided(riservatezza.plan_of([("attivazione_pal", {"fonte": str(sample), **QUARTER})]))


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_who_reads_the_published_files_of_region_and_provincia_together_finds_no_protected_cell(region, sondrio, sample):
    found = published(region, sondrio, notebook="attivazione_pal", fonte=str(sample), **QUARTER)
    assert found["motivo"].count() > 50
    assert not found["esposta"].any()
    assert not found["dedotta"].any()


def test_hidden_steps_have_a_sign_and_the_totals_that_can_be_shown_are_there(region, protezione):
    hidden = set(protezione.celle.filter(pl.col("segno") == "*")["cella"])
    signs = {}
    for row in rows(region, "passi"):
        where = "" if row["provincia"] == "TOT" else f" provincia={row['provincia']}"
        signs[f"attivazione_pal.lavoratori passo={row['passo']}{where} trimestre=2025-T4"] = row["lavoratori"] == "*"
    assert {cell for cell, sign in signs.items() if sign} == hidden & set(signs) != set()
    whole = {row["provincia"]: row for row in rows(region, "tassi") if (row["trimestre"], row["base"]) == ("2025-T4", "tutti")}
    assert whole["TOT"]["lavoratori"] == "4377"
    assert sum(row["lavoratori"] != "*" for row in whole.values()) >= 7


def test_what_tells_single_cases_is_not_there(region, sondrio):
    everywhere = {"passi", "tassi", "limiti", "variazioni_tassi", "tempi", "copertura"}
    assert {path.stem for path in (region / "dati").iterdir()} == everywhere | {"motivi_esonero", "tassi_voce", "gruppi_fase"}
    assert {path.stem for path in (sondrio / "dati").iterdir()} == everywhere
    for row in rows(region, "copertura"):
        assert {row[name] for name in ("unita_attese", "unita_ricevute", "lavoratori_attesi", "lavoratori_ricevuti", "quota")} <= {"*", ""}
    for name, count in (("tassi", "unita"), ("tassi", "procedure"), ("tassi_voce", "procedure"), ("variazioni_tassi", "procedure_comuni")):
        assert {row[count] for row in rows(region, name)} == {"*"}
    for folder in (region, sondrio):
        text = "\n".join(texts(folder).values())
        assert not re.search(r"CIGS-2025-\d|rettifica n\.|[0-9a-f]{64}.{0,40}estratto", text)
        assert "None" not in re.sub(r"<script.*?</script>", "", texts(folder)["attivazione_pal.html"], flags=re.S)


def test_intervals_are_rounded_and_rest_on_five_procedures(region, sample):
    stock = read_monitoraggio(str(sample)).stock.filter(trimestre="2025-T4")
    procedures = dict(stock.group_by("provincia").agg(pl.col("id_procedura").n_unique()).rows())
    shown_ = [row for row in rows(region, "tassi") if row["inf95"] not in ("*", "") and row["trimestre"] == "2025-T4"]
    assert {row["provincia"] for row in shown_} >= {"TOT", "MI"}
    for row in shown_:
        assert row["provincia"] == "TOT" or procedures[row["provincia"]] >= 5
        assert all(abs(10 * float(row[name]) - round(10 * float(row[name]))) < 1e-9 for name in ("inf95", "sup95"))


def test_a_median_rests_on_five_companies_of_which_none_prevails(region, sample):
    dati = read_monitoraggio(str(sample))
    people = dati_pal.with_company(dati.lavoratori, dati)
    sizes = (
        people.group_by("provincia", "impresa")
        .len()
        .group_by("provincia")
        .agg(pl.len().alias("imprese"), pl.col("len").max() / pl.col("len").sum())
    )
    known = {place: (companies, share) for place, companies, share in sizes.rows()}
    for row in rows(region, "tempi"):
        if row["provincia"] != "TOT" and row["mediana"] not in ("*", ""):
            assert known[row["provincia"]][0] >= 5
    assert {row["lavoratori"] for row in rows(region, "tempi") if row["provincia"] != "TOT"} == {"*"}


def test_a_page_of_a_few_sites_says_that_its_figures_are_hidden_and_draws_no_empty_figure(sondrio):
    page = texts(sondrio)["attivazione_pal.html"]
    assert "le cifre del trimestre sono oscurate" in page
    assert "la figura non si disegna" in page
    assert {row["lavoratori"] for row in rows(sondrio, "tassi") if row["provincia"] == "SO"} == {"*"}


def _rows_to_move(stock, more, less, places):
    """The row of a site in each place with workers in both steps, so that one of them can change; None where there is none."""
    now = stock.filter(pl.col("trimestre") == "2025-T4", pl.min_horizontal(more, less) >= 1)
    rows = [now.filter(pl.col("provincia") == place, pl.col(name) >= 2)["_riga"] for place, name in zip(places, (less, more), strict=True)]
    return (more, less, [part[0] for part in rows]) if all(map(len, rows)) else None


@pytest.mark.parametrize("provincia", ["", "MI", "PV"])
def test_what_is_hidden_does_not_move_the_page(sample, monkeypatch, provincia, protezione):
    """Workers of two provinces change step where both steps are hidden, and no sum that is shown changes: every block stays the same."""
    dati = read_monitoraggio(str(sample))
    hidden = set(protezione.celle.filter(pl.col("segno") == "*")["cella"])
    pairs = [
        (more, less, places)
        for places in (("MI", "CO"), ("CO", "MI"), ("MB", "MI"), ("CO", "VA"), ("MI", "VA"), ("MI", "LC"))
        for more, less in (("step1", "nessuno"), ("nessuno", "step1"), ("step1", "step2"), ("nessuno", "step2"), ("step2", "step3"))
        if all(
            f"attivazione_pal.lavoratori passo={name.upper()} provincia={place} trimestre=2025-T4" in hidden
            for name in (more, less)
            for place in places
        )
    ]
    stock = dati.stock.with_row_index("_riga")
    chosen = next(found for pair in pairs if (found := _rows_to_move(stock, *pair)))
    more, less, (one, other) = chosen
    sign = pl.when(pl.col("_riga") == one).then(1).when(pl.col("_riga") == other).then(-1).otherwise(0)
    moved = replace(dati, stock=stock.with_columns(pl.col(more) + sign, pl.col(less) - sign).drop("_riga"))
    assert not moved.stock.equals(dati.stock)
    before = shown("attivazione_pal", fonte=str(sample), profilo="pubblico", provincia=provincia)
    # the source of the other run has another name, so that nothing is remembered: it is the only difference
    space = {"fonte": f"{sample}/.", "profilo": "pubblico", "provincia": provincia}
    monkeypatch.setattr("analisi.indicators.monitoraggio.read_monitoraggio", lambda *_: moved)
    monkeypatch.setattr(dati_pal, "read_monitoraggio", lambda *_: moved)
    after = [text.replace(f"{sample}/.", str(sample)) for text in shown("attivazione_pal", **space)]
    assert after == before
