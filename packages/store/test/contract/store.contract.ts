import { describe } from 'vitest';
import { budgetsContract } from './budgets.contract.ts';
import { deploymentsContract } from './deployments.contract.ts';
import { factsContract } from './facts.contract.ts';
import { finishContract } from './finish.contract.ts';
import { instancesContract } from './instances.contract.ts';
import { messagesContract } from './messages.contract.ts';
import { observeContract } from './observe.contract.ts';
import { predictionsContract } from './predictions.contract.ts';
import { turnsContract } from './turns.contract.ts';
import type { OpenStore } from './under-test.ts';
import { waitingContract } from './waiting.contract.ts';

/** What every store does that the scheduler, the dispatcher and whoever makes predictions can stand on. */
export function storeContract(open: OpenStore): void {
  describe('a prediction', () => predictionsContract(open));
  describe('its end', () => finishContract(open));
  describe('what waits or runs', () => waitingContract(open));
  describe('a budget', () => budgetsContract(open));
  describe('turns', () => turnsContract(open));
  describe('instances', () => instancesContract(open));
  describe('observe', () => observeContract(open));
  describe('deployments', () => deploymentsContract(open));
  describe('messages', () => messagesContract(open));
  describe('facts', () => factsContract(open));
}
