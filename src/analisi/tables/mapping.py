"""Mappings: how the headings of a real extract map to our columns, with fixed values, recodings and answers to what is ambiguous."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from pathlib import Path

from analisi.errors import AnalisiError, listing, suggest
from analisi.sources.foglio import Foglio
from analisi.tables.heading import find_heading, likely_heading
from analisi.tables.schema import Table, plain
from analisi.vocabulary import normalized
from analisi.workspace import resolve, shown

CHOICES = {"date": ("gg/mm", "mm/gg"), "decimali": ("virgola", "punto")}
SCALES = ("0-1", "0-100")
PARTS = ("colonne", "fissi", "ricodifiche", "scale", "ipotesi")


@dataclass(frozen=True)
class Mappatura:
    """A mapping file. `colonne` gives the heading (or "=D", its letter) of our columns; `ricodifiche` the value of a text, by column."""

    tabella: str = ""
    foglio: str = ""
    date: str = ""
    decimali: str = ""
    colonne: dict[str, str] = field(default_factory=dict)
    fissi: dict[str, str] = field(default_factory=dict)
    ricodifiche: dict[str, dict[str, str]] = field(default_factory=dict)
    scale: dict[str, str] = field(default_factory=dict)
    file: Path | None = None


def load_mapping(name: str | Path, tables: dict[str, Table]) -> Mappatura:
    """The mapping of a TOML file, or of data/mappature/<name>.toml.

    Raises:
        AnalisiError: no such file; an unknown key, column or choice; guesses not yet confirmed.
    """
    path = resolve(name)
    if not path.is_file():
        path = resolve(f"data/mappature/{name}.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"mappatura «{name}»: il file non c'è o non si può leggere"
        raise AnalisiError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{shown(path)}: non è un file TOML in UTF-8 ({error})"
        raise AnalisiError(msg) from error
    return _checked(content, path, tables)


def _checked(content: dict, path: Path, tables: dict[str, Table]) -> Mappatura:
    where, known = shown(path), {"tabella", "foglio", *CHOICES, *PARTS}

    def fail(words: str) -> None:
        msg = f"{where}: {words}"
        raise AnalisiError(msg)

    for key, value in content.items():
        if key not in known:
            fail(f"voce «{key}» sconosciuta; {suggest(key, sorted(known))}")
        if not isinstance(value, dict if key in PARTS else str):
            fail(f"«{key}» ha un valore di tipo sbagliato; confrontare con docs/dizionario.md")
    table = tables.get(content.get("tabella", ""))
    if table is None:
        fail(f"manca «tabella», oppure non è una tabella; {suggest(content.get('tabella', ''), tables)}")
    for key, choices in CHOICES.items():
        if content.get(key, choices[0]) not in choices:
            fail(f"{key} = «{content[key]}»: scegliere fra {listing(choices)}")
    for part in PARTS:
        for name, value in content.get(part, {}).items():
            if name not in table.names:
                fail(f"[{part}] «{name}» non è una colonna di {table.name}; {suggest(name, table.names)}")
            if not isinstance(value, dict if part == "ricodifiche" else str) or (part == "scale" and value not in SCALES):
                fail(f"[{part}] «{name}» ha un valore di tipo sbagliato; confrontare con docs/dizionario.md")
    recodes = {name: {text.strip(): str(code) for text, code in texts.items()} for name, texts in content.get("ricodifiche", {}).items()}
    both = sorted(set(content.get("colonne", {})) & set(content.get("fissi", {})))
    if both:
        fail(f"{listing(both)}: sia in [colonne] sia in [fissi]; tenerne uno")
    guessed = [name for name in content.get("ipotesi", {}) if name in table.required and name not in content.get("colonne", {})]
    if guessed:
        fail(f"{listing(guessed)}: solo ipotesi; verificarle e spostare le righe giuste da [ipotesi] a [colonne]")
    rest = {key: content[key] for key in ("tabella", "foglio", "date", "decimali", "colonne", "fissi", "scale") if key in content}
    return Mappatura(**rest, ricodifiche=recodes, file=path)


def draft(sheet: Foglio, table: Table) -> str:
    """The text of a mapping to start from: sure columns in [colonne], best guesses marked as such in [ipotesi], the rest listed.

    Raises:
        AnalisiError: the sheet has no row that looks like a heading.
    """
    heading = find_heading(sheet, table, {}) or likely_heading(sheet)
    if heading is None:
        msg = f"{sheet.place}: nessuna riga somiglia a un'intestazione"
        raise AnalisiError(msg)
    sure = {column: heading.names[position] for column, position in heading.columns.items()}
    free = {i: name for i, name in enumerate(heading.names) if name and i not in heading.columns.values()}
    guesses = _guesses(free, [name for name in table.names if name not in sure])
    lines = [
        f"# Mappatura di {_quoted(sheet.file.name)} sulla tabella {table.name}.",
        "# Confermare le ipotesi, poi: analisi controlla FILE --mappatura QUESTO_FILE",
        f"tabella = {_quoted(table.name)}",
        *([f"foglio = {_quoted(sheet.name)}"] if sheet.name is not None else []),
        '# date = "gg/mm"          # oppure "mm/gg", se il file scrive prima il mese',
        '# decimali = "virgola"    # oppure "punto", se 1.615 vuol dire uno virgola sei',
        "",
        '[colonne]  # nostra colonna = intestazione del file (oppure "=D": la lettera della colonna)',
        *(f"{ours} = {_quoted(theirs)}" for ours, theirs in sure.items()),
        "",
        "[ipotesi]  # da verificare: spostare in [colonne] le righe giuste e cancellare le altre",
        *(f"{ours} = {_quoted(free[i])}  # somiglianza {score:.0%}" for ours, (i, score) in guesses.items()),
    ]
    lost = [name for name in table.names if name not in sure and name not in guesses]
    lines += [f"# {name}: non trovata{' (obbligatoria)' if name in table.required else ''}" for name in lost]
    used = {i for i, _ in guesses.values()}
    lines += [f"# intestazione non usata: {_quoted(name)}" for i, name in free.items() if i not in used]
    lines += [
        "",
        "[fissi]  # nostra colonna = valore uguale per tutte le righe",
        "",
        *_recodings(sheet, table, heading.columns, heading.last),
    ]
    return "\n".join(lines) + "\n"


def _guesses(free: dict[int, str], wanted: list[str]) -> dict[str, tuple[int, float]]:
    """The nearest free heading of each wanted column, best pairs first, each heading once."""
    pairs = sorted(
        ((_likeness(name, text), name, i) for name in wanted for i, text in free.items()), key=lambda pair: (-pair[0], pair[1], pair[2])
    )
    found: dict[str, tuple[int, float]] = {}
    for score, name, i in pairs:
        if score >= 0.5 and name not in found and i not in {position for position, _ in found.values()}:
            found[name] = (i, score)
    return dict(sorted(found.items(), key=lambda item: wanted.index(item[0])))


def _likeness(ours: str, theirs: str) -> float:
    first, second = normalized(ours), normalized(theirs)
    words, others = set(first.split()), set(second.split())
    shared = len([w for w in words if any(w[:4] == other[:4] for other in others)]) / len(words)
    return round(0.5 * SequenceMatcher(None, first, second).ratio() + 0.5 * shared, 3)


def _recodings(sheet: Foglio, table: Table, columns: dict[str, int], last: int) -> list[str]:
    """Lines that list the texts of each column of codes that are no known code, to be completed."""
    lines = []
    for name, position in columns.items():
        column = table.column(name)
        if not column.codes:
            continue
        texts = sheet.cells.to_series(position).slice(last + 1).str.strip_chars().drop_nulls().unique(maintain_order=True)
        unknown = [text for text in texts.head(1_000) if text and plain(text) not in column.known and len(text) <= 80]
        if unknown:
            lines.append(f"[ricodifiche.{name}]  # testo del file = codice fra: {', '.join(column.codes)}")
            lines += [f'# {_quoted(text)} = ""' for text in unknown[:30]]
            lines.append("")
    return lines


def _quoted(text: str) -> str:
    clean = "".join(mark if mark.isprintable() else " " for mark in text)
    return '"' + clean.replace("\\", "\\\\").replace('"', '\\"') + '"'


def headings_of(mapping: Mappatura | None) -> dict[str, str]:
    """Our column by the normalized heading, or letter, that the mapping gives it."""
    return {(text if text.startswith("=") else normalized(text)): name for name, text in (mapping.colonne if mapping else {}).items()}
