import { RagError } from '@tesserae/core'
import type { SqliteConnection } from './driver.js'

/** "TESS": marks the file as a store. */
export const applicationId = 0x54455353

/**
 * Step n brings a file of version n to version n + 1. Steps are never changed once published, only added.
 *
 * `documents` and `chunks` with their `vectors` are the truth. Every call that writes raises the generation by one, and
 * chunks carry the generation they were written in; `vacated` tells which ordinals lost their chunk and when. So
 * whoever knows the state of one generation can catch up with a later one. The seal of a document goes with any change of
 * its chunks. `snapshots` of indexes are derived: each
 * names its generation, and can be dropped.
 */
export const migrations: readonly string[] = [
  `
  CREATE TABLE settings (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
  CREATE TABLE documents (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    updated REAL NOT NULL
  ) STRICT;
  CREATE TABLE chunks (
    ordinal INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    document INTEGER NOT NULL REFERENCES documents (number),
    revision TEXT NOT NULL,
    generation INTEGER NOT NULL,
    metadata TEXT NOT NULL,
    content TEXT NOT NULL
  ) STRICT;
  CREATE INDEX chunks_of_document ON chunks (document, ordinal);
  CREATE INDEX chunks_since ON chunks (generation, ordinal);
  CREATE TABLE vectors (
    ordinal INTEGER PRIMARY KEY REFERENCES chunks (ordinal),
    vector BLOB NOT NULL
  ) STRICT;
  CREATE TABLE vacated (generation INTEGER NOT NULL, ordinal INTEGER NOT NULL) STRICT;
  CREATE INDEX vacated_since ON vacated (generation);
  CREATE TABLE snapshots (
    name TEXT PRIMARY KEY,
    generation INTEGER NOT NULL,
    version TEXT NOT NULL,
    parts INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID;
  CREATE TABLE snapshot_parts (
    name TEXT NOT NULL,
    part INTEGER NOT NULL,
    bytes BLOB NOT NULL,
    UNIQUE (name, part)
  ) STRICT;
  CREATE TABLE embeddings (
    number INTEGER PRIMARY KEY,
    key TEXT NOT NULL UNIQUE,
    digest TEXT,
    vector BLOB NOT NULL,
    used INTEGER NOT NULL,
    expires REAL
  ) STRICT;
  CREATE INDEX embeddings_used ON embeddings (used);
  CREATE INDEX embeddings_digest ON embeddings (digest);
  CREATE TABLE embedding_tags (
    tag TEXT NOT NULL,
    embedding INTEGER NOT NULL REFERENCES embeddings (number),
    PRIMARY KEY (tag, embedding)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX tags_of_embedding ON embedding_tags (embedding);
  `,
  `
  ALTER TABLE documents ADD COLUMN seal TEXT;
  CREATE INDEX chunks_by_input ON chunks (substr(revision, instr(revision, '.') + 1)) WHERE instr(revision, '.') > 0;
  `,
]

export function userVersion(connection: SqliteConnection): number {
  return Number(connection.prepare('PRAGMA user_version').all([])[0]?.user_version)
}

/** Brings the file to the newest version, each step in a transaction of its own. */
export function migrate(
  connection: SqliteConnection,
  path: string,
  steps: readonly string[] = migrations,
): void {
  requireOurs(connection, path, steps.length)
  for (let version = userVersion(connection); version < steps.length; version++) {
    connection.exec('BEGIN IMMEDIATE')
    try {
      connection.exec(steps[version]!)
      connection.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${version + 1}`)
      connection.exec('COMMIT')
    } catch (error) {
      connection.exec('ROLLBACK')
      throw error
    }
  }
}

/** Refuses other programs' databases, and versions this code does not know. */
export function requireOurs(connection: SqliteConnection, path: string, known = migrations.length): void {
  const id = Number(connection.prepare('PRAGMA application_id').all([])[0]?.application_id)
  const tables = connection.prepare('SELECT count(*) AS count FROM sqlite_schema').all([])[0]?.count
  if (id !== applicationId && tables !== 0) {
    throw new RagError(
      'incompatible',
      `"${path}" is a database of another program, and was left as it is. Choose another path.`,
      { details: { path } },
    )
  }
  const version = userVersion(connection)
  if (version <= known) return
  throw new RagError(
    'incompatible',
    `"${path}" has version ${version} of the schema; this version of @tesserae/retrievers knows ${known}. Open it with the version that wrote it, or a later one.`,
    { details: { path, version, known } },
  )
}
