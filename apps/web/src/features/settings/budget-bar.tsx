import { cx } from '../../ui/class-names.ts';
import { formatMoney } from '../../ui/format.ts';

/** What is spent of a limit, and behind it what is held for runs that have not ended; once nothing is left of it, so in words. */
export function BudgetBar({
  label,
  spentMicros,
  heldMicros,
  limitMicros,
}: {
  label: string;
  spentMicros: number;
  heldMicros: number;
  limitMicros: number | null;
}) {
  const held = heldMicros > 0 ? `, ${formatMoney(heldMicros)} held` : '';
  const used = `${formatMoney(spentMicros)} spent${held}`;
  if (limitMicros === null) return <span className="text-ink-muted">{used}</span>;
  const share = (micros: number) => (limitMicros === 0 ? 100 : Math.min(100, Math.max(0, micros / limitMicros) * 100));
  const all = share(spentMicros + heldMicros);
  const left = all === 100 ? 'used up' : `${Math.floor(all)} %`;
  return (
    <div className="flex min-w-40 flex-col gap-1">
      <span className="flex items-baseline justify-between gap-3">
        <span>
          {used} <span className="text-ink-muted">of {formatMoney(limitMicros)}</span>
        </span>
        <span className={cx('whitespace-nowrap', all === 100 ? 'font-medium text-danger' : 'text-ink-muted')}>
          {left}
        </span>
      </span>
      <div
        role="meter"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={limitMicros}
        aria-valuenow={Math.min(limitMicros, Math.max(0, spentMicros + heldMicros))}
        aria-valuetext={`${used} of ${formatMoney(limitMicros)}, ${left}`}
        className="relative h-1.5 overflow-hidden rounded-full bg-hover"
      >
        <div className="absolute inset-y-0 left-0 bg-booting/50" style={{ width: `${all}%` }} />
        <div className="absolute inset-y-0 left-0 bg-accent" style={{ width: `${share(spentMicros)}%` }} />
      </div>
    </div>
  );
}
