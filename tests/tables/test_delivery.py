"""Rules between tables, and a folder read as one delivery."""

from analisi.tables.catalogo import TABLES
from analisi.tables.delivery import files_of, read_delivery
from tests.conftest import write_rows

VOL, LIST, PAL = (TABLES[name] for name in ("vol_procedure", "cigs_lavoratori", "monitoraggio_pal"))


def worker(n: int, **change: str) -> dict[str, str]:
    return LIST.example | {"id_lavoratore": f"{n:032x}"} | change


def delivery(folder, **tables):
    for name, rows in tables.items():
        write_rows(folder / f"{name}.csv", TABLES[name].names, rows)
    readings, refused = read_delivery(files_of(folder))
    return {reading.tabella.name: reading for reading in readings}, refused


def rules(reading):
    return sorted({fault["regola"] for fault in reading.difetti.to_dicts()})


def test_a_worker_list_that_adds_up_to_its_procedure_is_clean(tmp_path):
    found, _ = delivery(tmp_path, vol_procedure=[VOL.example], cigs_lavoratori=[worker(n) for n in range(65)])
    assert rules(found["cigs_lavoratori"]) == []


def test_a_worker_list_that_does_not_add_up_is_told_once_with_both_numbers(tmp_path):
    found, _ = delivery(tmp_path, vol_procedure=[VOL.example], cigs_lavoratori=[worker(n) for n in range(60)])
    reading = found["cigs_lavoratori"]
    assert [fault["regola"] for fault in reading.avvisi.to_dicts()] == ["lavoratori_tornano"]
    assert "60 qui, 65 in vol_procedure" in reading.messages(reading.avvisi)[0]
    assert reading.conteggio["accettate"] == 60


def test_only_the_last_version_of_a_unit_counts(tmp_path):
    old = VOL.example | {"lavoratori_coinvolti": "90", "organico_unita": ""}
    found, _ = delivery(
        tmp_path, vol_procedure=[old, VOL.example | {"progressivo_versione": "2"}], cigs_lavoratori=[worker(n) for n in range(65)]
    )
    assert rules(found["cigs_lavoratori"]) == []


def test_a_row_of_an_unknown_procedure_is_rejected_and_counted(tmp_path):
    found, _ = delivery(
        tmp_path,
        vol_procedure=[VOL.example],
        cigs_lavoratori=[*(worker(n) for n in range(65)), worker(99, id_procedura="P-IGNOTA", id_unita="U")],
    )
    reading = found["cigs_lavoratori"]
    assert [(fault["riga"], fault["regola"]) for fault in reading.scarti.to_dicts()] == [(67, "procedura_esiste")]
    assert (reading.conteggio["accettate"], reading.conteggio["scartate"], reading.dati.height) == (65, 1, 65)


def test_the_nucleo_must_be_the_provincia_of_the_unit(tmp_path):
    found, _ = delivery(tmp_path, vol_procedure=[VOL.example], monitoraggio_pal=[PAL.example | {"nucleo": "BG"}])
    reading = found["monitoraggio_pal"]
    assert "nucleo_dell_unita" in rules(reading)
    assert "in vol_procedure: LC" in reading.messages()[0]


def test_suspended_workers_are_compared_with_those_involved(tmp_path):
    rows = [PAL.example, PAL.example | {"trimestre": "2025-T4", "lavoratori_sospesi": "66", "step1_presa_in_carico": "11"}]
    found, _ = delivery(tmp_path, vol_procedure=[VOL.example], monitoraggio_pal=rows)
    reading = found["monitoraggio_pal"]
    assert [(fault["riga"], fault["regola"]) for fault in reading.avvisi.to_dicts()] == [(3, "sospesi_tornano")]


def test_a_measure_names_a_course_that_exists(tmp_path):
    measure, course = TABLES["misure"].example, TABLES["siuf_corsi"].example
    found, _ = delivery(tmp_path, misure=[measure, measure | {"id_domanda": "2", "id_corso_siuf": "C-99999"}], siuf_corsi=[course])
    assert [(fault["riga"], fault["regola"]) for fault in found["misure"].avvisi.to_dicts()] == [(3, "corso_esiste")]


def test_files_that_cannot_be_used_do_not_stop_the_others(tmp_path):
    (tmp_path / "rotto.xlsx").write_bytes(b"PK\x03\x04")
    (tmp_path / "~$aperto.xlsx").write_bytes(b"x")
    (tmp_path / "copia").mkdir()
    write_rows(tmp_path / "copia" / "vol_procedure.csv", VOL.names, [VOL.example])
    found, refused = delivery(tmp_path, vol_procedure=[VOL.example])
    assert len(found) == 1
    assert len(refused) == 1
    assert "rotto.xlsx" in refused[0]
    assert "caricato due volte" in " ".join(found["vol_procedure"].dubbi)
