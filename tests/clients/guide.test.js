/** Tests the three clients of the published guide, unchanged, against the live server. */

import './browser.js'; // first, because React and Vue look for a window when they are imported

import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { createApp } from 'vue';

import { container, until } from './browser.js';
import { document as jobDocument, submit } from './jobs.js';
import { guideMissing, guideSource, module } from './sources.js';

describe('guide', { concurrency: true }, () => {
  for (const outcome of ['completed', 'failed']) {
    it(`React hook: ${outcome}`, { skip: guideMissing }, async () => {
      const jobId = await submit(outcome);
      const { useJobStatus } = await module('guide/useJobStatus.js', await guideSource('React Hook'));
      let hook;
      const root = createRoot(container());
      root.render(
        createElement(() => {
          hook = useJobStatus(jobId);
          return null;
        }),
      );

      await until(() => hook && !hook.loading);
      root.unmount();
      assert.equal(hook.error, null);
      assert.equal(hook.status.status, outcome);
      assert.equal(hook.status.error_message, (await jobDocument(jobId)).error_message);
    });

    it(`Vue component: ${outcome}`, { skip: guideMissing }, async () => {
      const jobId = await submit(outcome);
      const { default: JobStatus } = await module('guide/JobStatus.vue', await guideSource('Vue.js'));
      const page = container();
      const app = createApp(JobStatus, { jobId });
      app.mount(page);

      await until(() => page.textContent.includes(`Job Status: ${outcome.toUpperCase()}`), { page });
      const job = await jobDocument(jobId);
      const texts = [...page.querySelectorAll('p, .task-status, .results h4')].map((each) => each.textContent.trim());
      app.unmount();
      assert.deepEqual(texts, [
        `${job.progress}% - ${job.current_step}`,
        ...tasks(job).map(({ status, progress }) => `${status} (${progress}%)`),
        ...(outcome === 'completed'
          ? ['Results Ready!', `Processing took ${job.processing_time}s`, `Tempo: ${job.beat_analysis.tempo_bpm} BPM`]
          : []),
      ]);
    });

    it(`plain class: ${outcome}`, { skip: guideMissing }, async () => {
      const jobId = await submit(outcome);
      const calls = await runPlainExample(jobId);

      const [name, value] = await until(() => calls.find(([each]) => ['showResults', 'showError'].includes(each)));
      const job = await jobDocument(jobId);
      assert.ok(calls.some(([each, progress]) => each === 'updateProgressBar' && progress === job.progress));
      if (outcome === 'completed') {
        assert.equal(name, 'showResults');
        assert.equal(value.beat_analysis.tempo_bpm, job.beat_analysis.tempo_bpm);
      } else {
        assert.deepEqual([name, value], ['showError', job.error_message]);
        assert.ok(value);
      }
    });
  }
});

function tasks(job) {
  return [job.stem_separation, job.transcription, job.beat_analysis];
}

/** Run the guide's class and its usage example with the job's id, and return the recorded calls of page functions. */
async function runPlainExample(jobId) {
  const source = (await guideSource('Plain JavaScript')).replace('your-job-id-here', jobId);
  const calls = [];
  const names = ['updateProgressBar', 'updateTaskStatuses', 'showResults', 'showError'];
  const page = names.map((name) => (value) => calls.push([name, value]));
  const quiet = { log() {}, error() {} };
  new Function(...names, 'console', source)(...page, quiet);
  return calls;
}
