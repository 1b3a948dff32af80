/* Reads the recordings in the page: a deflated JSON header, and the arrays that it refers to by number. */

const ARRAY_TYPES = {
  u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, i1: Int8Array, i2: Int16Array, i4: Int32Array,
  f4: Float32Array, f8: Float64Array,
};
const LOWEST = { i1: -(2 ** 7), i2: -(2 ** 15), i4: -(2 ** 31) };

async function readRecordings(base64) {
  if (typeof DecompressionStream === "undefined") {
    throw new Error("This browser cannot unpack the recordings. Open the page in a current Chrome, Edge, Firefox or Safari.");
  }
  try {
    return await unpackedRecordings(base64);
  } catch (error) {
    throw new Error("The recordings in this page are cut or damaged. Write the page again: voltran replay FOLDER", { cause: error });
  }
}

async function unpackedRecordings(base64) {
  const packed = Uint8Array.from(atob(base64.trim()), (character) => character.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate"));
  const body = await new Response(stream).arrayBuffer();
  const length = new DataView(body).getUint32(0, true);
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(body, 4, length)));
  const arrays = unpackedArrays(header.arrays, body, 4 + length);
  return header.recordings.map((said) => new Recording(said, arrays));
}

function unpackedArrays(entries, body, start) {
  return entries.map((entry) => {
    const count = entry.shape.reduce((product, size) => product * size, 1);
    const values = new ARRAY_TYPES[entry.type](body, start + entry.at, count);
    const row = entry.shape.slice(1).reduce((product, size) => product * size, 1);
    if (entry.changes) {
      for (let place = row; place < count; place++) values[place] += values[place - row];
    }
    return { values, row, none: LOWEST[entry.type] };
  });
}

/* A number of each thing at each moment; NaN where there is none. */
class Series {
  constructor(said, arrays) {
    Object.assign(this, { key: said.key, title: said.title, unit: said.unit, digits: said.digits, low: said.low, high: said.high });
    Object.assign(this, arrays[said.array], { per: said.per });
  }

  at(moment, thing = 0) {
    const value = this.values[moment * this.row + thing];
    if (this.per === null) return value;
    return value === this.none ? NaN : value / this.per;
  }
}

/* Things of one kind. */
class Kind {
  constructor(said, arrays) {
    const { key, title, names, states, gauge } = said;
    Object.assign(this, { key, title, names, states, named: names.length > 0 });
    this.state = arrays[said.state].values;
    this.count = arrays[said.state].row;
    this.start = placesOf(said.places, arrays);
    this.moved = said.moved && placesOf(said.moved, arrays);
    this.quantities = said.quantities.map((each) => new Series(each, arrays));
    this.gauge = this.quantities.find((each) => each.key === gauge) ?? null;
    this.texts = said.texts.map((each) => ({
      key: each.key,
      title: each.title,
      code: (moment, thing) => arrays[each.codes].values[moment * this.count + thing],
      at: (moment, thing) => each.table[arrays[each.codes].values[moment * this.count + thing]],
    }));
  }

  stateAt(moment, thing) {
    return this.state[moment * this.count + thing];
  }

  /* Places [x, y, x, y, ...] in metres at a moment. */
  placesAt(moment) {
    return this.moved ? this.moved.subarray(moment * 2 * this.count, (moment + 1) * 2 * this.count) : this.start;
  }

  counts(moment) {
    const counts = this.states.map(() => 0);
    for (const code of this.state.subarray(moment * this.count, (moment + 1) * this.count)) counts[code]++;
    return counts;
  }

  changes(moment, thing) {
    if (this.stateAt(moment, thing) !== this.stateAt(moment - 1, thing)) return true;
    return this.texts.some((text) => text.code(moment, thing) !== text.code(moment - 1, thing));
  }
}

function placesOf(said, arrays) {
  const steps = arrays[said.array].values;
  return Float64Array.from(steps, (step, place) => said.corner[place % 2] + step * said.step);
}

/* Links of one kind. */
class LinkKind {
  constructor(said, arrays) {
    const { key, title, source, target, unit, tone } = said;
    Object.assign(this, { key, title, source, target, unit, tone });
    [this.starts, this.sources, this.targets] = [said.starts, said.sources, said.targets].map((part) => arrays[part].values);
    this.sizes = said.sizes === null ? null : arrays[said.sizes].values;
    this.largest = (this.sizes ?? []).reduce((most, size) => (size > most ? size : most), 0);
  }

  /* Those at a moment, as {source, target, size}. */
  at(moment) {
    const links = [];
    for (let link = this.starts[moment]; link < this.starts[moment + 1]; link++) {
      links.push({ source: this.sources[link], target: this.targets[link], size: this.sizes ? this.sizes[link] : NaN });
    }
    return links;
  }
}

/* One controller's episode. */
class Recording {
  constructor(said, arrays) {
    const { label, information, world, scenario, seed, version, every, kpis, measured, colour, dash } = said;
    Object.assign(this, { label, information, world, scenario, seed, version, every, kpis, measured, colour, dash });
    this.times = said.times_h;
    this.things = said.things.map((each) => new Kind(each, arrays));
    this.links = said.links.map((each) => new LinkKind(each, arrays));
    this.strips = said.strips.map((each) => new Series(each, arrays));
    this.outline = said.outline.map((line) => arrays[line].values);
    this.outlineTitle = said.outline_title;
  }

  kind(key) {
    return this.things.find((kind) => kind.key === key);
  }

  /* The last moment that is not after a time. */
  momentAt(time) {
    let moment = 0;
    while (moment + 1 < this.times.length && this.times[moment + 1] <= time + 1e-9) moment++;
    return moment;
  }

  isOverAt(time) {
    return time > this.times[this.times.length - 1] + 1e-9;
  }
}
