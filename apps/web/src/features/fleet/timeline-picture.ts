import type { WireInstanceLife, WireLifeSpan } from '@hearth/contract';

/** A span as a part of what is shown, from 0 to 1. */
export interface Bar {
  readonly key: string;
  readonly what: WireLifeSpan['what'];
  readonly left: number;
  readonly width: number;
  readonly words: string;
}

/** What of a life lies between two instants (epoch milliseconds), in order. */
export function barsOf({ spans }: Pick<WireInstanceLife, 'spans'>, from: number, until: number): readonly Bar[] {
  const length = until - from;
  return spans.flatMap((span): Bar[] => {
    const begin = Math.max(from, Date.parse(span.from));
    const end = Math.min(until, Date.parse(span.until));
    if (end <= begin) return [];
    const seconds = ((Date.parse(span.until) - Date.parse(span.from)) / 1_000).toFixed(1);
    const name = span.phase === null ? span.what : `${span.what}, ${span.phase}`;
    return [
      {
        key: `${span.what}-${span.from}`,
        what: span.what,
        left: (begin - from) / length,
        width: (end - begin) / length,
        words: `${name}: ${seconds} s`,
      },
    ];
  });
}

/** Lives by their deployment, those with the newest instance first. */
export const byDeployment = (lives: readonly WireInstanceLife[]): [string, WireInstanceLife[]][] => [
  ...Map.groupBy(lives, ({ deployment }) => deployment ?? 'deleted deployments'),
];
