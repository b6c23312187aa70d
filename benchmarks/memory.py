"""Compare the peak memory of a sync of few events with that of many, over the same days."""

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
    parser.add_argument("--runs", type=int, default=1)
    options = report.parse(parser, {"sizes": [3_000, 6_000], "days": 3})
    runs: dict[int, list[Figures]] = {}
    for size in options.sizes:
        with harness.serving(size, options.days) as server:
            runs[size] = [measure("connector", server, size) for _ in range(options.runs)]
        print(f"{size:,} events: {runs[size][-1]['peak_mb']:.0f} MB", file=sys.stderr)
    peaks = {size: median(run["peak_mb"] for run in done) for size, done in runs.items()}
    smallest = peaks[min(peaks)]
    rows = [
        [
            f"{size:,}",
            f"{peak:,.0f}",
            f"{peak / smallest:.2f}",
            f"{median(run['wall'] for run in runs[size]):.1f}",
        ]
        for size, peak in peaks.items()
    ]
    text = report.table(["events", "peak MB", "ratio", "load s"], rows)
    text += f"\n\nOver {options.days} days; resident memory of the process and its children."
    report.publish(options, "memory", {str(size): done for size, done in runs.items()}, text)


if __name__ == "__main__":
    main()
