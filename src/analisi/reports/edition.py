"""What an edition is made of, read from its TOML file and checked whole before anything runs."""

from __future__ import annotations

import math
import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from typing import Any

from analisi.errors import AnalisiError, listing, suggest
from analisi.presentation.riservatezza import has_public, plan_of
from analisi.reports.contract import TYPES, Contract, at_date, check_words, find
from analisi.vocabulary import INTERNO, load_territorio
from analisi.workspace import resolve, root, shown

EVERY = "*"  # in place of a provincia: each one of the territory
TIME_LIMIT = 600.0
_GROUP = "Rapporti"
_KINDS = {"str": str, "int": int, "bool": bool, "float": (int, float)}
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9_.-]{0,98}[A-Za-z0-9_-])?")
_RESERVED = re.compile(r"(?i)(?:con|prn|aux|nul|com\d|lpt\d)(?:\..*)?|index\.html|confronto\.csv|manifest\.json")  # by Windows, and by us
_FIELD = re.compile(r"\{(\w*)\}")
_MOST = 2000  # reports of one edition: more is a slip of the file


@dataclass(frozen=True)
class Rapporto:
    """One report of an edition: its notebook with every parameter, and its place in the index."""

    nome: str
    notebook: Contract
    parametri: dict[str, Any]
    gruppo: str
    tempo_massimo: float
    provincia: str = ""
    luogo: str = ""
    piano: str = ""  # the reports published with it for other readers than the internal ones


@dataclass(frozen=True)
class Edizione:
    """An edition: what its front page says and its reports, in order. `memoria_massima` is in MB for each report, 0 without limit.

    `esclusi`: the notebooks of the file that have no page for the readers of the edition.
    """

    file: Path
    titolo: str
    periodo: str
    profilo: str
    gruppi: tuple[str, ...]
    memoria_massima: int
    rapporti: tuple[Rapporto, ...]
    esclusi: tuple[str, ...] = ()

    @property
    def nome(self) -> str:
        return f"edizione-{self.file.stem}-{self.periodo}{'' if self.profilo == INTERNO else f'-{self.profilo}'}"


# The fields of an edition and of its [[rapporto]]: kind, and whether they must be there.
_EDITION = {
    "titolo": (str, True), "periodo": (str, True), "profilo": (str, False), "gruppi": (list, False), "tempo_massimo": ((int, float), False),
    "memoria_massima": (int, False), "comuni": (dict, False), "rapporto": (list, True),
}  # fmt: skip
_REPORT = {
    "notebook": (str, True), "nome": (str, False), "gruppo": (str, False), "parametri": (dict, False), "escludi": (list, False),
    "tempo_massimo": ((int, float), False),
}  # fmt: skip
_WORDS = {
    str: "un testo fra virgolette",
    list: "un elenco fra [ ]",
    dict: "una tabella",
    int: "un numero intero",
    (int, float): "un numero",
}


def available() -> list[Path]:
    """The edition files of the workspace."""
    return sorted((root() / "reports").glob("*.toml"))


def read_edition(name: str, profilo: str = "", alla_data: str = "") -> Edizione:
    """The edition of reports/<name>.toml, or of the TOML file at that path; with `profilo`, for other readers than the file says.

    With `alla_data`, as it was that day: its sources must be archives.

    Raises:
        AnalisiError: no such file; or, one line each, every fault of the file: unknown field, notebook or parameter, wrong type,
            empty expansion, two reports with one name.
    """
    direct = resolve(name)
    file = direct if direct.suffix == ".toml" and direct.is_file() else root() / "reports" / f"{name.removesuffix('.toml')}.toml"
    if not file.is_file():
        msg = f"edizione «{name}» assente; {suggest(name, [path.stem for path in available()])} (oppure il percorso di un file .toml)"
        raise AnalisiError(msg)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        msg = f"{shown(file)}: non è un file TOML in UTF-8 ({error})"
        raise AnalisiError(msg) from error
    return _Reader(file, content | ({"profilo": profilo} if profilo else {}), {"profilo": profilo} if profilo else {}, alla_data).edition()


class _Reader:
    """Reads one file, gathering its faults so that all are told at once."""

    def __init__(self, file: Path, content: dict[str, Any], forced: dict[str, Any], alla_data: str = "") -> None:
        """`forced`: parameters that win over those of the file, in the notebooks that have them."""
        self.file, self.content, self.forced, self.alla_data, self.faults = file, content, forced, alla_data, []

    def edition(self) -> Edizione:
        content = self.content
        self.fields(content, _EDITION, "")
        if not self.faults:
            entries, left_out = self.shown(content["rapporto"])
            reports = [report for number, entry in enumerate(entries, start=1) for report in self.reports(entry, f"[[rapporto]] {number}")]
            self.names(reports)
            self.unused_common(content["rapporto"])
            out = {entry.get("gruppo") for entry in content["rapporto"] if entry not in entries} - {report.gruppo for report in reports}
            groups = self.groups([name for name in content.get("gruppi", []) if name not in out], reports)
            if not entries:
                only = f" per il profilo {content['profilo']}: c'è solo {listing(left_out)}" if left_out else ""
                self.faults.append(f"nessun [[rapporto]]{only}")
            if not _NAME.fullmatch(content["periodo"]):
                self.faults.append(
                    f"periodo «{content['periodo']}»: fa parte del nome della cartella; usare lettere, cifre, punto e trattino"
                )
        if self.faults:
            raise AnalisiError("\n".join(f"{shown(self.file)}: {fault}" for fault in self.faults))
        profile = content.get("profilo", INTERNO)
        if profile != INTERNO:
            plan = plan_of([(report.notebook.cifre, report.parametri) for report in reports])
            reports = [replace(report, piano=plan) for report in reports]
        memory = content.get("memoria_massima", 0)
        return Edizione(self.file, content["titolo"], content["periodo"], profile, groups, memory, tuple(reports), tuple(left_out))

    def shown(self, entries: list[Any]) -> tuple[list[Any], list[str]]:
        """The [[rapporto]] that the readers of the edition may have, and the notebooks that are for the internal profile alone."""
        if self.content.get("profilo", INTERNO) == INTERNO:
            return entries, []
        alone = [self.internal(entry) for entry in entries]
        return [e for e, name in zip(entries, alone, strict=True) if not name], list(dict.fromkeys(filter(None, alone)))

    @staticmethod
    def internal(entry: object) -> str:
        """The notebook of a [[rapporto]] if it has no page for other readers; nothing when it has, or cannot be read."""
        try:
            contract = find(entry["notebook"])
        except (AnalisiError, KeyError, TypeError, AttributeError):
            return ""
        return "" if has_public(contract.cifre) else contract.name

    def fields(self, entry: object, known: dict[str, Any], place: str) -> bool:
        """Whether an entry has the fields it must have, each of its kind, and no other."""
        before, place = len(self.faults), f"{place}: " if place else ""
        if not isinstance(entry, dict):
            self.faults.append(f"{place}serve una tabella di campi")
            return False
        self.faults += [f"{place}manca «{name}»" for name, (_, needed) in known.items() if needed and name not in entry]
        for name, value in entry.items():
            if name not in known:
                self.faults.append(f"{place}campo «{name}» sconosciuto; {suggest(name, known)}")
            elif not isinstance(value, known[name][0]) or isinstance(value, bool):
                self.faults.append(f"{place}«{name}» deve essere {_WORDS[known[name][0]]}, non {value!r}")
            elif isinstance(value, int | float) and value < 0:
                self.faults.append(f"{place}«{name}» non può essere negativo ({value})")
        return len(self.faults) == before

    def reports(self, entry: dict[str, Any], place: str) -> Iterator[Rapporto]:
        """The reports that one [[rapporto]] stands for."""
        if not self.fields(entry, _REPORT, place):
            return
        place = f"{place} ({entry['notebook']})"
        try:
            contract = find(entry["notebook"])
        except AnalisiError as error:
            self.faults.append(f"{place}: {error}")
            return
        common = {name: value for name, value in self.content.get("comuni", {}).items() if name in {p.name for p in contract.parameters}}
        profile = {"profilo": self.content["profilo"]} if "profilo" in self.content and self.has(contract, "profilo") else {}
        forced = {name: value for name, value in self.forced.items() if self.has(contract, name)}
        given = profile | common | entry.get("parametri", {}) | forced
        if not self.known(contract, given, place):
            return
        choices = {name: self.choices(contract, name, value, given, place) for name, value in given.items()}
        if any(not values for values in choices.values()):
            return
        if math.prod(map(len, choices.values())) > _MOST:
            self.faults.append(f"{place}: {math.prod(map(len, choices.values()))} rapporti; il massimo è {_MOST}")
            return
        varied = [name for name, value in given.items() if isinstance(value, list) or value == EVERY]
        made = [dict(zip(choices, values, strict=True)) for values in product(*choices.values())]
        kept = [values for values in made if not any(self.excluded(rule, values, place) for rule in entry.get("escludi", []))]
        if not kept:
            self.faults.append(f"{place}: le esclusioni non lasciano alcun rapporto")
        for values in kept:
            yield from self.report(contract, entry, values, varied, place)

    @staticmethod
    def has(contract: Contract, name: str) -> bool:
        return any(parameter.name == name for parameter in contract.parameters)

    def known(self, contract: Contract, given: dict[str, Any], place: str) -> bool:
        names = [parameter.name for parameter in contract.parameters]
        unknown = [name for name in given if name not in names]
        self.faults += [f"{place}: parametro «{name}» sconosciuto; {suggest(name, names)}" for name in unknown]
        return not unknown

    def choices(self, contract: Contract, name: str, value: Any, given: dict[str, Any], place: str) -> list[Any]:
        """The values of one parameter: the provinces of the territory for "*", those of a list, or the one value."""
        if value == EVERY:
            if name != "provincia":
                self.faults.append(
                    f"{place}: {name} = «*» non si può espandere; solo provincia ha un elenco, per gli altri scrivere [..., ...]"
                )
                return []
            try:
                default = contract.parameter("territorio").default if self.has(contract, "territorio") else "lombardia"
                return load_territorio(str(given.get("territorio", default))).sigle
            except AnalisiError as error:
                self.faults.append(f"{place}: {error}")
                return []
        values = value if isinstance(value, list) else [value]
        if not values:
            self.faults.append(f"{place}: {name} = []: nessun valore")
        kind = contract.parameter(name).type
        wrong = [item for item in values if not isinstance(item, _KINDS[kind]) or (isinstance(item, bool) and kind != "bool")]
        self.faults += [f"{place}: {name} = {item!r}: non è un {TYPES[kind]}" for item in wrong]
        self.faults += [f"{place}: {name}: il valore {item!r} è ripetuto" for n, item in enumerate(values) if item in values[:n]]
        return [] if wrong else values

    def excluded(self, rule: object, values: dict[str, Any], place: str) -> bool:
        """Whether a rule of `escludi` (parameter = value or list of values, all of them true) leaves a report out."""
        if not isinstance(rule, dict) or not rule or any(name not in values for name in rule):
            fault = f'{place}: escludi vuole tabelle come {{ provincia = "MN" }} con i parametri del rapporto, non {rule!r}'
            self.faults += [] if fault in self.faults else [fault]
            return False
        return all(values[name] in (wanted if isinstance(wanted, list) else [wanted]) for name, wanted in rule.items())

    def report(
        self, contract: Contract, entry: dict[str, Any], values: dict[str, Any], varied: list[str], place: str
    ) -> Iterator[Rapporto]:
        pattern = entry.get("nome") or "-".join([contract.name, *(f"{{{name}}}" for name in varied)])
        whole = contract.complete(values)
        if any(name not in whole for name in _FIELD.findall(pattern)):
            self.faults.append(f"{place}: nome «{pattern}»: fra graffe vanno i parametri del notebook ({', '.join(whole)})")
            return
        name = _FIELD.sub(lambda found: str(whole[found[1]]), pattern)
        if not _NAME.fullmatch(name) or _RESERVED.fullmatch(name):
            self.faults.append(
                f"{place}: nome «{name[:120]}»: è il nome di una cartella, anche su Windows; usare lettere, cifre, punto, trattino e "
                "trattino basso, fino a 100"
            )
            return
        try:
            check_words(contract, values)
            whole = contract.complete(at_date(contract, values, self.alla_data))
            territory = load_territorio(str(whole["territorio"])) if whole.get("provincia") and "territorio" in whole else None
        except AnalisiError as error:
            self.faults.append(f"{place}: {error}")
            return
        sigla = territory.find(whole["provincia"]) if territory else ""
        yield Rapporto(
            name,
            contract,
            whole,
            entry.get("gruppo", _GROUP),
            float(entry.get("tempo_massimo", self.content.get("tempo_massimo", TIME_LIMIT))),
            sigla or str(whole.get("provincia", "")),
            territory.nomi[sigla] if territory and sigla else str(whole.get("provincia", "")),
        )

    def names(self, reports: list[Rapporto]) -> None:
        seen: dict[str, str] = {}
        for report in reports:
            if report.nome.casefold() in seen:
                fault = f'due rapporti con lo stesso nome «{report.nome}»; distinguerli con nome = "...-{{parametro}}"'
                self.faults += [] if fault in self.faults else [fault]
            seen[report.nome.casefold()] = report.nome

    def unused_common(self, entries: list[dict[str, Any]]) -> None:
        """A common parameter that no notebook has is a slip of the pen."""
        try:
            known = {p.name for e in entries for p in find(e["notebook"]).parameters}
        except (AnalisiError, KeyError, TypeError):
            return
        self.faults += [
            f"[comuni]: nessun notebook ha il parametro «{n}»; {suggest(n, known)}"
            for n in self.content.get("comuni", {})
            if n not in known
        ]

    def groups(self, declared: list[Any], reports: list[Rapporto]) -> tuple[str, ...]:
        found = list(dict.fromkeys(report.gruppo for report in reports))
        self.faults += [
            f"gruppi: «{name}» non è il gruppo di alcun rapporto; {suggest(name, found)}" for name in declared if name not in found
        ]
        return (*declared, *(name for name in found if name not in declared))
