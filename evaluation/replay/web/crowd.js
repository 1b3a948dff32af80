/* Thousands of small marks in one picture: each is copied pixel by pixel, which takes less than asking a canvas to draw. */

class Crowd {
  constructor(context) {
    this.context = context;
    this.stamps = new Map();
  }

  resize() {
    const { width, height } = this.context.canvas;
    this.picture = new ImageData(width, height);
    this.pixels = new Uint32Array(this.picture.data.buffer);
    this.stamps.clear();
  }

  clear() {
    this.pixels.fill(0);
  }

  /* Adds all things of a kind at a moment; places are in pixels of the page, of which the picture has some more. */
  add(kind, moment, places, stamps, ratio) {
    const { state, count } = kind;
    const { width, height } = this.picture;
    const first = moment * count;
    for (let thing = 0; thing < count; thing++) {
      const stamp = stamps[state[first + thing]];
      const left = Math.round(places[2 * thing] * ratio - stamp.size / 2);
      const top = Math.round(places[2 * thing + 1] * ratio - stamp.size / 2);
      if (left >= 0 && top >= 0 && left + stamp.size <= width && top + stamp.size <= height) {
        copyMark(this.pixels, stamp, top * width + left);
      }
    }
  }

  finish() {
    this.context.putImageData(this.picture, 0, 0);
  }

  /* The mark of a state as a list of its pixels. */
  stamp(state, radius, colours, ratio) {
    if (!this.stamps.has(state)) {
      this.stamps.set(state, pixelsOf(stampOf(state, radius, colours, ratio), this.picture.width));
    }
    return this.stamps.get(state);
  }
}

/* Full pixels replace what is there, those of edges mix with it. */
function copyMark(pixels, { full, fullColours, edge, edgeColours }, corner) {
  for (let each = 0; each < full.length; each++) pixels[corner + full[each]] = fullColours[each];
  for (let each = 0; each < edge.length; each++) {
    const place = corner + edge[each];
    const below = pixels[place];
    pixels[place] = below === 0 ? edgeColours[each] : blended(edgeColours[each], below);
  }
}

/* Where the pixels of a mark lie in a picture of a width, counted from the mark's corner. */
function pixelsOf(canvas, width) {
  const size = canvas.width;
  const all = new Uint32Array(canvas.getContext("2d").getImageData(0, 0, size, size).data.buffer);
  const opacity = (place) => all[place] >>> 24;
  const listed = (places) => [
    Int32Array.from(places, (place) => Math.floor(place / size) * width + (place % size)),
    Uint32Array.from(places, (place) => all[place]),
  ];
  const places = [...all.keys()];
  const [full, fullColours] = listed(places.filter((place) => opacity(place) === 255));
  const [edge, edgeColours] = listed(places.filter((place) => opacity(place) > 0 && opacity(place) < 255));
  return { size, full, fullColours, edge, edgeColours };
}

/* One colour with transparency above another, as four bytes: alpha, blue, green, red. */
function blended(above, below) {
  const over = above >>> 24;
  const under = ((below >>> 24) * (255 - over)) / 255;
  const alpha = over + under;
  const blue = (((above >>> 16) & 255) * over + ((below >>> 16) & 255) * under) / alpha;
  const green = (((above >>> 8) & 255) * over + ((below >>> 8) & 255) * under) / alpha;
  const red = ((above & 255) * over + (below & 255) * under) / alpha;
  return ((alpha << 24) | (blue << 16) | (green << 8) | red) >>> 0;
}
