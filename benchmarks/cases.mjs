/** All that is measured, by name. Each is loaded in the process that runs it, and by nobody else. */
export const CASES = {
  'local-files': async () => (await import('./cases/local-files.mjs')).localFiles,
  'hashed-stream': async () => (await import('./cases/hashed-stream.mjs')).hashedStream,
  'constant-memory': async () => (await import('./cases/constant-memory.mjs')).constantMemory,
  'typeorm-files': async () => (await import('./cases/typeorm-files.mjs')).typeormFiles,
  'typeorm-criteria': async () => (await import('./cases/typeorm-criteria.mjs')).typeormCriteria,
  'typeorm-many-files': async () => (await import('./cases/typeorm-many-files.mjs')).typeormManyFiles,
  'typeorm-untouched': async () => (await import('./cases/typeorm-untouched.mjs')).typeormUntouched,
  'saves-without-files': async () => (await import('./cases/saves-without-files.mjs')).savesWithoutFiles,
  prisma: async () => (await import('./cases/prisma.mjs')).prisma,
  images: async () => (await import('./cases/images.mjs')).images,
  serving: async () => (await import('./cases/serving.mjs')).serving,
  ledger: async () => (await import('./cases/ledger.mjs')).ledger,
  'import-core': async () => (await import('./cases/import-core.mjs')).importCore,
  s3: async () => (await import('./cases/s3.mjs')).s3,
  gcs: async () => (await import('./cases/gcs.mjs')).gcs,
  gridfs: async () => (await import('./cases/gridfs.mjs')).gridfs,
}
