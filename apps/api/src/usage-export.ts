import type { UsageEvent } from '@hearth/contract';
import type { SealedRecord } from '@hearth/store';
import { csv } from './csv.ts';
import { date } from './wire.ts';

export const CSV_COLUMNS = [
  'sequence',
  'id',
  'kind',
  'account',
  'prediction',
  'model',
  'version',
  'deployment',
  'hardware',
  'status',
  'predict_microseconds',
  'price_micros_per_second',
  'cost_micros',
  'at',
  'corrects',
  'reason',
  'made_by',
];

export const csvLine = (row: SealedRecord): string =>
  csv([
    [
      row.sequence,
      row.id,
      row.kind,
      row.username ?? row.accountId,
      row.predictionId,
      row.model,
      row.versionId,
      row.deploymentId,
      row.hardwareSku,
      row.status ?? '',
      row.predictMicroseconds,
      row.priceMicrosPerSecond,
      row.costMicros,
      date(row.at),
      row.corrects ?? '',
      row.reason ?? '',
      row.madeBy ?? '',
    ],
  ]);

/**
 * A record as CloudEvents 1.0 has it. Nothing in it changes from one export to the next, so that whoever is sent it twice
 * can drop the second. `source`: the installation, as a URI that does not change with its address.
 */
export const usageEvent = (row: SealedRecord, source: string): UsageEvent => ({
  specversion: '1.0',
  id: row.id,
  source,
  type: 'hearth.usage',
  subject: row.username ?? row.accountId,
  time: date(row.at),
  datacontenttype: 'application/json',
  sequence: String(row.sequence),
  data: {
    kind: row.kind,
    prediction: row.predictionId,
    model: row.model,
    version: row.versionId,
    deployment: row.deploymentId,
    hardware: row.hardwareSku,
    status: row.status,
    predict_seconds: row.predictMicroseconds / 1_000_000,
    predict_microseconds: row.predictMicroseconds,
    price_micros_per_second: row.priceMicrosPerSecond,
    cost: row.costMicros / 1_000_000,
    cost_micros: row.costMicros,
    corrects: row.corrects,
    reason: row.reason,
  },
});
