import { createHash } from 'node:crypto';
import { type LedgerRecord, type Link, linkText } from '@hearth/core';

/** The columns of a record, under the names that the port gives them. */
export const RECORD = [
  'usage_records.id',
  'usage_records.kind',
  'usage_records.prediction_id as predictionId',
  'usage_records.attempt',
  'usage_records.account_id as accountId',
  'usage_records.model',
  'usage_records.version_id as versionId',
  'usage_records.deployment_id as deploymentId',
  'usage_records.hardware_sku as hardwareSku',
  'usage_records.predict_microseconds as predictMicroseconds',
  'usage_records.price_micros_per_second as priceMicrosPerSecond',
  'usage_records.cost_micros as costMicros',
  'usage_records.status',
  'usage_records.at',
  'usage_records.corrects',
  'usage_records.reason',
  'usage_records.made_by as madeBy',
] as const;

/** The same in SQL. */
export const RECORD_SQL = RECORD.map((column) => column.replace(/ as (\w+)$/, ' as "$1"')).join(', ');

/** The hash of a link, in hex. */
export const hashOf = (link: Link, record: LedgerRecord): string =>
  createHash('sha256').update(linkText(link, record)).digest('hex');
