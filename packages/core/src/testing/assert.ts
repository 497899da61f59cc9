import { isRagError, type RagErrorCode } from '../errors.js'
import { broken, type Evidence } from './law.js'
import { isTypedArray, showValue } from './show.js'

/** Same type, same length, same numbers; NaN equals itself. */
function sameNumbers(a: ArrayLike<number | bigint>, b: ArrayLike<number | bigint>): boolean {
  if (a.length !== b.length || a.constructor !== b.constructor) return false
  for (let i = 0; i < a.length; i += 1) if (a[i] !== b[i] && !Object.is(a[i], b[i])) return false
  return true
}

/** Deep equality by value: own enumerable keys, typed arrays element by element, NaN equal to itself. A field set to undefined equals an absent one. */
export function sameValue(a: unknown, b: unknown): boolean {
  if (Object.is(a, b)) return true
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b) || ArrayBuffer.isView(a) !== ArrayBuffer.isView(b)) return false
  if (isTypedArray(a) || isTypedArray(b)) return isTypedArray(a) && isTypedArray(b) && sameNumbers(a, b)
  const left = new Map(Object.entries(a).filter(([, value]) => value !== undefined))
  const right = new Map(Object.entries(b).filter(([, value]) => value !== undefined))
  if (left.size !== right.size) return false
  for (const [key, value] of left) if (!right.has(key) || !sameValue(value, right.get(key))) return false
  return true
}

/** Breaks the law unless both are equal by value. */
export function expectSame(
  actual: unknown,
  expected: unknown,
  reason: string,
  evidence: Evidence = {},
): void {
  if (!sameValue(actual, expected)) broken(reason, { ...evidence, expected, actual })
}

/** Runs what must fail with a `RagError` of one of these codes. */
export async function expectRagError(
  run: () => unknown,
  codes: readonly RagErrorCode[],
  what: string,
): Promise<void> {
  const expected = `a RagError with code ${codes.map((code) => `"${code}"`).join(' or ')}`
  let result: unknown
  try {
    result = await run()
  } catch (error) {
    if (!codes.some((code) => isRagError(error, code)))
      broken(`${what} is rejected with another error`, { expected, actual: error, cause: error })
    return
  }
  broken(`${what} is accepted`, { expected, actual: result })
}

/**
 * An aborted call rejects with the signal's own reason, untouched: when the signal was aborted before the
 * call, always; when it is aborted while the call runs, the call may also finish.
 */
export async function expectAbort(call: (signal: AbortSignal) => Promise<unknown>): Promise<void> {
  const reason = new Error('aborted by the law')
  const before = new AbortController()
  before.abort(reason)
  let result: unknown
  try {
    result = await call(before.signal)
  } catch (error) {
    if (error !== reason)
      broken('a call with an aborted signal does not reject with the reason of the signal', {
        expected: reason,
        actual: error,
      })
    const during = new AbortController()
    const running = call(during.signal)
    during.abort(reason)
    await running.catch((thrown: unknown) => {
      if (thrown !== reason)
        broken('a call aborted while it runs rejects with something else than the reason', {
          expected: reason,
          actual: thrown,
        })
    })
    return
  }
  broken('a call with an aborted signal resolves', { expected: reason, actual: showValue(result) })
}

/** All items of an async iterable. */
export async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const collected: T[] = []
  for await (const item of items) collected.push(item)
  return collected
}
