/** The YAML of a card. It is untrusted: its size and depth are limited, and reading stops at the first mistake. */
import { CST, Composer, type Document, Lexer, LineCounter, Parser, visit } from 'yaml'
import { reasonOf } from '../errors.ts'

/** Cards with a thousand subsets have about a hundred thousand tokens; more than this limit would take seconds. */
const MAX_TOKENS = 500_000

/** Cards are nested as deep as their features at most; the parser recurses at each level. */
const MAX_LEVELS = 100

/** Aliases are rare in cards, and resolving one searches the whole document. */
const MAX_ALIASES = 100

/** Tags not resolved: they compare each entry with all others, or yield something other than a mapping. */
const LEFT_OUT = /:(?:omap|pairs|set)$/

/** Tokens of the lexer that stand for no characters: document start, end of a flow collection, scalar start. */
const NO_TEXT: ReadonlySet<string> = new Set([CST.DOCUMENT, CST.FLOW_END, CST.SCALAR])

export interface CardYaml {
  readonly document: Document
  readonly lines: LineCounter
  /** The content, with scalars resolved as in YAML 1.1. */
  readonly typed: unknown
  /** The content, with scalars as they are written. */
  readonly written: unknown
}

/** A mistake in the YAML, and its offset. */
export class CardMistake extends Error {
  readonly at: number

  constructor (message: string, at = 0) {
    super(message)
    this.at = at
  }
}

/** @throws CardMistake for the first mistake, and for YAML beyond the limits above */
export function readCardYaml (yaml: string): CardYaml {
  checkTokens(yaml)
  const lines = new LineCounter()
  try {
    const document = documentOf(yaml, lines)
    checkAliases(document)
    const typed: unknown = document.toJS()
    visit(document, { Scalar (_key, node) { node.value = node.source ?? '' } })
    return { document, lines, typed, written: document.toJS() }
  } catch (cause) { // an unresolved alias, aliases that expand too far, too deep a nesting
    throw cause instanceof CardMistake ? cause : new CardMistake(`has YAML that can't be read: ${reasonOf(cause)}`)
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
    if (error !== undefined) throw new CardMistake(`has invalid YAML: ${error.message}`, error.pos[0])
    if (document !== undefined) throw new CardMistake('has several YAML documents, expected one', next.range[0])
    document = next
  }
  return document!
}

/**
 * By itself, the composer continues to the end of the document and collects all mistakes, of which a hostile card may
 * have one per character.
 */
function stopAtFirst (composer: Composer): void {
  const { onError } = composer as unknown as { readonly onError: OnError }
  // The composer catches what is thrown and reports it again for the enclosing node, so the first is thrown again.
  let first: CardMistake | undefined
  Reflect.set(composer, 'onError', ((at, code, message, isWarning) => {
    if (isWarning === true) onError(at, code, message, isWarning)
    else throw first ??= new CardMistake(`has invalid YAML: ${message}`, offsetOf(at))
  }) satisfies OnError)
}

type OnError = (at: ErrorPlace, code: string, message: string, isWarning?: boolean) => void

type ErrorPlace = number | readonly [number, ...number[]] | { readonly offset: number }

function offsetOf (at: ErrorPlace): number {
  return typeof at === 'number' ? at : 'offset' in at ? at.offset : at[0]
}

/** The lexer is fast on any text; the parser is not, so tokens are counted first. */
function checkTokens (yaml: string): void {
  let [tokens, at] = [0, 0]
  let open = 0 // brackets and braces
  let inLine = 0 // nested in one line, as in `- - - a`
  for (const token of new Lexer().lex(yaml)) {
    if (token === '[' || token === '{') open++
    else if (token === ']' || token === '}') open--
    else if (open === 0 && (token === '-' || token === '?' || token === ':')) inLine++
    else if (token.endsWith('\n')) inLine = 0
    if (++tokens > MAX_TOKENS) {
      throw new CardMistake(`has too much YAML: expected at most ${MAX_TOKENS} tokens (keys, values, marks, spaces)`)
    }
    if (open > MAX_LEVELS || inLine > MAX_LEVELS) {
      throw new CardMistake(`is nested too deeply: expected at most ${MAX_LEVELS} levels`, at)
    }
    if (!NO_TEXT.has(token)) at += token.length
  }
}

function checkAliases (document: Document): void {
  let aliases = 0
  visit(document, {
    Alias (_key, { range }) {
      if (++aliases <= MAX_ALIASES) return
      throw new CardMistake(`has too many aliases: expected at most ${MAX_ALIASES}`, range?.[0])
    }
  })
}
