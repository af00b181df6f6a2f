"""Pseudonyms of workers: HMAC-SHA256 of the tax code with a key kept outside the workspace."""

from __future__ import annotations

import hmac
import os
import re
import secrets
from hashlib import sha256
from pathlib import Path

import polars as pl
from stdnum.it import codicefiscale

from analisi.errors import AnalisiError, suggest
from analisi.sources import read_sheets
from analisi.sources.foglio import refuse
from analisi.tables.heading import SEARCHED
from analisi.tables.writing import replacing
from analisi.vocabulary import normalized
from analisi.workspace import CODICE_FISCALE, masked, root

COLUMN = "id_lavoratore"


def make_key(path: Path) -> Path:
    """Write a new random key, readable by its owner only.

    Raises:
        AnalisiError: the file exists, lies in the workspace, or cannot be written.
    """
    path = path.expanduser().resolve()
    if path.is_relative_to(root()):
        raise refuse(
            path,
            f"la chiave non può stare nella cartella di lavoro ({root().name}); scegliere un percorso fuori, solo di chi pseudonimizza",
        )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise refuse(path, "esiste già: una chiave nuova cambierebbe tutti gli pseudonimi; scegliere un altro nome") from error
    except OSError as error:
        raise refuse(path, f"la chiave non si può scrivere ({error.strerror})") from error
    with os.fdopen(handle, "w", encoding="ascii") as file:
        file.write(secrets.token_hex(32) + "\n")
    return path


def read_key(path: Path) -> bytes:
    """The key of a file made by `make_key`.

    Raises:
        AnalisiError: the file is missing, lies in the workspace, or is no key.
    """
    path = path.expanduser().resolve()
    if path.is_relative_to(root()):
        raise refuse(path, "la chiave sta nella cartella di lavoro; spostarla fuori")
    try:
        text = path.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise refuse(path, "la chiave non c'è o non si può leggere; crearla con «analisi chiave FILE»") from error
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise refuse(path, "non è una chiave: servono 64 cifre esadecimali, come le scrive «analisi chiave FILE»")
    return bytes.fromhex(text)


def pseudonym(tax_code: str, key: bytes) -> str:
    """Pseudonym of a worker, 32 hexadecimal digits: the same for the same tax code and key, whatever its spacing and case.

    >>> pseudonym("rss mra 80a01 f205x", b"k") == pseudonym("RSSMRA80A01F205X", b"k")
    True
    """
    return hmac.new(key, re.sub(r"\s", "", tax_code).upper().encode(), sha256).hexdigest()[:32]


def is_omocode(tax_code: str) -> bool:
    """Whether letters stand for digits in a tax code, to tell apart people who would share it; they are told, not turned back.

    >>> is_omocode("RSSMRA80A01F205X"), is_omocode("RSSMRA80A01F20RX")
    (False, True)
    """
    code = re.sub(r"\s", "", tax_code).upper()
    return len(code) == 16 and any(code[i].isalpha() for i in (6, 7, 9, 10, 12, 13, 14))


def pseudonymise(path: Path, heading: str, key: bytes, target: Path) -> tuple[int, int]:
    """Write the rows of a file as CSV, the tax codes of one column turned into pseudonyms (its heading becomes id_lavoratore).

    Returns how many rows there are, and how many codes are omocodes.

    Raises:
        AnalisiError: no such column; tax codes that are not valid, by row; tax codes in other columns too. No code is ever repeated.
    """
    for sheet in read_sheets(path):
        for row, cells in enumerate(sheet.cells.head(SEARCHED).rows()):
            position = next((i for i, cell in enumerate(cells) if normalized(cell or "") == normalized(heading)), None)
            if position is not None:
                frame, omocodes = _replaced(sheet.place, sheet.cells, row, position, key)
                with replacing(target) as part:
                    frame.write_csv(part, separator=";", include_bom=True)
                return frame.height, omocodes
    first = next(iter(read_sheets(path))).cells
    names = [cell for cells in first.head(1).rows() for cell in cells if cell]
    raise refuse(path, f"nessuna colonna «{heading}»; {suggest(heading, map(masked, names))}")


def _replaced(place: str, cells: pl.DataFrame, row: int, position: int, key: bytes) -> tuple[pl.DataFrame, int]:
    body = cells.slice(row + 1)
    codes = body.to_series(position)
    distinct = [code for code in codes.unique() if code and code.strip()]
    wrong = [code for code in distinct if not codicefiscale.is_valid(code)]
    if wrong:
        rows = [index + row + 2 for index in codes.is_in(wrong).fill_null(False).arg_true()]
        shown = ", ".join(map(str, rows[:20])) + (f" e altre {len(rows) - 20}" if len(rows) > 20 else "")
        msg = f"{place}: codici fiscali non validi alle righe {shown}; correggerli e ripetere. Nulla è stato scritto"
        raise AnalisiError(msg)
    for i, name in enumerate(cells.columns):
        if i != position and body[name].str.contains(CODICE_FISCALE).any():
            msg = f"{place}: anche la colonna {i + 1} contiene codici fiscali; toglierla e ripetere. Nulla è stato scritto"
            raise AnalisiError(msg)
    names = {code: pseudonym(code, key) for code in distinct}
    column = codes.replace_strict(names, default=None, return_dtype=pl.String)
    heading = [*(cell or "" for cell in cells.row(row))]
    heading[position] = COLUMN
    frame = body.with_columns(column.alias(cells.columns[position]))
    frame.columns = [name if heading.count(name) == 1 and name else f"colonna_{i + 1}" for i, name in enumerate(heading)]
    return frame, sum(is_omocode(code) for code in distinct)
