/* Quantities of the whole world over time, a small plot each, drawn by uPlot; a click goes to its time. */

const STRIP_HEIGHT = 108;
const STEPS_H = [1 / 3600, 5 / 3600, 15 / 3600, 1 / 60, 1 / 12, 0.25, 0.5, 1, 2, 3, 6, 12, 24, 48, 168];

class Strips {
  constructor(holder, recordings, times, seekTime) {
    Object.assign(this, { holder, times, seekTime, sides: [], hovered: null });
    this.lines = [...recordings].sort((one, other) => one.dash.length - other.dash.length); // dashes above lines without gaps
    this.span = times[times.length - 1] - times[0];
    this.strips = uniqueByKey(recordings.flatMap((recording) => recording.strips)).map((strip) => this.make(strip));
    holder.hidden = this.strips.length === 0;
    holder.replaceChildren(...this.strips.map((strip) => strip.box));
  }

  make(said) {
    const values = element("span", { class: "values" });
    const unit = said.unit ? element("span", { class: "unit" }, ` ${said.unit}`) : null;
    const place = element("div", { class: "plot" });
    const box = element("figure", { class: "strip", "data-key": said.key }, element("figcaption", {}, element("span", {}, said.title, unit), values), place);
    const series = this.lines.map((recording) => recording.strips.find((strip) => strip.key === said.key) ?? null);
    const columns = series.map((each, index) => this.column(each, this.lines[index]));
    return { said, series, columns, values, place, box, plot: null };
  }

  /* Values at all times of the page; null, which makes a gap, where there is none. */
  column(series, recording) {
    return this.times.map((time) => {
      const moment = recording.momentAt(time);
      const value = series && !recording.isOverAt(time) && recording.times[moment] <= time + 1e-9 ? series.at(moment) : NaN;
      return Number.isFinite(value) ? value : null;
    });
  }

  show(sides, colours) {
    Object.assign(this, { sides, colours });
    for (const strip of this.strips) {
      if (!strip.plot) this.plot(strip);
      this.lines.forEach((recording, index) => strip.plot.setSeries(index + 1, { show: sides.includes(recording) }, false));
      strip.plot.redraw(false, true);
      strip.texts = sides.map(() => document.createTextNode(""));
      strip.values.replaceChildren(...sides.map((recording, side) => element("span", {}, lineSample(recording), strip.texts[side])));
    }
  }

  plot(strip) {
    strip.plot = new uPlot(this.options(strip), [this.times, ...strip.columns], strip.place);
    strip.head = element("div", { class: "playhead" });
    strip.plot.over.append(strip.head);
    let held = false;
    const seek = (event) => {
      const left = event.clientX - strip.plot.over.getBoundingClientRect().left;
      this.seekTime(strip.plot.posToVal(left, "x"));
    };
    strip.plot.over.addEventListener("pointerdown", (event) => {
      held = event.button === 0;
      if (held) seek(event);
    });
    strip.plot.over.addEventListener("pointermove", (event) => held && event.buttons && seek(event));
    strip.plot.over.addEventListener("pointerup", () => (held = false));
  }

  options(strip) {
    const ink = (name) => () => this.colours[name];
    const axis = { stroke: ink("muted"), font: "11px system-ui, sans-serif", ticks: { show: false }, gap: 4 };
    const grid = { stroke: ink("track"), width: 1 };
    const digits = (value) => (Math.abs(value) >= 1e5 ? value.toExponential(0) : String(Number(value.toPrecision(4))));
    return {
      width: Math.max(120, strip.place.clientWidth),
      height: STRIP_HEIGHT,
      padding: [6, 18, 0, 0],
      legend: { show: false },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 }, sync: { key: "replay" } },
      scales: { x: { time: false, range: () => this.timeRange() }, y: { range: (plot, low, high) => valueRange(strip.said, low, high) } },
      axes: [
        { ...axis, size: 20, space: 44, grid: { show: false }, incrs: STEPS_H, values: (plot, ticks) => ticks.map((tick) => tickText(tick, this.span)) },
        { ...axis, size: 42, space: 26, grid, values: (plot, ticks) => ticks.map(digits) },
      ],
      series: [{}, ...this.lines.map((recording) => ({
        label: recording.label, stroke: recording.colour, width: 1.8, dash: recording.dash, points: { show: this.times.length < 3 },
      }))],
      hooks: { setCursor: [(plot) => this.hover(plot.cursor.idx)] },
    };
  }

  timeRange() {
    const [first, last] = [this.times[0], this.times[this.times.length - 1]];
    return first === last ? [first - 0.5, last + 0.5] : [first, last];
  }

  hover(index) {
    this.hovered = index ?? null;
    this.writeValues();
  }

  update(step) {
    this.step = step;
    for (const { plot, head } of this.strips) {
      if (plot) head.style.transform = `translateX(${plot.valToPos(this.times[step], "x")}px)`;
    }
    this.writeValues();
  }

  writeValues() {
    const step = this.hovered ?? this.step;
    if (step === undefined) return;
    for (const { series, texts, columns } of this.strips) {
      this.sides.forEach((recording, side) => {
        const index = this.lines.indexOf(recording);
        texts[side].data = numberText(columns[index][step] ?? NaN, series[index]?.digits ?? 0);
      });
    }
  }

  resize() {
    for (const { plot, place } of this.strips) {
      if (plot && place.clientWidth > 0) plot.setSize({ width: place.clientWidth, height: STRIP_HEIGHT });
    }
    if (this.step !== undefined) this.update(this.step);
  }

  redraw(colours) {
    this.colours = colours;
    for (const { plot } of this.strips) plot?.redraw(false, true);
  }
}

/* From the natural limits, where there are any, or around the values. */
function valueRange(said, low, high) {
  const [least, most] = [low ?? said.low ?? 0, high ?? said.high ?? 1];
  const room = 0.08 * (most - least) || Math.abs(most) * 0.1 || 1;
  return [Math.min(said.low ?? least - room, least), Math.max(said.high ?? most + room, most)];
}
