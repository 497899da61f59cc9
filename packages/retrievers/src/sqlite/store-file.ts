import type { SqliteConnection, SqliteRow, SqliteStatement, SqliteValue } from './driver.js'
import { sqliteFailure } from './failure.js'

/** The database of a store: statements made once, transactions, settings and the generation. */
export class StoreFile {
  readonly path: string
  private readonly connection: SqliteConnection
  private readonly statements = new Map<string, SqliteStatement>()
  /** Between `begin` and `commit` or `rollBack`. */
  private inside = false
  /** Whether a transaction is open: outside of one, because its rollback failed. */
  private unsettled = false

  constructor(connection: SqliteConnection, path: string) {
    this.connection = connection
    this.path = path
  }

  all(sql: string, values: readonly SqliteValue[] = []): readonly SqliteRow[] {
    this.leaveNothingOpen()
    try {
      return this.statement(sql).all(values)
    } catch (error) {
      throw sqliteFailure(error, this.path)
    }
  }

  /** The first row, undefined when there is none; for queries that have one at most. */
  first(sql: string, values: readonly SqliteValue[] = []): SqliteRow | undefined {
    this.leaveNothingOpen()
    try {
      const statement = this.statement(sql)
      return statement.get === undefined ? statement.all(values)[0] : statement.get(values)
    } catch (error) {
      throw sqliteFailure(error, this.path)
    }
  }

  run(sql: string, values: readonly SqliteValue[] = []): void {
    this.leaveNothingOpen()
    try {
      this.statement(sql).run(values)
    } catch (error) {
      throw sqliteFailure(error, this.path)
    }
  }

  /** One number from one row. */
  count(sql: string, values: readonly SqliteValue[] = []): number {
    const row = this.first(sql, values)
    return row === undefined ? 0 : Number(Object.values(row)[0])
  }

  /** What was committed last; raised by every call that writes chunks. */
  generation(): number {
    return Number(this.setting('generation') ?? 0)
  }

  setting(name: string): SqliteValue | undefined {
    return this.first('SELECT value FROM settings WHERE name = ?', [name])?.value
  }

  setSetting(name: string, value: SqliteValue): void {
    this.run('INSERT INTO settings VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value', [
      name,
      value,
    ])
  }

  /** Everything that is read inside belongs to one state of the file. */
  reading<T>(work: () => T): T {
    return this.transaction('BEGIN', work)
  }

  /** All or nothing of what is written inside. */
  writing<T>(work: () => T): T {
    return this.transaction('BEGIN IMMEDIATE', work)
  }

  close(): void {
    this.connection.close()
  }

  /** Begins to read one state of the file, to be ended by {@link commit} or {@link rollBack}. */
  begin(sql: 'BEGIN' | 'BEGIN IMMEDIATE' = 'BEGIN'): void {
    this.leaveNothingOpen()
    this.exec(sql)
    this.inside = true
    this.unsettled = true
  }

  commit(): void {
    this.exec('COMMIT')
    this.inside = false
    this.unsettled = false
  }

  /** Never throws: what cannot be rolled back now is before anything else is read or written. */
  rollBack(): void {
    this.inside = false
    try {
      if (this.unsettled) this.settle()
    } catch {
      // The error that led here is the one to tell.
    }
  }

  private transaction<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T): T {
    try {
      this.begin(begin)
      const result = work()
      this.commit()
      return result
    } catch (error) {
      this.rollBack()
      throw error
    }
  }

  /** A transaction that failed and could not be rolled back must not be read from. */
  private leaveNothingOpen(): void {
    if (this.unsettled && !this.inside) this.settle()
  }

  private settle(): void {
    try {
      this.connection.exec('ROLLBACK')
    } catch (error) {
      // SQLite rolls back by itself after some failures, and then there is nothing to roll back.
      if (!(error instanceof Error) || !/no transaction/i.test(error.message)) {
        throw sqliteFailure(error, this.path)
      }
    }
    this.unsettled = false
  }

  private exec(sql: string): void {
    try {
      this.connection.exec(sql)
    } catch (error) {
      throw sqliteFailure(error, this.path)
    }
  }

  private statement(sql: string): SqliteStatement {
    let statement = this.statements.get(sql)
    if (statement === undefined) {
      statement = this.connection.prepare(sql)
      this.statements.set(sql, statement)
    }
    return statement
  }
}
