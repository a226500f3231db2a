import type { InstanceRow, PredictionRow } from '@hearth/store';
import type { Context } from '../context.ts';
import type { Consumers } from '../intake/consumers.ts';
import type { Runner } from './run-prediction.ts';

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
  let adopted = 0;
  for (const row of processing) {
    const instance =
      row.instanceId === null ? null : (live.get(row.instanceId) ?? (await store.instances.get(row.instanceId)));
    if (!instance || instance.address === null) {
      // The sweep gives it back: it was never sent anywhere.
      log.warn({ predictionId: row.id }, 'a prediction is processing on no instance');
      continue;
    }
    resume(context, consumers, runner, instance, row);
    adopted++;
  }
  if (adopted > 0) log.info({ predictions: adopted }, 'took over predictions that an earlier dispatcher left running');
}

function resume(
  { log }: Context,
  consumers: Consumers,
  runner: Runner,
  instance: InstanceRow,
  row: PredictionRow,
): void {
  const attachment = consumers.ensure(instance);
  consumers.adopt(attachment, 1);
  runner
    .resume(attachment, row)
    .catch((error: unknown) =>
      log.error({ err: error, predictionId: row.id }, 'could not wait for an adopted prediction'),
    )
    .finally(() => consumers.adopt(attachment, -1));
}
