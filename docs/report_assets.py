"""Renew what the report's page brings along, from npm (`make report-assets`, needs the internet).

The library is taken as it was published. The world's outlines are joined with the codes that
events have for countries, and laid flat by the Equal Earth projection, where areas can be compared.
"""

from __future__ import annotations

import hashlib
import json
import math
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

VENDOR = Path(__file__).parents[1] / "openpanel_source" / "report" / "assets" / "vendor"
SUMS = VENDOR / "SHA256SUMS"
PACKAGES = {
    "echarts": "6.1.0",
    "zrender": "6.1.0",
    "tslib": "2.3.0",
    "world-atlas": "2.0.2",
    "i18n-iso-countries": "7.14.0",
}
"""The library, the two that it contains, the outlines, and the codes."""
_KEPT = {
    "echarts.min.js": ("echarts", "dist/echarts.min.js"),
    "LICENSE-echarts": ("echarts", "LICENSE"),
    "NOTICE-echarts": ("echarts", "NOTICE"),
    "LICENSE-d3": ("echarts", "licenses/LICENSE-d3"),
    "LICENSE-zrender": ("zrender", "LICENSE"),
    "LICENSE-tslib": ("tslib", "LICENSE.txt"),
    "LICENSE-world-atlas": ("world-atlas", "LICENSE"),
    "LICENSE-i18n-iso-countries": ("i18n-iso-countries", "LICENSE"),
}
_NO_CODE = {"Kosovo": "XK"}
_LEFT_OUT = {"AQ"}
_CENTRE = 11
"""Degrees east: the map ends in the Bering Strait, and cuts no country."""
_UNITS = 1000
"""Whole numbers are exact enough: a picture is less than a thousand pixels wide."""

Ring = list[tuple[float, float]]


def main() -> None:
    """Fetch, make, and write down the checksums."""
    VENDOR.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        packed = {name: _packed(name, Path(folder)) for name in PACKAGES}
        for kept, (name, path) in _KEPT.items():
            (VENDOR / kept).write_bytes(_member(packed[name], path))
        atlas = json.loads(_member(packed["world-atlas"], "countries-110m.json"))
        codes = json.loads(_member(packed["i18n-iso-countries"], "codes.json"))
    (VENDOR / "world.json").write_text(json.dumps(world(atlas, codes), separators=(",", ":")))
    (VENDOR / "NOTICE").write_text(_notice(), encoding="utf-8")
    SUMS.write_text(checksums(), encoding="utf-8")


def checksums() -> str:
    """The lines of ``SHA256SUMS`` for what lies in the folder now, as ``sha256sum -c`` reads it."""
    files = sorted(path for path in VENDOR.iterdir() if path != SUMS)
    return "".join(f"{hashlib.sha256(one.read_bytes()).hexdigest()}  {one.name}\n" for one in files)


def world(atlas: dict[str, Any], codes: list[list[str]]) -> dict[str, Any]:
    """Countries as GeoJSON, flat, and named by their ISO 3166 codes of two letters.

    Args:
        atlas: TopoJSON of world-atlas.
        codes: Of each country: two letters, three letters, the number that the atlas has, and more.
    """
    by_number = {country[2]: country[0] for country in codes}
    arcs = list(_arcs(atlas))
    features = []
    for country in atlas["objects"]["countries"]["geometries"]:
        name = country["properties"]["name"]
        code = by_number.get(country.get("id", ""), _NO_CODE.get(name, name))
        if code not in _LEFT_OUT:
            features.append(_feature(code, country, arcs))
    return {"type": "FeatureCollection", "features": features}


def _feature(code: str, country: dict[str, Any], arcs: list[Ring]) -> dict[str, Any]:
    polygons = country["arcs"] if country["type"] == "MultiPolygon" else [country["arcs"]]
    outlines = [[_flat(_ring(ring, arcs)) for ring in polygon] for polygon in polygons]
    geometry = {"type": "MultiPolygon", "coordinates": outlines}
    return {"type": "Feature", "properties": {"name": code}, "geometry": geometry}


def _ring(numbers: list[int], arcs: list[Ring]) -> Ring:
    """A ring of arcs, one after another; ``~number`` is one from its end to its start."""
    ring: Ring = []
    for number in numbers:
        arc = arcs[number] if number >= 0 else arcs[~number][::-1]
        ring += [point for point in arc if not ring or point != ring[-1]]
    return ring


def _flat(ring: Ring) -> list[list[int]]:
    """A ring on the map; one that crosses the 180th meridian goes on beyond it."""
    turns = 0
    unrolled = []
    for (before, _), (longitude, latitude) in zip([ring[0], *ring], ring, strict=False):
        if abs(longitude - before) > 180:
            turns += 1 if longitude < before else -1
        unrolled.append((longitude + 360 * turns, latitude))
    middle = sum(longitude for longitude, _ in unrolled) / len(unrolled)
    shift = 360 if middle < _CENTRE - 180 else 0
    return [equal_earth(longitude + shift - _CENTRE, latitude) for longitude, latitude in unrolled]


def _arcs(atlas: dict[str, Any]) -> Iterator[Ring]:
    """The arcs in degrees; the atlas writes each point as a step from the one before."""
    (width, height), (left, bottom) = atlas["transform"]["scale"], atlas["transform"]["translate"]
    for arc in atlas["arcs"]:
        x = y = 0
        points = []
        for right, up in arc:
            x, y = x + right, y + up
            points.append((x * width + left, y * height + bottom))
        yield points


def equal_earth(longitude: float, latitude: float) -> list[int]:
    """Where a place lies on the map of Šavrič, Patterson and Jenny (2018).

    Args:
        longitude: Degrees east of the middle of the map.
        latitude: Degrees north.
    """
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796
    half = math.sqrt(3) / 2
    t = math.asin(half * math.sin(math.radians(latitude)))
    slope = a1 + 3 * a2 * t**2 + t**6 * (7 * a3 + 9 * a4 * t**2)
    x = math.radians(longitude) * math.cos(t) / (half * slope)
    y = t * (a1 + a2 * t**2 + t**6 * (a3 + a4 * t**2))
    return [round(x * _UNITS), round(y * _UNITS)]


def _packed(name: str, folder: Path) -> Path:
    pack = ["npm", "pack", "--silent", "--pack-destination", str(folder)]
    command = [*pack, f"{name}@{PACKAGES[name]}"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)  # noqa: S603
    return folder / str(done.stdout).strip()


def _member(packed: Path, path: str) -> bytes:
    with tarfile.open(packed) as archive:
        member = archive.extractfile(f"package/{path}")
        if member is None:
            raise FileNotFoundError(path)
        return member.read()


def _notice() -> str:
    named = {name: f"{name} {version}" for name, version in PACKAGES.items()}
    return f"""The files of this folder are made by others, and are part of each report.

echarts.min.js
    Apache {named["echarts"]}, Apache-2.0 (LICENSE-echarts, NOTICE-echarts). It contains
    {named["zrender"]}, BSD-3-Clause (LICENSE-zrender), parts of d3, BSD-3-Clause (LICENSE-d3),
    and {named["tslib"]}, 0BSD (LICENSE-tslib).
world.json
    Natural Earth, public domain, by {named["world-atlas"]}, ISC (LICENSE-world-atlas), with codes
    of {named["i18n-iso-countries"]}, MIT (LICENSE-i18n-iso-countries).

`make report-assets` renews them from npm. SHA256SUMS has their checksums.
"""


if __name__ == "__main__":
    main()
