export * from '../../../../test/databases/database-kind.ts'

/** What the suite runs on: beside the database, a version of TypeORM and a storage; see `setup/projects.ts`. */
const { FILEDEPOT_TEST } = globalThis as unknown as {
  FILEDEPOT_TEST: { typeorm: '1.1' | '0.3'; storage: StorageKind }
}

export type StorageKind = 'memory' | 'local' | 's3' | 'gcs' | 'gridfs'

export const { typeorm: typeormVersion, storage: storageKind } = FILEDEPOT_TEST
