import type { FileStorage } from '@filedepot/core'
import { first } from '../first.ts'
import { duration } from '../format.ts'
import type { OpenConfig } from '../open-config.ts'
import type { Check } from './check.ts'

/** Lists one file of each storage: that needs its network, its name and its keys to be right. */
export async function* checkStorages(config: OpenConfig, signal: AbortSignal): AsyncGenerator<Check> {
  for (const [name, depot] of config.depots) {
    const storages = depot.storages()
    if (storages.length === 0) {
      yield {
        about: 'storage',
        state: 'fault',
        text: `The depot "${name}" has no storage`,
        advice: "Configure one: depot.configure('default', new LocalBackend('./uploads'))",
      }
    }
    for (const storage of storages) {
      signal.throwIfAborted()
      yield await reach(storage)
    }
  }
}

async function reach(storage: FileStorage): Promise<Check> {
  const { name, backend } = storage
  const kind = backend.constructor.name.replace(/Backend$/, '')
  const began = Date.now()
  try {
    const isEmpty = (await first(storage.list())) === undefined
    const taken = duration(Date.now() - began)
    const text = `Storage "${name}" (${kind}) answers in ${taken}${isEmpty ? ', and is empty' : ''}`
    return { about: 'storage', state: 'ok', text }
  } catch (error) {
    return {
      about: 'storage',
      state: 'fault',
      text: `Storage "${name}" (${kind}) cannot be listed: ${(error as Error).message}`,
      advice: 'Look at its network, its name, its keys and its rights.',
    }
  }
}
