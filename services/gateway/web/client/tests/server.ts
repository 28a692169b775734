import type { JobDocument } from '../src/index.js';

/** Answers fetch from a list, and keeps what was asked. */
export function server(...answers: (Response | Error)[]) {
  const asked: { path: string; init: RequestInit }[] = [];
  globalThis.fetch = async (input, init = {}) => {
    asked.push({ path: String(input).replace('http://server', ''), init });
    const answer = answers.length > 1 ? answers.shift()! : answers[0]!;
    if (answer instanceof Error) throw answer;
    return answer.clone();
  };
  return asked;
}

export const json = (body: unknown, status = 200, headers = {}) =>
  new Response(JSON.stringify(body), { status, headers });

export const job = (status: string, progress = 0) => ({ job_id: 'a', status, progress }) as JobDocument;

/** A stream of server-sent events that ends after the last. */
export const stream = (...jobs: JobDocument[]) =>
  new Response(
    jobs.map((each, at) => `event: status\nid: ${at}\nretry: 1\ndata: ${JSON.stringify(each)}\n\n`).join(''),
    {
      headers: { 'Content-Type': 'text/event-stream' },
    },
  );
