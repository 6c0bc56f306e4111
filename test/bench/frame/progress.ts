/** Progress goes to standard error: results alone are on standard output. */
export function tell (message: string): void {
  process.stderr.write(`${message}\n`)
}

/** As people say it, rounded up. */
export function duration (seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds / 5) * 5} s` : `about ${Math.ceil(seconds / 60)} minutes`
}
