import type { WriteStream } from 'node:tty'
import type { IngestProgress } from '@tesserae/core'

/** What of a run the bar shows. */
export type Progress = Pick<
  IngestProgress,
  'documents' | 'chunks' | 'failures' | 'tokens' | 'total' | 'remainingMs'
>

/** What of a stream the bar needs. */
export type ProgressOutput = Pick<WriteStream, 'isTTY' | 'columns'> & { write(text: string): unknown }

/** A line that rewrites itself on a terminal and fits into it; elsewhere a line now and then. */
export class ProgressBar {
  readonly #output: ProgressOutput
  readonly #now: () => number
  #last = Number.NEGATIVE_INFINITY

  /** @param now milliseconds from any origin. */
  constructor(output: ProgressOutput, now: () => number = () => performance.now()) {
    this.#output = output
    this.#now = now
  }

  update(progress: Progress): void {
    const time = this.#now()
    if (time - this.#last < (this.#output.isTTY ? 80 : 2000)) return
    this.#last = time
    const { documents, total = 0 } = progress
    this.#write(progress, total === 0 ? undefined : Math.min(0.99, documents / total))
  }

  finish(progress: Progress): void {
    this.#write(progress, progress.total === undefined ? undefined : 1)
    if (this.#output.isTTY) this.#output.write('\n')
  }

  #write({ documents, chunks, failures, tokens, remainingMs }: Progress, share: number | undefined): void {
    const width = 24
    const filled = Math.round((share ?? 0) * width)
    const bar =
      share === undefined
        ? ''
        : `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.round(share * 100)} %  `
    const failed = failures === 0 ? '' : `, ${failures} unreadable`
    const embedded = tokens === 0 ? '' : `, ${shortNumber(tokens)} tokens`
    const left = remainingMs === undefined || share === 1 ? '' : `, ${duration(remainingMs)} left`
    const text = `${bar}${documents} documents, ${chunks} chunks${embedded}${failed}${left}`
    // A line that wraps could not be taken back.
    const line = this.#output.isTTY ? text.slice(0, Math.max(1, (this.#output.columns ?? 80) - 1)) : text
    this.#output.write(this.#output.isTTY ? `\r\x1b[2K${line}` : `${line}\n`)
  }
}

function shortNumber(value: number): string {
  if (value < 1_000) return String(value)
  return value < 999_500 ? `${Math.round(value / 1_000)} k` : `${(value / 1_000_000).toFixed(1)} M`
}

/** `42 s`, `3 min 05 s`, `2 h 07 min`. */
function duration(milliseconds: number): string {
  const seconds = Math.ceil(milliseconds / 1_000)
  if (seconds < 60) return `${seconds} s`
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes} min ${String(seconds % 60).padStart(2, '0')} s`
  return `${Math.floor(minutes / 60)} h ${String(minutes % 60).padStart(2, '0')} min`
}
