const DOT_ROWS = 4;
/** Bits of the dots of a braille character, from the bottom up: left column, right column. */
const DOTS = [
  [0x40, 0x80],
  [0x04, 0x20],
  [0x02, 0x10],
  [0x01, 0x08],
] as const;

/**
 * Numbers from 0 to `top` as filled columns of dots, two for each character, `height` lines high, top line first. Empty
 * where there is nothing; what is there at all shows as at least one dot.
 */
export function brailleArea(values: readonly number[], top: number, height: number): readonly string[] {
  const dotsHigh = height * DOT_ROWS;
  const filled = values.map((v) => (v <= 0 || top <= 0 ? 0 : Math.max(1, Math.round((v / top) * dotsHigh))));
  const width = Math.ceil(values.length / 2);
  return Array.from({ length: height }, (_, fromTop) => {
    const below = (height - 1 - fromTop) * DOT_ROWS;
    const cells = Array.from({ length: width }, (_, n) => {
      const [left, right] = [filled[2 * n] ?? 0, filled[2 * n + 1] ?? 0];
      const bits = DOTS.reduce(
        (sum, [l, r], row) => sum + (left > below + row ? l : 0) + (right > below + row ? r : 0),
        0,
      );
      return String.fromCharCode(0x2800 + bits);
    });
    return cells.join('').replace(/\u2800+$/, '');
  });
}
