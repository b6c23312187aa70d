"""Do with the Dagster example what its own interface would do, and say what came of it.

Usage: drive_dagster.py materialize DAY … | drive_dagster.py backfill PROJECT|MONTH …
"""

import json
import sys
from pathlib import Path

import dagster as dg

sys.path.insert(0, str(Path.cwd()))
import dagster_definitions as example


def materialize(days):
    results = []
    with dg.DagsterInstance.get() as instance:
        job = example.defs.resolve_job_def("openpanel_nightly")
        for day in days:
            result = job.execute_in_process(partition_key=day, instance=instance)
            (made,) = result.asset_materializations_for_node("events")
            results.append(
                {
                    "metadata": {name: value.value for name, value in made.metadata.items()},
                    "checks": {
                        check.check_name: check.passed
                        for check in result.get_asset_check_evaluations()
                    },
                }
            )
    return results
