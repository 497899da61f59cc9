import type { SqliteConnection, SqliteDriver } from '@tesserae/retrievers/sqlite'

/** One call of a driver, the `number`th since it was made. */
export interface Operation {
  readonly number: number
  readonly sql: string
  /** The connection itself, unwatched. */
  readonly connection: SqliteConnection
}

export interface Watcher {
  /** Called before each operation; what it throws is thrown in its place. */
  readonly before?: (operation: Operation) => void
  /** Called after each operation that succeeded; what it throws is thrown though it did. */
  readonly after?: (operation: Operation) => void
}

/** A driver whose every operation can be seen, stopped at or made to fail. The lock's own file is not watched. */
export function watchedDriver(driver: SqliteDriver, { before, after }: Watcher): SqliteDriver {
  let number = 0
  return {
    name: driver.name,
    open(path) {
      const connection = driver.open(path)
      if (path.endsWith('-writer')) return connection
      const watched = <T>(sql: string, work: () => T): T => {
        const operation = { number: ++number, sql, connection }
        before?.(operation)
        const result = work()
        after?.(operation)
        return result
      }
      return {
        exec: (sql) => watched(sql, () => connection.exec(sql)),
        prepare(sql) {
          const statement = connection.prepare(sql)
          return {
            run: (values) => watched(sql, () => statement.run(values)),
            all: (values) => watched(sql, () => statement.all(values)),
          }
        },
        close: () => connection.close(),
      }
    },
  }
}
