import { relative } from 'node:path'
import type { OpenConfig } from '../open-config.ts'
import type { Check } from './check.ts'

/** The oldest Node that all packages run on. */
const NODE = [20, 19] as const
const PACKAGES = ['core', 'ledger', 'typeorm', 'prisma', 's3', 'gcs', 'gridfs', 'image', 'http']

/** Node, the configuration, and the versions of the packages. */
export async function* checkEnvironment({ path, project }: OpenConfig): AsyncGenerator<Check> {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
  const isOld = major < NODE[0] || (major === NODE[0] && minor < NODE[1])
  yield {
    about: 'node',
    state: isOld ? 'fault' : 'ok',
    text: `Node ${process.versions.node}`,
    ...(isOld && { advice: `filedepot runs on Node ${NODE.join('.')} or newer.` }),
  }
  yield { about: 'config', state: 'ok', text: `Configuration ${relative(project.folder, path)}` }
  yield versions(project)
  if (project.has('@filedepot/image')) yield await sharp(project)
}

function versions(project: OpenConfig['project']): Check {
  const found = PACKAGES.map((name) => `@filedepot/${name}`).flatMap((name) => {
    const version = project.versionOf(name)
    return version === undefined ? [] : [{ name, version }]
  })
  const isOne = new Set(found.map(({ version }) => version)).size <= 1
  const names = found.map(({ name }) => name.slice('@filedepot/'.length)).join(', ')
  return isOne
    ? {
        about: 'versions',
        state: 'ok',
        text: `filedepot ${found[0]?.version ?? 'is not installed'} (${names})`,
      }
    : {
        about: 'versions',
        state: 'fault',
        text: `Packages of several versions: ${found.map(({ name, version }) => `${name} ${version}`).join(', ')}`,
        advice: 'Install all of them in one version.',
      }
}

/** Thumbnails need it, and it is made for each platform. */
async function sharp(project: OpenConfig['project']): Promise<Check> {
  if (!project.has('sharp')) {
    return {
      about: 'sharp',
      state: 'fault',
      text: 'sharp is not installed, which @filedepot/image needs',
      advice: 'npm install sharp',
    }
  }
  try {
    const { versions } = await project.import<{ versions: { sharp?: string; vips: string } }>(
      'sharp',
      'thumbnails',
    )
    return {
      about: 'sharp',
      state: 'ok',
      text: `sharp ${versions.sharp ?? ''} with libvips ${versions.vips}`,
    }
  } catch (error) {
    return {
      about: 'sharp',
      state: 'fault',
      text: `sharp cannot be loaded: ${(error as Error).message.split('\n', 1)[0] ?? ''}`,
      advice: 'Install it for this platform: npm install sharp',
    }
  }
}
