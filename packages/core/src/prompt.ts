import { checkInteger, checkNumber, checkOneOf, invalid } from './check.js'
import { RagError } from './errors.js'
import { fingerprint } from './fingerprint.js'
import type { GenerateRequest } from './language-model.js'
import { fenced } from './prompt-data.js'
import { trimmed } from './trim.js'

export interface PromptSlot {
  /**
   * `data`: text of others, put between tags that it cannot forge. `text`: words of your own, put in as they are.
   * @default 'data'
   */
  readonly kind?: 'data' | 'text' | undefined
  /** May be left out; a line that held nothing else is left out with it. @default false */
  readonly optional?: boolean | undefined
}

export type PromptSlots = { readonly [name: string]: PromptSlot }

/** The values for slots: those that are optional may be missing. */
export type PromptValues<S extends PromptSlots> = {
  readonly [N in keyof S as S[N] extends { readonly optional: true } ? never : N]: string
} & {
  readonly [N in keyof S as S[N] extends { readonly optional: true } ? N : never]?: string | undefined
}

export interface PromptTemplateOptions<S extends PromptSlots> {
  readonly id: string
  /** Yours to count: what a change of the words is told by. */
  readonly version: string
  /** Instructions; slots may stand here too. @default none */
  readonly system?: string | undefined
  /** What the user says. A slot is `{name}`; `{{` and `}}` are braces. */
  readonly user: string
  /** Every slot that stands in the texts, and no other. Names are letters, digits, `_` and `-`. */
  readonly slots: S
  /** @default 0 */
  readonly temperature?: number | undefined
  /** Longest answer, in tokens. @default the model's own */
  readonly maxTokens?: number | undefined
}

export interface PromptTemplate<S extends PromptSlots = PromptSlots> {
  readonly id: string
  readonly version: string
  /** Fingerprint of texts and slots: differs when the words changed, though the version did not. */
  readonly revision: string
  readonly slots: S
  /**
   * Code units that are the same for all values, counted from the beginning of the instructions into the user's
   * message: what a provider can keep in its prompt cache.
   */
  readonly staticLength: number
  /**
   * Puts the values in, each as it is: braces in a value are not slots.
   *
   * @throws RagError `invalid-argument` when a value is missing, not a string, or of no slot.
   */
  render(values: PromptValues<S>): GenerateRequest
}

type Part = string | { readonly slot: string }

/**
 * A prompt with named slots. Values of `data` slots stand in `<name>` … `</name>`, and cannot contain any such tag of
 * the template, so that a retrieved text cannot end its own frame and go on as instructions.
 */
export function promptTemplate<const S extends PromptSlots>(
  options: PromptTemplateOptions<S>,
): PromptTemplate<S> {
  const { id, version, system, user, slots, maxTokens } = options
  for (const [name, value] of Object.entries({ id, version, user })) {
    if (typeof value !== 'string' || value === '') invalid(name, 'a non-empty string', value)
  }
  const temperature = checkNumber('temperature', options.temperature ?? 0, 0)
  if (maxTokens !== undefined) checkInteger('maxTokens', maxTokens)
  const names = Object.keys(slots)
  const dataNames: string[] = []
  for (const name of names) {
    if (!/^[\p{L}\p{N}_-]+$/u.test(name)) invalid('slots', 'named by letters, digits, "_" and "-"', name)
    const kind = checkOneOf(`slots.${name}.kind`, slots[name]!.kind ?? 'data', ['data', 'text'])
    if (kind === 'data') dataNames.push(name)
  }
  const parts = { system: parse('system', system ?? '', names), user: parse('user', user, names) }
  const used = new Set(
    [...parts.system, ...parts.user].flatMap((part) => (typeof part === 'string' ? [] : part.slot)),
  )
  for (const name of names) if (!used.has(name)) invalid('slots', `used in the texts: write {${name}}`, name)

  const fill = (part: Part, values: ReadonlyMap<string, string>): string => {
    if (typeof part === 'string') return part
    const value = values.get(part.slot)!
    if (value === '' && slots[part.slot]!.optional === true) return ''
    return dataNames.includes(part.slot) ? fenced(value, part.slot, dataNames) : value
  }
  const compose = (text: readonly Part[], values: ReadonlyMap<string, string>): string =>
    withoutEmptyLines(text, (part) => fill(part, values))

  return {
    id,
    version,
    revision: fingerprint({
      system: system ?? '',
      user,
      slots: names.map((name) => [name, dataNames.includes(name)]),
    }),
    slots,
    staticLength: staticLength(parts.system, parts.user),
    render(given) {
      const values = new Map<string, string>()
      const entries: { readonly [name: string]: unknown } = given
      for (const name of Object.keys(entries)) {
        if (!Object.hasOwn(slots, name)) invalid('values', `of the slots ${names.join(', ')}`, name)
      }
      for (const name of names) {
        const value = Object.hasOwn(entries, name) ? entries[name] : undefined
        if (value === undefined && slots[name]!.optional === true) values.set(name, '')
        else if (typeof value === 'string') values.set(name, value)
        else invalid(`values.${name}`, 'a string', value)
      }
      const instructions = compose(parts.system, values)
      return {
        ...(instructions !== '' && { system: instructions }),
        messages: [{ role: 'user', content: compose(parts.user, values) }],
        temperature,
        ...(maxTokens !== undefined && { maxTokens }),
      }
    },
  }
}

function parse(name: string, text: string, slots: readonly string[]): readonly Part[] {
  const parts: Part[] = []
  let literal = ''
  for (const [token] of text.matchAll(/\{\{|\}\}|\{[^{}]*\}|[{}]|[^{}]+/g)) {
    if (token === '{{' || token === '}}') literal += token[0]
    else if (token === '{' || token === '}') {
      throw new RagError(
        'invalid-argument',
        `\`${name}\` has a single "${token}". Write {{ or }} for a brace.`,
      )
    } else if (token.startsWith('{')) {
      const slot = token.slice(1, -1)
      if (!slots.includes(slot)) {
        throw new RagError(
          'invalid-argument',
          `\`${name}\` has {${slot}}, which is no slot. Declare it in \`slots\`, or write {{${slot}}} for braces.`,
        )
      }
      if (literal !== '') parts.push(literal)
      literal = ''
      parts.push({ slot })
    } else literal += token
  }
  if (literal !== '') parts.push(literal)
  return parts
}

/** Puts the parts together; a line on which only empty values stood goes, with one blank line around it. */
function withoutEmptyLines(parts: readonly Part[], fill: (part: Part) => string): string {
  const filled = parts.map(fill)
  let text = ''
  for (const [place, value] of filled.entries()) {
    const emptied = place > 0 && typeof parts[place - 1] === 'object' && filled[place - 1] === ''
    const lineStart = text === '' || text.endsWith('\n')
    text += emptied && lineStart && typeof parts[place] === 'string' ? value.replace(/^\n\n?/, '') : value
  }
  return trimmed(text, '\n', 'end')
}

function staticLength(system: readonly Part[], user: readonly Part[]): number {
  let length = 0
  for (const part of [...system, ...user]) {
    if (typeof part !== 'string') break
    length += part.length
  }
  return length
}
