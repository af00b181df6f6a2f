"""Validation of a sheet against a declared table: typed columns, and every fault with its row, column, value and Italian rule."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from dataclasses import dataclass
from functools import partial

import polars as pl
from stdnum.it import codicefiscale, iva

from analisi.errors import suggest
from analisi.sources import cells
from analisi.sources.cells import Problema
from analisi.sources.foglio import Foglio
from analisi.tables.heading import Heading
from analisi.tables.mapping import Mappatura
from analisi.tables.schema import ROW, TEXT_LIMIT, Column, Table, plain
from analisi.vocabulary import FUORI_REGIONE, Territorio, normalized
from analisi.workspace import CODICE_FISCALE

FAULTS = {"riga": pl.Int64, "posizione": pl.Int64, "colonna": pl.String, "intestazione": pl.String, "valore": pl.String,
          "regola": pl.String, "gravita": pl.String, "testo": pl.String}  # fmt: skip
PSEUDONIMO = r"^[0-9a-f]{32}$"
_PERSONAL = re.compile(rf"{CODICE_FISCALE}|[\w.+-]+@[\w-]+\.\w+|\b[A-Z]{{2}}\d{{2}}[A-Z]\d{{10}}[0-9A-Z]{{12}}\b")
_POINTED = r"^\s*-?\d+\.\d+\s*$|^-?[\d.]+[eE][+-]?\d+$"  # a number of the spreadsheet with decimals, or a text that looks like one
_CUT = r"\.\d{9}$"  # the reader writes nine decimals at most
_TOTAL_LABEL = r"(?i)^\s*(sub[ -]?)?tot(\.|ale|ali)?\b"
_TOTAL = r"^(?i)\s*(sub[ -]?)?tot(\.|ale|ali)?\s*[:.]?(\s+\S+){0,4}\s*$"


@dataclass
class Sheet:
    """What validation works on: the body of a sheet under its heading, its meaning and what was found."""

    foglio: Foglio
    table: Table
    heading: Heading
    mapping: Mappatura
    territorio: Territorio
    faults: list[pl.DataFrame]

    def __post_init__(self) -> None:
        self.body = self.foglio.cells.slice(self.heading.last + 1)
        self.first_row = self.heading.last + 2
        self.swapped = self._proves_month_first()

    def apart(self) -> Sheet:
        """The same sheet with a list of faults of its own."""
        other = copy(self)
        other.faults = []
        return other

    def raw(self, name: str) -> pl.Series:
        """The texts of one of our columns, recoded and filled as the mapping says."""
        if name in self.heading.columns:
            texts = self.body.to_series(self.heading.columns[name])
            recode = self.mapping.ricodifiche.get(name)
            return texts.str.strip_chars().replace(recode) if recode else texts
        return pl.Series(name, [self.mapping.fissi.get(name)], dtype=pl.String).new_from_index(0, self.body.height)

    def numbers(self, name: str) -> pl.Series:
        """Which cells of one of our columns the file stores as numbers."""
        return self.foglio.is_number(self.heading.columns[name]).slice(self.heading.last + 1)

    def _proves_month_first(self) -> bool:
        dates = [c.name for c in self.table.columns if c.type == "data" and c.name in self.heading.columns]
        return self.mapping.date == "" and any(
            cells.proves_month_first(text) for name in dates for text in self.raw(name).unique() if text is not None
        )

    def fault(
        self,
        rows: pl.Series,
        column: Column,
        rule: str,
        text: str | pl.Series,
        *,
        severity: str = "errore",
        values: pl.Series | None = None,
    ) -> None:
        """Add one fault for each index of `rows` (from 0, in the body)."""
        if len(rows) == 0:
            return
        position = self.heading.columns.get(column.name)
        values = self.raw(column.name).gather(rows) if values is None else values
        distinct = values.unique()
        shown = {value: echo(value, column, self.table) for value in distinct.drop_nulls()}
        self.faults.append(
            pl.DataFrame({"riga": rows.cast(pl.Int64) + self.first_row}).with_columns(
                pl.lit(position, dtype=pl.Int64).alias("posizione"),
                pl.lit(column.name).alias("colonna"),
                pl.lit(self.heading.names[position] if position is not None else "").alias("intestazione"),
                values.replace_strict(shown, default=None, return_dtype=pl.String).fill_null("vuoto").alias("valore"),
                pl.lit(rule).alias("regola"),
                pl.lit(severity).alias("gravita"),
                (text if isinstance(text, pl.Series) else pl.lit(text)).alias("testo"),
            )
        )


def echo(value: str, column: Column, table: Table) -> str:
    """A value as a message may repeat it: short, printable, and never what could name a person.

    Two words are repeated only if they resemble a code of their column; in tables of single workers not even one.
    """
    text = "".join(mark if mark.isprintable() else " " for mark in value.strip())
    if not text:
        return "vuoto"
    hidden = f"(non riportato: {len(text)} caratteri)"
    if column.reserved or _PERSONAL.search(text.replace(" ", "")) or _PERSONAL.search(text):
        return hidden
    near = column.codes and suggest(text.upper(), column.codes).startswith("forse")
    names = len(re.findall(r"[^\W\d_]{2,}", text)) > 1 and column.type != "provincia"  # two words may be a person or a company
    if not near and (names or (table.person and re.search(r"[^\W\d_]{3}", text))):
        return hidden
    return f"«{text[:60]}{'…' if len(text) > 60 else ''}»"


def validate(sheet: Sheet) -> tuple[pl.DataFrame, pl.Series, pl.Series]:
    """Typed columns of every row of the body with its `riga`, and which rows are totals and which are blank; faults go to the sheet."""
    parts = [sheet.apart() for _ in sheet.table.columns]
    typed = dict(zip(sheet.table.names, _side_by_side(_typed, parts, sheet.table.columns, rows=sheet.body.height), strict=True))
    sheet.faults += [fault for part in parts for fault in part.faults]
    frame = (
        pl.DataFrame(typed, schema=sheet.table.schema).with_row_index(ROW, offset=sheet.first_row).with_columns(pl.col(ROW).cast(pl.Int64))
    )
    blank, total = _blank_rows(sheet), _total_rows(sheet, frame)
    _required(sheet, frame, skipped=blank | total)
    _uncomputed(sheet)
    _ragged(sheet)
    data = frame.filter(~(blank | total)) if blank.any() or total.any() else frame
    _keys(sheet, data)
    _rules(sheet, data)
    if blank.any() or total.any():
        sums, empty = frame.filter(total)[ROW].to_list(), frame.filter(blank)[ROW].to_list()
        counts = [column.name for column in sheet.table.columns if column.additive]
        kept = pl.col("colonna").is_in(counts) & pl.col("regola").is_in(
            ["tipo", "cella_in_errore", "ambiguo"]
        )  # a total that cannot be read
        sheet.faults[:] = [part.filter(~pl.col("riga").is_in(empty) & (~pl.col("riga").is_in(sums) | kept)) for part in sheet.faults]
    _check_totals(sheet, frame, total, data)
    return frame, total, blank


def _side_by_side(function: Callable[..., pl.Series], *lists: Iterable[object], rows: int) -> list[pl.Series]:
    """The results in their order: columns of many rows are read side by side, as the engine frees the interpreter."""
    if rows < cells.FEW:
        return list(map(function, *lists))
    with ThreadPoolExecutor() as pool:
        return list(pool.map(function, *lists))


def _blank_rows(sheet: Sheet) -> pl.Series:
    """Rows without any text; spaces are none, fields beyond the width of a CSV are some."""
    body = sheet.body
    blank = pl.Series([False]).new_from_index(0, body.height)
    if not body.width:
        return blank
    first = body.to_series(0)
    spaced = first.str.starts_with(" ") | first.str.starts_with("\u00a0")
    rows = (first.is_null() | (first.str.len_bytes() < 2) | spaced).arg_true()  # the others begin with a text
    if len(rows) == 0:
        return blank
    part = body if len(rows) == body.height else body[rows.to_list()]
    bare = part.select(pl.all_horizontal(pl.all().is_null() | (pl.all().str.strip_chars() == ""))).to_series()
    empty = set(rows.filter(bare)) - {
        row - sheet.first_row for row, found in sheet.foglio.ragged.items() if found > sheet.foglio.cells.width
    }
    return blank.scatter(sorted(empty), True) if empty else blank


def _typed(sheet: Sheet, column: Column) -> pl.Series:
    raw = sheet.raw(column.name)
    if column.name not in sheet.heading.columns and column.name not in sheet.mapping.fissi:
        return pl.Series(column.name, [], dtype=column.dtype).extend_constant(None, sheet.body.height)
    if column.type == "testo":
        values = _text(sheet, column, raw)
    elif column.type == "pseudonimo":
        values = _pseudonym(sheet, column, raw)
    else:
        values = _parsed(sheet, column, raw)
    if column.minimum is not None and column.type != "testo" and (values.min() or 0) < column.minimum:
        low = (values < column.minimum).fill_null(False).arg_true()
        sheet.fault(low, column, "minimo", f"è minore di {_plain(column.minimum)}")
    if column.maximum is not None and column.type != "testo" and (values.max() or 0) > column.maximum:
        high = (values > column.maximum).fill_null(False).arg_true()
        sheet.fault(high, column, "massimo", f"è maggiore di {_plain(column.maximum)}")
    return values


def _plain(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value).replace(".", ",")


def _parser(sheet: Sheet, column: Column, *, own: bool = False) -> Callable[[str], object]:
    """What reads one text of the column."""
    mapping = sheet.mapping
    if column.type == "codice":
        return partial(_code, column=column)
    if column.type == "provincia":
        return partial(_province, column=column, territorio=sheet.territorio)
    if column.type == "impresa":
        return _company
    if column.type == "data":
        return lambda text: (
            cells.missing(text)
            or cells.parse_date(text, order=mapping.date, swapped=sheet.swapped, serials="date1904" not in sheet.foglio.metadata)
        )
    if column.type == "percentuale":
        scale = mapping.scale.get(column.name, "")
        shares = sheet.foglio.is_spreadsheet or (sheet.foglio.kind == "parquet" and "tabella" not in sheet.foglio.metadata)
        read = partial(cells.parse_percent, decimals=mapping.decimali, own=own, scale=scale, shares=shares)
        return lambda text: cells.missing(text) or read(text)
    parse = cells.parse_whole if column.type == "intero" else cells.parse_decimal
    return lambda text: cells.missing(text) or parse(text, decimals=mapping.decimali, own=own)


def _code(text: str, column: Column) -> str | Problema:
    found = column.known.get(plain(text)) or (text if text in column.codes else None)
    return found or cells.missing(text) or Problema("codice", f"codice sconosciuto; {suggest(text, column.codes)}")


def _province(text: str, column: Column, territorio: Territorio) -> str | Problema:
    found = territorio.find(text)
    if found is None and column.outside and normalized(text) == normalized(FUORI_REGIONE):
        return FUORI_REGIONE
    hint = suggest(text, [p.nome for p in territorio.province])
    return found or cells.missing(text) or Problema("provincia", f"non è del territorio {territorio.nome}; {hint}")


def _company(text: str) -> str | Problema:
    if gap := cells.missing(text):
        return gap
    code = re.sub(r"[\s.-]", "", text).upper()
    if len(code) == 11 and iva.is_valid(code):
        return code
    if len(code) == 11 and code.isdigit():
        return Problema("identificativo_impresa", "la cifra di controllo non torna; verificare il codice fiscale o la partita IVA")
    if len(code) == 16 and codicefiscale.is_valid(code):
        return code
    if code.isdigit() and 7 <= len(code) < 11 and iva.is_valid(code.zfill(11)):
        return Problema(
            "identificativo_impresa",
            f"ha {len(code)} cifre invece di 11: il foglio di calcolo ha tolto gli zeri iniziali; scriverlo come testo",
        )
    return Problema(
        "identificativo_impresa", "non è un codice fiscale né una partita IVA (11 cifre o 16 caratteri) con la cifra di controllo giusta"
    )


def _parsed(sheet: Sheet, column: Column, raw: pl.Series) -> pl.Series:
    """The column by its parser; whole numbers in plain digits by the engine first, which is faster and agrees."""
    quick = None
    if column.type == "intero" and sheet.foglio.is_number is None:
        quick = raw.cast(pl.Int64, strict=False)
        if quick.null_count() == raw.null_count():
            return quick.alias(column.name)
    values, problems = _decode(sheet, column, raw if quick is None else raw.set(quick.is_not_null(), None))
    if quick is not None:
        values = quick.zip_with(quick.is_not_null(), values)
    for (rule, sentence, gap), texts in _grouped(problems).items():
        clear = [text for text in texts if re.search(CODICE_FISCALE, text)]
        sheet.fault(_rows_of(raw, clear), column, "cf_in_chiaro", CF_WORDS)
        rows = _rows_of(raw, [text for text in texts if text not in clear])
        sheet.fault(rows, column, rule, sentence, severity="avviso" if gap else "errore")
    return values.alias(column.name)


CF_WORDS = "contiene un codice fiscale in chiaro, che qui non deve stare; sostituirlo con lo pseudonimo («analisi pseudonimi») o toglierlo"


def _rows_of(raw: pl.Series, texts: list[str]) -> pl.Series:
    """Indices of the cells that hold one of some texts."""
    return raw.is_in(texts).fill_null(False).arg_true()


def _grouped(problems: dict[str, Problema]) -> dict[tuple[str, str, bool], list[str]]:
    groups: dict[tuple[str, str, bool], list[str]] = {}
    for text, problem in problems.items():
        groups.setdefault((problem.regola, problem.testo, problem.missing), []).append(text)
    return groups


def _decode(sheet: Sheet, column: Column, raw: pl.Series) -> tuple[pl.Series, dict[str, Problema]]:
    """Values by text; where the cell's own type changes the meaning of a text, the cells that are numbers are read as such."""
    typed = _parser(sheet, column)
    values, problems = cells.decode(raw, typed, column.dtype)
    if (
        sheet.foglio.is_number is None
        or column.type not in ("intero", "decimale", "percentuale")
        or column.name not in sheet.heading.columns
    ):
        return values, problems
    own = _parser(sheet, column, own=True)
    pointed = raw.to_frame("testo").select(pl.col("testo").filter(pl.col("testo").str.contains(_POINTED)).unique()).to_series()
    if pointed.is_empty():
        return values, problems
    cut = set(pointed.filter(pointed.str.contains(_CUT))) if column.type != "intero" else set()
    doubtful = [text for text in pointed if text in cut or own(text.strip()) != typed(text.strip())]
    if not doubtful:
        return values, problems
    numbers = sheet.numbers(column.name) & raw.is_in(doubtful).fill_null(False)
    own_values, own_problems = cells.decode(raw.set(~numbers, None), own, column.dtype)
    if cut:
        whole = numbers & raw.is_in(list(cut)).fill_null(False) & own_values.is_not_null()
        exact = sheet.foglio.number_of(sheet.heading.columns[column.name]).slice(sheet.heading.last + 1)
        own_values = (exact * (100 if sheet.mapping.scale.get(column.name) == "0-1" else 1)).zip_with(whole, own_values)
    still = set(raw.filter(~numbers & raw.is_in(doubtful).fill_null(False)).unique())
    for text, problem in own_problems.items():
        rows = (numbers & (raw == text).fill_null(False)).arg_true()
        sheet.fault(rows, column, problem.regola, problem.testo, severity="avviso" if problem.missing else "errore")
    problems = {text: problem for text, problem in problems.items() if text not in doubtful or text in still}
    ambiguous = {text: problem for text, problem in problems.items() if text in doubtful}
    for text, problem in ambiguous.items():  # the same text stands in cells of both kinds: only the texts are at fault
        sheet.fault((~numbers & (raw == text).fill_null(False)).arg_true(), column, problem.regola, problem.testo)
    return own_values.zip_with(numbers, values), {text: problem for text, problem in problems.items() if text not in ambiguous}


def _text(sheet: Sheet, column: Column, raw: pl.Series) -> pl.Series:
    values, (sample, sizes) = raw, _sample(raw)  # what holds for every distinct text is looked for there first
    if sizes.min() == 0 or (sample != sample.str.strip_chars()).any():
        values = raw.str.strip_chars().replace("", None)
        sample, sizes = _sample(values)
    if sample.str.contains(UNSEEN).any():
        unseen = values.str.contains(UNSEEN).fill_null(False)
        sheet.fault(unseen.arg_true(), column, "invisibili", UNSEEN_WORDS, severity="avviso")
        values = values.str.replace_all(UNSEEN, "").str.strip_chars().replace("", None)
        sample, sizes = _sample(values)
    brief = sample.filter(sizes <= LONGEST_MARK)
    marks = brief.filter(brief.str.to_lowercase().is_in(cells.MARKS)) if len(brief) else brief
    gaps = {text: gap for text in marks if (gap := cells.missing(text))}
    for (rule, sentence, missing), texts in _grouped(gaps).items():
        sheet.fault(_rows_of(values, texts), column, rule, sentence, severity="avviso" if missing else "errore")
    if gaps:
        values = values.set(values.is_in(list(gaps)).fill_null(False), None)
        sample, sizes = _sample(values)
    longest = sizes.max() or 0
    if longest > TEXT_LIMIT:
        sheet.fault(
            (values.str.len_chars() > TEXT_LIMIT).fill_null(False).arg_true(),
            column,
            "massimo",
            f"è un testo di più di {TEXT_LIMIT} caratteri",
        )
    pattern = rf"^(?:{column.pattern})$"
    if column.pattern and not sample.str.contains(pattern).all():
        wrong = (~values.str.contains(pattern)).fill_null(False).arg_true()
        words = values.gather(wrong).map_elements(partial(_form_words, column=column), return_dtype=pl.String)
        sheet.fault(wrong, column, "formato", words)
        values = values.set(~values.str.contains(pattern).fill_null(True), None)
    if column.pattern:
        _numbers_as_codes(sheet, column, values)
    elif sheet.foglio.is_spreadsheet and sample.str.contains(MADE_DATE).any():
        made = values.str.contains(MADE_DATE).fill_null(False)
        sheet.fault(
            made.arg_true(), column, "ambiguo", "è una data: il foglio di calcolo può aver trasformato un testo; scriverlo come testo"
        )
        values = values.set(made, None)
    if longest >= 16 and sample.str.contains(CODICE_FISCALE).any():
        clear = raw.str.contains(CODICE_FISCALE).fill_null(False)
        sheet.fault(clear.arg_true(), column, "cf_in_chiaro", CF_WORDS)
        values = values.set(clear, None)
    return values


UNSEEN = r"[[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]--[\t\n\r]]"  # controls, zero width, marks that turn the direction of writing
UNSEEN_WORDS = "contiene caratteri che non si vedono, o che cambiano il verso della scrittura: sono stati tolti"
MADE_DATE = r"^\d{4}-\d{2}-\d{2} 00:00:00$"  # how a cell that is a date is written
LONGEST_MARK = max(len(mark) for mark in cells.MARKS)


def _sample(values: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The distinct texts of a column, or the column itself where most are distinct, and how many bytes each has."""
    sample = values if values.head(10_000).n_unique() > 9_000 else values.unique()
    return sample, sample.str.len_bytes()


def _form_words(text: str, column: Column) -> str:
    padded = (
        next((text.zfill(n) for n in range(len(text) + 1, 17) if re.fullmatch(column.pattern, text.zfill(n))), None)
        if text.isdigit()
        else None
    )
    lost = " (mancano forse gli zeri iniziali: scriverlo come testo)" if padded else ""
    return f"non ha la forma prevista: {column.form}{lost}"


def _numbers_as_codes(sheet: Sheet, column: Column, values: pl.Series) -> None:
    """Codes with a point, or very long, that the file stores as numbers: the spreadsheet may have dropped their zeros."""
    if sheet.foglio.is_number is None or column.name not in sheet.heading.columns:
        return
    looks = values.str.contains(r"^\d+\.\d+$|^\d{16,}$")
    if looks.any():
        rows = (looks.fill_null(False) & sheet.numbers(column.name)).arg_true()
        sheet.fault(
            rows,
            column,
            "ambiguo",
            "è un numero in una colonna di codici: il foglio di calcolo può averne tolto gli zeri; scriverlo come testo",
        )


def _pseudonym(sheet: Sheet, column: Column, raw: pl.Series) -> pl.Series:
    values = raw if (raw.str.len_bytes() == 32).all() else raw.str.strip_chars()
    wrong = (~values.str.contains(PSEUDONIMO) & (values.str.len_bytes() > 0)).fill_null(False)
    if wrong.any():
        clear = (wrong & values.str.contains(CODICE_FISCALE)).fill_null(False)
        sheet.fault(clear.arg_true(), column, "cf_in_chiaro", CF_WORDS)
        sheet.fault(
            (wrong & ~clear).arg_true(),
            column,
            "pseudonimo",
            "non è uno pseudonimo: 32 cifre esadecimali minuscole, fatte da «analisi pseudonimi»",
        )
        values = values.set(wrong, None)
    return values.replace("", None) if (values.str.len_bytes() == 0).any() else values


def _required(sheet: Sheet, frame: pl.DataFrame, *, skipped: pl.Series) -> None:
    """Add a fault where a required value is missing; cells that already have an error of their own are not told twice."""
    told = _told(sheet)
    for column in sheet.table.columns:
        if column.required and frame[column.name].null_count():
            rows = (frame[column.name].is_null() & ~skipped).arg_true()
            seen = told.get(column.name)
            if seen is not None and len(rows):
                rows = rows.filter(~(rows.cast(pl.Int64) + sheet.first_row).is_in(seen.to_list()))
            sheet.fault(rows, column, "obbligatorio", "è obbligatorio")


def _uncomputed(sheet: Sheet) -> None:
    """Add a fault to each formula whose value the file does not hold."""
    names = {place: name for name, place in sheet.heading.columns.items()}
    for row, position in sheet.foglio.uncomputed:
        index = row - sheet.heading.last - 1
        if position in names and 0 <= index < sheet.body.height and (row, position) not in sheet.foglio.errors:
            words = "è una formula senza valore salvato; aprire il file con Excel, salvarlo e rimandarlo"
            sheet.fault(pl.Series([index]), sheet.table.column(names[position]), "cella_in_errore", words)


def _told(sheet: Sheet) -> dict[str, pl.Series]:
    told: dict[str, pl.Series] = {}
    for part in sheet.faults:
        wrong = part.filter(pl.col("gravita") == "errore")
        for name in wrong["colonna"].unique():
            rows = wrong.filter(pl.col("colonna") == name)["riga"]
            told[name] = told[name].append(rows) if name in told else rows.clone()
    return told


def _ragged(sheet: Sheet) -> None:
    """Add a fault to rows of a CSV with more or fewer fields than the heading, unless what is in excess is blank."""
    odd = list(sheet.foglio.odd_rows(sheet.heading.last + 1)) if sheet.foglio.ragged else []
    rows = pl.Series([row - sheet.first_row for row, _, _ in odd], dtype=pl.UInt32)
    words = [
        f"la riga ha {found} campi invece di {expected}; completarla o mettere fra virgolette il testo che contiene il separatore"
        for _, found, expected in odd
    ]
    sheet.fault(rows, sheet.table.columns[0], "campi", pl.Series(words, dtype=pl.String))


def _keys(sheet: Sheet, data: pl.DataFrame) -> None:
    """Add a fault for each row whose key stands in an earlier row."""
    key, table = list(sheet.table.key), sheet.table
    whole = data.select(ROW, *key).drop_nulls([name for name in key if table.column(name).required])
    if whole.height == 0 or whole.select(key).hash_rows().n_unique() == whole.height:  # distinct hashes: distinct keys
        return
    first = whole.with_columns(pl.col(ROW).min().over(key).alias("prima")).filter(pl.col(ROW) != pl.col("prima"))
    column = table.column(key[0])
    parts = []
    for row in first.iter_rows(named=True):
        shown = {name: echo(str(row[name]), table.column(name), table).strip("«»") for name in key if row[name] is not None}
        said = ", ".join(f"{name} {text}" for name, text in shown.items())
        parts.append(f"riga ripetuta: {said} è già alla riga {row['prima']}; lasciarne una sola")
    sheet.fault((first[ROW] - sheet.first_row).cast(pl.UInt32), column, "chiave", pl.Series(parts, dtype=pl.String))


def _rules(sheet: Sheet, data: pl.DataFrame) -> None:
    """Add a fault to each row that breaks a declared rule."""
    here = set(sheet.heading.columns) | set(sheet.mapping.fissi)
    rules = [rule for rule in sheet.table.rules if rule.columns[0] in here or (rule.severity == "errore" and set(rule.columns) & here)]
    if not rules or data.is_empty():
        return
    broken = data.select(rule.expression(sheet.territorio).alias(rule.code) for rule in rules)
    for rule in rules:
        if broken[rule.code].any():
            rows = (data.filter(broken[rule.code])[ROW] - sheet.first_row).cast(pl.UInt32)
            sheet.fault(rows, sheet.table.column(rule.columns[0]), rule.code, rule.text, severity=rule.severity)


def _total_rows(sheet: Sheet, frame: pl.DataFrame) -> pl.Series:
    """Rows whose key says total in some column, or says nothing while another cell says total."""
    none = pl.Series([False]).new_from_index(0, frame.height)
    lacking = frame.select(pl.any_horizontal(pl.col(sheet.table.required).is_null())).to_series() | none
    if sheet.table.key[0] in sheet.heading.columns:
        lacking |= sheet.raw(sheet.table.key[0]).str.contains(_TOTAL).fill_null(False)
    if not lacking.any():
        return none
    rows = lacking.arg_true()
    part = sheet.body[rows.to_list()]
    says = (pl.all().str.contains(_TOTAL) | (pl.all().str.strip_chars() == sheet.territorio.totale)).fill_null(False)
    key = [sheet.body.columns[sheet.heading.columns[name]] for name in _keys_here(sheet)]
    marks = part.select(says)
    in_key = marks.select(pl.any_horizontal(key)).to_series() if key else none.head(len(rows))
    no_key = part.select(pl.all_horizontal(pl.col(key).is_null() | (pl.col(key).str.strip_chars() == ""))).to_series() if key else in_key
    found = in_key | (no_key & marks.select(pl.any_horizontal(pl.all())).to_series())
    return none.scatter(rows.filter(found), True) if found.any() else none


def _keys_here(sheet: Sheet) -> list[str]:
    """The required key columns that are in the file."""
    return [name for name in sheet.table.key if name in sheet.heading.columns and sheet.table.column(name).required]


def _check_totals(sheet: Sheet, frame: pl.DataFrame, total: pl.Series, data: pl.DataFrame) -> None:
    """Add a fault for each total that is neither the sum of the rows it names nor of those since the previous total."""
    before = 0
    counts = [column for column in sheet.table.columns if column.additive and column.name in sheet.heading.columns]
    for row in frame.filter(total).iter_rows(named=True):
        label = {name for name in _keys_here(sheet) if re.search(_TOTAL_LABEL, sheet.raw(name)[row[ROW] - sheet.first_row] or "")}
        named = {name: row[name] for name in sheet.table.key if row[name] is not None and name not in label}
        scope = data.filter(*(pl.col(name) == value for name, value in named.items())) if named else data
        since = data.filter(pl.col(ROW).is_between(before, row[ROW], closed="none"))
        before = row[ROW]
        index = pl.Series([row[ROW] - sheet.first_row], dtype=pl.UInt32)
        for column in counts:
            printed = row[column.name]
            sums = [round(part[column.name].sum() or 0, 6) for part in (scope, since) if part.height or part is scope]
            if printed is None or round(printed, 6) in sums:
                continue
            if printed > sums[0] and scope[column.name].null_count():
                words = f"supera la somma delle celle note ({_plain(sums[0])}); qui si usa la somma"
                sheet.fault(index, column, "totale_incerto", words, severity="avviso")
            else:
                sheet.fault(
                    index,
                    column,
                    "totale",
                    f"il totale non coincide con la somma delle sue righe, {_plain(sums[0])}; correggere il totale o le righe",
                )
