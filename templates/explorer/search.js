// Search as one types: names first, then words of descriptions, then what was probably meant.

const words = (text) => text.toLowerCase().split(/[^\p{L}\p{N}]+/u).filter(Boolean);

/** A bit for each letter that a word has. */
function letters(word) {
  let bits = 0;
  for (let index = 0; index < word.length; index += 1) bits |= 1 << (word.charCodeAt(index) & 31);
  return bits;
}

/** How many letters of one word another lacks: each of them takes an edit. */
function lacking(wanted, there) {
  let count = 0;
  for (let bits = wanted & ~there; bits !== 0; bits &= bits - 1) count += 1;
  return count;
}

/** Every word with its letters, who has it, and how much that counts. */
const vocabulary = (() => {
  const all = new Map();
  const add = (word, extension, weight) => {
    if (!all.has(word)) all.set(word, { bits: letters(word), places: new Map() });
    const { places } = all.get(word);
    places.set(extension, Math.max(places.get(extension) ?? 0, weight));
  };
  for (const extension of extensions) {
    add(extension.name.toLowerCase(), extension, 100);
    for (const part of words(extension.name)) add(part, extension, 60);
    for (const name of extension.sql ?? []) {
      add(name.toLowerCase(), extension, 90);
      for (const part of words(name)) add(part, extension, 50);
    }
    for (const word of words(extension.description)) add(word, extension, 20);
  }
  return all;
})();

/** How well a word answers what was typed, without a mistake. */
function fitting(word, wanted) {
  if (word === wanted) return 1.2;
  if (word.startsWith(wanted)) return 0.8;
  return wanted.length > 1 && word.includes(wanted) ? 0.4 : 0;
}

/**
 * The fewest edits (one letter more, less, other, or two exchanged) between what was typed and the beginning of a word;
 * more than `most` are not counted to the end.
 */
function edits(word, wanted, most) {
  const width = Math.min(word.length, wanted.length + most);
  let [older, old] = [[], Array.from({ length: width + 1 }, (_, index) => index)];
  for (let row = 1; row <= wanted.length; row += 1) {
    const now = [row];
    let least = row;
    for (let column = 1; column <= width; column += 1) {
      const same = wanted[row - 1] === word[column - 1];
      let best = Math.min(old[column - 1] + (same ? 0 : 1), old[column] + 1, now[column - 1] + 1);
      const exchanged = wanted[row - 1] === word[column - 2] && wanted[row - 2] === word[column - 1];
      if (row > 1 && column > 1 && exchanged) best = Math.min(best, older[column - 2] + 1);
      now.push(best);
      least = Math.min(least, best);
    }
    if (least > most) return Infinity;
    [older, old] = [old, now];
  }
  return Math.min(...old);
}

/** Who answers one word, and how well. */
function answers(wanted) {
  const found = new Map();
  const note = (places, quality) => {
    for (const [extension, weight] of places) {
      found.set(extension, Math.max(found.get(extension) ?? 0, weight * quality));
    }
  };
  for (const [word, { places }] of vocabulary) {
    const quality = fitting(word, wanted);
    if (quality > 0) note(places, quality);
  }
  const most = wanted.length >= 8 ? 2 : wanted.length >= 4 ? 1 : 0;
  if (found.size > 0 || most === 0) return found;
  const bits = letters(wanted);
  for (const [word, { bits: there, places }] of vocabulary) {
    if (word.length < wanted.length - most || lacking(bits, there) > most) continue;
    const mistakes = edits(word, wanted, most);
    if (mistakes <= most) note(places, 0.3 / mistakes);
  }
  return found;
}

/** Those who answer all that was typed, each with how well; `undefined`: nothing was typed. */
function search(text) {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return undefined;
  let all;
  for (const word of wanted) {
    const found = answers(word);
    if (all) {
      for (const [extension, score] of all) {
        if (found.has(extension)) found.set(extension, found.get(extension) + score);
      }
      for (const extension of [...found.keys()]) if (!all.has(extension)) found.delete(extension);
    }
    all = found;
  }
  return all;
}
