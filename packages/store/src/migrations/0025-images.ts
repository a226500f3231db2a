import { type Kysely, sql } from 'kysely';
import type { Migration } from 'kysely/migration';

/** Which images the platform itself brought to which host: only those are its to remove. */
export const images: Migration = {
  async up(db: Kysely<unknown>): Promise<void> {
    await sql.raw(ddl).execute(db);
  },
};

const ddl = /* sql */ `
create table host_images (
  host_id text not null,
  -- name@sha256:…
  image text not null,
  size_bytes bigint not null,
  fetched_at timestamptz not null,
  primary key (host_id, image)
);
create index versions_image on versions ((source ->> 'image')) where runtime = 'docker';
create index instances_version on instances (version_id, host_id);
`;
