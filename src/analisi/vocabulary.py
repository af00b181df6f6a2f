"""Reference tables as typed lookups: the territory with its provinces, the procedures of the guidelines."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, fields
from functools import cache, cached_property, lru_cache
from pathlib import Path

from analisi.errors import AnalisiError, suggest
from analisi.sources.text import read_csv_text
from analisi.workspace import reference, resolve, shown

FUORI_REGIONE = "FUORI_REGIONE"  # the value of a provincia outside the territory, where it is admitted
TOTALE = "totale"  # the value of `procedura` in rows that add up the procedures
INTERNO, PUBBLICO = PROFILI = ("interno", "pubblico")  # who reads: all there is, or what may leave


@lru_cache(maxsize=8192)  # headings and codes come back in every file
def normalized(text: str) -> str:
    """Text as it is compared: letters and digits of any script, without case, accents or punctuation.

    >>> normalized("Città Metr.na  MILANO")
    'citta metr na milano'
    """
    bare = "".join(c for c in unicodedata.normalize("NFKD", text.casefold()) if not unicodedata.combining(c))
    return re.sub(r"[\W_]+", " ", bare).strip()


@dataclass(frozen=True)
class Provincia:
    """One province (or metropolitan city, county...) of a territory; `colonna` and `riga` place it on the tile map."""

    sigla: str
    nome: str
    ente: str = ""
    istat: str = ""
    nuts: str = ""
    colonna: int | None = None
    riga: int | None = None
    varianti: tuple[str, ...] = ()


@dataclass(frozen=True)
class Territorio:
    """A region: how its name is written in prose, and its provinces in the order of the printed tables."""

    nome: str
    locativo: str
    province: tuple[Provincia, ...]
    ente: str = ""
    singolare: str = "provincia"
    plurale: str = "province"
    genere: str = "f"
    intestazione: str = "Provincia"
    totale: str = "TOT"
    aggiornato_al: str = ""
    fonte: str = ""
    file: Path | None = None

    @cached_property
    def nomi(self) -> dict[str, str]:
        """Name of each province by sigla, with the region under the sigla of the total."""
        return {p.sigla: p.nome for p in self.province} | {self.totale: self.nome}

    @property
    def sigle(self) -> list[str]:
        return [p.sigla for p in self.province]

    @property
    def nessuna(self) -> str:
        """Singular name after the negation of its gender: "nessuna provincia", "nessun distretto"."""
        return f"nessun{'a' if self.genere == 'f' else ''} {self.singolare}"

    @property
    def has_tiles(self) -> bool:
        """Whether every province has a place on the tile map."""
        return all(p.colonna is not None and p.riga is not None for p in self.province)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Sigla of the province by every normalized spelling of it."""
        return {
            normalized(text): p.sigla
            for p in self.province
            for text in (p.sigla, p.nome, p.ente, p.istat, p.nuts, *p.varianti)
            if normalized(text)
        }

    def find(self, text: str) -> str | None:
        """Sigla of the province written in any known spelling, or None."""
        return self.spellings.get(normalized(text))


_TYPES = {"str": (str, "testo"), "int | None": (int, "numero intero"), "tuple[str, ...]": (list, "elenco di testi")}


def _check_fields(entry: object, kind: type, required: tuple[str, ...], place: str) -> None:
    """Raises: AnalisiError when `entry` is no table of the fields of `kind`, each of its type."""
    known = {field.name: str(field.type) for field in fields(kind) if str(field.type) in _TYPES}
    if not isinstance(entry, dict):
        msg = f"{place}: non è una tabella di campi; confrontare con data/riferimento/territori/lombardia.toml"
        raise AnalisiError(msg)
    for name in required:
        if not entry.get(name):
            msg = f"{place}: manca «{name}»"
            raise AnalisiError(msg)
    for name, value in entry.items():
        if name not in known:
            msg = f"{place}: campo «{name}» sconosciuto; {suggest(name, known)}"
            raise AnalisiError(msg)
        expected, words = _TYPES[known[name]]
        if type(value) is not expected or (expected is list and not all(isinstance(item, str) for item in value)):
            msg = f"{place}: «{name}» deve essere un {words}, non {value!r}"
            raise AnalisiError(msg)
        if not "".join(value if expected is str else value if expected is list else ()).replace("\xa0", " ").isprintable():
            msg = f"{place}: «{name}» contiene caratteri che non si vedono, o che cambiano il verso della scrittura: toglierli"
            raise AnalisiError(msg)


@cache
def load_territorio(name: str = "lombardia") -> Territorio:
    """The territory of data/riferimento/territori/<name>.toml, or of the TOML file at that path.

    Raises:
        AnalisiError: no such file, a field missing or unknown, a sigla or a spelling shared by two provinces.
    """
    folder = reference("territori")
    file = resolve(name) if name.endswith(".toml") else folder / f"{name}.toml"
    if not file.is_file():
        known = sorted(path.stem for path in folder.glob("*.toml"))
        msg = f"territorio «{name}» assente; {suggest(name, known)} (oppure il percorso di un file .toml)"
        raise AnalisiError(msg)
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        msg = f"{shown(file)}: non è un file TOML in UTF-8 ({error})"
        raise AnalisiError(msg) from error
    entries = content.pop("province", None)
    _check_fields(content, Territorio, ("nome", "locativo"), shown(file))
    if not isinstance(entries, list) or not entries:
        msg = f"{shown(file)}: nessuna [[province]]; confrontare con data/riferimento/territori/lombardia.toml"
        raise AnalisiError(msg)
    for number, entry in enumerate(entries, start=1):
        _check_fields(entry, Provincia, ("sigla", "nome"), f"{shown(file)}, provincia {number}")
    province = tuple(Provincia(**entry | {"varianti": tuple(entry.get("varianti", ()))}) for entry in entries)
    territorio = Territorio(**content, province=province, file=file)
    _refuse_shared_spellings(territorio)
    return territorio


def _refuse_shared_spellings(territorio: Territorio) -> None:
    owner = {normalized(territorio.totale): "il totale"}
    for number, p in enumerate(territorio.province, start=1):
        mine = f"{p.sigla} (provincia {number})"
        for text in (p.sigla, p.nome, p.ente, p.istat, p.nuts, *p.varianti):
            if normalized(text) and owner.setdefault(normalized(text), mine) != mine:
                both = f"«{text}» indica sia {owner[normalized(text)]} sia {mine}"
                msg = f"{shown(territorio.file)}: {both}; ogni dicitura vale per una sola provincia"
                raise AnalisiError(msg)


@dataclass(frozen=True)
class Procedura:
    """One group of procedures as the source prints it: A, B with C, D. The Italian texts are used in headings and prose."""

    procedura: str
    linee_guida: str
    etichetta: str
    articolo: str
    breve: str
    singolare: str
    titolo_stampa: str
    intestazione_unita: str
    intestazione_lavoratori: str


@cache
def procedure() -> tuple[Procedura, ...]:
    """The procedures of data/riferimento/procedure.csv, in the order of the printed tables."""
    return tuple(Procedura(**row) for row in read_csv_text(reference("procedure.csv")).to_dicts())


def procedura_labels() -> dict[str, str]:
    """Label of each procedure by code, with that of the total, capitalized as in headings."""
    return {p.procedura: p.etichetta[0].upper() + p.etichetta[1:] for p in procedure()} | {TOTALE: "Totale"}
