import type { Random } from '../random.js'
import { blanks, lineEnds, oddities, scripts } from './phrases.js'

const letters = [...'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789+/']
const consonants = [...'bcdfgklmnprstvz']
const vowels = [...'aeiou']

/** `count` pieces put together. */
export function repeat(count: number, piece: (index: number) => string): string {
  let text = ''
  for (let index = 0; index < count; index += 1) text += piece(index)
  return text
}

/** Sentences of one script. */
export function prose(random: Random, sentences = random.integer(1, 8)): string {
  const script = random.pick(scripts)
  return repeat(sentences, (index) => (index === 0 ? '' : script.gap) + random.pick(script.sentences))
}

/** A made-up Latin word. */
export function word(random: Random, length = random.integer(1, 10)): string {
  return repeat(length, (index) => random.pick(index % 2 === 0 ? consonants : vowels))
}

function mixedScripts(random: Random): string {
  return repeat(random.integer(2, 6), () => prose(random, 1) + random.pick(blanks))
}

function brokenLines(random: Random): string {
  return repeat(random.integer(2, 12), () => prose(random, 1) + random.pick(lineEnds))
}

function blankRuns(random: Random): string {
  return repeat(
    random.integer(2, 10),
    () => (random.chance(0.7) ? word(random) : '') + repeat(random.integer(0, 6), () => random.pick(blanks)),
  )
}

function odd(random: Random): string {
  return repeat(
    random.integer(1, 12),
    () => (random.chance() ? random.pick(oddities) : word(random)) + (random.chance() ? ' ' : ''),
  )
}

function longWord(random: Random): string {
  const length = random.integer(200, 1500)
  return random.chance()
    ? word(random, length)
    : repeat(length, () => random.pick(['字', '😀', 'ก', 'e\u0301']))
}

function base64(random: Random): string {
  return `data:image/png;base64,${repeat(random.integer(100, 800), () => random.pick(letters))}==`
}

function heading(random: Random, lineEnd: string): string {
  const title = random.chance(0.8) ? `${word(random)} ${word(random)}` : prose(random, 1)
  return `${'#'.repeat(random.integer(1, 6))} ${title}${lineEnd}${lineEnd}`
}

function list(random: Random, lineEnd: string): string {
  return repeat(
    random.integer(1, 6),
    (index) =>
      `${'  '.repeat(random.integer(0, 2))}${random.pick(['-', '*', '+', `${index + 1}.`])} ${prose(random, 1)}${lineEnd}`,
  )
}

function table(random: Random, lineEnd: string): string {
  const columns = random.integer(1, 4)
  const row = (cell: () => string): string => `|${repeat(columns, () => ` ${cell()} |`)}${lineEnd}`
  return (
    row(() => word(random)) +
    row(() => '---') +
    repeat(random.integer(0, 6), () =>
      row(() => (random.chance(0.2) ? '' : prose(random, 1).slice(0, 12).replaceAll('|', ''))),
    )
  )
}

function fence(random: Random, lineEnd: string): string {
  const closed = random.chance(0.9) ? `\`\`\`${lineEnd}` : ''
  return `\`\`\`${random.pick(['', 'ts', 'python', 'sql'])}${lineEnd}${code(random, lineEnd)}${closed}`
}

function frontMatter(random: Random, lineEnd: string): string {
  return `---${lineEnd}title: ${word(random)}${lineEnd}tags: [${word(random)}, ${word(random)}]${lineEnd}---${lineEnd}${lineEnd}`
}

/** Markdown with headings, lists, tables, fences, quotes, sometimes front matter and stray line ends. */
export function markdown(random: Random): string {
  const lineEnd = random.pick(['\n', '\n', '\n', '\r\n', '\r'])
  const blocks = [
    heading,
    list,
    table,
    fence,
    (): string => `> ${prose(random, 2)}${lineEnd}`,
    (): string => prose(random) + lineEnd,
  ]
  const start = random.chance(0.2) ? frontMatter(random, lineEnd) : ''
  return (
    start +
    repeat(
      random.integer(2, 10),
      () => random.pick(blocks)(random, lineEnd) + (random.chance(0.8) ? lineEnd : ''),
    )
  )
}

/** Indented lines with brackets, strings and comments. */
export function code(random: Random, lineEnd = '\n'): string {
  let depth = 0
  return repeat(random.integer(2, 14), () => {
    const indent = random.chance(0.8) ? '  '.repeat(depth) : '\t'.repeat(depth)
    const kind = random.integer(0, 5)
    if (kind === 0) {
      depth += 1
      return `${indent}function ${word(random)}(${word(random)}) {${lineEnd}`
    }
    if (kind === 1 && depth > 0) {
      depth -= 1
      return `${'  '.repeat(depth)}}${lineEnd}`
    }
    if (kind === 2) return `${indent}// ${prose(random, 1)}${lineEnd}`
    if (kind === 3) return lineEnd
    return `${indent}const ${word(random)} = "${word(random)}${random.chance(0.2) ? '\\"' : ''}"; /* ${random.integer(0, 999)} */${lineEnd}`
  })
}

function html(random: Random): string {
  const inner = repeat(random.integer(1, 6), () =>
    random.pick([
      `<p>${prose(random, 1)}</p>`,
      `<br>`,
      `<b class="${word(random)}">${word(random)}`,
      '&nbsp;&amp;&#x1F600;',
      '<script>if (a < b) { }</script>',
      '<!-- c -->',
    ]),
  )
  return `<!doctype html><div>${inner}</div>${random.chance() ? '\n' : '</'}`
}

function json(random: Random): string {
  const rows = Array.from({ length: random.integer(1, 6) }, () => ({
    [word(random)]: prose(random, 1),
    n: random.integer(-9, 9999),
    list: [null, true, word(random)],
  }))
  return random.chance() ? JSON.stringify(rows, null, 2) : rows.map((row) => JSON.stringify(row)).join('\n')
}

/** The same paragraph several times: whoever looks for text instead of keeping offsets goes wrong here. */
export function repeated(random: Random): string {
  const paragraph = prose(random, random.integer(1, 3))
  const gap = random.pick(['\n\n', '\r\n\r\n', '\n', ' '])
  return repeat(random.integer(2, 12), () => paragraph + gap)
}

/** Every kind of block but the huge ones, the likelier the more often it stands here. */
export const blockKinds: readonly ((random: Random) => string)[] = [
  (random) => prose(random),
  (random) => prose(random),
  (random) => prose(random),
  mixedScripts,
  brokenLines,
  brokenLines,
  blankRuns,
  odd,
  odd,
  longWord,
  base64,
  markdown,
  markdown,
  (random) => code(random),
  html,
  json,
  repeated,
]
