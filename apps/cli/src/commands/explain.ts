import type { Command } from '@commander-js/extra-typings';
import type { WireExplanation } from '@hearth/contract';
import { systemNow } from '@hearth/kit';
import pc from 'picocolors';
import { connect, ownerAndName } from '../connect.ts';
import { ago, print, printJson, renderTable } from '../output.ts';

export function addExplain(program: Command): void {
  program
    .command('explain')
    .description('why a deployment is where it is, and what happens next')
    .argument('<deployment>', 'owner/name of a deployment, or of a model that runs without one')
    .option('--json', 'print JSON')
    .action(async (deployment, { json }) => {
      const explanation = await connect().deployments.explain(...ownerAndName(deployment));
      if (json) return printJson(explanation);
      print(explanationText(explanation, systemNow()));
    });
}

/** Sentences, and a table of the instances. */
function explanationText(said: WireExplanation, now: number): string {
  const { deployment, temperature, instances, needed, blocked, rollout, next, eta_seconds } = said;
  const parts = [
    `${pc.bold(deployment)} is ${temperature}: ${needed} needed, ${instances.length} up or on the way. ${said.why}`,
    ...(blocked === null ? [] : [`Blocked (${blocked.reason}): ${blocked.detail}`]),
    ...(rollout === null ? [] : [rollout]),
    ...(instances.length === 0 ? [] : [instancesTable(instances, now)]),
    measuredText(said.measured),
    eta_seconds === null
      ? 'How long a prediction would wait now is not known.'
      : `A prediction that came now would ${eta_seconds === 0 ? 'start at once' : `wait about ${eta_seconds} s`}.`,
    next.length === 0
      ? 'Nothing happens next until something new is asked for.'
      : ['What happens next:', ...next.map(({ at, what }) => `  ${whenText(at, now)}  ${what}`)].join('\n'),
  ];
  return parts.join('\n\n');
}

function instancesTable(instances: WireExplanation['instances'], now: number): string {
  const rows = instances.map(({ id, host, state, since, why, evictable }) => [
    id,
    state,
    host,
    ago(since, now),
    evictable ? `${why} It may be evicted.` : why,
  ]);
  return renderTable(['INSTANCE', 'STATE', 'HOST', 'FOR', 'WHY'], rows, '');
}

function measuredText({ run_seconds: runs, boot_seconds: boots }: WireExplanation['measured']): string {
  const seconds = (spread: { p50: number; p90: number }): string =>
    `${round(spread.p50)} s (nine in ten within ${round(spread.p90)} s)`;
  if (runs === null && boots === null) return 'Its runs and boots are not measured yet.';
  const run = runs === null ? 'Its runs are not measured yet' : `Half of its runs take up to ${seconds(runs)}`;
  const boot = boots === null ? 'its boots are not measured yet' : `half of its boots up to ${seconds(boots)}`;
  return `${run}; ${boot}.`;
}

const round = (seconds: number): string => String(Number(seconds.toPrecision(2)));

const whenText = (at: string | null, now: number): string =>
  at === null ? 'now     ' : `in ${Math.max(0, Math.ceil((Date.parse(at) - now) / 1_000))} s`.padEnd(8);
