/// <reference lib="dom" />
import { describe, expect, it } from '@jest/globals'
import { BITMAP, jpeg, noise, NO_PICTURE, TOO_LARGE } from './support/pictures.ts'
import { hasChromium, PLAIN_HOST } from './support/chromium.ts'
import { useGallery } from './support/use-gallery.ts'
import { drop, naturalWidths } from './support/visitor.ts'

// What visitors do, in Chromium, on the example as it is started; and what is in the database and on the disk then.

const gallery = useGallery()
const inChromium = hasChromium ? it : it.skip
const CARDS = '#photos img'

/** The photos of the one album that a test is about. */
async function photosOf(captions: readonly string[]) {
  return (await gallery.rows.photos()).filter(({ caption }) => captions.includes(caption))
}

describe('a visitor', () => {
  inChromium('creates an album', async () => {
    const { page } = await gallery.visit()
    await page.goto(gallery.url)

    await page.getByLabel('New album').fill('  A week in <Lisbon> & back ')
    await page.getByRole('button', { name: 'Create album' }).click()
    await page.waitForURL(/\/albums\/\d+$/)

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('A week in <Lisbon> & back')
    expect(await page.title()).toBe('A week in <Lisbon> & back · filedepot gallery')
    expect(await gallery.rows.albums()).toContain('A week in <Lisbon> & back')
  })

  inChromium('drops several pictures at once, each with a bar, and sees them', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())

    await drop(page, [
      await jpeg('Red.jpg', 'red'),
      await jpeg('Lime.jpg', 'lime'),
      await jpeg('Blue_sky.jpg', 'blue'),
    ])
    await page.locator('.upload.added').nth(2).waitFor()

    const bars = page.getByRole('progressbar')
    expect(await bars.evaluateAll((all) => all.map((bar) => (bar as HTMLProgressElement).value))).toEqual([
      1, 1, 1,
    ])
    expect(await page.getByRole('progressbar', { name: 'Upload of Lime.jpg' }).count()).toBe(1)
    expect(await page.locator('#news').innerText()).toBe('3 added.')
    expect(await page.locator('#count').innerText()).toBe('3 photos')
    expect(await naturalWidths(page, CARDS)).toEqual([640, 640, 640])
    const stored = await photosOf(['Red', 'Lime', 'Blue sky'])
    expect(stored.map(({ files }) => files.length)).toEqual([3, 3, 3])
    await page.reload()
    expect(await naturalWidths(page, CARDS)).toEqual([640, 640, 640])
  })

  inChromium('sees on the bar how far a large picture is', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    const network = await page.context().newCDPSession(page)
    const slow = { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: 2_000_000 }
    await network.send('Network.emulateNetworkConditions', slow)

    await page.locator('#files').setInputFiles(await noise('Large.png'))
    await page.waitForFunction(() => {
      const { value = 0 } = document.querySelector('progress') ?? {}
      return value > 0 && value < 1
    })
    await page.locator('.upload.added').waitFor()

    expect(await page.locator('progress').evaluate((bar) => (bar as HTMLProgressElement).value)).toBe(1)
  })

  inChromium('chooses pictures with nothing but the keyboard', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    const tabTo = async (selector: string) => {
      for (let presses = 0; presses < 20; presses++) {
        await page.keyboard.press('Tab')
        if (await page.locator(selector).evaluate((element) => element === document.activeElement)) return
      }
      throw new Error(`no Tab leads to ${selector}`)
    }

    // Waited for well before the key: the browser has to be told first.
    const chooser = page.waitForEvent('filechooser')
    await tabTo('#files')
    await page.keyboard.press('Enter')
    await (await chooser).setFiles([await jpeg('Typed.jpg', 'teal')])
    await page.locator('.upload.added').waitFor()
    await tabTo('#photos a')
    await page.keyboard.press('Enter')
    await page.waitForURL(/\/photos\/\d+$/)

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe('Typed')
  })

  inChromium('changes a caption, and nothing of it is taken for HTML', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    await page.locator('#files').setInputFiles(await jpeg('Plain.jpg', 'olive'))
    await page.locator('#photos a').click()
    const caption = `"Ada's" <img src=x onerror="alert(1)"> & more`

    await page.getByLabel('Caption').fill(caption)
    await page.getByRole('button', { name: 'Save caption' }).click()
    await page.getByText('The caption is saved.').waitFor()

    expect(await page.getByRole('heading', { level: 1 }).innerText()).toBe(caption)
    expect(await page.locator('.frame img').getAttribute('alt')).toBe(caption)
    expect(await photosOf([caption])).toHaveLength(1)
  })

  inChromium('replaces a picture: the files of the old one are gone', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    await page.locator('#files').setInputFiles(await jpeg('Old.jpg', 'maroon'))
    await page.locator('#photos a').click()
    const [old] = await photosOf(['Old'])

    await page
      .getByLabel('Another picture in its place')
      .setInputFiles(await jpeg('New.jpg', 'navy', 300, 400))
    await page.getByRole('button', { name: 'Replace' }).click()
    await page.getByText('The new picture is here.').waitFor()

    const [replaced] = await photosOf(['Old'])
    expect(replaced).toMatchObject({ id: old!.id, filename: 'New.jpg' })
    expect((await gallery.onDisk()).filter((id) => old!.files.includes(id))).toEqual([])
    expect(await naturalWidths(page, '.frame img')).toEqual([300])
  })

  inChromium('deletes a photo: its files are gone', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    await page.locator('#files').setInputFiles(await jpeg('Gone.jpg', 'gold'))
    await page.locator('#photos a').click()
    const [photo] = await photosOf(['Gone'])

    await page.getByText('Delete this photo').click()
    await page.getByRole('button', { name: 'Delete photo' }).click()
    await page.getByText('The photo is gone').waitFor()

    expect(await photosOf(['Gone'])).toEqual([])
    expect((await gallery.onDisk()).filter((id) => photo!.files.includes(id))).toEqual([])
    expect(await page.getByRole('button', { name: 'Paint three pictures' }).isVisible()).toBe(true)
  })

  inChromium('deletes an album: its photos and their files are gone', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album('Short-lived'))
    await page.getByRole('button', { name: 'Paint three pictures' }).click()
    await page.getByText('The pictures are here.').waitFor()
    const before = await gallery.rows.photos()
    const inAlbum = before.slice(-3)

    await page.getByText('Delete this album').click()
    await page.getByRole('button', { name: 'Delete album' }).click()
    await page.getByText('The album is gone').waitFor()

    expect(await gallery.rows.albums()).not.toContain('Short-lived')
    expect(await gallery.rows.photos()).toEqual(before.slice(0, -3))
    const gone = inAlbum.flatMap(({ files }) => files)
    expect(gone).toHaveLength(9)
    expect((await gallery.onDisk()).filter((id) => gone.includes(id))).toEqual([])
  })

  inChromium('has a transaction fail on purpose, and sees that nothing stayed', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    const photos = await gallery.rows.photos()
    const files = await gallery.onDisk()

    await page.getByRole('button', { name: 'Fail on purpose' }).click()
    await page.getByText('Nothing stayed. 3 photos with 9 files were there for a moment.').waitFor()

    const cells = await page.locator('tbody td').allInnerTexts()
    const counts = [photos.length, files.length]
    expect(cells.map(Number)).toEqual([...counts, photos.length + 3, files.length + 9, ...counts])
    expect(await gallery.rows.photos()).toEqual(photos)
    expect(await gallery.onDisk()).toEqual(files)
  })
})

describe('what is refused', () => {
  inChromium('is said beside each file, and the others are added', async () => {
    const { page } = await gallery.visit()
    await page.goto(await gallery.album())
    const before = await gallery.rows.photos()

    const files = await gallery.paths([TOO_LARGE, NO_PICTURE, await jpeg('Between.jpg', 'pink')])
    await page.locator('#files').setInputFiles(files)
    await page.getByText('1 added, 2 not').waitFor()

    const rows = await page.locator('.upload').allInnerTexts()
    expect(rows.map((row) => row.split(/\n+/))).toEqual([
      ['huge.png', 'Too large: a picture may have 10 MB. Nothing was stored.'],
      ['notes.png', 'Not a picture, whatever its name says, or a damaged one. Nothing was stored.'],
      ['Between.jpg', 'Added'],
    ])
    expect((await gallery.rows.photos()).slice(before.length)).toMatchObject([{ caption: 'Between' }])
  })

  inChromium('is said by the server where the browser has seen nothing wrong', async () => {
    const { page, complaints } = await gallery.visit()
    const url = await gallery.album()
    await page.goto(url)
    const before = await gallery.rows.photos()

    await page.locator('#files').setInputFiles(BITMAP)
    await page.getByText('Not a JPEG, PNG, WebP, GIF or AVIF.').waitFor()

    // The browser's own log of the status.
    expect(complaints.splice(0)).toEqual([
      `415: ${new URL(url).pathname}/photos`,
      expect.stringContaining('the server responded with a status of 415'),
    ])
    expect(await gallery.rows.photos()).toEqual(before)
  })
})

describe('without JavaScript', () => {
  inChromium('everything works by plain forms', async () => {
    const { page } = await gallery.visit({ javaScriptEnabled: false })
    await page.goto(gallery.url)

    await page.getByLabel('New album').fill('Plain')
    await page.getByRole('button', { name: 'Create album' }).click()
    await page
      .getByLabel('Add pictures')
      .setInputFiles([await jpeg('One.jpg', 'tan'), await jpeg('Two.jpg', 'tomato')])
    await page.getByRole('button', { name: 'Upload' }).click()
    await page.getByText('The pictures are here.').waitFor()

    expect(await page.locator('#photos li').allInnerTexts()).toEqual(['One', 'Two'])
    expect(await photosOf(['One', 'Two'])).toHaveLength(2)
  })

  inChromium.each([
    ['too large', TOO_LARGE, 'Too large: a picture may have 10 MB.'],
    ['no picture', NO_PICTURE, 'Not a picture, whatever its name says'],
  ])('what is %s is refused with all that came with it, and the reason is said', async (_, file, reason) => {
    const { page } = await gallery.visit({ javaScriptEnabled: false })
    const url = await gallery.album()
    await page.goto(url)
    const before = await gallery.rows.photos()

    const files = await gallery.paths([await jpeg('Good.jpg', 'plum'), file])
    await page.getByLabel('Add pictures').setInputFiles(files)
    await page.getByRole('button', { name: 'Upload' }).click()
    await page.getByRole('alert').waitFor()

    expect(await page.getByRole('alert').innerText()).toContain(reason)
    expect(page.url()).toMatch(`${url}?refused=`)
    expect(await gallery.rows.photos()).toEqual(before)
  })
})

describe('in a network without HTTPS', () => {
  inChromium('everything works, though browsers send and believe fewer headers', async () => {
    const { page } = await gallery.visit()
    const url = new URL(await gallery.album('At home'))
    url.hostname = PLAIN_HOST
    await page.goto(url.href)

    await page.locator('#files').setInputFiles(await jpeg('Home.jpg', 'sienna'))
    await page.locator('.upload.added').waitFor()
    await page.getByText('Delete this album').click()
    await page.getByRole('button', { name: 'Delete album' }).click()
    await page.getByText('The album is gone').waitFor()

    expect(await gallery.rows.albums()).not.toContain('At home')
  })
})
