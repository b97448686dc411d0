"use strict";
// Elements are built node by node: a caption is text and never markup.
const SVG = "http://www.w3.org/2000/svg";

function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "text") node.textContent = value;
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name.startsWith("--")) node.style.setProperty(name, value);
    else node.setAttribute(name, value === true ? "" : value);
  }
  node.append(...(children || []).filter((child) => child !== null && child !== undefined));
  return node;
}

const element = (name, attributes, children) => fill(document.createElement(name), attributes, children);
const drawn = (name, attributes, children) => fill(document.createElementNS(SVG, name), attributes, children);
const data = (id) => JSON.parse(document.getElementById(id).textContent);
const percent = (share) => `${Math.round(100 * share)} %`;
const seconds = (time) => `${Number(time).toFixed(1)} s`;
const colour = (index) => `var(--c${index % 6})`;

function scientific(value, digits = 1) { // 5×10⁻⁴
  const [factor, power] = value.toExponential(digits).split("e");
  return `${digits > 1 ? factor : Number(factor)}×10${[...String(Number(power))].map((sign) => "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"["-0123456789".indexOf(sign)]).join("")}`;
}

function short(value) {
  if (value === null || !Number.isFinite(value)) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 0.001 || size >= 1e6)) return scientific(value);
  const digits = Number(value.toPrecision(4));
  return Number.isInteger(digits) ? digits.toLocaleString("en") : String(digits);
}
