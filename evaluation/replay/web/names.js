/* Where names of things stand on a map: beside their marks, so that none covers another or a mark. */

const MOST_NAMES = 100; // of a kind; more are told by the pointer alone
const LONGEST_NAME = 16; // characters
const NAMED_SHARE = 0.75; // of a kind for which there must be room; else none of it is named
const NAME_FONT = "11px system-ui, sans-serif", NAME_HEIGHT = 13;

/* Texts and their places, the kinds with the fewest things first. */
function placedNames(context, recording, layout, pixelsOf) {
  const named = recording.things.filter((kind) => kind.named).sort((one, other) => one.count - other.count);
  const taken = named.flatMap((kind) => discs(kind, recording, layout, pixelsOf(kind)));
  context.font = NAME_FONT;
  return named.flatMap((kind) => {
    if (kind.count > MOST_NAMES) return [];
    const names = namesOf(kind, context, layout, pixelsOf(kind), markReach(kind, recording, layout), taken);
    if (names.length < NAMED_SHARE * kind.count) return [];
    taken.push(...names.map((name) => name.box));
    return names;
  });
}

function namesOf(kind, context, layout, pixels, reach, taken) {
  const placed = [];
  for (let thing = 0; thing < kind.count; thing++) {
    const [x, y] = [pixels[2 * thing], pixels[2 * thing + 1]];
    const text = shortened(kind.names[thing], LONGEST_NAME);
    const width = context.measureText(text).width;
    const box = boxesAround(x, y, width, reach).find((each) =>
      inside(each, layout) && ![...taken, ...placed.map((name) => name.box)].some((other) => overlap(each, other)));
    if (box) placed.push({ text, x: box.left, y: box.top, box });
  }
  return placed;
}

/* Room that marks take, as boxes. */
function discs(kind, recording, layout, pixels) {
  const reach = markReach(kind, recording, layout) - 1;
  return Array.from({ length: kind.count }, (_, thing) => {
    const [x, y] = [pixels[2 * thing], pixels[2 * thing + 1]];
    return { left: x - reach, right: x + reach, top: y - reach, bottom: y + reach };
  });
}

/* Below, above, to the right and to the left of a mark. */
function boxesAround(x, y, width, reach) {
  const box = (left, top) => ({ left, right: left + width, top, bottom: top + NAME_HEIGHT });
  return [
    box(x - width / 2, y + reach),
    box(x - width / 2, y - reach - NAME_HEIGHT),
    box(x + reach + 2, y - NAME_HEIGHT / 2),
    box(x - reach - 2 - width, y - NAME_HEIGHT / 2),
  ];
}

function inside(box, layout) {
  return box.left >= 2 && box.right <= layout.width - 2 && box.top >= 2 && box.bottom <= layout.height - 2;
}

function overlap(one, other) {
  return one.left < other.right && other.left < one.right && one.top < other.bottom && other.top < one.bottom;
}

function drawNames(context, names, colours) {
  context.font = NAME_FONT;
  context.textAlign = "left";
  context.textBaseline = "top";
  context.lineWidth = 3;
  context.lineJoin = "round";
  context.strokeStyle = colours.surface;
  context.fillStyle = colours.text;
  for (const { text, x, y } of names) {
    context.strokeText(text, x, y);
    context.fillText(text, x, y);
  }
}
