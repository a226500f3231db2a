/** What a token may be allowed, from the least to the most: each has all that the ones before it have. */
export const SCOPES = ['read', 'run', 'deploy', 'admin'] as const;
export type Scope = (typeof SCOPES)[number];

/**
 * Classes of operations: which scopes may do them, and what they are. Every route of the API is of one class, and
 * `docs/guides/accounts.md` is held to this table by a test.
 */
export const NEEDS = {
  read: {
    scopes: ['read', 'run', 'deploy', 'admin'],
    what: 'See: models, versions, deployments, own predictions, trainings and files, logs of own instances, what is live, history, usage.',
  },
  run: {
    scopes: ['run', 'deploy', 'admin'],
    what: 'Make and cancel predictions, upload and delete files, read the webhook signing secret, send a webhook again.',
  },
  deploy: {
    scopes: ['deploy', 'admin'],
    what: 'Change what there is to run: models, versions, examples, trainings, deployments, rollbacks, warming up, draining and stopping own instances.',
  },
  admin: {
    scopes: ['admin'],
    what: 'Manage the account: its members, its tokens, its webhook signing secret, its audit log.',
  },
  operator: {
    scopes: ['admin'],
    what: "Manage the installation: hosts, hardware, accounts and their shares, collections. Needs an operator's token.",
  },
} as const satisfies Record<string, { scopes: readonly Scope[]; what: string }>;
/** `nothing`: whoever asks; the URL or the body says enough. */
export type Need = keyof typeof NEEDS | 'nothing';

/** What of a token says what it may do. */
export interface TokenPower {
  readonly scope: Scope;
  /** The installation's operator: what it may do, it may do to all accounts. */
  readonly operator: boolean;
}

export function allows({ scope, operator }: TokenPower, need: keyof typeof NEEDS): boolean {
  const allowed: readonly Scope[] = NEEDS[need].scopes;
  return allowed.includes(scope) && (operator || need !== 'operator');
}

/** All that come with a scope, the least first. */
export const scopesWithin = (scope: Scope): Scope[] => SCOPES.slice(0, SCOPES.indexOf(scope) + 1);

/** What a token of a member may do at most: the account is managed by its owners. */
export const MOST_OF_ROLE = { owner: 'admin', member: 'deploy' } as const satisfies Record<string, Scope>;

/** The scope that a token has in the hands of its member: one who is no owner any more has less. */
export function effectiveScope(scope: Scope, role: keyof typeof MOST_OF_ROLE): Scope {
  const most: Scope = MOST_OF_ROLE[role];
  return SCOPES.indexOf(scope) <= SCOPES.indexOf(most) ? scope : most;
}
