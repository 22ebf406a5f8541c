import { crc32, gzipSync } from 'node:zlib'

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex')
const ascii = (text: string) => Buffer.from(text, 'latin1')
const uint16 = (value: number) => Buffer.from([value & 255, value >> 8])
const uint32 = (value: number) => Buffer.concat([uint16(value & 0xffff), uint16(value >>> 16)])
const uint32BE = (value: number) => Buffer.from(uint32(value)).reverse()

/** A ZIP archive of stored entries. As a stream, their sizes come behind their contents. */
export function zip(
  entries: readonly (readonly [name: string, content: string | Buffer])[],
  { streamed = false } = {},
): Buffer {
  const locals: Buffer[] = []
  const central: Buffer[] = []
  let offset = 0
  for (const [name, content] of entries) {
    const bytes = Buffer.from(content)
    const sizes = Buffer.concat([uint32(crc32(bytes)), uint32(bytes.length), uint32(bytes.length)])
    const start = [
      uint16(20),
      uint16(streamed ? 8 : 0),
      hex('0000 0000 2158'),
      streamed ? Buffer.alloc(12) : sizes,
    ]
    const end = [uint16(name.length), uint16(0)]
    const descriptor = streamed ? Buffer.concat([ascii('PK\x07\x08'), sizes]) : Buffer.alloc(0)
    const local = Buffer.concat([ascii('PK\x03\x04'), ...start, ...end, ascii(name), bytes, descriptor])
    const listed = [uint16(20), uint16(streamed ? 8 : 0), hex('0000 0000 2158'), sizes, ...end]
    central.push(
      Buffer.concat([
        ascii('PK\x01\x02'),
        uint16(20),
        ...listed,
        Buffer.alloc(10),
        uint32(offset),
        ascii(name),
      ]),
    )
    locals.push(local)
    offset += local.length
  }
  const directory = Buffer.concat(central)
  const counts = [uint16(entries.length), uint16(entries.length), uint32(directory.length), uint32(offset)]
  return Buffer.concat([...locals, directory, ascii('PK\x05\x06'), Buffer.alloc(4), ...counts, uint16(0)])
}

/** The entries with which Word, Excel and PowerPoint begin. */
export function officeEntries(folder: string, main: string): [string, string][] {
  const types = `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>`
  return [
    ['[Content_Types].xml', types],
    ['_rels/.rels', '<?xml version="1.0"?><Relationships/>'],
    [`${folder}/${main}.xml`, '<?xml version="1.0"?><w/>'],
  ]
}

const SECTOR = 512

/** An OLE container with one sector for its table, one for its directory and one for content. */
export function ole({
  clsid = '00000000-0000-0000-0000-000000000000',
  streams = [],
  content = Buffer.alloc(SECTOR),
  directorySector = 1,
}: {
  clsid?: string
  streams?: readonly string[]
  content?: Buffer
  directorySector?: number
}): Buffer {
  const header = Buffer.alloc(SECTOR)
  hex('d0cf11e0a1b11ae1').copy(header)
  header.writeUInt16LE(0x3e, 24)
  header.writeUInt16LE(3, 26)
  header.writeUInt16LE(0xfffe, 28)
  header.writeUInt16LE(9, 30)
  header.writeUInt16LE(6, 32)
  header.writeUInt32LE(1, 44)
  header.writeUInt32LE(directorySector, 48)
  header.writeUInt32LE(4096, 56)
  header.writeUInt32LE(0xfffffffe, 60)
  header.writeUInt32LE(0xfffffffe, 68)
  header.fill(0xff, 76)
  header.writeUInt32LE(directorySector + 1, 76)
  const table = Buffer.alloc(SECTOR, 0xff)
  table.writeUInt32LE(0xfffffffe, 0)
  table.writeUInt32LE(0xfffffffe, 4 * directorySector)
  table.writeUInt32LE(0xfffffffd, 4 * (directorySector + 1))
  const names = ['Root Entry', ...streams]
  const directory = Buffer.alloc(SECTOR)
  for (const [i, name] of names.slice(0, 4).entries()) {
    const entry = directory.subarray(i * 128)
    entry.write(name, 'utf16le')
    entry.writeUInt16LE(name.length * 2 + 2, 64)
    entry[66] = i === 0 ? 5 : 2
    entry[67] = 1
    entry.writeUInt32LE(0xffffffff, 68)
    entry.writeUInt32LE(i > 0 && i < names.length - 1 ? i + 1 : 0xffffffff, 72)
    entry.writeUInt32LE(i === 0 && streams.length > 0 ? 1 : 0xffffffff, 76)
    if (i === 0) guid(clsid).copy(entry, 80)
    entry.writeUInt32LE(i === 0 ? 0xfffffffe : 0, 116)
  }
  const before = Buffer.alloc((directorySector - 1) * SECTOR)
  return Buffer.concat([header, content, before, directory, table])
}

function guid(text: string): Buffer {
  const [a = '', b = '', c = '', ...rest] = text.split('-')
  return Buffer.concat([hex(a).reverse(), hex(b).reverse(), hex(c).reverse(), hex(rest.join(''))])
}

function box(name: string, ...content: Buffer[]): Buffer {
  const bytes = Buffer.concat(content)
  return Buffer.concat([uint32BE(bytes.length + 8), ascii(name), bytes])
}

/** A file of boxes: with its tracks at the start, or without. */
export function isoMedia(
  brand: string,
  { compatible = ['isom'], tracks }: { compatible?: string[]; tracks?: ('vide' | 'soun')[] } = {},
): Buffer {
  const ftyp = box('ftyp', ascii(brand), Buffer.alloc(4), ascii(compatible.join('')))
  const media = box('mdat', Buffer.alloc(64, 0x99))
  if (!tracks) return Buffer.concat([ftyp, media])
  const traks = tracks.map((kind) =>
    box('trak', box('mdia', box('hdlr', Buffer.alloc(8), ascii(kind), Buffer.alloc(13)))),
  )
  return Buffer.concat([ftyp, box('moov', box('mvhd', Buffer.alloc(100)), ...traks), media])
}

function element(id: string, content: Buffer): Buffer {
  return Buffer.concat([hex(id), Buffer.from([0x80 | content.length]), content])
}

export function matroska(docType: 'webm' | 'matroska', codecs: readonly string[]): Buffer {
  const header = element(
    '1a45dfa3',
    Buffer.concat([element('4286', hex('01')), element('4282', ascii(docType))]),
  )
  const tracks = codecs.map((codec) => element('ae', element('86', ascii(codec))))
  return Buffer.concat([header, hex('18538067 01ffffffffffffff'), element('1654ae6b', Buffer.concat(tracks))])
}

export function ogg(...codecs: readonly string[]): Buffer {
  const page = (codec: string) =>
    Buffer.concat([
      ascii('OggS\0\x02'),
      Buffer.alloc(20),
      Buffer.from([1, 30]),
      ascii(codec),
      Buffer.alloc(22),
    ])
  return Buffer.concat(codecs.map(page))
}

/** A Microsoft ASF file, with the ids of the properties of its streams. */
export function asf(...streams: ('audio' | 'video')[]): Buffer {
  const ids = { audio: '409e69f8 4d5bcf11 a8fd0080 5f5c442b', video: 'c0ef19bc 4d5bcf11 a8fd0080 5f5c442b' }
  const header = hex('3026b275 8e66cf11 a6d900aa 0062ce6c 0002000000000000 01000000 0102')
  return Buffer.concat([
    header,
    ...streams.flatMap((kind) => [Buffer.alloc(24), hex(ids[kind]), Buffer.alloc(16)]),
  ])
}

export function mp3(): Buffer {
  const frame = Buffer.alloc(417)
  hex('fffb9064').copy(frame)
  return Buffer.concat([frame, frame, frame])
}

export function adts(): Buffer {
  const frame = Buffer.alloc(64)
  hex('fff15080 081ffc').copy(frame)
  return Buffer.concat([frame, frame, frame])
}

export function id3(sound: Buffer): Buffer {
  return Buffer.concat([ascii('ID3\x03\0\0'), hex('00000114'), Buffer.alloc(148), sound])
}

export function transportStream(): Buffer {
  const packet = Buffer.alloc(188, 0xff)
  hex('47400010').copy(packet)
  return Buffer.concat([packet, packet, packet, packet, packet])
}

export function riff(kind: string): Buffer {
  return Buffer.concat([
    ascii('RIFF'),
    uint32(100),
    ascii(`${kind}fmt `),
    uint32(16),
    hex('01000200'),
    Buffer.alloc(76),
  ])
}

export function bmp(): Buffer {
  const info = [uint32(40), uint32(2), uint32(2), uint16(1), uint16(24), Buffer.alloc(24)]
  return Buffer.concat([ascii('BM'), uint32(70), uint32(0), uint32(54), ...info, Buffer.alloc(16)])
}

export function icon(kind: 1 | 2): Buffer {
  const entry = [hex('10100000 01002000'), uint32(1128), uint32(22)]
  return Buffer.concat([uint16(0), uint16(kind), uint16(1), ...entry, uint32(40), Buffer.alloc(1124)])
}

export function trueType(): Buffer {
  const table = Buffer.concat([ascii('OS/2'), Buffer.alloc(12)])
  return Buffer.concat([hex('00010000 000a 0080 0003 0020'), ...Array.from({ length: 10 }, () => table)])
}

export function tar(name: string, content: string, { signed = true } = {}): Buffer {
  const block = Buffer.alloc(512)
  block.write(name)
  block.write('0000644\x000000000\x000000000\x00', 100)
  block.write(`${content.length.toString(8).padStart(11, '0')}\x0000000000000\x00        0`, 124)
  if (signed) block.write('ustar\x0000', 257)
  block.write(
    `${block
      .reduce((sum, byte) => sum + byte)
      .toString(8)
      .padStart(6, '0')}\x00 `,
    148,
  )
  return Buffer.concat([
    block,
    Buffer.concat([Buffer.from(content), Buffer.alloc(512)]).subarray(0, 512),
    Buffer.alloc(1024),
  ])
}

export function windowsProgram(): Buffer {
  const start = Buffer.alloc(128)
  start.write('MZ\x90\0\x03\0\0\0\x04\0\0\0\xff\xff', 'latin1')
  start.writeUInt32LE(128, 60)
  return Buffer.concat([start, ascii('PE\0\0'), hex('6486 0200'), Buffer.alloc(300)])
}

export const PNG = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
  'base64',
)
export const JPEG = hex('ffd8ffe0 00104a46 49460001 01000001 00010000 ffdb0043')
export const GIF = Buffer.concat([
  ascii('GIF89a'),
  hex('01000100 800000 ffffff 000000 2c00000000010001000002024401003b'),
])
export const WEBP = Buffer.concat([
  ascii('RIFF'),
  uint32(36),
  ascii('WEBPVP8 '),
  uint32(24),
  hex('300100 9d012a 0100 0100'),
])
export const PDF = Buffer.concat([
  ascii('%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n<<>>\nendobj\n'),
  Buffer.alloc(4),
])
export const TIFF = Buffer.concat([
  hex('49492a00 08000000 0100 0001 0300 01000000 01000000'),
  Buffer.alloc(32),
])
export const GZIP = gzipSync('hello world')
export const BZIP2 = hex('425a6839 31415926 5359 4eece836 00000251')
export const XZ = hex('fd377a58 5a00 0004 e6d6b446 0200210116000000')
export const ZSTD = hex('28b52ffd 0458 1900 00 68656c')
export const SEVEN_ZIP = Buffer.concat([hex('377abcaf271c 0004'), Buffer.alloc(24, 7)])
export const RAR = Buffer.concat([hex('526172211a0701 00'), Buffer.alloc(24, 7)])
export const WASM = hex('0061736d 01000000 0105 0160000000')
export const JAVA_CLASS = Buffer.concat([hex('cafebabe 0000 0034 0010'), Buffer.alloc(40, 1)])
export const FLAC = Buffer.concat([ascii('fLaC'), hex('00000022 10001000'), Buffer.alloc(30)])
export const MIDI = hex('4d546864 00000006 0001 0002 01e0 4d54726b 00000010')
export const FLV = hex('464c5601 05 00000009 00000000')
export const SQLITE = Buffer.concat([ascii('SQLite format 3\0'), hex('1000 0101 00402020'), Buffer.alloc(76)])
export const WOFF2 = Buffer.concat([ascii('wOF2'), hex('00010000 00001000 000a0000'), Buffer.alloc(32)])
export const OPEN_TYPE = Buffer.concat([
  ascii('OTTO'),
  hex('000a 0080 0003 0020'),
  ascii('CFF '),
  Buffer.alloc(60),
])
