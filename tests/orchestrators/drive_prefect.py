"""Run a flow of the Prefect example, and say how its tasks ended and what it published.

Usage: drive_prefect.py FLOW [JSON of parameters]; in the example's folder.
"""

import json
import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path.cwd()))


def main(name: str, parameters: str = "{}") -> None:
    import prefect_flow
    from prefect.client.orchestration import get_client

    state = getattr(prefect_flow, name)(**json.loads(parameters), return_state=True)
    with get_client(sync_client=True) as client:
        runs = [
            run
            for run in client.read_task_runs()
            if run.flow_run_id == state.state_details.flow_run_id
        ]
        artifacts = client.read_artifacts()
    tasks: dict[str, list[Any]] = {}
    for run in runs:
        tasks.setdefault(run.task_key.split(".")[-1].split("-")[0], []).append(
            [run.state_type.value, run.run_count]
        )
    texts = {artifact.key: artifact.data for artifact in artifacts if artifact.key}
    print("RESULT", json.dumps({"state": state.type.value, "tasks": tasks, "artifacts": texts}))


if __name__ == "__main__":
    main(*sys.argv[1:])
