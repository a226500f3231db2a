import type { Invariant } from './invariants.ts';

/** A bug put into a room, or into what the store and the queue do, on purpose. */
export interface Mutant {
  readonly bug: string;
  /** From the root. */
  readonly file: string;
  /** Occurs once in the file. */
  readonly from: string;
  readonly to: string;
  readonly breaks: Invariant;
}

export const MUTANTS: readonly Mutant[] = [
  {
    bug: 'an adopted run is sent again',
    file: 'apps/dispatcher/src/runs/run-prediction.ts',
    from: "run.doubt = 'adopted';",
    to: "run.doubt = 'adopted';\n      void send(run);",
    breaks: 'no id is sent twice',
  },
  {
    bug: 'nobody restores the tickets that the queue lost',
    file: 'apps/dispatcher/src/upkeep/sweep.ts',
    from: 'await queues.restore(tickets)',
    to: '0',
    breaks: 'every prediction ends',
  },
  {
    bug: 'what is stopped runs on',
    file: 'apps/scheduler/src/stops.ts',
    from: 'await runtimes.of(place).stop(id, { address, graceMs });',
    to: '',
    breaks: 'nothing is left on the hosts',
  },
  {
    bug: 'a run that crashed is billed until somebody looked',
    file: 'apps/dispatcher/src/runs/reconcile.ts',
    from: 'Math.min(now(), instance?.failure?.at ?? Infinity)',
    to: 'now()',
    breaks: 'a run is billed once, for what it ran',
  },
  {
    bug: 'a run goes on though its budget pays for no more',
    file: 'apps/dispatcher/src/runs/holds.ts',
    from: "if (step.do === 'stop') return stop(run, exceeded(step.bound));",
    to: "if (step.do === 'stop') return;",
    breaks: 'a run is billed once, for what it ran',
  },
];
