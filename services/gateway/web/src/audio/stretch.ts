import stretchUrl from 'signalsmith-stretch?url';

/** The methods that we use of signalsmith-stretch's node. The package has no types. */
export interface Stretch extends AudioNode {
  schedule(change: { active?: boolean; semitones?: number }): Promise<unknown>;
  latency(): Promise<number>;
}

type Create = ((context: AudioContext) => Promise<Stretch>) & { moduleUrl?: string };

/** Create an audio node that shifts the pitch of its input; `latency` is in seconds. */
export async function createStretch(context: AudioContext): Promise<{ node: Stretch; latency: number }> {
  const { default: create } = (await import('signalsmith-stretch')) as { default: Create };
  create.moduleUrl = stretchUrl; // otherwise it uses a blob: URL, which the Content-Security-Policy forbids
  const node = await create(context);
  return { node, latency: await node.latency() };
}
