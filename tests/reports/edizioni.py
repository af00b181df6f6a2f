"""Made-up editions for tests: small pages that pass the check, and the manifest that describes them."""

import base64
import hashlib
import json
import shutil
from pathlib import Path

from analisi.reports.index import comparison, render_index

SCRIPT = "document.title += '';"
HASH = "sha256-" + base64.b64encode(hashlib.sha256(SCRIPT.encode()).digest()).decode()
POLICY = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src '{HASH}'; base-uri 'none'; form-action 'none'"
PROVINCE = {
    "BG": "Bergamo", "BS": "Brescia", "CO": "Como", "CR": "Cremona", "LC": "Lecco", "LO": "Lodi",
    "MN": "Mantova", "MI": "Milano", "MB": "Monza e della Brianza", "PV": "Pavia", "SO": "Sondrio", "VA": "Varese",
}  # fmt: skip


def page(body: str = "", *, head: str = "", policy: str | None = POLICY) -> str:
    """A page of the edition, whole in itself."""
    meta = f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n' if policy is not None else ""
    return f'<!DOCTYPE html>\n<html lang="it"><head>\n{meta}{head}<title>Pagina</title></head>\n<body>{body}\n<script>{SCRIPT}</script></body></html>\n'


def report(nome: str, **changes) -> dict:
    """A report of the manifest that is ready, with one file: its page."""
    base = {
        "nome": nome, "titolo": "Attivazione delle politiche attive", "sottotitolo": "", "gruppo": "Province", "notebook": "attivazione_pal",
        "provincia": "", "luogo": "", "parametri": {}, "esito": "riuscito", "motivo": "", "pagina": f"{nome}/{nome}.html", "sintetici": False,
        "cifre": [], "ingressi": [], "file": [{"file": f"{nome}/{nome}.html", "byte": 0, "sha256": ""}], "durata": {},
    }  # fmt: skip
    return base | changes


def province(sigla: str, *valori: str, **changes) -> dict:
    """A ready report of one province, whose cards have these values."""
    luogo = PROVINCE[sigla]
    cards = [{"etichetta": label, "valore": value, "nota": ""} for label, value in zip(("Lavoratori", "Quota"), valori, strict=False)]
    base = {"nome": f"attivazione_pal-{sigla}", "provincia": sigla, "luogo": luogo, "parametri": {"provincia": sigla}}
    return report(**base | {"sottotitolo": f"Trimestre di prova · {luogo}", "cifre": cards} | changes)


def absent(sigla: str, esito: str, motivo: str, **changes) -> dict:
    """A report of one province that is not there."""
    return province(sigla, esito=esito, motivo=motivo, sottotitolo="", pagina="", file=[], **changes)


def manifest(rapporti: list[dict], **edizione) -> dict:
    base = {
        "nome": "prova-annuale", "titolo": "Edizione di prova", "periodo": "Anno di prova", "profilo": "interno", "ente": "Regione di prova",
        "file": "reports/prova.toml", "sintetici": False, "gruppi": ["Regione", "Province"],
    }  # fmt: skip
    return {
        "schema": 1, "edizione": base | edizione, "creata": "2026-11-22T21:03:05+01:00", "rapporti": rapporti, "file": [],
        "versioni": {"Python": "3.11.7", "analisi": "0.1.0", "polars": "1.30"}, "codice": "ab" * 32,
    }  # fmt: skip


def whole() -> dict:
    """Twelve provinces of one notebook, one of them failed, one missing, one old, and the report of the region."""
    values = {sigla: (f"{place}.{200 + place}", f"{10 * place},5%") for place, sigla in enumerate(PROVINCE, start=1)}
    reports = {sigla: province(sigla, *pair, sintetici=sigla == "VA") for sigla, pair in values.items()}
    reports["CR"]["cifre"][1]["valore"] = "n.c."
    reports["LC"] = absent("LC", "non riuscito", "il foglio del Nucleo non è ancora arrivato")
    reports["SO"] = absent("SO", "mancante", "la lavorazione è stata fermata prima")
    reports["MN"]["esito"] = "da aggiornare"
    region = report("annuale", titolo="Rapporto annuale", sottotitolo="Anno di prova · Regione", gruppo="Regione", notebook="annuale")
    return manifest([region | {"cifre": [{"etichetta": "Casi", "valore": "11.800", "nota": "+2%"}]}, *reports.values()])


def seal(folder: Path, content: dict) -> Path:
    """Describe the files as they are now, and write the manifest."""
    for entry in [*content["file"], *content.get("pdf", []), *(entry for item in content["rapporti"] for entry in item["file"])]:
        if (folder / entry["file"]).is_file():
            data = (folder / entry["file"]).read_bytes()
            entry |= {"byte": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    (folder / "manifest.json").write_text(json.dumps(content, ensure_ascii=False), encoding="utf-8")
    return folder


def write(folder: Path, content: dict) -> Path:
    """The folder of an edition: index, comparison, and a small page for each report that is ready."""
    folder.mkdir(parents=True, exist_ok=True)
    for item in content["rapporti"]:
        for entry in item["file"]:
            path = folder / entry["file"]
            path.parent.mkdir(parents=True, exist_ok=True)
            head = '<meta name="dati" content="sintetici">' if item["sintetici"] else ""
            if not path.exists():
                path.write_text(page(f"<h1>{item['nome']}</h1>", head=head), encoding="utf-8")
    made = {"index.html": render_index(content).encode(), "confronto.csv": comparison(content)}
    for name, data in made.items():
        if data is not None:
            (folder / name).write_bytes(data)
            content["file"].append({"file": name, "byte": 0, "sha256": ""})
    return seal(folder, content)


def take(folder: Path, nome: str, made: Path) -> list[dict]:
    """Copy a published report into the edition's folder; its entries, still without size and hash."""
    shutil.copytree(made, folder / nome)
    return [{"file": p.relative_to(folder).as_posix()} for p in sorted((folder / nome).rglob("*")) if p.is_file()]
