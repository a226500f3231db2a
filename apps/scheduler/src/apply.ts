import type { Action } from '@hearth/core';
import { hashToken, type Logger, newId, newToken } from '@hearth/kit';
import type { Bus } from '@hearth/queue';
import type { FileRow, Observation, Store } from '@hearth/store';
import type { Boots } from './boot.ts';
import type { Clock } from './clock.ts';
import type { Fleet } from './hosts/fleet.ts';
import { reportIntervalSeconds } from './report-interval.ts';
import type { BootSpec } from './runtime/runtime.ts';
import { LOCAL_HOST_ID } from './runtimes.ts';
import type { Stops } from './stops.ts';

export interface ApplyDeps {
  readonly store: Store;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly log: Logger;
  readonly boots: Boots;
  readonly stops: Stops;
  readonly fleet: Fleet;
  /** Whether no other scheduler can be at work yet. Absent: there is none. */
  readonly isLeading?: () => boolean;
  /** Where containers report and upload to, at whatever address their runtime reaches this machine. */
  readonly callbackPort: number;
}

/**
 * Carries out actions, each by itself, so that of many boots none waits for the rows of the others: first the
 * compare-and-set on the row that was seen, then the effect, in the background. A row that has moved on is not an error:
 * the next cycle looks again.
 * @throws what one that failed threw, when all are over: a plan that is made meanwhile would boot the same again
 */
export async function applyAll(actions: readonly Action[], observation: Observation, deps: ApplyDeps): Promise<void> {
  const done = await Promise.allSettled(actions.map((action) => apply(action, observation, deps)));
  for (const result of done) if (result.status === 'rejected') throw result.reason;
}

type BootAction = Extract<Action, { kind: 'boot' }>;

async function apply(action: Action, observation: Observation, deps: ApplyDeps): Promise<void> {
  if (action.kind === 'boot') await boot(action, observation, deps);
  else if (action.kind === 'drain') await drain(action, observation, deps);
  else await stop(action, observation, deps);
}

async function boot(action: BootAction, observation: Observation, deps: ApplyDeps): Promise<void> {
  const { store, clock, log, boots, fleet } = deps;
  const { deploymentId, need, placement, reason, detail } = action;
  const { deployment, hardware } = observedOf(action, observation);
  const version = await store.models.version(deployment.versionId);
  if (version === null)
    throw new Error(`deployment ${deploymentId} runs version ${deployment.versionId}, which does not exist`);

  const at = clock.now();
  const instanceId = newId(at);
  const token = newToken();
  const callbackHost = fleet.callbackHost({ hostId: placement.hostId, runtime: version.runtime });
  const weights = version.weightsFileId === null ? null : await weightsFile(store, version.weightsFileId);
  const callbacks = callbacksOf({ host: callbackHost, port: deps.callbackPort, instanceId, token, weights });
  const spec: BootSpec = {
    instanceId,
    deploymentId,
    role: 'instance',
    mode: deployment.mode,
    source: version.source,
    uploadUrl: callbacks.uploads,
    memoryMiB: hardware.memoryMiB,
    cpus: hardware.cpus,
    deviceIds: placement.deviceIds,
    env: {
      ...serverEnv(token, callbacks.uploads, deployment.slots),
      COG_THROTTLE_RESPONSE_INTERVAL: String(reportIntervalSeconds(version.openapiSchema)),
      // In every generation of Cog a URL, as on Replicate.
      ...(callbacks.weights !== null && { COG_WEIGHTS: callbacks.weights }),
    },
  };
  // The one write without a row to compare with: a scheduler that was paused until now must not add to another's plan.
  if (deps.isLeading?.() === false) return;
  await boots.begin(spec, () =>
    store.instances.insert({
      id: instanceId,
      deploymentId,
      versionId: version.id,
      hardwareSku: hardware.sku,
      hostId: placement.hostId,
      deviceIds: placement.deviceIds,
      gpuShareMiB: placement.gpuShareMiB,
      runtime: version.runtime,
      memoryMiB: need.memoryMiB,
      cpus: need.cpus,
      slots: deployment.slots,
      reason: detail,
      callbackTokenHash: hashToken(token),
      callbackHost: placement.hostId === LOCAL_HOST_ID ? null : callbackHost,
      at,
    }),
  );
  log.info({ instanceId, deploymentId, reason }, `boot: ${detail}`);
}

function observedOf({ deploymentId, hardwareSku }: BootAction, { deployments, hardware: skus }: Observation) {
  const deployment = deployments.find((d) => d.id === deploymentId);
  const hardware = skus.find((h) => h.sku === hardwareSku);
  if (deployment === undefined || hardware === undefined)
    throw new Error(`a boot was planned for ${deploymentId}, which was not observed`);
  return { deployment, hardware };
}

/** Where one instance, and nobody without its token, uploads to and fetches its weights from. */
function callbacksOf(to: { host: string; port: number; instanceId: string; token: string; weights: FileRow | null }) {
  const base = `http://${to.host.includes(':') ? `[${to.host}]` : to.host}:${to.port}`;
  const own = `${to.instanceId}/${to.token}`;
  return {
    uploads: `${base}/uploads/${own}/`,
    weights: to.weights === null ? null : `${base}/weights/${own}/${encodeURIComponent(to.weights.name)}`,
  };
}

/** @throws Error where it is gone, which the version's reference to it forbids */
async function weightsFile(store: Store, id: string): Promise<FileRow> {
  const file = await store.files.get(id);
  if (file === null) throw new Error(`the weights file ${id} does not exist`);
  return file;
}

const serverEnv = (token: string, uploadUrl: string, slots: number): BootSpec['env'] => ({
  // Every report carries it: how the platform knows which instance speaks.
  WEBHOOK_AUTH_TOKEN: token,
  HEARTH_UPLOAD_URL: uploadUrl,
  COG_MAX_CONCURRENCY: String(slots),
});

async function drain(
  action: Extract<Action, { kind: 'drain' }>,
  observation: Observation,
  deps: ApplyDeps,
): Promise<void> {
  const { store, bus, clock, log, stops } = deps;
  const { instanceId, reason, detail } = action;
  const seen = observation.instances.find((i) => i.id === instanceId);
  if (seen?.state !== 'ready' && seen?.state !== 'booting') return;
  const moved = await store.instances.move(instanceId, seen.state, 'drain', { at: clock.now(), reason: detail });
  if (moved === null) return;
  log.info({ instanceId, deploymentId: seen.deploymentId, reason }, `drain: ${detail}`);
  // A booting one holds no prediction, so its drain is its end.
  if (moved.state === 'stopping') void stops.begin(moved);
  else bus.poke('dispatcher');
}

async function stop(
  action: Extract<Action, { kind: 'stop' }>,
  observation: Observation,
  deps: ApplyDeps,
): Promise<void> {
  const { store, clock, log, stops } = deps;
  const { instanceId, reason, detail } = action;
  const moved = await store.instances.move(instanceId, 'draining', 'drained', { at: clock.now() });
  if (moved === null) return;
  const deploymentId = observation.instances.find((i) => i.id === instanceId)?.deploymentId;
  log.info({ instanceId, deploymentId, reason }, `stop: ${detail}`);
  void stops.begin(moved);
}
