import { RagError } from '@tesserae/core'

/** Where vector kernels run: WebAssembly with SIMD, its plain TypeScript twin, or the first of them that works. */
export type Backend = 'auto' | 'wasm' | 'typescript'

export const backends = ['auto', 'wasm', 'typescript'] as const

/** A module of this package in memory of its own. */
export interface WasmInstance {
  readonly memory: WebAssembly.Memory
  call(name: string): (...numbers: number[]) => number
}

/** Compiled code by its source: one compile per process, whatever the number of indexes. */
const compiled = new Map<string, WebAssembly.Module | undefined>()

/**
 * A fresh instance of the module in `base64`, made synchronously; `undefined` when the host has no
 * WebAssembly or none with SIMD.
 *
 * @param given the memory of a module that imports one
 */
export function instantiate(base64: string, given?: WebAssembly.Memory): WasmInstance | undefined {
  if (!compiled.has(base64)) compiled.set(base64, compile(base64))
  const module = compiled.get(base64)
  if (module === undefined) return undefined
  const { exports } = makeInstance(module, given)
  const memory = given ?? exports.memory
  if (!(memory instanceof WebAssembly.Memory)) throw new TypeError('the module exports no memory')
  return {
    memory,
    call: (name) => {
      const found = exports[name]
      if (typeof found !== 'function') throw new TypeError(`the module exports no function "${name}"`)
      return found as (...numbers: number[]) => number
    },
  }
}

function makeInstance(module: WebAssembly.Module, memory?: WebAssembly.Memory): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(module, memory === undefined ? {} : { env: { memory } })
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new RagError(
      'unsupported',
      'This host gives no memory for another WebAssembly instance. Use fewer indexes, or spread them over several processes.',
      { cause: error },
    )
  }
}

function compile(base64: string): WebAssembly.Module | undefined {
  if (typeof WebAssembly !== 'object') return undefined
  const binary = atob(base64)
  const bytes = new Uint8Array(binary.length)
  for (let i = 0; i < bytes.length; i++) bytes[i] = binary.charCodeAt(i)
  // A host without SIMD says no here; a policy against compiling throws below and means the same.
  if (!WebAssembly.validate(bytes)) return undefined
  try {
    return new WebAssembly.Module(bytes)
  } catch (error) {
    if (error instanceof WebAssembly.CompileError) return undefined
    throw error
  }
}

/** What `make` gives for the backend asked for: `wasm` may say `undefined` where WebAssembly is missing. */
export function chooseBackend<T>(backend: Backend, wasm: () => T | undefined, typescript: () => T): T {
  if (backend === 'typescript') return typescript()
  const chosen = wasm()
  if (chosen !== undefined) return chosen
  if (backend === 'wasm') {
    throw new RagError(
      'unsupported',
      'This host has no WebAssembly with SIMD. Use `backend: "auto"`, which falls back to TypeScript with the same results.',
    )
  }
  return typescript()
}
