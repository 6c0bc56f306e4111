declare module 'sentencepiece-js' {
  class SentencePieceProcessor {
    /** Resolves for any file. */
    load (path: string): Promise<void>
    encodeIds (text: string): number[]
    decodeIds (ids: readonly number[]): string
  }
  namespace sentencepiece {
    export { SentencePieceProcessor }
  }
  const sentencepiece: { SentencePieceProcessor: typeof SentencePieceProcessor }
  export default sentencepiece
}
