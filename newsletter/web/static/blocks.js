// Where the blocks of a mail stand in its document: between comments that the program put there.

const OPENING = /^block (\d+\.(?:\d+|title|lead))$/;
const ENDING = /^end (\d+\.(?:\d+|title|lead))$/;
const AFTER = 6; // blocks below the one at the top that are asked when that one is gone

// Return the range of each block in a mail's document, by its name: "0.3" is the fourth block of the first item, "0.title" its title.
export function rangesOf(page) {
  const found = new Map();
  const open = new Map();
  const walker = page.createTreeWalker(page, NodeFilter.SHOW_COMMENT);
  for (let node = walker.nextNode(); node; node = walker.nextNode()) {
    const name = OPENING.exec(node.data)?.[1];
    if (name && !found.has(name)) open.set(name, node);
    const ended = ENDING.exec(node.data)?.[1];
    if (ended && open.has(ended) && !found.has(ended)) {
      const range = page.createRange();
      range.setStartAfter(open.get(ended));
      range.setEndBefore(node);
      found.set(ended, range);
    }
  }
  return found;
}

// Return the box of what a range shows, in the frame's own pixels; null where it shows nothing.
export function boxOf(range) {
  let box = null;
  for (const one of range.getClientRects()) {
    if (one.width < 1 || one.height < 1) continue;
    box = box
      ? {
          left: Math.min(box.left, one.left),
          top: Math.min(box.top, one.top),
          right: Math.max(box.right, one.right),
          bottom: Math.max(box.bottom, one.bottom),
        }
      : { left: one.left, top: one.top, right: one.right, bottom: one.bottom };
  }
  return box;
}

export function holds(range, node) {
  const own = node.ownerDocument.createRange();
  own.selectNode(node);
  return (
    range.compareBoundaryPoints(Range.START_TO_START, own) <= 0 && range.compareBoundaryPoints(Range.END_TO_END, own) >= 0
  );
}

const wordsOf = (range) => range.toString().replace(/\s+/g, " ").trim();

// Return how far what is read at `top` (pixels of the old document) has moved down in the new one. A block is known
// again by its words, as names are counted anew when one is added above; one that was itself edited by its name.
export function movedBy(before, after, top) {
  const now = [...rangesOf(after)].map(([name, range]) => ({ name, range, words: wordsOf(range) }));
  const old = [...rangesOf(before)].map(([name, range]) => ({ name, range, words: wordsOf(range), box: boxOf(range) }));
  const below = old.filter(({ box }) => box && box.bottom > top).slice(0, AFTER);
  const isSameNumber = old.length === now.length;
  for (const one of below) {
    const alike = now.filter(({ name, words }) => (one.words ? words === one.words : false) || (isSameNumber && name === one.name));
    const again = alike.find(({ name }) => name === one.name) ?? alike[0];
    const box = again && boxOf(again.range);
    if (box) return box.top - one.box.top;
  }
  return 0;
}
