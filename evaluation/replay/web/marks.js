/* Marks of states, of controllers and of links; the legend draws them with the same functions as the map. */

const TONES = ["good", "fair", "poor", "lost", "idle", "first", "second", "third", "fourth"];
const INKS = ["surface", "text", "muted", "line", "outline", "gauge", "track"];
const STROKED = new Set(["ring", "cross"]);
const LINK_DASHES = [[], [7, 4], [2, 3], [9, 3, 2, 3]];
const NARROWEST = 1.25, WIDEST = 6; // of links, in pixels

/* Colours of the theme, resolved for canvases. */
function themeColours() {
  const probe = element("span", { hidden: true });
  document.body.append(probe);
  const colours = {};
  for (const name of [...TONES, ...INKS]) {
    probe.style.color = `var(--${name})`;
    colours[name] = getComputedStyle(probe).color;
  }
  probe.remove();
  return colours;
}

function polygon(path, x, y, radius, corners, turn) {
  for (let corner = 0; corner < corners; corner++) {
    const angle = turn + (2 * Math.PI * corner) / corners;
    path[corner ? "lineTo" : "moveTo"](x + radius * Math.cos(angle), y + radius * Math.sin(angle));
  }
  path.closePath();
}

/* Adds a shape to a path; all shapes of one radius look equally large. */
function addShape(path, shape, x, y, radius) {
  const up = -Math.PI / 2;
  if (shape === "hexagon") polygon(path, x, y, radius * 1.1, 6, up);
  else if (shape === "square") polygon(path, x, y, radius * 1.2, 4, Math.PI / 4);
  else if (shape === "diamond") polygon(path, x, y, radius * 1.25, 4, up);
  else if (shape === "triangle") polygon(path, x, y + radius * 0.15, radius * 1.3, 3, up);
  else if (shape === "cross") {
    const arm = radius * 0.75;
    path.moveTo(x - arm, y - arm);
    path.lineTo(x + arm, y + arm);
    path.moveTo(x + arm, y - arm);
    path.lineTo(x - arm, y + arm);
  } else {
    const size = shape === "dot" ? radius * 0.9 : shape === "ring" ? radius * 0.85 : radius;
    path.moveTo(x + size, y);
    path.arc(x, y, size, 0, 2 * Math.PI);
  }
}

function drawMark(context, state, x, y, radius, colours) {
  context.beginPath();
  addShape(context, state.shape, x, y, radius);
  if (STROKED.has(state.shape)) {
    context.lineWidth = Math.max(1.2, radius * 0.4);
    context.lineCap = "round";
    context.strokeStyle = colours[state.tone];
    context.stroke();
    return;
  }
  context.fillStyle = colours[state.tone];
  context.fill();
}

/* The share of a quantity between 0 and 1 as a ring around a mark, from the top clockwise. */
function drawGauge(context, share, x, y, radius, colours) {
  if (!Number.isFinite(share)) return;
  const top = -Math.PI / 2, full = Math.min(1, Math.max(0, share));
  context.lineWidth = Math.max(1.5, radius * 0.2);
  context.lineCap = "butt";
  context.strokeStyle = colours.track;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.stroke();
  context.strokeStyle = colours.gauge;
  context.beginPath();
  context.arc(x, y, radius, top, top + 2 * Math.PI * full);
  context.stroke();
}

/* A picture of a state's mark, to be stamped many times. */
function stampOf(state, radius, colours, ratio) {
  const size = Math.ceil((2 * radius * 1.4 + 2) * ratio);
  const canvas = document.createElement("canvas");
  canvas.width = canvas.height = size;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  drawMark(context, state, size / ratio / 2, size / ratio / 2, radius, colours);
  return canvas;
}

function linkWidth(kind, size, largest) {
  if (!Number.isFinite(size) || largest <= 0) return 2;
  return NARROWEST + (WIDEST - NARROWEST) * Math.min(1, Math.max(0, size) / largest);
}

/* A canvas of fixed size in a legend or a label. */
function smallCanvas(width, height, draw) {
  const ratio = window.devicePixelRatio || 1;
  const canvas = element("canvas", { width: Math.round(width * ratio), height: Math.round(height * ratio), "aria-hidden": "true" });
  canvas.style.width = `${width}px`;
  canvas.style.height = `${height}px`;
  const context = canvas.getContext("2d");
  context.scale(ratio, ratio);
  draw(context);
  return canvas;
}

/* The line with which a controller's values are drawn. */
function lineSample(recording) {
  return smallCanvas(26, 10, (context) => {
    context.strokeStyle = recording.colour;
    context.lineWidth = 2.5;
    context.setLineDash(recording.dash);
    context.beginPath();
    context.moveTo(1, 5);
    context.lineTo(25, 5);
    context.stroke();
  });
}
