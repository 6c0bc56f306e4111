/** Progress goes to standard error: standard output is for results only. */
export function tell (message: string): void {
  process.stderr.write(`${message}\n`)
}

/** A duration as text, rounded up. */
export function duration (seconds: number): string {
  return seconds < 90 ? `about ${Math.ceil(seconds / 5) * 5} s` : `about ${Math.ceil(seconds / 60)} minutes`
}
