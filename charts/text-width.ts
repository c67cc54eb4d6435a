/**
 * How wide a text will be, without anything that renders it. The viewer's fonts are not known, so the widths are
 * those of a wide sans serif: a label never outgrows the place it was given.
 */

const narrow = new Set("ijlI.,:;'|!()[] ");
const slim = new Set('ftr/-"*');
const wide = new Set("mwMW@%");

/** In px. */
export function textWidth(text: string, fontSizePx: number, bold = false): number {
  let ems = 0;
  for (const letter of text) {
    if (narrow.has(letter)) ems += 0.34;
    else if (slim.has(letter)) ems += 0.42;
    else if (wide.has(letter)) ems += 0.92;
    else if (letter >= "A" && letter <= "Z") ems += 0.7;
    else ems += 0.625;
  }
  return ems * fontSizePx * (bold ? 1.07 : 1);
}

/** Lines of at most `widthPx`, broken between words; a longer word has a line of its own. */
export function wrapText(text: string, fontSizePx: number, widthPx: number): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(/\s+/)) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (line !== "" && textWidth(longer, fontSizePx) > widthPx) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === "" ? lines : [...lines, line];
}
