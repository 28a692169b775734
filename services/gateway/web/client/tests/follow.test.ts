import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Karaoke } from '../src/index.js';
import { job, json, server, stream } from './server.js';

const karaoke = new Karaoke({ baseUrl: 'http://server', key: 'sesame' });

beforeEach(() => void vi.useFakeTimers().setTimerTickMode('nextTimerAsync'));
afterEach(() => void vi.useRealTimers());

async function states(...following: Parameters<Karaoke['follow']>): Promise<number[]> {
  const seen = [];
  for await (const { progress } of karaoke.follow(...following)) seen.push(progress);
  return seen;
}

test('documents come as events, with the key, until the job is over', async () => {
  const asked = server(stream(job('queued', 10), job('processing', 40), job('completed', 100)));
  expect(await states('a')).toEqual([10, 40, 100]);
  expect(asked).toHaveLength(1);
  expect(asked[0]!.init.headers).toMatchObject({ Authorization: 'Bearer sesame', Accept: 'text/event-stream' });
});

test('a stream that breaks is taken up again from its last event', async () => {
  const asked = server(stream(job('processing', 10)), stream(job('completed', 100)));
  expect(await states('a')).toEqual([10, 100]);
  expect(asked[1]!.init.headers).toMatchObject({ 'Last-Event-ID': '0' });
});

test('where there are no events the job is polled, through outages', async () => {
  const connections: boolean[] = [];
  server(json({}, 404), json(job('processing', 10)), new TypeError('away'), json({}, 503), json(job('completed', 100)));
  expect(await states('a', { onConnection: (connected) => connections.push(connected) })).toEqual([10, 100]);
  expect(connections).toEqual([true, false, false, true]);
});

test('a job that is not there is an error, not an outage', async () => {
  server(json({ code: 'job_not_found', detail: 'No such job' }, 404));
  await expect(states('a')).rejects.toMatchObject({ status: 404, code: 'job_not_found' });
});

test('a signal ends it', async () => {
  server(json({}, 404), json(job('processing', 10)));
  const stop = new AbortController();
  for await (const _ of karaoke.follow('a', { signal: stop.signal })) stop.abort();
});
