// The ways through the site, as streams from stage to stage.

function pathsCard(block, rows) {
  const links = objects(block, rows).map((one) => ({
    ...one, from: Number(one.source_stage ?? 0), to: Number(one.target_stage ?? Number(one.source_stage ?? 0) + 1),
  }));
  // Streams flow on: one that would flow back cannot be drawn, and is in the table.
  const kept = links.filter((one) => one.to > one.from && one.sessions > 0);
  const nodes = new Map();
  const node = (stage, name) => {
    const id = `${stage} ${name}`;
    if (!nodes.has(id)) nodes.set(id, { id: `n${nodes.size}`, stage, text: plain(String(name ?? NOTHING)) });
    return nodes.get(id).id;
  };
  const streams = kept.map((one) => ({
    source: node(one.from, one.source), target: node(one.to, one.target), value: one.sessions,
  }));
  const stages = [...nodes.values()].map((one) => one.stage);
  const [first, last] = [Math.min(...stages), Math.max(...stages)];
  const byId = new Map([...nodes.values()].map((one) => [one.id, one]));
  const option = (palette) => ({
    textStyle: textStyle(palette),
    tooltip: tooltip(palette, ({ dataType, data, value }) => (dataType === "edge"
      ? tip(`${byId.get(data.source).text} → ${byId.get(data.target).text}`, [["Sessions", formatted(value, "count")]])
      : tip(byId.get(data.name).text, [["Sessions", formatted(value, "count")]]))),
    series: [{
      type: "sankey", left: 4, right: 4, top: 8, bottom: 8, nodeWidth: 10, nodeGap: 12, draggable: false,
      emphasis: { focus: "adjacency" }, links: streams,
      lineStyle: { color: "source", opacity: 0.22, curveness: 0.5 },
      data: [...nodes.values()].map((one) => ({
        name: one.id, depth: one.stage - first,
        itemStyle: { color: nodeColour(palette, one, first, last), borderWidth: 0 },
        label: { position: one.stage === last ? "left" : "right" },
      })),
      label: { color: palette.text, fontSize: 12, width: 130, overflow: "truncate", formatter: ({ name }) => byId.get(name).text },
    }],
  });
  const back = links.length - kept.length;
  return card(block.title, {
    sql: block.sql, wide: true, key: "paths",
    about: back ? `${plural(back, "link")} that lead back or hold no session stand in the table only.` : null,
  }, streams.length ? picture(`${block.title}: streams of sessions`, 420, option, 640) : nothing(),
  tableBelow({ caption: block.title, columns: block.columns, rows, first: 20 }));
}

function nodeColour(palette, { stage, text }, first, last) {
  if (text === "purchase") return palette.good;
  if (text === "left") return palette.muted;
  return palette.series[stage === last ? 3 : (stage - first) % 8];
}
