import type { IngestProgress } from '@tesserae/core'
import {
  type Found,
  fetchBytes,
  type KnowledgeBase,
  openKnowledgeBase,
  type SourceFile,
} from './knowledge-base.js'
import { connectKnowledgeBase } from './worker-client.js'

const element = <T extends HTMLElement>(id: string, type: new () => T): T => {
  const found = document.getElementById(id)
  if (!(found instanceof type)) throw new TypeError(`The page has no ${type.name} "${id}".`)
  return found
}

const form = element('search', HTMLFormElement)
const question = element('question', HTMLInputElement)
const ask = element('ask', HTMLButtonElement)
const files = element('files', HTMLInputElement)
const stop = element('stop', HTMLButtonElement)
const status = element('status', HTMLParagraphElement)
const passages = element('passages', HTMLOListElement)
const prompt = element('prompt', HTMLDetailsElement)
const context = element('context', HTMLPreElement)

/** `?in=page` works on this thread; otherwise a Web Worker does. `?backend=typescript` leaves WebAssembly alone. */
const parameters = new URLSearchParams(location.search)
const isWorker = parameters.get('in') !== 'page'
const backend = parameters.get('backend') === 'typescript' ? 'typescript' : 'auto'

function say(text: string, failed = false): void {
  status.textContent = text
  status.classList.toggle('failed', failed)
}

function sayError(error: unknown): void {
  say(error instanceof Error ? error.message : String(error), true)
}

async function open(): Promise<KnowledgeBase> {
  const table = new URL('static-en-256.bin', location.href)
  if (!isWorker) return openKnowledgeBase({ table: await fetchBytes(table), backend })
  const broken = new AbortController()
  const worker = new Worker(new URL('worker.js', location.href), { type: 'module' })
  worker.addEventListener('error', ({ message }) =>
    broken.abort(new Error(`The worker could not be started: ${message || 'its script did not load'}.`)),
  )
  return connectKnowledgeBase(worker, { table: table.href, backend, signal: broken.signal })
}

async function handbook(): Promise<SourceFile[]> {
  const text = async (path: string) =>
    new TextDecoder().decode(await fetchBytes(new URL(path, location.href)))
  const names = (await text('handbook/list.txt')).trim().split('\n')
  return Promise.all(names.map(async (name) => ({ name, text: await text(`handbook/${name}`) })))
}

/** Adds files, with a button to stop it. */
async function add(base: KnowledgeBase, sources: readonly SourceFile[]): Promise<void> {
  const controller = new AbortController()
  const onStop = () =>
    controller.abort(new DOMException('Stopped. What was added so far can be found.', 'AbortError'))
  const onProgress = ({ documents, chunks }: IngestProgress) =>
    say(`${documents} of ${sources.length} files, ${chunks} chunks …`)
  stop.addEventListener('click', onStop, { once: true })
  stop.hidden = false
  try {
    const { chunks, failures } = await base.add(sources, { signal: controller.signal, onProgress })
    const where = isWorker ? 'in a Web Worker' : 'in the page'
    const failed = failures.length === 0 ? '' : ` Left out: ${failures.join(' ')}`
    say(`${chunks} chunks ${where}, vectors in ${base.backend}.${failed}`, failures.length > 0)
  } finally {
    stop.removeEventListener('click', onStop)
    stop.hidden = true
  }
}

function show({ passages: found, hits, context: text }: Found): void {
  passages.replaceChildren(
    ...found.map(({ marker, file, line, headings, text }) => {
      const item = document.createElement('li')
      const cite = document.createElement('cite')
      const number = document.createElement('b')
      number.textContent = marker
      cite.append(number, ` ${file}:${line}${headings.length > 0 ? ` · ${headings.join(' › ')}` : ''}`)
      const words = document.createElement('p')
      words.textContent = text
      item.append(cite, words)
      return item
    }),
  )
  // For whoever drives the page: the figures behind what it shows.
  passages.dataset.hits = JSON.stringify(hits)
  context.textContent = text
  prompt.hidden = found.length === 0
}

async function main(): Promise<void> {
  const base = await open()
  await add(base, await handbook())
  question.disabled = ask.disabled = files.disabled = false

  let searching = new AbortController()
  form.addEventListener('submit', async (event) => {
    event.preventDefault()
    // A newer question makes an older one pointless.
    searching.abort()
    searching = new AbortController()
    const { signal } = searching
    try {
      show(await base.search(question.value, { signal }))
    } catch (error) {
      if (!signal.aborted) sayError(error)
    }
  })
  files.addEventListener('change', async () => {
    files.disabled = true
    try {
      const chosen = Array.from(files.files ?? [], async (file) => ({
        name: file.name,
        text: await file.text(),
      }))
      await add(base, await Promise.all(chosen))
    } catch (error) {
      sayError(error)
    }
    files.disabled = false
    files.value = ''
  })
}

main().catch(sayError)
