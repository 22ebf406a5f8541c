import sharp from 'sharp'

/** A picture that nobody has to bring along. */
export interface SamplePicture {
  readonly caption: string
  readonly filename: string
  readonly bytes: Buffer
}

interface Scene {
  readonly caption: string
  /** Of the sky, from above. */
  readonly sky: readonly [string, string, string]
  readonly sun: { readonly x: number; readonly y: number; readonly colour: string }
  /** Of the hills, from the farthest to the nearest. */
  readonly hills: readonly string[]
}

const SCENES: readonly Scene[] = [
  {
    caption: 'First light',
    sky: ['#24345f', '#c76b6f', '#ffd39a'],
    sun: { x: 1080, y: 520, colour: '#fff1cf' },
    hills: ['#9c5f79', '#6b4569', '#402f54', '#221b36'],
  },
  {
    caption: 'Noon in the valley',
    sky: ['#4f9bd6', '#9fcfe9', '#e9f4ee'],
    sun: { x: 380, y: 230, colour: '#fffbe6' },
    hills: ['#9cc3b4', '#6fa389', '#437d61', '#215443'],
  },
  {
    caption: 'After the rain',
    sky: ['#5e6f7c', '#a3b4b8', '#e5e4d6'],
    sun: { x: 1250, y: 330, colour: '#f5f1dc' },
    hills: ['#8fa3a0', '#647f7c', '#3f5f5e', '#213d3f'],
  },
  {
    caption: 'The last boat home',
    sky: ['#1d2b53', '#7e3f7a', '#ff9b71'],
    sun: { x: 620, y: 600, colour: '#ffe0b5' },
    hills: ['#8b4c78', '#5c3768', '#352752', '#181634'],
  },
  {
    caption: 'Dunes',
    sky: ['#5aa7c7', '#c4dccf', '#fbe6c1'],
    sun: { x: 1150, y: 300, colour: '#fffaf0' },
    hills: ['#e9bd87', '#d89a5e', '#b8733f', '#87492a'],
  },
  {
    caption: 'Full moon',
    sky: ['#070d24', '#16244d', '#3c5482'],
    sun: { x: 420, y: 260, colour: '#f2f4ff' },
    hills: ['#2c4069', '#1f2f52', '#14203c', '#0a1124'],
  },
]

/** What the scenes are drawn on. */
const WIDTH = 1600
const HEIGHT = 1066

/** Three pictures of landscapes; others for another number. */
export async function samplePictures(start: number): Promise<SamplePicture[]> {
  const first = start % SCENES.length
  const scenes = [...SCENES, ...SCENES].slice(first, first + 3)
  return await Promise.all(
    scenes.map(async (scene, index) => ({
      caption: scene.caption,
      filename: `${scene.caption.toLowerCase().replaceAll(' ', '-')}.jpg`,
      bytes: await sharp(Buffer.from(drawn(scene, start + index)))
        .jpeg({ quality: 88 })
        .toBuffer(),
    })),
  )
}

function drawn({ sky, sun, hills }: Scene, seed: number): string {
  const stops = sky.map((colour, index) => `<stop offset="${index * 45}%" stop-color="${colour}"/>`)
  const ridges = hills.map((colour, index) => `<path d="${ridge(index, seed)}" fill="${colour}"/>`)
  return `<svg xmlns="http://www.w3.org/2000/svg" width="1200" height="800" viewBox="0 0 ${WIDTH} ${HEIGHT}">
    <defs>
      <linearGradient id="sky" x2="0" y2="1">${stops.join('')}</linearGradient>
      <radialGradient id="glow"><stop stop-color="${sun.colour}" stop-opacity=".75"/><stop offset="1" stop-color="${sun.colour}" stop-opacity="0"/></radialGradient>
    </defs>
    <rect width="100%" height="100%" fill="url(#sky)"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="420" fill="url(#glow)"/>
    <circle cx="${sun.x}" cy="${sun.y}" r="70" fill="${sun.colour}"/>
    ${ridges.join('')}
  </svg>`
}

/** The outline of a chain of hills: waves of three lengths, the nearer the lower and the longer. */
function ridge(index: number, seed: number): string {
  const points: string[] = []
  for (let x = 0; x <= WIDTH; x += 10) {
    const at = x / WIDTH + seed * 0.37 + index * 1.7
    const wave = Math.sin(at * 5) * 70 + Math.sin(at * 13 + index) * 30 + Math.sin(at * 37) * (9 - index * 2)
    points.push(`${x} ${Math.round(600 + index * 115 - wave)}`)
  }
  return `M0 ${HEIGHT} L${points.join(' L')} L${WIDTH} ${HEIGHT} Z`
}
