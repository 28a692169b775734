import { expect, test } from 'vitest';

import { Karaoke, KaraokeError } from '../src/index.js';
import { job, json, server } from './server.js';

const karaoke = new Karaoke({ baseUrl: 'http://server/', key: 'sesame' });

test('every request carries the key', async () => {
  const asked = server(json(job('queued')));
  await karaoke.status('a b');
  expect(asked[0]!.path).toBe('/api/status/a%20b');
  expect(asked[0]!.init.headers).toMatchObject({ Authorization: 'Bearer sesame' });
});

test('what the server refuses is told with its status, code and sentence', async () => {
  server(json({ code: 'busy', detail: 'Not now.' }, 503, { 'Retry-After': '7' }));
  const error = await karaoke.status('a').catch((problem: unknown) => problem);
  expect(error).toBeInstanceOf(KaraokeError);
  expect(error).toMatchObject({ status: 503, code: 'busy', detail: 'Not now.', retryAfter: 7, passes: true });
});

test('an answer that is no problem document, and none at all, are errors of the same kind', async () => {
  server(new Response('<html>', { status: 502 }), new TypeError('network'));
  await expect(karaoke.status('a')).rejects.toMatchObject({ status: 502, code: 'http_502' });
  await expect(karaoke.status('a')).rejects.toMatchObject({ status: 0, code: 'unreachable' });
});

test('own words are put as text', async () => {
  const asked = server(json({ job_id: 'a' }, 202));
  await karaoke.setLyrics('a', 'La la');
  expect(asked[0]).toMatchObject({ path: '/api/jobs/a/lyrics', init: { method: 'PUT', body: 'La la' } });
});

test('many jobs are requested at once', async () => {
  const asked = server(json({ jobs: [job('queued')], missing: ['b'] }));
  expect(await karaoke.statuses(['a', 'b'])).toHaveLength(1);
  expect(asked.map(({ path }) => path)).toEqual(['/api/status?ids=a%2Cb']);
});
