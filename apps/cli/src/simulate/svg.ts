export interface Curve {
  readonly name: string;
  readonly values: readonly number[];
}

const WIDTH = 960;
const BAND = 140;
const LEFT = 56;
const COLOURS = ['#4269d0', '#3ca951', '#ff725c', '#a463f2', '#9c6b4e', '#6cc5b0'];

/** One band for each curve, all on the same scale from 0 to `top`, above one axis of `hours`. */
export function svgOf(
  curves: readonly Curve[],
  { top, hours, unit }: { top: number; hours: number; unit: string },
): string {
  const scale = (value: number): string => ((BAND - 34) * (1 - (top <= 0 ? 0 : value / top)) + 24).toFixed(1);
  const bands = curves.map(({ name, values }, n) => {
    const step = (WIDTH - LEFT - 8) / Math.max(1, values.length);
    const path = values.map(
      (v, i) => `H${(LEFT + i * step).toFixed(1)}V${scale(v)}H${(LEFT + (i + 1) * step).toFixed(1)}`,
    );
    const colour = COLOURS[n % COLOURS.length];
    return [
      `<g transform="translate(0 ${n * BAND})">`,
      `<text x="${LEFT}" y="16" font-weight="bold">${escaped(name)}</text>`,
      `<path d="M${LEFT} ${scale(0)}${path.join('')}V${scale(0)}Z" fill="${colour}" fill-opacity="0.55"/>`,
      `<text x="${LEFT - 6}" y="${scale(top)}" dy="8" text-anchor="end">${top.toFixed(top < 10 ? 1 : 0)}</text>`,
      `<text x="${LEFT - 6}" y="${scale(0)}" text-anchor="end">0</text>`,
      '</g>',
    ].join('');
  });
  const height = curves.length * BAND + 24;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="12">`,
    `<rect width="${WIDTH}" height="${height}" fill="#fff"/>`,
    ...bands,
    `<text x="${LEFT}" y="${height - 8}">0 h</text>`,
    `<text x="${WIDTH - 8}" y="${height - 8}" text-anchor="end">${hours.toFixed(hours < 10 ? 1 : 0)} h; ${escaped(unit)}</text>`,
    '</svg>\n',
  ].join('\n');
}

const escaped = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
