"""Blocks as HTML: the same macros serve the published page and the preview in JupyterLab."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import cache
from importlib import resources
from typing import Any

import jinja2
from markupsafe import Markup, escape

from analisi.presentation.formats import FORMATS, number
from analisi.vocabulary import normalized


def asset(name: str) -> str:
    """Text of a file beside this module: stylesheet, script or macros."""
    return resources.files("analisi.presentation").joinpath(name).read_text(encoding="utf-8")


@cache
def environment() -> jinja2.Environment:
    """The templates' engine: everything is escaped unless a macro says otherwise."""
    loader = jinja2.PackageLoader("analisi", "presentation")
    env = jinja2.Environment(loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=jinja2.StrictUndefined)
    env.filters |= {"numero": number, "grassetto": bold}
    env.globals |= {"disegna": _draw, "numerico": lambda style: FORMATS[style] is not None}
    return env


def security_policy(script: str) -> str:
    """Content-Security-Policy of a page: nothing from outside, no script but this one."""
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    allowed = f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"
    return f"{allowed}; base-uri 'none'; form-action 'none'"


def bold(sentence: str) -> Markup:
    """The sentence escaped, with **words** in bold."""
    return Markup(re.sub(r"\*\*(.+?)\*\*", r"<strong>\1</strong>", str(escape(sentence))))


def slug(title: str) -> str:
    """Id of a heading: "In sintesi" becomes "in-sintesi"."""
    return normalized(title).replace(" ", "-") or "sezione"


def _draw(spec: dict[str, Any], alt: str, prefix: str) -> Markup:
    from analisi.presentation.svg import draw

    return Markup(draw(spec, alt, prefix))


def render(payload: dict[str, Any], position: int = 0, files: dict[str, str] | None = None) -> str:
    """HTML of one block.

    Args:
        position: number of the block in the page, which makes its ids unique.
        files: names of the files beside the page, by use; none in a preview.
    """
    macros = environment().get_template("blocks.html.j2").module
    return str(getattr(macros, payload["tipo"])(payload, position, files or {}))


def preview(payload: dict[str, Any]) -> str:
    """HTML of one block for JupyterLab, with the stylesheet it needs."""
    return f"<style>{asset('blocks.css')}</style><div class='analisi'>{render(payload)}</div>"
