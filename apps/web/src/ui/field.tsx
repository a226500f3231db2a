import { ChevronDown } from 'lucide-react';
import { type ComponentProps, type ReactNode, useId } from 'react';
import { cx } from './class-names.ts';

/** What a control is given to belong to its label, its hint and its error. */
export interface ControlProps {
  readonly id: string;
  readonly 'aria-describedby': string | undefined;
  readonly 'aria-invalid': true | undefined;
  readonly 'aria-required': true | undefined;
}

interface FieldProps {
  readonly label: ReactNode;
  readonly hint?: ReactNode;
  /** Beside the label: the type or the default, say. */
  readonly aside?: ReactNode;
  readonly error?: ReactNode;
  readonly required?: boolean;
  readonly children: (control: ControlProps) => ReactNode;
}

/** A labelled control with its hint and what is wrong with it. */
export function Field({ label, hint, aside, error, required = false, children }: FieldProps) {
  const id = useId();
  const described = cx(hint !== undefined && `${id}-hint`, Boolean(error) && `${id}-error`);
  return (
    <div className="flex min-w-0 flex-col gap-1.5">
      <div className="flex items-baseline justify-between gap-3">
        <label htmlFor={id} className="text-[13px] font-medium">
          {label}
          {required && (
            <span aria-hidden className="text-danger">
              {' '}
              *
            </span>
          )}
        </label>
        {aside && <span className="text-xs text-ink-muted">{aside}</span>}
      </div>
      {children({
        id,
        'aria-describedby': described === '' ? undefined : described,
        'aria-invalid': error ? true : undefined,
        'aria-required': required || undefined,
      })}
      {hint !== undefined && (
        <div id={`${id}-hint`} className="text-[13px] text-ink-muted">
          {hint}
        </div>
      )}
      {error && (
        <div id={`${id}-error`} className="text-[13px] text-danger" role="alert">
          {error}
        </div>
      )}
    </div>
  );
}

const CONTROL =
  'w-full min-w-0 rounded-md border border-line-strong bg-surface text-ink placeholder:text-ink-faint aria-invalid:border-danger disabled:cursor-not-allowed disabled:bg-sunken disabled:text-ink-muted';

export const Input = ({ className, ...rest }: ComponentProps<'input'>) => (
  <input {...rest} className={cx(CONTROL, 'h-9 px-3', className)} />
);

export const Textarea = ({ className, ...rest }: ComponentProps<'textarea'>) => (
  <textarea rows={3} {...rest} className={cx(CONTROL, 'px-3 py-2 leading-normal', className)} />
);

export const Select = ({ className, children, ...rest }: ComponentProps<'select'>) => (
  <span className={cx('relative block min-w-0', className)}>
    <select {...rest} className={cx(CONTROL, 'h-9 appearance-none pr-8 pl-3')}>
      {children}
    </select>
    <ChevronDown
      aria-hidden
      className="pointer-events-none absolute top-1/2 right-2.5 size-4 -translate-y-1/2 text-ink-muted"
    />
  </span>
);

interface SwitchProps extends Partial<ControlProps> {
  readonly checked: boolean;
  readonly onChange: (checked: boolean) => void;
  readonly disabled?: boolean;
  /** Where no Field labels it. */
  readonly label?: string;
}

export const Switch = ({ checked, onChange, label, ...rest }: SwitchProps) => (
  <button
    type="button"
    role="switch"
    {...rest}
    aria-label={label}
    aria-checked={checked}
    onClick={() => onChange(!checked)}
    className={cx(
      'inline-flex h-5 w-9 shrink-0 items-center rounded-full p-0.5 transition-colors disabled:opacity-50',
      checked ? 'bg-accent' : 'bg-line-strong',
    )}
  >
    <span className={cx('size-4 rounded-full bg-white shadow-sm transition-transform', checked && 'translate-x-4')} />
  </button>
);
