import { z } from 'zod'

/** One byte, so that records can be cut before they are decoded. */
const character = z.string().transform(given => given === 'tab' || given === '\\t' ? '\t' : given)

/** Options for the syntax of CSV. */
export const csvSyntaxOptions = {
  delimiter: character
    .refine(given => /^[^"\r\n\x80-\uffff]$/.test(given), 'expected one ASCII character, or tab, and no quote')
    .optional()
    .describe('character between fields (default: set by a first line such as sep=;, ' +
      'otherwise a tab for .tsv files and a comma for others)'),
  quote: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('character around fields with delimiters or line breaks (default: "; if empty, quotes are text)'),
  escape: z.string().regex(/^[^\r\n\x80-\uffff]?$/, 'expected one ASCII character, or nothing').optional()
    .describe('character before a quote within quotes, such as \\ in files of Spark ' +
      '(default: none; such a quote is doubled)')
}
