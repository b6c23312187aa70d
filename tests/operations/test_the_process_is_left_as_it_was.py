"""What a sync changes of its process is changed back, whoever else runs one."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import ExitStack

import pyarrow as pa
import pytest

from openpanel_source.operations.tuning import tuned_process


@pytest.fixture(autouse=True)
def _usual_garbage_collection() -> Iterator[None]:
    found = gc.get_threshold()
    gc.set_threshold(700, 10, 10)
    yield
    gc.set_threshold(*found)


def _of_the_process() -> tuple[str, tuple[int, ...]]:
    return pa.default_memory_pool().backend_name, gc.get_threshold()


def test_the_process_gets_its_allocator_and_garbage_collection_back() -> None:
    usual = _of_the_process()
    with tuned_process():
        backend, (made, *_) = _of_the_process()
        assert backend == "system"
        assert made > usual[1][0]
    assert _of_the_process() == usual


def test_the_process_gets_them_back_after_the_last_of_several_syncs() -> None:
    usual = _of_the_process()
    first, second = ExitStack(), ExitStack()
    first.enter_context(tuned_process())
    second.enter_context(tuned_process())
    first.close()
    assert pa.default_memory_pool().backend_name == "system"
    second.close()
    assert _of_the_process() == usual


def test_garbage_collection_that_is_off_stays_off() -> None:
    gc.set_threshold(0)
    with tuned_process():
        assert gc.get_threshold()[0] == 0
    assert gc.get_threshold()[0] == 0
