import type { WireHost } from '@hearth/contract';
import type { HostRow } from '@hearth/store';
import { date, dateOrNull } from './wire.ts';

/** `mayOperate`: whether its reader may know how its engine is reached. */
export const wireHost = (row: HostRow, mayOperate: boolean): WireHost => ({
  id: row.id,
  name: row.name,
  state: row.lostAt !== null ? 'lost' : row.lastSeenAt === null ? 'new' : 'ready',
  runtimes: [...row.runtimes],
  runtime_notes: { ...row.runtimeNotes },
  cordoned: row.cordoned,
  draining: row.draining,
  labels: { ...row.labels },
  memory_mib: row.memoryMiB,
  cpus: row.declared.cpus,
  devices: row.devices.map((device) => ({ id: device.id, name: device.name, vram_mib: device.vramMiB })),
  engine_version: row.engineVersion,
  last_seen_at: dateOrNull(row.lastSeenAt),
  lost_since: dateOrNull(row.lostAt),
  lost_reason: row.lostWhy,
  connection: mayOperate ? wireConnection(row.connection) : null,
  checks: row.checks.map((check) => ({ ...check })),
  check_asked_at: dateOrNull(row.checkAskedAt),
  checked_at: dateOrNull(row.checkedAt),
  created_at: date(row.createdAt),
});

const wireConnection = (connection: HostRow['connection']): WireHost['connection'] =>
  connection && {
    url: connection.url,
    tls: connection.tls && { ...connection.tls },
    ssh: { identity: connection.ssh.identity, known_hosts: connection.ssh.knownHosts },
    address: connection.address,
    bind_address: connection.bindAddress,
    callback_host: connection.callbackHost,
  };
