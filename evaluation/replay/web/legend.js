/* What every mark on the map means, and how many there are of it now. */

class Legend {
  constructor(holder, recordings, largest) {
    Object.assign(this, { holder, recordings, largest });
  }

  /* Builds the legend for the recordings that are shown. */
  show(sides, colours) {
    this.sides = sides;
    this.counters = [];
    const groups = uniqueByKey(this.recordings.flatMap((recording) => recording.things)).map((kind) => this.kindGroup(kind, colours));
    const others = this.otherMarks(colours);
    if (others.length) groups.push(element("table", {}, element("caption", {}, "Lines"), element("tbody", {}, ...others)));
    this.holder.replaceChildren(...groups);
  }

  kindGroup(kind, colours) {
    const occurring = new Set(this.recordings.flatMap((recording) => [...(recording.kind(kind.key)?.state ?? [])]));
    const rows = kind.states.flatMap((state, code) => {
      if (!occurring.has(code)) return [];
      const cells = this.sides.map(() => element("td", { class: "number" }));
      this.counters.push({ kind: kind.key, code, cells });
      return [element("tr", {}, element("th", { scope: "row" }, markSample(state, kind.named ? 6 : 4, colours), state.title), ...cells)];
    });
    if (kind.gauge) {
      const { title, unit, low, high } = kind.gauge;
      const range = `${title}: ring full at ${withUnit("1", unit)}`;
      rows.push(element("tr", {}, element("th", { scope: "row" }, gaugeSample(colours), range), ...this.sides.map(() => element("td"))));
    }
    const heads = this.sides.map((recording) => element("th", { scope: "col", class: "number" }, lineSample(recording), hidden(recording.label)));
    const top = element("tr", {}, element("th", { scope: "col" }, kind.title), ...heads);
    return element("table", {}, element("thead", {}, top), element("tbody", {}, ...rows));
  }

  otherMarks(colours) {
    const kinds = uniqueByKey(this.recordings.flatMap((recording) => recording.links));
    const rows = kinds.map((kind, index) => {
      const most = this.largest[kind.key];
      const width = most > 0 ? `, widest ${withUnit(significant(most), kind.unit)}` : "";
      return markRow(linkSample(kind, index, colours), kind.title + width);
    });
    const outlined = this.recordings.find((recording) => recording.outline.length);
    if (outlined) rows.push(markRow(outlineSample(colours), outlined.outlineTitle));
    return rows;
  }

  /* Counts of a moment of each side. */
  update(moments) {
    const counts = new Map();
    this.sides.forEach((recording, side) => {
      for (const kind of recording.things) counts.set(`${side} ${kind.key}`, kind.counts(moments[side]));
    });
    for (const { kind, code, cells } of this.counters) {
      cells.forEach((cell, side) => {
        cell.textContent = counts.get(`${side} ${kind}`)?.[code] ?? "";
      });
    }
  }
}

function markRow(sample, text) {
  return element("tr", {}, element("th", { scope: "row" }, sample, text));
}

function uniqueByKey(items) {
  return items.filter((item, index) => items.findIndex((other) => other.key === item.key) === index);
}

function hidden(text) {
  return element("span", { class: "visually-hidden" }, text);
}

function markSample(state, radius, colours) {
  return smallCanvas(20, 18, (context) => drawMark(context, state, 10, 9, radius, colours));
}

function gaugeSample(colours) {
  return smallCanvas(20, 18, (context) => drawGauge(context, 0.7, 10, 9, 7, colours));
}

function linkSample(kind, index, colours) {
  const crowd = kind.sizes === null ? 2 : 3.5;
  return smallCanvas(34, 18, (context) => {
    const curve = { start: { x: 1, y: 11 }, middle: { x: 17, y: 6 }, end: { x: 33, y: 9 } };
    drawArrow(context, curve, crowd, colours[kind.tone], LINK_DASHES[index % LINK_DASHES.length]);
  });
}

function outlineSample(colours) {
  return smallCanvas(34, 18, (context) => {
    context.strokeStyle = colours.outline;
    context.lineWidth = 1;
    context.strokeRect(8.5, 2.5, 17, 13);
  });
}
