"""The report of the scenario: it says everywhere that it is a calculation, its figures are in its data, it works wherever it is asked."""

import csv
import json
import re
import shutil
from html import unescape

import pytest
from altair.utils.schemapi import validate_jsonschema

from analisi.presentation.dati_scenario import DATI, SOLO_INTERNO
from analisi.tables.catalogo import VOL_PROCEDURE
from analisi.tables.reading import leggi
from tests.conftest import analisi, write_rows, write_territorio
from tests.presentation.test_specs import SCHEMA, specs


def made(folder, source, *args):
    done = analisi("esegui", "scenario", "--fonte", source, *args, "--uscita", folder)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.fixture(scope="module")
def report(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("scenario") / "r", sample)


@pytest.fixture(scope="module")
def provincial(sample, tmp_path_factory):
    return made(tmp_path_factory.mktemp("scenario-bg") / "r", sample, "--provincia", "Bergamo", "--profilo", "pubblico")


def rows(folder, name):
    with (folder / "dati" / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def page(folder):
    return (folder / "scenario.html").read_text(encoding="utf-8")


def words(folder, start="In sintesi</h2>", end="Metodo e limiti</h2>"):
    text = page(folder)
    return (
        re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", text[text.index(start) : text.index(end)])))
        .replace(" .", ".")
        .replace(" ,", ",")
    )


def one(folder, name, **keys):
    return next(row for row in rows(folder, name) if all(row[key] == value for key, value in keys.items()))


def italian(text):
    return f"{int(text):,}".replace(",", ".")


def test_the_folder_holds_page_notebook_workbook_and_data(report):
    found = {path.relative_to(report).as_posix() for path in report.rglob("*") if path.is_file()}
    assert found == {f"scenario.{kind}" for kind in ("html", "ipynb", "xlsx")} | {f"dati/{name}.csv" for name in DATI}
    assert all(list(rows(report, name)[0]) == list(file.columns) for name, file in DATI.items())


def test_the_page_says_that_it_is_a_calculation_in_title_header_box_and_every_figure_and_table(report):
    text, said = page(report), "Calcolo su ipotesi, non previsione"
    assert re.search("<title>[^<]*un calcolo e non una previsione", text)
    assert f'<span class="etichetta">{said}</span>' in text
    assert text.index(f"<p><strong>{said}</strong></p>") < text.index("In sintesi</h2>")
    figures, rest = re.findall("<figure.*?</figure>", text, re.S), re.sub("<figure.*?</figure>", "", text, flags=re.S)
    tables = {re.search("<caption[^>]*><span>(.*?)<", part)[1]: part for part in rest.split('<div class="scorri"')[1:]}
    for part in (
        *figures,
        *(part for title, part in tables.items() if title not in ("Ipotesi del calcolo", "Dati letti", "Parametri e versioni")),
    ):
        assert f"{said}: vale finché valgono le ipotesi." in part
    assert (len(figures), len(tables)) == (4, 8)


def test_every_spec_of_the_report_is_valid(report):
    found = specs(report)
    assert len(found) == 6
    for _, spec in found:
        validate_jsonschema(spec, SCHEMA)


def test_the_box_names_the_hypotheses_that_are_still_placeholders(report, sample, tmp_path):
    text = words(report, "<h1", "In sintesi</h2>")
    for row in rows(report, "ipotesi"):
        assert (f"«{row['etichetta']}»" in text) == (row["stato"] == "ipotesi")
    given = [f"--{row['voce']}={row['centrale'].removesuffix('.0')}" for row in rows(report, "ipotesi") if row["stato"] == "ipotesi"]
    done = words(made(tmp_path / "r", sample, *given, "--quota_imprese_pct=60"), "<h1", "In sintesi</h2>")
    assert "segnaposto," not in done
    assert "Nessuna ipotesi è rimasta segnaposto" in done
    assert "La quota alle imprese (ipotesi: 60%) supera o pareggia quella ai lavoratori" in done


def test_the_counts_are_those_of_the_register(report, sample):
    """Distinct people still suspended on the day of extraction, in units of the CIGS in course, by plain reading of the extracts."""
    vol, people = leggi(sample / "vol_procedure.csv").dati, leggi(sample / "cigs_lavoratori.csv").dati
    day, last = vol["data_estrazione"].max(), {}
    for row in vol.sort("progressivo_versione").iter_rows(named=True):
        last[row["id_procedura"], row["id_unita"]] = row
    running = {
        key: row for key, row in last.items()
        if row["tipo_procedura"] == "CIGS" and "REVOCATA" not in (row["stato"], row["esito_fase"]) and row["data_inizio"] and row["data_inizio"] <= day
        and (row["data_fine"] is None or row["data_fine"] >= day) and row["sigla_provincia"] != "FUORI_REGIONE"
    }  # fmt: skip
    suspended = {
        row["id_lavoratore"] for row in people.iter_rows(named=True)
        if (row["id_procedura"], row["id_unita"]) in running and row["stato_rapporto"] == "SOSPESO"
        and row["data_inizio_sospensione"] <= day <= row["data_fine_prevista"]
    }  # fmt: skip
    whole = one(report, "territori", caso="centrale", provincia="TOT")
    assert int(whole["sospesi"]) == len(suspended) > 0
    assert int(whole["coinvolti"]) == sum(row["lavoratori_coinvolti"] for row in running.values())
    assert int(whole["imprese"]) == len({row["codice_fiscale_azienda"] for row in running.values()})


def test_parts_of_the_territories_sum_to_the_results(report):
    for row in rows(report, "risultati"):
        parts = [part for part in rows(report, "territori") if part["caso"] == row["caso"]]
        assert len(parts) == 13
        for name in ("sospesi", "aderenti", "raggiunti", "non_raggiunti", "imprese", "imprese_aderenti", "imprese_raggiunte"):
            assert sum(int(part[name]) for part in parts if part["provincia"] != "TOT") == int(row[name]), name


def test_the_sentences_and_the_cards_tell_the_figures_of_the_data(report):
    text, row = words(report, end="Le ipotesi</h2>"), one(report, "risultati", caso="centrale")
    assert f"{italian(row['raggiunti'])} su {italian(row['aderenti'])}" in text
    assert (
        f"raggiungono {italian(row['raggiunti'])} lavoratori su {italian(row['aderenti'])} aderenti e {italian(row['destinatari'])} destinatari"
        in text
    )
    assert f"servono in tutto {italian(row['budget_sufficiente_eur'])} euro" in text
    month = ("primo", "secondo", "terzo", "quarto", "quinto", "sesto")[int(row["mese_esaurimento"]) - 1]
    assert f"finiscono nel {month} mese" in text


def test_every_figure_of_the_page_is_in_its_data(report):
    """Numbers of four digits or more, from the summary to the territories, are values of the data files (euro in thousands on an axis apart)."""
    known = {
        f"{float(cell):.10g}"
        for name in DATI
        for row in rows(report, name)
        for cell in row.values()
        if re.fullmatch(r"-?\d+(\.\d+)?", cell)
    }
    text = re.sub(r"<svg.*?</svg>", " ", page(report), flags=re.S)
    text = unescape(re.sub(r"<[^>]+>", " ", text[text.index("In sintesi</h2>") : text.index("Qualità dei dati</h2>")]))
    found = {number.replace(".", "") for number in re.findall(r"(?<![\d,/])\d{1,3}(?:\.\d{3})+(?![\d,])", text)}
    assert len(found) > 50
    assert found - known == set()


def test_a_hypothesis_is_never_told_without_the_word(report):
    said = words(report, end="Le ipotesi</h2>")
    for sentence in re.split(r"(?<=[a-z)%])\. ", said):
        if re.search(r"\d", sentence) and "Sospesi" not in sentence:
            assert "ipotesi" in sentence.lower(), sentence


def test_the_page_of_a_provincia_tells_its_part_of_the_whole(report, provincial):
    mine, same = (one(folder, "territori", caso="centrale", provincia="BG") for folder in (report, provincial))
    assert same == mine | dict.fromkeys(SOLO_INTERNO, "*")  # outside, not how much the lists lack
    assert {row["provincia"] for row in rows(provincial, "territori")} == {"BG", "TOT"}
    text = words(provincial)
    assert (
        f"la sua parte è di {italian(mine['fondi_eur'])} euro e raggiunge {mine['raggiunti']} lavoratori su {mine['aderenti']} aderenti"
        in text
    )
    assert "riguardano Lombardia" in text
    assert rows(report, "risultati") == rows(provincial, "risultati")


def test_no_person_no_company_and_no_case_is_in_any_file(provincial, report, sample):
    register = leggi(sample / "vol_procedure.csv").dati
    names = {value for column in ("ragione_sociale", "codice_fiscale_azienda", "id_procedura", "id_unita") for value in register[column]}
    workers = set(leggi(sample / "cigs_lavoratori.csv").dati["id_lavoratore"])
    for folder in (provincial, report):
        for path in folder.rglob("*"):
            if path.suffix in (".html", ".csv", ".ipynb"):
                text = path.read_text(encoding="utf-8")
                assert not any(name in text for name in names)
                assert not workers & set(re.findall(r"[0-9a-f]{32}", text))


def test_the_executed_notebook_shows_only_blocks(provincial):
    notebook = json.loads((provincial / "scenario.ipynb").read_text(encoding="utf-8"))
    kinds = {kind for cell in notebook["cells"] for output in cell.get("outputs", []) for kind in output.get("data", {})}
    assert kinds <= {"application/vnd.analisi+json", "text/plain", "text/html"}


def test_without_money_nothing_is_financed_and_the_page_says_so(sample, tmp_path):
    folder = made(tmp_path / "r", sample, "--budget_eur", "0")
    assert "con fondi pari a zero (ipotesi) non si finanzia nulla" in words(folder)
    assert {(row["raggiunti"], row["imprese_raggiunte"]) for row in rows(folder, "risultati")} == {("0", "0")}


def test_ample_money_is_said_to_suffice(sample, tmp_path):
    folder = made(tmp_path / "r", sample, "--budget_eur", "90.000.000", "--lavoratori_sospesi", 1000, "--imprese", 40)
    text = words(folder)
    assert "bastano per tutti gli aderenti" in text
    assert "basterebbero anche se aderissero tutti i destinatari" in text
    assert one(folder, "risultati", caso="centrale")["sospesi"] == "1000"
    assert one(folder, "territori", caso="centrale", provincia="TOT")["imprese"] == "40"
    assert "mese dall'avvio, se gli aderenti" not in text


def test_on_a_day_without_cigs_there_is_nobody_and_with_given_totals_no_proportion(sample, tmp_path):
    nobody = words(made(tmp_path / "a", sample, "--data_riferimento", "2015-01-01"))
    assert "al 1º gennaio 2015 non risultano lavoratori sospesi" in nobody
    folder = made(
        tmp_path / "b", sample, "--data_riferimento", "2015-01-01", "--lavoratori_sospesi", 1000, "--imprese", 50, "--provincia", "SO"
    )
    assert "la sua parte non si può calcolare" in words(folder)
    assert one(folder, "territori", caso="centrale", provincia="SO")["raggiunti"] == ""
    assert one(folder, "territori", caso="centrale", provincia="TOT")["raggiunti"] == "400"  # 40% of 1.000


def test_another_territory_without_lists_of_names(tmp_path):
    """A register alone, of three counties: 30 involved in Alba; Colle has none."""
    write_territorio(tmp_path / "isolana.toml", {"I1": "Alba", "I2": "Borgo", "I3": "Colle d'Oro"})
    unit = (
        dict(VOL_PROCEDURE.example)
        if hasattr(VOL_PROCEDURE, "example")
        else {column.name: column.example for column in VOL_PROCEDURE.columns}
    )
    unit |= {"comune_istat": "", "natura": "sintetici", "data_estrazione": "31/12/2025", "lavoratori_coinvolti": "30", "organico_unita": "90", "di_cui_donne": "1", "esuberi_dichiarati": "1"}  # fmt: skip
    units = [
        unit | {"id_procedura": f"CIGS-2025-00000{n}", "id_unita": f"CIGS-2025-00000{n}-01", "sigla_provincia": f"I{n}"} for n in (1, 2)
    ]
    units = [row | {"comune_istat": "097042"} for row in units]
    write_rows(tmp_path / "estratti" / "vol_procedure.csv", list(unit), units)
    folder = made(tmp_path / "r", tmp_path / "estratti", "--territorio", tmp_path / "isolana.toml", "--provincia", "Colle d'Oro")
    text = words(folder)
    assert "Colle d'Oro: non risultano lavoratori sospesi nelle CIGS in corso; la sua parte è zero." in text
    assert "60 coinvolgimenti di unità senza elenco nominativo sono contati fra i sospesi" in text
    assert [(row["provincia"], row["sospesi"]) for row in rows(folder, "territori") if row["caso"] == "centrale"] == [
        ("I3", "0"),
        ("TOT", "60"),
    ]


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (
            ["--adesione_lavoratori_pct", "20;40;120"],
            "--adesione_lavoratori_pct 20;40;120: «120» non è ammesso; serve una percentuale fra 0 e 100",
        ),
        (["--lavoratori_sospesi", "-3"], "--lavoratori_sospesi -3: non è ammesso"),
        (["--imprese", "molte"], "--imprese molte: non è un numero intero"),
        (["--provincia", "Atlantide"], "non è del territorio"),
        (["--fonte", "data/pubblicati"], "non c'è alcun file della tabella vol_procedure"),
    ],
)
def test_a_wrong_parameter_is_told_in_italian_and_nothing_is_published(sample, tmp_path, args, said):
    done = analisi("esegui", "scenario", *(["--fonte", sample] if "--fonte" not in args else []), *args, "--uscita", tmp_path / "r")
    assert (done.returncode != 0, said in done.stderr, (tmp_path / "r").exists()) == (True, True, False), done.stderr


def test_the_page_is_the_same_byte_for_byte_from_elsewhere(report, sample, tmp_path):
    env = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "LANG": "C", "PYTHONHASHSEED": "7"}
    done = analisi("esegui", "scenario", "--fonte", sample, "--uscita", tmp_path / "r", cwd=tmp_path, env=env)
    assert done.returncode == 0, done.stderr
    for name in ("scenario.html", "scenario.xlsx", *(f"dati/{name}.csv" for name in DATI)):
        assert (tmp_path / "r" / name).read_bytes() == (report / name).read_bytes(), name


def test_money_that_pays_nobody_has_its_own_sentence_and_no_price_is_told_for_nobody(sample, tmp_path):
    little = words(made(tmp_path / "a", sample, "--budget_eur", "1000", "--costo_gruppo_eur", "5000"))
    assert "i fondi non bastano per raggiungere alcun lavoratore, qualunque sia l'adesione" in little
    assert "al più 0 lavoratori" not in little
    folder = made(tmp_path / "b", sample, "--adesione_lavoratori_pct", "0")
    assert one(folder, "risultati", caso="centrale")["budget_sufficiente_eur"] == ""
    assert re.search(r"Fondi per tutti i lavoratori aderenti, euro\W+n\.c\.", words(folder))
    assert "nessuna somma raggiunge i lavoratori" not in words(folder)


def test_workers_that_the_lists_lack_are_told_and_not_explained_away(sample, tmp_path):
    source = tmp_path / "e"
    source.mkdir()
    for path in sample.glob("*.csv"):
        shutil.copy(path, source)
    with (sample / "cigs_lavoratori.csv").open(encoding="utf-8-sig", newline="") as file:
        found = list(csv.DictReader(file, delimiter=";"))
    unit = ("id_procedura", "id_unita")
    seen, kept = set(), []  # one worker of each unit only
    for row in found:
        if (key := tuple(row[name] for name in unit)) not in seen:
            seen.add(key)
            kept.append(row)
    write_rows(source / "cigs_lavoratori.csv", list(found[0]), kept)
    (source / "monitoraggio_pal_lavoratori.csv").unlink(missing_ok=True)
    folder = made(tmp_path / "r", source)
    row = one(folder, "territori", caso="centrale", provincia="TOT")
    assert int(row["fuori_elenco"]) > int(row["elenchi_corti"]) > 1
    text, lost = words(folder), italian(row["fuori_elenco"])
    assert (
        f"Gli elenchi di {italian(row['elenchi_corti'])} unità hanno {lost} lavoratori in meno di quelli coinvolti: non sono contati fra i sospesi"
        in text
    )
    assert f"e chi manca dagli elenchi ({lost} lavoratori)" in text
