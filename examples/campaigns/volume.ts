import { execFile } from 'node:child_process'
import { link, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { seededRandom } from '@tesserae/core/testing'
import type { VolumeReport } from './volume-worker.js'

export interface VolumeOptions {
  readonly megabytes: number
  readonly heapMegabytes: number
}

export interface VolumeResult extends VolumeOptions, VolumeReport {
  readonly expectedDocuments: number
}

const fileMegabytes = 1
const distinctFiles = 16

/**
 * Makes a folder of `megabytes` of text and ingests it in a process of its own with a heap limit. The folder
 * holds hard links to a few distinct files: it takes little disk, and the reader cannot tell.
 */
export async function volumeCampaign(
  options: VolumeOptions,
  tell: (text: string) => void,
): Promise<VolumeResult> {
  const { megabytes, heapMegabytes } = options
  const folder = await mkdtemp(join(tmpdir(), 'volume-'))
  try {
    const expectedDocuments = Math.ceil(megabytes / fileMegabytes)
    tell(`Making ${expectedDocuments} files of ${fileMegabytes} MB ...`)
    await makeFolder(folder, expectedDocuments)
    tell('Ingesting ...')
    const worker = fileURLToPath(new URL('./volume-worker.js', import.meta.url))
    const { stdout } = await promisify(execFile)(process.execPath, [
      `--max-old-space-size=${heapMegabytes}`,
      worker,
      folder,
    ])
    return { megabytes, heapMegabytes, expectedDocuments, ...(JSON.parse(stdout) as VolumeReport) }
  } finally {
    await rm(folder, { recursive: true })
  }
}

async function makeFolder(folder: string, count: number): Promise<void> {
  const random = seededRandom(7)
  for (let i = 0; i < count; i++) {
    const inner = join(folder, `part-${Math.floor(i / 256)}`)
    if (i % 256 === 0) await mkdir(inner)
    const path = join(inner, `document-${i}.txt`)
    if (i < distinctFiles) await writeFile(path, prose(random, fileMegabytes * 1_000_000))
    else await link(join(folder, 'part-0', `document-${i % distinctFiles}.txt`), path)
  }
}

/** Paragraphs of made-up words, ASCII, so that characters are bytes. */
function prose(random: () => number, length: number): string {
  const syllables = ['ba', 'den', 'lo', 'mir', 'sa', 'tun', 've', 'kor', 'ri', 'pel', 'u', 'an']
  const parts: string[] = []
  let size = 0
  while (size < length) {
    let word = ''
    for (let i = 0; i < 1 + random() * 3; i++) word += syllables[Math.floor(random() * syllables.length)]
    const roll = random()
    const end = roll < 0.01 ? '.\n\n' : roll < 0.09 ? '. ' : ' '
    parts.push(word, end)
    size += word.length + end.length
  }
  return parts.join('').slice(0, length)
}
