# Everything runs in .venv; the only things a machine needs are Python 3.10 or newer, make and git.
PYTHON ?= python3
BIN := .venv/bin
# Tests start hundreds of processes, which would compile the package each for themselves.
unexport PYTHONDONTWRITEBYTECODE
PIP_INSTALL := pip install --quiet --disable-pip-version-check

.PHONY: demo help test test-long coverage lowest newest kills backfill faults fuzz test-clouds \
	test-dbt test-destinations test-orchestrators backfill-airflow lint hooks audit docs pictures report-assets \
	rooms bench bench-smoke site dist release lock clean

demo: .venv/.ready ## A local server with 50,000 events, synced into DuckDB: 10 seconds
	$(BIN)/openpanel-source demo

help: ## This list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-19s %s\n", $$1, $$2 }' Makefile

test: .venv/.ready ## The tests, but those marked long: 5 to 9 minutes on two cores
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile -m 'not long'

# With SHARE=1/4 a fourth of them.
SHARE :=

test-long: .venv/.ready ## What takes long, and the other cases of what is tried with many: 40 minutes
	$(BIN)/python -m pytest --numprocesses 4 --dist loadfile -m long $(if $(SHARE),--share $(SHARE))

coverage: .venv/.ready ## All tests, and the lines that none of them runs: takes longest
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest --numprocesses 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# What a sync does, to be tried with other versions than those of requirements.lock.
SYNCS := tests/days/test_which_days_a_sync_reads.py tests/days/test_open_days_are_read_again.py \
	tests/days/test_a_sync_of_many_runs.py tests/days/test_changes_of_old_days_are_found.py \
	tests/promise/test_a_sync_holds_exactly_the_rows_of_the_server.py \
	tests/cli tests/destinations/test_every_destination.py \
	tests/destinations/test_files_in_a_folder_or_a_bucket.py \
	tests/project/test_what_is_used_of_dlt.py tests/project/test_dlt_does_what_is_relied_on.py

lowest: ## Syncs with the lowest versions that pyproject.toml allows: 4 minutes
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/$(PIP_INSTALL) --upgrade 'pip>=25.1'
	.venv-lowest/bin/$(PIP_INSTALL) --editable . --group test --constraint tests/data/lowest.txt
	.venv-lowest/bin/python -m pytest --numprocesses 2 --quiet -m 'not long' $(SYNCS)

newest: ## Syncs with the newest dlt and duckdb there are, pre-releases too: 4 minutes
	$(PYTHON) -m venv .venv-newest
	.venv-newest/bin/$(PIP_INSTALL) --upgrade 'pip>=26'
	.venv-newest/bin/$(PIP_INSTALL) --editable . --group test
	.venv-newest/bin/$(PIP_INSTALL) --upgrade --all-releases dlt --all-releases duckdb dlt duckdb
	.venv-newest/bin/pip freeze | grep -E '^(dlt|duckdb)=='
	.venv-newest/bin/python -m pytest --numprocesses 2 --quiet -m 'not long' $(SYNCS)

kills: .venv/.ready ## A hundred syncs killed at random moments, and where they were hit
	OPENPANEL_SOURCE_KILLS=100 $(BIN)/python -m pytest -s -n0 tests/promise/test_killed_at_any_moment.py

faults: .venv/.ready ## Every fault of a server, at every stage of a sync, once, thrice and always: 15 minutes
	OPENPANEL_SOURCE_FAULTS=all $(BIN)/python -m pytest --numprocesses 2 --quiet tests/promise/test_fault_matrix.py

backfill: .venv/.ready ## Two million events by four processes into PostgreSQL, some of them killed
	OPENPANEL_SOURCE_BACKFILL=2000000 $(BIN)/python -m pytest -s -n0 tests/promise/test_a_backfill_in_partitions.py

fuzz: .venv/.ready ## 40,000 pages that are not as documented, or damaged: some minutes
	OPENPANEL_SOURCE_FUZZ=long $(BIN)/python -m pytest -s -n0 --timeout 3600 tests/rows/test_fuzz_decode.py

# Each orchestrator has an environment of its own, kept in .orchestrators.
test-orchestrators: .venv/.ready ## The examples in pipelines/ with their orchestrators, workers killed: 15 minutes, installing included
	$(BIN)/python -m pytest -n0 --timeout 900 tests/orchestrators

backfill-airflow: .venv/.ready ## A million events by Airflow and two Celery workers, one of them killed
	OPENPANEL_SOURCE_AIRFLOW=1000000 $(BIN)/python -m pytest -s -n0 tests/orchestrators/test_airflow_cluster.py

# Their drivers have an environment of their own: 800 MB.
test-clouds: .clouds/.ready ## The SQL for BigQuery, Snowflake … without a server: 2 minutes
	.clouds/bin/python -m pytest tests/clouds

.clouds/.ready: pyproject.toml
	$(PYTHON) -m venv .clouds
	.clouds/bin/$(PIP_INSTALL) --upgrade 'pip>=25.1'
	.clouds/bin/$(PIP_INSTALL) --group clouds \
		--editable '.[bigquery,clickhouse,databricks,motherduck,redshift,snowflake]'
	touch $@

# MariaDB's server is Debian's mariadb-server; all else comes from PyPI: 1 GB.
test-destinations: .destinations/.ready ## MariaDB, DuckLake, S3 buckets and ClickHouse's engine: 8 minutes
	.destinations/bin/python -m pytest --numprocesses 2 --dist loadfile tests/servers

.destinations/.ready: pyproject.toml
	$(PYTHON) -m venv .destinations
	.destinations/bin/$(PIP_INSTALL) --upgrade 'pip>=25.1'
	.destinations/bin/$(PIP_INSTALL) --group destinations \
		--editable '.[clickhouse,deltalake,ducklake,filesystem,mariadb,postgres,pyiceberg]'
	touch $@

# dbt has an environment of its own: 1 GB. Newer sources of its parser fetch it from elsewhere.
test-dbt: .dbt/.ready ## The dbt package in DuckDB and PostgreSQL, and its SQL for the others: 7 minutes
	.dbt/bin/python -m pytest --numprocesses 2 --dist loadfile --timeout 900 tests/dbt

.dbt/.ready: pyproject.toml
	$(PYTHON) -m venv .dbt
	.dbt/bin/$(PIP_INSTALL) --upgrade 'pip>=25.1'
	.dbt/bin/$(PIP_INSTALL) --only-binary dbt-core-experimental-parser --group dbt --editable '.[postgres]'
	touch $@

lint: .venv/.ready ## Style, format, types and the arrows between rooms: 1 minute
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

hooks: .venv/.ready ## Have git run what is quick of it before each commit
	$(BIN)/pre-commit install

audit: .venv/.ready ## Known vulnerabilities (needs the internet), stray dependencies, dangerous code
	$(BIN)/python .ci/audit_dependencies.py
	$(BIN)/deptry .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive openpanel_source pipelines

docs: .venv/.ready ## Write the generated pages of docs/ again
	$(BIN)/python -m docs.generate

pictures: .venv/.ready ## Draw the README's pictures again: what the demo prints, its report (needs Chromium)
	$(BIN)/python -m docs.pictures

report-assets: .venv/.ready ## Renew what the report brings along, from npm (needs the internet)
	$(BIN)/python -m docs.report_assets

rooms: .venv/.ready ## How large each room is, and that no import goes in a circle
	$(BIN)/python docs/rooms.py

BENCHMARKS := server_speed run first_rows rate_limit workers memory growth startup nights proofs models destinations

# What loads into all destinations has the environment of their tests.
MEASURE = set -e; for name in $(BENCHMARKS); do \
	if [ $$name = destinations ]; then bin=.destinations/bin; else bin=$(BIN); fi; \
	$$bin/python -m benchmarks.$$name

bench: .venv/.ready .destinations/.ready ## Measure again; writes docs/performance.md: 35 minutes
	$(MEASURE); done

bench-smoke: .venv/.ready .destinations/.ready ## The same in tiny sizes, whether it works; writes nothing
	$(MEASURE) --smoke; done

# The theme and what it needs have an environment of their own.
site: .site/.ready ## The documentation as a site in build/site, its links and what it loads tested: 1 minute
	.site/bin/python -m docs.website
	.site/bin/python -m pytest --noconftest tests/site

.site/.ready: pyproject.toml
	$(PYTHON) -m venv .site
	.site/bin/$(PIP_INSTALL) --upgrade 'pip>=25.1'
	.site/bin/$(PIP_INSTALL) --group site
	touch $@

dist: .venv/.ready ## What a release publishes, in dist/: built twice, compared, its contents checked
	$(BIN)/python -m release --quick

# Publishes nothing; with TAG=v1.2.3 it must be the release of that tag.
TAG :=

release: .venv/.ready ## The same, installed and tried in empty environments, oldest and newest Python: 5 minutes
	$(BIN)/python -m release --tag "$(TAG)"

# For all of Python 3.10 to 3.14 at once. With LOCK= only what no longer fits is changed.
LOCK := --upgrade

lock: ## Choose the versions of requirements.lock again: the newest that pyproject.toml allows
	$(PYTHON) -m venv .venv-lock
	.venv-lock/bin/$(PIP_INSTALL) 'uv>=0.8,<1'
	.venv-lock/bin/uv pip compile --quiet --universal --python-version 3.10 --generate-hashes $(LOCK) \
		--custom-compile-command 'make lock' --group dev --output-file requirements.lock pyproject.toml

clean: ## Remove what the other targets made
	rm -rf .venv .venv-lowest .venv-newest .venv-lock .clouds .dbt .destinations .orchestrators .site dist build .coverage* \
		.mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache \
		openpanel_demo.duckdb openpanel_demo.duckdb.wal dbt/target dbt/dbt_packages dbt/logs

# Exactly what requirements.lock names, by its hashes; the package itself with what is there then.
.venv/.ready: pyproject.toml requirements.lock
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 10), "Python 3.10 or newer is needed"'
	$(PYTHON) -m venv .venv
	$(BIN)/$(PIP_INSTALL) --require-hashes --requirement requirements.lock
	$(BIN)/$(PIP_INSTALL) --no-deps --no-build-isolation --editable .
	$(BIN)/pip check
	touch $@
