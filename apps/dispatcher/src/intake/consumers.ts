import {
  type CogWebhookEvent,
  type FieldKinds,
  type FieldSchema,
  fieldKindsOf,
  inputSchemaOf,
  isIteratorOutput,
  outputSchemaOf,
  trainingInputSchemaOf,
} from '@hearth/contract';
import type { Millis } from '@hearth/core';
import type { Consumer, Ticket, TicketOutcome } from '@hearth/queue';
import type { InstanceRow, PredictionRow } from '@hearth/store';
import type { Context } from '../context.ts';
import type { ModelClient } from '../model/model-client.ts';
import { takesContext } from './cog-version.ts';

/** A live instance as the dispatcher holds it. */
export interface Attachment {
  instance: InstanceRow;
  client: ModelClient;
  consumer: Consumer | null;
  /**
   * Whether it takes tickets. `prepared`: its consumer is connected and takes none yet. `closed`: its consumer is closed
   * and holds nothing; it gets another only where it was lost with its host and returned.
   */
  intake: 'unopened' | 'prepared' | 'open' | 'closing' | 'closed';
  /** Runs of an earlier dispatcher: they fill slots that its consumer must not. */
  adopted: number;
  unhealthy: string | null;
  /** What its containers are asked to report of a run. */
  events: readonly CogWebhookEvent[];
  /** Its model gives its output at once: what is reported of it before the end is no part of it. */
  comesWhole: boolean;
  /** Of its version's inputs, those that are files and secrets. */
  fields: Readonly<Record<PredictionRow['kind'], FieldKinds>>;
  /** Its server hands `context` to its model. */
  takesContext: boolean;
  /** Since when it says that it is busy, though it holds nothing of ours; null: it does not. */
  busySince: Millis | null;
  /** Its server has said `BUSY` before, so its `READY` means something. */
  tellsBusy: boolean;
  askedAt: Millis;
}

/** What is known of an instance when consumers are matched to instances. */
export interface IntakeView {
  readonly intake: Attachment['intake'];
  readonly healthy: boolean;
  readonly inFlight: number;
  /** The store has heard already that its intake is closed. */
  readonly said: boolean;
}

export interface ConsumerChanges {
  /** Booting, and their address is known: what can be done before they are ready. */
  readonly prepare: readonly InstanceRow[];
  readonly open: readonly InstanceRow[];
  readonly close: readonly string[];
  /** Leaving, closed and empty: to be said, so that the scheduler may stop them. */
  readonly sayClosed: readonly string[];
  /** No longer live. */
  readonly gone: readonly string[];
}

const UNKNOWN: IntakeView = { intake: 'unopened', healthy: true, inFlight: 0, said: false };

/** Ready instances ↔ open consumers. Pure; what it answers is done by {@link Consumers.match}. */
export function consumerChanges(live: readonly InstanceRow[], held: ReadonlyMap<string, IntakeView>): ConsumerChanges {
  const viewed = live.map((instance) => ({ instance, ...(held.get(instance.id) ?? UNKNOWN) }));
  const mayTake = ({ instance, healthy, said }: (typeof viewed)[number]) =>
    instance.state === 'ready' && instance.address !== null && healthy && !said;
  const isLeaving = ({ instance, healthy }: (typeof viewed)[number]) =>
    instance.state === 'draining' || (instance.state === 'ready' && !healthy);
  const isUnused = ({ intake }: (typeof viewed)[number]) => intake === 'unopened' || intake === 'prepared';
  const isEmpty = (view: (typeof viewed)[number]) =>
    (isUnused(view) || view.intake === 'closed') && view.inFlight === 0;
  const liveIds = new Set(live.map(({ id }) => id));
  return {
    prepare: live.filter(
      ({ id, state, address }) =>
        state === 'booting' && address !== null && (held.get(id) ?? UNKNOWN).intake === 'unopened',
    ),
    open: viewed.filter((view) => (isUnused(view) || isEmpty(view)) && mayTake(view)).map(({ instance }) => instance),
    close: viewed.filter((view) => view.intake === 'open' && !mayTake(view)).map(({ instance }) => instance.id),
    sayClosed: viewed
      .filter((view) => isLeaving(view) && isEmpty(view) && !view.said)
      .map(({ instance }) => instance.id),
    gone: [...held.keys()].filter((id) => !liveIds.has(id)),
  };
}

type Take = (attachment: Attachment, ticket: Ticket) => Promise<TicketOutcome>;

/** The queue consumers of all live instances. */
export interface Consumers {
  /** Brings them in line with the live instances; what fails is tried again by the next call. */
  match(live: readonly InstanceRow[], take: Take): Promise<void>;
  /** The attachment of a live instance, with no consumer if it is new. */
  ensure(instance: InstanceRow): Attachment;
  get(instanceId: string): Attachment | undefined;
  all(): readonly Attachment[];
  /** It takes nothing more, from now on; the scheduler hears of it. */
  markUnhealthy(attachment: Attachment, why: string): void;
  /** Counts runs of an earlier dispatcher in (1) or out (−1). */
  adopt(attachment: Attachment, change: 1 | -1): void;
  /** An earlier dispatcher closed these for ever. */
  rememberClosed(instanceIds: readonly string[]): void;
  /** Takes no further ticket anywhere; resolves when the consumers hold none. */
  close(): Promise<void>;
}

export function createConsumers(context: Context): Consumers {
  const { store, queues, bus, network, log, now, runs, look } = context;
  const attachments = new Map<string, Attachment>();
  const saidClosed = new Set<string>();
  const saidUnhealthy = new Set<string>();

  const viewOf = (id: string, attachment: Attachment | undefined): IntakeView => ({
    intake: attachment?.intake ?? 'unopened',
    healthy: attachment?.unhealthy == null,
    inFlight: runs.ofInstance(id).length,
    said: saidClosed.has(id),
  });
  const applySlots = ({ consumer, instance, intake, adopted, unhealthy }: Attachment): void => {
    if (intake === 'prepared') return;
    consumer?.setSlots(unhealthy === null ? Math.max(0, instance.slots - adopted) : 0);
  };

  const ensure = (instance: InstanceRow): Attachment => {
    const known = attachments.get(instance.id);
    if (known) return known;
    const attachment: Attachment = {
      instance,
      client: network.createModelClient(addressOf(instance)),
      consumer: null,
      intake: 'unopened',
      adopted: 0,
      events: eventsOf(null),
      comesWhole: false,
      fields: fieldsOf(undefined),
      takesContext: false,
      busySince: null,
      unhealthy: null,
      tellsBusy: false,
      askedAt: now(),
    };
    attachments.set(instance.id, attachment);
    return attachment;
  };

  /** Its row as it is now: a boot that found its port taken has begun anew at another. */
  const heed = async (attachment: Attachment, instance: InstanceRow): Promise<void> => {
    const { client, instance: before } = attachment;
    attachment.instance = instance;
    if (instance.address === null || instance.address === before.address) return;
    attachment.client = network.createModelClient(instance.address);
    await client.close();
  };

  /** Everything that opening takes but the tickets: several round trips, which a boot need not wait for. */
  const prepare = async (instance: InstanceRow, take: Take): Promise<Attachment> => {
    const attachment = ensure(instance);
    const version = await store.models.version(instance.versionId);
    const output = outputSchemaOf(version?.openapiSchema);
    attachment.events = eventsOf(output);
    attachment.comesWhole = comesWhole(output);
    attachment.fields = fieldsOf(version?.openapiSchema);
    attachment.takesContext = takesContext(version?.cogVersion ?? '');
    await store.consumers.attached(instance.id, now());
    attachment.consumer = await queues.consume(instance.deploymentId, 0, (ticket) => take(attachment, ticket));
    attachment.intake = 'prepared';
    return attachment;
  };

  const open = async (instance: InstanceRow, take: Take): Promise<void> => {
    const held = attachments.get(instance.id);
    const attachment = held?.intake === 'prepared' ? held : await prepare(instance, take);
    attachment.intake = 'open';
    applySlots(attachment);
    log.info(
      { instanceId: instance.id, deploymentId: instance.deploymentId, slots: instance.slots },
      'consumer attached',
    );
  };

  const close = async (attachment: Attachment): Promise<void> => {
    const { intake, consumer } = attachment;
    if ((intake !== 'open' && intake !== 'prepared') || !consumer) return;
    attachment.intake = 'closing';
    await consumer.close();
    attachment.intake = 'closed';
    look();
  };

  const sayClosed = async (id: string): Promise<void> => {
    await store.consumers.intakeClosed(id);
    saidClosed.add(id);
    bus.poke('scheduler');
  };

  const sayUnhealthy = async ({ instance, unhealthy }: Attachment): Promise<void> => {
    if (unhealthy === null || saidUnhealthy.has(instance.id)) return;
    await store.consumers.unhealthy(instance.id, unhealthy);
    saidUnhealthy.add(instance.id);
    bus.poke('scheduler');
  };

  /** Of one that has ended: its consumer goes at once, its client when no run needs it. */
  const forget = async (id: string): Promise<void> => {
    const attachment = attachments.get(id);
    if (attachment) closeSoon(attachment);
    if (runs.ofInstance(id).length > 0) return;
    attachments.delete(id);
    saidClosed.delete(id);
    saidUnhealthy.delete(id);
    await attachment?.client.close();
  };

  /** Closing lasts as long as the runs do, so nobody waits for it. */
  const closeSoon = (attachment: Attachment): void => {
    close(attachment).catch((error: unknown) =>
      log.error({ err: error, instanceId: attachment.instance.id }, 'could not close a consumer'),
    );
  };

  return {
    async match(live, take) {
      for (const instance of live) {
        const attachment = attachments.get(instance.id);
        if (attachment) await heed(attachment, instance);
      }
      const held = new Map([...attachments].map(([id, attachment]) => [id, viewOf(id, attachment)] as const));
      for (const id of saidClosed) if (!held.has(id)) held.set(id, viewOf(id, undefined));
      const changes = consumerChanges(live, held);
      for (const id of changes.close) {
        const attachment = attachments.get(id);
        if (attachment) closeSoon(attachment);
      }
      const done = await Promise.allSettled([
        ...changes.prepare.map((instance) => prepare(instance, take)),
        ...changes.open.map((instance) => open(instance, take)),
        ...changes.sayClosed.map(sayClosed),
        ...changes.gone.map(forget),
        ...[...attachments.values()].map(sayUnhealthy),
      ]);
      for (const result of done)
        if (result.status === 'rejected')
          log.error({ err: result.reason }, 'could not bring a consumer in line; trying again');
    },
    ensure,
    get: (instanceId) => attachments.get(instanceId),
    all: () => [...attachments.values()],
    markUnhealthy(attachment, why) {
      if (attachment.unhealthy !== null) return;
      attachment.unhealthy = why;
      log.warn({ instanceId: attachment.instance.id }, `instance takes nothing more: ${why}`);
      applySlots(attachment);
      look();
    },
    adopt(attachment, change) {
      attachment.adopted += change;
      applySlots(attachment);
    },
    rememberClosed: (instanceIds) => {
      for (const id of instanceIds) saidClosed.add(id);
    },
    async close() {
      await Promise.all([...attachments.values()].map(async (attachment) => attachment.consumer?.close()));
      await Promise.all([...attachments.values()].map(({ client }) => client.close()));
    },
  };
}

/**
 * Never `start`: its news is the 202 itself (and throttled below 0.1 s, some servers leave it out: contract §6.5). `output`
 * only where it comes piece by piece; a model that says nothing before its end then costs one report.
 */
function eventsOf(output: FieldSchema | null): readonly CogWebhookEvent[] {
  return comesWhole(output) ? ['logs', 'completed'] : ['output', 'logs', 'completed'];
}

const comesWhole = (output: FieldSchema | null): boolean => output !== null && !isIteratorOutput(output);

const fieldsOf = (openapi: unknown): Attachment['fields'] => ({
  prediction: fieldKindsOf(inputSchemaOf(openapi)),
  training: fieldKindsOf(trainingInputSchemaOf(openapi)),
});

/** @throws Error for one that was never started */
function addressOf({ id, address }: InstanceRow): string {
  if (address === null) throw new Error(`instance ${id} has no address`);
  return address;
}
