import { describe, expect, it } from 'vitest'
import type { Document, Mark } from '../../document.js'
import { RagError } from '../../errors.js'
import type { Loaded, Loader } from '../../loader.js'
import { type FakeSource, fakeLoader } from '../fakes/loader.js'
import { LawViolation } from '../law.js'
import { markedDocument } from '../marks.js'
import { type LoaderLawOptions, loaderLaws } from './loader.js'

const good: readonly FakeSource[] = [
  markedDocument('a', '# Title\n\nOne 😀 paragraph.\r\n\r\n## Part\n\nAnother.'),
  markedDocument('b', 'Plain.'),
  { uri: 'c.txt', failure: 'not readable' },
]

/** A loader of plain text that refuses what is not UTF-8. */
function textLoader(bytes: Uint8Array): Loader {
  return {
    name: 'text',
    async *load(options) {
      await Promise.resolve()
      options?.signal?.throwIfAborted()
      let text: string
      try {
        text = new TextDecoder('utf-8', { fatal: true }).decode(bytes).replace(/^\ufeff+/, '')
      } catch (cause) {
        yield { type: 'failure', uri: 'file.txt', error: new RagError('load-failed', 'not UTF-8', { cause }) }
        return
      }
      yield { type: 'document', document: markedDocument('file.txt', text) }
    },
  }
}

const sample = {
  name: 'note.txt',
  bytes: new TextEncoder().encode('# Größe\n\nZwei Absätze, 😀.\n\nEnde.\n'),
}
const everything: LoaderLawOptions = { failing: () => fakeLoader(good), bytes: textLoader, samples: [sample] }

describe('loaderLaws hold for fake and text loaders', () => {
  for (const law of loaderLaws(() => fakeLoader(good), everything)) it(law.name, () => law.run())
})

/** The good sources with the first document changed. */
function changed(change: (document: Document) => object): () => Loader {
  return () =>
    fakeLoader([
      {
        ...markedDocument('a', '# Title\r\n\r\nOne 😀 paragraph.'),
        ...change(markedDocument('a', '# Title\r\n\r\nOne 😀 paragraph.')),
      },
      ...good.slice(1),
    ])
}

const marks = (...given: Mark[]): (() => Loader) => changed(() => ({ marks: given }))
const paragraph = (start: number, end: number): Mark => ({ kind: 'paragraph', start, end })
const sorted = 'marks are sorted, inside the text, and nest or are disjoint'
const fields = 'fields of marks have allowed values'
const hostile = 'hostile files are documents or failures, never exceptions'
const damage = 'damaged files are documents or failures, never exceptions'

let loads = 0
const mutants: readonly {
  readonly law: string
  readonly why: string
  readonly make?: () => Loader
  readonly options?: LoaderLawOptions
}[] = [
  { law: 'the loader has a name', why: 'has no name', make: () => fakeLoader(good, { name: '' }) },
  {
    law: 'items are documents or failures',
    why: 'gives a document without an id',
    make: changed(() => ({ id: '' })),
  },
  {
    law: 'items are documents or failures',
    why: 'puts an object into metadata',
    make: changed(() => ({ metadata: { nested: { a: 1 } } })),
  },
  {
    law: 'items are documents or failures',
    why: 'puts NaN into metadata',
    make: changed(() => ({ metadata: { pages: Number.NaN } })),
  },
  {
    law: 'items are documents or failures',
    why: 'mixes types in a list',
    make: changed(() => ({ metadata: { tags: ['a', 1] } })),
  },
  { law: 'items are documents or failures', why: 'loads nothing', make: () => fakeLoader([]) },
  {
    law: 'items are documents or failures',
    why: 'does not say which file failed',
    make: () => fakeLoader([...good, { uri: '', failure: 'broken' }]),
  },
  {
    law: 'items are documents or failures',
    why: 'throws on a bad file',
    make: () => ({
      name: 'thrower',
      async *load() {
        yield* fakeLoader(good.slice(0, 1)).load()
        throw new Error('bad file')
      },
    }),
  },
  {
    law: 'ids are not given twice',
    why: 'names every document alike',
    make: () => fakeLoader([markedDocument('a', 'x'), markedDocument('a', 'y')]),
  },
  { law: sorted, why: 'gives marks out of order', make: marks(paragraph(11, 14), paragraph(0, 7)) },
  { law: sorted, why: 'marks past the end', make: marks(paragraph(0, 999)) },
  { law: sorted, why: 'lets marks overlap', make: marks(paragraph(0, 12), paragraph(11, 20)) },
  { law: sorted, why: 'cuts a pair', make: marks(paragraph(0, 16)) },
  { law: fields, why: 'gives a heading without a level', make: marks({ kind: 'heading', start: 0, end: 7 }) },
  { law: fields, why: 'counts confidence in per cent', make: marks({ ...paragraph(0, 7), confidence: 97 }) },
  { law: fields, why: 'gives a box of NaN', make: marks({ ...paragraph(0, 7), box: [0, 0, Number.NaN, 1] }) },
  {
    law: 'text does not begin with a byte order mark',
    why: 'keeps the byte order mark',
    make: changed(() => ({ text: '\ufeffTitle', marks: [] })),
  },
  {
    law: 'loading again gives the same',
    why: 'loads once only',
    make: () => {
      let done = false
      return {
        name: 'once',
        async *load() {
          if (!done) yield* fakeLoader(good).load()
          done = true
        },
      }
    },
  },
  {
    law: 'loading again gives the same',
    why: 'numbers documents over all loads',
    make: () => ({
      name: 'counter',
      async *load() {
        loads += 1
        yield { type: 'document', document: markedDocument(`document ${loads}`, 'x') } satisfies Loaded
      },
    }),
  },
  {
    law: 'stopping early does no harm',
    why: 'goes on where it was stopped',
    make: () => {
      const items = fakeLoader(good).load()[Symbol.asyncIterator]()
      let position = 0
      const seen: Loaded[] = []
      return {
        name: 'resumer',
        async *load() {
          while (position < 3) {
            if (seen.length <= position) {
              const next = await items.next()
              if (!next.done) seen.push(next.value)
            }
            position += 1
            yield seen[position - 1]!
          }
          position = 0
        },
      }
    },
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'ignores the signal',
    make: () => ({ name: 'deaf', load: () => fakeLoader(good).load() }),
  },
  {
    law: 'an abort rejects with the reason of the signal',
    why: 'makes the abort a failure',
    make: () => ({
      name: 'wrapper',
      async *load(options) {
        try {
          yield* fakeLoader(good).load(options)
        } catch {
          yield { type: 'failure', uri: 'x', error: new RagError('load-failed', 'aborted') }
        }
      },
    }),
  },
  {
    law: 'a bad file is a failure among the others',
    why: 'stops at the bad file',
    options: { failing: () => fakeLoader(good.toReversed().slice(0, 1)) },
  },
  {
    law: 'a bad file is a failure among the others',
    why: 'leaves the bad file out',
    options: { failing: () => fakeLoader(good.slice(0, 2)) },
  },
  {
    law: hostile,
    why: 'throws on bytes that are not UTF-8',
    options: { bytes: (bytes) => fakeLoader([new TextDecoder('utf-8', { fatal: true }).decode(bytes)]) },
  },
  {
    law: hostile,
    why: 'keeps the byte order mark',
    options: { bytes: (bytes) => fakeLoader([new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes)]) },
  },
  {
    law: hostile,
    why: 'says nothing about an empty file',
    options: { bytes: (bytes) => fakeLoader(bytes.length ? ['x'] : []) },
  },
  {
    law: damage,
    why: 'trusts its format',
    options: {
      bytes: (bytes) => {
        if (bytes[0] !== 0x23 || bytes.includes(0)) throw new Error('unexpected')
        return textLoader(bytes)
      },
    },
  },
  { law: damage, why: 'changes the bytes', options: { bytes: (bytes) => textLoader(bytes.fill(65)) } },
]

describe('loaderLaws catch', () => {
  for (const { law: name, why, make, options } of mutants)
    it(`a loader that ${why}: ${name}`, async () => {
      const laws = loaderLaws(make ?? ((): Loader => fakeLoader(good)), { ...everything, ...options })
      const law = laws.find((candidate) => candidate.name === name)
      expect(law, `no law "${name}"`).toBeDefined()
      await expect(law?.run()).rejects.toBeInstanceOf(LawViolation)
    })

  it('has a mutant for every law', () => {
    const caught = new Set(mutants.map(({ law }) => law))
    expect(
      loaderLaws(() => fakeLoader(good), everything)
        .map((law) => law.name)
        .filter((name) => !caught.has(name)),
    ).toEqual([])
  })
})

it('the laws on failures and hostile files run only when they can', () => {
  const names = loaderLaws(() => fakeLoader(good)).map((law) => law.name)
  expect(names.filter((name) => /bad file|hostile|damaged/.test(name))).toEqual([])
})
