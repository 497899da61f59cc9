import { invalid } from '../check.js'

/**
 * A placeholder is a string no text contains by accident, so a template is an ordinary filter, can be kept as
 * JSON, and fits wherever a string fits. An optional one is marked `?`, a required one `!`.
 */
const prefix = '\u0000placeholder'

export interface PlaceholderOptions {
  /**
   * The value must be given whatever the policy: `bindFilter` throws instead of dropping or keeping the
   * clause. For security scopes. @default false
   */
  readonly required?: boolean | undefined
}

/** Stands for a value that `bindFilter` fills in. Until then the clause it is in matches nothing. */
export function placeholder(name: string, options: PlaceholderOptions = {}): string {
  if (typeof name !== 'string' || name === '') invalid('name', 'a non-empty string', name)
  return `${prefix}${options.required === true ? '!' : '?'}${name}`
}

/** The name and kind of a placeholder; undefined for every other value. */
export function readPlaceholder(value: unknown): { name: string; required: boolean } | undefined {
  if (typeof value !== 'string' || !value.startsWith(prefix)) return undefined
  const mark = value[prefix.length]
  if (mark !== '!' && mark !== '?') return undefined
  return { name: value.slice(prefix.length + 1), required: mark === '!' }
}
