/** How many requests are under way, in all and to each receiver: one that is slow or dead takes no more than its share. */
export interface WebhookSlots {
  readonly held: ReadonlyMap<string, number>;
  /** How many more there may be in all. */
  readonly free: number;
  /** Whether another one may go to this receiver. */
  hasRoom(receiver: string): boolean;
  take(receiver: string): void;
  give(receiver: string): void;
}

export function createWebhookSlots(limits: { inAll: number; perReceiver: number }): WebhookSlots {
  const held = new Map<string, number>();
  let total = 0;
  const heldBy = (receiver: string): number => held.get(receiver) ?? 0;
  return {
    held,
    get free() {
      return limits.inAll - total;
    },
    hasRoom: (receiver) => total < limits.inAll && heldBy(receiver) < limits.perReceiver,
    take(receiver) {
      total++;
      held.set(receiver, heldBy(receiver) + 1);
    },
    give(receiver) {
      total--;
      if (heldBy(receiver) === 1) held.delete(receiver);
      else held.set(receiver, heldBy(receiver) - 1);
    },
  };
}
