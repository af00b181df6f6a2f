"""Whether a page asks nothing of the network and runs no script but its own: read by a parser, tag by tag."""

from __future__ import annotations

import base64
import hashlib
import re
from html.parser import HTMLParser

_POLICY = {  # what each directive may allow; any other directive must be 'none'
    "default-src": {"'none'"},
    "img-src": {"data:"},
    "font-src": {"data:"},
    "style-src": {"'unsafe-inline'"},
}
_EMBEDDING = {"iframe", "frame", "frameset", "object", "embed", "applet", "base", "portal", "fencedframe"}
_ADDRESSES = {
    "src", "srcset", "href", "xlink:href", "action", "formaction", "poster", "data", "background", "ping", "manifest", "imagesrcset",
    "archive", "codebase", "classid", "lowsrc", "dynsrc", "profile", "longdesc", "icon",
}  # fmt: skip
_CSS_FETCH = re.compile(r"(?i)@import|url\(\s*[\"']?(?!\s*[\"']?(?:data:|#))|image-set\(|\bsrc\(")


def digest(script: str) -> str:
    """A script as a security policy names it: sha256 in base 64."""
    return base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()


class Page(HTMLParser):
    """A page as it is read: `faults` in Italian, `links` to files of the edition, digests of `scripts`, whether its data are synthetic."""

    def __init__(self, text: str) -> None:  # noqa: D107
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []
        self.links: list[str] = []
        self.scripts: set[str] = set()
        self.synthetic = False
        self._anchors: dict[str, None] = {}
        self._ids: set[str] = set()
        self._hashes: set[str] | None = None  # of the scripts the policy allows; None until the policy is met
        self._inside, self._text = "", ""
        self.feed(text)
        self.close()
        if self._inside:
            self._tell(f"<{self._inside}> non è chiuso")
        if self._hashes is None:
            self.faults.append("manca la politica di sicurezza (Content-Security-Policy)")
        self.faults += [f"il collegamento «#{name}» non porta a un punto della pagina" for name in self._anchors if name not in self._ids]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in reversed(attrs)}  # of a repeated attribute, browsers keep the first
        self._ids.add(values.get("id", ""))
        if tag in _EMBEDDING:
            self._tell(f"elemento <{tag}> non ammesso")
        if tag == "meta":
            self._meta(values)
        elif self._hashes is None and tag not in ("html", "head", "title"):
            self._hashes = set()
            self._tell("la politica di sicurezza manca, o non precede ciò che deve limitare")
        for name, value in values.items():
            if name.startswith("on"):
                self._tell(f"attributo {name}: codice fuori dallo script della pagina")
            elif name == "srcdoc" or (name in _ADDRESSES and not (tag in ("a", "area") and name == "href")):
                self._address(tag, name, value)
            elif tag != "meta" and (name == "style" or "url(" in value.lower()):
                self._css(value)
        if tag in ("a", "area") and "href" in values:
            self._link(values["href"].strip())
        if tag in ("script", "style"):
            self._inside, self._text = tag, ""

    def handle_data(self, data: str) -> None:
        if self._inside:
            self._text += data

    def handle_endtag(self, tag: str) -> None:
        if tag != self._inside:
            return
        if tag == "style":
            self._css(self._text)
        else:
            self.scripts.add(digest(self._text))
            if digest(self._text) not in (self._hashes or ()):
                self._tell("uno script non è fra quelli che la politica di sicurezza ammette")
        self._inside = ""

    def handle_comment(self, data: str) -> None:
        self._tell("commento HTML: può nascondere elementi")  # browsers and this parser do not end every comment at one place

    unknown_decl = handle_pi = handle_comment

    def _tell(self, fault: str) -> None:
        self.faults.append(f"riga {self.getpos()[0]}: {fault}")

    def _meta(self, values: dict[str, str]) -> None:
        self.synthetic |= values.get("name", "").lower() == "dati" and values.get("content") == "sintetici"
        purpose = values.get("http-equiv", "").strip().lower()
        if purpose == "content-security-policy":
            self._policy(values.get("content", ""))
        elif purpose:
            self._tell(f"<meta http-equiv={purpose[:20]}> non ammesso")

    def _policy(self, policy: str) -> None:
        directives: dict[str, set[str]] = {}
        for words in filter(None, map(str.split, policy.split(";"))):
            directives.setdefault(words[0].lower(), set(words[1:]))
        scripts = directives.pop("script-src", set())
        hashes = {word[8:-1] for word in scripts if word.startswith("'sha256-")}
        loose = [name for name, allowed in directives.items() if not allowed <= _POLICY.get(name, set()) | {"'none'"}]
        if "default-src" not in directives or loose or len(hashes) < len(scripts - {"'none'"}):
            self._tell("la politica di sicurezza ammette più di quanto deve")
        self._hashes = hashes if self._hashes is None else self._hashes & hashes

    def _address(self, tag: str, name: str, value: str) -> None:
        """A page is whole in itself: only what it carries with it (data:) or has inside (#...) may be asked for."""
        if not re.match(r"(?i)\s*(?:data:|#)", value):
            self._tell(f"<{tag} {name}>: la pagina chiederebbe un altro file o un altro sito")

    def _css(self, style: str) -> None:
        if _CSS_FETCH.search(style) or "<" in style:
            self._tell("uno stile chiederebbe un altro file o un altro sito")

    def _link(self, link: str) -> None:
        if link.startswith("#"):
            if len(link) > 1:
                self._anchors[link[1:]] = None
        elif re.match(r"[A-Za-z][A-Za-z0-9+.-]*:|[/\\]|$", link) and not link.lower().startswith("mailto:"):
            self._tell("un collegamento porta fuori dall'edizione")
        elif not link.lower().startswith("mailto:"):
            self.links.append(link)
