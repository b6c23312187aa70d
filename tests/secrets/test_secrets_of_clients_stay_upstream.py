"""The stored hashes of clients' secrets, which the dashboard's API tells, land nowhere."""

from __future__ import annotations

import json
import logging
from pathlib import Path

import pytest

from tests.support.lists_world import load, reference, world
from tests.support.sandbox_world import event
from tests.support.warehouse import Warehouse


@pytest.mark.long
def test_no_byte_of_what_clients_are_told_lands_anywhere(
    warehouse: Warehouse, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    caplog.set_level(logging.DEBUG)
    hashed = "0123abcd" * 4 + "." + "fedc4321" * 8
    clients = [{"id": "c", "name": "root", "secret": hashed, "projectId": "web"}]
    project = {"id": "web", "name": "Shop", "secret": hashed, "clients": clients, "cors": [hashed]}
    row = reference(1) | {"secret": hashed, "clients": clients}
    broken = {"id": ["web"], "secret": hashed, "clients": clients}
    with world(event(1)) as sandbox:
        for name, rows in (("projects", [project, broken]), ("references", [row, broken])):
            sandbox.behave(
                faults=[
                    {
                        "path": f"/manage/{name}",
                        "status": 200,
                        "body": json.dumps({"data": rows, "clients": clients, "secret": hashed}),
                    }
                ]
            )
            summary = load(warehouse, sandbox, name)
            assert summary.lists[0].rows_received == 1
        for status in (400, 500):
            sandbox.behave(
                path="/manage/", status=status, body=json.dumps({"clients": clients}), times=3
            )
            summary = load(warehouse, sandbox, "projects")
            assert summary.exit_code == 1
            assert hashed not in repr(summary)
        assert not [one for one in sandbox.requests if "/manage/clients" in one.url]
    assert hashed not in caplog.text
    for file in tmp_path.rglob("*"):
        assert not file.is_file() or hashed.encode() not in file.read_bytes(), file
