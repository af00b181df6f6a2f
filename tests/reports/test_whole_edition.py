"""Every report notebook in one edition of the synthetic extracts: nothing fails, totals agree between reports, the public profile names nobody."""

import csv
import io
import json
import re
import zipfile
from pathlib import Path

import polars as pl
import pytest

from analisi.indicators.estratti import read_estratti
from analisi.presentation.riservatezza import has_public
from analisi.reports.contract import notebooks
from tests.reports.test_dati_completi import lost

PUBLIC = [path.stem for path in notebooks() if has_public(path.stem)]  # a report that gets a public profile is here by itself


@pytest.fixture(scope="module")
def internal(whole_edition) -> Path:
    return whole_edition


@pytest.fixture(scope="module")
def public(whole_public_edition) -> Path:
    return whole_public_edition


def rows(edition: Path, report: str, name: str) -> pl.DataFrame:
    with (edition / report / "dati" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return pl.DataFrame(list(csv.DictReader(file)), infer_schema_length=None)


def whole(frame: pl.DataFrame, column: str) -> int:
    return frame[column].cast(pl.Int64).sum()


def test_every_page_is_there_and_says_that_data_are_synthetic(internal):
    manifest = json.loads((internal / "manifest.json").read_text(encoding="utf-8"))
    assert {report["esito"] for report in manifest["rapporti"]} == {"riuscito"}
    assert len(manifest["rapporti"]) == len(notebooks()) + 12
    for page in internal.glob("*/*.html"):
        assert "DATI SINTETICI" in page.read_text(encoding="utf-8"), page.name


def test_no_cell_wrote_a_warning(internal):
    """Outputs are blocks of the page: nothing was printed, nothing warned."""
    streams = {}
    for path in internal.glob("*/*.ipynb"):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        found = [o for cell in cells for o in cell.get("outputs", []) if o["output_type"] in ("stream", "error")]
        streams |= {path.name: found} if found else {}
    assert streams == {}


def texts(folder: Path):
    """Every published file, and every part of the workbooks, as text."""
    for path in sorted(folder.rglob("*")):
        if path.suffix in (".xlsx", ".zip"):
            with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as archive:
                for name in archive.namelist():
                    yield f"{path.relative_to(folder)}!{name}", archive.read(name).decode("utf-8", "replace")
        elif path.is_file():
            yield str(path.relative_to(folder)), path.read_bytes().decode("utf-8", "replace")


@pytest.fixture(scope="module")
def named(sample) -> dict[str, set[str]]:
    """What tells a single case or a person in the extracts, by column."""
    dati = read_estratti(str(sample))
    vol, people = dati.tabelle["vol_procedure"], dati.tabelle["cigs_lavoratori"]
    found = {name: set(vol[name]) for name in ("id_procedura", "id_unita", "ragione_sociale", "codice_fiscale_azienda")}
    found["id_lavoratore"] = set(people["id_lavoratore"])
    found["operatore_id"] = set(dati.tabelle["misure"]["operatore_id"])
    found["id_domanda"] = set(dati.tabelle["misure"]["id_domanda"])
    found["id_tavolo"] = set(dati.tabelle["registro_tavoli"]["id_tavolo"])
    return found


PATTERNS = {
    "id_procedura": r"\b(?:CIGS|LIC)-\d{4}-\d+",
    "id_unita": r"\b(?:CIGS|LIC)-\d{4}-\d+-\d+",
    "ragione_sociale": r"Azienda sintetica \d+ S\w+",
    "codice_fiscale_azienda": r"(?<![\w.])\d{11}(?![\w.])",
    "id_lavoratore": r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])",
    "operatore_id": r"OP-\d{3}",
    "id_domanda": r"\b5\d{6}\b",
    "id_tavolo": r"\bT[RB]-\d{4}-\d+",
}


def test_the_patterns_find_every_name_of_the_extracts(named):
    assert [name for name, values in named.items() if any(not re.fullmatch(PATTERNS[name], value) for value in values)] == []


def test_the_public_profile_tells_no_single_case(public, named):
    """On the bytes of every published file."""
    found, read = [], 0
    for place, text in texts(public):
        read += 1
        found += [(place, name) for name, pattern in PATTERNS.items() if any(word in named[name] for word in re.findall(pattern, text))]
    assert found == []
    assert read > 100


def test_the_internal_profile_does_tell_them(internal, named):
    """The same search, where there is something to find."""
    found = {name for _, text in texts(internal) for name, p in PATTERNS.items() if any(w in named[name] for w in re.findall(p, text))}
    assert {"id_procedura", "id_unita", "ragione_sociale"} <= found
    assert "id_lavoratore" not in found
    assert "codice_fiscale_azienda" not in found


def test_the_provinces_of_the_bimonthly_add_up_to_the_region(internal):
    """Units and workers, for each kind of procedure and each count; procedures do not: one may be in several provinces."""
    table = rows(internal, "bimestrale", "procedure_in_corso").with_columns(pl.col("procedure", "unita", "lavoratori").cast(pl.Int64))
    region = table.filter(provincia="TOT").sort("tipo", "voce")
    parts = (
        table.filter(pl.col("provincia") != "TOT")
        .group_by("tipo", "voce")
        .agg(pl.col("procedure", "unita", "lavoratori").sum())
        .sort("tipo", "voce")
    )
    assert parts.select("tipo", "voce", "unita", "lavoratori").equals(region.select("tipo", "voce", "unita", "lavoratori"))
    assert (parts["procedure"] >= region["procedure"]).all()
    assert region.filter(voce="in_corso")["lavoratori"].min() > 0


def test_each_provincial_page_says_what_the_regional_one_says_of_it(internal):
    region = rows(internal, "bimestrale", "procedure_in_corso")
    listed = rows(internal, "bimestrale", "elenco")
    for sigla in sorted(set(region["provincia"]) - {"TOT"}):
        own = rows(internal, f"bimestrale-{sigla}", "procedure_in_corso").filter(provincia=sigla)
        assert own.equals(region.filter(provincia=sigla)), sigla
        assert set(rows(internal, f"bimestrale-{sigla}", "elenco")["id_unita"]) == set(listed.filter(provincia=sigla)["id_unita"]), sigla


def test_the_base_of_the_pal_is_what_the_annual_report_counts(internal):
    """Workers of ministerial CIGS opened in the year: those expected from the sheets, and those in the steps when every sheet came."""
    annual = rows(internal, "annuale", "tavola_provinciale").filter(anno="2025", procedura="cigs_ministeriale")
    expected = dict(annual.select("provincia", "lavoratori").iter_rows())
    coverage = rows(internal, "attivazione_pal", "copertura").filter(trimestre="2025-T4")
    assert {sigla: expected[sigla] for sigla in coverage["provincia"]} == dict(
        coverage.select("provincia", "lavoratori_attesi").iter_rows()
    )
    base = rows(internal, "attivazione_pal", "tassi").filter(trimestre="2025-T4", provincia="TOT", base="tutti").row(0, named=True)
    assert (base["lavoratori"], base["lavoratori"]) == (expected["TOT"], str(whole(coverage, "lavoratori_ricevuti")))


def test_the_steps_of_the_bimonthly_are_those_of_the_quarterly(internal):
    columns = ["provincia", "passo", "lavoratori"]
    funnel = rows(internal, "bimestrale", "imbuto_pal").select(columns).sort(columns)
    steps = rows(internal, "attivazione_pal", "passi").filter(trimestre="2025-T4").select(columns).sort(columns)
    assert funnel.equals(steps)


def test_the_cases_are_the_procedures_of_the_bimonthly(internal):
    """CIGS in course or still to begin on the same day: the same procedures, with the same workers."""
    cases = rows(internal, "casi_complessi", "casi").filter(tipo_procedura="CIGS")
    listed = rows(internal, "bimestrale", "elenco")
    last = "2025-12-31"
    alive = listed.filter((pl.col("data_fine") >= last) | (pl.col("data_fine") == ""))
    assert set(cases["id_procedura"]) == set(alive["id_procedura"])
    assert whole(cases, "lavoratori") == whole(alive, "lavoratori_coinvolti")


def test_the_scenario_starts_from_the_workers_in_course(internal):
    course = rows(internal, "bimestrale", "procedure_in_corso").filter(tipo="tutte", voce="in_corso")
    central = rows(internal, "scenario", "territori").filter(caso="centrale")
    assert dict(central.select("provincia", "coinvolti").iter_rows()) == dict(course.select("provincia", "lavoratori").iter_rows())


def test_the_tables_of_coordination_are_the_same_everywhere_and_as_printed(internal):
    annual = rows(internal, "annuale", "coordinamento")
    counted = dict(annual.filter(pl.col("nucleo") == "").select("tipo", "tavoli").iter_rows())
    assert (counted["regionale"], counted["bilaterale"]) == ("4", "21")
    columns = ["tavoli", "procedure", "lavoratori_incontri", "lavoratori_procedure", "azioni_aperte", "azioni_scadute"]
    bimonthly = rows(internal, "bimestrale", "coordinamento")
    assert (
        bimonthly.filter(pl.col("nucleo") != "")
        .select("nucleo", *columns)
        .equals(annual.filter(pl.col("nucleo") != "").select("nucleo", *columns))
    )
    assert whole(bimonthly.filter(pl.col("nucleo") == "", pl.col("tipo") != "tutti"), "tavoli") == 25


def test_applications_add_up_over_provinces_and_tables(internal):
    counts, money = rows(internal, "misure_pal", "domande"), rows(internal, "misure_pal", "importi")
    every = pl.col("bando") == "TOT"
    parts = money.filter(every, pl.col("provincia") != "TOT")
    assert whole(parts, "domande") == whole(money.filter(every, provincia="TOT"), "domande")
    assert counts.height > 0


@pytest.mark.parametrize("name", PUBLIC)
def test_every_number_of_a_public_page_is_in_its_data_files(public, name):
    assert lost(public / name) == []
