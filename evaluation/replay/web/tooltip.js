/* What lies under the pointer, in a few words beside it. */

const TOLD = 6; // quantities at most

class Tooltip {
  constructor(holder) {
    this.holder = holder;
  }

  hide() {
    this.holder.hidden = true;
  }

  show(found, view, x, y) {
    this.holder.replaceChildren(...(found.links ? linkLines(found, view.recording) : thingLines(found, view)));
    this.holder.hidden = false;
    const { offsetWidth: width, offsetHeight: height } = this.holder;
    const left = x + 14 + width > document.documentElement.clientWidth ? Math.max(4, x - 14 - width) : x + 14;
    const top = y + 14 + height > window.innerHeight ? Math.max(4, y - 14 - height) : y + 14;
    this.holder.style.transform = `translate(${left}px, ${top}px)`;
  }
}

function thingLines({ kind, thing }, view) {
  const state = kind.states[kind.stateAt(view.moment, thing)];
  const name = kind.named
    ? element("div", {}, element("strong", {}, nameElement(kind.names[thing], 60)), element("span", { class: "quiet" }, ` ${kind.title}`))
    : element("strong", {}, kind.title);
  const told = kind.quantities.slice(0, TOLD).filter((series) => !Number.isNaN(series.at(view.moment, thing)));
  const lines = told.map((series) => element("div", {}, `${series.title}: ${quantityText(series, series.at(view.moment, thing))}`));
  return [name, element("div", { class: "state" }, markSample(state, kind.named ? 6 : 4, view.colours), state.title), ...lines];
}

function linkLines({ links, link }, recording) {
  const [from, to] = [[links.source, link.source], [links.target, link.target]].map(([key, thing]) => {
    const kind = recording.kind(key);
    return nameElement(kind.names[thing] ?? kind.title, 40);
  });
  const size = Number.isFinite(link.size) ? element("div", {}, withUnit(significant(link.size), links.unit)) : null;
  return [element("strong", {}, links.title), element("div", {}, from, " → ", to), ...(size ? [size] : [])];
}
