import type {
  DeploymentBody,
  DeploymentPatch,
  WireDeployment,
  WireRelease,
  WireRolledBack,
} from '../north/deployment.ts';
import type { WireExplanation } from '../north/explain.ts';
import type { WireMetrics, WireWarmed } from '../north/history.ts';
import type { Http } from './http.ts';
import { part, search } from './path.ts';

/** The part of the client that is about deployments. */
export function createDeployments(http: Http) {
  const { get, post } = http;
  return {
    list: () => http.every<WireDeployment>('/deployments'),
    get: (owner: string, name: string) => get<WireDeployment>(`/deployments/${part(owner)}/${part(name)}`),
    create: (body: DeploymentBody) => post<WireDeployment>('/deployments', body),
    update: (owner: string, name: string, body: DeploymentPatch) =>
      http.json<WireDeployment>('PATCH', `/deployments/${part(owner)}/${part(name)}`, body),
    /** All of them, newest first. */
    releases: (owner: string, name: string) =>
      http.every<WireRelease>(`/deployments/${part(owner)}/${part(name)}/releases`),
    /** A new release with the content of an earlier one; of the one before the current where it is left out. */
    rollback: (owner: string, name: string, release?: number) =>
      post<WireRolledBack>(`/deployments/${part(owner)}/${part(name)}/rollback`, { release }),
    /** What ended, how long it took and how many waited, step by step; of the last hour where it is left out. */
    metrics: (owner: string, name: string, range: { from?: string; to?: string } = {}) =>
      get<WireMetrics>(`/deployments/${part(owner)}/${part(name)}/metrics?${search(range)}`),
    /** Keeps one instance for so many seconds, whatever the minimum; 0 ends it. */
    warm: (owner: string, name: string, seconds?: number) =>
      post<WireWarmed>(`/deployments/${part(owner)}/${part(name)}/warm`, { seconds }),
    explain: (owner: string, name: string) => get<WireExplanation>(`/deployments/${part(owner)}/${part(name)}/explain`),
    delete: (owner: string, name: string) => http.empty('DELETE', `/deployments/${part(owner)}/${part(name)}`),
  };
}
