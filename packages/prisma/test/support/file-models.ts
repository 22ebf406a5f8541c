import { UploadedFile } from '@filedepot/core'

/** An upload type of its own. */
export class Contract extends UploadedFile {}

/** The file fields of the schema. */
export const FILE_MODELS = {
  user: { avatar: UploadedFile, documents: [UploadedFile] },
  profile: { photo: UploadedFile },
  post: { cover: UploadedFile },
  tag: { icon: UploadedFile },
  album: { cover: UploadedFile },
  photo: { image: UploadedFile },
  comment: { drawing: UploadedFile },
  document: { content: UploadedFile, attachments: { type: [UploadedFile], storage: 'attachments' } },
  cover: { content: UploadedFile, attachments: [UploadedFile] },
  note: { file: UploadedFile },
  letter: { scan: { type: UploadedFile, nullable: false } },
  page: { scan: UploadedFile },
  ticket: { scan: UploadedFile },
  parcel: { label: UploadedFile },
  team: { logo: UploadedFile },
  member: { photo: UploadedFile },
  docu: {
    content: UploadedFile,
    contract: Contract,
    targeted: { type: UploadedFile, storage: 'another_alias' },
  },
} as const

/** The columns of the file fields, as they are in the database. */
export const FILE_COLUMNS: readonly (readonly [table: string, column: string])[] = [
  ['User', 'avatar'],
  ['User', 'documents'],
  ['Profile', 'photo'],
  ['Post', 'cover'],
  ['Tag', 'icon'],
  ['Album', 'cover'],
  ['Photo', 'image'],
  ['Comment', 'drawing'],
  ['Document', 'content'],
  ['Document', 'attachments'],
  ['Note', 'file'],
  ['Letter', 'scan'],
  ['Page', 'scan'],
  ['Ticket', 'scan'],
  ['Parcel', 'label'],
  ['Team', 'logo'],
  ['Member', 'photo'],
  ['docu', 'content_col'],
  ['docu', 'contract'],
  ['docu', 'targeted'],
]

/** All tables, so that those of a test file can be emptied. */
export const TABLES: readonly string[] = [
  ...new Set(FILE_COLUMNS.map(([table]) => table)),
  ...['Receipt', 'directory', '_PostToTag'],
]
