// A text engine in a process of its own. Reads commands and answers each with one line of JSON; see `session.ts`.
import { createInterface } from 'node:readline'
import { linesOf } from './corpus.js'
import type { Answers, Indexed, Searched } from './session.js'
import { type TextEngine, textEngines } from './text-engines.js'

/** Processor time of this process in milliseconds, all its threads together. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

function readAll(path: string): string[] {
  return [...linesOf(path)].flat()
}

/** Reading the file is not counted. */
async function index(engine: TextEngine, path: string): Promise<Indexed> {
  let wallMs = 0
  let cpuMs = 0
  const timed = async (work: () => void | Promise<void>) => {
    const cpuStarted = cpuTime()
    const started = performance.now()
    const waiting = work()
    if (waiting !== undefined) await waiting
    wallMs += performance.now() - started
    cpuMs += cpuTime() - cpuStarted
  }
  let next = 0
  for (const passages of linesOf(path)) {
    const first = next
    await timed(() => engine.add(passages, first))
    next += passages.length
  }
  await timed(() => engine.finish())
  const collect = (globalThis as { gc?: () => void }).gc
  for (let i = 0; i < 3; i++) {
    collect?.()
    await new Promise((resolve) => setImmediate(resolve))
  }
  return { wallMs, cpuMs }
}

async function search(engine: TextEngine, path: string, budgetMs: number): Promise<Searched> {
  const queries = readAll(path)
  const micros: number[] = []
  const cpuStarted = cpuTime()
  const started = performance.now()
  let before = started
  for (const query of queries) {
    const waiting = engine.search(query)
    if (waiting instanceof Promise) await waiting
    const now = performance.now()
    micros.push((now - before) * 1000)
    before = now
    if (now - started > budgetMs) break
  }
  return { count: micros.length, wallMs: before - started, cpuMs: cpuTime() - cpuStarted, micros }
}

async function answers(engine: TextEngine, path: string, count: number): Promise<Answers> {
  const ids: number[][] = []
  const scores: number[][] = []
  for (const query of readAll(path).slice(0, count)) {
    const hits = await engine.search(query)
    ids.push(Array.from(hits.ids))
    scores.push(Array.from(hits.scores))
  }
  return { ids, scores }
}

const make = textEngines[process.argv[2] ?? '']
if (make !== undefined) {
  const engine = await make()
  for await (const line of createInterface({ input: process.stdin })) {
    const [command, path = '', number = '0'] = line.split('\t')
    let reply: object
    try {
      if (command === 'index') reply = await index(engine, path)
      else if (command === 'search') reply = await search(engine, path, Number(number))
      else reply = await answers(engine, path, Number(number))
    } catch (error) {
      reply = { error: error instanceof Error ? error.message : String(error) }
    }
    process.stdout.write(`${JSON.stringify(reply)}\n`)
  }
  process.exit(0)
}
