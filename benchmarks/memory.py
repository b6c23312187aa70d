"""Peak memory of a sync: of few events and of many over the same days, and of few long days."""

from __future__ import annotations

import sys
from statistics import median

from benchmarks import harness, report
from benchmarks.run import Figures, measure


def main() -> None:
    """Measure, print, write."""
    parser = report.parser(__doc__)
    parser.add_argument("--sizes", type=int, nargs="+", default=[500_000, 5_000_000])
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--long-days", type=int, nargs="+", default=[100_000, 500_000])
    parser.add_argument("--long", type=int, default=1_000_000, help="events over long days")
    parser.add_argument("--runs", type=int, default=1)
    smoke = {"sizes": [3_000, 6_000], "days": 3, "long_days": [3_000], "long": 6_000}
    options = report.parse(parser, smoke)
    shapes = [(size, options.days) for size in options.sizes]
    shapes += [(options.long, options.long // day) for day in options.long_days]
    runs: dict[tuple[int, int], list[Figures]] = {}
    for size, days in shapes:
        with harness.serving(size, days) as server:
            done = [measure("connector", server, size) for _ in range(options.runs)]
        runs[size, days] = done
        print(f"{size:,} events, {days} days: {done[-1]['peak_mb']:.0f} MB", file=sys.stderr)
    peaks = {shape: median(run["peak_mb"] for run in done) for shape, done in runs.items()}
    smallest = peaks[shapes[0]]
    rows = [
        [
            f"{size:,}",
            f"{days:,}",
            f"{peak:,.0f}",
            f"{peak / smallest:.2f}",
            f"{median(run['wall'] for run in runs[size, days]):.1f}",
        ]
        for (size, days), peak in peaks.items()
    ]
    text = report.table(["events", "days", "peak MB", "ratio", "load s"], rows)
    text += "\n\nResident memory of the process and its children."
    figures = {f"{size} in {days} days": done for (size, days), done in runs.items()}
    report.publish(options, "memory", figures, text)


if __name__ == "__main__":
    main()
