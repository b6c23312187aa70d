// A card is a block of the document: its title, its query, its picture, its table.

function card(title, { sql = null, wide = false, about = null, key = null }, ...children) {
  const id = newId();
  const query = sql === null ? null : queryOf(title, sql);
  return element("section", { class: wide ? "card wide" : "card", "aria-labelledby": id, "data-block": key },
    element("header", {}, element("h3", { id }, title), query && query.button),
    query && query.panel,
    about === null ? null : element("p", { class: "about" }, about),
    ...children);
}

function queryOf(title, sql) {
  const id = newId();
  const code = element("code", {}, sql);
  const copy = element("button", { type: "button", class: "quiet", onclick: () => copied(code, copy) }, "Copy");
  copy.setAttribute("aria-label", `Copy the SQL of ${title}`);
  const panel = element("div", { class: "sql", id, hidden: true },
    element("pre", { tabindex: "0", role: "region", "aria-label": `SQL of ${title}` }, code), copy);
  const button = element("button", {
    type: "button", class: "quiet", "aria-expanded": "false", "aria-controls": id,
    onclick: () => {
      panel.hidden = !panel.hidden;
      button.setAttribute("aria-expanded", String(!panel.hidden));
    },
  }, "SQL");
  button.setAttribute("aria-label", `SQL of ${title}`);
  return { button, panel };
}

async function copied(code, button) {
  let done = true;
  try {
    await navigator.clipboard.writeText(code.textContent);
  } catch {
    // Where a page may not write to the clipboard, a selection may be copied.
    getSelection().selectAllChildren(code);
    done = document.execCommand("copy");
  }
  button.textContent = done ? "Copied" : "Press Ctrl+C";
  say(done ? "The SQL was copied" : "The SQL is selected: copy it");
  setTimeout(() => { button.textContent = "Copy"; }, 2000);
}

// The numbers of a picture, made when they are asked for.
function tableBelow(options) {
  const below = element("details", {}, element("summary", {}, "Table", unseen(` of ${options.caption}`)));
  below.addEventListener("toggle", () => {
    if (below.open && below.children.length === 1) below.append(tableOf(options));
  });
  return below;
}

// One of several ways to look at something; change(value) is called at once for the first.
function choice(label, options, change) {
  const buttons = options.map(([text, value]) => element("button", {
    type: "button", "aria-pressed": "false",
    onclick: (event) => choose(event.currentTarget, value),
  }, text));
  const choose = (chosen, value) => {
    buttons.forEach((one) => one.setAttribute("aria-pressed", String(one === chosen)));
    change(value);
  };
  choose(buttons[0], options[0][1]);
  return element("div", { class: "choice", role: "group", "aria-label": label }, ...buttons);
}
