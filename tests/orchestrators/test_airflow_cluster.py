"""The Airflow example on machines: scheduler, API server, Redis and two Celery workers.

One worker is killed in the middle of a backfill: of 20,000 events, or with ``make
backfill-airflow`` of 1,000,000.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from typing import Any

import psycopg2
import pytest
import requests

from tests.orchestrators.backfills import COMMITS, Backfill, backfill_into, is_at_work
from tests.orchestrators.conftest import Installation
from tests.orchestrators.programs import Program, Programs, ending, free_port, needed
from tests.support.postgres import postgres_url

__all__ = ["postgres_url"]

EVENTS = int(os.environ.get("OPENPANEL_SOURCE_AIRFLOW", "20000"))
EVENTS_PER_PARTITION = max(EVENTS // 10, 4_000)
SECONDS = 300 + EVENTS / 500
"""How long a backfill may take."""
METADATA = "airflow"


class Cluster:
    """Airflow's programs, and its API as a person in the browser uses it.

    Args:
        programs: Starts them.
        port: Of the API server.
    """

    def __init__(self, programs: Programs, port: int) -> None:
        self.programs = programs
        self._url = f"http://127.0.0.1:{port}"
        programs.start("api", "airflow", "api-server", "--host", "127.0.0.1", "--port", str(port))
        programs.start("scheduler", "airflow", "scheduler")
        programs.start("parser", "airflow", "dag-processor")
        celery = ("airflow", "celery", "worker", "--skip-serve-logs", "--concurrency", "2")
        self.workers = [
            programs.start(name, *celery, "--celery-hostname", f"{name}@%h")
            for name in ("worker-1", "worker-2")
        ]
        self._session = requests.Session()

    def ask(self, method: str, path: str, **body: Any) -> Any:
        """The answer of the API; None while there is none."""
        with suppress(requests.ConnectionError):
            if "authorization" not in self._session.headers:
                token = self._session.get(f"{self._url}/auth/token", timeout=30).json()
                self._session.headers["authorization"] = f"Bearer {token['access_token']}"
            url = f"{self._url}/api/v2/dags/{path}"
            answer = self._session.request(method, url, json=body or None, timeout=30)
            if answer.status_code != 404:
                assert answer.ok, answer.text
                return answer.json()
        return None

    def unpause(self, dag: str) -> None:
        """Switch a DAG on, once the dag processor has read it."""
        self.programs.wait_for(dag, lambda: self.ask("GET", dag))
        self.ask("PATCH", dag, is_paused=False)

    def ended(self, dag: str, seconds: float) -> str:
        """The state of the only run of a DAG, once it has ended."""

        def look() -> str:
            runs = (self.ask("GET", f"{dag}/dagRuns") or {}).get("dag_runs", [])
            states = [run["state"] for run in runs if run["state"] in ("success", "failed")]
            return states[0] if states else ""

        return self.programs.wait_for(f"the end of {dag}", look, seconds)

    def tries(self, dag: str) -> dict[str, int]:
        """How often each mapped task of the only run of a DAG was tried, by name."""
        (run,) = self.ask("GET", f"{dag}/dagRuns")["dag_runs"]
        path = f"{dag}/dagRuns/{run['dag_run_id']}/taskInstances?limit=1000"
        return {
            task["rendered_map_index"]: task["try_number"]
            for task in self.ask("GET", path)["task_instances"]
            if task["rendered_map_index"]
        }


@pytest.fixture
def backfill(installation: Installation, request: pytest.FixtureRequest) -> Backfill:
    needed("redis-server")
    url = str(request.getfixturevalue("postgres_url"))
    backfill = backfill_into("postgresql", installation, lambda: url, EVENTS_PER_PARTITION)
    home = installation.folder / "home"
    installation.copy(
        "airflow_dag.py",
        home / "dags",
        DESTINATION="postgres",
        RETRIES={"retries": 3, "retry_delay": 1},
    )
    with closing(psycopg2.connect(url.format(database="postgres"))) as connection:
        connection.autocommit = True
        connection.cursor().execute(f"CREATE DATABASE {METADATA}")
    socket = url.partition("?")[2]
    installation.environment |= {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__EXECUTOR": "CeleryExecutor",
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__FERNET_KEY": base64.urlsafe_b64encode(secrets.token_bytes(32)).decode(),
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__DATABASE__SQL_ALCHEMY_CONN": f"postgresql+psycopg2://postgres@/{METADATA}?{socket}",
        "AIRFLOW__API__SECRET_KEY": secrets.token_hex(32),
        "AIRFLOW__API_AUTH__JWT_SECRET": secrets.token_hex(64),
        # Who is silent for so long is taken for dead; usually 300 seconds.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "20",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "2",
    }
    return backfill


@pytest.fixture
def cluster(backfill: Backfill) -> Iterator[Cluster]:
    installation, redis, api = backfill.installation, free_port(), free_port()
    installation.environment |= {
        "AIRFLOW__CELERY__BROKER_URL": f"redis://127.0.0.1:{redis}/0",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{api}/execution/",
    }
    installation.run("airflow", "db", "migrate")
    # What a task knows of source and destination, it has from here alone.
    source = "\n".join(f"{name} = {json.dumps(it)}" for name, it in installation.settings.items())
    database = json.dumps(backfill.warehouse.url)
    text = f"[sources.openpanel]\n{source}\n[destination.postgres]\ncredentials = {database}\n"
    installation.run("airflow", "variables", "set", "dlt_secrets_toml", text)
    own = {
        name: value
        for name, value in installation.whole_environment.items()
        if not name.startswith(("SOURCES__", "DESTINATION__"))
    }
    own |= COMMITS
    with ending(Programs(installation.folder, own)) as programs:
        keep_nothing = ("--save", "", "--appendonly", "no")
        programs.start(
            "redis", "redis-server", "--bind", "127.0.0.1", "--port", str(redis), *keep_nothing
        )
        yield Cluster(programs, api)


@pytest.mark.timeout(900 + EVENTS / 200)
def test_a_backfill_is_loaded_and_adopted_though_a_worker_is_killed(
    backfill: Backfill, cluster: Cluster
) -> None:
    dag, programs = "openpanel_backfill", cluster.programs
    in_the_middle = backfill.holding_up(programs, SECONDS)
    planned = backfill.planned()
    cluster.unpause(dag)
    started = time.monotonic()
    cluster.ask(
        "POST",
        f"{dag}/dagRuns",
        logical_date=None,
        conf={"events_per_partition": EVENTS_PER_PARTITION},
    )
    partition = in_the_middle()
    killed = _worker_of(cluster, partition)
    killed.kill()

    assert cluster.ended(dag, SECONDS) == "success"
    seconds = time.monotonic() - started
    tries = cluster.tries(dag)
    assert tries.keys() == {one.name for one in planned}
    assert tries[partition.name] > 1

    # Switched on, it loads the newest interval at once, as after midnight.
    cluster.unpause("openpanel_nightly")
    assert cluster.ended("openpanel_nightly", SECONDS) == "success"
    backfill.check_values()
    repeated = {name: number for name, number in tries.items() if number > 1}
    print(
        f"\n{EVENTS:,} events in {len(planned)} partitions, one of two workers killed:"
        f" {seconds:.0f} s; tried more than once: {repeated};"
        " server, ledger and PostgreSQL are equal"
    )


def _worker_of(cluster: Cluster, partition: Any) -> Program:
    (worker,) = (one for one in cluster.workers if is_at_work(one.folder, partition))
    return worker
