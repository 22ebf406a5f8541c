import { UploadedFile } from '@filedepot/core'
import { customType } from 'drizzle-orm/sqlite-core'

/** A column of Drizzle that holds a stored file. A file that is not stored yet is refused: upload it first. */
export const uploadedFile = customType<{ data: UploadedFile; driverData: string }>({
  dataType: () => 'text',
  toDriver: (file) => JSON.stringify(file),
  fromDriver: (json) => UploadedFile.fromJSON(json),
})
