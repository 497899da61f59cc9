/** What a column holds. Text is well-formed and without NUL: the store sees to that. */
export type SqliteValue = string | number | Uint8Array | null
export type SqliteRow = { readonly [column: string]: SqliteValue }

/** A prepared statement. Synchronous: a transaction is never left waiting for an event. */
export interface SqliteStatement {
  run(values: readonly SqliteValue[]): void
  /** All rows, read to the end. */
  all(values: readonly SqliteValue[]): readonly SqliteRow[]
  /**
   * The first row, undefined when there is none; the statement is reset, so that it locks nothing. Asked wherever there
   * is one row at most, instead of `all`, which some drivers leave much garbage behind.
   *
   * @default the first row of `all`
   */
  get?(values: readonly SqliteValue[]): SqliteRow | undefined
}

export interface SqliteConnection {
  /** One or more statements without values and without rows. */
  exec(sql: string): void
  prepare(sql: string): SqliteStatement
  close(): void
}

/**
 * A way to SQLite 3.38 or later with WAL. What it throws should carry SQLite's own result code: as a `code` such as
 * `'SQLITE_FULL'` or as a number in `errcode`.
 */
export interface SqliteDriver {
  readonly name: string
  /** Opens the file, or makes it. */
  open(path: string): SqliteConnection
}
