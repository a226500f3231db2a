import type { DeploymentOverview } from '@hearth/store';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { rolloutOf } from '../src/rollout.ts';
import { type House, startHouse } from './harness.ts';
import { addInstance } from './parts.ts';

let house: House;
let overview: DeploymentOverview;
beforeAll(async () => {
  house = await startHouse();
  await house.addModel('echo');
  const [found] = await house.store.deployments.overview();
  if (found === undefined) throw new Error('the model has no deployment');
  const { deployment } = found;
  const id = await addInstance(house, deployment);
  const again = (await house.store.deployments.overview()).find((one) => one.instances.some((of) => of.id === id));
  if (again === undefined) throw new Error('the instance is not in the overview');
  overview = again;
});
afterAll(() => house.close());

type Instance = Partial<DeploymentOverview['instances'][number]>;
interface Case {
  name: string;
  instances: Instance[];
  status?: Partial<NonNullable<DeploymentOverview['status']>>;
  from?: number[];
  want: string | null;
}

const RELEASED_AT = 1_000;
const failure = { kind: 'crash', phase: 'setup', message: 'no weights.\nand more', logTail: '', exitCode: 1 } as const;
const old: Instance = { release: 2, state: 'ready' };

it.each<Case>([
  { name: 'nothing runs', instances: [], want: null },
  { name: 'only the current one', instances: [{ release: 3, state: 'ready' }], want: null },
  { name: 'an earlier one that leaves', instances: [{ release: 2, state: 'draining' }], want: null },
  { name: 'an earlier one that is unhealthy', instances: [{ ...old, unhealthy: 'DEFUNCT' }], want: null },
  { name: 'an earlier one alone', instances: [old], want: 'Release 3 is coming up; release 2 serves.' },
  {
    name: 'the new one boots',
    instances: [old, { release: 3, state: 'booting' }],
    status: { blockedDetail: 'There is no room for a second.' },
    want: 'Release 3 is coming up; release 2 serves.',
  },
  {
    name: 'the new one may not boot',
    instances: [old],
    status: { blockedDetail: 'There is no room.' },
    want: 'Release 3 waits: There is no room; release 2 serves.',
  },
  {
    name: 'the new one fails',
    instances: [old, { release: 3, state: 'booting' }],
    status: { failure: { ...failure, at: RELEASED_AT } },
    want: 'Release 3 fails to boot: no weights; release 2 serves.',
  },
  {
    name: 'the one before had failed',
    instances: [{ ...old, release: 1 }],
    status: { failure: { ...failure, at: RELEASED_AT - 1 } },
    from: [1],
    want: 'Release 3 is coming up; release 1 serves.',
  },
  {
    name: 'both are ready',
    instances: [old, { release: 3, state: 'ready' }],
    want: 'Release 3 takes over from release 2.',
  },
  {
    name: 'both are ready, and there is no room for more of the new one',
    instances: [old, { release: 3, state: 'ready' }],
    status: { blockedDetail: 'There is no room.' },
    want: 'Release 3 takes over from release 2. There is no room.',
  },
  {
    name: 'two earlier ones',
    instances: [{ ...old, release: 1 }, old, old],
    from: [2, 1],
    want: 'Release 3 is coming up; releases 2 and 1 serve.',
  },
])('$name: $want', ({ instances, status, from = [2], want }) => {
  const [like] = overview.instances;
  if (like === undefined) throw new Error('there is one');
  const base = { deploymentId: 'd', blockedReason: null, blockedDetail: null, failure: null };
  const rest = { consecutiveFailures: 0, retryAt: null, failWaitingUntil: null };
  const rollout = rolloutOf({
    deployment: { ...overview.deployment, release: 3, releasedAt: RELEASED_AT },
    status: status === undefined ? null : { ...base, ...rest, ...status },
    instances: instances.map((change) => ({ ...like, ...change })),
  });
  expect(rollout).toEqual(want === null ? null : { to: 3, from, detail: want });
});
