import { formatDateTime, formatDuration, formatRelative } from './format.ts';
import { useClock } from './now.ts';

/** `3 min ago`, kept true; the exact time as its tooltip. `at`: ISO 8601 or epoch milliseconds. */
export function RelativeTime({ at }: { at: string | number }) {
  const ms = new Date(at).getTime();
  const words = useClock((now) => formatRelative(ms, now));
  return (
    <time dateTime={new Date(ms).toISOString()} title={formatDateTime(ms)} className="tabular whitespace-nowrap">
      {words}
    </time>
  );
}

/** How long something has been going on, kept true. `since`: ISO 8601 or epoch milliseconds. */
export function Elapsed({ since }: { since: string | number }) {
  const ms = new Date(since).getTime();
  const words = useClock((now) => formatDuration(now - ms));
  return <span className="tabular whitespace-nowrap">{words}</span>;
}
