import { describe, expect, it } from 'vitest'
import { type Progress, ProgressBar } from './progress.js'

function setup(isTTY: boolean, columns = 120) {
  const written: string[] = []
  let time = 0
  const output = { isTTY, columns, write: (text: string) => written.push(text) }
  const bar = new ProgressBar(output, () => time)
  return {
    written,
    bar,
    wait: (milliseconds: number) => {
      time += milliseconds
    },
  }
}

const progress: Progress = { documents: 30, chunks: 300, failures: 0, tokens: 0, total: 120 }

describe('ProgressBar', () => {
  it('rewrites one line on a terminal, with what is done and how long it will take', () => {
    const { written, bar, wait } = setup(true)
    bar.update({ ...progress, tokens: 41_600, failures: 2, remainingMs: 185_000 })
    bar.update({ ...progress, documents: 31 })
    wait(80)
    bar.update({ ...progress, documents: 120 })
    bar.finish({ ...progress, documents: 118, tokens: 1_250_000, remainingMs: 0 })
    expect(written).toEqual([
      '\r\x1b[2K[######..................] 25 %  30 documents, 300 chunks, 42 k tokens, 2 unreadable, 3 min 05 s left',
      '\r\x1b[2K[########################] 99 %  120 documents, 300 chunks',
      '\r\x1b[2K[########################] 100 %  118 documents, 300 chunks, 1.3 M tokens',
      '\n',
    ])
  })

  it('stays within the terminal', () => {
    const { written, bar } = setup(true, 40)
    bar.update({ ...progress, remainingMs: 7_600_000 })
    expect(written[0]).toBe('\r\x1b[2K[######..................] 25 %  30 doc')
  })

  it('writes a line now and then elsewhere, without a share when the total is not known', () => {
    const { written, bar, wait } = setup(false)
    const { total: _, ...unknown } = progress
    bar.update(unknown)
    wait(1_999)
    bar.update(unknown)
    wait(1)
    bar.update({ ...unknown, tokens: 12, remainingMs: 7_620_000 })
    bar.finish(unknown)
    expect(written).toEqual([
      '30 documents, 300 chunks\n',
      '30 documents, 300 chunks, 12 tokens, 2 h 07 min left\n',
      '30 documents, 300 chunks\n',
    ])
  })
})
