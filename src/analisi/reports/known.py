"""What the inputs of an edition say that its pages may not: pseudonyms, companies, numbers of cases, reserved texts."""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cache, cached_property, lru_cache
from itertools import chain
from pathlib import Path

import polars as pl

from analisi import trace
from analisi.errors import AnalisiError
from analisi.sources import KINDS
from analisi.tables.catalogo import ESTRATTI
from analisi.tables.delivery import ASIDE
from analisi.vocabulary import INTERNO
from analisi.workspace import reference, root

CASES = ("id_procedura", "id_unita", "id_domanda", "id_comunicazione")
NAME = "ragione_sociale"
_SEPARATORS = bytes(code if (chr(code).isalnum() and code < 128) or code > 127 else 32 for code in range(256))
_LEGAL = ("spa", "srl", "srls", "snc", "sas", "sapa", "scarl", "scrl", "scpa", "ss", "scs", "sc")
_FORM = re.compile(rf" (?:{'|'.join(' ?'.join(form) for form in _LEGAL)}|soc(?:ieta)? (?:coop(?:erativa)?|consortile)[a-z ]*|onlus|coop)$")
_LATER = re.compile(r" (?:in liquidazione|in concordato[a-z ]*|unipersonale|(?:con|a) socio unico)$")
_SHORTEST = {"imprese": 5, "casi": 7, "testi": 25}  # characters; what is shorter cannot be told from a common word or a figure
_LONGEST_SENTENCE = 5  # words from which a reserved text is sought whole


@lru_cache(maxsize=1 << 16)
def _words(token: bytes) -> tuple[str, ...]:
    """A token without case, accents and characters that cannot be seen."""
    if token.isascii():
        return (token.decode(),)
    bare = unicodedata.normalize("NFKD", token.decode("utf-8", "replace").casefold())
    seen = "".join(c for c in bare if not unicodedata.combining(c) and unicodedata.category(c) != "Cf")
    return tuple(re.sub(r"[\W_]+", " ", seen).split())


def _tokens(text: str) -> list[bytes]:
    return text.encode("utf-8", "replace").translate(_SEPARATORS).lower().split()


def single_words(text: str) -> frozenset[str]:
    """The words of a text, without case and accents, each once."""
    return frozenset(chain.from_iterable(map(_words, set(_tokens(text)))))


def plain_words(text: str) -> str:
    """The words of a text in their order, without case and accents, one blank between them."""
    return " ".join(chain.from_iterable(map(_words, _tokens(text))))


def spellings(name: str) -> Iterator[str]:
    """How the name of a company may be written: without its legal form, where what remains is no common word, or with it, dotted or not."""
    whole = plain_words(name)
    bare = _LATER.sub("", whole)
    core = _FORM.sub("", bare)
    if core != bare:
        form = bare.removeprefix(core).replace(" ", "")
        yield from (whole, bare, f"{core} {form}", f"{core} {' '.join(form)}")
    if len(core) >= _SHORTEST["imprese"] and not core.replace(" ", "").isdigit() and f" {core} " not in _own_words():
        yield core


@cache
def _own_words() -> str:
    """The words of the program, of its notebooks and of its reference tables: a company called so is sought with its legal form."""
    package = Path(__file__).resolve().parents[1]
    files = chain(package.rglob("*.*"), (root() / "notebooks").glob("*.ipynb"), reference().rglob("*.*"))
    texts = (path.read_text(encoding="utf-8", errors="replace") for path in sorted(files) if path.suffix != ".pyc" and path.is_file())
    return f" {plain_words(chr(10).join(texts))} "


@dataclass
class Lavoratori:
    """The pseudonyms of workers, in lower case: those at hand, and those of Parquet files of any size, where words are sought."""

    own: frozenset[str] = frozenset()
    columns: tuple[pl.LazyFrame, ...] = ()  # each of one column
    absent: set[str] = field(default_factory=set, compare=False)  # words sought already

    @cached_property
    def lengths(self) -> frozenset[int]:
        """How long the pseudonyms of the columns are: few words of a page are as long, and only those are sought."""
        every = (column.select(pl.first().str.len_chars().unique()).collect(engine="streaming") for column in self.columns)
        return frozenset(chain.from_iterable(frame.to_series().drop_nulls() for frame in every))

    def none_of(self, words: frozenset[str]) -> bool:
        """Whether none of the words is a pseudonym."""
        if not self.own.isdisjoint(words):
            return False
        asked = {word for word in words if len(word) in self.lengths} - self.absent
        sought = pl.first().is_in(sorted(asked))
        if asked and any(column.filter(sought).head(1).collect(engine="streaming").height for column in self.columns):
            return False
        self.absent |= asked
        return True


@dataclass(frozen=True)
class Known:
    """What the files read say that may not leave. `phrases`: by kind and by the rarest of its words, each phrase."""

    lavoratori: Lavoratori = field(default_factory=Lavoratori)
    companies: frozenset[str] = frozenset()
    phrases: dict[str, dict[str, list[str]]] = field(default_factory=dict)
    files: int = 0

    @classmethod
    def of(cls, inputs: Iterable[Iterable[str]], profilo: str) -> Known:
        """What the inputs (kind, path, sha256) hold; tables of reference hold nothing, and for the internal profile only workers count."""
        paths = {str(path): sha for kind, path, sha in inputs if kind == trace.FILE and _is_extract(Path(path))}
        typed = _columns(path for path in paths if path.endswith(".parquet")) if profilo == INTERNO else {}
        apart = set(chain.from_iterable(typed.values()))
        with ThreadPoolExecutor() as pool:
            read = list(pool.map(lambda item: _reserved(*item), sorted((path, sha) for path, sha in paths.items() if path not in apart)))
        gathered: dict[str, set[str]] = {}
        for values in read:
            for kind, texts in (values or {}).items():
                gathered.setdefault(kind, set()).update(texts)
        plain = {name: pl.col(name).str.strip_chars().str.to_lowercase() for name, _ in typed}
        scans = [pl.scan_parquet(files, hive_partitioning=False).select(plain[name]) for (name, _), files in typed.items()]
        lavoratori = Lavoratori(frozenset(text.lower() for text in gathered.get("pseudonimi", ())), tuple(scans))
        count = len(apart) + sum(values is not None for values in read)
        if profilo == INTERNO:
            return cls(lavoratori, files=count)
        words = {kind: _sought(kind, gathered.get(kind, set())) for kind in _SHORTEST}
        companies = frozenset(re.sub(r"[\s.-]", "", text) for text in gathered.get("codici", ()))
        return cls(lavoratori, companies, {kind: _by_rarest(phrases) for kind, phrases in words.items()}, count)

    def candidates(self, kind: str, words: frozenset[str]) -> list[str]:
        """The phrases of a kind whose words are all among these."""
        phrases = self.phrases.get(kind, {})
        return [phrase for word in words & phrases.keys() for phrase in phrases[word] if words.issuperset(phrase.split())]


def _is_extract(path: Path) -> bool:
    return path.suffix.lower() in KINDS and path.name.lower() not in ASIDE and not path.is_relative_to(reference())


def _columns(paths: Iterable[str]) -> dict[tuple[str, str], list[str]]:
    """The Parquet files that have a column of pseudonyms under its own name, by column and schema: it alone is read, and never whole."""
    names = {column.name for table in ESTRATTI for column in table.columns if column.type == "pseudonimo"}
    found: dict[tuple[str, str], list[str]] = {}
    for path in paths:
        with suppress(pl.exceptions.PolarsError, OSError):  # `_reserved` looks at it
            schema = pl.read_parquet_schema(path)
            for name in names & schema.keys():
                if schema[name] == pl.String:
                    found.setdefault((name, str(schema)), []).append(path)
    return found


@lru_cache(maxsize=4096)  # by content: an edition is made again with most of its files as they were
def _reserved(path: str, _sha: str) -> dict[str, frozenset[str]] | None:
    """The texts of a file's reserved columns, rejected rows included, by kind; None when it is no table of ours."""
    from analisi.tables.reading import located

    try:
        table, sheet, heading = located(Path(path))
    except AnalisiError:
        return None
    found: dict[str, frozenset[str]] = {}
    for column in table.columns:
        kind = {"pseudonimo": "pseudonimi", "impresa": "codici"}.get(column.type, "imprese" if column.name == NAME else "testi")
        kind = "casi" if column.name in CASES else kind
        if column.name in heading.columns and (column.reserved or kind == "casi"):
            cells = sheet.cells.to_series(heading.columns[column.name]).slice(heading.last + 1)
            found[kind] = found.get(kind, frozenset()) | set(cells.drop_nulls().str.strip_chars().unique())
    return found


def _sought(kind: str, texts: set[str]) -> set[str]:
    if kind == "imprese":
        return {words for text in texts for words in spellings(text) if words}
    phrases = {plain_words(text) for text in texts}
    if kind == "testi":
        phrases = {words for words in phrases if len(words.split()) >= _LONGEST_SENTENCE and f" {words} " not in _own_words()}
    return {words for words in phrases if len(words) >= _SHORTEST[kind] and any(map(str.isdigit, words)) >= (kind == "casi")}


def _by_rarest(phrases: set[str]) -> dict[str, list[str]]:
    counts = Counter(chain.from_iterable(set(phrase.split()) for phrase in phrases))
    found: dict[str, list[str]] = {}
    for phrase in sorted(phrases):
        found.setdefault(min(phrase.split(), key=lambda word: (counts[word], -len(word), word)), []).append(phrase)
    return found
