// Which block of the document is shown how, in which section.

function objects(block, rows) {
  return rows.map((row) => Object.fromEntries(block.columns.map((column, at) => [column.key, row[at]])));
}

function nothing() {
  return element("p", { class: "nothing" }, "Nothing in these days.");
}

const MOST_ROWS = 50;

// After as many rows as are listed, one without a name holds all others.
function split(rows) {
  const last = rows.at(-1);
  const hasRest = rows.length > MOST_ROWS && last[0] === null;
  return hasRest ? { named: rows.slice(0, -1), rest: last } : { named: rows, rest: null };
}

function countryCell(code) {
  const [name, shown] = [countryName(code), plain(String(code))];
  return element("span", {}, foreign(name, { class: "name" }), name === shown ? null : element("small", {}, shown));
}

function breakdown(key, block, rows) {
  const { named, rest } = split(rows);
  const columns = block.columns.map((column) => (column.key === "country"
    ? { ...column, write: countryCell } : column));
  const measure = columns.findIndex((column) => column.unit === "count");
  if (!rows.length) return card(block.title, { sql: block.sql, key }, nothing());
  const table = tableOf({ caption: block.title, columns, rows: named, rest, measure: measure < 0 ? null : measure });
  if (key !== "countries") return card(block.title, { sql: block.sql, key }, table);
  return card(block.title, { sql: block.sql, key, wide: true },
    element("div", { class: "beside" }, mapPicture(block, named), table));
}

function tileCards(block, rows, days, hasBefore) {
  const rising = new Set(["bounce_rate"]);
  return element("dl", { class: "tiles", "data-block": "tiles" }, ...objects(block, rows).map((tile) => {
    const by = hasBefore ? change(tile.value, tile.before) : null;
    const kind = by === null || by === 0 ? "same" : (by > 0) !== rising.has(tile.key) ? "good" : "bad";
    const sign = by === null || by === 0 ? "" : by > 0 ? "▲ " : "▼ ";
    const [shown, before] = [tile.value, tile.before].map((value) => formatted(value, tile.unit));
    return element("div", { class: "tile", "data-key": tile.key },
      element("dt", {}, tile.label),
      element("dd", {}, element("b", { "data-value": tile.value, class: sizeOf(shown) }, shown),
        hasBefore ? element("small", {},
          by === null ? null : element("span", { class: kind }, `${sign}${Math.abs(by * 100).toFixed(1)}%`),
          " before ", element("span", { "data-value": tile.before }, before)) : null,
        sparkline(days.map((day) => day[tile.key]))));
  }));
}

// A tile has room for eight large letters.
function sizeOf(text) {
  if (text.length > 10) return "longest";
  return text.length > 8 ? "long" : null;
}

// The shape of the days, without numbers: those are in the picture below.
function sparkline(values) {
  const known = values.filter((value) => typeof value === "number");
  if (known.length < 3) return null;
  const most = Math.max(...known) || 1;
  const points = values.map((value, at) =>
    `${((at / (values.length - 1)) * 100).toFixed(1)},${(28 - ((value ?? 0) / most) * 26).toFixed(1)}`);
  return shape("svg", { class: "spark", viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true", focusable: "false" },
    shape("polyline", { points: points.join(" ") }));
}

const SPECIAL = {
  days: daysCard, hours: hoursCard, retention: retentionCard, visitor_flow: flowCard, paths: pathsCard, funnel: funnelCard,
};
const SECTIONS = [
  ["sources", "Where they come from", ["sources", "campaigns", "landing_pages"]],
  ["pages", "What they do", ["pages", "events", "funnel", "paths"]],
  ["audience", "Who they are", ["countries", "devices", "browsers"]],
  ["return", "When they come, and whether again", ["hours", "visitor_flow", "retention"]],
];
const OVERVIEW = ["tiles", "days", "proof", "proof_summary", "charts"];

function cardsOf(key, block, rows) {
  if (key === "charts") return chartCards(block, rows);
  if (!rows.length) return [card(block.title, { sql: block.sql, key }, nothing())];
  return [SPECIAL[key] ? SPECIAL[key](block, rows) : breakdown(key, block, rows)];
}
