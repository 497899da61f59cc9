import { checkNumber, type Observer } from '@tesserae/core'

/** What a service charges, in any one currency. */
export interface Price {
  /** @default 0 */
  readonly perMillionInputTokens?: number | undefined
  /** @default 0 */
  readonly perMillionOutputTokens?: number | undefined
  /** @default 0 */
  readonly perThousandRequests?: number | undefined
}

/** What has been used since the model was wrapped. */
export interface Usage {
  /** Calls sent, retries and failed ones included. */
  readonly requests: number
  readonly retries: number
  /** Calls that failed for good. */
  readonly failures: number
  readonly inputTokens: number
  readonly outputTokens: number
  /** Input tokens of `inputTokens` that the service did not count, so they are our own estimate. */
  readonly estimatedTokens: number
  /** By the price that was given; undefined without one. Requests that failed are not charged. */
  readonly cost: number | undefined
}

export interface Tokens {
  readonly input: number
  readonly output?: number | undefined
  readonly estimated: boolean
}

/** Adds up what calls use. */
export class UsageMeter {
  readonly #price: { readonly [rate in keyof Price]-?: number } | undefined
  #requests = 0
  #retries = 0
  #failures = 0
  #answered = 0
  #input = 0
  #output = 0
  #estimated = 0

  constructor(price: Price | undefined) {
    this.#price = price && {
      perMillionInputTokens: checkNumber('price.perMillionInputTokens', price.perMillionInputTokens ?? 0, 0),
      perMillionOutputTokens: checkNumber(
        'price.perMillionOutputTokens',
        price.perMillionOutputTokens ?? 0,
        0,
      ),
      perThousandRequests: checkNumber('price.perThousandRequests', price.perThousandRequests ?? 0, 0),
    }
  }

  sent(attempt: number): void {
    this.#requests += 1
    if (attempt > 1) this.#retries += 1
  }

  answered(tokens: Tokens): void {
    this.#answered += 1
    this.#input += tokens.input
    this.#output += tokens.output ?? 0
    if (tokens.estimated) this.#estimated += tokens.input
  }

  failed(): void {
    this.#failures += 1
  }

  costOf(requests: number, input: number, output: number): number | undefined {
    const price = this.#price
    return (
      price &&
      (input * price.perMillionInputTokens + output * price.perMillionOutputTokens) / 1e6 +
        (requests * price.perThousandRequests) / 1000
    )
  }

  read(): Usage {
    return {
      requests: this.#requests,
      retries: this.#retries,
      failures: this.#failures,
      inputTokens: this.#input,
      outputTokens: this.#output,
      estimatedTokens: this.#estimated,
      cost: this.costOf(this.#answered, this.#input, this.#output),
    }
  }
}

/** Listens in on one call for the tokens that the service counted, and passes everything on. */
export function listening(observer: Observer | undefined): {
  readonly observer: Observer
  counted(): number | undefined
} {
  let tokens: number | undefined
  return {
    observer: (event) => {
      const told = /\.usage$/.test(event.type) ? event.counts?.tokens : undefined
      if (told !== undefined) tokens = (tokens ?? 0) + told
      observer?.(event)
    },
    counted: () => tokens,
  }
}
