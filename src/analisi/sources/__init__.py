"""Files as they come, read as text: nothing is inferred here."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

from analisi.sources.archive import members
from analisi.sources.foglio import Foglio, refuse
from analisi.sources.text import read_text_sheet

KINDS = (".csv", ".txt", ".tsv", ".xlsx", ".xlsm", ".xls", ".ods", ".parquet")


def read_sheets(path: Path) -> Iterator[Foglio]:
    """The sheets of a file, whatever its name says: the first bytes tell what it is.

    Raises:
        AnalisiError: the file is missing, damaged, or of a kind that is not read.
    """
    kind = sniff(path)
    if kind == "csv":
        yield read_text_sheet(path)
    elif kind == "parquet":
        from analisi.sources.parquet import read_parquet_sheet

        yield read_parquet_sheet(path)
    else:
        from analisi.sources.workbook import read_workbook

        yield from read_workbook(path, kind)


def sniff(path: Path) -> str:
    """What a file is by its first bytes: csv, xlsx, xls, ods or parquet.

    Raises:
        AnalisiError: the file cannot be opened or is of a kind that is not read.
    """
    if path.is_dir():
        raise refuse(path, "è una cartella; serve un file")
    try:
        with path.open("rb") as file:
            head = file.read(4096)
    except FileNotFoundError as error:
        raise refuse(path, "il file non esiste") from error
    except OSError as error:
        raise refuse(path, f"il file non si può leggere ({error.strerror})") from error
    if head[:4] == b"PAR1":
        return "parquet"
    if head[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return "xls"
    if head[:2] == b"PK":
        return _archive(path)
    if head.lstrip(b"\xef\xbb\xbf \r\n\t")[:5].lower() in (b"<html", b"<!doc", b"<tabl", b"<?xml", b"<meta"):
        raise refuse(path, "è una pagina HTML o XML con il nome di una tabella; aprirla con Excel e salvarla come .xlsx")
    if head[:5] == b"%PDF-":
        raise refuse(path, "è un PDF; chiedere la tabella in Excel o CSV a chi lo ha inviato")
    return "csv"


def _archive(path: Path) -> str:
    with members(path) as archive:
        names = set(archive.namelist())
    if "xl/workbook.xml" in names:
        return "xlsx"
    if "content.xml" in names:
        return "ods"
    raise refuse(path, "è un archivio compresso, non una tabella; estrarne i file (oppure salvarlo da Excel come .xlsx)")


def sha256(path: Path) -> str:
    """Hash of a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
