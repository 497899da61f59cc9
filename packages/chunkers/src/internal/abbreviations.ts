import { DIGIT, LOWER, UPPER } from './classes.js'

/** What a word in front of a full stop says about that stop. */
export type StopKind = 'sentence' | 'abbreviation' | 'before-number' | 'before-starter'

/** Never the end of a sentence: something always follows. */
const ABBREVIATIONS =
  'Dr Mr Mrs Ms Mx Prof Hon Rev Fr Gen Col Maj Capt Cmdr Lt Sgt Cpl Rep Sen Gov Pres Supt Amb Messrs Mt Ft ' +
  'vs viz cf approx ca resp esp incl excl Fig Figs fig figs Eq Eqs eq eqs Sec Secs Ref Refs Vol vol Vols ' +
  'e.g i.e z.B d.h u.a o.g u.U z.T bzw ggf vgl Vgl evtl sog Hr Fr Frl Abb Abs Bd Hrsg Nr Tel Str usf ' +
  'Mme Mlle MM env chap Sra Sr Srta Dra Ing Lic Dott Sig Avv Arch p.ex p.ej ej пр см им г-н т.е т.д'

/** Abbreviations in front of a number, plain words otherwise: "No. 5" but "No. I refuse." */
const NUMBERED =
  'No Nos no nos p pp P Pp Art art Ch ch Chap Sect sect Op op Bk bk Pt pt para Para Ex ex n § №'

/** Abbreviations that also end sentences; the word that follows decides. */
const UNSETTLED =
  'etc Inc Ltd Co Corp Bros LLC Jr Sr St Ave Blvd Rd Dept Univ Est al ed eds Ed Eds trans Assn Mfg ' +
  'Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec Mon Tue Tues Wed Thu Thurs Fri Sat Sun ' +
  'a.m p.m A.M P.M U.S U.K U.N E.U D.C Ph.D M.D B.A M.A B.Sc M.Sc usw cie Cie'

/** Words that open sentences far more often than they follow an abbreviation or an initial. */
const STARTERS =
  'The This That These Those There Then Thus They Their It Its He His She Her We Our You Your My I In On At ' +
  'A An And As After Although Also But Because Before By For From However If Is No Not Now One Or Since So ' +
  'Some Such To Today What When Where While Who Why With How Most Many All Each Both ' +
  'Der Die Das Ein Eine Es Er Sie Wir Ich Im Am Und Aber Wenn Dies Diese Dieser ' +
  'Le La Les Un Une Il Elle Ils Nous Vous Je Ce Cette El Los Las Una En Pero Y'

/** Languages that write ordinals as a number and a full stop: "am 3. Oktober". */
const ORDINAL_LANGUAGES = new Set('de da nb nn no fi cs sk sl hr sr bs hu et lv is fo lb tr'.split(' '))

const kinds = new Map<string, StopKind>()
for (const word of UNSETTLED.split(' ')) kinds.set(word, 'before-starter')
for (const word of NUMBERED.split(' ')) kinds.set(word, 'before-number')
for (const word of ABBREVIATIONS.split(' ')) kinds.set(word, 'abbreviation')
const starters = new Set(STARTERS.split(' '))

/** Longest word looked at in front of a full stop, in code units. */
export const LONGEST_ABBREVIATION = 12

/**
 * Judges the full stop behind `word` (dots inside kept, the last one not). Letters with dots between them
 * are acronyms, one upper-case letter is an initial, except the pronoun "I".
 */
export function stopKind(word: string, language: string, classes: Uint8Array): StopKind {
  const known = kinds.get(word)
  if (known !== undefined) return known
  if (isAcronym(word, classes)) return 'before-starter'
  if (word.length <= 2 && ORDINAL_LANGUAGES.has(language) && isNumber(word, classes)) return 'abbreviation'
  return 'sentence'
}

export function isStarter(word: string): boolean {
  return starters.has(word)
}

/** "J", "U.S", "J.R.R": single letters, a dot between any two. */
function isAcronym(word: string, classes: Uint8Array): boolean {
  if (word.length % 2 === 0 || word === 'I') return false
  for (let i = 0; i < word.length; i++) {
    if (i % 2 === 1) {
      if (word.charCodeAt(i) !== 0x2e) return false
      continue
    }
    const kind = classes[word.charCodeAt(i)]
    if (kind !== UPPER && (kind !== LOWER || word.length === 1)) return false
  }
  return word.length > 0
}

function isNumber(word: string, classes: Uint8Array): boolean {
  for (let i = 0; i < word.length; i++) if (classes[word.charCodeAt(i)] !== DIGIT) return false
  return word.length > 0
}
