import { afterEach, expect, test, vi } from 'vitest';

import { Song } from './song';

vi.mock('../audio/player', () => ({ Player: class {} }));
vi.mock('../audio/stems', () => ({ loadStems: vi.fn() }));
vi.mock('../api-key', async () => {
  const { Karaoke } = await import('@karaoke/client');
  return { authorized: (ask: (server: unknown) => unknown) => ask(new Karaoke({ baseUrl: 'http://server' })) };
});

const requests: string[] = [];

/** Answer requests for beats as a server does that counts at 120 BPM, or as it was told. */
function serve(refuse = false) {
  let counted: unknown = { tempo_bpm: 120, beats: [] };
  globalThis.fetch = async (_, { method = 'GET', body } = {}) => {
    if (String(_).includes('/api/status')) return new Response(null, { status: 204 });
    requests.push(method);
    if (refuse) return new Response('{"code":"tempo_out_of_range","detail":"Too fast."}', { status: 422 });
    if (method === 'DELETE') counted = { tempo_bpm: 120, beats: [] };
    if (method === 'PUT') counted = { tempo_bpm: 60, beats: [], correction: JSON.parse(String(body)) };
    return method === 'DELETE' ? new Response(null, { status: 204 }) : new Response(JSON.stringify(counted));
  };
}

const songs: Song[] = [];
const open = () => songs[songs.push(new Song('a')) - 1]!;
afterEach(() => {
  for (const song of songs.splice(0)) song.close();
  requests.length = 0;
});

test('a correction replaces the beats at once, and no correction brings the heard ones back', async () => {
  serve();
  const song = open();
  await song.correctBeats({ tempo: 'half' });
  expect(song.beats.value).toMatchObject({ tempo_bpm: 60, correction: { tempo: 'half' } });
  await song.correctBeats(null);
  expect(song.beats.value).toMatchObject({ tempo_bpm: 120 });
  expect(requests).toEqual(['PUT', 'DELETE', 'GET']);
});

test('a correction that the server refuses changes nothing', async () => {
  serve(true);
  const song = open();
  await expect(song.correctBeats({ tempo: 'double' })).rejects.toMatchObject({ code: 'tempo_out_of_range' });
  expect(song.beats.value).toBeNull();
});

test('words that somebody else corrects after the end are shown, and the player stays', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  try {
    let revision = 0;
    const loads: number[] = [];
    const task = { status: 'skipped' };
    const job = () => ({
      ...{ job_id: 'a', status: 'completed', run: 0, name: '', stem_separation: task, beat_analysis: task },
      transcription: { status: 'completed', attempt: 1, revision, word_count: 1 },
    });
    globalThis.fetch = async (url) => {
      if (String(url).endsWith('/events')) return new Response(null, { status: 204 });
      if (String(url).includes('/api/status')) return new Response(JSON.stringify(job()));
      loads.push(revision);
      return new Response(JSON.stringify({ lines: [], note: `words ${revision}` }));
    };
    const song = open();
    await vi.advanceTimersByTimeAsync(10_000);
    expect(song.lyrics.value).toMatchObject({ note: 'words 0' });
    const { value: player } = song.player;
    revision = 1; // as many words as before
    await vi.advanceTimersByTimeAsync(4_500);
    expect(song.lyrics.value).toMatchObject({ note: 'words 1' });
    expect(song.player.value).toBe(player);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(loads).toEqual([0, 1]);
  } finally {
    vi.useRealTimers();
  }
});

const line = (text: string) => ({ text, words: [] });
const lines = (partial: boolean, ...texts: string[]) => JSON.stringify({ partial, lines: texts.map(line) });
const found = (count: number) => ({ status: 'processing', partial: true, partial_lines: count });
const all = { status: 'completed', partial: false, partial_lines: null };

/** Answer like a server whose transcription is in the state that `state` returns, and whose lyrics `file` returns. */
function transcribe(state: () => object, file: () => Promise<Response> | Response) {
  globalThis.fetch = async (url) => {
    if (String(url).includes('/lyrics.json')) return file();
    const transcription = { attempt: 1, status: '', ...state() };
    const status = transcription.status === 'processing' ? 'processing' : 'completed';
    const job = { status, run: 0, name: '', stem_separation: {}, transcription, beat_analysis: {} };
    const body = `event: status\nretry: 1\ndata: ${JSON.stringify(job)}\n\n`;
    return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
  };
}

/** Return the numbers of lines that are shown one after the other, or null for no lyrics. */
function shownLines(song: Song) {
  const seen: (number | null)[] = [];
  song.lyrics.subscribe((lyrics) => void seen.push(lyrics?.lines.length ?? null));
  return seen;
}

test('the first lines are shown until all lines replace them', async () => {
  const files = [lines(true, 'one'), lines(true, 'one', 'two'), lines(false, 'one')]; // the alignment may join lines
  let seen: unknown[] = [null];
  transcribe(
    () => [found(1), found(2), all][seen.length - 1] ?? all,
    () => new Response(files.shift()),
  );
  const song = open();
  seen = shownLines(song);
  await vi.waitFor(() => expect(song.lyrics.value?.partial).toBe(false));
  expect(seen).toEqual([null, 1, 2, 1]);
});

test('the first lines do not replace all lines when their answer is late', async () => {
  let answer = (_: Response) => {};
  const files: (Promise<Response> | Response)[] = [
    new Promise<Response>((resolve) => (answer = resolve)),
    new Response(lines(false, 'one', 'two')),
  ];
  transcribe(
    () => (files.length > 1 ? found(1) : all),
    () => files.shift()!,
  );
  const song = open();
  await vi.waitFor(() => expect(song.lyrics.value?.partial).toBe(false));
  const late = new Response(lines(true, 'one', 'two', 'three'));
  const read = vi.spyOn(late, 'json');
  answer(late);
  await vi.waitFor(() => expect(read).toHaveBeenCalled());
  await read.mock.results[0]!.value;
  await Promise.resolve();
  expect(song.lyrics.value?.lines).toHaveLength(2);
});

test('the first lines disappear when the transcription fails, and it is no problem if there are none', async () => {
  const files = [new Response(lines(true, 'one')), new Response('{"code":"result_not_found"}', { status: 404 })];
  let seen: unknown[] = [null];
  transcribe(
    () => (!files.length ? { status: 'failed' } : seen.length > 1 ? found(2) : found(1)),
    () => files.shift()!,
  );
  const song = open();
  seen = shownLines(song);
  await vi.waitFor(() => expect(song.job.value?.transcription.status).toBe('failed'));
  expect([seen, song.problem.value]).toEqual([[null, 1, null], null]);
});
