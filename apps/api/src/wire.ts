import {
  effectiveScope,
  type WireCollectionItem,
  type WireCurrentRelease,
  type WireDeployment,
  type WireFailure,
  type WireFile,
  type WireHardware,
  type WireInstance,
  type WireModel,
  type WirePrediction,
  type WireRelease,
  type WireToken,
  type WireTraining,
  type WireUsageRecord,
  type WireVersion,
  wirePrediction,
} from '@hearth/contract';
import type { Failure, Hardware, LedgerRecord } from '@hearth/core';
import type {
  AccountRow,
  CollectionRow,
  DeploymentRow,
  DescribedModel,
  FileRow,
  InstanceRow,
  PredictionRow,
  ReleaseRow,
  TokenRow,
  VersionRow,
} from '@hearth/store';
import { wireKeepAlive } from './keep-alive.ts';
import type { Urls } from './urls.ts';

/** Rows as they go over the wire. Times become ISO 8601 with Z; what has not happened is left out where clients need it so. */

export const date = (ms: number): string => new Date(ms).toISOString();
export const dateOrNull = (ms: number | null): string | null => (ms === null ? null : date(ms));

/**
 * A prediction whose hold ran out: as it was when it was made, whatever it does by now. Clients take any other status
 * for the end and hand out the missing output (contract §0.2).
 */
export const asStarting = (row: PredictionRow): PredictionRow => ({
  ...row,
  status: 'starting',
  output: null,
  logs: '',
  error: null,
  metrics: null,
  startedAt: null,
  completedAt: null,
});

/** `destination` of a prediction is null, and it is never sent as a training. */
export const wireTraining = (row: PredictionRow, urls: Urls, waiting?: WirePrediction['waiting']): WireTraining => ({
  ...wirePrediction(row, urls, waiting),
  destination: row.destination ?? '',
});

export const wireVersion = (row: VersionRow): WireVersion => ({
  id: row.id,
  created_at: date(row.createdAt),
  cog_version: row.cogVersion,
  openapi_schema: row.openapiSchema,
});

/** A prediction as everybody sees it who sees the model: where its caller had it reported to is not theirs to know. */
export const wireExample = (row: PredictionRow, urls: Urls): WirePrediction =>
  wirePrediction({ ...row, webhook: null, webhookEventsFilter: null }, urls);

export const wireCollectionItem = ({ name, slug, description }: CollectionRow): WireCollectionItem => ({
  name,
  slug,
  description,
});

export const wireModel = (row: DescribedModel, urls: Urls): WireModel => ({
  url: urls.model(row.owner, row.name),
  owner: row.owner,
  name: row.name,
  description: row.description,
  visibility: row.visibility,
  is_official: false,
  github_url: row.githubUrl,
  paper_url: row.paperUrl,
  license_url: row.licenseUrl,
  weights_url: row.weightsUrl,
  run_count: row.runCount,
  cover_image_url: row.coverImageUrl,
  default_example: row.defaultExample && wireExample(row.defaultExample, urls),
  latest_version: row.latestVersion && wireVersion(row.latestVersion),
  created_at: date(row.createdAt),
  hardware: row.hardwareSku,
  measured: row.typicalRun && {
    runs: row.typicalRun.runs,
    run_seconds: row.typicalRun.predictMicroseconds / 1_000_000,
    cost: row.typicalRun.costMicros / 1_000_000,
  },
});

/** `by`: who made its current release; null where that account is gone. */
export const wireDeployment = (row: DeploymentRow, by: AccountRow | null): WireDeployment => ({
  owner: row.owner,
  name: row.name,
  current_release: wireContent(
    { ...row, number: row.release, createdAt: row.releasedAt, createdBy: row.releasedBy },
    row.model,
    by,
  ),
});

export const wireRelease = (row: ReleaseRow, model: string, by: AccountRow | null): WireRelease => ({
  ...wireContent(row, model, by),
  restores: row.restores,
});

/** What a deployment runs, for the audit log. */
export const deployedAs = (row: DeploymentRow) => ({
  model: row.model,
  version: row.versionId,
  hardware: row.hardwareSku,
  min_instances: row.minInstances,
  max_instances: row.maxInstances,
  keep_alive: wireKeepAlive(row.keepAlive),
});

const wireContent = (row: Omit<ReleaseRow, 'restores'>, model: string, by: AccountRow | null): WireCurrentRelease => ({
  number: row.number,
  model,
  version: row.versionId,
  created_at: date(row.createdAt),
  created_by: {
    type: by?.type ?? 'user',
    username: row.createdBy,
    name: by?.name ?? row.createdBy,
    avatar_url: null,
    github_url: null,
  },
  configuration: {
    hardware: row.hardwareSku,
    min_instances: row.minInstances,
    max_instances: row.maxInstances,
    keep_alive: wireKeepAlive(row.keepAlive),
  },
});

export const wireFile = (row: FileRow, owner: string, urls: Urls): WireFile => ({
  id: row.id,
  name: row.name,
  content_type: row.contentType,
  size: row.sizeBytes,
  etag: row.md5,
  checksums: { sha256: row.sha256, md5: row.md5 },
  metadata: row.metadata,
  created_at: date(row.createdAt),
  ...(row.expiresAt !== null && { expires_at: date(row.expiresAt) }),
  urls: {
    get: urls.file(row.id),
    download: urls.download({ id: row.id, owner, expiresAt: row.expiresAt ?? row.createdAt + 86_400_000 }),
  },
});

export const wireHardware = (row: Hardware): WireHardware => ({
  name: row.name,
  sku: row.sku,
  gpus: row.gpus,
  gpu_share_mib: row.gpuShareMiB,
  gpu_type: row.gpuType,
  vram_mib: row.vramMiB,
  cpus: row.cpus,
  memory_mib: row.memoryMiB,
  labels: row.labels,
  fallback: [...row.fallback],
  price_micros_per_second: row.priceMicrosPerSecond,
});

export const wireToken = (row: TokenRow): WireToken => ({
  id: row.id,
  name: row.name,
  username: row.username,
  member: row.member,
  scope: effectiveScope(row.scope, row.memberRole),
  operator: row.operator && row.memberRole === 'owner',
  hint: row.hint,
  created_at: date(row.createdAt),
  expires_at: dateOrNull(row.expiresAt),
  last_used_at: dateOrNull(row.lastUsedAt),
});

export const wireFailure = (failure: Failure): WireFailure => ({
  kind: failure.kind,
  phase: failure.phase,
  message: failure.message,
  log_tail: failure.logTail,
  exit_code: failure.exitCode,
  at: date(failure.at),
});

export const wireInstance = (
  row: InstanceRow & { inFlight: number; lastUsedAt: number | null },
  of: { deployment: string | null; model: string | null },
): WireInstance => ({
  id: row.id,
  deployment: of.deployment,
  model: of.model,
  version: row.versionId,
  hardware: row.hardwareSku,
  host: row.hostId,
  devices: [...row.deviceIds],
  runtime: row.runtime,
  memory_mib: row.memoryMiB,
  slots: row.slots,
  in_flight: row.inFlight,
  state: row.state,
  since: date(row.since),
  reason: row.reason,
  last_used_at: dateOrNull(row.lastUsedAt),
  phases: Object.fromEntries(Object.entries(row.phases).map(([phase, at]) => [phase, date(at)])),
  failure: row.failure && wireFailure(row.failure),
  created_at: date(row.createdAt),
});

export const wireUsageRecord = (row: LedgerRecord): WireUsageRecord => ({
  id: row.id,
  kind: row.kind,
  prediction: row.predictionId,
  model: row.model,
  version: row.versionId,
  hardware: row.hardwareSku,
  status: row.status === 'aborted' ? 'canceled' : row.status,
  predict_microseconds: row.predictMicroseconds,
  price_micros_per_second: row.priceMicrosPerSecond,
  cost_micros: row.costMicros,
  at: date(row.at),
  corrects: row.corrects,
  reason: row.reason,
  made_by: row.madeBy,
});
