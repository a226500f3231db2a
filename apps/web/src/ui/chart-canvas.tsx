import { useEffect, useRef, useSyncExternalStore } from 'react';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';

export interface Series {
  readonly name: string;
  /** A colour of the styles, such as `warm`. */
  readonly color: string;
  /** One for each instant; null: nothing there. */
  readonly values: readonly (number | null)[];
}

export interface ChartProps {
  readonly title: string;
  /** Seconds since the epoch, in order. */
  readonly at: readonly number[];
  readonly series: readonly Series[];
  readonly kind: 'lines' | 'bars';
  /** Its values are counts. */
  readonly whole?: boolean;
  /** How a value is written at the axis. */
  readonly format: (value: number) => string;
}

const HEIGHT_PX = 160;
const FONT = '11px system-ui, sans-serif';

/** Between two ticks of a count: there are no half ones. */
const WHOLE_STEPS = Array.from({ length: 9 }, (_, n) => [1, 2, 5].map((one) => one * 10 ** n)).flat();
const TIME = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });
const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short' });
const DAY_SECONDS = 86_400;

/** How an instant is written at the axis, by how far its ticks are apart. */
const timeAt =
  (stepSeconds: number) =>
  (seconds: number): string =>
    (stepSeconds >= DAY_SECONDS ? DAY : TIME).format(seconds * 1_000);

type Drawn = Pick<ChartProps, 'series' | 'kind' | 'format'> & { readonly whole: boolean };

/** The scheme that is shown, whoever chose it: a canvas does not follow by itself. */
const subscribeToScheme = (listener: () => void): (() => void) => {
  const system = matchMedia('(prefers-color-scheme: dark)');
  system.addEventListener('change', listener);
  const chosen = new MutationObserver(listener);
  chosen.observe(document.documentElement, { attributeFilter: ['data-theme'] });
  return () => {
    system.removeEventListener('change', listener);
    chosen.disconnect();
  };
};
const schemeNow = (): string =>
  document.documentElement.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light');

/** What a colour of the styles is now: `light-dark()` is resolved only where it is used. */
function resolved(element: HTMLElement, color: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(--${color})`;
  element.append(probe);
  const { color: found } = getComputedStyle(probe);
  probe.remove();
  return found;
}

function optionsOf({ series, kind, whole, format }: Drawn, element: HTMLElement): uPlot.Options {
  const [line, ink] = [resolved(element, 'line'), resolved(element, 'ink-muted')];
  const axis: uPlot.Axis = { stroke: ink, font: FONT, grid: { stroke: line, width: 1 }, ticks: { stroke: line } };
  const bars = uPlot.paths.bars?.({ size: [0.7, 48] });
  return {
    width: element.clientWidth,
    height: HEIGHT_PX,
    legend: { show: false },
    cursor: { points: { size: 6 } },
    padding: [8, 24, 0, 0],
    scales: { y: { range: (_plot, _min, max) => [0, max > 0 ? max * 1.1 : 1] } },
    axes: [
      { ...axis, space: 64, values: (_plot, ticks, _index, _space, stepSeconds) => ticks.map(timeAt(stepSeconds)) },
      { ...axis, size: 62, ...(whole && { incrs: WHOLE_STEPS }), values: (_plot, ticks) => ticks.map(format) },
    ],
    series: [
      {},
      ...series.map(({ name, color }) => {
        const stroke = resolved(element, color);
        const drawn = kind === 'bars' && bars !== undefined ? { paths: bars, fill: stroke } : {};
        return { label: name, stroke, width: 1.5, points: { show: kind === 'lines', size: 4, fill: stroke }, ...drawn };
      }),
    ],
  };
}

/** Drawn on a canvas, which neither a screen reader nor a keyboard can look into: the numbers are in a table beside it. */
export default function ChartCanvas({ at, series, title, kind, whole = false, format }: ChartProps) {
  const box = useRef<HTMLDivElement>(null);
  const scheme = useSyncExternalStore(subscribeToScheme, schemeNow);
  useEffect(() => {
    const element = box.current;
    if (element === null) return undefined;
    const data: uPlot.AlignedData = [[...at], ...series.map(({ values }) => [...values])];
    const plot = new uPlot(optionsOf({ series, kind, whole, format }, element), data, element);
    const resize = new ResizeObserver(() => plot.setSize({ width: element.clientWidth, height: HEIGHT_PX }));
    resize.observe(element);
    return () => {
      resize.disconnect();
      plot.destroy();
    };
    // The scheme has its part in what is drawn: the colours are read when it is.
  }, [at, series, kind, whole, format, scheme]);
  return (
    <>
      <div ref={box} aria-hidden className="h-40 min-w-0 overflow-hidden" />
      <p className="sr-only">{`${title}: ${summary(series, format)}`}</p>
    </>
  );
}

/** The newest of each series in words. */
const summary = (series: readonly Series[], format: (value: number) => string): string =>
  series
    .map(({ name, values }) => {
      const last = values.findLast((value) => value !== null) ?? null;
      return `${name} ${last === null ? 'none' : format(last)}`;
    })
    .join(', ');
