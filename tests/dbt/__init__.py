"""The package for dbt, run by dbt-core in an environment of its own: ``make test-dbt``."""
