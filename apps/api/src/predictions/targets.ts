import {
  type FieldKinds,
  fieldKindsOf,
  givesFiles,
  inputSchemaOf,
  outputSchemaOf,
  trainingInputSchemaOf,
} from '@hearth/contract';
import type { KeepAlive } from '@hearth/core';
import { type AccountRow, type DeploymentRow, type ModelRow, type Store, type VersionRow } from '@hearth/store';
import type { ApiSettings } from '../deps.ts';
import { type Identity, mayUse } from '../plugins/auth.ts';
import { notFound, Problem } from '../problem.ts';
import { createTtlCache } from '../ttl-cache.ts';
import { createHoldOf } from './holds.ts';
import { createInputValidator, type InputValidator } from './input-validator.ts';

/** What a prediction runs on. */
export interface RunTarget {
  readonly model: ModelRow;
  readonly version: VersionRow;
  readonly deployment: DeploymentRow;
  readonly validate: InputValidator;
  readonly fields: FieldKinds;
  /** What the version gives back are files. */
  readonly streamsFiles: boolean;
  /** What a run of it may cost, in millionths: to set aside. */
  readonly holdMicros: number;
}

/** Models, deployments and versions by what callers call them, kept for a few seconds. */
export interface Targets {
  /** `<64 hex>`, `owner/name` (its newest version) or `owner/name:<64 hex>`. */
  byVersion(reference: string, caller: Identity): Promise<RunTarget>;
  byDeployment(owner: string, name: string, caller: Identity): Promise<RunTarget>;
  /** The newest version of a model; a model that the caller may not see is not found. */
  byModel(owner: string, name: string, caller: Identity): Promise<RunTarget>;
  /** A version in train mode. @throws Problem `not-found`, and `not-trainable` where it has no trainer */
  byTraining(owner: string, name: string, versionId: string, caller: Identity): Promise<RunTarget>;
  model(owner: string, name: string): Promise<ModelRow | null>;
  deployment(id: string): Promise<DeploymentRow | null>;
  account(username: string): Promise<AccountRow | null>;
  /** After a model, version or deployment changed. */
  forget(): void;
}

const VERSION_ID = /^[0-9a-f]{64}$/;
const REFERENCE = /^([a-z0-9][a-z0-9._-]{0,99})\/([a-z0-9][a-z0-9._-]{0,99})(?::([0-9a-f]{64}))?$/;
const KEPT_MS = 3_000;
const KEPT = 1_000;

/** What trains goes soon: the next training is hours away, and what it was trained for waits for the room. */
const TRAINER_KEEP_ALIVE: KeepAlive = { kind: 'fixed', ms: 10_000 };

const noTrainer = (version: string): string =>
  `${version} has no trainer: its schema has no TrainingInput. Train a version whose model declares one (\`train\` in cog.yaml, or in defineModel).`;

/** Replicate's own words, and after them what this reference lacks. */
const noVersion = (what: string): Problem =>
  new Problem(
    'invalid-version',
    `The specified version does not exist (or perhaps you don't have permission to use it?): ${what}`,
  );

export function createTargets(store: Store, settings: ApiSettings, now: () => number): Targets {
  const cache = <Value>(ttlMs = KEPT_MS) => createTtlCache<Value>({ ttlMs, max: KEPT, now });
  const models = cache<ModelRow | null>();
  const deployments = cache<DeploymentRow | null>();
  const accounts = cache<AccountRow | null>();
  const versions = cache<VersionRow | null>();
  const implicit = cache<DeploymentRow | null>();
  const named = cache<DeploymentRow | null>();
  // A version never changes, so neither does what its schema says.
  const readings = cache<Reading>(Number.POSITIVE_INFINITY);

  const holdOf = createHoldOf(store, settings.runs, now);

  const model = (owner: string, name: string) => models.get(`${owner}/${name}`, () => store.models.byName(owner, name));
  const version = (id: string) => versions.get(id, () => store.models.version(id));
  const newest = (owner: string, name: string) =>
    versions.get(`${owner}/${name}`, () => store.models.latestVersion(owner, name));

  /** `asked`: what the caller called it, which is all that a refusal says: of a private version that there is none. */
  async function run(found: VersionRow, caller: Identity, asked: string, through?: DeploymentRow): Promise<RunTarget> {
    const of = await model(found.owner, found.name);
    if (of === null || !mayUse(caller, of)) throw noVersion(asked);
    const deployment =
      through ?? (await implicit.get(found.id, () => store.deployments.ensureImplicit(found, scaleOf(of))));
    if (deployment === null) throw noVersion(asked);
    const reading = await readings.get(found.id, async () => readSchema(found.openapiSchema));
    return { model: of, version: found, deployment, ...reading, holdMicros: await holdOf(deployment) };
  }

  const scaleOf = (of: ModelRow) => ({
    hardwareSku: of.hardwareSku,
    minInstances: 0,
    maxInstances: settings.maxInstances,
    keepAlive: settings.keepAlive,
  });

  return {
    model,
    deployment: (id) => deployments.get(id, () => store.deployments.get(id)),
    account: (username) => accounts.get(username, () => store.accounts.byUsername(username)),
    async byVersion(reference, caller) {
      const [, owner = '', name = '', pinned] = REFERENCE.exec(reference) ?? [];
      const id = VERSION_ID.test(reference) ? reference : pinned;
      if (id === undefined && owner === '') {
        throw noVersion(
          `${JSON.stringify(reference.slice(0, 200))} is not of the form owner/name, owner/name:<64 hex digits> or <64 hex digits>`,
        );
      }
      const found = await (id === undefined ? newest(owner, name) : version(id));
      const belongs = found !== null && (owner === '' || (found.owner === owner && found.name === name));
      if (!belongs) throw noVersion(reference);
      return run(found, caller, reference);
    },
    async byModel(owner, name, caller) {
      const of = await model(owner, name);
      if (of === null || !mayUse(caller, of)) throw notFound(`Model ${owner}/${name}`);
      const found = await newest(owner, name);
      if (found === null) throw noVersion(`${owner}/${name} has no version yet`);
      return run(found, caller, `${owner}/${name}`);
    },
    async byTraining(owner, name, versionId, caller) {
      const of = await model(owner, name);
      if (of === null || !mayUse(caller, of)) throw notFound(`Model ${owner}/${name}`);
      const found = await version(versionId);
      if (found?.modelId !== of.id) throw notFound(`Version ${versionId} of ${owner}/${name}`);
      const inputs = trainingInputSchemaOf(found.openapiSchema);
      if (inputs === null) throw new Problem('not-trainable', noTrainer(`${owner}/${name}:${versionId}`));
      const scale = { ...scaleOf(of), keepAlive: TRAINER_KEEP_ALIVE };
      const deployment = await store.deployments.ensureImplicit(found, scale, 'train');
      const validate = createInputValidator(found.openapiSchema, inputs);
      const holdMicros = await holdOf(deployment);
      const fields = fieldKindsOf(inputs);
      return { model: of, version: found, deployment, validate, fields, streamsFiles: false, holdMicros };
    },
    async byDeployment(owner, name, caller) {
      const through = await named.get(`${owner}/${name}`, () => store.deployments.byName(owner, name));
      const found = through && (await version(through.versionId));
      const of = found && (await model(found.owner, found.name));
      if (!through || !found || !of || !mayUse(caller, of)) throw notFound(`Deployment ${owner}/${name}`);
      return run(found, caller, `${owner}/${name}`, through);
    },
    forget() {
      for (const kept of [models, deployments, versions, implicit, named]) kept.clear();
    },
  };
}

type Reading = Pick<RunTarget, 'validate' | 'fields' | 'streamsFiles'>;

function readSchema(openapi: unknown): Reading {
  const output = outputSchemaOf(openapi);
  return {
    validate: createInputValidator(openapi),
    fields: fieldKindsOf(inputSchemaOf(openapi)),
    streamsFiles: output !== null && givesFiles(output),
  };
}
