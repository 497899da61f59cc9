import { checkInteger, invalid } from '../../check.js'
import type { ChunkSpan } from '../../chunk.js'
import type { Chunker } from '../../chunker.js'
import type { Document } from '../../document.js'
import { toChunks } from '../../to-chunks.js'
import type { Tokenizer } from '../../tokenizer.js'
import { expectAbort, expectSame } from '../assert.js'
import { broken, type Checks, failureOf, type Law, type LawOptions, makeLaws } from '../law.js'
import { markedDocument } from '../marks.js'
import { seededRandom } from '../random.js'
import { shrinkText } from '../shrink.js'
import { prose } from '../texts/blocks.js'
import { generateTexts, hugeLine } from '../texts/generate.js'
import {
  covering,
  distinct,
  inBounds,
  type SpanRule,
  sorted,
  tellingTokens,
  wholeCharacters,
  withinCap,
} from './chunker-rules.js'

export interface ChunkerLawOptions extends LawOptions {
  /** Texts to split. @default `count` generated ones */
  readonly texts?: readonly string[] | undefined
  /** Number of generated texts. @default 300 */
  readonly count?: number | undefined
  /** Length of the huge single-line texts, in UTF-16 code units. @default 20000 */
  readonly hugeLineUnits?: number | undefined
  /** Generate Markdown documents only, for chunkers of structure. @default false */
  readonly markdown?: boolean | undefined
  /** The chunker's cap, `context` counted. Needs `tokenizer`. @default not checked */
  readonly maxTokens?: number | undefined
  /** The chunker's own tokenizer. @default not checked */
  readonly tokenizer?: Tokenizer | undefined
  /** Whether every character that is not blank must be in a chunk. @default true */
  readonly coversAll?: boolean | undefined
  /** Makes the document of a text. @default marks for headings, fences and paragraphs, as a Markdown loader sets them */
  readonly document?: ((id: string, text: string) => Document) | undefined
}

/** Texts of which the costlier laws (splitting again, splitting in another order) take a part. */
const fewTexts = 60

/**
 * The laws of `Chunker`. Give a factory when a fresh chunker is cheap; otherwise the one chunker is used
 * throughout. Each text is split once for all rules on spans.
 */
export function chunkerLaws(
  chunker: Chunker | (() => Chunker),
  options: ChunkerLawOptions = {},
): readonly Law[] {
  const seed = options.seed ?? 1
  const make = typeof chunker === 'function' ? chunker : (): Chunker => chunker
  const { maxTokens, tokenizer } = options
  if (maxTokens !== undefined && tokenizer === undefined)
    invalid(
      'tokenizer',
      'given when `maxTokens` is',
      tokenizer,
      'Pass the tokenizer that the chunker counts with.',
    )
  if (maxTokens !== undefined) checkInteger('maxTokens', maxTokens)
  const makeDocument = options.document ?? markedDocument
  const texts = (): readonly string[] =>
    options.texts ??
    generateTexts({
      seed,
      count: options.count ?? 300,
      hugeLineUnits: options.hugeLineUnits,
      kind: options.markdown ? 'markdown' : 'any',
    })

  // One split of every text by one chunker, shared by the rules.
  let splits: Promise<readonly Split[]> | undefined
  const allSplits = (): Promise<readonly Split[]> => {
    splits ??= splitAll(
      make(),
      texts().map((text, index) => makeDocument(`document-${index}`, text)),
    )
    return splits
  }
  const someDocuments = async (): Promise<readonly Document[]> => {
    const all = (await allSplits()).map((split) => split.document)
    const step = Math.max(1, Math.floor(all.length / fewTexts))
    return all.filter((_, index) => index % step === 0)
  }

  const ruled = (rule: SpanRule) => async (): Promise<void> => {
    const checkOne = (document: Document) => async (): Promise<void> => {
      rule(await make().split(document), document)
    }
    for (const { document, spans, error } of await allSplits()) {
      const failure = await failureOf(() => {
        if (error) throw error.thrown
        rule(spans, document)
      })
      if (!failure) continue
      const shortest = await shrinkText(
        document.text,
        async (text) => (await failureOf(checkOne(makeDocument(document.id, text)))) !== undefined,
      )
      const shown = (await failureOf(checkOne(makeDocument(document.id, shortest)))) ?? failure
      broken(shown.reason, { ...shown.evidence, text: shortest })
    }
  }

  const checks: Checks = {
    'spans are in bounds and not empty': ruled(inBounds),
    'spans are sorted by start': ruled(sorted),
    'no surrogate pair or CRLF is cut': ruled(wholeCharacters),
    ...(options.coversAll === false
      ? {}
      : { 'every character that is not blank is in a chunk': ruled(covering) }),
    'no span comes twice': ruled(distinct),
    ...(tokenizer && maxTokens !== undefined
      ? { 'no chunk is over the token cap, context counted': ruled(withinCap(tokenizer, maxTokens)) }
      : {}),
    'tokens tell the size of the span': ruled(tellingTokens(tokenizer)),
    'chunk text is the slice of the document': ruled(slicing),
    'chunk ids are stable, not empty and distinct': ruled(identifying),
    'an empty or blank document has no chunks': async () => {
      for (const text of ['', ' ', '\n', '\r\n\r\n', ' \t\u00a0\u3000\u2028\ufeff ']) {
        const spans = await make().split(makeDocument('blank', text))
        if (spans.length > 0)
          broken('a blank document was given chunks', { text, expected: [], actual: spans })
      }
    },
    'splitting again gives the same spans': async () => {
      const again = make()
      for (const document of await someDocuments()) {
        const first = await again.split(document)
        expectSame(await again.split(document), first, 'a second split differs from the first', {
          text: document.text,
        })
      }
    },
    'what was split before does not matter': async () => {
      const documents = await someDocuments()
      const used = make()
      const forward: (readonly ChunkSpan[])[] = []
      for (const document of documents) forward.push(await used.split(document))
      const backward = make()
      for (let index = documents.length - 1; index >= 0; index -= 1) {
        const document = documents[index]!
        expectSame(
          await backward.split(document),
          forward[index],
          'the order of documents changes the spans',
          {
            text: document.text,
          },
        )
      }
      const together = await Promise.all(documents.map((document) => used.split(document)))
      for (const [index, spans] of together.entries())
        expectSame(spans, forward[index], 'splitting several documents at once changes the spans', {
          text: documents[index]!.text,
        })
    },
    'the document is left as it was': async () => {
      for (const document of await someDocuments()) {
        const copy = structuredClone(document)
        await make().split(copy)
        expectSame(copy, document, 'splitting changed the document', { text: document.text })
      }
    },
    'repeated paragraphs keep their own offsets': async () => {
      const random = seededRandom(seed)
      for (const gap of ['\n\n', '\r\n\r\n', '\n', ' ']) {
        const paragraph = prose(random, 2)
        const document = makeDocument('repeated', Array<string>(8).fill(paragraph).join(gap))
        const spans = await make().split(document)
        for (const rule of [
          inBounds,
          sorted,
          distinct,
          slicing,
          ...(options.coversAll === false ? [] : [covering]),
        ])
          await ruledOn(rule, spans, document)
      }
    },
    'one huge line is split like any text': async () => {
      const random = seededRandom(seed + 1)
      for (let kind = 0; kind < 4; kind += 1) {
        const document = makeDocument('huge', hugeLine(random, options.hugeLineUnits ?? 20_000))
        const spans = await make().split(document)
        const rules = [
          inBounds,
          sorted,
          wholeCharacters,
          distinct,
          ...(options.coversAll === false ? [] : [covering]),
        ]
        if (tokenizer && maxTokens !== undefined) rules.push(withinCap(tokenizer, maxTokens))
        for (const rule of rules) await ruledOn(rule, spans, document)
      }
    },
    'an abort rejects with the reason of the signal': () =>
      expectAbort((signal) => make().split(makeDocument('abort', 'One. Two.\n\nThree. Four.'), { signal })),
    'the id names the chunker and stays the same': () => {
      const { id } = make()
      if (typeof id !== 'string' || id.trim() === '') broken('the chunker has no id', { actual: id })
      expectSame(make().id, id, 'two chunkers made alike have different ids')
    },
  }
  return makeLaws(checks, { ...options, seed })
}

interface Split {
  readonly document: Document
  readonly spans: readonly ChunkSpan[]
  readonly error?: { readonly thrown: unknown } | undefined
}

async function splitAll(chunker: Chunker, documents: readonly Document[]): Promise<readonly Split[]> {
  const splits: Split[] = []
  for (const document of documents) {
    try {
      splits.push({ document, spans: await chunker.split(document) })
    } catch (thrown) {
      splits.push({ document, spans: [], error: { thrown } })
    }
  }
  return splits
}

async function ruledOn(rule: SpanRule, spans: readonly ChunkSpan[], document: Document): Promise<void> {
  const failure = await failureOf(() => rule(spans, document))
  if (failure) broken(failure.reason, { ...failure.evidence, text: document.text })
}

const slicing: SpanRule = (spans, document) => {
  const chunks = toChunks(document, spans)
  if (chunks.length !== spans.length)
    broken('toChunks makes another number of chunks', { expected: spans.length, actual: chunks.length })
  for (const [index, chunk] of chunks.entries()) {
    const { start, end } = spans[index]!
    expectSame(
      { start: chunk.start, end: chunk.end, text: chunk.text },
      { start, end, text: document.text.slice(start, end) },
      'a chunk is not the slice at its span',
    )
  }
}

const identifying: SpanRule = (spans, document) => {
  const ids = toChunks(document, spans).map((chunk) => chunk.id)
  if (ids.some((id) => id === '')) broken('a chunk has an empty id', { actual: ids })
  if (new Set(ids).size !== ids.length) broken('two chunks of a document have the same id', { actual: ids })
  expectSame(
    toChunks(document, spans).map((chunk) => chunk.id),
    ids,
    'the same spans give other ids the second time',
  )
}
