import type { CallOptions, ChunkSpan } from '@tesserae/core'
import type { PackPlan } from './pack.js'
import { Packer } from './pack.js'

/** Chunks made between two looks at the clock of others. */
const CHUNKS_PER_TURN = 512

/** Packs to the end, giving way to the event loop now and then. */
export async function packAll(
  plan: PackPlan,
  countsTokens: boolean,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const spans: ChunkSpan[] = []
  const packer = new Packer(plan)
  while (packer.next()) {
    const { start, end } = packer
    spans.push(countsTokens ? { start, end, tokens: plan.ruler.count(start, end) } : { start, end })
    if (spans.length % CHUNKS_PER_TURN === 0) await nextTurn(options.signal)
  }
  return spans
}

/** Lets other work run, then throws the signal's reason if it was aborted meanwhile. */
export async function nextTurn(signal: AbortSignal | undefined): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0))
  signal?.throwIfAborted()
}
