/* Words and numbers, and elements that hold them as text: nothing of a recording is ever read as markup. */

const LONGEST_SHOWN = 120; // characters of a name; the rest is told by the pointer

function numberText(value, digits) {
  if (!Number.isFinite(value)) return Number.isNaN(value) || value === null ? "–" : value > 0 ? "∞" : "−∞";
  const text = value.toFixed(Math.max(0, digits));
  return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", "−");
}

function withUnit(text, unit) {
  return unit && text !== "–" ? `${text} ${unit}` : text;
}

function quantityText(series, value) {
  return withUnit(numberText(value, series.digits), series.unit);
}

/* Hours since the start as a clock that does not begin anew at midnight; seconds where the episode is short. */
function timeText(time, span) {
  const sign = time < 0 ? "−" : "";
  const seconds = Math.round(Math.abs(time) * 3600);
  const [hours, minutes] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60];
  if (span < 0.5) return `${sign}${hours * 60 + minutes}:${String(seconds % 60).padStart(2, "0")} min`;
  return `${sign}${hours}:${String(minutes).padStart(2, "0")} h`;
}

/* The same for axes, where room is scarce: full hours without minutes. */
function tickText(time, span) {
  return span >= 0.5 && Number.isInteger(time) ? `${numberText(time, 0)} h` : timeText(time, span);
}

function significant(value) {
  return String(Number(value.toPrecision(3)));
}

function shortened(text, most) {
  const characters = [...text];
  return characters.length > most ? `${characters.slice(0, most - 1).join("")}…` : text;
}

/* An element with attributes and children; strings become text. */
function element(tag, attributes = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith("on")) made.addEventListener(name.slice(2), value);
    else if (value !== null && value !== undefined && value !== false) made.setAttribute(name, value === true ? "" : value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

/* Names of a recording may run in any direction; they keep to themselves. */
function nameElement(text, most = LONGEST_SHOWN) {
  return element("bdi", { dir: "auto", title: text }, shortened(text, most));
}
