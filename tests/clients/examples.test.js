/** Tests our three example clients (docs/examples) against the live server, from the upload to the end of the job. */

import './browser.js'; // first, because React and Vue look for a window when they are imported

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp } from 'vue';

import { container, until, window } from './browser.js';
import { document as jobDocument, options, song } from './jobs.js';
import { example } from './sources.js';

const { JobMonitor, submitSong } = await example('monitor.js');
const { useJobStatus, useUpload } = await example('useJobStatus.js');
const { default: JobStatus } = await example('JobStatus.vue');

describe('example', { concurrency: true }, () => {
  for (const outcome of ['completed', 'failed']) {
    it(`React hook: ${outcome}`, async () => {
      const file = await song();
      let shown;
      const root = createRoot(container());
      root.render(
        createElement(() => {
          const { jobId, upload } = useUpload();
          shown = { jobId, upload, ...useJobStatus(jobId) };
          return null;
        }),
      );
      await until(() => shown);
      assert.equal(shown.loading, false);

      await shown.upload(file, options[outcome]);
      await until(() => shown.jobId && !shown.loading);
      root.unmount();
      const job = await jobDocument(shown.jobId);
      assert.equal(shown.status.status, outcome);
      assert.equal(shown.status.beat_analysis.tempo_bpm, job.beat_analysis.tempo_bpm);
      assert.equal(shown.error?.message ?? null, job.error_message);
    });

    it(`Vue component: ${outcome}`, async () => {
      const page = container();
      const ends = [];
      const app = createApp(JobStatus, {
        options: options[outcome],
        onCompleted: (job) => ends.push(['completed', job.job_id]),
        onFailed: (error) => ends.push(['failed', error.message]),
        'onUpdate:jobId': (id) => (page.dataset.jobId = id),
      });
      app.mount(page);
      choose(page.querySelector('input[type=file]'), await song());

      await until(() => ends.length, { page });
      const job = await jobDocument(page.dataset.jobId);
      const text = page.textContent;
      const bars = [...page.querySelectorAll('progress')].map((bar) => bar.value);
      const alert = page.querySelector('[role=alert]')?.textContent ?? null;
      app.unmount();
      assert.deepEqual(ends, [[outcome, outcome === 'completed' ? job.job_id : job.error_message]]);
      assert.ok(text.includes(`${outcome}: ${job.current_step}`), text);
      assert.equal(text.includes(`Tempo: ${job.beat_analysis.tempo_bpm} BPM`), outcome === 'completed');
      assert.equal(bars[0], job.progress);
      assert.equal(alert, job.error_message);
    });

    it(`plain class: ${outcome}`, async () => {
      const jobId = await submitSong(await song(), options[outcome]);
      const updates = [];
      const end = await new Promise((resolve) => {
        new JobMonitor(jobId, {
          onUpdate: (status) => updates.push(status),
          onComplete: (status) => resolve({ status }),
          onError: (error) => resolve({ error }),
        }).start();
      });

      const job = await jobDocument(jobId);
      assert.equal(updates.at(-1).status, outcome);
      assert.equal(end.status, outcome === 'completed' ? updates.at(-1) : undefined);
      assert.equal(end.error?.message ?? null, job.error_message);
    });
  }
});

/** Simulate that the user chooses a file. */
function choose(input, file) {
  Object.defineProperty(input, 'files', { value: [file] });
  input.dispatchEvent(new window.Event('change'));
}
