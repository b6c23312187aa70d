// Tables that are sorted by their headings, with a bar behind each name.

// columns: [{label, unit, write?}], where write(value) makes the text, or the node, of a cell.
// rows: cells in the order of the columns. rest: a row for all others, which stays last.
// measure: which column the bars show; null for none.
function tableOf({ caption, columns, rows, rest = null, measure = null, first = 10 }) {
  const body = element("tbody");
  const state = { column: null, descending: true, all: false };
  const headings = columns.map((column, at) => heading(column, () => sortBy(at)));
  const more = element("button", { type: "button", class: "quiet more", onclick: showAll });

  function sortBy(at) {
    const isNumber = NUMBERS.has(columns[at].unit);
    state.descending = state.column === at ? !state.descending : isNumber;
    state.column = at;
    fill();
    say(`Sorted by ${columns[at].label}, ${state.descending ? "descending" : "ascending"}`);
  }

  function showAll() {
    state.all = true;
    fill();
  }

  function fill() {
    headings.forEach((one, at) => {
      if (at === state.column) one.setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      else one.removeAttribute("aria-sort");
    });
    const sorted = state.column === null ? rows : sortedRows(rows, state.column, state.descending);
    const shown = state.all ? sorted : sorted.slice(0, first);
    const widest = measure === null ? 0 : Math.max(...rows.map((row) => Number(row[measure]) || 0));
    const bar = (row) => (widest > 0 ? Math.max(0, Number(row[measure]) || 0) / widest : null);
    body.replaceChildren(...shown.map((row) => rowOf(columns, row, bar(row))));
    const whole = state.all || rows.length <= first;
    if (rest && whole) body.append(rowOf(columns, ["All others", ...rest.slice(1)], null, "rest"));
    more.hidden = whole;
    more.textContent = `Show all ${rows.length + (rest ? 1 : 0)} rows`;
  }

  fill();
  const table = element("table", {},
    element("caption", { class: "unseen" }, caption),
    element("thead", {}, element("tr", {}, ...headings)), body);
  return element("div", { class: "table" }, scrolling(`${caption}, table`, table), more);
}

function heading(column, sort) {
  const button = element("button", { type: "button", onclick: sort }, column.label);
  return element("th", { scope: "col", class: NUMBERS.has(column.unit) ? "number" : null }, button);
}

function rowOf(columns, row, share, kind = null) {
  return element("tr", { class: kind }, ...columns.map((column, at) => {
    const cell = at === 0
      ? element("th", { scope: "row" })
      : element("td", { class: NUMBERS.has(column.unit) ? "number" : column.unit === "text" ? null : "time" });
    const value = row[at];
    if (typeof value === "number") cell.dataset.value = value;
    if (at === 0 && share !== null) {
      cell.append(scaled(element("span", { class: "bar", "aria-hidden": "true" }), "--share", share));
    }
    cell.append(written(column, value));
    return cell;
  }));
}

function written(column, value) {
  if (value === null || value === undefined) return element("span", { class: "nothing" }, NOTHING);
  const made = column.write ? column.write(value) : formatted(value, column.unit);
  if (typeof made !== "string") return made;
  if (column.unit !== "text") return document.createTextNode(made);
  const text = String(value);
  return foreign(made, { class: "name", title: text === made ? null : plain(text, 1000) });
}

// What is not known comes last whichever way it is sorted.
function sortedRows(rows, at, descending) {
  const known = rows.filter((row) => row[at] !== null && row[at] !== undefined);
  const unknown = rows.filter((row) => row[at] === null || row[at] === undefined);
  const order = (one, other) => {
    if (typeof one === "number" && typeof other === "number") return one - other;
    return String(one).localeCompare(String(other), "en", { numeric: true });
  };
  known.sort((one, other) => (descending ? -1 : 1) * order(one[at], other[at]));
  return [...known, ...unknown];
}
