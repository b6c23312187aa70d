// Numbers over time.

function axes(palette, days, unit) {
  const line = { lineStyle: { color: palette.line } };
  return {
    textStyle: textStyle(palette),
    grid: { left: 4, right: 24, top: 32, bottom: 4, containLabel: true },
    xAxis: {
      type: "category", data: days, boundaryGap: false, axisTick: { show: false }, axisLine: line,
      axisLabel: { color: palette.muted, hideOverlap: true, formatter: (day) => dated(day, dayAndMonth) },
    },
    yAxis: {
      type: "value", splitNumber: 4, splitLine: line,
      axisLabel: { color: palette.muted, formatter: (value) => brief(value, unit) },
    },
  };
}

function lineOf(name, colour, data, more = {}) {
  return {
    type: "line", name, data, symbol: data.length < 3 ? "circle" : "none", symbolSize: 5, lineStyle: { width: 2, color: colour },
    itemStyle: { color: colour }, emphasis: { disabled: true }, ...more,
  };
}

const MEASURES = ["visitors", "sessions", "views", "revenue", "bounce_rate"];

function daysCard(block, rows) {
  const days = objects(block, rows);
  const column = (key) => block.columns.find((one) => one.key === key);
  const known = MEASURES.filter((key) => column(key) && days.some((day) => typeof day[key] === "number"));
  const both = known.includes("visitors") && known.includes("views");
  const options = known.map((key) => [column(key).label, [key]]);
  if (both) options.unshift(["Visitors and views", ["visitors", "views"]]);
  if (!options.length) return card(block.title, { sql: block.sql, wide: true, key: "days" }, nothing());
  let shown = options[0][1];
  const place = picture(`${block.title}: a line by day`, 300, (palette) => daysOption(palette, days, shown, column));
  const choose = choice("Measure", options, (keys) => {
    shown = keys;
    redraw(place);
  });
  return card(block.title, { sql: block.sql, wide: true, key: "days" }, choose, place,
    tableBelow({ caption: block.title, columns: block.columns, rows, first: 31 }));
}

function daysOption(palette, days, keys, column) {
  const unit = column(keys[0]).unit;
  const series = keys.flatMap((key, at) => {
    const colour = palette.series[at];
    const now = lineOf(column(key).label, colour, days.map((day) => day[key]), {
      areaStyle: { color: colour, opacity: at === 0 ? 0.1 : 0 }, z: 3,
    });
    const before = days.map((day) => day[`before_${key}`]);
    if (!before.some((value) => typeof value === "number")) return [now];
    const dashed = { width: 1.5, type: "dashed", color: colour, opacity: 0.55 };
    return [now, lineOf(`${column(key).label} before`, colour, before, { lineStyle: dashed })];
  });
  const content = (points) => tip(dated(points[0].axisValue, wholeDay),
    points.map((point) => [point.seriesName, formatted(point.value ?? null, unit), point.color]));
  return {
    ...axes(palette, days.map((day) => day.day), unit), series,
    tooltip: tooltip(palette, content, { trigger: "axis" }),
    legend: legend(palette, series.map((one) => one.name)),
  };
}

function legend(palette, data) {
  return {
    data, top: 0, right: 8, itemWidth: 18, itemHeight: 8, type: "scroll", selectedMode: false, textStyle: { color: palette.muted }, show: data.length > 1,
  };
}

function flowCard(block, rows) {
  const weeks = objects(block, rows);
  const parts = [["new", "New", 0], ["returning", "Returning", 1], ["churned", "Churned", 3]];
  const option = (palette) => {
    const base = axes(palette, weeks.map((week) => week.week), "count");
    base.xAxis.boundaryGap = true;
    base.yAxis.axisLabel.formatter = (value) => brief(Math.abs(value), "count");
    const series = parts.map(([key, name, colour]) => ({
      type: "bar", name, stack: "all", barMaxWidth: 28, itemStyle: { color: palette.series[colour] },
      emphasis: { disabled: true },
      data: weeks.map((week) => (key === "churned" && week[key] ? -week[key] : week[key])),
    }));
    const content = (points) => tip(`Week of ${dated(points[0].axisValue, dayAndMonth)}`,
      points.map((point) => [point.seriesName, formatted(Math.abs(point.value), "count"), point.color]));
    return {
      ...base, series, tooltip: tooltip(palette, content, { trigger: "axis", axisPointer: { type: "shadow" } }),
      legend: legend(palette, parts.map(([, name]) => name)),
    };
  };
  return card(block.title, { sql: block.sql, key: "visitor_flow", about: "Churned stand below the line." },
    picture(`${block.title}: bars by week`, 280, option),
    tableBelow({ caption: block.title, columns: block.columns, rows, first: 20 }));
}

const MOST_SERIES = 8;

// One picture for each chart that was loaded.
function chartCards(block, rows) {
  const charts = new Map();
  rows.forEach((row) => {
    const { chart } = objects(block, [row])[0];
    charts.set(chart, [...(charts.get(chart) ?? []), row]);
  });
  return [...charts].map(([name, own]) => {
    const series = new Map();
    for (const point of objects(block, own)) {
      if (!series.has(point.series)) series.set(point.series, []);
      series.get(point.series).push([Date.parse(point.at), point.value]);
    }
    const largest = [...series].sort((one, other) => total(other) - total(one)).slice(0, MOST_SERIES);
    const title = plain(String(name ?? NOTHING));
    const left = series.size - largest.length;
    return card(title, {
      sql: block.sql, key: "charts",
      about: left > 0 ? `The ${MOST_SERIES} largest of ${series.size} series; the table has all.` : null,
    },
    picture(`Chart ${title}: lines over time`, 240, (palette) => chartOption(palette, largest)),
    tableBelow({ caption: title, columns: block.columns, rows: own }));
  });
}

function total([, points]) {
  return sum(points.map(([, value]) => value));
}

function chartOption(palette, series) {
  const base = axes(palette, [], "number");
  const lines = series.map(([name, points], at) =>
    lineOf(plain(String(name ?? NOTHING)), palette.series[at], points, { id: `s${at}` }));
  const content = (points) => tip(new Date(points[0].axisValue).toISOString().slice(0, 16).replace("T", " "),
    points.map((point) => [point.seriesName, formatted(point.value[1], "number"), point.color]));
  return {
    ...base, series: lines,
    xAxis: { type: "time", axisLine: base.xAxis.axisLine, axisLabel: { color: palette.muted, hideOverlap: true } },
    tooltip: tooltip(palette, content, { trigger: "axis" }),
    legend: legend(palette, lines.map((line) => line.name)),
  };
}
