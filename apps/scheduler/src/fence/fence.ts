import { setTimeout } from 'node:timers/promises';
import { type Coalescer, createCoalescer, type Logger } from '@hearth/kit';
import type Docker from 'dockerode';
import { messageOf } from '../errors.ts';
import { reasonOf } from '../runtime/docker-errors.ts';
import { BootFailure } from '../runtime/runtime.ts';
import { ensureBridge, fenceNetwork, removeBridge } from './bridge.ts';
import { hasDiskQuota } from './disk-quota.ts';
import { runOnHost } from './on-host.ts';
import { type Egress, type FenceRules, fenceScript, NO_BRIDGE_FILTER, NO_IPTABLES, unfenceScript } from './rules.ts';

/** What an operator wants of every host. */
export interface FencePolicy {
  /**
   * `require`: no container starts where the rules cannot be put in force; `prefer`: it does, and the host says so; `off`:
   * nothing is put up.
   */
  readonly isolation: 'require' | 'prefer' | 'off';
  readonly egress: Egress;
  /** IPv4 addresses and ranges that containers may reach beside the public internet, or in spite of `none`. */
  readonly allow: readonly string[];
}

export interface FenceSettings {
  readonly docker: Docker;
  readonly installation: string;
  readonly policy: FencePolicy;
  readonly callbackPort: number;
  /** Addresses under which the host's containers reach the dispatcher, IPv4. @throws where one cannot be found out */
  readonly callbacks: () => Promise<readonly string[]>;
  /** Addresses of the platform's own machines, IPv4. */
  readonly kept: () => Promise<readonly string[]>;
  readonly log: Logger;
}

export type FenceState =
  /** Not tried yet, or the engine went away in between. */
  | { readonly kind: 'unknown' }
  | { readonly kind: 'off' }
  | { readonly kind: 'up'; readonly tool: string }
  | { readonly kind: 'down'; readonly why: string; readonly remedy: string };

/** What a container is made with. */
export interface Enclosure {
  /** The network to join; null: there is none of ours, and the engine's own has to do. */
  readonly network: string | null;
  /** Name servers; none: the host's. */
  readonly dns: readonly string[];
  /** Whether the engine bounds how much a container may write. */
  readonly hasQuota: boolean;
}

/** Who looks at the host goes on without it by then, and knows at the next look. */
const LOOK_MS = 3_000;
/** Who checks the host wants to know. */
const RENEW_MS = 20_000;
const NOWHERE = '127.0.0.1';
const NONE: Enclosure = { network: null, dns: [], hasQuota: false };

const REMEDIES: Readonly<Record<number, { why: string; remedy: string }>> = {
  [NO_IPTABLES]: {
    why: 'there is no iptables on it',
    remedy: 'Install iptables on it (infra/setup-gpu-host.sh does).',
  },
  [NO_BRIDGE_FILTER]: {
    why: 'its kernel does not filter what containers on one bridge send each other',
    remedy:
      'Load br_netfilter there and set net.bridge.bridge-nf-call-iptables to 1 (infra/setup-gpu-host.sh does), then restart the engine.',
  },
};
const OTHER_REMEDY =
  'Containers there reach what the host reaches. Use an engine that runs as root on Linux, with iptables, or run only models of your own there.';

/**
 * What keeps the containers of one engine from everything but the dispatcher and the public internet: a network of their
 * own, and rules in the firewall of the engine's host (decision 0032). A restart of a firewall takes rules away, so they are
 * put in force anew again and again.
 */
export class Fence {
  readonly #settings: FenceSettings;
  readonly #renewing: Coalescer;
  #state: FenceState;
  #hasBridge = false;
  #hasQuota: boolean | null = null;
  #isOurs = false;

  constructor(settings: FenceSettings) {
    this.#settings = settings;
    this.#state = settings.policy.isolation === 'off' ? { kind: 'off' } : { kind: 'unknown' };
    this.#renewing = createCoalescer(() => this.#renew());
  }

  get state(): FenceState {
    return this.#state;
  }

  get hasQuota(): boolean {
    return this.#hasQuota === true;
  }

  /** What an earlier scheduler put up is this one's to take away. One that only stands by takes nothing. */
  adopt(): void {
    this.#isOurs = this.#state.kind !== 'off';
  }

  /** Has it renewed, and waits for that, but not long, where nothing is known yet. */
  async look(): Promise<FenceState> {
    if (this.#state.kind === 'unknown') return this.renew(LOOK_MS);
    if (this.#state.kind !== 'off') this.#renewing.trigger();
    return this.#state;
  }

  /** Renews it, and answers how it stands then; after a while, as it stood. */
  async renew(withinMs = RENEW_MS): Promise<FenceState> {
    if (this.#state.kind === 'off') return this.#state;
    this.#renewing.trigger();
    await Promise.race([this.#renewing.idle(), setTimeout(withinMs, null, { ref: false })]);
    return this.#state;
  }

  /** The engine went away and is back: nothing is known any more, and who wants to {@link enter} waits. */
  doubt(): void {
    if (this.#state.kind === 'unknown' || this.#state.kind === 'off') return;
    this.#state = { kind: 'unknown' };
    this.#hasBridge = false;
    this.#hasQuota = null;
    this.#renewing.trigger();
  }

  /**
   * What a container is to be made with now; waits until it is known.
   * @throws BootFailure `lost` where a fence is required and cannot be put up
   */
  async enter(): Promise<Enclosure> {
    const { installation, policy } = this.#settings;
    if (this.#state.kind === 'off') return NONE;
    const isRequired = policy.isolation === 'require';
    if (this.#state.kind === 'unknown' || (isRequired && this.#state.kind === 'down')) {
      this.#renewing.trigger();
      await this.#renewing.idle();
    }
    if (isRequired && this.#state.kind !== 'up') throw new BootFailure('lost', this.refusal ?? 'It was being closed.');
    return {
      network: this.#hasBridge ? fenceNetwork(installation).name : null,
      dns: policy.egress === 'none' ? [NOWHERE] : [],
      hasQuota: this.hasQuota,
    };
  }

  /** Why no container starts there; null: one does. */
  get refusal(): string | null {
    const state = this.#state;
    if (this.#settings.policy.isolation !== 'require' || state.kind !== 'down') return null;
    return `Its containers cannot be kept apart: ${state.why} (HEARTH_ISOLATION=require).`;
  }

  /** Takes network and rules away, unless containers are on it. */
  async close(): Promise<void> {
    if (!this.#isOurs) return;
    await this.#renewing.close();
    const { docker, installation, log } = this.#settings;
    try {
      if (!(await removeBridge(docker, installation))) return;
      await runOnHost(docker, helperName(installation), unfenceScript(fenceNetwork(installation).bridge));
    } catch (error) {
      log.debug({ err: error }, 'the network of the containers stays on the host');
    }
  }

  async #renew(): Promise<void> {
    const before = this.#state;
    this.adopt();
    try {
      this.#state = await this.#putUp();
    } catch (error) {
      this.#state = { kind: 'down', why: reasonOf(messageOf(error)), remedy: OTHER_REMEDY };
    }
    const { kind } = this.#state;
    if (this.#state.kind !== 'down') {
      if (before.kind === 'down') this.#settings.log.info('containers are kept apart again');
    } else if (before.kind !== 'down' || before.why !== this.#state.why) {
      this.#settings.log.warn({ why: this.#state.why, kind }, 'containers are not kept apart');
    }
  }

  async #putUp(): Promise<FenceState> {
    const { docker, installation, policy, callbackPort } = this.#settings;
    await ensureBridge(docker, installation);
    this.#hasBridge = true;
    const { bridge } = fenceNetwork(installation);
    const rules: FenceRules = {
      bridge,
      callbacks: await this.#settings.callbacks(),
      callbackPort,
      kept: await this.#settings.kept(),
      allow: policy.allow,
      egress: policy.egress,
    };
    const { output, exitCode } = await runOnHost(docker, helperName(installation), fenceScript(rules));
    this.#hasQuota ??= await hasDiskQuota(docker);
    const said = output.trim().split('\n').at(-1) ?? '';
    if (exitCode === 0) return { kind: 'up', tool: said };
    return { kind: 'down', ...(REMEDIES[exitCode] ?? { why: `its firewall refused: ${said}`, remedy: OTHER_REMEDY }) };
  }
}

const helperName = (installation: string): string => `hearth-fence-${installation}`;
