"""Reference tables as typed lookups: the territory with its provinces, the procedures of the guidelines."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from dataclasses import dataclass, fields
from functools import cache, cached_property
from pathlib import Path

from analisi.errors import AnalisiError, suggest
from analisi.sources.text import read_csv_text
from analisi.workspace import reference, resolve, shown

TOTALE = "totale"  # the value of `procedura` in rows that add up the procedures


def normalized(text: str) -> str:
    """Text as it is compared: no case, accents or punctuation.

    >>> normalized("Città Metr.na  MILANO")
    'citta metr na milano'
    """
    bare = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^0-9a-z]+", " ", bare).strip()


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
    def has_tiles(self) -> bool:
        """Whether every province has a place on the tile map."""
        return all(p.colonna is not None and p.riga is not None for p in self.province)

    @cached_property
    def spellings(self) -> dict[str, str]:
        """Sigla of the province by every normalized spelling of it."""
        return {
            normalized(text): p.sigla for p in self.province for text in (p.sigla, p.nome, p.ente, p.istat, p.nuts, *p.varianti) if text
        }

    def find(self, text: str) -> str | None:
        """Sigla of the province written in any known spelling, or None."""
        return self.spellings.get(normalized(text))


def _load_provincia(entry: dict, file: str) -> Provincia:
    known = [field.name for field in fields(Provincia)]
    unknown = next((name for name in entry if name not in known), None)
    if unknown is not None:
        msg = f"{file}: campo «{unknown}» sconosciuto in [[province]]; {suggest(unknown, known)}"
        raise AnalisiError(msg)
    for name in ("sigla", "nome"):
        if not isinstance(entry.get(name), str) or not entry[name]:
            msg = f"{file}: a una provincia manca il campo «{name}» (testo): {entry.get('sigla', entry.get('nome', '?'))}"
            raise AnalisiError(msg)
    return Provincia(**entry | {"varianti": tuple(entry.get("varianti", ()))})


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
    province = tuple(_load_provincia(entry, shown(file)) for entry in content.pop("province", []))
    known = [field.name for field in fields(Territorio)]
    missing = next((field for field in ("nome", "locativo") if not content.get(field)), None)
    unknown = next((field for field in content if field not in known), None)
    if missing or unknown or not province:
        detail = f"manca «{missing}»" if missing else f"campo «{unknown}» sconosciuto" if unknown else "nessuna [[province]]"
        msg = f"{shown(file)}: {detail}; confrontare con data/riferimento/territori/lombardia.toml"
        raise AnalisiError(msg)
    territorio = Territorio(**content, province=province, file=file)
    _refuse_shared_spellings(territorio)
    return territorio


def _refuse_shared_spellings(territorio: Territorio) -> None:
    owner = {normalized(territorio.totale): "il totale"}
    for number, p in enumerate(territorio.province, start=1):
        mine = f"{p.sigla} (provincia {number})"
        for text in (p.sigla, p.nome, p.ente, p.istat, p.nuts, *p.varianti):
            if text and owner.setdefault(normalized(text), mine) != mine:
                msg = f"{shown(territorio.file)}: «{text}» indica sia {owner[normalized(text)]} sia {mine}; ogni dicitura vale per una sola provincia"
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
