// The page: what the document holds, of the project that is chosen.

const report = JSON.parse(document.getElementById("document").textContent);

function nameOf(id) {
  const found = report.projects.find((project) => project.id === id);
  return plain(String(found?.name || id));
}

// Rows of a block. Null stands for those of all projects, or the project's part of them.
function rowsOf(scope, key) {
  const own = Object.hasOwn(report.scopes, scope) ? report.scopes[scope][key] : [];
  if (own !== null) return own ?? [];
  const at = report.blocks[key].columns.findIndex((column) => column.key === "project_id");
  return report.scopes[""][key].filter((row) => at < 0 || row[at] === scope);
}

function hasBlock(key) {
  return Object.hasOwn(report.blocks, key);
}

// Two cards beside each other; one that would stand alone takes all the room.
function beside(cards) {
  let alone = null;
  for (const one of cards) {
    if (one.classList.contains("wide")) {
      alone?.classList.add("wide");
      alone = null;
    } else {
      alone = alone ? null : one;
    }
  }
  alone?.classList.add("wide");
  return element("div", { class: "cards" }, ...cards);
}

function sectionOf(id, title, ...children) {
  const heading = newId();
  return element("section", { id, "aria-labelledby": heading }, element("h2", { id: heading }, title), ...children);
}

function show(scope) {
  forgetPictures();
  hideBubble();
  const rows = (key) => rowsOf(scope, key);
  const block = (key) => report.blocks[key];
  const cards = (keys) => keys.filter(hasBlock).flatMap((key) => cardsOf(key, block(key), rows(key)));
  const sections = [overview(rows, block)];
  if (hasBlock("proof") && rows("proof").length) sections.push(proofSection(rows, block));
  for (const [id, title, keys] of SECTIONS) {
    const made = cards(keys);
    if (made.length) sections.push(sectionOf(id, title, beside(made)));
  }
  const known = new Set([...OVERVIEW, ...SECTIONS.flatMap(([, , keys]) => keys)]);
  const others = cards(["charts", ...Object.keys(report.blocks).filter((key) => !known.has(key))]);
  if (others.length) sections.push(sectionOf("charts", "Charts", beside(others)));
  document.getElementById("main").replaceChildren(...notes(), ...sections);
  document.getElementById("sections").replaceChildren(...sections.map((one) =>
    element("a", { href: `#${one.id}` }, one.querySelector("h2").textContent)));
  for (const moved of document.querySelectorAll("[data-end]")) moved.scrollLeft = moved.scrollWidth;
  redrawAll();
}

function overview(rows, block) {
  const days = hasBlock("days") ? objects(block("days"), rows("days")) : [];
  return sectionOf("overview", "Overview",
    hasBlock("proof") && rows("proof").length ? proofBanner(objects(block("proof"), rows("proof"))) : null,
    hasBlock("tiles") ? tilesWithQuery(block("tiles"), rows("tiles"), days) : null,
    hasBlock("days") ? element("div", { class: "cards" }, ...cardsOf("days", block("days"), rows("days"))) : null);
}

function tilesWithQuery(block, rows, days) {
  const { button, panel } = queryOf(block.title, block.sql);
  return element("div", { class: "numbers" }, tileCards(block, rows, days, report.compared !== null),
    element("div", { class: "below" }, button), panel);
}

function proofSection(rows, block) {
  const summary = hasBlock("proof_summary") && rows("proof_summary").length
    ? card(block("proof_summary").title, { sql: block("proof_summary").sql, wide: true, key: "proof_summary" },
      tableOf({ caption: block("proof_summary").title, columns: proofColumns(block("proof_summary"), nameOf), rows: rows("proof_summary") }))
    : null;
  return sectionOf("proof", "Proof",
    element("div", { class: "cards" }, proofCard(block("proof"), rows("proof"), nameOf), summary));
}

function notes() {
  if (!report.notes.length) return [];
  return [element("aside", { class: "note", "aria-label": "Notes" },
    element("ul", {}, ...report.notes.map((note) => element("li", {}, ...sentence(note)))))];
}

function span({ from, until }) {
  return `${dated(from, wholeDay)} – ${dated(until, wholeDay)}`;
}

function setUpPage() {
  const range = span(report.range);
  document.title = `OpenPanel report, ${report.range.from} to ${report.range.until}`;
  document.getElementById("range").replaceChildren(
    `${range} · ${report.timezone}`,
    report.compared ? element("span", {}, ` · compared with ${span(report.compared)}`) : "");
  document.getElementById("footer").replaceChildren(element("p", {},
    `Made ${instant(report.generated_at)} by ${report.product}. Everything is in this file: it asks for nothing, and sends nothing.`));
  const select = document.getElementById("project");
  select.append(element("option", { value: "" }, "All projects"),
    ...report.projects.map(({ id }) => element("option", { value: id }, nameOf(id))));
  select.addEventListener("change", () => {
    show(select.value);
    say(`Showing ${select.selectedOptions[0].textContent}`);
  });
  show("");
  setUpTheme(redrawAll);
  let width = innerWidth;
  window.addEventListener("resize", () => {
    if (innerWidth !== width) redrawAll();
    width = innerWidth;
  });
}

setUpPage();
