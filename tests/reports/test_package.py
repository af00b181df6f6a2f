"""The zip of an edition: verified, the same bytes each time, whole; and the PDFs a browser makes for it."""

import errno
import hashlib
import json
import os
import re
import shutil
import stat
import time
import zipfile
from pathlib import Path

import pytest

from analisi.cli import main
from analisi.errors import AnalisiError
from analisi.reports import package, printing
from analisi.reports.package import NotVerified, NotWritten, pack
from analisi.reports.printing import NotPrinted, find_browser
from analisi.reports.verify import verify
from tests.reports.edizioni import manifest, province, whole, write


@pytest.fixture
def edition(tmp_path) -> Path:
    return write(tmp_path / "edizione", whole())


@pytest.fixture
def fake_browser(tmp_path, monkeypatch) -> Path:
    """A program that writes as PDF what ANALISI_PROVA_STAMPA says, or fails."""
    program = tmp_path / "programmi" / "browser"
    program.parent.mkdir()
    program.write_text(
        '#!/bin/sh\nfor a in "$@"; do case "$a" in --print-to-pdf=*) out="${a#*=}";; esac; done\neval "$ANALISI_PROVA_STAMPA"\n',
        encoding="utf-8",
    )
    program.chmod(0o755)
    monkeypatch.setenv("ANALISI_BROWSER_PDF", str(program))
    return program


def test_the_zip_holds_every_file_under_one_folder(edition, tmp_path):
    done = pack(edition, tmp_path / "p.zip")
    (edition / ".DS_Store").write_bytes(b"x")
    names = {
        f"prova-annuale/{path.relative_to(edition).as_posix()}"
        for path in edition.rglob("*")
        if path.is_file() and path.name != ".DS_Store"
    }
    with zipfile.ZipFile(done.path) as archive:
        assert archive.namelist() == sorted(archive.namelist())
        assert set(archive.namelist()) == names
        assert archive.testzip() is None
        assert archive.read("prova-annuale/manifest.json") == (edition / "manifest.json").read_bytes()
    data = done.path.read_bytes()
    assert (done.files, done.pdfs, done.size, done.sha256) == (len(names), 0, len(data), hashlib.sha256(data).hexdigest())


def test_the_unpacked_edition_passes_the_check(edition, tmp_path):
    with zipfile.ZipFile(pack(edition, tmp_path / "p.zip").path) as archive:
        archive.extractall(tmp_path / "copia")
    assert verify(tmp_path / "copia" / "prova-annuale") == []


def test_the_same_edition_gives_the_same_bytes_wherever_and_whenever(edition, tmp_path):
    copy = tmp_path / "altro posto"
    shutil.copytree(edition, copy)
    for path in copy.rglob("*"):
        os.utime(path, (time.time() - 1e8,) * 2)
        path.chmod(0o700)
    first, second = pack(edition, tmp_path / "a.zip"), pack(copy, tmp_path / "b" / "b.zip")
    assert first.path.read_bytes() == second.path.read_bytes()
    with zipfile.ZipFile(first.path) as archive:
        assert {(info.date_time, info.external_attr >> 16, info.create_system, info.extra) for info in archive.infolist()} == {
            ((1980, 1, 1, 0, 0, 0), 0o100644, 3, b"")
        }


def test_an_edition_with_findings_is_refused_and_an_older_package_stays(edition, tmp_path):
    (tmp_path / "p.zip").write_bytes(b"di prima")
    (edition / "confronto.csv").unlink()
    with pytest.raises(NotVerified, match=r"(?s)la verifica non è superata.*confronto\.csv: il file manca"):
        pack(edition, tmp_path / "p.zip")
    assert (tmp_path / "p.zip").read_bytes() == b"di prima"


def test_many_findings_are_told_in_part(edition, tmp_path):
    for number in range(30):
        (edition / f"{number:02}.txt").write_text("x", encoding="utf-8")
    with pytest.raises(NotVerified, match=r"\.\.\. e altri 10$"):
        pack(edition, tmp_path / "p.zip")


@pytest.mark.parametrize("name", ["edizione/p.zip", "edizione/annuale/p.zip", "edizione/../edizione/p.zip"])
def test_a_package_inside_the_edition_is_refused(edition, tmp_path, name):
    with pytest.raises(AnalisiError, match="non può stare nella cartella dell'edizione"):
        pack(edition, tmp_path / name)


def test_a_folder_is_no_package(edition, tmp_path):
    with pytest.raises(AnalisiError, match="è una cartella"):
        pack(edition, tmp_path)


@pytest.mark.parametrize(("number", "said"), [(errno.ENOSPC, "non c'è spazio"), (errno.EACCES, "permesso"), (errno.EIO, "errore|error")])
def test_a_disk_that_refuses_leaves_what_there_was(edition, tmp_path, monkeypatch, number, said):
    (tmp_path / "fuori").mkdir()
    (tmp_path / "fuori" / "p.zip").write_bytes(b"di prima")

    def refuse(_handle: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(package.os, "fsync", refuse)
    with pytest.raises(NotWritten, match=said):
        pack(edition, tmp_path / "fuori" / "p.zip")
    assert [(path.name, path.read_bytes()) for path in (tmp_path / "fuori").iterdir()] == [("p.zip", b"di prima")]


def test_a_name_of_the_edition_stays_one_folder(tmp_path):
    folder = write(tmp_path / "e", manifest([province("BG", "1")], nome="../../fuori: di\\qui"))
    with zipfile.ZipFile(pack(folder, tmp_path / "p.zip").path) as archive:
        assert {name.split("/")[0] for name in archive.namelist()} == {"_.._fuori__di_qui"}


def test_the_command_writes_once_and_says_what_it_wrote(edition, tmp_path, capsys):
    ends = []
    for options in ([], [], ["--sovrascrivi"]):
        with pytest.raises(SystemExit) as ended:
            main(["pacchetto", str(edition), str(tmp_path / "p.zip"), *options])
        ends.append((ended.value.code, *(stream.split(":")[0] for stream in capsys.readouterr())))
    assert [(code, out) for code, out, _ in ends] == [(0, "Pacchetto scritto"), (2, ""), (0, "Pacchetto scritto")]


@pytest.mark.parametrize(("name", "spoil", "status"), [("p.tar", False, 2), ("edizione/p.zip", False, 2), ("p.zip", True, 1)])
def test_the_command_tells_wrong_words_from_a_bad_edition(edition, tmp_path, name, spoil, status):
    if spoil:
        (edition / "confronto.csv").unlink()
    with pytest.raises(SystemExit) as ended:
        main(["pacchetto", str(edition), str(tmp_path / name)])
    assert (ended.value.code, (tmp_path / name).exists()) == (status, False)


def test_without_a_browser_the_user_is_told_what_to_do(edition, tmp_path, monkeypatch):
    monkeypatch.delenv("ANALISI_BROWSER_PDF", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(printing, "_PLACES", ())
    with pytest.raises(AnalisiError, match=r"installare Chromium.*ANALISI_BROWSER_PDF.*senza --pdf"):
        pack(edition, tmp_path / "p.zip", pdf=True)
    assert not (tmp_path / "p.zip").exists()


def test_a_browser_that_is_not_there_is_told(monkeypatch):
    monkeypatch.setenv("ANALISI_BROWSER_PDF", "/non/esiste")
    with pytest.raises(AnalisiError, match="non è un programma"):
        find_browser()


@pytest.mark.parametrize(
    ("does", "said"),
    [
        ("exit 3", "non ha stampato"),
        ("true", "non ha stampato"),
        ('echo ciao > "$out"', "non ha fatto un PDF"),
        ("sleep 9", "non è finita in 1 secondi"),
    ],
)
def test_a_page_that_does_not_print_is_told_and_no_package_is_left(edition, tmp_path, fake_browser, monkeypatch, does, said):
    monkeypatch.setenv("ANALISI_PROVA_STAMPA", does)
    monkeypatch.setattr(printing, "_TIME", 1.0)
    with pytest.raises(NotPrinted, match=said):
        pack(edition, tmp_path / "p" / "p.zip", pdf=True)
    assert list((tmp_path / "p").iterdir()) == []


def test_dates_and_places_of_this_machine_leave_the_pdf_and_its_length_stays():
    base = printing._BASE
    data = f"%PDF-1.4 /CreationDate (D:20291122210305+02'30')\n/ModDate(D:20291122210305Z)\n/URI ({base}a/dati/x.csv)>>".encode()
    result = printing._settled(data, "b/b.html")
    assert len(result) == len(data)
    assert b"/CreationDate (D:19800101000000+00'00')\n/ModDate(D:19800101000000Z)" in result
    assert re.search(rb"/URI \(\.\./a/dati/x\.csv\) +>>", result)


def test_links_between_pages_lead_to_their_pdf():
    text = '<a class="x" href="a/a.html">1</a><a href="#qui">2</a><a href="%C3%A8.csv" download>3</a>'
    base = printing._BASE
    assert (
        printing._relinked(text, "b/b.html")
        == f'<a class="x" href="{base}b/a/a.pdf">1</a><a href="#qui">2</a><a href="{base}b/%C3%A8.csv" download>3</a>'
    )


@pytest.fixture
def real_browser() -> str:
    try:
        return find_browser()
    except AnalisiError:
        if os.environ.get("ANALISI_BROWSER") == "obbligatorio":
            raise
        pytest.skip("no browser on this machine")


def test_pdfs_stand_beside_their_pages_with_the_same_bytes_twice(real_browser, tmp_path):
    edition = write(tmp_path / "edizione", manifest([province("BG", "1"), province("BS", "2")]))
    before = {path: path.read_bytes() for path in edition.rglob("*") if path.is_file()}
    told = []
    first = pack(edition, tmp_path / "a.zip", pdf=True, progress=lambda *step: told.append(step))
    second = pack(edition, tmp_path / "un altro posto" / "b.zip", pdf=True)
    assert first.path.read_bytes() == second.path.read_bytes()
    assert {path: path.read_bytes() for path in edition.rglob("*") if path.is_file()} == before
    assert sorted(page for _, _, page in told) == [
        "attivazione_pal-BG/attivazione_pal-BG.html",
        "attivazione_pal-BS/attivazione_pal-BS.html",
        "index.html",
    ]
    assert [path.name for path in tmp_path.rglob("*pdf*")] == []
    with zipfile.ZipFile(first.path) as archive:
        pdfs = [name for name in archive.namelist() if name.endswith(".pdf")]
        archive.extractall(tmp_path / "copia")
        index = archive.read("prova-annuale/index.pdf")
        listed = json.loads(archive.read("prova-annuale/manifest.json"))["pdf"]
    assert pdfs == [f"prova-annuale/{entry['file']}" for entry in listed]
    assert first.pdfs == len(pdfs) == 3
    assert verify(tmp_path / "copia" / "prova-annuale") == []
    assert b"/URI (attivazione_pal-BG/attivazione_pal-BG.pdf)" in index
    assert str(tmp_path).encode() not in index
    assert b"19800101000000" in index
    assert stat.S_IMODE(first.path.stat().st_mode) == 0o644
