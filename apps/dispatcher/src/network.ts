import { createListening } from './listening.ts';
import { createModelClient } from './model/model-client.ts';
import { createWebhookPost } from './webhooks/webhook-post.ts';

/** Everything that a dispatcher opens a socket for: model servers, users' webhooks, and where containers report to it. */
export interface Network {
  readonly createModelClient: typeof createModelClient;
  readonly createWebhookPost: typeof createWebhookPost;
  readonly createListening: typeof createListening;
}

export const SOCKETS: Network = { createModelClient, createWebhookPost, createListening };
