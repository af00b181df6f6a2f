"""Vega-Lite specs as small static SVG: same bytes each time, marks with a label for the page's tooltips."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import lru_cache
from typing import Any

import vl_convert

VEGA_LITE = "6.4"
_SVG = "{http://www.w3.org/2000/svg}"
_DROPPED = ("class", "role", "pointer-events", "font-family", "stroke-miterlimit", "opacity", "aria-hidden", "aria-roledescription")
_GEOMETRY = {"d", "transform", "x", "y", "x1", "y1", "x2", "y2", "width", "height", "r"}
_LONG_NUMBER = re.compile(r"-?\d+\.\d{2,}")


def draw(spec: dict[str, Any], alt: str, prefix: str) -> str:
    """The picture as an <svg> element that takes the width of its place.

    Args:
        alt: the picture in words.
        prefix: begins every id inside, so that two pictures of one page share none.
    """
    raw = _vega(json.dumps(spec))
    ET.register_namespace("", _SVG[1:-1])
    root = ET.fromstring(raw)
    _clean(root)
    width, height = root.get("width"), root.get("height")
    root.attrib = {"viewBox": f"0 0 {width} {height}", "role": "img", "aria-label": alt}
    svg = ET.tostring(root, encoding="unicode")
    for number, name in enumerate(dict.fromkeys(re.findall(r'\bid="([^"]+)"', svg))):
        svg = re.sub(rf'(id="|url\(#|href="#){re.escape(name)}(["\)])', rf"\g<1>{prefix}-{number}\2", svg)
    return svg


@lru_cache(maxsize=256)  # a page and the preview of the same notebook draw the same pictures
def _vega(spec: str) -> str:
    return vl_convert.vegalite_to_svg(spec, vl_version=VEGA_LITE, format_locale="it-IT")


def warm() -> None:
    """Start the engine that draws, which takes most of a second, before it is needed."""
    _vega('{"data": {"values": []}, "mark": "bar"}')


def _clean(element: ET.Element) -> None:
    """Drop what draws nothing, turn the label of each mark into data-t, unwrap groups that say nothing."""
    children: list[ET.Element] = []
    for child in element:
        if _draws_nothing(child):
            continue
        _clean(child)
        if child.tag == f"{_SVG}g" and not child.attrib:
            children.extend(child)
        elif child.tag != f"{_SVG}g" or len(child):
            children.append(child)
    for child in list(element):
        element.remove(child)
    element.extend(children)
    label = element.attrib.pop("aria-label", None)
    if label and element.tag != f"{_SVG}g":
        element.set("data-t", label)
    for name in _DROPPED:
        if name != "opacity" or element.get(name) == "1":
            element.attrib.pop(name, None)
    for name in _GEOMETRY.intersection(element.keys()):
        element.set(name, _LONG_NUMBER.sub(lambda found: f"{round(float(found[0]), 1):g}", element.attrib[name]))
    if element.get("transform") == "translate(0,0)":
        del element.attrib["transform"]


def _draws_nothing(element: ET.Element) -> bool:
    shape = element.tag != f"{_SVG}path" or element.get("d") not in ("", "M0,0h0v0h0Z")
    return not shape or element.get("opacity") == "0" or element.get("display") == "none"
