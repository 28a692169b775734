/** Tests how our example clients poll, with a fake server and a fake clock. */

import './browser.js'; // first, because React and Vue look for a window when they are imported

import assert from 'node:assert/strict';
import { afterEach, beforeEach, describe, it, mock } from 'node:test';
import { setImmediate as idle } from 'node:timers/promises';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp } from 'vue';

import { container } from './browser.js';
import { example } from './sources.js';

const { JobMonitor } = await example('monitor.js');
const { useJobStatus } = await example('useJobStatus.js');
const { default: JobStatus } = await example('JobStatus.vue');

const processing = { status: 'processing', progress: 40 };

describe('monitor', () => {
  let requests; // of this test: {url, signal, answer(body, httpStatus), fail()}
  let events;

  beforeEach(() => {
    requests = [];
    events = [];
    mock.timers.enable({ apis: ['setTimeout'] });
    mock.method(
      globalThis,
      'fetch',
      (url, { signal }) =>
        new Promise((resolve, reject) => {
          const settle =
            (act) =>
            async (...values) => {
              act(...values);
              await idle();
            };
          signal.addEventListener('abort', () => reject(signal.reason));
          requests.push({
            url,
            signal,
            answer: settle((body, status = 200) => resolve(Response.json(body, { status }))),
            fail: settle(() => reject(new TypeError('fetch failed'))),
          });
        }),
    );
  });
  afterEach(() => mock.reset());

  function start() {
    const record = (name) => (value) => events.push([name, value.message ?? value.status]);
    const names = ['onUpdate', 'onRetry', 'onComplete', 'onError'];
    const monitor = new JobMonitor('a-job', Object.fromEntries(names.map((name) => [name, record(name)])));
    monitor.start();
    return monitor;
  }

  it('polls three seconds after each answer, and never has two requests at once', async () => {
    start();
    mock.timers.tick(60_000);
    assert.equal(requests.length, 1);
    await requests[0].answer(processing);
    mock.timers.tick(2_999);
    assert.equal(requests.length, 1);
    mock.timers.tick(1);
    assert.equal(requests.length, 2);
    assert.equal(requests[1].url, '/api/status/a-job');
  });

  it('waits longer after each failure, up to 30 seconds, and recovers', async () => {
    start();
    for (const [shortest, longest] of [
      [4_500, 6_000],
      [9_000, 12_000],
      [18_000, 24_000],
      [22_500, 30_000],
    ]) {
      const asked = requests.length;
      await requests.at(-1).fail();
      mock.timers.tick(shortest - 1);
      assert.equal(requests.length, asked);
      mock.timers.tick(longest - shortest + 1);
      assert.equal(requests.length, asked + 1);
    }
    await requests.at(-1).answer({ detail: 'Status is unavailable' }, 503);
    mock.timers.tick(30_000);
    await requests.at(-1).answer(processing);
    assert.deepEqual(events.at(-2), ['onRetry', 'Status is unavailable']);
    assert.deepEqual(events.at(-1), ['onUpdate', 'processing']);
  });

  it('stops with an error when the job does not exist', async () => {
    start();
    await requests[0].answer({ detail: 'No such job' }, 404);
    mock.timers.tick(60_000);
    assert.deepEqual(events, [['onError', 'No such job']]);
    assert.equal(requests.length, 1);
  });

  for (const [status, end] of [
    ['completed', 'onComplete'],
    ['failed', 'onError'],
  ]) {
    it(`stops polling when the job has ${status}`, async () => {
      start();
      await requests[0].answer({ status, error_message: 'no such model' });
      mock.timers.tick(60_000);
      assert.deepEqual(
        events.map(([name]) => name),
        ['onUpdate', end],
      );
      assert.equal(requests.length, 1);
    });
  }

  it('stop() aborts a running request and ends all callbacks', async () => {
    const monitor = start();
    monitor.stop();
    await idle();
    mock.timers.tick(60_000);
    assert.equal(requests[0].signal.aborted, true);
    assert.equal(requests.length, 1);
    assert.deepEqual(events, []);
  });

  it('unmounting the React component stops polling', async () => {
    mock.timers.reset(); // React schedules with the real clock
    const root = createRoot(container());
    root.render(
      createElement(() => {
        useJobStatus('a-job');
        return null;
      }),
    );
    while (!requests.length) await idle();
    root.unmount();
    await idle();
    assert.equal(requests[0].signal.aborted, true);
  });

  it('unmounting the Vue component stops polling', async () => {
    const app = createApp(JobStatus, { jobId: 'a-job' });
    app.mount(container());
    assert.equal(requests[0].signal.aborted, false);
    app.unmount();
    assert.equal(requests[0].signal.aborted, true);
  });
});
