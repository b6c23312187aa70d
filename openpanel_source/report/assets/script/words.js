// How values are written. Units are those of the document's columns.

const NOTHING = "–";
const LONGEST = 160;
const TURNS = /[\u200e\u200f\u202a-\u202e\u2066-\u2069]/;
const whole = new Intl.NumberFormat("en", { maximumFractionDigits: 0 });
const exact = new Intl.NumberFormat("en", { maximumFractionDigits: 2 });
const money = new Intl.NumberFormat("en", { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const short = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const dayAndMonth = new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", timeZone: "UTC" });
const monthName = new Intl.DateTimeFormat("en-GB", { month: "short", timeZone: "UTC" });
const wholeDay = new Intl.DateTimeFormat("en-GB", {
  weekday: "short", day: "numeric", month: "short", year: "numeric", timeZone: "UTC",
});
const regions = new Intl.DisplayNames(["en"], { type: "region", fallback: "code" });
const NUMBERS = new Set(["count", "share", "seconds", "money", "number"]);
const WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

function formatted(value, unit) {
  if (value === null || value === undefined) return NOTHING;
  if (typeof value === "number") {
    if (unit === "share") return `${(value * 100).toFixed(1)}%`;
    if (unit === "seconds") return duration(value);
    if (unit === "money") return money.format(value / 100);
    if (unit === "count") return whole.format(value);
    return unit === "number" ? exact.format(value) : String(value);
  }
  if (unit === "instant") return instant(String(value));
  return plain(String(value));
}

// As an axis has room for it.
function brief(value, unit) {
  if (unit === "share") return `${Math.round(value * 100)}%`;
  if (unit === "money") return short.format(value / 100);
  return unit === "seconds" ? duration(value) : short.format(value);
}

function duration(seconds) {
  const all = Math.round(seconds);
  const [hours, minutes, rest] = [Math.floor(all / 3600), Math.floor(all / 60) % 60, all % 60];
  if (hours) return `${hours} h ${minutes} m`;
  return minutes ? `${minutes} m ${rest} s` : `${rest} s`;
}

function instant(text) {
  const found = /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d)(?::\d\d(?:\.\d+)?)?(?:Z|\+00:00)$/.exec(text);
  return found ? `${found[1]} ${found[2]} UTC` : plain(text);
}

function dated(day, format) {
  const at = Date.parse(`${day}T00:00:00Z`);
  return Number.isNaN(at) ? plain(String(day)) : format.format(at);
}

// Control characters made visible, those that turn text round, too; and no longer than is read.
function plain(text, longest = LONGEST) {
  const characters = Array.from(text.slice(0, longest * 2));
  const fits = text.length <= longest * 2 && characters.length <= longest;
  const kept = fits ? characters : [...characters.slice(0, longest - 1), "…"];
  return kept.map((one) => {
    const code = one.codePointAt(0);
    if (code < 32) return String.fromCharCode(0x2400 + code);
    if (code === 127) return "␡";
    return TURNS.test(one) ? "�" : one;
  }).join("");
}

function countryName(code) {
  try {
    return regions.of(code);
  } catch {
    return plain(String(code));
  }
}

// By how much a value has changed, as a share of what it was; null where that says nothing.
function change(value, before) {
  if (typeof value !== "number" || typeof before !== "number" || before === 0) return null;
  return (value - before) / Math.abs(before);
}

function plural(number, word) {
  return `${whole.format(number)} ${word}${number === 1 ? "" : "s"}`;
}

function sum(numbers) {
  return numbers.reduce((all, one) => all + (typeof one === "number" ? one : 0), 0);
}
