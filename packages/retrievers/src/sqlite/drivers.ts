import { RagError } from '@tesserae/core'
import type { SqliteConnection, SqliteDriver, SqliteRow, SqliteStatement, SqliteValue } from './driver.js'

/** What the drivers' databases have in common. */
interface Database {
  exec(sql: string): void
  prepare(sql: string): Statement
  close(): void
}

interface Statement {
  run(...values: unknown[]): unknown
  all(...values: unknown[]): unknown[]
}

interface NodeSqlite {
  readonly DatabaseSync: new (path: string) => Database
}

/** `node:sqlite` where this Node has it (22.13 and later), otherwise the `libsql` package. */
export async function defaultDriver(): Promise<SqliteDriver> {
  return nodeDriver() ?? (await libsqlDriver())
}

/** SQLite as it comes with Node; undefined where it does not. */
export function nodeDriver(): SqliteDriver | undefined {
  const sqlite = process.getBuiltinModule?.('node:sqlite')
  if (sqlite === undefined || !('DatabaseSync' in sqlite)) return undefined
  const { DatabaseSync } = sqlite as NodeSqlite
  return {
    name: 'node:sqlite',
    open: (path) =>
      connection(new DatabaseSync(path), (statement) => ({
        run(values) {
          statement.run(...values)
        },
        all: (values) => statement.all(...values) as SqliteRow[],
      })),
  }
}

/** SQLite prebuilt for each platform: the optional peer `libsql`. */
export async function libsqlDriver(): Promise<SqliteDriver> {
  const { default: Libsql } = await import('libsql').catch((cause: unknown) => {
    throw new RagError(
      'unsupported',
      'This Node has no `node:sqlite`, and the package `libsql` cannot be loaded. Install it (npm install libsql), use Node 22.13 or later, or pass a `driver`.',
      { cause },
    )
  })
  return {
    name: 'libsql',
    open: (path) =>
      connection(new Libsql(path), (statement) => ({
        // One array: a single value that is an object, such as bytes, would be taken for named values.
        run(values) {
          statement.run(values)
        },
        all: (values) => (statement.all(values) as { [column: string]: unknown }[]).map(bytesInRow),
      })),
  }
}

function connection(database: Database, wrap: (statement: Statement) => SqliteStatement): SqliteConnection {
  return {
    exec(sql) {
      database.exec(sql)
    },
    prepare: (sql) => wrap(database.prepare(sql)),
    close() {
      database.close()
    },
  }
}

/** The same row; libsql gives bytes as an ArrayBuffer. */
function bytesInRow(row: { [column: string]: unknown }): SqliteRow {
  for (const column in row) {
    const value = row[column]
    if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value)
  }
  return row as { [column: string]: SqliteValue }
}
