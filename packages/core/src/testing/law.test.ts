import { describe, expect, it } from 'vitest'
import { RagError } from '../errors.js'
import { broken, LawViolation, makeLaws } from './law.js'

const checks = {
  'one is one': () => {},
  'two is three': () => broken('two is two', { expected: 3, actual: 2, text: 'é\n"' }),
  'nothing is thrown': () => {
    throw new TypeError('thrown')
  },
}

async function violationOf(name: string, options = {}): Promise<LawViolation> {
  const error = await makeLaws(checks, options)
    .find((law) => law.name === name)
    ?.run()
    .catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(LawViolation)
  return error as LawViolation
}

describe('makeLaws', () => {
  it('keeps names and order, and a kept law resolves', async () => {
    const laws = makeLaws(checks, {})
    expect(laws.map((law) => law.name)).toEqual(Object.keys(checks))
    await expect(laws[0]?.run()).resolves.toBeUndefined()
  })

  it('says which law, why, what was expected and what came, and on which text', async () => {
    const violation = await violationOf('two is three', { seed: 42 })
    expect(violation.message).toBe(
      'law "two is three" is broken: two is two\n  expected: 3\n  actual:   2\n  text:     "\\u00e9\\n\\""\n  seed:     42',
    )
    expect(violation.law).toBe('two is three')
    expect(violation.reason).toBe('two is two')
    expect(violation.evidence).toMatchObject({ seed: 42, expected: 3, actual: 2 })
  })

  it('turns an exception of the implementation into a violation with its cause', async () => {
    const violation = await violationOf('nothing is thrown')
    expect(violation.message).toContain('TypeError: thrown')
    expect(violation.cause).toBeInstanceOf(TypeError)
  })
})

describe('exempt', () => {
  it('replaces the law by one that passes and tells the reason', async () => {
    const laws = makeLaws(checks, { exempt: { 'two is three': 'arithmetic is remote' } })
    expect(laws.map((law) => law.name)).toEqual([
      'one is one',
      'two is three (exempt: arithmetic is remote)',
      'nothing is thrown',
    ])
    await expect(laws[1]?.run()).resolves.toBeUndefined()
  })

  it('refuses a law that is not in the suite, and an empty reason', () => {
    expect(() => makeLaws(checks, { exempt: { 'two is four': 'typo' } })).toThrow(RagError)
    expect(() => makeLaws(checks, { exempt: { 'two is four': 'typo' } })).toThrow('one is one; two is three')
    expect(() => makeLaws(checks, { exempt: { toString: 'inherited' } })).toThrow('`exempt`')
    expect(() => makeLaws(checks, { exempt: { 'two is three': ' ' } })).toThrow('Say why')
  })
})
