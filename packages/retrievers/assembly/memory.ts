// Memory is handed out from bottom to top and grows page by page; nothing is moved or given back.

const pageBits: u64 = 16
const mostPages: u64 = 65536

let top: u64 = 0

/** Where the first allocation goes in a memory of its own. */
export const firstByte: usize = 1024

/** From here on memory is handed out. */
export function startAt(base: usize): void {
  top = <u64>base
}

export function memoryTop(): usize {
  return <usize>top
}

/** Makes sure that so many bytes can be allocated in blocks; false when the memory cannot grow so far. */
export function ensure(bytes: u64): bool {
  const pages = (top + bytes + 15 + (1 << pageBits) - 1) >> pageBits
  // The last page stays unused, so that no address reaches 2^32.
  if (pages >= mostPages) return false
  const present = <u64>memory.size()
  return pages <= present || memory.grow(<i32>(pages - present)) >= 0
}

/** `bytes` of zeros at a multiple of 16; 0 when the memory cannot grow so far. */
export function allocate(bytes: usize): usize {
  const at = (top + 15) & ~15
  if (!ensure(bytes)) return 0
  top = at + <u64>bytes
  return <usize>at
}
