import type { StorageBackend } from '@filedepot/core'
import type { FileBody } from '@filedepot/core/backend'
import type { CrashPoints } from './crash-points.ts'

/**
 * A storage whose writes and deletions are labelled: `write:before`, `write:sent`, `write:during` (after the first part of a
 * stream), `write:after`, and the same for `delete`.
 *
 * ```ts
 * import { DepotManager, LocalBackend } from '@filedepot/core'
 * import { crashingBackend, CrashPoints } from '@filedepot/testing/crash'
 *
 * const depot = new DepotManager()
 * const points = new CrashPoints({ label: 'write:during', passing: 1 })
 * depot.configure('default', crashingBackend(new LocalBackend('./files'), points))
 * ```
 */
export function crashingBackend(inner: StorageBackend, points: CrashPoints): StorageBackend {
  const labelled: Pick<StorageBackend, 'write' | 'delete'> = {
    write: (id, body, info, options) =>
      points.around('write', async () => {
        await inner.write(id, crashingBody(body, points), info, options)
      }),
    delete: (ids) => points.around('delete', () => inner.delete(ids)),
  }
  return new Proxy(inner, {
    get(target, key) {
      if (key in labelled) return labelled[key as keyof typeof labelled]
      const value: unknown = Reflect.get(target, key, target)
      // What is private to a class is found on the storage itself only.
      return typeof value === 'function' ? (value.bind(target) as unknown) : value
    },
  })
}

function crashingBody(body: FileBody, points: CrashPoints): FileBody {
  return body instanceof Uint8Array ? body : partByPart(body, points)
}

async function* partByPart(body: AsyncIterable<Uint8Array>, points: CrashPoints): AsyncGenerator<Uint8Array> {
  for await (const part of body) {
    yield part
    points.pass('write:during')
  }
}
