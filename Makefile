# Everything runs in .venv; the only things a machine needs are Python 3.10 or newer, make and git.
PYTHON ?= python3
BIN := .venv/bin

.PHONY: demo test test-long coverage lowest kills backfill faults fuzz test-clouds test-orchestrators lint audit docs bench bench-smoke wheel clean

demo: .venv/.ready
	$(BIN)/openpanel-source demo

test: .venv/.ready
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile -m 'not long'

# What takes long, and the other cases of what is tried with many: 5 to 7 minutes.
test-long: .venv/.ready
	$(BIN)/python -m pytest --numprocesses 3 --dist loadfile -m long

coverage: .venv/.ready
	rm -f .coverage .coverage.*
	$(BIN)/coverage run -m pytest --numprocesses 2 --dist loadfile
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report

# What a sync does, with the lowest versions that pyproject.toml allows.
lowest:
	$(PYTHON) -m venv .venv-lowest
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.venv-lowest/bin/pip install --quiet --disable-pip-version-check --editable . --group dev \
		--constraint tests/data/lowest.txt
	.venv-lowest/bin/python -m pytest --numprocesses 2 --quiet tests/days/test_days_are_read_when_needed.py \
		tests/promise/test_a_sync_holds_exactly_the_rows_of_the_server.py tests/cli \
		tests/destinations/test_every_destination.py

# A hundred syncs killed at random moments, and where they were hit.
kills: .venv/.ready
	OPENPANEL_SOURCE_KILLS=100 $(BIN)/python -m pytest -s -n0 tests/promise/test_killed_at_any_moment.py

# Every fault of a server, at every stage of a sync, once, thrice and always: about 15 minutes.
faults: .venv/.ready
	OPENPANEL_SOURCE_FAULTS=all $(BIN)/python -m pytest --numprocesses 2 --quiet tests/promise/test_fault_matrix.py

# Two million events by four processes into PostgreSQL, some of them killed.
backfill: .venv/.ready
	OPENPANEL_SOURCE_BACKFILL=2000000 $(BIN)/python -m pytest -s -n0 tests/promise/test_a_backfill_in_partitions.py

# 40,000 pages that are not as documented, or damaged; some minutes.
fuzz: .venv/.ready
	OPENPANEL_SOURCE_FUZZ=long $(BIN)/python -m pytest -s -n0 --timeout 3600 tests/rows/test_fuzz_decode.py

# The examples in pipelines/, each with its orchestrator in an environment of its own, kept in
# .orchestrators: 5 minutes on two cores, installing included.
test-orchestrators: .venv/.ready
	$(BIN)/python -m pytest -n0 --timeout 900 tests/orchestrators

# The SQL for BigQuery, Snowflake … without a server, with their drivers in an environment of its
# own: 800 MB, two minutes.
test-clouds: .clouds/.ready
	.clouds/bin/python -m pytest tests/clouds

.clouds/.ready: pyproject.toml
	$(PYTHON) -m venv .clouds
	.clouds/bin/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	.clouds/bin/pip install --quiet --disable-pip-version-check --group clouds \
		--editable '.[bigquery,clickhouse,databricks,motherduck,redshift,snowflake]'
	touch $@

lint: .venv/.ready
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Known vulnerabilities (needs the internet; says so without), dependencies unused or undeclared,
# and code that is dangerous.
audit: .venv/.ready
	$(BIN)/python .ci/audit_dependencies.py
	$(BIN)/deptry .
	$(BIN)/bandit --quiet --configfile pyproject.toml --recursive openpanel_source pipelines

docs: .venv/.ready
	$(BIN)/python docs/generate.py

# 15 to 20 minutes on two cores; writes benchmarks/results.json and docs/performance.md.
BENCHMARKS := server_speed run rate_limit workers memory growth startup nights

bench: .venv/.ready
	set -e; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name; done

# The same in tiny sizes: that it works, not how fast; writes nothing.
bench-smoke: .venv/.ready
	set -e; for name in $(BENCHMARKS); do $(BIN)/python -m benchmarks.$$name --smoke; done

wheel: .venv/.ready
	rm -rf dist
	$(BIN)/pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv .venv-lowest .clouds .orchestrators dist build .coverage* .mypy_cache .ruff_cache .pytest_cache .hypothesis

.venv/.ready: pyproject.toml
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 10), "Python 3.10 or newer is needed"'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --upgrade 'pip>=25.1'
	$(BIN)/pip install --quiet --disable-pip-version-check --editable . --group dev
	touch $@
