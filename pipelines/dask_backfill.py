"""Load OpenPanel's history with Dask: partitions on as many machines as its scheduler has.

Copy this file, change SCHEDULER, and run it. Settings come from .dlt/ or the environment, here and
of the workers. A process loads one partition at a time: ``dask worker tcp://… --nthreads 1``.
"""

import sys

import dlt
from dask.distributed import Client, wait

from openpanel_source import Partition, partitions, sync

SCHEDULER = "tcp://scheduler:8786"
DESTINATION = "postgres"  # any dlt destination that takes several writers
EVENTS_PER_PARTITION = 500_000


def load(partition: Partition) -> int:
    """Sync a partition; where its worker dies, another goes on after what was committed."""
    pipeline = dlt.pipeline(partition.name, destination=DESTINATION, dataset_name="openpanel")
    return sync(pipeline, **partition.settings).exit_code


if __name__ == "__main__":
    found = partitions(events_per_partition=EVENTS_PER_PARTITION)
    names = [partition.name for partition in found]
    with Client(SCHEDULER) as client:
        loads = client.map(load, found, key=names, retries=3)
        wait(loads)  # one that fails stops no other
        codes = client.gather(loads)
    for name, code in zip(names, codes, strict=True):
        print(name, "verified" if code == 0 else "not verified")
    sys.exit(max(codes, default=0))  # the next nightly sync adopts the days
