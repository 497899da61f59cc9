/** Longer queries are read up to here. Code units. */
const longestRead = 2000

const asksForAll =
  /\b(?:all (?:of )?(?:the|our|my|your|their|these|those|its)\b|(?:list|show|find|give me|name|count|get|return|which are) (?:all|every|each)\b|every (?!(?:day|week|month|year|time|once|other|now)\b)\p{L}|each (?:of the )?(?!other\b|time\b|day\b|week\b|month\b|year\b)\p{L}|how many\b|(?:the )?(?:total )?number of\b|which of (?:the|our|my|these|those)\b|complete list\b|full list\b)/iu
/** Where "all the" says how, not how many. */
const saysHow = /\b(?:all the (?:way|time|same|more|better|best|while|caps|capitals)|all of the time)\b/giu

/** Whether an English query asks for all of something rather than for the best few: "all the leases without …", "how many …". */
export function isAggregateQuery(query: string): boolean {
  return asksForAll.test(query.slice(0, longestRead).replace(saysHow, ' '))
}
