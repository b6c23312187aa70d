// Pictures that the library draws, as SVG; each is drawn again for other colours and sizes.

const drawn = new Map();

// optionOf(colours, width, height) gives what the library is told.
function picture(label, height, optionOf, narrowest = 0) {
  const place = element("div", { class: "picture", role: "img", "aria-label": label });
  place.style.height = `${height}px`;
  if (narrowest) place.style.minWidth = `${narrowest}px`;
  drawn.set(place, { optionOf, chart: null });
  return narrowest ? scrolling(label, place) : place;
}

function redraw(place) {
  const one = drawn.get(place);
  if (!one || !place.isConnected) return;
  if (one.chart === null) one.chart = echarts.init(place, null, { renderer: "svg" });
  else one.chart.resize();
  one.chart.setOption({ animation: false, ...one.optionOf(colours(), place.clientWidth, place.clientHeight) }, true);
}

function redrawAll() {
  for (const place of drawn.keys()) redraw(place);
}

function forgetPictures() {
  for (const { chart } of drawn.values()) if (chart) chart.dispose();
  drawn.clear();
}

const TYPE = "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";

function textStyle(palette) {
  return { fontFamily: TYPE, fontSize: 12, color: palette.muted };
}

// Made of elements: the library would read a string as markup.
function tooltip(palette, content, more = {}) {
  return {
    confine: true, backgroundColor: palette.surface, borderColor: palette.line, borderWidth: 1,
    padding: [8, 10], textStyle: { color: palette.text, fontFamily: TYPE, fontSize: 12 },
    formatter: content, ...more,
  };
}

function tip(title, lines) {
  return element("div", { class: "tip" }, element("strong", {}, foreign(title)),
    ...lines.map(([label, value, colour]) => {
      const mark = element("i", { class: "mark" });
      if (colour) mark.style.background = colour;
      return element("div", {}, colour ? mark : null, foreign(label), element("b", {}, value));
    }));
}
