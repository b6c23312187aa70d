"""Do with the Dagster example what its interface does, and say what came of it.

Usage: drive_dagster.py materialize DAY … | drive_dagster.py backfill; in the example's folder.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import dagster as dg

EXAMPLE = "dagster_definitions.py"
SECONDS = 240


def materialize(*days: str) -> list[dict[str, Any]]:
    sys.path.insert(0, str(Path.cwd()))
    from dagster_definitions import defs

    with dg.DagsterInstance.get() as instance:
        job = defs.resolve_job_def("openpanel_nightly")
        return [_seen(job.execute_in_process(partition_key=day, instance=instance)) for day in days]


def _seen(result: Any) -> dict[str, Any]:
    (made,) = result.asset_materializations_for_node("events")
    metadata = {name: value.value for name, value in made.metadata.items()}
    metadata["days"] = [record.data for record in made.metadata["days"].records]
    checks = {check.check_name: check.passed for check in result.get_asset_check_evaluations()}
    (shown,) = result.asset_materializations_for_node("openpanel__report")
    report = {name: value.value for name, value in shown.metadata.items()}
    return {"success": result.success, "metadata": metadata, "checks": checks, "report": report}


def backfill() -> dict[str, str]:
    """All partitions at once, as a person would ask for them; the daemon runs them."""
    launch = ["dagster", "job", "backfill", "-f", EXAMPLE, "-j", "openpanel_backfill"]
    subprocess.run([*launch, "--all", "yes", "--noprompt"], check=True)
    with (
        dg.DagsterInstance.get() as instance,
        subprocess.Popen(["dagster-daemon", "run", "-f", EXAMPLE]) as daemon,
    ):
        try:
            return _finished(instance)
        finally:
            daemon.terminate()


def _finished(instance: dg.DagsterInstance) -> dict[str, str]:
    until = time.monotonic() + SECONDS
    while time.monotonic() < until:
        runs = instance.get_runs()
        if runs and all(run.is_finished for run in runs):
            break
        time.sleep(1)
    return {run.tags["dagster/partition"]: run.status.value for run in runs}


if __name__ == "__main__":
    did = backfill() if sys.argv[1] == "backfill" else materialize(*sys.argv[2:])
    print("RESULT", json.dumps(did))
