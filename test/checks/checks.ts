import { isDeepStrictEqual } from 'node:util'

/** Counts checks outside the test runner. CI adds up the numbers in the last lines. */
export class Checks {
  #passed = 0
  #failed = 0
  #skipped = 0

  get failed (): number {
    return this.#failed
  }

  check (name: string, passed: boolean): void {
    if (passed) this.#passed++
    else this.#failed++
    console.log(`${passed ? 'ok' : 'NOT OK'}: ${name}`)
  }

  /** Checks that two lists are equal, and not empty. */
  checkSame (name: string, found: readonly unknown[], expected: readonly unknown[]): void {
    this.check(name, expected.length > 0 && isDeepStrictEqual(found, expected))
  }

  skip (name: string, reason: string): void {
    this.#skipped++
    console.log(`skipped: ${name}: ${reason}`)
  }

  /** Prints the counts, and returns the exit code. */
  end (): number {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`
    console.log(`${this.#passed} passed, ${this.#failed} failed${skipped}`)
    return this.#failed === 0 ? 0 : 1
  }
}
