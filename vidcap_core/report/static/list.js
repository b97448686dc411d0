// The list: order, filter, pages; a clip is built when it is about to be seen.
const PAGE = 20;
const page = data("page-data");
const names = [...new Set([page.metric, ...page.clips.flatMap((clip) => Object.keys(clip.scores))])].filter((name) => name !== null);
const state = { order: "file", filter: "", from: 0, found: [] };
const at = (id) => document.getElementById(id);
const seen = new IntersectionObserver((entries) => {
  for (const entry of entries) if (entry.isIntersecting) { seen.unobserve(entry.target); entry.target.unfold(); }
}, { rootMargin: "600px" });

function keyOf(order) {
  if (order === "confidence") return (clip) => clip.confidence;
  return (clip) => clip.scores[order.slice("score:".length)];
}

function choose() {
  const wanted = state.filter.trim().toLowerCase();
  const found = page.clips.map((_, index) => index).filter((index) => {
    const clip = page.clips[index];
    return !wanted || [clip.id, clip.text, ...clip.references].some((text) => text.toLowerCase().includes(wanted));
  });
  if (state.order !== "file") {
    const [direction, ...rest] = state.order.split("|");
    const key = keyOf(rest.join("|")), sign = direction === "up" ? 1 : -1;
    const value = (index) => key(page.clips[index]) ?? null;
    found.sort((a, b) => { // clips without the value come last, whatever the direction
      const [left, right] = [value(a), value(b)];
      return left === null || right === null ? (left === null) - (right === null) || a - b : sign * (left - right) || a - b;
    });
  }
  state.found = found;
}

function show() {
  const shown = state.found.slice(state.from, state.from + PAGE);
  seen.disconnect();
  const nodes = shown.map((index) => clipNode(page.clips[index], index, names));
  at("list").replaceChildren(...nodes);
  nodes.forEach((node) => seen.observe(node));
  const total = state.found.length.toLocaleString("en");
  at("status").textContent = shown.length ? `${(state.from + 1).toLocaleString("en")}–${(state.from + shown.length).toLocaleString("en")} of ${total} ${state.found.length === 1 ? "clip" : "clips"}` : "No clip matches";
  const atEnd = state.from + PAGE >= state.found.length;
  for (const end of ["", "-below"]) {
    at(`previous${end}`).disabled = state.from === 0;
    at(`next${end}`).disabled = atEnd;
  }
  at("pager").hidden = page.clips.length <= PAGE && !state.filter;
  at("pager-below").hidden = state.found.length <= PAGE;
}

function turn(pages, below) {
  state.from += pages * PAGE;
  show();
  if (below) at("clips").scrollIntoView();
}

function go(index) {
  Object.assign(state, { filter: "", order: "file" });
  at("filter").value = "";
  at("order").value = "file";
  choose();
  state.from = Math.floor(index / PAGE) * PAGE;
  show();
  const node = at("list").querySelector(`[data-index="${index}"]`);
  node.unfold();
  node.classList.add("marked");
  node.setAttribute("tabindex", "-1");
  node.focus({ preventScroll: true });
  node.scrollIntoView({ block: "start" });
}

function extremes() {
  const metric = page.metric;
  const scored = page.clips.map((clip, index) => [clip.scores[metric], index]).filter(([value]) => value !== undefined);
  if (!metric || scored.length < 2) return;
  scored.sort((a, b) => b[0] - a[0] || a[1] - b[1]);
  const many = Math.min(5, Math.floor(scored.length / 2));
  const column = (title, rows) => element("div", {}, [element("h3", { text: `${title} by ${metric}` }), element("ol", {}, rows.map(([value, index]) => element("li", {}, [
    element("button", { type: "button", onclick: () => go(index) }, [
      element("span", { class: "value", text: value.toFixed(3) }),
      element("span", {}, [page.clips[index].text || "(no words)", element("span", { class: "id mono", text: page.clips[index].id })]),
    ]),
  ])))]);
  at("extremes").querySelector(".extremes").append(column("Best", scored.slice(0, many)), column("Worst", scored.slice(-many).reverse()));
  at("extremes").hidden = false;
}

function begin() {
  const choices = [["file", "file order"]];
  for (const name of names) choices.push([`down|score:${name}`, `${name}, best first`], [`up|score:${name}`, `${name}, worst first`]);
  if (page.clips.some((clip) => clip.confidence !== null)) choices.push(["up|confidence", "lowest confidence first"], ["down|confidence", "highest confidence first"]);
  at("order").append(...choices.map(([value, text]) => element("option", { value, text })));
  at("order").addEventListener("change", (event) => { state.order = event.target.value; state.from = 0; choose(); show(); });
  let waiting;
  at("filter").addEventListener("input", (event) => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { state.filter = event.target.value; state.from = 0; choose(); show(); }, 120);
  });
  for (const [id, pages, below] of [["previous", -1, false], ["next", 1, false], ["previous-below", -1, true], ["next-below", 1, true]])
    at(id).addEventListener("click", () => turn(pages, below));
  if (page.charts.length) {
    at("curves").querySelector(".charts").append(...page.charts.map((chart) => lineChart(chart.name, chart.curves)));
    at("curves").hidden = false;
  }
  extremes();
  choose();
  show();
}
begin();
