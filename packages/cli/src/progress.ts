import cliProgress from 'cli-progress'
import type { Writable } from 'node:stream'
import { bytes, duration, number } from './format.ts'

/** How far something has come. */
interface ProgressState {
  readonly done: number
  /** Bytes that were copied or read. */
  readonly bytes?: number | undefined
  /** Said behind the numbers. */
  readonly note?: string | undefined
}

/** Shows how far something has come. */
export interface Progress {
  update(state: ProgressState): void
  /** Takes it off the screen for a line of something else. */
  interrupt<T>(write: () => T): T
  /** Ends it. */
  stop(): void
}

/** Options of {@link startProgress}. */
export interface ProgressOptions {
  /** What is done, in few words. */
  readonly label: string
  /** What is counted, in the plural. @default 'files' */
  readonly unit?: string
  /** How many there are, if it is known. */
  readonly total?: number | undefined
  /** Ends it, so that what is said about the end gets lines of its own. */
  readonly signal?: AbortSignal | undefined
}

/** What shows progress: a terminal, lines of text, lines of JSON, or nowhere. */
export type ProgressKind = Writable | 'lines' | 'json' | 'none'

const CLEAR_LINE = '\r\u001b[K'
const SAVE_CURSOR = '\u001b7'

/** How often a line is written, in milliseconds. */
const EVERY = { lines: 10_000, json: 1000 }

/** Starts to show progress. Rate and time left count from now. */
export function startProgress(
  kind: ProgressKind,
  write: (text: string) => void,
  options: ProgressOptions,
  now: () => number = Date.now,
): Progress {
  const began = now()
  const measured = (state: ProgressState) => measure(state, now() - began, options)
  if (kind === 'none')
    return { update: () => undefined, interrupt: (write) => write(), stop: () => undefined }
  if (kind === 'lines' || kind === 'json') {
    const show = (state: ProgressState) => {
      const line =
        kind === 'lines'
          ? textOf(measured(state), options)
          : JSON.stringify({ event: 'progress', label: options.label, ...measured(state) })
      write(`${line}\n`)
    }
    return inSteps(show, EVERY[kind], now)
  }
  return onTerminal(kind, (state) => textOf(measured(state), options), options)
}

/** A bar if the total is known, else a line that changes. */
function onTerminal(
  stream: Writable,
  text: (state: ProgressState) => string,
  { total, signal }: ProgressOptions,
): Progress {
  let last: ProgressState = { done: 0 }
  const bar = new cliProgress.SingleBar({
    stream: stream,
    fps: 10,
    hideCursor: null,
    linewrap: null,
    barsize: 24,
    format: ({ barCompleteString = '', barIncompleteString = '', barsize = 24 }, { progress }) => {
      const full = Math.round(progress * barsize)
      const drawn = total
        ? `${barCompleteString.slice(0, full)}${barIncompleteString.slice(0, barsize - full)} `
        : ''
      return `${drawn}${text(last)}`
    },
    barCompleteChar: '█',
    barIncompleteChar: '░',
    // What else is written takes its line.
    forceRedraw: true,
    clearOnComplete: true,
  })
  bar.start(total ?? 0, 0)
  let isOver = false
  const stop = () => {
    if (isOver) return
    isOver = true
    signal?.removeEventListener('abort', stop)
    bar.stop()
  }
  signal?.addEventListener('abort', stop)
  return {
    update(state) {
      last = state
      if (!isOver) bar.update(Math.min(state.done, total ?? state.done))
    },
    interrupt(write) {
      if (isOver) return write()
      stream.write(CLEAR_LINE)
      const result = write()
      // The bar goes back to where it has saved the cursor when it ends.
      stream.write(SAVE_CURSOR)
      return result
    },
    stop,
  }
}

/** At most one line in each span of time, and the last state in the end. */
function inSteps(show: (state: ProgressState) => void, span: number, now: () => number): Progress {
  let [next, shown, last] = [now() + span, undefined, undefined] as [
    number,
    ProgressState | undefined,
    ProgressState | undefined,
  ]
  return {
    update(state) {
      last = state
      if (now() < next) return
      next = now() + span
      shown = state
      show(state)
    },
    interrupt: (write) => write(),
    stop() {
      if (last && last !== shown) show(last)
    },
  }
}

interface Measured extends ProgressState {
  readonly total?: number
  /** Per second. */
  readonly rate: number
  /** The time left, in milliseconds. */
  readonly left?: number
}

function measure(state: ProgressState, elapsed: number, { total }: ProgressOptions): Measured {
  const rate = elapsed > 0 ? (state.done * 1000) / elapsed : 0
  const isKnown = total !== undefined && rate > 0 && total >= state.done
  return {
    done: state.done,
    ...(total !== undefined && { total }),
    rate: Math.round(rate * 10) / 10,
    ...(isKnown && { left: Math.round(((total - state.done) * 1000) / rate) }),
    ...(state.bytes !== undefined && { bytes: state.bytes }),
    ...(state.note !== undefined && { note: state.note }),
  }
}

function textOf(
  { done, total, rate, left, bytes: size, note }: Measured,
  { label, unit = 'files' }: ProgressOptions,
): string {
  const parts = [
    `${label}: ${number(done)}${total === undefined ? '' : ` of ${number(total)}`} ${unit}`,
    ...(size === undefined ? [] : [bytes(size)]),
    `${number(rate >= 10 ? Math.round(rate) : rate)}/s`,
    ...(left === undefined || done === total ? [] : [`${duration(left)} left`]),
    ...(note === undefined ? [] : [note]),
  ]
  return parts.join(', ')
}
