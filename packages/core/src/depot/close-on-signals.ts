/**
 * Runs `close` when the process is told to end, and then ends it as the signal would have done: with the exit code that
 * the signal has. A second signal ends the process at once.
 *
 * If the program, or a framework, has listeners of its own for the signal, the process ends when they end it.
 *
 * @param close must not reject
 * @returns removes the listeners
 */
export function closeOnSignals(signals: readonly NodeJS.Signals[], close: () => Promise<void>): () => void {
  const remove = () => {
    for (const signal of signals) process.removeListener(signal, onSignal)
  }
  const onSignal = (signal: NodeJS.Signals) => {
    // From here on a second signal does what it does without us.
    remove()
    void close().then(() => {
      // Without a listener, the signal ends the process, and the shell sees 128 and the number of the signal.
      if (process.listenerCount(signal) === 0) process.kill(process.pid, signal)
    })
  }
  for (const signal of signals) process.on(signal, onSignal)
  return remove
}
