"""The SQL for cloud warehouses, with their drivers; run by `make test-clouds`."""
