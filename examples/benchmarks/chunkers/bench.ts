import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import type { Bench, BenchContext } from '../harness/context.js'
import { median } from '../harness/timing.js'
import type { TextKind } from './texts.js'
import type { Encoding, Outcome, Pass, Task } from './worker.js'

const MAX_TOKENS = 512

export const chunkersBench: Bench = {
  name: 'chunkers',
  description: 'speed of tokenizers and chunkers on text seen once, beside their exactness',
  async run(context) {
    // Installs the peers before the workers ask for them at the same time.
    await context.attempt('tiktoken', 'all', async () => void (await context.peer('tiktoken')))
    await tokenizers(context)
    await hostile(context)
    await growth(context)
    await chunking(context)
    await markdown(context)
    context.note(
      'Each figure is one pass over text that the process, a fresh one each time, sees for the first time. Its code is warm: it ran ten times, or for four seconds, over 2 MB of other text first, the same for all subjects. Loading is apart. Elapsed time, or processor time of all threads where that is less; median and quartiles of the rounds; subjects take turns.',
    )
    context.note(
      '"cold process": the same pass without warming, so with the compilation of the code that it runs.',
    )
    context.note(
      'prose: abstracts, articles, a specification and the documentation of installed packages; code: their sources; markdown: their READMEs, changelogs and guides, those of the peers, of npm and of Node; in documents of 4 to 100 KB, no text twice.',
    )
    context.note(
      'characters lost: those of the source, blanks apart, that are in no chunk which occurs in it word for word; a chunker that rewrites text loses what it rewrites.',
    )
    context.note('A slow peer gets a budget of time and is measured on the texts it reached: see "MB read".')
  },
}

async function inFreshProcess(task: Task): Promise<Outcome> {
  const child = fork(fileURLToPath(new URL('./worker.js', import.meta.url)), { stdio: 'inherit' })
  return new Promise<Outcome>((resolve, reject) => {
    child.once('message', (message: { outcome?: Outcome; error?: string }) => {
      if (message.outcome !== undefined) resolve(message.outcome)
      else reject(new Error(message.error))
    })
    child.once('error', reject)
    child.once('exit', (code) => reject(new Error(`the process ended with code ${code} before it was done`)))
    child.send(task)
  })
}

/** Rounds of passes by subject; a subject that fails is skipped from then on. */
async function rounds(
  context: BenchContext,
  name: string,
  subjects: readonly string[],
  taskOf: (subject: string) => Task,
): Promise<ReadonlyMap<string, readonly Extract<Outcome, { pass: Pass }>[]>> {
  const done = new Map<string, Extract<Outcome, { pass: Pass }>[]>()
  const failed = new Set<string>()
  const count = context.quick ? 1 : 3
  for (let round = 0; round < count; round++) {
    for (let i = 0; i < subjects.length; i++) {
      const subject = subjects[(i + round) % subjects.length]!
      if (failed.has(subject)) continue
      await context.attempt(subject, name, async () => {
        context.progress(`${name}: ${subject}, round ${round + 1} of ${count}`)
        failed.add(subject)
        const outcome = await inFreshProcess(taskOf(subject))
        failed.delete(subject)
        if ('pass' in outcome) done.set(subject, [...(done.get(subject) ?? []), outcome])
      })
    }
  }
  return done
}

/**
 * Megabytes a second. Elapsed time counts neighbours on the machine, processor time what the engine compiles and
 * collects beside the work, on other threads: the smaller of the two is nearer to what a user waits.
 */
const speed = ({ bytes, cpuMs, wallMs }: Pass) => bytes / 1e3 / Math.min(cpuMs, wallMs)

/** Median over the rounds of how much faster one subject was than another in the same round. */
function ratio(
  passes: ReadonlyMap<string, readonly { readonly pass: Pass }[]>,
  subject: string,
  peer: string,
): number | undefined {
  const ours = passes.get(subject)
  const theirs = passes.get(peer)
  if (!ours || !theirs) return undefined
  const shared = Math.min(ours.length, theirs.length)
  return median(ours.slice(0, shared).map(({ pass }, i) => speed(pass) / speed(theirs[i]!.pass))).value
}

async function tokenizers(context: BenchContext): Promise<void> {
  const bytes = context.quick ? 3e6 : 11e6
  const cases: readonly (readonly [Encoding, TextKind])[] = [
    ['cl100k_base', 'prose'],
    ['cl100k_base', 'code'],
    ['o200k_base', 'prose'],
  ]
  for (const [encoding, kind] of cases) {
    const name = `tokens, ${encoding}, ${kind}`
    const subjects = ['tesserae', 'tesserae ends', 'gpt-tokenizer', 'tiktoken', 'js-tiktoken']
    const budgetMs = context.quick ? 2000 : 10_000
    const passes = await rounds(context, name, subjects, (subject) => ({
      type: 'count',
      subject,
      encoding,
      texts: { kind, bytes, budgetMs, isWarm: true },
    }))
    for (const [subject, outcomes] of passes) {
      const { pass } = outcomes[0]!
      context.row(subject, name, 'one pass', median(outcomes.map((one) => speed(one.pass))), 'MB/s')
      context.row(subject, name, 'load', median(outcomes.map((one) => one.pass.loadMs)), 'ms')
      context.row(subject, name, 'read', pass.bytes / 1e6, 'MB')
      context.row(subject, name, 'tokens', pass.made)
    }
    for (const [peer, target] of [
      ['gpt-tokenizer', 3],
      ['tiktoken', 6],
    ] as const) {
      const value = ratio(passes, 'tesserae', peer)
      if (value !== undefined) context.ratio(`${name}: tesserae over ${peer}`, value, target)
    }
    const own = passes.get('tesserae')?.[0]?.pass
    const oracle = passes.get('tiktoken')?.[0]?.pass
    if (own?.bytes === oracle?.bytes && own !== undefined && oracle !== undefined) {
      context.ratio(`${name}: as many tokens as tiktoken`, own.made === oracle.made ? 1 : 0, 1)
    }
  }
}

async function hostile(context: BenchContext): Promise<void> {
  for (const encoding of ['cl100k_base', 'o200k_base'] as const) {
    const name = `20,000 hostile characters, ${encoding}`
    let worst = 0
    const counts = new Map<string, number>()
    for (const subject of ['tiktoken', 'tesserae', 'gpt-tokenizer']) {
      await context.attempt(subject, name, async () => {
        context.progress(`${name}: ${subject}`)
        const budgetMs = context.quick ? 3000 : 30_000
        const outcome = await inFreshProcess({ type: 'hostile', subject, encoding, budgetMs })
        if (!('milliseconds' in outcome)) return
        for (const [text, milliseconds, tokens] of outcome.milliseconds) {
          context.row(subject, name, text, milliseconds, 'ms')
          if (subject === 'tiktoken') counts.set(text, tokens)
          if (subject !== 'tesserae') continue
          worst = Math.max(worst, milliseconds)
          const expected = counts.get(text)
          if (expected !== undefined && expected !== tokens) {
            context.ratio(`${name}: ${text}: as many tokens as tiktoken`, 0, 1)
          }
        }
      })
    }
    if (worst > 0) context.ratio(`${name}: 50 ms over the slowest of tesserae`, 50 / worst, 1)
  }
}

async function growth(context: BenchContext): Promise<void> {
  const name = 'growth, one document, warm'
  for (const subject of ['tesserae', 'tesserae recursive', 'tesserae fixed', 'tesserae sentence']) {
    await context.attempt(subject, name, async () => {
      context.progress(`${name}: ${subject}`)
      const outcome = await inFreshProcess({ type: 'growth', subject, megabytes: [1, 4, 16] })
      if (!('milliseconds' in outcome)) return
      for (const [size, milliseconds] of outcome.milliseconds)
        context.row(subject, name, size, milliseconds, 'ms')
      const [small, , large] = outcome.milliseconds
      const value = (16 * small![1]) / large![1]
      context.ratio(`${subject}: sixteen times the time of 1 MB over the time of 16 MB`, value, 0.7)
    })
  }
}

/** What a chunker may take over counting alone: half as much again. */
const MOST_OVER_COUNTING = 1.5

const chunkPeers: readonly (readonly [string, string])[] = [
  ['tesserae recursive', 'chonkie recursive'],
  ['tesserae fixed', 'chonkie token'],
  ['tesserae sentence', 'chonkie sentence'],
]

async function chunking(context: BenchContext): Promise<void> {
  const subjects = [COUNTING, ...chunkPeers.flat(), 'langchain recursive']
  const warm = await chunkPasses(context, 'prose', subjects, true)
  const cold = await chunkPasses(context, 'prose', subjects, false)
  for (const [subject, peer] of chunkPeers) {
    for (const [other, target] of [
      [peer, 5],
      ['langchain recursive', 15],
      [COUNTING, 1 / MOST_OVER_COUNTING],
    ] as const) {
      const value = ratio(warm, subject, other)
      if (value !== undefined) context.ratio(`${subject} over ${other}`, value, target)
      const coldValue = ratio(cold, subject, other)
      if (coldValue !== undefined)
        context.row(subject, 'times as fast, cold process', `over ${other}`, coldValue)
    }
  }
}

const markdownPeers = ['langchain markdown', 'mastra markdown', 'mastra semantic-markdown']

/** From text to chunks along its structure, parsing counted. */
async function markdown(context: BenchContext): Promise<void> {
  const subjects = ['tesserae markdown', ...markdownPeers]
  const warm = await chunkPasses(context, 'markdown', subjects, true)
  const cold = await chunkPasses(context, 'markdown', subjects, false)
  for (const peer of markdownPeers) {
    const value = ratio(warm, 'tesserae markdown', peer)
    if (value !== undefined) context.ratio(`tesserae markdown over ${peer}`, value, 10)
    const coldValue = ratio(cold, 'tesserae markdown', peer)
    if (coldValue !== undefined)
      context.row('tesserae markdown', 'times as fast, cold process', `over ${peer}`, coldValue)
  }
}

/** Counts the tokens of each text and makes no chunks. */
const COUNTING = 'tesserae counting alone'

/** Speed of chunkers on text of one kind, and what is wrong with their chunks. */
async function chunkPasses(
  context: BenchContext,
  kind: TextKind,
  subjects: readonly string[],
  isWarm: boolean,
): Promise<ReadonlyMap<string, readonly { pass: Pass }[]>> {
  const name = `chunks of ${MAX_TOKENS} tokens, cl100k_base, ${kind}${isWarm ? '' : ', cold process'}`
  const texts = { kind, bytes: context.quick ? 3e6 : 11e6, budgetMs: context.quick ? 2000 : 8000, isWarm }
  const passes = await rounds(context, name, subjects, (subject) =>
    subject === COUNTING
      ? { type: 'count', subject: 'tesserae', encoding: 'cl100k_base', texts }
      : { type: 'chunk', subject, maxTokens: MAX_TOKENS, texts },
  )
  for (const [subject, outcomes] of passes) {
    const { pass, faults } = outcomes[0]!
    context.row(subject, name, 'one pass', median(outcomes.map((one) => speed(one.pass))), 'MB/s')
    context.row(subject, name, 'read', pass.bytes / 1e6, 'MB')
    if (faults === undefined) continue
    context.row(subject, name, 'chunks', pass.made)
    context.row(subject, name, 'tokens a chunk', faults.meanTokens)
    if (faults.wrongOffsets !== undefined) context.row(subject, name, 'wrong offsets', faults.wrongOffsets)
    context.row(subject, name, 'over budget', faults.overBudget)
    context.row(subject, name, 'characters lost', faults.lostCharacters)
  }
  return passes
}
