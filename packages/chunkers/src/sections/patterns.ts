import { checkInteger, invalid } from '@tesserae/core'

export interface SectionPattern {
  /** What to call the section; a named group `(?<title>…)` of `pattern` that matches takes its place. */
  readonly name: string
  /**
   * Tested against each line by itself, without its line break and the blanks around it, at most its first 500
   * UTF-16 code units: `^` and `$` are the ends of the line, no match reaches over a line break, and a slow
   * pattern is slow on short strings only. Flags `g` and `y` have no effect.
   */
  readonly pattern: RegExp
  /** 1 for the outermost sections; deeper ones lie inside. @default 1 */
  readonly level?: number | undefined
}

/** A pattern that is safe to use on line after line. */
export interface CheckedPattern {
  readonly name: string
  readonly pattern: RegExp
  readonly level: number
}

export function checkPatterns(patterns: readonly SectionPattern[]): readonly CheckedPattern[] {
  if (!Array.isArray(patterns) || patterns.length === 0) {
    invalid(
      'patterns',
      'an array of at least one pattern',
      patterns,
      'Or use legalSections or contractSections.',
    )
  }
  return patterns.map(({ name, pattern, level }, index) => {
    if (typeof name !== 'string' || name.trim() === '') {
      invalid(`patterns[${index}].name`, 'text that is not blank', name)
    }
    if (!(pattern instanceof RegExp)) invalid(`patterns[${index}].pattern`, 'a regular expression', pattern)
    // A copy without `g` and `y`: those remember where they stopped.
    const stateless = new RegExp(pattern.source, pattern.flags.replace(/[gy]/g, ''))
    return { name, pattern: stateless, level: checkInteger(`patterns[${index}].level`, level ?? 1) }
  })
}

/** "II.", "A.", "3)" or "§ 4" in front of a title. */
const NUMBER = String.raw`(?:(?:§\s*)?(?:\d{1,3}|[IVXLC]{1,6}|[A-Z])\s?[.):]\s*)?`

function titled(name: string, titles: string): SectionPattern {
  return { name, pattern: new RegExp(`^#*\\s*${NUMBER}(?:${titles})\\s*[.:]?$`, 'i') }
}

/** Parts of a judgment or brief in English, by their usual titles: background, issues, arguments, decision and so on. */
export const legalSections: readonly SectionPattern[] = [
  titled(
    'Background',
    '(?:(?:factual|procedural|and) )*(?:background|history)|(?:statement of )?(?:the )?facts|introduction',
  ),
  titled('Issues', '(?:the )?(?:issues?|questions?)(?: presented| for (?:decision|determination))?'),
  titled(
    'Arguments',
    "(?:the )?(?:parties['’]? )?(?:arguments?|submissions|contentions)(?: of the parties)?",
  ),
  titled(
    'Law',
    '(?:relevant |applicable )?(?:legal (?:framework|standards?|principles)|law|standard of review)',
  ),
  titled('Analysis', '(?:legal )?(?:analysis|discussion|reasoning|reasons|assessment|findings)'),
  titled(
    'Decision',
    '(?:the )?(?:decision|disposition|holding|conclusions?|judgment|ruling|order|operative part)',
  ),
  titled('Dissent', '(?:dissent|dissenting opinion|concurring opinion|concurrence)'),
]

/** What follows the number of a clause up to a full stop, if it looks like a title. */
const CLAUSE_TITLE = String.raw`(?:\s+\p{Lu}[^.;:]{0,60}(?=[.:]|$))?`
const CLAUSE_WORD = String.raw`(?:[Ss]ection|SECTION|[Cc]lause|CLAUSE|§)\s*`

/**
 * Articles, clauses and subclauses of a contract in English, as sections of level 1, 2 and 3: "ARTICLE IV - FEES",
 * "Schedule A", "3. Term. The …", "Section 3", "3.1 Renewal". Numbers without a title are sections too.
 */
export const contractSections: readonly SectionPattern[] = [
  { name: 'Recitals', pattern: /^#*\s*(?<title>recitals|preamble|whereas)\s*[:.,]?$/i },
  {
    name: 'Article',
    pattern:
      /^#*\s*(?<title>(?:ARTICLE|Article|PART|Part|CHAPTER|Chapter|SCHEDULE|Schedule|EXHIBIT|Exhibit|ANNEX|Annex|APPENDIX|Appendix)\s+(?:\d{1,3}|[IVXLC]{1,6}|[A-Z])\b(?:\s*[-–—:.]?\s*\p{Lu}[^.;]{0,80})?)[.:]?$/u,
  },
  {
    name: 'Clause',
    pattern: new RegExp(
      String.raw`^#*\s*(?<title>(?:${CLAUSE_WORD}\d{1,3}(?!\.?\d)[.):]?|\d{1,3}[.)](?!\d))${CLAUSE_TITLE})(?=[\s.:]|$)`,
      'u',
    ),
    level: 2,
  },
  { name: 'Clause', pattern: /^#*\s*(?<title>\d{1,3}\s+\p{Lu}[\p{Lu}\s,&-]{2,60})$/u, level: 2 },
  {
    name: 'Subclause',
    pattern: new RegExp(
      String.raw`^#*\s*(?<title>(?:${CLAUSE_WORD})?\d{1,3}(?:\.\d{1,3})+${CLAUSE_TITLE})[.):]?(?=\s+[\p{Lu}"“(]|[.:]|$)`,
      'u',
    ),
    level: 3,
  },
]
