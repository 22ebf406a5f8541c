import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { detectContentType, type TypeClaims } from '../../src/content/content-type.ts'
import * as made from '../support/made-files.ts'

const HTML = Buffer.from('<!doctype html><script>alert(1)</script>')
const TEXT = Buffer.from('hello world\n')
const LATIN1 = Buffer.from('Grüße aus Köln', 'latin1')
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
const XML = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n<!-- drawn -->\n<data><svg/></data>')
const NOISE = Buffer.from('8d1f9ec3a7420b61d8ee05f317aa904c', 'hex')
const WORD = made.zip(made.officeEntries('word', 'document'))
const SHEET = made.zip(made.officeEntries('xl', 'workbook'), { streamed: true })
const ARCHIVE = made.zip([['a.txt', 'hello']])
const PROGRAM = made.windowsProgram()
const UNKNOWN = 'application/octet-stream'
const ZIP = 'application/zip'
const OPEN_XML = 'application/vnd.openxmlformats-officedocument.'
const DOCX = `${OPEN_XML}wordprocessingml.document`
const XLSX = `${OPEN_XML}spreadsheetml.sheet`
const DOTX = `${OPEN_XML}wordprocessingml.template`
const DOCM = 'application/vnd.ms-word.document.macroenabled.12'
const OLE = 'application/x-ole-storage'

function detect(head: Uint8Array, filename: string, declaredType?: string): string {
  return detectContentType(head, { filename, declaredType })
}

function cut(length: number, ...start: (readonly [string, string | Buffer])[]): Buffer {
  return made.zip([...start, ['image.bin', Buffer.alloc(length, 7)]]).subarray(0, 64 * 1024)
}

describe('a text', () => {
  const printable = Array.from({ length: 95 }, (_, i) => String.fromCharCode(32 + i))

  it.each(['', 'llo world, this is a plain text in a file.\n', 'x'.repeat(2000), ' ü€😀\n'])(
    'is a text whatever its first two characters are, before %j',
    (rest) => {
      const wrong = printable.flatMap((a) =>
        printable.flatMap((b) =>
          [
            ['a.txt', 'text/plain'],
            ['a.csv', 'text/csv'],
            ['a.mp4', 'text/plain'],
            ['unnamed', 'text/plain'],
          ].flatMap(([name = '', wanted]) => {
            const type = detect(Buffer.from(a + b + rest), name)
            return type === wanted ? [] : [`${a}${b} in ${name}: ${type}`]
          }),
        ),
      )

      expect(wrong).toEqual([])
    },
  )

  it('is a text with its name in Latin-1, too, whatever it begins with', () => {
    const wrong = []
    for (let first = 9; first < 256; first++) {
      if (first > 13 && first < 32) continue
      const text = Buffer.from(`${String.fromCharCode(first)}llo wörld, a text.\r\n`, 'latin1')
      if (first !== 127 && detect(text, 'a.txt') !== 'text/plain') wrong.push(first)
    }

    expect(wrong).toEqual([])
  })

  it('of any characters is never a film, a sound, an image, a font or an archive', () => {
    const start = fc.constantFrom(
      '',
      'ID3',
      'BM',
      'G',
      'PK',
      'OTTO',
      'wOFF',
      'RIFF',
      'FORM',
      'MZ',
      'Rar!',
      'P5 1 1 1',
    )
    fc.assert(
      fc.property(
        start,
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom('a.txt', 'a.png', 'a'),
        (a, b, name) => {
          const text = `${a}${b}`.replaceAll(/[\p{Cc}]/gu, ' ')

          expect(detect(Buffer.from(text), name)).toMatch(/^(text\/\w+|application\/(octet-stream|xml))$/)
        },
      ),
      { numRuns: 2000 },
    )
  })

  it.each([
    ['BMW is a maker of cars\n', 'cars.bmp', 'text/plain'],
    ['\ufeffid,name\n', 'people.csv', 'text/csv'],
    ['ID3,name\n1,Ada\n', 'people.csv', 'text/csv'],
    ['ID3,name\n1,Ada\n', 'song.mp3', 'text/plain'],
    ['[2026-11-30] started\n', 'app.log', 'text/plain'],
    ['{draft} hello', 'notes.txt', 'text/plain'],
    ['[package]\nname = "x"\n', 'Cargo.toml', 'application/toml'],
    ['PLEASE READ ME\n', 'read.txt', 'text/plain'],
    ['Getting started', 'README.md', 'text/markdown'],
    ['const a: G = 1', 'index.ts', 'text/plain'],
    ['fn main() {}', 'main.rs', 'text/plain'],
    ['print(1)', 'main.py', 'text/x-python'],
    ['{"a":1}\n{"a":2}\n', 'a.jsonl', 'application/jsonl'],
    ['{"a":1}', 'a.json', 'application/json'],
    ['hello', 'a.svg', 'text/plain'],
    ['hello', 'a.html', 'text/html'],
    ['hello', 'a.docx', 'text/plain'],
    ['hello', 'a.bin', 'text/plain'],
    ['a,b\n', 'a.m3u', 'text/plain'],
    ['#EXTM3U\n', 'a.m3u', 'audio/x-mpegurl'],
    ['#EXTM3U\n#EXT-X-VERSION:3\n', 'a.m3u8', 'application/vnd.apple.mpegurl'],
    ['BEGIN:VCARD\nVERSION:3.0\n', 'a.vcf', 'text/vcard'],
  ])('%j has the type of its name %s', (text, filename, type) => {
    expect(detect(Buffer.from(text), filename)).toBe(type)
  })

  it.each([
    ['HTML', '<!DOCTYPE html>\n<p>', 'text/html'],
    ['HTML after a comment', '\n<!-- a > b -->\n<HTML lang=en>', 'text/html'],
    ['HTML without a declaration', '<script>alert(1)</script>', 'text/html'],
    ['XHTML', '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml">', 'application/xhtml+xml'],
    ['SVG', SVG.toString(), 'image/svg+xml'],
    ['SVG with a document type', '<!DOCTYPE svg [ <!ENTITY a "b>"> ]>\n<svg:svg>', 'image/svg+xml'],
    ['XML', XML.toString(), 'application/xml'],
    ['RSS', '<?xml version="1.0"?><rss version="2.0">', 'application/rss+xml'],
    ['RTF', '{\\rtf1\\ansi hello}', 'application/rtf'],
    ['PDF', '%PDF-1.4\n1 0 obj', 'application/pdf'],
    ['PostScript', '%!PS-Adobe-3.0\n', 'application/postscript'],
    ['a calendar', 'BEGIN:VCALENDAR\r\n', 'text/calendar'],
    ['subtitles', 'WEBVTT\n\n', 'text/vtt'],
    ['a GIF of nothing but its signature', 'GIF89a', 'image/gif'],
    ['a portable pixmap', 'P3 # made\n2 2 255\n0 0 0', 'image/x-portable-pixmap'],
    ['no element', '< a and b >', 'text/plain'],
    ['a comparison', '<=> is an operator', 'text/plain'],
    ['an unknown element', '<hello>', 'text/plain'],
    ['a cut comment', '<!-- hello', 'text/plain'],
  ])('says itself that it is %s', (_, text, type) => {
    expect(detect(Buffer.from(text), 'unnamed')).toBe(type)
    expect(detect(Buffer.from(`\ufeff${text}`), 'unnamed')).toBe(type)
  })

  it.each([
    ['<!DOCTYPE html>\n<p>', 'text/html'],
    ['<?xml version="1.0"?>\n<svg/>', 'image/svg+xml'],
    ['BEGIN:VCALENDAR\r\n', 'text/calendar'],
    ['%PDF-1.4\n1 0 obj', 'text/plain'],
  ])('says so in UTF-16, too: %j', (text, type) => {
    for (const mark of ['\ufeff', '']) {
      expect(detect(Buffer.from(mark + text, 'utf16le'), 'unnamed')).toBe(type)
      expect(detect(Buffer.from(mark + text, 'utf16le').swap16(), 'unnamed')).toBe(type)
    }
  })

  it.each([
    ['a page as .jpg', HTML, 'photo.jpg', 'image/jpeg', 'text/html'],
    ['a page as .pdf', HTML, 'report.pdf', undefined, 'text/html'],
    ['a page as a sound of an own type', HTML, 'a', 'audio/x-own', 'text/html'],
    ['a page as a playlist', HTML, 'a.m3u', 'audio/x-mpegurl', 'text/html'],
    ['a page as .zip', HTML, 'all.zip', 'application/zip', 'text/html'],
    ['a drawing as .png', SVG, 'photo.png', 'image/png', 'image/svg+xml'],
    ['a table as an Excel sheet', TEXT, 'people.csv', 'application/vnd.ms-excel', 'text/csv'],
    ['RTF as .doc', Buffer.from('{\\rtf1 hello}'), 'a.doc', 'application/msword', 'application/rtf'],
    ['a text as XML', TEXT, 'a.xml', 'text/xml', 'text/plain'],
    ['a text that begins like a GIF', Buffer.from('GIF89a is a format'), 'a.txt', undefined, 'text/plain'],
    ['a PDF of text as .txt', Buffer.from('%PDF-1.4\n'), 'notes.txt', 'text/plain', 'application/pdf'],
  ])('is not believed to be something else: %s', (_, head, filename, declaredType, type) => {
    expect(detect(head, filename, declaredType)).toBe(type)
  })

  it('of an older encoding needs a name or a beginning that says that it is one', () => {
    expect(detect(LATIN1, 'a.txt')).toBe('text/plain')
    expect(detect(LATIN1, 'a', 'text/csv')).toBe('text/csv')
    expect(detect(Buffer.from('<?xml version="1.0" encoding="latin1"?><a>ü</a>', 'latin1'), 'a')).toBe(
      'application/xml',
    )
    expect(detect(LATIN1, 'unnamed')).toBe(UNKNOWN)
  })

  it('may be UTF-16 without a mark', () => {
    expect(detect(Buffer.from('hello', 'utf16le'), 'a.txt')).toBe('text/plain')
    expect(detect(Buffer.from('hello', 'utf16le').swap16(), 'a.csv')).toBe('text/csv')
    expect(detect(Buffer.from('\ufeffGr\ud83d', 'utf16le'), 'a.txt')).toBe('text/plain')
  })

  it('may be cut in the middle of a character', () => {
    for (const length of [4095, 4096, 4097, 4098, 9999])
      expect(detect(Buffer.from('€'.repeat(4000)).subarray(0, length), 'unnamed')).toBe('text/plain')
  })
})

describe('a binary file', () => {
  it.each([
    ['PNG', made.PNG, 'image/png'],
    ['JPEG', made.JPEG, 'image/jpeg'],
    ['GIF', made.GIF, 'image/gif'],
    ['WebP', made.WEBP, 'image/webp'],
    ['BMP', made.bmp(), 'image/bmp'],
    ['TIFF', made.TIFF, 'image/tiff'],
    ['an icon', made.icon(1), 'image/vnd.microsoft.icon'],
    ['AVIF', made.isoMedia('avif'), 'image/avif'],
    ['AVIF by a compatible brand', made.isoMedia('mif1', { compatible: ['miaf', 'avif'] }), 'image/avif'],
    ['HEIC', made.isoMedia('heic'), 'image/heic'],
    ['HEIF', made.isoMedia('mif1', { compatible: ['miaf'] }), 'image/heif'],
    ['PDF', made.PDF, 'application/pdf'],
    ['gzip', made.GZIP, 'application/gzip'],
    ['bzip2', made.BZIP2, 'application/x-bzip2'],
    ['xz', made.XZ, 'application/x-xz'],
    ['zstd', made.ZSTD, 'application/zstd'],
    ['7-Zip', made.SEVEN_ZIP, 'application/x-7z-compressed'],
    ['RAR', made.RAR, 'application/vnd.rar'],
    ['tar', made.tar('notes.txt', 'hello'), 'application/x-tar'],
    ['tar of the oldest kind', made.tar('notes.txt', 'hello', { signed: false }), 'application/x-tar'],
    ['MP4', made.isoMedia('mp42'), 'video/mp4'],
    ['MP4 with a picture', made.isoMedia('isom', { tracks: ['soun', 'vide'] }), 'video/mp4'],
    ['MP4 without a picture', made.isoMedia('isom', { tracks: ['soun'] }), 'audio/mp4'],
    ['a voice memo', made.isoMedia('M4A '), 'audio/mp4'],
    ['an audio book', made.isoMedia('M4B '), 'audio/mp4'],
    ['QuickTime', made.isoMedia('qt  '), 'video/quicktime'],
    ['3GPP', made.isoMedia('3gp4'), 'video/3gpp'],
    ['Matroska', made.matroska('matroska', ['V_MPEG4/ISO/AVC', 'A_AAC']), 'video/x-matroska'],
    ['WebM', made.matroska('webm', ['V_VP9', 'A_OPUS']), 'video/webm'],
    ['a recording of a browser', made.matroska('webm', ['A_OPUS']), 'audio/webm'],
    ['Ogg with sound', made.ogg('\x01vorbis'), 'audio/ogg'],
    ['Ogg with a picture', made.ogg('\x01vorbis', '\x80theora'), 'video/ogg'],
    ['Ogg of an unknown kind', made.ogg('unknown'), 'application/ogg'],
    ['Windows Media with a picture', made.asf('audio', 'video'), 'video/x-ms-wmv'],
    ['Windows Media without a picture', made.asf('audio'), 'audio/x-ms-wma'],
    ['MP3', made.mp3(), 'audio/mpeg'],
    ['MP3 with a tag', made.id3(made.mp3()), 'audio/mpeg'],
    ['AAC', made.adts(), 'audio/aac'],
    ['AAC with a tag', made.id3(made.adts()), 'audio/aac'],
    ['FLAC', made.FLAC, 'audio/flac'],
    ['WAV', made.riff('WAVE'), 'audio/wav'],
    ['AVI', made.riff('AVI '), 'video/x-msvideo'],
    ['MIDI', made.MIDI, 'audio/midi'],
    ['an MPEG transport stream', made.transportStream(), 'video/mp2t'],
    ['TrueType', made.trueType(), 'font/ttf'],
    ['OpenType', made.OPEN_TYPE, 'font/otf'],
    ['WOFF2', made.WOFF2, 'font/woff2'],
    ['WebAssembly', made.WASM, 'application/wasm'],
    ['a class of Java', made.JAVA_CLASS, 'application/java-vm'],
    ['a program of Windows', PROGRAM, 'application/vnd.microsoft.portable-executable'],
    ['SQLite', made.SQLITE, 'application/vnd.sqlite3'],
    ['ZIP', ARCHIVE, ZIP],
    ['Word', WORD, DOCX],
    ['Excel, written as a stream', SHEET, XLSX],
    [
      'Word with macros',
      made.zip([...made.officeEntries('word', 'document'), ['word/vbaProject.bin', 'x']]),
      DOCM,
    ],
    [
      'OpenDocument',
      made.zip([['mimetype', 'application/vnd.oasis.opendocument.text']]),
      'application/vnd.oasis.opendocument.text',
    ],
    [
      'EPUB',
      made.zip([
        ['mimetype', 'application/epub+zip'],
        ['a', 'b'],
      ]),
      'application/epub+zip',
    ],
    ['a JAR', made.zip([['META-INF/MANIFEST.MF', 'x']]), 'application/java-archive'],
    [
      'an Android package',
      made.zip([
        ['META-INF/MANIFEST.MF', 'x'],
        ['AndroidManifest.xml', 'x'],
      ]),
      'application/vnd.android.package-archive',
    ],
    [
      'old Word by its class',
      made.ole({ clsid: '00020906-0000-0000-C000-000000000046' }),
      'application/msword',
    ],
    ['old Word by its stream', made.ole({ streams: ['1Table', 'WordDocument'] }), 'application/msword'],
    ['old Excel', made.ole({ streams: ['Workbook'] }), 'application/vnd.ms-excel'],
    [
      'old PowerPoint',
      made.ole({ clsid: '64818D10-4F9B-11CF-86EA-00AA00B929E8' }),
      'application/vnd.ms-powerpoint',
    ],
    ['a mail of Outlook', made.ole({ streams: ['__nameid_version1.0'] }), 'application/vnd.ms-outlook'],
    ['an installer', made.ole({ clsid: '000C1084-0000-0000-C000-000000000046' }), 'application/x-msi'],
    ['an unknown OLE container', made.ole({}), OLE],
  ])('is known by its bytes alone, and under a false name: %s', (_, head, type) => {
    expect(detect(head, 'unnamed')).toBe(type)
    expect(detect(head, 'a.txt', 'text/plain')).toBe(type)
    expect(detect(head, 'a.png', 'application/x-own')).toBe(type)
  })

  it.each([
    ['noise as .docx', NOISE, 'a.docx', DOCX, UNKNOWN],
    ['noise as .mp3', NOISE, 'a.mp3', 'audio/mpeg', UNKNOWN],
    ['noise as .doc', NOISE, 'a.doc', 'application/msword', UNKNOWN],
    ['noise as .txt', NOISE, 'a.txt', 'text/plain', UNKNOWN],
    ['a program as .docx', PROGRAM, 'a.docx', DOCX, 'application/vnd.microsoft.portable-executable'],
    ['a program as .jpg', PROGRAM, 'a.jpg', 'image/jpeg', 'application/vnd.microsoft.portable-executable'],
    ['an archive as .docx', ARCHIVE, 'a.docx', DOCX, ZIP],
    ['an archive as .epub', ARCHIVE, 'a.epub', 'application/epub+zip', ZIP],
    ['an archive as .xls', ARCHIVE, 'a.xls', 'application/vnd.ms-excel', ZIP],
    ['a long archive as .docx', cut(70_000), 'a.docx', DOCX, ZIP],
    ['Excel as Word', SHEET, 'a.docx', DOCX, XLSX],
    [
      'macros as .docx',
      made.zip([...made.officeEntries('word', 'document'), ['word/vbaProject.bin', 'x']]),
      'a.docx',
      DOCX,
      DOCM,
    ],
    [
      'an installer as .doc',
      made.ole({ streams: ['\u4840\u3f7f'] }),
      'a.doc',
      'application/msword',
      'application/x-msi',
    ],
    ['an unknown OLE container as .doc', made.ole({}), 'a.doc', 'application/msword', OLE],
    ['a PNG as .jpg', made.PNG, 'photo.jpg', 'image/jpeg', 'image/png'],
    ['a sound as a film', made.isoMedia('M4A '), 'a.mp4', 'video/mp4', 'audio/mp4'],
    [
      'bytes that begin with "["',
      Buffer.from([0x5b, 0xff, 0, 1, 2, 3]),
      'a.json',
      'application/json',
      UNKNOWN,
    ],
    ['bytes that begin with "G"', Buffer.from('G\x01\x02\x03 some binary'), 'a.bin', undefined, UNKNOWN],
    ['bytes that begin with "BM"', Buffer.from('BM\0\x01'), 'a.bmp', 'image/bmp', UNKNOWN],
    ['nothing at all as .png', Buffer.alloc(0), 'photo.png', 'image/png', UNKNOWN],
  ])('is not believed to be what it is not: %s', (_, head, filename, declaredType, type) => {
    expect(detect(head, filename, declaredType)).toBe(type)
  })

  it.each([
    ['a template of Word', WORD, 'a.dotx', DOTX],
    ['Word behind a long picture', cut(70_000, ['[Content_Types].xml', 'x']), 'letter.docx', DOCX],
    ['a JAR whose manifest is not at the start', cut(70_000), 'tool.jar', 'application/java-archive'],
    ['an own kind of ZIP archive', ARCHIVE, 'places.kmz', 'application/vnd.google-earth.kmz'],
    ['a sound whose tracks are unseen', made.isoMedia('mp42'), 'memo.m4a', 'audio/mp4'],
    ['a photo as a negative', made.TIFF, 'a.nef', 'image/x-nikon-nef'],
    ['an Ogg film', made.ogg('unknown'), 'film.ogv', 'video/ogg'],
    ['noise of an own type', NOISE, 'model.stl', 'model/stl'],
    ['a TGA, which has no signature', NOISE, 'photo.tga', 'image/x-tga'],
    ['an empty text', Buffer.alloc(0), 'notes.md', 'text/markdown'],
  ])('lets the name say what the bytes leave open: %s', (_, head, filename, type) => {
    expect(detect(head, filename)).toBe(type)
  })
})

describe('a claim', () => {
  it('of the client comes before that of the extension, if the bytes allow both', () => {
    expect(detect(ARCHIVE, 'a.zip', 'application/x-own+zip')).toBe('application/x-own+zip')
    expect(detect(TEXT, 'notes.txt', 'text/markdown')).toBe('text/markdown')
  })

  it('that says nothing of use leaves the choice to the extension', () => {
    expect(detect(TEXT, 'people.csv', UNKNOWN)).toBe('text/csv')
    expect(detect(TEXT, 'people.csv', 'image/png')).toBe('text/csv')
  })

  it('loses its parameters and its capitals', () => {
    expect(detect(TEXT, 'x', 'Text/HTML; charset=UTF-8')).toBe('text/html')
  })

  it.each([
    ['application/x-gzip', made.GZIP, 'application/gzip'],
    ['audio/x-m4a', made.isoMedia('isom'), 'audio/mp4'],
    ['application/x-javascript', TEXT, 'text/javascript'],
    ['text/xml', XML, 'application/xml'],
  ])('by the old name %s gets the present one', (declaredType, head, type) => {
    expect(detect(head, 'x', declaredType)).toBe(type)
  })

  it.each(['', ';', ' ; charset=utf-8', 'text', '/', 'text/', 'text/html\r\nx: y', 'a b/c'])(
    'that is no type says nothing: %j',
    (declaredType) => {
      expect(detect(NOISE, 'x', declaredType)).toBe(UNKNOWN)
      expect(detect(TEXT, 'x', declaredType)).toBe('text/plain')
    },
  )

  it.each(['constructor', 'a.constructor', '__proto__', 'x.__proto__', 'toString', 'hasOwnProperty'])(
    'is not made of the name %j',
    (filename) => {
      expect(detect(NOISE, filename)).toBe(UNKNOWN)
    },
  )

  it('of our own program is believed whatever the bytes are', () => {
    const claims: TypeClaims = {
      filename: 'a.txt',
      declaredType: 'text/plain',
      contentType: 'application/x-own',
    }

    expect(detectContentType(made.PNG, claims)).toBe('application/x-own')
  })
})

describe('whatever a client sends', () => {
  const starts: Buffer[] = Object.values(made).flatMap((value) => (Buffer.isBuffer(value) ? [value] : []))
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 600 }),
    fc
      .tuple(
        fc.constantFrom(...starts, WORD, SHEET, made.ole({}), made.mp3(), made.isoMedia('isom')),
        fc.nat(),
        fc.nat(255),
      )
      .map(([start, at, byte]) => {
        const changed = Buffer.from(start)
        changed[at % start.length] = byte
        return changed.subarray(0, at % 7 === 0 ? at % start.length : undefined)
      }),
  )

  it('it has a type', () => {
    fc.assert(
      fc.property(
        bytes,
        fc.string({ unit: 'binary' }),
        fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
        (head, filename, declaredType) => {
          expect(detect(head, filename, declaredType)).toMatch(/^[\w.+-]+\/[\w.+-]+$/)
        },
      ),
      { numRuns: 3000 },
    )
  })

  it.each([
    ['comments', Buffer.from('<!---->'.repeat(10_000))],
    ['cut comments', Buffer.from('<!--'.repeat(16_000))],
    ['document types', Buffer.from('<!DOCTYPE a ['.repeat(5000))],
    ['spaces', Buffer.from(' '.repeat(65_536))],
    ['letters', Buffer.from('P3'.padEnd(65_536, ' #'))],
    [
      'entries of ZIP without a size',
      made.zip(
        Array.from({ length: 1500 }, () => ['', ''] as const),
        { streamed: true },
      ),
    ],
    ['PK', Buffer.from('PK\x03\x04'.repeat(16_384), 'latin1')],
    ['handlers', Buffer.concat([made.isoMedia('isom'), Buffer.from('hdlr'.repeat(16_000))])],
    ['declared names', Buffer.from('#EXTM3U\n#EXT-'.padEnd(65_536, '\n#EXT'))],
  ])('it takes no time: %s', (_, head) => {
    detect(head, 'a')

    const start = performance.now()
    detect(head, 'a.svg', 'image/svg+xml')

    expect(performance.now() - start).toBeLessThan(50)
  })
})
