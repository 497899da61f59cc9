import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import ignore, { type Ignore } from 'ignore'

/** Rules in force in a folder: its own over those of the folders above it. */
export interface IgnoreRules {
  readonly parent: IgnoreRules | undefined
  /** Path of the folder relative to the root, with a slash at the end, or `''`. */
  readonly base: string
  readonly rules: Ignore
}

/** Adds the ignore files that lie in a folder. A rule file that cannot be read is as if it were not there. */
export async function rulesOf(
  folder: string,
  base: string,
  names: readonly string[],
  fileNames: readonly string[],
  parent: IgnoreRules | undefined,
): Promise<IgnoreRules | undefined> {
  const present = fileNames.filter((name) => names.includes(name))
  if (present.length === 0) return parent
  const rules = ignore({ allowRelativePaths: true })
  for (const name of present) {
    try {
      rules.add(await readFile(join(folder, name), 'utf8'))
    } catch {
      // A folder called .gitignore, or one that is not ours to read: no rules.
    }
  }
  return { parent, base, rules }
}

/** The nearest folder whose rules say something about the path decides, as in git. */
export function isIgnored(rules: IgnoreRules | undefined, path: string, isFolder: boolean): boolean {
  for (let level = rules; level !== undefined; level = level.parent) {
    const local = path.slice(level.base.length)
    const verdict = level.rules.test(isFolder ? `${local}/` : local)
    if (verdict.ignored) return true
    if (verdict.unignored) return false
  }
  return false
}
