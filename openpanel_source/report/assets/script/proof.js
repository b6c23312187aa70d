// What is proven of all that was loaded: in one line, in a calendar, in tables.

const MOST_CALENDAR_DAYS = 4000;

function proofState(days) {
  const missing = days.filter((day) => day.verdict === "missing").length;
  const doubtful = days.filter((day) => !PROVEN.has(day.verdict)).length - missing;
  return { days: days.length, missing, doubtful, proven: days.length - missing - doubtful };
}

// The first thing a reader wants to know, on top of the page.
function proofBanner(days) {
  const { days: all, missing, doubtful, proven } = proofState(days);
  const isGood = proven === all;
  const parts = [
    missing ? `${plural(missing, "day")} missing` : null,
    doubtful ? `${plural(doubtful, "day")} in doubt` : null,
  ].filter(Boolean).join(", ");
  const text = isGood
    ? `Nothing is lost: all ${plural(all, "day")} are proven.`
    : `${parts}. ${whole.format(proven)} of ${plural(all, "day")} are proven.`;
  return element("p", { class: isGood ? "banner good" : "banner bad" },
    element("span", { class: "sign", "aria-hidden": "true" }, isGood ? "✓" : "!"),
    element("span", {}, text, " "), element("a", { href: "#proof" }, "See the calendar of proof"));
}

function proofCard(block, rows, nameOf) {
  const days = objects(block, rows);
  const projects = new Map();
  for (const day of days) projects.set(day.project_id, [...(projects.get(day.project_id) ?? []), day]);
  const troubles = (own) => own.filter((day) => !PROVEN.has(day.verdict)).length;
  const ordered = [...projects].sort(([, one], [, other]) => troubles(other) - troubles(one));
  const place = element("div", { class: "calendars" });
  const more = element("button", { type: "button", class: "quiet more" });
  let shown = 0;
  const showMore = () => {
    let drawnDays = 0;
    while (shown < ordered.length && drawnDays < MOST_CALENDAR_DAYS) {
      const [id, own] = ordered[shown];
      place.append(projectCalendars(nameOf(id), own));
      drawnDays += own.length;
      shown += 1;
    }
    more.hidden = shown === ordered.length;
    more.textContent = `Show ${plural(ordered.length - shown, "more project")}`;
  };
  more.addEventListener("click", showMore);
  showMore();
  const columns = proofColumns(block, nameOf);
  const verdict = block.columns.findIndex((column) => column.key === "verdict");
  const open = rows.filter((row) => !PROVEN.has(row[verdict]));
  return card(block.title, { sql: block.sql, wide: true, key: "proof", about: "Each UTC day of each project, by what is known of it. Point at a day, or go to it by the arrow keys." },
    verdictLegend(days), place, more,
    open.length ? attention(columns, open) : null,
    tableBelow({ caption: `${block.title}, every day`, columns, rows, first: 31 }));
}

function attention(columns, rows) {
  return element("div", { class: "attention" },
    element("h4", {}, "Days that need attention"),
    tableOf({ caption: "Days that need attention", columns, rows, first: 8 }));
}

function proofColumns(block, nameOf) {
  const special = {
    project_id: (id) => foreign(nameOf(id), { class: "name" }),
    verdict: (name) => element("span", { class: `badge ${verdictClass(name)}` }, verdictOf(name).label),
  };
  return block.columns.map((column) => ({ ...column, write: special[column.key] }));
}

// Of each 53 weeks one, the last ones first: most reports have the days of a year.
function projectCalendars(name, days) {
  const last = mondayOf(timeOf(days.at(-1).day));
  const rows = new Map();
  for (const day of days) {
    const back = Math.floor((last - mondayOf(timeOf(day.day))) / (WEEKS * 7 * DAY));
    rows.set(back, [...(rows.get(back) ?? []), day]);
  }
  const drawings = [...rows].sort(([one], [other]) => one - other).map(([back, own]) => {
    const start = last - ((back + 1) * WEEKS - 1) * 7 * DAY;
    const moved = scrolling(periodOf(name, own), calendarOf(name, start, own));
    // The newest days are what one looks for.
    moved.dataset.end = "true";
    return moved;
  });
  const { missing, doubtful, proven, days: all } = proofState(days);
  const words = [`${whole.format(proven)} of ${whole.format(all)} proven`];
  if (missing) words.push(`${whole.format(missing)} missing`);
  if (doubtful) words.push(`${whole.format(doubtful)} in doubt`);
  return element("div", { class: "project" },
    element("h4", {}, foreign(name, { class: "name" }), element("small", {}, words.join(" · "))), ...drawings);
}

function verdictLegend(days) {
  const counts = new Map();
  for (const { verdict } of days) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  const known = Object.keys(VERDICTS).filter((name) => counts.has(name));
  const others = [...counts.keys()].filter((name) => !Object.hasOwn(VERDICTS, name));
  return element("ul", { class: "legend", "aria-label": "Verdicts" }, ...[...known, ...others].map((name) => {
    const { mark, label, means } = verdictOf(name);
    return element("li", { title: means || null },
      element("span", { class: `chip ${verdictClass(name)}`, "aria-hidden": "true" }, mark),
      label, element("b", {}, whole.format(counts.get(name))));
  }));
}
