"""Settings that are refused, and what is said then."""

from __future__ import annotations

from typing import Any

import pytest

from openpanel_source.errors import InvalidSettingError
from openpanel_source.source.settings.checked import parse_settings
from openpanel_source.source.settings.declared import Arguments


def refused(expected: str, project_id: Any = "web", **settings: Any) -> str:
    with pytest.raises(InvalidSettingError, match=expected) as caught:
        parse_settings(Arguments(project_id, **settings))
    message = str(caught.value)
    assert message.endswith(".")
    assert "\n" not in message
    assert caught.value.exit_code == 2
    return message
