import { newId } from '@hearth/kit';
import {
  type DeploymentRow,
  type DeploymentStatusRow,
  type Deployments,
  type Models,
  VersionGone,
  type VersionRow,
} from '@hearth/store';
import { asDeployment } from './observe.ts';
import { foreignFailure, foreignText, type StoredDeployment, type Tables } from './tables.ts';

type Scale = Pick<DeploymentRow, 'versionId' | 'hardwareSku' | 'minInstances' | 'maxInstances' | 'keepAlive'>;

/** `now`: the database's own clock. */
export function deploymentsOf(tables: Tables, now: () => number): Partial<Deployments> {
  const { deployments, statuses, usage, instances } = tables;
  const standing = (id: string): StoredDeployment | null => {
    const row = deployments.get(id);
    return row === undefined || row.removedAt !== null ? null : row;
  };
  const put = (
    row: Scale & Pick<DeploymentRow, 'owner' | 'name' | 'modelId' | 'implicit' | 'mode'>,
    releasedBy: string = row.owner,
  ): DeploymentRow => {
    if (tables.versions.get(row.versionId) === undefined) throw new VersionGone(row.versionId);
    const at = now();
    const { owner, name } = row;
    const born = { release: 1, releasedAt: at, releasedBy, createdAt: at, removedAt: null, warmUntil: null };
    const model = tables.models.get(row.modelId);
    const modelName = model === undefined ? `${owner}/${name}` : `${model.owner}/${model.name}`;
    return asDeployment(deployments.put({ ...row, ...born, id: newId(at), model: modelName }));
  };
  return {
    async insert({ by, ...row }) {
      const taken = deployments
        .all()
        .some((one) => one.owner === row.owner && one.name === row.name && !one.implicit && one.removedAt === null);
      return taken ? 'taken' : put({ ...row, implicit: false, mode: 'predict' }, by);
    },
    async ensureImplicit({ id: versionId, modelId, owner, name }, scale, mode = 'predict') {
      const known = deployments.all().find((one) => one.versionId === versionId && one.mode === mode && one.implicit);
      return known ? asDeployment(known) : put({ ...scale, versionId, modelId, owner, name, implicit: true, mode });
    },
    async get(id) {
      const row = standing(id);
      return row === null ? null : asDeployment(row);
    },
    async setStatus(rows) {
      for (const row of rows) {
        const blockedDetail = row.blockedDetail && foreignText(row.blockedDetail);
        statuses.put({ ...row, blockedDetail, failure: row.failure && foreignFailure(row.failure) });
      }
    },
    status: async (id) => statuses.get(id) ?? null,
    failing: async () => failing(tables),
    queuesLeft: async () => [],
    async recentWork(ids, limits) {
      return [...new Set(ids)].toSorted().flatMap((deploymentId) => {
        const row = deployments.get(deploymentId);
        if (row === undefined) return [];
        const isItsOwn = (one: { versionId: string; hardwareSku: string }): boolean =>
          one.versionId === row.versionId && one.hardwareSku === row.hardwareSku;
        const runs = usage
          .all()
          .filter((one) => one.deploymentId === deploymentId)
          .toReversed()
          .slice(0, limits.runs)
          .filter((one) => one.status === 'succeeded' && isItsOwn(one))
          .map(({ predictMicroseconds, at }) => ({ runMs: Math.round(predictMicroseconds / 1_000), at }));
        const boots = instances
          .all()
          .filter((one) => one.deploymentId === deploymentId)
          .toReversed()
          .slice(0, limits.boots)
          .filter((one) => one.phases.ready !== undefined && isItsOwn(one))
          .map(({ phases }) => phases);
        return [{ deploymentId, runs, boots }];
      });
    },
  };
}

/** Deployments whose waiting predictions must fail. */
function failing({ statuses, deployments, predictions }: Tables): DeploymentStatusRow[] {
  return statuses.all().filter(({ deploymentId, failure, failWaitingUntil }) => {
    const deployment = deployments.get(deploymentId);
    if (deployment === undefined || failure === null || failWaitingUntil === null) return false;
    const waits = predictions
      .all()
      .some(
        (row) => row.deploymentId === deploymentId && row.status === 'starting' && row.createdAt < failWaitingUntil,
      );
    return failure.at >= deployment.releasedAt && waits;
  });
}

export function modelsOf({ models, versions }: Tables, now: () => number): Partial<Models> {
  return {
    async insert(model) {
      if (models.all().some(({ owner, name }) => owner === model.owner && name === model.name)) return 'taken';
      const at = now();
      return models.put({ ...model, id: newId(at), weightsUrl: null, createdAt: at });
    },
    async byName(owner, name) {
      return models.all().find((model) => model.owner === owner && model.name === name) ?? null;
    },
    async insertVersion(version): Promise<VersionRow> {
      const model = models.get(version.modelId);
      if (model === undefined) throw new Error(`there is no model ${version.modelId}`);
      const { owner, name } = model;
      const made = { owner, name, baseVersionId: null, weightsFileId: null, createdAt: now() };
      return versions.get(version.id) ?? versions.put({ ...version, ...made });
    },
    version: async (id) => versions.get(id) ?? null,
  };
}
