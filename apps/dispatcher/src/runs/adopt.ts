import type { PredictionRow, SealedInput } from '@hearth/store';
import type { Context } from '../context.ts';
import type { Attachment, Consumers } from '../intake/consumers.ts';
import { NO_SECRETS, openSecrets, SecretGone, type Secrets } from '../model/secrets.ts';
import type { Runner } from './run-prediction.ts';
import { cogIdOf } from './runs.ts';

/**
 * Takes over what an earlier dispatcher left. Containers run on without one and send their last report until it is
 * taken, so a run on a live instance is simply waited for. Runs whose instance has ended become runs all the same: the
 * first look at the store ends them by what became of it. Called once, before anything listens or consumes.
 */
export async function adopt(context: Context, consumers: Consumers, runner: Runner): Promise<void> {
  const { store, log } = context;
  const [processing, { instances }] = await Promise.all([store.predictions.processing(), store.instances.observe()]);
  consumers.rememberClosed(instances.filter((instance) => instance.intakeClosed).map(({ id }) => id));
  const live = new Map((await store.instances.live()).map((instance) => [instance.id, instance]));
  const taken = await store.consumers.takenBy(processing.flatMap(({ instanceId }) => instanceId ?? []));
  const sealed = await store.sealedInputs.of(processing.map(({ id }) => id));
  let adopted = 0;
  for (const row of processing) {
    const instance =
      row.instanceId === null ? null : (live.get(row.instanceId) ?? (await store.instances.get(row.instanceId)));
    if (!instance || instance.address === null) {
      // The sweep gives it back: it was never sent anywhere.
      log.warn({ predictionId: row.id }, 'a prediction is processing on no instance');
      continue;
    }
    const attachment = consumers.ensure(instance);
    const secrets = secretsOf(context, row.id, sealed.get(row.id));
    const isTaken = taken.has(cogIdOf(row.id, row.attempt));
    resume(context, consumers, runner, { attachment, row, secrets, isTaken });
    adopted++;
  }
  if (adopted > 0) log.info({ predictions: adopted }, 'took over predictions that an earlier dispatcher left running');
}

/** Of one whose secrets cannot be read any more, nothing further is told that might hold one. */
function secretsOf({ sealer, log }: Context, predictionId: string, sealed: SealedInput | undefined): Secrets {
  if (sealed === undefined) return NO_SECRETS;
  try {
    return openSecrets(sealed, predictionId, sealer);
  } catch (error) {
    if (!(error instanceof SecretGone)) throw error;
    log.error({ err: error, predictionId }, 'cannot keep its secrets out of its logs: they are not passed on');
    return { ...NO_SECRETS, redacted: () => '' };
  }
}

function resume(
  { log }: Context,
  consumers: Consumers,
  runner: Runner,
  { attachment, row, ...left }: { attachment: Attachment; row: PredictionRow; secrets: Secrets; isTaken: boolean },
): void {
  consumers.adopt(attachment, 1);
  runner
    .resume(attachment, row, left)
    .catch((error: unknown) =>
      log.error({ err: error, predictionId: row.id }, 'could not wait for an adopted prediction'),
    )
    .finally(() => consumers.adopt(attachment, -1));
}
