// One function a kind: (panel, clip) -> { node, look(word or null) }. `clip` has span, duration and frames.
const BARS = 14;
const DRAW = {
  frame_attention: frameAttention, spatial_attention: spatialAttention, timeline, bars, curve: (panel) => ({ node: lineChart(panel.name, [panel]) }),
};

function drawPanel(panel, clip, events) {
  const draw = DRAW[panel.kind] || custom;
  const made = isEmpty(panel) ? { node: element("p", { class: "note", text: "Nothing to show for this clip." }) } : draw(panel, clip);
  const whose = events > 1 && Number.isInteger(panel.event) ? `, event ${panel.event + 1}` : "";
  const heading = panel.title ? panel.title + whose : DRAW[panel.kind] ? "" : panel.kind;
  const node = element("section", { class: `panel kind-${panel.kind.replace(/\W+/g, "-")}` }, [
    heading ? element("h4", { text: heading }) : null, made.node,
  ]);
  return { ...made, panel, node };
}

function isEmpty(panel) {
  switch (panel.kind) {
    case "frame_attention": return !panel.words.length || !panel.times.length || !Object.keys(panel.weights).length;
    case "spatial_attention": return !panel.times.length || !panel.weights.length || !panel.weights[0][0]?.[0]?.length;
    case "timeline": return !panel.predicted.length && !panel.reference.length && !panel.masks.length;
    case "bars": return !Object.keys(panel.values).length;
    case "curve": return !panel.x.length;
    default: return false;
  }
}

function mean(rows) {
  return rows[0].map((_, t) => rows.reduce((sum, row) => sum + row[t], 0) / rows.length);
}

function frameAttention(panel, clip) {
  const node = element("div", { class: "attention" });
  const branches = Object.entries(panel.weights);
  const wide = 1000 / panel.times.length;
  const drawnRows = branches.map(([name, rows], index) => {
    const bars = panel.times.map((time, t) => drawn("rect", {
      x: (t + 0.06) * wide, width: wide * 0.88, y: 40, height: 0, rx: 2, "--series": colour(index),
    }, [drawn("title", { text: seconds(time) })]));
    const svg = drawn("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", role: "img" }, bars);
    node.append(element("div", { class: "row" }, [branches.length > 1 || name ? element("span", { class: "name", text: name }) : null, svg]));
    return { name, rows, bars, svg, all: mean(rows) };
  });
  function look(word) {
    for (const { name, rows, bars, svg, all } of drawnRows) {
      const row = word === null ? all : rows[word];
      const top = Math.max(...row, 1e-9);
      row.forEach((weight, t) => fill(bars[t], { y: 40 - 38 * weight / top, height: Math.max(0.5, 38 * weight / top) }));
      const peak = row.indexOf(Math.max(...row));
      const who = word === null ? "all words" : `“${panel.words[word]}”`;
      svg.setAttribute("aria-label", `${name}: attention of ${who} is highest at ${seconds(panel.times[peak])}, ${percent(row[peak])}`);
      svg.dataset.word = word === null ? "" : panel.words[word];
    }
    const sum = mean(drawnRows.map(({ rows, all }) => (word === null ? all : rows[word])));
    clip.frames.weigh(word === null ? null : sum, panel.times);
  }
  return { node, look };
}

function spatialAttention(panel, clip) {
  const note = element("p", { class: "note" });
  function look(word) {
    const maps = panel.words.length ? (word === null ? null : panel.weights[word]) : panel.weights[0];
    clip.frames.heat(maps, panel.times);
    const who = panel.words.length ? (word === null ? "Point at a word to see its attention on the frames." : `Attention of “${panel.words[word]}” on the frames.`) : "Attention of the whole text on the frames.";
    note.textContent = who;
  }
  return { node: note, look };
}

function timeline(panel, clip) {
  const times = [...panel.predicted, ...panel.reference].flatMap((event) => [event.start, event.end]).concat(panel.masks.flatMap((m) => m.x));
  const start = Math.min(clip.span[0], ...times), end = Math.max(clip.span[1], ...times);
  const length = end - start || 1;
  const share = (time) => 100 * (time - start) / length;
  const said = element("p", { class: "said", "aria-live": "polite" });
  const lanes = [["predicted", panel.predicted], ["reference", panel.reference]].filter(([, events]) => events.length).map(([kind, events]) => {
    const rows = [];
    const track = element("div", { class: "track", role: "list" });
    for (const event of [...events].sort((a, b) => a.start - b.start)) {
      let row = rows.findIndex((until) => until <= event.start + 1e-6);
      if (row < 0) row = rows.push(0) - 1;
      rows[row] = event.end;
      const full = `${seconds(event.start)} – ${seconds(event.end)}: ${event.text}` + (event.score === null ? "" : ` (score ${short(event.score)})`);
      const show = () => { said.textContent = full; };
      const bar = element("button", { type: "button", class: "event", "data-start": event.start, "data-end": event.end, "aria-label": full, title: full, text: event.text, onpointerenter: show, onfocus: show });
      Object.assign(bar.style, { left: `${share(event.start)}%`, width: `${Math.max(0.8, share(event.end) - share(event.start))}%`, top: `${row * 1.6 + 0.05}rem` });
      track.append(element("div", { role: "listitem" }, [bar]));
    }
    track.style.height = `${rows.length * 1.6}rem`;
    return element("div", { class: `lane ${kind}` }, [element("span", { class: "label", text: kind }), track]);
  });
  const masks = panel.masks.filter((mask) => mask.x.length);
  if (masks.length) {
    const top = Math.max(...masks.flatMap((mask) => mask.y.map((y) => y ?? 0)), 1e-9);
    const paths = masks.map((mask, index) => {
      const points = mask.x.map((x, i) => `${(10 * share(x)).toFixed(1)} ${(40 - 38 * (mask.y[i] ?? 0) / top).toFixed(2)}`);
      const d = `M${(10 * share(mask.x[0])).toFixed(1)} 40L${points.join("L")}L${(10 * share(mask.x[mask.x.length - 1])).toFixed(1)} 40Z`;
      return drawn("path", { d, "--series": colour(index) }, [drawn("title", { text: mask.name })]);
    });
    const svg = drawn("svg", { viewBox: "0 0 1000 40", preserveAspectRatio: "none", role: "img", "aria-label": `masks over time: ${masks.map((m) => m.name).join(", ")}` }, paths);
    lanes.push(element("div", { class: "lane masks" }, [element("span", { class: "label", text: "masks" }), element("div", { class: "track" }, [svg])]));
  }
  const middle = [0, 0.25, 0.5, 0.75, 1].map((part) => element("span", { text: seconds(start + part * length) }));
  lanes.push(element("div", { class: "lane" }, [element("span"), element("div", { class: "scale", "aria-hidden": "true" }, middle)]));
  return { node: element("div", { class: "timeline" }, [...lanes, said]) };
}

function bars(panel) {
  const rows = Object.entries(panel.values).sort((a, b) => (b[1] ?? -Infinity) - (a[1] ?? -Infinity));
  const used = new Set(panel.highlight);
  const shown = rows.slice(0, BARS).concat(rows.slice(BARS).filter(([label]) => used.has(label)));
  const top = Math.max(...rows.map(([, value]) => Math.abs(value ?? 0)), 1e-9);
  const list = element("dl", { class: "bars" }, shown.flatMap(([label, value]) => {
    const bar = element("i");
    bar.style.width = `${100 * Math.abs(value ?? 0) / top}%`;
    return [
      element("dt", { class: used.has(label) ? "used" : null, text: label }),
      element("dd", { class: "bar", "aria-hidden": "true" }, [bar]),
      element("dd", { class: "amount", text: (Math.abs(value ?? 0) >= 0.001 && Math.abs(value) < 1000 ? value.toFixed(3) : short(value)) + (used.has(label) ? " · in the caption" : "") }),
    ];
  }));
  const rest = rows.length - shown.length;
  return { node: element("div", {}, [list, rest > 0 ? element("p", { class: "more", text: `${rest} smaller ${rest === 1 ? "value is" : "values are"} not shown` }) : null]) };
}

function plainly(value) { // a flat table in words, anything deeper as it is stored
  if (typeof value === "string") return value;
  const entries = value && typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : [];
  const flat = entries.length && entries.every(([, each]) => each === null || typeof each !== "object");
  return flat ? entries.map(([name, each]) => `${name} ${each}`).join(", ") : JSON.stringify(value);
}

function custom(panel) {
  const node = element("div", { class: "custom" });
  if (panel.note) node.append(element("p", { class: "note", text: panel.note }));
  if (panel.html !== undefined) {
    const template = document.createElement("template");
    template.innerHTML = panel.html; // made by an installed plugin; the page's policy lets no script of it run
    for (const node of template.content.querySelectorAll("meta, base, link, form, iframe, object, embed")) node.remove(); // nor may its data lead away
    node.append(template.content);
  } else {
    const rows = Object.entries(panel.data).map(([name, value]) => element("tr", {}, [
      element("th", { scope: "row", text: name }), element("td", { text: plainly(value) }),
    ]));
    node.append(element("div", { class: "scroll", tabindex: "0", role: "group", "aria-label": panel.title || panel.kind }, [element("table", {}, [element("tbody", {}, rows)])]));
  }
  return { node };
}
