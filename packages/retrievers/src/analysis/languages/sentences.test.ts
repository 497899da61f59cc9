import { describe, expect, it } from 'vitest'
import { bm25Index } from '../../bm25/bm25-index.js'
import { type Analyzer, analyze } from '../analyzer.js'
import { universalAnalyzer } from '../universal.js'
import * as languages from './index.js'

/** Two sentences, and a question about the first one in other forms of its words. */
const cases: readonly (readonly [string, Analyzer, string, string, string])[] = [
  [
    'arabic',
    languages.arabicAnalyzer(),
    'يدفع المستأجر وديعة شهرين.',
    'يبدأ الهدوء في العاشرة مساءً.',
    'من يدفع الوديعة؟',
  ],
  [
    'armenian',
    languages.armenianAnalyzer(),
    'Վարձակալը վճարում է երկու ամսվա գրավ։',
    'Լռության ժամերը սկսվում են տասին։',
    'վարձակալներ',
  ],
  [
    'bulgarian',
    languages.bulgarianAnalyzer(),
    'Наемателят плаща депозит от два месеца.',
    'Тишината започва в десет часа.',
    'Кой плаща депозита, наемателите?',
  ],
  [
    'chinese',
    languages.chineseAnalyzer(),
    '租客在搬入之前需要支付两个月的押金。',
    '晚上十点以后请保持安静。',
    '谁支付押金？',
  ],
  [
    'danish',
    languages.danishAnalyzer(),
    'Lejeren betaler et depositum på to måneder.',
    'Der skal være ro fra klokken ti.',
    'Hvad betaler lejere?',
  ],
  [
    'dutch',
    languages.dutchAnalyzer(),
    'De huurder betaalt een borg van twee maanden.',
    'Vanaf tien uur is het stil.',
    'Wat betalen huurders?',
  ],
  [
    'finnish',
    languages.finnishAnalyzer(),
    'Vuokralainen maksaa kahden kuukauden vakuuden.',
    'Hiljaisuus alkaa kello kymmenen.',
    'mitkä vakuudet?',
  ],
  [
    'french',
    languages.frenchAnalyzer(),
    'Le locataire paie une caution de deux mois.',
    'Le silence commence à dix heures.',
    'les cautions des locataires',
  ],
  [
    'german',
    languages.germanAnalyzer(),
    'Der Mieter zahlt eine Kaution von zwei Monaten.',
    'Die Ruhezeit beginnt um zehn Uhr.',
    'Kautionen der Mieter',
  ],
  [
    'greek',
    languages.greekAnalyzer(),
    'Ο ενοικιαστής πληρώνει εγγύηση δύο μηνών.',
    'Η ησυχία αρχίζει στις δέκα.',
    'εγγυήσεις',
  ],
  [
    'hindi',
    languages.hindiAnalyzer(),
    'किराएदार दो महीने की जमानत देता है।',
    'रात दस बजे से शांति रखें।',
    'महीनों की ज़मानत',
  ],
  [
    'hungarian',
    languages.hungarianAnalyzer(),
    'A bérlő két havi kauciót fizet.',
    'A csend tíz órakor kezdődik.',
    'a bérlőnek kaució',
  ],
  [
    'indonesian',
    languages.indonesianAnalyzer(),
    'Penyewa membayar uang jaminan dua bulan.',
    'Jam tenang mulai pukul sepuluh.',
    'siapa yang bayar jaminan?',
  ],
  [
    'irish',
    languages.irishAnalyzer(),
    'Íocann an tionónta éarlais dhá mhí.',
    'Tosaíonn an ciúnas ar a deich.',
    'trí mí n-éarlais',
  ],
  [
    'italian',
    languages.italianAnalyzer(),
    "L'inquilino paga una cauzione di due mesi.",
    'Il silenzio comincia alle dieci.',
    'le cauzioni degli inquilini',
  ],
  [
    'japanese',
    languages.japaneseAnalyzer(),
    '賃借人は入居前に二か月分の敷金を支払います。',
    '夜十時からは静かにしてください。',
    '敷金を払うのは誰ですか',
  ],
  [
    'korean',
    languages.koreanAnalyzer(),
    '세입자는 입주 전에 두 달치 보증금을 내야 합니다.',
    '밤 열 시부터는 조용히 해야 합니다.',
    '보증금은 누가 냅니까',
  ],
  [
    'lithuanian',
    languages.lithuanianAnalyzer(),
    'Nuomininkas moka dviejų mėnesių užstatą.',
    'Tyla prasideda dešimtą valandą.',
    'nuomininko užstatas',
  ],
  [
    'nepali',
    languages.nepaliAnalyzer(),
    'भाडावालले दुई महिनाको धरौटी तिर्छ।',
    'राति दस बजेदेखि शान्त रहनुहोस्।',
    'धरौटीको रकम',
  ],
  [
    'norwegian',
    languages.norwegianAnalyzer(),
    'Leietakeren betaler et depositum på to måneder.',
    'Det skal være ro fra klokken ti.',
    'leietakere og måned',
  ],
  [
    'portuguese',
    languages.portugueseAnalyzer(),
    'O inquilino paga uma caução de dois meses.',
    'O silêncio começa às dez.',
    'inquilinos pagam',
  ],
  [
    'romanian',
    languages.romanianAnalyzer(),
    'Chiriașul plătește o garanție de două luni.',
    'Liniștea începe la ora zece.',
    'garanția chiriaşului',
  ],
  [
    'russian',
    languages.russianAnalyzer(),
    'Арендатор платит залог за два месяца.',
    'Тишина начинается в десять часов.',
    'залоги арендаторов',
  ],
  [
    'serbian',
    languages.serbianAnalyzer(),
    'Закупац плаћа депозит за два месеца.',
    'Тишина почиње у десет сати.',
    'koliko meseci depozita',
  ],
  [
    'spanish',
    languages.spanishAnalyzer(),
    'El inquilino paga una fianza de dos meses.',
    'El silencio empieza a las diez.',
    'las fianzas de los inquilinos',
  ],
  [
    'swedish',
    languages.swedishAnalyzer(),
    'Hyresgästen betalar en deposition på två månader.',
    'Det ska vara tyst från klockan tio.',
    'hyresgäster betala',
  ],
  [
    'tamil',
    languages.tamilAnalyzer(),
    'குத்தகைதாரர் இரண்டு மாத வைப்புத்தொகை செலுத்துகிறார்.',
    'இரவு பத்து மணிக்கு அமைதி தொடங்குகிறது.',
    'குத்தகைதாரர்கள் வைப்புத்தொகையை',
  ],
  [
    'thai',
    languages.thaiAnalyzer(),
    'ผู้เช่าต้องจ่ายค่ามัดจำสองเดือนก่อนย้ายเข้า',
    'หลังสี่ทุ่มกรุณาอย่าส่งเสียงดัง',
    'ใครจ่ายมัดจำ',
  ],
  [
    'turkish',
    languages.turkishAnalyzer(),
    'Kiracı iki aylık depozito öder.',
    'Sessizlik saat onda başlar.',
    'kiracılar depozitoyu',
  ],
  [
    'ukrainian',
    languages.ukrainianAnalyzer(),
    'Орендар сплачує заставу за два місяці.',
    'Тиша починається о десятій.',
    'застава орендаря',
  ],
]

describe('every language finds a sentence by other forms of its words', () => {
  it.each(cases)('%s', (_, analyzer, about, other, question) => {
    const index = bm25Index({ analyzer })
    index.set(0, other)
    index.set(1, about)
    expect([...index.search(question, { limit: 2 }).ordinals]).toEqual([1])
    expect(index.explain(question, 1).value).toBeGreaterThan(0)
  })

  it('has a sentence for each of them', () => {
    const tested = new Set(cases.map(([, analyzer]) => analyzer.id))
    const all = Object.values(languages).map((make) => make().id)
    expect(all.filter((id) => !tested.has(id))).toEqual([])
    expect(new Set(all).size).toBe(all.length)
    expect(all.length).toBeGreaterThanOrEqual(30)
  })

  it('leaves its function words out', () => {
    const { serbianAnalyzer, thaiAnalyzer, hindiAnalyzer, bulgarianAnalyzer } = languages
    const terms = (analyzer: Analyzer, text: string) => analyze(analyzer, text).map((term) => term.text)
    expect(terms(serbianAnalyzer(), 'који је то и koji je to')).toEqual([])
    expect(terms(thaiAnalyzer(), 'และที่ของ')).toEqual([])
    expect(terms(hindiAnalyzer(), 'यह वहाँ है')).toEqual([])
    expect(terms(bulgarianAnalyzer(), 'това не е за вас')).toEqual([])
  })
})

describe('segmentation', () => {
  const terms = (analyzer: Analyzer, text: string) =>
    analyze(analyzer, text).map(({ text, start, end }) => `${text}@${start}-${end}`)

  it('cuts Thai at its words, and by pairs when asked', () => {
    const text = 'ผู้เช่าจ่าย 2 บาท'
    const found = terms(languages.thaiAnalyzer({ stopWords: [] }), text)
    expect(found.join(' ')).toContain('เช่า@')
    for (const term of found) {
      const [, start, end] = /@(\d+)-(\d+)$/.exec(term)!
      expect(text.slice(Number(start), Number(end)).normalize('NFKC')).toBe(term.slice(0, term.indexOf('@')))
    }
    expect(terms(languages.thaiAnalyzer({ segmentation: 'pairs', stopWords: [] }), 'จ่าย')).toEqual([
      'จ่า@0-3',
      'าย@2-4',
    ])
  })

  it('keeps characters beside their pairs', () => {
    expect(terms(languages.chineseAnalyzer({ stopWords: [] }), '東京都 a')).toEqual([
      '東@0-1',
      '東京@0-2',
      '京@1-2',
      '京都@1-3',
      '都@2-3',
      'a@4-5',
    ])
    const index = bm25Index({ analyzer: languages.chineseAnalyzer(), positions: true })
    index.set(0, '水很重要')
    index.set(1, '喝水的人')
    expect([...index.search('水', { limit: 2 }).ordinals].sort()).toEqual([0, 1])
    const phrase = { clauses: [{ type: 'phrase', text: '水很重' }] } as const
    expect([...index.search(phrase, { limit: 2 }).ordinals]).toEqual([0])
  })

  it('takes long runs without losing a character', () => {
    const run = 'ผู้เช่าต้องจ่ายค่ามัดจำ'.repeat(400)
    const found = analyze(universalAnalyzer({ segmentation: 'words' }), run)
    let end = 0
    for (const term of found) {
      expect(term.start).toBe(end)
      end = term.end
    }
    expect(end).toBe(run.length)
  })

  it('reads digits of all scripts as the same numbers', () => {
    for (const text of ['٢٠٢٤', '۲۰۲۴', '२०२४', '２０２４', '𝟐𝟎𝟐𝟒', '๒๐๒๔'])
      expect(analyze(universalAnalyzer(), text)[0]?.text, text).toBe('2024')
  })
})
