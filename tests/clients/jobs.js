/** Submits real jobs: one kind that completes quickly, and one kind that fails. */

import { openAsBlob } from 'node:fs';
import path from 'node:path';

const { SONG } = process.env;

/** Options of an upload, by the outcome of its job. */
export const options = {
  completed: { tasks: ['beat_analysis'] },
  failed: { tasks: ['stem_separation'], model: 'no-such-model' },
};

export async function song() {
  return new File([await openAsBlob(SONG)], path.basename(SONG), { type: 'audio/mpeg' });
}

/** Upload the song for clients that only follow a job. Resolves to the job's id. */
export async function submit(outcome) {
  const form = new FormData();
  form.append('file', await song());
  for (const [name, value] of Object.entries(options[outcome])) form.append(name, String(value));
  const response = await fetch('/api/process', { method: 'POST', body: form });
  if (response.status !== 202) throw new Error(`HTTP ${response.status}: ${await response.text()}`);
  return (await response.json()).job_id;
}

/** Fetch the job's status document. */
export async function document(jobId) {
  return (await fetch(`/api/status/${jobId}`)).json();
}
