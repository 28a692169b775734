/** The page: a song goes up, its job is followed, its results are shown as they come. */

import { askForKey, call, credentials } from './api.js';
import { showResults } from './results.js';

const POLL_MS = 2_000;
const LONGEST_WAIT_MS = 30_000;

const STEPS = {
  validation: 'Waiting for its turn…',
  stem_separation: 'Taking the voice out of the music…',
  transcription: 'Listening to the words…',
  beat_analysis: 'Finding the beat…',
  completed: 'Ready. Have fun!',
};
const STATES = { queued: 'waiting', completed: 'done', failed: 'failed', skipped: 'skipped' };

const element = (id) => document.getElementById(id);
let following = new AbortController(); // of the job on the page

element('file').addEventListener('change', ({ target }) => upload(target.files[0]));
document.addEventListener('dragover', (event) => {
  event.preventDefault();
  document.body.classList.add('dragging');
});
document.addEventListener('dragleave', ({ relatedTarget }) => {
  if (!relatedTarget) document.body.classList.remove('dragging');
});
document.addEventListener('drop', (event) => {
  event.preventDefault();
  document.body.classList.remove('dragging');
  upload(event.dataTransfer.files[0]);
});
window.addEventListener('hashchange', open);
open();

/** Uploads by XMLHttpRequest: fetch does not tell how much has been sent. */
function upload(file) {
  if (!file || element('file').disabled) return;
  say('');
  busy(true);
  const request = new XMLHttpRequest();
  request.responseType = 'json';
  request.upload.addEventListener('progress', ({ loaded, total }) => sent((100 * loaded) / total));
  request.addEventListener('loadend', () => {
    busy(false);
    element('file').value = ''; // so that the same file can be chosen again
    if (request.status === 202) location.hash = request.response.job_id;
    else if (request.status === 401) askForKey().then(() => upload(file));
    else say(request.response?.detail ?? 'The song could not be uploaded. Check the connection and try again.');
  });
  request.open('POST', '/api/process');
  for (const [name, value] of Object.entries(credentials())) request.setRequestHeader(name, value);
  const form = new FormData();
  form.append('file', file);
  request.send(form);
}

function sent(percent) {
  element('sent').value = percent;
  document.querySelector('label[for=sent]').textContent = percent < 100 ? 'Uploading' : 'Checking the song';
}

function busy(uploading) {
  element('uploading').hidden = !uploading;
  element('file').disabled = uploading;
  sent(0);
}

function say(problem) {
  element('problem').textContent = problem;
  element('problem').hidden = !problem;
}

/** Shows the job that the address names, `#<job_id>`; without one, only the upload. */
function open() {
  following.abort();
  following = new AbortController();
  say('');
  element('job').hidden = true;
  showResults(null);
  const jobId = location.hash.slice(1);
  if (jobId) follow(jobId, following.signal);
}

async function follow(jobId, signal) {
  for (let failures = 0; !signal.aborted; ) {
    const { status, job } = await ask(jobId, signal);
    if (signal.aborted) return;
    if (status >= 400 && status < 500) return say('This song is not here any more. Please upload it again.');
    failures = job ? 0 : failures + 1;
    say(job ? (job.error_message ?? '') : 'The server cannot be reached. Trying again…');
    if (job) {
      showJob(job);
      const whole = await showResults(job);
      if (signal.aborted || (whole && (job.status === 'completed' || job.status === 'failed'))) return;
    }
    await pause(Math.min(POLL_MS * 2 ** failures, LONGEST_WAIT_MS));
  }
}

/** The answer's HTTP status, 0 when there was none, and the job's document, if it came. */
async function ask(jobId, signal) {
  try {
    const response = await call(`/api/status/${encodeURIComponent(jobId)}`, signal);
    return { status: response.status, job: response.ok ? await response.json() : null };
  } catch {
    return { status: 0, job: null };
  }
}

function showJob(job) {
  element('job').hidden = false;
  element('name').textContent = job.name ?? 'Your song';
  element('step').textContent = job.status === 'failed' ? 'This did not work.' : STEPS[job.current_step];
  for (const row of document.querySelectorAll('[data-task]')) {
    const task = job[row.dataset.task];
    row.className = task.status;
    row.querySelector('progress').value = task.progress;
    row.querySelector('output').textContent = STATES[task.status] ?? `${task.progress}%`;
  }
}

function pause(milliseconds) {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}
