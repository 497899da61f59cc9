/**
 * A shorter text for which `fails` still holds, by removing ever smaller pieces (delta debugging, Zeller and
 * Hildebrandt 2002). Removes whole code units, so the result may contain lone surrogates.
 *
 * @param tries upper bound on calls of `fails`. @default 300
 */
export async function shrinkText(
  text: string,
  fails: (shorter: string) => Promise<boolean>,
  tries = 300,
): Promise<string> {
  let smallest = text
  let left = tries
  let size = Math.ceil(smallest.length / 2)
  while (size >= 1 && left > 0) {
    let removed = false
    for (let start = 0; start < smallest.length && left > 0; ) {
      const shorter = smallest.slice(0, start) + smallest.slice(start + size)
      left -= 1
      if (shorter.length < smallest.length && (await fails(shorter))) {
        smallest = shorter
        removed = true
      } else {
        start += size
      }
    }
    if (size === 1 && !removed) break
    size =
      removed && size > 1 ? Math.min(size, Math.ceil(smallest.length / 2)) : Math.max(1, Math.floor(size / 2))
    if (smallest.length === 0) break
  }
  return smallest
}
