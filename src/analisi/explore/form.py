"""The form of the workbench, built from the declared tables and from the parameters of the report notebooks."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from html import escape
from threading import RLock
from typing import Any

import ipywidgets as w

from analisi.errors import AnalisiError
from analisi.explore.cube import MODI, TEMPI, Cubo, Scelte
from analisi.explore.opening import TABELLE, tables_in
from analisi.indicators.procedure import CRITERI
from analisi.reports.contract import notebooks, read_contract
from analisi.tables.catalogo import CASI_GESTITI, VOL_PROCEDURE
from analisi.workspace import reference, root

SOURCES = ("data/pubblicati", "data/esempio", "data/ingresso")
OPENING = ("fonte", "territorio", "tabella", "criterio_anno")
CHOOSING = ("tempo", "periodi", "province", "categorie", "misura", "modo")
SEVERAL = "Ctrl e clic (o Ctrl e barra spaziatrice) per più voci; nessuna: tutte"


def _field(kind: type[w.DOMWidget], label: str, **options: Any) -> Any:
    """A field of the form, with its label."""
    layout = w.Layout(width="20.5rem", max_width="100%", margin="2px 12px 2px 0")
    return kind(description=label, style={"description_width": "7.5rem"}, layout=layout, **options)


@cache
def helps() -> dict[str, str]:
    """What each parameter of the report notebooks means, by name, as their cells say."""
    found: dict[str, str] = {}
    for path in notebooks():
        try:
            contract = read_contract(path)
        except AnalisiError:
            continue  # told by «analisi elenco»
        for parameter in contract.parameters:
            found.setdefault(parameter.name, parameter.help)
    return found


def meanings(cubo: Cubo | None = None) -> dict[str, str]:
    """What each field of the form asks for: the words of the notebooks' parameters, of the tables' columns and of the measures."""
    said = {name: helps().get(name, "") for name in ("fonte", "territorio", "criterio_anno")}
    said["criterio_anno"] = said["criterio_anno"] or VOL_PROCEDURE.column("anno_riferimento").description
    said["tabella"] = "; ".join(f"{table.name}: una riga è {table.row}" for table in TABELLE.values())
    said["tempo"] = "anni, oppure trimestri o bimestri dove la fonte ha i giorni"
    said["periodi"] = f"{CASI_GESTITI.column('anno').description}; {SEVERAL}"
    said["province"] = f"{CASI_GESTITI.column('provincia').description}; {SEVERAL}"
    said["categorie"] = f"{CASI_GESTITI.column('procedura').description}; {SEVERAL}"
    said["modo"] = "; ".join(f"{label.lower()}: {meaning}" for label, _, meaning in MODI.values())
    said["misura"] = "; ".join(f"{label.lower()}: {meaning}" for label, meaning in cubo.misure.values()) if cubo else ""
    return said


class Modulo:
    """The fields of the form, `campi` by name. `opened` is called when another source is asked for, `chosen` at any other change.

    Both are given the field that changed, with its new value: JupyterLab serves fields in several threads, and what another field's answer
    writes in this one must not lose the change. One change is answered at a time, under `lock`.
    """

    def __init__(self, opened: Callable[[dict[str, Any]], None], chosen: Callable[[dict[str, Any]], None], lock: RLock) -> None:  # noqa: D107
        territories = sorted(path.stem for path in reference("territori").glob("*.toml"))
        there = [name for name in SOURCES if (root() / name).is_dir()]
        criteria = [(name.replace("_", " "), name) for name in CRITERI]
        self.campi: dict[str, Any] = {
            "fonte": _field(w.Combobox, "Fonte", options=there, continuous_update=False),
            "territorio": _field(w.Combobox, "Territorio", options=territories, continuous_update=False),
            "tabella": _field(w.Dropdown, "Tabella"),
            "criterio_anno": _field(w.Dropdown, "Criterio dell'anno", options=criteria),
            "tempo": _field(w.Dropdown, "Tempo"),
            "misura": _field(w.Dropdown, "Misura"),
            "modo": _field(w.Dropdown, "Come"),
            "periodi": _field(w.SelectMultiple, "Periodi", rows=6),
            "province": _field(w.SelectMultiple, "Province", rows=6),
            "categorie": _field(w.SelectMultiple, "Procedure", rows=6),
        }
        self._quiet, self._lock = False, lock
        self._help = w.HTML()
        for names, told in ((OPENING, opened), (CHOOSING, chosen)):
            for name in names:
                self.campi[name].observe(lambda change, told=told, name=name: self._tell(told, {name: change["new"]}), names="value")
                self.campi[name].add_class(f"esplora-{name}")
        wrap = w.Layout(display="flex", flex_flow="row wrap", align_items="flex-start")
        self.widget = w.VBox([w.Box(list(self.campi.values()), layout=wrap), self._help])
        self._explain(None)

    def _tell(self, told: Callable[[dict[str, Any]], None], change: dict[str, Any]) -> None:
        with self._lock:
            if not self._quiet:
                told(change)

    @contextmanager
    def quietly(self) -> Iterator[None]:
        """Changes made inside are told to nobody."""
        with self._lock:
            before, self._quiet = self._quiet, True
            try:
                yield
            finally:
                self._quiet = before

    def source(self, change: Mapping[str, Any]) -> dict[str, str]:
        """The fields that name a source, after a change; the table is empty when the source has not got it."""
        values = {name: (change.get(name, self.campi[name].value) or "") for name in OPENING}
        return values | {"tabella": values["tabella"] if values["tabella"] in tables_in(values["fonte"]) else ""}

    def ask(self, source: Mapping[str, str]) -> None:
        """Fill in the fields that name a source."""
        with self.quietly():
            there = tables_in(source["fonte"]) or list(TABELLE)
            for name in ("fonte", "territorio", "criterio_anno"):
                self.campi[name].value = source[name]
            wanted = source["tabella"] if source["tabella"] in there else there[0]
            self._options("tabella", [(_capital(TABELLE[name].source), name) for name in there], wanted)
            self.campi["criterio_anno"].layout.display = None if self.campi["tabella"].value == VOL_PROCEDURE.name else "none"

    def offer(self, cubo: Cubo, scelte: Scelte) -> None:
        """What the source has, and in it what is chosen."""
        fields = self.campi
        with self.quietly():
            self._options("tempo", [(TEMPI[name], name) for name in cubo.tempi], scelte.tempo)
            self._options("misura", [(label, name) for name, (label, _) in cubo.misure.items()], scelte.misura)
            self._options("modo", [(MODI[name][0], name) for name in cubo.modi(scelte.misura)], scelte.modo)
            self._options("periodi", cubo.periodi(scelte.tempo), scelte.periodi)
            self._options("province", [(cubo.territorio.nomi[sigla], sigla) for sigla in cubo.territorio.sigle], scelte.province)
            self._options("categorie", [(label, code) for code, label in cubo.categorie.items()], scelte.categorie)
            fields["province"].description = cubo.territorio.plurale.capitalize()
            fields["categorie"].description = "Procedure" if cubo.dimensione == "Procedura" else "Contratti"
            self._explain(cubo)

    def _options(self, name: str, options: list[Any], value: Any) -> None:
        field = self.campi[name]
        if list(field.options) != options:
            if isinstance(value, tuple):
                field.value = ()  # the page would look for the old choices among the new ones
            field.options = options
        if field.value != value:
            field.value = value

    def _explain(self, cubo: Cubo | None) -> None:
        said = meanings(cubo)
        for name, field in self.campi.items():
            field.tooltip = said[name]
        words = "".join(
            f"<dt><b>{escape(self.campi[name].description)}</b></dt><dd>{escape(text)}</dd>" for name, text in said.items() if text
        )
        self._help.value = f"<details><summary>Che cosa vogliono dire le voci</summary><dl style='max-width:60rem'>{words}</dl></details>"

    def scelte(self, change: Mapping[str, Any]) -> dict[str, Any]:
        """The fields that say what is shown of a source, after a change."""
        return {name: change.get(name, self.campi[name].value) for name in CHOOSING}


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
