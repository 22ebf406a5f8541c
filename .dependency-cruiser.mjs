/**
 * Which folders and files of our packages may import which: the map of the code.
 *
 * Each package has floors, from the top down, and on each floor rooms: folders, or files, of its `src`. A room imports rooms on
 * lower floors, and none beside it. No file is outside the map, and no imports go in a circle.
 */
const FLOORS = {
  typeorm: [
    ['index'],
    // Chooses one of the three ways in which files follow rows, and is all that knows of them.
    ['attach-depot'],
    ['rows/attach-rows', 'ledger', 'mongodb/attach-mongodb', 'find-owner'],
    // Without a ledger: looks at the rows before and after each write.
    ['rows/hooks'],
    ['rows/writes'],
    ['rows/transaction'],
    ['rows/reading'],
    ['rows/refusals'],
    // Of all entities with files; on MongoDB, of all documents.
    ['file-rows'],
    // On MongoDB: changes one document at a time.
    ['mongodb/hooks', 'mongodb/mongo-subscriber', 'mongodb/document-rows'],
    ['mongodb/statements'],
    ['mongodb/files'],
    ['column', 'hooks'],
    ['typeorm-internals'],
  ],
  prisma: [
    ['index'],
    ['filedepot', 'file-rows-of', 'find-owner'],
    // Chooses one of the two ways in which files follow rows, and is all that knows of them.
    ['extension'],
    ['rows/rows-components', 'ledger'],
    // Without a ledger: looks at the rows before and after each write.
    ['rows/writes'],
    ['rows/transaction'],
    ['rows/reading'],
    ['rows/plan'],
    ['rows/database-errors'],
    ['extended-client'],
    ['raw-sql', 'fields'],
    ['schema'],
    ['prisma-internals'],
  ],
  s3: [
    ['index'],
    ['s3-backend'],
    ['writing', 'signed-requests', 'delete-objects'],
    ['list-ids', 'object-metadata', 'body-stream'],
    ['client'],
    ['public-url', 'content-disposition'],
    ['s3-backend-options'],
    ['encryption'],
  ],
  http: [['index'], ['serve', 'upload'], ['http-status']],
}

/** The packages: each may use those on lower floors. */
const PACKAGES = [
  ['typeorm', 'prisma', 'cli'],
  ['ledger', 's3', 'gcs', 'gridfs', 'http', 'image', 'testing'],
  ['core'],
]

/** The files that choose between the two ways; nothing else outside of `rows/` knows of it. */
const CHOOSES = ['typeorm/src/attach-depot', 'prisma/src/extension/extend-client']

const pathOf = (name, rooms) => `^packages/${name}/src/(${rooms.join('|')})(/|\\.ts$)`

function floorRules([name, floors]) {
  const above = floors.flatMap((rooms, floor) =>
    rooms.map((room) => ({
      name: `upward: ${name}/${room}`,
      comment: 'A room imports rooms on lower floors only. See FLOORS in .dependency-cruiser.mjs.',
      severity: 'error',
      from: { path: pathOf(name, [room]) },
      to: {
        path: pathOf(name, [...floors.slice(0, floor).flat(), ...rooms.filter((one) => one !== room), '$^']),
      },
    })),
  )
  const known = pathOf(name, floors.flat())
  const outside = { path: `^packages/${name}/src/`, pathNot: known }
  const comment = 'Each file is in a room of FLOORS in .dependency-cruiser.mjs.'
  return [
    ...above,
    { name: `off the map: ${name}`, comment, severity: 'error', from: outside, to: {} },
    { name: `off the map: ${name}`, comment, severity: 'error', from: {}, to: outside },
  ]
}

function packageRules(names, floor) {
  return names.map((name) => ({
    name: `upward: ${name}`,
    comment: 'A package uses packages on lower floors only. See PACKAGES in .dependency-cruiser.mjs.',
    severity: 'error',
    from: { path: `^packages/${name}/src/` },
    to: {
      path: `^packages/(${[...PACKAGES.slice(0, floor).flat(), ...names.filter((one) => one !== name)].join('|')})/`,
    },
  }))
}

/** @type {import('dependency-cruiser').IConfiguration} */
export default {
  forbidden: [
    {
      name: 'circle',
      comment: 'Imports that go in a circle make each of their files a part of all others.',
      severity: 'error',
      from: { pathNot: '^packages/core/src/(upload|depot)/' },
      to: { circular: true },
    },
    {
      name: 'only one line chooses',
      comment:
        'Without the folder rows/ and the line that chooses it, everything else works for whoever has a ledger.',
      severity: 'error',
      from: {
        path: '^packages/(typeorm|prisma)/src/',
        pathNot: ['/src/rows/', ...CHOOSES.map((path) => `^packages/${path}\\.ts$`)],
      },
      to: { path: '^packages/(typeorm|prisma)/src/rows/' },
    },
    ...Object.entries(FLOORS).flatMap(floorRules),
    ...PACKAGES.flatMap(packageRules),
  ],
  options: {
    tsPreCompilationDeps: true,
    includeOnly: '^packages/[^/]+/src/',
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['@filedepot/source', 'import'],
      extensions: ['.ts'],
    },
  },
}
