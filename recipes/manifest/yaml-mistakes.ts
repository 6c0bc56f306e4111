import { type Document, YAMLParseError, isAlias, isScalar, visit } from 'yaml'

export interface YamlMistake {
  /** The position in the text. */
  readonly offset: number
  readonly message: string
}

/** A mistake as the parser reports it. */
type YamlSyntaxError = Pick<YAMLParseError, 'code' | 'message' | 'pos'>

/**
 * The syntax mistakes of a YAML text, with what to change: all duplicate keys, and otherwise only the first mistake,
 * because the parser guesses from there on.
 */
export function yamlMistakes (errors: readonly YamlSyntaxError[], text: string): YamlMistake[] {
  const isTwice = ({ code }: YamlSyntaxError): boolean => code === 'DUPLICATE_KEY'
  const syntax = errors.find(error => !isTwice(error))
  const lines = new Lines(text)
  return [...errors.filter(isTwice), ...(syntax === undefined ? [] : [syntax])].map(error => mistakeOf(error, lines))
}

/** Duplicate keys in a mapping. The parser's own check takes quadratic time: it compares each key with all others. */
export function twiceIn (yaml: Document): YAMLParseError[] {
  const errors: YAMLParseError[] = []
  visit(yaml, {
    Map (_key, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        const start = key.range?.[0] ?? 0
        if (seen.has(key.value)) {
          errors.push(new YAMLParseError([start, start + 1], 'DUPLICATE_KEY', 'Map keys must be unique'))
        }
        seen.add(key.value)
      }
    }
  })
  return errors
}

/** An alias without an anchor, which is almost always a glob without quotes; undefined if there is none. */
export function aliasMistake (yaml: Document): YamlMistake | undefined {
  let found: YamlMistake | undefined
  const anchors = new Set<string>() // those before the current node
  visit(yaml, {
    Node (_key, node) {
      if (!isAlias(node)) {
        if (node.anchor !== undefined) anchors.add(node.anchor)
        return undefined
      }
      if (anchors.has(node.source)) return undefined
      const { source } = node
      const message = `*${source} is an alias in YAML, and there is no anchor &${source}; ` +
        `a value that begins with * needs quotes: '*${source}'`
      found = { offset: node.range?.[0] ?? 0, message }
      return visit.BREAK
    }
  })
  return found
}

function mistakeOf ({ code, message, pos: [offset] }: YamlSyntaxError, lines: Lines): YamlMistake {
  const line = lines.at(offset)
  const at = (message: string, where = offset): YamlMistake => ({ offset: where, message })
  if (/^ *\t/.test(line.text)) return at('a tab in the indentation, expected spaces', line.start)
  switch (code) {
    case 'DUPLICATE_KEY': return at(`the key ${keyOf(lines.rest(offset))} occurs twice in one mapping`)
    case 'MULTIPLE_DOCS': return at('a second YAML document begins here, expected one in a file')
    case 'BAD_SCALAR_START':
      return at(`a value can't begin with ${lines.rest(offset)[0] ?? 'this'}, expected it in quotes`)
    case 'BAD_DQ_ESCAPE': {
      const escape = lines.rest(offset).slice(0, 2)
      return at(`in double quotes a backslash begins an escape, and ${escape} is not one; ` +
        'write \\\\, or put the text in single quotes')
    }
    case 'BLOCK_IN_FLOW': return at('expected a comma between the entries in brackets')
    case 'MISSING_CHAR': {
      const quote = /closing (["'])quote/.exec(message)?.[1]
      if (quote !== undefined) {
        return at(`a text in quotes is not closed, expected ${quote} at its end`, lines.unclosed(quote) ?? offset)
      }
      return /^(?:Comments|Tags)/.test(message) ? at('expected a space before this') : wrongIndentation(line, lines)
    }
    case 'BAD_INDENT': {
      const bracket = /end with a (.)$/.exec(message)?.[1]
      if (bracket === undefined) return wrongIndentation(line, lines)
      return at(`a bracket that is opened above is not closed, expected ${bracket}; ` +
        'what is in brackets is indented further than what is around them')
    }
    case 'BLOCK_AS_IMPLICIT_KEY': case 'MULTILINE_IMPLICIT_KEY': return implicitKey(line, lines, at)
    default:
      return at('invalid YAML here: check the quotes, brackets and indentation of this line and the one above it')
  }
}

/**
 * The mistake in what the parser takes for a key that spans several lines: a line that is indented too far, a missing
 * colon, or one colon too many.
 */
function implicitKey (line: Line, lines: Lines, at: (message: string) => YamlMistake): YamlMistake {
  const next = lines.after(line)
  if (/^[\w"'-]+:\S/.test(line.content)) return at(`expected a space after the colon of ${keyOf(line.content)}`)
  if (!/:(?:\s|$)/.test(line.content) && !line.isItem) {
    return at(`expected a colon after ${keyOf(line.content)}, and what belongs to it in the lines below`)
  }
  if (line.content.split(/: /).length > 2) return at('a value has a colon and a space in it, expected it in quotes')
  const isNext = next !== undefined && !next.isItem && next.column !== line.column
  return wrongIndentation(isNext ? next : line, lines)
}

function wrongIndentation (line: Line, lines: Lines): YamlMistake {
  const above = lines.before(line)
  const offset = line.start + line.indent
  if (above === undefined) return { offset, message: 'wrong indentation, expected the first line to begin in column 1' }
  const areItems = line.isItem && above.isItem
  const own = line.isItem ? line.indent + 1 : line.column
  const other = areItems ? above.indent + 1 : above.column
  const what = line.isItem ? 'this item' : keyOf(line.content)
  const whatAbove = areItems ? 'the one' : keyOf(above.content)
  const message = `wrong indentation: ${what} begins in column ${own}, ${whatAbove} above it in column ${other}; ` +
    'what belongs together begins in the same column'
  return { offset, message }
}

/** The key that a line begins with, cut to 40 characters; `this` where there is none. */
function keyOf (content: string): string {
  const key = /^["']?([^:"']*)/.exec(content)![1]!.trim()
  return key.length > 40 ? key.slice(0, 39) + '…' : key === '' ? 'this' : key
}

interface Line {
  readonly start: number
  readonly text: string
  /** Spaces at its start. */
  readonly indent: number
  /** Whether it begins with `- `. */
  readonly isItem: boolean
  /** The column where its content begins, after `- `; from 1. */
  readonly column: number
  readonly content: string
}

class Lines {
  readonly #text: string
  readonly #lines: Line[] = [] // without blank lines and comments

  constructor (text: string) {
    this.#text = text
    let start = 0
    for (const line of text.split('\n')) {
      const indent = /^[ \t]*/.exec(line)![0].length
      const before = /^[ \t]*(?:- +)*/.exec(line)![0].length
      const isItem = line[indent] === '-'
      if (!/^\s*(?:#.*)?$/.test(line)) {
        this.#lines.push({ start, text: line, indent, isItem, column: before + 1, content: line.slice(before) })
      }
      start += line.length + 1
    }
  }

  /** The line that holds an offset, or the last one before it. */
  at (offset: number): Line {
    let [low, high] = [0, this.#lines.length]
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#lines[middle]!.start <= offset) low = middle + 1
      else high = middle
    }
    return this.#lines[Math.max(low - 1, 0)]!
  }

  before (line: Line): Line | undefined {
    return this.#lines[this.#lines.indexOf(line) - 1]
  }

  after (line: Line): Line | undefined {
    return this.#lines[this.#lines.indexOf(line) + 1]
  }

  /** The text from an offset to the end of its line. */
  rest (offset: number): string {
    const end = this.#text.indexOf('\n', offset)
    return this.#text.slice(offset, end === -1 ? undefined : end)
  }

  /** The position of the last quote in the first line with an odd number of them. */
  unclosed (quote: string): number | undefined {
    const line = this.#lines.find(({ text }) => text.split(quote).length % 2 === 0)
    return line === undefined ? undefined : line.start + line.text.lastIndexOf(quote)
  }
}
