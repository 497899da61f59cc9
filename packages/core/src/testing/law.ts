import { invalid } from '../check.js'
import { escapeText, showValue } from './show.js'

/** One promise a port makes. `run` resolves when it is kept and rejects with a `LawViolation` when not. */
export interface Law {
  readonly name: string
  run(): Promise<void>
}

/** What every suite of laws takes. */
export interface LawOptions {
  /** Laws that this implementation does not keep, by name, each with the reason. @default none */
  readonly exempt?: { readonly [lawName: string]: string } | undefined
  /** Seed of everything the suite generates. @default 1 */
  readonly seed?: number | undefined
}

/** What is known about a broken law: enough to run the failing case again by hand. */
export interface Evidence {
  readonly seed?: number | undefined
  /** The shortest text found that still breaks the law. */
  readonly text?: string | undefined
  readonly expected?: unknown
  readonly actual?: unknown
  readonly cause?: unknown
}

/** A law was broken. The message says which, on what input, what was expected and what came. */
export class LawViolation extends Error {
  override readonly name = 'LawViolation'
  readonly law: string
  readonly reason: string
  readonly evidence: Evidence

  constructor(law: string, reason: string, evidence: Evidence = {}) {
    const parts = [`law "${law}" is broken: ${reason}`]
    if ('expected' in evidence) parts.push(`  expected: ${showValue(evidence.expected)}`)
    if ('actual' in evidence) parts.push(`  actual:   ${showValue(evidence.actual)}`)
    if (evidence.text !== undefined) parts.push(`  text:     ${escapeText(evidence.text)}`)
    if (evidence.seed !== undefined) parts.push(`  seed:     ${evidence.seed}`)
    super(parts.join('\n'), evidence.cause === undefined ? undefined : { cause: evidence.cause })
    this.law = law
    this.reason = reason
    this.evidence = evidence
  }
}

/** Thrown inside a check, which does not know its own law's name; `makeLaws` turns it into a `LawViolation`. */
class Broken extends Error {
  readonly evidence: Evidence

  constructor(reason: string, evidence: Evidence) {
    super(reason)
    this.evidence = evidence
  }
}

/** Ends a check: the law is broken. */
export function broken(reason: string, evidence: Evidence = {}): never {
  throw new Broken(reason, evidence)
}

/** Name → check, in the order in which the laws are listed. */
export type Checks = { readonly [lawName: string]: () => void | Promise<void> }

/** Runs a check and gives the reason why it fails, or undefined when it holds. An exception is a failure too. */
export async function failureOf(
  check: () => void | Promise<void>,
): Promise<{ readonly reason: string; readonly evidence: Evidence } | undefined> {
  try {
    await check()
    return undefined
  } catch (error) {
    if (error instanceof Broken) return { reason: error.message, evidence: error.evidence }
    const told = error instanceof Error ? `${error.name}: ${error.message}` : showValue(error)
    return { reason: `an exception came out: ${told}`, evidence: { cause: error } }
  }
}

/**
 * Turns named checks into laws. An exempt law stays in the list, passes, and carries its reason in its name.
 * Throws `invalid-argument` for an exemption of a law that is not in the suite, or without a reason.
 */
export function makeLaws(checks: Checks, options: LawOptions): readonly Law[] {
  const exempt = options.exempt ?? {}
  for (const [name, reason] of Object.entries(exempt)) {
    if (!Object.hasOwn(checks, name))
      invalid('exempt', `a map of laws of this suite (${Object.keys(checks).join('; ')})`, name)
    if (typeof reason !== 'string' || reason.trim() === '')
      invalid(
        'exempt',
        'a map from law to the reason why it is not kept',
        reason,
        `Say why "${name}" is exempt.`,
      )
  }
  return Object.entries(checks).map(([name, check]) => {
    if (Object.hasOwn(exempt, name))
      return { name: `${name} (exempt: ${exempt[name]})`, run: (): Promise<void> => Promise.resolve() }
    return {
      name,
      async run(): Promise<void> {
        const failure = await failureOf(check)
        if (failure) {
          const { seed } = options
          throw new LawViolation(name, failure.reason, {
            ...(seed === undefined ? {} : { seed }),
            ...failure.evidence,
          })
        }
      },
    }
  })
}
