/* Buttons, keys, pointers and the address: everything by which somebody tells the page what to show. */

const SUN_AND_MOON = { light: "Switch to the dark theme", dark: "Switch to the light theme" };
const TOUCH_REACH = 10, MOUSE_REACH = 2; // in pixels around a mark

function connectControls(app) {
  part("play").addEventListener("click", () => app.player.toggle());
  part("back").addEventListener("click", () => app.player.move(-1));
  part("forward").addEventListener("click", () => app.player.move(1));
  part("scrubber").max = String(app.player.last);
  part("scrubber").addEventListener("input", () => {
    app.player.pause();
    app.player.seek(Number(part("scrubber").value));
  });
  part("speed").replaceChildren(...SPEEDS.map((speed) => element("option", { value: speed }, `${speed} / s`)));
  part("speed").value = String(app.player.speed);
  part("speed").addEventListener("change", () => (app.player.speed = Number(part("speed").value)));
  part("theme").addEventListener("click", () => switchTheme(app));
  part("help").addEventListener("click", () => part("keys").showModal());
  part("close-keys").addEventListener("click", () => part("keys").close());
  for (const side of ["left", "right"]) fillChoice(app, side);
  writeTheme();
}

function fillChoice(app, side) {
  const choice = part(`choose-${side}`);
  const options = app.recordings.map((recording, index) => element("option", { value: index }, shortened(recording.label, 60)));
  if (side === "right") options.push(element("option", { value: "" }, "nobody: one alone"));
  choice.replaceChildren(...options);
  choice.addEventListener("change", () => app.choose(side, choice.value === "" ? null : Number(choice.value)));
  part(`tab-${side}`).addEventListener("click", () => showTab(side));
  part("compare").addEventListener("click", () => side === "right" && app.choose("right", app.left === 0 ? 1 : 0));
}

/* On a narrow screen one of the two maps is shown. */
function showTab(side) {
  part("maps").dataset.tab = side;
  for (const each of ["left", "right"]) part(`tab-${each}`).setAttribute("aria-pressed", String(each === side));
}

function writeSides(app) {
  part("tabs").hidden = app.right === null;
  part("compare").hidden = app.right !== null || app.recordings.length < 2;
  app.sides.forEach((recording, index) => {
    const side = index ? "right" : "left";
    part(`choose-${side}`).value = String(app[side]);
    part(`sample-${side}`).replaceChildren(lineSample(recording));
    part(`knows-${side}`).textContent = recording.information ? `knows: ${recording.information}` : "";
    part(`tab-${side}`).replaceChildren(lineSample(recording), nameElement(recording.label));
  });
  if (app.right === null) showTab("left");
}

function showPlaying(app, playing) {
  part("play").classList.toggle("playing", playing);
  part("play").setAttribute("aria-label", playing ? "Pause" : "Play");
}

function showTime(app) {
  const { step, last, time } = app.player;
  const clock = timeText(time, app.span), what = app.recordings[0].every > 1 ? "moment" : "decision";
  part("clock").textContent = clock;
  part("count").textContent = step === 0 ? "start" : `${what} ${step} of ${last}`;
  part("scrubber").value = String(step);
  part("scrubber").setAttribute("aria-valuetext", `${clock}, ${what} ${step} of ${last}`);
  part("scrubber").style.setProperty("--done", `${last ? (100 * step) / last : 0}%`);
}

function switchTheme(app) {
  document.documentElement.dataset.theme = themeNow() === "dark" ? "light" : "dark";
  writeTheme();
  app.recolour();
}

function themeNow() {
  const system = window.matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
  return document.documentElement.dataset.theme ?? system;
}

function writeTheme() {
  part("theme").setAttribute("aria-label", SUN_AND_MOON[themeNow()]);
  part("theme").title = SUN_AND_MOON[themeNow()];
}

function connectMap(app, view, side) {
  const under = (event) => {
    const box = view.holder.getBoundingClientRect();
    return view.at(event.clientX - box.left, event.clientY - box.top, event.pointerType === "touch" ? TOUCH_REACH : MOUSE_REACH);
  };
  view.holder.addEventListener("pointermove", (event) => {
    const found = under(event);
    view.holder.classList.toggle("clickable", Boolean(found?.kind?.named));
    if (found && event.pointerType !== "touch") app.tooltip.show(found, view, event.clientX, event.clientY);
    else app.tooltip.hide();
  });
  view.holder.addEventListener("pointerleave", () => app.tooltip.hide());
  view.holder.addEventListener("click", (event) => {
    const found = under(event);
    app.select(found?.kind?.named ? { kind: found.kind.key, thing: found.thing } : null);
  });
}

function connectKeys(app) {
  const player = app.player;
  const faster = (by) => {
    player.faster(by);
    part("speed").value = String(player.speed);
  };
  const keys = {
    " ": () => player.toggle(),
    ArrowLeft: (event) => player.move(event.shiftKey ? -10 : -1),
    ArrowRight: (event) => player.move(event.shiftKey ? 10 : 1),
    Home: () => player.move(-player.last),
    End: () => player.move(player.last),
    "+": () => faster(1),
    "=": () => faster(1),
    "-": () => faster(-1),
    "?": () => part("keys").showModal(),
    Escape: () => app.select(null),
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.altKey || event.metaKey || part("keys").open || isBusy(event.target, event.key)) return;
    const digit = /^(?:Digit|Numpad)([1-4])$/.exec(event.code);
    if (digit) app.choose(event.shiftKey ? "right" : "left", Number(digit[1]) - 1);
    else if (keys[event.key]) keys[event.key](event);
    else return;
    event.preventDefault();
  });
}

/* Whether a key means something to what has the focus. */
function isBusy(target, key) {
  if (target.matches("select")) return key !== "Escape";
  return key === " " && target.matches("button, summary, a");
}

/* What is shown stands in the address, so that it can be sent to others. */
function writeAddress(app) {
  const said = new URLSearchParams({ t: String(Number(app.player.time.toFixed(4))), left: app.recordings[app.left].label });
  said.set("right", app.right === null ? "" : app.recordings[app.right].label);
  if (app.selected) said.set("select", `${app.selected.kind}:${app.selected.thing}`);
  try {
    history.replaceState(null, "", `#${said}`);
  } catch {
    // Inside another page the address may not be ours to write.
  }
}

function readAddress(app) {
  const said = new URLSearchParams(location.hash.slice(1));
  const find = (label) => app.recordings.findIndex((recording) => recording.label === label);
  if (find(said.get("left")) >= 0) app.left = find(said.get("left"));
  if (said.get("right") === "") app.right = null;
  else if (find(said.get("right")) >= 0) app.right = find(said.get("right"));
  const selected = selectionOf(said.get("select") ?? "");
  app.selected = app.exists(selected) ? selected : null;
  const time = said.has("t") ? Number(said.get("t")) : NaN;
  if (Number.isFinite(time)) app.player.position = app.player.stepNear(time);
}
