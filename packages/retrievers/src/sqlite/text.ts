/**
 * A string as text that SQLite and every driver give back: text with a NUL would be cut there, and a lone surrogate
 * has no UTF-8. Such strings, and those that begin with a quote, become JSON; different strings stay different.
 */
export function storedText(text: string): string {
  return text.startsWith('"') || text.includes('\0') || !isWellFormed(text) ? JSON.stringify(text) : text
}

export function originalText(stored: string): string {
  return stored.startsWith('"') ? (JSON.parse(stored) as string) : stored
}

function isWellFormed(text: string): boolean {
  return !/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/.test(text)
}
