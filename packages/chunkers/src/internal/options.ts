import { checkInteger, checkNumber, invalid } from '@tesserae/core'

/** Overlap in the unit of the chunk size, from one of two ways to say it. */
export function checkOverlap(
  sizeName: string,
  size: number,
  overlapName: string,
  overlap: number | undefined,
  percent: number | undefined,
): number {
  if (overlap !== undefined && percent !== undefined) {
    invalid(overlapName, 'left out when `overlapPercent` is given', overlap, 'Say the overlap once.')
  }
  if (percent !== undefined) {
    checkNumber('overlapPercent', percent, 0)
    if (percent >= 100) {
      invalid('overlapPercent', 'below 100', percent, 'Each chunk must add something new; 10 to 20 is usual.')
    }
    return Math.floor((size * percent) / 100)
  }
  if (overlap === undefined) return 0
  checkInteger(overlapName, overlap, 0)
  if (overlap >= size) {
    invalid(overlapName, `below \`${sizeName}\` (${size})`, overlap, 'Each chunk must add something new.')
  }
  return overlap
}

/** Language of a BCP 47 tag, `''` when none is given. */
export function checkLocale(locale: string | undefined): string {
  if (locale === undefined) return ''
  try {
    return new Intl.Locale(locale).language
  } catch {
    return invalid('locale', 'a BCP 47 language tag such as "en" or "de-AT"', locale)
  }
}

export function checkBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') invalid(name, 'true or false', value)
  return value
}

/** Refuses option names that the factory does not know: a misspelt option must not be ignored. */
export function checkNames(factory: string, options: object, known: readonly string[]): void {
  for (const name of Object.keys(options)) {
    if (!known.includes(name)) invalid(name, `an option of ${factory}`, name, `Options: ${known.join(', ')}.`)
  }
}

/** Name and options as one string: the same options give the same id, in whatever order they were written. */
export function chunkerId(name: string, options: { readonly [option: string]: unknown }): string {
  return `${name}${JSON.stringify(options)}`
}
