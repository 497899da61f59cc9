import type { Loaded, Loader } from '../../loader.js'
import { collect, expectAbort, expectSame } from '../assert.js'
import { broken, type Checks, failureOf, type Law, type LawOptions, makeLaws } from '../law.js'
import { seededRandom } from '../random.js'
import { checkItem, checkMarkFields, checkMarks } from './document-rules.js'
import { damaged, hostileBytes, type NamedBytes } from './hostile-bytes.js'

export type { NamedBytes } from './hostile-bytes.js'

export interface LoaderLawOptions extends LawOptions {
  /** A loader of which some files are good and at least one is bad: runs the law on failures. @default not run */
  readonly failing?: (() => Loader | Promise<Loader>) | undefined
  /** A loader of one file with these bytes and a name that the format knows: runs the laws on hostile files. @default not run */
  readonly bytes?: ((bytes: Uint8Array) => Loader | Promise<Loader>) | undefined
  /** Good files of the format, to be damaged for the laws on hostile files. @default none */
  readonly samples?: readonly NamedBytes[] | undefined
}

/** The laws of `Loader`. `make` gives a loader of at least one good file; it is called for every law. */
export function loaderLaws(
  make: () => Loader | Promise<Loader>,
  options: LoaderLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const { bytes: fromBytes, failing } = options
  const load = async (): Promise<Loaded[]> => collect((await make()).load())
  const documents = async (): Promise<Extract<Loaded, { type: 'document' }>['document'][]> =>
    (await load()).flatMap((item) => (item.type === 'document' ? [item.document] : []))

  const checkHostile = async (files: readonly NamedBytes[]): Promise<void> => {
    for (const { name, bytes } of files) {
      const copy = bytes.slice()
      const failure = await failureOf(async () => {
        const items = await collect((await fromBytes!(copy)).load())
        if (items.length === 0) broken('neither a document nor a failure comes out')
        checkItems(items)
      })
      if (failure) broken(`${name}: ${failure.reason}`, failure.evidence)
      expectSame(copy, bytes, `${name}: loading changed the bytes`)
    }
  }

  const checks: Checks = {
    'the loader has a name': async () => {
      const { name } = await make()
      if (typeof name !== 'string' || name.trim() === '') broken('the loader has no name', { actual: name })
    },
    'items are documents or failures': async () => {
      const items = await load()
      for (const item of items) checkItem(item)
      if (!items.some((item) => item.type === 'document'))
        broken('no document comes out', { actual: items.length })
    },
    'ids are not given twice': async () => {
      const seen = new Set<string>()
      for (const { id } of await documents()) {
        if (seen.has(id)) broken('two documents have the same id', { actual: id })
        seen.add(id)
      }
    },
    'marks are sorted, inside the text, and nest or are disjoint': async () => {
      for (const document of await documents()) checkMarks(document)
    },
    'fields of marks have allowed values': async () => {
      for (const document of await documents()) checkMarkFields(document)
    },
    'text does not begin with a byte order mark': async () => {
      for (const { id, text } of await documents())
        if (text.startsWith('\ufeff'))
          broken(`document "${id}" begins with a byte order mark`, { text: text.slice(0, 40) })
    },
    'loading again gives the same': async () => {
      const loader = await make()
      const first = plain(await collect(loader.load()))
      expectSame(plain(await collect(loader.load())), first, 'a second load of the same loader differs')
      expectSame(plain(await load()), first, 'a loader made alike loads otherwise')
    },
    'stopping early does no harm': async () => {
      const loader = await make()
      const all = plain(await collect(loader.load()))
      for await (const item of loader.load()) {
        expectSame(plain([item]), all.slice(0, 1), 'the first item is another one')
        break
      }
      expectSame(plain(await collect(loader.load())), all, 'a load after one that was stopped differs')
    },
    'an abort rejects with the reason of the signal': async () => {
      await expectAbort(async (signal) => collect((await make()).load({ signal })))
    },
    ...(failing === undefined
      ? {}
      : {
          'a bad file is a failure among the others': async () => {
            const items = await collect((await failing()).load())
            for (const item of items) checkItem(item)
            const kinds = new Set(items.map((item) => item.type))
            if (!kinds.has('failure'))
              broken('the bad file is no failure', { actual: items.map((item) => item.type) })
            if (!kinds.has('document'))
              broken('one bad file loses the good ones', { actual: items.map((item) => item.type) })
          },
        }),
    ...(fromBytes === undefined
      ? {}
      : {
          'hostile files are documents or failures, never exceptions': () => checkHostile(hostileBytes(seed)),
          'damaged files are documents or failures, never exceptions': () => {
            const random = seededRandom(seed)
            return checkHostile(
              (options.samples ?? []).flatMap((sample) => [sample, ...damaged(random, sample)]),
            )
          },
        }),
  }
  return makeLaws(checks, { ...options, seed })
}

function checkItems(items: readonly Loaded[]): void {
  for (const item of items) {
    checkItem(item)
    if (item.type === 'failure') continue
    checkMarks(item.document)
    checkMarkFields(item.document)
    if (item.document.text.startsWith('\ufeff')) broken('the text begins with a byte order mark')
  }
}

/** Items with errors told by code and message: two errors are never the same object. */
function plain(items: readonly Loaded[]): unknown[] {
  return items.map((item) =>
    item.type === 'document' ? item : { uri: item.uri, code: item.error.code, message: item.error.message },
  )
}
