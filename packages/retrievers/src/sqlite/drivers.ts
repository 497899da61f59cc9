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
  get(...values: unknown[]): unknown
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
        get: (values) => statement.get(...values) as SqliteRow | undefined,
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
        all: (values) => (statement.all(values) as LibsqlRow[]).map(bytesInRow),
        // `all` makes a cursor each time, a kilobyte that the garbage collector takes for nothing, and lets lie.
        get(values) {
          const row = statement.get(values) as LibsqlRow | undefined
          return row && onlyColumns(row)
        },
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

type LibsqlRow = { [column: string]: unknown }

/** The same row; libsql gives bytes as an ArrayBuffer, in a row that comes alone as a Buffer. */
function bytesInRow(row: LibsqlRow): SqliteRow {
  for (const column in row) {
    const value = row[column]
    if (value instanceof ArrayBuffer) row[column] = new Uint8Array(value)
    else if (value instanceof Uint8Array) {
      row[column] = new Uint8Array(value.buffer, value.byteOffset, value.byteLength)
    }
  }
  return row as { [column: string]: SqliteValue }
}

/** A row that came alone: libsql puts the time it took beside its columns. */
function onlyColumns(row: LibsqlRow): SqliteRow {
  const columns: LibsqlRow = {}
  for (const column in row) if (column !== '_metadata') columns[column] = row[column]
  return bytesInRow(columns)
}
