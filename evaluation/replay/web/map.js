/* A map of one recording at one moment: what never changes, thin links, the crowd, and what can be clicked, a canvas each. */

const FULL_WIDTH = 480; // of a map, from which on links are as wide as in the legend
const CROWD_LINKS = 300; // from this number on, links are hairs without heads

class MapView {
  constructor(holder, bounds, largest) {
    Object.assign(this, { holder, bounds, largest, moment: 0, part: 0, selected: null, colours: themeColours() });
    this.canvases = ["still", "hairs", "crowd", "things"].map((layer) => element("canvas", { class: layer, "aria-hidden": "true" }));
    [this.still, this.hairs, this.dots, this.things] = this.canvases.map((canvas) => canvas.getContext("2d"));
    this.crowd = new Crowd(this.dots);
    holder.setAttribute("role", "img");
    holder.append(...this.canvases);
  }

  show(recording) {
    this.recording = recording;
    this.resize();
  }

  recolour() {
    this.colours = themeColours();
    this.resize();
  }

  /* Fits the canvases to the room there is, and draws everything anew. */
  resize() {
    const width = this.holder.clientWidth;
    if (!this.recording || width === 0) return;
    this.layout = new Layout(this.bounds, width, Math.max(280, 0.66 * window.innerHeight));
    this.ratio = Math.min(3, window.devicePixelRatio || 1);
    this.holder.style.height = `${this.layout.height}px`;
    for (const canvas of this.canvases) {
      canvas.width = Math.round(width * this.ratio);
      canvas.height = Math.round(this.layout.height * this.ratio);
    }
    this.crowd.resize();
    this.pixels = new Map();
    this.placed = null;
    this.drawStill();
    this.draw(this.moment, this.part);
  }

  /* Draws a moment, or a part of the way to the next one, for those that move. */
  draw(moment, part = 0) {
    Object.assign(this, { moment, part });
    if (!this.layout || this.holder.clientWidth === 0) return;
    this.locate();
    this.drawCrowd();
    this.drawThings();
  }

  /* Draws those that move on their way to the next moment; all others stay as they are. */
  drawBetween(moment, part) {
    if (!this.layout || moment !== this.moment || moment + 1 >= this.recording.times.length) return;
    const moving = this.recording.things.filter((kind) => kind.moved);
    if (!moving.length) return;
    this.part = part;
    this.locate();
    this.drawCrowd();
    if (moving.some((kind) => kind.named)) this.drawThings();
  }

  select(selected) {
    this.selected = selected;
    if (this.layout) this.drawThings();
  }

  locate() {
    const later = Math.min(this.moment + 1, this.recording.times.length - 1);
    for (const kind of this.recording.things) {
      if (!kind.moved && this.pixels.has(kind)) continue;
      this.pixels.set(kind, this.layout.pixels(kind.placesAt(this.moment), kind.placesAt(later), this.part));
    }
  }

  clear(context) {
    context.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    context.clearRect(0, 0, this.layout.width, this.layout.height);
    context.setLineDash([]);
  }

  drawStill() {
    const context = this.still;
    this.clear(context);
    context.strokeStyle = this.colours.outline;
    context.lineWidth = 1;
    context.beginPath();
    for (const line of this.recording.outline) {
      const pixels = this.layout.pixels(line);
      for (let at = 0; at < pixels.length; at += 2) context[at ? "lineTo" : "moveTo"](pixels[at], pixels[at + 1]);
      context.closePath();
    }
    context.stroke();
    if (this.recording.measured && this.bounds.right > this.bounds.left) this.drawScaleBar(context);
  }

  drawScaleBar(context) {
    const metres = this.layout.barMetres();
    const length = metres * this.layout.perMetre;
    const [x, y] = [12, this.layout.height - 10];
    context.strokeStyle = context.fillStyle = this.colours.muted;
    context.lineWidth = 1.5;
    context.beginPath();
    context.moveTo(x, y - 5);
    context.lineTo(x, y);
    context.lineTo(x + length, y);
    context.lineTo(x + length, y - 5);
    context.stroke();
    context.font = "11px system-ui, sans-serif";
    context.textBaseline = "bottom";
    context.textAlign = "left";
    context.fillText(metres >= 1000 ? `${metres / 1000} km` : `${significant(metres)} m`, x + 5, y - 2);
  }

  drawCrowd() {
    const hairs = this.recording.links.filter((kind) => this.isHair(kind));
    if (hairs.length || this.haired) this.clear(this.hairs);
    for (const kind of hairs) this.drawHairs(this.hairs, kind);
    this.haired = hairs.length > 0;
    this.crowd.clear();
    for (const kind of this.recording.things) if (!kind.named) this.drawDots(kind);
    this.crowd.finish();
  }

  drawDots(kind) {
    const radius = markRadius(kind, this.recording, this.layout);
    const stamps = kind.states.map((state) => this.crowd.stamp(state, radius, this.colours, this.ratio));
    this.crowd.add(kind, this.moment, this.pixels.get(kind), stamps, this.ratio);
  }

  drawThings() {
    const context = this.things;
    this.clear(context);
    for (const kind of this.recording.links) if (!this.isHair(kind)) this.drawLinks(context, kind);
    for (const kind of this.recording.things) if (kind.named) this.drawMarks(context, kind);
    drawNames(context, this.names(), this.colours);
  }

  drawMarks(context, kind) {
    const pixels = this.pixels.get(kind);
    const radius = markRadius(kind, this.recording, this.layout);
    const disc = kind.gauge ? radius * RING + 1 : radius * 1.3;
    for (let thing = 0; thing < kind.count; thing++) {
      const [x, y] = [pixels[2 * thing], pixels[2 * thing + 1]];
      context.fillStyle = this.colours.surface;
      context.beginPath();
      context.arc(x, y, disc, 0, 2 * Math.PI);
      context.fill();
      drawMark(context, kind.states[kind.stateAt(this.moment, thing)], x, y, radius * (kind.gauge ? 0.92 : 1), this.colours);
      if (kind.gauge) drawGauge(context, kind.gauge.at(this.moment, thing), x, y, radius * RING, this.colours);
      if (this.isSelected(kind, thing)) this.drawSelection(context, x, y, disc + 3);
    }
  }

  drawSelection(context, x, y, radius) {
    context.strokeStyle = this.colours.text;
    context.lineWidth = 2;
    context.beginPath();
    context.arc(x, y, radius, 0, 2 * Math.PI);
    context.stroke();
  }

  isSelected(kind, thing) {
    return this.selected !== null && this.selected.kind === kind.key && this.selected.thing === thing;
  }

  /* Names keep their places as long as what they name does. */
  names() {
    const moving = this.recording.things.some((kind) => kind.named && kind.moved);
    if (!this.placed || moving) {
      this.placed = placedNames(this.things, this.recording, this.layout, (kind) => this.pixels.get(kind));
    }
    return this.placed;
  }

  isHair(kind) {
    return [kind.source, kind.target].some((key) => !this.recording.kind(key).named) || this.linksNow(kind) > CROWD_LINKS;
  }

  linksNow(kind) {
    return kind.starts[this.moment + 1] - kind.starts[this.moment];
  }

  endsOf(kind, link) {
    const [from, to] = [this.pixels.get(this.recording.kind(kind.source)), this.pixels.get(this.recording.kind(kind.target))];
    return [
      { x: from[2 * link.source], y: from[2 * link.source + 1] },
      { x: to[2 * link.target], y: to[2 * link.target + 1] },
    ];
  }

  drawHairs(context, kind) {
    context.strokeStyle = this.colours[kind.tone];
    context.globalAlpha = 0.35;
    context.lineWidth = 0.8;
    context.beginPath();
    for (const link of kind.at(this.moment)) {
      const [from, to] = this.endsOf(kind, link);
      context.moveTo(from.x, from.y);
      context.lineTo(to.x, to.y);
    }
    context.stroke();
    context.globalAlpha = 1;
  }

  curves(kind) {
    const gaps = [kind.source, kind.target].map((key) => markReach(this.recording.kind(key), this.recording, this.layout));
    return kind.at(this.moment).flatMap((link) => {
      const [from, to] = this.endsOf(kind, link);
      const curve = curveOf(from, to, ...gaps);
      return curve ? [{ link, curve }] : [];
    });
  }

  drawLinks(context, kind) {
    const dash = LINK_DASHES[this.recording.links.indexOf(kind) % LINK_DASHES.length];
    const scale = Math.min(1, this.layout.width / FULL_WIDTH);
    for (const { link, curve } of this.curves(kind)) {
      const width = scale * linkWidth(kind, link.size, this.largest[kind.key]);
      drawArrow(context, curve, width, this.colours[kind.tone], dash);
    }
  }

  /* What lies under a point: what can be clicked first, then links, then the crowd. */
  at(x, y, reach) {
    if (!this.layout) return null;
    const named = this.recording.things.filter((kind) => kind.named).reverse();
    const crowds = this.recording.things.filter((kind) => !kind.named).reverse();
    return this.nearest(named, x, y, reach) ?? this.linkAt(x, y) ?? this.nearest(crowds, x, y, 0);
  }

  nearest(kinds, x, y, reach) {
    let best = null, least = Infinity;
    for (const kind of kinds) {
      const pixels = this.pixels.get(kind);
      const within = markReach(kind, this.recording, this.layout) + reach;
      for (let thing = 0; thing < kind.count; thing++) {
        const distance = Math.hypot(pixels[2 * thing] - x, pixels[2 * thing + 1] - y);
        if (distance <= within && distance < least) [best, least] = [{ kind, thing }, distance];
      }
    }
    return best;
  }

  linkAt(x, y) {
    for (const kind of this.recording.links) {
      if (this.isHair(kind)) continue;
      for (const { link, curve } of this.curves(kind)) {
        for (let part = 0; part <= 1; part += 0.05) {
          const point = pointOn(curve, part);
          if (Math.hypot(point.x - x, point.y - y) < 5) return { links: kind, link };
        }
      }
    }
    return null;
  }
}

function drawArrow(context, { start, middle, end }, width, colour, dash) {
  const head = 5 + 1.3 * width;
  const angle = Math.atan2(end.y - middle.y, end.x - middle.x);
  const [neckX, neckY] = [end.x - head * 0.8 * Math.cos(angle), end.y - head * 0.8 * Math.sin(angle)];
  context.strokeStyle = context.fillStyle = colour;
  context.lineWidth = width;
  context.lineCap = "butt";
  context.setLineDash(dash);
  context.beginPath();
  context.moveTo(start.x, start.y);
  context.quadraticCurveTo(middle.x, middle.y, neckX, neckY);
  context.stroke();
  context.setLineDash([]);
  context.beginPath();
  context.moveTo(end.x, end.y);
  for (const side of [-0.45, 0.45]) {
    context.lineTo(end.x - head * Math.cos(angle + side), end.y - head * Math.sin(angle + side));
  }
  context.fill();
}
