import { describe, expect, it } from 'vitest'
import { analyze } from '../analyzer.js'
import {
  arabicAnalyzer,
  armenianAnalyzer,
  bulgarianAnalyzer,
  danishAnalyzer,
  dutchAnalyzer,
  finnishAnalyzer,
  frenchAnalyzer,
  germanAnalyzer,
  greekAnalyzer,
  hindiAnalyzer,
  hungarianAnalyzer,
  indonesianAnalyzer,
  irishAnalyzer,
  italianAnalyzer,
  lithuanianAnalyzer,
  nepaliAnalyzer,
  norwegianAnalyzer,
  portugueseAnalyzer,
  romanianAnalyzer,
  russianAnalyzer,
  serbianAnalyzer,
  spanishAnalyzer,
  swedishAnalyzer,
  tamilAnalyzer,
  turkishAnalyzer,
  ukrainianAnalyzer,
} from './index.js'

/** Stems as Snowball 3.1.1 gives them (the `snowballstemmer` package of Python), word:stem. */
const oracle = [
  {
    language: 'arabic',
    make: arabicAnalyzer,
    stems: `
      أسطواني:اسطو الآخرون:اخر البنادق:بنادق الشباب:شباب المقاولين:مقاول بكونه:كون       راجيندرا:راجيندر عرقية:عرق فرعان:رعان قادرين:قادر قبولا:قبول كينيدي:كينيد ومالطا:مالط`,
  },
  {
    language: 'danish',
    make: danishAnalyzer,
    stems: `
      cookies:cooki eller:ell filtrere:filtr formentlig:forment intet:int mappe:map marker:mark
      namespace:namespac noopener:noopen noreferrer:norefer registreret:registr slettet:slet
      understreger:understreg venlig:ven`,
  },
  {
    language: 'dutch',
    make: dutchAnalyzer,
    stems: `
      absolute:absolut alternatieven:alternatiev beheer:beher centraal:central codenaam:codenam
      forms:form litouws:litouw plaats:plat spaans:span tijdzone:tijdzon typefouten:typefout
      volledige:volled websitebeheer:websitebeher wijzigingen:wijzig`,
  },
  {
    language: 'finnish',
    make: finnishAnalyzer,
    stems: `
      arvon:arvo käyttäjän:käyttäj lisäasetukset:lisäasetuks miljardi:miljard
      määrittämätön:määrittämätö oikeassa:oikea samalla:sama tervetuloa:tervetulo tiedostot:tiedosto
      unicode:unicod uuden:uude varmistamaan:varmistam yhteyksille:yhteyks yläraja:yläraj`,
  },
  {
    language: 'french',
    make: frenchAnalyzer,
    stems: `
      annotations:annot bulgare:bulgar commentaires:commentair comparant:compar droits:droit
      détectées:détect implicite:implicit infinie:infin locales:local nonillions:nonill
      produire:produir septillions:septill sélectionner:sélection émises:émis`,
  },
  {
    language: 'german',
    make: germanAnalyzer,
    stems: `
      geringerer:gering kieselsäure:kieselsaur levante:levant mauer:mau nonnen:nonn
      pesttraktaten:pesttraktat programms:programm register:regist südpazifik:sudpazif
      umleitung:umleit walisischen:walis waren:war öffentlich:offent`,
  },
  {
    language: 'greek',
    make: greekAnalyzer,
    stems: `
      ακέραιο:ακεραι ασφαλείας:ασφαλει δείτε:δ επεπιλογή:επεπιλογ ζητήσατε:ζητ ορίστηκε:οριστ
      παρόν:παρον πατημένο:πατημεν πληροφορίες:πληροφορι στείλαμε:στειλ συνάρτηση:συναρτησ
      συνθηματικού:συνθηματ συστήματα:συστημ σύνδεσμος:συνδεσμ`,
  },
  {
    language: 'hungarian',
    make: hungarianAnalyzer,
    stems: `
      bizonytalan:bizonytal biztosan:biztos csapat:csap egyforma:egyform geometriai:geometri
      hungarian:hungar instance:instanc kimenete:kimenet mutassa:mutass másik:más
      rendezésből:rendezés szűrése:szűrés találat:talál trilliárd:trilliár`,
  },
  {
    language: 'indonesian',
    make: indonesianAnalyzer,
    stems: `
      apakah:apa berhasil:hasil berikut:ikut dihasilkan:hasil diperbarui:baru melakukan:laku
      memberkaskan:berkas mendapatkan:dapat menyertakan:serta pemetaan:peta pencatatan:catat
      pengaturan:atur terjadi:jadi yunani:yunan`,
  },
  {
    language: 'italian',
    make: italianAnalyzer,
    stems: `
      accessi:access alternativa:altern ammessi:ammess aumento:aument candidato:candid
      costanti:costant destinato:destin esclude:esclud espressioni:espression inferiore:inferior
      module:modul oggetti:oggett primo:prim promessa:promess`,
  },
  {
    language: 'norwegian',
    make: norwegianAnalyzer,
    stems: `
      behøver:behøv eksisterer:eksister etter:ett grupper:grupp innstillinger:innstilling
      klikke:klikk korrekte:korrekt labels:label lagre:lagr laste:last måneden:måned
      opprettet:opprett slette:slett tidssonen:tidsson`,
  },
  {
    language: 'portuguese',
    make: portugueseAnalyzer,
    stems: `
      avançadas:avanc dependência:dependent ferramentas:ferrament include:includ janeiro:janeir
      menos:men multi:mult nepali:nepal package:packag possibilidade:possibil remapeiem:remapei
      sensíveis:sensív tratado:trat verificarmos:verific`,
  },
  {
    language: 'romanian',
    make: romanianAnalyzer,
    stems: `
      acelui:acel acțiunile:acțiun făcute:făcut imagine:imagin kannada:kannad khmeră:khmer
      lista:list modele:mod numai:numa permisiunile:permisiun putea:put spaniolă:spaniol tipul:tip
      utiliza:utiliz`,
  },
  {
    language: 'russian',
    make: russianAnalyzer,
    stems: `
      всего:всег загрузили:загруз недопустимые:недопустим оператора:оператор отмечено:отмеч
      относительно:относительн разделители:разделител русский:русск убедиться:убед усекать:усека
      утверждения:утвержден форму:форм хотите:хот целевого:целев`,
  },
  {
    language: 'spanish',
    make: spanishAnalyzer,
    stems: `
      alfabeto:alfabet algunas:algun bosnio:bosni eliminaron:elimin encuesta:encuest haber:hab
      implementa:implement inténtalo:intental invocado:invoc listado:list lópez:lopez
      octillones:octillon operadores:oper seguimiento:seguimient`,
  },
  {
    language: 'swedish',
    make: swedishAnalyzer,
    stems: `
      armeniska:armenisk felaktigt:felakt filter:filt filändelser:filänd förfrågningar:förfrågning
      italienska:italiensk kunde:kund lägga:lägg modellens:modell operationen:operation
      rapporterat:rapporter skyddade:skydd tomas:tom överens:över`,
  },
  {
    language: 'turkish',
    make: turkishAnalyzer,
    stems: `
      atama:ata bildirmesi:bildirmes deyimlerinde:deyim elemandır:elema harflere:harfler
      hesaplanan:hesaplana hesapları:hesap karaktere:karakter modülündeki:modül nonilyon:nonilyo
      olabileceği:olabilecek türle:tür uzantısına:uzantı üyesine:üye`,
  },
  {
    language: 'armenian',
    make: armenianAnalyzer,
    stems: `
      ալժիրական:ալժիր աքքադերեն:աքքադերե գալիսերեն:գալիսերե իսլանդական:իսլանդ հասարակածային:հասարակածայ մոլդովերեն:մոլդովերե մոնղոլիա:մոնղոլի չերոկի:չերոկ պորտուգալերեն:պորտուգալերե ռապանուի:ռապան ռոմանիոլերեն:ռոմանիոլերե ռովիանա:ռովի սանգու:սանգ`,
  },
  {
    language: 'hindi',
    make: hindiAnalyzer,
    stems: `
      अरागोनी:अरागोन एस्टोनिया:एस्टोनिय गुजराती:गुजर गुयाना:गुय घाना:घ डलासी:डलास नाउरु:नाउर नामा:नाम पाटाका:पाटाक रोमानी:रोमान लातवियाई:लातविय सेशेल्सियाई:सेशेल्सिय सोगा:सोग`,
  },
  {
    language: 'irish',
    make: irishAnalyzer,
    stems: `
      bharbadós:barbadós bheilís:beilís ghabúin:gabúin ghuatamala:guatamala mhaenmar:maenmar mhailí:mailí mheiriceá:meiriceá micrinéiseach:micrinéis shimplithe:simplithe shrí:srí shuranam:suranam íochtarach:íoch úcránach:úcrán`,
  },
  {
    language: 'lithuanian',
    make: lithuanianAnalyzer,
    stems: `
      aukštumų:aukštum diego:dieg fondai:fond frafra:frafr kangri:kangr koro:kor litas:lit nama:nam pona:pon rielis:riel rufija:rufij sundų:sund tagišų:tagiš`,
  },
  {
    language: 'nepali',
    make: nepaliAnalyzer,
    stems: `
      अफ्रिका:अफ्रि इबिबियो:इबिब जर्मा:जर् टारोको:टारो टोकी:टो नजिमा:नजि नाज्दी:नाज् नामा:ना फ्राङ्का:फ्राङ् भारत:भा मोरोक्को:मोरोक् रियालहरू:रियाल हाइदा:हा`,
  },
  {
    language: 'serbian',
    make: serbianAnalyzer,
    stems: `
      брунејски:brunejsk бурма:burm ганда:gand грузијски:gruzijsk египатска:egipatsk коптски:koptsk малдиви:maldiv мађарска:mađarsk нисконемачки:niskonemačk пакистан:pakista узбекистански:uzbekistansk украјинска:ukrajinsk јавански:javansk`,
  },
  {
    language: 'tamil',
    make: tamilAnalyzer,
    stems: `
      அசர்பைஜான்:அசர்பைஜ் அல்ஜீரியா:அல்ஜீரி அல்தை:அல் ஐஸ்லாந்து:ஐஸ் காசின்:கா டிக்ரின்யா:டி டைக்ரே:டை நக்ஃபா:நக்ஃ பாஸ்க்:பாஸ் போட்ஸ்வானா:போட்ஸ் ப்ராஸாவில்லே:ப்ராஸ் மயோட்:மயோ ஹேர்ட்:ஹேர்`,
  },
]

/** Both ways of writing ș and ț are one to the analyzer. */
function alike(text: string): string {
  return text.replaceAll('ș', 'ş').replaceAll('ț', 'ţ')
}

describe.each(oracle)('$language', ({ make, stems }) => {
  const pairs = stems
    .trim()
    .split(/\s+/)
    .map((pair) => pair.split(':') as [string, string])

  it('stems as Snowball does', () => {
    const analyzer = make({ stopWords: [] })
    for (const [word, stem] of pairs) {
      expect(
        analyzer.terms(word).map((term) => alike(term.text)),
        word,
      ).toEqual([alike(stem)])
    }
  })

  it('leaves words unstemmed when asked', () => {
    const analyzer = make({ stem: false, stopWords: [] })
    expect(pairs.filter(([word, stem]) => analyzer.terms(word)[0]?.text === stem).length).toBeLessThan(3)
  })
})

describe('Bulgarian', () => {
  it.each([
    'книга книги книгата книгите',
    'град градове градът града градовете',
    'договор договора договорите договори договорът',
    'наемател наемателят наемателите наематели',
    'депозит депозита депозитът депозити',
    'студент студента студенти студентите',
    'език езици езика езикът езиците',
    'писмо писма писмото писмата',
    'герой герои героят',
    'важен важна важно важни важният',
    'месец месеца месеци месеците',
    'театър театри театърът',
  ])('has one stem for %s', (forms) => {
    const stems = forms.split(' ').map((word) => bulgarianAnalyzer().terms(word)[0]?.text)
    expect(new Set(stems).size, stems.join(' ')).toBe(1)
  })

  it('keeps other words apart', () => {
    const words = 'книга град договор депозит студент език писмо герой месец театър море жена'.split(' ')
    expect(new Set(words.map((word) => bulgarianAnalyzer().terms(word)[0]?.text)).size).toBe(words.length)
  })
})

describe('function words and what hangs on words', () => {
  it.each([
    ['French', frenchAnalyzer(), "L'homme qu’il a vu, aujourd'hui", ['homm', 'vu', "aujourd'hui"]],
    ['Italian', italianAnalyzer(), "dell'acqua e l'arte", ['acqua', 'arte']],
    ['German', germanAnalyzer(), 'Die Häuser und das Haus', ['haus', 'haus']],
    ['Russian', russianAnalyzer(), 'Ёлки и ели', ['елк', 'ел']],
    ['Greek', greekAnalyzer(), 'Από τον δρόμο', ['δρομ']],
    ['Romanian', romanianAnalyzer(), 'școală şcoală', ['şcoal', 'şcoal']],
    ['Arabic', arabicAnalyzer(), 'الكِتابُ إلى الكتاب', ['كتاب', 'كتاب']],
    [
      'Arabic, letters written two ways',
      arabicAnalyzer(),
      'مستشفى مستشفي أحمد احمد کتاب كتاب',
      ['مستشف', 'مستشف', 'احمد', 'احمد', 'كتاب', 'كتاب'],
    ],
    [
      'Arabic, and with the article',
      arabicAnalyzer(),
      'القمح والقمح فالقمح وقمح والد',
      ['قمح', 'قمح', 'قمح', 'قمح', 'والد'],
    ],
    [
      'Serbian, both alphabets',
      serbianAnalyzer(),
      'књиге knjige џеп džep',
      ['knjig', 'knjig', 'džep', 'džep'],
    ],
    ['Ukrainian', ukrainianAnalyzer(), 'ґрунт і грунт', ['грунт', 'грунт']],
    ['Hindi, dots and nasal signs', hindiAnalyzer(), 'ज़मानत जमानत गाँव गांव', ['जमानत', 'जमानत', 'गांव', 'गांव']],
    ['Turkish', turkishAnalyzer(), "İstanbul'da", ['istanbul']],
    ['Spanish', spanishAnalyzer(), 'Las casas de la ciudad', ['cas', 'ciud']],
    ['Dutch', dutchAnalyzer(), 'de huizen en het huis', ['huiz', 'huis']],
  ])('%s', (_, analyzer, text, expected) => {
    expect(analyze(analyzer, text).map((term) => term.text)).toEqual(expected)
  })
})
