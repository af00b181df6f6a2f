"""A reading told to the analyst: rows, errors and warnings by rule with examples, doubts; as text, as data and as HTML for notebooks."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Any

import polars as pl

from analisi.errors import listing
from analisi.tables.reading import Lettura, in_polars
from analisi.tables.schema import CELL_RULES, CELL_WARNINGS
from analisi.tables.writing import counted, thousands

EXAMPLES = 3
RULES_SHOWN = 8
_STYLE = """<style>
.lettura{font-size:var(--jp-content-font-size1,14px);line-height:1.45;color:var(--jp-content-font-color1,#1a1a2e)}
.lettura p{margin:.3rem 0}.lettura .scorri{overflow-x:auto}
.lettura .sintetici{background:#86455a;color:#fff;padding:.1rem .5rem;border-radius:3px}
.lettura table{border-collapse:collapse;margin:.5rem 0;background:#fff;color:#1a1a2e}
.lettura caption{text-align:left;font-weight:700;padding:.3rem 0;color:var(--jp-content-font-color1,#1a1a2e)}
.lettura th,.lettura td{text-align:left!important;vertical-align:top;padding:.25rem .7rem;border:1px solid #d5dae1;white-space:normal}
.lettura thead th{background:#f4f7fb}.lettura tbody th{font-weight:400}.lettura .n{text-align:right!important;white-space:nowrap}
</style>"""


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


def as_html(reading: Lettura) -> str:
    """The summary of one reading, as a notebook shows it."""
    facts, counts = reading.provenienza, reading.conteggio
    synthetic = '<p><strong class="sintetici">DATI SINTETICI, inventati per prova</strong></p>' if facts["sintetica"] else ""
    doubts = "".join(f"<li>{escape(text)}</li>" for text in reading.dubbi)
    return _page(
        f"<p><strong>{escape(reading.foglio.place)}</strong>, tabella <code>{reading.tabella.name}</code> "
        f"(una riga: {escape(reading.tabella.row)})</p>{synthetic}",
        f"<p>Righe: {thousands(counts['righe'])} = {_parts(counts)}</p>",
        _rules("Errori", "scarti", in_polars(reading.scarti)),
        _rules("Avvisi", "avvisi", in_polars(reading.avvisi)),
        f"<p>Dubbi sul file intero:</p><ul>{doubts}</ul>" if doubts else "",
    )


def delivery_as_html(readings: Sequence[Lettura], refused: Sequence[str]) -> str:
    """The summary of several files, one line each, as a notebook shows it: those with something to say, then the others."""
    lost = sum(reading.conteggio["scartate"] for reading in readings)
    caption = f"{counted(len(readings), 'file letto', 'file letti')}, {counted(lost, 'riga scartata', 'righe scartate')}"
    said, clean = [], []
    for reading in readings:
        (said if len(reading.scarti) or len(reading.avvisi) or reading.dubbi else clean).append(reading)
    unfit = "".join(f"<li>{escape(text)}</li>" for text in refused)
    title = counted(len(clean), "file senza scarti, avvisi né dubbi", "file senza scarti, avvisi né dubbi")
    return _page(
        f"<p>Non si possono usare:</p><ul>{unfit}</ul>" if unfit else "",
        _files(caption, said) if said else f"<p><strong>{caption}</strong></p>",
        f"<details><summary>{title}</summary>{_files(title, clean)}</details>" if clean else "",
    )


def _files(caption: str, readings: Iterable[Lettura]) -> str:
    rows = []
    for reading in readings:
        numbers = [*(reading.conteggio[name] for name in ("righe", "accettate", "scartate")), len(reading.avvisi), len(reading.dubbi)]
        rows.append([reading.provenienza["file"], reading.tabella.name, *map(thousands, numbers)])
    return _grid(caption, ("File", "Tabella", "Righe", "Accettate", "Scartate", "Avvisi", "Dubbi"), rows, numbers=range(2, 7))


def _rules(title: str, name: str, faults: pl.DataFrame) -> str:
    """The faults by rule, the most frequent first."""
    if faults.is_empty():
        return f"<p>{title}: nessuno</p>"
    rules, rows = by_rule(faults), []
    for row in rules.head(RULES_SHOWN).iter_rows(named=True):
        cells = ", ".join(f"riga {thousands(riga)}: {value}" for riga, value in zip(row["esempi"], row["valori"], strict=True))
        rows.append([row["colonna"], row["testo"], thousands(row["righe"]), cells])
    caption = f"{title}: {thousands(faults.height)} in {counted(faults['riga'].n_unique(), 'riga', 'righe')}"
    left = rules.height - RULES_SHOWN
    others = f"... e {counted(left, 'altra regola', 'altre regole')}: ogni difetto, riga per riga, è in"
    return _grid(caption, ("Colonna", "Perché", "Righe", "Esempi"), rows, numbers=(2,)) + (
        f"<p>{others} <code>{name}</code>.</p>" if left > 0 else ""
    )


def _grid(caption: str, headings: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> str:
    """A table: the first cell of a row heads it; the columns at the positions `numbers` are set right."""
    right = dict.fromkeys(numbers, ' class="n"')
    head = "".join(f'<th scope="col"{right.get(i, "")}>{escape(text)}</th>' for i, text in enumerate(headings))
    lines = []
    for first, *rest in rows:
        cells = "".join(f"<td{right.get(i, '')}>{escape(text)}</td>" for i, text in enumerate(rest, start=1))
        lines.append(f'<tr><th scope="row">{escape(first)}</th>{cells}</tr>')
    return (
        f'<div class="scorri" role="region" tabindex="0" aria-label="{escape(caption)}"><table><caption>{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{''.join(lines)}</tbody></table></div>"
    )


def _page(*parts: str) -> str:
    return f'{_STYLE}<div class="lettura">{"".join(parts)}</div>'


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
