"""A reading told to the analyst: rows, errors and warnings by rule with examples, doubts; as text and as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import polars as pl

from analisi.errors import listing
from analisi.tables.reading import Lettura
from analisi.tables.schema import CELL_RULES, CELL_WARNINGS
from analisi.tables.writing import counted, thousands

EXAMPLES = 3


def as_text(reading: Lettura, *, guessed: bool = False, base: Path | None = None) -> str:
    """The summary of one reading, to be read on a terminal; with `base`, the file is named from that folder."""
    facts, counts = reading.provenienza, reading.conteggio
    how = "riconosciuta dalle intestazioni" if guessed else "come indicato"
    lost = [name for name in facts["colonne_assenti"] if name not in ("data_estrazione", "fonte", "versione_tracciato", "natura")]
    lines = [
        reading.foglio.place if base is None else reading.foglio.file.relative_to(base).as_posix(),
        f"  Tabella: {reading.tabella.name}, {how}; {facts['colonne']} colonne",
        f"  Formato: {facts['formato']}; intestazione: {facts['intestazione']}",
        *([f"  Mappatura: {facts['mappatura']}"] if facts["mappatura"] else []),
        *([f"  Colonne facoltative assenti: {', '.join(lost[:8])}{f' e altre {len(lost) - 8}' if len(lost) > 8 else ''}"] if lost else []),
        *([f"  Fogli non letti: {listing(f'«{name}»' for name in facts['fogli_non_letti'])}"] if facts["fogli_non_letti"] else []),
        *(["  DATI SINTETICI, inventati per prova"] if facts["sintetica"] else []),
        f"  Righe: {thousands(counts['righe'])} = {_parts(counts)}",
        *_section("Errori", reading.scarti),
        *_section("Avvisi", reading.avvisi),
    ]
    if reading.dubbi:
        lines += ["  Dubbi sul file intero:", *(f"    - {text}" for text in reading.dubbi)]
    return "\n".join(lines)


def _parts(counts: dict[str, int]) -> str:
    words = {"accettate": "accettate", "scartate": "scartate", "totali": "di totale", "vuote": "vuote"}
    return " + ".join(
        f"{thousands(counts[name])} {word}" for name, word in words.items() if counts[name] or name in ("accettate", "scartate")
    )


def by_rule(faults: pl.DataFrame) -> pl.DataFrame:
    """One row per rule and column: how many faults, in how many rows, with the sentence of the first."""
    return faults.group_by("regola", "colonna", maintain_order=True).agg(
        pl.len().alias("difetti"), pl.col("riga").n_unique().alias("righe"), pl.col("testo").first(),
        pl.col("riga").head(EXAMPLES).alias("esempi"), pl.col("valore").head(EXAMPLES).alias("valori"),
    ).sort("righe", descending=True, maintain_order=True)  # fmt: skip


def _section(title: str, faults: pl.DataFrame) -> list[str]:
    if faults.is_empty():
        return [f"  {title}: nessuno"]
    lines = [f"  {title}: {thousands(faults.height)} in {counted(faults['riga'].n_unique(), 'riga', 'righe')}"]
    for row in by_rule(faults).iter_rows(named=True):
        lines.append(f"    {row['colonna']} [{row['regola']}], {counted(row['righe'], 'riga', 'righe')}: {row['testo']}")
        shown = ", ".join(f"riga {riga} {value}" for riga, value in zip(row["esempi"], row["valori"], strict=True))
        lines.append(f"      {shown}{', ...' if row['difetti'] > EXAMPLES else ''}")
    return lines


def as_data(reading: Lettura) -> dict[str, Any]:
    """The summary of one reading for other programs; no value of the file beyond what messages repeat."""

    def faults(frame: pl.DataFrame) -> list[dict[str, Any]]:
        return [
            {**row, "spiegazione": meaning(row["regola"], reading)} for row in by_rule(frame).drop("esempi", "valori").iter_rows(named=True)
        ]

    return {
        "tabella": reading.tabella.name,
        **reading.provenienza,
        "conteggio": reading.conteggio,
        "errori": faults(reading.scarti),
        "avvisi": faults(reading.avvisi),
        "dubbi": list(reading.dubbi),
        "difetti": reading.difetti.to_dicts(),
    }


def meaning(rule: str, reading: Lettura) -> str:
    """What a rule says, by its code."""
    declared = {item.code: item.text for item in (*reading.tabella.rules, *reading.tabella.links)}
    return (CELL_RULES | CELL_WARNINGS | declared).get(rule, rule)
