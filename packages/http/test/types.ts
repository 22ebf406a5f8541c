// Compiled and not run: what has to compile, and what must not.
import { UploadedFile } from '@filedepot/core'
import {
  multerStorage,
  receiveFiles,
  type FormRules,
  type ReceivedForm,
  type StoredUpload,
} from '@filedepot/http'

class Photo extends UploadedFile {
  readonly width: number = 1
}

/** As the properties of an entity are declared. */
interface Person {
  photo: Photo | null
  portrait?: Photo | null
  documents: UploadedFile[] | null
  photos: Photo[] | null
}

declare const request: Request

export async function fields(person: Person): Promise<unknown> {
  const form = await receiveFiles(request, {
    photo: { type: Photo, maxSize: 1000, validators: [() => undefined] },
    documents: { maxFiles: 5 },
    photos: { type: Photo, maxFiles: 5 },
  })
  person.photo = form.file('photo') ?? null
  person.documents = form.files('documents')
  person.photos = form.files('photos')
  const saved: Partial<Person> = { documents: form.files('documents') }
  const width: number | undefined = form.file('photo')?.width
  const all: UploadedFile[] = form.files()
  return [
    saved,
    width,
    all,
    // @ts-expect-error no such field
    form.file('fhoto'),
    // @ts-expect-error nor among its lists
    form.files('fhoto'),
    // @ts-expect-error a document is no photo
    form.file('documents') satisfies Photo | undefined,
    // @ts-expect-error it may be missing
    form.file('photo').width,
  ]
}

export async function rulesFromElsewhere(rules: FormRules): Promise<UploadedFile | undefined> {
  const form: ReceivedForm = await receiveFiles(request, rules)
  return form.file('anything')
}

export async function refused(): Promise<void> {
  // @ts-expect-error no upload type
  await receiveFiles(request, { photo: { type: Date } })
  // @ts-expect-error no such rule
  await receiveFiles(request, { photo: { maxsize: 5 } })
}

export function multer(person: Person): unknown {
  const storage = multerStorage({ type: Photo, maxSize: 1000 })
  const upload = {} as StoredUpload<Photo>
  storage._removeFile({}, upload, () => undefined)
  person.photo = upload.uploaded
  const plain: StoredUpload = upload
  // @ts-expect-error a plain file is no photo
  person.photo = plain.uploaded
  return multerStorage()
}
