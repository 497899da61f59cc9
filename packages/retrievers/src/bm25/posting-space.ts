import { grownUint32 } from './grow.js'
import {
  BLOCK,
  BLOCK_END,
  BLOCK_NEXT,
  BLOCK_START,
  PAGE_BITS,
  PAGE_MASK,
  PAGE_SIZE,
} from './posting-layout.js'

/** Room of the blocks that postings move through as they become more. */
const sizes = [2, 8, 32, 128, 256, 512, 1008, 2016, 4032]

/**
 * Where postings lie: pages of 65,536, so growing copies none, and blocks in them, none across two pages. Blocks that
 * their postings moved out of are given out again: rare terms grow into what frequent ones have left.
 */
export class PostingSpace {
  readonly pages: Uint32Array[] = []
  /** Block records, read at `blockRecord(block)` plus BLOCK_START …; replaced when it grows. */
  blocks: Uint32Array = new Uint32Array(BLOCK << 9)
  blockCount = 0
  private free = 0
  /** Number + 1 of the first unused block of each size; BLOCK_NEXT leads to the others. */
  private readonly unused = new Uint32Array(sizes.length)

  /** The least room to move to with so many postings; 0 when they are too many to move. */
  roomFor(postings: number): number {
    return sizes.find((size) => size >= postings) ?? 0
  }

  /** As much of what is wanted as the page has left, if that is enough, and otherwise as a page can have. */
  roomAtOnce(wanted: number, enough: number): number {
    const left = PAGE_SIZE - (this.free & PAGE_MASK)
    return Math.min(wanted, left >= enough ? left : PAGE_SIZE)
  }

  /** The number of an empty block with this much room, a page at most. */
  take(room: number): number {
    const size = sizes.indexOf(room)
    const block = size < 0 ? 0 : this.unused[size]!
    if (block === 0) return this.takeNew(room)
    const record = (block - 1) * BLOCK
    this.unused[size] = this.blocks[record + BLOCK_NEXT]!
    this.blocks[record + BLOCK_NEXT] = 0
    this.blocks[record + BLOCK_END] = 0
    return block - 1
  }

  /** Takes a block back that nothing points to any more. */
  giveBack(block: number, room: number): void {
    const size = sizes.findLastIndex((size) => size <= room)
    if (size < 0) return
    this.blocks[block * BLOCK + BLOCK_NEXT] = this.unused[size]!
    this.unused[size] = block + 1
  }

  private takeNew(room: number): number {
    if (PAGE_SIZE - (this.free & PAGE_MASK) < room) this.free = (this.free | PAGE_MASK) + 1
    if (this.free >>> PAGE_BITS >= this.pages.length) this.pages.push(new Uint32Array(PAGE_SIZE))
    const block = this.blockCount++
    this.blocks = grownUint32(this.blocks, this.blockCount * BLOCK)
    this.blocks[block * BLOCK + BLOCK_START] = this.free
    this.free += room
    return block
  }
}
