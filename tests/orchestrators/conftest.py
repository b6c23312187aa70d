"""Each orchestrator in an environment of its own, a server to read, and a warehouse to compare."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from itertools import chain
from pathlib import Path
from typing import Any

import duckdb
import pytest

from openpanel_source.sandbox import Sandbox, generate
from openpanel_source.sandbox.demo.generate import DEMO_CLIENT_ID, DEMO_CLIENT_SECRET
from tests.support.equality import Rows, difference, expected, held, server_rows

HERE = Path(__file__).parent
ROOT = HERE.parents[1]
ENVIRONMENTS = ROOT / ".orchestrators"
HEADERS = {
    "openpanel-client-id": DEMO_CLIENT_ID,
    "openpanel-client-secret": DEMO_CLIENT_SECRET,
}
PROJECTS = ["acme-shop", "acme-blog"]
DAYS = 70
"""So long that at least one month is over."""
PACKAGES = {
    "airflow": [f"{ROOT}[airflow,postgres]", "apache-airflow[celery,postgres]"],
    "dask": [f"{ROOT}[dask,deltalake,filesystem,postgres]"],
    "github": [str(ROOT), "check-jsonschema"],
    "spark": [f"{ROOT}[spark,deltalake,filesystem,postgres]"],
}
"""What an environment holds, where that is not the extra of its name; the package is the first."""


def installed(name: str) -> Path:
    """The programs of an environment with an orchestrator, made where it is not there yet."""
    folder = ENVIRONMENTS / name
    constraints = HERE / f"constraints-{name}.txt"
    wanted = hashlib.sha256(
        b"\0".join(path.read_bytes() for path in (ROOT / "pyproject.toml", constraints))
    ).hexdigest()
    mark = folder / "installed"
    if not mark.exists() or mark.read_text() != wanted:
        subprocess.run([sys.executable, "-m", "venv", "--clear", folder], check=True)
        pip: list[str | Path] = [
            folder / "bin" / "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
        ]
        subprocess.run([*pip, "--upgrade", "pip>=25.1"], check=True)
        packages = PACKAGES.get(name, [f"{ROOT}[{name}]"])
        subprocess.run([*pip, "--constraint", constraints, "--editable", *packages], check=True)
        mark.write_text(wanted)
    return folder / "bin"


@dataclass
class Installation:
    """An orchestrator at work in a folder: what its user would have set up.

    Args:
        name: The orchestrator's.
        folder: Its home, its working folder and the warehouse.
        sandbox: The server it reads.
        now: The instant that server and syncs take for now.
    """

    name: str
    folder: Path
    sandbox: Sandbox
    now: datetime
    environment: dict[str, str] = field(default_factory=dict)

    @property
    def today(self) -> date:
        return self.now.date()

    @property
    def first_day(self) -> date:
        return self.today - timedelta(days=DAYS - 1)

    @property
    def settings(self) -> dict[str, Any]:
        """The user's settings of the source."""
        return {
            "client_id": DEMO_CLIENT_ID,
            "client_secret": DEMO_CLIENT_SECRET,
            "base_url": self.sandbox.url,
            "project_id": PROJECTS,
            "now": self.now.isoformat(),
        }

    def use_environment(self) -> None:
        """Have the settings in the environment."""
        for name, value in self.settings.items():
            text = value if isinstance(value, str) else json.dumps(value)
            self.environment[f"SOURCES__OPENPANEL__{name.upper()}"] = text
        self.environment["DESTINATION__DUCKDB__CREDENTIALS"] = str(self.warehouse)

    @property
    def warehouse(self) -> Path:
        return self.folder / "warehouse.duckdb"

    @property
    def whole_environment(self) -> dict[str, str]:
        """What a program finds in its environment."""
        base = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SOURCES__", "DESTINATION__", "PYTHON"))
        }
        own = {
            "PATH": f"{installed(self.name)}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "DLT_DATA_DIR": str(self.folder / "dlt"),
            "RUNTIME__DLTHUB_TELEMETRY": "false",
        }
        return base | own | self.environment

    def execute(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        """A program as it ended; what it said is shown when the test fails."""
        environment = self.whole_environment
        result = subprocess.run(
            [shutil.which(command[0], path=environment["PATH"]) or command[0], *command[1:]],
            cwd=self.folder,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        print(result.stdout, result.stderr, sep="\n")
        assert DEMO_CLIENT_SECRET not in result.stdout + result.stderr
        return result

    def run(self, *command: str | Path) -> str:
        """What a program prints."""
        result = self.execute(*command)
        assert result.returncode == 0, f"{command} failed"
        return result.stdout

    def drive(self, *arguments: str) -> Any:
        """What the driver of the orchestrator says came of it."""
        lines = self.run("python", HERE / f"drive_{self.name}.py", *arguments).splitlines()
        (result,) = (line for line in lines if line.startswith("RESULT "))
        return json.loads(result.removeprefix("RESULT "))

    def copy(self, example: str, folder: Path | None = None, **changed: Any) -> None:
        """Copy an example as a user does, and change some of the constants at its top."""
        folder = folder or self.folder
        folder.mkdir(parents=True, exist_ok=True)
        text = (ROOT / "pipelines" / example).read_text()
        for name, value in changed.items():
            text, found = re.subn(rf"(?m)^{name} = .*$", f"{name} = {value!r}", text)
            assert found == 1
        (folder / example).write_text(text)

    def source(self, first: date | None = None, last: date | None = None) -> Rows:
        """The rows of the server, of some days or all, as a warehouse should hold them."""
        days = {
            "start": f"{first or self.first_day}T00:00:00.000Z",
            "end": f"{last or self.today}T23:59:59.999Z",
        }
        rows = (server_rows(self.sandbox, HEADERS, project, **days) for project in PROJECTS)
        return expected(list(chain.from_iterable(rows)))

    def difference(self) -> str:
        """How the warehouse differs from the server; empty where it does not."""
        return difference(self.source(), held(self.warehouse))

    def query(self, sql: str) -> list[tuple[Any, ...]]:
        """Rows of the warehouse."""
        with duckdb.connect(str(self.warehouse)) as connection:
            return connection.execute(f"USE openpanel; {sql}").fetchall()

    def page(self, name: str) -> str:
        """The report that was written."""
        return (self.folder / name).read_text(encoding="utf-8")

    def days_read(self) -> set[date]:
        """The days that the ledger knows."""
        return {day for (day,) in self.query("SELECT DISTINCT day FROM sync_days")}


@pytest.fixture
def installation(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Installation]:
    """The orchestrator that the test's module is named after, with a server that it can read.

    The server holds as many events as the module's ``EVENTS`` say, 3,000 without.
    """
    name = request.path.stem.removeprefix("test_").partition("_")[0]
    now = datetime.now(timezone.utc)
    data = generate(events=getattr(request.module, "EVENTS", 3000), days=DAYS, now=now)
    with Sandbox(data, rate_limit=None, now=lambda: now) as it:
        yield Installation(name, tmp_path, it, now)
