declare module 's3rver' {
  import type { RequestListener } from 'node:http';

  /** As far as it is used here; the package has no types. */
  export default class S3rver {
    constructor(options: {
      silent: boolean;
      directory: string;
      vhostBuckets: boolean;
      configureBuckets: readonly { readonly name: string }[];
    });
    configureBuckets(): Promise<unknown>;
    /** Koa's request handler. */
    callback(): RequestListener;
  }
}
