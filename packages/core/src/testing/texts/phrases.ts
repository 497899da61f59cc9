/** Sentences, words and marks of several scripts that generated texts are put together from. */

/** One entry per script: its sentences, and what stands between two of them. */
export const scripts: readonly { readonly sentences: readonly string[]; readonly gap: string }[] = [
  {
    gap: ' ',
    sentences: [
      'The tenant pays the deposit before the first of May.',
      'Dr. Lee measured 3.14 g of salt, i.e. far too little.',
      'Is it really due on 2024-02-29? Nobody asked!',
      'Version 2.10.1 fixes C++ builds on x86-64; see §4.2 (b).',
      '“Quoted speech,” she wrote, “is hard to split.”',
      'It rained.',
      'A sentence that runs on, through clause after clause, past every comma that might have stopped it, until the reader no longer knows where it began',
    ],
  },
  {
    gap: ' ',
    sentences: [
      'Größe und Maß stehen in § 5 Abs. 2 Nr. 3 der Verordnung.',
      'L’été dernier, l’équipe a réduit les coûts de 12,5 %.',
      '¿Dónde está el contrato? ¡Aquí!',
      'Żółta łódź płynie pod prąd.',
    ],
  },
  {
    gap: ' ',
    sentences: [
      'يدفع المستأجر التأمين قبل بداية الشهر.',
      'هل انتهى العقد؟ نعم، انتهى أمس.',
      'الكِتَابُ عَلَى الطَّاوِلَةِ ١٢٣.',
      'النص ABC يختلط مع الأرقام 45 هنا؛ ثم يعود.',
    ],
  },
  { gap: ' ', sentences: ['השוכר משלם את הפיקדון מראש.', 'האם החוזה הסתיים? כן.'] },
  {
    gap: '',
    sentences: ['租客在五月一日之前支付押金。', '合同结束了吗？是的！', '数据库、索引和向量，三者缺一不可。'],
  },
  {
    gap: '',
    sentences: ['敷金は五月一日までに支払われます。', 'カタカナとひらがなと漢字。', '「引用」は難しい？'],
  },
  { gap: ' ', sentences: ['임차인은 보증금을 먼저 낸다.', '계약이 끝났나요? 네.', '한글 자모도 있다.'] },
  { gap: ' ', sentences: ['ผู้เช่าจ่ายเงินประกันก่อนวันแรกของเดือน', 'สัญญาสิ้นสุดแล้วหรือยัง'] },
  { gap: ' ', sentences: ['किरायेदार पहले जमा राशि देता है।', 'क्या अनुबंध समाप्त हुआ? हाँ।', 'क्षेत्र में त्रिकोण है॥'] },
  {
    gap: ' ',
    sentences: ['Арендатор платит залог заранее.', 'Η σύμβαση έληξε χθες;', 'Հայերեն նախադասություն։'],
  },
  {
    gap: ' ',
    sentences: [
      '👨‍👩‍👧‍👦 moved to 🇫🇷🇯🇵 with 👍🏽 and 1️⃣.',
      '🏳️‍🌈🏴‍☠️👩🏿‍💻',
      'Flags 🇩🇪🇩🇪🇩 odd one out.',
      '𝒜𝓁𝓅𝒽𝒶 𠮷野家 𓀀𓂀',
    ],
  },
  {
    gap: ' ',
    sentences: [
      'e\u0301 is not \u00e9.',
      'Z\u0351\u036b\u0343a\u0300\u0301\u0302lgo.',
      'a\u0308\u0323 o\u0328',
      '\u0301starts with a mark',
    ],
  },
]

/** What ends a line, all the ways that happen. */
export const lineEnds: readonly string[] = [
  '\n',
  '\n',
  '\n',
  '\r\n',
  '\r\n',
  '\r',
  '\u2028',
  '\u2029',
  '\u0085',
  '\v',
  '\f',
]

/** Blank runs: between words, at line starts, alone on a line. */
export const blanks: readonly string[] = [
  ' ',
  '  ',
  '\t',
  '     ',
  '\u00a0',
  '\u3000',
  ' \t ',
  '\u2003',
  '\ufeff',
  '\n\n',
  '\r\n\r\n',
  '\n \n',
  '\n\n\n\n',
]

/** Things that break careless code. */
export const oddities: readonly string[] = [
  '\0',
  '\ud800',
  '\udc00',
  '\udc00\ud800',
  'a\ud83d',
  '\ude00b',
  '\u200b',
  '\u200d',
  '\u2060',
  '\ufeff',
  '\u202e',
  '\ufffd',
  '\uffff',
  '\u0007',
  '\r',
  '\\',
  '$&',
  '%s',
  '(.*)+',
  '[^',
  '__proto__',
  '</div>',
  '```',
  '|',
  '#',
  '---',
  '\ud83d\ude00',
  '\u{10ffff}',
]

/** Small whole texts on which most mistakes show; every generated set starts with them. */
export const edgeTexts: readonly string[] = [
  '',
  ' ',
  '\n',
  '\r\n',
  ' \t\r\n\u00a0\u3000\u2028 ',
  'a',
  '.',
  '字',
  '😀',
  '\ud800',
  '\udc00',
  '\0',
  '\u200b',
  '\ufeff',
  '\u0301',
  'a\r\nb',
  '\r\r\n\n',
  ' leading and trailing ',
  'no end',
  'One. Two. Three.',
  'same\n\nsame\n\nsame\n\nsame',
  '👨‍👩‍👧‍👦👨‍👩‍👧‍👦👨‍👩‍👧‍👦',
  '🇫🇷🇯🇵🇩🇪🇩🇪🇩',
  'a\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307',
]
