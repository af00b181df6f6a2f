"""What a report notebook asks for, read from its parameters cell, and the check of what it is given."""

from __future__ import annotations

import ast
import io
import json
import tokenize
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analisi.errors import AnalisiError, suggest
from analisi.workspace import resolve, root, shown

if TYPE_CHECKING:
    from analisi.vocabulary import Territorio

TYPES = {"int": "numero intero", "float": "numero", "str": "testo", "bool": "sì o no"}
_TRUE, _FALSE = ("sì", "si", "vero", "true", "1"), ("no", "falso", "false", "0")


@dataclass(frozen=True)
class Parameter:
    """One parameter of a notebook: `name: type = default  # help`."""

    name: str
    type: str
    default: Any
    help: str

    @property
    def shown_default(self) -> str:
        """The default as help shows it."""
        return "vuoto" if self.default in (None, "") else str(self.default)

    def parse(self, text: str) -> Any:
        """The value written on a command line. Raises: AnalisiError naming the parameter, the value and the type."""
        try:
            if self.type == "bool":
                low = text.strip().lower()
                return (_TRUE + _FALSE).index(low) < len(_TRUE)
            if self.type == "float":
                return float(text.strip().replace(",", "."))
            return int(text.strip()) if self.type == "int" else text
        except ValueError:
            msg = f"--{self.name} {text}: non è un {TYPES[self.type]}" if self.type != "bool" else f"--{self.name} {text}: scrivere sì o no"
            raise AnalisiError(msg) from None


@dataclass(frozen=True)
class Contract:
    """A report notebook: its file, its title and its parameters.

    `cifre`: the report whose cells and data files its own are, as its metadata say (`analisi: {riservatezza: annuale}`), else itself.
    """

    path: Path
    title: str
    parameters: tuple[Parameter, ...]
    cifre: str = ""

    @property
    def name(self) -> str:
        return self.path.stem

    def parameter(self, name: str) -> Parameter:
        """Raises: AnalisiError when the notebook has no such parameter, with the nearest name."""
        for parameter in self.parameters:
            if parameter.name == name:
                return parameter
        msg = f"{self.name}: parametro --{name} sconosciuto; {suggest(name, [p.name for p in self.parameters])}"
        raise AnalisiError(msg)

    def complete(self, given: dict[str, Any]) -> dict[str, Any]:
        """Every parameter with its value: the given one, else the default."""
        return {p.name: given.get(p.name, p.default) for p in self.parameters}


def notebooks() -> list[Path]:
    """The notebooks of the workspace with a cell tagged `parameters`; one that cannot be read counts, so that it is told of."""
    return [path for path in sorted((root() / "notebooks").glob("*.ipynb")) if not _is_other(path)]


def _is_other(path: Path) -> bool:
    try:
        return _parameters_cell(_content(path)["cells"]) is None
    except AnalisiError:
        return False


def find(name: str) -> Contract:
    """The contract of a notebook, by its name in notebooks/ or by path.

    Raises:
        AnalisiError: no such notebook, or one without a readable parameters cell.
    """
    direct = resolve(name)
    path = direct if name.endswith(".ipynb") and direct.is_file() else root() / "notebooks" / f"{name.removesuffix('.ipynb')}.ipynb"
    if not path.is_file():
        msg = f"notebook «{name}» assente; {suggest(name, [item.stem for item in notebooks()])}"
        raise AnalisiError(msg)
    return read_contract(path)


def read_contract(path: Path) -> Contract:
    """The contract written in a notebook.

    Raises:
        AnalisiError: the parameters cell is missing, or not of the form `name: type = value  # help`.
    """
    content = _content(path)
    cells = content["cells"]
    source = _parameters_cell(cells)
    if source is None:
        msg = f"{shown(path)}: nessuna cella con etichetta «parameters»; non è un notebook di rapporto"
        raise AnalisiError(msg)
    texts = [cell["source"] for cell in cells if cell["cell_type"] == "markdown"]
    heading = next((line for text in texts for line in text.splitlines() if line.startswith("# ")), "")
    title = heading.removeprefix("# ").strip() or path.stem
    return Contract(path, title, tuple(_read_parameters(source, shown(path))), content["cifre"] or path.stem)


def _content(path: Path) -> dict[str, Any]:
    """The cells of a notebook, and what its metadata say of the figures it shows."""
    try:
        book = json.loads(path.read_text(encoding="utf-8"))
        cells = [
            {"cell_type": c["cell_type"], "source": "".join(c["source"]), "tags": list(c["metadata"].get("tags", []))}
            for c in book["cells"]
        ]
        return {"cells": cells, "cifre": str(book.get("metadata", {}).get("analisi", {}).get("riservatezza", ""))}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        msg = f"{shown(path)}: non è un notebook leggibile"
        raise AnalisiError(msg) from error


def _parameters_cell(cells: list[dict[str, Any]]) -> str | None:
    return next((cell["source"] for cell in cells if "parameters" in cell["tags"]), None)


def _read_parameters(source: str, file: str) -> list[Parameter]:
    form = f"serve la forma «nome: tipo = valore  # spiegazione», con tipo {', '.join(TYPES)}"
    try:
        body = ast.parse(source).body
        tokens = list(tokenize.generate_tokens(io.StringIO(source).readline))
    except (SyntaxError, tokenize.TokenError, ValueError) as error:
        msg = f"{file}, cella dei parametri: non è Python che si possa leggere; {form}"
        raise AnalisiError(msg) from error
    comments = {token.start[0]: token.string.lstrip("# ").strip() for token in tokens if token.type == tokenize.COMMENT}
    found = []
    for node in body:
        try:
            kind, value = ast.unparse(node.annotation), ast.literal_eval(node.value)
            if kind not in TYPES:
                raise ValueError(kind)
            found.append(Parameter(node.target.id, kind, value, comments.get(node.end_lineno, "")))
        except (AttributeError, ValueError) as error:
            msg = f"{file}, cella dei parametri, riga {node.lineno}: {form}"
            raise AnalisiError(msg) from error
    return found


def at_date(contract: Contract, given: dict[str, Any], alla_data: str = "") -> dict[str, Any]:
    """The given values with the state of the archive they are read from, if `fonte` is one: the last snapshot, on or before a day.

    Raises:
        AnalisiError: a day is asked of a notebook without `fonte`, or of a source that is no archive, or comes before its first snapshot.
    """
    from analisi.sources.snapshots import pinned

    fonte = contract.complete(given).get("fonte")
    if fonte is None and alla_data:
        msg = f"--alla-data {alla_data}: il notebook {contract.name} non ha il parametro fonte"
        raise AnalisiError(msg)
    if fonte is None or (state := pinned(fonte, alla_data)) == fonte:
        return given
    return given | {"fonte": state}


def check(contract: Contract, given: dict[str, Any]) -> dict[str, Any]:
    """The given values, after the checks that need no kernel: profile, territory, source, and that years and provincia are in the data.

    Parameters named fonte, territorio, criterio_anno, anno, confronto, provincia, profilo mean the same in every notebook.

    Raises:
        AnalisiError: the first value that cannot be used, with what is available.
    """
    values = check_words(contract, given)
    if "fonte" in values:
        _check_source(values)
    return given


def check_words(contract: Contract, given: dict[str, Any]) -> dict[str, Any]:
    """Every parameter with its value, after the checks that read no data: names, profile, dates, provincia of the territory.

    Raises:
        AnalisiError: the first value that cannot be used, with what is available.
    """
    for name in given:
        contract.parameter(name)
    values = contract.complete(given)
    if profile := values.get("profilo"):
        from analisi.vocabulary import INTERNO, PROFILI

    if profile and profile not in PROFILI:
        msg = f"--profilo {profile}: non disponibile; disponibili: {', '.join(PROFILI)}"
        raise AnalisiError(msg)
    if profile and profile != INTERNO:
        from analisi.presentation.riservatezza import has_public, no_public

        if not has_public(contract.cifre):
            msg = f"--profilo {profile}: {no_public(contract.name)}"
            raise AnalisiError(msg)
    for name, value in values.items():
        if name.startswith("data_") and value:
            _check_date(name, value)
    if values.get("provincia") and "territorio" in values:
        from analisi.vocabulary import load_territorio

        _check_province(values, load_territorio(values["territorio"]))
    return values


def _check_date(name: str, value: str) -> None:
    try:
        date.fromisoformat(value)
    except ValueError as error:
        msg = f"--{name} {value}: non è una data; scriverla nella forma aaaa-mm-gg"
        raise AnalisiError(msg) from error


def _check_source(values: dict[str, Any]) -> None:
    """Read the source and look for the years or the period in it; what is told at a day or in a bimestre is read from extracts."""
    from analisi.indicators.estratti import read_estratti
    from analisi.indicators.fonti import read_fonte
    from analisi.indicators.monitoraggio import read_monitoraggio
    from analisi.indicators.procedure_in_corso import require_bimestre

    if "trimestre" in values:
        dati = read_monitoraggio(values["fonte"], values.get("territorio", "lombardia"))
        dati.require(values["trimestre"])
        return
    if "bimestre" in values or "data_riferimento" in values:
        from analisi.presentation.contesto import ambito

        dati = read_estratti(values["fonte"], values.get("territorio", "lombardia"))
        if "bimestre" in values:
            require_bimestre(values["bimestre"], dati.vol, dati.estrazione)
        else:
            ambito(dati, values["data_riferimento"])
        return
    fonte = read_fonte(values["fonte"], values.get("territorio", "lombardia"), values.get("criterio_anno", "apertura"))
    if "confronto" in values:
        fonte.year_pair(values["anno"], values["confronto"])
    elif "anno" in values:
        fonte.require_year(values["anno"])


def _check_province(values: dict[str, Any], territorio: Territorio) -> None:
    if values.get("provincia") and territorio.find(values["provincia"]) is None:
        msg = f"--provincia {values['provincia']}: non è del territorio; {suggest(values['provincia'], territorio.sigle)}"
        raise AnalisiError(msg)
