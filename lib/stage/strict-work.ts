import type { Document } from '../document.ts'
import { type ErrorCode, SluiceError, messageOf } from '../errors.ts'
import type { Push, Work } from './stage.ts'

/** The work of a custom stage. It may be written in JavaScript, so its types are not reliable. */
export type OwnWork = Work<Document, Document, unknown>

/** Called with a document and the document that a stage has created from it. */
export type Follows = (from: Document, to: Document) => void

/** Optional methods of a work. */
const METHODS = ['open', 'key', 'finish', 'close', 'save', 'restore'] as const

/** What is wrong with a work, as the end of a sentence; null if nothing is. */
export function workMistake (work: unknown): string | null {
  if (typeof work !== 'object' || work === null) return 'has no work'
  const given = work as Readonly<Record<string, unknown>>
  if (typeof given.name !== 'string' || given.name === '') return 'has no name'
  if (typeof given.take !== 'function') return 'has no function take'
  const wrong = METHODS.find(name => given[name] !== undefined && typeof given[name] !== 'function')
  if (wrong !== undefined) return `has ${wrong}, which is not a function`
  if ((given.save === undefined) !== (given.restore === undefined)) {
    return 'has only one of save and restore, which belong together'
  }
  if (given.finish !== undefined && given.save === undefined) {
    return 'has finish without save and restore: what it holds until the end would be lost when a run resumes from a ' +
      'checkpoint'
  }
  return null
}

/** Why a stage must see all documents in order and in one thread; null if it need not. */
export function whyInOrder ({ save, finish, key, several }: OwnWork): string | null {
  if (save !== undefined || finish !== undefined) return 'it keeps state'
  if (key !== undefined) return 'it compares documents'
  return several === true ? 'it makes several documents of one' : null
}

/**
 * Wraps a work with checks of what flows rely on, so that nothing is lost silently. Its errors name the failed stage
 * and the document. Each document must be pushed, or dropped for a reason. Only a stage with `finish` may hold it back,
 * and only one that sets `several` may push more than one.
 *
 * @param module the name as given, for messages
 * @param follows called with each document that is created from a single other one
 */
export function strictWork (work: OwnWork, module: string, follows?: Follows): OwnWork {
  const { name } = work
  const fail: Fail = (code, what, cause) => {
    throw new SluiceError(code, `${name} (${module}) has failed ${what}: ${messageOf(cause)}`, { cause })
  }
  const finish = (push: Push<Document>): void | Promise<void> => work.finish!(item => { push(checked(item)) })
  const guarded = async <T> (code: ErrorCode, what: string, step: () => T | Promise<T>): Promise<T> => {
    try {
      return await step()
    } catch (error) {
      return fail(code, what, error)
    }
  }
  return {
    name,
    take: (document, push) => new Taking(work, document, push, follows, fail).take(),
    ...(work.open !== undefined && {
      open: () => guarded('ERR_OPTION', 'as it opened what it needs', () => work.open!())
    }),
    ...(work.finish !== undefined && {
      finish: push => guarded('ERR_DOCUMENT', 'at the end', () => finish(push))
    }),
    ...(work.close !== undefined && { close: () => work.close!() }),
    ...(work.save !== undefined && { save: () => work.save!() }),
    ...(work.restore !== undefined && {
      restore (state) {
        try {
          work.restore!(state)
        } catch (error) {
          fail('ERR_STATE', 'as it took its saved state', error)
        }
      }
    })
  }
}

type Fail = (code: ErrorCode, what: string, cause: unknown) => never

/** One document that a stage takes. */
class Taking {
  readonly #work: OwnWork
  readonly #document: Document
  readonly #push: Push<Document>
  readonly #follows: Follows | undefined
  readonly #fail: Fail
  readonly #isOneOfOne: boolean
  #pushed = 0
  #mistake: unknown // in what was pushed: the stage may catch what `push` throws

  constructor (work: OwnWork, document: Document, push: Push<Document>, follows: Follows | undefined, fail: Fail) {
    this.#work = work
    this.#document = document
    this.#push = push
    this.#follows = follows
    this.#fail = fail
    this.#isOneOfOne = work.several !== true && work.finish === undefined
  }

  take (): string | undefined | Promise<string | undefined> {
    const { id, text, meta } = this.#document
    try {
      const given: unknown = this.#work.take({ id, text, meta }, this.#take)
      return isThenable(given) ? Promise.resolve(given).then(this.#reasonOf).catch(this.#failed) : this.#reasonOf(given)
    } catch (error) {
      return this.#failed(error)
    }
  }

  readonly #failed = (error: unknown): never => this.#fail('ERR_DOCUMENT', `at document ${this.#document.id}`, error)

  readonly #take = (item: Document): void => {
    try {
      let document = checked(item)
      if (++this.#pushed > 1 && this.#isOneOfOne) throw new Error(SECOND_DOCUMENT)
      if (this.#isOneOfOne && this.#follows !== undefined) {
        // `rejects` finds a document's position by its `meta`, and a stage may set the same `meta` for all documents.
        document = { ...document, meta: { ...document.meta } }
        this.#follows(this.#document, document)
      }
      this.#push(document)
    } catch (error) {
      this.#mistake ??= error
      throw error
    }
  }

  readonly #reasonOf = (given: unknown): string | undefined => {
    if (this.#mistake !== undefined) throw this.#mistake
    const reason = given ?? undefined
    if (reason === undefined) {
      if (this.#pushed === 0 && this.#work.finish === undefined) throw new Error(NEITHER)
      return undefined
    }
    if (typeof reason !== 'string' || reason === '') {
      throw new Error(`take returned ${JSON.stringify(reason)}, ${EXPECTED_REASON}`)
    }
    if (this.#pushed > 0) throw new Error(`it pushed the document, and gave a reason why it is dropped: ${reason}`)
    return reason
  }
}

const SECOND_DOCUMENT = 'it pushed a second document; a stage that makes several of one must set several: ' +
  'new Stage({ several: true, … })'
const NEITHER = 'take neither pushed a document nor returned a reason why it is dropped'
const EXPECTED_REASON = 'expected nothing, or a text: the reason why the document is dropped'
const EXPECTED = 'expected { id, text, meta }'
const LONE_SURROGATE = 'it pushed a text with half a character (a lone surrogate); was a text cut within a character?'

/** Validates a pushed document. @throws Error for anything else */
function checked (item: unknown): Document {
  const given = item as Readonly<Record<string, unknown>>
  if (typeof item !== 'object' || item === null) {
    throw new Error(`it pushed ${String(item)}, expected a document { id, text, meta }`)
  }
  const { id, text, meta = {}, ...others } = given
  const [other] = Object.keys(others)
  if (other !== undefined) {
    throw new Error(`it pushed a document with ${other}, ${EXPECTED}; anything else about a document goes into meta`)
  }
  if (typeof id !== 'string' || typeof text !== 'string') {
    throw new Error(`it pushed a document whose ${typeof id === 'string' ? 'text' : 'id'} is no text, ${EXPECTED}`)
  }
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) {
    throw new Error('it pushed a document whose meta is no object')
  }
  const strange = Object.keys(meta).find(key => !isPlain((meta as Record<string, unknown>)[key]))
  if (strange !== undefined) {
    throw new Error(`it pushed a document whose meta.${strange} is no plain data, such as JSON has; make a text of it`)
  }
  if (!text.isWellFormed()) throw new Error(LONE_SURROGATE)
  return { id, text, meta: meta as Record<string, unknown> }
}

/**
 * Whether threads pass a value on unchanged. An instance of a class would arrive as a plain object, with other JSON.
 */
function isPlain (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol'
  if (Array.isArray(value)) return value.every(isPlain)
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}

/** Whether a value is a promise of any kind. */
export function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
