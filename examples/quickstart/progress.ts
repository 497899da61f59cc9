import type { WriteStream } from 'node:tty'

export interface Progress {
  readonly documents: number
  readonly chunks: number
  readonly failures: number
}

/** A line that rewrites itself on a terminal; elsewhere a line now and then. */
export class ProgressBar {
  readonly #stream: WriteStream
  readonly #total: number
  #last = 0

  /** @param total files expected, about; 0 when not known. */
  constructor(stream: WriteStream, total: number) {
    this.#stream = stream
    this.#total = total
  }

  update(progress: Progress): void {
    const now = performance.now()
    if (now - this.#last < (this.#stream.isTTY ? 80 : 2000)) return
    this.#last = now
    this.#write(progress, Math.min(0.99, (progress.documents + progress.failures) / this.#total))
  }

  finish(progress: Progress): void {
    this.#write(progress, 1)
    if (this.#stream.isTTY) this.#stream.write('\n')
  }

  #write({ documents, chunks, failures }: Progress, share: number): void {
    const width = 24
    const filled = Math.round(share * width)
    const bar =
      this.#total === 0
        ? ''
        : `[${'#'.repeat(filled)}${'.'.repeat(width - filled)}] ${Math.round(share * 100)} %  `
    const failed = failures === 0 ? '' : `, ${failures} unreadable`
    const text = `${bar}${documents} documents, ${chunks} chunks${failed}`
    this.#stream.write(this.#stream.isTTY ? `\r\x1b[2K${text}` : `${text}\n`)
  }
}
