/** The YAML of a card, which is somebody else's: read once, and no further than to its first mistake. */
import { CST, Composer, type Document, Lexer, LineCounter, Parser, visit } from 'yaml'
import { reasonOf } from '../errors.ts'

/** Cards of a thousand subsets have some hundred thousand tokens; more would take seconds. */
const MOST_TOKENS = 500_000

/** No card is nested deeper than its features are; the parser calls itself for each level. */
const MOST_LEVELS = 100

/** Anchors are rare in cards, and each alias is looked up in all of the document. */
const MOST_ALIASES = 100

/** These compare each entry with all others, or keep no mapping; without them their tags say nothing. */
const LEFT_OUT = /:(?:omap|pairs|set)$/

/** Tokens that stand for no character: the beginning of a document, an end in brackets, the beginning of a scalar. */
const NO_TEXT: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR])

export interface CardYaml {
  readonly document: Document
  readonly lines: LineCounter
  /** Scalars as what they mean, by YAML 1.1. */
  readonly typed: unknown
  /** Scalars as they are written. */
  readonly written: unknown
}

/** A mistake, and where it is, as an offset. */
export class CardMistake extends Error {
  readonly at: number

  constructor (message: string, at = 0) {
    super(message)
    this.at = at
  }
}

/** @throws CardMistake for the first mistake, and for what is too much to be a card */
export function readCardYaml (yaml: string): CardYaml {
  checkTokens(yaml)
  const lines = new LineCounter()
  try {
    const document = documentOf(yaml, lines)
    checkAliases(document)
    const typed: unknown = document.toJS()
    visit(document, { Scalar (_key, node) { node.value = node.source ?? '' } })
    return { document, lines, typed, written: document.toJS() }
  } catch (cause) { // an alias of nothing, or one that multiplies; what is nested too deeply
    throw cause instanceof CardMistake ? cause : new CardMistake(`is no YAML that can be read: ${reasonOf(cause)}`)
  }
}

function documentOf (yaml: string, lines: LineCounter): Document {
  const composer = new Composer({
    prettyErrors: false,
    uniqueKeys: false,
    merge: true,
    logLevel: 'error',
    version: '1.1',
    customTags: tags => tags.filter(tag => typeof tag === 'string' || !LEFT_OUT.test(tag.tag))
  })
  let document: Document | undefined
  stopAtFirst(composer)
  for (const next of composer.compose(new Parser(lines.addNewLine).parse(yaml), true, yaml.length)) {
    const [error] = next.errors
    if (error !== undefined) throw new CardMistake(`is no YAML: ${error.message}`, error.pos[0])
    if (document !== undefined) throw new CardMistake('is no YAML: it has several documents', next.range[0])
    document = next
  }
  return document!
}

/** The composer goes on to the end of a document, and keeps each mistake: there may be as many as characters. */
function stopAtFirst (composer: Composer): void {
  const { onError } = composer as unknown as { readonly onError: OnError }
  // Which the composer catches on its way, to report it as a mistake of what is around it.
  let first: CardMistake | undefined
  Reflect.set(composer, 'onError', ((at, code, message, isWarning) => {
    if (isWarning === true) onError(at, code, message, isWarning)
    else throw first ??= new CardMistake(`is no YAML: ${message}`, offsetOf(at))
  }) satisfies OnError)
}

type OnError = (at: ErrorPlace, code: string, message: string, isWarning?: boolean) => void

type ErrorPlace = number | readonly [number, ...number[]] | { readonly offset: number }

function offsetOf (at: ErrorPlace): number {
  return typeof at === 'number' ? at : 'offset' in at ? at.offset : at[0]
}

/** Tokens are found fast, whatever the text; what is made of them is not. */
function checkTokens (yaml: string): void {
  let [tokens, at] = [0, 0]
  let open = 0 // brackets and braces
  let inLine = 0 // as in `- - - a`
  for (const token of new Lexer().lex(yaml)) {
    if (token === '[' || token === '{') open++
    else if (token === ']' || token === '}') open--
    else if (open === 0 && (token === '-' || token === '?' || token === ':')) inLine++
    else if (token.endsWith('\n')) inLine = 0
    if (++tokens > MOST_TOKENS) {
      throw new CardMistake(`has too much in its YAML: expected at most ${MOST_TOKENS} keys, values, marks and spaces`)
    }
    if (open > MOST_LEVELS || inLine > MOST_LEVELS) {
      throw new CardMistake(`is nested too deeply: expected at most ${MOST_LEVELS} levels`, at)
    }
    if (!NO_TEXT.has(token)) at += token.length
  }
}

function checkAliases (document: Document): void {
  let aliases = 0
  visit(document, {
    Alias (_key, { range }) {
      if (++aliases <= MOST_ALIASES) return
      throw new CardMistake(`has too many aliases: expected at most ${MOST_ALIASES}`, range?.[0])
    }
  })
}
