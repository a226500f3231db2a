import { cx } from '../../ui/class-names.ts';

interface StackedDaysProps {
  readonly label: string;
  readonly parts: readonly { readonly name: string; readonly className: string }[];
  /** `values`: one for each part. */
  readonly days: readonly { readonly day: string; readonly values: readonly number[] }[];
  readonly format: (value: number) => string;
}

const DAY = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', timeZone: 'UTC' });

/** A bar for each day, in parts. Every bar says its numbers. */
export function StackedDays({ label, parts, days, format }: StackedDaysProps) {
  const most = Math.max(...days.map(({ values }) => sum(values)), 0);
  const [first, last] = [days[0], days.at(-1)];
  return (
    <figure className="min-w-0">
      <figcaption className="mb-3 flex flex-wrap gap-x-4 gap-y-1 text-xs text-ink-muted">
        <span className="sr-only">{label}</span>
        {parts.map(({ name, className }) => (
          <span key={name} className="inline-flex min-w-0 items-center gap-1.5">
            <span aria-hidden className={cx('size-2.5 shrink-0 rounded-sm', className)} />
            <span className="truncate">{name}</span>
          </span>
        ))}
        <span className="ml-auto whitespace-nowrap tabular">at most {format(most)} a day</span>
      </figcaption>
      <ol className="flex h-36 items-end gap-px border-b border-line sm:gap-1">
        {days.map(({ day, values }) => {
          const words = `${DAY.format(new Date(day))}: ${wordsOf(parts, values, format)}`;
          return (
            <li key={day} title={words} className="flex h-full min-w-0 flex-1 flex-col justify-end hover:bg-hover">
              <span className="sr-only">{words}</span>
              {values.map((value, n) =>
                value > 0 ? (
                  <span
                    key={parts[n]?.name}
                    aria-hidden
                    style={{ height: `${(100 * value) / most}%` }}
                    className={cx('min-h-px', parts[n]?.className)}
                  />
                ) : null,
              )}
            </li>
          );
        })}
      </ol>
      {first && last && (
        <p aria-hidden className="mt-1 flex justify-between text-xs text-ink-muted">
          <span>{DAY.format(new Date(first.day))}</span>
          <span>{DAY.format(new Date(last.day))}</span>
        </p>
      )}
    </figure>
  );
}

const sum = (values: readonly number[]): number => values.reduce((all, one) => all + one, 0);

function wordsOf(
  parts: StackedDaysProps['parts'],
  values: readonly number[],
  format: StackedDaysProps['format'],
): string {
  const some = parts.flatMap(({ name }, n) => ((values[n] ?? 0) > 0 ? [`${name} ${format(values[n] ?? 0)}`] : []));
  return some.length === 0 ? 'nothing' : some.join(', ');
}
