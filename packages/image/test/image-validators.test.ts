import { UploadedFile, type FileValidator } from '@filedepot/core'
import { allowAspectRatio, allowDimensions, UploadedImage } from '@filedepot/image'
import { describe, expect, it } from '@jest/globals'
import { Readable } from 'node:stream'
import { memoryDepot, pathsOf } from './support/depot.ts'
import { picture, turned } from './support/pictures.ts'

/** What an upload of the picture with these validators fails with, if it does; where it does, nothing is stored. */
async function verdict(bytes: Buffer, ...validators: FileValidator[]): Promise<unknown> {
  const depot = memoryDepot()
  const outcomes = await Promise.all(
    [UploadedFile, UploadedImage].map((type) =>
      depot
        .upload(UploadedFile.from.call(type, Readable.from([bytes]), { filename: 'me.jpg' }), { validators })
        .then(
          () => 'accepted' as const,
          (error: unknown) => error as { code: unknown; message: unknown },
        ),
    ),
  )
  const [plain, image] = outcomes.map((outcome) =>
    outcome === 'accepted' ? outcome : { code: outcome.code, message: outcome.message },
  )
  // A rule of a column holds whatever the type of its files.
  expect(image).toEqual(plain)
  if (plain !== 'accepted') expect(await pathsOf(depot)).toEqual([])
  return plain
}

const refused = (message: string) => ({ code: 'FILE_REFUSED', message: `Expected "me.jpg" to be ${message}` })

describe('allowDimensions', () => {
  it.each([
    [{}, 'accepted'],
    [{ minWidth: 64, maxWidth: 64, minHeight: 48, maxHeight: 48 }, 'accepted'],
    [{ minWidth: 65 }, refused('at least 65, got 64 pixels wide')],
    [{ maxWidth: 63 }, refused('at most 63, got 64 pixels wide')],
    [{ minHeight: 49, maxHeight: 90 }, refused('49 to 90, got 48 pixels high')],
    [{ maxHeight: 47 }, refused('at most 47, got 48 pixels high')],
  ])('%j of 64×48: %j', async (options, outcome) => {
    expect(await verdict(await picture().webp().toBuffer(), allowDimensions(options))).toEqual(outcome)
  })

  it('are those that one sees', async () => {
    const upright = await turned(6, 48, 64)

    expect(await verdict(upright, allowDimensions({ maxWidth: 48 }))).toBe('accepted')
  })

  it('refuse what is no image', async () => {
    const outcome = await verdict(Buffer.from('<html>'), allowDimensions({ maxWidth: 100 }))

    expect(outcome).toMatchObject({ code: 'NOT_AN_IMAGE' })
  })

  it('look at the formats that they are given', async () => {
    const depot = memoryDepot()
    const svg = Buffer.from('<svg xmlns="http://www.w3.org/2000/svg" width="40" height="20"></svg>')
    const upload = (validator: FileValidator) =>
      depot.upload(UploadedFile.from(svg), { validators: [validator] })

    await expect(upload(allowDimensions({ maxWidth: 40 }))).rejects.toMatchObject({
      code: 'UNSUPPORTED_FORMAT',
    })
    await expect(upload(allowDimensions({ maxWidth: 40, formats: ['svg'] }))).resolves.toBeInstanceOf(
      UploadedFile,
    )
  })

  it.each([{ minWidth: 0 }, { maxWidth: -1 }, { maxHeight: '10' }, { formats: ['exe'] }])(
    'do not know %j',
    (options) => {
      expect(() => allowDimensions(options as object)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    },
  )
})

describe('allowAspectRatio', () => {
  it.each([
    [{}, 'accepted'],
    [{ min: 1.3, max: 1.4 }, 'accepted'],
    [{ min: 64 / 48, max: 64 / 48 }, 'accepted'],
    [{ min: 1, max: 1 }, refused('1 to 1, got 64×48, which is 1.33')],
    [{ max: 1 }, refused('at most 1, got 64×48, which is 1.33')],
    [{ min: 2 }, refused('at least 2, got 64×48, which is 1.33')],
  ])('%j of 64×48: %j', async (options, outcome) => {
    expect(await verdict(await picture().png().toBuffer(), allowAspectRatio(options))).toEqual(outcome)
  })

  it('does not know a ratio of nothing', () => {
    expect(() => allowAspectRatio({ min: 0 })).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
