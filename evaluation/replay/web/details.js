/* The ledger of one thing: its state, what was decided and why, and each of its quantities now and over time. */

const SPARK = { width: 76, height: 20 };

class Details {
  /* choose(selected) is called when somebody chooses a thing, seek(time) when a time. */
  constructor(parts, recordings, choose, seek) {
    Object.assign(this, { ...parts, recordings, choose, seek, selected: null });
    this.fillChooser();
    this.chooser.addEventListener("change", () => choose(selectionOf(this.chooser.value)));
    this.clear.addEventListener("click", () => choose(null));
  }

  fillChooser() {
    const kinds = uniqueByKey(this.recordings.flatMap((recording) => recording.things)).filter((kind) => kind.named);
    const groups = kinds.map((kind) => {
      const options = kind.names.map((name, thing) => element("option", { value: `${kind.key}:${thing}` }, shortened(name, 60)));
      return element("optgroup", { label: kind.title }, ...options);
    });
    this.chooser.replaceChildren(element("option", { value: "" }, kinds.length ? "Nothing chosen" : "Nothing can be chosen"), ...groups);
    this.chooser.disabled = kinds.length === 0;
  }

  show(selected, sides, colours) {
    Object.assign(this, { selected, sides, colours });
    this.chooser.value = selected ? `${selected.kind}:${selected.thing}` : "";
    this.clear.hidden = this.title.hidden = selected === null;
    this.hint.hidden = selected !== null;
    this.title.textContent = selected ? this.recordings.map((recording) => recording.kind(selected.kind)).find(Boolean).title : "";
    this.body.replaceChildren();
    this.rows = [];
    if (!selected) return;
    this.views = sides.map((recording) => {
      const kind = recording.kind(selected.kind);
      return { recording, kind: kind && selected.thing < kind.count ? kind : null, block: element("section", { class: "said" }) };
    });
    this.body.append(...this.views.map((view) => view.block), this.changeButtons(), this.ledger());
  }

  changeButtons() {
    const button = (text, direction) => element("button", { type: "button", onclick: () => this.seekChange(direction) }, text);
    this.before = button("‹ Previous change", -1);
    this.after = button("Next change ›", 1);
    return element("div", { class: "changes" }, this.before, this.after);
  }

  ledger() {
    const quantities = uniqueByKey(this.views.flatMap(({ kind }) => kind?.quantities ?? []));
    const heads = this.sides.map((recording) => element("th", { scope: "col", class: "number" }, lineSample(recording), hidden(recording.label)));
    const rows = quantities.map((quantity) => this.ledgerRow(quantity.key));
    const top = element("tr", {}, element("th", { scope: "col" }, "Now"), ...heads, element("th", { scope: "col" }, "Over time"));
    return element("table", { class: "ledger" }, element("thead", {}, top), element("tbody", {}, ...rows));
  }

  ledgerRow(key) {
    const series = this.views.map(({ kind }) => kind?.quantities.find((each) => each.key === key) ?? null);
    const { title, unit } = series.find((each) => each !== null);
    const cells = series.map(() => element("td", { class: "number" }));
    const canvas = smallCanvas(SPARK.width, SPARK.height, () => {});
    const name = element("th", { scope: "row" }, title, unit ? element("span", { class: "unit" }, ` ${unit}`) : null);
    this.rows.push({ series, cells, canvas, range: this.rangeOf(series) });
    return element("tr", { "data-key": key }, name, ...cells, element("td", {}, canvas));
  }

  rangeOf(series) {
    let [low, high] = [Infinity, -Infinity];
    series.forEach((each, side) => {
      if (!each) return;
      for (let moment = 0; moment < this.sides[side].times.length; moment++) {
        const value = each.at(moment, this.selected.thing);
        if (Number.isFinite(value)) [low, high] = [Math.min(low, value), Math.max(high, value)];
      }
      if (each.low !== null && each.high !== null) [low, high] = [each.low, each.high];
    });
    return low > high ? { low: 0, high: 1 } : low === high ? { low: low - 1, high: high + 1 } : { low, high };
  }

  update(time, moments, times) {
    if (!this.selected) return;
    const { thing } = this.selected;
    this.time = time;
    this.views.forEach(({ recording, kind, block }, side) => {
      block.replaceChildren(...this.said(recording, kind, moments[side], thing));
    });
    for (const row of this.rows) {
      row.series.forEach((each, side) => {
        row.cells[side].textContent = each ? numberText(each.at(moments[side], thing), each.digits) : "";
      });
      this.drawSpark(row, time, times);
    }
    this.before.disabled = this.changeFrom(-1) === null;
    this.after.disabled = this.changeFrom(1) === null;
  }

  said(recording, kind, moment, thing) {
    const head = element("h4", {}, lineSample(recording), nameElement(recording.label));
    if (!kind) return [head];
    const state = kind.states[kind.stateAt(moment, thing)];
    const lines = kind.texts.filter((text) => text.at(moment, thing)).map((text) =>
      element("p", {}, element("span", { class: "what" }, `${text.title}: `), element("bdi", { dir: "auto" }, text.at(moment, thing))));
    return [head, element("p", { class: "state" }, markSample(state, 6, this.colours), state.title), ...lines];
  }

  drawSpark({ series, canvas, range }, time, times) {
    const context = canvas.getContext("2d");
    context.clearRect(0, 0, SPARK.width, SPARK.height);
    const [first, last] = [times[0], times[times.length - 1]];
    const x = (hours) => 2 + ((SPARK.width - 4) * (hours - first)) / (last - first || 1);
    const y = (value) => SPARK.height - 3 - ((SPARK.height - 6) * (value - range.low)) / (range.high - range.low);
    context.fillStyle = this.colours.line;
    context.fillRect(x(time) - 0.75, 0, 1.5, SPARK.height);
    series.forEach((each, side) => {
      if (each) drawLine(context, this.sides[side], (moment) => each.at(moment, this.selected.thing), x, y);
    });
  }

  /* The nearest time before or after now at which the thing changes in one of the recordings shown; null if none. */
  changeFrom(direction) {
    const times = this.views.flatMap(({ recording, kind }) =>
      recording.times.filter((time, moment) => {
        if (!kind || moment === 0 || direction * (time - this.time) <= 1e-9) return false;
        return kind.changes(moment, this.selected.thing);
      }));
    return times.length ? (direction > 0 ? Math.min(...times) : Math.max(...times)) : null;
  }

  seekChange(direction) {
    const time = this.changeFrom(direction);
    if (time !== null) this.seek(time);
  }
}

/* A controller's values over time; gaps where there are none. */
function drawLine(context, recording, valueAt, x, y) {
  context.strokeStyle = recording.colour;
  context.lineWidth = 1.4;
  context.setLineDash(recording.dash.map((length) => length * 0.6));
  context.beginPath();
  let drawn = false;
  recording.times.forEach((time, moment) => {
    const value = valueAt(moment);
    if (Number.isFinite(value)) context[drawn ? "lineTo" : "moveTo"](x(time), y(value));
    drawn = Number.isFinite(value);
  });
  context.stroke();
  context.setLineDash([]);
}

/* "sites:3" as a selection; null where it names nothing. */
function selectionOf(text) {
  const at = text.lastIndexOf(":");
  return at > 0 ? { kind: text.slice(0, at), thing: Number(text.slice(at + 1)) } : null;
}
