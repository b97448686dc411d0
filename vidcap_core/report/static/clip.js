// One clip: frames, captions whose words steer the attention, references, panels.
const REFERENCES = 3, SCORES = 3; // shown before one unfolds

class Frames {
  constructor(film, times) {
    const images = film && film.images ? film.images : [];
    this.times = images.length ? film.times : times;
    this.boxes = this.times.map((time, index) => element("div", { class: images.length ? "frame" : "frame blank" }, [
      images.length ? element("img", { src: images[index], alt: `frame at ${seconds(time)}`, loading: "lazy", decoding: "async", width: film.width, height: film.height }) : null,
      element("span", { class: "time", text: seconds(time), "aria-hidden": "true" }),
    ]));
    this.node = element("div", { class: "film" }, this.boxes);
  }

  weigh(weights, times) { // a frame is as clear as the attention at its moment is strong
    const found = weights ? this.times.map((time) => between(times, weights, time)) : [];
    const top = Math.max(...found, 1e-9);
    this.boxes.forEach((box, index) => {
      box.style.opacity = weights ? (0.25 + 0.75 * found[index] / top).toFixed(3) : "";
    });
  }

  heat(maps, times) {
    const all = maps ? maps.flat(2) : [];
    let top = 1e-9;
    for (const value of all) top = Math.max(top, value);
    const ink = getComputedStyle(document.documentElement).getPropertyValue("--heat").trim();
    this.boxes.forEach((box, index) => {
      box.querySelector("canvas")?.remove();
      if (!maps) return;
      const map = maps[nearest(times, this.times[index])];
      const canvas = element("canvas", { width: map[0].length, height: map.length, "aria-hidden": "true" });
      const context = canvas.getContext("2d");
      map.forEach((line, y) => line.forEach((value, x) => {
        context.fillStyle = `rgba(${ink}, ${(value / top).toFixed(3)})`;
        context.fillRect(x, y, 1, 1);
      }));
      box.append(canvas);
    });
  }
}

function clipNode(light, index, names) {
  const scores = names.filter((name) => name in light.scores).map((name) => element("span", {}, [`${name} `, element("b", { text: light.scores[name].toFixed(3) })]));
  const chips = scores.slice(0, scores.length > SCORES + 1 ? SCORES : undefined), rest = scores.slice(chips.length);
  if (light.confidence !== null) chips.push(element("span", { title: "geometric mean of the probabilities of the words" }, ["confidence ", element("b", { text: percent(light.confidence) })]));
  if (rest.length) chips.push(element("details", {}, [element("summary", { text: `${rest.length} more scores` }), element("div", {}, rest)]));
  const body = element("div", { class: "body" }, [element("p", { class: "caption", text: light.text })]);
  const node = element("article", { class: "clip", "data-index": index, "data-id": light.id, "aria-label": `Clip ${light.id}` }, [
    element("header", {}, [element("h3", { text: light.id }), element("div", { class: "chips" }, chips)]), body,
  ]);
  node.unfold = () => {
    if (node.dataset.ready) return;
    node.dataset.ready = "yes";
    body.replaceChildren(...clipBody(light, data(`clip-${index}`)));
  };
  return node;
}

function clipBody(light, heavy) {
  const looks = heavy.panels.filter((panel) => panel.kind.endsWith("_attention"));
  const spatial = looks.find((panel) => panel.kind === "spatial_attention");
  const clip = { span: heavy.span, frames: new Frames(heavy.film, spatial ? spread(spatial.times, 8) : []) };
  const panels = heavy.panels.map((panel) => drawPanel(panel, clip, heavy.events.length));
  const said = element("p", { class: "sure-text", role: "status" });
  const strips = (heavy.film && heavy.film.events) || [];
  const captions = heavy.events.map((event, place) => caption(event, place, heavy.events.length > 1, panels, said, strips[place]));
  const linked = new Set(captions.flatMap((made) => made.linked));
  for (const made of panels.filter((one) => one.look && !linked.has(one) && one.panel.words.length))
    made.node.insertBefore(wordRow(made.panel.words.map((text) => ({ text })), [made], said), made.node.children[1]);
  for (const made of panels) made.look?.(null);
  said.hidden = !panels.some((made) => made.look);
  const film = clip.frames.boxes.length ? clip.frames.node : null;
  const silent = captions.length ? null : element("p", { class: "caption", text: "(no events)" });
  const note = heavy.film && heavy.film.note ? element("p", { class: "note", text: `No frames: ${heavy.film.note}` }) : null;
  const first = panels.filter((one) => one.look).map((one) => one.node);
  const rest = panels.filter((one) => !one.look).map((one) => one.node);
  return [
    film, note, silent, ...captions.map((made) => made.node), said, ...first, references(light.references), others(heavy.n_best),
    rest.length ? element("div", { class: "panels" }, rest) : null,
  ].filter(Boolean);
}

function caption(event, place, many, panels, said, film) {
  const words = event.words;
  const fits = (panel) => panel.words && panel.words.length && (panel.event ?? 0) === place
    && words.every((word, i) => panel.words[i] !== undefined && panel.words[i].trim() === word.text);
  const linked = panels.filter((made) => made.look && fits(made.panel));
  const node = element("div", { class: "caption" }, [
    many ? element("span", { class: "when", text: `${seconds(event.start)} – ${seconds(event.end)}` }) : null, wordRow(words, linked, said),
    film ? new Frames(film, []).node : null,
  ]);
  return { node, linked };
}

function wordRow(words, linked, said) {
  const row = element("span", { role: linked.length ? "group" : null, "aria-label": linked.length ? "caption, word by word" : null });
  const buttons = words.map((word, place) => {
    const sure = word.p === undefined ? null : element("span", { class: "sure", "aria-hidden": "true" }, [element("i")]);
    if (sure) sure.firstChild.style.width = percent(word.p).replace(" ", "");
    const text = word.p === undefined ? word.text : `${word.text}, probability ${percent(word.p)}`;
    const node = element(linked.length ? "button" : "span", {
      type: linked.length ? "button" : null, class: word.p !== undefined && word.p < 0.5 ? "word unsure" : "word", "aria-label": linked.length ? text : null,
      title: word.p === undefined ? null : text, tabindex: linked.length ? (place ? "-1" : "0") : null,
    }, [word.text, sure]);
    const look = () => {
      buttons.forEach((other) => other.classList.toggle("on", other === node));
      said.textContent = text;
      linked.forEach((made) => made.look(place));
    };
    if (linked.length) {
      node.addEventListener("pointerenter", look);
      node.addEventListener("focus", look);
      node.addEventListener("keydown", (event) => {
        const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
        const other = step && buttons[place + step];
        if (!other) return;
        event.preventDefault();
        buttons.forEach((one) => one.setAttribute("tabindex", one === other ? "0" : "-1"));
        other.focus();
      });
    }
    return node;
  });
  const leave = () => {
    if (row.contains(document.activeElement)) return;
    buttons.forEach((one) => one.classList.remove("on"));
    said.textContent = "";
    linked.forEach((made) => made.look(null));
  };
  row.addEventListener("pointerleave", leave);
  row.addEventListener("focusout", (event) => { if (!row.contains(event.relatedTarget)) setTimeout(leave); });
  row.append(...buttons.flatMap((button) => [button, " "]));
  return row;
}

function references(texts) {
  if (!texts.length) return null;
  const items = (some) => element("ul", { class: "references" }, some.map((text) => element("li", { text })));
  const rest = texts.slice(REFERENCES);
  return element("div", { class: "texts" }, [
    element("span", { class: "label", text: texts.length === 1 ? "reference" : `${texts.length} references` }), items(texts.slice(0, REFERENCES)),
    rest.length ? element("details", {}, [element("summary", { text: `${rest.length} more` }), items(rest)]) : null,
  ]);
}

function others(lists) {
  const texts = lists.flat();
  if (!texts.length) return null;
  return element("details", {}, [element("summary", { text: `${texts.length} other hypotheses` }), element("ul", { class: "references" }, texts.map((text) => element("li", { text })))]);
}

function spread(values, wanted) {
  if (values.length <= wanted) return values;
  return Array.from({ length: wanted }, (_, i) => values[Math.round(i * (values.length - 1) / (wanted - 1))]);
}
