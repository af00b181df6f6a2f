"""The synthetic extracts as files, as the offices would send them; with `dirty`, rows that break each rule, and their list."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import polars as pl

from analisi.errors import AnalisiError
from analisi.sample.extracts import extracts
from analisi.tables.catalogo import FONTI, TABLES
from analisi.tables.difetti import difetti
from analisi.tables.schema import CELL_RULES, CELL_WARNINGS, Column, Table
from analisi.tables.writing import SINTETICI, write_table
from analisi.workspace import shown

MARK = "LEGGIMI.txt"
ABOUT = f"""{SINTETICI}.

Persone, aziende, date e importi non esistono. Nei CSV i totali delle procedure per anno, provincia e tipo sono quelli delle tavole
pubblicate da Regione Lombardia (data/pubblicati). Cartella scritta da «analisi esempio»: si può cancellare.
"""
LISTED = ("file", "riga", "colonna", "regola", "gravita", "significato")


def write_sample(folder: Path, *, seed: int = 1, scale: int = 1, dirty: bool = False) -> list[Path]:
    """Write every table into `folder`, which is replaced if it holds an earlier sample; the quarterly sheets are one workbook per Nucleo.

    Raises:
        AnalisiError: the folder holds files that are not a sample, or cannot be written.
    """
    with replaced(folder) as part:
        _write_all(part, extracts(seed, scale), dirty=dirty)
    return sorted(path for path in folder.rglob("*") if path.is_file())


@contextmanager
def replaced(folder: Path) -> Iterator[Path]:
    """A new folder to fill with a labelled sample, which takes the place of `folder` when all went well.

    Raises:
        AnalisiError: the folder holds files that are not a sample, or cannot be written.
    """
    if folder.exists() and (not folder.is_dir() or (any(folder.iterdir()) and not _is_sample(folder))):
        msg = f"{shown(folder)}: contiene già altro e non viene toccata; indicare una cartella nuova con --uscita"
        raise AnalisiError(msg)
    part = folder.with_name(f".{folder.name}-{uuid4().hex[:8]}.parziale")
    try:
        part.mkdir(parents=True)
        (part / MARK).write_text(ABOUT, encoding="utf-8")
        yield part
        if folder.exists():
            shutil.rmtree(folder)
        part.rename(folder)
    except OSError as error:
        msg = f"{shown(folder)}: non si può scrivere ({error.strerror})"
        raise AnalisiError(msg) from error
    finally:
        shutil.rmtree(part, ignore_errors=True)


def _is_sample(folder: Path) -> bool:
    mark = folder / MARK
    return mark.is_file() and mark.read_text(encoding="utf-8").startswith(SINTETICI)


def _write_all(folder: Path, frames: dict[str, pl.DataFrame], *, dirty: bool) -> None:
    for name, frame in frames.items():
        if name == "monitoraggio_pal":
            _write_sheets(folder / name, frame)
        else:
            inner = "tavole/" if name == "casi_gestiti" else ""  # beside the register it would be a second source of the same figures
            write_table(frame, TABLES[name], folder / f"{inner}{name}.csv", natura_sintetica=True)
    if dirty:
        _write_faults(folder)
    titles = [
        (path.name, "sintetici", f"{SINTETICI}: {path.stem}", None, None) for path in sorted(folder.rglob("*.*")) if path.name != MARK
    ]
    rows = pl.DataFrame(titles, schema=FONTI.schema, orient="row").unique("file", maintain_order=True)
    write_table(rows, FONTI, folder / "fonti.csv")


def _write_sheets(folder: Path, frame: pl.DataFrame) -> None:
    """One workbook per quarter, Nucleo and submission: CO.xlsx, and CO-rettifica-2.xlsx if it was corrected."""
    for (quarter, nucleo, number), rows in frame.group_by("trimestre", "nucleo", "progressivo_invio", maintain_order=True):
        name = nucleo if number in (None, 1) else f"{nucleo}-rettifica-{number}"
        write_table(rows, TABLES["monitoraggio_pal"], folder / str(quarter) / f"{name}.xlsx", natura_sintetica=True)


def _write_faults(folder: Path) -> None:
    """Add to each CSV the rows that break its rules, and write difetti.csv with the place of each fault."""
    listed: list[dict[str, object]] = []
    for table in TABLES.values():
        path = next((path for path in (folder / f"{table.name}.csv", folder / "tavole" / f"{table.name}.csv") if path.is_file()), None)
        if path is None and table.name == "monitoraggio_pal":
            path = write_table(pl.DataFrame(schema=table.schema), table, folder / f"{table.name}.csv")
        if path is not None:
            listed += _append(path, table)
    with (folder / "difetti.csv").open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.DictWriter(file, LISTED, delimiter=";", lineterminator="\n")
        writer.writeheader()
        writer.writerows(listed)


def _append(path: Path, table: Table) -> list[dict[str, object]]:
    """Append a faulty row for each rule of a table; the lines of difetti.csv about them."""
    line = path.read_bytes().count(b"\n")
    listed, meanings = [], CELL_RULES | CELL_WARNINGS | {rule.code: rule.text for rule in table.rules}
    with path.open("a", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, table.names, delimiter=";", restval="", lineterminator="\n")
        for number, fault in enumerate(difetti(table), start=1):
            for row in fault.righe:
                writer.writerow(_own_key(table, row, fault.colonna if fault.regola != "chiave" else "", number))
                line += 1
            listed.append((fault.colonna, fault.regola, fault.gravita, line))
        file.write(";".join([*table.example.values(), "campo in più"]).replace("\n", " ") + "\n")
        listed.append((table.names[0], "campi", "errore", line + 1))
    return [dict(zip(LISTED, (path.name, row, c, r, g, meanings[r]), strict=True)) for c, r, g, row in listed]


def _own_key(table: Table, row: dict[str, str], broken: str, serial: int) -> dict[str, str]:
    """The row with a key of its own, made in a column that is not the broken one, and labelled synthetic."""
    changed = {"natura": "sintetici"} if "natura" in table.names and broken != "natura" else {}
    for name in table.key:
        column = table.column(name)
        if name != broken and (text := _serial(column, serial)) and row[name] == column.example:
            return {**row, **changed, name: text}
    return {**row, **changed}


def _serial(column: Column, serial: int) -> str:
    if column.type == "pseudonimo":
        return f"{serial:032x}"
    if column.type == "intero":
        return str(int(column.minimum or 0) + serial % 900 + 1)
    return f"DIFETTO-{serial}" if column.pattern.startswith("[A-Za-z0-9]") else ""
