// What is proven of all that was loaded: in one line, in a calendar, in tables.

const MOST_CALENDAR_DAYS = 4000;
const WEEK = 7 * DAY;
const HALF_A_YEAR = 26 * WEEK;

function proofState(days) {
  const count = (test) => days.filter(({ verdict }) => test(verdict)).length;
  const [complete, open, missing] = ["complete", "open", "missing"].map((name) => count((one) => one === name));
  const doubtful = days.length - complete - open - missing;
  return { complete, open, missing, doubtful };
}

// The first thing a reader wants to know, on top of the page.
function proofBanner(days) {
  const { complete, open, missing, doubtful } = proofState(days);
  const isGood = !missing && !doubtful;
  const proven = `${plural(complete, "day")} complete${open ? `, ${whole.format(open)} not over yet` : ""}`;
  const lost = [
    missing ? `${plural(missing, "day")} missing` : null, doubtful ? `${plural(doubtful, "day")} in doubt` : null,
  ].filter(Boolean).join(", ");
  return element("p", { class: isGood ? "banner good" : "banner bad" },
    element("span", { class: "sign", "aria-hidden": "true" }, isGood ? "✓" : "!"),
    element("span", {}, isGood ? `Nothing is lost: ${proven}.` : `${lost}. ${proven}.`),
    element("a", { href: "#proof" }, "See the calendar of proof"));
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
  const [first, last] = [days[0], days.at(-1)].map((day) => mondayOf(timeOf(day.day)));
  const isLong = last - first > HALF_A_YEAR;
  const weeks = isLong ? WEEKS : Math.round((last - first) / WEEK) + 1;
  const rows = new Map();
  for (const day of days) {
    const back = Math.floor((last - mondayOf(timeOf(day.day))) / (weeks * WEEK));
    rows.set(back, [...(rows.get(back) ?? []), day]);
  }
  const drawings = [...rows].sort(([one], [other]) => one - other).map(([back, own]) => {
    const start = last - ((back + 1) * weeks - 1) * WEEK;
    const moved = scrolling(periodOf(name, own), calendarOf(name, start, weeks, own));
    // The newest days are what one looks for.
    moved.dataset.end = "true";
    return moved;
  });
  const { complete, open, missing, doubtful } = proofState(days);
  const words = [[complete, "complete"], [open, "not over"], [missing, "missing"], [doubtful, "in doubt"]]
    .filter(([number]) => number).map(([number, word]) => `${whole.format(number)} ${word}`);
  return element("div", { class: isLong ? "project full" : "project" },
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
