import { ObjectId } from 'bson'
import { CommandError } from '../command-error.ts'
import { MAX_DOCUMENT_BYTES, type CommandHandler } from '../command-context.ts'

/** That of MongoDB 7.0. */
const WIRE_VERSION = 21
const VERSION = '7.0.0'

const hello: CommandHandler = (_command, { facts: { address, replicaSet } }) => {
  const set = {
    setName: replicaSet,
    setVersion: 1,
    hosts: [address],
    primary: address,
    me: address,
    electionId: new ObjectId('7fffffff0000000000000001'),
  }
  return {
    ...(replicaSet === undefined ? {} : set),
    helloOk: true,
    isWritablePrimary: true,
    ismaster: true,
    secondary: false,
    maxBsonObjectSize: MAX_DOCUMENT_BYTES,
    maxMessageSizeBytes: 48_000_000,
    maxWriteBatchSize: 100_000,
    logicalSessionTimeoutMinutes: 30,
    localTime: new Date(),
    connectionId: 1,
    minWireVersion: 0,
    maxWireVersion: WIRE_VERSION,
    readOnly: false,
    ok: 1,
  }
}

const done: CommandHandler = () => ({ ok: 1 })

/** No credentials are good: the server has no users. */
const refuse: CommandHandler = () => {
  throw new CommandError(18, 'AuthenticationFailed', 'Authentication failed.')
}

/** Connecting, and what drivers ask a server about itself. */
export const handshakeCommands: Record<string, CommandHandler> = {
  hello,
  isMaster: hello,
  ismaster: hello,
  ping: done,
  endSessions: done,
  refreshSessions: done,
  buildInfo: () => ({ version: VERSION, versionArray: [7, 0, 0, 0], ok: 1 }),
  serverStatus: () => ({ version: VERSION, uptime: process.uptime(), ok: 1 }),
  saslStart: refuse,
  configureFailPoint: (command, { failPoints }) => {
    failPoints.configure(command)
    return { ok: 1 }
  },
}
