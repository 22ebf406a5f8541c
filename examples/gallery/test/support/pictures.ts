import sharp from 'sharp'

/** A file as Playwright and forms have it. */
export interface TestFile {
  readonly name: string
  readonly mimeType: string
  readonly buffer: Buffer
}

export async function jpeg(name: string, colour: string, width = 900, height = 600): Promise<TestFile> {
  const picture = sharp({ create: { width, height, channels: 3, background: colour } })
  return { name, mimeType: 'image/jpeg', buffer: await picture.jpeg().toBuffer() }
}

/** A picture that cannot be compressed: some two megabytes. */
export async function noise(name: string): Promise<TestFile> {
  const create = { width: 1000, height: 700, channels: 3, background: 'grey' } as const
  const picture = sharp({ create: { ...create, noise: { type: 'gaussian', mean: 128, sigma: 60 } } })
  return { name, mimeType: 'image/png', buffer: await picture.png().toBuffer() }
}

/** What only calls itself a picture. */
export const NO_PICTURE: TestFile = {
  name: 'notes.png',
  mimeType: 'image/png',
  buffer: Buffer.from('<script>alert(1)</script>'),
}

/** A byte more than is allowed. */
export const TOO_LARGE: TestFile = {
  name: 'huge.png',
  mimeType: 'image/png',
  buffer: Buffer.alloc(10_000_001),
}

/** The beginning of a photograph of an iPhone. */
export const HEIC: TestFile = {
  name: 'IMG_0001.HEIC',
  mimeType: 'image/heic',
  buffer: Buffer.concat([Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'), Buffer.alloc(2000)]),
}

/** Two by two pixels in a format that browsers show, and the gallery does not take. */
export const BITMAP: TestFile = {
  name: 'old.bmp',
  mimeType: 'image/bmp',
  buffer: Buffer.from(
    '424d46000000000000003600000028000000020000000200000001001800000000001000000000000000000000000000000000000000' +
      '0000ff0000ff00000000ff0000ff0000',
    'hex',
  ),
}
