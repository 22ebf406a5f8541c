import { Binary, Long, Timestamp } from 'bson'
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net'
import { Catalog } from './catalog.ts'
import { CommandError } from './command-error.ts'
import { Cursors } from './cursors.ts'
import type { Doc } from './documents.ts'
import { FailPoints, suffer, type CommandFailure } from './fail-points.ts'
import { MessageReader } from './message-reader.ts'
import { formatReply, parseMessage } from './message.ts'
import { runCommand, type ServerContext } from './run-command.ts'
import { Sessions } from './sessions.ts'

/** Options of {@link startMongoServer}. */
export interface MongoServerOptions {
  /** @default 0, which takes one that is free */
  port?: number
  /** @default '127.0.0.1' */
  host?: string
  /**
   * The name of the replica set whose only member it is; transactions and retryable writes need one. `null` makes a
   * server that stands alone. @default 'rs0'
   */
  replicaSet?: string | null
}

/**
 * A server that speaks enough of MongoDB's wire protocol for the tests of a program, in the memory of this process.
 * Made by {@link startMongoServer}.
 */
export class MongoServer {
  /** For `new MongoClient(uri)`; it names no database. */
  readonly uri: string
  readonly port: number
  readonly #server: Server
  readonly #sockets = new Set<Socket>()
  readonly #sessions = new Sessions()
  readonly #context: ServerContext

  private constructor(server: Server, host: string, replicaSet: string | undefined) {
    const { port } = server.address() as AddressInfo
    const address = `${host}:${port}`
    this.port = port
    this.uri = `mongodb://${address}/?${replicaSet === undefined ? 'directConnection=true' : `replicaSet=${replicaSet}`}`
    this.#server = server
    this.#context = {
      catalog: new Catalog(),
      cursors: new Cursors(),
      failPoints: new FailPoints(),
      facts: { address, replicaSet },
    }
    server.on('connection', (socket) => {
      this.#serve(socket)
    })
  }

  static async start({
    port = 0,
    host = '127.0.0.1',
    replicaSet = 'rs0',
  }: MongoServerOptions): Promise<MongoServer> {
    const server = createServer({ noDelay: true })
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject).listen(port, host, resolve)
    })
    return new MongoServer(server, host, replicaSet ?? undefined)
  }

  /** How many cursors clients have left open. */
  get openCursors(): number {
    return this.#context.cursors.size
  }

  /**
   * Makes commands fail from now on, as the command `configureFailPoint` does.
   *
   * ```ts
   * import { startMongoServer } from '@filedepot/testing/mongo-server'
   *
   * const server = await startMongoServer()
   * server.fail({ failCommands: ['insert'], closeConnection: true }, { times: 1 })
   * ```
   */
  fail(failure: CommandFailure, when?: { skip?: number; times?: number }): void {
    this.#context.failPoints.add(failure, when)
  }

  /** No command fails any more. */
  restore(): void {
    this.#context.failPoints.clear()
  }

  /** Ends every connection and stops listening. What was stored is gone. */
  async close(): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve))
    for (const socket of this.#sockets) socket.destroy()
    await closed
  }

  #serve(socket: Socket): void {
    const reader = new MessageReader()
    let busy: Promise<void> = Promise.resolve()
    this.#sockets.add(socket)
    socket.once('close', () => this.#sockets.delete(socket))
    // A client that goes away is nothing to report.
    socket.on('error', () => undefined)
    socket.on('data', (chunk) => {
      reader.add(chunk)
      for (const message of reader.messages()) {
        busy = busy
          .then(() => this.#answer(socket, message))
          .catch((error: unknown) => {
            socket.destroy()
            process.emitWarning(error as Error)
          })
      }
    })
  }

  async #answer(socket: Socket, bytes: Buffer): Promise<void> {
    const message = parseMessage(bytes)
    const [name = ''] = Object.keys(message.command)
    const failure = this.#context.failPoints.strike(name)
    const reply = await this.#run(name, message.command, failure)
    if (failure?.closeConnection || failure?.loseReply) socket.destroy()
    else if (!message.moreToCome && !socket.destroyed) socket.write(formatReply(message, this.#timed(reply)))
  }

  async #run(name: string, command: Doc, failure: CommandFailure | undefined): Promise<Doc> {
    try {
      if (failure) await suffer(failure)
      if (failure?.closeConnection) return {}
      return await runCommand(name, command, this.#context, this.#sessions)
    } catch (error) {
      if (error instanceof CommandError) return error.reply()
      throw error
    }
  }

  /** Drivers of a replica set follow its clock. */
  #timed(reply: Doc): Doc {
    if (this.#context.facts.replicaSet === undefined) return reply
    const time = new Timestamp({ t: Math.floor(Date.now() / 1000), i: 1 })
    const signature = { hash: new Binary(new Uint8Array(20)), keyId: Long.ZERO }
    return { ...reply, operationTime: time, $clusterTime: { clusterTime: time, signature } }
  }
}
