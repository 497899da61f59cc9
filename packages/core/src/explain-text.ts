import { checkInteger, invalid } from './check.js'
import type { Explanation } from './lexical-index.js'

export interface ExplanationTextOptions {
  /** Significant digits of numbers, 1 to 17. @default 4 */
  readonly digits?: number | undefined
  /** Levels below the first that are shown. @default all */
  readonly depth?: number | undefined
}

/** An explanation as text: a line per number, indented by two blanks under what it is a part of. */
export function explanationText(explanation: Explanation, options: ExplanationTextOptions = {}): string {
  const digits = checkInteger('digits', options.digits ?? 4, 1, 17)
  const depth =
    options.depth === undefined ? Number.POSITIVE_INFINITY : checkInteger('depth', options.depth, 0)
  if (typeof explanation?.value !== 'number') invalid('explanation', 'an explanation', explanation)
  const lines: string[] = []
  const write = ({ value, description, details }: Explanation, level: number) => {
    const number = String(Number(value.toPrecision(digits)))
    lines.push(`${'  '.repeat(level)}${number}  ${description.replace(/\s+/gu, ' ')}`)
    if (level < depth) for (const detail of details) write(detail, level + 1)
  }
  write(explanation, 0)
  return lines.join('\n')
}
