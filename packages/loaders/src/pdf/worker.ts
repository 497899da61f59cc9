import { createRequire } from 'node:module'
import { dirname, sep } from 'node:path'
import { pathToFileURL } from 'node:url'
import { Worker } from 'node:worker_threads'
import { RagError } from '@tesserae/core'
import { reasonOf } from '../format.js'
import { type OpenedPdf, type PdfPage, WORKER_SOURCE } from './worker-source.js'

/** What pdf.js said about a file: its error class and message. */
export interface PdfProblem {
  readonly name: string
  readonly message: string
  readonly code?: number | undefined
}

/** A problem with the file, told by the thread. */
export class PdfError extends Error {
  readonly problem: PdfProblem
  constructor(problem: PdfProblem) {
    super(problem.message)
    this.problem = problem
  }
}

interface Reply {
  readonly value?: unknown
  readonly error?: PdfProblem
}

/** The thread that pdf.js runs in. One call at a time; once it has failed or was stopped it is of no use any more. */
export interface PdfThread {
  open(bytes: Uint8Array, password: string | undefined): Promise<OpenedPdf>
  page(number: number): Promise<PdfPage>
  close(): Promise<void>
  /** Ends the thread at once, whatever it is doing; a call that waits is rejected with the reason. */
  stop(reason: unknown): void
  readonly stopped: boolean
}

/** @throws RagError `unsupported` when pdfjs-dist is not installed. */
export function startPdfThread(maxHeapMb: number): PdfThread {
  const library = locateLibrary()
  const folder = dirname(dirname(dirname(library)))
  const worker = new Worker(WORKER_SOURCE, {
    eval: true,
    execArgv: [],
    stdout: true,
    stderr: true,
    resourceLimits: { maxOldGenerationSizeMb: maxHeapMb },
    workerData: {
      library: pathToFileURL(library).href,
      cMaps: `${folder}${sep}cmaps${sep}`,
      fonts: `${folder}${sep}standard_fonts${sep}`,
    },
  })
  // Nothing is printed, and an idle thread does not keep the program alive.
  worker.stdout.resume()
  worker.stderr.resume()
  worker.unref()
  let waiting: { resolve(value: unknown): void; reject(reason: unknown): void } | undefined
  let stopped = false
  const settle = (reply: Reply): void => {
    const call = waiting
    waiting = undefined
    worker.unref()
    if (reply.error !== undefined) call?.reject(new PdfError(reply.error))
    else call?.resolve(reply.value)
  }
  const stop = (reason: unknown): void => {
    stopped = true
    const call = waiting
    waiting = undefined
    call?.reject(reason)
    void worker.terminate()
  }
  worker.on('message', settle)
  worker.on('error', (error) => stop(error))
  worker.on('exit', () => stop(new Error('the thread that reads PDF ended')))
  const ask = (call: string, argument: unknown): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (stopped) {
        reject(new Error('the thread that reads PDF ended'))
        return
      }
      waiting = { resolve, reject }
      worker.ref()
      worker.postMessage({ call, argument })
    })
  return {
    open: async (bytes, password) => (await ask('open', { bytes: ownBytes(bytes), password })) as OpenedPdf,
    page: async (number) => (await ask('page', { number })) as PdfPage,
    close: async () => {
      await ask('close', undefined)
    },
    stop,
    get stopped() {
      return stopped
    },
  }
}

/** A view of a larger buffer would be sent with all of it. */
function ownBytes(bytes: Uint8Array): Uint8Array {
  return bytes.byteLength === bytes.buffer.byteLength ? bytes : new Uint8Array(bytes)
}

function locateLibrary(): string {
  try {
    return createRequire(import.meta.url).resolve('pdfjs-dist/legacy/build/pdf.mjs')
  } catch (error) {
    throw new RagError(
      'unsupported',
      `PDF needs the package "pdfjs-dist" (${reasonOf(error)}). Install it: npm install pdfjs-dist`,
      { details: { package: 'pdfjs-dist' }, cause: error },
    )
  }
}
