import type { JobDocument } from '../src/index.js';

/** Replace fetch: answer requests from a list (the last answer repeats) and return the recorded requests. */
export function server(...answers: (Response | Error)[]) {
  const requests: { path: string; init: RequestInit }[] = [];
  globalThis.fetch = async (input, init = {}) => {
    requests.push({ path: String(input).replace('http://server', ''), init });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };
  return requests;
}

export const json = (body: unknown, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers });

export const job = (status: string, progress = 0) => ({ job_id: 'a', status, progress }) as JobDocument;

/** A stream of server-sent events that ends after the last job. */
export const stream = (...jobs: JobDocument[]) =>
  new Response(
    jobs.map((each, id) => `event: status\nid: ${id}\nretry: 1\ndata: ${JSON.stringify(each)}\n\n`).join(''),
    {
      headers: { 'Content-Type': 'text/event-stream' },
    },
  );
