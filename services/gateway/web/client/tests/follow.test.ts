import { afterEach, beforeEach, expect, test, vi } from 'vitest';

import { Karaoke } from '../src/index.js';
import { job, json, server, stream } from './server.js';

const karaoke = new Karaoke({ baseUrl: 'http://server', key: 'sesame' });

beforeEach(() => void vi.useFakeTimers().setTimerTickMode('nextTimerAsync'));
afterEach(() => void vi.useRealTimers());

async function followProgress(...args: Parameters<Karaoke['follow']>): Promise<number[]> {
  const seen = [];
  for await (const { progress } of karaoke.follow(...args)) seen.push(progress);
  return seen;
}

test('follow reads the event stream with the API key until the job has finished', async () => {
  const requests = server(stream(job('queued', 10), job('processing', 40), job('completed', 100)));
  expect(await followProgress('a')).toEqual([10, 40, 100]);
  expect(requests).toHaveLength(1);
  expect(requests[0]!.init.headers).toMatchObject({ Authorization: 'Bearer sesame', Accept: 'text/event-stream' });
});

test('a broken stream is resumed after its last event', async () => {
  const requests = server(stream(job('processing', 10)), stream(job('completed', 100)));
  expect(await followProgress('a')).toEqual([10, 100]);
  expect(requests[1]!.init.headers).toMatchObject({ 'Last-Event-ID': '0' });
});

test('without an event stream the job is polled, and outages are retried', async () => {
  const connections: boolean[] = [];
  server(
    json({}, 404),
    json(job('processing', 10)),
    new TypeError('network'),
    json({}, 503),
    json(job('completed', 100)),
  );
  expect(await followProgress('a', { onConnection: (connected) => connections.push(connected) })).toEqual([10, 100]);
  expect(connections).toEqual([true, false, false, true]);
});

test('an unknown job is an error and is not retried', async () => {
  server(json({ code: 'job_not_found', detail: 'No such job' }, 404));
  await expect(followProgress('a')).rejects.toMatchObject({ status: 404, code: 'job_not_found' });
});

test('an abort signal ends following', async () => {
  server(json({}, 404), json(job('processing', 10)));
  const stop = new AbortController();
  for await (const _ of karaoke.follow('a', { signal: stop.signal })) stop.abort();
});
