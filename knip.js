// All that CI tests is looked at, also by whoever runs fewer tests: jest.config.ts asks for this when it is loaded.
process.env.CI ??= 'true'

/** @type {import('knip').KnipConfig} */
export default {
  workspaces: {
    '.': {
      // Some are processes of their own, started by a test.
      entry: ['scripts/*.mjs', 'prisma/prisma.config.ts', 'test/crash/*-program.mjs'],
      ignore: ['test/consumers/**'],
      // The examples in the documentation, the scripts and jest.config.ts use them, each by its name only.
      ignoreDependencies: [
        '@arethetypeswrong/cli',
        '@filedepot/(s3|gcs|gridfs|http|image|ledger|prisma)',
        'filedepot',
        // The clients that Prisma generates use it.
        '@prisma/client',
        'esbuild-register',
        'publint',
      ],
    },
    'packages/core': {
      // One is a process of its own, started by a test.
      entry: ['test/**/*.test.ts', 'test/support/signalled-process.mjs'],
      ignoreBinaries: ['file', 'mount', 'umount'],
    },
    // One is compiled and not run.
    'packages/http': { entry: ['test/**/*.test.ts', 'test/types.ts'] },
    // A process of its own, started by a test.
    'packages/gcs': { entry: ['test/**/*.test.ts', 'test/support/gcs-server-process.mjs'] },
    // Run as a command of its own.
    benchmarks: { ignoreDependencies: ['autocannon'] },
    // One is compiled and not run, one a process of its own, started by a test.
    'packages/prisma': {
      entry: ['test/**/*.test.ts', 'test/types.ts', 'test/support/schema-changes.mjs'],
    },
    // A process of its own, started by a test.
    'packages/testing': { entry: ['test/**/*.test.ts', 'test/support/crash-program.mjs'] },
    'packages/*': { entry: ['test/**/*.test.ts'] },
    'examples/gallery': {
      entry: ['src/main.ts', 'public/gallery.js', 'filedepot.config.mjs', 'test/**/*.test.ts'],
    },
    // Programs that are started by themselves.
    'examples/plain-sql': { entry: ['src/{drizzle,pg,pg-boss,bullmq}.ts', 'test/**/*.test.ts'] },
    'examples/nestjs': { entry: ['src/main.ts'] },
    'examples/prisma': { entry: ['src/main.ts'] },
    'examples/*': { entry: ['src/demo.ts'] },
  },
}
