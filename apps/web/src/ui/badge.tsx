import { Ban, CircleCheck, CircleX, Flame, Hourglass, LoaderCircle, Snowflake, Zap } from 'lucide-react';
import type { ReactNode } from 'react';
import { cx } from './class-names.ts';

export type Tone = 'neutral' | 'good' | 'danger' | 'caution' | 'info' | 'accent' | 'cold' | 'booting' | 'warm' | 'busy';

const TONES: Record<Tone, string> = {
  neutral: 'bg-hover text-ink-muted',
  good: 'bg-good-soft text-good',
  danger: 'bg-danger-soft text-danger',
  caution: 'bg-caution-soft text-caution',
  info: 'bg-info-soft text-info',
  accent: 'bg-accent-soft text-accent-text',
  cold: 'bg-cold-soft text-cold',
  booting: 'bg-booting-soft text-booting',
  warm: 'bg-warm-soft text-warm',
  busy: 'bg-busy-soft text-busy',
};

interface BadgeProps {
  readonly tone?: Tone;
  readonly icon?: ReactNode;
  readonly title?: string;
  readonly children: ReactNode;
}

export const Badge = ({ tone = 'neutral', icon, title, children }: BadgeProps) => (
  <span
    title={title}
    className={cx(
      'inline-flex items-center gap-1 rounded-full px-2 py-0.5 text-xs font-medium whitespace-nowrap [&_svg]:size-3',
      TONES[tone],
    )}
  >
    {icon}
    {children}
  </span>
);

export type Temperature = 'cold' | 'booting' | 'warm' | 'busy';

const TEMPERATURES = { cold: Snowflake, booting: Hourglass, warm: Flame, busy: Zap };

/** Whether a deployment would answer at once. `note`: beside the word, such as the phase of its boot. */
export function TemperatureBadge({ temperature, note }: { temperature: Temperature; note?: ReactNode }) {
  const Icon = TEMPERATURES[temperature];
  const pulse = temperature === 'booting' ? 'animate-pulse' : undefined;
  return (
    <Badge tone={temperature} icon={<Icon aria-hidden className={pulse} />}>
      {temperature}
      {note && <span className="font-normal">· {note}</span>}
    </Badge>
  );
}

export type PredictionState = 'starting' | 'processing' | 'succeeded' | 'failed' | 'canceled';

const STATES: Record<PredictionState, { tone: Tone; Icon: typeof Ban; spin?: boolean }> = {
  starting: { tone: 'caution', Icon: Hourglass },
  processing: { tone: 'info', Icon: LoaderCircle, spin: true },
  succeeded: { tone: 'good', Icon: CircleCheck },
  failed: { tone: 'danger', Icon: CircleX },
  canceled: { tone: 'neutral', Icon: Ban },
};

export function StatusBadge({ status }: { status: PredictionState }) {
  const { tone, Icon, spin } = STATES[status];
  return (
    <Badge tone={tone} icon={<Icon aria-hidden className={spin ? 'animate-spin' : undefined} />}>
      {status}
    </Badge>
  );
}
