import type { AuditFilters } from '@hearth/contract';
import { queryOptions } from '@tanstack/react-query';
import { api } from '../../api/client.ts';

export const tokensQuery = (username: string) =>
  queryOptions({ queryKey: ['tokens', username], queryFn: () => api.tokens.list(username) });

export const membersQuery = (username: string) =>
  queryOptions({ queryKey: ['members', username], queryFn: () => api.members.list(username) });

/** `page`: filters, or the URL of a page that a page before it gave. */
export const auditQuery = (page: AuditFilters | string) =>
  queryOptions({
    queryKey: ['audit', page],
    queryFn: () => api.audit(page),
  });

export const hardwareQuery = queryOptions({ queryKey: ['hardware'], queryFn: () => api.hardware.list() });

export const accountsQuery = queryOptions({
  queryKey: ['accounts'],
  queryFn: () => api.accounts.list(),
  // What each asks for now is in it.
  refetchInterval: 5_000,
});

export const budgetsQuery = queryOptions({
  queryKey: ['budgets'],
  queryFn: () => api.budgets.list(),
  // What is spent and held moves with every run.
  refetchInterval: 5_000,
});

export const webhookSecretQuery = queryOptions({
  queryKey: ['webhook-secret'],
  queryFn: () => api.webhooks.secret(),
});
