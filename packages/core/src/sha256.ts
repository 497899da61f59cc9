import { isWellFormed, portableSha256 } from './sha256-portable.js'

/** One-shot hashing of Node, Deno and Bun: `crypto.hash`. */
type HostHash = (algorithm: 'sha256', text: string, encoding: 'hex') => string

/** Found on the first call; `null`: this host has none. */
let host: HostHash | null | undefined

/** Asks for what is there already instead of importing it: browsers and workers have nothing of the kind. */
function findHost(): HostHash | null {
  const runtime: unknown = Reflect.get(globalThis, 'process')
  if (typeof runtime !== 'object' || runtime === null) return null
  const builtin: unknown = Reflect.get(runtime, 'getBuiltinModule')
  if (typeof builtin !== 'function') return null
  try {
    const crypto: unknown = builtin.call(runtime, 'node:crypto')
    if (typeof crypto !== 'object' || crypto === null) return null
    const hash: unknown = Reflect.get(crypto, 'hash')
    if (typeof hash !== 'function') return null
    // What stands in for Node elsewhere may have the name and not the function.
    return hash('sha256', '', 'hex') === portableSha256('') ? (hash as HostHash) : null
  } catch {
    return null
  }
}

/**
 * SHA-256 (FIPS 180-4) of the UTF-8 form of `text`, as 64 lower-case hexadecimal digits. Synchronous and the
 * same in Node, browsers and workers; by the host's own code where it has a synchronous one, five times as fast. A
 * lone surrogate has no UTF-8 form; it is hashed as the three bytes of its code unit (WTF-8), so that two different
 * strings never share their input bytes.
 */
export function sha256(text: string): string {
  if (host === undefined) host = findHost()
  return host !== null && isWellFormed(text) ? host('sha256', text, 'hex') : portableSha256(text)
}
