import type { FileFilter, UploadedFile } from '@filedepot/core'
import { ThumbnailFilter } from './thumbnail-filter.ts'
import { thumbnailsOf } from './thumbnail.ts'
import { UploadedImage } from './uploaded-image.ts'

/**
 * The names of the thumbnails that the type of a value, or the filters of its column, make by now, and that the value was stored
 * without. For `only` of `regenerateFiles`.
 *
 * ```ts
 * import { missingThumbnails } from '@filedepot/image'
 * import { regenerateFiles } from '@filedepot/typeorm'
 * import type { DataSource } from 'typeorm'
 *
 * async function addThumbnails(dataSource: DataSource): Promise<void> {
 *   await regenerateFiles(dataSource, {
 *     entity: 'Person',
 *     property: 'photo',
 *     only: (photo) => missingThumbnails(photo).length > 0,
 *     onlyMissing: true,
 *   })
 * }
 * ```
 *
 * @throws FiledepotError `PENDING_FILE`
 */
export function missingThumbnails(file: UploadedFile, filters: readonly FileFilter[] = []): string[] {
  const ofType =
    file instanceof UploadedImage ? (file.constructor as typeof UploadedImage).options.thumbnails : undefined
  const wanted = [
    ...Object.keys(ofType ?? {}),
    ...filters.flatMap((filter) => (filter instanceof ThumbnailFilter ? [filter.name] : [])),
  ]
  const made = thumbnailsOf(file)
  return wanted.filter((name) => !(name in made))
}
