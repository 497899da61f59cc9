interface Run {
  readonly numbers: readonly number[]
  readonly start: number
  readonly end: number
}

/** What may stand between two numbers of one list. */
const joint = /^[\s"'`[\](){},;>\u2192\uff1e]*$/
const separator = /[,;>\]\n\u2192\uff1e]/
const longestJoint = 24

/**
 * The order of passages in a model's answer, best first: the longest list of numbers in it, as `[3, 1, 2]`,
 * `{"ranking": [3, 1, 2]}`, `[3] > [1] > [2]`, `3 > 1 > 2`, one a line, or objects with an `id`; in code fences,
 * with words around it, cut off in the middle. Numbers in running text are no list. Of several lists of the same
 * length the last counts, since models think before they answer.
 *
 * @returns numbers from 1 to `count`, each once, perhaps not all; undefined when no list is there
 */
export function readRanking(answer: string, count: number): readonly number[] | undefined {
  const text = answer.replace(/^[ \t]*\d{1,3}[.):][ \t]+(?=[^\n]*\d)/gm, '')
  let best: readonly number[] = []
  const offer = (numbers: readonly number[]) => {
    const valid = [...new Set(numbers)].filter((number) => number >= 1 && number <= count)
    if (valid.length > 0 && valid.length >= best.length) best = valid
  }
  for (const run of runsOf(text)) if (isList(text, run)) offer(run.numbers)
  offer(idsOf(text))
  return best.length === 0 ? undefined : best
}

/** Numbers with nothing but joints between them. */
function runsOf(text: string): Run[] {
  const runs: { numbers: number[]; start: number; end: number }[] = []
  for (const match of text.matchAll(/-?\d+/g)) {
    const start = match.index
    const end = start + match[0].length
    const number = match[0].length > 7 ? Number.MAX_SAFE_INTEGER : Number(match[0])
    const last = runs.at(-1)
    const between = last === undefined || start - last.end > longestJoint ? 'x' : text.slice(last.end, start)
    if (last !== undefined && joint.test(between) && separator.test(between)) {
      last.numbers.push(number)
      last.end = end
    } else runs.push({ numbers: [number], start, end })
  }
  return runs
}

/** Brackets around it, `>` in it, or nothing beside it. */
function isList(text: string, { numbers, start, end }: Run): boolean {
  const before = text.slice(Math.max(0, start - longestJoint), start).replace(/[\s"'`]+$/, '')
  if (before.endsWith('[')) return true
  if (numbers.length > 1 && /[>\u2192\uff1e]/.test(text.slice(start, end))) return true
  return joint.test(text.slice(0, start).slice(-longestJoint)) && text.length - (end - start) <= longestJoint
}

/** The numbers of `{"id": 3}, {"id": 1}`. */
function idsOf(text: string): readonly number[] {
  return Array.from(
    text.matchAll(/"(?:id|index|number|passage|passage_id|rank_id)"\s{0,9}:\s{0,9}"?\[?(\d{1,6})\b/g),
    (match) => Number(match[1]),
  )
}
