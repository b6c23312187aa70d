"""Recorded answers of real servers, and the means to ask a sandbox the same."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

CONTRACT = Path(__file__).parents[1] / "data" / "contract"
DATASET = CONTRACT / "dataset"

Json = Any

_FOLDERS = {
    None: "recordings",
    "2026-09": "2026-09/ms",
    "2026-09s": "2026-09/seconds",
    "3": "openpanel-3",
    "more": "more",
}


@dataclass(frozen=True)
class Recording:
    """A request that a real server was sent, and its answer."""

    name: str
    method: str
    url: str
    headers: dict[str, str]
    secret: str
    status: int
    content_type: str
    body: Json
    answer_headers: dict[str, str]
    shortened: str
    generation: str | None

    def __str__(self) -> str:
        return f"{self.generation}/{self.name}" if self.generation else self.name


def recordings(generation: str | None = None) -> list[Recording]:
    """Return all recordings of the server of 2026-08, or of a generation."""
    folder = _FOLDERS.get(generation, f"generations/{generation}")
    return [_read(path, generation) for path in sorted((CONTRACT / folder).glob("*.json"))]


def ask(url: str, recording: Recording) -> requests.Response:
    """Send the recorded request to a sandbox."""
    headers = dict(recording.headers)
    if "openpanel-client-secret" in headers:
        headers["openpanel-client-secret"] = _secret(recording)
    request = requests.Request(recording.method, url, headers=headers).prepare()
    request.url = url + recording.url
    with requests.Session() as session:
        session.trust_env = False
        return session.send(request, allow_redirects=False, timeout=30)


def parsed(response: requests.Response) -> Json:
    """Return the body as the recordings hold it: JSON where it is JSON, else text."""
    is_json = "json" in response.headers.get("content-type", "") and response.content
    return response.json() if is_json else response.text


def shortened(recording: Recording, answered: Json) -> Json:
    """Return an answer without the rows or series that the recording leaves out."""
    kept, how = recording.body, recording.shortened
    if isinstance(kept, dict) and "first" in kept:
        first, last = len(kept["first"]), len(kept["last"])
        rows = answered["data"]
        return {"meta": answered["meta"], "first": rows[:first], "last": rows[len(rows) - last :]}
    if how.startswith(("data: ", "only meta, ")):
        rows, last = answered["data"], len(kept["data"]) - 3
        return answered | {"data": rows[:3] + rows[len(rows) - last :]}
    if how.startswith("series: "):
        count, series = len(kept["series"]), answered["series"]
        assert how == f"series: first {count} of {len(series)}"
        # Of series with equal sums any may come first.
        sums = [[one["metrics"]["sum"] for one in of[:count]] for of in (kept["series"], series)]
        assert sums[0] == sums[1]
        return answered | {"series": [one for one in series if one in kept["series"]]}
    return answered


def difference(recorded: Json, answered: Json, path: str = "body") -> str | None:
    """Return where two bodies differ first, None if they do not; floats to 6 digits."""
    if isinstance(recorded, float) and isinstance(answered, (int, float)):
        if math.isclose(recorded, answered, rel_tol=1e-6):
            return None
    elif isinstance(recorded, dict) and isinstance(answered, dict):
        missing, more = recorded.keys() - answered.keys(), answered.keys() - recorded.keys()
        if missing or more:
            return f"{path}: without {sorted(missing)}, but with {sorted(more)}"
        return _first(difference(recorded[k], answered[k], f"{path}.{k}") for k in recorded)
    elif isinstance(recorded, list) and isinstance(answered, list):
        if len(recorded) == len(answered):
            pairs = enumerate(zip(recorded, answered, strict=True))
            return _first(difference(a, b, f"{path}[{i}]") for i, (a, b) in pairs)
    elif recorded == answered:
        return None
    return f"{path}: {recorded!r:.200} recorded, {answered!r:.200} answered"


def _first(differences: Iterable[str | None]) -> str | None:
    return next((found for found in differences if found), None)


def _secret(recording: Recording) -> str:
    accounts = json.loads((DATASET / "accounts.json").read_text())
    secrets = {client["id"]: client["secret"] for client in accounts["clients"]}
    if recording.secret.endswith("accounts.json"):
        return str(secrets[recording.headers["openpanel-client-id"]])
    return "wrong"


def _read(path: Path, generation: str | None) -> Recording:
    stored = json.loads(path.read_text())
    request, response = stored["request"], stored["response"]
    return Recording(
        name=stored["name"],
        method=request["method"],
        url=request["url"],
        headers=request["headers"],
        secret=request["secret"],
        status=response["status"],
        content_type=response["headers"].get("content-type", ""),
        body=response.get("body"),
        answer_headers=response["headers"],
        shortened=str(stored.get("body_shortened", "")),
        generation=generation,
    )
