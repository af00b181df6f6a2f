"""The dashboard of the measures: its data files, its words, what must never be in it, and what it says when tables are missing."""

import csv
import json
import re
import shutil
import zipfile

import polars as pl
import pytest

from analisi.presentation.dati_misure import DATI
from analisi.presentation.protezione_misure import FILE
from analisi.tables.reading import leggi
from tests.conftest import analisi, write_rows, write_territorio

COLUMNS_FIXED = {
    "domande": "provincia bando stato domande persone",
    "tetti": "tetto bando anno livelli tetto_eur soggetti oltre eccedenza_eur vicini oltre_pubblico",
    "copertura_cigs": "dimensione voce lavoratori raggiunto quota inf95 sup95 durante in_carico procedure",
    "collegamento": "legame descrizione totale trovati quota",
}
IMPRESA = "01047298888"


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page_of(folder) -> str:
    return (folder / "misure_pal.html").read_text(encoding="utf-8")


def made(folder, fonte, *args):
    done = analisi("esegui", "misure_pal", "--fonte", fonte, *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


def edited(sample, folder, table, change, *without):
    """A copy of the extracts, some tables left out, one changed: `change` takes and gives its rows of text."""
    folder.mkdir(parents=True)
    for path in sample.glob("*.csv"):
        if path.stem not in without:
            shutil.copy(path, folder)
    if table:
        with (sample / f"{table}.csv").open(encoding="utf-8-sig", newline="") as file:
            found = list(csv.DictReader(file, delimiter=";"))
        write_rows(folder / f"{table}.csv", list(found[0]), change(found))
    return folder


def one_company(found):
    """All vouchers to one company of the register, at 2.000 euro."""
    return [row | {"cf_azienda": IMPRESA, "valore_voucher": "2000"} if row["bando"].startswith("FC") else row for row in found]


@pytest.fixture(scope="module")
def inside(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("misure") / "interno", sample)


@pytest.fixture(scope="module")
def companies(sample, tmp_path_factory):
    """Extracts with a company far over its cap."""
    return edited(sample, tmp_path_factory.mktemp("tetti") / "e", "misure", one_company)


@pytest.fixture(scope="module")
def public(companies, tmp_path_factory):
    return made(tmp_path_factory.mktemp("misure") / "pubblico", companies, "--profilo", "pubblico")


def test_the_folder_holds_page_notebook_workbook_and_data(inside):
    found = {path.relative_to(inside).as_posix() for path in inside.rglob("*") if path.is_file()}
    assert found == {f"misure_pal.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}


@pytest.mark.parametrize("name", COLUMNS_FIXED)
def test_data_files_keep_their_columns(inside, name):
    assert list(rows(inside, name)[0]) == COLUMNS_FIXED[name].split()


def test_applications_reconcile_with_the_extract_and_among_themselves(inside, sample):
    extract = leggi(sample / "misure.csv").dati
    told = {(r["provincia"], r["bando"], r["stato"]): int(r["domande"]) for r in rows(inside, "domande")}
    assert told["TOT", "TOT", "TOT"] == extract.height
    by_notice = dict(extract["bando"].value_counts().iter_rows())
    assert {notice: told["TOT", notice, "TOT"] for notice in by_notice} == by_notice
    places = {place for place, *_ in told} - {"TOT"}
    assert sum(told[place, "TOT", "TOT"] for place in places) == extract.height
    money = next(r for r in rows(inside, "importi") if (r["provincia"], r["bando"]) == ("TOT", "TOT"))
    assert float(money["prenotato"]) == pytest.approx(extract["importo_dote_prenotato"].sum())


def test_reached_workers_are_people_of_the_lists(inside, sample):
    listed, asked = leggi(sample / "cigs_lavoratori.csv").dati, leggi(sample / "misure.csv").dati
    whole = next(r for r in rows(inside, "copertura_cigs") if r["dimensione"] == "TOT")
    assert int(whole["lavoratori"]) == listed["id_lavoratore"].n_unique()
    pairs = listed.join(asked, on="id_lavoratore").filter(pl.col("data_avvio") >= pl.col("data_inizio_sospensione"))
    assert int(whole["raggiunto"]) == pairs["id_lavoratore"].n_unique()
    assert float(whole["inf95"]) < float(whole["quota"]) < float(whole["sup95"])


def test_every_observed_worker_has_one_outcome(inside):
    for row in rows(inside, "esiti"):
        parts = [int(row[name]) for name in ("rioccupati", "rientrati", "non_trovati")]
        assert sum(parts) == int(row["osservati"])
        assert int(row["di_frontiera"]) <= int(row["non_trovati"])


def test_the_numbers_of_the_cards_are_in_the_data_files(inside):
    whole = next(r for r in rows(inside, "domande") if (r["provincia"], r["bando"], r["stato"]) == ("TOT", "TOT", "TOT"))
    values = re.findall(r'<span class="valore">([^<]*)</span>', page_of(inside))
    assert values[0] == f"{int(whole['domande']):,}".replace(",", ".")
    lost = next(r for r in rows(inside, "esiti") if (r["base"], r["dimensione"], r["finestra"]) == ("cessati", "TOT", "180"))
    assert values[-1] == f"{float(lost['quota']):.1f}%".replace(".", ",")


def test_the_page_warns_against_reading_too_much(inside):
    page = page_of(inside)
    assert "non vuol dire disoccupato" in page
    assert "non un effetto" in page
    assert "<title>[DATI SINTETICI]" in page


def test_the_page_is_the_same_byte_for_byte_from_elsewhere(inside, sample, tmp_path):
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    done = analisi("esegui", "misure_pal", "--fonte", sample, "--uscita", tmp_path / "r", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    for name in ("misure_pal.html", "misure_pal.xlsx", *(f"dati/{name}.csv" for name in DATI)):
        assert (tmp_path / "r" / name).read_bytes() == (inside / name).read_bytes(), name


def test_inside_a_company_over_its_cap_is_named_and_no_code_is(companies, tmp_path):
    folder = made(tmp_path / "r", companies)
    over = rows(folder, "tetti_imprese")
    name = dict(leggi(companies / "vol_procedure.csv").dati.select("codice_fiscale_azienda", "ragione_sociale").iter_rows())[IMPRESA]
    assert {row["ragione_sociale"] for row in over} == {name}
    assert name in page_of(folder)
    told = {row["tetto"]: int(row["oltre"]) for row in rows(folder, "tetti") if row["bando"] == "FC_II"}
    assert told == {"lavoratore": 0, "impresa": 1}
    nothing_personal(folder, companies)


def published(folder):
    """The path and the text of every published file; of a workbook, of all that is in it."""
    for path in folder.rglob("*"):
        if path.suffix == ".xlsx":
            with zipfile.ZipFile(path) as book:
                yield path, "\n".join(book.read(name).decode("utf-8", "replace") for name in book.namelist())
        elif path.is_file():
            yield path, path.read_text(encoding="utf-8")


def nothing_personal(folder, fonte, *more: str):
    """No pseudonym, tax code or number of an application in any file; nor the words of `more`."""
    vol, asked = leggi(fonte / "vol_procedure.csv").dati, leggi(fonte / "misure.csv").dati
    courses, calls = leggi(fonte / "siuf_corsi.csv").dati, leggi(fonte / "siul_cob.csv").dati
    people = {name for frame in (asked, courses, calls, leggi(fonte / "cigs_lavoratori.csv").dati) for name in frame["id_lavoratore"]}
    codes = {*vol["codice_fiscale_azienda"], *asked["cf_azienda"].drop_nulls(), *calls["cf_datore"], *calls["cf_utilizzatore"].drop_nulls()}
    words = {*codes, *calls["id_comunicazione"], *courses["id_edizione"], *more}
    for path, text in published(folder):
        found = set(re.findall(r"[0-9A-Za-z_-]+", text))
        assert not people & set(re.findall(r"[0-9a-f]{32}", text)), path
        assert not words & found, path
        assert not set(asked["id_domanda"]) & found, path


def test_outside_no_person_company_operator_or_procedure_is_in_any_file(public, companies):
    vol, asked = leggi(companies / "vol_procedure.csv").dati, leggi(companies / "misure.csv").dati
    nothing_personal(public, companies, *vol["id_procedura"], *vol["id_unita"], *asked["operatore_id"])
    for path, text in published(public):
        assert not any(name in text for name in set(vol["ragione_sociale"])), path


def test_outside_the_pieces_on_single_cases_are_left_out(public):
    assert {path.stem for path in (public / "dati").iterdir()} == set(FILE)
    assert not {name for name, file in DATI.items() if file.cases} & set(FILE)
    left_out = ("Quanto si collega fra i sistemi", "Operatori e servizi", "Corsi, risultati e frequenza", "I tetti dei voucher, per lavoratore e per impresa", "I rilievi sui dati")  # fmt: skip
    assert all(f"{what}: solo nel profilo interno." in page_of(public) for what in left_out)


def test_the_executed_notebook_shows_no_frame(public):
    notebook = json.loads((public / "misure_pal.ipynb").read_text(encoding="utf-8"))
    kinds = {kind for cell in notebook["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert kinds <= {"application/vnd.analisi+json", "text/plain", "text/html"}


def test_without_lists_communications_and_courses_the_page_says_what_it_cannot_tell(sample, tmp_path):
    source = edited(sample, tmp_path / "e", "", None, "cigs_lavoratori", "siul_cob", "siuf_corsi", "monitoraggio_pal_lavoratori")
    folder = made(tmp_path / "r", source)
    page = page_of(folder)
    for name in ("cigs_lavoratori", "siuf_corsi", "siul_cob"):
        assert re.search(rf"[Nn]on calcolabile, perché nella cartella non c['’&#39;x27;]+è alcun file di [^.<]*{name}", page), name
    assert [rows(folder, name) for name in ("esiti", "copertura_cigs", "frequenze", "nuovi_lavori")] == [[]] * 4
    assert {row["legame"]: row["totale"] for row in rows(folder, "collegamento")}["misure_cigs"] == ""
    seats = dict(leggi(sample / "misure.csv").dati["operatore_sede_prov"].value_counts().iter_rows())
    told = {row["provincia"]: int(row["domande"]) for row in rows(folder, "domande") if (row["bando"], row["stato"]) == ("TOT", "TOT")}
    assert {place: many for place, many in told.items() if place != "TOT"} == seats


def test_without_the_measures_the_error_names_them(sample, tmp_path):
    source = edited(sample, tmp_path / "e", "", None, "misure")
    done = analisi("esegui", "misure_pal", "--fonte", source, "--uscita", tmp_path / "r")
    assert done.returncode != 0
    assert "non c'è alcun file di misure" in done.stderr
    assert not (tmp_path / "r").exists()


def test_another_territory_and_a_place_without_applications(sample, tmp_path):
    names = {sigla: f"Contea di {sigla}" for sigla in sorted(set(leggi(sample / "vol_procedure.csv").dati["sigla_provincia"]))}
    folder = made(tmp_path / "r", sample, "--territorio", write_territorio(tmp_path / "isolana.toml", names), "--provincia", "LO")
    page = page_of(folder)
    assert "Contea di LO: nessuna domanda" in page
    assert "Lodi" not in page
    assert {row["voce"] for row in rows(folder, "copertura_cigs") if row["dimensione"] == "provincia"} == {"LO"}
    assert rows(folder, "domande") == []


def earlier(found):
    """Communications extracted half a year before the other tables."""
    return [row | {"data_estrazione": "30/09/2025"} for row in found]


def no_courses(found):
    """Applications that name no course, all vouchers small."""
    return [row | {"id_corso_siuf": "", "valore_voucher": "100" if row["valore_voucher"] else ""} for row in found]


def test_communications_that_stop_before_the_day_make_nobody_not_found_beyond_them(sample, inside, tmp_path):
    folder = made(tmp_path / "r", edited(sample, tmp_path / "e", "siul_cob", earlier))
    page = page_of(folder)
    assert "Comunicazioni fino al 30/09/2025, che viene prima del giorno di riferimento" in page
    assert "Le comunicazioni arrivano al 30/09/2025, prima del giorno di riferimento" in page
    assert "Comunicazioni fino al 31/03/2026." in page_of(inside)
    before, after = ({(r["base"], r["finestra"]): r for r in rows(f, "esiti") if r["dimensione"] == "TOT"} for f in (inside, folder))
    for key, row in after.items():
        assert int(row["osservati"]) < int(before[key]["osservati"]), key


def test_vouchers_that_could_not_be_checked_are_told_beside_the_assurance(sample, tmp_path):
    folder = made(tmp_path / "r", edited(sample, tmp_path / "e", "misure", no_courses))
    blind = next(r["casi"] for r in rows(folder, "rilievi") if "con tetti per livello EQF" in r["rilievo"])
    said = "Nessun voucher controllato supera i tetti della Formazione Continua"
    assert f"{said}; {blind} voucher non controllati per livello EQF, perché manca il corso" in page_of(folder)


@pytest.mark.parametrize("days", ["0", "-5", "3651"])
def test_a_duration_that_makes_no_sense_is_refused(sample, tmp_path, days):
    done = analisi("esegui", "misure_pal", "--fonte", sample, f"--durata_minima_giorni={days}", "--uscita", tmp_path / "r")
    assert done.returncode != 0
    assert f"--durata_minima_giorni {days}: deve essere da 1 a 3650" in done.stderr


def test_a_year_with_nothing_has_a_sentence_in_every_section(sample, tmp_path):
    page = page_of(made(tmp_path / "r", sample, "--anno", "1990"))
    sections = re.split("<h2", page)[1:]
    for section in sections:
        body = re.sub(r"<[^>]+>", " ", section.split("</h2>", 1)[1])
        assert len(body.split("?", 1)[-1].strip()) > 10, section[:80]
    assert "gruppi diversi fin dall" not in page
