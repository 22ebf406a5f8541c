import sharp, { type Sharp } from 'sharp'

/** Colours that no colour space and no compression makes look like another of them. */
const COLOURS = {
  red: [255, 0, 0],
  green: [0, 160, 0],
  blue: [0, 0, 255],
  white: [255, 255, 255],
  black: [0, 0, 0],
}

type Colour = keyof typeof COLOURS
export type Pixels = (x: number, y: number) => Colour

/** The four quarters of a picture have a colour each: red, green, blue, white, as one reads. */
export function quarters(width: number, height: number): Pixels {
  return (x, y) => {
    const left = x < width / 2
    if (y < height / 2) return left ? 'red' : 'green'
    return left ? 'blue' : 'white'
  }
}

/** What is said of the upright picture, of pixels in this order: the row and column that EXIF calls the first. */
const STORED: Record<number, (pixels: Pixels, width: number, height: number) => Pixels> = {
  1: (pixels) => pixels,
  2: (pixels, width) => (x, y) => pixels(width - 1 - x, y),
  3: (pixels, width, height) => (x, y) => pixels(width - 1 - x, height - 1 - y),
  4: (pixels, _, height) => (x, y) => pixels(x, height - 1 - y),
  5: (pixels) => (x, y) => pixels(y, x),
  6: (pixels, width) => (x, y) => pixels(width - 1 - y, x),
  7: (pixels, width, height) => (x, y) => pixels(width - 1 - y, height - 1 - x),
  8: (pixels, _, height) => (x, y) => pixels(y, height - 1 - x),
}

/** A picture of four quarters as sharp has it, ready to be written in any format. */
export function picture(width = 64, height = 48, pixels: Pixels = quarters(width, height)): Sharp {
  const data = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) data.set(COLOURS[pixels(x, y)], (y * width + x) * 3)
  }
  return sharp(data, { raw: { width, height, channels: 3 } })
}

/** The upright picture as a camera that was held in another way stores it. */
export async function turned(orientation: number, width = 64, height = 48): Promise<Buffer> {
  const pixels = STORED[orientation]!(quarters(width, height), width, height)
  const [storedWidth, storedHeight] = orientation < 5 ? [width, height] : [height, width]
  return await picture(storedWidth, storedHeight, pixels)
    .jpeg({ quality: 100, chromaSubsampling: '4:4:4' })
    .withMetadata({ orientation })
    .toBuffer()
}

/** Red, and transparent in its right half. */
export function halfTransparent(width = 64, height = 48): Sharp {
  const data = Buffer.alloc(width * height * 4)
  for (let at = 0; at < width * height; at++) data.set([255, 0, 0, at % width < width / 2 ? 255 : 0], at * 4)
  return sharp(data, { raw: { width, height, channels: 4 } })
}

/** Frames of one colour each: red, green, blue. */
export function frames(width = 64, height = 48): Sharp {
  const colours: Colour[] = ['red', 'green', 'blue']
  const data = Buffer.concat(
    colours.map((colour) =>
      Buffer.concat(Array.from({ length: width * height }, () => Buffer.from(COLOURS[colour]))),
    ),
  )
  return sharp(data, { raw: { width, height: height * colours.length, channels: 3, pageHeight: height } })
}

/** What compresses badly, so that its file is large. */
export function noise(width: number, height: number): Sharp {
  const gaussian = { type: 'gaussian' as const, mean: 128, sigma: 60 }
  return sharp({ create: { width, height, channels: 3, background: '#888', noise: gaussian } })
}

/** A PNG whose header is right, and whose pixels no decoder finds. */
export async function broken(): Promise<Buffer> {
  const whole = await noise(100, 75).png({ progressive: true }).toBuffer()
  return whole.subarray(0, whole.byteLength / 2)
}

/** What an image is, as far as its bytes tell. */
export async function describe(
  bytes: Uint8Array,
): Promise<{ format: string; width: number; height: number }> {
  const { format, compression, width, height } = await sharp(bytes).metadata()
  return { format: compression === 'av1' ? 'avif' : format, width, height }
}

/** The names of the colours in the middle of the four quarters; with its opacity where it is not opaque. */
export async function coloursOf(bytes: Uint8Array, page = 0): Promise<string[]> {
  const { data, info } = await sharp(bytes, { page })
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  const { width, height } = info
  return [0.25, 0.75].flatMap((down) =>
    [0.25, 0.75].map((right) => {
      const at = (Math.floor(height * down) * width + Math.floor(width * right)) * 4
      return nameOf(data.subarray(at, at + 4))
    }),
  )
}

export const UPRIGHT = ['red', 'green', 'blue', 'white']

function nameOf(pixel: Uint8Array): string {
  const [alpha = 255] = pixel.subarray(3)
  if (alpha < 8) return 'transparent'
  // Printers have no such blue as screens, so near is near enough.
  const name = Object.entries(COLOURS).find(
    ([, colour]) => Math.hypot(...colour.map((value, channel) => value - pixel[channel]!)) < 140,
  )?.[0]
  return `${name ?? pixel.subarray(0, 3).join(',')}${alpha > 247 ? '' : ` at ${alpha}`}`
}
