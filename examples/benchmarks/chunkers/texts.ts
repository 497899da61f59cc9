import { createHash } from 'node:crypto'
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { gunzipSync } from 'node:zlib'
import { repositoryRoot, sharedFolder } from '../harness/context.js'

export type TextKind = 'prose' | 'markdown' | 'code'

const endings: { readonly [kind in TextKind]: readonly string[] } = {
  prose: ['.md', '.html', '.txt'],
  markdown: ['.md', '.markdown'],
  code: ['.ts', '.js', '.mjs', '.cjs'],
}

/** Pieces are between these sizes, in code units, as documents are. */
const SMALLEST = 4_000
const LARGEST = 100_000

/** Most text to warm code on, in bytes. */
const MOST_OTHERS = 2e6

export interface UnseenTexts {
  /** Text to warm the code on: none of it is in `texts`. */
  readonly others: readonly string[]
  /** Text to be seen once. */
  readonly texts: readonly string[]
}

/** Real texts of one kind, and others to warm the code on: 2 MB, but at most a quarter of what there is. */
export function unseenTexts(kind: TextKind, limitBytes: number): UnseenTexts {
  const all = realTexts(kind, Number.POSITIVE_INFINITY)
  const quarter = all.reduce((bytes, text) => bytes + Buffer.byteLength(text), 0) / 4
  const others = take(all, Math.min(MOST_OTHERS, quarter))
  return { others, texts: take(all.slice(others.length), limitBytes) }
}

/**
 * Real text from what is installed and, when present, the folder of test data: no text twice, in pieces of 4 to
 * 100 KB that end at line ends, in a fixed order that mixes the sources. Stops at `limitBytes` of UTF-8.
 */
export function realTexts(kind: TextKind, limitBytes: number): readonly string[] {
  const pieces: string[] = []
  const seen = new Set<string>()
  const add = (text: string) => {
    for (const piece of cut(text)) {
      const key = createHash('sha256').update(piece).digest('base64')
      if (!seen.has(key)) pieces.push(piece)
      seen.add(key)
    }
  }
  if (kind === 'prose') sharedProse().forEach(add)
  for (const folder of kind === 'markdown' ? [...installed, ...documentation] : installed) {
    for (const path of filesIn(folder, endings[kind])) add(readFileSync(path, 'utf8'))
  }
  return take(shuffled(pieces), limitBytes)
}

function take(pieces: readonly string[], limitBytes: number): readonly string[] {
  const taken: string[] = []
  let bytes = 0
  for (const piece of pieces) {
    if (bytes >= limitBytes) break
    taken.push(piece)
    bytes += Buffer.byteLength(piece)
  }
  return taken
}

function cut(text: string): readonly string[] {
  const pieces: string[] = []
  for (let start = 0; start < text.length; ) {
    const lineEnd = text.lastIndexOf('\n', start + LARGEST - 1) + 1
    const end = start + LARGEST >= text.length ? text.length : lineEnd > start + SMALLEST ? lineEnd : -1
    // A line of 100 KB is generated text, not something somebody wrote.
    if (end < 0) break
    if (end - start >= SMALLEST) pieces.push(text.slice(start, end))
    start = end
  }
  return pieces
}

/** Abstracts, articles, a speech and a specification. */
function sharedProse(): readonly string[] {
  const shared = sharedFolder()
  if (shared === undefined) return []
  const texts: string[] = []
  const corpus = join(shared, 'data/retrieval/scifact/corpus.jsonl.gz')
  if (existsSync(corpus)) {
    const abstracts = gunzipSync(readFileSync(corpus))
      .toString('utf8')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => JSON.parse(line) as { title?: string; text: string })
      .map(({ title, text }) => `${title ?? ''}\n\n${text}\n`)
    for (let i = 0; i < abstracts.length; i += 20) texts.push(abstracts.slice(i, i + 20).join('\n'))
  }
  for (const path of [
    'data/chunking/chroma/wikitexts.md',
    'data/chunking/chroma/state_of_the_union.md',
    'data/docs/commonmark/spec.txt',
  ]) {
    if (existsSync(join(shared, path))) texts.push(readFileSync(join(shared, path), 'utf8'))
  }
  return texts
}

/** Packages that the repository installs. */
const installed = [join(repositoryRoot, 'node_modules', '.pnpm')]
/** More Markdown: the peers' packages, and what comes with Node. */
const documentation = [
  join(repositoryRoot, 'examples', 'benchmarks', 'peers', 'node_modules'),
  join(process.execPath, '..', '..', 'lib', 'node_modules', 'npm'),
  join(process.execPath, '..', '..', 'share', 'doc', 'nodejs'),
]

/** Files in alphabetical order, minified ones left out; none where there is no such folder. */
function filesIn(root: string, wanted: readonly string[]): readonly string[] {
  const files: string[] = []
  const walk = (folder: string) => {
    const entries = readdirSync(folder, { withFileTypes: true })
    for (const entry of entries.sort((a, b) => (a.name < b.name ? -1 : 1))) {
      const path = join(folder, entry.name)
      if (entry.isDirectory()) walk(path)
      else if (entry.isFile() && !entry.name.includes('.min.')) {
        const isWanted = wanted.some((ending) => entry.name.endsWith(ending))
        if (isWanted && statSync(path).size >= SMALLEST && statSync(path).size < 4_000_000) files.push(path)
      }
    }
  }
  if (existsSync(root)) walk(root)
  return files
}

/** Fisher–Yates with a fixed seed: every process sees the same order. */
function shuffled(pieces: readonly string[]): readonly string[] {
  const order = [...pieces]
  let state = 1
  for (let i = order.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    const j = Math.floor((state / 2 ** 32) * (i + 1))
    const swapped = order[i]!
    order[i] = order[j]!
    order[j] = swapped
  }
  return order
}

/** Twenty thousand code units each, without the borders between words that splitters count on. */
export function hostileTexts(): readonly (readonly [string, string])[] {
  const length = 20_000
  let state = 7
  const random = (limit: number) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((state / 2 ** 32) * limit)
  }
  const drawn = (draw: () => string) => {
    let text = ''
    while (text.length < length) text += draw()
    return text.slice(0, length)
  }
  return [
    ['one letter', 'a'.repeat(length)],
    ['random letters', drawn(() => String.fromCharCode(97 + random(26)))],
    ['one ideograph', '字'.repeat(length)],
    ['random ideographs', drawn(() => String.fromCharCode(0x4e00 + random(8000)))],
    [
      'base64',
      drawn(() => 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'.charAt(random(64))),
    ],
    ['spaces', ' '.repeat(length)],
    ['line breaks', '\r\n'.repeat(length / 2)],
    ['digits', drawn(() => String(random(10)))],
    ['dashes', '-'.repeat(length)],
    ['emoji', '👨‍👩‍👧‍👦'.repeat(length / 11)],
    ['combining marks', `e${'\u0301'.repeat(length - 1)}`],
    ['NUL', '\0'.repeat(length)],
    ['lone surrogates', '\udc00\ud83d'.repeat(length / 2)],
  ]
}
