import { lookup } from 'node:dns/promises';
import ipaddr from 'ipaddr.js';
import { type OutboundRules, type OutboundTarget, outboundVerdict } from './verdict.ts';

export interface ResolvedAddress {
  readonly address: string;
  readonly family: number;
}

/** A connection that a user's URL asked for and that is not made. The message says where it led, and what would allow it. */
export class OutboundRefused extends Error {
  override readonly name = 'OutboundRefused';
}

/** Stands between the URLs that users give and the processes of ours that open them. */
export interface OutboundGuard {
  /**
   * Every address that a name stands for now, all of them allowed. Whoever connects must connect to one of these and not
   * ask again, or the name may by then stand for another.
   * @throws OutboundRefused, and what the resolver throws
   */
  addressesOf(hostname: string, port: number): Promise<readonly ResolvedAddress[]>;
  /** Why this URL would be refused now; null: it would not be, or its name stands for nothing that could be reached. */
  whyRefused(url: string): Promise<string | null>;
}

/** The rules where nothing was configured: only what is public. */
const PUBLIC_ONLY: OutboundRules = { allow: [], loopback: false, own: [], machine: [] };

export interface OutboundGuardOptions {
  /** Left out: only what is public may be opened. */
  readonly rules?: OutboundRules | undefined;
  /** What listens for us besides, asked at every use. */
  readonly alsoOwn?: () => OutboundRules['own'];
  /** All addresses of a name. Left out: the system's resolver. */
  readonly resolve?: ((name: string) => Promise<readonly ResolvedAddress[]>) | undefined;
}

const bySystem = (name: string): Promise<ResolvedAddress[]> => lookup(name, { all: true });

export function createOutboundGuard(options: OutboundGuardOptions): OutboundGuard {
  const { rules = PUBLIC_ONLY, alsoOwn = () => [], resolve = bySystem } = options;
  const addressesOf = async (hostname: string, port: number): Promise<readonly ResolvedAddress[]> => {
    const literal = hostname.replace(/^\[|\]$/g, '');
    const isLiteral = ipaddr.isValid(literal);
    const name = isLiteral ? null : hostname.toLowerCase().replace(/\.$/, '');
    const addresses = isLiteral ? [{ address: literal, family: familyOf(literal) }] : await resolve(hostname);
    const known = await withNamesResolved({ ...rules, own: [...rules.own, ...alsoOwn()] }, port, resolve);
    for (const { address } of addresses) check({ name, address, port }, known);
    return addresses;
  };
  return {
    addressesOf,
    async whyRefused(url) {
      try {
        const { hostname, port, protocol } = new URL(url);
        await addressesOf(hostname, Number(port || (protocol === 'https:' ? 443 : 80)));
        return null;
      } catch (error) {
        // A name that stands for nothing yet: whoever opens it later is told then.
        return error instanceof OutboundRefused ? error.message : null;
      }
    },
  };
}

const familyOf = (address: string): number => (ipaddr.parse(address).kind() === 'ipv4' ? 4 : 6);

/** A store may be configured by name, and then a URL may name its address: looked up only where the port is the store's. */
async function withNamesResolved(
  rules: OutboundRules,
  port: number,
  resolve: NonNullable<OutboundGuardOptions['resolve']>,
): Promise<OutboundRules> {
  const named = rules.own.filter((own) => own.port === port && own.host !== 'localhost' && !ipaddr.isValid(own.host));
  if (named.length === 0) return rules;
  const found = await Promise.all(
    named.map(async ({ host }) => {
      try {
        return (await resolve(host)).map(({ address }) => ({ host: address, port }));
      } catch {
        // A store whose name cannot be resolved cannot be reached by its address through us either: nothing to compare with.
        return [];
      }
    }),
  );
  return { ...rules, own: [...rules.own, ...found.flat()] };
}

function check(target: OutboundTarget, rules: OutboundRules): void {
  const verdict = outboundVerdict(target, rules);
  if (verdict.kind === 'allowed') return;
  const { name, address, port } = target;
  const shown = name === null || name === address ? address : `${name}, which is ${address}`;
  const refused = `it leads to ${shown}: ${verdict.what}, which Hearth does not open for a URL that it was given`;
  if (verdict.kind === 'never') throw new OutboundRefused(`${refused}.`);
  const host = name ?? (address.includes(':') ? `[${address}]` : address);
  throw new OutboundRefused(`${refused}. Who runs Hearth allows it with HEARTH_ALLOW_OUTBOUND=${host}:${port}`);
}
