import { describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { basename, join, resolve } from 'node:path'
import { detectContentType } from '../../src/content/content-type.ts'
import { isTextType } from '../../src/content/types/text-type.ts'
import { typeByName } from '../../src/content/types/type-by-name.ts'
import { presentName } from '../../src/content/types/type-names.ts'
import * as made from '../support/made-files.ts'
import { findFiles, hasLibmagic, libmagicTypes, readHead } from '../support/real-files.ts'
import { temporaryFolders } from '../support/temporary-folder.ts'

/** Another opinion than that of Debian's `file`, and why it is right or does no harm. */
interface Disagreement {
  theirs: RegExp
  ours: RegExp
  why: string
}

const TEXTS: readonly Disagreement[] = [
  {
    theirs: /^(text\/.+|application\/json)$/,
    ours: /^text\/plain$/,
    why: 'libmagic guesses a language, HTML or JSON by words within the text. Neither its start nor its name says so.',
  },
  {
    theirs: /^text\/(javascript|plain|x-.+)$/,
    ours: /^text\/html$/,
    why: 'A README in Markdown that begins with an element of HTML, under no name. libmagic guesses by later words.',
  },
  {
    theirs: /^inode\/x-empty$/,
    ours: /^(application\/octet-stream|text\/.+|application\/json)$/,
    why: 'An empty file has no type of its own: that of a name that means a text, or none.',
  },
  {
    theirs: /^application\/octet-stream$/,
    ours: /^text\/(javascript|plain)$/,
    why: 'A program with a control character far behind its start, in a string. Its first 4 KiB are text.',
  },
  {
    theirs: /^application\/octet-stream$/,
    ours: /^text\/coffeescript$/,
    why: 'A file of one line break, which libmagic does not take for a text.',
  },
  {
    theirs: /^application\/(vnd\.hp-HPGL|postscript)$/i,
    ours: /^text\/plain$/,
    why: 'libmagic takes two letters for proof: "BP", "IN", "%!".',
  },
]

const MADE: readonly Disagreement[] = [
  {
    theirs: /^video\/(mp4|webm|x-ms-asf)$/,
    ours: /^audio\/(mp4|webm|x-ms-wma)$/,
    why: 'libmagic does not look whether a film has a picture.',
  },
  {
    theirs: /^video\/x-ms-asf$/,
    ours: /^video\/x-ms-wmv$/,
    why: 'Two names of one thing; players and tables of names call it by the second.',
  },
  {
    theirs: /^application\/vnd\.ms-opentype$/,
    ours: /^font\/otf$/,
    why: 'The second is the registered type.',
  },
  {
    theirs: /^application\/x-java-applet$/,
    ours: /^application\/java-vm$/,
    why: 'The second is the type of the extension .class.',
  },
  {
    theirs: /^application\/zip$/,
    ours: /^application\/java-archive$/,
    why: 'libmagic knows a JAR by a mark that only some programs write, not by its manifest.',
  },
  {
    theirs: /^application\/x-ole-storage$/,
    ours: /^application\/(vnd\.ms-powerpoint|vnd\.ms-outlook|x-msi)$/,
    why: 'libmagic reads a property of the container that the made ones lack; its class and its streams are there.',
  },
]

function compare(paths: readonly string[], allowed: readonly Disagreement[]): string[] {
  const types = libmagicTypes(paths)
  return paths.flatMap((path, i) => {
    const theirs = presentName((types[i] ?? '').toLowerCase())
    const head = readHead(path)
    return [basename(path), 'unnamed'].flatMap((filename) => {
      const ours = detectContentType(head, { filename })
      const isByName = isTextType(theirs) && isTextType(ours) && ours === typeByName(filename)
      if (ours === theirs || isByName) return []
      if (allowed.some((one) => one.theirs.test(theirs) && one.ours.test(ours))) return []
      return [`${path} as ${filename}: ${theirs} says file, ${ours} say we`]
    })
  })
}

const temporaryFolder = temporaryFolders()
const withLibmagic = hasLibmagic() ? describe : describe.skip

withLibmagic("Debian's file", () => {
  it('agrees about thousands of files of other people, but for a list', () => {
    const files = findFiles(resolve('node_modules/.pnpm'))

    const disagreements = compare(files, TEXTS)

    expect(files.length).toBeGreaterThan(2000)
    expect(disagreements).toEqual([])
  }, 120_000)

  it('agrees about texts whatever they begin with, but for a list', async () => {
    const folder = await temporaryFolder()
    const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i))
    const files = letters.flatMap((first, i) =>
      letters.map((second, j) => {
        const path = join(folder, `${i}-${j}.txt`)
        writeFileSync(path, `${first}${second}llo world, this is a plain text in a file.\n`)
        return path
      }),
    )

    expect(compare(files, TEXTS)).toEqual([])
  }, 120_000)

  it('agrees about every kind of file that the tests make, but for a list', async () => {
    const folder = await temporaryFolder()
    const files = Object.entries(KINDS).map(([name, bytes]) => {
      const path = join(folder, name)
      writeFileSync(path, bytes)
      return path
    })

    expect(compare(files, MADE)).toEqual([])
  })
})

const office = (folder: string, main: string) => made.zip(made.officeEntries(folder, main))

/** Under names that say nothing. */
const KINDS: Readonly<Record<string, Buffer>> = {
  png: made.PNG,
  jpeg: made.JPEG,
  gif: made.GIF,
  webp: made.WEBP,
  bmp: made.bmp(),
  tiff: made.TIFF,
  icon: made.icon(1),
  pointer: made.icon(2),
  avif: made.isoMedia('avif'),
  heic: made.isoMedia('heic'),
  heif: made.isoMedia('mif1', { compatible: ['miaf'] }),
  pdf: made.PDF,
  gzip: made.GZIP,
  bzip2: made.BZIP2,
  xz: made.XZ,
  zstd: made.ZSTD,
  sevenZip: made.SEVEN_ZIP,
  rar: made.RAR,
  tar: made.tar('notes.txt', 'hello'),
  oldTar: made.tar('notes.txt', 'hello', { signed: false }),
  mp4: made.isoMedia('mp42'),
  mp4Sound: made.isoMedia('isom', { tracks: ['soun'] }),
  m4a: made.isoMedia('M4A '),
  m4v: made.isoMedia('M4V '),
  quicktime: made.isoMedia('qt  '),
  threeGpp: made.isoMedia('3gp4'),
  matroska: made.matroska('matroska', ['V_MPEG4/ISO/AVC', 'A_AAC']),
  webm: made.matroska('webm', ['V_VP9', 'A_OPUS']),
  webmSound: made.matroska('webm', ['A_OPUS']),
  vorbis: made.ogg('\x01vorbis'),
  opus: made.ogg('OpusHead'),
  theora: made.ogg('\x80theora', '\x01vorbis'),
  wmv: made.asf('audio', 'video'),
  wma: made.asf('audio'),
  mp3: made.mp3(),
  id3: made.id3(made.mp3()),
  aac: made.adts(),
  flac: made.FLAC,
  wav: made.riff('WAVE'),
  avi: made.riff('AVI '),
  midi: made.MIDI,
  flv: made.FLV,
  transportStream: made.transportStream(),
  trueType: made.trueType(),
  openType: made.OPEN_TYPE,
  woff2: made.WOFF2,
  wasm: made.WASM,
  javaClass: made.JAVA_CLASS,
  windowsProgram: made.windowsProgram(),
  sqlite: made.SQLITE,
  zip: made.zip([['a.txt', 'hello']]),
  word: office('word', 'document'),
  excel: office('xl', 'workbook'),
  powerpoint: office('ppt', 'presentation'),
  openDocument: made.zip([['mimetype', 'application/vnd.oasis.opendocument.text']]),
  epub: made.zip([
    ['mimetype', 'application/epub+zip'],
    ['a', 'b'],
  ]),
  jar: made.zip([['META-INF/MANIFEST.MF', 'Manifest-Version: 1.0']]),
  oldWord: made.ole({ clsid: '00020906-0000-0000-C000-000000000046', streams: ['1Table', 'WordDocument'] }),
  oldExcel: made.ole({ clsid: '00020820-0000-0000-C000-000000000046', streams: ['Workbook'] }),
  oldPowerPoint: made.ole({
    clsid: '64818D10-4F9B-11CF-86EA-00AA00B929E8',
    streams: ['PowerPoint Document'],
  }),
  outlook: made.ole({ clsid: '00020D0B-0000-0000-C000-000000000046', streams: ['__nameid_version1.0'] }),
  installer: made.ole({ clsid: '000C1084-0000-0000-C000-000000000046', streams: ['\u4840\u3f7f'] }),
  ole: made.ole({}),
}
