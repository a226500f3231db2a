import type { WireAuditEntry } from '@hearth/contract';
import { Badge, type Tone } from '../../ui/badge.tsx';

export const OUTCOMES: Record<WireAuditEntry['outcome'], { tone: Tone; word: string }> = {
  done: { tone: 'good', word: 'done' },
  refused: { tone: 'caution', word: 'refused' },
  unknown: { tone: 'danger', word: 'not known' },
};

/** How a change ended, or that nobody can say it. */
export function AuditOutcome({ outcome, code, subject }: WireAuditEntry) {
  const { tone, word } = OUTCOMES[outcome];
  return (
    <>
      <Badge tone={tone}>{word}</Badge>
      {code !== null && <code className="block pt-0.5 font-mono text-xs text-ink-muted">{code}</code>}
      {outcome === 'unknown' && (
        <span className="block pt-0.5 text-xs text-ink-muted">
          The API ended or failed in the middle of it, or is at it still. Look at {subject ?? 'the thing'} itself.
        </span>
      )}
    </>
  );
}
