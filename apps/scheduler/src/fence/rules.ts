/** What a container may reach beside the dispatcher. `internet`: public addresses; `none`: nothing. */
export type Egress = 'internet' | 'none';

export interface FenceRules {
  /** The bridge that the fenced containers are on, as the host's kernel names it. */
  readonly bridge: string;
  /** IPv4 addresses at which the dispatcher listens for containers, and its port. */
  readonly callbacks: readonly string[];
  readonly callbackPort: number;
  /** IPv4 addresses of the platform's own machines: closed, whatever else is allowed, but for the dispatcher's port. */
  readonly kept: readonly string[];
  /** IPv4 addresses and ranges that an operator opened. */
  readonly allow: readonly string[];
  readonly egress: Egress;
}

/** IPv4 that is not of the public internet, the metadata services of clouds included. Source: IANA's special-purpose registry. */
const NOT_PUBLIC = [
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4',
  '240.0.0.0/4',
] as const;

/** What {@link fenceScript} ends with where it cannot do its work; 1 and others are iptables' own. */
export const NO_IPTABLES = 71;
export const NO_BRIDGE_FILTER = 72;

/** Whose chains begin so are ours, of whichever installation. */
const PREFIX = 'HEARTH-';
/** Whoever else holds the lock of the tables holds it for moments. */
const WAIT_S = 5;

interface Chains {
  /** From a container to anywhere but the host itself. */
  readonly out: string;
  /** From a container to the host itself. */
  readonly host: string;
  /** To a container, from anywhere but the host itself. */
  readonly inward: string;
}

function chainsOf(bridge: string): Chains {
  const name = PREFIX + bridge.slice(bridge.indexOf('-') + 1);
  return { out: `${name}-OUT`, host: `${name}-HOST`, inward: `${name}-IN` };
}

const SHELL = `exec 2>&1
PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
export PATH
command -v iptables >/dev/null && command -v iptables-restore >/dev/null || exit ${NO_IPTABLES}
user=FORWARD
iptables -w ${WAIT_S} -S DOCKER-USER >/dev/null 2>&1 && user=DOCKER-USER`;

/** Puts a jump before all rules of others: an engine or a firewall that starts puts its own before those it finds. */
const LEAD = `lead() {
  tool=$1; chain=$2; shift 2
  $tool -w ${WAIT_S} -S "$chain" | sed -n '/^-A/{/ -j ${PREFIX}/!q;p;}' | grep -qF -- "$*" && return
  $tool -w ${WAIT_S} -D "$chain" "$@" 2>/dev/null
  $tool -w ${WAIT_S} -I "$chain" 1 "$@"
}`;

/** Where an engine sends the questions of its containers, from within their network. */
const NAMESERVERS = `nameservers() {
  cat /etc/resolv.conf /run/systemd/resolve/resolv.conf 2>/dev/null |
    sed -n 's/^nameserver[[:space:]][[:space:]]*\\([0-9.]*\\)[[:space:]]*$/\\1/p' | grep -v '^127\\.' | sort -u
}`;

/**
 * A program for the host's `sh`, as root in the host's network: puts the rules in force, in chains of their own, each time
 * anew and at once, wherever it begins from. Containers on the bridge then reach the dispatcher, the name servers and what
 * {@link FenceRules} opens, and nobody reaches them but over a published port.
 *
 * The bridge has no IPv6. It is closed all the same where there is `ip6tables`, against an engine that thinks otherwise.
 */
export function fenceScript(rules: FenceRules): string {
  const { bridge } = rules;
  const { out, host, inward } = chainsOf(bridge);
  return `${SHELL}
[ "$(cat /proc/sys/net/bridge/bridge-nf-call-iptables 2>/dev/null)" = 1 ] || exit ${NO_BRIDGE_FILTER}
${LEAD}
${NAMESERVERS}
{
  echo '*filter'
  ${[out, host, inward].map((chain) => `echo ':${chain} - [0:0]'`).join('\n  ')}
  ${lines(beforeNames(rules, { out, host }))}
  for server in $(nameservers); do for protocol in udp tcp; do for chain in ${out} ${host}; do
    echo "-A $chain -d $server -p $protocol --dport 53 -j RETURN"
  done; done; done
  ${lines(afterNames(rules, { out, host, inward }))}
  echo COMMIT
} | iptables-restore -w ${WAIT_S} --noflush || exit 1
lead iptables $user -o ${bridge} -j ${inward} || exit 1
lead iptables $user -i ${bridge} -j ${out} || exit 1
lead iptables INPUT -i ${bridge} -j ${host} || exit 1
if command -v ip6tables-restore >/dev/null; then
  printf '%s\\n' '*filter' ':${out} - [0:0]' '-A ${out} -j DROP' COMMIT | ip6tables-restore -w ${WAIT_S} --noflush &&
    lead ip6tables FORWARD -i ${bridge} -j ${out} && lead ip6tables INPUT -i ${bridge} -j ${out}
fi
iptables --version`;
}

/** Takes away what {@link fenceScript} made; what is gone already is no error. */
export function unfenceScript(bridge: string): string {
  const { out, host, inward } = chainsOf(bridge);
  const drop = (tool: string, chain: string): string =>
    `${tool} -w ${WAIT_S} -F ${chain}; ${tool} -w ${WAIT_S} -X ${chain}`;
  return `${SHELL}
{
  iptables -w ${WAIT_S} -D $user -i ${bridge} -j ${out}
  iptables -w ${WAIT_S} -D $user -o ${bridge} -j ${inward}
  iptables -w ${WAIT_S} -D INPUT -i ${bridge} -j ${host}
  ip6tables -w ${WAIT_S} -D FORWARD -i ${bridge} -j ${out}
  ip6tables -w ${WAIT_S} -D INPUT -i ${bridge} -j ${out}
  ${[out, host, inward].map((chain) => drop('iptables', chain)).join('\n  ')}
  ${drop('ip6tables', out)}
} >/dev/null 2>&1
! iptables -w ${WAIT_S} -S | grep -F -- '${bridge}'`;
}

const lines = (rules: readonly string[]): string => rules.map((rule) => `echo '-A ${rule}'`).join('\n  ');

/** Answers to who was let in, and the dispatcher. */
const beforeNames = (
  { callbacks, callbackPort }: FenceRules,
  { out, host }: Pick<Chains, 'out' | 'host'>,
): readonly string[] => [
  `${out} -m conntrack --ctstate RELATED,ESTABLISHED -j RETURN`,
  `${host} -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT`,
  ...callbacks.flatMap((address) => [
    `${out} -d ${address} -p tcp --dport ${callbackPort} -j RETURN`,
    `${host} -d ${address} -p tcp --dport ${callbackPort} -j ACCEPT`,
  ]),
];

/** Refused rather than dropped, so that a model that tries hears of it at once instead of waiting for minutes. */
const afterNames = ({ bridge, kept, allow, egress }: FenceRules, { out, host, inward }: Chains): readonly string[] => [
  `${out} -o ${bridge} -j REJECT`,
  ...kept.map((address) => `${out} -d ${address} -j REJECT`),
  ...allow.map((range) => `${out} -d ${range} -j RETURN`),
  ...NOT_PUBLIC.map((range) => `${out} -d ${range} -j REJECT`),
  `${out} -j ${egress === 'none' ? 'REJECT' : 'RETURN'}`,
  `${host} -j REJECT`,
  // Only what came over a published port has had its address translated.
  `${inward} -m conntrack --ctstate RELATED,ESTABLISHED,DNAT -j RETURN`,
  `${inward} -j REJECT`,
];
