import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Chunker, Document, Tokenizer } from '@tesserae/core'
import {
  fakeEmbedder,
  fakeLanguageModel,
  generateTexts,
  randomText,
  seededRandom,
} from '@tesserae/core/testing'
import { beforeAll, describe, expect, it } from 'vitest'
import { codeChunker } from './code/index.js'
import {
  clusterChunker,
  contextualChunker,
  csvChunker,
  hierarchicalChunker,
  jsonChunker,
  languageModelChunker,
  openApiChunker,
  recursiveChunker,
  sectionChunker,
  semanticChunker,
  structuralChunker,
} from './index.js'
import { rulerOf } from './internal/ruler.js'
import { measureContext } from './structural/chunk-context.js'
import { chunkTokens } from './structural/fit.js'
import { markdownDocument, randomlyMarkedDocument } from './structural/testing/mark-blocks.js'
import { capFaults, capTexts, plainDocument, readAll, shared } from './testing/cap.js'
import { type TiktokenTokenizer, tiktokenTokenizer } from './tiktoken/index.js'

type Documents = readonly Document[]
const texts = [...capTexts, [...generateTexts({ seed: 6, count: 60, kind: 'markdown' })].join('\n\n')]
const markdown: Documents = texts.map((text, index) => markdownDocument(`markdown-${index}`, text))
const marked: Documents = texts.map((text, index) => randomlyMarkedDocument(`marked-${index}`, text))

const random = seededRandom(3)
const jsonValue = {
  paths: Object.fromEntries(
    Array.from({ length: 40 }, (_, index) => [
      `/${randomText(random).slice(0, 30)}/${index}`,
      { get: { summary: randomText(random).slice(0, 80), description: randomText(random) } },
    ]),
  ),
  openapi: '3.1.0',
}
const json: Documents = [
  JSON.stringify(jsonValue),
  JSON.stringify(jsonValue, null, 2),
  ...readAll(join(shared, 'data/hostile/blns/blns.json'), join(import.meta.dirname, '../package.json')),
  texts.map((text) => JSON.stringify(text.slice(0, 5000))).join('\n'),
].map((text, index) => plainDocument(`json-${index}`, text))

const csvRow = () =>
  Array.from({ length: 4 }, () => `"${randomText(random).replaceAll('"', '""')}"`).join(',')
const csv: Documents = [
  ['name,place,what was said,remarks', ...Array.from({ length: 80 }, csvRow)].join('\r\n'),
  ...texts.slice(0, 3),
].map((text, index) => plainDocument(`csv-${index}`, text))

const here = (path: string) => join(import.meta.dirname, path)
const python = `class Store:\n${'    def get(self, key, default=None):\n        """Finds, or gives the default."""\n        return {"a": [1, 2, 3], key: default}.get(key)  # noqa\n\n'.repeat(30)}`
const code: Documents = [
  ...[here('internal/pack.ts'), here('code/split-code.ts'), here('structural/block-cuts.ts')].map((path) => ({
    ...plainDocument(path, readFileSync(path, 'utf8')),
    uri: path,
  })),
  { ...plainDocument('store', python), uri: 'store.py' },
  ...texts.map((text, index) => plainDocument(`lines-${index}`, text)),
]

const writer = () =>
  fakeLanguageModel((request) => `(${request.messages[2]!.content.slice(0, 300)}`.replace(/\s+/g, ' '))
const divider = () => fakeLanguageModel(() => '{"begins": [2, 3, 5]}')

type Make = (maxTokens: number, tokenizer: Tokenizer) => Chunker
const subjects: readonly (readonly [string, Documents, readonly number[], Make])[] = [
  [
    'structural',
    markdown,
    [1, 12, 60, 512],
    (maxTokens, tokenizer) => structuralChunker({ maxTokens, tokenizer }),
  ],
  [
    'structural, soft and merged',
    markdown,
    [64],
    (maxTokens, tokenizer) => structuralChunker({ maxTokens, softTokens: 50, minTokens: 50, tokenizer }),
  ],
  [
    'structural, marks at random',
    marked,
    [20, 100],
    (maxTokens, tokenizer) => structuralChunker({ maxTokens, tokenizer }),
  ],
  [
    'sections',
    markdown,
    [30, 200],
    (maxTokens, tokenizer) =>
      sectionChunker({
        maxTokens,
        tokenizer,
        patterns: [{ name: 'Item', pattern: /^\W*[A-Z]\w+ \w+/, level: 1 }],
      }),
  ],
  [
    'hierarchical along sections',
    markdown,
    [30, 200],
    (maxTokens, tokenizer) =>
      hierarchicalChunker({ sizes: [maxTokens * 4, maxTokens], base: 'structural', tokenizer }),
  ],
  [
    'hierarchical',
    markdown,
    [40],
    (maxTokens, tokenizer) => hierarchicalChunker({ sizes: [maxTokens * 4, maxTokens], tokenizer }),
  ],
  [
    'semantic',
    markdown,
    [25, 150],
    (maxTokens, tokenizer) =>
      semanticChunker({ embedder: fakeEmbedder(), maxTokens, minTokens: 20, tokenizer }),
  ],
  [
    'cluster',
    markdown,
    [25, 150],
    (maxTokens, tokenizer) =>
      clusterChunker({ embedder: fakeEmbedder(), maxTokens, pieceTokens: 10, tokenizer }),
  ],
  [
    'language model',
    markdown,
    [60],
    (maxTokens, tokenizer) =>
      languageModelChunker({
        model: divider(),
        maxTokens,
        pieceTokens: 12,
        windowTokens: 400,
        maxCalls: 20,
        tokenizer,
      }),
  ],
  [
    'contextual',
    markdown.slice(0, 4),
    [80],
    (maxTokens, tokenizer) =>
      contextualChunker(structuralChunker({ maxTokens: 60, tokenizer }), {
        model: writer(),
        maxTokens,
        maxDocumentTokens: 500,
        tokenizer,
      }),
  ],
  [
    'contextual without room to spare',
    markdown.slice(0, 3),
    [60],
    (maxTokens, tokenizer) =>
      contextualChunker(recursiveChunker({ maxTokens, tokenizer }), {
        model: writer(),
        maxTokens,
        maxDocumentTokens: 500,
        tokenizer,
      }),
  ],
  ['JSON', json, [8, 50, 300], (maxTokens, tokenizer) => jsonChunker({ maxTokens, tokenizer })],
  ['OpenAPI', json, [50], (maxTokens, tokenizer) => openApiChunker({ maxTokens, tokenizer })],
  ['CSV', csv, [15, 60, 300], (maxTokens, tokenizer) => csvChunker({ maxTokens, tokenizer })],
  ['code', code, [10, 40, 200], (maxTokens, tokenizer) => codeChunker({ maxTokens, tokenizer })],
]

describe.each(['cl100k_base', 'o200k_base'] as const)(
  'the cap for a text behind its context, %s',
  (encoding) => {
    let tokenizer: TiktokenTokenizer
    beforeAll(async () => {
      tokenizer = await tiktokenTokenizer(encoding)
    })

    const cases = subjects.flatMap(([name, documents, caps, make]) =>
      caps.map((maxTokens) => ({ name, maxTokens, documents, make })),
    )
    it.each(cases)('$name, $maxTokens tokens', async ({ maxTokens, documents, make }) => {
      expect(await capFaults(make(maxTokens, tokenizer), maxTokens, tokenizer.count, documents)).toEqual([])
    })

    it('counts a context and a span as one text', () => {
      const contexts = [
        'Guide > API',
        'Guide (old)',
        'a, b, c;',
        '## #',
        'code\n|---|',
        '字',
        '…',
        'A/',
        "it's",
      ]
      for (const text of texts) {
        const ruler = rulerOf(tokenizer, text)
        const measure = { text, ruler, tokenizer, maxTokens: 1 }
        for (let i = 0; i < 60; i++) {
          const context = measureContext(random.pick(contexts), tokenizer)
          const start = random.integer(0, text.length - 1)
          const end = Math.min(text.length, start + random.integer(1, 2000))
          const body = text.slice(start, end)
          const told = chunkTokens(measure, start, end, tokenizer.count(body), context)
          const least = tokenizer.count(`${context.text}\n${body}`)
          expect({ start, end, context, enough: told >= least }).toEqual({
            start,
            end,
            context,
            enough: true,
          })
        }
      }
    })
  },
)
