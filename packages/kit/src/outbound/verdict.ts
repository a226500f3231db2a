import ipaddr, { type IPv4, type IPv6 } from 'ipaddr.js';

/** An entry of the allow-list: a range of addresses or a name as the URL writes it, and a port; null: any port. */
export type AllowedTarget =
  | { readonly kind: 'range'; readonly base: IPv4 | IPv6; readonly bits: number; readonly port: number | null }
  | { readonly kind: 'name'; readonly name: string; readonly port: number | null };

export interface OutboundRules {
  readonly allow: readonly AllowedTarget[];
  /** The loopback may be opened, our own ports apart: everything here is one person's machine. */
  readonly loopback: boolean;
  /** What listens for us alone: our own ports and those of the stores. A name stands for itself. */
  readonly own: readonly { readonly host: string; readonly port: number }[];
  /** Addresses of this machine's interfaces: what listens on the loopback may listen there too. */
  readonly machine: readonly string[];
}

/** One connection about to be made. */
export interface OutboundTarget {
  /** As the URL writes it; null where it writes an address. */
  readonly name: string | null;
  /** In any notation that `ipaddr.js` reads. */
  readonly address: string;
  readonly port: number;
}

/** `never`: no setting allows it. `unlisted`: it may be put on the allow-list. */
export type OutboundVerdict =
  | { readonly kind: 'allowed' }
  | { readonly kind: 'never' | 'unlisted'; readonly what: string };

const ALLOWED: OutboundVerdict = { kind: 'allowed' };
const never = (what: string): OutboundVerdict => ({ kind: 'never', what });

/**
 * Where clouds tell a machine its credentials, in so far as no range below covers it: Amazon's and Google's over IPv6,
 * Alibaba's, Oracle's, and Azure's, which is a public address.
 */
const METADATA = new Set(['fd00:ec2::254', 'fd20:ce::254', '100.100.100.200', '192.0.0.192', '168.63.129.16']);

/** Ranges that somebody may have a reason to allow; the words of IANA's registries for special addresses. */
const OPENABLE: Readonly<Record<string, string>> = {
  loopback: 'an address of this machine itself',
  private: 'a private address',
  carrierGradeNat: 'an address behind a carrier (100.64.0.0/10)',
  uniqueLocal: 'a private address (fc00::/7)',
};

/** Of the address space of IPv6, what is given out to be reached by everybody. */
const GLOBAL_IPV6 = ipaddr.IPv6.parse('2000::');

/**
 * Whether a connection that a user's URL asks for may be made. Only what is public or listed is; of the rest, link-local
 * addresses (where clouds keep credentials), groups, reserved ranges and what serves this platform itself are refused
 * whatever the list says.
 */
export function outboundVerdict({ name, address, port }: OutboundTarget, rules: OutboundRules): OutboundVerdict {
  if (!ipaddr.isValid(address)) return never('no address');
  const target = plain(ipaddr.parse(address));
  const range = target.range();
  if (METADATA.has(target.toString()) || range === 'linkLocal')
    return never('a link-local address, where clouds keep credentials');
  const isOwnMachine = range === 'loopback' || rules.machine.some((own) => isSame(target, own));
  if (rules.own.some((own) => own.port === port && isServedAt(own.host, { target, name, isOwnMachine })))
    return never('a port of this platform itself');
  const openable = OPENABLE[range];
  if (openable === undefined) return isPublic(target) ? ALLOWED : never(`no public address (${range})`);
  if (range === 'loopback' && rules.loopback) return ALLOWED;
  return isListed({ name, target, port }, rules.allow) ? ALLOWED : { kind: 'unlisted', what: openable };
}

/** An address as it is without the wrapping that carries IPv4 over IPv6: mapped, NAT64 and 6to4. */
function plain(parsed: IPv4 | IPv6): IPv4 | IPv6 {
  if (parsed.kind() === 'ipv4') return parsed;
  const wrapped = parsed as IPv6;
  const [, high = 0, low = 0, ...rest] = wrapped.parts;
  if (wrapped.range() === '6to4') return ofHalves(high, low);
  const isCarrier = wrapped.range() === 'ipv4Mapped' || wrapped.match(NAT64, 96);
  return isCarrier ? ofHalves(rest.at(-2) ?? 0, rest.at(-1) ?? 0) : wrapped;
}

const NAT64 = ipaddr.IPv6.parse('64:ff9b::');

const ofHalves = (high: number, low: number): IPv4 => new ipaddr.IPv4([high >> 8, high & 255, low >> 8, low & 255]);

const isPublic = (target: IPv4 | IPv6): boolean =>
  target.range() === 'unicast' && (target.kind() === 'ipv4' || (target as IPv6).match(GLOBAL_IPV6, 3));

const isSame = (target: IPv4 | IPv6, address: string): boolean =>
  ipaddr.isValid(address) && plain(ipaddr.parse(address)).toString() === target.toString();

/** What listens on the loopback or on every address is reached by each address of this machine. */
function isServedAt(
  host: string,
  { target, name, isOwnMachine }: { target: IPv4 | IPv6; name: string | null; isOwnMachine: boolean },
): boolean {
  if (host === name) return true;
  if (host === 'localhost') return isOwnMachine;
  if (!ipaddr.isValid(host)) return false;
  const range = plain(ipaddr.parse(host)).range();
  return range === 'loopback' || range === 'unspecified' ? isOwnMachine : isSame(target, host);
}

function isListed(
  { name, target, port }: { name: string | null; target: IPv4 | IPv6; port: number },
  allow: readonly AllowedTarget[],
): boolean {
  return allow.some((entry) => {
    if (entry.port !== null && entry.port !== port) return false;
    if (entry.kind === 'name') return entry.name === name;
    return entry.base.kind() === target.kind() && target.match([entry.base, entry.bits] as never);
  });
}
