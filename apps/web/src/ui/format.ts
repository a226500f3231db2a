/** How numbers and times are written. Pure: `now` is given, the time zone is the reader's. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** `820 ms`, `4.2 s`, `1 min 05 s`, `2 h 10 min`, `3 d 4 h`. */
export function formatDuration(ms: number): string {
  if (ms < SECOND_MS) return `${Math.round(Math.max(0, ms))} ms`;
  if (ms < 9_950) return `${(ms / SECOND_MS).toFixed(1)} s`;
  const seconds = Math.round(ms / SECOND_MS);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`;
  const hours = Math.floor(minutes / 60);
  if (hours < 24) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`;
  return hours % 24 === 0 ? `${hours / 24} d` : `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 d ago`; `in 3 min` for what is to come. */
export function formatRelative(at: number, now: number): string {
  const distance = Math.abs(now - at);
  if (distance < 5 * SECOND_MS) return 'just now';
  const words = coarse(distance);
  return at > now ? `in ${words}` : `${words} ago`;
}

function coarse(ms: number): string {
  if (ms < MINUTE_MS) return `${Math.floor(ms / SECOND_MS)} s`;
  if (ms < HOUR_MS) return `${Math.floor(ms / MINUTE_MS)} min`;
  if (ms < DAY_MS) return `${Math.floor(ms / HOUR_MS)} h`;
  return `${Math.floor(ms / DAY_MS)} d`;
}

const DATE_TIME = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium' });

/** `22 Nov 2026, 08:15:31` */
export const formatDateTime = (at: number): string => DATE_TIME.format(at);

const WHOLE = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });
const COMPACT = new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 });

/** `12,345` */
export const formatCount = (count: number): string => WHOLE.format(count);
/** `12.3K`; below 10,000 as it is */
export const formatCompact = (count: number): string => (count < 10_000 ? WHOLE.format(count) : COMPACT.format(count));
/** `42 %`, from 0.42 */
export const formatShare = (share: number): string => `${WHOLE.format(share * 100)} %`;

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** `512 B`, `1.2 MB`: powers of 1000, as disks and networks are counted. */
export const formatBytes = (bytes: number): string => inUnits(bytes, 1_000, BYTE_UNITS);

/** `512 MiB`, `24 GiB`: memory. */
export const formatMiB = (mib: number): string => inUnits(mib, 1_024, ['MiB', 'GiB', 'TiB', 'PiB']);

function inUnits(amount: number, step: number, units: readonly string[]): string {
  let [value, unit] = [amount, 0];
  // What would be written as a whole step is written in the next unit.
  while (value >= step - 0.5 && unit < units.length - 1) [value, unit] = [value / step, unit + 1];
  const digits = unit === 0 || value >= 99.95 || Number.isInteger(value) ? 0 : 1;
  return `${value.toFixed(digits)} ${units[unit]}`;
}

const MICROS = 1_000_000;

/**
 * Millionths of the operator's currency, which has no sign here: two decimals, and for less than a hundredth as many as it
 * takes to show two digits.
 */
export function formatMoney(micros: number): string {
  const amount = micros / MICROS;
  if (micros === 0 || Math.abs(amount) >= 0.01) {
    return amount.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  }
  return amount.toLocaleString('en', {
    maximumFractionDigits: 6,
    maximumSignificantDigits: 2,
    minimumFractionDigits: 2,
  });
}

/** A price of seconds, exact: `0.000225`. */
export const formatPrice = (microsPerSecond: number): string =>
  (microsPerSecond / MICROS).toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 6 });
