"""Charts as servers drew them before 2025-04-16: in UTC, with the bucket of the end."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from string import ascii_uppercase
from typing import Any

from openpanel_source.sandbox.answers import no_answer, server_error
from openpanel_source.sandbox.charts_answer import joined_names, points, present
from openpanel_source.sandbox.charts_buckets import floor, following, is_exact
from openpanel_source.sandbox.charts_dialect import Dialect
from openpanel_source.sandbox.charts_fields import Label, breakdown_field
from openpanel_source.sandbox.charts_numbers import (
    Count,
    average,
    compared,
    metrics,
    plain,
    rounded,
    total,
)
from openpanel_source.sandbox.charts_query import ChartQuery, SeriesQuery
from openpanel_source.sandbox.charts_range import UTC_RANGES, Now
from openpanel_source.sandbox.charts_slug import slug
from openpanel_source.sandbox.charts_sql import Scope, SeriesSql
from openpanel_source.sandbox.conditions import Sql
from openpanel_source.sandbox.dates import DAY_MS, parse_js_date
from openpanel_source.sandbox.query import js_string
from openpanel_source.sandbox.store import Store

Json = dict[str, Any]
