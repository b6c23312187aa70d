"""Names, types, defaults and meanings of settings are those of one declaration everywhere."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from openpanel_source import openpanel
from openpanel_source.api.client import Client
from openpanel_source.cli.main import main
from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings.declared import (
    DEFAULTS,
    REQUIRED,
    SECRET,
    Arguments,
    meanings,
)
from openpanel_source.wire.retry import RetryPolicy

GIVEN: dict[str, Any] = {"project_id": "web", "client_id": "x", "client_secret": "x"}


def test_each_setting_has_a_meaning_and_no_other_is_documented() -> None:
    assert list(meanings()) == list(DEFAULTS)
    assert {*REQUIRED, *SECRET} <= DEFAULTS.keys()


def test_the_source_shows_the_declared_signature_and_its_documentation() -> None:
    parameters = inspect.signature(openpanel).parameters
    assert {name: one.default for name, one in parameters.items()} == DEFAULTS
    declared = inspect.signature(Arguments).parameters
    assert all(parameters[name].annotation == declared[name].annotation for name in DEFAULTS)
    documentation = inspect.getdoc(openpanel)
    assert documentation is not None
    assert all(f"{name}: " in documentation for name in parameters)


def test_the_source_is_typed_as_declared() -> None:
    # That mypy sees it, too, is held by the comments: none of them may be unused.
    with pytest.raises(InvalidSettingError, match="lookback_days"):
        openpanel(lookback_days="3", **GIVEN)  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="lookback"):
        openpanel(lookback=3, **GIVEN)  # type: ignore[call-arg]


@pytest.mark.parametrize("command", ["check", "sync", "audit", "erase", "partitions"])
def test_an_option_is_of_the_type_of_its_setting_and_left_to_the_configuration(
    command: str,
) -> None:
    options = [param for param in main.commands[command].params if param.name in DEFAULTS]
    assert options
    for option in options:
        default = DEFAULTS[str(option.name)]
        assert getattr(option, "is_flag", False) == isinstance(default, bool)
        if type(default) is int:
            assert option.type.name == "integer"
        assert not isinstance(option.default, (bool, int, str))


def test_a_client_of_its_own_has_the_defaults_that_are_declared() -> None:
    own = {name: one.default for name, one in inspect.signature(Client).parameters.items()}
    own["connect_timeout"], own["read_timeout"] = own["timeout"]
    own |= vars(RetryPolicy())
    own["pages_in_flight"] = own["pool_size"]
    shared = own.keys() & DEFAULTS.keys() - {"base_url"}
    assert len(shared) == 8
    assert {name: own[name] for name in shared} == {name: DEFAULTS[name] for name in shared}


def test_arguments_do_not_show_what_they_hold() -> None:
    assert "hunter2" not in repr(Arguments("web", "x", "hunter2"))
