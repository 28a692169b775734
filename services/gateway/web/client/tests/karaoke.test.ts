import { expect, test } from 'vitest';

import { Karaoke, KaraokeError } from '../src/index.js';
import { job, json, server } from './server.js';

const karaoke = new Karaoke({ baseUrl: 'http://server/', key: 'sesame' });

test('every request carries the key', async () => {
  const requests = server(json(job('queued')));
  await karaoke.status('a b');
  expect(requests[0]!.path).toBe('/api/status/a%20b');
  expect(requests[0]!.init.headers).toMatchObject({ Authorization: 'Bearer sesame' });
});

test('a refused request rejects with status, code and detail', async () => {
  server(json({ code: 'busy', detail: 'Not now.' }, 503, { 'Retry-After': '7' }));
  const error = await karaoke.status('a').catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(KaraokeError);
  expect(error).toMatchObject({ status: 503, code: 'busy', detail: 'Not now.', retryAfter: 7, isTransient: true });
});

test('an answer without a problem document and a network failure reject with a KaraokeError', async () => {
  server(new Response('<html>', { status: 502 }), new TypeError('network'));
  await expect(karaoke.status('a')).rejects.toMatchObject({ status: 502, code: 'http_502' });
  await expect(karaoke.status('a')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
});

test('setLyrics sends plain text', async () => {
  const requests = server(json({ job_id: 'a' }, 202));
  await karaoke.setLyrics('a', 'La la');
  expect(requests[0]).toMatchObject({ path: '/api/jobs/a/lyrics', init: { method: 'PUT', body: 'La la' } });
});

test('correctBeats sends what changes and resolves to the new beats; resetBeats takes it back', async () => {
  const requests = server(json({ tempo_bpm: 60 }), new Response(null, { status: 204 }));
  expect(await karaoke.correctBeats('a', { tempo: 'half' })).toEqual({ tempo_bpm: 60 });
  await karaoke.resetBeats('a');
  expect(requests[0]).toMatchObject({ path: '/api/jobs/a/beats', init: { method: 'PUT', body: '{"tempo":"half"}' } });
  expect(requests[1]).toMatchObject({ path: '/api/jobs/a/beats', init: { method: 'DELETE' } });
});

test('a correction of the lyrics replaces only what the client knows', async () => {
  const lyrics = { lines: [{ words: [{ text: 'la', start: 1, end: 2 }] }] };
  const changed = json({ code: 'lyrics_changed', detail: 'Get them again.' }, 412);
  const requests = server(json(lyrics, 200, { ETag: '"1"' }), json(lyrics, 200, { ETag: '"2"' }), changed);
  const known = await karaoke.editLyrics('a');
  expect(await karaoke.correctLyrics('a', known.lyrics, known.etag)).toEqual({ lyrics, etag: '"2"' });
  await expect(karaoke.correctLyrics('a', lyrics, known.etag)).rejects.toMatchObject({ code: 'lyrics_changed' });
  expect(requests[1]).toMatchObject({
    path: '/api/jobs/a/lyrics.json',
    init: { method: 'PUT', headers: { 'If-Match': '"1"' }, body: JSON.stringify(lyrics) },
  });
});

test('heardLyrics reads what was found, and resetLyrics returns to it', async () => {
  const requests = server(json({ lines: [] }), new Response(null, { status: 204 }));
  expect(await karaoke.heardLyrics('a')).toEqual({ lines: [] });
  await karaoke.resetLyrics('a');
  expect(requests[0]!.path).toBe('/api/jobs/a/lyrics.json?version=heard');
  expect(requests[1]).toMatchObject({ path: '/api/jobs/a/lyrics.json', init: { method: 'DELETE' } });
});

test('alignLines asks for lines of the lyrics that are known, and resolves to the number of the request', async () => {
  const requests = server(json({ job_id: 'a', number: 3 }, 202));
  expect(await karaoke.alignLines('a', [2, { index: 4, text: 'new words' }], '"1"')).toBe(3);
  expect(requests[0]).toMatchObject({
    path: '/api/jobs/a/lyrics/align',
    init: { method: 'POST', headers: { 'If-Match': '"1"' }, body: '{"lines":[2,{"index":4,"text":"new words"}]}' },
  });
});

test('many jobs are fetched with one request', async () => {
  const requests = server(json({ jobs: [job('queued')], missing: ['b'] }));
  expect(await karaoke.statuses(['a', 'b'])).toHaveLength(1);
  expect(requests.map(({ path }) => path)).toEqual(['/api/status?ids=a%2Cb']);
});
