"""What may not leave a public edition, or any edition: one rule for each kind of thing, which finds it in a text."""

from __future__ import annotations

import html
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path

from stdnum.it import codicefiscale, iva

from analisi.errors import AnalisiError
from analisi.reports.known import Known, plain_words, single_words
from analisi.workspace import cache_folder, root

JSON = (".json", ".ipynb")
_TAG = re.compile(r"<[^<>]*>")
_ESCAPE = re.compile(r"\\(?:u([0-9a-fA-F]{4})|(.))", re.S)
_CONTROLS = {"n": "\n", "r": "\r", "t": "\t", "b": "\b", "f": "\f"}
_BORDER = r"(?<![\w.,+-]){}(?!\w|[.,]\d)"  # of a number that is no part of another one
_MAIL = re.compile(r"@(?<=[\w+-]@)(?:[\w-]{1,63}\.){1,4}[A-Za-z]{2,}")
_PHONE = re.compile(  # with the prefix of Italy; of a mobile; of a landline. A pattern that begins with a mark is found faster
    r"[+03](?<![\w.,+/-].)(?:(?:(?<=\+)|(?<=0)0)39[ ./-]?[03]\d{1,3}(?:[ ./-]?\d{2,8}){1,4}|(?<=3)[2-9]\d(?:[ /-]?\d{3}[ -]?\d{4}"
    r"|\.\d{3}\.\d{4}|[ /.-]\d{2}[ .-]\d{2}[ .-]\d{3}|[ /.-]\d{3}[ .-]\d{2}[ .-]\d{2})|(?<=0)[1-9](?:\d{0,2}[ /.-]\d{5,8}"
    r"|\d{0,2}(?:[ /.-]\d{2,4}){2,3}|\d{7,8}))(?![\w/-]|[.,]\d)"
)
_HOME = re.compile(
    r"/(?<![\w.</]/)(?:home|Users|root|tmp|private/var|workspace)/[^\s/]|file:/"
    r"|:(?<=[A-Za-z]:)(?<!\w[A-Za-z]:)[\\/]+(?:Users|Utenti|Documents and Settings)[\\/]"
)
_PATH = re.compile(
    r"/(?<![\w.</]/)(?:var|mnt|media|srv|opt|etc|usr|work|data|nfs|Volumes)/\w|:(?<=[A-Za-z]:)(?<!\w[A-Za-z]:)(?:\\+\w|/(?<=[A-Z]:/)\w)"
    r"|\\\\(?<![\\\w]\\\\)[A-Za-z0-9][\w.-]*\\+[\w$]"
)
_ADDRESS = re.compile(r"://(?:(?<=http://)|(?<=https://)|(?<=ftp://)|(?<=ws://)|(?<=wss://))[^\s\"'<>)]+", re.I)
_HOST = re.compile(r"//(?<=[\"'(=\s]//)[\w-]+(?:\.[\w-]+)+")
_DECLARED = re.compile(  # the names of the languages that our files are written in: nobody asks them for anything
    r"://(?:www\.w3\.org/(?:\d{4}/|XML/)|schemas\.(?:openxmlformats\.org|microsoft\.com)/|purl\.org/dc/|vega\.github\.io/schema/)"
)


class Text:
    """A piece of a file as the rules read it: escapes of HTML, XML and JSON undone."""

    def __init__(self, raw: str, kind: str = "") -> None:
        """`kind`: the ending of the file's name."""
        if kind in JSON or "\\u00" in raw:
            raw = _ESCAPE.sub(lambda found: chr(int(found[1], 16)) if found[1] else _CONTROLS.get(found[2], found[2]), raw)
        self.text = html.unescape(raw)

    @cached_property
    def words(self) -> frozenset[str]:
        return single_words(self.text)

    @cached_property
    def sequences(self) -> tuple[str, ...]:
        """The words in their order, with and without the tags between them."""
        return tuple(f" {plain_words(text)} " for text in (self.text, _TAG.sub(" ", self.text)))

    def number(self, word: str) -> bool:
        """Whether a word of digits stands for itself, and is not a piece of a longer number."""
        return not word.isdigit() or re.search(_BORDER.format(f"(?:IT ?)?{word}"), self.text, re.I) is not None

    def phrase(self, kind: str, known: Known) -> bool:
        """Whether one of the phrases of a kind that the inputs hold is here."""
        found = known.candidates(kind, self.words)
        return any(self.number(phrase) and any(f" {phrase} " in words for words in self.sequences) for phrase in found)


def _tax_code(text: Text, _: Known) -> bool:
    return any(len(word) == 16 and codicefiscale.is_valid(word) for word in text.words)


def _company(text: Text, known: Known) -> bool:
    codes = (word.removeprefix("it") for word in text.words if len(word) in (11, 13) and word[-11:].isdigit())
    return any((code in known.companies or iva.is_valid(code)) and text.number(code) for code in codes)


def _phone(text: Text, _: Known) -> bool:
    return any(9 <= len(re.sub(r"\D", "", re.sub(r"^(?:\+|00)39", "", found[0]))) <= 11 for found in _PHONE.finditer(text.text))


def _machine() -> dict[str, re.Pattern[str]]:
    """The folders of this machine where the program works, and what finds each."""
    folders = [Path.home(), Path(tempfile.gettempdir())]
    with suppress(AnalisiError):
        folders += [root(), cache_folder()]
    return {str(folder): _inside(str(folder)) for folder in folders if len(folder.parts) > 1}


@cache
def _inside(folder: str) -> re.Pattern[str]:
    return re.compile(rf"(?<![\w.<]){re.escape(folder)}(?![\w-])")


def _home(text: Text, _: Known) -> bool:
    return _HOME.search(text.text) is not None or any(name in text.text and it.search(text.text) for name, it in _machine().items())


def _address(text: Text, _: Known) -> bool:
    asked = any(not _DECLARED.match(found[0]) for found in _ADDRESS.finditer(text.text))
    return asked or _HOST.search(text.text) is not None


@dataclass(frozen=True)
class Rule:
    """One thing that may not leave: how it is told, how it is found, and whether it holds in the internal profile too."""

    words: str
    found: Callable[[Text, Known], bool]
    always: bool = False


RULES = (
    Rule("c'è un codice fiscale", _tax_code, always=True),
    Rule("c'è lo pseudonimo di un lavoratore", lambda text, known: not known.lavoratori.none_of(text.words), always=True),
    Rule("c'è una cartella personale o di questo computer", _home, always=True),
    Rule("c'è una partita IVA, o il codice di un'impresa", _company),
    Rule("c'è il nome di un'impresa degli estratti", lambda text, known: text.phrase("imprese", known)),
    Rule("c'è il numero di una procedura, unità, domanda o comunicazione", lambda text, known: text.phrase("casi", known)),
    Rule("c'è un testo riservato degli estratti", lambda text, known: text.phrase("testi", known)),
    Rule("c'è un indirizzo di posta elettronica", lambda text, _: _MAIL.search(text.text) is not None),
    Rule("c'è un numero di telefono", _phone),
    Rule("c'è un percorso assoluto", lambda text, _: _PATH.search(text.text) is not None),
    Rule("c'è un indirizzo di rete", _address),
)
