const EVENTS = ['uncaughtException', 'unhandledRejection'] as const

/**
 * Loads a module built by Emscripten, and removes the process-wide listeners that it adds: they rethrow all uncaught
 * errors of the program, and each load adds another pair.
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
