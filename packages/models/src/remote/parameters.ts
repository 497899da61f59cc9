import { checkInteger, invalid } from '@tesserae/core'

/** More fields of a request's body, sent as they are. */
export type Parameters = { readonly [name: string]: unknown }

export const defaultTimeoutMs = 60_000

export function checkTimeout(value: number | undefined): number {
  return checkInteger('timeoutMs', value ?? defaultTimeoutMs, 1, 2 ** 31 - 1)
}

export function checkName(name: string, value: unknown): string {
  if (typeof value !== 'string' || value.trim() === '') invalid(name, 'a string with something in it', value)
  return value
}
