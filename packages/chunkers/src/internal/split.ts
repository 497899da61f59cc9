import type { CallOptions, ChunkSpan } from '@tesserae/core'
import type { PackPlan } from './pack.js'
import { Packer } from './pack.js'

/** Chunks made between two looks at the clock. */
const CHUNKS_PER_LOOK = 128
/** Longest time, in milliseconds, that packing keeps the event loop to itself. */
const TURN_MS = 20

/** Packs to the end, giving way to the event loop now and then; throws the signal's reason when aborted. */
export async function packAll(
  plan: PackPlan,
  countsTokens: boolean,
  options: CallOptions,
): Promise<ChunkSpan[]> {
  const spans: ChunkSpan[] = []
  const packer = new Packer(plan)
  let turnStart = Date.now()
  options.signal?.throwIfAborted()
  while (packer.next()) {
    const { start, end, units } = packer
    spans.push(countsTokens ? { start, end, tokens: units } : { start, end })
    if (spans.length % CHUNKS_PER_LOOK === 0 && Date.now() - turnStart >= TURN_MS) {
      await new Promise((resolve) => setTimeout(resolve, 0))
      options.signal?.throwIfAborted()
      turnStart = Date.now()
    }
  }
  return spans
}
