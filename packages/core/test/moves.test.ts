import { expect, it } from 'vitest';
import {
  IllegalMove,
  IllegalPredictionMove,
  type InstanceEvent,
  type InstanceState,
  isTerminal,
  nextState,
  nextStatus,
  PREDICTION_MOVES,
  type PredictionEvent,
  type PredictionStatus,
} from '../src/index.ts';

const STATES: InstanceState[] = ['booting', 'ready', 'draining', 'stopping', 'stopped', 'failed'];
const STATUSES: PredictionStatus[] = ['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'];

/** The whole table as text: each state against each event, `–` where the move is illegal. */
function printed<S extends string, E extends string>(
  states: readonly S[],
  events: readonly E[],
  next: (from: S, event: E) => S,
  refusal: new (...args: never[]) => Error,
): string {
  const cell = (from: S, event: E): string => {
    try {
      return next(from, event);
    } catch (error) {
      if (error instanceof refusal) return '–';
      throw error;
    }
  };
  const rows = [['from', ...events], ...states.map((from) => [from, ...events.map((event) => cell(from, event))])];
  return `\n${rows
    .map((row) =>
      row
        .map((word) => word.padEnd(10))
        .join(' ')
        .trimEnd(),
    )
    .join('\n')}\n`;
}

it('an instance moves only like this', () => {
  const events: InstanceEvent[] = ['booted', 'bootFailed', 'drain', 'drained', 'stopped', 'vanished', 'returned'];
  expect(printed(STATES, events, nextState, IllegalMove)).toMatchInlineSnapshot(`
    "
    from       booted     bootFailed drain      drained    stopped    vanished   returned
    booting    ready      failed     stopping   –          –          failed     –
    ready      –          –          draining   –          –          failed     –
    draining   –          –          –          stopping   –          failed     –
    stopping   –          –          –          –          stopped    stopped    –
    stopped    –          –          –          –          –          –          –
    failed     –          –          –          –          –          –          ready
    "
  `);
});

it('a prediction moves only like this', () => {
  const events: PredictionEvent[] = ['claimed', 'returned', 'succeeded', 'failed', 'canceled', 'expired'];
  expect(printed(STATUSES, events, nextStatus, IllegalPredictionMove)).toMatchInlineSnapshot(`
    "
    from       claimed    returned   succeeded  failed     canceled   expired
    starting   processing –          –          failed     canceled   aborted
    processing –          starting   succeeded  failed     canceled   canceled
    succeeded  –          –          –          –          –          –
    failed     –          –          –          –          –          –
    canceled   –          –          –          –          –          –
    aborted    –          –          –          –          –          –
    "
  `);
});

it('a terminal prediction is one that no event moves', () => {
  for (const status of STATUSES) {
    expect([status, isTerminal(status)]).toEqual([status, Object.keys(PREDICTION_MOVES[status]).length === 0]);
  }
});

it('an illegal move names the state and the event', () => {
  expect(() => nextState('stopped', 'drain')).toThrow('an instance cannot be drain while it is stopped');
  expect(() => nextStatus('aborted', 'claimed')).toThrow('a prediction cannot be claimed while it is aborted');
});
