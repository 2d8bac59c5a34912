import { parentPort } from 'node:worker_threads';
import { type SegmentJob, scanSegment } from '../../lambda/audit/segment-scan';

/** One thread of the verifier: checks the segments that it is sent, one after the other. */
parentPort?.on('message', ({ id, bytes, job }: { id: number; bytes: Uint8Array; job: SegmentJob }) => {
  parentPort?.postMessage({ id, report: scanSegment(bytes, job) });
});
