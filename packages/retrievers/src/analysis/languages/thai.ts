import type { Analyzer } from '../analyzer.js'
import { type AnalyzerOptions, createAnalyzer, type Language } from '../create-analyzer.js'
import { words } from '../words.js'

const functionWords = /* @__PURE__ */ words(`
  กว่า กับ การ กำลัง ก็ ของ ขณะ ขึ้น ครั้ง ความ คือ จะ จาก จึง ซึ่ง ด้วย ดัง ได้ ต่อ ตั้งแต่ ต่าง ตาม
  แต่ ถึง ถ้า ทั้ง ที่ นั้น นี้ ใน แบบ ประมาณ เป็น เพราะ เพื่อ มา มี เมื่อ ไม่ ยัง รวม ระหว่าง ละ แล้ว
  และ ว่า ส่วน สำหรับ หรือ หาก อย่าง อยู่ ออก อะไร อาจ อีก เอง ให้ ไป ไว้ ครับ ค่ะ นะ`)

const language: Language = {
  tag: 'th',
  stem: (word) => word,
  stopWords: functionWords,
  segmentation: 'words',
}

/** Thai: words as the engine's dictionary cuts them, function words left out. */
export function thaiAnalyzer(options?: AnalyzerOptions): Analyzer {
  return createAnalyzer(language, options)
}
