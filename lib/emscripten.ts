const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Loads a module that Emscripten built, and takes off the process-wide listeners that it puts on: they rethrow whatever
 * the program does wrong elsewhere, and one pair more stays behind with each load.
 */
export async function loadEmscripten<T> (load: () => Promise<T>): Promise<T> {
  const before = EVENTS.map(event => new Set(process.listeners(event as 'uncaughtException')))
  try {
    return await load()
  } finally {
    EVENTS.forEach((event, i) => {
      for (const listener of process.listeners(event as 'uncaughtException')) {
        if (!before[i]!.has(listener) && /throw/.test(String(listener))) process.off(event, listener)
      }
    })
  }
}
