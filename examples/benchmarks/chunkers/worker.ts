import { chunkers, counters, type Made } from './subjects.js'
import { hostileTexts, realTexts, type TextKind, unseenTexts } from './texts.js'

/** Work for a fresh process: nothing another subject did can warm it. */
export type Task =
  | { readonly type: 'count'; readonly subject: string; readonly encoding: Encoding; readonly texts: Texts }
  | {
      readonly type: 'hostile'
      readonly subject: string
      readonly encoding: Encoding
      readonly budgetMs: number
    }
  | { readonly type: 'growth'; readonly subject: string; readonly megabytes: readonly number[] }
  | { readonly type: 'chunk'; readonly subject: string; readonly maxTokens: number; readonly texts: Texts }
export type Encoding = 'cl100k_base' | 'o200k_base'
export interface Texts {
  readonly kind: TextKind
  readonly bytes: number
  /** Work stops at the end of the text that it reaches this at. */
  readonly budgetMs: number
  /** Runs over other texts first, so that the code is compiled before it sees these. */
  readonly isWarm: boolean
}

/** Times the other texts are run over to warm the code, and the processor time after which that is enough. */
const WARMING_PASSES = 10
const WARMING_MS = 4000

export interface Pass {
  readonly bytes: number
  readonly cpuMs: number
  readonly wallMs: number
  readonly loadMs: number
  /** Number of tokens or chunks. */
  readonly made: number
  readonly isWhole: boolean
}
export interface Faults {
  /** Undefined for a subject that tells no offsets. */
  readonly wrongOffsets: number | undefined
  readonly overBudget: number
  readonly lostCharacters: number
  readonly meanTokens: number
}
export type Outcome =
  | { readonly pass: Pass; readonly faults?: Faults | undefined }
  | { readonly milliseconds: readonly (readonly [string, number, number])[] }

/** Processor time of this process in milliseconds: what neighbours on the machine take is not in it. */
function cpuTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** One pass over texts of a kind. What `work` did to warm up is over when `begin` is called. */
async function pass(
  { kind, bytes: limit, budgetMs, isWarm }: Texts,
  load: () => Promise<(text: string) => number | Promise<number>>,
  begin: (texts: readonly string[]) => void,
): Promise<Pass> {
  const { others, texts } = unseenTexts(kind, limit)
  const loadStarted = cpuTime()
  const work = await load()
  const loadMs = cpuTime() - loadStarted
  if (isWarm) await warm(work, others)
  begin(texts)
  const started = cpuTime()
  const wallStarted = performance.now()
  let bytes = 0
  let made = 0
  let done = 0
  while (done < texts.length && (done === 0 || cpuTime() - started < budgetMs)) {
    const text = texts[done++]!
    made += await work(text)
    bytes += Buffer.byteLength(text)
  }
  const cpuMs = cpuTime() - started
  const wallMs = performance.now() - wallStarted
  return { bytes, cpuMs, wallMs, loadMs, made, isWhole: done === texts.length }
}

async function warm(
  work: (text: string) => number | Promise<number>,
  others: readonly string[],
): Promise<void> {
  const started = cpuTime()
  for (let round = 0; round < WARMING_PASSES; round++) {
    for (const text of others) {
      if (cpuTime() - started > WARMING_MS) return
      await work(text)
    }
  }
}

async function run(task: Task): Promise<Outcome> {
  switch (task.type) {
    case 'count':
      return {
        pass: await pass(
          task.texts,
          () => counters[task.subject]!(task.encoding),
          () => {},
        ),
      }
    case 'chunk': {
      let kept: (readonly Made[])[] = []
      let texts: readonly string[] = []
      const load = async () => {
        const chunk = await chunkers[task.subject]!(task.maxTokens)
        return async (text: string) => {
          const chunks = await chunk(text)
          kept.push(chunks)
          return chunks.length
        }
      }
      const measured = await pass(task.texts, load, (unseen) => {
        texts = unseen
        kept = []
      })
      return { pass: measured, faults: await faultsOf(texts, kept, task.maxTokens) }
    }
    case 'hostile': {
      const count = await counters[task.subject]!(task.encoding)
      const milliseconds: [string, number, number][] = []
      let spent = 0
      for (const [name, text] of hostileTexts()) {
        if (spent > task.budgetMs) break
        const started = cpuTime()
        const tokens = count(text)
        milliseconds.push([name, cpuTime() - started, tokens])
        spent += cpuTime() - started
      }
      return { milliseconds }
    }
    case 'growth': {
      const work =
        task.subject in chunkers
          ? await chunkers[task.subject]!(512)
          : await counters[task.subject]!('cl100k_base')
      const text = [...realTexts('prose', 12e6), ...realTexts('code', 10e6)].join('\n')
      await work(text.slice(-4e6))
      const milliseconds: [string, number, number][] = []
      for (const megabytes of task.megabytes) {
        // The least of three: growth is asked for, not what neighbours do.
        let least = Number.POSITIVE_INFINITY
        for (let round = 0; round < 3; round++) {
          const part = text.slice(round * 100_000, round * 100_000 + megabytes * 1e6)
          const started = cpuTime()
          await work(part)
          least = Math.min(least, cpuTime() - started)
        }
        milliseconds.push([`${megabytes} MB`, least, megabytes])
      }
      return { milliseconds }
    }
  }
}

/** Looks each chunk up in its source, counts its tokens with tiktoken, and what no chunk holds. */
async function faultsOf(
  texts: readonly string[],
  made: readonly (readonly Made[])[],
  maxTokens: number,
): Promise<Faults> {
  const count = await counters.tiktoken!('cl100k_base')
  let told = 0
  let wrongOffsets = 0
  let overBudget = 0
  let lostCharacters = 0
  let tokens = 0
  let chunks = 0
  for (let i = 0; i < made.length; i++) {
    const text = texts[i]!
    const isCovered = new Uint8Array(text.length)
    let from = 0
    for (const { text: chunk, start, end } of made[i]!) {
      chunks++
      const length = count(chunk)
      tokens += length
      if (length > maxTokens) overBudget++
      if (start !== undefined) told++
      if (start !== undefined && text.slice(start, end) !== chunk) wrongOffsets++
      const at = start !== undefined && text.startsWith(chunk, start) ? start : text.indexOf(chunk, from)
      if (at < 0) continue
      isCovered.fill(1, at, at + chunk.length)
      from = at
    }
    for (let at = 0; at < text.length; at++)
      if (isCovered[at] === 0 && /\S/.test(text.charAt(at))) lostCharacters++
  }
  return {
    wrongOffsets: told === 0 ? undefined : wrongOffsets,
    overBudget,
    lostCharacters,
    meanTokens: tokens / Math.max(1, chunks),
  }
}

if (process.send !== undefined) {
  process.once('message', async (task: Task) => {
    try {
      process.send?.({ outcome: await run(task) })
    } catch (error) {
      process.send?.({ error: error instanceof Error ? error.message : String(error) })
    }
    process.disconnect()
  })
}
