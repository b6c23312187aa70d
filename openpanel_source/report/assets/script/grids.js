// Pictures that are tables: hours of the week, retention, and the steps of a funnel.

function hoursCard(block, rows) {
  const sessions = new Map(objects(block, rows).map((one) => [`${one.weekday} ${one.hour}`, one.sessions]));
  const most = Math.max(1, ...sessions.values());
  const hours = Array.from({ length: 24 }, (_, hour) => hour);
  const cell = (weekday, hour) => {
    const value = sessions.get(`${weekday} ${hour}`) ?? 0;
    const text = formatted(value, "count");
    const made = element("td", { "data-value": value, title: `${WEEKDAYS[weekday - 1]}, ${hour}:00: ${text} sessions` }, unseen(text));
    return scaled(made, "--share", value / most);
  };
  const table = element("table", { class: "heat" },
    element("caption", { class: "unseen" }, "Sessions by weekday and hour"),
    element("thead", {}, element("tr", {}, element("td", {}), ...hours.map((hour) =>
      element("th", { scope: "col", class: hour % 3 ? "between" : null }, String(hour))))),
    element("tbody", {}, ...WEEKDAYS.map((name, at) => element("tr", {},
      element("th", { scope: "row" }, element("abbr", { title: name }, name.slice(0, 3))),
      ...hours.map((hour) => cell(at + 1, hour))))));
  return card(block.title, { sql: block.sql, key: "hours" }, table, scaleOf("No session", `${formatted(most, "count")} sessions`),
    tableBelow({ caption: block.title, columns: block.columns.map((column) => (
      column.key === "weekday" ? { ...column, write: (value) => WEEKDAYS[value - 1] ?? String(value) } : column)),
    rows, first: 24 }));
}

function scaleOf(least, most) {
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => scaled(element("i"), "--share", share));
  return element("p", { class: "scale" }, least, ...steps, most);
}

function retentionCard(block, rows) {
  const cohorts = new Map();
  for (const { cohort_week: cohort, week, visitors, share } of objects(block, rows)) {
    if (!cohorts.has(cohort)) cohorts.set(cohort, new Map());
    cohorts.get(cohort).set(week, { visitors, share });
  }
  const last = Math.max(0, ...objects(block, rows).map((one) => one.week));
  const weeks = Array.from({ length: last + 1 }, (_, week) => week);
  // All came in their first week: colours tell the others apart.
  const most = Math.max(0.01, ...objects(block, rows).map((one) => (one.week > 0 ? one.share ?? 0 : 0)));
  const cell = (week, found) => {
    if (!found) return element("td");
    const share = week > 0 ? (found.share ?? 0) / most : 0;
    const made = element("td", {
      class: "cell", "data-value": found.share, title: `${formatted(found.visitors, "count")} visitors`,
    }, found.share === null ? NOTHING : brief(found.share, "share"));
    return scaled(made, "--share", share);
  };
  const table = element("table", { class: "triangle" },
    element("caption", { class: "unseen" }, "Share of visitors who came again, by the week of their first visit"),
    element("thead", {}, element("tr", {}, element("th", { scope: "col" }, "First week"),
      element("th", { scope: "col", class: "number" }, "Visitors"),
      ...weeks.map((week) => element("th", { scope: "col" }, unseen("Week "), String(week))))),
    element("tbody", {}, ...[...cohorts].map(([cohort, found]) => element("tr", {},
      element("th", { scope: "row" }, dated(cohort, dayAndMonth)),
      element("td", { class: "number" }, formatted(found.get(0)?.visitors ?? null, "count")),
      ...weeks.map((week) => cell(week, found.get(week)))))));
  return card(block.title, { sql: block.sql, wide: true, key: "retention", about: "Share of each week's new visitors who came again, by weeks since." },
    scrolling(block.title, table), tableBelow({ caption: block.title, columns: block.columns, rows, first: 20 }));
}

function funnelCard(block, rows) {
  const steps = objects(block, rows);
  const most = Math.max(1, ...steps.map((one) => one.sessions ?? 0));
  const list = element("ol", { class: "funnel" }, ...steps.map((one, at) => {
    const before = at ? steps[at - 1].sessions : null;
    const kept = before ? ` · ${formatted(one.sessions / before, "share")} of the step before` : "";
    const bar = scaled(element("span", { class: "step", "aria-hidden": "true" }), "--share", (one.sessions ?? 0) / most);
    return element("li", {},
      element("div", { class: "what" }, foreign(formatted(one.name, "text"), { class: "name" }),
        element("b", { "data-value": one.sessions }, formatted(one.sessions, "count"))),
      bar, element("small", {}, `${formatted(one.share, "share")} of all${kept}`));
  }));
  return card(block.title, { sql: block.sql, key: "funnel" }, list,
    tableBelow({ caption: block.title, columns: block.columns, rows }));
}
