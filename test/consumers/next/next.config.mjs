// The packages are loaded by Node and not bundled: one copy of each for all routes.
export default {
  serverExternalPackages: [
    '@filedepot/core',
    '@filedepot/http',
    '@filedepot/typeorm',
    'typeorm',
    'better-sqlite3',
  ],
}
