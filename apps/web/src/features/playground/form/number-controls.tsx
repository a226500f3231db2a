import { type KeyboardEvent, useState } from 'react';
import { cx } from '../../../ui/class-names.ts';
import { Input } from '../../../ui/field.tsx';
import type { ControlFieldProps } from './control-field.tsx';
import { readNumber, writeText } from './text-values.ts';

export const NumberControl = ({ control, field, value, onChange, element }: ControlFieldProps<'number'>) => (
  <NumberBox value={value} onChange={onChange} element={element} step={control.whole ? 1 : 0.1} field={field} />
);

/** A number between two others, by its place or by its digits. */
export function SliderControl({ control, field, value, onChange, element }: ControlFieldProps<'slider'>) {
  const { min, max, step } = control;
  return (
    <div className="flex items-center gap-3">
      <input
        type="range"
        aria-label={`${element['aria-label'] ?? 'The same'} on a scale`}
        min={min}
        max={max}
        // A grid would move a value that lies between its lines.
        step={step}
        value={typeof value === 'number' ? value : min}
        onChange={(event) => onChange(event.target.valueAsNumber)}
        className={cx('h-9 min-w-0 flex-1 accent-accent', value === undefined && 'opacity-60')}
      />
      <span className="w-24 shrink-0">
        <NumberBox
          value={value}
          onChange={onChange}
          element={element}
          step={step}
          field={field}
          className="text-right"
        />
      </span>
    </div>
  );
}

interface NumberBoxProps extends Pick<ControlFieldProps, 'value' | 'onChange' | 'element' | 'field'> {
  readonly step: number;
  readonly className?: string;
}

/**
 * A box of the browser's own for numbers gives an empty value for what is none, as if nothing stood there. This one keeps
 * what was typed, so that it can be said what is wrong with it.
 */
function NumberBox({ value, onChange, element, step, field, className }: NumberBoxProps) {
  const [typed, setTyped] = useState<string | null>(null);
  // What was typed counts as long as it says the value: `1.` is 1, on its way to 1.5.
  const text = typed !== null && readNumber(typed) === value ? typed : writeText(value);
  const type = (next: string) => {
    setTyped(next);
    onChange(readNumber(next));
  };
  const stepBy = (event: KeyboardEvent) => {
    const steps = { ArrowUp: 1, ArrowDown: -1 }[event.key];
    if (steps === undefined || (value !== undefined && typeof value !== 'number')) return;
    event.preventDefault();
    onChange(stepped(value ?? numberOr(field.default, 0), steps * step, field));
  };
  return (
    <Input
      {...element}
      inputMode="decimal"
      autoComplete="off"
      value={text}
      placeholder={writeText(field.default)}
      onChange={(event) => type(event.target.value)}
      onKeyDown={stepBy}
      className={cx('tabular', className)}
    />
  );
}

const numberOr = (value: unknown, other: number): number => (typeof value === 'number' ? value : other);

/** 0.1 + 0.2 is not 0.3 in binary: rounded to what the step can tell. */
function stepped(
  value: number,
  by: number,
  { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY },
) {
  const next = Number((value + by).toPrecision(12));
  return Math.min(maximum, Math.max(minimum, next));
}
