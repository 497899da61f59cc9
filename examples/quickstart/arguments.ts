export interface QuickstartArguments {
  /** The user's folder; undefined runs on the documentation inside the installed dependencies. */
  readonly folder: string | undefined
  readonly questions: readonly string[]
  readonly json: boolean
  /** Passages per question. */
  readonly limit: number
  /** File that gets what became of each document. */
  readonly report: string | undefined
}

export const usage = `Usage: npm run quickstart                                  on the documentation of the installed dependencies
       npm run quickstart -- <folder> "<question>" ...     on your own files

  --json       one JSON object on standard output and nothing else
  --limit N    passages per question (default 3)
  --report F   write what became of each document, with times and totals, as JSON to the file F`

/** Reads the command line. Throws an Error that says what is wrong with it. */
export function parseArguments(args: readonly string[]): QuickstartArguments {
  const positional: string[] = []
  let json = false
  let limit = 3
  let report: string | undefined
  for (let i = 0; i < args.length; i++) {
    const argument = args[i]!
    if (argument === '--json') json = true
    else if (argument === '--limit' || argument.startsWith('--limit=')) {
      const value = argument === '--limit' ? args[++i] : argument.slice('--limit='.length)
      limit = Number(value)
      if (!Number.isInteger(limit) || limit < 1)
        throw new Error(`--limit must be a positive integer, got ${value ?? 'nothing'}.`)
    } else if (argument === '--report' || argument.startsWith('--report=')) {
      report = argument === '--report' ? args[++i] : argument.slice('--report='.length)
      if (report === undefined || report === '') throw new Error('--report must be followed by a file name.')
    } else if (argument.startsWith('--')) throw new Error(`There is no option ${argument}.`)
    else positional.push(argument)
  }
  const [folder, ...questions] = positional
  if (folder !== undefined && questions.every((question) => question.trim() === '')) {
    throw new Error(`A question must follow the folder "${folder}".`)
  }
  return { folder, questions, json, limit, report }
}
