// Countries on a map of the world; its outlines stand in the page, by ISO 3166 codes.

let hasWorld = false;

function mapPicture(block, rows) {
  if (!hasWorld) {
    echarts.registerMap("world", JSON.parse(document.getElementById("world").textContent));
    hasWorld = true;
  }
  const unit = block.columns.findIndex((column) => column.key === "sessions");
  const measure = unit < 0 ? block.columns.findIndex((column) => NUMBERS.has(column.unit)) : unit;
  const found = rows.filter((row) => typeof row[0] === "string" && typeof row[measure] === "number");
  const most = Math.max(1, ...found.map((row) => row[measure]));
  const label = block.columns[measure]?.label ?? "";
  // Few have most of it: by the root, the others are told apart, too.
  const option = (palette, width, height) => ({
    textStyle: textStyle(palette),
    tooltip: tooltip(palette, ({ name, value }) => tip(countryName(name), [[label, formatted(Number.isNaN(value) ? null : value, "count")]])),
    series: [{
      type: "map", map: "world", roam: false, selectedMode: false, aspectScale: 1,
      layoutCenter: ["50%", "50%"], layoutSize: Math.min(width, height * 1.95), label: { show: false },
      itemStyle: { areaColor: palette.land, borderColor: palette.surface, borderWidth: 0.6 },
      emphasis: { label: { show: false }, itemStyle: { areaColor: palette.series[2] } },
      data: found.map((row) => ({
        name: row[0], value: row[measure],
        itemStyle: { areaColor: between(palette.soft, palette.accent, Math.sqrt(Math.max(0, row[measure]) / most)) },
      })),
    }],
  });
  const place = picture(`${block.title}: a map of the world, coloured by ${label.toLowerCase()}`, 340, option);
  place.classList.add("map");
  return place;
}
