import { spawn } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import { type Bench, type BenchContext, repositoryRoot, sharedFolder } from '../harness/context.js'
import { median } from '../harness/timing.js'
import { type Figures, type SubjectName, subjectNames } from './measure.js'

const peerNames = [
  'model2vec',
  'sentence-transformers fp32',
  'onnxruntime Python fp32',
  'onnxruntime Python int8',
] as const

/** Ours, theirs, and how much of their chunks per second of computing ours must reach. */
const promised: readonly (readonly [SubjectName, (typeof peerNames)[number], number])[] = [
  ['static', 'model2vec', 1],
  ['native fp32', 'sentence-transformers fp32', 1],
  ['native fp32', 'onnxruntime Python fp32', 0.8],
  ['native int8, 8 at once', 'onnxruntime Python int8', 0.8],
]

export const modelsBench: Bench = {
  name: 'models',
  description: 'chunks per second, memory and first call of the embedders, beside Python’s',
  options: {
    python: 'interpreter that has sentence-transformers, model2vec and onnxruntime (python3)',
    soak: 'embeddings of the soak of the static embedder (1000000, with --quick 0)',
    'soak-transformer': 'embeddings of the soak of an int8 transformer (a fiftieth of the other)',
  },
  async run(context) {
    const shared = sharedFolder()
    const model = shared && join(shared, 'models', 'all-MiniLM-L6-v2')
    const texts = shared && join(shared, 'data', 'retrieval', 'xquad', 'en')
    if (model === undefined || texts === undefined || !existsSync(model) || !existsSync(texts)) {
      context.skip(
        'all',
        'all',
        'the model and the texts are not there: put them beside the clone or set TESSERAE_SHARED',
      )
      return
    }
    const cases = readCases(texts, context.quick)
    const done = new Map<string, Figures>()
    const rounds = context.quick ? 2 : 4
    for (const subject of subjectNames) {
      await context.attempt(subject, 'chunks', async () => {
        context.progress(`Measuring ${subject} ...`)
        done.set(subject, await ask(process.execPath, [program], { subject, model, cases, rounds, soak: 0 }))
      })
    }
    const python = context.options.get('python') ?? 'python3'
    const peers = join(repositoryRoot, 'examples', 'benchmarks', 'models', 'peers.py')
    for (const subject of peerNames) {
      await context.attempt(subject, 'chunks', async () => {
        context.progress(`Measuring ${subject} ...`)
        done.set(subject, await ask(python, [peers], { subject, model, cases, rounds, soak: 0 }))
      })
    }
    for (const [subject, figures] of done) report(context, subject, figures, Object.keys(cases))
    compare(context, done)
    await soak(context, model, cases)
    context.note('One thread each; chunks per second of computing count all of a process’s threads.')
    context.note(
      'The weights of sentence-transformers and model2vec are random: their speed is compared, nothing else.',
    )
  },
}

const program = fileURLToPath(new URL('process.js', import.meta.url))

function readCases(folder: string, quick: boolean): { readonly [name: string]: readonly string[] } {
  const lines = (text: string): readonly { readonly text: string }[] =>
    text
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { text: string })
  const questions = lines(readFileSync(join(folder, 'queries.jsonl'), 'utf8'))
  const paragraphs = lines(gunzipSync(readFileSync(join(folder, 'corpus.jsonl.gz'))).toString('utf8'))
  return {
    questions: questions.slice(0, quick ? 64 : 256).map(({ text }) => text),
    paragraphs: paragraphs.slice(0, quick ? 16 : 64).map(({ text }) => text),
  }
}

/** Runs a program with the task on its standard input; rejects with what it complains about. */
function ask(command: string, args: readonly string[], task: object): Promise<Figures> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] })
    let output = ''
    let complaint = ''
    child.stdout.on('data', (data) => {
      output += String(data)
    })
    child.stderr.on('data', (data) => {
      complaint = (complaint + String(data)).slice(-4000)
    })
    child.on('error', reject)
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output) as Figures)
      else reject(new Error(complaint.trim().split('\n').at(-1) || `it ended with code ${code}`))
    })
    child.stdin.on('error', () => {})
    child.stdin.end(JSON.stringify(task))
  })
}

function report(context: BenchContext, subject: string, figures: Figures, cases: readonly string[]): void {
  for (const name of cases) {
    const { perCpuSecond, perSecond } = figures.cases[name]!
    context.row(subject, name, 'chunks per CPU second', median(perCpuSecond))
    context.row(subject, name, 'chunks per second', median(perSecond))
  }
  context.row(subject, 'start and memory', 'load', figures.loadMs, 'ms')
  context.row(subject, 'start and memory', 'first call', figures.firstCallMs, 'ms')
  context.row(subject, 'start and memory', 'peak memory', figures.peakMb, 'MB')
}

function compare(context: BenchContext, done: ReadonlyMap<string, Figures>): void {
  for (const [ours, theirs, target] of promised) {
    for (const name of ['questions', 'paragraphs']) {
      const a = done.get(ours)?.cases[name]
      const b = done.get(theirs)?.cases[name]
      if (a === undefined || b === undefined) continue
      const ratio = median(a.perCpuSecond).value / median(b.perCpuSecond).value
      context.ratio(`${ours}: ${name} of ${theirs} per CPU second`, ratio, target)
    }
  }
}

/** Memory over very many embeddings: what the first fifth has reached, the rest must not exceed by a tenth. */
async function soak(
  context: BenchContext,
  model: string,
  cases: { readonly [name: string]: readonly string[] },
): Promise<void> {
  const wanted = (name: string, otherwise: number) => {
    const number = Number(context.options.get(name) ?? otherwise)
    if (!Number.isInteger(number) || number < 0) throw new Error(`--${name} takes an integer of at least 0.`)
    return number
  }
  const ofStatic = wanted('soak', context.quick ? 0 : 1_000_000)
  const sizes: readonly (readonly [SubjectName, number])[] = [
    ['static', ofStatic],
    ['native int8', wanted('soak-transformer', Math.ceil(ofStatic / 50))],
  ]
  for (const [subject, embeddings] of sizes) {
    if (embeddings === 0) continue
    await context.attempt(subject, 'soak', async () => {
      context.progress(`Soaking ${subject}: ${embeddings} embeddings ...`)
      const task = { subject, model, cases: { questions: cases.questions }, rounds: 1, soak: embeddings }
      const { soak: steps } = await ask(process.execPath, ['--expose-gc', program], task)
      for (const step of steps.filter((_, place) => place % 4 === 3)) {
        const name = `soak: ${step.embeddings.toLocaleString('en')} embeddings`
        context.row(subject, name, 'heap', step.heapMb, 'MB')
        context.row(subject, name, 'resident', step.residentMb, 'MB')
      }
      const early = steps[3]!
      const last = steps.at(-1)!
      context.ratio(
        `${subject}: heap after a fifth of the soak over heap at its end`,
        early.heapMb / last.heapMb,
        0.9,
      )
      context.ratio(
        `${subject}: memory after a fifth of the soak over memory at its end`,
        early.residentMb / last.residentMb,
        0.9,
      )
    })
  }
}
