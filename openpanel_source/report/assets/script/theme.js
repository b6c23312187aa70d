// Light and dark: as the reader's system has it, until the button says otherwise. Print is light.

const root = document.documentElement;
const prefersDark = window.matchMedia("(prefers-color-scheme: dark)");
let printing = false;

function isDark() {
  if (printing) return false;
  return root.dataset.theme ? root.dataset.theme === "dark" : prefersDark.matches;
}

// The colours of the style sheet as the pictures need them: as numbers, not as names.
function colours() {
  const probe = element("i");
  document.body.append(probe);
  const colour = (name) => {
    probe.style.color = `var(--${name})`;
    return getComputedStyle(probe).color;
  };
  const found = {
    text: colour("text"), muted: colour("muted"), line: colour("line"), surface: colour("surface"),
    accent: colour("accent"), soft: colour("soft"), land: colour("land"),
    good: colour("good"), bad: colour("bad"),
    series: [1, 2, 3, 4, 5, 6, 7, 8].map((number) => colour(`series-${number}`)),
  };
  probe.remove();
  return found;
}

// From one colour to another; both as the browser writes them: rgb(…) with three numbers.
function between(first, second, share) {
  const [from, to] = [first, second].map((text) => text.match(/[\d.]+/g).map(Number));
  return `rgb(${[0, 1, 2].map((at) => Math.round(from[at] + (to[at] - from[at]) * share)).join(", ")})`;
}

function setUpTheme(redraw) {
  const button = document.getElementById("theme");
  const show = () => {
    button.textContent = isDark() ? "Light" : "Dark";
    button.setAttribute("aria-label", isDark() ? "Show in light colours" : "Show in dark colours");
  };
  const change = () => {
    show();
    redraw();
  };
  button.addEventListener("click", () => {
    root.dataset.theme = isDark() ? "light" : "dark";
    change();
  });
  prefersDark.addEventListener("change", change);
  const print = (starts) => () => {
    printing = starts;
    root.classList.toggle("printing", starts);
    change();
  };
  window.addEventListener("beforeprint", print(true));
  window.addEventListener("afterprint", print(false));
  show();
}
