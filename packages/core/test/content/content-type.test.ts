import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { detectContentType, type TypeClaims } from '../../src/content/content-type.ts'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')

const PNG = hex('89504e47 0d0a1a0a 0000000d 49484452')
const JPEG = hex('ffd8ffe0 00104a46 49460001')
const GIF = Buffer.from('GIF89a')
const WEBP = Buffer.concat([Buffer.from('RIFF'), hex('24000000'), Buffer.from('WEBPVP8 ')])
const PDF = Buffer.from('%PDF-1.7\n')
const ZIP = hex('504b0304 14000000 0800')
const GZIP = hex('1f8b0800 00000000')
const MATROSKA = hex('1a45dfa3 9f428681 01428284')
const MP4 = Buffer.concat([hex('00000018'), Buffer.from('ftypmp42')])
const QUICKTIME = Buffer.concat([hex('00000014'), Buffer.from('ftypqt  ')])
const OGG = Buffer.concat([Buffer.from('OggS'), hex('00020000 00000000')])
const TAR = (() => {
  const head = Buffer.alloc(512)
  head.write('notes.txt', 0)
  head.write('ustar\u000000', 257)
  return head
})()
const HTML = Buffer.from('<!doctype html><script>alert(1)</script>')
const TEXT = Buffer.from('hello world\n')
const SVG = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>')
const XML = Buffer.from('<?xml version="1.0" encoding="UTF-8"?>\n<svg xmlns="http://www.w3.org/2000/svg"/>')
const DOCX = 'application/vnd.openxmlformats-officedocument.wordprocessingml.document'

function detect(head: Uint8Array, filename: string, declaredType?: string): string {
  return detectContentType(head, { filename, declaredType })
}

describe('detectContentType', () => {
  it.each([
    ['BMW is a maker of cars\n', 'cars.txt', 'text/plain'],
    ['\ufeffid,name\n', 'people.csv', 'text/csv'],
    ['ID3,name\n1,Ada\n', 'people.csv', 'text/csv'],
    ['BM\u0000\u0001', 'cars.txt', 'image/bmp'],
    ['BMW is a maker of cars\n', 'cars.bmp', 'image/bmp'],
  ])('does not take a text for an image or a song by its first letters: %j as %s', (text, filename, type) => {
    expect(detect(Buffer.from(text), filename)).toBe(type)
  })

  it.each([
    ['PNG', PNG, 'image/png'],
    ['JPEG', JPEG, 'image/jpeg'],
    ['GIF', GIF, 'image/gif'],
    ['WebP', WEBP, 'image/webp'],
    ['PDF', PDF, 'application/pdf'],
    ['ZIP', ZIP, 'application/zip'],
    ['gzip', GZIP, 'application/gzip'],
    ['MP4', MP4, 'video/mp4'],
    ['QuickTime', QUICKTIME, 'video/quicktime'],
    ['Matroska', MATROSKA, 'video/x-matroska'],
    ['SVG', SVG, 'image/svg+xml'],
    ['tar, by the end of its header', TAR, 'application/x-tar'],
  ])('knows %s by its signature alone', (_, head, type) => {
    expect(detect(head, 'unnamed')).toBe(type)
  })

  it.each([
    ['a page as .jpg', HTML, 'photo.jpg', 'image/jpeg', 'application/octet-stream'],
    ['a page as .pdf', HTML, 'report.pdf', undefined, 'application/octet-stream'],
    ['a page as .mp4', HTML, 'film.mp4', 'video/mp4', 'application/octet-stream'],
    ['a page as .zip', HTML, 'all.zip', 'application/zip', 'application/octet-stream'],
    ['a PNG as .jpg', PNG, 'photo.jpg', 'image/jpeg', 'image/png'],
    ['a PDF as .txt', PDF, 'notes.txt', 'text/plain', 'application/pdf'],
    ['a ZIP as .png', ZIP, 'photo.png', 'image/png', 'application/zip'],
    ['a Matroska film as .zip', MATROSKA, 'a.zip', 'application/zip', 'video/x-matroska'],
    ['nothing at all as .png', Buffer.alloc(0), 'photo.png', 'image/png', 'application/octet-stream'],
  ])('does not believe %s', (_, head, filename, declaredType, type) => {
    expect(detect(head, filename, declaredType)).toBe(type)
  })

  it.each([
    ['docx', ZIP, 'letter.docx', DOCX],
    ['epub', ZIP, 'book.epub', 'application/epub+zip'],
    ['jar', ZIP, 'tool.jar', 'application/java-archive'],
    ['webm', MATROSKA, 'film.webm', 'video/webm'],
    ['svg with an XML declaration', XML, 'logo.svg', 'image/svg+xml'],
    ['rss', XML, 'feed.rss', 'application/rss+xml'],
    ['xml', XML, 'data.xml', 'text/xml'],
    ['ogg sound', OGG, 'song.ogg', 'audio/ogg'],
    ['ogg film', OGG, 'film.ogv', 'video/ogg'],
    ['plain text', TEXT, 'notes.txt', 'text/plain'],
    ['csv', TEXT, 'people.csv', 'text/csv'],
    ['html', HTML, 'page.html', 'text/html'],
    ['svg', SVG, 'logo.svg', 'image/svg+xml'],
  ])('lets the extension say that it is %s', (_, head, filename, type) => {
    expect(detect(head, filename)).toBe(type)
  })

  it('believes the client before the extension, where the bytes allow both', () => {
    expect(detect(ZIP, 'letter.zip', DOCX)).toBe(DOCX)
    expect(detect(TEXT, 'notes.txt', 'text/markdown')).toBe('text/markdown')
  })

  it('takes the extension where the client says nothing of use', () => {
    expect(detect(TEXT, 'people.csv', 'application/octet-stream')).toBe('text/csv')
    expect(detect(TEXT, 'people.csv', 'image/png')).toBe('text/csv')
  })

  it('drops the parameters and the capitals of a claim', () => {
    expect(detect(TEXT, 'x', 'Text/HTML; charset=UTF-8')).toBe('text/html')
  })

  it('knows the older names of a type', () => {
    expect(detect(GZIP, 'x', 'application/x-gzip')).toBe('application/x-gzip')
  })

  it.each(['', ';', ' ; charset=utf-8', 'text', '/', 'text/', 'text/html\r\nx: y', 'a b/c'])(
    'makes nothing of the claim %j',
    (declaredType) => {
      expect(detect(TEXT, 'x', declaredType)).toBe('application/octet-stream')
    },
  )

  it.each(['constructor', 'a.constructor', '__proto__', 'x.__proto__', 'toString', 'hasOwnProperty'])(
    'knows no type for the name %j',
    (filename) => {
      expect(detect(TEXT, filename)).toBe('application/octet-stream')
    },
  )

  it('believes our own program whatever the bytes are', () => {
    const claims: TypeClaims = {
      filename: 'a.txt',
      declaredType: 'text/plain',
      contentType: 'application/x-own',
    }

    expect(detectContentType(PNG, claims)).toBe('application/x-own')
  })

  it('answers with a type for whatever a client sends', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 600 }),
        fc.string({ unit: 'binary' }),
        fc.option(fc.string({ unit: 'binary' }), { nil: undefined }),
        (head, filename, declaredType) => {
          expect(detect(head, filename, declaredType)).toMatch(/^[\w.+-]+\/[\w.+-]+$/)
        },
      ),
      { numRuns: 1000 },
    )
  })
})
