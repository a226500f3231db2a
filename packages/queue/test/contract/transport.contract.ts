import { describe } from 'vitest';
import { busContract } from './bus.contract.ts';
import { consumersContract } from './consumers.contract.ts';
import { ticketsContract } from './tickets.contract.ts';
import type { TransportUnderTest } from './under-test.ts';

/** What every transport does, whatever it stands on. */
export function transportContract(subject: TransportUnderTest): void {
  describe('tickets', () => ticketsContract(subject));
  describe('consumers', () => consumersContract(subject));
  describe('bus', () => busContract(subject));
}
