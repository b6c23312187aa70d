"""Load OpenPanel's history with Spark: partitions as tasks of as many executors as there are.

Submit this file, or paste it into a notebook of Databricks; openpanel-source is installed on all
machines. Settings come from the environment of driver and executors. A task must not run twice at
once: leave ``spark.speculation`` off.
"""

import dlt
from pyspark.sql import SparkSession
from pyspark.sql.functions import udf

from openpanel_source import partitions, sync

DESTINATION = "postgres"  # any dlt destination that takes several writers
EVENTS_PER_PARTITION = 500_000

spark = SparkSession.builder.appName("openpanel-backfill").getOrCreate()
found = partitions(events_per_partition=EVENTS_PER_PARTITION)


@udf("int")
def load(number: int) -> int:
    """Sync a partition; where its executor dies, another goes on after what was committed."""
    partition = found[number]
    pipeline = dlt.pipeline(partition.name, destination=DESTINATION, dataset_name="openpanel")
    return sync(pipeline, **partition.settings).exit_code


tasks = spark.range(0, len(found), 1, max(len(found), 1))  # a task for each partition
loads = tasks.select("id", load.asNondeterministic()("id").alias("code")).collect()
for row in loads:
    name = found[row.id].name
    print(name, "verified" if row.code == 0 else "not verified")
if any(row.code for row in loads):  # 0: verified; the next nightly sync adopts the days
    raise SystemExit(max(row.code for row in loads))
