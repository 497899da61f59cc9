import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { QuickstartResult } from './pipeline.js'

const root = resolve(fileURLToPath(new URL('../..', import.meta.url)))
const run = promisify(execFile)

/** Runs the command a user runs and reads its one JSON object. */
async function quickstart(...args: string[]): Promise<QuickstartResult> {
  const options = { cwd: root, maxBuffer: 64 * 2 ** 20 }
  const { stdout } = await run('npm', ['run', 'quickstart', '--', '--json', ...args], options)
  return JSON.parse(stdout) as QuickstartResult
}

const decode = (bytes: Uint8Array) => new TextDecoder('utf-8', { ignoreBOM: false }).decode(bytes)

const firstWord = (text: string) => /\w+/.exec(text)?.[0]

/** The cited line of an HTML file, as it stands in the file. */
async function sourceLine({ uri, line }: { uri: string; line: number | null }): Promise<string | undefined> {
  return decode(await readFile(uri)).split('\n')[(line ?? 0) - 1]
}

/** Reads each cited text or Markdown file again and compares the cited place with the cited text. */
async function checkSpans(result: QuickstartResult): Promise<number> {
  let checked = 0
  for (const { hits } of result.answers) {
    for (const hit of hits) {
      expect(hit.end - hit.start).toBe(hit.text.length)
      if (!/\.(md|txt)$/.test(hit.uri)) continue
      const text = decode(await readFile(hit.uri))
      expect(text.slice(hit.start, hit.end)).toBe(hit.text)
      const before = text.slice(0, hit.start).split(/\r\n|\r|\n/).length
      expect(hit.line).toBe(before)
      checked++
    }
  }
  return checked
}

describe('npm run quickstart -- --json on the dependencies', () => {
  let result: QuickstartResult
  beforeAll(async () => {
    result = await quickstart('--limit', '10')
  }, 120_000)

  it('ingests several hundred documents and answers every question', () => {
    expect(result.documents).toBeGreaterThan(300)
    expect(result.chunks).toBeGreaterThan(result.documents)
    expect(result.answers).toHaveLength(3)
    for (const { hits } of result.answers) {
      expect(hits).toHaveLength(10)
      expect(new Set(hits.map((hit) => `${hit.uri}:${hit.start}`)).size).toBe(10)
      for (let i = 1; i < hits.length; i++) expect(hits[i]!.score).toBeLessThanOrEqual(hits[i - 1]!.score)
    }
  })

  it('finds the right passage first', () => {
    const [publish, mock, merge] = result.answers.map(({ hits }) => hits.slice(0, 3))
    expect(publish!.some((hit) => /npm.*scope\.html$/.test(hit.uri) && /public/.test(hit.text))).toBe(true)
    expect(mock!.some((hit) => /undici.*Mock\w+\.md$/.test(hit.uri) && hit.text.includes('MockAgent'))).toBe(
      true,
    )
    expect(merge!.some((hit) => hit.uri.endsWith('.pdf') && /merging/i.test(hit.text))).toBe(true)
  })

  it('cites a page for PDF and a line for the rest, with the rank and score of each leg', async () => {
    for (const { hits } of result.answers) {
      for (const hit of hits) {
        if (hit.uri.endsWith('.pdf')) expect(Number(hit.page)).toBeGreaterThanOrEqual(1)
        else expect(hit.line).toBeGreaterThanOrEqual(1)
        if (hit.uri.endsWith('.html')) expect(await sourceLine(hit)).toContain(firstWord(hit.text))
        expect(hit.trace.map((stage) => stage.kind)).toContain('fused')
      }
    }
  })

  it('cites text that is in the file at that place', async () => {
    expect(await checkSpans(result)).toBeGreaterThan(5)
  })
})

describe('npm run quickstart on a folder of mine', () => {
  let folder: string
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'quickstart-'))
    await mkdir(join(folder, 'verträge'))
    await writeFile(
      join(folder, 'verträge', 'lease.md'),
      '\ufeff# Lease 🏠\r\n\r\nRent.\r\n\r\n## Deposit\r\n\r\nThe tenant pays a deposit.\r\n',
    )
    await writeFile(join(folder, 'rules.txt'), 'Quiet hours start at ten.\rNo dogs 🐕 allowed.\n')
    await writeFile(join(folder, 'empty.txt'), '')
    await writeFile(join(folder, 'binary.txt'), Buffer.from([0, 159, 146, 150, 0, 1, 2, 3, 255, 254, 0, 0]))
    await writeFile(join(folder, 'broken.pdf'), '%PDF-1.7\nthis is no PDF')
    await writeFile(join(folder, 'huge.txt'), '')
    await truncate(join(folder, 'huge.txt'), 2 ** 30)
  })
  afterAll(() => rm(folder, { recursive: true }))

  it('answers from the good files and reports the bad ones with their reason', async () => {
    const result = await quickstart(folder, 'who pays the deposit?', 'are dogs allowed?')
    expect(result.documents).toBe(2)
    expect(result.answers[0]!.hits[0]!.text).toContain('The tenant pays a deposit.')
    expect(result.answers[1]!.hits[0]!.text).toContain('No dogs')
    expect(await checkSpans(result)).toBeGreaterThanOrEqual(3)
    const failures = Object.fromEntries(
      result.failures.map((failure) => [failure.uri.split('/').at(-1), failure.message]),
    )
    expect(Object.keys(failures).sort()).toEqual(['binary.txt', 'broken.pdf', 'empty.txt', 'huge.txt'])
    expect(failures['huge.txt']).toMatch(/1,?073,?741,?824|1 GiB|1024 MiB/)
    expect(failures['empty.txt']).toMatch(/empty/)
    expect(failures['binary.txt']).toMatch(/binary/)
  })

  it('writes what became of each document to a file', async () => {
    const path = join(await mkdtemp(join(tmpdir(), 'quickstart-')), 'report.json')
    await quickstart(folder, 'who pays the deposit?', '--report', path)
    const report = JSON.parse(await readFile(path, 'utf8'))
    await rm(dirname(path), { recursive: true })
    expect(report).toMatchObject({ documents: { written: 2, failed: 4 }, embedCalls: 1 })
    expect(report.milliseconds.total).toBeGreaterThan(0)
    const outcomes = report.outcomes.map((outcome: { uri: string; status: string; code?: string }) => [
      basename(outcome.uri),
      outcome.code ?? outcome.status,
    ])
    expect(outcomes.sort()).toEqual([
      ['binary.txt', 'load-failed'],
      ['broken.pdf', 'load-failed'],
      ['empty.txt', 'load-failed'],
      ['huge.txt', 'load-failed'],
      ['lease.md', 'written'],
      ['rules.txt', 'written'],
    ])
  })

  it('says what is wrong with the command line, with exit code 2', async () => {
    const main = (...args: string[]) =>
      run(process.execPath, ['scripts/quickstart.mjs', ...args], { cwd: root })
    await expect(main(folder)).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('A question must follow'),
    })
    await expect(main('/no/such/folder', 'q')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('is not a folder'),
    })
    await expect(main('--limit', '0')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('positive integer'),
    })
    await expect(main('--jsonn')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('no option --jsonn'),
    })
    await expect(main(folder, 'q', '--report')).rejects.toMatchObject({
      code: 2,
      stderr: expect.stringContaining('followed by a file name'),
    })
  })

  it('survives an empty folder', async () => {
    const empty = await mkdtemp(join(tmpdir(), 'quickstart-'))
    const main = run(process.execPath, ['scripts/quickstart.mjs', '--json', empty, 'anything?'], {
      cwd: root,
    })
    const { code, stdout } = (await main.catch((error: unknown) => error)) as { code: number; stdout: string }
    expect(code).toBe(1)
    expect(JSON.parse(stdout)).toMatchObject({
      documents: 0,
      chunks: 0,
      answers: [{ question: 'anything?', hits: [] }],
    })
    await rm(empty, { recursive: true })
  })
})
