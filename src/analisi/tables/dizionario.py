"""The part of the data dictionary on the tables, made from their declarations."""

from __future__ import annotations

from analisi.tables.catalogo import ESTRATTI, TABLES
from analisi.tables.schema import CELL_RULES, CELL_WARNINGS, Column, Link, Table
from analisi.tables.writing import thousands

BEGIN, END = "<!-- tabelle: generato da analisi.tables.dizionario -->", "<!-- fine delle tabelle -->"
TYPES = {"testo": "testo", "codice": "codice", "intero": "intero", "decimale": "decimale", "percentuale": "percentuale, 0-100",
         "data": "data", "provincia": "provincia", "impresa": "identificativo di impresa", "pseudonimo": "pseudonimo"}  # fmt: skip


def text() -> str:
    """The generated part of the dictionary: rules of cells, then each table with its columns and rules."""
    cells = ["| regola | gravità | significato |", "|---|---|---|"]
    cells += [f"| `{code}` | errore | {words} |" for code, words in CELL_RULES.items()]
    cells += [f"| `{code}` | avviso | {words} |" for code, words in CELL_WARNINGS.items()]
    parts = ["### Regole delle celle, uguali per tutte le tabelle", "", *cells, ""]
    for table in TABLES.values():
        parts += _table(table)
    return "\n".join(parts)


def _table(table: Table) -> list[str]:
    kind = "Estratto" if table in ESTRATTI else "Accanto ai dati pubblicati"
    lines = [f"### `{table.name}`", "", f"Una riga: {table.row}. {kind}: {table.source}. Chiave: {', '.join(table.key)}.", ""]
    if table.form_of:
        lines[2] += f" È la seconda forma di `{table.form_of}`."
    lines += ["| colonna | tipo | obbligo | significato e regole | esempio |", "|---|---|---|---|---|"]
    lines += [f"| `{c.name}` | {TYPES[c.type]} | {'sì' if c.required else 'no'} | {meaning(c)} | {c.example} |" for c in table.columns]
    rules = [(rule.code, rule.severity, rule.columns, rule.text) for rule in table.rules]
    rules += [(link.code, link.severity, link.columns, _link(link)) for link in table.links]
    if rules:
        lines += ["", "| regola | gravità | colonne | che cosa non va |", "|---|---|---|---|"]
        lines += [f"| `{code}` | {severity} | {', '.join(columns)} | {words} |" for code, severity, columns, words in rules]
    return [*lines, ""]


def _link(link: Link) -> str:
    return f"{link.text} (si controlla quando c'è anche `{link.other}`)"


def meaning(column: Column) -> str:
    """What a column means and which values it admits, in one sentence."""
    parts = [column.description]
    if column.codes:
        parts.append(", ".join(f"`{code}` {words.split('|')[0]}" for code, words in column.codes.items()))
    if column.form:
        parts.append(column.form)
    if column.minimum is not None and column.maximum is not None and column.type != "percentuale":
        parts.append(f"da {thousands(column.minimum)} a {thousands(column.maximum)}")
    if column.type == "provincia":
        parts.append("in una delle diciture del territorio" + (", oppure FUORI_REGIONE" if column.outside else ""))
    return "; ".join(parts)
