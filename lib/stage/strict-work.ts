import type { Document } from '../document.ts'
import { type ErrorCode, SluiceError, messageOf } from '../errors.ts'
import type { Push, Work } from './stage.ts'

/**
 * The work of a stage of the user's own, which may be written in JavaScript: nothing that its types say is known to be
 * so.
 */
export type OwnWork = Work<Document, Document, unknown>

/** Told of a document that a stage makes another one of. */
export type Follows = (from: Document, to: Document) => void

/** What a work may have beside its name and `take`. */
const METHODS = ['open', 'key', 'finish', 'close', 'save', 'restore'] as const

/** What is wrong with a work, as the end of a sentence; null where nothing is. */
export function workMistake (work: unknown): string | null {
  if (typeof work !== 'object' || work === null) return 'has no work'
  const given = work as Readonly<Record<string, unknown>>
  if (typeof given.name !== 'string' || given.name === '') return 'has no name'
  if (typeof given.take !== 'function') return 'has no function take'
  const wrong = METHODS.find(name => given[name] !== undefined && typeof given[name] !== 'function')
  if (wrong !== undefined) return `has something else than a function as ${wrong}`
  if ((given.save === undefined) !== (given.restore === undefined)) return 'has only one of save and restore, which belong together'
  if (given.finish !== undefined && given.save === undefined) return 'has finish without save and restore: what it holds until the end would be lost when a run goes on from a checkpoint'
  return null
}

/** Why a stage has to see all documents in order, in one thread; null where it need not. */
export function whyInOrder ({ save, finish, key, several }: OwnWork): string | null {
  if (save !== undefined || finish !== undefined) return 'it keeps state'
  if (key !== undefined) return 'it compares documents'
  return several === true ? 'it makes several documents of one' : null
}

/**
 * A work that is held to what flows rely on, so that nothing is lost in silence, and that says in errors which stage
 * has failed, and at which document. A document that is taken is pushed on, or dropped for a reason; only a stage with
 * `finish` may hold it back, and only one that says `several` may push more than one.
 *
 * @param module as it was named, for messages
 * @param follows told of each document that is made of another one, where it is one of one
 */
export function strictWork (work: OwnWork, module: string, follows?: Follows): OwnWork {
  const { name } = work
  const fail = (code: ErrorCode, what: string, cause: unknown): never => {
    throw new SluiceError(code, `${name} (${module}) has failed ${what}: ${messageOf(cause)}`, { cause })
  }
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
    ...(work.open !== undefined && { open: () => guarded('ERR_OPTION', 'as it opened what it needs', () => work.open!()) }),
    ...(work.finish !== undefined && { finish: push => guarded('ERR_DOCUMENT', 'at the end', () => work.finish!(item => { push(checked(item)) })) }),
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

/** One document that a stage takes. */
class Taking {
  readonly #work: OwnWork
  readonly #document: Document
  readonly #push: Push<Document>
  readonly #follows: Follows | undefined
  readonly #fail: (code: ErrorCode, what: string, cause: unknown) => never
  readonly #isOneOfOne: boolean
  #pushed = 0
  #mistake: unknown // in what was pushed: the stage may catch what `push` throws

  constructor (work: OwnWork, document: Document, push: Push<Document>, follows: Follows | undefined, fail: (code: ErrorCode, what: string, cause: unknown) => never) {
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
      return isThenable(given) ? Promise.resolve(given).then(this.#judge).catch(this.#failed) : this.#judge(given)
    } catch (error) {
      return this.#failed(error)
    }
  }

  readonly #failed = (error: unknown): never => this.#fail('ERR_DOCUMENT', `at document ${this.#document.id}`, error)

  readonly #take = (item: Document): void => {
    try {
      let document = checked(item)
      if (++this.#pushed > 1 && this.#isOneOfOne) throw new Error('it pushed a second document; a stage that makes several of one says so: new Stage({ several: true, … })')
      if (this.#isOneOfOne && this.#follows !== undefined) {
        // It may give all its documents the same one, by which rejects know where they were.
        document = { ...document, meta: { ...document.meta } }
        this.#follows(this.#document, document)
      }
      this.#push(document)
    } catch (error) {
      this.#mistake ??= error
      throw error
    }
  }

  readonly #judge = (given: unknown): string | undefined => {
    if (this.#mistake !== undefined) throw this.#mistake
    const reason = given ?? undefined
    if (reason !== undefined && (typeof reason !== 'string' || reason === '')) throw new Error(`take returned ${JSON.stringify(reason)}, expected nothing, or a text: the reason why the document is dropped`)
    if (reason !== undefined && this.#pushed > 0) throw new Error(`it pushed the document, and gave a reason why it is dropped: ${reason}`)
    if (reason === undefined && this.#pushed === 0 && this.#work.finish === undefined) throw new Error('take neither pushed a document nor returned a reason why it is dropped')
    return reason
  }
}

/** A document as it was pushed. @throws Error for anything else */
function checked (item: unknown): Document {
  const given = item as Readonly<Record<string, unknown>>
  if (typeof item !== 'object' || item === null) throw new Error(`it pushed ${String(item)}, expected a document { id, text, meta }`)
  const { id, text, meta = {}, ...others } = given
  const [other] = Object.keys(others)
  if (other !== undefined) throw new Error(`it pushed a document with ${other}, expected { id, text, meta }; what else is known of a document goes into meta`)
  if (typeof id !== 'string' || typeof text !== 'string') throw new Error(`it pushed a document whose ${typeof id === 'string' ? 'text' : 'id'} is no text, expected { id, text, meta }`)
  if (typeof meta !== 'object' || meta === null || Array.isArray(meta)) throw new Error('it pushed a document whose meta is no object')
  const strange = Object.keys(meta).find(key => !isPlain((meta as Record<string, unknown>)[key]))
  if (strange !== undefined) throw new Error(`it pushed a document whose meta.${strange} is no plain data, such as JSON has; make a text of it`)
  if (!text.isWellFormed()) throw new Error('it pushed a text with half a character (a lone surrogate); was a text cut within a character?')
  return { id, text, meta: meta as Record<string, unknown> }
}

/**
 * What threads hand on as it is: an instance of a class would arrive as another thing, and make another line of JSON.
 */
function isPlain (value: unknown): boolean {
  if (typeof value !== 'object' || value === null) return typeof value !== 'function' && typeof value !== 'symbol'
  if (Array.isArray(value)) return value.every(isPlain)
  const prototype: unknown = Object.getPrototypeOf(value)
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain)
}

/** Whether it is a promise, whoever made it. */
export function isThenable (value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
