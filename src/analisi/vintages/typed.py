"""Large Parquet files whose columns have the types of a table: checked by columns, a piece at a time, without passing through text.

What is checked: that required values are there; bounds; codes, provinces and forms; check digits of companies; pseudonyms; tax codes in
clear; texts that stand for a missing value, or have blanks around; the rules of the table that look at one row; the key. Nothing is
mended: what `leggi` would recode or trim is a fault here. Rules that look at several rows, rules between tables and doubts are not
checked.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import polars as pl
from stdnum.it import codicefiscale

from analisi.sources import cells
from analisi.tables.catalogo import ESTRATTI
from analisi.tables.schema import TEXT_LIMIT, Column, Rule, Table
from analisi.tables.validation import CF_WORDS, FAULTS, PSEUDONIMO, UNSEEN, UNSEEN_WORDS, echo
from analisi.vintages import layout
from analisi.vocabulary import FUORI_REGIONE, Territorio
from analisi.workspace import CODICE_FISCALE

FEW = 5_000  # distinct values among the first ten thousand: below, only the distinct ones are looked at
TOLD = 1_000  # faults of one rule and one piece that are told one by one
_OFFICES = (120, 121, 888, 999)  # of a partita IVA, beyond those of the provinces (001-100), as python-stdnum has them
_FOUR = np.arange(10_000)[:, None] // 10 ** np.arange(4) % 10  # the digits of four figures, from the right
_LUHN = np.where([0, 1, 0, 1], 2 * _FOUR - 9 * (_FOUR > 4), _FOUR).sum(axis=1)  # their sum: every second digit is doubled
_ODD = r"[^!-~]|[A-Za-z]{6}"  # a blank, a mark beyond ASCII, or the six letters that a codice fiscale begins with
Fault = tuple[str, str, pl.Series]  # rule, sentence, which values are wrong


def table_of(path: Path) -> Table | None:
    """The table of a large Parquet file whose columns are all of the declared types; else None."""
    if path.suffix.lower() != ".parquet":
        return None
    try:
        schema = pl.read_parquet_schema(path)
        fit = [table for table in ESTRATTI if set(table.required) <= set(schema) and _typed(schema, table)]
        if not fit or height(path) < layout.LARGE:
            return None
    except (pl.exceptions.PolarsError, OSError):
        return None
    return max(fit, key=lambda table: len(set(table.names) & set(schema)))


def _typed(schema: dict[str, pl.DataType], table: Table) -> bool:
    return all(schema[name] in (dtype, pl.Null) for name, dtype in table.schema.items() if name in schema)


def height(path: Path) -> int:
    """Rows of a Parquet file, as its footer says."""
    return pl.scan_parquet(path).select(pl.len()).collect().item()


def piece(path: Path, table: Table, first: int, rows: int) -> pl.DataFrame:
    """Some rows of a file with all the columns of the table, those that the file has not without values."""
    here = pl.read_parquet_schema(path)
    columns = [pl.col(n).cast(t) if n in here else pl.lit(None, dtype=t).alias(n) for n, t in table.schema.items()]
    return pl.scan_parquet(path).slice(first, rows).select(columns).collect(engine="in-memory").rechunk()


def single_row_rules(table: Table, territorio: Territorio) -> tuple[list[Rule], list[str]]:
    """The rules that can be told from one row, and the codes of the others."""
    wide = {rule.code for rule in table.rules if "over(" in str(rule.expression(territorio))}
    return [rule for rule in table.rules if rule.code not in wide], sorted(wide)


def check(
    frame: pl.DataFrame, table: Table, territorio: Territorio, first: int
) -> tuple[pl.Series, pl.DataFrame, dict[str, int], dict[str, int]]:
    """Which rows have an error, the faults (of each rule the first thousand), and how many errors and warnings each rule gives.

    `first` is the number of the first row in the file, as `analisi controlla` counts: the names of the columns are row 1.
    """
    wrong, told = pl.Series([False]).new_from_index(0, frame.height), []
    counts: dict[str, dict[str, int]] = {"errore": {}, "avviso": {}}
    with ThreadPoolExecutor() as pool:
        faults = list(pool.map(lambda column: list(_cells(frame[column.name], column, territorio)), table.columns))
    found = [(column, fault, "errore") for column, mine in zip(table.columns, faults, strict=True) for fault in mine]
    rules, _ = single_row_rules(table, territorio)
    broken = frame.select(rule.expression(territorio).alias(rule.code) for rule in rules) if rules else pl.DataFrame()
    found += [(table.column(r.columns[0]), (r.code, r.text, broken[r.code]), r.severity) for r in rules if broken[r.code].any()]
    for column, (rule, text, mask), severity in found:
        counts[severity][rule] = counts[severity].get(rule, 0) + int(mask.sum())
        if severity == "avviso":
            continue
        wrong |= mask
        rows = mask.arg_true().head(TOLD)
        told.append(_told(rows, frame[column.name].gather(rows), table, column, rule, text, first))
    return wrong, pl.concat([pl.DataFrame(schema=FAULTS), *told], how="vertical_relaxed"), counts["errore"], counts["avviso"]


def _told(rows: pl.Series, values: pl.Series, table: Table, column: Column, rule: str, text: str, first: int) -> pl.DataFrame:
    shown = ["vuoto" if value is None else echo(str(value), column, table) for value in values]
    return pl.DataFrame({"riga": rows.cast(pl.Int64) + first, "valore": pl.Series(shown, dtype=pl.String)}).select(
        "riga", pl.lit(table.names.index(column.name), dtype=pl.Int64).alias("posizione"), pl.lit(column.name).alias("colonna"),
        pl.lit(column.name).alias("intestazione"), "valore", pl.lit(rule).alias("regola"), pl.lit("errore").alias("gravita"),
        pl.lit(text).alias("testo"),
    )  # fmt: skip


def _cells(values: pl.Series, column: Column, territorio: Territorio) -> Iterator[Fault]:
    """The faults of one column: each rule that some value breaks."""
    if column.required and values.null_count():
        yield "obbligatorio", "è obbligatorio", values.is_null()
    if values.null_count() == len(values):
        return
    few = values.dtype == pl.String and values.head(10_000).n_unique() < FEW
    looked = values.unique() if few else values
    for rule, text, mask in _wrong(looked, column, territorio):
        mask = mask.fill_null(False)
        if mask.any():
            yield rule, text, (values.is_in(looked.filter(mask).implode()).fill_null(False) if few else mask)


def _wrong(values: pl.Series, column: Column, territorio: Territorio) -> Iterator[Fault]:
    """Each rule of a column, and which values break it (null where there is no value)."""
    if column.dtype != pl.String():
        if column.minimum is not None and (values.min() or 0) < column.minimum:
            yield "minimo", f"è minore di {column.minimum:g}", values < column.minimum
        if column.maximum is not None and (values.max() or 0) > column.maximum:
            yield "massimo", f"è maggiore di {column.maximum:g}", values > column.maximum
        return
    if column.type == "pseudonimo":
        yield "pseudonimo", "non è uno pseudonimo: 32 cifre esadecimali minuscole", ~values.str.contains(PSEUDONIMO)
    elif column.type == "codice":
        yield "codice", "codice sconosciuto", ~values.is_in(list(column.codes))
    elif column.type == "provincia":
        known = [*territorio.sigle, *([FUORI_REGIONE] if column.outside else [])]
        yield "provincia", f"non è del territorio {territorio.nome}", ~values.is_in(known)
    elif column.type == "impresa":
        yield "identificativo_impresa", "non è un codice fiscale né una partita IVA con la cifra di controllo giusta", ~companies(values)
    else:
        yield from _texts(values, column)


def _texts(values: pl.Series, column: Column) -> Iterator[Fault]:
    sizes = values.str.len_bytes()
    longest, form = sizes.max() or 0, rf"^(?:{column.pattern})$"
    odd = values.str.contains(_ODD).any()  # one pass spares three to the codes that most large columns are
    if column.pattern:
        yield "formato", f"non ha la forma prevista: {column.form}", ~values.str.contains(form)
    elif odd or not sizes.min():
        yield "formato", "è vuoto o ha spazi ai bordi", (values != values.str.strip_chars()) | (sizes == 0)
        yield "invisibili", UNSEEN_WORDS, values.str.contains(UNSEEN)
    if longest > TEXT_LIMIT:
        yield "massimo", f"è un testo di più di {TEXT_LIMIT} caratteri", values.str.len_chars() > TEXT_LIMIT
    if (sizes.min() or 0) <= max(map(len, cells.MARKS)):
        yield "non_disponibile", "sta per un dato mancante: lasciare vuoto", values.str.to_lowercase().is_in(cells.MARKS)
    if odd and longest >= 16:
        yield "cf_in_chiaro", CF_WORDS, values.str.contains(CODICE_FISCALE)


def companies(values: pl.Series) -> pl.Series:
    """Which texts are a partita IVA (eleven digits, with their check digit) or a codice fiscale; null where there is none."""
    number, long = values.cast(pl.Int64, strict=False), values.str.len_bytes()
    known = (long == 11) & (number >= 10_000) & ~values.str.starts_with("+")  # digits only, and not seven zeros in front
    digits = number.set(~known.fill_null(False), 0).to_numpy()
    total = _LUHN[digits % 10_000] + _LUHN[digits // 10_000 % 10_000] + _LUHN[digits // 10**8]
    office = digits // 10 % 1000
    right = (total % 10 == 0) & (((office >= 1) & (office <= 100)) | np.isin(office, _OFFICES))
    texts = values.filter(long == 16).unique()
    persons = [text for text in texts if text == text.upper() and codicefiscale.is_valid(text)]
    good = known.fill_null(False) & pl.Series(right, dtype=pl.Boolean)
    return (good | values.is_in(persons)) if persons else good.set(values.is_null(), None)
