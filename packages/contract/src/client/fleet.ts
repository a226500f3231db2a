import type { WireInstance, WireStatusPage } from '../north/fleet.ts';
import type { HardwareBody, WireHardware, WireHardwarePrice } from '../north/hardware.ts';
import type { WireInstanceUsage, WireLives } from '../north/history.ts';
import type { HostBody, HostPatch, WireHost } from '../north/host.ts';
import type { Http } from './http.ts';
import { part, search } from './path.ts';

/** The part of the client that is about hardware, the hosts that have it and the instances there. */
export function createFleet(http: Http) {
  const { get, post } = http;
  return {
    hardware: {
      list: () => get<WireHardware[]>('/hardware'),
      put: (body: HardwareBody) => post<WireHardware>('/hardware', body),
      /** What was ever set, the newest first. */
      prices: (sku: string) => get<WireHardwarePrice[]>(`/hardware/${part(sku)}/prices`),
      remove: (sku: string) => http.empty('DELETE', `/hardware/${part(sku)}`),
    },
    hosts: {
      list: () => get<WireHost[]>('/hosts'),
      get: (id: string) => get<WireHost>(`/hosts/${part(id)}`),
      /** It is checked at once, beside the answer. */
      add: (body: HostBody) => post<WireHost>('/hosts', body),
      update: (id: string, body: HostPatch) => http.json<WireHost>('PATCH', `/hosts/${part(id)}`, body),
      /** Done once `checked_at` of the host is not before `check_asked_at`. */
      check: (id: string) => post<WireHost>(`/hosts/${part(id)}/check`),
      /** `force`: though it runs instances, which then count as lost. */
      remove: (id: string, force: boolean) =>
        http.empty('DELETE', `/hosts/${part(id)}?${search({ force: String(force) })}`),
    },
    status: () => get<WireStatusPage>('/status'),
    instances: (query: { all?: boolean; deployment?: string } = {}) =>
      http.every<WireInstance>(
        `/instances?${search({ all: query.all ? 'true' : undefined, deployment: query.deployment })}`,
      ),
    /** The last lines that an instance printed. */
    instanceLogs: (id: string) => http.text(`/instances/${part(id)}/logs`),
    /** What each did with its time; of the last hour where no range is given. */
    instanceLives: (query: { from?: string; to?: string; deployment?: string } = {}) =>
      get<WireLives>(`/instances/timeline?${search(query)}`),
    /** What instances did with each day, of the last week where no range is given. */
    instanceUsage: (range: { from?: string; to?: string } = {}) =>
      get<WireInstanceUsage>(`/usage/instances?${search(range)}`),
    /** It finishes what it holds and goes. */
    drainInstance: (id: string) => post<WireInstance>(`/instances/${part(id)}/drain`),
    /** It goes at once; what it held runs elsewhere. */
    stopInstance: (id: string) => post<WireInstance>(`/instances/${part(id)}/stop`),
  };
}
