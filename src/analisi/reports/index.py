"""The front page of an edition: what there is, what is missing, and the provinces side by side."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from importlib import resources
from typing import Any
from urllib.parse import quote

import jinja2
from babel.dates import format_datetime

from analisi.errors import listing
from analisi.presentation.blocks import HIDDEN, tags
from analisi.presentation.html import asset, environment, security_policy, slug
from analisi.reports.files import inert
from analisi.reports.verify import READY, is_inside
from analisi.vocabulary import INTERNO, normalized
from analisi.workspace import masked

Report = dict[str, Any]

NOT_THERE = "non disponibile"
_BLANKS = ("", "n.c.", "n.d.", "-", "–", "—", "....", "..", "*", "oscurato", NOT_THERE)
_NUMBER = re.compile(r"(?:circa |€ ?)?([+−-]?)(\d{1,3}(?:\.\d{3})+|\d+)(,\d+)?(?![\d./-])")
_STATES = {"non riuscito": ("non riuscito", "non riusciti"), "mancante": ("non ancora preparato", "non ancora preparati")}
_OLD = "Viene da una lavorazione precedente: da allora i dati o il programma sono cambiati."
_UNTOLD = "La lavorazione si è interrotta: il motivo è noto a chi prepara l'edizione."
_MACHINE = re.compile(  # what only who made the report should read: traces, code, places of the machine
    r"Traceback|\w(?:Error|Exception)\b|\w\(|[{}`]|\.py\b|(?:^|[\s«\"'(=:])(?:~|\.{1,2}|[A-Za-z]:)?[/\\]+\w"
)
_FOLDERS = re.compile(r"[^\s«»\"'(]+[/\\](?=[^\s/\\]*\.[A-Za-z]{2,5}\b)")  # of a file of the workspace, which is told by its name


def render_index(manifest: dict[str, Any]) -> str:
    """The page index.html of an edition; the same manifest gives the same bytes, whatever files it lists beside the reports."""
    edition, reports = manifest["edizione"], manifest["rapporti"]
    ready = [report for report in reports if report["esito"] in READY]
    script = asset("pagina.js") + _beside("indice.js")
    return _environment().get_template("indice.html.j2").render(
        politica=security_policy(script),
        stile=asset("blocks.css") + asset("pagina.css") + _beside("indice.css"),
        codice=script,
        edizione={"titolo": edition["titolo"], "periodo": edition.get("periodo") or "", "ente": edition.get("ente") or ""},
        etichette=tags(edition["profilo"]) if edition.get("profilo") else [],
        oscurate=HIDDEN if edition.get("profilo", INTERNO) != INTERNO else "",
        pronti=len(ready),
        rapporti=len(reports),
        sintetici=sum(bool(report.get("sintetici")) for report in ready) or (len(ready) if edition.get("sintetici") else 0),
        mancano=_missing(reports),
        vecchi=_outdated(reports),
        gruppi=_groups(edition, reports),
        tavole=[_table(family) for family in _families(reports)],
        assente=NOT_THERE,
        creata=_when(manifest.get("creata") or ""),
        versioni=_versions(manifest),
    )  # fmt: skip


def comparison(manifest: dict[str, Any]) -> bytes | None:
    """confronto.csv: one row per province report, its cards in columns, as the pages write them; None when there is nothing to compare."""
    families = _families(manifest["rapporti"])
    if not families:
        return None
    reports = [report for family in families for report in family]
    labels = _labels(reports)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(map(inert, ["rapporto", "notebook", "titolo", "provincia", "luogo", "esito", "sintetici", *labels]))
    for report in reports:
        texts = [report["nome"], report["notebook"], _title(report), report["provincia"], _place(report), report["esito"]]
        writer.writerow(map(inert, [*texts, "sì" if report.get("sintetici") else "no", *_cells(report, labels)]))
    return out.getvalue().encode("utf-8")


def _beside(name: str) -> str:
    return resources.files("analisi.reports").joinpath("templates", "edizione", name).read_text(encoding="utf-8")


def _environment() -> jinja2.Environment:
    """The engine of the blocks, which finds the template of the edition too."""
    ours = jinja2.PackageLoader("analisi.reports", "templates/edizione")
    return environment().overlay(loader=jinja2.ChoiceLoader([ours, environment().loader]))


def _when(created: str) -> str:
    """Date and time of the edition in Italian, in the zone it was made in."""
    try:
        return format_datetime(datetime.fromisoformat(created).replace(tzinfo=None), "d MMMM y, 'ore' HH:mm", locale="it_IT")
    except ValueError:
        return ""


def _versions(manifest: dict[str, Any]) -> str:
    versions = {name.lower(): value for name, value in (manifest.get("versioni") or {}).items()}
    told = [f"{label} {versions[name]}" for name, label in [("analisi", "analisi"), ("python", "Python")] if name in versions]
    return " · ".join([*told, f"codice {str(manifest['codice'])[:8]}"] if manifest.get("codice") else told)


def _title(report: Report) -> str:
    return report.get("titolo") or report["notebook"]


def _place(report: Report) -> str:
    return report.get("luogo") or report.get("provincia") or ""


def _remainder(report: Report) -> str:
    """The report's subtitle without its territory: "IV trimestre" of "IV trimestre · Bergamo"."""
    subtitle, place = report.get("sottotitolo") or "", _place(report)
    return re.sub(rf"(?:^|\s*[·,–-]\s*){re.escape(place)}\s*$", "", subtitle) if place else subtitle


def _reason(report: Report) -> str:
    """Why a report is not there, in words fit for everybody."""
    text = next(iter(str(report.get("motivo") or "").strip().splitlines()), "")
    text = _UNTOLD if _MACHINE.search(text) else masked(_FOLDERS.sub("", text))
    return text[:1].upper() + text[1:] + ("." if text and text[-1] not in ".!?" else "")


def _missing(reports: Sequence[Report]) -> list[str]:
    """One sentence for the reports of one title that are missing for one reason."""
    alike: dict[tuple[str, str, str], list[str]] = {}
    for report in reports:
        if report["esito"] not in READY:
            alike.setdefault((_title(report), report["esito"], _reason(report)), []).append(_place(report) or _remainder(report))
    return [
        f"{title}{' – ' if any(places) else ''}{listing(filter(None, places))}: {_state(state, len(places))}. {reason}".strip()
        for (title, state, reason), places in alike.items()
    ]


def _state(state: str, count: int) -> str:
    return _STATES.get(state, (state, state))[count > 1]


def _outdated(reports: Sequence[Report]) -> list[str]:
    """One sentence for the reports of one title that were kept although something changed since."""
    alike: dict[str, list[str]] = {}
    for report in reports:
        if report["esito"] == "da aggiornare":
            alike.setdefault(_title(report), []).append(_place(report) or _remainder(report))
    return [f"{title}{' – ' if any(places) else ''}{listing(filter(None, places))}. {_OLD}" for title, places in alike.items()]


def _groups(edition: dict[str, Any], reports: Sequence[Report]) -> list[dict[str, Any]]:
    """The groups in their order, each with its shelves of cards; ids are unique in the page."""
    names = dict.fromkeys([*edition.get("gruppi", []), *(report.get("gruppo") or "" for report in reports)])
    found = [(name, [report for report in reports if (report.get("gruppo") or "") == name]) for name in names]
    return [
        {"titolo": name or "Rapporti", "id": f"g{number}-{slug(name)}", "ripiani": _shelves(members)}
        for number, (name, members) in enumerate(found, start=1)
        if members
    ]


def _shelves(reports: Sequence[Report]) -> list[dict[str, Any]]:
    """Reports that share a title stand on a shelf of that title, led by their territory; the others come first, led by their title."""
    alike: dict[str, list[Report]] = {}
    for report in reports:
        alike.setdefault(_title(report), []).append(report)
    single = [members[0] for members in alike.values() if len(members) == 1]
    shelves = (
        [{"titolo": "", "sottotitolo": "", "schede": [_card(r, _title(r), r.get("sottotitolo") or "") for r in single]}] if single else []
    )
    for title, members in alike.items():
        if len(members) > 1:
            rests = {_remainder(report) for report in members if report.get("sottotitolo")}
            common = next(iter(rests)) if len(rests) == 1 else ""
            unique = all(places := [_place(report) for report in members]) and len(set(places)) == len(places)
            cards = [
                _card(report, _place(report), "" if common else _remainder(report))
                if unique
                else _card(report, report.get("sottotitolo") or _place(report) or report["nome"], "")
                for report in members
            ]
            shelves.append({"titolo": title, "sottotitolo": common if unique else "", "schede": cards})
    return shelves


def _card(report: Report, lead: str, subtitle: str) -> dict[str, Any]:
    files = [entry["file"] for entry in report.get("file", []) if is_inside(entry["file"])]
    ready = report["esito"] in READY
    words = (report.get("gruppo") or "", _title(report), report.get("sottotitolo") or "", report.get("provincia") or "", _place(report))
    return {
        "guida": lead,
        "sottotitolo": subtitle,
        "stato": "" if report["esito"] == "riuscito" else _state(report["esito"], 1),
        "motivo": "" if report["esito"] == "riuscito" else _reason(report) or (_OLD if ready else ""),
        "pronto": ready,
        "cifra": next(iter(report.get("cifre") or []), None) if ready else None,
        "sintetici": ready and bool(report.get("sintetici")),
        "pagina": _page(report) if ready else "",
        "fogli": [_link(name) for name in files if name.endswith(".xlsx")],
        "dati": [(name.rpartition("/")[2], _link(name)) for name in files if name.endswith(".csv")],
        "cerca": normalized(" ".join(words)),
    }


def _page(report: Report) -> str:
    """Link to the report's page, if it has one among its files."""
    page = report.get("pagina") or ""
    return _link(page) if is_inside(page) and page in [entry["file"] for entry in report.get("file", [])] else ""


def _link(name: str) -> str:
    """A file of the edition as a relative address: no name can become another site or a script."""
    return "/".join(quote(part, safe="") for part in name.split("/"))


def _families(reports: Iterable[Report]) -> list[list[Report]]:
    """Province reports to be compared: those of one notebook with the same other parameters."""
    families: dict[str, list[Report]] = {}
    for report in reports:
        if report.get("provincia"):
            others = {name: value for name, value in (report.get("parametri") or {}).items() if name != "provincia"}
            families.setdefault(json.dumps([report["notebook"], others], sort_keys=True, default=str), []).append(report)
    return [members for members in families.values() if len(members) > 1]


def _cards(report: Report) -> dict[str, str]:
    """Value of each card by its label; a second card of the same label has a number."""
    found: dict[str, str] = {}
    for card in (report.get("cifre") or []) if report["esito"] in READY else []:
        label, number = card["etichetta"], 2
        while label in found:
            label, number = f"{card['etichetta']} ({number})", number + 1
        found[label] = card["valore"]
    return found


def _labels(reports: Sequence[Report]) -> list[str]:
    return list(dict.fromkeys(label for report in reports for label in _cards(report)))


def _cells(report: Report, labels: Sequence[str]) -> list[str]:
    values = _cards(report)
    return [values.get(label, NOT_THERE) for label in labels]


def _table(family: Sequence[Report]) -> dict[str, Any]:
    """The cards of one notebook, a row per province; each cell is (text, number to sort by)."""
    labels = _labels(family)
    rows = [
        {
            "luogo": _place(report),
            "pagina": _page(report) if report["esito"] in READY else "",
            "stato": "da aggiornare" if report["esito"] == "da aggiornare" else "",
            "celle": [(text, _value(text)) for text in _cells(report, labels)],
        }
        for report in family
    ]
    columns = [
        {"etichetta": label, "numerica": all(row["celle"][place][1] is not None or row["celle"][place][0] in _BLANKS for row in rows)}
        for place, label in enumerate(labels)
    ]
    rest = next((text for report in family if (text := _remainder(report))), "")
    return {"titolo": ". ".join(filter(None, [_title(family[0]), rest])), "colonne": columns, "righe": rows}


def _value(text: str) -> float | None:
    """The number an Italian text begins with: "1.234" is 1234, "−51,0%" is -51; None for "n.c." and for other words."""
    found = _NUMBER.match(text)
    if found is None:
        return None
    sign, whole, decimals = found.groups()
    return float(("-" if sign in ("−", "-") and sign else "") + whole.replace(".", "") + (decimals or "").replace(",", "."))
