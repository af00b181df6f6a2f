"""What the readers of a page may see: all of it inside, elsewhere what is decided once for everything that is published together.

Each report says in its module (`RAPPORTI`) the cells it publishes (`sistema`) and how its data files tell them (`tavole`), both from the
parameters of its notebook. The runner of an edition names all its reports in the variable PIANO, so that each of them takes what was
decided for all; a report made alone is decided alone. A report that declares nothing has no public profile.
"""

from __future__ import annotations

import inspect
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from analisi.disclosure.segni import OSCURATO, SEGNO
from analisi.disclosure.tavole import Tavola
from analisi.errors import AnalisiError, suggest
from analisi.presentation.blocks import Block, text
from analisi.trace import remembered
from analisi.vocabulary import INTERNO
from analisi.workspace import resolve

if TYPE_CHECKING:
    from analisi.disclosure.protezione import Protezione

PIANO = "ANALISI_PIANO"  # the reports published together, as JSON: [[notebook, parameters], ...]
RAPPORTI = {
    "annuale": "dati_annuale",
    "attivazione_pal": "dati_pal",
    "bimestrale": "dati_bimestrale",
    "misure_pal": "protezione_misure",
    "scenario": "dati_scenario",
}
NOTICE = (
    "Questa pagina può uscire: le cifre che poggiano su pochi lavoratori, unità o imprese, e quelle che le farebbero ricavare, sono oscurate (**«*»**). "
    "Frasi, figure e ordini fra territori riguardano le cifre mostrate."
)


def has_public(notebook: str) -> bool:
    """Whether a report says how its figures are protected."""
    return notebook in RAPPORTI


@cache
def _declared(notebook: str, what: str) -> Callable[..., Any]:
    return getattr(import_module(f"analisi.presentation.{RAPPORTI[notebook]}"), what)


def _asked(function: Callable[..., Any], parametri: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters that a declaration looks at: two pages of the same figures ask for the same cells."""
    return {name: parametri[name] for name in inspect.signature(function).parameters if name in parametri}


def asked_by(notebook: str) -> list[str]:
    """The parameters that the cells of a report depend on. Raises: AnalisiError when it has no public profile."""
    if not has_public(notebook):
        raise AnalisiError(no_public(notebook))
    return list(inspect.signature(_declared(notebook, "sistema")).parameters)


def tables(notebook: str, parametri: Mapping[str, Any]) -> dict[str, Tavola]:
    """How the data files of a report tell cells, by name."""
    function = _declared(notebook, "tavole")
    return function(**_asked(function, parametri))


@remembered
def decided(piano: str) -> Protezione:
    """What is shown of each cell of all the reports of a plan, by the rules of data/riferimento/riservatezza.toml.

    Raises:
        AnalisiError: the rules cannot be used; a cell cannot be protected.
    """
    from analisi.disclosure.celle import same_contributors, together, with_editions
    from analisi.disclosure.protezione import protect
    from analisi.disclosure.regole import read_rules

    rules = read_rules()
    asked = {}
    for notebook, parametri in json.loads(piano):
        function = _declared(notebook, "sistema")
        values = _asked(function, parametri)
        asked[json.dumps([notebook, values], sort_keys=True, default=str)] = (function, values)
    sistemi = [function(**values) for function, values in asked.values()]
    known = pl.concat([_published(folder) for folder in rules.precedenti]) if rules.precedenti else None
    sistema = same_contributors(together(*sistemi))
    protezione = protect(sistema if known is None else with_editions(sistema, known), rules)
    protezione.raise_if_exposed()
    return protezione


def _published(folder: str) -> pl.DataFrame:
    """The cells that an earlier edition has published, as `pubblicato.shown_cells`. Raises: AnalisiError when it is not one of ours."""
    from analisi.disclosure.pubblicato import shown_cells

    place = resolve(folder)
    try:
        reports = json.loads((place / "manifest.json").read_text(encoding="utf-8"))["rapporti"]
        found = [
            shown_cells(data_files(place / report["nome"]), tables(report["notebook"], report["parametri"]))
            for report in reports
            if report["file"] and has_public(report["notebook"])
        ]
    except (OSError, ValueError, KeyError, TypeError) as error:
        msg = f"edizioni_precedenti, «{folder}»: non è la cartella di un'edizione, o non si può leggere"
        raise AnalisiError(msg) from error
    return pl.concat([pl.DataFrame(schema={"cella": pl.String, "valore": pl.Float64}), *found])


def data_files(folder: Path) -> dict[str, pl.DataFrame]:
    """The data files of a published report by name, columns of text as they are."""
    return {path.stem: pl.read_csv(path.read_bytes(), infer_schema=False) for path in sorted((folder / "dati").glob("*.csv"))}


def plan_of(reports: list[tuple[str, dict[str, Any]]]) -> str:
    """The plan of the reports that are published together: notebook and parameters of each."""
    return json.dumps(sorted(reports, key=repr), sort_keys=True, default=str)


@dataclass(frozen=True)
class Riservatezza:
    """What a page may show. Without a `protezione` (internal profile) everything is shown as it is."""

    protezione: Protezione | None = None
    tavole: Mapping[str, Tavola] = field(default_factory=dict)

    def mask(self, file: str, frame: pl.DataFrame) -> pl.DataFrame:
        """A frame, with the columns of a data file, as it may be shown: what is hidden is blank, its sign in `<column>_segno`.

        Raises:
            AnalisiError: nobody declared the file, or one of the columns.
        """
        if self.protezione is None:
            return frame
        if file not in self.tavole:
            msg = f"profilo pubblico: nessuno ha dichiarato come proteggere «{file}»; {suggest(file, self.tavole)}"
            raise AnalisiError(msg)
        return self.protezione.mask(frame, self.tavole[file])

    def masked(self, **frames: pl.DataFrame) -> list[pl.DataFrame]:
        """Some frames, each by the name of its data file, as `mask` shows them."""
        return [self.mask(file, frame) for file, frame in frames.items()]

    @property
    def pubblica(self) -> bool:
        """Whether the page may leave, so that some of its figures are hidden."""
        return self.protezione is not None

    def hide(self, frame: pl.DataFrame, where: pl.Expr, *names: str) -> pl.DataFrame:
        """The frame with some numbers hidden where `where` holds, for reasons that are not of one cell; as it is in the internal profile."""
        if not self.pubblica:
            return frame
        signs = {name: pl.col(name + SEGNO) if name + SEGNO in frame.columns else pl.lit(None, pl.String) for name in names}
        hidden = where.fill_null(False)
        return frame.with_columns(
            *(pl.when(~hidden).then(name).alias(name) for name in names),
            *(pl.when(hidden).then(pl.lit(OSCURATO)).otherwise(sign).alias(name + SEGNO) for name, sign in signs.items()),
        )

    def rounded(self, frame: pl.DataFrame, decimals: int, *names: str) -> pl.DataFrame:
        """The frame with some numbers rounded, as all their digits would tell of single rows; as it is in the internal profile."""
        return frame.with_columns(pl.col(names).round(decimals)) if self.pubblica and names else frame

    @property
    def notice(self) -> Block:
        """What to know before reading; nothing in the internal profile."""
        return text([NOTICE] if self.protezione is not None else [])


def riservatezza(notebook: str, profilo: str, **parametri: Any) -> Riservatezza:
    """What a page of a report may show to who reads it.

    Raises:
        AnalisiError: the report has no public profile; as `decided`.
    """
    if profilo == INTERNO:
        return Riservatezza()
    if not has_public(notebook):
        raise AnalisiError(no_public(notebook))
    alone = plan_of([(notebook, parametri)])
    return Riservatezza(decided(os.environ.get(PIANO) or alone), tables(notebook, parametri))


def no_public(notebook: str) -> str:
    """Why a report is for the internal profile alone."""
    return f"{notebook}: c'è solo nel profilo interno, perché non dichiara come proteggere le sue cifre (docs/riservatezza.md)"
