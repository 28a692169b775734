import stretchUrl from 'signalsmith-stretch?url';

/** What we use of signalsmith-stretch's node, which brings no types. */
export interface Stretch extends AudioNode {
  schedule(change: { active?: boolean; semitones?: number }): Promise<unknown>;
  latency(): Promise<number>;
}

type Create = ((context: AudioContext) => Promise<Stretch>) & { moduleUrl?: string };

/** A node that shifts the pitch of what flows through it, and the seconds by which that comes later. */
export async function createStretch(context: AudioContext): Promise<{ node: Stretch; latency: number }> {
  const { default: create } = (await import('signalsmith-stretch')) as { default: Create };
  create.moduleUrl = stretchUrl; // else it makes a blob: address, which the page's policy does not allow
  const node = await create(context);
  return { node, latency: await node.latency() };
}
