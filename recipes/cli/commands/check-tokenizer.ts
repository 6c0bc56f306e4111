import { checkTokenizerAliases, checkTokenizerOptions, checkTokenizerParsed } from '../../check-tokenizer.ts'
import { command } from '../command.ts'

export const checkTokenizer = command(checkTokenizerOptions, (_args, options) => checkTokenizerParsed(options), {
  aliases: checkTokenizerAliases,
  report: ({ sha256, tokenizer_path: path }) => `${sha256}  ${path}` // as sha256sum prints it
})
