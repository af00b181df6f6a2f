"""The rules on what may be published, table by table: data/riferimento/riservatezza.toml."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from analisi.errors import AnalisiError, suggest
from analisi.workspace import reference, resolve, shown

SOPPRESSIONE, ARROTONDAMENTO, FASCE = METODI = ("soppressione", "arrotondamento", "fasce")
SOGLIA_DI_LEGGE = 3  # regole deontologiche Sistan, art. 5, comma 1, lettera a


@dataclass(frozen=True)
class Regola:
    """The rule of one table.

    minimo_*: fewest contributors of a cell. quota_massima (0-1): largest share of one company. ampiezza_*: how far from the value, each
    way, the attacker's interval must reach: so many units, and so large a part of the value. contributore_unico: who contributes alone to
    a cell must not compute another. variabili_pubbliche: measures to which the rule does not apply. base, fasce: of the alternatives.
    """

    minimo_lavoratori: int
    minimo_sedi: int
    minimo_imprese: int
    quota_massima: float
    ampiezza_assoluta: int
    ampiezza_relativa: float
    contributore_unico: bool
    metodo: str
    base: int
    fasce: tuple[int, ...]
    variabili_pubbliche: tuple[str, ...]


@dataclass(frozen=True)
class Regole:
    """The rule file: since when it holds, its source, whether it is confirmed, and the rule of each table.

    `precedenti`: folders of editions already published for the same readers, whose figures everyone has.
    """

    dal: date
    fonte: str
    stato: str
    tavole: Mapping[str, Regola]
    file: Path
    precedenti: tuple[str, ...] = ()

    def __getitem__(self, nome: str) -> Regola:
        if nome not in self.tavole:
            msg = f"{shown(self.file)}: nessuna regola per la tavola «{nome}»; {suggest(nome, self.tavole)}"
            raise AnalisiError(msg)
        return self.tavole[nome]


def _whole(least: int) -> tuple[Callable[[object], bool], str]:
    return lambda value: type(value) is int and value >= least, f"un numero intero, almeno {least}"


def _bands(value: object) -> bool:
    whole = isinstance(value, list) and all(type(start) is int for start in value)
    return whole and value[:1] == [1] and value == sorted(set(value))


CAPO = {
    "dal": (lambda value: type(value) is date, "una data (aaaa-mm-gg)"),
    "fonte": (lambda value: isinstance(value, str) and value != "", "un testo"),
    "stato": (lambda value: value in ("confermato", "da confermare"), "«confermato» o «da confermare»"),
    "edizioni_precedenti": (
        lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value),
        "un elenco di cartelle fra virgolette",
    ),
    "predefinite": (lambda value: isinstance(value, dict), "una tabella di campi"),
    "tavole": (
        lambda value: isinstance(value, dict) and all(isinstance(own, dict) for own in value.values()),
        "una tabella per ogni tavola",
    ),
}
CAMPI = {
    "minimo_lavoratori": _whole(SOGLIA_DI_LEGGE),
    "minimo_sedi": _whole(1),
    "minimo_imprese": _whole(1),
    "quota_massima": (lambda value: type(value) in (int, float) and 0 < value <= 1, "un numero maggiore di 0, fino a 1"),
    "ampiezza_assoluta": _whole(1),
    "ampiezza_relativa": (lambda value: type(value) in (int, float) and 0 <= value <= 1, "un numero fra 0 e 1"),
    "contributore_unico": (lambda value: type(value) is bool, "true o false"),
    "metodo": (lambda value: value in METODI, f"uno di: {', '.join(METODI)}"),
    "base": (lambda value: value in (3, 5), "3 o 5"),
    "fasce": (_bands, "un elenco di numeri interi crescenti, il primo 1"),
    "variabili_pubbliche": (lambda value: isinstance(value, list) and all(isinstance(name, str) for name in value), "un elenco di testi"),
}


def read_rules(file: str = "") -> Regole:
    """The rules of data/riferimento/riservatezza.toml, or of another file.

    Raises:
        AnalisiError: no such file, a field missing, unknown, of the wrong type or out of its range.
    """
    path = resolve(file) if file else reference("riservatezza.toml")
    try:
        content = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        msg = f"{shown(path)}: le regole di riservatezza non si possono leggere; senza regole non si pubblica"
        raise AnalisiError(msg) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{shown(path)}: non è un file TOML in UTF-8 ({error})"
        raise AnalisiError(msg) from error
    _check(content, CAPO, shown(path))
    rules = {}
    for name, own in content["tavole"].items():
        values = content["predefinite"] | own
        _check(values, CAMPI, f"{shown(path)}, [tavole.{name}] con le predefinite")
        rules[name] = Regola(**{key: tuple(value) if isinstance(value, list) else value for key, value in values.items()})
    return Regole(content["dal"], content["fonte"], content["stato"], rules, path, tuple(content["edizioni_precedenti"]))


def _check(values: Mapping[str, object], known: Mapping[str, tuple[Callable[[object], bool], str]], place: str) -> None:
    """Raises: AnalisiError when a field is unknown, missing, or not what it must be."""
    for name in values:
        if name not in known:
            msg = f"{place}: campo «{name}» sconosciuto; {suggest(name, known)}"
            raise AnalisiError(msg)
    for name, (good, words) in known.items():
        if name not in values:
            msg = f"{place}: manca «{name}»; deve essere {words}"
            raise AnalisiError(msg)
        if not good(values[name]):
            msg = f"{place}: «{name}» deve essere {words}, non {values[name]!r}"
            raise AnalisiError(msg)
