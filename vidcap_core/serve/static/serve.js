// The page of `vidcap serve`: a video goes to the server, its captions come back; it is played from where it is.
const at = (id) => document.getElementById(id);
const STEPS = { captioning: "Writing captions", drawing: "Preparing frames and panels" };
const UPLOAD = 0.25; // the upload's share of the bar
const state = { limits: null, models: [], file: null, made: new Map(), run: null, unplayable: false, film: null };

class Problem extends Error {
  constructor({ what, hint }, status, again) {
    super(what);
    Object.assign(this, { hint, status, again });
  }
}

async function ask(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem({ what: "The server does not answer.", hint: "is vidcap serve still running?" });
  }
  if (!answer.ok) throw new Problem(await answer.json(), answer.status);
  return answer;
}

function upload({ file, model, every, stop }) { // fetch tells nothing of how far an upload is
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(), form = new FormData();
    form.append("model", model);
    form.append("every", every);
    form.append("video", file);
    request.upload.onprogress = (event) => { at("progress").value = UPLOAD * event.loaded / event.total; };
    request.onerror = () => reject(new Problem({ what: "The upload broke off.", hint: "is vidcap serve still running?" }));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.onload = () => {
      let answer;
      try { answer = JSON.parse(request.responseText); } catch { answer = { what: `The server answered ${request.status}.`, hint: "the same again" }; }
      if (request.status === 202) resolve(answer);
      else reject(new Problem(answer, request.status, Number(request.getResponseHeader("Retry-After"))));
    };
    stop.signal.addEventListener("abort", () => request.abort());
    request.open("POST", "api/captions");
    request.send(form);
  });
}

const pause = (time, signal) => new Promise((resolve, reject) => {
  if (signal.aborted) { reject(new DOMException("stopped", "AbortError")); return; }
  const timer = setTimeout(resolve, time);
  signal.addEventListener("abort", () => { clearTimeout(timer); reject(new DOMException("stopped", "AbortError")); }, { once: true });
});

function say(text) {
  if (at("status").textContent !== text) at("status").textContent = text;
}

function complain(error) {
  const shown = error === null ? [] : [element("p", { text: error.message })];
  if (error && error.hint) shown.push(element("p", { class: "hint", text: `Try: ${error.hint}` }));
  at("problem").replaceChildren(...shown);
}

async function accepted(run) { // a busy server names a time to come back
  for (;;) {
    say(`Uploading ${run.file.name}`);
    try {
      return await upload(run);
    } catch (error) {
      if (error.status !== 503 || !error.again) throw error;
      say(`The server is busy; trying again in ${error.again} seconds`);
      await pause(1000 * error.again, run.stop.signal);
    }
  }
}

async function finished(run, job) {
  for (let wait = 200; job.state === "waiting" || job.state === "working"; wait = Math.min(1000, wait * 1.2)) {
    say(job.state === "waiting" ? job.ahead ? `Waiting: ${job.ahead} before this one` : "Waiting" : STEPS[job.step] || "Working");
    at("progress").value = UPLOAD + (1 - UPLOAD) * job.progress;
    await pause(wait, run.stop.signal);
    job = await (await ask(`api/captions/${job.id}`, { signal: run.stop.signal })).json();
  }
  if (job.state === "failed") throw new Problem(job.problem);
  const get = async (part) => (await ask(`api/captions/${job.id}/${part}`, { signal: run.stop.signal }));
  const files = {};
  for (const kind of ["srt", "vtt", "json"]) files[kind] = URL.createObjectURL(await (await get(kind)).blob());
  return { job, files, drawing: await (await get("drawing")).json() };
}

function listen(run, job) { // words as they are written, for the eye: a screen reader hears of the status alone
  const source = new EventSource(`api/captions/${job.id}/words`), lines = new Map();
  let before = null; // whether other captions were hidden
  run.silence = () => {
    source.close();
    if (before === null) return;
    at("writing").hidden = true;
    at("spoken").hidden = before;
    before = null;
  };
  source.addEventListener("message", ({ data }) => {
    const { start, end: stop, text } = JSON.parse(data);
    if (state.run !== run || !text) return;
    if (!lines.has(start)) {
      lines.set(start, element("li", { class: "line" }, [element("span", { class: "when", text: `${seconds(start)} – ${seconds(stop)}` }), element("span")]));
      at("written").replaceChildren(...[...lines].sort(([a], [b]) => a - b).map(([, line]) => line));
    }
    lines.get(start).lastChild.textContent = text;
    at("writer").textContent = `${run.model} is writing`;
    before ??= at("spoken").hidden;
    at("spoken").hidden = true;
    at("writing").hidden = false;
  });
  source.addEventListener("end", () => source.close());
  source.addEventListener("error", () => source.close()); // the captions come all the same
}

async function caption() {
  state.run?.silence?.();
  state.run?.stop.abort();
  const { file } = state, key = wanted(), model = at("model").value;
  const run = state.run = { file, model, every: at("every").value, stop: new AbortController() };
  const begin = performance.now();
  const clock = setInterval(() => { at("elapsed").textContent = seconds((performance.now() - begin) / 1000); }, 100);
  let job = null;
  complain(null);
  at("progress").value = 0;
  working(true);
  try {
    job = await accepted(run);
    listen(run, job);
    const made = await finished(run, job);
    run.silence();
    state.made.set(key, made);
    if (wanted() === key) show(made);
    const count = made.job.caption.events.length;
    say(`Captions are ready: ${count === 1 ? "1 caption" : `${count} captions`} by ${model}`);
  } catch (error) {
    if (error.name !== "AbortError") { say(""); complain(error); if (!job && error.status < 500) refuse(run); }
    else if (state.run === run) say("Stopped");
    if (job && error.name === "AbortError") ask(`api/captions/${job.id}`, { method: "DELETE" }).catch(() => {});
  } finally {
    clearInterval(clock);
    run.silence?.();
    if (state.run === run) { state.run = null; working(false); }
  }
}

function working(busy) {
  document.body.classList.toggle("busy", busy);
  at("bar").hidden = !busy;
  offer();
}

const wanted = () => `${at("model").value}\n${at("every").value}`;

function offer() { // other captions for the same video
  at("again").hidden = !state.file || state.made.has(wanted()) || state.run !== null;
}

function choose() {
  const made = state.made.get(wanted());
  if (made) { show(made); say(`Captions by ${made.job.model}`); }
  offer();
}

function refuse(run) { // what the server does not accept is not offered again
  if (state.run !== run) return;
  state.file = null;
  at("file").value = "";
  at("watch").hidden = true;
  document.body.classList.remove("chosen");
}

function take(file) {
  if (!file) return;
  if (file.size > state.limits.megabytes * 1e6) {
    complain(new Problem({ what: `${file.name} is larger than ${state.limits.megabytes} MB.`, hint: "a smaller file, or vidcap serve --max-size MB" }));
    return;
  }
  for (const { files } of state.made.values()) Object.values(files).forEach((url) => URL.revokeObjectURL(url));
  if (state.file) URL.revokeObjectURL(at("video").src);
  Object.assign(state, { file, made: new Map() });
  document.body.classList.add("chosen");
  at("spoken").hidden = at("drawing").hidden = true;
  Object.assign(state, { unplayable: false, film: null });
  stills();
  at("watch-title").textContent = file.name;
  at("video").replaceChildren();
  at("video").src = URL.createObjectURL(file);
  at("watch").hidden = false;
  caption();
}

function show({ job, files, drawing }) {
  const video = at("video");
  const track = element("track", { kind: "captions", label: job.model, src: files.vtt, default: true });
  video.replaceChildren(track);
  track.track.mode = "showing";
  at("by").textContent = `Captions by ${job.model}`;
  at("cues").replaceChildren(...job.caption.events.map((event) => element("li", {}, [
    element("button", { type: "button", "data-start": event.start, "data-end": event.end, onclick: () => seek(event.start) }, [
      element("span", { class: "when", text: `${seconds(event.start)} – ${seconds(event.end)}` }), element("span", { text: event.text || "(no words)" }),
    ]),
  ])));
  for (const kind of ["srt", "vtt", "json"]) fill(at(kind), { href: files[kind], download: `${stem(job.name)}.${kind}`, "aria-label": `${kind.toUpperCase()} file of these captions` });
  at("drawing").replaceChildren(...clipBody(drawing.light, drawing.heavy));
  at("spoken").hidden = at("drawing").hidden = false;
  state.film = drawing.heavy.film && drawing.heavy.film.images ? drawing.heavy.film : null;
  stills();
  follow();
}

function stills() { // frames in the place of a video that this browser cannot play
  const film = state.unplayable ? state.film : null;
  at("video").hidden = state.unplayable;
  at("stills").hidden = !film;
  at("unplayable").hidden = !state.unplayable;
  at("unplayable").textContent = film ? "This browser cannot play this kind of file: these are frames of it." : "This browser cannot play this kind of file: its frames are shown when it is captioned.";
  if (film) { fill(at("moment"), { max: film.times.length - 1 }); still(); }
}

function still() {
  const index = Number(at("moment").value), time = state.film.times[index];
  fill(at("still"), { src: state.film.images[index], alt: `frame at ${seconds(time)}` });
  fill(at("moment"), { "aria-valuetext": seconds(time) });
  const texts = [...document.querySelectorAll("#cues [data-start]")].filter((node) => within(node, time)).map((node) => node.lastChild.textContent);
  at("still-text").replaceChildren(element("span", { class: "when", text: seconds(time) }), texts.join(" "));
  follow();
}

const stem = (name) => name.replace(/\.[^.]*$/, "") || "captions";

function seek(time) {
  const video = at("video");
  if (video.readyState) video.currentTime = time;
  if (!state.unplayable || !state.film) return;
  const later = state.film.times.findIndex((moment) => moment >= time);
  at("moment").value = later < 0 ? state.film.times.length - 1 : later;
  still();
}

const within = (node, time) => time >= Number(node.dataset.start) && time < Number(node.dataset.end);

function follow() { // what is being said at this moment
  const now = state.unplayable && state.film ? state.film.times[at("moment").value] : at("video").currentTime;
  for (const node of document.querySelectorAll("[data-start]")) {
    const on = within(node, now);
    node.classList.toggle("now", on);
    if (on) node.setAttribute("aria-current", "true");
    else node.removeAttribute("aria-current");
  }
}

function describe() {
  const model = state.models.find((one) => one.name === at("model").value);
  at("reads").textContent = `reads ${model.reads.join(" and ")}`;
}

function react() {
  at("file").addEventListener("change", (event) => take(event.target.files[0]));
  at("ask").addEventListener("submit", (event) => { event.preventDefault(); if (state.file) caption(); });
  at("stop").addEventListener("click", () => { state.run?.stop.abort(); at("file").focus(); });
  at("model").addEventListener("change", () => { describe(); choose(); });
  at("every").addEventListener("change", choose);
  at("video").addEventListener("timeupdate", follow);
  at("video").addEventListener("error", () => { state.unplayable = true; stills(); });
  at("moment").addEventListener("input", still);
  at("drawing").addEventListener("click", (event) => {
    const bar = event.target.closest(".timeline [data-start]");
    if (bar) seek(Number(bar.dataset.start));
  });
  let inside = 0;
  const over = (change) => (event) => {
    event.preventDefault();
    inside = change === null ? 0 : inside + change;
    at("drop").classList.toggle("over", inside > 0);
  };
  addEventListener("dragenter", over(1));
  addEventListener("dragleave", over(-1));
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => { over(null)(event); take(event.dataTransfer.files[0]); });
}

async function begin() {
  try {
    Object.assign(state, await (await ask("api/models")).json());
  } catch (error) {
    complain(error);
    return;
  }
  at("version").textContent = `vidcap ${state.version}`;
  at("model").append(...state.models.map(({ name }) => element("option", { value: name, text: name })));
  const { megabytes, seconds: longest } = state.limits;
  const length = longest >= 120 ? `${Math.round(longest / 60)} minutes` : `${longest} seconds`;
  at("rules").textContent = `Up to ${megabytes} MB and ${length}. Captioning starts at once. The server deletes the video when it is captioned.`;
  describe();
  react();
}
begin();
