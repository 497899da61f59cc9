/** A list of words written one after another. */
export function words(list: string): readonly string[] {
  return list.trim().split(/\s+/)
}
