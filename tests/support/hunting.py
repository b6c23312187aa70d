"""Look for a text in everything that a run left behind, however it is packed or written."""

from __future__ import annotations

import base64
import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, quote_plus

import duckdb
import pyarrow.parquet as pq


def forms_of(secret: str) -> set[bytes]:
    """The ways in which a text may be written: plain, quoted for URLs, JSON, base64, UTF-16."""
    texts = {
        secret,
        quote(secret),
        quote(secret, safe=""),
        quote_plus(secret),
        json.dumps(secret)[1:-1],
    }
    forms = {text.encode() for text in texts}
    forms |= {secret.encode("utf-16-le"), secret.encode().hex().encode()}
    # Base64 depends on where in three bytes the text begins; the ends depend on neighbours.
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + secret.encode())
        inner = encoded[4 if before else 0 : len(encoded) // 4 * 4 - 4]
        forms |= {inner, inner.replace(b"+", b"-").replace(b"/", b"_")}
    return forms


def contents(folder: Path) -> Iterator[tuple[Path, bytes]]:
    """Every file below a folder: its bytes, and what it holds once it is unpacked."""
    for path in sorted(folder.rglob("*")):
        if not path.is_file():
            continue
        raw = path.read_bytes()
        yield path, raw
        if raw[:2] == b"\x1f\x8b":
            yield path, gzip.decompress(raw)
        elif raw[:4] == b"PAR1":
            yield path, repr(pq.read_table(path).to_pylist()).encode()
        elif raw[8:12] == b"DUCK":
            yield path, _rows(path)


def found(secret: str, folder: Path, *outputs: str) -> list[str]:
    """Where a text is, among the files below a folder and what was printed."""
    forms = forms_of(secret)
    places = [str(path) for path, raw in contents(folder) if any(form in raw for form in forms)]
    places += [
        f"output {number}"
        for number, output in enumerate(outputs)
        if any(form in output.encode("utf-8", "replace") for form in forms)
    ]
    return places


def _rows(path: Path) -> bytes:
    with duckdb.connect(str(path), read_only=True) as connection:
        tables = connection.execute(
            "SELECT table_catalog, table_schema, table_name FROM information_schema.tables"
        ).fetchall()
        rows = [
            connection.execute(f'SELECT * FROM "{catalog}"."{schema}"."{name}"').fetchall()
            for catalog, schema, name in tables
        ]
    return repr(rows).encode()
