import { chunkersBench } from './chunkers/bench.js'
import { compareChunkersBench } from './compare-chunkers/bench.js'
import { type Bench, BenchContext, type BenchFlags } from './harness/context.js'
import { formatReport } from './harness/report.js'
import { ingestBench } from './ingest/bench.js'
import { lexicalBench } from './lexical/bench.js'
import { modelsBench } from './models/bench.js'
import { pipelineBench } from './pipeline/bench.js'
import { qualityBench } from './quality/bench.js'
import { rerankBench } from './rerank/bench.js'
import { vectorBench } from './vector/bench.js'

const benches: readonly Bench[] = [
  qualityBench,
  chunkersBench,
  compareChunkersBench,
  vectorBench,
  lexicalBench,
  modelsBench,
  ingestBench,
  rerankBench,
  pipelineBench,
]

function describe(bench: Bench): string {
  const options = Object.entries(bench.options ?? {}).map(
    ([name, meaning]) => `\n    --${name.padEnd(14)} ${meaning}`,
  )
  return `  ${bench.name.padEnd(16)} ${bench.description}${options.join('')}`
}

const usage = `Usage: bench <name> [--json] [--quick] [--only a,b]

${benches.map(describe).join('\n')}

  --json     one JSON object on standard output
  --quick    fewer cases and rounds
  --only     only these subjects, separated by commas`

interface Arguments extends BenchFlags {
  readonly name: string | undefined
  readonly json: boolean
  readonly options: ReadonlyMap<string, string>
}

function parseArguments(args: readonly string[]): Arguments {
  let name: string | undefined
  let json = false
  let quick = false
  let only: string[] = []
  const options = new Map<string, string>()
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!
    if (argument === '--json') json = true
    else if (argument === '--quick') quick = true
    else if (argument === '--only' || argument.startsWith('--only=')) {
      const list = argument === '--only' ? args[++i] : argument.slice('--only='.length)
      if (!list) throw new Error('--only needs subjects, separated by commas.')
      only = list.split(',').map((subject) => subject.trim())
    } else if (argument.startsWith('--')) {
      const equals = argument.indexOf('=')
      const value = equals < 0 ? args[++i] : argument.slice(equals + 1)
      if (value === undefined || value === '') throw new Error(`${argument} needs a value.`)
      options.set(argument.slice(2, equals < 0 ? undefined : equals), value)
    } else if (argument.startsWith('-')) throw new Error(`Unknown option ${argument}.`)
    else if (name === undefined) name = argument
    else throw new Error(`One benchmark at a time: got ${name} and ${argument}.`)
  }
  return { name, json, quick, only, options }
}

/** Runs one benchmark; resolves with the exit code: 0 when it ran, 1 when it failed, 2 for wrong arguments. */
export async function main(args: readonly string[]): Promise<number> {
  let parsed: Arguments
  try {
    parsed = parseArguments(args)
  } catch (error) {
    console.error(`${error instanceof Error ? error.message : String(error)}\n\n${usage}`)
    return 2
  }
  const bench = benches.find((candidate) => candidate.name === parsed.name)
  if (!bench) {
    console.error(parsed.name === undefined ? usage : `There is no benchmark "${parsed.name}".\n\n${usage}`)
    return 2
  }
  for (const option of parsed.options.keys()) {
    if (bench.options?.[option] !== undefined) continue
    console.error(`The benchmark "${bench.name}" has no option --${option}.\n\n${usage}`)
    return 2
  }
  const context = new BenchContext(parsed)
  await bench.run(context)
  const report = context.report(bench.name)
  console.log(parsed.json ? JSON.stringify(report, null, 2) : formatReport(report))
  return report.rows.length > 0 ? 0 : 1
}
