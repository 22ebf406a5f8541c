import { spawn } from 'node:child_process'
import { once } from 'node:events'

/**
 * The test server in a process of its own, so that what it holds is not in the memory of the tests. It is the built
 * one, as Node does not load TypeScript.
 */
export async function startServerProcess(): Promise<{ uri: string; stop: () => Promise<void> }> {
  const code = `
    const { startMongoServer } = require('@filedepot/testing/mongo-server')
    startMongoServer().then(({ uri }) => console.log(uri))
    process.stdin.resume().on('end', () => process.exit())
  `
  const child = spawn(process.execPath, ['-e', code], {
    cwd: new URL('../..', import.meta.url),
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const ended = once(child, 'exit')
  const [line] = (await Promise.race([
    once(child.stdout, 'data'),
    ended.then(() => Promise.reject(new Error('the server did not start'))),
  ])) as [Buffer]
  return {
    uri: line.toString().trim(),
    stop: async () => {
      child.kill()
      await ended
    },
  }
}
