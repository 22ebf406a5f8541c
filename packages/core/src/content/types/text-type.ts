import type { TextHead } from './text-head.ts'

/** Types of texts that begin in a way of their own. They are not believed of a text that does not. */
const STARTS: readonly [type: string, start: RegExp][] = [
  ['application/pdf', /^%PDF-\d/],
  ['application/rtf', /^\{\\rtf\d/],
  ['application/postscript', /^%!PS/],
  ['text/vcard', /^BEGIN:VCARD\s/i],
  ['text/calendar', /^BEGIN:VCALENDAR\s/i],
  ['text/vtt', /^WEBVTT[\s]/],
  ['application/vnd.apple.mpegurl', /^#EXTM3U\s[^]*?^#EXT-X-/m],
  ['audio/x-mpegurl', /^#EXTM3U\s/],
  ['image/x-xpixmap', /^\/\* XPM \*\//],
  ['image/x-xbitmap', /^#define \w+_width \d+\s+#define \w+_height \d/],
  ['image/x-portable-bitmap', /^P1\s+(?:#.*\n\s*)*\d+\s+\d+\s/],
  ['image/x-portable-graymap', /^P2\s+(?:#.*\n\s*)*\d+\s+\d+\s+\d+\s/],
  ['image/x-portable-pixmap', /^P3\s+(?:#.*\n\s*)*\d+\s+\d+\s+\d+\s/],
  ['image/gif', /^GIF8[79]a/],
]

/** Types of XML documents, by the names of their root elements. */
const ROOTS = new Map([
  ['svg', 'image/svg+xml'],
  ['html', 'application/xhtml+xml'],
  ['rss', 'application/rss+xml'],
  ['feed', 'application/atom+xml'],
  ['kml', 'application/vnd.google-earth.kml+xml'],
  ['gpx', 'application/gpx+xml'],
  ['math', 'application/mathml+xml'],
  ['stylesheet', 'application/xslt+xml'],
])

/** Elements that only HTML begins with. */
const HTML = /^(html|head|body|title|script|style|iframe|meta|link|div|table|font|h1|br)$/i

/** Types of texts that are called something else than `text/…`. */
const TEXTS = new RegExp(
  [
    '^(text|message)/',
    '[+/](json|xml|yaml)$',
    '^application/(json5|jsonl|x-ndjson|json-seq|xml-dtd|node|toml|sql|graphql|rtf|postscript|mbox|x-sh|x-csh|x-perl|x-tcl)$',
    '^application/(x-httpd-php|x-tex|x-latex|x-texinfo|x-subrip|n-quads|n-triples|trig|sparql-query|vnd.apple.mpegurl)$',
    '^application/(x-pem-file|pem-certificate-chain|x-ns-proxy-autoconfig)$',
    '^(audio/x-mpegurl|image/svg.xml|image/x-xpixmap|image/x-xbitmap|model/(obj|mtl|step|iges|vrml))$',
  ].join('|'),
)

/** True for types that only texts have. */
export function isTextType(type: string): boolean {
  return TEXTS.test(type)
}

/** What a text says itself about its type, if it does. */
export function typeOfText({ text, isWide = false }: TextHead): string | undefined {
  // Of a few of them, the sign comes later than at the start.
  const start = text.slice(0, 1024)
  const found = STARTS.find(([type, pattern]) => (!isWide || type.startsWith('text/')) && pattern.test(start))
  return found ? found[0] : typeOfMarkup(text)
}

/** True for what a text that begins so can be. */
export function canBe(claim: string, text: string): boolean {
  if (claim === 'image/svg+xml') return /<(?:[\w.-]+:)?svg[\s/>]/.test(text)
  if (claim === 'application/xml' || claim.endsWith('+xml') || claim.endsWith('/xml-dtd'))
    return /^\s*</.test(text)
  if (claim === 'application/vnd.apple.mpegurl') return text.startsWith('#EXTM3U')
  const start = STARTS.find(([type]) => type === claim)
  return start ? start[1].test(text.slice(0, 1024)) : true
}

function typeOfMarkup(text: string): string | undefined {
  let isXml = false
  for (let at = skipSpace(text, 0); text[at] === '<'; at = skipSpace(text, at)) {
    const end = endOfProlog(text, at)
    if (end !== undefined) {
      if (/^<!doctype\s+html[\s>]/i.test(text.slice(at, at + 20))) return isXml ? XHTML : 'text/html'
      isXml ||= text.startsWith('<?xml', at) || /^<!doctype/i.test(text.slice(at, at + 9))
      if (end === 0) break
      at = end
      continue
    }
    const [, name] = /^<(?:[\w.-]+:)?([A-Za-z_][\w.-]*)(?=[\s/>])/.exec(text.slice(at, at + 200)) ?? []
    if (name === undefined) break
    if (name === 'svg') return 'image/svg+xml'
    if (isXml) return ROOTS.get(name) ?? 'application/xml'
    return HTML.test(name) ? 'text/html' : undefined
  }
  return isXml ? 'application/xml' : undefined
}

const XHTML = 'application/xhtml+xml'

/** The end of a comment, an instruction or a declaration that begins here: 0 if it is cut, `undefined` if there is none. */
function endOfProlog(text: string, at: number): number | undefined {
  if (text.startsWith('<?', at)) return after(text, '?>', at)
  if (text.startsWith('<!--', at)) return after(text, '-->', at)
  if (!text.startsWith('<!', at)) return undefined
  const end = after(text, '>', at)
  const subset = text.indexOf('[', at)
  return subset > 0 && subset < end ? after(text, '>', after(text, ']', subset)) : end
}

function after(text: string, mark: string, from: number): number {
  const at = text.indexOf(mark, from)
  return at < 0 ? 0 : at + mark.length
}

function skipSpace(text: string, from: number): number {
  let at = from
  while (/\s/.test(text[at] ?? '')) at++
  return at
}
