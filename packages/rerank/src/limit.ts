import { checkInteger, type RerankOptions } from '@tesserae/core'

/** The limit of a call, at most `available`. */
export function limitOf(options: RerankOptions, available: number): number {
  return options.limit === undefined ? available : Math.min(checkInteger('limit', options.limit), available)
}
