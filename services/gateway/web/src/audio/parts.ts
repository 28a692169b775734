import { type JobDocument, type Karaoke, KaraokeError } from '@karaoke/client';

import type { Part } from './mixer';

const FOUR: readonly Part[] = ['vocals', 'drums', 'bass', 'other'];
const TWO: readonly Part[] = ['vocals', 'instrumental'];
/** Decoded, a part takes 350 kB a second: longer songs get two of them instead of four. */
const FOUR_PARTS_SECONDS = 480;

export type Parts = ReadonlyMap<Part, AudioBuffer>;

/** Fetches and decodes what can be mixed; `onProgress` is told what share is here. Rejects with KaraokeError. */
export async function loadParts(
  karaoke: Karaoke,
  job: JobDocument,
  context: BaseAudioContext,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Parts> {
  const names = job.audio_duration > FOUR_PARTS_SECONDS ? TWO : FOUR;
  const shares = names.map(() => 0);
  const load = async (part: Part, index: number): Promise<[Part, AudioBuffer]> => {
    const path = job.stem_separation[`${part}_path`];
    if (!path) throw new KaraokeError(404, 'no_such_part', 'A part of this song is not there any more.');
    const flac = path.replace(/\.\w+$/, '.flac'); // half the bytes of WAV; the server encodes it on demand
    const response = await karaoke.fetch(flac, { signal });
    const bytes = await read(response, (share) => {
      shares[index] = share;
      onProgress(shares.reduce((sum, each) => sum + each, 0) / shares.length);
    });
    return [part, await context.decodeAudioData(bytes)];
  };
  return new Map(await Promise.all(names.map(load)));
}

async function read(response: Response, onProgress: (share: number) => void): Promise<ArrayBuffer> {
  const total = Number(response.headers.get('Content-Length'));
  if (!total || !response.body) return response.arrayBuffer();
  const bytes = new Uint8Array(total);
  let at = 0;
  for (const reader = response.body.getReader(); ; ) {
    let chunk: ReadableStreamReadResult<Uint8Array>;
    try {
      chunk = await reader.read();
    } catch {
      throw KaraokeError.unreachable();
    }
    if (chunk.done) return bytes.buffer;
    bytes.set(chunk.value, at);
    at += chunk.value.length;
    onProgress(at / total);
  }
}
