import {
  type CallOptions,
  type Hit,
  isRagError,
  linkedController,
  type Metadata,
  orAbort,
  RagError,
  type RagErrorCode,
  type Retriever,
} from '@tesserae/core'

export interface LegRun<M extends Metadata> {
  /** Called once for each leg. */
  readonly ask: (leg: Retriever<M>, signal: AbortSignal) => Promise<readonly Hit<M>[]>
  /** So many legs have to answer. */
  readonly quorum: number
  /** A leg that takes longer has failed. */
  readonly timeoutMs: number | undefined
  readonly signal: CallOptions['signal']
  readonly name: string
}

export type LegOutcome<M extends Metadata> =
  | { readonly hits: readonly Hit<M>[] }
  | { readonly hits: undefined; readonly error: unknown }

/** The caller's mistakes: behind the answers of the other legs they would stay hidden for ever. */
const mistakes: readonly RagErrorCode[] = ['invalid-argument', 'incompatible', 'unsupported']

/**
 * Runs all legs at once under one signal and returns what became of each, in order.
 *
 * As soon as fewer than `quorum` can still answer, or a leg reports a mistake of the caller, the others are
 * told to stop and the call throws. The caller's abort passes through. A leg that does not listen to its
 * signal is not waited for.
 */
export async function runLegs<M extends Metadata>(
  legs: readonly Retriever<M>[],
  run: LegRun<M>,
): Promise<readonly LegOutcome<M>[]> {
  const { signal, timeoutMs, quorum } = run
  const controller = linkedController(signal)
  const expire = () => controller.abort(new DOMException(`No answer within ${timeoutMs} ms.`, 'TimeoutError'))
  const timer = timeoutMs === undefined ? undefined : setTimeout(expire, timeoutMs)
  const failed: { readonly leg: string; readonly error: unknown }[] = []

  const runLeg = async (leg: Retriever<M>): Promise<LegOutcome<M>> => {
    try {
      return { hits: checkedHits(leg, await orAbort(run.ask(leg, controller.signal), controller.signal)) }
    } catch (error) {
      signal?.throwIfAborted()
      if (isRagError(error) && mistakes.includes(error.code)) throw error
      failed.push({ leg: leg.name, error })
      if (legs.length - failed.length < quorum) throw tooFewLegs(failed, legs.length, run)
      return { hits: undefined, error }
    }
  }
  try {
    return await Promise.all(legs.map(runLeg))
  } catch (error) {
    controller.abort(error)
    throw error
  } finally {
    clearTimeout(timer)
    controller.unlink()
  }
}

/** A leg's own contract, at the border: finite scores, each chunk once. */
function checkedHits<M extends Metadata>(leg: Retriever<M>, hits: readonly Hit<M>[]): readonly Hit<M>[] {
  const seen = new Set<string>()
  return hits.filter(({ chunk, score }) => {
    if (!Number.isFinite(score)) {
      throw new RagError(
        'store-failed',
        `Leg "${leg.name}" gave chunk "${chunk.id}" the score ${score}. Scores must be finite numbers.`,
      )
    }
    if (seen.has(chunk.id)) return false
    seen.add(chunk.id)
    return true
  })
}

function tooFewLegs<M extends Metadata>(
  failed: readonly { readonly leg: string; readonly error: unknown }[],
  legs: number,
  { name, quorum }: LegRun<M>,
): RagError {
  const errors = failed.map(({ error }) => error)
  const first = errors.find((error) => isRagError(error))
  const reasons = failed.map(
    ({ leg, error }) => `"${leg}" (${error instanceof Error ? error.message : 'unknown'})`,
  )
  return new RagError(
    isRagError(first) ? first.code : 'store-failed',
    `Retriever "${name}" needs ${quorum} of ${legs} legs to answer. Failed: ${reasons.join(', ')}.`,
    { details: { quorum, legs }, cause: errors.length === 1 ? errors[0] : new AggregateError(errors) },
  )
}
