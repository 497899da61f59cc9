import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Bitset } from './bitset.js'

const ordinals = fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 60 })

function bitsetOf(members: Iterable<number>, capacity = 0): Bitset {
  const set = new Bitset(capacity)
  for (const ordinal of members) set.add(ordinal)
  return set
}

function membersOf(set: Bitset): number[] {
  const members: number[] = []
  for (let ordinal = set.next(0); ordinal !== -1; ordinal = set.next(ordinal + 1)) members.push(ordinal)
  return members
}

function ascending(members: Iterable<number>): number[] {
  return [...new Set(members)].sort((a, b) => a - b)
}

describe('Bitset', () => {
  it('counts what two sets share, of whatever length they are', () => {
    fc.assert(
      fc.property(ordinals, ordinals, fc.integer({ min: 0, max: 300 }), (one, other, capacity) => {
        const shared = new Set(one.filter((ordinal) => other.includes(ordinal)))
        expect(bitsetOf(one).countShared(bitsetOf(other, capacity))).toBe(shared.size)
        expect(bitsetOf(one, capacity).countShared(bitsetOf(other))).toBe(shared.size)
      }),
    )
    const full = new Bitset(64)
    full.fill(64)
    expect(full.countShared(full)).toBe(64)
  })

  it('behaves like a Set of numbers', () => {
    const step = fc.record({
      op: fc.constantFrom('add', 'delete'),
      ordinal: fc.integer({ min: 0, max: 130 }),
    })
    fc.assert(
      fc.property(fc.array(step), fc.integer({ min: 0, max: 140 }), (steps, capacity) => {
        const set = new Bitset(capacity)
        const model = new Set<number>()
        for (const { op, ordinal } of steps) {
          if (op === 'add') {
            set.add(ordinal)
            model.add(ordinal)
          } else {
            set.delete(ordinal)
            model.delete(ordinal)
          }
        }
        expect(set.count()).toBe(model.size)
        expect(membersOf(set)).toEqual(ascending(model))
        for (let ordinal = 0; ordinal < 150; ordinal++) expect(set.has(ordinal)).toBe(model.has(ordinal))
      }),
    )
  })

  it('and, or and andNot are intersection, union and difference of sets of any two sizes', () => {
    fc.assert(
      fc.property(ordinals, ordinals, (first, second) => {
        const other = bitsetOf(second)
        const both = bitsetOf(first)
        both.and(other)
        const either = bitsetOf(first)
        either.or(other)
        const only = bitsetOf(first)
        only.andNot(other)
        expect(membersOf(both)).toEqual(ascending(first).filter((ordinal) => second.includes(ordinal)))
        expect(membersOf(either)).toEqual(ascending([...first, ...second]))
        expect(membersOf(only)).toEqual(ascending(first).filter((ordinal) => !second.includes(ordinal)))
        expect(membersOf(other)).toEqual(ascending(second))
      }),
    )
  })

  it('fill makes the set exactly 0 … capacity − 1, also when it was larger', () => {
    fc.assert(
      fc.property(ordinals, fc.integer({ min: 0, max: 140 }), (before, capacity) => {
        const set = bitsetOf(before)
        set.fill(capacity)
        expect(membersOf(set)).toEqual(Array.from({ length: capacity }, (_, ordinal) => ordinal))
        expect(set.count()).toBe(capacity)
      }),
    )
  })

  it('filled minus a set is its complement', () => {
    const complement = new Bitset()
    complement.fill(6)
    complement.andNot(bitsetOf([0, 2, 5, 40]))
    expect(membersOf(complement)).toEqual([1, 3, 4])
  })

  it('next finds the first member at or after any place', () => {
    fc.assert(
      fc.property(ordinals, fc.integer({ min: 0, max: 230 }), (members, from) => {
        const expected = ascending(members).find((ordinal) => ordinal >= from) ?? -1
        expect(bitsetOf(members).next(from)).toBe(expected)
      }),
    )
  })

  it('handles the top bit of a word', () => {
    const set = bitsetOf([31, 63])
    expect([set.has(31), set.has(30), set.count(), set.next(0), set.next(32)]).toEqual([
      true,
      false,
      2,
      31,
      63,
    ])
    expect(membersOf(bitsetOf([4_294_900]))).toEqual([4_294_900])
  })

  it('a clone shares nothing, and clear keeps the memory', () => {
    const set = bitsetOf([1, 70])
    const copy = set.clone()
    const { length } = set.words
    set.clear()
    expect([set.count(), set.words.length]).toEqual([0, length])
    expect(membersOf(copy)).toEqual([1, 70])
  })
})
