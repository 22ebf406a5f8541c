/// <reference lib="dom" />
import { describe, expect, it } from '@jest/globals'
import axe from 'axe-core'
import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import type { Page } from 'playwright-core'
import { jpeg, NO_PICTURE } from './support/pictures.ts'
import { hasChromium } from './support/chromium.ts'
import { useGallery } from './support/use-gallery.ts'
import { drop } from './support/visitor.ts'

// Every page as it is seen: by axe-core in both colour schemes, on a phone, and in screenshots for people.

const gallery = useGallery()
const inChromium = hasChromium ? it : it.skip
const SCREENSHOTS = join('artifacts', 'gallery')

type Screen = (page: Page, album: string) => Promise<unknown>

/** Every page, and every state of one that looks different. */
const SCREENS: Record<string, Screen> = {
  albums: (page) => page.goto(gallery.url),
  album: (page, album) => page.goto(album),
  'empty-album': async (page) => page.goto(`${await gallery.album('Nothing yet')}?refused=NOT_AN_IMAGE`),
  photo: async (page, album) => {
    await page.goto(album)
    await Promise.all([page.waitForURL(/\/photos\//), page.locator('#photos a').first().click()])
    for (const summary of await page.locator('summary').all()) await summary.click()
  },
  uploads: async (page) => {
    await page.goto(await gallery.album('Some were refused'))
    await drop(page, [await jpeg('Harbour.jpg', '#38618c'), NO_PICTURE])
    await page.getByText('1 added, 1 not').waitFor()
  },
  rollback: async (page, album) => {
    await page.goto(album)
    await page.getByRole('button', { name: 'Fail on purpose' }).click()
    await page.getByText('Nothing stayed').waitFor()
  },
}

let filled: Promise<string> | undefined

/** An album with pictures, the same for all tests. */
function filledAlbum(): Promise<string> {
  filled ??= gallery.album('Lakes and hills').then(async (url) => {
    await fetch(`${url}/samples`, { method: 'POST' })
    await fetch(`${url}/samples`, { method: 'POST' })
    return url
  })
  return filled
}

async function violations(page: Page): Promise<string[]> {
  await page.evaluate(axe.source)
  const { violations: found } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run(),
  )
  return found.flatMap(({ id, nodes }) =>
    nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
  )
}

async function photograph(page: Page, name: string): Promise<void> {
  await mkdir(SCREENSHOTS, { recursive: true })
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`), fullPage: true })
}

describe('every page', () => {
  inChromium.each(Object.keys(SCREENS))(
    'has nothing that axe-core objects to, by day and by night, and fits a phone: %s',
    async (name) => {
      const { page } = await gallery.visit({ colorScheme: 'light' })
      await SCREENS[name]!(page, await filledAlbum())

      await photograph(page, `${name}-light`)
      const byDay = await violations(page)
      await page.emulateMedia({ colorScheme: 'dark' })
      await photograph(page, `${name}-dark`)
      const byNight = await violations(page)
      await page.setViewportSize({ width: 360, height: 740 })
      await photograph(page, `${name}-phone`)
      const width = await page.evaluate(() => document.documentElement.scrollWidth)

      expect({ byDay, byNight, width }).toEqual({ byDay: [], byNight: [], width: 360 })
    },
  )
})

describe('a page that is not there', () => {
  inChromium('says so, and has nothing that axe-core objects to', async () => {
    const { page, complaints } = await gallery.visit()

    await page.goto(`${gallery.url}/albums/999999`)

    expect(await page.getByRole('heading').innerText()).toBe('Nothing hangs here')
    expect(await violations(page)).toEqual([])
    expect(complaints.splice(0)).toEqual([
      '404: /albums/999999',
      expect.stringContaining('the server responded with a status of 404'),
    ])
  })
})

describe('a visitor who wants less motion', () => {
  inChromium('sees nothing move', async () => {
    const { page } = await gallery.visit({ reducedMotion: 'reduce' })
    await page.goto(await filledAlbum())

    const duration = await page
      .locator('.card a')
      .first()
      .evaluate((card) => getComputedStyle(card).transitionDuration)

    expect(duration).toBe('0s')
  })
})
