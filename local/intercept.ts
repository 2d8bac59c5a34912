import type { Call, Reply, Service } from './service';

/**
 * Stands between the callers and a service, so that a test can fail, delay or count calls. It is given in process alone:
 * nothing on the wire reaches it.
 * @param next serves the call
 */
export type Intercept = (service: string, call: Call, next: (call: Call) => Promise<Reply>) => Promise<Reply>;

export function intercepted(service: Service, intercept: Intercept | undefined): Service {
  if (!intercept) return service;
  return {
    name: service.name,
    handle: (call) => intercept(service.name, call, (passed) => service.handle(passed)),
    close: () => service.close(),
  };
}
