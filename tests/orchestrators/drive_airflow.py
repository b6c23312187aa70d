"""Run a DAG of the example as ``airflow dags test`` does, and say how its tasks ended.

Usage: drive_airflow.py DAG_ID [LOGICAL_DATE | JSON of params]
"""

import json
import sys
from datetime import datetime
from typing import Any

from airflow.configuration import conf
from airflow.dag_processing.dagbag import DagBag


def main(dag_id: str, argument: str | None = None) -> None:
    bag = DagBag(conf.get("core", "dags_folder"))
    assert not bag.import_errors, bag.import_errors
    heavy = sorted({"dlt", "duckdb", "pyarrow"} & sys.modules.keys())
    how: dict[str, Any] = {}
    if argument and argument.startswith("{"):
        how["run_conf"] = json.loads(argument)
    elif argument:
        how["logical_date"] = datetime.fromisoformat(argument)
    run = bag.get_dag(dag_id).test(**how)
    tasks: dict[str, list[str]] = {}
    for ti in run.get_task_instances():
        tasks.setdefault(ti.task_id, []).append(str(ti.state))
    print("RESULT", json.dumps({"state": str(run.state), "tasks": tasks, "parsed_with": heavy}))


if __name__ == "__main__":
    main(*sys.argv[1:])
