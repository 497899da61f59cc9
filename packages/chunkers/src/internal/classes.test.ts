import { describe, expect, it } from 'vitest'
import { CLASS_RUNS } from './class-runs.js'
import {
  BANG,
  BLANK,
  CLOSE,
  characterClasses,
  DIGIT,
  DOT,
  LETTER,
  LOWER,
  MARK,
  NEWLINE,
  OPEN,
  OTHER,
  QUOTE,
  STOP,
  UNSPACED,
  UPPER,
} from './classes.js'

/** What each class is, in Unicode properties; later entries overwrite earlier ones. */
const PROPERTIES: readonly (readonly [RegExp, number])[] = [
  [/\p{L}/u, LETTER],
  [/[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}]/u, UNSPACED],
  [/[\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u, UNSPACED],
  [/\p{Lowercase}/u, LOWER],
  [/[\p{Uppercase}\p{Lt}]/u, UPPER],
  [/\p{Nd}/u, DIGIT],
  [/[\p{M}\p{Cf}]/u, MARK],
  [/[\p{Quotation_Mark}\p{Pi}\p{Pf}]/u, QUOTE],
  [/\p{Ps}/u, OPEN],
  [/[\p{Pe}\u2019\u201d]/u, CLOSE],
  [/\p{Sentence_Terminal}/u, STOP],
  [/[!?]/u, BANG],
  [/[.\u2024\u2026\ufe52\uff0e]/u, DOT],
  [/[*_]/u, CLOSE],
  [/\s/u, BLANK],
  [/[\n\r\v\f\u2028\u2029]/u, NEWLINE],
]

/** Class of a code unit by the Unicode data of the engine that runs the test. */
function classOf(unit: number): number {
  if (unit >= 0xd800 && unit < 0xe000) return OTHER
  const character = String.fromCharCode(unit)
  return PROPERTIES.findLast(([pattern]) => pattern.test(character))?.[1] ?? OTHER
}

function runsOf(classes: ArrayLike<number>): string {
  let runs = ''
  for (let start = 0; start < classes.length; ) {
    let end = start
    while (end < classes.length && classes[end] === classes[start]) end++
    runs += String.fromCharCode(0x61 + classes[start]!) + (end - start === 1 ? '' : end - start)
    start = end
  }
  return runs
}

describe('character classes', () => {
  const made = Uint8Array.from({ length: 65536 }, (_, unit) => classOf(unit))

  it('are those of the Unicode properties, as far as the engine knows them', () => {
    const classes = characterClasses()
    const differing = [...made.keys()].filter((unit) => classes[unit] !== made[unit])
    // An engine with an older or newer Unicode differs where characters were added, or their properties changed.
    if (process.versions.unicode === '17.0') expect(runsOf(made)).toBe(CLASS_RUNS)
    else expect(differing.length).toBeLessThan(1000)
  })

  it('are the table that the runs tell, for each code unit', () => {
    expect(runsOf(characterClasses())).toBe(CLASS_RUNS)
  })

  it('differ for Greek in its question marks only', () => {
    const classes = characterClasses()
    const greek = characterClasses('el')
    expect([...classes.keys()].filter((unit) => classes[unit] !== greek[unit])).toEqual([0x3b, 0x37e])
    expect([greek[0x3b], greek[0x37e]]).toEqual([BANG, BANG])
  })
})
