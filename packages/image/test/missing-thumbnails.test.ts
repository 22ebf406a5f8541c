import { describe, expect, it } from '@jest/globals'
import { UploadedFile } from '@filedepot/core'
import { missingThumbnails, ThumbnailFilter, UploadedImage } from '@filedepot/image'

class Photo extends UploadedImage.with({ thumbnails: { thumb: { width: 64 }, large: { width: 1600 } } }) {}

const [ID, THUMB] = ['01890a5d-ac96-774b-bcce-b302099a8057', '01890a5d-ac96-774b-bcce-b302099a8058']
const JSON_OF_A_ROW = {
  ...{
    storage: 'default',
    id: ID,
    filename: 'a.png',
    contentType: 'image/png',
    size: 1,
    sha256: '0'.repeat(64),
  },
  uploadedAt: '2026-01-01T00:00:00.000Z',
  files: [`default/${ID}`, `default/${THUMB}`],
}

function named(name: string) {
  return { ...JSON_OF_A_ROW, metadata: { thumbnails: { [name]: { id: THUMB, contentType: 'image/webp' } } } }
}

describe('missingThumbnails', () => {
  it('names those of the type that the value was stored without', () => {
    expect(missingThumbnails(Photo.fromJSON(named('thumb')))).toEqual(['large'])
  })

  it('names those of filters', () => {
    const filters = [new ThumbnailFilter(), new ThumbnailFilter([12, 12])]

    expect(missingThumbnails(UploadedFile.fromJSON(named('thumb_128x128')), filters)).toEqual(['thumb_12x12'])
    expect(missingThumbnails(UploadedFile.fromJSON(named('thumb_128x128')))).toEqual([])
  })
})
