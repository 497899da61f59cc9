/** Bytes in which a page says its encoding, as in the HTML standard's prescan. */
const PRESCAN_BYTES = 1024

/** Encoding label in `<meta charset>`, `<meta http-equiv … content="…charset=…">` or an XML declaration. */
export function declaredCharset(bytes: Uint8Array): string | undefined {
  const head = new TextDecoder('latin1')
    .decode(bytes.subarray(0, 4 * PRESCAN_BYTES))
    .replace(/<!--[\s\S]*?-->/g, '')
  const declared = /<meta[^>]{1,500}?charset\s*=\s*["']?\s*([\w:.-]{1,40})/i.exec(head)?.[1]
  const label = declared ?? /^\s*<\?xml[^>]{1,200}?encoding\s*=\s*["']([\w:.-]{1,40})/i.exec(head)?.[1]
  // A page whose declaration could be read byte by byte is not UTF-16, whatever it says.
  return label !== undefined && /^utf-?16/i.test(label) ? 'utf-8' : label
}
