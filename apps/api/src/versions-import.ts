import type { VersionBody } from '@hearth/contract';
import { type ImportResult, type ModelRow, VersionElsewhere, type VersionRow, type VersionSource } from '@hearth/store';
import type { Context } from './context.ts';
import { seesModel } from './model-access.ts';
import { createWake } from './notices.ts';
import type { Identity } from './plugins/auth.ts';
import { Problem } from './problem.ts';

/** Pulling a large image takes minutes. */
const LONGEST_IMPORT_MS = 10 * 60_000;
/** How often an import looks for its answer by itself; a poke makes it look at once. */
const LOOK_MS = 1_000;

/** An empty command: the scheduler finds out how that folder is run. */
export const sourceOf = (body: VersionBody): VersionSource =>
  'image' in body
    ? { kind: 'image', image: body.image }
    : { kind: 'path', path: body.path, command: body.command ?? [], env: body.env ?? {} };

/**
 * Has the scheduler look at an image or folder, and makes a version of what it found, with its implicit deployment. The
 * scheduler alone sees Docker and the host's folders.
 */
export async function importVersion(
  context: Context,
  model: ModelRow,
  source: VersionSource,
  caller: Identity,
): Promise<VersionRow> {
  const result = await askScheduler(context, model, source);
  const { store, bus, settings } = context.deps;
  const version = await insert(context, model, result, caller);
  await store.deployments.ensureImplicit(version, {
    hardwareSku: model.hardwareSku,
    minInstances: 0,
    maxInstances: settings.maxInstances,
    keepAlive: settings.keepAlive,
  });
  context.targets.forget();
  bus.poke('api');
  return version;
}

async function askScheduler({ deps, closing }: Context, model: ModelRow, source: VersionSource): Promise<ImportResult> {
  const { store, bus, now } = deps;
  const wake = createWake();
  const stop = bus.onPoke('api', () => wake.ring());
  try {
    const asked = await store.imports.request({ modelId: model.id, source });
    bus.poke('scheduler');
    const until = now() + LONGEST_IMPORT_MS;
    while (now() < until) {
      const woken = await wake.next(LOOK_MS, closing);
      if (woken === 'aborted')
        throw new Problem('unavailable', 'The API is closing.', { headers: { 'retry-after': '5' } });
      const answered = await store.imports.get(asked.id);
      if (answered?.result) return answered.result;
      if (answered?.state === 'failed') throw new Problem('import-failed', answered.error ?? 'No reason was given.');
    }
    throw new Problem('import-unanswered', 'No scheduler answered within ten minutes.');
  } finally {
    stop();
  }
}

async function insert(context: Context, model: ModelRow, result: ImportResult, caller: Identity): Promise<VersionRow> {
  try {
    return await context.deps.store.models.insertVersion({
      id: result.versionId,
      modelId: model.id,
      source: result.source,
      runtime: result.source.kind === 'image' ? 'docker' : 'process',
      openapiSchema: result.openapiSchema,
      cogVersion: result.cogVersion,
      slots: result.slots,
    });
  } catch (error) {
    if (!(error instanceof VersionElsewhere)) throw error;
    const of = (await seesModel(context, error.model, caller)) ? error.model : 'a model of another account';
    throw new Problem('import-failed', `Version ${result.versionId} belongs to ${of} already.`);
  }
}
