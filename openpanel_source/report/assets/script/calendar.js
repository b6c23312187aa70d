// The calendar of proof: each day of a project, by what is known of it; a mark says what a colour does.

const VERDICTS = {
  complete: { mark: "", label: "Complete", means: "all that the server counted has come" },
  open: { mark: "•", label: "Open", means: "was not over when it was read, and is read again" },
  moving: { mark: "~", label: "Moving", means: "the count changed while it was read" },
  short: { mark: "!", label: "Short", means: "rows are missing, or too many" },
  shrunk: { mark: "↓", label: "Shrunk", means: "the server counts fewer than are held" },
  missing: { mark: "×", label: "Missing", means: "was never read" },
};
const PROVEN = new Set(["complete", "open"]);
const DAY = 86400000;
const WEEKS = 53;
const STEP = 16;
const CELL = 13;
const LEFT = 30;
const TOP = 18;

function verdictOf(name) {
  return Object.hasOwn(VERDICTS, name) ? VERDICTS[name] : { mark: "?", label: plain(String(name ?? NOTHING)), means: "" };
}

function verdictClass(name) {
  return Object.hasOwn(VERDICTS, name) ? name : "unknown";
}

function timeOf(day) {
  return Date.parse(`${day}T00:00:00Z`);
}

// The Monday of the week that a time lies in.
function mondayOf(time) {
  return time - ((new Date(time).getUTCDay() + 6) % 7) * DAY;
}

// days: objects of one project, in order of their days, all in as many weeks from a Monday on.
function calendarOf(project, start, weeks, days) {
  const place = (time) => {
    const number = Math.round((time - start) / DAY);
    return { x: LEFT + Math.floor(number / 7) * STEP, y: TOP + (number % 7) * STEP };
  };
  const months = monthsFrom(start, weeks).map(([time, name]) =>
    shape("text", { x: place(time).x, y: 11, class: "when" }, name));
  const weekdays = [0, 2, 4].map((at) =>
    shape("text", { x: 0, y: TOP + at * STEP + 10, class: "when" }, WEEKDAYS[at].slice(0, 3)));
  const cells = days.map((day) => cellOf(day, place(timeOf(day.day))));
  const ring = shape("rect", { width: CELL + 4, height: CELL + 4, rx: 5, class: "ring", visibility: "hidden" });
  const [width, height] = [LEFT + weeks * STEP, TOP + 7 * STEP];
  const drawing = shape("svg", {
    class: "calendar", viewBox: `0 0 ${width} ${height}`, width: width * 1.2, height: height * 1.2, tabindex: "0", role: "img",
    "aria-label": `${periodOf(project, days)}: ${tally(days)}. Arrow keys go from day to day.`,
  }, ...months, ...weekdays, ...cells, ring);
  followDays(drawing, days, cells, ring);
  return drawing;
}

// The first Monday of each month, and what the month is called there; a year where it begins.
function monthsFrom(start, weeks) {
  const found = [];
  for (let week = 0; week < weeks; week += 1) {
    const date = new Date(start + week * 7 * DAY);
    if (date.getUTCDate() > 7 || (week === weeks - 1 && week)) continue;
    const isFirst = date.getUTCMonth() === 0;
    found.push([date.getTime(), isFirst ? String(date.getUTCFullYear()) : monthName.format(date)]);
  }
  return found;
}

function periodOf(project, days) {
  return `${project}, ${dated(days[0].day, wholeDay)} to ${dated(days.at(-1).day, wholeDay)}`;
}

function cellOf(day, { x, y }) {
  const { mark } = verdictOf(day.verdict);
  return shape("g", { class: `day ${verdictClass(day.verdict)}`, transform: `translate(${x} ${y})`, "data-day": day.day },
    shape("rect", { width: CELL, height: CELL, rx: 3 }),
    mark ? shape("text", { x: CELL / 2, y: CELL / 2 + 4, "text-anchor": "middle" }, mark) : null);
}

function tally(days) {
  const counts = new Map();
  for (const { verdict } of days) counts.set(verdict, (counts.get(verdict) ?? 0) + 1);
  return [...counts].map(([verdict, number]) => `${whole.format(number)} ${verdictOf(verdict).label.toLowerCase()}`).join(", ");
}

// What is known of a day is shown where the pointer or the arrow keys are.
function followDays(drawing, days, cells, ring) {
  let at = days.length - 1;
  const show = (number, aloud) => {
    at = number;
    if (aloud) cells[at].scrollIntoView({ block: "nearest", inline: "nearest" });
    const box = cells[at].getBoundingClientRect();
    ring.setAttribute("transform", `${cells[at].getAttribute("transform")} translate(-2 -2)`);
    ring.setAttribute("visibility", "visible");
    showBubble(aboutDay(days[at]), box);
    if (aloud) say(aboutDay(days[at]).textContent);
  };
  const hide = () => {
    ring.setAttribute("visibility", "hidden");
    hideBubble();
  };
  cells.forEach((cell, number) => cell.addEventListener("pointerenter", () => show(number, false)));
  drawing.addEventListener("pointerleave", hide);
  drawing.addEventListener("blur", hide);
  drawing.addEventListener("focus", () => { if (drawing.matches(":focus-visible")) show(at, true); });
  drawing.addEventListener("keydown", (event) => {
    const by = { ArrowLeft: -7, ArrowRight: 7, ArrowUp: -1, ArrowDown: 1, Home: -Infinity, End: Infinity }[event.key];
    if (event.key === "Escape") hide();
    if (by === undefined) return;
    event.preventDefault();
    show(Math.min(days.length - 1, Math.max(0, at + by)), true);
  });
}

function aboutDay(day) {
  const { label, means } = verdictOf(day.verdict);
  const lines = [
    ["Counted", formatted(day.counted, "count")], ["Received", formatted(day.received, "count")],
    ["Loaded", formatted(day.loaded, "count")], ["Read", formatted(day.read_at, "instant")],
    ["Readings", formatted(day.readings, "count")], ["Last proven", formatted(day.last_proven_at, "instant")],
    ["Reason", formatted(day.reason, "text")],
  ].filter(([, value]) => value !== NOTHING);
  const state = element("span", { class: `badge ${verdictClass(day.verdict)}` }, label);
  const made = tip(`${dated(day.day, wholeDay)} `, lines);
  made.firstChild.append(state);
  if (means) made.append(element("p", {}, means));
  return made;
}

function showBubble(content, box) {
  const bubble = document.getElementById("bubble") ?? element("div", { id: "bubble", "aria-hidden": "true" });
  bubble.replaceChildren(content);
  document.body.append(bubble);
  const [width, height] = [bubble.offsetWidth, bubble.offsetHeight];
  const left = Math.min(innerWidth - width - 8, Math.max(8, box.left + box.width / 2 - width / 2));
  const above = box.top - height - 8;
  bubble.style.left = `${left}px`;
  bubble.style.top = `${above > 8 ? above : box.bottom + 8}px`;
}

function hideBubble() {
  document.getElementById("bubble")?.remove();
}
