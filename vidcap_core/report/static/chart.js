// Lines over a shared x axis, with a reading of the nearest point.
const WIDE = 340, HIGH = 190, LEFT = 50, RIGHT = 16, TOP = 10, BOTTOM = 30;

function stepOf(low, high, wanted, whole) { // 1, 2 or 5 times a power of ten
  const raw = (high - low || Math.abs(high) || 1) / wanted;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = power * [1, 2, 5, 10].find((factor) => factor * power >= raw * (1 - 1e-9));
  return whole ? Math.max(1, step) : step;
}

function ticks(low, high, step) {
  const values = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-6; n++) values.push(Number((n * step).toPrecision(12)));
  return values;
}

function tickText(value, step) { // all labels of an axis have the decimals of its step
  if (value === 0) return "0";
  const power = Math.floor(Math.log10(step) + 1e-9);
  if (power < -3 || Math.abs(value) >= 1e6) return scientific(value, Math.max(0, Math.floor(Math.log10(Math.abs(value)) + 1e-9) - power));
  const digits = Math.max(0, -power);
  return value.toLocaleString("en", { minimumFractionDigits: digits, maximumFractionDigits: digits });
}

function axis(values, wanted) { // from the first to the last tick; from zero where the values begin near it
  const real = values.filter((value) => value !== null && Number.isFinite(value));
  let low = Math.min(...bounds(real)), high = Math.max(...bounds(real));
  if (low > 0 && low < 0.4 * high) low = 0;
  const step = stepOf(low, high, wanted, real.every(Number.isInteger));
  return { low: Math.floor(low / step + 1e-9) * step, high: Math.ceil(high / step - 1e-9) * step, step };
}

function bounds(real) {
  if (!real.length) return [0, 1];
  let low = Infinity, high = -Infinity;
  for (const value of real) { low = Math.min(low, value); high = Math.max(high, value); }
  if (low === high) return low === 0 ? [0, 1] : [low - Math.abs(low) / 2, high + Math.abs(high) / 2];
  return [low, high];
}

function lineChart(name, curves) {
  const across = axis(curves.flatMap((curve) => curve.x), 5), up = axis(curves.flatMap((curve) => curve.y), 4);
  const [x0, x1, y0, y1] = [across.low, across.high, up.low, up.high];
  const atX = (x) => LEFT + (x - x0) / (x1 - x0) * (WIDE - LEFT - RIGHT);
  const atY = (y) => HIGH - BOTTOM - (y - y0) / (y1 - y0) * (HIGH - TOP - BOTTOM);
  const label = `${name}: ` + curves.map((c) => `${c.name} ends at ${short(c.y[c.y.length - 1])}`).join(", ");
  const svg = drawn("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, role: "img", "aria-label": label });
  for (const y of ticks(y0, y1, up.step)) {
    svg.append(drawn("line", { class: "grid", x1: LEFT, x2: WIDE - RIGHT, y1: atY(y), y2: atY(y) }));
    svg.append(drawn("text", { x: LEFT - 6, y: atY(y) + 3.5, "text-anchor": "end", text: tickText(y, up.step) }));
  }
  for (const x of ticks(x0, x1, across.step))
    svg.append(drawn("text", { class: "x", x: atX(x), y: HIGH - BOTTOM + 14, "text-anchor": "middle", text: tickText(x, across.step) }));
  const xLabel = curves[0].x_label, yLabel = curves[0].y_label;
  if (xLabel) svg.append(drawn("text", { x: WIDE - RIGHT, y: HIGH - 1, "text-anchor": "end", text: xLabel }));
  if (yLabel) svg.append(drawn("text", { x: 0, y: HIGH - 1, text: yLabel }));
  const reading = (curve, i) => `${curve.name === name ? "" : `${curve.name} `}${short(curve.y[i])}`;
  const keys = curves.map((curve, index) => {
    const group = drawn("g", { "--series": colour(index) });
    let path = "", pen = "M";
    curve.x.forEach((x, i) => {
      if (curve.y[i] === null) { pen = "M"; return; }
      path += `${pen}${atX(x).toFixed(1)} ${atY(curve.y[i]).toFixed(1)}`;
      pen = "L";
      if (curve.x.length < 30) group.append(drawn("circle", { class: "dot", cx: atX(x), cy: atY(curve.y[i]), r: 2 }));
    });
    group.append(drawn("path", { class: "series", d: path }));
    svg.append(group);
    return element("span", { class: "key", "--series": colour(index), text: reading(curve, curve.x.length - 1) });
  });
  const cursor = drawn("line", { class: "cursor", y1: TOP, y2: HIGH - BOTTOM, visibility: "hidden" });
  svg.append(cursor);
  const say = (place) => curves.forEach((curve, index) => {
    const i = place === null ? curve.x.length - 1 : nearest(curve.x, place);
    keys[index].textContent = reading(curve, i) + (place === null ? "" : ` at ${short(curve.x[i])}`);
  });
  svg.addEventListener("pointermove", (event) => {
    const box = svg.getBoundingClientRect();
    const x = x0 + ((event.clientX - box.left) / box.width * WIDE - LEFT) / (WIDE - LEFT - RIGHT) * (x1 - x0);
    const place = curves[0].x[nearest(curves[0].x, x)];
    fill(cursor, { x1: atX(place), x2: atX(place), visibility: "visible" });
    say(place);
  });
  svg.addEventListener("pointerleave", () => { cursor.setAttribute("visibility", "hidden"); say(null); });
  return element("figure", { class: "chart" }, [element("figcaption", {}, [element("span", { text: name }), ...keys]), svg]);
}

function between(xs, ys, x) { // the value at x of the line through (xs, ys); its ends go on flat
  const after = xs.findIndex((at) => at >= x);
  if (after < 0) return ys[ys.length - 1];
  if (after === 0) return ys[0];
  const part = (x - xs[after - 1]) / (xs[after] - xs[after - 1] || 1);
  return ys[after - 1] + part * (ys[after] - ys[after - 1]);
}

function nearest(values, wanted) {
  let best = 0;
  values.forEach((value, index) => { if (Math.abs(value - wanted) < Math.abs(values[best] - wanted)) best = index; });
  return best;
}
