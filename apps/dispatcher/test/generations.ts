/** What Cog's three servers say, as far as a dispatcher hears it. Sources: Cog 0.9.26, 0.16.12 and 0.22.0. */

export const GENERATIONS = ['A', 'B', 'coglet'] as const;
/** A: Cog 0.7–0.13. B: 0.14–0.16. coglet: 0.17 and later. */
export type Generation = (typeof GENERATIONS)[number];

/** What the label of such an image says. */
export const COG_VERSIONS: Readonly<Record<Generation, string>> = { A: '0.9.26', B: '0.16.12', coglet: '0.22.0' };

export interface Answer {
  readonly status: number;
  readonly body?: unknown;
}

/** What a prediction has come to, in no generation's words. */
export type Facts = Readonly<Record<string, unknown>>;

export interface Sent {
  readonly id: string;
  readonly input: Facts;
  readonly webhook: string;
  readonly webhook_events_filter: readonly string[];
  readonly startedAt: string;
}

export interface Speech {
  readonly accepted: (sent: Sent) => Answer;
  readonly full: Answer;
  readonly notReady: Answer;
  /** A report of all that is known so far. */
  readonly report: (sent: Sent, facts: Facts) => Facts;
  readonly health: (status: string) => Facts;
  /** The health answer once the worker has died. */
  readonly defunct: Facts;
}

const isOver = ({ status }: Facts): boolean => status === 'succeeded' || status === 'failed' || status === 'canceled';

const busy: Answer = { status: 409, body: { detail: 'Already running a prediction' } };
const setup = { logs: '', status: 'succeeded' };

/** Times and input always; metrics of what succeeded alone; no `error` and no end before there is one. */
const snapshotOfB = ({ id, input, startedAt }: Sent, { metrics, ...facts }: Facts): Facts => ({
  id,
  input,
  output: null,
  logs: '',
  created_at: null,
  started_at: startedAt,
  ...(isOver(facts) && { completed_at: new Date().toISOString() }),
  ...(facts.status === 'succeeded' && { metrics: metrics ?? { predict_time: 0.001 } }),
  ...facts,
});

const B: Speech = {
  accepted: (sent) => ({
    status: 202,
    body: {
      ...snapshotOfB(sent, { status: 'processing' }),
      version: null,
      completed_at: null,
      error: null,
      metrics: null,
    },
  }),
  full: busy,
  notReady: busy,
  report: snapshotOfB,
  health: (status) => ({ status, setup }),
  defunct: { status: 'DEFUNCT', setup },
};

/** A repeats what it was sent. */
const echoOf = ({ webhook, webhook_events_filter }: Sent): Facts => ({
  webhook,
  webhook_events_filter,
  output_file_prefix: null,
});

const A: Speech = {
  ...B,
  accepted: (sent) => ({ status: 202, body: { ...snapshotOfB(sent, { status: 'processing' }), ...echoOf(sent) } }),
  report: (sent, facts) => ({ ...snapshotOfB(sent, facts), ...echoOf(sent) }),
};

const version = { coglet: '0.22.0' };

/** Nothing that was sent, no times; metrics always. */
const coglet: Speech = {
  accepted: ({ id }) => ({ status: 202, body: { id, status: 'starting' } }),
  full: { status: 409, body: { error: 'At capacity - all prediction slots busy', status: 'failed' } },
  notReady: { status: 503, body: { error: 'Setup has not finished yet.', status: 'failed' } },
  report: ({ id }, { metrics, ...facts }) => ({
    id,
    logs: '',
    ...facts,
    metrics: isOver(facts) ? (metrics ?? { predict_time: 0.001 }) : {},
  }),
  health: (status) => ({ status, setup, version }),
  defunct: {
    status: 'UNHEALTHY',
    setup,
    version,
    user_healthcheck_error: 'Healthcheck error: protocol error: healthcheck channel closed',
  },
};

export const SPEECHES: Readonly<Record<Generation, Speech>> = { A, B, coglet };
