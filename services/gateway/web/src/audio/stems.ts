import { type JobDocument, type Karaoke, KaraokeError, type Stem } from '@karaoke/client';

const FOUR_STEMS: readonly Stem[] = ['vocals', 'drums', 'bass', 'other'];
const TWO_STEMS: readonly Stem[] = ['vocals', 'instrumental'];
/** A decoded stem takes 350 kB per second of song: songs longer than this are loaded as two stems instead of four. */
const LONGEST_WITH_FOUR_STEMS_SECONDS = 480;

export type Stems = ReadonlyMap<Stem, AudioBuffer>;

/** Fetch and decode the stems. `onProgress` receives the loaded share, 0 to 1. Rejects with KaraokeError. */
export async function loadStems(
  karaoke: Karaoke,
  job: JobDocument,
  context: BaseAudioContext,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Stems> {
  const names = job.audio_duration > LONGEST_WITH_FOUR_STEMS_SECONDS ? TWO_STEMS : FOUR_STEMS;
  const shares = names.map(() => 0);
  const load = async (stem: Stem, index: number): Promise<[Stem, AudioBuffer]> => {
    const path = job.stem_separation[`${stem}_path`];
    if (!path) throw new KaraokeError(404, 'no_such_part', 'A part of this song is not there any more.');
    const flac = path.replace(/\.\w+$/, '.flac'); // half the size of WAV; the server encodes it on demand
    const response = await karaoke.fetch(flac, { signal });
    const bytes = await read(response, (share) => {
      shares[index] = share;
      onProgress(shares.reduce((sum, each) => sum + each, 0) / shares.length);
    });
    return [stem, await context.decodeAudioData(bytes)];
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
