/* Where things of a map lie in pixels. */

const MARGIN = 24, BELOW = 40; // around the outermost places, and below them, where the scale bar is, in pixels
const RING = 1.55; // radius of the ring around a mark of radius 1
const UP_TO = { tall: 1.0, flat: 0.62 }; // height of a map as a share of its width

/* The rectangle that holds every place at every moment of all recordings, in metres. */
function boundsOf(recordings) {
  const bounds = { left: Infinity, right: -Infinity, bottom: Infinity, top: -Infinity };
  const hold = (places) => {
    for (let at = 0; at + 1 < places.length; at += 2) {
      const [x, y] = [places[at], places[at + 1]];
      bounds.left = Math.min(bounds.left, x);
      bounds.right = Math.max(bounds.right, x);
      bounds.bottom = Math.min(bounds.bottom, y);
      bounds.top = Math.max(bounds.top, y);
    }
  };
  for (const recording of recordings) {
    recording.outline.forEach(hold);
    for (const kind of recording.things) {
      hold(kind.start);
      if (kind.moved) hold(kind.moved);
    }
  }
  return bounds.left > bounds.right ? { left: 0, right: 0, bottom: 0, top: 0 } : bounds;
}

/* How places in metres become pixels of a map of a width. */
class Layout {
  constructor(bounds, width, tallest) {
    const [spanX, spanY] = [bounds.right - bounds.left, bounds.top - bounds.bottom];
    const shape = spanX > 0 ? spanY / spanX : 1;
    const share = Math.min(UP_TO.tall, Math.max(UP_TO.flat, shape));
    this.width = width;
    this.height = Math.round(Math.min(tallest, width * share));
    const fits = [(this.width - 2 * MARGIN) / spanX, (this.height - MARGIN - BELOW) / spanY].filter(Number.isFinite);
    this.perMetre = fits.length ? Math.max(1e-9, Math.min(...fits)) : 1;
    this.x = this.width / 2 - (this.perMetre * (bounds.left + bounds.right)) / 2;
    this.y = (this.height + MARGIN - BELOW) / 2 + (this.perMetre * (bounds.bottom + bounds.top)) / 2;
  }

  /* Pixels [x, y, x, y, ...] of places; on the way to later ones where a part of the way is done. */
  pixels(places, later = places, part = 0) {
    const pixels = new Float32Array(places.length);
    for (let at = 0; at < places.length; at += 2) {
      const x = places[at] + part * (later[at] - places[at]);
      const y = places[at + 1] + part * (later[at + 1] - places[at + 1]);
      pixels[at] = this.x + this.perMetre * x;
      pixels[at + 1] = this.y - this.perMetre * y;
    }
    return pixels;
  }

  /* A round length for the scale bar, in metres. */
  barMetres() {
    const most = (0.3 * this.width) / this.perMetre;
    const power = 10 ** Math.floor(Math.log10(most));
    return power * [5, 2, 1].find((factor) => factor * power <= most);
  }
}

/* The median distance of things from their nearest neighbour, in metres. */
function spacingOf(places) {
  const nearest = [];
  for (let one = 0; one < places.length; one += 2) {
    let least = Infinity;
    for (let other = 0; other < places.length; other += 2) {
      const distance = Math.hypot(places[one] - places[other], places[one + 1] - places[other + 1]);
      if (one !== other && distance < least) least = distance;
    }
    if (Number.isFinite(least)) nearest.push(least);
  }
  nearest.sort((one, other) => one - other);
  return nearest.length ? nearest[Math.floor(nearest.length / 2)] : Infinity;
}

/* Radius of the marks of a kind, in pixels: small enough for its own kind and for all that can be clicked. */
function markRadius(kind, recording, layout) {
  if (!kind.named) {
    const room = Math.sqrt((layout.width * layout.height) / Math.max(1, kind.count));
    return Math.min(3.4, Math.max(2, 0.2 * room));
  }
  kind.spacing ??= spacingOf(kind.start);
  recording.spacing ??= spacingOf(recording.things.filter((each) => each.named).flatMap((each) => [...each.start]));
  const most = layout.perMetre * Math.min(0.155 * kind.spacing, 0.28 * recording.spacing);
  return Math.min(9, Math.max(2.5, most));
}

/* How far a mark reaches with its ring, if it has one, and some air. */
function markReach(kind, recording, layout) {
  return markRadius(kind, recording, layout) * (kind.gauge ? RING : 1.25) + 3;
}

/* A link as a curve that bends to its right, so that the two directions lie beside each other. */
function curveOf(from, to, startGap, endGap) {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = Math.hypot(dx, dy);
  if (!(length > startGap + endGap)) return null;
  const [ux, uy] = [dx / length, dy / length];
  const bend = Math.min(18, 0.14 * length);
  const start = { x: from.x + ux * startGap, y: from.y + uy * startGap };
  const end = { x: to.x - ux * endGap, y: to.y - uy * endGap };
  const middle = { x: (start.x + end.x) / 2 - uy * bend, y: (start.y + end.y) / 2 + ux * bend };
  return { start, middle, end };
}

function pointOn({ start, middle, end }, part) {
  const rest = 1 - part;
  return {
    x: rest * rest * start.x + 2 * rest * part * middle.x + part * part * end.x,
    y: rest * rest * start.y + 2 * rest * part * middle.y + part * part * end.y,
  };
}
