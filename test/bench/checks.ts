/** A figure with a minimum or a maximum. */
export interface Check {
  readonly what: string
  readonly value: number
  readonly unit: 'times' | 'MB' | 'share'
  readonly is: 'at least' | 'at most'
  readonly wanted: number
}

export function isReached ({ value, is, wanted }: Check): boolean {
  return is === 'at least' ? value >= wanted : value <= wanted
}

/** Rows of a table: what was found and required for each check. */
export function checkRows (checks: readonly Check[]): string[][] {
  return checks.map(check => {
    const digits = { MB: 0, times: 2, share: 4 }[check.unit]
    return [
      check.what, check.value.toFixed(digits), check.unit, check.is, check.wanted.toFixed(digits),
      isReached(check) ? 'reached' : 'missed'
    ]
  })
}

export const CHECK_HEADER = ['check', 'is', 'unit', 'wanted', '', ''] as const
