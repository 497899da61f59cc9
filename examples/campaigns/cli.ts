import { type CrashOptions, crashCampaign } from './crash/crash.js'
import { lawsCampaign } from './laws.js'
import { type ModelOptions, modelCampaign } from './model/model.js'
import { type VolumeOptions, volumeCampaign } from './volume.js'

const usage = `Usage: campaign <name> [options] [--json]

  volume     ingests a large generated folder into a streaming sink under a heap limit
             --megabytes N   size of the folder (default 2048)
             --heap N        heap limit of the ingesting process in MB (default 256)
  laws       runs the laws of every chunker on many generated texts
             --texts N       texts per chunker (default 10000)
  crash      kills processes that write a SQLite store, and fails their writes, at random points
             --points N      processes killed (default 200); half as many runs meet write failures
             --seed N        (default 1)
  model      random sequences of changes against a SQLite store and a model in memory
             --sequences N   (default 1000)
             --seed N        (default 1)`

/** Runs one campaign; resolves with the exit code: 0 when it held, 1 when it did not, 2 for wrong arguments. */
export async function main(args: readonly string[]): Promise<number> {
  const [name, ...rest] = args
  const json = rest.includes('--json')
  try {
    if (name === 'volume') {
      return await volume(
        { megabytes: readNumber(rest, '--megabytes', 2048), heapMegabytes: readNumber(rest, '--heap', 256) },
        json,
      )
    }
    if (name === 'crash') {
      return await crash(
        { points: readNumber(rest, '--points', 200), seed: readNumber(rest, '--seed', 1) },
        json,
      )
    }
    if (name === 'model') {
      const sequences = readNumber(rest, '--sequences', 1000)
      return await model({ sequences, seed: readNumber(rest, '--seed', 1) }, json)
    }
    if (name === 'laws') return await laws(readNumber(rest, '--texts', 10_000), json)
  } catch (error) {
    if (!(error instanceof UsageError)) throw error
    console.error(`${error.message}\n\n${usage}`)
    return 2
  }
  console.error(name === undefined ? usage : `There is no campaign "${name}".\n\n${usage}`)
  return 2
}

async function volume(options: VolumeOptions, json: boolean): Promise<number> {
  const result = await volumeCampaign(options, (text) => process.stderr.write(`${text}\n`))
  console.log(
    json
      ? JSON.stringify(result)
      : `${result.megabytes} MB, ${result.documents} documents, ${result.chunks} chunks, ${result.failures} failures in ` +
          `${result.seconds.toFixed(1)} s under a heap of ${result.heapMegabytes} MB; peak resident ${result.peakResidentMegabytes} MB`,
  )
  return result.documents === result.expectedDocuments && result.failures === 0 ? 0 : 1
}

async function crash(options: CrashOptions, json: boolean): Promise<number> {
  const result = await crashCampaign(options, (text) => process.stderr.write(`${text}\n`))
  const { points, kills, failures, refusals, lost, duplicated, corrupt } = result
  console.log(
    json
      ? JSON.stringify(result)
      : `${points} points, ${kills} processes killed before they were done; ${failures} runs with write failures, ${refusals} calls refused: ` +
          `${lost} lost, ${duplicated} duplicated, ${corrupt} corrupt`,
  )
  return lost + duplicated + corrupt === 0 ? 0 : 1
}

async function model(options: ModelOptions, json: boolean): Promise<number> {
  const result = await modelCampaign(options, (text) => process.stderr.write(`${text}\n`))
  console.log(json ? JSON.stringify(result) : `${result.sequences} sequences, ${result.broken} broken`)
  return result.broken === 0 ? 0 : 1
}

async function laws(texts: number, json: boolean): Promise<number> {
  const code = await lawsCampaign(texts)
  const result = { texts, held: code === 0 }
  console.log(
    json
      ? JSON.stringify(result)
      : `${texts} texts per chunker: ${result.held ? 'every law held' : 'BROKEN'}`,
  )
  return code
}

class UsageError extends Error {}

function readNumber(args: readonly string[], name: string, fallback: number): number {
  const at = args.findIndex((argument) => argument === name || argument.startsWith(`${name}=`))
  if (at === -1) return fallback
  const text = args[at] === name ? args[at + 1] : args[at]!.slice(name.length + 1)
  const value = Number(text)
  if (!Number.isInteger(value) || value < 1)
    throw new UsageError(`${name} must be a positive integer, got ${text ?? 'nothing'}.`)
  return value
}
