/* The page as a whole: which recordings are shown, which thing is chosen, and what is told when time moves. */

class App {
  constructor(recordings) {
    this.recordings = recordings;
    this.left = 0;
    this.right = recordings.length > 1 ? 1 : null;
    this.selected = null;
    this.times = allTimes(recordings);
    this.span = this.times[this.times.length - 1] - this.times[0];
    this.colours = themeColours();
    this.largest = largestLinks(recordings);
    this.buildPlayer();
    this.buildViews();
    this.writeHead();
    this.connect();
    readAddress(this);
    this.showSides();
  }

  get sides() {
    const indices = this.right === null ? [this.left] : [this.left, this.right];
    return indices.map((index) => this.recordings[index]);
  }

  buildPlayer() {
    const between = (step, part) => !this.calm.matches && this.views.forEach((view, side) => this.drawBetween(view, side, step, part));
    this.calm = window.matchMedia("(prefers-reduced-motion: reduce)");
    this.player = new Player(this.times, () => this.update(), between, (playing) => showPlaying(this, playing));
  }

  buildViews() {
    const bounds = boundsOf(this.recordings);
    this.panels = ["left", "right"].map((side) => part(`panel-${side}`));
    this.views = ["left", "right"].map((side) => new MapView(part(`map-${side}`), bounds, this.largest));
    this.tooltip = new Tooltip(part("tooltip"));
    this.legend = new Legend(part("legend"), this.recordings, this.largest);
    const parts = { chooser: part("chooser"), clear: part("clear"), title: part("chosen-kind"), hint: part("hint"), body: part("ledger") };
    const seek = (time) => this.player.seekTime(time);
    this.details = new Details(parts, this.recordings, (selected) => this.select(selected), seek);
    this.strips = new Strips(part("strips"), this.recordings, this.times, seek);
  }

  writeHead() {
    const { scenario, world, seed, version, every } = this.recordings[0];
    const thinned = every > 1 ? ` · shows one of every ${every} decisions` : "";
    part("scenario").append(nameElement(scenario));
    part("about").append(nameElement(world), ` · seed ${seed} · VoltRAN\u00a0${version}${thinned}`);
    if (this.recordings.some((recording) => recording.kpis.length)) part("kpis").append(...kpiTables(this.recordings));
    else part("outcome").hidden = true;
  }

  connect() {
    connectControls(this);
    connectKeys(this);
    this.views.forEach((view, side) => connectMap(this, view, side));
    const resized = new ResizeObserver(() => this.resize());
    for (const view of this.views) resized.observe(view.holder);
    resized.observe(part("strips"));
    window.addEventListener("hashchange", () => {
      readAddress(this);
      this.showSides();
    });
    window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.recolour());
  }

  resize() {
    for (const view of this.views) {
      if (view.layout?.width !== view.holder.clientWidth) view.resize();
    }
    this.strips.resize();
  }

  recolour() {
    this.colours = themeColours();
    for (const view of this.views) view.recolour();
    this.showSides();
  }

  /* Shows the recordings of both sides, or one alone. */
  showSides() {
    document.body.classList.toggle("alone", this.right === null);
    this.panels[1].hidden = this.right === null;
    this.sides.forEach((recording, side) => this.views[side].show(recording));
    writeSides(this);
    this.legend.show(this.sides, this.colours);
    this.details.show(this.selected, this.sides, this.colours);
    this.strips.show(this.sides, this.colours);
    this.update();
  }

  choose(side, index) {
    if (index === null && side === "right") this.right = null;
    else if (index !== null && index < this.recordings.length) this[side] = index;
    this.showSides();
    writeAddress(this);
  }

  select(selected) {
    this.selected = this.exists(selected) ? selected : null;
    for (const view of this.views) view.select(this.selected);
    this.details.show(this.selected, this.sides, this.colours);
    this.update();
    writeAddress(this);
  }

  exists(selected) {
    const kind = selected && this.recordings.map((recording) => recording.kind(selected.kind)).find(Boolean);
    return Boolean(kind?.named && selected.thing in kind.names);
  }

  drawBetween(view, side, step, part) {
    const recording = this.sides[side];
    if (recording && !recording.isOverAt(this.times[step])) view.drawBetween(recording.momentAt(this.times[step]), part);
  }

  /* Tells everything what time it is. */
  update() {
    const { time, step } = this.player;
    const moments = this.sides.map((recording) => recording.momentAt(time));
    this.sides.forEach((recording, side) => {
      this.views[side].selected = this.selected;
      this.views[side].draw(moments[side]);
      part(side ? "over-right" : "over-left").hidden = !recording.isOverAt(time);
    });
    this.tooltip.hide();
    this.legend.update(moments);
    this.details.update(time, moments, this.times);
    this.strips.update(step);
    showTime(this);
    if (!this.player.playing) {
      describeMaps(this, moments);
      writeAddress(this);
    }
  }
}

function part(id) {
  return document.getElementById(id);
}

/* The largest size of each kind of links in any recording, so that widths compare. */
function largestLinks(recordings) {
  const largest = {};
  for (const kind of recordings.flatMap((recording) => recording.links)) {
    largest[kind.key] = Math.max(largest[kind.key] ?? 0, kind.largest);
  }
  return largest;
}

/* Says in words what a map shows, for those who cannot see it. */
function describeMaps(app, moments) {
  app.sides.forEach((recording, side) => {
    const counted = recording.things.map((kind) => {
      const counts = kind.counts(moments[side]);
      const states = kind.states.flatMap((state, code) => (counts[code] ? [`${counts[code]} ${state.title}`] : []));
      return `${kind.title}: ${states.join(", ") || "none"}`;
    });
    const when = timeText(app.player.time, app.span);
    app.views[side].holder.setAttribute("aria-label", `Map of ${recording.label} at ${when}. ${counted.join(". ")}.`);
  });
}

async function start() {
  try {
    const recordings = await readRecordings(part("data")?.textContent ?? "");
    part("data").remove();
    document.body.classList.remove("loading");
    window.replay = new App(recordings);
  } catch (error) {
    part("message").textContent = error.message;
    part("message").hidden = false;
    throw error;
  }
}

document.addEventListener("DOMContentLoaded", start);
