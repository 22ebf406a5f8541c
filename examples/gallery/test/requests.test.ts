import { describe, expect, it } from '@jest/globals'
import { HEIC, jpeg, NO_PICTURE, TOO_LARGE, type TestFile } from './support/pictures.ts'
import { useGallery } from './support/use-gallery.ts'

// What the server answers, whatever browser or program asks.

const gallery = useGallery()

function formWith(field: string, files: readonly TestFile[]): FormData {
  const form = new FormData()
  for (const { name, mimeType, buffer } of files)
    form.append(field, new Blob([new Uint8Array(buffer)], { type: mimeType }), name)
  return form
}

async function post(url: string, body: FormData | URLSearchParams, headers: Record<string, string> = {}) {
  return await fetch(url, { method: 'POST', body, headers, redirect: 'manual' })
}

const script = { Accept: 'application/json' }

describe('an upload', () => {
  it('by the script is answered with the photo as HTML', async () => {
    const album = await gallery.album()

    const answer = await post(`${album}/photos`, formWith('photos', [await jpeg('A & B.jpg', 'red')]), script)

    expect(answer.status).toBe(201)
    const { html } = (await answer.json()) as { html: string }
    expect(html).toContain('A &#38; B')
    expect(html).not.toContain('A & B')
  })

  it.each([
    ['a file that is too large', 413, 'FILE_TOO_LARGE', [TOO_LARGE]],
    ['what is no picture', 415, 'NOT_AN_IMAGE', [NO_PICTURE]],
    ['nothing', 400, 'NO_FILE', []],
  ])('of %s is answered with %i', async (_, status, code, files) => {
    const album = await gallery.album()
    const before = await gallery.rows.photos()

    const form = formWith('photos', files)
    form.append('text', 'that is not asked for')
    const answer = await post(`${album}/photos`, form, script)

    expect(answer.status).toBe(status)
    expect(await answer.json()).toMatchObject({ code })
    expect(await gallery.rows.photos()).toEqual(before)
  })

  it('of HEIC is refused by a message that names it', async () => {
    const album = await gallery.album()

    const answer = await post(`${album}/photos`, formWith('photos', [HEIC]), script)

    expect(answer.status).toBe(415)
    expect(await answer.json()).toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
      message: expect.stringContaining('HEIC'),
    })
  })

  it.each([
    { count: 20, status: 201, more: 20 },
    { count: 21, status: 413, more: 0 },
  ])('of $count pictures is answered with $status', async ({ count, status, more }) => {
    const album = await gallery.album()
    const before = await gallery.rows.photos()
    const dots = Array<TestFile>(count).fill(await jpeg('Dot.jpg', 'red', 1, 1))

    const answer = await post(`${album}/photos`, formWith('photos', dots), script)

    expect(answer.status).toBe(status)
    expect(await gallery.rows.photos()).toHaveLength(before.length + more)
  })

  it('into an album that is not there is answered with 404', async () => {
    const form = formWith('photos', [await jpeg('Lost.jpg', 'red')])

    expect((await post(`${gallery.url}/albums/999999/photos`, form, script)).status).toBe(404)
  })

  it('of something else than a form is answered with 400', async () => {
    const answer = await post(`${await gallery.album()}/photos`, new URLSearchParams({ photos: 'x' }), script)

    expect(answer.status).toBe(400)
    expect(await answer.json()).toMatchObject({ code: 'MALFORMED_UPLOAD' })
  })
})

describe('a form from the page of another site', () => {
  it.each([
    { 'Sec-Fetch-Site': 'cross-site' },
    { 'Sec-Fetch-Site': 'same-site' },
    { Origin: 'http://evil.example' },
    { Origin: 'null' },
  ])('changes nothing: %j', async (headers) => {
    const before = await gallery.rows.albums()

    const answer = await post(`${gallery.url}/albums`, new URLSearchParams({ title: 'Evil' }), headers)

    expect(answer.status).toBe(403)
    expect(await gallery.rows.albums()).toEqual(before)
  })

  it('is told from one of our own', async () => {
    const own = { Origin: gallery.url }

    const answer = await post(`${gallery.url}/albums`, new URLSearchParams({ title: 'Ours' }), own)

    expect(answer.status).toBe(303)
  })
})

describe('titles and captions', () => {
  it.each(['', '   ', 'x'.repeat(101)])(
    'are refused where they are too short or too long: %j',
    async (title) => {
      const before = await gallery.rows.albums()

      const answer = await post(`${gallery.url}/albums`, new URLSearchParams({ title }))

      expect(answer.headers.get('location')).toBe('/?refused=NO_TITLE')
      expect(await gallery.rows.albums()).toEqual(before)
    },
  )
})

describe('what is sent', () => {
  it('has a policy by which a page runs nothing but our script', async () => {
    const page = await fetch(gallery.url)

    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'")
    expect(page.headers.get('content-security-policy')).toContain("script-src 'self'")
    expect(page.headers.get('x-content-type-options')).toBe('nosniff')
    expect(await page.text()).not.toMatch(/<script(?! type="module" src=)| style=| on[a-z]+=/)
  })

  it('has, where it is a picture, a policy by which it runs nothing at all', async () => {
    const album = await gallery.album()
    await post(`${album}/samples`, new URLSearchParams())
    const [, src = ''] = /<img src="([^"]+)"/.exec(await (await fetch(album)).text()) ?? []

    const picture = await fetch(gallery.url + src)

    expect(picture.headers.get('content-type')).toBe('image/webp')
    expect(picture.headers.get('content-security-policy')).toMatch(/^default-src 'none'.* sandbox$/)
  })

  it('says nothing that stands in an address', async () => {
    const page = await (
      await fetch(`${gallery.url}/?refused=<b>Call+this+number</b>&done=constructor`)
    ).text()

    expect(page).not.toMatch(/Call|role="alert"|role="status"/)
  })

  it.each([
    ['an address with a broken %', '/albums/%E0%A4%A', undefined, 400],
    ['a title of a megabyte', '/albums', new URLSearchParams({ title: 'x'.repeat(1_000_000) }), 413],
  ])('is what went wrong with %s', async (_, path, body, status) => {
    const answer = await (body ? post(gallery.url + path, body, script) : fetch(gallery.url + path))

    expect(answer.status).toBe(status)
    expect(await answer.text()).not.toMatch(/node_modules|Error/)
  })

  it.each(['/albums/1e3', '/albums/-1', '/albums/99999999999999999999', '/photos/x', '/nothing'])(
    'is a 404 for %s',
    async (path) => {
      expect((await fetch(gallery.url + path)).status).toBe(404)
    },
  )
})
