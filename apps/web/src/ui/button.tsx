import { LoaderCircle } from 'lucide-react';
import type { ComponentProps, ReactNode } from 'react';
import { cx } from './class-names.ts';

type Variant = 'primary' | 'secondary' | 'quiet' | 'danger';

const BASE =
  'inline-flex shrink-0 items-center justify-center gap-1.5 rounded-md font-medium whitespace-nowrap select-none transition-colors disabled:cursor-not-allowed disabled:opacity-50';
const VARIANTS: Record<Variant, string> = {
  primary: 'bg-accent text-accent-ink enabled:hover:bg-accent-hover',
  secondary: 'border border-line-strong bg-surface text-ink enabled:hover:bg-hover',
  quiet: 'text-ink-muted enabled:hover:bg-hover enabled:hover:text-ink',
  danger: 'bg-danger text-danger-ink enabled:hover:bg-danger-hover',
};
const SIZES = { md: 'h-9 px-3.5', sm: 'h-7 px-2.5 text-[13px]' };

export const buttonClass = (variant: Variant = 'secondary', size: keyof typeof SIZES = 'md'): string =>
  cx(BASE, VARIANTS[variant], SIZES[size]);

interface ButtonProps extends ComponentProps<'button'> {
  readonly variant?: Variant;
  readonly size?: keyof typeof SIZES;
  /** Under way: shows that, and takes no second press. */
  readonly busy?: boolean;
  readonly icon?: ReactNode;
}

export function Button({ variant, size, busy = false, icon, children, className, disabled, ...rest }: ButtonProps) {
  return (
    <button
      type="button"
      {...rest}
      disabled={disabled || busy}
      aria-busy={busy || undefined}
      className={cx(buttonClass(variant, size), className)}
    >
      {busy ? <LoaderCircle aria-hidden className="size-4 animate-spin" /> : icon}
      {children}
    </button>
  );
}

interface IconButtonProps extends ComponentProps<'button'> {
  /** What it does, for who cannot see the icon; shown as its tooltip too. */
  readonly label: string;
  readonly size?: 'md' | 'sm';
}

export function IconButton({ label, size = 'md', className, ...rest }: IconButtonProps) {
  return (
    <button
      type="button"
      aria-label={label}
      title={label}
      {...rest}
      className={cx(BASE, VARIANTS.quiet, size === 'md' ? 'size-9' : 'size-7', '[&_svg]:size-4', className)}
    />
  );
}
