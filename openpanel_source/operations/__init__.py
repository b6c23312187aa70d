"""What a user does with a pipeline: sync, audit, erase, status, check, partitions, survey."""
