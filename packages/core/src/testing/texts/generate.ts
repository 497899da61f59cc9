import { checkInteger } from '../../check.js'
import { type Random, seededRandom } from '../random.js'
import { blockKinds, markdown, prose, repeat } from './blocks.js'
import { blanks, edgeTexts } from './phrases.js'

export interface GenerateTextsOptions {
  /** @default 1 */
  readonly seed?: number | undefined
  /** Number of texts. @default 300 */
  readonly count?: number | undefined
  /** Length of the huge single-line texts (about one in fifty), in UTF-16 code units. 0 leaves them out. @default 20000 */
  readonly hugeLineUnits?: number | undefined
  /** `any` mixes every kind; `markdown` gives Markdown documents only. @default 'any' */
  readonly kind?: 'any' | 'markdown' | undefined
}

/** One line without an end, about `units` long: a script with blanks, without blanks, or one endless word. */
export function hugeLine(random: Random, units: number): string {
  const kind = random.integer(0, 3)
  const piece =
    kind === 0
      ? `${prose(random, 3)} `
      : kind === 1
        ? random.pick(['租客在五月一日之前支付押金', 'ผู้เช่าจ่ายเงินประกัน', '👨‍👩‍👧‍👦', 'abcdefghij', 'a\u0301'])
        : kind === 2
          ? `${prose(random, 1)},${prose(random, 1)};`
          : `{"id":${random.integer(0, 99)},"text":"${prose(random, 1)}"},`
  const line = repeat(Math.ceil(units / piece.length), () => piece).replace(/[\r\n\u2028\u2029]/g, ' ')
  return line.slice(0, units)
}

/** One text of one to four blocks of any kind, sometimes cut at any code unit, so also inside a pair or CRLF. */
export function randomText(random: Random): string {
  const text = repeat(
    random.integer(1, 4),
    () => random.pick(blockKinds)(random) + (random.chance(0.8) ? random.pick(blanks) : ''),
  )
  return random.chance(0.1) ? text.slice(0, random.integer(0, text.length)) : text
}

/**
 * Texts on which text code breaks: many scripts, emoji sequences, combining marks, every line end, blank runs,
 * NUL, lone surrogates, Markdown, code, HTML, JSON, base64, repeated paragraphs, huge lines, nothing at all.
 * The first ones are fixed edge cases. The same options give the same texts on every platform.
 */
export function generateTexts(options: GenerateTextsOptions = {}): string[] {
  const count = checkInteger('count', options.count ?? 300, 0)
  const units = checkInteger('hugeLineUnits', options.hugeLineUnits ?? 20_000, 0)
  const random = seededRandom(options.seed ?? 1)
  if (options.kind === 'markdown') return Array.from({ length: count }, () => markdown(random))
  return Array.from({ length: count }, (_, index) => {
    if (index < edgeTexts.length) return edgeTexts[index] as string
    return units > 0 && index % 50 === 40 ? hugeLine(random, units) : randomText(random)
  })
}
